/* SPDX-License-Identifier: MIT */
/* What a recipe for strangers adds to a run: it means what it says, resumes to the bit in every
 * phase, and is refused where it cannot be. */
#include "unit/train/recipe.h"

#include <math.h>
#include <stdlib.h>

#include "train/trainer.h"
#include "unit/train/crew.h"

/* --- the same bits ------------------------------------------------------------------------ */

static void test_threads(void **state)
{
    const fixture *f = *state;
    for (int32_t threads = 1; threads <= 3; threads++) {
        asl_trainer_options options = recipe_options();
        options.threads = threads;
        options.checkpoint = NULL;
        asl_trainer *trainer = runs_create(f, &options);
        runs_finish(trainer);
        runs_assert(trainer, &f->expected);
        asl_trainer_free(trainer);
    }
}

/* Stops there, goes on from the file with another number of threads, to the end. */
static void test_resume_from_each_batch(void **state)
{
    const fixture *f = *state;
    int32_t stops = 0;
    for (bool more = true; more; stops++) {
        asl_trainer_options options = recipe_options();
        runs_remove();
        asl_trainer *trainer = runs_create(f, &options);
        for (int32_t i = 0; i <= stops && more; i++)
            more = runs_a_bit(trainer);
        asl_trainer_free(trainer);
        options.threads = 1 + stops % 3;
        options.augmentation = NULL; /* all this comes from the checkpoint */
        options.average = 0.0;
        options.epoch_pictures = 0;
        options.start_size = 0;
        options.start_share = 0.0;
        trainer = runs_resume(f, &options);
        runs_finish(trainer);
        runs_assert(trainer, &f->expected);
        asl_trainer_free(trainer);
    }
    assert_int_equal(stops, STOPS + 1);
}

/* A process for each batch, and the same in one process. */
static void test_stop_after_every_batch(void **state)
{
    const fixture *f = *state;
    for (int32_t resumed = 0; resumed < 2; resumed++) {
        const asl_trainer_options options = recipe_options();
        runs_remove();
        asl_trainer *trainer = runs_create(f, &options);
        while (runs_a_bit(trainer)) {
            if (!resumed)
                continue;
            asl_trainer_free(trainer);
            trainer = runs_resume(f, &options);
        }
        runs_assert(trainer, &f->expected);
        asl_trainer_free(trainer);
    }
}

/* Each setting by itself shapes the result, and resumes. */
static void test_one_by_one(void **state)
{
    fixture f = *(const fixture *)*state;
    uint64_t seen[5];
    for (int32_t k = 0; k < 5; k++) {
        const asl_trainer_options all = recipe_options();
        asl_trainer_options options = runs_options();
        options.augmentation = k == 1 ? all.augmentation : NULL;
        options.average = k == 2 ? all.average : 0.0;
        options.epoch_pictures = k == 3 ? all.epoch_pictures : 0;
        options.start_size = k == 4 ? all.start_size : 0;
        options.start_share = k == 4 ? all.start_share : 0.0;
        runs_remove();
        asl_trainer *trainer = runs_create(&f, &options);
        runs_finish(trainer);
        f.expected = runs_outcome(trainer);
        asl_trainer_free(trainer);
        runs_remove();
        trainer = runs_create(&f, &options);
        while (runs_a_bit(trainer)) {
            asl_trainer_free(trainer);
            trainer = runs_resume(&f, &options);
        }
        runs_assert(trainer, &f.expected);
        asl_trainer_free(trainer);
        seen[k] = f.expected.last;
        for (int32_t i = 0; i < k; i++)
            assert_true(seen[i] != seen[k]);
    }
}

/* --- averaged weights --------------------------------------------------------------------- */

static float *copy_of(const asl_model *model)
{
    size_t count;
    const float *parameters = asl_model_parameters(&count, model);
    float *copy = malloc(count * sizeof *copy);
    assert_non_null(copy);
    memcpy(copy, parameters, count * sizeof *copy);
    return copy;
}

