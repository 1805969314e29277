/* SPDX-License-Identifier: MIT */
/* Checkpoints: a run that was stopped, killed, moved to another number of threads or robbed of its
 * newest file ends with the same bits as one that was left alone. */
#include "support/support.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "unit/train/blobs.h"

#include "base/random.h"
#include "model/safetensors.h"
#include "train/trainer.h"

#define EPOCHS 3
/* Places to stop at: after each batch of both passes (24 and 12 pictures by 7), between epochs. */
#define STOPS (EPOCHS * (4 + 2 + 1) - 1)
#define RUN   "run.ckpt"

/* What a finished run leaves. */
typedef struct outcome {
    uint64_t last, best;
    asl_epoch_metrics history[2 * EPOCHS];
    int32_t epochs;
} outcome;

typedef struct fixture {
    asl_dataset *train, *validation;
    asl_model *model;
    outcome expected;
} fixture;

static asl_trainer_options run_options(void)
{
    asl_trainer_options options;
    asl_trainer_options_init(&options, sizeof options);
    options.epochs = EPOCHS;
    options.batch_size = 7;
    options.learning_rate = 0.01;
    options.weight_decay = 1e-3;
    options.label_smoothing = 0.05;
    options.seed = 99;
    options.threads = 2;
    options.checkpoint = RUN;
    return options;
}

static void remove_run(void)
{
    unlink(RUN);
    unlink(RUN ".prev");
}

static asl_trainer *create(const fixture *f, const asl_trainer_options *options)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    assert_ok(asl_trainer_create(&trainer, f->model, f->train, f->validation, options, &err), &err);
    return trainer;
}

static asl_trainer *resume(const fixture *f, const asl_trainer_options *options)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    assert_ok(asl_trainer_resume(&trainer, RUN, f->train, f->validation, options, &err), &err);
    return trainer;
}

static void run(asl_trainer *trainer)
{
    asl_error err = ASL_ERROR_INIT;
    assert_ok(asl_trainer_run(trainer, &err), &err);
}

/* To the next place to stop at; false when that was the end of the run. */
static bool run_a_bit(asl_trainer *trainer)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer_request_stop(trainer);
    const asl_status status = asl_trainer_run(trainer, &err);
    if (status < 0)
        fail_msg("%s", err.message);
    return status == ASL_STOPPED;
}

static outcome take_outcome(asl_trainer *trainer)
{
    asl_error err = ASL_ERROR_INIT;
    outcome out = {.epochs = asl_trainer_epoch_count(trainer)};
    asl_model *model = NULL;
    assert_ok(asl_trainer_get_model(&model, trainer, &err), &err);
    out.last = blobs_hash(model);
    asl_model_free(model);
    assert_ok(asl_trainer_get_best_model(&model, trainer, &err), &err);
    out.best = blobs_hash(model);
    asl_model_free(model);
    for (int32_t i = 0; i < out.epochs; i++) {
        out.history[i].struct_size = sizeof out.history[i];
        assert_ok(asl_trainer_get_epoch(&out.history[i], trainer, i, &err), &err);
        out.history[i].seconds = 0.0; /* wall time is not part of the promise */
    }
    return out;
}

static void assert_outcome(asl_trainer *trainer, const outcome *expected)
{
    const outcome got = take_outcome(trainer);
    assert_int_equal(got.epochs, expected->epochs);
    assert_true(got.last == expected->last);
    assert_true(got.best == expected->best);
    assert_memory_equal(got.history, expected->history, sizeof got.history);
}

static int setup(void **state)
{
    static fixture f;
    blobs_make("train", 8, 16, 1, false);
    blobs_make("validation", 4, 16, 2, false);
    f.train = blobs_open("train");
    f.validation = blobs_open("validation");
    f.model = blobs_model();
    asl_trainer_options options = run_options();
    options.checkpoint = NULL;
    asl_trainer *trainer = create(&f, &options);
    run(trainer);
    f.expected = take_outcome(trainer);
    asl_trainer_free(trainer);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    asl_dataset_free(f->train);
    asl_dataset_free(f->validation);
    asl_model_free(f->model);
    return 0;
}

