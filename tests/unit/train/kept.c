/* SPDX-License-Identifier: MIT */
/* A backend that keeps the training set gets it once and several steps at a time, and nothing of
 * that shows: results, checkpoints, stops and failures are those of single steps. */
#include <math.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "train/trainer.h"
#include "unit/train/crew.h"
#include "unit/train/keeper.h"

enum { STEPS = 4 * EPOCHS }; /* 24 pictures by 7 */

static asl_dataset *pack(const char *folder, const char *path, int32_t side)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *packed = NULL, *dataset = blobs_open(folder);
    asl_pack_options options;
    asl_pack_options_init(&options, sizeof options);
    options.width = options.height = side;
    options.reuse = 0;
    assert_ok(asl_dataset_pack(&packed, dataset, path, &options, &err), &err);
    asl_dataset_free(dataset);
    return packed;
}

static asl_trainer_options options_of(const char *backend)
{
    asl_trainer_options options = runs_options();
    options.backend = backend;
    return options;
}

/* What the reference makes of it, with single steps. */
static outcome single_steps(const fixture *f, asl_trainer_options options)
{
    options.backend = "reference";
    options.checkpoint = NULL;
    asl_trainer *trainer = runs_create(f, &options);
    runs_finish(trainer);
    const outcome result = runs_outcome(trainer);
    asl_trainer_free(trainer);
    return result;
}

static int setup(void **state)
{
    static fixture f;
    keeper_reset();
    blobs_make("train", 8, 16, 1, false);
    blobs_make("validation", 4, 16, 2, false);
    f.train = pack("train", "train.pack", 16);
    f.validation = blobs_open("validation");
    f.model = blobs_model();
    f.expected = single_steps(&f, runs_options());
    *state = &f;
    return 0;
}

static int before_each(void **state)
{
    (void)state;
    keeper_reset();
    runs_remove();
    return 0;
}

/* --- the same ----------------------------------------------------------------------------- */

static void test_same_bits(void **state)
{
    const fixture *f = *state;
    const asl_trainer_options options = options_of("keeper");
    asl_trainer *trainer = runs_create(f, &options);
    assert_int_equal(keeper.keeps, 0); /* making one is quick */
    runs_finish(trainer);
    runs_assert(trainer, &f->expected);
    assert_string_equal(asl_trainer_backend(trainer), "keeper (as asked)");
    assert_int_equal(keeper.keeps, 1);
    assert_int_equal(keeper.kept, 24);
    assert_int_equal(keeper.steps, STEPS);
    assert_int_equal(keeper.loose, 0);
    assert_true(keeper.calls < STEPS);
    asl_trainer_free(trainer);
}

/* --- stopping and going on ---------------------------------------------------------------- */

/* A trainer that was told to stop in its k-th step, often in the middle of a call. */
static asl_trainer *stopped_in(const fixture *f, int64_t k)
{
    const asl_trainer_options options = options_of("keeper");
    keeper_reset();
    runs_remove();
    asl_trainer *trainer = runs_create(f, &options);
    keeper.trainer = trainer;
    keeper.stop_at = k;
    assert_int_equal(asl_trainer_run(trainer, NULL), ASL_STOPPED);
    assert_in_range(keeper.steps, k, k + keeper.lengths[keeper.calls - 1] - 1);
    assert_int_equal(trainer->state.step, keeper.steps);
    return trainer;
}

static void test_stop_in_every_step(void **state)
{
    const fixture *f = *state;
    int32_t inside = 0;
    for (int64_t k = 1; k <= STEPS; k++) {
        asl_trainer *trainer = stopped_in(f, k);
        inside += keeper.steps > k;
        runs_finish(trainer);
        runs_assert(trainer, &f->expected);
        assert_int_equal(keeper.steps, STEPS);
        assert_int_equal(keeper.keeps, 1);
        asl_trainer_free(trainer);
    }
    assert_true(inside >= 3);
}

/* With either kind of backend, from the checkpoint of the other. */
static void test_resume_in_every_step(void **state)
{
    const fixture *f = *state;
    static const char *const backends[] = {"keeper", "reference"};
    for (int64_t k = 1; k <= STEPS; k++) {
        for (int i = 0; i < 2; i++) {
            const asl_trainer_options options = options_of(backends[i]);
            asl_trainer_free(stopped_in(f, k));
            asl_trainer *trainer = runs_resume(f, &options);
            runs_finish(trainer);
            runs_assert(trainer, &f->expected);
            asl_trainer_free(trainer);
        }
    }
}

