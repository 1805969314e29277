/* SPDX-License-Identifier: MIT */
/* Twenty training steps of whole networks on every backend, against the reference: the presets and
 * three random networks, on pictures that can be told apart.
 *
 * Two correct runs do not stay together. Each step adds rounding, some 1e-6 of what it moves; and
 * now and then a value lies within rounding of zero at a ReLU, or of its neighbour at a maximum,
 * and falls to the other side, where its gradient goes another way. Adam divides by the size of
 * each gradient, so weights with small ones then take steps of their own. Hence two comparisons in
 * one run:
 *
 * beside: before each step a reference is put where the backend is, which goes on undisturbed. One
 *     step of both agrees within ROUNDING (seen: 7e-6), but for the few steps in which a value
 *     changes sides. So at least half of the steps must, and all of them within SIDES.
 * apart: another reference goes its own way from the same start. How far such ways part was
 *     measured by shaking all weights by 2^-22 of their size before each step, which does what
 *     float32 sums do: in 15 tries for each network the losses parted by up to 1e-4 and the weights
 *     by up to 6e-2 of the way. LOSSES and SIDES leave a factor of 10 and of 3. All this at a small
 *     learning rate: at 1e-3 training is chaotic, and a tolerance would be idle. */
#include <math.h>
#include <stdlib.h>

#include "backends/problem.h"
#include "model/model.h"

#define LEARNING_RATE 1e-4
#define ROUNDING      3e-5
#define LOSSES        1e-3
#define SIDES         0.2
enum { STEPS = 20, CLASSES = 29, PRESETS = 2, NETWORKS = PRESETS + 3 };

typedef struct network_case {
    const char *preset; /* NULL: a random network */
    int32_t width, height, count, optimizer;
    double label_smoothing;
} network_case;

/* "seed" in little more than the smallest size that it can take. */
static const network_case cases[NETWORKS] = {
    {"seed", 76, 70, 2, ASL__OPTIMIZER_ADAM, 0.0}, {"tiny", 64, 64, 4, ASL__OPTIMIZER_ADAMW, 0.1},
    {NULL, 43, 32, 4, ASL__OPTIMIZER_ADAM, 0.1},   {NULL, 32, 40, 5, ASL__OPTIMIZER_ADAMW, 0.0},
    {NULL, 37, 38, 3, ASL__OPTIMIZER_SGD, 0.1},
};

/* --- networks and pictures --------------------------------------------------------------- */

typedef struct dice {
    uint32_t stream, count;
} dice;

static int32_t roll(dice *d, int32_t sides)
{
    return (int32_t)((problem_value(d->stream, d->count++) + 0.5) * sides);
}

/* Two or three blocks of convolution with what may follow it. Sizes from 32 up never run out: a
 * convolution takes at most 3 pixels a side before its stride, and the last block has no pool. */
static void draw_architecture(char *text, size_t size, uint32_t stream)
{
    dice d = {stream, 0};
    const int32_t blocks = 2 + roll(&d, 2);
    size_t used = 0;

    for (int32_t i = 0; i < blocks; i++) {
        const int32_t kernel = 1 + roll(&d, 6);
        const int32_t padding = kernel / 2 - (kernel > 1 ? roll(&d, 2) : 0);
        const int32_t pool = i + 1 < blocks ? roll(&d, 2) : 0;
        const int32_t stride = pool ? 1 : 2 + roll(&d, 2);
        const int32_t norm = roll(&d, 2), dropout = roll(&d, 3) == 0;

        used += (size_t)snprintf(text + used, size - used, "conv2d %d k%d s%d p%d%s; relu; %s%s",
                                 4 + roll(&d, 20), kernel, stride, padding,
                                 norm ? "; batch_norm" : " bias", pool ? "max_pool 2; " : "",
                                 dropout ? "dropout 0.2; " : "");
        assert_true(used < size);
    }
    static const char *const heads[] = {"avg", "max", "both; dense 20; relu"};
    used += (size_t)snprintf(text + used, size - used, "global_pool %s; dense classes",
                             heads[roll(&d, 3)]);
    assert_true(used < size);
}

/* Stripes whose direction and width tell the class, under noise. */
static void draw_batch(problem *p, int32_t step)
{
    const int32_t width = p->network.input.width, height = p->network.input.height;
    uint32_t i = 0;

    for (int32_t n = 0; n < p->count; n++) {
        p->labels[n] = (step * 7 + n * 5) % CLASSES;
        for (int32_t y = 0; y < height; y++)
            for (int32_t x = 0; x < width * 3; x++, i++) {
                const double angle = 0.2 * p->labels[n] + 0.4 * (x % 3);
                const double along = (double)(x / 3) * cos(angle) + y * sin(angle);
                p->images[i] = (uint8_t)(128.0 + 60.0 * cos(along * (0.15 + 0.02 * p->labels[n])) +
                                         100.0 * problem_value(1000u + (uint32_t)step, i));
            }
    }
}

