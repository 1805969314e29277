/* SPDX-License-Identifier: MIT */
/* A GPU that is lost while it trains: the run ends with that status, the last checkpoint is whole,
 * and training goes on from it on the processor. */
#include <math.h>
#include <unistd.h>

#include "cuda/plan_support.h"
#include "train/trainer.h"
#include "unit/train/runs.h"

enum { STEPS = 4 * EPOCHS, EVERY = 2, PLACES = 40 };

/* The run that nothing happens to. */
typedef struct whole {
    fixture f;
    uint64_t weights[STEPS + 1]; /* after so many steps */
    int64_t calls;               /* while it ran */
} whole;

static asl_dataset *pack(const char *folder, const char *path)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *packed = NULL, *dataset = blobs_open(folder);
    asl_pack_options options;
    asl_pack_options_init(&options, sizeof options);
    options.width = options.height = 16;
    options.reuse = 0;
    assert_ok(asl_dataset_pack(&packed, dataset, path, &options, &err), &err);
    asl_dataset_free(dataset);
    return packed;
}

static asl_trainer_options options_of(const char *backend)
{
    asl_trainer_options options = runs_options();
    options.backend = backend;
    options.checkpoint_steps = EVERY;
    return options;
}

static uint64_t hash_weights(asl_trainer *trainer)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    assert_ok(asl_trainer_get_model(&model, trainer, &err), &err);
    const uint64_t hash = blobs_hash(model);
    asl_model_free(model);
    return hash;
}

static void run_whole(whole *w)
{
    const asl_trainer_options options = options_of("cuda");
    emulation_reset();
    runs_remove();
    asl_trainer *trainer = runs_create(&w->f, &options);
    w->weights[0] = hash_weights(trainer);
    while (runs_a_bit(trainer))
        w->weights[trainer->state.step] = hash_weights(trainer);
    w->f.expected = runs_outcome(trainer);
    asl_trainer_free(trainer);
    runs_remove();
    trainer = runs_create(&w->f, &options);
    const int64_t before = emulation_call_count();
    runs_finish(trainer);
    w->calls = emulation_call_count() - before;
    runs_assert(trainer, &w->f.expected);
    asl_trainer_free(trainer);
}

static int setup(void **state)
{
    static whole w;
    blobs_make("train", 8, 16, 1, false);
    blobs_make("validation", 4, 16, 2, false);
    w.f.validation = blobs_open("validation");
    w.f.model = blobs_model();
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    whole *w = *state;
    asl_dataset_free(w->f.validation);
    asl_model_free(w->f.model);
    plan_assert_clean("everything");
    return 0;
}

/* From the checkpoint to the end on the processor. */
static void go_on(const whole *w, int64_t steps)
{
    const asl_trainer_options options = options_of("cpu");
    asl_trainer *trainer = runs_resume(&w->f, &options);
    const int32_t epochs = asl_trainer_epoch_count(trainer);
    /* The newest, or the one before when it was lost while that was made. */
    assert_int_equal(trainer->state.step % EVERY, 0);
    assert_in_range(trainer->state.step, steps < EVERY ? 0 : steps - EVERY, steps);
    assert_true(hash_weights(trainer) == w->weights[trainer->state.step]);
    runs_finish(trainer);
    const outcome got = runs_outcome(trainer);
    assert_int_equal(got.epochs, EPOCHS);
    for (int32_t i = 0; i < EPOCHS; i++) {
        const asl_epoch_metrics *row = &got.history[i], *expected = &w->f.expected.history[i];
        if (i < epochs)
            assert_memory_equal(row, expected, sizeof *row);
        /* TF32 there, float32 here. */
        assert_true(fabs(row->train_loss / expected->train_loss - 1.0) < 0.01);
    }
    asl_trainer_free(trainer);
}

/* The device is lost in a call of the run. @return the steps that the trainer counts. */
static int64_t lose(const whole *w, int64_t n, emulation_fault fault)
{
    const asl_trainer_options options = options_of("cuda");
    asl_error err = ASL_ERROR_INIT;
    emulation_reset();
    runs_remove();
    asl_trainer *trainer = runs_create(&w->f, &options);
    emulation_fail_call(n, fault, false);
    assert_status(asl_trainer_run(trainer, &err), ASL_ERR_DEVICE_LOST, &err);
    const int64_t steps = trainer->state.step;
    /* It stays lost, and that touches no checkpoint. */
    assert_status(asl_trainer_run(trainer, &err), ASL_ERR_DEVICE_LOST, &err);
    assert_int_equal(trainer->state.step, steps);
    asl_trainer_free(trainer);
    asl_trainer *other = NULL;
    assert_status(asl_trainer_create(&other, w->f.model, w->f.train, NULL, &options, &err),
                  ASL_ERR_DEVICE_LOST, &err);
    assert_null(other);
    return steps;
}

static void lose_everywhere(whole *w)
{
    int32_t resumed = 0;
    run_whole(w);
    assert_true(w->calls > 100);
    for (int64_t i = 0; i < PLACES; i++) {
        const int64_t n = 1 + i * (w->calls - 2) / PLACES;
        const int64_t steps = lose(w, n, i % 2 ? EMULATION_LOST_LATER : EMULATION_LOST);
        if (access(RUN, F_OK) != 0) {
            assert_in_range(steps, 0, EVERY);
            continue;
        }
        go_on(w, steps);
        resumed++;
    }
    print_message("lost in %d of %d calls, resumed %d times\n", (int)PLACES, (int)w->calls,
                  (int)resumed);
    assert_true(resumed > PLACES / 2);
}

static void test_pictures_of_the_host(void **state)
{
    whole *w = *state;
    w->f.train = blobs_open("train");
    lose_everywhere(w);
    asl_dataset_free(w->f.train);
}

static void test_kept_pictures(void **state)
{
    whole *w = *state;
    w->f.train = pack("train", "train.pack");
    lose_everywhere(w);
    assert_true(emulation_calls("pick_labels") > 0);
    asl_dataset_free(w->f.train);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures_of_the_host),
        cmocka_unit_test(test_kept_pictures),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
