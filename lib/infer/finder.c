/* SPDX-License-Identifier: MIT */
/* Where the hand is: a network whose classes are places. A look scales the region to fit into the
 * middle of the network's square input and reads the scores as a blurred point in (x, y, size); a
 * second, closer look at what the first one found makes that point sharp whatever its size. */
#include "asl/finder.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/floats.h"
#include "base/options.h"
#include "base/text.h"
#include "infer/inferer.h"

enum { MOST_LOOKS = 4, GREY = 128, DIGITS = 3 };

/* A closer look takes in this many sides of the hand, so that it may be wrong by half a hand. */
#define LOOK_SIDES 2.0
/* Places belong to the same peak up to this many steps of the grid away. */
#define REACH_STEPS 1.6

/* What a class stands for: centre and side in parts of the input's side, and log2 of the side. */
typedef struct place {
    double x, y, side, octave;
} place;

struct asl_finder {
    asl_inferer *inferer;
    asl_finder_options options;
    int32_t count, none; /* classes; the one without a hand */
    place *places;       /* by class */
    float *scores;
    place reach;    /* how far places of one peak lie from it; side is not used */
    uint8_t *strip; /* the scaled region before it has its frame */
};

static const asl_finder_options default_options = {
    .struct_size = sizeof(asl_finder_options),
    .looks = 2,
    .threshold = 0.5,
    .margin = 1.3,
};

void asl_finder_options_init(asl_finder_options *options, size_t struct_size)
{
    asl__options_init(options, struct_size, &default_options, sizeof default_options);
}

void asl_finder_free(asl_finder *finder)
{
    if (!finder)
        return;
    asl_inferer_free(finder->inferer);
    asl__free(finder->places);
    asl__free(finder->scores);
    asl__free(finder->strip);
    asl__free(finder);
}

const char *asl_finder_backend(const asl_finder *finder)
{
    return finder ? asl_inferer_backend(finder->inferer) : NULL;
}

/* ---- Classes as places ---- */

/* "x062" at *text, for the letter x: moves on and returns true when it is that. */
static bool read_part(double *out, const char **text, char letter)
{
    int64_t value;
    if (**text != letter || strlen(*text) < 1 + DIGITS ||
        !asl__parse_i64(&value, *text + 1, DIGITS) || value < 0)
        return false;
    *out = (double)value / 1000.0;
    *text += 1 + DIGITS;
    return true;
}

static bool read_place(place *out, const char *label)
{
    if (!read_part(&out->x, &label, 'x') || !read_part(&out->y, &label, 'y') ||
        !read_part(&out->side, &label, 's') || *label != '\0' || out->side <= 0)
        return false;
    out->octave = log2(out->side);
    return true;
}

/* The smallest step from a to b that is a step at all; labels have three digits. */
static void keep_smallest(double *step, double a, double b)
{
    const double size = fabs(a - b);
    if (size > 0.0025 && size < *step)
        *step = size;
}

static void find_reach(asl_finder *finder)
{
    place step = {.x = 1, .y = 1, .octave = 1};
    for (int32_t i = 0; i < finder->count; i++) {
        for (int32_t j = 0; j < i && i != finder->none; j++) {
            const place *a = &finder->places[i], *b = &finder->places[j];
            if (j == finder->none)
                continue;
            keep_smallest(&step.x, a->x, b->x);
            keep_smallest(&step.y, a->y, b->y);
            if (fabs(a->side - b->side) > 0.0025)
                keep_smallest(&step.octave, a->octave, b->octave);
        }
    }
    finder->reach = (place){
        .x = REACH_STEPS * step.x, .y = REACH_STEPS * step.y, .octave = REACH_STEPS * step.octave};
}

static asl_status read_labels(asl_finder *finder, const asl_model *model, asl_error *err)
{
    finder->none = -1;
    for (int32_t i = 0; i < finder->count; i++) {
        const char *label = asl_model_label(model, i);
        if (strcmp(label, "none") == 0)
            finder->none = i;
        else if (!read_place(&finder->places[i], label))
            return asl__fail(err, ASL_ERR_LABELS,
                             "class '%s' is neither 'none' nor a place such as 'x062y188s250': "
                             "this is no finder's model",
                             label);
    }
    if (finder->none < 0)
        return asl__fail(err, ASL_ERR_LABELS,
                         "there is no class 'none' for pictures without a hand");
    find_reach(finder);
    return ASL_OK;
}

/* ---- Making one ---- */

