/* SPDX-License-Identifier: MIT */
/* What is said of a machine without a GPU that can be used, and of one without enough memory. */
#include <stdlib.h>

#include "cuda/plan_support.h"

static const asl__backend *const cuda = &asl__backend_cuda;

/* ---- Whether there is one ---- */

typedef struct machine {
    emulation_config config;
    const char *reason; /* how it begins */
} machine;

static machine machine_of(const char *reason)
{
    machine m = {.reason = reason};
    emulation_defaults(&m.config);
    return m;
}

/* The backend, the list of backends and the look-up, by name and not, are of one mind. */
static void assert_told(const machine *m, int32_t available)
{
    asl_backend_info info = {.struct_size = sizeof info};
    const asl__backend *found = NULL;
    asl_error err = ASL_ERROR_INIT;
    char reason[160], chosen[200], said[200];
    emulation_reset();
    emulation_configure(&m->config);
    assert_int_equal(cuda->probe(reason, sizeof reason), available);
    assert_string_equal(reason, m->reason);
    assert_ok(asl_backend_get_info(&info, 0, &err), &err);
    assert_string_equal(info.name, "cuda");
    assert_int_equal(info.available, available);
    assert_string_equal(info.reason, m->reason);
    assert_ok(asl__backend_find(&found, chosen, sizeof chosen, NULL, &err), &err);
    snprintf(said, sizeof said, available ? "cuda (%s)" : "cpu (cuda: %s)", m->reason);
    assert_string_equal(chosen, said);
    if (available) {
        assert_ok(asl__backend_find(&found, chosen, sizeof chosen, "cuda", &err), &err);
        assert_ptr_equal(found, cuda);
        return;
    }
    snprintf(said, sizeof said, "backend 'cuda' cannot run here: %s", m->reason);
    assert_status(asl__backend_find(&found, chosen, sizeof chosen, "cuda", &err), ASL_ERR_BACKEND,
                  &err);
    assert_string_equal(err.message, said);
    /* It may be gone between the look-up and the plan. */
    static const asl__network network;
    const asl__plan_options options = {.max_batch = 1, .threads = 1};
    asl__plan *plan = NULL;
    assert_status(cuda->plan_create(&plan, &network, &options, &err), ASL_ERR_BACKEND, &err);
    assert_string_equal(err.message, said);
    assert_null(plan);
    plan_assert_clean(m->reason);
}

static void test_machines(void **state)
{
    machine m = machine_of("NVIDIA H100 80GB HBM3");
    (void)state;
    assert_told(&m, 1);

    m = machine_of("no NVIDIA driver");
    m.config.driver_version = 0;
    assert_told(&m, 0);

    m = machine_of("the NVIDIA driver is too old: it has CUDA 12.4, 13.0 is needed");
    m.config.driver_version = 12040;
    assert_told(&m, 0);

    m = machine_of("no NVIDIA driver, only the toolkit's stub of one");
    m.config.stub_driver = true;
    assert_told(&m, 0);

    m = machine_of("no NVIDIA GPU");
    m.config.devices = 0;
    assert_told(&m, 0);

    m = machine_of("Tesla V100 has compute capability 7.0, 7.5 is needed");
    m.config.major = 7;
    m.config.minor = 0;
    snprintf(m.config.name, sizeof m.config.name, "Tesla V100");
    assert_told(&m, 0);

    m.reason = "Tesla V100";
    m.config.minor = 5;
    assert_told(&m, 1);

    m.config.major = 12;
    m.config.minor = 0;
    assert_told(&m, 1);
}

/* Looking is no reason for the host's own calls of CUDA to fail. */
static void test_probe_leaves_no_error(void **state)
{
    machine m = machine_of(NULL);
    char reason[160];
    (void)state;
    m.config.devices = 0;
    emulation_reset();
    emulation_configure(&m.config);
    assert_int_equal(cuda->probe(reason, sizeof reason), 0);
    assert_int_equal(cudaPeekAtLastError(), cudaSuccess);
}

/* A plan finds its device again when the caller's thread has chosen another one. */
static void test_current_device(void **state)
{
    static const char dense[] = "conv2d 4 k1; relu; global_pool avg; dense classes";
    static const int64_t places[2] = {0, 1};
    problem *p =
        problem_make(&(problem_spec){dense, 3, 3, 3, 2, 0, {.step = 1, .learning_rate = 0.01}});
    machine m = machine_of(NULL);
    float *vector = problem_vector(p), *logits = problem_logits(p);
    asl_error err = ASL_ERROR_INIT;
    asl__step_result result;
    int32_t done;
    (void)state;
    emulation_reset();
    m.config.devices = 2;
    emulation_configure(&m.config);
    asl__plan *plan = plan_make(p, "fp32", 1, 2);
    for (int32_t i = 0; i < 7; i++) {
        asl_status status = ASL_OK;
        assert_int_equal(cudaSetDevice(1), cudaSuccess);
        switch (i) {
        case 0:
            status = cuda->plan_forward(logits, plan, p->images, 2, &err);
            break;
        case 1:
            status = cuda->plan_train_step(&result, plan, p->images, p->labels, 2, &p->step, &err);
            break;
        case 2:
            status = cuda->plan_gradients(vector, &result, plan, p->images, p->labels, 2, &p->step,
                                          &err);
            break;
        case 3:
            status = cuda->plan_apply(plan, vector, &p->step, &err);
            break;
        case 4:
            status = cuda->plan_keep(plan, p->images, places, p->labels, 2, &err);
            break;
        case 5:
            status = cuda->plan_train_kept(&result, &done, plan, places, 2, 2, &p->step, 1, &err);
            break;
        default:
            status = cuda->plan_get_state(vector, plan, ASL__STATE_PARAMETERS, &err);
            break;
        }
        assert_ok(status, &err);
    }
    cuda->plan_destroy(plan);
    free(vector);
    free(logits);
    problem_free(p);
    plan_assert_clean("another device");
}

