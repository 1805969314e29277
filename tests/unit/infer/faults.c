/* SPDX-License-Identifier: MIT */
/* Memory that runs short, once or for good, while an inferer is made, is profiled, classifies and
 * evaluates. */
#include "support/support.h"

#include "unit/train/blobs.h"

/* Notes a failure, which must be this one. */
static bool succeeds(bool *failed, asl_status status, const asl_error *err)
{
    if (status == ASL_OK)
        return true;
    if (status != ASL_ERR_NOMEM)
        fail_msg("%s: %s", asl_status_name(status), err->message);
    *failed = true;
    return false;
}

/* Whether something failed. */
static bool live(void)
{
    asl_error err = ASL_ERROR_INIT;
    bool failed = false;
    asl_dataset *dataset = NULL;
    asl_model *model = NULL;
    asl_inferer *inferer = NULL;
    asl_profile *profile = NULL;
    asl_evaluation *evaluation = NULL;
    asl_model_options wishes;
    static const uint8_t pixels[9 * 9 * 3];
    static const char *const labels[] = {"red", "blue", "green"};
    const asl_image_view view = {.pixels = pixels, .width = 9, .height = 9, .stride = 27};
    float scores[3];
    asl_model_options_init(&wishes, sizeof wishes);
    wishes.width = wishes.height = 16;
    wishes.labels = labels;
    wishes.label_count = 3;
    wishes.architecture = "conv2d 4 k3; batch_norm; relu; global_pool avg; dense classes";

    if (!succeeds(&failed, asl_dataset_open(&dataset, "pictures", NULL, &err), &err) ||
        !succeeds(&failed, asl_model_create(&model, "tiny", &wishes, &err), &err))
        goto done;
    if (!succeeds(&failed, asl_inferer_create(&inferer, model, NULL, &err), &err)) {
        assert_null(inferer);
        goto done;
    }
    if (!succeeds(&failed, asl_inferer_profile(&profile, inferer, &view, 2, &err), &err))
        assert_null(profile);
    succeeds(&failed, asl_inferer_classify(scores, 3, inferer, &view, NULL, &err), &err);
    if (!succeeds(&failed, asl_inferer_evaluate(&evaluation, inferer, dataset, NULL, &err), &err))
        assert_null(evaluation);
done:
    asl_evaluation_free(evaluation);
    asl_profile_free(profile);
    asl_inferer_free(inferer);
    asl_model_free(model);
    asl_dataset_free(dataset);
    return failed;
}

static void test_every_allocation(void **state)
{
    (void)state;
    blobs_make("pictures", 2, 16, 1, true);
    test_allocator_install(0, false);
    assert_false(live());
    const int64_t count = test_allocator_count();
    test_allocator_remove();
    assert_true(count > 30);
    for (int64_t n = 1; n <= count; n++) {
        test_allocator_install(n, false);
        live();
        test_allocator_remove();
        test_allocator_install(n, true);
        live();
        test_allocator_remove();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_allocation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
