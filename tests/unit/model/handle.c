/* SPDX-License-Identifier: MIT */
/* The model handle: options, labels, facts, copies with other weights, sharing, lack of memory. */
#include "support/support.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "model/model.h"

static const char *const two[] = {"yes", "no"};
#define SMALL "conv2d 2 k3; batch_norm; relu; dropout 0.5; global_pool both; dense classes"

static asl_model *make_small(void)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_model_options options;
    asl_model_options_init(&options, sizeof options);
    options.width = 5;
    options.height = 4;
    options.labels = two;
    options.label_count = 2;
    options.architecture = SMALL;
    assert_ok(asl_model_create(&model, "tiny", &options, &err), &err);
    return model;
}

static void test_presets(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = (asl_model *)&err;
    (void)state;
    assert_int_equal(asl_preset_count(), 5);
    assert_null(asl_preset_name(-1));
    assert_null(asl_preset_name(5));
    assert_null(asl_preset_description(5));
    assert_status(asl_model_create(&model, "huge", NULL, &err), ASL_ERR_ARG, &err);
    assert_null(model);
    for (int32_t i = 0; i < asl_preset_count(); i++) {
        assert_non_null(strstr(err.message, asl_preset_name(i))); /* the refusal lists them */
        assert_non_null(asl_preset_description(i));
    }
    for (int32_t i = 0; i < asl_preset_count(); i++) {
        asl_model_info info = {.struct_size = sizeof info};
        assert_ok(asl_model_create(&model, asl_preset_name(i), NULL, &err), &err);
        assert_ok(asl_model_get_info(&info, model, &err), &err);
        assert_string_equal(info.preset, asl_preset_name(i));
        assert_string_equal(info.channel_order, i == 0 ? "bgr" : "rgb");
        assert_int_equal(info.width, ((int[]){224, 64, 96, 128, 64})[i]);
        assert_int_equal(info.height, info.width);
        assert_int_equal(info.channels, 3);
        assert_int_equal(info.label_count, 29);
        assert_string_equal(asl_model_label(model, 0), "A");
        assert_string_equal(asl_model_label(model, 25), "Z");
        assert_string_equal(asl_model_label(model, 28), "space");
        assert_null(asl_model_label(model, 29));
        assert_null(asl_model_label(model, -1));
        asl_model_free(model);
    }
}

static void test_facts(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = make_small();
    asl_model_info info = {.struct_size = sizeof info};
    asl_layer_info layer = {.struct_size = sizeof layer};
    size_t count;
    (void)state;
    assert_ok(asl_model_get_info(&info, model, &err), &err);
    assert_string_equal(info.preset, "custom");
    assert_string_equal(info.architecture, SMALL);
    assert_int_equal(info.layer_count, 6);
    assert_int_equal(info.parameter_count, 54 + 4 + 8 + 2);
    assert_int_equal(info.width, 5);
    assert_int_equal(info.height, 4);
    assert_non_null(asl_model_parameters(&count, model));
    assert_int_equal(count, 54 + 8 + 8 + 2);
    assert_ok(asl_model_get_layer(&layer, model, 0, &err), &err);
    assert_string_equal(layer.kind, "conv2d");
    assert_string_equal(layer.text, "conv2d 2 k3");
    assert_int_equal(layer.channels, 2);
    assert_int_equal(layer.height, 2);
    assert_int_equal(layer.width, 3);
    assert_int_equal(layer.parameter_count, 54);
    assert_int_equal(layer.mac_count, 54 * 6);
    assert_ok(asl_model_get_layer(&layer, model, 5, &err), &err);
    assert_string_equal(layer.text, "dense classes");
    assert_int_equal(layer.channels, 2);
    assert_status(asl_model_get_layer(&layer, model, 6, &err), ASL_ERR_ARG, &err);
    assert_status(asl_model_get_layer(&layer, model, -1, &err), ASL_ERR_ARG, &err);
    assert_null(asl_model_metadata(model, "metrics"));
    assert_null(asl_model_metadata(model, NULL));
    asl_model_free(model);
}

