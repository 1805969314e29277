/* SPDX-License-Identifier: MIT */
/* Capture: what is put on a stream is kept instead of run, and becomes a graph, which runs as often
 * as it is launched. Calls that a capture does not stand fail and spoil it. */
#include "internal.h"

#include <pthread.h>
#include <stdlib.h>

struct CUgraph_st {
    emulation__object object;
    emulation__list list;
};

struct CUgraphExec_st {
    emulation__object object;
    emulation__list list;
};

static unsigned long this_thread(void)
{
    return (unsigned long)pthread_self();
}

/* ---- Capture ---- */

cudaError_t emulation__spoil_capture(struct CUstream_st *stream, cudaError_t code)
{
    emulation__complain("%s while a stream is capturing",
                        code == cudaErrorStreamCaptureUnsupported ? "a forbidden call" : "a call");
    stream->capture = cudaStreamCaptureStatusInvalidated;
    return code;
}

cudaError_t emulation__check_unsafe(void)
{
    cudaError_t code = cudaSuccess;
    emulation__object *object = emulation__first_object(EMULATION__STREAM);
    for (; object != NULL; object = object->next) {
        struct CUstream_st *stream = (struct CUstream_st *)object;
        const bool minds =
            stream->mode == cudaStreamCaptureModeGlobal ||
            (stream->mode == cudaStreamCaptureModeThreadLocal && stream->thread == this_thread());
        if (stream->capture != cudaStreamCaptureStatusNone && minds)
            code = emulation__spoil_capture(stream, cudaErrorStreamCaptureUnsupported);
    }
    return code;
}

static cudaError_t begin_capture(cudaStream_t handle, enum cudaStreamCaptureMode mode)
{
    struct CUstream_st *stream = emulation__find_object(handle, EMULATION__STREAM);
    if (stream == NULL)
        return emulation__stream_of(handle) != NULL ? cudaErrorStreamCaptureUnsupported
                                                    : cudaErrorInvalidResourceHandle;
    if ((int)mode < cudaStreamCaptureModeGlobal || (int)mode > cudaStreamCaptureModeRelaxed)
        return cudaErrorInvalidValue;
    if (stream->capture != cudaStreamCaptureStatusNone)
        return cudaErrorIllegalState;
    stream->capture = cudaStreamCaptureStatusActive;
    stream->mode = mode;
    stream->thread = this_thread();
    return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    if (code == cudaSuccess)
        code = begin_capture(stream, mode);
    return emulation__leave_cuda(code);
}

static cudaError_t end_capture(cudaStream_t handle, cudaGraph_t *out)
{
    struct CUstream_st *stream = emulation__find_object(handle, EMULATION__STREAM);
    *out = NULL;
    if (stream == NULL)
        return cudaErrorInvalidResourceHandle;
    if (stream->capture == cudaStreamCaptureStatusNone)
        return cudaErrorIllegalState;
    if (stream->mode != cudaStreamCaptureModeRelaxed && stream->thread != this_thread())
        return cudaErrorStreamCaptureWrongThread;
    const bool spoilt = stream->capture == cudaStreamCaptureStatusInvalidated;
    stream->capture = cudaStreamCaptureStatusNone;
    if (spoilt) {
        emulation__clear(&stream->recorded);
        return cudaErrorStreamCaptureInvalidated;
    }
    struct CUgraph_st *graph = emulation__new(sizeof *graph);
    graph->list = stream->recorded;
    stream->recorded = (emulation__list){0};
    emulation__add_object(&graph->object, EMULATION__GRAPH);
    *out = graph;
    return cudaSuccess;
}

/* The stream's capture ends even when the call is one that fails. */
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *out)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    struct CUstream_st *capturing = emulation__find_object(stream, EMULATION__STREAM);
    if (out == NULL) {
        code = cudaErrorInvalidValue;
    } else if (code == cudaSuccess) {
        code = end_capture(stream, out);
    } else if (capturing != NULL) {
        capturing->capture = cudaStreamCaptureStatusNone;
        emulation__clear(&capturing->recorded);
        *out = NULL;
    }
    return emulation__leave_cuda(code);
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus *status)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    const struct CUstream_st *found = emulation__stream_of(stream);
    if (code == cudaSuccess)
        code = status == NULL  ? cudaErrorInvalidValue
               : found == NULL ? cudaErrorInvalidResourceHandle
                               : cudaSuccess;
    if (code == cudaSuccess)
        *status = found->capture;
    return emulation__leave_cuda(code);
}