static void assert_parameters(const asl_model *model, const float *expected)
{
    size_t count;
    const float *parameters = asl_model_parameters(&count, model);
    assert_memory_equal(parameters, expected, count * sizeof *expected);
}

/* The mean, recomputed as the header has it from the weights that the run itself went through. */
static void test_average(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_trainer_options options = runs_options();
    size_t count;
    asl_model_parameters(&count, f->model);
    float *mean = copy_of(f->model);
    options.average = 0.8;
    options.batch_size = 4; /* 24 pictures: 6 steps an epoch */
    runs_remove();
    asl_trainer *trainer = runs_create(f, &options);
    int64_t last = 0;
    while (runs_a_bit(trainer)) {
        const int64_t step = trainer->state.step;
        const float *weights = trainer->vectors[ASL__STATE_PARAMETERS];
        asl_model *model = NULL;
        if (step > last && (step % 6 == 4 || step % 6 == 0)) {
            const double d = fmin(0.8, (1.0 + (double)step) / (10.0 + (double)step));
            const double keep = step % 6 == 4 ? d * d * d * d : d * d;
            for (size_t i = 0; i < count; i++)
                mean[i] = (float)(keep * (double)mean[i] + (1.0 - keep) * (double)weights[i]);
        }
        last = step;
        assert_ok(asl_trainer_get_model(&model, trainer, &err), &err);
        assert_parameters(model, mean);
        asl_model_free(model);
        /* The training itself goes on with its own. */
        assert_memory_not_equal(weights, mean, count * sizeof *mean);
    }
    asl_trainer_free(trainer);
    free(mean);
}

/* The steps are those of a run without; and what was measured is what is handed out. */
static void test_average_is_beside(void **state)
{
    const fixture *f = *state;
    asl_trainer *runs[2];
    for (int32_t i = 0; i < 2; i++) {
        asl_trainer_options options = runs_options();
        options.average = i == 0 ? 0.0 : 0.9;
        options.checkpoint = NULL;
        runs[i] = runs_create(f, &options);
        runs_finish(runs[i]);
    }
    asl_error err = ASL_ERROR_INIT;
    asl_model *models[2] = {NULL};
    for (int32_t i = 0; i < 2; i++)
        assert_ok(asl_trainer_get_model(&models[i], runs[i], &err), &err);
    assert_parameters(models[0], runs[1]->vectors[ASL__STATE_PARAMETERS]);
    assert_parameters(models[1], runs[1]->average);
    asl_model_free(models[1]);
    assert_ok(asl_trainer_get_best_model(&models[1], runs[1], &err), &err);
    assert_parameters(models[1], runs[1]->best);
    for (int32_t i = 0; i < 2; i++) {
        asl_model_free(models[i]);
        asl_trainer_free(runs[i]);
    }
}

static void measure(asl_evaluation_info *info, const asl_model *model, const asl_dataset *dataset)
{
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = NULL;
    asl_evaluation *evaluation = NULL;
    assert_ok(asl_inferer_create(&inferer, model, NULL, &err), &err);
    assert_ok(asl_inferer_evaluate(&evaluation, inferer, dataset, NULL, &err), &err);
    assert_ok(asl_evaluation_get_info(info, evaluation, &err), &err);
    asl_evaluation_free(evaluation);
    asl_inferer_free(inferer);
}

/* In either phase, at the model's own size. */
static void test_validates_the_average(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    const asl_trainer_options options = recipe_options();
    runs_remove();
    asl_trainer *trainer = runs_create(f, &options);
    int32_t epochs = 0;
    for (bool more = true; more;) {
        more = runs_a_bit(trainer);
        if (asl_trainer_epoch_count(trainer) == epochs)
            continue;
        asl_model *model = NULL;
        asl_epoch_metrics row = {.struct_size = sizeof row};
        asl_evaluation_info info = {.struct_size = sizeof info};
        assert_ok(asl_trainer_get_epoch(&row, trainer, epochs++, &err), &err);
        assert_ok(asl_trainer_get_model(&model, trainer, &err), &err);
        measure(&info, model, f->validation);
        assert_true(fabs(row.val_accuracy - info.accuracy) < 1e-12);
        assert_true(fabs(row.val_loss - info.loss) < 1e-4); /* folding rounds once more */
        asl_model_free(model);
    }
    assert_int_equal(epochs, EPOCHS);
    asl_trainer_free(trainer);
}

