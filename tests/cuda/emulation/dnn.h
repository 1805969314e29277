/* SPDX-License-Identifier: MIT */
/* cuDNN's graph interface inside the emulation.
 *
 *   dnn_handle.c      handles, versions, errors     dnn_attribute.c   which attributes there are
 *   dnn_descriptor.c  setting and getting           dnn_check.c       what finalizing checks
 *   dnn_graph.c       operations -> one graph       dnn_engine.c      heuristics, engines, plans
 *   dnn_execute.c     running it
 */
#ifndef TESTS_CUDA_EMULATION_DNN_H
#define TESTS_CUDA_EMULATION_DNN_H

#include "internal.h"

/* ---- Descriptors ---- */

enum { DNN_REQUIRED = 1, DNN_READ_ONLY = 2 };
enum { DNN_ANY_OPERATION = -1 };

typedef struct dnn_rule {
    cudnnBackendAttributeName_t name;
    cudnnBackendAttributeType_t type, other_type;
    int64_t most; /* elements; 1: exactly one */
    int flags;
    int descriptor; /* type of what it refers to */
} dnn_rule;
enum { DNN_ATTRIBUTES = 12 };

typedef struct dnn_value {
    int64_t count;
    void *elements;
} dnn_value;

typedef struct dnn_tensor {
    int64_t uid, alignment;
    cudaDataType type;
    int dims;
    int64_t size[CUDNN_DIM_MAX], stride[CUDNN_DIM_MAX];
    bool is_virtual;
} dnn_tensor;

typedef struct dnn_pointwise {
    cudnnPointwiseMode_t mode;
    double alpha1, alpha2, lower, upper, slope;
    bool has_b;
    dnn_tensor x, b, y;
} dnn_pointwise;
enum { DNN_POINTWISES = 4 };

/* One convolution, and what follows it. Of the gradients' graphs x, w and y are the tensors of the
 * forward convolution that they belong to. */
typedef struct dnn_graph {
    unsigned kind; /* EMULATION_*; 0: no pattern that an engine takes */
    cudnnConvolutionMode_t mode;
    cudnnDataType_t computation;
    int64_t stride[2], dilation[2], before[2], after[2];
    double alpha, beta;
    dnn_tensor x, w, y;
    dnn_pointwise then[DNN_POINTWISES];
    int then_count;
} dnn_graph;

typedef struct dnn_descriptor {
    emulation__object object; /* listed until it is destroyed; others may still refer to it */
    cudnnBackendDescriptorType_t type;
    bool finalized;
    int references;
    dnn_value values[DNN_ATTRIBUTES];
    dnn_graph *graph;                          /* OPERATIONGRAPH */
    emulation_engine found[EMULATION_ENGINES]; /* ENGINEHEUR; ENGINE: its own is the first */
    int found_count;
} dnn_descriptor;

/* Leaves a message for cudnnGetLastErrorString, and returns the status. */
cudnnStatus_t dnn_fail(cudnnStatus_t status, const char *message);
cudnnStatus_t dnn_enter(const char *name, int needs);
cudnnStatus_t dnn_leave(cudnnStatus_t status);
cudnnStatus_t dnn_status_of(cudaError_t code);

typedef struct cudnnContext dnn_context;
struct cudnnContext {
    emulation__object object;
    cudaStream_t stream;
};

/* dnn_attribute.c: the attributes of a type, up to one whose `most` is 0; NULL: not emulated. */
const dnn_rule *dnn_rules(cudnnBackendDescriptorType_t type);
size_t dnn_element_size(cudnnBackendAttributeType_t type);

/* dnn_descriptor.c */
dnn_descriptor *dnn_new(cudnnBackendDescriptorType_t type);
void dnn_drop(dnn_descriptor *descriptor);
const dnn_value *dnn_value_of(const dnn_descriptor *d, cudnnBackendAttributeName_t name);
int64_t dnn_integer(const dnn_descriptor *d, cudnnBackendAttributeName_t name, int64_t otherwise);
double dnn_real(const dnn_descriptor *d, cudnnBackendAttributeName_t name, double otherwise);
dnn_descriptor *dnn_refers(const dnn_descriptor *d, cudnnBackendAttributeName_t name);
/* Copies elements in; descriptors among them are referred to. */
void dnn_put(dnn_descriptor *d, cudnnBackendAttributeName_t name, int64_t count,
             const void *elements);
void dnn_copy(dnn_descriptor *to, const dnn_descriptor *from);

/* dnn_check.c */
cudnnStatus_t dnn_check(const dnn_descriptor *d);
cudaDataType dnn_type(cudnnDataType_t type);
dnn_tensor dnn_tensor_of(const dnn_descriptor *d);
bool dnn_is_binary(cudnnPointwiseMode_t mode);

/* dnn_graph.c: compiles the operations of a graph. */
cudnnStatus_t dnn_compile(dnn_graph *graph, const dnn_descriptor *d);
/* The tensors in memory: how many, up to DNN_TENSORS, and which is written. */
enum { DNN_TENSORS = 3 + DNN_POINTWISES };
int dnn_tensors(const dnn_tensor **tensors, const dnn_graph *graph);
const dnn_tensor *dnn_output(const dnn_graph *graph);
/* Bytes from the first to the last element. */
size_t dnn_extent(const dnn_tensor *tensor);

/* dnn_engine.c */
cudnnStatus_t dnn_find_engines(dnn_descriptor *heuristics);
cudnnStatus_t dnn_find_engine(dnn_descriptor *engine);
cudnnStatus_t dnn_check_plan(const dnn_descriptor *plan);
const emulation_engine *dnn_engine_of(const dnn_descriptor *plan_or_config);
const dnn_graph *dnn_graph_of(const dnn_descriptor *plan);
/* Read-only attributes, and descriptors that are filled. */
cudnnStatus_t dnn_get_special(const dnn_descriptor *d, cudnnBackendAttributeName_t name,
                              int64_t room, int64_t *count, void *elements);

/* dnn_execute.c: pointers as dnn_tensors has them. */
cudnnStatus_t dnn_execute(const dnn_context *context, const dnn_descriptor *plan,
                          const dnn_descriptor *pack);

#endif
