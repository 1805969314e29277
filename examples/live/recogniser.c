/* SPDX-License-Identifier: MIT */
/* See recogniser.h. */
#include "live/recogniser.h"

#include <stdlib.h>
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

static int32_t mirror_for(int32_t hand, const asl_model_info *model)
{
    if (hand != LIVE_HAND_AUTO)
        return hand == LIVE_HAND_LEFT ? ASL_MIRROR_ON : ASL_MIRROR_OFF;
    return model->mirror == ASL_MIRROR_MODEL ? ASL_MIRROR_AUTO : model->mirror;
}

static void note_side(struct live_recogniser *r)
{
    const int32_t side = asl_inferer_mirror(r->inferer);
    r->undecided = side == ASL_MIRROR_AUTO;
    r->hand = side == ASL_MIRROR_ON ? LIVE_HAND_LEFT : LIVE_HAND_RIGHT;
}

bool live_recogniser_open(struct live_recogniser *r, const asl_model *model,
                          const asl_inferer_options *options, int32_t hand,
                          struct live_error *error)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model_info info = {.struct_size = sizeof info};
    asl_inferer_options sided = *options;
    asl_model_get_info(&info, model, NULL);
    sided.mirror = mirror_for(hand, &info);
    *r = (struct live_recogniser){.model = model};
    if (asl_inferer_create(&r->inferer, model, &sided, &err) < 0)
        return live_fail_asl(error, &err);
    note_side(r);
    r->threshold = info.letter_threshold;
    r->label_count = info.label_count;
    r->nothing = find_nothing(model, info.label_count);
    r->scores = cli_alloc((size_t)info.label_count, sizeof *r->scores);
    return true;
}

void live_recogniser_close(struct live_recogniser *r)
{
    asl_inferer_free(r->inferer);
    free(r->scores);
    *r = (struct live_recogniser){0};
}

static int32_t best_of(const float *scores, int32_t count)
{
    int32_t best = 0;
    for (int32_t i = 1; i < count; i++)
        if (scores[i] > scores[best])
            best = i;
    return best;
}

/* Whether there is a hand; where the model is not sure of a letter there is nothing. */
static bool judge(struct live_recogniser *r)
{
    const size_t count = (size_t)r->label_count;
    if (r->nothing < 0)
        return true;
    if ((double)asl_model_letter_score(r->model, r->scores, count) < r->threshold)
        for (int32_t i = 0; i < r->label_count; i++)
            r->scores[i] = i == r->nothing ? 1 : 0;
    return best_of(r->scores, r->label_count) != r->nothing;
}

bool live_recognise(struct live_recogniser *r, const asl_image_view *frame, const asl_rect *box,
                    int64_t time_ns, struct live_error *error)
{
    static const int64_t gone_ns = INT64_C(5000000000);
    asl_error err = ASL_ERROR_INIT;
    const size_t count = (size_t)r->label_count;
    if (asl_inferer_classify(r->scores, count, r->inferer, frame, box, &err) < 0)
        return live_fail_asl(error, &err);
    const bool hand = judge(r);
    if (!hand && time_ns - r->hand_ns > gone_ns)
        asl_inferer_reset(r->inferer);
    if (hand)
        r->hand_ns = time_ns;
    note_side(r);
    return true;
}
