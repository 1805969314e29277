/* SPDX-License-Identifier: MIT */
/* See recipe.h. */
#include "unit/train/recipe.h"

static asl_augmentation *augmentation;

asl_dataset *recipe_mix(const char *const *folders, int32_t count)
{
    static const char *const labels[] = {"blue", "green", "nothing", "red"};
    static const double weights[] = {1, 2, 3};
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *parts[3] = {NULL}, *mix = NULL;
    asl_mix_options options;
    asl_mix_options_init(&options, sizeof options);
    options.count = count;
    options.names = folders;
    options.weights = weights;
    options.labels = labels;
    options.label_count = 4;
    for (int32_t i = 0; i < count; i++)
        parts[i] = blobs_open(folders[i]);
    assert_ok(asl_dataset_mix(&mix, (const asl_dataset *const *)parts, &options, &err), &err);
    for (int32_t i = 0; i < count; i++)
        asl_dataset_free(parts[i]);
    return mix;
}

asl_trainer_options recipe_options(void)
{
    asl_trainer_options options = runs_options();
    options.schedule = ASL_SCHEDULE_ONE_CYCLE;
    options.augmentation = augmentation;
    options.average = 0.9;
    options.epoch_pictures = RECIPE_PICTURES;
    options.start_size = 8;
    options.start_share = (RECIPE_SMALL + 0.5) / (4 * EPOCHS);
    return options;
}

int recipe_setup(void **state)
{
    static fixture f;
    static const char *const labels[] = {"red", "nothing", "blue", "green"};
    static const char *const train[] = {"ann", "ben"}, *const validation[] = {"cid", "dot", "eve"};
    asl_error err = ASL_ERROR_INIT;
    blobs_make("ann", 6, 20, 1, false);
    blobs_make("ben", 2, 16, 2, false);
    blobs_make("cid", 2, 16, 3, false);
    blobs_make("dot", 1, 20, 4, false);
    blobs_make("eve", 1, 16, 5, false);
    assert_ok(
        asl_augmentation_create(&augmentation, "{\"base\":\"strong\",\"negative\":0.2}", &err),
        &err);
    f.train = recipe_mix(train, 2);
    f.validation = recipe_mix(validation, 3);
    f.model = blobs_model_with(labels, 4);
    asl_trainer_options options = recipe_options();
    options.checkpoint = NULL;
    asl_trainer *trainer = runs_create(&f, &options);
    runs_finish(trainer);
    f.expected = runs_outcome(trainer);
    asl_trainer_free(trainer);
    *state = &f;
    return 0;
}

int recipe_teardown(void **state)
{
    asl_augmentation_free(augmentation);
    augmentation = NULL;
    return runs_teardown(state);
}
