/* SPDX-License-Identifier: MIT */
/* Where the hand is in a picture of a hand before a wall: what differs from the few colours along
 * its left, upper and right edge and hangs together. Of other pictures nothing is said. */
#include <string.h>

#include "base/error.h"
#include "image/augment.h"

enum {
    LONG_SIDE = 96, /* a mask need not be finer */
    MOST = LONG_SIDE * LONG_SIDE,
    TONES = 4,
    ROUNDS = 5,     /* of looking for them */
    CHANNELS = 3,   /* of a colour */
    LEVELS = 256,   /* of a difference */
    LEAST_CUT = 12, /* differences between which hand and wall are told apart */
    MOST_CUT = 60,
    PLAIN = 12 /* largest mean difference of the edge from the wall's colours */
};

typedef struct colour {
    int32_t of[CHANNELS];
} colour;

/* A picture in the making of its mask. */
typedef struct scene {
    int32_t width, height, count;
    colour pixels[MOST];
    uint8_t differs[MOST]; /* from the wall */
    uint8_t smooth[MOST];
    bool hand[MOST];
    uint16_t part[MOST]; /* which connected part a pixel is in, from 1 */
    uint16_t queue[MOST];
} scene;

/* --- colours ----------------------------------------------------------------------------- */

/* Lightness, and red and yellow against their opposites, which shadows on a wall change less: so
 * they weigh more. */
static void read_colours(scene *s, const uint8_t *rgb)
{
    for (int32_t i = 0; i < s->count; i++, rgb += 3) {
        const int32_t r = rgb[0], g = rgb[1], b = rgb[2];
        s->pixels[i] = (colour){{(r + 2 * g + b) / 6, (r - g) * 3 / 4, (r + g - 2 * b) / 3}};
    }
}

static int32_t distance(const colour *a, const colour *b)
{
    int32_t sum = 0;
    for (int32_t c = 0; c < CHANNELS; c++)
        sum += (a->of[c] - b->of[c]) * (a->of[c] - b->of[c]);
    return sum; /* squared */
}

static int32_t nearest(const colour *tones, int32_t count, const colour *to)
{
    int32_t best = 0;
    for (int32_t t = 1; t < count; t++)
        best = distance(&tones[t], to) < distance(&tones[best], to) ? t : best;
    return best;
}

/* The pixels along the left, upper and right edge; an arm mostly comes from below. */
static int32_t find_edge(const scene *s, uint16_t *edge)
{
    const int32_t wide = s->width / 20 + 1;
    int32_t count = 0;
    for (int32_t i = 0; i < s->count; i++) {
        const int32_t x = i % s->width, y = i / s->width;
        if (y < wide || x < wide || x >= s->width - wide)
            edge[count++] = (uint16_t)i;
    }
    return count;
}

/* Lloyd's algorithm, and then without the tones of less than an eighth of the edge: sleeves. */
static int32_t find_tones(colour tones[TONES], const scene *s, const uint16_t *edge, int32_t count)
{
    int32_t members[TONES] = {0}, kept = 0;
    for (int32_t t = 0; t < TONES; t++)
        tones[t] = s->pixels[edge[(2 * t + 1) * count / (2 * TONES)]];
    for (int32_t round = 0; round < ROUNDS; round++) {
        colour sums[TONES] = {0};
        memset(members, 0, sizeof members);
        for (int32_t i = 0; i < count; i++) {
            const colour *pixel = &s->pixels[edge[i]];
            const int32_t t = nearest(tones, TONES, pixel);
            members[t]++;
            for (int32_t c = 0; c < CHANNELS; c++)
                sums[t].of[c] += pixel->of[c];
        }
        for (int32_t t = 0; t < TONES; t++)
            for (int32_t c = 0; c < CHANNELS && members[t] > 0; c++)
                tones[t].of[c] = sums[t].of[c] / members[t];
    }
    for (int32_t t = 0; t < TONES; t++)
        if (members[t] * 8 >= count)
            tones[kept++] = tones[t];
    return kept;
}

