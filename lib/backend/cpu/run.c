/* SPDX-License-Identifier: MIT */
/* Running a plan. A batch is dealt to the lanes picture by picture; each picture goes through all
 * operations while its data is in the cache. Batch norm in training makes all pictures wait for
 * the statistics of the batch, so there the operations run in segments that begin at each batch
 * norm. A few pictures outside training are instead cut into pieces, operation by operation. */
#include <string.h>

#include "backend/cpu/run.h"
#include "backend/training.h"
#include "base/file.h"

static const struct {
    void (*forward)(const asl__job *job);
    void (*backward)(const asl__job *job);
} functions[] = {
    [ASL__OP_INPUT] = {NULL, NULL},
    [ASL__OP_CONV2D] = {asl__cpu_conv2d_forward, NULL}, /* back with others, see backward_op */
    [ASL__OP_BATCH_NORM] = {asl__cpu_batch_norm_forward, asl__cpu_batch_norm_backward},
    [ASL__OP_RELU] = {asl__cpu_relu_forward, asl__cpu_relu_backward},
    [ASL__OP_MAX_POOL] = {asl__cpu_max_pool_forward, asl__cpu_max_pool_backward},
    [ASL__OP_GLOBAL_POOL] = {asl__cpu_global_pool_forward, asl__cpu_global_pool_backward},
    [ASL__OP_DROPOUT] = {asl__cpu_dropout_forward, asl__cpu_dropout_backward},
};

/* A batch at work. */
typedef struct batch {
    asl__plan *plan;
    const uint8_t *images;
    const int32_t *labels; /* NULL outside training */
    float *logits;         /* NULL in training */
    const asl__step_options *step;
    int32_t count;
    int32_t first, end; /* operations of this segment */
    int32_t op;         /* the one that is cut into pieces */
    int32_t picture;    /* and of which picture */
} batch;

/* Which lane is at which picture, in which working memory. */
typedef struct place {
    int32_t lane, work, picture;
} place;

static asl__job job_of(const batch *b, int32_t op, const place *at)
{
    asl__plan *plan = b->plan;
    asl__slot *slot = &plan->slots[b->labels != NULL && plan->waits ? at->picture : at->work];
    asl__job job = {.plan = plan,
                    .op = &plan->ops[op],
                    .slot = slot,
                    .lane = &plan->lanes[at->lane],
                    .work = &plan->works[at->work],
                    .out = slot->values + plan->ops[op].value,
                    .end = plan->ops[op].pieces,
                    .step = b->step,
                    .picture = at->picture};
    if (op > 0)
        job.in = slot->values + plan->ops[op - 1].value;
    if (b->labels != NULL) {
        job.out_gradient = slot->gradient[(op + 1) % 2];
        job.in_gradient = op > plan->first_trained ? slot->gradient[op % 2] : NULL;
    }
    return job;
}

static void forward_op(const batch *b, const asl__job *job)
{
    const size_t image =
        (size_t)b->plan->network->input.height * (size_t)b->plan->network->input.width * 3;
    if (job->op->kind == ASL__OP_INPUT)
        asl__cpu_input(job, b->images + (size_t)job->picture * image);
    else
        functions[job->op->kind].forward(job);
}

static void put_logits(const batch *b, const asl__job *job)
{
    const size_t classes = (size_t)b->plan->network->classes;
    memcpy(b->logits + (size_t)job->picture * classes, job->out, classes * sizeof *b->logits);
}

static void put_loss(const batch *b, const asl__job *job)
{
    asl__plan *plan = b->plan;
    float *gradient = job->slot->gradient[plan->op_count % 2];
    memset(gradient, 0, (size_t)job->op->out.stride * sizeof *gradient);
    asl__loss(gradient, &plan->losses[job->picture], &plan->hits[job->picture], job->out,
              b->labels[job->picture], plan->network->classes, b->count, b->step->label_smoothing);
}

