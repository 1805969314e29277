/* SPDX-License-Identifier: MIT */
/* The boundary to the engines: a backend compiles a network into a plan and runs it. Pixels enter
 * as bytes and logits leave as floats, so that each backend chooses its own layout and fusion. A
 * plan allocates everything when it is made; running it allocates nothing. */
#ifndef ASL_BACKEND_INTERNAL_H
#define ASL_BACKEND_INTERNAL_H

#include <string.h>

#include "asl/backend.h"
#include "model/network.h"

/* Changes with any change to this header. */
#define ASL__BACKEND_ABI 4

typedef struct asl__plan asl__plan; /* each backend's own */

enum { ASL__OPTIMIZER_ADAM = 0, ASL__OPTIMIZER_ADAMW = 1, ASL__OPTIMIZER_SGD = 2 };

typedef struct asl__plan_options {
    int32_t max_batch;     /* >= 1 */
    int32_t training;      /* 1: train_step and gradients will be called */
    int32_t threads;       /* >= 1 */
    const char *isa;       /* instruction set of the cpu backend; NULL or "auto": the best there is.
                              Others take nothing else. */
    const char *precision; /* of products: NULL or "auto": the backend's own choice; "fp32"; or a
                              name that it has, such as "bf16" */
} asl__plan_options;

/* Hyper-parameters of one step. Dropout masks are pure functions of (seed, layer, step, picture in
 * the batch, unit): asl__random_uniform(seed, ASL__STREAM_DROPOUT + (layer << 8),
 * (step * 65536 + first + picture) * units + unit) < rate drops the unit; the rest is scaled by
 * 1 / (1 - rate). */
typedef struct asl__step_options {
    int32_t optimizer; /* ASL__OPTIMIZER_* */
    int32_t nesterov;
    int32_t first; /* place of the first picture in the batch; not 0 when several plans share one */
    int64_t step;  /* 1-based number of this step, for Adam's bias correction and dropout */
    uint64_t seed;
    double learning_rate, beta1, beta2, epsilon, momentum, weight_decay, label_smoothing;
} asl__step_options;

typedef struct asl__step_result {
    double loss_sum; /* sum over the batch of the (smoothed) cross-entropy */
    int64_t correct;
} asl__step_result;

enum { ASL__MAX_KEPT_STEPS = 256 }; /* in one call of plan_train_kept */

/* Vectors a training plan holds, each float[network.parameter_count]. Adam uses both moments (mean
 * and uncentred variance), SGD the first (velocity). */
enum { ASL__STATE_PARAMETERS = 0, ASL__STATE_MOMENT1 = 1, ASL__STATE_MOMENT2 = 2 };

/* What a plan does as one operation: neighbouring layers, or none for the way of the pixels into
 * the network. The operations of a plan cover all layers in their order. */
typedef struct asl__op_time {
    int32_t layer, layer_count; /* the first, and how many */
    double seconds;
    char method[40]; /* such as "winograd F(4,5) avx512" */
} asl__op_time;

