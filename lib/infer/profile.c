/* SPDX-License-Identifier: MIT */
/* How long each layer takes: the backend takes the times of one pass, here many passes become
 * medians with names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/floats.h"
#include "base/options.h"
#include "image/image.h"
#include "infer/inferer.h"

#define MAX_RUNS 10000

struct asl_profile {
    int32_t count;
    struct entry {
        asl__op_time op; /* seconds: the median */
        char name[64];
        int64_t mac_count;
    } entries[ASL__MAX_LAYERS + 1];
};

/* How many layers of that kind there are before layer `end`. */
static int32_t count_kind(const asl__network *network, int32_t kind, int32_t end)
{
    int32_t count = 0;
    for (int32_t i = 0; i < end; i++)
        count += network->layers[i].kind == kind;
    return count;
}

/* "conv2d 1 + relu + max_pool": the first has a number where the network has several. */
static void describe(struct entry *entry, const asl__network *network)
{
    const int32_t first = entry->op.layer;
    const int32_t kind = network->layers[first].kind;
    size_t length;
    if (entry->op.layer_count == 0) {
        snprintf(entry->name, sizeof entry->name, "input");
        return;
    }
    snprintf(entry->name, sizeof entry->name, "%s", asl__layer_kind_name(kind));
    if (count_kind(network, kind, network->layer_count) > 1) {
        length = strlen(entry->name);
        snprintf(entry->name + length, sizeof entry->name - length, " %d",
                 count_kind(network, kind, first + 1));
    }
    entry->mac_count = network->layers[first].mac_count;
    for (int32_t i = first + 1; i < first + entry->op.layer_count; i++) {
        length = strlen(entry->name);
        snprintf(entry->name + length, sizeof entry->name - length, " + %s",
                 asl__layer_kind_name(network->layers[i].kind));
        entry->mac_count += network->layers[i].mac_count;
    }
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double find_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return (values[(count - 1) / 2] + values[count / 2]) / 2.0;
}

/* seconds: room for `runs` values of each operation. */
static asl_status measure(asl_profile *profile, double *seconds, asl_inferer *inferer, int32_t runs,
                          asl_error *err)
{
    asl_status status = ASL_OK;
    asl__op_time times[ASL__MAX_LAYERS + 1];
    for (int32_t run = 0; run < runs; run++) {
        ASL__TRY(inferer->backend->plan_forward_timed(inferer->logits, times, &profile->count,
                                                      inferer->plan, inferer->images, err));
        for (int32_t i = 0; i < profile->count; i++)
            seconds[(size_t)i * (size_t)runs + (size_t)run] = times[i].seconds;
    }
    for (int32_t i = 0; i < profile->count; i++) {
        struct entry *entry = &profile->entries[i];
        entry->op = times[i];
        entry->op.seconds = find_median(seconds + (size_t)i * (size_t)runs, (size_t)runs);
        describe(entry, &inferer->model->network);
    }
fail:
    return status;
}

asl_status asl_inferer_profile(asl_profile **out, asl_inferer *inferer, const asl_image_view *view,
                               int32_t runs, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(inferer != NULL, err);
    ASL__CHECK_ARG(view != NULL, err);
    if (runs < 1 || runs > MAX_RUNS)
        return asl__fail(err, ASL_ERR_ARG, "%s: runs %d is not 1..%d", __func__, runs, MAX_RUNS);
    if (inferer->backend->plan_forward_timed == NULL)
        return asl__fail(err, ASL_ERR_UNSUPPORTED, "backend '%s' cannot time single layers",
                         inferer->backend->name);
    const asl__network *network = &inferer->model->network;
    asl_status status;
    asl_profile *profile = asl__alloc(sizeof *profile);
    double *seconds =
        asl__alloc_array((size_t)runs * ((size_t)network->layer_count + 1), sizeof *seconds);
    if (!profile || !seconds)
        ASL__TRY(asl__fail_memory(err, "a profile"));
    ASL__TRY(asl__resize_rgb(inferer->images, network->input.width, network->input.height, view,
                             NULL, err));
    ASL__TRY(measure(profile, seconds, inferer, runs, err));
    *out = profile;
    profile = NULL;
fail:
    asl__free(seconds);
    asl_profile_free(profile);
    return status;
}

void asl_profile_free(asl_profile *profile)
{
    asl__free(profile);
}

int32_t asl_profile_count(const asl_profile *profile)
{
    return profile ? profile->count : 0;
}

asl_status asl_profile_get(asl_layer_time *out, const asl_profile *profile, int32_t index,
                           asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    ASL__CHECK_ARG(profile != NULL, err);
    if (index < 0 || index >= profile->count)
        return asl__fail(err, ASL_ERR_ARG, "layer time %d does not exist; there are %d, from 0",
                         index, profile->count);
    const struct entry *entry = &profile->entries[index];
    const asl_layer_time time = {.layer_count = entry->op.layer_count,
                                 .mac_count = entry->mac_count,
                                 .nanoseconds = 1e9 * entry->op.seconds,
                                 .name = entry->name,
                                 .method = entry->op.method};
    return asl__struct_write(out, &time, sizeof time, "asl_layer_time", err);
}
