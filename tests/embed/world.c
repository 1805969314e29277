/* SPDX-License-Identifier: MIT */
/* See world.h. */
#include "embed/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "embed/host.h"

static const char *const labels[WORLD_CLASSES] = {"A", "B", "nothing"};

/* Leaves the function at the first failure, with everything freed behind `end`. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        status = (call);                                                                           \
        if (status < 0)                                                                            \
            goto end;                                                                              \
    } while (0)

uint64_t world_hash(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
    return hash;
}

asl_image_view world_draw(uint8_t pixels[WORLD_FRAME], int32_t label, uint64_t number)
{
    static const uint8_t colours[WORLD_CLASSES][3] = {{220, 60, 40}, {40, 70, 210}, {90, 95, 90}};
    uint64_t state = 12345 + number * 2654435761u + (uint64_t)label;
    for (int i = 0; i < WORLD_FRAME; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        pixels[i] = (uint8_t)(colours[label][i % 3] + (int)(state >> 62) - 2);
    }
    return (asl_image_view){.pixels = pixels,
                            .width = WORLD_WIDTH,
                            .height = WORLD_HEIGHT,
                            .stride = WORLD_WIDTH * 3,
                            .format = ASL_FORMAT_RGB24};
}

static void make_folder(const char *path)
{
    REQUIRE(mkdir(path, 0777) == 0 || errno == EEXIST, "cannot make '%s'", path);
}

void world_make_pictures(void)
{
    enum { PER_CLASS = 12 };
    asl_error err = ASL_ERROR_INIT;
    uint8_t pixels[WORLD_FRAME];
    char path[256];
    make_folder("pictures");
    for (int32_t label = 0; label < WORLD_CLASSES; label++) {
        snprintf(path, sizeof path, "pictures/%s", labels[label]);
        make_folder(path);
        for (int i = 0; i < PER_CLASS; i++) {
            snprintf(path, sizeof path, "pictures/%s/%02d.%s", labels[label], i,
                     i % 2 ? "jpg" : "png");
            if (access(path, F_OK) == 0)
                continue;
            const asl_image_view view = world_draw(pixels, label, (uint64_t)i + 1000);
            CALL(asl_image_save(&view, path, 0, &err), &err);
        }
    }
}

static asl_status make_model(asl_model **out, const char *const *names, asl_error *err)
{
    asl_model_options options;
    asl_model_options_init(&options, sizeof options);
    options.width = options.height = 16;
    options.labels = names;
    options.label_count = WORLD_CLASSES;
    options.architecture = "conv2d 8 k3 p1; batch_norm; relu; max_pool 2; conv2d 8 k3; relu; "
                           "dropout 0.1; global_pool both; dense classes";
    options.seed = 7;
    return asl_model_create(out, "tiny", &options, err);
}

asl_model *world_new_model(void)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    CALL(make_model(&model, labels, &err), &err);
    return model;
}

static asl_trainer_options train_options(int32_t epochs, int32_t threads)
{
    asl_trainer_options options;
    asl_trainer_options_init(&options, sizeof options);
    options.epochs = epochs;
    options.batch_size = 6;
    options.learning_rate = 0.01;
    options.threads = threads;
    options.checkpoint = "work.checkpoint";
    return options;
}

/* Some epochs of varied pictures, and after a resume as many again. */
static asl_status train(asl_model **out, const asl_model *start, const asl_dataset *data,
                        const asl_dataset *validation, int32_t threads, asl_error *err)
{
    asl_trainer_options options = train_options(10, threads);
    asl_augmentation *augmentation = NULL;
    asl_trainer *trainer = NULL;
    asl_status status;
    TRY(asl_augmentation_create(&augmentation, "{\"rotation\": 2.5, \"jpeg\": 0.1}", err));
    options.augmentation = augmentation;
    options.average = 0.9;
    TRY(asl_trainer_create(&trainer, start, data, validation, &options, err));
    TRY(asl_trainer_run(trainer, err));
    asl_trainer_free(trainer);
    options.epochs = 20;
    TRY(asl_trainer_resume(&trainer, "work.checkpoint", data, validation, &options, err));
    TRY(asl_trainer_run(trainer, err));
    TRY(asl_trainer_get_model(out, trainer, err));
end:
    asl_trainer_free(trainer);
    asl_augmentation_free(augmentation);
    return status;
}

