/* SPDX-License-Identifier: MIT */
/* The life of a plan in which each call of CUDA, cuDNN and cuBLAS fails in turn, in every way, once
 * or from then on: the caller gets a status and a line that says what failed, everything is given
 * back, and the next plan computes what the first would have. */
#include <stdlib.h>

#include "cuda/plan_support.h"

enum { BATCH = 2, PICTURES = 5, STEPS = 3, CLASSES = 3, SIDE = 5 };

static const asl__backend *const cuda = &asl__backend_cuda;

static const char architecture[] =
    "conv2d 4 k2 bias; relu; conv2d 4 k1; batch_norm; relu; max_pool 2; global_pool max; "
    "dropout 0.2; dense classes";

static problem *p;
static asl__step_options options[STEPS];

/* ---- A life ---- */

/* What it gives. */
typedef struct outcome {
    float logits[2][2][BATCH * CLASSES];
    asl__step_result steps[2], kept[STEPS];
    float *state; /* NULL: did not get so far */
} outcome;

static asl_status train(outcome *o, asl__plan *plan, asl_error *err)
{
    static const int64_t places[PICTURES] = {4, 2, 0, 1, 3}, order[PICTURES] = {3, 1, 1, 0, 4};
    asl_status status = ASL_OK;
    int32_t done = 0;
    for (int32_t i = 0; i < 2 && status == ASL_OK; i++)
        status = cuda->plan_train_step(&o->steps[i], plan, p->images, p->labels, BATCH, &options[i],
                                       err);
    if (status == ASL_OK)
        status = cuda->plan_keep(plan, p->images, places, p->labels, PICTURES, err);
    if (status == ASL_OK)
        status = cuda->plan_train_kept(o->kept, &done, plan, order, PICTURES, BATCH, options, STEPS,
                                       err);
    if (status == ASL_OK)
        o->state = problem_vector(p);
    for (int32_t i = 0; i < 2 && status == ASL_OK; i++)
        status = cuda->plan_get_state(o->state, plan, i, err);
    return status;
}

static asl_status run(outcome *o, int32_t training, asl_error *err)
{
    const asl__plan_options wishes = {
        .max_batch = BATCH, .training = training, .threads = 1, .precision = "fp32"};
    asl__plan *plan = NULL;
    asl_status status = cuda->plan_create(&plan, &p->network, &wishes, err);
    if (status == ASL_OK)
        status = cuda->plan_set_state(plan, ASL__STATE_PARAMETERS, p->parameters, err);
    else
        assert_null(plan);
    for (int32_t i = 0; i < 2 && status == ASL_OK; i++)
        status = cuda->plan_forward(o->logits[training][i], plan, p->images, BATCH, err);
    if (training && status == ASL_OK)
        status = train(o, plan, err);
    cuda->plan_destroy(plan);
    return status;
}

/* Of a plan for inference, and one for training. */
static asl_status live(outcome *o, asl_error *err)
{
    memset(o, 0, sizeof *o);
    const asl_status status = run(o, 0, err);
    return status == ASL_OK ? run(o, 1, err) : status;
}

/* Two engines that calculate alike, so that it makes no difference which one a failure leaves. */
static void begin(void)
{
    emulation_config config;
    emulation_reset();
    emulation_defaults(&config);
    config.engine_count = 2;
    config.engines[0] = (emulation_engine){
        .index = 13, .graphs = EMULATION_ANY_GRAPH, .workspace = 256, .milliseconds = 0.1};
    config.engines[1] = (emulation_engine){.index = 0,
                                           .graphs = EMULATION_ANY_GRAPH & ~EMULATION_FUSED,
                                           .fallback = true,
                                           .milliseconds = 0.2};
    emulation_configure(&config);
}

static outcome expected;
static int64_t call_count; /* of a life */

static bool is_expected(const outcome *o)
{
    return memcmp(o->logits, expected.logits, sizeof o->logits) == 0 &&
           memcmp(o->steps, expected.steps, sizeof o->steps) == 0 &&
           memcmp(o->kept, expected.kept, sizeof o->kept) == 0 &&
           memcmp(o->state, expected.state, p->network.parameter_count * sizeof *o->state) == 0;
}