static void test_threads(void **state)
{
    const fixture *f = *state;
    for (int32_t threads = 1; threads <= 3; threads++) {
        asl_trainer_options options = run_options();
        options.threads = threads;
        options.checkpoint = NULL;
        asl_trainer *trainer = create(f, &options);
        run(trainer);
        assert_outcome(trainer, &f->expected);
        asl_trainer_free(trainer);
    }
}

static void test_seed_matters(void **state)
{
    const fixture *f = *state;
    asl_trainer_options options = run_options();
    options.seed = 100;
    options.checkpoint = NULL;
    asl_trainer *trainer = create(f, &options);
    run(trainer);
    assert_true(take_outcome(trainer).last != f->expected.last);
    asl_trainer_free(trainer);
}

typedef struct orders {
    const asl_trainer *trainer;
    int64_t order[EPOCHS][24];
} orders;

static void note_order(const asl_epoch_metrics *metrics, void *user)
{
    orders *o = user;
    memcpy(o->order[metrics->epoch - 1], o->trainer->train.order, sizeof o->order[0]);
}

/* Each epoch has an order of its own, which the seed and the epoch alone decide. */
static void test_order(void **state)
{
    const fixture *f = *state;
    orders o = {0};
    asl_trainer_options options = run_options();
    options.checkpoint = NULL;
    options.on_epoch = note_order;
    options.user = &o;
    asl_trainer *trainer = create(f, &options);
    o.trainer = trainer;
    run(trainer);
    asl_trainer_free(trainer);
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        int64_t expected[24];
        for (int64_t i = 0; i < 24; i++)
            expected[i] = i;
        asl__random_shuffle(expected, 24, options.seed, ASL__STREAM_SHUFFLE + (epoch << 8));
        assert_memory_equal(o.order[epoch], expected, sizeof expected);
    }
    assert_memory_not_equal(o.order[0], o.order[1], sizeof o.order[0]);
}

/* --- stopping --------------------------------------------------------------------------- */

static void test_stop_after_every_batch(void **state)
{
    const fixture *f = *state;
    const asl_trainer_options options = run_options();
    int32_t stops = 0;
    remove_run();
    asl_trainer *trainer = create(f, &options);
    while (run_a_bit(trainer))
        stops++;
    assert_int_equal(stops, STOPS);
    assert_outcome(trainer, &f->expected);
    asl_trainer_free(trainer);
}

static void test_resume_after_every_batch(void **state)
{
    const fixture *f = *state;
    asl_trainer_options options = run_options();
    int32_t stops = 0;
    remove_run();
    asl_trainer *trainer = create(f, &options);
    while (run_a_bit(trainer)) {
        asl_trainer_free(trainer);
        options.threads = 1 + ++stops % 3;
        trainer = resume(f, &options);
    }
    assert_int_equal(stops, STOPS);
    assert_outcome(trainer, &f->expected);
    asl_trainer_free(trainer);
}

static void test_resume_from_each_batch_to_the_end(void **state)
{
    const fixture *f = *state;
    const asl_trainer_options options = run_options();
    for (int32_t k = 1; k <= STOPS; k++) {
        remove_run();
        asl_trainer *trainer = create(f, &options);
        for (int32_t i = 0; i < k; i++)
            assert_true(run_a_bit(trainer));
        asl_trainer_free(trainer);
        trainer = resume(f, NULL);
        run(trainer);
        assert_outcome(trainer, &f->expected);
        asl_trainer_free(trainer);
    }
}