/* ---- Graphs ---- */

static void share(emulation__list *to, const emulation__list *from)
{
    for (size_t i = 0; i < from->count; i++) {
        from->work[i]->references++;
        emulation__append(to, from->work[i]);
    }
}

static cudaError_t instantiate(cudaGraphExec_t *out, cudaGraph_t graph)
{
    if (out == NULL)
        return cudaErrorInvalidValue;
    *out = NULL;
    if (emulation__find_object(graph, EMULATION__GRAPH) == NULL)
        return cudaErrorInvalidValue;
    struct CUgraphExec_st *exec = emulation__new(sizeof *exec);
    share(&exec->list, &graph->list);
    emulation__add_object(&exec->object, EMULATION__GRAPH_EXEC);
    *out = exec;
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *out, cudaGraph_t graph, unsigned long long flags)
{
    cudaError_t code =
        emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE | EMULATION__NOT_IN_CAPTURE);
    if (code == cudaSuccess)
        code = flags != 0 ? cudaErrorInvalidValue : instantiate(out, graph);
    return emulation__leave_cuda(code);
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t *nodes, size_t *count)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    if (code == cudaSuccess &&
        (count == NULL || nodes != NULL || emulation__find_object(graph, EMULATION__GRAPH) == NULL))
        code = cudaErrorInvalidValue;
    if (code == cudaSuccess)
        *count = graph->list.count;
    return emulation__leave_cuda(code);
}

/* ---- Launches ---- */

typedef struct launch {
    emulation__work work;
    emulation__list list;
} launch;

static cudaError_t run_launch(emulation__work *work)
{
    const launch *l = (const launch *)work;
    cudaError_t code = cudaSuccess;
    for (size_t i = 0; i < l->list.count && code == cudaSuccess; i++)
        code = emulation__run_work(l->list.work[i]);
    return code;
}

static void release_launch(emulation__work *work)
{
    emulation__clear(&((launch *)work)->list);
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    if (code == cudaSuccess && emulation__find_object(exec, EMULATION__GRAPH_EXEC) == NULL)
        code = cudaErrorInvalidValue;
    if (code == cudaSuccess) {
        launch *l = emulation__new_work(sizeof *l, run_launch);
        l->work.release = release_launch;
        share(&l->list, &exec->list);
        code = emulation__submit(stream, &l->work);
    }
    return emulation__leave_cuda(code);
}

cudaError_t cudaGraphUpload(cudaGraphExec_t exec, cudaStream_t stream)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    if (code == cudaSuccess && (emulation__find_object(exec, EMULATION__GRAPH_EXEC) == NULL ||
                                emulation__stream_of(stream) == NULL))
        code = cudaErrorInvalidValue;
    return emulation__leave_cuda(code);
}

/* ---- The end ---- */

static void free_graph(struct CUgraph_st *graph)
{
    emulation__clear(&graph->list);
    emulation__remove_object(&graph->object);
    free(graph);
}

static void free_exec(struct CUgraphExec_st *exec)
{
    emulation__clear(&exec->list);
    emulation__remove_object(&exec->object);
    free(exec);
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    if (emulation__find_object(graph, EMULATION__GRAPH) != NULL) {
        free_graph(graph);
    } else if (code == cudaSuccess) {
        emulation__complain("a graph was destroyed that is none");
        code = cudaErrorInvalidValue;
    }
    return emulation__leave_cuda(code);
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    if (emulation__find_object(exec, EMULATION__GRAPH_EXEC) != NULL) {
        free_exec(exec);
    } else if (code == cudaSuccess) {
        emulation__complain("an instantiated graph was destroyed that is none");
        code = cudaErrorInvalidValue;
    }
    return emulation__leave_cuda(code);
}

void emulation__reset_graphs(void)
{
    while (emulation__first_object(EMULATION__GRAPH) != NULL)
        free_graph((struct CUgraph_st *)emulation__first_object(EMULATION__GRAPH));
    while (emulation__first_object(EMULATION__GRAPH_EXEC) != NULL)
        free_exec((struct CUgraphExec_st *)emulation__first_object(EMULATION__GRAPH_EXEC));
}
