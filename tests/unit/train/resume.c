/* SPDX-License-Identifier: MIT */
/* A run that was stopped, killed or moved to another number of threads ends as if it never was. */
#include "unit/train/runs.h"

#include <math.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/random.h"
#include "train/trainer.h"

static void test_threads(void **state)
{
    const fixture *f = *state;
    for (int32_t threads = 1; threads <= 3; threads++) {
        asl_trainer_options options = runs_options();
        options.threads = threads;
        options.checkpoint = NULL;
        asl_trainer *trainer = runs_create(f, &options);
        runs_finish(trainer);
        runs_assert(trainer, &f->expected);
        asl_trainer_free(trainer);
    }
}

static void test_seed_matters(void **state)
{
    const fixture *f = *state;
    asl_trainer_options options = runs_options();
    options.seed = 100;
    options.checkpoint = NULL;
    asl_trainer *trainer = runs_create(f, &options);
    runs_finish(trainer);
    assert_true(runs_outcome(trainer).last != f->expected.last);
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
    asl_trainer_options options = runs_options();
    options.checkpoint = NULL;
    options.on_epoch = note_order;
    options.user = &o;
    asl_trainer *trainer = runs_create(f, &options);
    o.trainer = trainer;
    runs_finish(trainer);
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
    const asl_trainer_options options = runs_options();
    int32_t stops = 0;
    runs_remove();
    asl_trainer *trainer = runs_create(f, &options);
    while (runs_a_bit(trainer))
        stops++;
    assert_int_equal(stops, STOPS);
    runs_assert(trainer, &f->expected);
    asl_trainer_free(trainer);
}

static void test_resume_after_every_batch(void **state)
{
    const fixture *f = *state;
    asl_trainer_options options = runs_options();
    int32_t stops = 0;
    runs_remove();
    asl_trainer *trainer = runs_create(f, &options);
    while (runs_a_bit(trainer)) {
        asl_trainer_free(trainer);
        options.threads = 1 + ++stops % 3;
        trainer = runs_resume(f, &options);
    }
    assert_int_equal(stops, STOPS);
    runs_assert(trainer, &f->expected);
    asl_trainer_free(trainer);
}

static void test_resume_from_each_batch_to_the_end(void **state)
{
    const fixture *f = *state;
    const asl_trainer_options options = runs_options();
    for (int32_t k = 1; k <= STOPS; k++) {
        runs_remove();
        asl_trainer *trainer = runs_create(f, &options);
        for (int32_t i = 0; i < k; i++)
            assert_true(runs_a_bit(trainer));
        asl_trainer_free(trainer);
        trainer = runs_resume(f, NULL);
        runs_finish(trainer);
        runs_assert(trainer, &f->expected);
        asl_trainer_free(trainer);
    }
}

/* A finished run can be resumed as well: there is nothing left to do. */
static void test_resume_finished(void **state)
{
    const fixture *f = *state;
    const asl_trainer_options options = runs_options();
    runs_remove();
    asl_trainer *trainer = runs_create(f, &options);
    runs_finish(trainer);
    asl_trainer_free(trainer);
    trainer = runs_resume(f, &options);
    runs_assert(trainer, &f->expected);
    runs_finish(trainer);
    runs_assert(trainer, &f->expected);
    asl_trainer_free(trainer);
}

/* --- killing ---------------------------------------------------------------------------- */

#define KILLS 12

/* The life of one process: go on where the last one was killed. */
static void live(const fixture *f)
{
    asl_trainer *trainer = NULL;
    asl_trainer_options options = runs_options();
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
    runs_remove();
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
        asl_trainer *trainer = runs_resume(f, NULL);
        runs_assert(trainer, &f->expected);
        asl_trainer_free(trainer);
        runs_remove();
        finished++;
    }
}

/* --- other data, other options ---------------------------------------------------------- */

