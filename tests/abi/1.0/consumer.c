/* SPDX-License-Identifier: MIT */
/* A program of its time: compiled against the headers of 1.0 that lie beside it, it uses every
 * function of that version, and must go on working with every later library. Writes into the
 * current folder, prints what is wrong, and exits with 1 then. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <asl/asl.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, err.message);                \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)
#define OK(call) CHECK((call) == ASL_OK)

enum { SIDE = 16, EACH = 8, LABELS = 2 };
static const char *const labels[LABELS] = {"A", "B"};
static const char *const layers =
    "conv2d 4 k3 p1 bias; relu; max_pool 2; dropout 0.1; global_pool avg; dense classes";
static asl_error err = ASL_ERROR_INIT;
static int calls; /* of callbacks */

/* --- base and backend ---------------------------------------------------------------------- */

static void *take(size_t size, size_t alignment, void *user)
{
    void *memory = NULL;

    (void)user;
    calls++;
    return posix_memalign(&memory, alignment, size) == 0 ? memory : NULL;
}

static void give(void *memory, void *user)
{
    (void)user;
    free(memory);
}

static void use_base(void)
{
    const asl_allocator own = {sizeof own, 0, take, give, NULL};
    size_t current = 1, peak = 0;
    asl_image *image = NULL;

    CHECK(strncmp(asl_version(), "1.", 2) == 0);
    CHECK(strcmp(asl_identity(), "libasl: American Sign Language fingerspelling") == 0);
    CHECK(strcmp(asl_status_name(ASL_ERR_DIVERGED), "ASL_ERR_DIVERGED") == 0);
    CHECK(strcmp(asl_status_text(ASL_OK), "success") == 0);
    CHECK(strcmp(asl_status_name(-12345), "ASL_UNKNOWN") == 0);
    CHECK(asl_cpu_features()[0] != '\0');
    asl_free(NULL);

    OK(asl_set_allocator(&own, &err));
    OK(asl_image_create(&image, SIDE, SIDE, ASL_FORMAT_RGB24, &err));
    asl_memory_usage(&current, &peak);
    CHECK(calls > 0 && current >= SIDE * SIDE * 3 && peak >= current);
    CHECK(asl_set_allocator(NULL, &err) == ASL_ERR_STATE && err.code == ASL_ERR_STATE);
    asl_image_free(image);
    OK(asl_set_allocator(NULL, &err));
}

static void use_backend(void)
{
    asl_backend_info info = {.struct_size = sizeof info};
    int32_t available = 0;

    for (int32_t i = 0; i < asl_backend_count(); i++) {
        OK(asl_backend_get_info(&info, i, &err));
        CHECK(info.name[0] != '\0' && info.description[0] != '\0');
        available += info.available;
    }
    CHECK(available > 0);
    CHECK(asl_backend_get_info(&info, -1, &err) == ASL_ERR_ARG && err.message[0] != '\0');
}

/* --- pictures ------------------------------------------------------------------------------ */

static void paint(asl_image *image, int which)
{
    uint8_t *pixels = asl_image_pixels(image);

    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE * 3; x++)
            pixels[y * SIDE * 3 + x] = (uint8_t)(which % 2 == 0 ? 8 * y + which : 5 * x + which);
    }
}

static void use_image(void)
{
    asl_decode_options options;
    asl_image *image = NULL, *other = NULL;
    asl_image_view view;
    const asl_rect part = {2, 2, 8, 8};
    void *data = NULL;
    size_t size = 0;

    asl_decode_options_init(&options, sizeof options);
    CHECK(options.struct_size == sizeof options && options.max_side == 32768);
    OK(asl_image_create(&image, SIDE, SIDE, ASL_FORMAT_RGB24, &err));
    paint(image, 0);
    view = asl_image_get_view(image);
    CHECK(view.width == SIDE && view.format == ASL_FORMAT_RGB24 && view.stride == SIDE * 3);

    OK(asl_image_encode(&data, &size, &view, ASL_ENCODING_PNG, 0, &err));
    OK(asl_image_decode(&other, data, size, &options, &err));
    CHECK(memcmp(asl_image_pixels(other), view.pixels, SIDE * SIDE * 3) == 0);
    asl_image_free(other);
    CHECK(asl_image_decode(&other, data, size / 2, NULL, &err) == ASL_ERR_TRUNCATED && !other);
    asl_free(data);

    OK(asl_image_save(&view, "picture.jpg", 95, &err));
    OK(asl_image_load(&other, "picture.jpg", NULL, &err));
    asl_image_free(other);
    CHECK(asl_image_load(&other, "none.jpg", NULL, &err) == ASL_ERR_NOT_FOUND);
    OK(asl_image_convert(&other, &view, &part, ASL_FORMAT_GRAY8, &err));
    asl_image_free(other);
    OK(asl_image_resize(&other, &view, NULL, 5, 7, &err));
    CHECK(asl_image_get_view(other).width == 5);
    asl_image_free(other);
    asl_image_free(image);
}