static char *read_checkpoint(size_t *size)
{
    enum { MOST = 1 << 20 };
    FILE *file = fopen(RUN, "rb");
    char *bytes = malloc(MOST);
    assert_non_null(file);
    assert_non_null(bytes);
    *size = fread(bytes, 1, MOST, file);
    fclose(file);
    assert_in_range(*size, 1, MOST - 1);
    return bytes;
}

/* Byte for byte. */
static void test_same_checkpoints(void **state)
{
    const fixture *f = *state;
    const asl_trainer_options options = options_of("reference");
    for (int64_t k = 1; k <= STEPS; k++) {
        size_t sizes[2];
        asl_trainer *trainer = stopped_in(f, k);
        char *kept = read_checkpoint(&sizes[0]);
        asl_trainer_free(trainer);
        runs_remove();
        trainer = runs_create(f, &options);
        while (trainer->state.step < keeper.steps)
            assert_true(runs_a_bit(trainer));
        char *single = read_checkpoint(&sizes[1]);
        asl_trainer_free(trainer);
        assert_int_equal(sizes[0], sizes[1]);
        assert_memory_equal(kept, single, sizes[0]);
        free(kept);
        free(single);
    }
}

/* A request that is there before a call leaves it one step. */
static void test_stop_before_the_run(void **state)
{
    const fixture *f = *state;
    const asl_trainer_options options = options_of("keeper");
    int32_t stops = 0;
    asl_trainer *trainer = runs_create(f, &options);
    while (runs_a_bit(trainer))
        stops++;
    assert_int_equal(stops, STOPS);
    assert_int_equal(keeper.calls, STEPS);
    runs_assert(trainer, &f->expected);
    asl_trainer_free(trainer);
}

/* --- how many steps at a time ------------------------------------------------------------- */

static void assert_lengths(const fixture *f, double step_seconds, int32_t checkpoint_steps,
                           const char *expected)
{
    char lengths[256] = "";
    asl_trainer_options options = options_of("keeper");
    options.batch_size = 1;
    options.epochs = 1;
    options.checkpoint_steps = checkpoint_steps;
    keeper_reset();
    keeper.step_seconds = step_seconds;
    asl_trainer *trainer = runs_create(f, &options);
    runs_finish(trainer);
    asl_trainer_free(trainer);
    for (int32_t i = 0; i < keeper.calls; i++)
        snprintf(lengths + strlen(lengths), sizeof lengths - strlen(lengths), " %d",
                 keeper.lengths[i]);
    assert_string_equal(lengths, expected);
}

/* About a twentieth of a second, of what the last call took, reached by doubling. */
static void test_lengths(void **state)
{
    const fixture *f = *state;
    assert_lengths(f, 0.0, 0, " 1 2 4 8 9");
    assert_lengths(f, 1.0 / 128, 0, " 1 2 4 6 6 5");
    assert_lengths(f, 1.0 / 16, 0, " 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1");
    assert_lengths(f, 0.0, 5, " 1 2 2 5 5 5 4");
    assert_lengths(f, 0.0, 1, " 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1");
}

typedef struct reports {
    int32_t count;
    int64_t done;
} reports;

static void note_report(const asl_train_progress *progress, void *user)
{
    reports *r = user;
    if (progress->validating)
        return;
    r->count++;
    assert_true(progress->done > r->done);
    r->done = progress->done;
    assert_true(progress->eta_seconds >= 0.0);
}

/* 24 steps of 1/32 s: a report each tenth of a second, and one at the end. */
static void test_progress(void **state)
{
    const fixture *f = *state;
    reports r = {0};
    asl_trainer_options options = options_of("keeper");
    options.batch_size = 1;
    options.epochs = 1;
    options.on_progress = note_report;
    options.user = &r;
    keeper.step_seconds = 1.0 / 32;
    asl_trainer *trainer = runs_create(f, &options);
    runs_finish(trainer);
    asl_trainer_free(trainer);
    assert_int_equal(r.done, 24);
    assert_int_equal(r.count, 24 / 4);
}

/* --- what is kept, and what is not -------------------------------------------------------- */