/* `size` 0 takes the case's own size. */
static problem *make(int32_t index, int32_t size)
{
    const network_case *c = &cases[index];
    const asl__preset *preset = c->preset ? asl__preset_find(c->preset) : NULL;
    char text[512];
    problem_spec spec = {.architecture = preset ? preset->architecture : text,
                         .width = size ? size : c->width,
                         .height = size ? size : c->height,
                         .classes = CLASSES,
                         .count = c->count,
                         .bgr = preset ? preset->bgr : 0,
                         .step = {.optimizer = c->optimizer,
                                  .nesterov = 1,
                                  .seed = 11,
                                  .learning_rate = LEARNING_RATE,
                                  .beta1 = 0.9,
                                  .beta2 = 0.999,
                                  .epsilon = 1e-8,
                                  .momentum = 0.9,
                                  .weight_decay = 0.01,
                                  .label_smoothing = c->label_smoothing}};
    if (!preset)
        draw_architecture(text, sizeof text, 500u + (uint32_t)index);
    problem *p = problem_make(&spec);
    if (preset) {
        memcpy(p->network.mean, preset->mean, sizeof preset->mean);
        memcpy(p->network.std, preset->std, sizeof preset->std);
    }
    asl__network_init_parameters(p->parameters, &p->network, 5);
    return p;
}

/* --- runs -------------------------------------------------------------------------------- */

enum { STATES = 3 }; /* parameters and both moments */

/* A run, and where it is after its last step. */
typedef struct walk {
    const asl__backend *backend;
    asl__plan *plan;
    float *state[STATES];
    double loss;
} walk;

static void look(walk *w)
{
    asl_error err = ASL_ERROR_INIT;

    for (int32_t i = 0; i < STATES; i++)
        assert_ok(w->backend->plan_get_state(w->state[i], w->plan, i, &err), &err);
}

static walk start(const problem *p, const asl__backend *backend)
{
    walk w = {.backend = backend, .plan = problem_plan(p, backend, 1, 2, p->count)};

    for (int32_t i = 0; i < STATES; i++)
        w.state[i] = problem_vector(p);
    look(&w);
    return w;
}

static void end(walk *w)
{
    w->backend->plan_destroy(w->plan);
    for (int32_t i = 0; i < STATES; i++)
        free(w->state[i]);
}

static void step(walk *w, const problem *p)
{
    asl_error err = ASL_ERROR_INIT;
    asl__step_result result;

    assert_ok(w->backend->plan_train_step(&result, w->plan, p->images, p->labels, p->count,
                                          &p->step, &err),
              &err);
    w->loss = result.loss_sum / (double)p->count;
    look(w);
}

/* Puts a run where another one is. */
static void place(walk *w, const walk *other)
{
    asl_error err = ASL_ERROR_INIT;

    for (int32_t i = 0; i < STATES; i++)
        assert_ok(w->backend->plan_set_state(w->plan, i, other->state[i], &err), &err);
    look(w);
}

/* The distance of two vectors, relative to the way from `from` (NULL: zero) to the second. The
 * running statistics move much further than what is trained, so each of both kinds has its own. */
static double parted(const problem *p, const float *a, const float *b, const float *from)
{
    double between[2] = {0.0, 0.0}, way[2] = {0.0, 0.0}, worst = 0.0;

    for (int32_t t = 0; t < p->network.tensor_count; t++) {
        const asl__tensor *tensor = &p->network.tensors[t];
        for (size_t i = tensor->offset; i < tensor->offset + tensor->count; i++) {
            const double d = (double)a[i] - (double)b[i];
            const double w = (double)b[i] - (from ? (double)from[i] : 0.0);
            between[tensor->trained] += d * d;
            way[tensor->trained] += w * w;
        }
    }
    for (int32_t k = 0; k < 2; k++)
        worst = fmax(worst, way[k] > 0.0 ? sqrt(between[k] / way[k]) : between[k]);
    return worst;
}

static double loss_error(const walk *w, const walk *expected)
{
    return fabs(w->loss - expected->loss) / expected->loss;
}

/* One step of both from where `w` is. The first moment tells of the gradients, also where Adam's
 * step does not. */