/* One letter or none for two thirds of a second. */
static asl_status hold(world_result *out, asl_inferer *inferer, asl_speller *speller, int32_t label,
                       int64_t *time_ns, asl_error *err)
{
    uint8_t pixels[WORLD_FRAME];
    float scores[WORLD_CLASSES];
    asl_status status = ASL_OK;
    for (int i = 0; i < 20; i++) {
        const asl_image_view view = world_draw(pixels, label, (uint64_t)*time_ns);
        TRY(asl_inferer_classify(scores, WORLD_CLASSES, inferer, &view, NULL, err));
        TRY(asl_speller_look(NULL, speller, &view, NULL, err));
        TRY(asl_speller_push(speller, scores, WORLD_CLASSES, *time_ns, NULL, err));
        out->scores = world_hash(out->scores, scores, sizeof scores);
        *time_ns += 33333333;
    }
end:
    return status;
}

static asl_status spell(world_result *out, asl_inferer *inferer, const asl_model *model,
                        asl_error *err)
{
    static const int32_t film[] = {2, 0, 2, 1, 2, 0, 2};
    static const char words[] = "ABA 100\nAB 50\nBABA 7\n";
    asl_speller *speller = NULL;
    int64_t time_ns = 0;
    asl_status status;
    TRY(asl_speller_create_for_model(&speller, model, NULL, err));
    TRY(asl_speller_set_words(NULL, NULL, speller, words, sizeof words - 1, err));
    out->scores = WORLD_HASH;
    for (size_t i = 0; i < sizeof film / sizeof film[0]; i++)
        TRY(hold(out, inferer, speller, film[i], &time_ns, err));
    snprintf(out->text, sizeof out->text, "%s", asl_speller_text(NULL, speller));
end:
    asl_speller_free(speller);
    return status;
}

/* A finder that has learned nothing finds something all the same. */
static asl_status find(world_result *out, int32_t threads, asl_error *err)
{
    static const char *const places[] = {"none", "x250y500s500", "x750y500s500"};
    uint8_t pixels[WORLD_FRAME];
    const asl_image_view view = world_draw(pixels, 0, 5);
    asl_inferer_options inferer;
    asl_finder_options options;
    asl_finder *finder = NULL;
    asl_model *model = NULL;
    asl_hand hand = {.struct_size = sizeof hand};
    asl_status status;
    asl_inferer_options_init(&inferer, sizeof inferer);
    asl_finder_options_init(&options, sizeof options);
    inferer.threads = threads;
    options.inferer = &inferer;
    options.threshold = 0.0;
    TRY(make_model(&model, places, err));
    TRY(asl_finder_create(&finder, model, &options, err));
    TRY(asl_finder_find(&hand, finder, &view, NULL, err));
    out->scores = world_hash(out->scores, &hand.box, sizeof hand.box);
end:
    asl_finder_free(finder);
    asl_model_free(model);
    return status;
}

static asl_status use(world_result *out, const asl_model *model, const asl_dataset *data,
                      int32_t threads, asl_error *err)
{
    asl_inferer_options options;
    asl_evaluate_options how;
    asl_evaluation_info info = {.struct_size = sizeof info};
    asl_inferer *inferer = NULL;
    asl_evaluation *evaluation = NULL;
    asl_status status;
    asl_inferer_options_init(&options, sizeof options);
    asl_evaluate_options_init(&how, sizeof how);
    options.threads = how.threads = threads;
    options.batch_size = 4;
    TRY(asl_inferer_create(&inferer, model, &options, err));
    TRY(asl_inferer_evaluate(&evaluation, inferer, data, &how, err));
    TRY(asl_evaluation_get_info(&info, evaluation, err));
    out->correct = info.correct;
    TRY(spell(out, inferer, model, err));
    TRY(find(out, threads, err));
end:
    asl_evaluation_free(evaluation);
    asl_inferer_free(inferer);
    return status;
}

