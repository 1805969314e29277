/* SPDX-License-Identifier: MIT */
/* cuBLAS: products of matrices in column order, summed in double and rounded once. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

struct cublasContext {
    emulation__object object;
    cudaStream_t stream;
    cublasMath_t mode;
    cublasPointerMode_t pointers;
};

/* ---- Errors ---- */

static const struct {
    cublasStatus_t status;
    const char *name, *text;
} statuses[] = {
#define S(status, text)                                                                            \
    {                                                                                              \
        CUBLAS_STATUS_##status, "CUBLAS_STATUS_" #status, text                                     \
    }
    S(SUCCESS, "success"),
    S(NOT_INITIALIZED, "the library was not initialized"),
    S(ALLOC_FAILED, "the resource allocation failed"),
    S(INVALID_VALUE, "an unsupported value or parameter was passed to the function"),
    S(ARCH_MISMATCH, "the function requires an architectural feature absent from the device"),
    S(EXECUTION_FAILED, "the function failed to launch on the GPU"),
    S(INTERNAL_ERROR, "an internal operation failed"),
    S(NOT_SUPPORTED, "the requested functionality is not supported"),
#undef S
};

const char *cublasGetStatusName(cublasStatus_t status)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (statuses[i].status == status)
            return statuses[i].name;
    return "unrecognized status";
}

const char *cublasGetStatusString(cublasStatus_t status)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (statuses[i].status == status)
            return statuses[i].text;
    return "unrecognized status";
}

static cublasStatus_t status_of(cudaError_t code)
{
    if (code == cudaSuccess)
        return CUBLAS_STATUS_SUCCESS;
    return code == emulation__driver() ? CUBLAS_STATUS_NOT_INITIALIZED
                                       : CUBLAS_STATUS_EXECUTION_FAILED;
}

static cublasStatus_t enter(const char *name, int needs)
{
    const emulation__failure failure = emulation__enter(name, needs);
    if (!failure.injected)
        return status_of(failure.code);
    switch (failure.fault) {
    case EMULATION_NO_MEMORY:
        return CUBLAS_STATUS_ALLOC_FAILED;
    case EMULATION_UNSUPPORTED:
        return CUBLAS_STATUS_NOT_SUPPORTED;
    case EMULATION_LOST:
        return CUBLAS_STATUS_EXECUTION_FAILED;
    default:
        return CUBLAS_STATUS_INTERNAL_ERROR;
    }
}

static cublasStatus_t leave(cublasStatus_t status)
{
    emulation__leave();
    return status;
}

/* ---- Handles ---- */

cublasStatus_t cublasCreate(cublasHandle_t *out)
{
    cublasStatus_t status =
        enter("cublasCreate", EMULATION__NEEDS_DEVICE | EMULATION__NOT_IN_CAPTURE);
    if (status == CUBLAS_STATUS_SUCCESS && out == NULL)
        status = CUBLAS_STATUS_INVALID_VALUE;
    if (status == CUBLAS_STATUS_SUCCESS) {
        *out = emulation__new(sizeof **out);
        emulation__add_object(&(*out)->object, EMULATION__CUBLAS_HANDLE);
    }
    return leave(status);
}

static void free_handle(cublasHandle_t handle)
{
    emulation__remove_object(&handle->object);
    free(handle);
}

cublasStatus_t cublasDestroy(cublasHandle_t handle)
{
    cublasStatus_t status = enter("cublasDestroy", EMULATION__NEEDS_NOTHING);
    if (emulation__find_object(handle, EMULATION__CUBLAS_HANDLE) != NULL) {
        free_handle(handle);
    } else if (status == CUBLAS_STATUS_SUCCESS) {
        emulation__complain("a cuBLAS handle was destroyed that is none");
        status = CUBLAS_STATUS_NOT_INITIALIZED;
    }
    return leave(status);
}

void emulation__reset_cublas(void)
{
    while (emulation__first_object(EMULATION__CUBLAS_HANDLE) != NULL)
        free_handle((cublasHandle_t)emulation__first_object(EMULATION__CUBLAS_HANDLE));
}

/* Enters a call with a handle. */
static cublasStatus_t enter_with(cublasHandle_t handle, const char *name, int needs)
{
    const cublasStatus_t status = enter(name, needs);
    if (status == CUBLAS_STATUS_SUCCESS &&
        emulation__find_object(handle, EMULATION__CUBLAS_HANDLE) == NULL) {
        emulation__complain("%s: no such handle", name);
        return CUBLAS_STATUS_NOT_INITIALIZED;
    }
    return status;
}

cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream)
{
    cublasStatus_t status = enter_with(handle, "cublasSetStream", EMULATION__NEEDS_NOTHING);
    if (status == CUBLAS_STATUS_SUCCESS && emulation__stream_of(stream) == NULL)
        status = CUBLAS_STATUS_INVALID_VALUE;
    if (status == CUBLAS_STATUS_SUCCESS)
        handle->stream = stream;
    return leave(status);
}

cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode)
{
    const cublasStatus_t status = enter_with(handle, __func__, EMULATION__NEEDS_NOTHING);
    if (status == CUBLAS_STATUS_SUCCESS)
        handle->mode = mode;
    return leave(status);
}

cublasStatus_t cublasSetPointerMode(cublasHandle_t handle, cublasPointerMode_t mode)
{
    const cublasStatus_t status =
        enter_with(handle, "cublasSetPointerMode", EMULATION__NEEDS_NOTHING);
    if (status == CUBLAS_STATUS_SUCCESS)
        handle->pointers = mode;
    return leave(status);
}

cublasStatus_t cublasSetWorkspace(cublasHandle_t handle, void *workspace, size_t size)
{
    cublasStatus_t status = enter_with(handle, "cublasSetWorkspace", EMULATION__NEEDS_NOTHING);
    if (status == CUBLAS_STATUS_SUCCESS && size > 0 &&
        ((uintptr_t)workspace % 256 != 0 ||
         !emulation__on_device(workspace, size, "cuBLAS's workspace")))
        status = CUBLAS_STATUS_INVALID_VALUE;
    return leave(status);
}

/* ---- Products ---- */

typedef struct matrix {
    void *memory;
    cudaDataType type;
    bool transposed;
    int rows, columns, leading; /* as it lies in memory */
    long long stride;           /* from one of a batch to the next */
} matrix;

typedef struct product {
    emulation__work work;
    matrix a, b, c;
    int m, n, k, batch;
    double alpha, beta;
    bool tf32;
} product;

static size_t extent(const matrix *m, int batch)
{
    const size_t last = (size_t)(m->columns - 1) * (size_t)m->leading + (size_t)m->rows;
    return ((size_t)(batch - 1) * (size_t)m->stride + last) * emulation__size_of(m->type);
}

/* The element of op(m) at (row, column) of matrix `i` of the batch. */
static size_t place(const matrix *m, int i, int row, int column)
{
    const int r = m->transposed ? column : row, c = m->transposed ? row : column;
    return (size_t)i * (size_t)m->stride + (size_t)c * (size_t)m->leading + (size_t)r;
}

static double factor(const product *p, const matrix *m, int i, int row, int column)
{
    const double value = emulation__load(m->memory, place(m, i, row, column), m->type);
    return p->tf32 ? emulation__round_tf32(value) : value;
}

static void multiply(const product *p, int i)
{
    double *column = emulation__new((size_t)p->m * sizeof *column);
    for (int n = 0; n < p->n; n++) {
        memset(column, 0, (size_t)p->m * sizeof *column);
        for (int k = 0; k < p->k; k++) {
            const double by = factor(p, &p->b, i, k, n);
            for (int m = 0; m < p->m; m++)
                column[m] += factor(p, &p->a, i, m, k) * by;
        }
        for (int m = 0; m < p->m; m++) {
            const size_t at = place(&p->c, i, m, n);
            const double before =
                p->beta != 0 ? p->beta * emulation__load(p->c.memory, at, p->c.type) : 0;
            emulation__store(p->c.memory, at, p->c.type, p->alpha * column[m] + before);
        }
    }
    free(column);
}

static cudaError_t run(emulation__work *work)
{
    const product *p = (const product *)work;
    const matrix *const all[] = {&p->a, &p->b, &p->c};
    for (int i = 0; i < 3; i++)
        if (!emulation__on_device(all[i]->memory, extent(all[i], p->batch), "a matrix"))
            return cudaErrorIllegalAddress;
    for (int i = 0; i < p->batch; i++)
        multiply(p, i);
    return cudaSuccess;
}

/* Types that cuBLAS multiplies with float sums. */
static cublasStatus_t check_types(const product *p, cublasComputeType_t type)
{
    const cudaDataType in = p->a.type, out = p->c.type;
    if (type != CUBLAS_COMPUTE_32F && type != CUBLAS_COMPUTE_32F_PEDANTIC &&
        type != CUBLAS_COMPUTE_32F_FAST_TF32)
        return CUBLAS_STATUS_NOT_SUPPORTED;
    if (p->b.type != in || emulation__size_of(in) == 0 || (out != in && out != CUDA_R_32F))
        return CUBLAS_STATUS_NOT_SUPPORTED;
    if (type == CUBLAS_COMPUTE_32F_FAST_TF32 && in != CUDA_R_32F)
        return CUBLAS_STATUS_NOT_SUPPORTED;
    return in == CUDA_R_16BF && emulation__config.major < 8 ? CUBLAS_STATUS_ARCH_MISMATCH
                                                            : CUBLAS_STATUS_SUCCESS;
}

static bool has_good_shape(const matrix *m)
{
    return m->memory != NULL && m->leading >= (m->rows > 1 ? m->rows : 1) && m->stride >= 0;
}