static void use_augmentation(const asl_image_view *view)
{
    static uint8_t pixels[8 * 4 * 3], again[8 * 4 * 3];
    asl_augmentation *augmentation = NULL;
    int32_t negative = -1;

    OK(asl_augmentation_create(&augmentation, "{\"base\": \"strong\", \"negative\": 0}", &err));
    CHECK(strstr(asl_augmentation_text(augmentation), "\"negative\"") != NULL);
    OK(asl_augmentation_apply(pixels, &negative, augmentation, view, 8, 4, 1, 2, 3, &err));
    OK(asl_augmentation_apply(again, NULL, augmentation, view, 8, 4, 1, 2, 3, &err));
    CHECK(negative == 0 && memcmp(pixels, again, sizeof pixels) == 0);
    asl_augmentation_free(augmentation);
    CHECK(asl_augmentation_create(&augmentation, "none so", &err) == ASL_ERR_ARG && !augmentation);
}

/* --- data sets ----------------------------------------------------------------------------- */

static void write_pictures(void)
{
    asl_image *image = NULL;
    char path[64];

    mkdir("data", 0777);
    OK(asl_image_create(&image, SIDE, SIDE, ASL_FORMAT_RGB24, &err));
    for (int i = 0; i < LABELS * EACH; i++) {
        const asl_image_view view = asl_image_get_view(image);

        snprintf(path, sizeof path, "data/%s", labels[i % LABELS]);
        mkdir(path, 0777);
        snprintf(path, sizeof path, "data/%s/%d.png", labels[i % LABELS], i);
        paint(image, i);
        OK(asl_image_save(&view, path, 0, &err));
    }
    asl_image_free(image);
}

static int32_t on_progress(int64_t done, int64_t total, void *user)
{
    *(int64_t *)user = done;
    return done > total;
}

static asl_dataset *packed(const asl_dataset *dataset)
{
    asl_pack_options options;
    asl_dataset *pack = NULL;
    int64_t done = 0;

    asl_pack_options_init(&options, sizeof options);
    options.width = options.height = SIDE;
    options.reuse = 0;
    options.progress = on_progress;
    options.user = &done;
    OK(asl_dataset_pack(&pack, dataset, "data.pack", &options, &err));
    CHECK(done == LABELS * EACH);
    return pack;
}

static void use_mix(const asl_dataset *dataset)
{
    static const char *const names[] = {"here", "there"};
    static const double weights[] = {1.0, 3.0};
    const asl_dataset *const parts[] = {dataset, dataset};
    asl_mix_options options;
    asl_dataset *mix = NULL;
    asl_sample sample = {.struct_size = sizeof sample};

    asl_mix_options_init(&options, sizeof options);
    options.count = 2;
    options.names = names;
    options.weights = weights;
    OK(asl_dataset_mix(&mix, parts, &options, &err));
    CHECK(asl_dataset_count(mix) == 2 * asl_dataset_count(dataset));
    CHECK(asl_dataset_source_count(mix) == 2 && asl_dataset_source_weight(mix, 1) > 2.9);
    CHECK(strcmp(asl_dataset_source_name(mix, 0), "here") == 0);
    OK(asl_dataset_get_sample(&sample, mix, asl_dataset_count(mix) - 1, &err));
    CHECK(sample.source_index == 1);
    asl_dataset_free(mix);
}