/* A finished run can be resumed as well: there is nothing left to do. */
static void test_resume_finished(void **state)
{
    const fixture *f = *state;
    const asl_trainer_options options = run_options();
    remove_run();
    asl_trainer *trainer = create(f, &options);
    run(trainer);
    asl_trainer_free(trainer);
    trainer = resume(f, &options);
    assert_outcome(trainer, &f->expected);
    run(trainer);
    assert_outcome(trainer, &f->expected);
    asl_trainer_free(trainer);
}

/* --- killing ---------------------------------------------------------------------------- */

#define KILLS 12

/* The life of one process: go on where the last one was killed. */
static void live(const fixture *f)
{
    asl_trainer *trainer = NULL;
    asl_trainer_options options = run_options();
    options.checkpoint_steps = 1;
    asl_status status = asl_trainer_resume(&trainer, RUN, f->train, f->validation, &options, NULL);
    if (status == ASL_ERR_NOT_FOUND)
        status = asl_trainer_create(&trainer, f->model, f->train, f->validation, &options, NULL);
    if (status == ASL_OK || status == ASL_PARTIAL)
        status = asl_trainer_run(trainer, NULL);
    _exit(status == ASL_OK ? 0 : 1);
}

static void test_kill(void **state)
{
    const fixture *f = *state;
    int32_t kills = 0, finished = 0;
    remove_run();
    for (uint64_t life = 0; kills < KILLS || finished == 0; life++) {
        int result = 0;
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            live(f);
        const long delay = 500000L + (long)asl__random_below(4, 0, life, 20000000);
        const struct timespec pause = {0, delay};
        if (kills < KILLS) {
            nanosleep(&pause, NULL);
            kill(child, SIGKILL);
        }
        assert_int_equal(waitpid(child, &result, 0), child);
        kills += WIFSIGNALED(result);
        if (WIFSIGNALED(result))
            continue;
        assert_int_equal(WEXITSTATUS(result), 0);
        asl_trainer *trainer = resume(f, NULL);
        assert_outcome(trainer, &f->expected);
        asl_trainer_free(trainer);
        remove_run();
        finished++;
    }
}

/* --- damage ----------------------------------------------------------------------------- */

typedef struct told {
    int32_t count;
    asl_status code;
} told;

static void tell(asl_status code, const char *message, void *user)
{
    told *t = user;
    assert_true(message[0] != '\0');
    t->count++;
    t->code = code;
}

static size_t read_file(unsigned char *bytes, size_t room, const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t size = fread(bytes, 1, room, file);
    fclose(file);
    assert_true(size < room);
    return size;
}

/* Leaves a run's checkpoints after five batches: the newest and the one before. */
static void leave_two(const fixture *f)
{
    const asl_trainer_options options = run_options();
    remove_run();
    asl_trainer *trainer = create(f, &options);
    for (int32_t i = 0; i < 5; i++)
        assert_true(run_a_bit(trainer));
    asl_trainer_free(trainer);
}

/* Resumes from PATH.prev, is told, and ends as ever. */
static void check_fall_back(const fixture *f)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    asl_trainer_options options = run_options();
    told t = {0};
    options.on_warning = tell;
    options.user = &t;
    assert_int_equal(asl_trainer_resume(&trainer, RUN, f->train, f->validation, &options, &err),
                     ASL_PARTIAL);
    assert_int_equal(err.code, ASL_OK);
    assert_int_equal(t.count, 1);
    assert_true(t.code < 0);
    /* The first save must not push the damaged file over the only whole one. */
    assert_true(run_a_bit(trainer));
    asl__tensors file = {0};
    assert_ok(asl__tensors_read(&file, RUN ".prev", &err), &err);
    asl__tensors_free(&file);
    run(trainer);
    assert_int_equal(t.count, 1);
    assert_outcome(trainer, &f->expected);
    asl_trainer_free(trainer);
}

