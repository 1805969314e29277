/* SPDX-License-Identifier: MIT */
/* The emulation's convolutions and products against plain loops, and what it refuses. */
#include <cublas_v2.h>
#include <cudnn.h>
#include <math.h>
#include <stdlib.h>

#include "emulation/emulation.h"
#include "support/support.h"
#include "test_emulation.h"
#include "test_emulation_graph.h"

#define assert_good(call) assert_int_equal(call, 0)

/* ---- Plain loops ---- */

static size_t count_x(const problem *p)
{
    return (size_t)(p->n * p->c * p->h * p->w);
}

static size_t count_w(const problem *p)
{
    return (size_t)(p->k * p->c * p->r * p->s);
}

static size_t count_y(const problem *p)
{
    return (size_t)(p->n * p->k * p->p * p->q);
}

static size_t at(const problem *p, int64_t n, int64_t c, int64_t h, int64_t w,
                 const int64_t size[3])
{
    return (size_t)(p->channels_first ? ((n * size[0] + c) * size[1] + h) * size[2] + w
                                      : ((n * size[1] + h) * size[2] + w) * size[0] + c);
}

/* Adds every product to where it belongs: x, w or y, whichever the kind gives. */
static void expect(const problem *p, float *x, float *w, float *y, double *sums)
{
    const int64_t xs[] = {p->c, p->h, p->w}, ws[] = {p->c, p->r, p->s}, ys[] = {p->k, p->p, p->q};
    for (int64_t n = 0; n < p->n; n++)
        for (int64_t k = 0; k < p->k; k++)
            for (int64_t i = 0; i < p->p * p->q; i++)
                for (int64_t c = 0; c < p->c; c++)
                    for (int64_t t = 0; t < p->r * p->s; t++) {
                        const bool turned = p->mode == CUDNN_CONVOLUTION;
                        const int64_t tap = turned ? p->r * p->s - 1 - t : t;
                        const int64_t h =
                            i / p->q * p->stride + t / p->s * p->dilation - p->padding;
                        const int64_t v =
                            i % p->q * p->stride + t % p->s * p->dilation - p->padding;
                        if (h < 0 || h >= p->h || v < 0 || v >= p->w)
                            continue;
                        const size_t in = at(p, n, c, h, v, xs),
                                     out = at(p, n, k, i / p->q, i % p->q, ys);
                        const size_t by = at(p, k, c, tap / p->s, tap % p->s, ws);
                        if (p->kind == EMULATION_BACK_DATA)
                            sums[in] += (double)w[by] * (double)y[out];
                        else if (p->kind == EMULATION_BACK_FILTER)
                            sums[by] += (double)x[in] * (double)y[out];
                        else
                            sums[out] += (double)x[in] * (double)w[by];
                    }
}

/* Small multiples of 1/8, which all formats hold. */
static float *numbers(size_t count, unsigned seed)
{
    float *values = calloc(count + 4, sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        values[i] = (float)((int)(seed >> 24) - 128) / 8;
    }
    return values;
}

static void *upload(const float *values, size_t count, cudnnDataType_t type)
{
    if (type == CUDNN_DATA_FLOAT)
        return to_device(values, count * sizeof *values);
    uint16_t *halves = calloc(count, sizeof *halves);
    assert_non_null(halves);
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        halves[i] = (uint16_t)(bits >> 16);
    }
    void *memory = to_device(halves, count * sizeof *halves);
    free(halves);
    return memory;
}

static float *download(void *memory, size_t count, cudnnDataType_t type)
{
    float *values = calloc(count, sizeof *values);
    assert_non_null(values);
    to_host(values, memory, count * (type == CUDNN_DATA_FLOAT ? 4 : 2));
    if (type == CUDNN_DATA_BFLOAT16)
        for (size_t i = count; i-- > 0;) {
            uint16_t half;
            memcpy(&half, (const char *)values + 2 * i, sizeof half);
            const uint32_t bits = (uint32_t)half << 16;
            memcpy(&values[i], &bits, sizeof bits);
        }
    assert_good(cudaFree(memory));
    return values;
}