/* ---- Memory ---- */

static const char architecture[] =
    "conv2d 8 k3 p1 bias; relu; conv2d 16 k3; batch_norm; relu; max_pool 2; global_pool both; "
    "dropout 0.2; dense classes";

enum { BATCH = 3, CLASSES = 5 };

static asl_status create(asl__plan **out, const problem *p, int32_t training, size_t memory,
                         asl_error *err)
{
    const asl__plan_options options = {.max_batch = BATCH, .training = training, .threads = 1};
    machine m = machine_of(NULL);
    emulation_reset();
    m.config.memory = memory;
    emulation_configure(&m.config);
    *out = NULL;
    return cuda->plan_create(out, &p->network, &options, err);
}

/* What a plan takes at most is what it needs, to the byte, and with any less it says what for. */
static void test_too_small_a_device(void **state)
{
    enum { SIZES = 200 };
    asl__step_result result;
    float logits[BATCH * CLASSES];
    (void)state;
    for (int32_t training = 0; training < 2; training++) {
        problem *p = problem_make(&(problem_spec){
            architecture, 40, 41, CLASSES, BATCH, 0, {.step = 1, .learning_rate = 0.01}});
        asl_error err = ASL_ERROR_INIT;
        asl__plan *plan;
        assert_ok(create(&plan, p, training, (size_t)1 << 30, &err), &err);
        const size_t needed = emulation_peak_memory();
        cuda->plan_destroy(plan);
        for (size_t i = 0; i <= SIZES; i++) {
            const size_t memory = i == SIZES ? needed - 1 : needed / SIZES * i;
            assert_status(create(&plan, p, training, memory, &err), ASL_ERR_NOMEM, &err);
            assert_null(plan);
            if (strstr(err.message, "the GPU has ") == NULL ||
                strstr(err.message, " MiB free, ") == NULL ||
                strstr(err.message, " MiB are needed for ") == NULL)
                fail_msg("with %zu bytes: %s", memory, err.message);
            plan_assert_clean(err.message);
        }
        assert_ok(create(&plan, p, training, needed, &err), &err);
        assert_ok(cuda->plan_forward(logits, plan, p->images, BATCH, &err), &err);
        if (training)
            assert_ok(
                cuda->plan_train_step(&result, plan, p->images, p->labels, BATCH, &p->step, &err),
                &err);
        assert_true(emulation_peak_memory() == needed);
        cuda->plan_destroy(plan);
        problem_free(p);
        plan_assert_clean("just enough");
    }
}

/* Which engines a plan takes when the fastest wants this much. */
static void assert_engine(int32_t training, int64_t workspace, const char *engine)
{
    machine m = machine_of(NULL);
    problem *p = problem_make(
        &(problem_spec){architecture, 9, 8, CLASSES, BATCH, 0, {.step = 1, .seed = 1}});
    float logits[BATCH * CLASSES];
    asl_error err = ASL_ERROR_INIT;
    for (int i = 0; i < m.config.engine_count; i++)
        if (m.config.engines[i].index == 57)
            m.config.engines[i].workspace = workspace;
    m.config.memory = (size_t)256 << 20;
    emulation_reset();
    emulation_configure(&m.config);
    asl__plan *plan = plan_make(p, "tf32", training, BATCH);
    assert_ok(cuda->plan_forward(logits, plan, p->images, BATCH, &err), &err);
    for (int32_t i = 0; i < plan->op_count; i++)
        if (plan->ops[i].forward != NULL)
            assert_string_equal(asl__conv_engine(plan->ops[i].forward), engine);
    cuda->plan_destroy(plan);
    problem_free(p);
    plan_assert_clean(engine);
}

/* It may want more than there is, or than is reasonable: then another is taken. Training chooses
 * without looking at what is free, so that a run that is resumed has the same engines. */
static void test_engine_that_does_not_fit(void **state)
{
    (void)state;
    assert_engine(0, 1 << 20, "cudnn engine 57 (heuristics)");
    assert_engine(0, (int64_t)512 << 20, "cudnn engine 13 (heuristics)");
    assert_engine(0, (int64_t)2 << 30, "cudnn engine 13 (heuristics)");
    assert_engine(1, 1 << 20, "cudnn engine 57 (heuristics)");
    assert_engine(1, (int64_t)2 << 30, "cudnn engine 13 (heuristics)");
}

/* A plan for inference keeps two maps, one for training all of them. */
static void test_inference_takes_less(void **state)
{
    static const char deep[] = "conv2d 8 k3 p1; relu; conv2d 8 k3 p1; relu; conv2d 8 k3 p1; relu; "
                               "conv2d 8 k3 p1; relu; global_pool avg; dense classes";
    size_t taken[2];
    (void)state;
    for (int32_t training = 0; training < 2; training++) {
        problem *p = problem_make(&(problem_spec){deep, 100, 100, 3, BATCH, 0, {.step = 1}});
        asl_error err = ASL_ERROR_INIT;
        asl__plan *plan;
        assert_ok(create(&plan, p, training, (size_t)1 << 30, &err), &err);
        cuda->plan_destroy(plan);
        taken[training] = emulation_peak_memory() - ((size_t)32 << 20); /* cuBLAS's */
        problem_free(p);
    }
    assert_true(taken[0] * 2 < taken[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_machines),
        cmocka_unit_test(test_probe_leaves_no_error),
        cmocka_unit_test(test_current_device),
        cmocka_unit_test(test_too_small_a_device),
        cmocka_unit_test(test_engine_that_does_not_fit),
        cmocka_unit_test(test_inference_takes_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
