/* SPDX-License-Identifier: MIT */
/* Which engines take a graph, and plans with them. */
#include "dnn.h"

#include <string.h>

enum { ROW = 16 }; /* bytes that tensor cores take at once */

/* ---- Engines ---- */

static bool has_note(const emulation_engine *engine, unsigned note)
{
    return (engine->notes & note) != 0;
}

/* Numbers in, numbers out: all alike, but that what is summed from 16-bit ones may be float. */
static bool has_good_types(const dnn_graph *g)
{
    const cudaDataType in = g->kind == EMULATION_BACK_FILTER ? g->x.type : g->w.type;
    const cudaDataType other = g->kind == EMULATION_BACK_DATA ? g->y.type : g->x.type;
    const cudaDataType also = g->kind == EMULATION_BACK_FILTER ? g->y.type : g->w.type;
    const cudaDataType out = dnn_output(g)->type;
    if (other != in || also != in || g->computation != CUDNN_DATA_FLOAT)
        return false;
    if (in == CUDA_R_16BF && emulation__config.major < 8)
        return false;
    if (g->kind == EMULATION_BACK_FILTER && in != CUDA_R_32F && out == CUDA_R_32F)
        return !emulation__config.no_float_filter_gradients;
    return out == in || out == CUDA_R_32F;
}

static bool has_good_rows(const dnn_tensor *t)
{
    return t->stride[1] == 1 && t->size[1] * (int64_t)emulation__size_of(t->type) % ROW == 0;
}

static bool takes(const emulation_engine *engine, const dnn_graph *g)
{
    if ((engine->graphs & g->kind) == 0 || !has_good_types(g) || g->x.size[1] != g->w.size[1])
        return false;
    if (g->x.alignment < ROW || g->w.alignment < ROW || dnn_output(g)->alignment < ROW)
        return false;
    if (has_note(engine, EMULATION_NOTE(TENSOR_CORE)))
        return has_good_rows(&g->x) && has_good_rows(&g->w) && has_good_rows(&g->y) &&
               (g->w.type != CUDA_R_32F || emulation__config.major >= 8);
    return true;
}

static const dnn_graph *graph_in(const dnn_descriptor *d, cudnnBackendAttributeName_t name)
{
    return dnn_refers(d, name)->graph;
}