static void test_fall_back(void **state)
{
    static unsigned char bytes[1 << 17];
    leave_two(*state);
    const size_t size = read_file(bytes, sizeof bytes, RUN);
    test_write_file(RUN, bytes, size / 2);
    check_fall_back(*state);

    leave_two(*state);
    bytes[size / 2] ^= 1;
    test_write_file(RUN, bytes, size);
    check_fall_back(*state);

    leave_two(*state);
    test_write_file(RUN, "", 0);
    check_fall_back(*state);

    leave_two(*state);
    unlink(RUN); /* as on a file system without links, between two renames */
    check_fall_back(*state);
}

/* No byte of a checkpoint is unguarded. */
static void test_every_kind_of_damage(void **state)
{
    const fixture *f = *state;
    static unsigned char bytes[1 << 17];
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    leave_two(f);
    unlink(RUN ".prev");
    const size_t size = read_file(bytes, sizeof bytes, RUN);
    for (size_t i = 0; i < size; i += i < 512 ? 7 : 61) {
        bytes[i] ^= (unsigned char)(1u << (i % 8));
        test_write_file(RUN, bytes, size);
        bytes[i] ^= (unsigned char)(1u << (i % 8));
        const asl_status status =
            asl_trainer_resume(&trainer, RUN, f->train, f->validation, NULL, &err);
        assert_true(status == ASL_ERR_CHECKSUM || status == ASL_ERR_MODEL ||
                    status == ASL_ERR_TRUNCATED || status == ASL_ERR_MODEL_TOO_NEW ||
                    status == ASL_ERR_LIMIT);
        test_check_error(status, &err);
        assert_null(trainer);
    }
    for (size_t length = 0; length < size; length += 1 + length / 8) {
        test_write_file(RUN, bytes, length);
        assert_true(asl_trainer_resume(&trainer, RUN, f->train, f->validation, NULL, &err) < 0);
        assert_null(trainer);
    }
    /* With both damaged, what is wrong with the newest counts. */
    test_write_file(RUN, bytes, size / 2);
    test_write_file(RUN ".prev", bytes, size / 3);
    assert_status(asl_trainer_resume(&trainer, RUN, f->train, f->validation, NULL, &err),
                  ASL_ERR_TRUNCATED, &err);
    assert_null(strstr(err.message, ".prev"));
    remove_run();
    assert_status(asl_trainer_resume(&trainer, RUN, f->train, f->validation, NULL, &err),
                  ASL_ERR_NOT_FOUND, &err);
}

/* Writes the checkpoint again, whole and with a right checksum, but with one other entry. */
static void rewrite(const char *key, const char *value)
{
    asl_error err = ASL_ERROR_INIT;
    asl__tensors file = {0};
    asl__tensors_writer *writer = NULL;
    assert_ok(asl__tensors_read(&file, RUN, &err), &err);
    assert_ok(asl__tensors_writer_create(&writer, &err), &err);
    for (int32_t i = 0; i < file.entry_count; i++) {
        const char *name = file.entries[i].key;
        if (strcmp(name, "asl.crc32") == 0 || strcmp(name, "asl.format") == 0 ||
            strcmp(name, "asl.writer") == 0 || (strcmp(name, key) == 0 && !value))
            continue;
        const char *text = strcmp(name, key) == 0 ? value : file.entries[i].value;
        assert_ok(asl__tensors_writer_entry(writer, name, text, &err), &err);
    }
    for (int32_t i = 0; i < file.tensor_count; i++) {
        const asl__file_tensor *tensor = &file.tensors[i];
        if (strcmp(tensor->name, key) == 0)
            continue;
        assert_ok(asl__tensors_writer_tensor(writer, tensor->name, tensor->dtype, tensor->shape,
                                             tensor->dims, tensor->data, &err),
                  &err);
    }
    assert_ok(asl__tensors_writer_save(writer, RUN, &err), &err);
    asl__tensors_writer_free(writer);
    asl__tensors_free(&file);
}

