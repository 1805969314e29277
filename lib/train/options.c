/* SPDX-License-Identifier: MIT */
/* Settings of a training run: defaults and limits. */
#include <math.h>

#include "base/options.h"
#include "train/trainer.h"

const asl_trainer_options asl__trainer_defaults = {
    .struct_size = sizeof(asl_trainer_options),
    .epochs = 10,
    .batch_size = 32,
    .optimizer = ASL_OPTIMIZER_ADAM,
    .schedule = ASL_SCHEDULE_CONSTANT,
    .learning_rate = 1e-3,
    .beta1 = 0.9,
    .beta2 = 0.999,
    .epsilon = 1e-8,
    .momentum = 0.9,
    .ranks = 1,
};

void asl_trainer_options_init(asl_trainer_options *options, size_t struct_size)
{
    asl__options_init(options, struct_size, &asl__trainer_defaults, sizeof asl__trainer_defaults);
}

static bool is_within(int64_t value, int64_t low, int64_t high)
{
    return value >= low && value <= high;
}

/* False for NaN as well. */
static bool is_share(double value)
{
    return value >= 0.0 && value <= 1.0;
}

static bool is_positive(double value)
{
    return value > 0.0 && isfinite(value);
}

const char *asl__trainer_options_fault(const asl_trainer_options *options)
{
    if (!is_within(options->epochs, 1, 100000))
        return "epochs must be 1..100000";
    if (!is_within(options->batch_size, 1, 65536))
        return "batch_size must be 1..65536";
    if (!is_within(options->optimizer, ASL_OPTIMIZER_ADAM, ASL_OPTIMIZER_SGD))
        return "optimizer must be an ASL_OPTIMIZER_ constant";
    if (!is_within(options->schedule, ASL_SCHEDULE_CONSTANT, ASL_SCHEDULE_ONE_CYCLE))
        return "schedule must be an ASL_SCHEDULE_ constant";
    if (!is_within(options->nesterov, 0, 1))
        return "nesterov must be 0 or 1";
    if (!is_positive(options->learning_rate))
        return "learning_rate must be positive and finite";
    if (!is_share(options->beta1) || !(options->beta1 < 1.0))
        return "beta1 must be at least 0 and less than 1";
    if (!is_share(options->beta2) || !(options->beta2 < 1.0))
        return "beta2 must be at least 0 and less than 1";
    if (!is_positive(options->epsilon))
        return "epsilon must be positive and finite";
    if (!is_share(options->momentum))
        return "momentum must be 0..1";
    if (!(options->weight_decay >= 0.0 && isfinite(options->weight_decay)))
        return "weight_decay must be at least 0 and finite";
    if (!is_share(options->label_smoothing))
        return "label_smoothing must be 0..1";
    if (!is_share(options->average) || !(options->average < 1.0))
        return "average must be at least 0 and less than 1";
    if (!is_within(options->epoch_pictures, 0, INT32_MAX))
        return "epoch_pictures must be 0..2147483647";
    if (!is_within(options->start_size, 0, ASL__MAX_SIDE))
        return "start_size must be 0..4096";
    if (!is_share(options->start_share))
        return "start_share must be 0..1";
    if ((options->start_size > 0) != (options->start_share > 0.0))
        return "start_size and start_share go together";
    if (!is_within(options->threads, 0, ASL__TRAINER_MAX_THREADS))
        return "threads must be 0..256";
    if (options->checkpoint_steps < 0)
        return "checkpoint_steps must be at least 0";
    if (!is_within(options->ranks, 1, 4096))
        return "ranks must be 1..4096";
    if (!is_within(options->rank, 0, options->ranks - 1))
        return "rank must be at least 0 and less than ranks";
    if (options->ranks > options->batch_size)
        return "there must be no more ranks than pictures in a batch";
    if (options->ranks > 1 && !options->all_reduce)
        return "several ranks need all_reduce";
    if (options->checkpoint && options->checkpoint[0] == '\0')
        return "checkpoint must be a path or NULL";
    return NULL;
}

int32_t asl__vector_count(int32_t optimizer)
{
    return optimizer == ASL_OPTIMIZER_SGD ? 2 : 3;
}
