/* SPDX-License-Identifier: MIT */
/* Old programs with a new library, and the other way round: every struct that carries its size is
 * handed over shorter, longer with zeros behind, longer with something behind, and with sizes that
 * cannot be. Memory ends where the struct does, so that the sanitizers see a step too far. */
#include <stdlib.h>
#include <sys/stat.h>

#include "asl/asl.h"
#include "support/support.h"

enum { SIDE = 8, LABELS = 2, SCORES = 2, BEYOND = 64, FILL = 0xa5 };
static const char *const labels[LABELS] = {"A", "B"};
static const char *const places[LABELS] = {"none", "x500y500s500"};
static const char checkpoint[] = "run.ckpt";

static struct {
    asl_image *image;
    asl_image_view view;
    void *png;
    size_t png_size;
    asl_dataset *dataset, *broken; /* the second has an issue */
    asl_model *model, *places;     /* the second for a finder */
    asl_trainer *trainer;          /* after one epoch */
    asl_inferer *inferer;
    asl_finder *finder;
    asl_profile *profile;
    asl_evaluation *evaluation; /* of `broken` */
    asl_speller *speller;       /* with an event */
} with;

/* --- what is made once --------------------------------------------------------------------- */

static void write_pictures(const char *folder, asl_error *err)
{
    char path[64];

    test_make_folder(folder);
    for (int i = 0; i < 2 * LABELS; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, labels[i % LABELS]);
        mkdir(path, 0777);
        snprintf(path, sizeof path, "%s/%s/%d.png", folder, labels[i % LABELS], i);
        assert_ok(asl_image_save(&with.view, path, 0, err), err);
    }
}

/* A picture that is found to be damaged only when it is decoded: a PNG cut off behind its head. */
static void write_broken(asl_error *err)
{
    write_pictures("broken", err);
    test_write_file("broken/A/z.png", with.png, with.png_size / 2);
    test_write_file("broken/A/no.png", "no", 2);
    if (asl_dataset_open(&with.broken, "broken", NULL, err) != ASL_PARTIAL)
        fail_msg("the broken pictures: %s", err->message);
}

static void make_model(asl_error *err)
{
    asl_model_options options;

    asl_model_options_init(&options, sizeof options);
    options.width = options.height = SIDE;
    options.label_count = LABELS;
    options.labels = labels;
    options.architecture = "conv2d 2 k3 bias; relu; global_pool avg; dense classes";
    assert_ok(asl_model_create(&with.model, "tiny", &options, err), err);
    options.labels = places;
    assert_ok(asl_model_create(&with.places, "tiny", &options, err), err);
    assert_ok(asl_finder_create(&with.finder, with.places, NULL, err), err);
}

static void make_runs(asl_error *err)
{
    asl_trainer_options options;

    asl_trainer_options_init(&options, sizeof options);
    options.epochs = options.threads = 1;
    options.checkpoint = checkpoint;
    assert_ok(asl_trainer_create(&with.trainer, with.model, with.dataset, NULL, &options, err),
              err);
    assert_ok(asl_trainer_run(with.trainer, err), err);
    assert_ok(asl_inferer_create(&with.inferer, with.model, NULL, err), err);
    assert_ok(asl_inferer_profile(&with.profile, with.inferer, &with.view, 1, err), err);
    if (asl_inferer_evaluate(&with.evaluation, with.inferer, with.broken, NULL, err) != ASL_PARTIAL)
        fail_msg("the evaluation of broken pictures: %s", err->message);
}