/* A file that is whole but says what no run could have said. */
static void test_impossible_contents(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    static const char *const changes[][2] = {
        {"asl.train.epochs", "0"},     {"asl.train.epochs", "4294967297"},
        {"asl.train.batch_size", "0"}, {"asl.train.batch_size", "-7"},
        {"asl.train.optimizer", "9"},  {"asl.train.schedule", "-1"},
        {"asl.train.seed", "x"},       {"asl.train.step", "6"},
        {"asl.train.epoch", "-1"},     {"asl.train.epoch", "4"},
        {"asl.train.done", "8"},       {"asl.train.done", "-7"},
        {"asl.train.count", "0"},      {"asl.train.correct", "25"},
        {"asl.validation.done", "13"}, {"asl.validation.correct", "-1"},
        {"asl.train.step", NULL},      {"trainer/reals", NULL},
        {"optimizer/moment1", NULL},   {"optimizer/moment2", NULL},
        {"model/fc1.weight", NULL},    {"asl.labels", NULL},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        leave_two(f);
        unlink(RUN ".prev");
        rewrite(changes[i][0], changes[i][1]);
        const asl_status status =
            asl_trainer_resume(&trainer, RUN, f->train, f->validation, NULL, &err);
        if (status != ASL_ERR_MODEL)
            fail_msg("%s = %s: %s", changes[i][0], changes[i][1] ? changes[i][1] : "nothing",
                     asl_status_name(status));
        assert_null(trainer);
    }
}

static void test_history_must_fit(void **state)
{
    const fixture *f = *state;
    const asl_trainer_options options = run_options();
    static const char *const missing[] = {"trainer/history", "best/parameters"};
    for (size_t i = 0; i < 2; i++) {
        asl_error err = ASL_ERROR_INIT;
        remove_run();
        asl_trainer *trainer = create(f, &options);
        run(trainer);
        asl_trainer_free(trainer);
        unlink(RUN ".prev");
        rewrite(missing[i], NULL);
        assert_status(asl_trainer_resume(&trainer, RUN, f->train, f->validation, NULL, &err),
                      ASL_ERR_MODEL, &err);
    }
}

static void test_model_is_no_checkpoint(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    asl_model *model = NULL;
    assert_ok(asl_model_save(f->model, "model.safetensors", &err), &err);
    assert_status(
        asl_trainer_resume(&trainer, "model.safetensors", f->train, f->validation, NULL, &err),
        ASL_ERR_MODEL, &err);
    leave_two(f);
    assert_status(asl_model_load(&model, RUN, &err), ASL_ERR_MODEL, &err);
    assert_non_null(strstr(err.message, "checkpoint"));
}

/* --- other data, other options ---------------------------------------------------------- */

static void test_changed_data(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    blobs_make("other", 9, 16, 5, false);
    asl_dataset *other = blobs_open("other");
    leave_two(f);
    assert_status(asl_trainer_resume(&trainer, RUN, other, f->validation, NULL, &err),
                  ASL_ERR_DATASET_CHANGED, &err);
    assert_non_null(strstr(err.message, "24 pictures then, 27 now"));
    assert_status(asl_trainer_resume(&trainer, RUN, f->train, other, NULL, &err),
                  ASL_ERR_DATASET_CHANGED, &err);
    assert_status(asl_trainer_resume(&trainer, RUN, f->train, NULL, NULL, &err),
                  ASL_ERR_DATASET_CHANGED, &err);
    assert_null(trainer);
    asl_dataset_free(other);
}

static void test_without_validation(void **state)
{
    fixture f = *(const fixture *)*state;
    const asl_trainer_options options = run_options();
    f.validation = NULL;
    remove_run();
    asl_trainer *trainer = create(&f, &options);
    for (int32_t i = 0; i < 9; i++)
        assert_true(run_a_bit(trainer));
    asl_trainer_free(trainer);
    trainer = resume(&f, NULL);
    run(trainer);
    f.expected = take_outcome(trainer);
    assert_true(isnan(f.expected.history[0].val_loss));
    assert_true(isnan(f.expected.history[0].val_accuracy));
    asl_trainer_free(trainer);
    trainer = create(&f, &options);
    run(trainer);
    assert_outcome(trainer, &f.expected);
    asl_trainer_free(trainer);
}