static void assert_not_kept(const fixture *f, const asl_trainer_options *options)
{
    const outcome expected = single_steps(f, *options);
    asl_trainer *trainer = runs_create(f, options);
    runs_finish(trainer);
    runs_assert(trainer, &expected);
    assert_int_equal(keeper.calls, 0);
    assert_int_equal(keeper.loose, STEPS);
    asl_trainer_free(trainer);
}

static void test_no_room(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    const asl_trainer_options options = options_of("keeper");
    keeper.keep_status = ASL_ERR_NOMEM;
    assert_not_kept(f, &options);
    assert_int_equal(keeper.keeps, 1);

    /* Nothing was wrong; and there may be room in the next run, in the middle of the pass. */
    keeper_reset();
    keeper.keep_status = ASL_ERR_NOMEM;
    asl_trainer *trainer = runs_create(f, &options);
    asl_trainer_request_stop(trainer);
    assert_int_equal(asl_trainer_run(trainer, &err), ASL_STOPPED);
    assert_int_equal(err.code, ASL_OK);
    assert_string_equal(err.message, "");
    keeper.keep_status = ASL_OK;
    runs_finish(trainer);
    runs_assert(trainer, &f->expected);
    assert_int_equal(keeper.loose, 1);
    assert_int_equal(keeper.steps, STEPS - 1);
    asl_trainer_free(trainer);
}

static void test_unpacked(void **state)
{
    fixture f = *(const fixture *)*state;
    const asl_trainer_options options = options_of("keeper");
    f.train = blobs_open("train");
    assert_not_kept(&f, &options);
    assert_int_equal(keeper.keeps, 0);
    asl_dataset_free(f.train);
}

static void test_other_size(void **state)
{
    fixture f = *(const fixture *)*state;
    const asl_trainer_options options = options_of("keeper");
    f.train = pack("train", "larger.pack", 20);
    assert_not_kept(&f, &options);
    assert_int_equal(keeper.keeps, 0);
    asl_dataset_free(f.train);
}

/* What the host has a hand in for every picture. */
static void test_varied_and_drawn(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_augmentation *augmentation = NULL;
    asl_trainer_options options = options_of("keeper");
    assert_ok(asl_augmentation_create(&augmentation, "light", &err), &err);
    options.augmentation = augmentation;
    assert_not_kept(f, &options);
    keeper_reset();
    options.augmentation = NULL;
    options.epoch_pictures = 24;
    assert_not_kept(f, &options);
    assert_int_equal(keeper.keeps, 0);
    asl_augmentation_free(augmentation);
}

/* No call goes past a step after which the means move: every fourth, and the last of an epoch. */
static void test_average(void **state)
{
    fixture f = *(const fixture *)*state;
    asl_trainer_options options = options_of("keeper");
    options.average = 0.9;
    options.batch_size = 4;
    f.expected = single_steps(&f, options);
    asl_trainer *trainer = runs_create(&f, &options);
    runs_finish(trainer);
    runs_assert(trainer, &f.expected);
    assert_int_equal(keeper.steps, 6 * EPOCHS);
    static const int32_t lengths[] = {1, 2, 1, 2, 4, 2, 4, 2};
    assert_int_equal(keeper.calls, 8);
    assert_memory_equal(keeper.lengths, lengths, sizeof lengths);
    asl_trainer_free(trainer);
}

/* The first steps take smaller pictures, which are not those that are kept. */
static void test_small_pictures_first(void **state)
{
    fixture f = *(const fixture *)*state;
    asl_trainer_options options = options_of("keeper");
    options.start_size = 8;
    options.start_share = 0.5;
    f.expected = single_steps(&f, options);
    asl_trainer *trainer = runs_create(&f, &options);
    runs_finish(trainer);
    runs_assert(trainer, &f.expected);
    assert_int_equal(keeper.loose, STEPS / 2);
    assert_int_equal(keeper.steps, STEPS - STEPS / 2);
    asl_trainer_free(trainer);
}

static void test_ranks(void **state)
{
    const fixture *f = *state;
    crew c;
    crew_make(&c, f, 2);
    for (int32_t r = 0; r < 2; r++)
        c.members[r].options.backend = "keeper";
    crew_run(&c);
    crew_assert_status(&c, ASL_OK);
    assert_int_equal(crew_outcome(&c).epochs, EPOCHS);
    assert_int_equal(keeper.keeps, 0);
    assert_int_equal(keeper.calls, 0);
    crew_free(&c);
}

