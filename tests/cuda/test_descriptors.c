/* SPDX-License-Identifier: MIT */
/* What cuDNN says of descriptors, right and wrong. The same questions go to the emulation and to
 * the real library, which answers them without a device: where both are tested, they agree. */
#include <cudnn.h>

#include "support/support.h"

#define assert_good(call) assert_int_equal(call, CUDNN_STATUS_SUCCESS)

typedef cudnnBackendDescriptor_t descriptor;

static descriptor create(cudnnBackendDescriptorType_t type)
{
    descriptor d = NULL;
    assert_good(cudnnBackendCreateDescriptor(type, &d));
    return d;
}

static cudnnStatus_t set_integers(descriptor d, cudnnBackendAttributeName_t name, int64_t count,
                                  const int64_t *values)
{
    return cudnnBackendSetAttribute(d, name, CUDNN_TYPE_INT64, count, values);
}

static cudnnStatus_t refer(descriptor d, cudnnBackendAttributeName_t name, descriptor to)
{
    return cudnnBackendSetAttribute(d, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &to);
}

static descriptor unfinished(int64_t uid, const int64_t size[4], int64_t alignment)
{
    const int64_t strides[] = {size[1] * size[2] * size[3], 1, size[3] * size[1], size[1]};
    const cudnnDataType_t type = CUDNN_DATA_FLOAT;
    descriptor d = create(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    assert_good(
        cudnnBackendSetAttribute(d, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type));
    assert_good(set_integers(d, CUDNN_ATTR_TENSOR_DIMENSIONS, 4, size));
    assert_good(set_integers(d, CUDNN_ATTR_TENSOR_STRIDES, 4, strides));
    assert_good(set_integers(d, CUDNN_ATTR_TENSOR_UNIQUE_ID, 1, &uid));
    assert_good(set_integers(d, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, 1, &alignment));
    return d;
}

static descriptor tensor(int64_t uid, int64_t n, int64_t c, int64_t h, int64_t w)
{
    descriptor d = unfinished(uid, (int64_t[]){n, c, h, w}, 16);
    assert_good(cudnnBackendFinalize(d));
    return d;
}

static void attributes(void **state)
{
    const int64_t size[] = {8, 16, 9, 9}, one = 1;
    const cudnnDataType_t type = CUDNN_DATA_FLOAT;
    int64_t count = 0, values[8] = {0};
    descriptor d = create(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    (void)state;
    assert_int_equal(cudnnBackendFinalize(d), CUDNN_STATUS_BAD_PARAM);
    assert_int_equal(cudnnBackendSetAttribute(d, CUDNN_ATTR_CONVOLUTION_COMP_TYPE,
                                              CUDNN_TYPE_DATA_TYPE, 1, &type),
                     CUDNN_STATUS_BAD_PARAM);
    assert_int_equal(
        cudnnBackendSetAttribute(d, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_INT64, 1, &one),
        CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE);
    assert_int_equal(
        cudnnBackendSetAttribute(d, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 2, size),
        CUDNN_STATUS_BAD_PARAM);
    assert_int_equal(
        cudnnBackendSetAttribute(d, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, NULL),
        CUDNN_STATUS_BAD_PARAM);
    assert_good(cudnnBackendDestroyDescriptor(d));
    assert_int_equal(cudnnBackendFinalize(NULL), CUDNN_STATUS_BAD_PARAM_NULL_POINTER);
    assert_int_equal(cudnnBackendDestroyDescriptor(NULL), CUDNN_STATUS_BAD_PARAM_NULL_POINTER);
    assert_int_equal(set_integers(NULL, CUDNN_ATTR_TENSOR_STRIDES, 4, size),
                     CUDNN_STATUS_BAD_PARAM_NULL_POINTER);

    d = unfinished(1, size, 16);
    assert_good(set_integers(d, CUDNN_ATTR_TENSOR_STRIDES, 3, size));
    assert_int_equal(cudnnBackendFinalize(d), CUDNN_STATUS_BAD_PARAM);
    assert_good(set_integers(d, CUDNN_ATTR_TENSOR_STRIDES, 4, (int64_t[]){1296, 1, 144, 16}));
    assert_int_equal(cudnnBackendGetAttribute(d, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1,
                                              &count, values),
                     CUDNN_STATUS_NOT_INITIALIZED);
    assert_good(cudnnBackendFinalize(d));
    assert_int_equal(cudnnBackendFinalize(d), CUDNN_STATUS_BAD_PARAM);
    assert_int_equal(set_integers(d, CUDNN_ATTR_TENSOR_UNIQUE_ID, 1, &one), CUDNN_STATUS_BAD_PARAM);
    assert_int_equal(cudnnBackendGetAttribute(d, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_FLOAT, 1,
                                              &count, values),
                     CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE);
    assert_good(cudnnBackendGetAttribute(d, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 2,
                                         &count, values));
    assert_int_equal(count, 2);
    assert_true(values[0] == 8 && values[1] == 16 && values[2] == 0);
    assert_good(cudnnBackendDestroyDescriptor(d));
}

static void tensors(void **state)
{
    static const struct {
        int64_t alignment;
        cudnnStatus_t status;
    } cases[] = {{16, CUDNN_STATUS_SUCCESS},
                 {4, CUDNN_STATUS_SUCCESS},
                 {3, CUDNN_STATUS_BAD_PARAM},
                 {0, CUDNN_STATUS_BAD_PARAM}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        descriptor d = unfinished(1, (int64_t[]){8, 16, 9, 9}, cases[i].alignment);
        assert_int_equal(cudnnBackendFinalize(d), cases[i].status);
        assert_good(cudnnBackendDestroyDescriptor(d));
    }
}

static descriptor convolution(void)
{
    const cudnnDataType_t type = CUDNN_DATA_FLOAT;
    const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    const int64_t ones[] = {1, 1}, dims = 2;
    descriptor d = create(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    assert_int_equal(cudnnBackendFinalize(d), CUDNN_STATUS_BAD_PARAM);
    assert_good(cudnnBackendSetAttribute(d, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE,
                                         1, &type));
    assert_good(cudnnBackendSetAttribute(d, CUDNN_ATTR_CONVOLUTION_CONV_MODE,
                                         CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode));
    assert_good(set_integers(d, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, 1, &dims));
    assert_good(set_integers(d, CUDNN_ATTR_CONVOLUTION_DILATIONS, 2, ones));
    assert_good(set_integers(d, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, 2, ones));
    assert_good(set_integers(d, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, 2, ones));
    assert_good(set_integers(d, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, 2, ones));
    assert_good(cudnnBackendFinalize(d));
    return d;
}

/* An operation with some tensors is right or wrong; its parts may go at once. */
static descriptor forward(descriptor x, descriptor w, descriptor y, cudnnStatus_t expected)
{
    descriptor parts[] = {convolution(), x, w, y};
    const cudnnBackendAttributeName_t names[] = {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                                                 CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                                                 CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                                                 CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y};
    const float one = 1;
    const double zero = 0;
    descriptor d = create(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
    assert_int_equal(cudnnBackendFinalize(d), CUDNN_STATUS_BAD_PARAM);
    for (int i = 0; i < 4; i++)
        assert_good(refer(d, names[i], parts[i]));
    assert_good(cudnnBackendSetAttribute(d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                                         CUDNN_TYPE_FLOAT, 1, &one));
    assert_good(cudnnBackendSetAttribute(d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA,
                                         CUDNN_TYPE_DOUBLE, 1, &zero));
    assert_int_equal(cudnnBackendFinalize(d), expected);
    for (int i = 0; i < 4; i++)
        assert_good(cudnnBackendDestroyDescriptor(parts[i]));
    return d;
}

static void convolutions(void **state)
{
    static const int64_t wrong[][4] = {{8, 32, 8, 9}, {8, 16, 9, 9}, {4, 32, 9, 9}};
    descriptor d;
    (void)state;
    for (int i = 0; i < 3; i++) {
        d = forward(tensor(1, 8, 16, 9, 9), tensor(2, 32, 16, 3, 3),
                    tensor(3, wrong[i][0], wrong[i][1], wrong[i][2], wrong[i][3]),
                    CUDNN_STATUS_BAD_PARAM);
        assert_good(cudnnBackendDestroyDescriptor(d));
    }
    d = forward(tensor(1, 8, 16, 9, 9), tensor(2, 32, 12, 3, 3), tensor(3, 8, 32, 9, 9),
                CUDNN_STATUS_BAD_PARAM);
    assert_good(cudnnBackendDestroyDescriptor(d));
}

static void graphs(void **state)
{
    const cudnnBackendHeurMode_t mode = CUDNN_HEUR_MODE_A;
    int64_t count = 0, engines = 0;
    descriptor op = create(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
    descriptor graph = create(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    (void)state;
    assert_int_equal(cudnnBackendFinalize(graph), CUDNN_STATUS_BAD_PARAM);
    assert_int_equal(refer(graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, op),
                     CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED);
    assert_good(cudnnBackendDestroyDescriptor(op));
    op = forward(tensor(1, 8, 16, 9, 9), tensor(2, 32, 16, 3, 3), tensor(3, 8, 32, 9, 9),
                 CUDNN_STATUS_SUCCESS);
    assert_good(refer(graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, op));
    assert_good(cudnnBackendDestroyDescriptor(op));
    assert_good(cudnnBackendFinalize(graph));
    assert_good(cudnnBackendGetAttribute(graph, CUDNN_ATTR_OPERATIONGRAPH_ENGINE_GLOBAL_COUNT,
                                         CUDNN_TYPE_INT64, 1, &count, &engines));
    assert_true(engines > 0);

    descriptor heuristics = create(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    assert_int_equal(cudnnBackendFinalize(heuristics), CUDNN_STATUS_BAD_PARAM);
    assert_good(refer(heuristics, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph));
    assert_good(cudnnBackendSetAttribute(heuristics, CUDNN_ATTR_ENGINEHEUR_MODE,
                                         CUDNN_TYPE_HEUR_MODE, 1, &mode));
    assert_good(cudnnBackendFinalize(heuristics));
    assert_good(cudnnBackendDestroyDescriptor(heuristics));

    const int64_t none = 1000000;
    descriptor engine = create(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    assert_good(refer(engine, CUDNN_ATTR_ENGINE_OPERATION_GRAPH, graph));
    assert_good(set_integers(engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, 1, &none));
    assert_true(cudnnBackendFinalize(engine) >= CUDNN_STATUS_BAD_PARAM);
    assert_good(cudnnBackendDestroyDescriptor(engine));
    assert_good(cudnnBackendDestroyDescriptor(graph));
}

static void packs(void **state)
{
    static int values[3];
    void *const pointers[] = {&values[0], &values[1], &values[2]};
    const int64_t uids[] = {1, 2};
    descriptor d = create(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    (void)state;
    assert_good(set_integers(d, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, 2, uids));
    assert_good(cudnnBackendSetAttribute(d, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS,
                                         CUDNN_TYPE_VOID_PTR, 3, pointers));
    assert_int_equal(cudnnBackendFinalize(d), CUDNN_STATUS_BAD_PARAM);
    assert_good(cudnnBackendSetAttribute(d, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS,
                                         CUDNN_TYPE_VOID_PTR, 2, pointers));
    assert_good(cudnnBackendFinalize(d));
    assert_good(cudnnBackendDestroyDescriptor(d));
}

static void texts(void **state)
{
    (void)state;
    assert_string_equal(cudnnGetErrorString(CUDNN_STATUS_SUCCESS), "CUDNN_STATUS_SUCCESS");
    assert_string_equal(cudnnGetErrorString(CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED),
                        "CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED");
    assert_int_equal(cudnnSetStream(NULL, NULL), CUDNN_STATUS_BAD_PARAM);
    assert_good(cudnnDestroy(NULL));
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(attributes), cmocka_unit_test(tensors), cmocka_unit_test(convolutions),
        cmocka_unit_test(graphs),     cmocka_unit_test(packs),   cmocka_unit_test(texts),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
