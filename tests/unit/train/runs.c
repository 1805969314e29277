/* SPDX-License-Identifier: MIT */
/* See runs.h. */
#include "unit/train/runs.h"

#include <unistd.h>

asl_trainer_options runs_options(void)
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

void runs_remove(void)
{
    unlink(RUN);
    unlink(RUN ".prev");
}

asl_trainer *runs_create(const fixture *f, const asl_trainer_options *options)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    assert_ok(asl_trainer_create(&trainer, f->model, f->train, f->validation, options, &err), &err);
    return trainer;
}

asl_trainer *runs_resume(const fixture *f, const asl_trainer_options *options)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    assert_ok(asl_trainer_resume(&trainer, RUN, f->train, f->validation, options, &err), &err);
    return trainer;
}

void runs_finish(asl_trainer *trainer)
{
    asl_error err = ASL_ERROR_INIT;
    assert_ok(asl_trainer_run(trainer, &err), &err);
}

/* To the next place to stop at; false when that was the end of the run. */
bool runs_a_bit(asl_trainer *trainer)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer_request_stop(trainer);
    const asl_status status = asl_trainer_run(trainer, &err);
    if (status < 0)
        fail_msg("%s", err.message);
    return status == ASL_STOPPED;
}

outcome runs_outcome(asl_trainer *trainer)
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

void runs_assert(asl_trainer *trainer, const outcome *expected)
{
    const outcome got = runs_outcome(trainer);
    assert_int_equal(got.epochs, expected->epochs);
    assert_true(got.last == expected->last);
    assert_true(got.best == expected->best);
    assert_memory_equal(got.history, expected->history, sizeof got.history);
}

int runs_setup(void **state)
{
    static fixture f;
    blobs_make("train", 8, 16, 1, false);
    blobs_make("validation", 4, 16, 2, false);
    f.train = blobs_open("train");
    f.validation = blobs_open("validation");
    f.model = blobs_model();
    asl_trainer_options options = runs_options();
    options.checkpoint = NULL;
    asl_trainer *trainer = runs_create(&f, &options);
    runs_finish(trainer);
    f.expected = runs_outcome(trainer);
    asl_trainer_free(trainer);
    *state = &f;
    return 0;
}

int runs_teardown(void **state)
{
    fixture *f = *state;
    asl_dataset_free(f->train);
    asl_dataset_free(f->validation);
    asl_model_free(f->model);
    return 0;
}

void runs_leave_two(const fixture *f)
{
    const asl_trainer_options options = runs_options();
    runs_remove();
    asl_trainer *trainer = runs_create(f, &options);
    for (int32_t i = 0; i < 5; i++)
        assert_true(runs_a_bit(trainer));
    asl_trainer_free(trainer);
}