/* Runs it with engine 13, which is exact, and compares. */
static void check(const problem *p)
{
    const size_t counts[] = {count_x(p), count_w(p), count_y(p)};
    const int out = p->kind == EMULATION_BACK_DATA ? 0 : p->kind == EMULATION_BACK_FILTER ? 1 : 2;
    float *values[3], *bias = numbers((size_t)p->k, 77);
    void *memory[3], *bias_memory = NULL, *workspace = NULL;
    double *sums = calloc(counts[out], sizeof *sums);
    cudnnHandle_t handle;
    int64_t workspace_size = 0;
    assert_good(cudnnCreate(&handle));
    for (int i = 0; i < 3; i++) {
        values[i] = numbers(counts[i], (unsigned)i + 1);
        memory[i] = upload(values[i], counts[i], i == out ? p->out_type : p->type);
    }
    if (p->kind == EMULATION_FUSED)
        bias_memory = upload(bias, (size_t)p->k, CUDNN_DATA_FLOAT);
    descriptor plan = plan_with(graph_of(p), 13, &workspace_size);
    assert_good(cudaMalloc(&workspace, (size_t)workspace_size));
    descriptor pack = pack_of(memory[0], memory[1], memory[2], bias_memory, workspace);
    assert_good(cudnnBackendExecute(handle, plan, pack));

    expect(p, values[0], values[1], values[2], sums);
    float *got = download(memory[out], counts[out], p->out_type);
    for (size_t i = 0; i < counts[out]; i++) {
        double expected = sums[i];
        if (p->kind == EMULATION_FUSED) {
            const size_t c = p->channels_first ? i / (size_t)(p->p * p->q) : i;
            expected += (double)bias[c % (size_t)p->k];
            expected = expected > 0 ? expected : 0;
        }
        /* Sums of eighths are exact in float; bfloat16 keeps 8 bits of them. */
        const double allowed = p->out_type == CUDNN_DATA_FLOAT ? 0 : fabs(expected) / 256;
        if (!(fabs((double)got[i] - expected) <= allowed))
            fail_msg("%zu: %g instead of %g", i, (double)got[i], expected);
    }
    for (int i = 0; i < 3; i++) {
        free(values[i]);
        if (i != out)
            assert_good(cudaFree(memory[i]));
    }
    free(got);
    free(bias);
    free(sums);
    assert_good(cudaFree(bias_memory));
    assert_good(cudaFree(workspace));
    assert_good(cudnnBackendDestroyDescriptor(pack));
    assert_good(cudnnBackendDestroyDescriptor(plan));
    assert_good(cudnnDestroy(handle));
    assert_int_equal(emulation_complaints(NULL, 0), 0);
}

static void check_all(unsigned kind)
{
    for (int i = 0; i < 8; i++) {
        const bool narrow = (i & 1) != 0, wide = (i & 4) != 0;
        problem p = {.kind = kind,
                     .channels_first = (i & 2) != 0,
                     .mode = i == 3 ? CUDNN_CONVOLUTION : CUDNN_CROSS_CORRELATION,
                     .type = narrow ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT,
                     .out_type = narrow && !wide ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT,
                     .n = 2,
                     .c = 3,
                     .h = 9,
                     .w = 7,
                     .k = 5,
                     .r = 3,
                     .s = 2,
                     .stride = 1 + (wide ? 1 : 0),
                     .dilation = i == 2 ? 2 : 1,
                     .padding = i & 1};
        p.p = (p.h + 2 * p.padding - p.dilation * (p.r - 1) - 1) / p.stride + 1;
        p.q = (p.w + 2 * p.padding - p.dilation * (p.s - 1) - 1) / p.stride + 1;
        check(&p);
    }
}

void convolutions_forward(void **state)
{
    (void)state;
    check_all(EMULATION_FORWARD);
}

void convolutions_fused(void **state)
{
    (void)state;
    check_all(EMULATION_FUSED);
}

void convolutions_back_data(void **state)
{
    (void)state;
    check_all(EMULATION_BACK_DATA);
}

void convolutions_back_filter(void **state)
{
    (void)state;
    check_all(EMULATION_BACK_FILTER);
}

/* ---- Products ---- */