/* --- what differs ------------------------------------------------------------------------ */

static void compare(scene *s, const colour *tones, int32_t count)
{
    for (int32_t i = 0; i < s->count; i++) {
        const int32_t square =
            distance(&tones[nearest(tones, count, &s->pixels[i])], &s->pixels[i]);
        const float root = 2 * __builtin_sqrtf((float)square);
        s->differs[i] = (uint8_t)(root < LEVELS - 1 ? root : LEVELS - 1);
    }
}

/* Means over 3x3 pixels, without the outermost, which keep what they are. */
static void smooth(scene *s)
{
    memcpy(s->smooth, s->differs, (size_t)s->count);
    for (int32_t y = 1; y < s->height - 1; y++)
        for (int32_t x = 1; x < s->width - 1; x++) {
            const uint8_t *at = s->differs + y * s->width + x;
            int32_t sum = 4;
            for (int32_t dy = -1; dy <= 1; dy++)
                for (int32_t dx = -1; dx <= 1; dx++)
                    sum += at[dy * s->width + dx];
            s->smooth[y * s->width + x] = (uint8_t)(sum / 9);
        }
}

/* N. Otsu, "A threshold selection method from gray-level histograms" (IEEE SMC 9, 1979): the two
 * sides' means are as far apart as can be. */
static int32_t best_cut(const scene *s)
{
    int64_t counts[LEVELS] = {0}, all = 0, below = 0, sum_below = 0;
    double best = -1;
    int32_t cut = 0;
    for (int32_t i = 0; i < s->count; i++) {
        counts[s->smooth[i]]++;
        all += s->smooth[i];
    }
    for (int32_t level = 0; level < LEVELS - 1; level++) {
        below += counts[level];
        sum_below += counts[level] * level;
        const int64_t above = s->count - below;
        if (below == 0 || above == 0)
            continue;
        const double apart =
            (double)(all - sum_below) / (double)above - (double)sum_below / (double)below;
        const double between = apart * apart * (double)below * (double)above;
        if (between > best) {
            best = between;
            cut = level;
        }
    }
    return cut < LEAST_CUT ? LEAST_CUT : cut > MOST_CUT ? MOST_CUT : cut;
}

/* --- parts ------------------------------------------------------------------------------- */

/* Marks what hangs together with a pixel and is as it is; returns how many pixels that are. */
static int32_t mark(scene *s, int32_t from, uint16_t part)
{
    int32_t first = 0, end = 0;
    s->queue[end++] = (uint16_t)from;
    s->part[from] = part;
    while (first < end) {
        const int32_t at = s->queue[first++], x = at % s->width;
        const int32_t next[4] = {x > 0 ? at - 1 : -1, x < s->width - 1 ? at + 1 : -1, at - s->width,
                                 at + s->width};
        for (int32_t n = 0; n < 4; n++) {
            const int32_t to = next[n];
            if (to < 0 || to >= s->count || s->part[to] != 0 || s->hand[to] != s->hand[from])
                continue;
            s->part[to] = part;
            s->queue[end++] = (uint16_t)to;
        }
    }
    return end;
}

/* The part that reaches furthest into the middle, where a hand is. */
static int64_t weight_of(const scene *s, int32_t count)
{
    int64_t weight = 0;
    for (int32_t i = 0; i < count; i++) {
        const int32_t x = s->queue[i] % s->width, y = s->queue[i] / s->width;
        const int32_t left = x < s->width - x ? x : s->width - x;
        const int32_t up = y < s->height - y ? y : s->height - y;
        weight += left * up;
    }
    return weight;
}