static double step_beside(walk *w, walk *reference, const problem *p)
{
    const size_t count = p->network.parameter_count;
    float *before[2] = {problem_vector(p), problem_vector(p)};
    double worst;

    place(reference, w);
    for (int32_t i = 0; i < 2; i++)
        memcpy(before[i], w->state[i], count * sizeof *before[i]);
    step(w, p);
    step(reference, p);
    worst = loss_error(w, reference);
    for (int32_t i = 0; i < 2; i++) {
        worst = fmax(worst, parted(p, w->state[i], reference->state[i], before[i]));
        free(before[i]);
    }
    return worst;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* What parts a run from the reference: beside it half of the steps and all, apart from it the
 * losses and in the end the weights. */
typedef struct verdict {
    double half, most, losses, weights;
} verdict;

static verdict run(problem *p, const asl__backend *backend)
{
    walk own = start(p, backend);
    walk beside = start(p, &asl__backend_reference), apart = start(p, &asl__backend_reference);
    double errors[STEPS], losses = 0.0, weights;

    for (int32_t i = 0; i < STEPS; i++) {
        p->step.step = i + 1;
        draw_batch(p, i + 1);
        errors[i] = step_beside(&own, &beside, p);
        step(&apart, p);
        losses = fmax(losses, loss_error(&own, &apart));
    }
    qsort(errors, STEPS, sizeof *errors, by_size);
    weights = parted(p, own.state[0], apart.state[0], p->parameters);
    end(&apart);
    end(&beside);
    end(&own);
    return (verdict){errors[STEPS / 2 - 1], errors[STEPS - 1], losses, weights};
}

static bool agrees(const verdict *v)
{
    return v->half <= ROUNDING && v->most <= SIDES && v->losses <= LOSSES && v->weights <= SIDES;
}

/* --- tests ------------------------------------------------------------------------------- */

static void test_training(void **state)
{
    const asl__backend *backends[8];
    const int32_t count = available_backends(backends);
    (void)state;
    for (int32_t i = 0; i < NETWORKS; i++) {
        problem *p = make(i, 0);
        for (int32_t b = 0; b < count; b++) {
            if (backends[b] == &asl__backend_reference)
                continue;
            const verdict v = run(p, backends[b]);
            if (!agrees(&v))
                fail_msg("%s, network %d: half of the steps within %g, all within %g; apart: "
                         "losses %g, weights %g",
                         backends[b]->name, i, v.half, v.most, v.losses, v.weights);
        }
        problem_free(p);
    }
}

/* How far the gradients of the batch are from the reference's; logits must agree at once. */
static double gradient_error(const problem *p, const asl__backend *backend)
{
    const asl__backend *const pair[] = {backend, &asl__backend_reference};
    float *logits[2], *gradients[2];

    for (int32_t k = 0; k < 2; k++) {
        asl_error err = ASL_ERROR_INIT;
        asl__plan *plan = problem_plan(p, pair[k], 1, 2, p->count);
        logits[k] = problem_logits(p);
        gradients[k] = problem_gradients(NULL, p, pair[k], plan);
        assert_ok(pair[k]->plan_forward(logits[k], plan, p->images, p->count, &err), &err);
        pair[k]->plan_destroy(plan);
    }
    assert_true(distance(logits[0], logits[1], (size_t)p->count * CLASSES) <= ROUNDING);
    const double error = parted(p, gradients[0], gradients[1], NULL);
    for (int32_t k = 0; k < 2; k++) {
        free(logits[k]);
        free(gradients[k]);
    }
    return error;
}

/* The presets at the size that they were made for. Among so many values some change sides in most
 * batches, so the gradients of one picture must agree for one out of four. */
static void test_own_size(void **state)
{
    const asl__backend *backends[8];
    const int32_t count = available_backends(backends);
    (void)state;
    for (int32_t i = 0; i < PRESETS; i++) {
        problem *p = make(i, asl__preset_find(cases[i].preset)->width);
        p->count = 1;
        for (int32_t b = 0; b < count; b++) {
            double best = backends[b] == &asl__backend_reference ? 0.0 : INFINITY;
            for (int32_t batch = 1; batch <= 4 && !(best <= ROUNDING); batch++) {
                draw_batch(p, batch);
                best = fmin(best, gradient_error(p, backends[b]));
            }
            assert_true(best <= ROUNDING);
        }
        problem_free(p);
    }
}

/* --- the comparison itself --------------------------------------------------------------- */

static double wrong_rate;

static asl_status train_wrongly(asl__step_result *result, asl__plan *plan, const uint8_t *images,
                                const int32_t *labels, int32_t count,
                                const asl__step_options *options, asl_error *err)
{
    asl__step_options wrong = *options;
    wrong.learning_rate *= wrong_rate;
    return asl__backend_reference.plan_train_step(result, plan, images, labels, count, &wrong, err);
}

/* Steps too short by 1 in 5,000 must show beside the reference, by half they must in the end. */
static void test_comparison_can_fail(void **state)
{
    problem *p = make(NETWORKS - 1, 0);
    asl__backend wrong = asl__backend_reference;
    (void)state;
    wrong.plan_train_step = train_wrongly;
    wrong_rate = 1.0;
    verdict v = run(p, &wrong);
    assert_true(v.most == 0.0 && v.losses == 0.0 && v.weights == 0.0);
    wrong_rate = 0.9998;
    v = run(p, &wrong);
    assert_true(v.half > ROUNDING && v.losses <= LOSSES && v.weights <= SIDES);
    wrong_rate = 0.5;
    v = run(p, &wrong);
    assert_true(v.losses > LOSSES && v.weights > SIDES);
    problem_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_training),
        cmocka_unit_test(test_own_size),
        cmocka_unit_test(test_comparison_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
