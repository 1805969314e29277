/* SPDX-License-Identifier: MIT */
/* From pictures to scores. The model is folded and compiled once; a call scales its pictures, and
 * where the model wants it the hands in them, into the plan's input and runs it. */
#include "infer/inferer.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/floats.h"
#include "base/options.h"
#include "base/threads.h"

#define MAX_BATCH   4096
#define MAX_CROPS   2
#define MAX_THREADS 256

static const asl_inferer_options default_options = {
    .struct_size = sizeof(asl_inferer_options),
    .batch_size = 1,
};

void asl_inferer_options_init(asl_inferer_options *options, size_t struct_size)
{
    asl__options_init(options, struct_size, &default_options, sizeof default_options);
}

asl_status asl__resolve_threads(int32_t *threads, const char *what, asl_error *err)
{
    if (*threads < 0 || *threads > MAX_THREADS)
        return asl__fail(err, ASL_ERR_ARG, "%s: threads %d is not 0..%d", what, *threads,
                         MAX_THREADS);
    if (*threads == 0)
        *threads = asl__core_count();
    if (*threads > MAX_THREADS)
        *threads = MAX_THREADS;
    return ASL_OK;
}

void asl_inferer_free(asl_inferer *inferer)
{
    if (!inferer)
        return;
    if (inferer->plan)
        inferer->backend->plan_destroy(inferer->plan);
    asl__free(inferer->scaling.memory);
    asl__free(inferer->logits);
    asl__free(inferer->images);
    asl_finder_free(inferer->finder);
    asl_model_free(inferer->model);
    asl__free(inferer);
}

/* What looks for the hand in each picture. A model that wants it is read without where this library
 * has no finder; a caller who asks for it is told. */
static asl_status open_finder(asl_inferer *inferer, const asl_model *model,
                              const asl_inferer_options *options, asl_error *err)
{
    const int32_t crops = options->crops != 0 ? options->crops : model->calibration.crops;
    asl_status status = ASL_OK;
    asl_model *hands = NULL;
    asl_finder_options finder;
    if (crops < MAX_CROPS)
        return ASL_OK;
    asl_finder_options_init(&finder, sizeof finder);
    finder.inferer = options;
    status = asl_model_builtin(&hands, ASL_BUILTIN_HANDS, err);
    if (status == ASL_ERR_UNSUPPORTED && options->crops == 0) {
        asl__error_clear(err);
        return ASL_OK;
    }
    if (status >= 0)
        status = asl_finder_create(&inferer->finder, hands, &finder, err);
    asl_model_free(hands);
    return status;
}

static asl_status build(asl_inferer *inferer, const asl_model *model,
                        const asl_inferer_options *options, asl_error *err)
{
    asl_status status;
    ASL__TRY(asl__backend_find(&inferer->backend, inferer->chosen, sizeof inferer->chosen,
                               asl__backend_asked(options->backend, options->isa), err));
    ASL__TRY(asl__model_fold(&inferer->model, model, err));
    ASL__TRY(open_finder(inferer, model, options, err));
    asl__begin_pass(inferer, 0);
    asl__sides_init(&inferer->sides, model, options->mirror, options->looks);
    inferer->temperature = model->calibration.temperature;
    inferer->batch_size = options->batch_size;
    const asl__network *network = &inferer->model->network;
    inferer->image_bytes = (size_t)network->input.width * (size_t)network->input.height * 3;
    const asl__plan_options plan = {
        .max_batch = options->batch_size * asl__sides_most(&inferer->sides) *
                     (inferer->finder ? MAX_CROPS : 1),
        .threads = options->threads,
        .isa = options->isa,
        .precision = options->precision,
    };
    inferer->images = asl__alloc_array((size_t)plan.max_batch, inferer->image_bytes);
    inferer->logits =
        asl__alloc_array((size_t)plan.max_batch, (size_t)network->classes * sizeof(float));
    if (!inferer->images || !inferer->logits)
        return asl__fail_memory(err, "the inferer");
    ASL__TRY(inferer->backend->plan_create(&inferer->plan, network, &plan, err));
    asl__backend_add_detail(inferer->chosen, sizeof inferer->chosen, inferer->backend,
                            inferer->plan);
    ASL__TRY(inferer->backend->plan_set_state(inferer->plan, ASL__STATE_PARAMETERS,
                                              inferer->model->parameters, err));
fail:
    return status;
}