void products(void **state)
{
    enum { M = 5, N = 4, K = 6, LEADING = 7 };
    const float alpha = 2, beta = 0.5f;
    cublasHandle_t handle;
    (void)state;
    assert_good(cublasCreate(&handle));
    for (int i = 0; i < 8; i++) {
        const bool ta = (i & 1) != 0, tb = (i & 2) != 0;
        const cudnnDataType_t number = i & 4 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
        const cudaDataType type = i & 4 ? CUDA_R_16BF : CUDA_R_32F;
        float *a = numbers(LEADING * LEADING, 1), *b = numbers(LEADING * LEADING, 2);
        float *c = numbers(LEADING * N, 3);
        void *da = upload(a, LEADING * LEADING, number), *db = upload(b, LEADING * LEADING, number);
        void *dc = upload(c, LEADING * N, CUDNN_DATA_FLOAT);
        assert_good(cublasGemmEx(handle, ta ? CUBLAS_OP_T : CUBLAS_OP_N,
                                 tb ? CUBLAS_OP_T : CUBLAS_OP_N, M, N, K, &alpha, da, type, LEADING,
                                 db, type, LEADING, &beta, dc, CUDA_R_32F, LEADING,
                                 CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
        float *got = download(dc, LEADING * N, CUDNN_DATA_FLOAT);
        for (int n = 0; n < N; n++)
            for (int m = 0; m < LEADING; m++) {
                float sum = 0;
                for (int k = 0; k < K && m < M; k++)
                    sum += (ta ? a[m * LEADING + k] : a[k * LEADING + m]) *
                           (tb ? b[k * LEADING + n] : b[n * LEADING + k]);
                const float before = c[n * LEADING + m];
                assert_true(got[n * LEADING + m] == (m < M ? 2 * sum + before / 2 : before));
            }
        assert_good(cudaFree(da));
        assert_good(cudaFree(db));
        free(a);
        free(b);
        free(c);
        free(got);
    }
    void *d = NULL;
    assert_good(cudaMalloc(&d, 64));
#define PRODUCT(m, lda, a_type, compute)                                                           \
    cublasGemmEx(handle, CUBLAS_OP_N, CUBLAS_OP_N, m, 2, 2, &alpha, d, a_type, lda, d, CUDA_R_32F, \
                 2, &beta, d, CUDA_R_32F, 2, compute, CUBLAS_GEMM_DEFAULT)
    assert_int_equal(PRODUCT(2, 1, CUDA_R_32F, CUBLAS_COMPUTE_32F), CUBLAS_STATUS_INVALID_VALUE);
    assert_int_equal(PRODUCT(-1, 2, CUDA_R_32F, CUBLAS_COMPUTE_32F), CUBLAS_STATUS_INVALID_VALUE);
    assert_int_equal(PRODUCT(2, 2, CUDA_R_16BF, CUBLAS_COMPUTE_32F), CUBLAS_STATUS_NOT_SUPPORTED);
    assert_int_equal(PRODUCT(2, 2, CUDA_R_32F, CUBLAS_COMPUTE_64F), CUBLAS_STATUS_NOT_SUPPORTED);
    assert_int_equal(cublasSetWorkspace(handle, d, 65), CUBLAS_STATUS_INVALID_VALUE);
    assert_good(cublasSetWorkspace(handle, d, 64));
    assert_int_equal(PRODUCT(2, 20, CUDA_R_32F, CUBLAS_COMPUTE_32F),
                     CUBLAS_STATUS_EXECUTION_FAILED);
    assert_int_equal(cudaPeekAtLastError(), cudaErrorIllegalAddress);
    assert_int_equal(cudaFree(d), cudaErrorIllegalAddress);
    assert_good(cublasDestroy(handle));
    assert_int_equal(cublasDestroy(handle), CUBLAS_STATUS_NOT_INITIALIZED);
}

/* ---- One by one ---- */

static const problem dot = {.kind = EMULATION_FORWARD,
                            .mode = CUDNN_CROSS_CORRELATION,
                            .n = 1,
                            .c = 4,
                            .h = 1,
                            .w = 1,
                            .k = 4,
                            .r = 1,
                            .s = 1,
                            .stride = 1,
                            .dilation = 1,
                            .p = 1,
                            .q = 1};

/* (1 + 2^-9 + 2^-13) * 1, by an engine. */
static float times_one(cudnnHandle_t handle, int64_t engine)
{
    const float x[4] = {1 + 0x1p-9f + 0x1p-13f}, w[16] = {1};
    void *memory[] = {to_device(x, sizeof x), to_device(w, sizeof w), NULL, NULL};
    int64_t size;
    assert_good(cudaMalloc(&memory[2], 16));
    descriptor plan = plan_with(graph_of(&dot), engine, &size);
    assert_good(cudaMalloc(&memory[3], (size_t)size));
    descriptor pack = pack_of(memory[0], memory[1], memory[2], NULL, memory[3]);
    float y[4];
    assert_good(cudnnBackendExecute(handle, plan, pack));
    to_host(y, memory[2], sizeof y);
    for (int i = 0; i < 4; i++)
        assert_good(cudaFree(memory[i]));
    cudnnBackendDestroyDescriptor(pack);
    cudnnBackendDestroyDescriptor(plan);
    return y[0];
}

void engines_calculate_as_noted(void **state)
{
    cudnnHandle_t handle;
    (void)state;
    assert_good(cudnnCreate(&handle));
    assert_true(times_one(handle, 13) == 1 + 0x1p-9f + 0x1p-13f);
    assert_true(times_one(handle, 57) == 1 + 0x1p-9f); /* TF32 has 10 bits */
    assert_true(times_one(handle, 28) == 1);           /* bfloat16 has 7 */
    assert_true(times_one(handle, 9) != times_one(handle, 9));
    assert_good(cudnnDestroy(handle));
}

void captured_libraries(void **state)
{
    const float one = 1, zero = 0, x[4] = {1, 2, 3, 4}, w[16] = {1};
    void *dx = to_device(x, sizeof x), *dw = to_device(w, sizeof w), *y = NULL;
    cudaStream_t stream;
    cudnnHandle_t dnn;
    cublasHandle_t blas;
    cudaGraph_t recorded;
    cudaGraphExec_t exec;
    int64_t size;
    float got[4];
    (void)state;
    assert_good(cudaMalloc(&y, 16));
    assert_good(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    assert_good(cudnnCreate(&dnn));
    assert_good(cublasCreate(&blas));
    assert_good(cudnnSetStream(dnn, stream));
    assert_good(cublasSetStream(blas, stream));
    descriptor plan = plan_with(graph_of(&dot), 0, &size), pack = pack_of(dx, dw, y, NULL, NULL);
    assert_good(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    assert_good(cudnnBackendExecute(dnn, plan, pack));
    assert_good(cublasGemmEx(blas, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1, &one, y, CUDA_R_32F, 1, dw,
                             CUDA_R_32F, 1, &zero, dx, CUDA_R_32F, 1, CUBLAS_COMPUTE_32F,
                             CUBLAS_GEMM_DEFAULT));
    assert_good(cudaStreamEndCapture(stream, &recorded));
    to_host(got, y, sizeof got);
    assert_true(got[0] != got[0]); /* it has not run */
    assert_good(cudaGraphInstantiate(&exec, recorded, 0));
    cudnnBackendDestroyDescriptor(pack); /* the graph holds what it needs */
    cudnnBackendDestroyDescriptor(plan);
    assert_good(cudaMemset(dx, 0, 16));
    assert_good(cudaMemcpy(dx, &(float){7}, 4, cudaMemcpyHostToDevice));
    assert_good(cudaGraphLaunch(exec, stream));
    to_host(got, y, sizeof got);
    assert_true(got[0] == 7 && got[1] == 0);
    assert_good(cudaGraphExecDestroy(exec));
    assert_good(cudaGraphDestroy(recorded));
    assert_good(cudnnDestroy(dnn));
    assert_good(cublasDestroy(blas));
    assert_good(cudaStreamDestroy(stream));
    assert_good(cudaFree(dx));
    assert_good(cudaFree(dw));
    assert_good(cudaFree(y));
}

/* What happens to an execution with these pointers. */
static void refuse(cudnnHandle_t handle, descriptor plan, void *x, void *w, void *y,
                   void *workspace, cudnnStatus_t expected)
{
    descriptor pack = pack_of(x, w, y, NULL, workspace);
    assert_int_equal(cudnnBackendExecute(handle, plan, pack), expected);
    cudnnBackendDestroyDescriptor(pack);
}

void refused_executions(void **state)
{
    float host[64];
    char *x = NULL, *workspace = NULL, *low = NULL;
    cudnnHandle_t handle;
    int64_t size;
    (void)state;
    assert_good(cudnnCreate(&handle));
    assert_good(cudaMalloc((void **)&x, 256));
    assert_good(cudaMalloc((void **)&low, 16));
    descriptor plan = plan_with(graph_of(&dot), 57, &size);
    assert_good(cudaMalloc((void **)&workspace, (size_t)size));
    refuse(handle, plan, x, x + 64, x + 128, workspace, CUDNN_STATUS_SUCCESS);
    refuse(handle, plan, x, x + 64, NULL, workspace, CUDNN_STATUS_BAD_PARAM_NULL_POINTER);
    refuse(handle, plan, x, x + 64, x + 128, NULL, CUDNN_STATUS_BAD_PARAM_NULL_POINTER);
    refuse(handle, plan, x, x + 68, x + 128, workspace, CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER);
    assert_int_equal(emulation_complaints(NULL, 0), 0);
    refuse(handle, plan, x, x + 64, x + 112, workspace, CUDNN_STATUS_BAD_PARAM);
    refuse(handle, plan, x, x + 64, x + 128, x, CUDNN_STATUS_BAD_PARAM);
    assert_int_equal(emulation_complaints(NULL, 0), 2);
    assert_int_equal(cudnnBackendExecute(handle, plan, plan),
                     CUDNN_STATUS_BAD_PARAM_DESCRIPTOR_TYPE);
    assert_int_equal(cudnnBackendExecute(NULL, plan, plan), CUDNN_STATUS_BAD_PARAM);
    /* A filter of 64 bytes where there are 16; then it is over. */
    refuse(handle, plan, x, low, x + 128, workspace, CUDNN_STATUS_EXECUTION_FAILED_CUDART);
    refuse(handle, plan, (char *)host, x, x + 128, workspace, CUDNN_STATUS_EXECUTION_FAILED_CUDART);
    cudnnBackendDestroyDescriptor(plan);
    assert_int_equal(cudnnBackendDestroyDescriptor(plan), CUDNN_STATUS_BAD_PARAM);
    cudaFree(x);
    cudaFree(low);
    cudaFree(workspace);
    assert_good(cudnnDestroy(handle));
}