static int set_up(void **state)
{
    const float scores[SCORES] = {1.0f, 0.0f};
    asl_error error = ASL_ERROR_INIT, *err = &error;

    (void)state;
    assert_ok(asl_image_create(&with.image, SIDE, SIDE, ASL_FORMAT_RGB24, err), err);
    with.view = asl_image_get_view(with.image);
    assert_ok(asl_image_encode(&with.png, &with.png_size, &with.view, ASL_ENCODING_PNG, 0, err),
              err);
    write_pictures("data", err);
    assert_ok(asl_dataset_open(&with.dataset, "data", NULL, err), err);
    write_broken(err);
    make_model(err);
    make_runs(err);
    assert_ok(asl_speller_create(&with.speller, labels, LABELS, NULL, err), err);
    for (int64_t i = 0; asl_speller_event_count(with.speller) == 0 && i < 100; i++)
        assert_ok(asl_speller_push(with.speller, scores, SCORES, i * 33333333, NULL, err), err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    asl_speller_free(with.speller);
    asl_evaluation_free(with.evaluation);
    asl_profile_free(with.profile);
    asl_inferer_free(with.inferer);
    asl_trainer_free(with.trainer);
    asl_finder_free(with.finder);
    asl_model_free(with.places);
    asl_model_free(with.model);
    asl_dataset_free(with.broken);
    asl_dataset_free(with.dataset);
    asl_free(with.png);
    asl_image_free(with.image);
    return 0;
}

/* Memory of exactly `size` bytes that says so in its first four. */
static void *sized(size_t size, int fill)
{
    const uint32_t value = (uint32_t)size;
    void *memory = malloc(size);

    assert_non_null(memory);
    memset(memory, fill, size);
    memcpy(memory, &value, sizeof value);
    return memory;
}

/* --- structs that the library reads -------------------------------------------------------- */

/* Each calls with these options, and releases what it got. */
#define INPUT(type)                                                                                \
    static void init_##type(void *options, size_t size)                                            \
    {                                                                                              \
        asl_##type##_init(options, size);                                                          \
    }                                                                                              \
    static asl_status use_##type(const asl_##type *options, asl_error *err);                       \
    static asl_status call_##type(const void *options, asl_error *err)                             \
    {                                                                                              \
        return use_##type(options, err);                                                           \
    }                                                                                              \
    static asl_status use_##type(const asl_##type *options, asl_error *err)

/* Those that one handle is made with: `made`. */
#define MAKE(type, handle, ...)                                                                    \
    INPUT(type)                                                                                    \
    {                                                                                              \
        handle *made = NULL;                                                                       \
        const asl_status status = __VA_ARGS__;                                                     \
        assert_true((status == ASL_OK) == (made != NULL));                                         \
        handle##_free(made);                                                                       \
        return status;                                                                             \
    }

MAKE(decode_options, asl_image, asl_image_decode(&made, with.png, with.png_size, options, err))
MAKE(dataset_options, asl_dataset, asl_dataset_open(&made, "data", options, err))

INPUT(split_options)
{
    asl_dataset *train = NULL, *validation = NULL;
    const asl_status status =
        asl_dataset_split(&train, &validation, NULL, with.dataset, options, err);

    assert_true((status == ASL_OK) == (train != NULL && validation != NULL));
    asl_dataset_free(validation);
    asl_dataset_free(train);
    return status;
}

MAKE(pack_options, asl_dataset, asl_dataset_pack(&made, with.dataset, "a.pack", options, err))

INPUT(save_options)
{
    return asl_model_save_as(with.model, "a.safetensors", options, err);
}

MAKE(calibration, asl_model, asl_model_with_calibration(&made, with.model, options, err))
MAKE(model_options, asl_model, asl_model_create(&made, "tiny", options, err))

INPUT(trainer_options)
{
    asl_trainer *first = NULL, *second = NULL;
    const asl_status created =
        asl_trainer_create(&first, with.model, with.dataset, NULL, options, err);
    const asl_status resumed =
        asl_trainer_resume(&second, checkpoint, with.dataset, NULL, options, err);

    assert_int_equal(created, resumed);
    assert_true((created == ASL_OK) == (first != NULL && second != NULL));
    asl_trainer_free(second);
    asl_trainer_free(first);
    return created;
}

MAKE(inferer_options, asl_inferer, asl_inferer_create(&made, with.model, options, err))
MAKE(finder_options, asl_finder, asl_finder_create(&made, with.places, options, err))
MAKE(evaluate_options, asl_evaluation,
     asl_inferer_evaluate(&made, with.inferer, with.dataset, options, err))

INPUT(speller_options)
{
    asl_speller *first = NULL, *second = NULL;
    const asl_status status = asl_speller_create(&first, labels, LABELS, options, err);

    assert_int_equal(asl_speller_create_for_model(&second, with.model, options, err), status);
    assert_true((status == ASL_OK) == (first != NULL && second != NULL));
    asl_speller_free(second);
    asl_speller_free(first);
    return status;
}

/* Their count has no default. */
static void init_mix(void *options, size_t size)
{
    const int32_t count = 1;

    asl_mix_options_init(options, size);
    if (size >= offsetof(asl_mix_options, names))
        memcpy((char *)options + offsetof(asl_mix_options, count), &count, sizeof count);
}

static asl_status call_mix(const void *options, asl_error *err)
{
    const asl_dataset *const datasets[] = {with.dataset};
    asl_dataset *mix = NULL;
    const asl_status status = asl_dataset_mix(&mix, datasets, options, err);

    assert_true((status == ASL_OK) == (mix != NULL));
    asl_dataset_free(mix);
    return status;
}

static void init_hints(void *hints, size_t size)
{
    const uint32_t value = (uint32_t)size;

    memset(hints, 0, size);
    memcpy(hints, &value, sizeof value);
}

static asl_status call_hints(const void *hints, asl_error *err)
{
    const float scores[SCORES] = {0.0f, 1.0f};
    asl_speller *speller = NULL;
    asl_status status = ASL_OK;

    assert_ok(asl_speller_create(&speller, labels, LABELS, NULL, err), err);
    status = asl_speller_push(speller, scores, SCORES, 0, hints, err);
    asl_speller_free(speller);
    return status;
}

static const struct input {
    const char *name;
    size_t size, least; /* bytes; what has no default must be there */
    void (*init)(void *options, size_t size);
    asl_status (*call)(const void *options, asl_error *err);
} inputs[] = {
#define ROW(type)                                                                                  \
    {                                                                                              \
#type, sizeof(asl_##type), sizeof(uint32_t), init_##type, call_##type                      \
    }
    ROW(decode_options),
    ROW(dataset_options),
    ROW(split_options),
    ROW(pack_options),
    ROW(model_options),
    ROW(save_options),
    ROW(calibration),
    ROW(trainer_options),
    ROW(inferer_options),
    ROW(evaluate_options),
    ROW(finder_options),
    ROW(speller_options),
    {"mix_options", sizeof(asl_mix_options), offsetof(asl_mix_options, names), init_mix, call_mix},
    {"speller_hints", sizeof(asl_speller_hints), sizeof(uint32_t), init_hints, call_hints},
};
#define EACH_INPUT(in)                                                                             \
    for (const struct input *in = inputs; in < inputs + sizeof inputs / sizeof inputs[0]; in++)

static void expect_input(const struct input *in, const void *options, size_t size,
                         asl_status expected)
{
    asl_error err = ASL_ERROR_INIT;
    const asl_status got = in->call(options, &err);

    if (got != expected || err.code != got)
        fail_msg("asl_%s of %zu bytes: got %s (%s), expected %s", in->name, size,
                 asl_status_name(got), err.message, asl_status_name(expected));
}

static void shorter_and_longer_options_are_read(void **state)
{
    (void)state;
    EACH_INPUT(in)
    {
        for (size_t size = sizeof(uint32_t); size <= in->size + BEYOND; size += 4) {
            void *options = sized(size, 0);

            in->init(options, size);
            expect_input(in, options, size, size < in->least ? ASL_ERR_ARG : ASL_OK);
            free(options);
        }
    }
}

static void options_of_a_newer_version_are_refused(void **state)
{
    static const size_t longer[] = {1, 4, 8, BEYOND};

    (void)state;
    EACH_INPUT(in)
    {
        for (size_t i = 0; i < sizeof longer / sizeof longer[0]; i++) {
            const size_t size = in->size + longer[i];
            unsigned char *options = sized(size, 0);

            in->init(options, size);
            options[size - 1] = 1;
            expect_input(in, options, size, ASL_ERR_TOO_NEW);
            options[size - 1] = 0;
            options[in->size] = 1;
            expect_input(in, options, size, ASL_ERR_TOO_NEW);
            free(options);
        }
    }
}

static void impossible_sizes_are_refused(void **state)
{
    static const uint32_t sizes[] = {0, 1, 3, 4097, UINT32_MAX};

    (void)state;
    EACH_INPUT(in)
    {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            void *options = sized(in->size, 0);

            memcpy(options, &sizes[i], sizeof sizes[i]);
            expect_input(in, options, sizes[i], ASL_ERR_ARG);
            free(options);
        }
    }
}