asl_status asl_inferer_create(asl_inferer **out, const asl_model *model,
                              const asl_inferer_options *options, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(model != NULL, err);
    asl_status status;
    asl_inferer *inferer = NULL;
    asl_inferer_options resolved = default_options;
    ASL__TRY(asl__options_read(&resolved, sizeof resolved, options, "asl_inferer_options", err));
    if (resolved.batch_size < 1 || resolved.batch_size > MAX_BATCH)
        return asl__fail(err, ASL_ERR_ARG, "%s: batch_size %d is not 1..%d", __func__,
                         resolved.batch_size, MAX_BATCH);
    if (resolved.mirror < ASL_MIRROR_MODEL || resolved.mirror > ASL_MIRROR_AUTO)
        return asl__fail(err, ASL_ERR_ARG, "%s: mirror %d is none of ASL_MIRROR_*", __func__,
                         resolved.mirror);
    if (resolved.looks != 0 && !asl__is_look_count(resolved.looks))
        return asl__fail(err, ASL_ERR_ARG, "%s: looks is %d, not 0, 1 or 3", __func__,
                         resolved.looks);
    if (resolved.crops < 0 || resolved.crops > MAX_CROPS)
        return asl__fail(err, ASL_ERR_ARG, "%s: crops is %d, not 0..%d", __func__, resolved.crops,
                         MAX_CROPS);
    ASL__TRY(asl__resolve_threads(&resolved.threads, __func__, err));
    inferer = asl__alloc(sizeof *inferer);
    if (!inferer)
        return asl__fail_memory(err, "the inferer");
    ASL__TRY(build(inferer, model, &resolved, err));
    *out = inferer;
    return ASL_OK;
fail:
    asl_inferer_free(inferer);
    return status;
}

double asl__scores(float *scores, const float *logits, const asl_inferer *inferer)
{
    const int32_t count = inferer->model->network.classes;
    const double temperature = inferer->temperature;
    double top = (double)logits[0], sum = 0.0;
    for (int32_t i = 1; i < count; i++)
        top = (double)logits[i] > top ? (double)logits[i] : top;
    for (int32_t i = 0; i < count; i++)
        sum += exp(((double)logits[i] - top) / temperature);
    const double scale = top / temperature + log(sum);
    for (int32_t i = 0; i < count; i++)
        scores[i] = (float)exp((double)logits[i] / temperature - scale);
    return scale;
}

static asl_status check_count(const asl_inferer *inferer, size_t given, size_t pictures,
                              asl_error *err)
{
    size_t wanted;
    if (!asl__mul_size(&wanted, pictures, (size_t)inferer->model->network.classes) ||
        given != wanted)
        return asl__fail(err, ASL_ERR_ARG,
                         "room for %zu scores given, but %zu pictures have %d scores each", given,
                         pictures, inferer->model->network.classes);
    return ASL_OK;
}

void asl__begin_pass(asl_inferer *inferer, int32_t count)
{
    inferer->pass_count = count;
    inferer->pass_crops = 1;
}

static asl_status scale(asl_inferer *inferer, uint8_t *out, const asl_image_view *view,
                        const asl_rect *region, asl_error *err)
{
    const asl__shape *input = &inferer->model->network.input;
    return asl__resize_rgb_in(&inferer->scaling, out, input->width, input->height, view, region,
                              err);
}