static void test_more_epochs(void **state)
{
    fixture f = *(const fixture *)*state;
    asl_trainer_options options = run_options();
    remove_run();
    options.epochs = EPOCHS + 2;
    asl_trainer *trainer = create(&f, &options);
    run(trainer);
    f.expected = take_outcome(trainer);
    asl_trainer_free(trainer);

    options.epochs = EPOCHS;
    trainer = create(&f, &options);
    run(trainer);
    asl_trainer_free(trainer);
    options.epochs = EPOCHS + 2;
    trainer = resume(&f, &options);
    run(trainer);
    assert_outcome(trainer, &f.expected);
    asl_trainer_free(trainer);
}

/* The settings of the run come back whatever the caller says. */
static void test_settings_come_back(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_trainer_options options = run_options(), got = {.struct_size = sizeof got}, other;
    options.optimizer = ASL_OPTIMIZER_SGD;
    options.schedule = ASL_SCHEDULE_ONE_CYCLE;
    options.nesterov = 1;
    options.momentum = 0.875;
    options.beta1 = 1.0 / 3.0;
    options.beta2 = 1.0 / 7.0;
    options.epsilon = 1e-300;
    options.seed = UINT64_MAX - 1;
    remove_run();
    asl_trainer *trainer = create(f, &options);
    assert_true(run_a_bit(trainer));
    asl_trainer_free(trainer);

    asl_trainer_options_init(&other, sizeof other); /* one-cycle: `epochs` does not count */
    other.threads = 3;
    other.checkpoint_steps = 4;
    trainer = resume(f, &other);
    assert_ok(asl_trainer_get_options(&got, trainer, &err), &err);
    assert_int_equal(got.threads, 3);
    assert_int_equal(got.checkpoint_steps, 4);
    assert_null(got.checkpoint);
    options.threads = got.threads;
    options.checkpoint_steps = got.checkpoint_steps;
    options.checkpoint = NULL;
    options.backend = got.backend;
    assert_memory_equal(&got, &options, sizeof got);
    run(trainer);
    asl_trainer_free(trainer);
}

/* A checkpoint through a link replaces what the link names. */
static void test_symbolic_link(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    struct stat info;
    asl__tensors file = {0};
    test_make_folder("real");
    remove_run();
    assert_int_equal(symlink("real/run.ckpt", RUN), 0);
    const asl_trainer_options options = run_options();
    asl_trainer *trainer = create(f, &options);
    for (int32_t i = 0; i < 3; i++)
        assert_true(run_a_bit(trainer));
    assert_int_equal(lstat(RUN, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_ok(asl__tensors_read(&file, RUN ".prev", &err), &err);
    assert_string_equal(asl__tensors_entry(&file, "asl.train.step"), "2");
    asl__tensors_free(&file);
    asl_trainer_free(trainer);
    remove_run();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_seed_matters),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_stop_after_every_batch),
        cmocka_unit_test(test_resume_after_every_batch),
        cmocka_unit_test(test_resume_from_each_batch_to_the_end),
        cmocka_unit_test(test_resume_finished),
        cmocka_unit_test(test_kill),
        cmocka_unit_test(test_fall_back),
        cmocka_unit_test(test_every_kind_of_damage),
        cmocka_unit_test(test_impossible_contents),
        cmocka_unit_test(test_history_must_fit),
        cmocka_unit_test(test_model_is_no_checkpoint),
        cmocka_unit_test(test_changed_data),
        cmocka_unit_test(test_without_validation),
        cmocka_unit_test(test_more_epochs),
        cmocka_unit_test(test_settings_come_back),
        cmocka_unit_test(test_symbolic_link),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