/* It is a pointer in other options, and keeps its own size there. */
static void nested_options_are_read_alike(void **state)
{
    const size_t size = sizeof(asl_decode_options) + 8;
    unsigned char *decode = sized(size, 0);
    asl_dataset_options options;
    asl_dataset *dataset = NULL;
    asl_error err = ASL_ERROR_INIT;

    (void)state;
    asl_dataset_options_init(&options, sizeof options);
    options.decode = (const asl_decode_options *)(void *)decode;
    asl_decode_options_init((void *)decode, size);
    assert_ok(asl_dataset_open(&dataset, "data", &options, &err), &err);
    asl_dataset_free(dataset);
    decode[size - 1] = 1;
    assert_status(asl_dataset_open(&dataset, "data", &options, &err), ASL_ERR_TOO_NEW, &err);
    assert_null(dataset);
    free(decode);
}

static void *take(size_t size, size_t alignment, void *user)
{
    (void)user;
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void give(void *memory, void *user)
{
    (void)user;
    free(memory);
}

/* Both its functions have to be there, and no memory may be in use: so this comes on its own. */
static void allocators_are_read_alike(void **state)
{
    const asl_allocator own = {sizeof own, 0, take, give, NULL};
    asl_error err = ASL_ERROR_INIT;

    (void)state;
    for (size_t size = sizeof(uint32_t); size <= sizeof own + BEYOND; size += 4) {
        const size_t known = size < sizeof own ? size : sizeof own;
        unsigned char *given = sized(size, 0);
        const bool whole = size >= offsetof(asl_allocator, user);

        memcpy(given + sizeof(uint32_t), (const char *)&own + sizeof(uint32_t),
               known - sizeof(uint32_t));
        /* A function pointer cut in half cannot be tried. */
        if (whole || size <= offsetof(asl_allocator, free))
            assert_int_equal(asl_set_allocator((void *)given, &err), whole ? ASL_OK : ASL_ERR_ARG);
        if (size > sizeof own) {
            given[size - 1] = 1;
            assert_status(asl_set_allocator((void *)given, &err), ASL_ERR_TOO_NEW, &err);
        }
        free(given);
    }
    assert_ok(asl_set_allocator(NULL, &err), &err);
}

/* --- structs that the library fills -------------------------------------------------------- */

#define OUTPUT(type, ...)                                                                          \
    static asl_status fill_##type(void *out, asl_error *err)                                       \
    {                                                                                              \
        return __VA_ARGS__;                                                                        \
    }

OUTPUT(backend_info, asl_backend_get_info(out, 0, err))
OUTPUT(sample, asl_dataset_get_sample(out, with.dataset, 0, err))
OUTPUT(issue, asl_dataset_get_issue(out, with.broken, 0, err))
OUTPUT(model_info, asl_model_get_info(out, with.model, err))
OUTPUT(layer_info, asl_model_get_layer(out, with.model, 0, err))
OUTPUT(epoch_metrics, asl_trainer_get_epoch(out, with.trainer, 0, err))
OUTPUT(trainer_options_used, asl_trainer_get_options(out, with.trainer, err))
OUTPUT(layer_time, asl_profile_get(out, with.profile, 0, err))
OUTPUT(evaluation_info, asl_evaluation_get_info(out, with.evaluation, err))
OUTPUT(evaluation_result, asl_evaluation_get_result(out, with.evaluation, 0, err))
OUTPUT(hand, asl_finder_find(out, with.finder, &with.view, NULL, err))
OUTPUT(evaluation_issue, asl_evaluation_get_issue(out, with.evaluation, 0, err))
OUTPUT(speller_event, asl_speller_get_event(out, with.speller, 0, err))
OUTPUT(speller_preset, asl_speller_options_preset(out, ASL_SPELLER_HMM, ASL_SPELLER_LEARNER, err))

static const struct output {
    const char *name;
    size_t size;
    asl_status (*fill)(void *out, asl_error *err);
} outputs[] = {
    {"backend_info", sizeof(asl_backend_info), fill_backend_info},
    {"sample", sizeof(asl_sample), fill_sample},
    {"issue", sizeof(asl_issue), fill_issue},
    {"model_info", sizeof(asl_model_info), fill_model_info},
    {"layer_info", sizeof(asl_layer_info), fill_layer_info},
    {"epoch_metrics", sizeof(asl_epoch_metrics), fill_epoch_metrics},
    {"trainer_options", sizeof(asl_trainer_options), fill_trainer_options_used},
    {"layer_time", sizeof(asl_layer_time), fill_layer_time},
    {"evaluation_info", sizeof(asl_evaluation_info), fill_evaluation_info},
    {"evaluation_result", sizeof(asl_evaluation_result), fill_evaluation_result},
    {"hand", sizeof(asl_hand), fill_hand},
    {"issue of an evaluation", sizeof(asl_issue), fill_evaluation_issue},
    {"speller_event", sizeof(asl_speller_event), fill_speller_event},
    {"speller_options", sizeof(asl_speller_options), fill_speller_preset},
};
#define EACH_OUTPUT(out)                                                                           \
    for (const struct output *out = outputs; out < outputs + sizeof outputs / sizeof outputs[0];   \
         out++)

static void structs_are_filled_as_far_as_they_go(void **state)
{
    const unsigned char zero[BEYOND] = {0};

    (void)state;
    EACH_OUTPUT(out)
    {
        asl_error err = ASL_ERROR_INIT;
        unsigned char *whole = sized(out->size, FILL);

        assert_ok(out->fill(whole, &err), &err);
        for (size_t size = sizeof(uint32_t); size <= out->size + BEYOND; size += 4) {
            const size_t known = size < out->size ? size : out->size, head = sizeof(uint32_t);
            unsigned char *given = sized(size, FILL);
            uint32_t says = 0;

            assert_ok(out->fill(given, &err), &err);
            memcpy(&says, given, sizeof says);
            assert_int_equal(says, size);
            assert_memory_equal(given + head, whole + head, known - head);
            assert_memory_equal(given + known, zero, size - known);
            free(given);
        }
        free(whole);
    }
}

static void impossible_outputs_are_refused(void **state)
{
    static const uint32_t sizes[] = {0, 1, 3, 4097, UINT32_MAX};

    (void)state;
    EACH_OUTPUT(out)
    {
        asl_error err = ASL_ERROR_INIT;

        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            unsigned char *given = sized(out->size, FILL), *before = sized(out->size, FILL);

            memcpy(given, &sizes[i], sizeof sizes[i]);
            memcpy(before, &sizes[i], sizeof sizes[i]);
            assert_status(out->fill(given, &err), ASL_ERR_ARG, &err);
            assert_memory_equal(given, before, out->size);
            free(before);
            free(given);
        }
        assert_status(out->fill(NULL, &err), ASL_ERR_ARG, &err);
    }
}