/* The second crop of a picture without a hand is all of it again, which changes no mean. */
asl_status asl__take_picture(asl_inferer *inferer, int32_t place, const asl_image_view *view,
                             const asl_rect *region, asl_error *err)
{
    const size_t bytes = inferer->image_bytes;
    uint8_t *whole = inferer->images + (size_t)place * bytes;
    uint8_t *crop = whole + (size_t)inferer->pass_count * bytes;
    asl_hand hand = {.struct_size = sizeof hand};
    asl_status status;
    ASL__TRY(scale(inferer, whole, view, region, err));
    if (!inferer->finder)
        return ASL_OK;
    ASL__TRY(asl_finder_find(&hand, inferer->finder, view, region, err));
    if (hand.found) {
        inferer->pass_crops = MAX_CROPS;
        return scale(inferer, crop, view, &hand.box, err);
    }
    memcpy(crop, whole, bytes);
    return ASL_OK;
fail:
    return status;
}

/* Logits of one picture, valid until the next. */
static asl_status run_one(const float **logits, asl_inferer *inferer, size_t count,
                          const asl_image_view *view, const asl_rect *region, asl_error *err)
{
    asl_status status;
    ASL__TRY(check_count(inferer, count, 1, err));
    asl__begin_pass(inferer, 1);
    ASL__TRY(asl__take_picture(inferer, 0, view, region, err));
    ASL__TRY(asl__sides_run(inferer, inferer->images, 1, err));
    *logits = asl__sides_logits(inferer, 0);
fail:
    return status;
}

asl_status asl_inferer_classify(float *scores, size_t score_count, asl_inferer *inferer,
                                const asl_image_view *view, const asl_rect *region, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(scores != NULL, err);
    ASL__CHECK_ARG(inferer != NULL, err);
    ASL__CHECK_ARG(view != NULL, err);
    asl_status status;
    const float *logits = NULL;
    ASL__TRY(run_one(&logits, inferer, score_count, view, region, err));
    asl__scores(scores, logits, inferer);
fail:
    return status;
}

asl_status asl_inferer_logits(float *logits, size_t logit_count, asl_inferer *inferer,
                              const asl_image_view *view, const asl_rect *region, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(logits != NULL, err);
    ASL__CHECK_ARG(inferer != NULL, err);
    ASL__CHECK_ARG(view != NULL, err);
    asl_status status;
    const float *result = NULL;
    ASL__TRY(run_one(&result, inferer, logit_count, view, region, err));
    memcpy(logits, result, logit_count * sizeof *logits);
fail:
    return status;
}

/* One pass over `count` pictures, at most batch_size. */
static asl_status run_pass(float *scores, asl_inferer *inferer, const asl_image_view *views,
                           int32_t count, asl_error *err)
{
    const size_t classes = (size_t)inferer->model->network.classes;
    asl_status status;
    asl__begin_pass(inferer, count);
    for (int32_t i = 0; i < count; i++)
        ASL__TRY(asl__take_picture(inferer, i, &views[i], NULL, err));
    ASL__TRY(asl__sides_run(inferer, inferer->images, count, err));
    for (int32_t i = 0; i < count; i++)
        asl__scores(scores + (size_t)i * classes, asl__sides_logits(inferer, i), inferer);
fail:
    return status;
}

asl_status asl_inferer_classify_batch(float *scores, size_t score_count, asl_inferer *inferer,
                                      const asl_image_view *views, size_t view_count,
                                      asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(scores != NULL, err);
    ASL__CHECK_ARG(inferer != NULL, err);
    ASL__CHECK_ARG(views != NULL, err);
    const size_t classes = (size_t)inferer->model->network.classes;
    asl_status status;
    ASL__TRY(check_count(inferer, score_count, view_count, err));
    /* All of them first, so that a bad one leaves the scores untouched. */
    for (size_t i = 0; i < view_count; i++)
        ASL__TRY(asl__view_check(&views[i], NULL, err));
    for (size_t i = 0; i < view_count; i += (size_t)inferer->batch_size) {
        const size_t left = view_count - i;
        const int32_t count =
            left < (size_t)inferer->batch_size ? (int32_t)left : inferer->batch_size;
        ASL__TRY(run_pass(scores + i * classes, inferer, views + i, count, err));
    }
    return ASL_OK;
fail:
    return status;
}

const char *asl_inferer_backend(const asl_inferer *inferer)
{
    return inferer ? inferer->chosen : NULL;
}