/* --- sources ------------------------------------------------------------------------------ */

static void test_sources(void **state)
{
    const fixture *f = *state;
    const asl_trainer_options options = recipe_options();
    static const double pictures[] = {6, 3, 3};
    asl_trainer *trainer = runs_create(f, &options);
    runs_finish(trainer);
    double best = -1.0;
    for (int32_t i = 0; i < EPOCHS; i++) {
        asl_epoch_metrics row = {.struct_size = sizeof row};
        asl_error err = ASL_ERROR_INIT;
        double sum = 0.0, right = 0.0;
        assert_ok(asl_trainer_get_epoch(&row, trainer, i, &err), &err);
        for (int32_t k = 0; k < 3; k++) {
            sum += asl_trainer_source_accuracy(trainer, i, k);
            right += asl_trainer_source_accuracy(trainer, i, k) * pictures[k];
        }
        assert_true(fabs(row.val_source_accuracy - sum / 3) < 1e-12);
        assert_true(fabs(row.val_accuracy - right / 12) < 1e-12);
        assert_true(!row.is_best || row.val_source_accuracy >= best);
        best = row.is_best ? row.val_source_accuracy : best;
        assert_true(row.val_source_accuracy <= best);
    }
    assert_true(isnan(asl_trainer_source_accuracy(trainer, EPOCHS, 0)));
    assert_true(isnan(asl_trainer_source_accuracy(trainer, -1, 0)));
    assert_true(isnan(asl_trainer_source_accuracy(trainer, 0, 3)));
    assert_true(isnan(asl_trainer_source_accuracy(trainer, 0, -1)));
    assert_true(isnan(asl_trainer_source_accuracy(NULL, 0, 0)));
    asl_trainer_free(trainer);
}

/* A part of a mix may lack a source altogether: it has no share in the mean. */
static void test_source_without_pictures(void **state)
{
    fixture f = *(const fixture *)*state;
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *larger = NULL, *smaller = NULL;
    asl_split_options split;
    asl_split_options_init(&split, sizeof split);
    split.kind = ASL_SPLIT_GROUP;
    split.fraction = 0.3;
    assert_ok(asl_dataset_split(&larger, &smaller, NULL, f.validation, &split, &err), &err);
    assert_int_equal(asl_dataset_source_count(smaller), 3);
    f.validation = smaller;
    asl_trainer_options options = recipe_options();
    options.epochs = 1;
    asl_trainer *trainer = runs_create(&f, &options);
    runs_finish(trainer);
    asl_epoch_metrics row = {.struct_size = sizeof row};
    assert_ok(asl_trainer_get_epoch(&row, trainer, 0, &err), &err);
    int32_t absent = 0;
    for (int32_t k = 0; k < 3; k++)
        absent += isnan(asl_trainer_source_accuracy(trainer, 0, k));
    assert_true(absent > 0 && absent < 3);
    assert_true(row.val_source_accuracy >= 0.0 && row.val_source_accuracy <= 1.0);
    asl_trainer_free(trainer);
    asl_dataset_free(larger);
    asl_dataset_free(smaller);
}

