/* SPDX-License-Identifier: MIT */
/* The state of a run between its plans, and the running mean of the weights. See weights.h. */
#include "train/weights.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

/* Reading the weights costs little beside four steps, also where they lie on a GPU; and the mean of
 * every fourth is as good as that of all. */
enum { AVERAGE_STEPS = 4 };

asl__plan *asl__weights_plan(const asl_trainer *trainer)
{
    return trainer->state.step < trainer->start_steps ? trainer->start_plan : trainer->plan;
}

static asl_status read_state(asl_trainer *trainer, int32_t vector, asl_error *err)
{
    /* Vectors of which the host has the only copy. */
    if (!trainer->active || (vector == ASL__STATE_PARAMETERS && trainer->shown))
        return ASL_OK;
    return trainer->backend->plan_get_state(trainer->vectors[vector], trainer->active, vector, err);
}

asl_status asl__weights_train(asl_trainer *trainer, asl_error *err)
{
    const int32_t vectors = asl__vector_count(trainer->options.optimizer);
    asl__plan *plan = asl__weights_plan(trainer);
    asl_status status = ASL_OK;
    if (trainer->shown)
        ASL__TRY(trainer->backend->plan_set_state(trainer->plan, ASL__STATE_PARAMETERS,
                                                  trainer->vectors[ASL__STATE_PARAMETERS], err));
    trainer->shown = false;
    if (trainer->active == plan)
        return ASL_OK;
    for (int32_t i = 0; i < vectors; i++)
        ASL__TRY(read_state(trainer, i, err));
    for (int32_t i = 0; i < vectors; i++)
        ASL__TRY(trainer->backend->plan_set_state(plan, i, trainer->vectors[i], err));
    trainer->active = plan;
fail:
    return status;
}

asl_status asl__weights_validate(asl_trainer *trainer, asl_error *err)
{
    asl_status status = ASL_OK;
    if (trainer->active == trainer->plan && !trainer->average)
        return ASL_OK;
    ASL__TRY(read_state(trainer, ASL__STATE_PARAMETERS, err));
    /* From here on the host has the only copy, also when the next call fails. */
    trainer->shown = trainer->active == trainer->plan;
    ASL__TRY(trainer->backend->plan_set_state(trainer->plan, ASL__STATE_PARAMETERS,
                                              asl__weights_result(trainer), err));
fail:
    return status;
}

/* Steps of the epoch under way. */
static int64_t steps_into_epoch(const asl_trainer *trainer)
{
    return trainer->state.step - trainer->state.epoch * trainer->steps_per_epoch;
}

int64_t asl__weights_until_average(const asl_trainer *trainer)
{
    return trainer->average ? AVERAGE_STEPS - steps_into_epoch(trainer) % AVERAGE_STEPS : INT64_MAX;
}

/* What is left of the old mean after `steps` more, of which `step` is the last. */
static double remainder_after(double average, int64_t step, int64_t steps)
{
    const double decay = fmin(average, (1.0 + (double)step) / (10.0 + (double)step));
    double left = 1.0;
    for (int64_t i = 0; i < steps; i++)
        left *= decay;
    return left;
}

asl_status asl__weights_average(asl_trainer *trainer, asl_error *err)
{
    const int64_t into = steps_into_epoch(trainer), since = (into - 1) % AVERAGE_STEPS + 1;
    const float *weights = trainer->vectors[ASL__STATE_PARAMETERS];
    asl_status status;
    if (!trainer->average || (since < AVERAGE_STEPS && into < trainer->steps_per_epoch))
        return ASL_OK;
    ASL__TRY(read_state(trainer, ASL__STATE_PARAMETERS, err));
    const double left = remainder_after(trainer->options.average, trainer->state.step, since);
    for (size_t i = 0; i < trainer->model->network.parameter_count; i++)
        trainer->average[i] =
            (float)(left * (double)trainer->average[i] + (1.0 - left) * (double)weights[i]);
    return ASL_OK;
fail:
    return status;
}

static bool is_finite(const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i]))
            return false;
    }
    return true;
}

asl_status asl__weights_snapshot(asl_trainer *trainer, asl_error *err)
{
    const size_t count = trainer->model->network.parameter_count;
    asl_status status;
    for (int32_t i = 0; i < asl__vector_count(trainer->options.optimizer); i++) {
        ASL__TRY(read_state(trainer, i, err));
        if (!is_finite(trainer->vectors[i], count))
            return asl__trainer_diverged(
                trainer, i == ASL__STATE_PARAMETERS ? "a weight" : "a moment of the optimiser",
                err);
    }
    return ASL_OK;
fail:
    return status;
}

const float *asl__weights_result(const asl_trainer *trainer)
{
    return trainer->average ? trainer->average : trainer->vectors[ASL__STATE_PARAMETERS];
}