static void errors_are_filled_as_far_as_they_go(void **state)
{
    (void)state;
    for (size_t size = sizeof(uint32_t); size <= sizeof(asl_error) + BEYOND; size++) {
        const size_t head = offsetof(asl_error, message);
        unsigned char *given = sized(size, FILL), *before = sized(size, FILL);
        asl_model *model = NULL;
        int32_t code = 0;

        assert_int_equal(asl_model_load(&model, "none", (asl_error *)(void *)given),
                         ASL_ERR_NOT_FOUND);
        if (size <= head) { /* no room for a message: nothing is known of such a struct */
            assert_memory_equal(given, before, size);
        } else {
            memcpy(&code, given + offsetof(asl_error, code), sizeof code);
            assert_int_equal(code, ASL_ERR_NOT_FOUND);
            assert_non_null(memchr(given + head, '\0', size - head));
        }
        if (size > sizeof(asl_error))
            assert_memory_equal(given + sizeof(asl_error), before + sizeof(asl_error),
                                size - sizeof(asl_error));
        free(before);
        free(given);
    }
}

int main(void)
{
    const struct CMUnitTest alone[] = {cmocka_unit_test(allocators_are_read_alike)};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shorter_and_longer_options_are_read),
        cmocka_unit_test(options_of_a_newer_version_are_refused),
        cmocka_unit_test(impossible_sizes_are_refused),
        cmocka_unit_test(nested_options_are_read_alike),
        cmocka_unit_test(structs_are_filled_as_far_as_they_go),
        cmocka_unit_test(impossible_outputs_are_refused),
        cmocka_unit_test(errors_are_filled_as_far_as_they_go),
    };

    return cmocka_run_group_tests(alone, NULL, NULL) +
           cmocka_run_group_tests(tests, set_up, tear_down);
}