/* Of a part of a pack, those pictures and no others. */
static void test_part(void **state)
{
    fixture f = *(const fixture *)*state;
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *whole = f.train, *rest = NULL;
    asl_split_options split;
    asl_split_options_init(&split, sizeof split);
    split.kind = ASL_SPLIT_RANDOM;
    split.fraction = 0.4;
    assert_ok(asl_dataset_split(&f.train, &rest, NULL, whole, &split, &err), &err);
    const asl_trainer_options options = options_of("keeper");
    f.expected = single_steps(&f, options);
    asl_trainer *trainer = runs_create(&f, &options);
    runs_finish(trainer);
    runs_assert(trainer, &f.expected);
    assert_int_equal(keeper.kept, asl_dataset_count(f.train));
    assert_in_range(keeper.kept, 12, 18);
    assert_int_equal(keeper.loose, 0);
    asl_trainer_free(trainer);
    asl_dataset_free(f.train);
    asl_dataset_free(rest);
}

/* --- failing ------------------------------------------------------------------------------ */

/* The steps before a failure count, and the run goes on after them. */
static void test_failure_in_every_step(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    const asl_trainer_options options = options_of("keeper");
    for (int64_t k = 1; k <= STEPS; k++) {
        keeper_reset();
        keeper.fail_at = k;
        runs_remove();
        asl_trainer *trainer = runs_create(f, &options);
        assert_status(asl_trainer_run(trainer, &err), ASL_ERR_SYSTEM, &err);
        assert_int_equal(trainer->state.step, k - 1);
        assert_ok(asl_trainer_save_checkpoint(trainer, RUN, &err), &err);
        runs_finish(trainer);
        runs_assert(trainer, &f->expected);
        asl_trainer_free(trainer);
    }
}

static void test_keeping_fails(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    const asl_trainer_options options = options_of("keeper");
    asl_trainer *trainer = runs_create(f, &options);
    keeper.keep_status = ASL_ERR_DEVICE_LOST;
    assert_status(asl_trainer_run(trainer, &err), ASL_ERR_DEVICE_LOST, &err);
    assert_string_equal(err.message, "the data set is not kept");
    assert_int_equal(keeper.loose, 0);
    keeper.keep_status = ASL_OK;
    runs_finish(trainer);
    runs_assert(trainer, &f->expected);
    assert_int_equal(keeper.keeps, 2);
    asl_trainer_free(trainer);
}

/* Step 6 is the second of a call of four. */
static void test_divergence(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    const asl_trainer_options options = options_of("keeper");
    asl_trainer *trainer = runs_create(f, &options);
    keeper.infinite_at = 6;
    assert_status(asl_trainer_run(trainer, &err), ASL_ERR_DIVERGED, &err);
    assert_non_null(strstr(err.message, "the loss stopped being finite in epoch 2 after step 5"));
    assert_int_equal(keeper.lengths[keeper.calls - 1], 4);
    assert_status(asl_trainer_run(trainer, &err), ASL_ERR_DIVERGED, &err);
    assert_status(asl_trainer_get_model(&model, trainer, &err), ASL_ERR_DIVERGED, &err);
    asl_trainer_free(trainer);
    /* The checkpoint is that of the epoch before. */
    trainer = runs_resume(f, &options);
    assert_int_equal(asl_trainer_epoch_count(trainer), 1);
    runs_finish(trainer);
    runs_assert(trainer, &f->expected);
    asl_trainer_free(trainer);
}

/* Changes a byte of a picture in the packed file. */
static void damage(const char *path, int64_t picture)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)(4096 + picture * 16 * 16 * 3 + 5), SEEK_SET), 0);
    const int byte = fgetc(file);
    assert_int_equal(fseek(file, -1, SEEK_CUR), 0);
    fputc(byte ^ 1, file);
    assert_int_equal(fclose(file), 0);
}