static asl_status check_options(const asl_finder_options *options, asl_error *err)
{
    if (options->looks < 1 || options->looks > MOST_LOOKS)
        return asl__fail(err, ASL_ERR_ARG, "asl_finder_create: looks %d is not 1..%d",
                         options->looks, MOST_LOOKS);
    if (!(options->threshold >= 0 && options->threshold <= 1))
        return asl__fail(err, ASL_ERR_ARG, "asl_finder_create: threshold is not 0..1");
    if (!(options->margin >= 1 && options->margin <= 4))
        return asl__fail(err, ASL_ERR_ARG, "asl_finder_create: margin is not 1..4");
    return ASL_OK;
}

static asl_status build(asl_finder *finder, const asl_model *model, asl_error *err)
{
    asl_status status;
    asl_inferer_options options;
    asl_inferer_options_init(&options, sizeof options);
    ASL__TRY(asl__options_read(&options, sizeof options, finder->options.inferer,
                               "asl_inferer_options", err));
    options.batch_size = 1;
    options.mirror = ASL_MIRROR_OFF;
    options.looks = 1;
    options.crops = 1;
    finder->options.inferer = NULL;
    const asl__shape *input = &model->network.input;
    if (input->width != input->height)
        return asl__fail(err, ASL_ERR_ARCHITECTURE, "a finder's input is square, this is %dx%d",
                         input->width, input->height);
    finder->count = model->network.classes;
    finder->places = asl__alloc_array((size_t)finder->count, sizeof *finder->places);
    finder->scores = asl__alloc_array((size_t)finder->count, sizeof *finder->scores);
    finder->strip = asl__alloc_array((size_t)input->width * (size_t)input->height, 3);
    if (!finder->places || !finder->scores || !finder->strip)
        return asl__fail_memory(err, "the finder");
    ASL__TRY(read_labels(finder, model, err));
    ASL__TRY(asl_inferer_create(&finder->inferer, model, &options, err));
fail:
    return status;
}

asl_status asl_finder_create(asl_finder **out, const asl_model *model,
                             const asl_finder_options *options, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(model != NULL, err);
    asl_status status;
    asl_finder *finder = asl__alloc(sizeof *finder);
    if (!finder)
        return asl__fail_memory(err, "the finder");
    finder->options = default_options;
    ASL__TRY(asl__options_read(&finder->options, sizeof finder->options, options,
                               "asl_finder_options", err));
    ASL__TRY(check_options(&finder->options, err));
    ASL__TRY(build(finder, model, err));
    *out = finder;
    return ASL_OK;
fail:
    asl_finder_free(finder);
    return status;
}

/* ---- Looking ---- */

static int32_t at_least_one(double value)
{
    const int32_t rounded = (int32_t)lround(value);
    return rounded > 1 ? rounded : 1;
}

/* Puts the region into the middle of the network's input, over grey; `scale` receives how many
 * pixels of the picture one of the input is. */
static asl_status show(double *scale, asl_finder *finder, const asl_image_view *view,
                       const asl_rect *region, asl_error *err)
{
    asl_inferer *inferer = finder->inferer;
    const int32_t side = inferer->model->network.input.width;
    const int32_t longer = region->width > region->height ? region->width : region->height;
    *scale = (double)longer / side;
    const int32_t width = at_least_one(region->width / *scale);
    const int32_t height = at_least_one(region->height / *scale);
    const size_t row = (size_t)width * 3;
    const asl_status status =
        asl__resize_rgb_in(&inferer->scaling, finder->strip, width, height, view, region, err);
    if (status < 0)
        return status;
    memset(inferer->images, GREY, inferer->image_bytes);
    uint8_t *out = inferer->images + (((side - height) / 2) * side + (side - width) / 2) * 3;
    for (int32_t y = 0; y < height; y++)
        memcpy(out + (ptrdiff_t)y * side * 3, finder->strip + (size_t)y * row, row);
    return ASL_OK;
}

/* The mean of the places around `from`, each counting by its score. */
static place mean_around(const asl_finder *finder, const place *from)
{
    const place *reach = &finder->reach;
    place sum = {0};
    double total = 0;
    for (int32_t i = 0; i < finder->count; i++) {
        const place *p = &finder->places[i];
        const double score = (double)finder->scores[i];
        if (i == finder->none || fabs(p->x - from->x) > reach->x ||
            fabs(p->y - from->y) > reach->y || fabs(p->octave - from->octave) > reach->octave)
            continue;
        sum.x += score * p->x;
        sum.y += score * p->y;
        sum.octave += score * p->octave;
        total += score;
    }
    if (total <= 0)
        return *from;
    sum = (place){.x = sum.x / total, .y = sum.y / total, .octave = sum.octave / total};
    sum.side = exp2(sum.octave);
    return sum;
}