static cublasStatus_t check(const product *p, cublasComputeType_t type)
{
    if (p->m < 0 || p->n < 0 || p->k < 0 || p->batch < 0)
        return CUBLAS_STATUS_INVALID_VALUE;
    if (!has_good_shape(&p->a) || !has_good_shape(&p->b) || !has_good_shape(&p->c))
        return CUBLAS_STATUS_INVALID_VALUE;
    return check_types(p, type);
}

/* In a call's order of arguments. */
typedef struct gemm {
    cublasOperation_t transpose_a, transpose_b;
    int m, n, k;
    const void *alpha, *a;
    cudaDataType a_type;
    int a_leading;
    long long a_stride;
    const void *b;
    cudaDataType b_type;
    int b_leading;
    long long b_stride;
    const void *beta;
    void *c;
    cudaDataType c_type;
    int c_leading;
    long long c_stride;
    int batch;
    cublasComputeType_t type;
} gemm;

static cublasStatus_t submit(cublasHandle_t handle, const gemm *g)
{
    const bool ta = g->transpose_a != CUBLAS_OP_N, tb = g->transpose_b != CUBLAS_OP_N;
    if (g->alpha == NULL || g->beta == NULL)
        return CUBLAS_STATUS_INVALID_VALUE;
    if (handle->pointers != CUBLAS_POINTER_MODE_HOST)
        return CUBLAS_STATUS_NOT_SUPPORTED;
    product *p = emulation__new_work(sizeof *p, run);
    p->a = (matrix){(void *)(uintptr_t)g->a, g->a_type,    ta,         ta ? g->k : g->m,
                    ta ? g->m : g->k,        g->a_leading, g->a_stride};
    p->b = (matrix){(void *)(uintptr_t)g->b, g->b_type,    tb,         tb ? g->n : g->k,
                    tb ? g->k : g->n,        g->b_leading, g->b_stride};
    p->c = (matrix){g->c, g->c_type, false, g->m, g->n, g->c_leading, g->c_stride};
    p->m = g->m;
    p->n = g->n;
    p->k = g->k;
    p->batch = g->batch;
    p->alpha = (double)*(const float *)g->alpha;
    p->beta = (double)*(const float *)g->beta;
    const bool allowed =
        handle->mode == CUBLAS_TF32_TENSOR_OP_MATH && g->type == CUBLAS_COMPUTE_32F;
    p->tf32 = g->a_type == CUDA_R_32F && emulation__config.major >= 8 &&
              (allowed || g->type == CUBLAS_COMPUTE_32F_FAST_TF32);
    const cublasStatus_t status = check(p, g->type);
    const bool nothing = p->m == 0 || p->n == 0 || p->k == 0 || p->batch == 0;
    if (status == CUBLAS_STATUS_SUCCESS && !nothing)
        return status_of(emulation__submit(handle->stream, &p->work));
    emulation__drop_work(&p->work);
    return status == CUBLAS_STATUS_SUCCESS && g->k == 0 ? CUBLAS_STATUS_NOT_SUPPORTED : status;
}

cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t transpose_a,
                            cublasOperation_t transpose_b, int m, int n, int k, const void *alpha,
                            const void *a, cudaDataType a_type, int a_leading, const void *b,
                            cudaDataType b_type, int b_leading, const void *beta, void *c,
                            cudaDataType c_type, int c_leading, cublasComputeType_t type,
                            cublasGemmAlgo_t algorithm)
{
    const gemm g = {transpose_a, transpose_b, m,      n,         k,      alpha,     a,
                    a_type,      a_leading,   0,      b,         b_type, b_leading, 0,
                    beta,        c,           c_type, c_leading, 0,      1,         type};
    cublasStatus_t status = enter_with(handle, __func__, EMULATION__NEEDS_DEVICE);
    (void)algorithm;
    if (status == CUBLAS_STATUS_SUCCESS)
        status = submit(handle, &g);
    return leave(status);
}

cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t handle, cublasOperation_t transpose_a,
                                          cublasOperation_t transpose_b, int m, int n, int k,
                                          const void *alpha, const void *a, cudaDataType a_type,
                                          int a_leading, long long a_stride, const void *b,
                                          cudaDataType b_type, int b_leading, long long b_stride,
                                          const void *beta, void *c, cudaDataType c_type,
                                          int c_leading, long long c_stride, int batch,
                                          cublasComputeType_t type, cublasGemmAlgo_t algorithm)
{
    const gemm g = {transpose_a, transpose_b, m,        n,         k,        alpha,     a,
                    a_type,      a_leading,   a_stride, b,         b_type,   b_leading, b_stride,
                    beta,        c,           c_type,   c_leading, c_stride, batch,     type};
    cublasStatus_t status = enter_with(handle, __func__, EMULATION__NEEDS_DEVICE);
    (void)algorithm;
    if (status == CUBLAS_STATUS_SUCCESS)
        status = submit(handle, &g);
    return leave(status);
}