static int setup(void **state)
{
    const asl__step_options sgd = {
        .optimizer = ASL__OPTIMIZER_SGD, .seed = 3, .learning_rate = 0.01, .momentum = 0.9};
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    for (int32_t i = 0; i < STEPS; i++) {
        options[i] = sgd;
        options[i].step = i + 1;
    }
    p = problem_make(&(problem_spec){architecture, SIDE, SIDE, CLASSES, PICTURES, 0, sgd});
    begin();
    assert_ok(live(&expected, &err), &err);
    call_count = emulation_call_count();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(expected.state);
    problem_free(p);
    return 0;
}

/* ---- What a failure is called ---- */

typedef struct way {
    const char *name;
    emulation_fault fault;
    bool sticky, carries_on; /* later calls fail too */
    asl_status status;       /* of most calls */
} way;

/* A device is looked for before there is a plan: what fails there is that none was found; and what
 * fails while engines are looked for, that there is none for a layer. */
static void check_status(asl_status status, const way *w, const char *call, const char *message)
{
    const bool no_engine = status == ASL_ERR_UNSUPPORTED && strncmp(message, "layer ", 6) == 0;
    const bool no_device = status == ASL_ERR_BACKEND && strstr(message, "cannot run here: ");
    const bool fits =
        status == w->status || no_device || (w->fault == EMULATION_BROKEN && no_engine);
    if (!fits)
        fail_msg("%s, %s: got %s (%s)", w->name, call, asl_status_name(status), message);
}

/* The vendor's words for an injected failure of any library. */
static bool has_text(const char *message)
{
    static const char *const texts[] = {
        "unknown error",         "operation not supported",
        "out of memory",         "MiB free",
        "illegal memory access", "unspecified launch failure",
        "CUDNN_STATUS_",         "an internal operation failed",
        "allocation failed",     "is not supported",
        "failed to launch",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strstr(message, texts[i]) != NULL)
            return true;
    return false;
}

/* What looks for a device speaks of that. */
static bool looks_for_device(const char *call)
{
    return strcmp(call, "cudaGetDeviceCount") == 0 || strcmp(call, "cudaGetDeviceProperties") == 0;
}

/* The call, or for kernels and descriptors ours that made it. */
static bool names_call(const char *message, const char *call)
{
    if (strncmp(call, "cudnnBackend", 12) == 0)
        return strstr(message, "cuDNN: ") != NULL || strstr(message, "cuDNN has no engine");
    if (strncmp(call, "cu", 2) != 0)
        return strstr(message, "asl__cuda_") != NULL;
    return strstr(message, call) != NULL || looks_for_device(call) ||
           strstr(message, "MiB free") != NULL || strstr(message, "GPU can read") != NULL;
}

static void check_message(const asl_error *err, const way *w, const char *call)
{
    test_check_error(err->code, err);
    if (!has_text(err->message))
        fail_msg("%s, %s: '%s' does not say what the vendor says", w->name, call, err->message);
    if (!w->carries_on && !names_call(err->message, call))
        fail_msg("%s, %s: '%s' does not name the call", w->name, call, err->message);
}

/* ---- Each call ---- */

/* The failure is over: a new plan does as if nothing had been. */
static void live_again(const char *what)
{
    asl_error err = ASL_ERROR_INIT;
    outcome o;
    if (live(&o, &err) != ASL_OK)
        fail_msg("after %s: %s", what, err.message);
    if (!is_expected(&o))
        fail_msg("after %s: other numbers", what);
    free(o.state);
}