/* One source is no mix: nothing changes. */
static void test_one_source(void **state)
{
    fixture f = *(const fixture *)*state;
    asl_error err = ASL_ERROR_INIT;
    asl_trainer_options options = recipe_options();
    asl_epoch_metrics row = {.struct_size = sizeof row};
    options.epochs = 1;
    f.validation = blobs_open("cid");
    asl_trainer *trainer = runs_create(&f, &options);
    runs_finish(trainer);
    assert_ok(asl_trainer_get_epoch(&row, trainer, 0, &err), &err);
    assert_true(fabs(row.val_source_accuracy - row.val_accuracy) < 1e-15);
    assert_true(fabs(asl_trainer_source_accuracy(trainer, 0, 0) - row.val_accuracy) < 1e-15);
    assert_true(isnan(asl_trainer_source_accuracy(trainer, 0, 1)));
    asl_trainer_free(trainer);
    asl_dataset_free(f.validation);
}

/* --- ranks -------------------------------------------------------------------------------- */

static void test_ranks(void **state)
{
    const fixture *f = *state;
    asl_trainer_options options = recipe_options();
    crew c;
    runs_remove();
    crew_make(&c, f, 3);
    for (int32_t r = 0; r < 3; r++) {
        c.members[r].options.schedule = options.schedule;
        c.members[r].options.augmentation = options.augmentation;
        c.members[r].options.average = options.average;
        c.members[r].options.epoch_pictures = options.epoch_pictures;
        c.members[r].options.start_size = options.start_size;
        c.members[r].options.start_share = options.start_share;
    }
    crew_run(&c);
    crew_assert_status(&c, ASL_OK);
    assert_int_equal(crew_outcome(&c).epochs, EPOCHS);
    for (int32_t k = 0; k < 3; k++) {
        const double accuracy = asl_trainer_source_accuracy(c.members[0].trainer, 0, k);
        for (int32_t r = 1; r < 3; r++)
            assert_true(fabs(asl_trainer_source_accuracy(c.members[r].trainer, 0, k) - accuracy) <
                        1e-15);
    }
    crew_free(&c);

    /* A rank with another mean is found out. */
    crew_make(&c, f, 2);
    c.members[0].options.average = 0.5;
    c.members[1].options.average = 0.6;
    crew_run(&c);
    crew_assert_status(&c, ASL_ERR_STATE);
    crew_free(&c);
}

/* --- pictures without a letter ------------------------------------------------------------ */

static void test_negatives(void **state)
{
    fixture f = *(const fixture *)*state;
    asl_error err = ASL_ERROR_INIT;
    asl_augmentation *all = NULL;
    asl_trainer *trainer = NULL;
    asl_epoch_metrics row = {.struct_size = sizeof row};
    asl_trainer_options options = runs_options();
    options.checkpoint = NULL;
    assert_ok(asl_augmentation_create(&all, "{\"negative\":1}", &err), &err);
    options.augmentation = all;
    f.model = blobs_model();
    assert_status(asl_trainer_create(&trainer, f.model, f.train, f.validation, &options, &err),
                  ASL_ERR_LABELS, &err);
    assert_non_null(strstr(err.message, "'nothing'"));
    assert_null(trainer);
    asl_model_free(f.model);

    /* Nothing but such pictures: soon every answer is "nothing". */
    f.model = ((const fixture *)*state)->model;
    options.epochs = 5;
    options.learning_rate = 0.03;
    trainer = runs_create(&f, &options);
    asl_augmentation_free(all); /* the trainer has its own */
    runs_finish(trainer);
    assert_ok(asl_trainer_get_epoch(&row, trainer, 4, &err), &err);
    assert_true(row.train_accuracy > 0.95);
    assert_true(row.val_accuracy < 0.1);
    asl_trainer_free(trainer);
}

/* --- refusals ----------------------------------------------------------------------------- */

static void assert_refused(const fixture *f, const asl_trainer_options *options, asl_status status,
                           const char *words)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    assert_status(asl_trainer_create(&trainer, f->model, f->train, f->validation, options, &err),
                  status, &err);
    if (!strstr(err.message, words))
        fail_msg("'%s' does not say '%s'", err.message, words);
    assert_null(trainer);
}