/* One picture through the operations of the segment. */
static void forward_picture(const batch *b, const place *at)
{
    const asl__plan *plan = b->plan;
    for (int32_t op = b->first; op < b->end; op++) {
        const asl__job job = job_of(b, op, at);
        forward_op(b, &job);
        if (op == plan->op_count - 1 && b->labels != NULL)
            put_loss(b, &job);
        else if (op == plan->op_count - 1)
            put_logits(b, &job);
    }
    if (b->labels != NULL && b->end < plan->op_count) {
        const asl__job job = job_of(b, b->end, at);
        asl__cpu_batch_norm_moments(&job);
    }
}

/* One operation of `count` pictures back. The segment's own batch norm only adds up its sums. */
static void backward_op(const batch *b, const asl__job *jobs, int32_t count)
{
    const asl__op *op = jobs->op;
    if (op->kind == ASL__OP_CONV2D) {
        asl__cpu_conv2d_backward(jobs, count);
        return;
    }
    for (int32_t n = 0; n < count; n++)
        if (op == &b->plan->ops[b->first] && op->kind == ASL__OP_BATCH_NORM)
            asl__cpu_batch_norm_sums(&jobs[n]);
        else
            functions[op->kind].backward(&jobs[n]);
}

/* Pictures of a lane back: first through the batch norm that ends the segment, last the sums of the
 * one that begins it. */
static void backward_pictures(const batch *b, const place *at, int32_t count)
{
    const asl__plan *plan = b->plan;
    asl__job jobs[ASL__CPU_TOGETHER];
    for (int32_t op = b->end; op >= b->first && op >= plan->first_trained; op--) {
        if (op == plan->op_count)
            continue;
        for (int32_t n = 0; n < count; n++) {
            place picture = *at;
            picture.picture += n * plan->lane_count;
            jobs[n] = job_of(b, op, &picture);
        }
        backward_op(b, jobs, count);
    }
}

/* A lane begins in any working memory that is free: there is one for each thread. */
static place begin_lane(const batch *b, int64_t lane)
{
    asl__plan *plan = b->plan;
    place at = {.lane = (int32_t)lane, .picture = (int32_t)lane};
    memset(plan->lanes[lane].statistics, 0, plan->statistics_size * sizeof(double));
    while (atomic_exchange(&plan->works[at.work].taken, true))
        at.work = (at.work + 1) % plan->work_count;
    return at;
}

static void end_lane(const batch *b, const place *at)
{
    atomic_store(&b->plan->works[at->work].taken, false);
}

static void forward_lane(void *context, int64_t lane)
{
    const batch *b = context;
    place at = begin_lane(b, lane);
    for (; at.picture < b->count; at.picture += b->plan->lane_count)
        forward_picture(b, &at);
    end_lane(b, &at);
}

static void backward_lane(void *context, int64_t lane)
{
    const batch *b = context;
    const int32_t lanes = b->plan->lane_count;
    place at = begin_lane(b, lane);
    while (at.picture < b->count) {
        const int32_t left = (b->count - at.picture + lanes - 1) / lanes;
        const int32_t count = left < ASL__CPU_TOGETHER ? left : ASL__CPU_TOGETHER;
        backward_pictures(b, &at, count);
        at.picture += count * lanes;
    }
    end_lane(b, &at);
}

/* Without batch norm to wait for: forward and backward while a picture's data is at hand. */
static void both_lane(void *context, int64_t lane)
{
    const batch *b = context;
    place at = begin_lane(b, lane);
    for (; at.picture < b->count; at.picture += b->plan->lane_count) {
        forward_picture(b, &at);
        backward_pictures(b, &at, 1);
    }
    end_lane(b, &at);
}

/* One thread's share of an operation on the picture that lies in the first slot. */
static void run_piece(void *context, int64_t index)
{
    const batch *b = context;
    const int64_t count = b->plan->work_count;
    const place at = {.work = (int32_t)index, .picture = b->picture};
    asl__job job = job_of(b, b->op, &at);
    const int64_t pieces = job.op->pieces;
    job.slot = &b->plan->slots[0];
    job.in = job.slot->values + job.op[-1].value;
    job.out = job.slot->values + job.op->value;
    job.first = (int32_t)(pieces * index / count);
    job.end = (int32_t)(pieces * (index + 1) / count);
    if (job.first < job.end)
        forward_op(b, &job);
}

