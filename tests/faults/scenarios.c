/* SPDX-License-Identifier: MIT */
#include "scenarios.h"

#include "support/support.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/train/blobs.h"

enum { SIDE = 16, PER_CLASS = 3, SCORES = BLOBS_CLASSES };

/* FNV-1a. */
static uint64_t mix(uint64_t sum, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ bytes[i]) * 0x100000001b3;
    return sum;
}

#define SUM_START 0xcbf29ce484222325

/* Notes the outcome of a call; whether the errand goes on. */
static bool went(outcome *out, asl_status status)
{
    if (status < 0 && out->status >= 0)
        out->status = status;
    out->notes += status == ASL_PARTIAL;
    return status >= 0;
}

static void note_warning(asl_status code, const char *message, void *user)
{
    (void)message;
    (void)code;
    ((outcome *)user)->notes++;
}

static void add_model(outcome *out, const asl_model *model)
{
    const uint64_t weights = blobs_hash(model);
    out->sum = mix(out->sum, &weights, sizeof weights);
}

static void add_file(outcome *out, const char *path)
{
    char block[4096];
    FILE *file = fopen(path, "rb");
    if (!file)
        return;
    for (size_t got; (got = fread(block, 1, sizeof block, file)) > 0;)
        out->sum = mix(out->sum, block, got);
    fclose(file);
}

/* ---- Pictures and data sets ---- */

static void open_picture(outcome *out, const char *path)
{
    asl_image *image = NULL;
    if (went(out, asl_image_load(&image, path, NULL, &out->err))) {
        const asl_image_view view = asl_image_get_view(image);
        for (int32_t y = 0; y < view.height; y++)
            out->sum = mix(out->sum, view.pixels + y * view.stride, (size_t)view.width * 3);
    }
    asl_image_free(image);
}

static void open_pictures(outcome *out)
{
    open_picture(out, "in/photo.png");
    if (out->status >= 0)
        open_picture(out, "in/photo.jpg");
}

static bool open_data(asl_dataset **data, outcome *out, const char *path)
{
    if (!went(out, asl_dataset_open(data, path, NULL, &out->err)))
        return false;
    out->notes += asl_dataset_issue_count(*data);
    return true;
}

static void add_data(outcome *out, const asl_dataset *data)
{
    const uint64_t fingerprint = asl_dataset_fingerprint(data);
    out->sum = mix(out->sum, &fingerprint, sizeof fingerprint);
}

static void open_from(outcome *out, const char *path)
{
    asl_dataset *data = NULL;
    if (open_data(&data, out, path))
        add_data(out, data);
    asl_dataset_free(data);
}

static void open_folder(outcome *out)
{
    open_from(out, "in/blobs");
}

static void open_csv(outcome *out)
{
    open_from(out, "in/blobs/data.csv");
}

static void pack(outcome *out)
{
    asl_dataset *data = NULL, *packed = NULL;
    asl_pack_options options;
    asl_pack_options_init(&options, sizeof options);
    options.width = options.height = SIDE;
    options.threads = 2;
    if (open_data(&data, out, "in/blobs") &&
        went(out, asl_dataset_pack(&packed, data, "out/blobs.pack", &options, &out->err))) {
        out->notes += asl_dataset_issue_count(packed);
        add_data(out, packed);
        add_file(out, "out/blobs.pack");
    }
    asl_dataset_free(packed);
    asl_dataset_free(data);
}

/* ---- Training ---- */

static void train_options(asl_trainer_options *options, outcome *out)
{
    asl_trainer_options_init(options, sizeof *options);
    options->epochs = 2;
    options->batch_size = 4;
    options->seed = 3;
    options->threads = 2;
    options->isa = "c";
    options->checkpoint = "out/run.ckpt";
    options->on_warning = note_warning;
    options->user = out;
}

static void finish_training(outcome *out, asl_trainer *trainer)
{
    asl_model *model = NULL;
    if (went(out, asl_trainer_run(trainer, &out->err)) &&
        went(out, asl_trainer_get_model(&model, trainer, &out->err)))
        add_model(out, model);
    asl_model_free(model);
}

static void train(outcome *out)
{
    asl_dataset *data = NULL;
    asl_model *model = NULL;
    asl_trainer *trainer = NULL;
    asl_trainer_options options;
    train_options(&options, out);
    if (open_data(&data, out, "in/blobs.pack") &&
        went(out, asl_model_load(&model, "in/start.safetensors", &out->err)) &&
        went(out, asl_trainer_create(&trainer, model, data, data, &options, &out->err)))
        finish_training(out, trainer);
    asl_trainer_free(trainer);
    asl_model_free(model);
    asl_dataset_free(data);
}