static asl_dataset *use_dataset(asl_dataset **validation)
{
    asl_dataset_options options;
    asl_split_options split;
    asl_dataset *whole = NULL, *pack = NULL, *train = NULL;
    asl_sample sample = {.struct_size = sizeof sample};
    asl_issue issue = {.struct_size = sizeof issue};
    asl_image *image = NULL;
    int32_t kind = -1;

    asl_dataset_options_init(&options, sizeof options);
    asl_split_options_init(&split, sizeof split);
    OK(asl_dataset_open(&whole, "data", &options, &err));
    CHECK(asl_dataset_count(whole) == LABELS * EACH && asl_dataset_class_count(whole) == LABELS);
    CHECK(strcmp(asl_dataset_class_name(whole, 1), "B") == 0);
    CHECK(asl_dataset_group_count(whole) == 0 && !asl_dataset_group_name(whole, 0));
    CHECK(asl_dataset_issue_count(whole) == 0);
    CHECK(asl_dataset_get_issue(&issue, whole, 0, &err) == ASL_ERR_ARG);
    OK(asl_dataset_get_sample(&sample, whole, 0, &err));
    CHECK(sample.class_index == 0 && sample.group_index == -1 && sample.path != NULL);
    OK(asl_dataset_load_image(&image, whole, 0, &err));
    asl_image_free(image);
    use_mix(whole);
    pack = packed(whole);
    CHECK(asl_dataset_fingerprint(pack) != 0);
    asl_dataset_free(whole);
    split.kind = ASL_SPLIT_RANDOM;
    split.fraction = 0.25;
    OK(asl_dataset_split(&train, validation, &kind, pack, &split, &err));
    CHECK(strcmp(asl_split_name(kind), "random") == 0);
    CHECK(asl_dataset_count(train) + asl_dataset_count(*validation) == LABELS * EACH);
    asl_dataset_free(pack);
    return train;
}

/* --- models -------------------------------------------------------------------------------- */

static void use_calibration(const asl_model *model)
{
    const float scores[LABELS] = {0.25f, 0.75f};
    asl_calibration calibration;
    asl_save_options options;
    asl_model_info info = {.struct_size = sizeof info};
    asl_model *copy = NULL;

    asl_calibration_init(&calibration, sizeof calibration);
    asl_save_options_init(&options, sizeof options);
    calibration.temperature = 2.0;
    calibration.mirror = ASL_MIRROR_BOTH;
    calibration.looks = 3;
    calibration.crops = 2;
    OK(asl_model_with_calibration(&copy, model, &calibration, &err));
    options.weights = ASL_WEIGHTS_F16;
    OK(asl_model_save_as(copy, "calibrated.safetensors", &options, &err));
    asl_model_free(copy);
    OK(asl_model_load(&copy, "calibrated.safetensors", &err));
    OK(asl_model_get_info(&info, copy, &err));
    CHECK(info.temperature > 1.9 && info.letter_threshold < 0.1 && info.mirror == ASL_MIRROR_BOTH &&
          info.looks == 3 && info.crops == 2);
    CHECK(asl_model_letter_score(copy, scores, LABELS) > 0.9f); /* it has no class "nothing" */
    asl_model_free(copy);
    if (asl_model_builtin(&copy, ASL_BUILTIN_LETTERS, &err) != ASL_OK)
        CHECK(err.code == ASL_ERR_UNSUPPORTED);
    asl_model_free(copy);
}

