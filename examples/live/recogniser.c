/* SPDX-License-Identifier: MIT */
/* See recogniser.h. */
#include "live/recogniser.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/cli.h"

bool live_fail_asl(struct live_error *error, const asl_error *err)
{
    return live_fail(error, cli_exit_code(err->code), "%s", err->message);
}

static int32_t find_nothing(const asl_model *model, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        if (strcasecmp(asl_model_label(model, i), "nothing") == 0)
            return i;
    return -1;
}

bool live_recogniser_open(struct live_recogniser *r, const asl_model *model,
                          const asl_inferer_options *options, int32_t hand,
                          struct live_error *error)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model_info info = {.struct_size = sizeof info};
    *r = (struct live_recogniser){.hand = hand == LIVE_HAND_LEFT ? LIVE_HAND_LEFT : LIVE_HAND_RIGHT,
                                  .undecided = hand == LIVE_HAND_AUTO};
    if (asl_model_get_info(&info, model, &err) < 0 ||
        asl_inferer_create(&r->inferer, model, options, &err) < 0)
        return live_fail_asl(error, &err);
    r->label_count = info.label_count;
    r->nothing = find_nothing(model, info.label_count);
    r->scores = cli_alloc((size_t)info.label_count, sizeof *r->scores);
    r->other = cli_alloc((size_t)info.label_count, sizeof *r->other);
    return true;
}

void live_recogniser_close(struct live_recogniser *r)
{
    asl_inferer_free(r->inferer);
    asl_image_free(r->mirror);
    free(r->scores);
    free(r->other);
    *r = (struct live_recogniser){0};
}

/* The box as in a mirror, in r->mirror. */
static bool make_mirror(struct live_recogniser *r, const asl_image_view *frame, const asl_rect *box,
                        asl_error *err)
{
    if (r->mirror) {
        const asl_image_view last = asl_image_get_view(r->mirror);
        if (last.width != box->width || last.height != box->height) {
            asl_image_free(r->mirror);
            r->mirror = NULL;
        }
    }
    if (!r->mirror &&
        asl_image_create(&r->mirror, box->width, box->height, ASL_FORMAT_RGB24, err) < 0)
        return false;
    uint8_t *out = asl_image_pixels(r->mirror);
    for (int32_t y = 0; y < box->height; y++) {
        const uint8_t *row = frame->pixels + (box->y + y) * frame->stride + (ptrdiff_t)box->x * 3;
        for (int32_t x = box->width - 1; x >= 0; x--, out += 3)
            memcpy(out, row + (ptrdiff_t)x * 3, 3);
    }
    return true;
}

static bool score(float *scores, struct live_recogniser *r, const asl_image_view *frame,
                  const asl_rect *box, int32_t hand, asl_error *err)
{
    const size_t count = (size_t)r->label_count;
    if (hand == LIVE_HAND_RIGHT)
        return asl_inferer_classify(scores, count, r->inferer, frame, box, err) >= 0;
    if (!make_mirror(r, frame, box, err))
        return false;
    const asl_image_view mirror = asl_image_get_view(r->mirror);
    return asl_inferer_classify(scores, count, r->inferer, &mirror, NULL, err) >= 0;
}

static int32_t best_of(const float *scores, int32_t count)
{
    int32_t best = 0;
    for (int32_t i = 1; i < count; i++)
        if (scores[i] > scores[best])
            best = i;
    return best;
}

/* r->scores are those of r->hand: weigh them against the other hand's, and change over when that
 * has done better so far. */
static bool try_other_hand(struct live_recogniser *r, const asl_image_view *frame,
                           const asl_rect *box, int64_t elapsed_ns, asl_error *err)
{
    enum { ENOUGH_NS = 1000000000 };
    const int32_t other = r->hand == LIVE_HAND_RIGHT ? LIVE_HAND_LEFT : LIVE_HAND_RIGHT;
    if (!score(r->other, r, frame, box, other, err))
        return false;
    const int32_t mine = best_of(r->scores, r->label_count);
    const int32_t theirs = best_of(r->other, r->label_count);
    if (mine == r->nothing && theirs == r->nothing)
        return true;
    r->certainty[r->hand] += log((double)r->scores[mine] + 1e-6);
    r->certainty[other] += log((double)r->other[theirs] + 1e-6);
    r->seen_ns += elapsed_ns;
    r->undecided = r->seen_ns < ENOUGH_NS;
    if (r->certainty[other] > r->certainty[r->hand]) {
        float *swapped = r->scores;
        r->scores = r->other;
        r->other = swapped;
        r->hand = other;
    }
    return true;
}

bool live_recognise(struct live_recogniser *r, const asl_image_view *frame, const asl_rect *box,
                    int64_t time_ns, struct live_error *error)
{
    asl_error err = ASL_ERROR_INIT;
    const int64_t elapsed = r->last_ns > 0 && time_ns > r->last_ns ? time_ns - r->last_ns : 0;
    r->last_ns = time_ns;
    if (!score(r->scores, r, frame, box, r->hand, &err) ||
        (r->undecided && !try_other_hand(r, frame, box, elapsed, &err)))
        return live_fail_asl(error, &err);
    return true;
}