/* Keeps the hand's part alone. Returns its share of what differed, and its size in pixels. */
static float keep_hand(scene *s, int32_t *size)
{
    int64_t best = 0;
    int32_t all = 0;
    uint16_t part = 0, hand = 0;
    *size = 0;
    memset(s->part, 0, sizeof s->part);
    for (int32_t i = 0; i < s->count; i++) {
        if (!s->hand[i] || s->part[i] != 0)
            continue;
        const int32_t count = mark(s, i, ++part);
        const int64_t weight = weight_of(s, count);
        all += count;
        if (weight > best) {
            best = weight;
            hand = part;
            *size = count;
        }
    }
    for (int32_t i = 0; i < s->count; i++)
        s->hand[i] = s->hand[i] && s->part[i] == hand;
    return all > 0 ? (float)*size / (float)all : 0;
}

/* Small ones are glints; the O's must stay. */
static void close_holes(scene *s)
{
    memset(s->part, 0, sizeof s->part);
    for (int32_t i = 0; i < s->count; i++) {
        if (s->hand[i] || s->part[i] != 0)
            continue;
        const int32_t count = mark(s, i, 1);
        for (int32_t k = 0; k < count && count * 250 < s->count; k++)
            s->hand[s->queue[k]] = true;
    }
}

/* --- whole ------------------------------------------------------------------------------- */

static bool find_hand(scene *s, const uint8_t *rgb)
{
    colour tones[TONES];
    int32_t size, sum = 0;
    read_colours(s, rgb);
    const int32_t edge = find_edge(s, s->queue);
    const int32_t count = find_tones(tones, s, s->queue, edge);
    if (count == 0)
        return false;
    compare(s, tones, count);
    for (int32_t i = 0; i < edge; i++)
        sum += s->differs[s->queue[i]];
    if (sum > PLAIN * edge)
        return false;
    smooth(s);
    const int32_t cut = best_cut(s);
    for (int32_t i = 0; i < s->count; i++)
        s->hand[i] = s->smooth[i] > cut;
    const float share = keep_hand(s, &size);
    close_holes(s);
    return share > 0.7F && size * 32 > s->count && size * 10 < s->count * 7;
}

/* How much of a pixel is hand: the mean over it and its neighbours, the near ones counting more. */
static void write_mask(uint8_t *rgb, const scene *s)
{
    for (int32_t i = 0; i < s->count; i++, rgb += 3) {
        const int32_t x = i % s->width, y = i / s->width;
        int32_t sum = 0, all = 0;
        for (int32_t dy = -1; dy <= 1; dy++)
            for (int32_t dx = -1; dx <= 1; dx++) {
                const int32_t weight = (2 - dx * dx) * (2 - dy * dy);
                if (x + dx < 0 || x + dx >= s->width || y + dy < 0 || y + dy >= s->height)
                    continue;
                all += weight;
                sum += s->hand[i + dy * s->width + dx] ? weight : 0;
            }
        memset(rgb, sum * 255 / all, 3);
    }
}

asl_status asl__augment_find_hand(asl_image_view *mask, asl__augment_scratch *scratch,
                                  const asl_image_view *view, asl_error *err)
{
    asl_status status;
    const int32_t longer = view->width > view->height ? view->width : view->height;
    int32_t side[2] = {view->width, view->height};
    for (int32_t i = 0; i < 2 && longer > LONG_SIDE; i++) {
        side[i] = (side[i] * LONG_SIDE + longer / 2) / longer;
        side[i] = side[i] < 1 ? 1 : side[i];
    }
    *mask = (asl_image_view){0};
    scene *s = asl__scratch_room(&scratch->scene, sizeof *s + (size_t)MOST * 3);
    if (s == NULL)
        return asl__fail_memory(err, "varying a picture");
    uint8_t *rgb = (uint8_t *)(s + 1);
    s->width = side[0];
    s->height = side[1];
    s->count = side[0] * side[1];
    ASL__TRY(asl__resize_rgb_in(&scratch->resize, rgb, side[0], side[1], view, NULL, err));
    if (!find_hand(s, rgb))
        return ASL_OK;
    write_mask(rgb, s);
    *mask = (asl_image_view){.pixels = rgb,
                             .width = side[0],
                             .height = side[1],
                             .stride = (int64_t)side[0] * 3,
                             .format = ASL_FORMAT_RGB24};
fail:
    return status;
}
