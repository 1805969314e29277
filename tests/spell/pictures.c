/* SPDX-License-Identifier: MIT */
/* See pictures.h. */
#include "spell/pictures.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asl/inferer.h"

/* The hand may wander by MARGIN pixels in each direction: pictures are kept that much larger than
 * the film. */
enum { SIDE = 96, MARGIN = 6, LARGE = SIDE + 2 * MARGIN, MOST = 24, PIXELS = SIDE * SIDE * 3 };

struct pictures {
    asl_model *model;
    asl_inferer *inferer;
    int32_t order[SIGNER_CLASSES]; /* of signer_labels, in the model */
    float *scores;
    int32_t label_count;
    asl_image *images[SIGNER_CLASSES][MOST]; /* LARGE x LARGE */
    int32_t counts[SIGNER_CLASSES];
    uint64_t random;
    int64_t part; /* that the two pictures below are of */
    int32_t from_label, from_index, to_label, to_index;
    double junk_start_s, junk_end_s;
    double x, y, light; /* of the hand and the lamp, wandering */
    uint8_t film[PIXELS];
};

static double uniform(pictures *p)
{
    uint64_t z = (p->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static double normal(pictures *p)
{
    const double radius = sqrt(-2.0 * log(1.0 - uniform(p)));
    return radius * cos(6.283185307179586 * uniform(p));
}

/* One step of a walk that is drawn back to 0, with this deviation in the long run. */
static double wander(pictures *p, double place, double deviation)
{
    return 0.95 * place + 0.31 * deviation * normal(p);
}

static bool complain(const asl_error *err)
{
    fprintf(stderr, "%s\n", err->message);
    return false;
}

static bool load_class(pictures *p, const char *folder, int32_t label)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, signer_labels[label]);
    struct dirent **names = NULL;
    const int count = scandir(path, &names, NULL, alphasort);
    bool good = true;
    for (int i = 0; i < count; i++) {
        asl_error err = ASL_ERROR_INIT;
        asl_image *image = NULL;
        char file[8192];
        snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
        const bool wanted = good && names[i]->d_name[0] != '.' && p->counts[label] < MOST;
        free(names[i]);
        if (!wanted)
            continue;
        if (asl_image_load(&image, file, NULL, &err) < 0) {
            good = complain(&err);
            continue;
        }
        const asl_image_view view = asl_image_get_view(image);
        if (asl_image_resize(&p->images[label][p->counts[label]], &view, NULL, LARGE, LARGE, &err) <
            0)
            good = complain(&err);
        else
            p->counts[label]++;
        asl_image_free(image);
    }
    free(names);
    if (good && p->counts[label] == 0) {
        fprintf(stderr, "'%s': no pictures\n", path);
        return false;
    }
    return good;
}

static bool find_labels(pictures *p)
{
    asl_model_info info = {.struct_size = sizeof info};
    asl_model_get_info(&info, p->model, NULL);
    p->label_count = info.label_count;
    p->scores = calloc((size_t)info.label_count, sizeof *p->scores);
    for (int32_t i = 0; i < SIGNER_CLASSES; i++) {
        p->order[i] = -1;
        for (int32_t j = 0; j < info.label_count; j++)
            if (strcmp(asl_model_label(p->model, j), signer_labels[i]) == 0)
                p->order[i] = j;
        if (p->order[i] < 0) {
            fprintf(stderr, "the model has no class '%s'\n", signer_labels[i]);
            return false;
        }
    }
    return p->scores != NULL;
}

bool pictures_open(pictures **out, const char *model, const char *folder)
{
    asl_error err = ASL_ERROR_INIT;
    pictures *p = *out = calloc(1, sizeof *p);
    if (!p)
        return false;
    asl_inferer_options options;
    asl_inferer_options_init(&options, sizeof options);
    options.looks = options.crops = 1; /* there are very many frames */
    if (asl_model_load(&p->model, model, &err) < 0 ||
        asl_inferer_create(&p->inferer, p->model, &options, &err) < 0)
        return complain(&err);
    bool good = find_labels(p);
    for (int32_t label = 0; good && label < SIGNER_CLASSES; label++)
        good = load_class(p, folder, label);
    return good;
}

void pictures_free(pictures *p)
{
    if (!p)
        return;
    for (int32_t label = 0; label < SIGNER_CLASSES; label++)
        for (int32_t i = 0; i < p->counts[label]; i++)
            asl_image_free(p->images[label][i]);
    asl_inferer_free(p->inferer);
    asl_model_free(p->model);
    free(p->scores);
    free(p);
}