cudnnStatus_t dnn_find_engines(dnn_descriptor *d)
{
    const dnn_graph *g = graph_in(d, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
    const bool fallback = dnn_integer(d, CUDNN_ATTR_ENGINEHEUR_MODE, 0) == CUDNN_HEUR_MODE_FALLBACK;
    d->found_count = 0;
    for (int i = 0; i < emulation__config.engine_count; i++) {
        const emulation_engine *engine = &emulation__config.engines[i];
        if (engine->fallback == fallback && takes(engine, g))
            d->found[d->found_count++] = *engine;
    }
    if (d->found_count == 0 && emulation__config.without_engines != CUDNN_STATUS_SUCCESS)
        return dnn_fail(emulation__config.without_engines, "no engine takes the graph");
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t dnn_find_engine(dnn_descriptor *d)
{
    const dnn_graph *g = graph_in(d, CUDNN_ATTR_ENGINE_OPERATION_GRAPH);
    const int64_t index = dnn_integer(d, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, -1);
    for (int i = 0; i < emulation__config.engine_count; i++) {
        const emulation_engine *engine = &emulation__config.engines[i];
        if (engine->index == index && takes(engine, g)) {
            d->found[0] = *engine;
            return CUDNN_STATUS_SUCCESS;
        }
    }
    return dnn_fail(CUDNN_STATUS_NOT_SUPPORTED, "no such engine takes the graph");
}

/* ---- Plans ---- */

static const dnn_descriptor *config_of(const dnn_descriptor *d)
{
    return d->type == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR
               ? dnn_refers(d, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG)
               : d;
}

const emulation_engine *dnn_engine_of(const dnn_descriptor *d)
{
    return dnn_refers(config_of(d), CUDNN_ATTR_ENGINECFG_ENGINE)->found;
}

const dnn_graph *dnn_graph_of(const dnn_descriptor *plan)
{
    return graph_in(dnn_refers(config_of(plan), CUDNN_ATTR_ENGINECFG_ENGINE),
                    CUDNN_ATTR_ENGINE_OPERATION_GRAPH);
}

cudnnStatus_t dnn_check_plan(const dnn_descriptor *plan)
{
    const cudnnStatus_t status = dnn_engine_of(plan)->finalize;
    if (dnn_refers(plan, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP) == NULL) {
        cudaError_t code = emulation__driver();
        if (code == cudaSuccess)
            code = emulation__lost();
        if (code == cudaSuccess) /* kernels are loaded */
            code = emulation__check_unsafe();
        if (code != cudaSuccess)
            return dnn_status_of(code);
    }
    return status == CUDNN_STATUS_SUCCESS ? status
                                          : dnn_fail(status, "the engine does not take the graph");
}

/* ---- What they tell ---- */

static cudnnStatus_t get_notes(const emulation_engine *engine, int64_t room, int64_t *count,
                               cudnnBackendNumericalNote_t *notes)
{
    *count = 0;
    for (int note = 0; note < CUDNN_NUMERICAL_NOTE_TYPE_COUNT; note++) {
        if (!has_note(engine, 1u << note))
            continue;
        if (*count < room && notes != NULL)
            notes[*count] = (cudnnBackendNumericalNote_t)note;
        if (*count < room || room == 0)
            ++*count;
    }
    return CUDNN_STATUS_SUCCESS;
}

/* The caller's own descriptor of a type, which is filled. */
static dnn_descriptor *room_for(cudnnBackendDescriptor_t handle, cudnnBackendDescriptorType_t type)
{
    dnn_descriptor *d = emulation__find_object(handle, EMULATION__DESCRIPTOR);
    return d != NULL && d->type == type && !d->finalized ? d : NULL;
}

static cudnnStatus_t no_room(void)
{
    return dnn_fail(CUDNN_STATUS_BAD_PARAM, "no new descriptor of the right type to fill");
}

static void fill_config(dnn_descriptor *config, const emulation_engine *found,
                        dnn_descriptor *graph)
{
    dnn_descriptor *engine = dnn_new(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    dnn_put(engine, CUDNN_ATTR_ENGINE_OPERATION_GRAPH, 1, &graph);
    dnn_put(engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, 1, &found->index);
    engine->found[0] = *found;
    engine->finalized = true;
    dnn_put(config, CUDNN_ATTR_ENGINECFG_ENGINE, 1, &engine);
    config->finalized = true;
    dnn_drop(engine); /* the configuration has it now */
}

static cudnnStatus_t get_results(const dnn_descriptor *d, int64_t room, int64_t *count,
                                 const cudnnBackendDescriptor_t *configs)
{
    *count = room == 0 || room > d->found_count ? d->found_count : room;
    if (room == 0)
        return CUDNN_STATUS_SUCCESS;
    for (int64_t i = 0; i < *count; i++) {
        dnn_descriptor *config =
            configs == NULL ? NULL : room_for(configs[i], CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
        if (config == NULL)
            return no_room();
        fill_config(config, &d->found[i], dnn_refers(d, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH));
    }
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t get_engine(const dnn_descriptor *config, int64_t room, int64_t *count,
                                const cudnnBackendDescriptor_t *engines)
{
    dnn_descriptor *engine =
        room < 1 || engines == NULL ? NULL : room_for(engines[0], CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    if (engine == NULL)
        return no_room();
    dnn_copy(engine, dnn_refers(config, CUDNN_ATTR_ENGINECFG_ENGINE));
    *count = 1;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t dnn_get_special(const dnn_descriptor *d, cudnnBackendAttributeName_t name,
                              int64_t room, int64_t *count, void *elements)
{
    int64_t number;
    switch (name) {
    case CUDNN_ATTR_ENGINEHEUR_RESULTS:
        return get_results(d, room, count, elements);
    case CUDNN_ATTR_ENGINECFG_ENGINE:
        return get_engine(d, room, count, elements);
    case CUDNN_ATTR_ENGINE_NUMERICAL_NOTE:
        return get_notes(d->found, room, count, elements);
    case CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE:
        *count = 0;
        return CUDNN_STATUS_SUCCESS;
    case CUDNN_ATTR_OPERATIONGRAPH_ENGINE_GLOBAL_COUNT:
        number = 1024;
        break;
    case CUDNN_ATTR_ENGINECFG_WORKSPACE_SIZE:
    case CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE:
        number = dnn_engine_of(d)->workspace;
        break;
    default:
        return dnn_fail(CUDNN_STATUS_NOT_SUPPORTED, "the emulation does not tell this");
    }
    *count = 1;
    if (room > 0 && elements != NULL)
        memcpy(elements, &number, sizeof number);
    return CUDNN_STATUS_SUCCESS;
}