static asl_model *use_model(void)
{
    asl_model_options options;
    asl_model_info info = {.struct_size = sizeof info};
    asl_layer_info layer = {.struct_size = sizeof layer};
    asl_model *model = NULL, *copy = NULL;
    const float *parameters = NULL;
    size_t count = 0;

    CHECK(asl_preset_count() > 0 && asl_preset_name(0) && asl_preset_description(0));
    CHECK(asl_preset_name(-1) == NULL);
    asl_model_options_init(&options, sizeof options);
    options.width = options.height = SIDE;
    options.label_count = LABELS;
    options.labels = labels;
    options.architecture = layers;
    OK(asl_model_create(&model, "tiny", &options, &err));
    OK(asl_model_get_info(&info, model, &err));
    CHECK(info.label_count == LABELS && info.width == SIDE && info.layer_count == 6);
    for (int32_t i = 0; i < info.layer_count; i++)
        OK(asl_model_get_layer(&layer, model, i, &err));
    CHECK(strcmp(layer.kind, "dense") == 0);
    CHECK(strcmp(asl_model_label(model, 1), "B") == 0);
    CHECK(asl_model_metadata(model, "none") == NULL);
    parameters = asl_model_parameters(&count, model);
    CHECK(count >= (size_t)info.parameter_count);
    OK(asl_model_with_parameters(&copy, model, parameters, count, &err));
    OK(asl_model_save(copy, "model.safetensors", &err));
    asl_model_free(copy);
    asl_model_free(model);
    OK(asl_model_load(&model, "model.safetensors", &err));
    CHECK(asl_model_load_memory(&copy, "no model", 8, &err) < 0 && !copy);
    use_calibration(model);
    return model;
}

/* --- training ------------------------------------------------------------------------------ */

static void on_train_progress(const asl_train_progress *progress, void *user)
{
    (void)user;
    calls += progress->done <= progress->total && progress->struct_size >= 72;
}

static void on_epoch(const asl_epoch_metrics *metrics, void *user)
{
    calls += metrics->epoch >= 1;
    if (metrics->epoch == 1)
        asl_trainer_request_stop(*(asl_trainer **)user);
}

static void on_warning(asl_status code, const char *message, void *user)
{
    (void)user;
    printf("consumer.c: a warning: %s: %s\n", asl_status_name(code), message);
}

static asl_trainer_options train_options(asl_trainer **trainer)
{
    asl_trainer_options options;

    asl_trainer_options_init(&options, sizeof options);
    options.epochs = 2;
    options.batch_size = 4;
    options.threads = 1;
    options.checkpoint = "run.ckpt";
    options.average = 0.9;
    options.on_progress = on_train_progress;
    options.on_epoch = on_epoch;
    options.on_warning = on_warning;
    options.user = trainer;
    return options;
}

static asl_model *use_trainer(const asl_model *model, const asl_dataset *train,
                              const asl_dataset *validation)
{
    asl_trainer *trainer = NULL;
    asl_trainer_options options = train_options(&trainer);
    asl_epoch_metrics metrics = {.struct_size = sizeof metrics};
    asl_model *last = NULL, *best = NULL;

    calls = 0;
    OK(asl_trainer_create(&trainer, model, train, validation, &options, &err));
    CHECK(strlen(asl_trainer_backend(trainer)) > 0);
    CHECK(asl_trainer_get_best_model(&best, trainer, &err) == ASL_ERR_STATE && !best);
    CHECK(asl_trainer_run(trainer, &err) == ASL_STOPPED && calls >= 2);
    OK(asl_trainer_save_checkpoint(trainer, "other.ckpt", &err));
    asl_trainer_free(trainer);
    OK(asl_trainer_resume(&trainer, "run.ckpt", train, validation, &options, &err));
    OK(asl_trainer_run(trainer, &err));
    CHECK(asl_trainer_epoch_count(trainer) == 2);
    OK(asl_trainer_get_epoch(&metrics, trainer, 1, &err));
    CHECK(metrics.epoch == 2 && isfinite(metrics.val_loss));
    CHECK(fabs(metrics.val_source_accuracy - asl_trainer_source_accuracy(trainer, 1, 0)) < 1e-9);
    OK(asl_trainer_get_options(&options, trainer, &err));
    CHECK(options.batch_size == 4 && options.ranks == 1 && options.average > 0.8);
    OK(asl_trainer_get_model(&last, trainer, &err));
    OK(asl_trainer_get_best_model(&best, trainer, &err));
    asl_model_free(last);
    asl_trainer_free(trainer);
    return best;
}

/* --- recognition --------------------------------------------------------------------------- */

