/* SPDX-License-Identifier: MIT */
/* What the measurements work on: pictures, a model file, a packed data set. See bench.h. */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "common/data.h"
#include "common/files.h"

/* splitmix64: Steele, Lea & Flood 2014. */
static uint64_t random_bits(uint64_t number)
{
    uint64_t z = number * 0x9e3779b97f4a7c15u + 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Patches with a little noise on them: a JPEG of it takes about as long as one of a hand. */
asl_image *random_picture(int32_t width, int32_t height, uint64_t number)
{
    enum { PATCH = 16 };
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = NULL;
    if (asl_image_create(&image, width, height, ASL_FORMAT_RGB24, &err) < 0)
        exit(cli_fail(&err));
    uint8_t *pixel = asl_image_pixels(image);
    for (int32_t y = 0; y < height; y++) {
        for (int32_t x = 0; x < width; x++, pixel += 3) {
            const uint64_t place = (uint64_t)(y / PATCH * 4096 + x / PATCH);
            const uint64_t color = random_bits(number << 24 | place);
            const uint64_t noise = random_bits(color + (uint64_t)(y % PATCH * PATCH + x % PATCH));
            for (int c = 0; c < 3; c++)
                pixel[c] = (uint8_t)((color >> 8 * c & 0xef) + (noise >> 8 * c & 0xf));
        }
    }
    return image;
}

/* Not with asl_image_save(), which waits for the disk each time. */
static int save_picture(const char *path, int32_t width, int32_t height, uint64_t number)
{
    asl_error err = ASL_ERROR_INIT;
    void *data = NULL;
    size_t size = 0;
    asl_image *image = random_picture(width, height, number);
    const asl_image_view view = asl_image_get_view(image);
    const asl_status status = asl_image_encode(&data, &size, &view, ASL_ENCODING_JPEG, 90, &err);
    asl_image_free(image);
    if (status < 0)
        return cli_fail(&err);
    FILE *file = fopen(path, "wbe");
    bool written = file && fwrite(data, 1, size, file) == size;
    if (file && fclose(file) != 0)
        written = false;
    if (!written)
        cli_error("cannot write '%s': %s", path, strerror(errno));
    asl_free(data);
    return written ? CLI_OK : CLI_FAILED;
}

/* ---- Model ---- */

static int make_model(asl_model **out, const settings *s)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model_options options;
    asl_model_options_init(&options, sizeof options);
    options.width = options.height = s->size;
    if (asl_model_create(out, s->preset, &options, &err) < 0 ||
        asl_model_save(*out, s->model, &err) < 0)
        return cli_fail(&err);
    return CLI_OK;
}

/* From the library's line, "ENGINE [WHAT IT USES] [PRECISION] (WHY)". fp32 is not named. */
static void take_engine(results *r)
{
    static const char *const precisions[] = {"fp32", "tf32", "bf16"};
    sscanf(r->backend, "%31s", r->engine);
    if (strcmp(r->engine, "cpu") == 0)
        sscanf(r->backend, "%*s %31[a-z0-9_]", r->isa);
    for (size_t i = 0; i < sizeof precisions / sizeof *precisions; i++) {
        char words[16];
        snprintf(words, sizeof words, " %s (", precisions[i]);
        if (i == 0 || strstr(r->backend, words))
            snprintf(r->precision, sizeof r->precision, "%s", precisions[i]);
    }
}

static int take_facts(results *r, const asl_model *model, const settings *s)
{
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = NULL;
    asl_inferer_options options;
    asl_inferer_options_init(&options, sizeof options);
    options.backend = s->backend;
    options.isa = s->isa;
    options.precision = s->precision;
    options.threads = s->threads;
    if (asl_inferer_create(&inferer, model, &options, &err) < 0)
        return cli_fail(&err);
    snprintf(r->backend, sizeof r->backend, "%s", asl_inferer_backend(inferer));
    take_engine(r);
    asl_inferer_free(inferer);

    asl_model_info info = {.struct_size = sizeof info};
    asl_model_get_info(&info, model, NULL);
    snprintf(r->preset, sizeof r->preset, "%s", info.preset);
    r->width = info.width;
    r->height = info.height;
    r->labels = info.label_count;
    r->macs = info.mac_count;
    return CLI_OK;
}