typedef struct asl__backend {
    uint32_t abi; /* ASL__BACKEND_ABI */
    const char *name;
    const char *description;

    /* 1 when it can run here; writes why not, or what it would use, into reason. */
    int32_t (*probe)(char *reason, size_t reason_size);

    /* The network is borrowed for the plan's life. Fails with ASL_ERR_NOMEM, ASL_ERR_UNSUPPORTED
     * naming the layer, ASL_ERR_SYSTEM, ASL_ERR_BACKEND. */
    asl_status (*plan_create)(asl__plan **out, const asl__network *network,
                              const asl__plan_options *options, asl_error *err);
    void (*plan_destroy)(asl__plan *plan);
    /* What the plan uses of the machine, such as an instruction set; valid while the plan lives.
     * NULL: nothing to say. optional */
    const char *(*plan_detail)(const asl__plan *plan);
    /* In what the plan multiplies: "fp32", "bf16"; static. */
    const char *(*plan_precision)(const asl__plan *plan);

    /* Copies a state vector in or out. A new plan's vectors are zero. */
    asl_status (*plan_set_state)(asl__plan *plan, int32_t state, const float *values,
                                 asl_error *err);
    asl_status (*plan_get_state)(float *values, asl__plan *plan, int32_t state, asl_error *err);

    /* images: uint8[count][height][width][3] in R,G,B; logits: float[count][classes];
     * 1 <= count <= max_batch. Batch norm uses running statistics, dropout is the identity. */
    asl_status (*plan_forward)(float *logits, asl__plan *plan, const uint8_t *images, int32_t count,
                               asl_error *err);

    /* plan_forward of one picture, which takes the time of each operation: fills `times`, room for
     * ASL__MAX_LAYERS + 1, and their number. optional */
    asl_status (*plan_forward_timed)(float *logits, asl__op_time *times, int32_t *time_count,
                                     asl__plan *plan, const uint8_t *image, asl_error *err);

    /* One optimiser step on the mean loss of the batch; batch norm uses the batch's statistics
     * and updates the running ones (variance unbiased, as PyTorch). labels: 0..classes-1. */
    asl_status (*plan_train_step)(asl__step_result *result, asl__plan *plan, const uint8_t *images,
                                  const int32_t *labels, int32_t count,
                                  const asl__step_options *options, asl_error *err);

    /* The gradient of the mean loss by the parameters, without a step: float[parameter_count]. In
     * the places of the running statistics, which stay as they are too, lie those of the batch
     * (variance unbiased). */
    asl_status (*plan_gradients)(float *gradients, asl__step_result *result, asl__plan *plan,
                                 const uint8_t *images, const int32_t *labels, int32_t count,
                                 const asl__step_options *options, asl_error *err);

    /* The step without the batch: what plan_train_step does once it has its gradients, for those
     * of plan_gradients or the weighted mean of several plans'. */
    asl_status (*plan_apply)(asl__plan *plan, const float *gradients,
                             const asl__step_options *options, asl_error *err);

    /* The next two are optional, both or neither: a data set that stays where the backend computes,
     * so that steps need nothing of the host.
     *
     * Copies a whole data set: picture i is uint8[height][width][3] number places[i] from `images`
     * on and of class labels[i]. Replaces the last one. ASL_ERR_NOMEM when there is no room: the
     * plan has none then, and all else goes on. */
    asl_status (*plan_keep)(asl__plan *plan, const uint8_t *images, const int64_t *places,
                            const int32_t *labels, int64_t count, asl_error *err);

    /* step_count calls of plan_train_step on kept pictures, at most ASL__MAX_KEPT_STEPS: step i
     * takes order[i * batch ..], `batch` of them or, at the end, what is left of picture_count,
     * with options[i], and leaves results[i]; the same bits. The options may differ in step, first
     * and learning rate only. steps_done: those taken, also on failure. */
    asl_status (*plan_train_kept)(asl__step_result *results, int32_t *steps_done, asl__plan *plan,
                                  const int64_t *order, int64_t picture_count, int32_t batch,
                                  const asl__step_options *options, int32_t step_count,
                                  asl_error *err);
} asl__backend;

/* Looks a backend up: NULL or "auto" takes the first that can run. `chosen` receives one line that
 * says what runs and why, such as "cpu (cuda: no NVIDIA driver)". ASL_ERR_BACKEND otherwise. */
asl_status asl__backend_find(const asl__backend **out, char *chosen, size_t chosen_size,
                             const char *name, asl_error *err);

/* The name to look up when `name` and an instruction set were asked for: those are the cpu
 * backend's, so that "auto" means it. */
static inline const char *asl__backend_asked(const char *name, const char *isa)
{
    const bool any_backend = name == NULL || strcmp(name, "auto") == 0;
    const bool any_isa = isa == NULL || strcmp(isa, "auto") == 0;
    return any_backend && !any_isa ? "cpu" : name;
}

/* Puts the plan's detail, and a precision other than fp32, behind the name in `chosen`: "cpu avx512
 * bf16 (cuda: no NVIDIA driver)". Returns the detail, or NULL. */
const char *asl__backend_add_detail(char *chosen, size_t chosen_size, const asl__backend *backend,
                                    const asl__plan *plan);

extern const asl__backend asl__backend_reference;
extern const asl__backend asl__backend_cpu;

#endif