static void resume(outcome *out)
{
    asl_dataset *data = NULL;
    asl_trainer *trainer = NULL;
    asl_trainer_options options;
    train_options(&options, out);
    if (open_data(&data, out, "in/blobs.pack") &&
        went(out,
             asl_trainer_resume(&trainer, "in/half.ckpt", data, data, &options, &out->err)))
        finish_training(out, trainer);
    asl_trainer_free(trainer);
    asl_dataset_free(data);
}

/* ---- Models ---- */

static void load(outcome *out)
{
    asl_model *model = NULL;
    if (went(out, asl_model_load(&model, "in/start.safetensors", &out->err)))
        add_model(out, model);
    asl_model_free(model);
}

static void save(outcome *out)
{
    asl_model *model = NULL;
    if (went(out, asl_model_load(&model, "in/start.safetensors", &out->err)) &&
        went(out, asl_model_save(model, "out/saved.safetensors", &out->err)))
        add_file(out, "out/saved.safetensors");
    asl_model_free(model);
}

static bool bind(asl_inferer **inferer, asl_model **model, outcome *out, const char *backend,
                 const char *isa)
{
    asl_inferer_options options;
    asl_inferer_options_init(&options, sizeof options);
    options.threads = 2;
    options.backend = backend;
    options.isa = isa;
    return went(out, asl_model_load(model, "in/start.safetensors", &out->err)) &&
           went(out, asl_inferer_create(inferer, *model, &options, &out->err));
}

static void classify(outcome *out, const char *backend, const char *isa)
{
    asl_model *model = NULL;
    asl_inferer *inferer = NULL;
    uint8_t pixels[SIDE * SIDE * 3];
    float scores[SCORES];
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 7);
    const asl_image_view view = {pixels, SIDE, SIDE, SIDE * 3, ASL_FORMAT_RGB24, 0};
    if (bind(&inferer, &model, out, backend, isa) &&
        went(out, asl_inferer_classify(scores, SCORES, inferer, &view, NULL, &out->err)))
        out->sum = mix(out->sum, scores, sizeof scores);
    asl_inferer_free(inferer);
    asl_model_free(model);
}

static void infer(outcome *out)
{
    classify(out, "cpu", "auto");
}

static void plan_reference(outcome *out)
{
    classify(out, "reference", NULL);
}

static void plan_c(outcome *out)
{
    classify(out, "cpu", "c");
}

#if defined(__x86_64__)
/* Levels that this machine lacks are refused, with or without faults. */
static void plan_avx2(outcome *out)
{
    classify(out, "cpu", "avx2");
}

static void plan_avx512(outcome *out)
{
    classify(out, "cpu", "avx512");
}

static void plan_amx(outcome *out)
{
    classify(out, "cpu", "amx");
}
#endif

static void evaluate(outcome *out)
{
    asl_model *model = NULL;
    asl_inferer *inferer = NULL;
    asl_dataset *data = NULL;
    asl_evaluation *evaluation = NULL;
    asl_evaluate_options options;
    asl_evaluate_options_init(&options, sizeof options);
    options.threads = 2;
    if (bind(&inferer, &model, out, "cpu", "c") && open_data(&data, out, "in/blobs") &&
        went(out, asl_inferer_evaluate(&evaluation, inferer, data, &options, &out->err))) {
        const int64_t *confusion = asl_evaluation_confusion(evaluation);
        out->sum = mix(out->sum, confusion, sizeof *confusion * SCORES * SCORES);
        asl_evaluation_info info = {.struct_size = sizeof info};
        asl_evaluation_get_info(&info, evaluation, NULL);
        out->notes += info.issue_count;
    }
    asl_evaluation_free(evaluation);
    asl_dataset_free(data);
    asl_inferer_free(inferer);
    asl_model_free(model);
}

/* ---- Spelling ---- */