void pictures_begin(pictures *p, uint64_t seed)
{
    p->random = seed * UINT64_C(0x2545f4914f6cdd1d) + 7;
    p->part = -1;
    p->x = p->y = p->light = 0.0;
    p->from_label = p->to_label = -1;
}

static int32_t any_picture(pictures *p, int32_t label)
{
    return (int32_t)(uniform(p) * p->counts[label]);
}

/* The picture held last fades into one of what comes next. A hand that moves about without meaning
 * (label -1) goes from one shape to another all the time. */
static void choose(pictures *p, const signer_frame *frame)
{
    const double now_s = (double)frame->time_ns * 1e-9;
    const bool junk = frame->to < 0 && now_s >= p->junk_end_s;
    if (frame->part == p->part && !junk)
        return;
    const bool stays = frame->to >= 0 && frame->to == p->to_label;
    p->part = frame->part;
    p->from_label = p->to_label;
    p->from_index = p->to_index;
    if (frame->to < 0) {
        p->junk_start_s = now_s;
        p->junk_end_s = now_s + 0.06 + 0.1 * uniform(p);
    }
    p->to_label = frame->to >= 0 ? frame->to : (int32_t)(uniform(p) * SIGNER_CLASSES);
    if (!stays)
        p->to_index = any_picture(p, p->to_label);
    if (p->from_label < 0) {
        p->from_label = p->to_label;
        p->from_index = p->to_index;
    }
}

/* Where the hand is on its way, 0 to 1. */
static double reached(const pictures *p, const signer_frame *frame)
{
    if (frame->truth >= 0)
        return 1.0;
    if (frame->to >= 0)
        return frame->share;
    const double now_s = (double)frame->time_ns * 1e-9;
    return fmin(1.0, (now_s - p->junk_start_s) / (p->junk_end_s - p->junk_start_s));
}

static void draw(pictures *p, const signer_frame *frame)
{
    const uint8_t *from = asl_image_pixels(p->images[p->from_label][p->from_index]);
    const uint8_t *to = asl_image_pixels(p->images[p->to_label][p->to_index]);
    const double share = reached(p, frame), gain = 1.0 + p->light;
    /* A double letter is slid sideways and back. */
    const bool slides = frame->truth < 0 && frame->from == frame->to && frame->to >= 0;
    const double slide = slides ? 5.0 * sin(3.141592653589793 * frame->share) : 0.0;
    const int32_t x = MARGIN + (int32_t)lround(fmax(-MARGIN, fmin(MARGIN, p->x + slide)));
    const int32_t y = MARGIN + (int32_t)lround(fmax(-MARGIN, fmin(MARGIN, p->y)));
    for (int32_t row = 0; row < SIDE; row++) {
        const ptrdiff_t at = (ptrdiff_t)((y + row) * LARGE + x) * 3;
        for (int32_t i = 0; i < SIDE * 3; i++) {
            const double mixed = (1.0 - share) * from[at + i] + share * to[at + i];
            /* Noise of about four levels: the sum of two uniform numbers is near enough. */
            const double noise = 10.0 * (uniform(p) + uniform(p) - 1.0);
            p->film[row * SIDE * 3 + i] = (uint8_t)fmax(0.0, fmin(255.0, gain * mixed + noise));
        }
    }
}

asl_image_view pictures_show(pictures *p, signer_frame *frame)
{
    const asl_image_view view = {p->film, SIDE, SIDE, (int64_t)SIDE * 3, ASL_FORMAT_RGB24, 0};
    asl_error err = ASL_ERROR_INIT;
    choose(p, frame);
    p->x = wander(p, p->x, 1.0);
    p->y = wander(p, p->y, 1.0);
    p->light = wander(p, p->light, 0.06);
    draw(p, frame);
    if (asl_inferer_classify(p->scores, (size_t)p->label_count, p->inferer, &view, NULL, &err) <
        0) {
        complain(&err);
        abort();
    }
    double sum = 0.0;
    for (int32_t i = 0; i < SIGNER_CLASSES; i++)
        sum += (double)p->scores[p->order[i]];
    for (int32_t i = 0; i < SIGNER_CLASSES; i++)
        frame->scores[i] = (float)((double)p->scores[p->order[i]] / sum);
    return view;
}