static void test_changed_data(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    blobs_make("other", 9, 16, 5, false);
    asl_dataset *other = blobs_open("other");
    runs_leave_two(f);
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
    const asl_trainer_options options = runs_options();
    f.validation = NULL;
    runs_remove();
    asl_trainer *trainer = runs_create(&f, &options);
    for (int32_t i = 0; i < 9; i++)
        assert_true(runs_a_bit(trainer));
    asl_trainer_free(trainer);
    trainer = runs_resume(&f, NULL);
    runs_finish(trainer);
    f.expected = runs_outcome(trainer);
    assert_true(isnan(f.expected.history[0].val_loss));
    assert_true(isnan(f.expected.history[0].val_accuracy));
    asl_trainer_free(trainer);
    trainer = runs_create(&f, &options);
    runs_finish(trainer);
    runs_assert(trainer, &f.expected);
    asl_trainer_free(trainer);
}

static void test_more_epochs(void **state)
{
    fixture f = *(const fixture *)*state;
    asl_trainer_options options = runs_options();
    runs_remove();
    options.epochs = EPOCHS + 2;
    asl_trainer *trainer = runs_create(&f, &options);
    runs_finish(trainer);
    f.expected = runs_outcome(trainer);
    asl_trainer_free(trainer);

    options.epochs = EPOCHS;
    trainer = runs_create(&f, &options);
    runs_finish(trainer);
    asl_trainer_free(trainer);
    options.epochs = EPOCHS + 2;
    trainer = runs_resume(&f, &options);
    runs_finish(trainer);
    runs_assert(trainer, &f.expected);
    asl_trainer_free(trainer);
}

/* The settings of the run come back whatever the caller says. */
static void test_settings_come_back(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_trainer_options options = runs_options(), got = {.struct_size = sizeof got}, other;
    options.optimizer = ASL_OPTIMIZER_SGD;
    options.schedule = ASL_SCHEDULE_ONE_CYCLE;
    options.nesterov = 1;
    options.momentum = 0.875;
    options.beta1 = 1.0 / 3.0;
    options.beta2 = 1.0 / 7.0;
    options.epsilon = 1e-300;
    options.seed = UINT64_MAX - 1;
    runs_remove();
    asl_trainer *trainer = runs_create(f, &options);
    assert_true(runs_a_bit(trainer));
    asl_trainer_free(trainer);

    asl_trainer_options_init(&other, sizeof other); /* one-cycle: `epochs` does not count */
    other.threads = 3;
    other.checkpoint_steps = 4;
    trainer = runs_resume(f, &other);
    assert_ok(asl_trainer_get_options(&got, trainer, &err), &err);
    assert_int_equal(got.threads, 3);
    assert_int_equal(got.checkpoint_steps, 4);
    assert_null(got.checkpoint);
    options.threads = got.threads;
    options.checkpoint_steps = got.checkpoint_steps;
    options.checkpoint = NULL;
    options.backend = got.backend;
    options.isa = got.isa;
    options.precision = got.precision;
    assert_memory_equal(&got, &options, sizeof got);
    runs_finish(trainer);
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
    runs_remove();
    assert_int_equal(symlink("real/run.ckpt", RUN), 0);
    const asl_trainer_options options = runs_options();
    asl_trainer *trainer = runs_create(f, &options);
    for (int32_t i = 0; i < 3; i++)
        assert_true(runs_a_bit(trainer));
    assert_int_equal(lstat(RUN, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_ok(asl__tensors_read(&file, RUN ".prev", &err), &err);
    assert_string_equal(asl__tensors_entry(&file, "asl.train.step"), "2");
    asl__tensors_free(&file);
    asl_trainer_free(trainer);
    runs_remove();
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
        cmocka_unit_test(test_changed_data),
        cmocka_unit_test(test_without_validation),
        cmocka_unit_test(test_more_epochs),
        cmocka_unit_test(test_settings_come_back),
        cmocka_unit_test(test_symbolic_link),
    };
    return cmocka_run_group_tests(tests, runs_setup, runs_teardown);
}