/* One operation on one picture, shared by all threads. */
static void forward_shared(batch *b, int32_t op)
{
    const asl__plan *plan = b->plan;
    const place at = {.picture = b->picture};
    const asl__job job = job_of(b, op, &at);
    b->op = op;
    if (job.op->pieces > 1)
        asl__pool_run(plan->pool, run_piece, b, plan->work_count);
    else
        forward_op(b, &job);
    if (op == plan->op_count - 1)
        put_logits(b, &job);
}

void asl__cpu_run_forward(asl__plan *plan, float *logits, const uint8_t *images, int32_t count)
{
    batch b = {.plan = plan, .images = images, .logits = logits, .count = count};
    b.end = plan->op_count;
    if (count >= asl__pool_threads(plan->pool)) {
        asl__pool_run(plan->pool, forward_lane, &b, plan->lane_count);
        return;
    }
    for (b.picture = 0; b.picture < count; b.picture++)
        for (int32_t op = 0; op < plan->op_count; op++)
            forward_shared(&b, op);
}

void asl__cpu_run_timed(asl__plan *plan, float *logits, double *seconds, const uint8_t *image)
{
    batch b = {.plan = plan, .images = image, .logits = logits, .count = 1};
    for (int32_t op = 0; op < plan->op_count; op++) {
        const double started = asl__clock_seconds();
        forward_shared(&b, op);
        seconds[op] = asl__clock_seconds() - started;
    }
}

/* Start of the segment that op belongs to: the batch norm at or before it, or 0. */
static int32_t segment_start(const asl__plan *plan, int32_t op)
{
    while (op > 0 && plan->ops[op].kind != ASL__OP_BATCH_NORM)
        op--;
    return op;
}

static int32_t segment_end(const asl__plan *plan, int32_t op)
{
    do
        op++;
    while (op < plan->op_count && plan->ops[op].kind != ASL__OP_BATCH_NORM);
    return op;
}

static void run_segments(batch *b)
{
    asl__plan *plan = b->plan;
    for (b->first = 0; b->first < plan->op_count; b->first = b->end) {
        b->end = segment_end(plan, b->first);
        if (b->first > 0)
            asl__cpu_batch_norm_finish(plan, &plan->ops[b->first], b->count);
        asl__pool_run(plan->pool, forward_lane, b, plan->lane_count);
    }
    for (b->end = plan->op_count; b->end > 0; b->end = b->first) {
        b->first = segment_start(plan, b->end - 1);
        asl__pool_run(plan->pool, backward_lane, b, plan->lane_count);
        if (plan->ops[b->first].kind == ASL__OP_BATCH_NORM)
            asl__cpu_batch_norm_learn(plan, &plan->ops[b->first], b->count);
    }
}

/* What the first picture of a lane adds to; the sums that it begins need no zeros. */
static void clear_lane(void *context, int64_t lane)
{
    const batch *b = context;
    float *gradients = b->plan->lanes[lane].gradients;
    for (int32_t i = 0; i < b->plan->op_count; i++) {
        const asl__op *op = &b->plan->ops[i];
        if (op->kind != ASL__OP_CONV2D)
            continue;
        if (op->pool || lane >= b->count)
            memset(gradients + op->gradient, 0, asl__cpu_gradient_size(op) * sizeof *gradients);
        memset(gradients + op->bias_gradient, 0, (size_t)op->out.stride * sizeof *gradients);
    }
}

asl__step_result asl__cpu_run_training(asl__plan *plan, const uint8_t *images,
                                       const int32_t *labels, int32_t count,
                                       const asl__step_options *step)
{
    asl__step_result result = {0.0, 0};
    batch b = {.plan = plan, .images = images, .labels = labels, .step = step, .count = count};
    b.end = plan->op_count;
    asl__pool_run(plan->pool, clear_lane, &b, plan->lane_count);
    if (plan->waits)
        run_segments(&b);
    else
        asl__pool_run(plan->pool, both_lane, &b, plan->lane_count);
    asl__cpu_collect_gradients(plan);
    for (int32_t i = 0; i < count; i++) {
        result.loss_sum += plan->losses[i];
        result.correct += plan->hits[i];
    }
    return result;
}