/* The peak of the scores. Starting from the best place the mean settles in a step or two (mean
 * shift, Fukunaga & Hostetler 1975). */
static place find_peak(const asl_finder *finder)
{
    int32_t best = finder->none == 0 ? 1 : 0;
    for (int32_t i = best + 1; i < finder->count; i++)
        if (i != finder->none && finder->scores[i] > finder->scores[best])
            best = i;
    const place first = mean_around(finder, &finder->places[best]);
    return mean_around(finder, &first);
}

/* One look at a region. */
static asl_status look(asl_hand *hand, asl_finder *finder, const asl_image_view *view,
                       const asl_rect *region, asl_error *err)
{
    asl_inferer *inferer = finder->inferer;
    asl_status status;
    double scale;
    ASL__TRY(show(&scale, finder, view, region, err));
    ASL__TRY(
        inferer->backend->plan_forward(inferer->logits, inferer->plan, inferer->images, 1, err));
    asl__scores(finder->scores, inferer->logits, inferer);
    const place peak = find_peak(finder);
    const double side = scale * inferer->model->network.input.width;
    hand->score = 1.0 - (double)finder->scores[finder->none];
    hand->found = hand->score >= finder->options.threshold;
    hand->x = region->x + 0.5 * region->width + side * (peak.x - 0.5);
    hand->y = region->y + 0.5 * region->height + side * (peak.y - 0.5);
    hand->side = side * peak.side;
fail:
    return status;
}

/* ---- Boxes ---- */

static int32_t clamp(double value, int32_t low, int32_t high)
{
    return value <= low ? low : value >= high ? high : (int32_t)lround(value);
}

/* What `size` pixels around `middle` have in common with a line from `start` on. */
static void cut_line(int32_t *at, int32_t *length, double middle, double size, int32_t start,
                     int32_t whole)
{
    *at = clamp(middle - 0.5 * size, start, start + whole - 1);
    *length = clamp(middle + 0.5 * size, *at + 1, start + whole) - *at;
}

static asl_rect close_region(const asl_hand *hand, const asl_rect *inside)
{
    const double size = LOOK_SIDES * hand->side;
    asl_rect r;
    cut_line(&r.x, &r.width, hand->x, size, inside->x, inside->width);
    cut_line(&r.y, &r.height, hand->y, size, inside->y, inside->height);
    return r;
}

static asl_rect square_box(const asl_hand *hand, double margin, const asl_rect *inside)
{
    const int32_t most = inside->width < inside->height ? inside->width : inside->height;
    const int32_t side = clamp(margin * hand->side, 1, most);
    const double half = 0.5 * side;
    return (asl_rect){clamp(hand->x - half, inside->x, inside->x + inside->width - side),
                      clamp(hand->y - half, inside->y, inside->y + inside->height - side), side,
                      side};
}

/* A look is worth taking when it shows everything at least a third larger. */
static bool is_closer(const asl_rect *region, const asl_rect *last)
{
    const int32_t now = region->width > region->height ? region->width : region->height;
    const int32_t before = last->width > last->height ? last->width : last->height;
    return (int64_t)now * 4 < (int64_t)before * 3;
}

asl_status asl_finder_find(asl_hand *out, asl_finder *finder, const asl_image_view *view,
                           const asl_rect *region, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    ASL__CHECK_ARG(finder != NULL, err);
    ASL__CHECK_ARG(view != NULL, err);
    asl_status status;
    asl_hand hand = {.struct_size = sizeof hand};
    ASL__TRY(asl__view_check(view, region, err));
    const asl_rect whole = region ? *region : (asl_rect){0, 0, view->width, view->height};
    asl_rect now = whole;
    ASL__TRY(look(&hand, finder, view, &now, err));
    for (int32_t i = 1; i < finder->options.looks && hand.found; i++) {
        const asl_rect next = close_region(&hand, &whole);
        if (!is_closer(&next, &now))
            break;
        ASL__TRY(look(&hand, finder, view, &next, err));
        now = next;
    }
    if (hand.found)
        hand.box = square_box(&hand, finder->options.margin, &whole);
    else
        hand = (asl_hand){.struct_size = sizeof hand, .score = hand.score};
    return asl__struct_write(out, &hand, sizeof hand, "asl_hand", err);
fail:
    return status;
}