static void test_arguments(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_model_info info = {.struct_size = sizeof info};
    asl_layer_info layer = {.struct_size = sizeof layer};
    asl_model_options options;
    (void)state;
    asl_model_options_init(&options, sizeof options);
    assert_status(asl_model_create(NULL, "tiny", NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_model_create(&model, NULL, NULL, &err), ASL_ERR_ARG, &err);
    options.width = -1;
    assert_status(asl_model_create(&model, "tiny", &options, &err), ASL_ERR_ARG, &err);
    options.width = 5000;
    assert_status(asl_model_create(&model, "tiny", &options, &err), ASL_ERR_ARCHITECTURE, &err);
    options.width = 0;
    options.label_count = 2;
    assert_status(asl_model_create(&model, "tiny", &options, &err), ASL_ERR_ARG, &err);
    options.label_count = 0;
    options.labels = two;
    assert_status(asl_model_create(&model, "tiny", &options, &err), ASL_ERR_ARG, &err);
    options.labels = NULL;
    options.width = 64;
    options.height = 64;
    assert_status(asl_model_create(&model, "seed", &options, &err), ASL_ERR_ARCHITECTURE, &err);
    assert_non_null(strstr(err.message, "use a larger picture"));
    struct {
        asl_model_options known;
        uint64_t tail;
    } newer = {.tail = 1};
    asl_model_options_init(&newer.known, sizeof newer.known);
    newer.known.struct_size = sizeof newer;
    assert_status(asl_model_create(&model, "tiny", &newer.known, &err), ASL_ERR_TOO_NEW, &err);

    assert_status(asl_model_get_info(NULL, model, &err), ASL_ERR_ARG, &err);
    assert_status(asl_model_get_info(&info, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_model_get_layer(&layer, NULL, 0, &err), ASL_ERR_ARG, &err);
    assert_null(asl_model_label(NULL, 0));
    assert_null(asl_model_metadata(NULL, "metrics"));
    assert_null(asl_model_parameters(NULL, NULL));
    asl_model_free(NULL);
}

static void test_labels(void **state)
{
    static char longest[64], too_long[65], many[1025][8];
    static const char *names[1025];
    const struct {
        const char *labels[3];
        const char *says;
    } cases[] = {
        {{"a", "b", NULL}, "the name of class 2 is empty"},
        {{"a", "", "c"}, "the name of class 1 is empty"},
        {{"a", "b", "a"}, "classes 0 and 2 are both 'a'"},
        {{"a,b", "c", "d"}, "holds a comma"},
        {{"a", "b\n", "d"}, "holds a comma, a control character"},
        {{"a", "b\x7f", "d"}, "control character"},
        {{"a", "b\xff", "d"}, "invalid UTF-8"},
        {{too_long, "c", "d"}, "has 64 bytes; at most 63"},
    };
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_model_options options;
    (void)state;
    memset(longest, 'x', 63);
    memset(too_long, 'x', 64);
    asl_model_options_init(&options, sizeof options);
    options.label_count = 3;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        options.labels = cases[i].labels;
        assert_status(asl_model_create(&model, "tiny", &options, &err), ASL_ERR_LABELS, &err);
        if (!strstr(err.message, cases[i].says))
            fail_msg("'%s' does not say '%s'", err.message, cases[i].says);
    }
    for (int i = 0; i < 1025; i++) {
        snprintf(many[i], sizeof many[i], "n%d", i);
        names[i] = many[i];
    }
    options.labels = names;
    static const int32_t bad_counts[] = {-1, 1, 1025};
    for (size_t i = 0; i < 3; i++) {
        options.label_count = bad_counts[i];
        assert_status(asl_model_create(&model, "tiny", &options, &err), ASL_ERR_LABELS, &err);
    }
    options.label_count = 1024;
    names[0] = longest;
    names[1] = "Straße \"x\" \\";
    assert_ok(asl_model_create(&model, "tiny", &options, &err), &err);
    assert_string_equal(asl_model_label(model, 0), longest);
    assert_string_equal(asl_model_label(model, 1), "Straße \"x\" \\");
    assert_string_equal(asl_model_label(model, 1023), "n1023");
    asl_model_free(model);
}

static void test_with_parameters(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = make_small(), *other = NULL;
    size_t count;
    (void)state;
    const float *values = asl_model_parameters(&count, model);
    float *changed = malloc(count * sizeof *changed);
    memcpy(changed, values, count * sizeof *changed);
    changed[3] = 42;
    assert_ok(asl_model_with_parameters(&other, model, changed, count, &err), &err);
    assert_memory_equal(asl_model_parameters(NULL, other), changed, count * sizeof *changed);
    assert_string_equal(asl_model_label(other, 1), "no");
    assert_true(asl_model_parameters(NULL, model)[3] != 42);
    asl_model_free(other);

    static const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++) {
        changed[54] = bad[i];
        assert_status(asl_model_with_parameters(&other, model, changed, count, &err), ASL_ERR_ARG,
                      &err);
        assert_null(other);
        assert_non_null(strstr(err.message, "value 0 of 'bn1.weight' is not finite"));
    }
    changed[54] = -1; /* a scale may be negative, a variance not */
    assert_ok(asl_model_with_parameters(&other, model, changed, count, &err), &err);
    asl_model_free(other);
    changed[61] = -1;
    assert_status(asl_model_with_parameters(&other, model, changed, count, &err), ASL_ERR_ARG,
                  &err);
    assert_non_null(strstr(err.message, "value 1 of 'bn1.running_var' is negative"));

    assert_status(asl_model_with_parameters(&other, model, values, count - 1, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl_model_with_parameters(&other, model, NULL, count, &err), ASL_ERR_ARG, &err);
    assert_status(asl_model_with_parameters(&other, NULL, values, count, &err), ASL_ERR_ARG, &err);
    assert_status(asl_model_with_parameters(NULL, model, values, count, &err), ASL_ERR_ARG, &err);
    free(changed);
    asl_model_free(model);
}

static void test_sharing(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = make_small(), *copy = NULL;
    asl_model *shared = asl__model_retain(model);
    (void)state;
    assert_ptr_equal(shared, model);
    asl_model_free(model);
    assert_string_equal(asl_model_label(shared, 0), "yes"); /* still alive */
    assert_ok(asl__model_copy(&copy, shared, shared->parameters, "accuracy 0.5", &err), &err);
    asl_model_free(shared);
    assert_string_equal(asl_model_metadata(copy, "metrics"), "accuracy 0.5");
    assert_null(asl_model_metadata(copy, "preset"));
    asl_model_free(copy);
}

static void test_initial_weights(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *models[3] = {NULL};
    asl_model_options options;
    size_t count = 0;
    (void)state;
    asl_model_options_init(&options, sizeof options);
    for (int i = 0; i < 3; i++) {
        options.seed = i == 2 ? 1 : 0;
        assert_ok(asl_model_create(&models[i], "tiny", &options, &err), &err);
    }
    const float *first = asl_model_parameters(&count, models[0]);
    assert_memory_equal(first, asl_model_parameters(NULL, models[1]), count * sizeof *first);
    assert_memory_not_equal(first, asl_model_parameters(NULL, models[2]), count * sizeof *first);
    for (int i = 0; i < 3; i++)
        asl_model_free(models[i]);
}

/* Everything that a model can do, in one go. */
static asl_status live(asl_error *err)
{
    asl_status status;
    asl_model *model = NULL, *copy = NULL, *folded = NULL, *loaded = NULL, *again = NULL;
    asl_model_options options;
    void *data = NULL;
    size_t size = 0;
    asl__tensors_writer *writer = NULL;
    asl_model_options_init(&options, sizeof options);
    options.architecture = SMALL;
    options.labels = two;
    options.label_count = 2;
    ASL__TRY(asl_model_create(&model, "tiny", &options, err));
    ASL__TRY(asl__model_copy(&copy, model, model->parameters, "made up", err));
    ASL__TRY(asl__model_fold(&folded, copy, err));
    ASL__TRY(asl_model_save(copy, "faults.safetensors", err));
    ASL__TRY(asl_model_load(&loaded, "faults.safetensors", err));
    ASL__TRY(asl__tensors_writer_create(&writer, err));
    ASL__TRY(asl__model_to_file(writer, loaded, "", err));
    ASL__TRY(asl__tensors_writer_encode(&data, &size, writer, err));
    ASL__TRY(asl_model_load_memory(&again, data, size, err));
fail:
    if (status < 0)
        assert_null(again);
    asl__tensors_writer_free(writer);
    asl__free(data);
    asl_model_free(again);
    asl_model_free(loaded);
    asl_model_free(folded);
    asl_model_free(copy);
    asl_model_free(model);
    return status;
}

static void test_lack_of_memory(void **state)
{
    (void)state;
    for (int for_good = 0; for_good < 2; for_good++) {
        asl_status status = ASL_ERR_NOMEM;
        for (int64_t n = 1; status != ASL_OK; n++) {
            asl_error err = ASL_ERROR_INIT;
            test_allocator_install(n, for_good);
            status = live(&err);
            if (status != ASL_OK)
                assert_status(status, ASL_ERR_NOMEM, &err);
            else
                assert_true(n > 150); /* there were that many allocations to fail */
            test_allocator_remove();
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_presets),         cmocka_unit_test(test_facts),
        cmocka_unit_test(test_arguments),       cmocka_unit_test(test_labels),
        cmocka_unit_test(test_with_parameters), cmocka_unit_test(test_sharing),
        cmocka_unit_test(test_initial_weights), cmocka_unit_test(test_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