static void use_profile(asl_inferer *inferer, const asl_image_view *view)
{
    asl_profile *profile = NULL;
    asl_layer_time time = {.struct_size = sizeof time};

    OK(asl_inferer_profile(&profile, inferer, view, 2, &err));
    for (int32_t i = 0; i < asl_profile_count(profile); i++)
        OK(asl_profile_get(&time, profile, i, &err));
    CHECK(time.name && time.method && time.nanoseconds >= 0);
    asl_profile_free(profile);
}

static void use_evaluation(asl_inferer *inferer, const asl_dataset *dataset)
{
    asl_evaluate_options options;
    asl_evaluation_info info = {.struct_size = sizeof info};
    asl_evaluation_result result = {.struct_size = sizeof result};
    asl_issue issue = {.struct_size = sizeof issue};
    asl_evaluation *evaluation = NULL;
    const int64_t *confusion = NULL;
    int64_t sum = 0, done = 0;

    asl_evaluate_options_init(&options, sizeof options);
    options.progress = on_progress;
    options.user = &done;
    OK(asl_inferer_evaluate(&evaluation, inferer, dataset, &options, &err));
    OK(asl_evaluation_get_info(&info, evaluation, &err));
    confusion = asl_evaluation_confusion(evaluation);
    for (int i = 0; i < LABELS * LABELS; i++)
        sum += confusion[i];
    CHECK(sum == info.count && info.count == asl_dataset_count(dataset) && done == sum);
    CHECK(asl_evaluation_get_group(NULL, NULL, NULL, evaluation, 0, &err) == ASL_ERR_ARG);
    CHECK(asl_evaluation_get_issue(&issue, evaluation, 0, &err) == ASL_ERR_ARG);
    OK(asl_evaluation_get_source(NULL, &done, &sum, evaluation, 0, &err));
    CHECK(done == info.count && sum == info.correct && info.source_count == 1);
    OK(asl_evaluation_get_result(&result, evaluation, info.count - 1, &err));
    CHECK(result.truth >= 0 && result.predicted < LABELS && result.path != NULL);
    CHECK(fabsf(result.scores[0] + result.scores[1] - 1.0f) < 1e-5f);
    asl_evaluation_free(evaluation);
}

static void use_inferer(const asl_model *model, const asl_dataset *dataset)
{
    asl_inferer_options options;
    asl_inferer *inferer = NULL;
    asl_image *image = NULL;
    asl_image_view views[3];
    float scores[3 * LABELS], logits[LABELS];

    asl_inferer_options_init(&options, sizeof options);
    options.threads = 2;
    options.batch_size = 2;
    OK(asl_inferer_create(&inferer, model, &options, &err));
    CHECK(strlen(asl_inferer_backend(inferer)) > 0);
    OK(asl_dataset_load_image(&image, dataset, 0, &err));
    views[0] = views[1] = views[2] = asl_image_get_view(image);
    OK(asl_inferer_classify_batch(scores, 3 * LABELS, inferer, views, 3, &err));
    OK(asl_inferer_logits(logits, LABELS, inferer, views, NULL, &err));
    OK(asl_inferer_classify(scores, LABELS, inferer, views, NULL, &err));
    CHECK(fabsf(scores[0] + scores[1] - 1.0f) < 1e-5f);
    CHECK((scores[0] > scores[1]) == (logits[0] > logits[1]));
    CHECK(asl_inferer_classify(scores, 9, inferer, views, NULL, &err) == ASL_ERR_ARG);
    CHECK(asl_inferer_mirror(inferer) == ASL_MIRROR_OFF);
    asl_inferer_reset(inferer);
    use_profile(inferer, views);
    use_evaluation(inferer, dataset);
    asl_image_free(image);
    asl_inferer_free(inferer);
}

static void use_finder(const asl_image_view *view)
{
    static const char *const places[] = {"none", "x500y500s500"};
    asl_model_options of_model;
    asl_finder_options options;
    asl_model *model = NULL;
    asl_finder *finder = NULL;
    asl_hand hand = {.struct_size = sizeof hand};

    asl_model_options_init(&of_model, sizeof of_model);
    of_model.width = of_model.height = SIDE;
    of_model.label_count = 2;
    of_model.labels = places;
    OK(asl_model_create(&model, "tiny", &of_model, &err));
    asl_finder_options_init(&options, sizeof options);
    options.threshold = 0.0;
    OK(asl_finder_create(&finder, model, &options, &err));
    CHECK(strlen(asl_finder_backend(finder)) > 0);
    OK(asl_finder_find(&hand, finder, view, NULL, &err));
    CHECK(hand.found == 1 && hand.box.width == hand.box.height && hand.box.width <= SIDE);
    asl_finder_free(finder);
    asl_model_free(model);
}