static void spell(outcome *out)
{
    enum { FRAMES = 120 };
    static const char *const labels[] = {"A", "B", "nothing"};
    asl_speller *speller = NULL;
    int64_t used = 0, skipped = 0;
    if (went(out, asl_speller_create(&speller, labels, 3, NULL, &out->err)) &&
        went(out, asl_speller_load_words(&used, &skipped, speller, "in/words.txt", &out->err))) {
        for (int64_t i = 0; i < FRAMES; i++) {
            const int64_t turn = i / 30 % 3;
            const float scores[3] = {turn == 0 ? 0.9F : 0.05F, turn == 1 ? 0.9F : 0.05F,
                                     turn == 2 ? 0.9F : 0.05F};
            if (!went(out, asl_speller_push(speller, scores, 3, i * 33333333, NULL, &out->err)))
                break;
        }
        size_t size = 0;
        const char *text = asl_speller_text(&size, speller);
        out->sum = mix(out->sum, text, size);
        out->sum = mix(out->sum, &used, sizeof used);
    }
    asl_speller_free(speller);
}

const scenario scenarios[] = {
    {"open pictures", open_pictures},
    {"open a folder", open_folder},
    {"open a CSV", open_csv},
    {"pack", pack},
    {"train", train},
    {"resume", resume},
    {"save", save},
    {"load", load},
    {"infer", infer},
    {"evaluate", evaluate},
    {"spell", spell},
    {"plan: reference", plan_reference},
    {"plan: c", plan_c},
#if defined(__x86_64__)
    {"plan: avx2", plan_avx2},
    {"plan: avx512", plan_avx512},
    {"plan: amx", plan_amx},
#endif
    {NULL, NULL},
};

/* ---- Files ---- */

static void make_photos(void)
{
    asl_error err = ASL_ERROR_INIT;
    uint8_t pixels[SIDE * SIDE * 3];
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * i / 5);
    const asl_image_view view = {pixels, SIDE, SIDE, SIDE * 3, ASL_FORMAT_RGB24, 0};
    assert_ok(asl_image_save(&view, "in/photo.png", 0, &err), &err);
    assert_ok(asl_image_save(&view, "in/photo.jpg", 90, &err), &err);
}

/* A run that is interrupted after its first epoch. */
static void make_checkpoint(void)
{
    outcome out = {.err = ASL_ERROR_INIT};
    asl_dataset *data = blobs_open("in/blobs.pack");
    asl_model *model = blobs_model();
    asl_trainer *trainer = NULL;
    asl_trainer_options options;
    train_options(&options, &out);
    options.checkpoint = NULL;
    options.epochs = 1;
    assert_ok(asl_trainer_create(&trainer, model, data, data, &options, &out.err), &out.err);
    assert_ok(asl_trainer_run(trainer, &out.err), &out.err);
    assert_ok(asl_trainer_save_checkpoint(trainer, "in/half.ckpt", &out.err), &out.err);
    asl_trainer_free(trainer);
    asl_model_free(model);
    asl_dataset_free(data);
}

void scenarios_prepare(void)
{
    static const char words[] = "AB 5\nBAA 2\nABBA\n";
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *data = NULL, *packed = NULL;
    asl_model *model = blobs_model();
    asl_pack_options options;
    test_make_folder("in");
    test_make_folder("out");
    blobs_make("in/blobs", PER_CLASS, SIDE, 5, true);
    data = blobs_open("in/blobs");
    asl_pack_options_init(&options, sizeof options);
    options.width = options.height = SIDE;
    assert_ok(asl_dataset_pack(&packed, data, "in/blobs.pack", &options, &err), &err);
    assert_ok(asl_model_save(model, "in/start.safetensors", &err), &err);
    test_write_file("in/words.txt", words, sizeof words - 1);
    make_photos();
    asl_dataset_free(packed);
    asl_dataset_free(data);
    asl_model_free(model);
    make_checkpoint();
}

void scenarios_clean(void)
{
    test_make_folder("out");
}

static uint64_t sum_of_folder(const char *path)
{
    struct dirent **entries = NULL;
    const int count = scandir(path, &entries, NULL, alphasort);
    outcome out = {.sum = SUM_START};
    for (int i = 0; i < count; i++) {
        char inner[1024];
        struct stat info;
        snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
        out.sum = mix(out.sum, entries[i]->d_name, strlen(entries[i]->d_name));
        if (entries[i]->d_name[0] != '.' && stat(inner, &info) == 0) {
            if (S_ISDIR(info.st_mode))
                out.sum ^= sum_of_folder(inner) * 31;
            else
                add_file(&out, inner);
        }
        free(entries[i]);
    }
    free(entries);
    return out.sum;
}

uint64_t scenarios_inputs(void)
{
    return sum_of_folder("in");
}