int prepare_model(const settings *s, results *r)
{
    enum { SIDE = 200 }; /* As the pictures of the ASL Alphabet. */
    asl_model *model = NULL;
    int code = s->preset ? make_model(&model, s) : model_open(&model, s->model);
    if (code == CLI_OK)
        code = take_facts(r, model, s);
    if (code == CLI_OK)
        code = save_picture(s->first_picture, SIDE, SIDE, 0);
    asl_model_free(model);
    return code;
}

/* ---- Data set ---- */

/* At least BENCH_PICTURES, more when they are small, and no batch that is not full. */
static int32_t picture_count(const settings *s, const results *r)
{
    enum { MOST_PICTURES = 1024, BYTES = 16 << 20 };
    int32_t count = BYTES / (3 * r->width * r->height);
    if (count < BENCH_PICTURES)
        count = BENCH_PICTURES;
    if (count > MOST_PICTURES)
        count = MOST_PICTURES;
    return (count + s->batch - 1) / s->batch * s->batch;
}

/* Classes by number, since a class may be called by what cannot be the name of a folder. */
static int write_pictures(const settings *s, const results *r)
{
    const int32_t count = picture_count(s, r);
    char *table = cli_alloc((size_t)count + 1, 48);
    char *end = table + sprintf(table, "image_path,target\n");
    int code = CLI_OK;
    for (int32_t i = 0; i < count && code == CLI_OK; i++) {
        char name[24];
        sprintf(name, "%d.jpg", (int)i);
        char *path = files_join(s->folder, name);
        code = cli_interrupted() ? CLI_INTERRUPTED
                                 : save_picture(path, r->width, r->height, (uint64_t)i);
        free(path);
        end += sprintf(end, "%s,%d\n", name, (int)(i % r->labels));
    }
    char *path = files_join(s->folder, "data.csv");
    if (code == CLI_OK)
        code = files_write_text(path, table);
    free(path);
    free(table);
    return code;
}

static int write_classes(const settings *s)
{
    asl_model *model = NULL;
    int code = model_open(&model, s->model);
    if (code != CLI_OK)
        return code;
    char *text = cli_format("%s", "");
    for (int32_t i = 0; asl_model_label(model, i); i++) {
        char *longer = cli_format("%s%s\n", text, asl_model_label(model, i));
        free(text);
        text = longer;
    }
    char *path = files_join(s->folder, "classes.txt");
    code = files_write_text(path, text);
    free(path);
    free(text);
    asl_model_free(model);
    return code;
}

static int pack(const settings *s, const results *r)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *pictures = NULL, *packed = NULL;
    asl_pack_options options;
    asl_pack_options_init(&options, sizeof options);
    options.width = r->width;
    options.height = r->height;
    options.threads = s->threads;
    int code = CLI_OK;
    if (asl_dataset_open(&pictures, s->folder, NULL, &err) < 0 ||
        asl_dataset_pack(&packed, pictures, s->training_data, &options, &err) < 0)
        code = cli_fail(&err);
    asl_dataset_free(packed);
    asl_dataset_free(pictures);
    return code;
}

int prepare_training_data(const settings *s, results *r)
{
    int code = write_pictures(s, r);
    if (code == CLI_OK)
        code = write_classes(s);
    if (code == CLI_OK)
        code = pack(s, r);
    return code;
}

/* ---- The end ---- */

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    if (remove(path) != 0)
        cli_error("cannot remove '%s': %s", path, strerror(errno));
    return 0;
}

void remove_material(const settings *s)
{
    enum { DESCRIPTORS = 8 };
    nftw(s->folder, remove_entry, DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
}