/* --- text ---------------------------------------------------------------------------------- */

/* Both kinds of speller: by names and by model. Signs A for two seconds. */
static void use_speller_input(const asl_model *model)
{
    const float scores[LABELS] = {0.97f, 0.03f};
    asl_speller_options options;
    asl_speller_hints hints = {.struct_size = sizeof hints};
    asl_speller_event event = {.struct_size = sizeof event};
    asl_speller *speller = NULL;
    int written = 0;

    asl_speller_options_init(&options, sizeof options);
    OK(asl_speller_options_preset(&options, ASL_SPELLER_HMM, ASL_SPELLER_FLUENT, &err));
    OK(asl_speller_create_for_model(&speller, model, &options, &err));
    for (int64_t frame = 0; frame < 60; frame++) {
        OK(asl_speller_push(speller, scores, LABELS, frame * 33333333, &hints, &err));
        for (int32_t i = 0; i < asl_speller_event_count(speller); i++) {
            OK(asl_speller_get_event(&event, speller, i, &err));
            written += event.kind == ASL_SPELLER_COMMIT && strcmp(event.text, "A") == 0;
        }
    }
    CHECK(written == 1 && strcmp(asl_speller_text(NULL, speller), "A") == 0);
    CHECK(asl_speller_belief(speller)[0] > 0.9);
    asl_speller_reset(speller);
    CHECK(asl_speller_text(NULL, speller)[0] == '\0');
    asl_speller_free(speller);
}

static void use_speller_text(const asl_image_view *view)
{
    static const char words[] = "AB 10\nABBA 5\n";
    asl_speller *speller = NULL;
    int64_t used = 0, skipped = 0;
    double motion = -1.0;
    size_t size = 0;

    OK(asl_speller_create(&speller, labels, LABELS, NULL, &err));
    OK(asl_speller_look(&motion, speller, view, NULL, &err));
    CHECK(motion == 0.0);
    OK(asl_speller_set_words(&used, &skipped, speller, words, sizeof words - 1, &err));
    CHECK(used == 2 && skipped == 0);
    CHECK(asl_speller_load_words(NULL, NULL, speller, "none.txt", &err) == ASL_ERR_NOT_FOUND);
    OK(asl_speller_insert(speller, "ABB", &err));
    CHECK(asl_speller_suggestion_count(speller) > 0 && asl_speller_suggestion(speller, 0));
    OK(asl_speller_apply_suggestion(speller, 0, &err));
    asl_speller_text(&size, speller);
    CHECK(size > 2);
    OK(asl_speller_backspace(speller, &err));
    CHECK(strcmp(asl_speller_text(NULL, speller), "ABB") == 0);
    OK(asl_speller_clear(speller, &err));
    asl_speller_free(speller);
}

int main(void)
{
    asl_dataset *train = NULL, *validation = NULL;
    asl_model *model = NULL, *best = NULL;
    asl_image *image = NULL;
    asl_image_view view;
    size_t current = 1;

    use_base();
    use_backend();
    use_image();
    write_pictures();
    train = use_dataset(&validation);
    model = use_model();
    best = use_trainer(model, train, validation);
    use_inferer(best, validation);
    use_speller_input(best);
    OK(asl_dataset_load_image(&image, train, 0, &err));
    view = asl_image_get_view(image);
    use_augmentation(&view);
    use_finder(&view);
    use_speller_text(&view);
    asl_image_free(image);
    asl_model_free(best);
    asl_model_free(model);
    asl_dataset_free(validation);
    asl_dataset_free(train);
    asl_memory_usage(&current, NULL);
    CHECK(current == 0);
    puts("the interface of 1.0 works");
    return 0;
}