/* Found before the first step. */
static void test_damaged_pictures(void **state)
{
    fixture f = *(const fixture *)*state;
    asl_error err = ASL_ERROR_INIT;
    const asl_trainer_options options = options_of("keeper");
    asl_dataset_free(pack("train", "damaged.pack", 16));
    damage("damaged.pack", 20);
    damage("damaged.pack", 9);
    f.train = blobs_open("damaged.pack");
    asl_trainer *trainer = runs_create(&f, &options);
    assert_status(asl_trainer_run(trainer, &err), ASL_ERR_CHECKSUM, &err);
    assert_non_null(strstr(err.message, "'green/01.png' is damaged"));
    assert_int_equal(err.offset, 9);
    assert_int_equal(keeper.keeps, 0);
    asl_trainer_free(trainer);
    asl_dataset_free(f.train);

    /* As with single steps: what is not trained on may be as it likes. */
    asl_dataset_options few;
    asl_dataset_options_init(&few, sizeof few);
    few.per_class = 3;
    int32_t whole = 0;
    for (few.seed = 0; few.seed < 8; few.seed++) {
        asl_status status[2];
        for (int i = 0; i < 2; i++) {
            const asl_trainer_options each = options_of(i == 0 ? "keeper" : "reference");
            assert_ok(asl_dataset_open(&f.train, "damaged.pack", &few, &err), &err);
            trainer = runs_create(&f, &each);
            status[i] = asl_trainer_run(trainer, &err);
            asl_trainer_free(trainer);
            asl_dataset_free(f.train);
        }
        assert_int_equal(status[0], status[1]);
        whole += status[0] == ASL_OK;
    }
    assert_in_range(whole, 1, 7);
}

static void test_forked_child(void **state)
{
    const fixture *f = *state;
    const asl_trainer_options options = options_of("keeper");
    asl_trainer *trainer = runs_create(f, &options);
    for (int i = 0; i < 2; i++) {
        int result = 0;
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(asl_trainer_run(trainer, NULL) == ASL_ERR_STATE && keeper.keeps == i ? 0 : 1);
        assert_int_equal(waitpid(child, &result, 0), child);
        assert_int_equal(result, 0);
        runs_a_bit(trainer); /* and once it is kept */
    }
    asl_trainer_free(trainer);
}

/* Memory of the host that runs short is no reason to stop either. */
static void test_no_memory(void **state)
{
    (void)state;
    asl_trainer_options options = options_of("keeper");
    uint64_t expected = 0;
    int64_t from = 0, to = 0;
    options.checkpoint = NULL;
    for (int64_t n = 0; n <= to; n = n == 0 ? from + 1 : n + 1) {
        keeper_reset();
        test_allocator_install(n, false);
        fixture f = {blobs_open("train.pack"), blobs_open("train.pack"), blobs_model(), {0}};
        asl_trainer *trainer = runs_create(&f, &options);
        from = n == 0 ? test_allocator_count() : from;
        runs_finish(trainer);
        to = n == 0 ? test_allocator_count() : to;
        const uint64_t hash = runs_outcome(trainer).last;
        expected = n == 0 ? hash : expected;
        assert_true(hash == expected);
        assert_int_equal(keeper.loose, n == 0 ? 0 : STEPS);
        asl_trainer_free(trainer);
        runs_teardown((void *[]){&f});
        test_allocator_remove();
    }
    assert_int_equal(to - from, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_same_bits, before_each),
        cmocka_unit_test_setup(test_stop_in_every_step, before_each),
        cmocka_unit_test_setup(test_resume_in_every_step, before_each),
        cmocka_unit_test_setup(test_same_checkpoints, before_each),
        cmocka_unit_test_setup(test_stop_before_the_run, before_each),
        cmocka_unit_test_setup(test_lengths, before_each),
        cmocka_unit_test_setup(test_progress, before_each),
        cmocka_unit_test_setup(test_no_room, before_each),
        cmocka_unit_test_setup(test_unpacked, before_each),
        cmocka_unit_test_setup(test_other_size, before_each),
        cmocka_unit_test_setup(test_varied_and_drawn, before_each),
        cmocka_unit_test_setup(test_average, before_each),
        cmocka_unit_test_setup(test_small_pictures_first, before_each),
        cmocka_unit_test_setup(test_ranks, before_each),
        cmocka_unit_test_setup(test_part, before_each),
        cmocka_unit_test_setup(test_failure_in_every_step, before_each),
        cmocka_unit_test_setup(test_keeping_fails, before_each),
        cmocka_unit_test_setup(test_divergence, before_each),
        cmocka_unit_test_setup(test_damaged_pictures, before_each),
        cmocka_unit_test_setup(test_forked_child, before_each),
    };
    /* Without the fixture, whose memory is of another allocator. */
    const struct CMUnitTest memory[] = {cmocka_unit_test(test_no_memory)};
    const int failed = cmocka_run_group_tests(tests, setup, runs_teardown);
    return failed + cmocka_run_group_tests(memory, NULL, NULL);
}