static void fail_one(int64_t n, const way *w, int32_t *failed)
{
    asl_error err = ASL_ERROR_INIT;
    char what[120];
    outcome o;
    begin();
    emulation_fail_call(n, w->fault, w->sticky);
    const asl_status status = live(&o, &err);
    emulation_fail_call(0, w->fault, false);
    const char *call = emulation_call_name(n);
    snprintf(what, sizeof what, "%s, call %d (%s)", w->name, (int)n, call);
    assert_non_null(call);
    if (status < 0) {
        check_status(status, w, call, err.message);
        check_message(&err, w, call);
        ++*failed;
    } else if (!is_expected(&o)) {
        fail_msg("%s: it went on with other numbers", what);
    }
    free(o.state);
    if (!w->carries_on)
        live_again(what);
    plan_assert_clean(what);
}

static void fail_each(const way *w)
{
    int32_t failed = 0;
    for (int64_t n = 1; n <= call_count; n++)
        fail_one(n, w, &failed);
    print_message("%s: of %d calls %d ended a life, the rest it could do without\n", w->name,
                  (int)call_count, (int)failed);
    assert_true(failed > 100);
}

static void test_each_call_once(void **state)
{
    static const way ways[] = {
        {"broken once", EMULATION_BROKEN, false, false, ASL_ERR_SYSTEM},
        {"no memory once", EMULATION_NO_MEMORY, false, false, ASL_ERR_NOMEM},
        {"unsupported once", EMULATION_UNSUPPORTED, false, false, ASL_ERR_UNSUPPORTED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        fail_each(&ways[i]);
}

static void test_each_call_for_good(void **state)
{
    static const way ways[] = {
        {"broken", EMULATION_BROKEN, true, true, ASL_ERR_SYSTEM},
        {"no memory", EMULATION_NO_MEMORY, true, true, ASL_ERR_NOMEM},
        {"unsupported", EMULATION_UNSUPPORTED, true, true, ASL_ERR_UNSUPPORTED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        fail_each(&ways[i]);
}

static void test_lost_device(void **state)
{
    static const way ways[] = {
        {"lost", EMULATION_LOST, false, true, ASL_ERR_DEVICE_LOST},
        {"lost later", EMULATION_LOST_LATER, false, true, ASL_ERR_DEVICE_LOST},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        fail_each(&ways[i]);
}

/* A pass that failed can be asked for again. */
static void test_second_try(void **state)
{
    static const emulation_fault faults[] = {EMULATION_BROKEN, EMULATION_NO_MEMORY};
    float logits[BATCH * CLASSES];
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    for (size_t f = 0; f < sizeof faults / sizeof *faults; f++) {
        bool reached = true;
        for (int64_t n = 1; reached; n++) {
            begin();
            asl__plan *plan = plan_make(p, "fp32", 1, BATCH);
            const int64_t before = emulation_call_count();
            emulation_fail_call(n, faults[f], false);
            const asl_status status = cuda->plan_forward(logits, plan, p->images, BATCH, &err);
            emulation_fail_call(0, faults[f], false);
            reached = emulation_call_count() - before >= n;
            assert_true(reached == (status < 0));
            for (int32_t i = 0; i < 3; i++) {
                assert_ok(cuda->plan_forward(logits, plan, p->images, BATCH, &err), &err);
                assert_memory_equal(logits, expected.logits[1][0], sizeof logits);
            }
            cuda->plan_destroy(plan);
            plan_assert_clean("a second try");
        }
    }
}

/* Memory of the host, which a plan takes only while it is made. */
static void test_each_allocation(void **state)
{
    (void)state;
    for (int32_t sticky = 0; sticky < 2; sticky++) {
        int64_t n = 1;
        for (asl_status status = ASL_ERR_NOMEM; status != ASL_OK; n++) {
            asl_error err = ASL_ERROR_INIT;
            outcome o;
            begin();
            test_allocator_install(n, sticky != 0);
            status = live(&o, &err);
            if (status != ASL_OK)
                assert_int_equal(status, ASL_ERR_NOMEM);
            else
                assert_true(is_expected(&o));
            test_check_error(status, &err);
            free(o.state);
            test_allocator_remove();
            plan_assert_clean("an allocation");
        }
        assert_true(n > 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_call_once),  cmocka_unit_test(test_each_call_for_good),
        cmocka_unit_test(test_lost_device),     cmocka_unit_test(test_second_try),
        cmocka_unit_test(test_each_allocation),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