static asl_status save_and_load(asl_model **model, world_result *out, asl_error *err)
{
    char buffer[4096];
    asl_model *trained = *model;
    asl_calibration calibration;
    asl_status status;
    asl_calibration_init(&calibration, sizeof calibration);
    calibration.temperature = 1.0625;
    status = asl_model_with_calibration(model, trained, &calibration, err);
    asl_model_free(trained);
    TRY(status);
    TRY(asl_model_save(*model, "work.safetensors", err));
    asl_model_free(*model);
    TRY(asl_model_load(model, "work.safetensors", err));
    FILE *file = fopen("work.safetensors", "rb");
    out->model = WORLD_HASH;
    for (size_t got; file && (got = fread(buffer, 1, sizeof buffer, file)) > 0;)
        out->model = world_hash(out->model, buffer, got);
    if (file)
        fclose(file);
end:
    return status;
}

asl_status world_work(world_result *out, int32_t threads, asl_error *err)
{
    asl_dataset *pictures = NULL, *packed = NULL, *mix = NULL, *learn = NULL, *validation = NULL;
    asl_model *start = NULL, *trained = NULL;
    asl_pack_options pack;
    asl_mix_options whole;
    asl_status status;
    asl_mix_options_init(&whole, sizeof whole);
    whole.count = 1;
    asl_pack_options_init(&pack, sizeof pack);
    pack.width = pack.height = 16;
    pack.threads = threads;
    pack.reuse = 0;
    memset(out, 0, sizeof *out);
    TRY(make_model(&start, labels, err));
    TRY(asl_dataset_open(&pictures, "pictures", NULL, err));
    TRY(asl_dataset_pack(&packed, pictures, "work.pack", &pack, err));
    out->packed = asl_dataset_fingerprint(packed);
    TRY(asl_dataset_mix(&mix, (const asl_dataset *[]){packed}, &whole, err));
    TRY(asl_dataset_split(&learn, &validation, NULL, mix, NULL, err));
    TRY(train(&trained, start, learn, validation, threads, err));
    TRY(save_and_load(&trained, out, err));
    TRY(use(out, trained, pictures, threads, err));
end:
    asl_model_free(trained);
    asl_model_free(start);
    asl_dataset_free(validation);
    asl_dataset_free(learn);
    asl_dataset_free(mix);
    asl_dataset_free(packed);
    asl_dataset_free(pictures);
    return status;
}

world_result world_work_well(int32_t threads)
{
    asl_error err = ASL_ERROR_INIT;
    world_result result;
    world_make_pictures();
    CALL(world_work(&result, threads, &err), &err);
    REQUIRE(strcmp(result.text, "ABA") == 0, "the text is '%s', not 'ABA'", result.text);
    return result;
}

void world_require_equal(const world_result *a, const world_result *b, const char *what)
{
    REQUIRE(a->packed == b->packed, "%s: packed another way", what);
    REQUIRE(a->model == b->model, "%s: learned another way", what);
    REQUIRE(a->scores == b->scores, "%s: other scores", what);
    REQUIRE(a->correct == b->correct, "%s: another evaluation", what);
    REQUIRE(strcmp(a->text, b->text) == 0, "%s: '%s' and '%s'", what, a->text, b->text);
}

asl_model *world_trained_model(void)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    if (access("work.safetensors", F_OK) != 0)
        world_work_well(1);
    CALL(asl_model_load(&model, "work.safetensors", &err), &err);
    return model;
}