static void test_refusals(void **state)
{
    fixture f = *(const fixture *)*state;
    asl_error err = ASL_ERROR_INIT;
    asl_trainer_options options;
    static const double averages[] = {-0.1, 1.0, (double)NAN};
    for (size_t i = 0; i < 3; i++) {
        options = recipe_options();
        options.average = averages[i];
        assert_refused(&f, &options, ASL_ERR_ARG, "average");
    }
    static const int64_t pictures[] = {-1, (int64_t)INT32_MAX + 1};
    for (size_t i = 0; i < 2; i++) {
        options = recipe_options();
        options.epoch_pictures = pictures[i];
        assert_refused(&f, &options, ASL_ERR_ARG, "epoch_pictures");
    }
    static const int32_t sizes[] = {-1, 0, 16, 4097};
    for (size_t i = 0; i < 4; i++) {
        options = recipe_options();
        options.start_size = sizes[i];
        assert_refused(&f, &options, ASL_ERR_ARG, "start_size");
    }
    static const double shares[] = {-0.5, 0.0, 1.5, (double)NAN};
    for (size_t i = 0; i < 4; i++) {
        options = recipe_options();
        options.start_share = shares[i];
        assert_refused(&f, &options, ASL_ERR_ARG, "start_share");
    }

    /* A network that would need other weights there is refused by the name of its layer. */
    asl_model_options wishes;
    static const char *const labels[] = {"red", "nothing", "blue", "green"};
    asl_model_options_init(&wishes, sizeof wishes);
    wishes.width = wishes.height = 16;
    wishes.labels = labels;
    wishes.label_count = 4;
    wishes.architecture = "conv2d 4 k3 s4 p1; relu; conv2d 8 k4; dense classes";
    f.model = NULL;
    assert_ok(asl_model_create(&f.model, "tiny", &wishes, &err), &err);
    options = recipe_options();
    assert_refused(&f, &options, ASL_ERR_ARCHITECTURE, "layer 3");
    asl_model_free(f.model);
}

/* All steps on small pictures, and so few that there is none. */
static void test_shares(void **state)
{
    const fixture *f = *state;
    static const double shares[] = {1.0, 0.01};
    for (size_t i = 0; i < 2; i++) {
        asl_trainer_options options = recipe_options();
        options.start_share = shares[i];
        options.checkpoint = NULL;
        asl_trainer *trainer = runs_create(f, &options);
        runs_finish(trainer);
        assert_int_equal(trainer->start_steps, i == 0 ? 4 * EPOCHS : 0);
        assert_int_equal(asl_trainer_epoch_count(trainer), EPOCHS);
        asl_trainer_free(trainer);
    }
}

/* What a change of size depends on cannot change. */
static void test_more_epochs(void **state)
{
    const fixture *f = *state;
    asl_trainer_options options = recipe_options(), got = {.struct_size = sizeof got};
    asl_error err = ASL_ERROR_INIT;
    options.schedule = ASL_SCHEDULE_CONSTANT;
    runs_remove();
    asl_trainer *trainer = runs_create(f, &options);
    runs_finish(trainer);
    asl_trainer_free(trainer);
    options.epochs = EPOCHS + 1;
    trainer = runs_resume(f, &options);
    assert_ok(asl_trainer_get_options(&got, trainer, &err), &err);
    assert_int_equal(got.epochs, EPOCHS);
    assert_int_equal(got.start_size, options.start_size);
    assert_true(got.epoch_pictures == options.epoch_pictures);
    assert_true(fabs(got.average - options.average) < 1e-15);
    assert_string_equal(asl_augmentation_text(got.augmentation),
                        asl_augmentation_text(options.augmentation));
    asl_trainer_free(trainer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_resume_from_each_batch),
        cmocka_unit_test(test_stop_after_every_batch),
        cmocka_unit_test(test_one_by_one),
        cmocka_unit_test(test_average),
        cmocka_unit_test(test_average_is_beside),
        cmocka_unit_test(test_validates_the_average),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_source_without_pictures),
        cmocka_unit_test(test_one_source),
        cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_negatives),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_more_epochs),
    };
    return cmocka_run_group_tests(tests, recipe_setup, recipe_teardown);
}
