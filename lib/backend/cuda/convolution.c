/* SPDX-License-Identifier: MIT */
/* Choosing an engine for a convolution, and running it. See convolution.h. */
#include "backend/cuda/convolution.h"

#include <stdio.h>
#include <string.h>

#include "backend/cuda/conv_graph.h"
#include "base/alloc.h"
#include "base/error.h"

enum { MOST_ENGINES = 64, TIMED_RUNS = 3 };

/* An engine that wants more working memory than this is passed over: a rule that does not depend on
 * what is free, so that the choice does not either. */
#define MOST_WORKSPACE ((int64_t)1 << 30)

struct asl__conv {
    asl__conv_shape shape;
    asl__number filter_number;
    asl__descriptor plan;
    int64_t workspace;
    char engine[64];
    /* The pointers of the last run, which are nearly always those of the next. */
    asl__descriptor pack;
    asl__conv_data data;
    void *pack_workspace;
};

/* ---- Engines ---- */

/* Configurations of engines in the order in which heuristics would try them. */
typedef struct engines {
    asl__descriptor config[MOST_ENGINES];
    int64_t count, from_a; /* the first from_a are of mode A, the rest of the fallback */
} engines;

static void free_engines(engines *list)
{
    for (int i = 0; i < MOST_ENGINES; i++)
        asl__descriptor_free(list->config[i]);
}

/* Appends what one mode proposes. That a mode proposes nothing is no error. */
static asl_status ask(engines *list, cudnnBackendHeurMode_t mode, const asl__conv_graph *g,
                      const asl__descriptor *device, asl_error *err)
{
    const asl__attribute attributes[] = {
        {CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &g->all},
        {CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode},
        {CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, device},
    };
    asl__descriptor heuristics = NULL;
    asl__descriptor *const to = list->config + list->count;
    int64_t found = 0, room = 0;
    asl_status status =
        asl__descriptor_make(&heuristics, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, "heuristics",
                             attributes, sizeof attributes / sizeof *attributes, err);
    if (status == ASL_ERR_UNSUPPORTED)
        return ASL_OK;
    if (status < 0)
        return status;
    /* First how many there are. */
    ASL__CUDNN(cudnnBackendGetAttribute(heuristics, CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                        CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, &room, NULL));
    if (room > MOST_ENGINES - list->count)
        room = MOST_ENGINES - list->count;
    for (int64_t i = 0; i < room; i++)
        ASL__CUDNN(cudnnBackendCreateDescriptor(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, &to[i]));
    if (room > 0)
        ASL__CUDNN(cudnnBackendGetAttribute(heuristics, CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                            CUDNN_TYPE_BACKEND_DESCRIPTOR, room, &found, to));
    list->count += found < room ? found : room;
fail:
    asl__descriptor_free(heuristics);
    return status;
}

typedef struct engine_facts {
    int64_t index;
    bool usable;
} engine_facts;

static bool may_use(cudnnBackendNumericalNote_t note, const asl__conv_shape *s)
{
    switch (note) {
    case CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC:
    case CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION:
        return false;
    case CUDNN_NUMERICAL_NOTE_TENSOR_CORE:
        return s->number != ASL__F32 || s->allow_tf32;
    case CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS: /* to fewer bits than TF32 has */
        return s->number != ASL__F32;
    default:
        return true;
    }
}

static asl_status look_at(engine_facts *facts, asl__descriptor config, const asl__conv_shape *s,
                          asl_error *err)
{
    cudnnBackendNumericalNote_t notes[CUDNN_NUMERICAL_NOTE_TYPE_COUNT];
    asl__descriptor engine = NULL;
    int64_t count = 0;
    asl_status status = ASL_OK;
    *facts = (engine_facts){-1, true};
    ASL__CUDNN(cudnnBackendCreateDescriptor(CUDNN_BACKEND_ENGINE_DESCRIPTOR, &engine));
    ASL__CUDNN(cudnnBackendGetAttribute(config, CUDNN_ATTR_ENGINECFG_ENGINE,
                                        CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &count, &engine));
    ASL__CUDNN(cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1,
                                        &count, &facts->index));
    count = 0;
    ASL__CUDNN(cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                        CUDNN_TYPE_NUMERICAL_NOTE, CUDNN_NUMERICAL_NOTE_TYPE_COUNT,
                                        &count, notes));
    for (int64_t i = 0; i < count && i < CUDNN_NUMERICAL_NOTE_TYPE_COUNT; i++)
        facts->usable = facts->usable && may_use(notes[i], s);
fail:
    asl__descriptor_free(engine);
    return status;
}

/* A plan of one configuration, and its workspace. */
static asl_status make_plan(asl__descriptor *plan, int64_t *workspace, asl__descriptor config,
                            const asl__descriptor *device, asl_error *err)
{
    const asl__attribute attributes[] = {
        {CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &config},
        {CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, device},
    };
    int64_t count;
    asl_status status;
    *workspace = 0;
    ASL__TRY(asl__descriptor_make(plan, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, "plan", attributes,
                                  sizeof attributes / sizeof *attributes, err));
    ASL__CUDNN(cudnnBackendGetAttribute(*plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE,
                                        CUDNN_TYPE_INT64, 1, &count, workspace));
    return ASL_OK;
fail:
    asl__descriptor_free(*plan);
    *plan = NULL;
    return status;
}

/* ---- Running ---- */

/* Names and addresses of a graph's tensors; `ids` and `pointers` have room for four. */
static int64_t list_pointers(int64_t *ids, const void **pointers, const asl__conv_data *d)
{
    const struct {
        int64_t id;
        const void *pointer;
    } all[] = {{ASL__ID_X, d->x},      {ASL__ID_W, d->w},   {ASL__ID_Y, d->y},
               {ASL__ID_DX, d->dx},    {ASL__ID_DW, d->dw}, {ASL__ID_DY, d->dy},
               {ASL__ID_BIAS, d->bias}};
    int64_t count = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i].pointer == NULL)
            continue;
        ids[count] = all[i].id;
        pointers[count++] = all[i].pointer;
    }
    return count;
}

static asl_status make_pack(asl__conv *conv, const asl__conv_data *data, void *workspace,
                            asl_error *err)
{
    int64_t ids[7];
    const void *pointers[7];
    const int64_t count = list_pointers(ids, pointers, data);
    const asl__attribute attributes[] = {
        {CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, count, ids},
        {CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, count, pointers},
        {CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace},
    };
    asl__descriptor_free(conv->pack);
    conv->data = *data;
    conv->pack_workspace = workspace;
    return asl__descriptor_make(&conv->pack, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, "operands",
                                attributes, sizeof attributes / sizeof *attributes, err);
}

asl_status asl__conv_run(asl__conv *conv, const asl__conv_data *data, void *workspace,
                         const asl__device *device, asl_error *err)
{
    asl_status status = ASL_OK;
    if (conv->pack == NULL || workspace != conv->pack_workspace ||
        memcmp(data, &conv->data, sizeof *data) != 0)
        ASL__TRY(make_pack(conv, data, workspace, err));
    ASL__CUDNN(cudnnBackendExecute(device->dnn, conv->plan, conv->pack));
fail:
    return status;
}

/* ---- Timing ---- */

/* Memory to try engines on; what it holds does not matter. */
typedef struct bench {
    void *x, *w, *y, *bias, *workspace;
    cudaEvent_t begin, end;
} bench;

static size_t map_bytes(asl__map map)
{
    return (size_t)map.count * (size_t)map.height * (size_t)map.width * (size_t)map.channels *
           sizeof(float);
}

static void close_bench(bench *b)
{
    asl__device_free(b->x);
    asl__device_free(b->w);
    asl__device_free(b->y);
    asl__device_free(b->bias);
    asl__device_free(b->workspace);
    if (b->begin != NULL)
        cudaEventDestroy(b->begin);
    if (b->end != NULL)
        cudaEventDestroy(b->end);
}

static asl_status open_bench(bench *b, const asl__conv_shape *s, int64_t workspace, asl_error *err)
{
    static const char what[] = "trying engines; use a smaller batch";
    const asl__map filter = {s->out.channels, s->kernel, s->kernel, s->in.channels};
    const asl__map bias = {1, 1, 1, s->out.channels};
    asl_status status;
    *b = (bench){0};
    ASL__TRY(asl__device_alloc(&b->x, map_bytes(s->in), what, err));
    ASL__TRY(asl__device_alloc(&b->w, map_bytes(filter), what, err));
    ASL__TRY(asl__device_alloc(&b->y, map_bytes(s->out), what, err));
    ASL__TRY(asl__device_alloc(&b->bias, map_bytes(bias), what, err));
    if (workspace > 0)
        ASL__TRY(asl__device_alloc(&b->workspace, (size_t)workspace, what, err));
    ASL__CUDA(cudaEventCreate(&b->begin));
    ASL__CUDA(cudaEventCreate(&b->end));
fail:
    return status;
}

static asl__conv_data bench_data(const bench *b, int32_t kind)
{
    switch (kind) {
    case ASL__CONV_BACK_DATA:
        return (asl__conv_data){.w = b->w, .dy = b->y, .dx = b->x};
    case ASL__CONV_BACK_FILTER:
        return (asl__conv_data){.x = b->x, .dy = b->y, .dw = b->w};
    case ASL__CONV_FUSED:
        return (asl__conv_data){.x = b->x, .w = b->w, .bias = b->bias, .y = b->y};
    default:
        return (asl__conv_data){.x = b->x, .w = b->w, .y = b->y};
    }
}

/* Milliseconds of a few runs, after one that does not count. */
static asl_status time_conv(float *milliseconds, asl__conv *conv, const asl__device *device,
                            asl_error *err)
{
    bench b;
    asl_status status;
    ASL__TRY(open_bench(&b, &conv->shape, conv->workspace, err));
    const asl__conv_data data = bench_data(&b, conv->shape.kind);
    ASL__TRY(asl__conv_run(conv, &data, b.workspace, device, err));
    ASL__CUDA(cudaEventRecord(b.begin, device->stream));
    for (int i = 0; i < TIMED_RUNS; i++)
        ASL__TRY(asl__conv_run(conv, &data, b.workspace, device, err));
    ASL__CUDA(cudaEventRecord(b.end, device->stream));
    ASL__CUDA(cudaEventSynchronize(b.end));
    ASL__CUDA(cudaEventElapsedTime(milliseconds, b.begin, b.end));
fail:
    close_bench(&b);
    return status;
}

/* ---- Choosing ---- */

/* What was found so far. */
typedef struct choice {
    asl__descriptor plan;
    int64_t workspace, index, place;
    float milliseconds;
    int32_t tried;
} choice;

/* Takes a plan in hand, or frees it: the first, or when they are timed the fastest. */
static asl_status weigh(choice *best, choice *candidate, asl__conv *conv,
                        const asl__conv_target *target, asl_error *err)
{
    asl_status status = ASL_OK;
    if (target->time_candidates > 1) {
        conv->plan = candidate->plan;
        conv->workspace = candidate->workspace;
        status = time_conv(&candidate->milliseconds, conv, target->device, err);
        conv->plan = NULL;
        asl__descriptor_free(conv->pack);
        conv->pack = NULL;
    }
    /* An engine that cannot run after all, or not in this memory, is passed over. */
    best->tried += status == ASL_OK;
    if (status < 0 || (best->plan != NULL && candidate->milliseconds >= best->milliseconds)) {
        asl__descriptor_free(candidate->plan);
        return status == ASL_ERR_DEVICE_LOST ? status : ASL_OK;
    }
    candidate->tried = best->tried;
    asl__descriptor_free(best->plan);
    *best = *candidate;
    return ASL_OK;
}

static asl_status try_engines(asl__conv *conv, const engines *list, asl__descriptor device,
                              const asl__conv_target *target, asl_error *err)
{
    const int32_t wanted = target->time_candidates > 1 ? target->time_candidates : 1;
    choice best = {0};
    asl_status status = ASL_OK;
    for (int64_t i = 0; i < list->count && best.tried < wanted; i++) {
        choice candidate = {.place = i};
        engine_facts facts;
        if (look_at(&facts, list->config[i], &conv->shape, err) < 0 || !facts.usable ||
            make_plan(&candidate.plan, &candidate.workspace, list->config[i], &device, err) < 0)
            continue;
        if (candidate.workspace > MOST_WORKSPACE) {
            asl__descriptor_free(candidate.plan);
            continue;
        }
        candidate.index = facts.index;
        ASL__TRY(weigh(&best, &candidate, conv, target, err));
    }
    conv->plan = best.plan;
    conv->workspace = best.workspace;
    snprintf(conv->engine, sizeof conv->engine, "cudnn engine %lld (%s)", (long long)best.index,
             best.place < list->from_a ? "heuristics" : "fallback");
    return ASL_OK;
fail:
    asl__descriptor_free(best.plan);
    return status;
}

/* Leaves conv->plan NULL when no engine takes the graph. */
static asl_status choose(asl__conv *conv, const asl__conv_target *target, asl_error *err)
{
    asl__conv_graph graph = {0};
    asl__descriptor device = NULL;
    engines list = {0};
    asl_status status;
    ASL__TRY(asl__descriptor_device(&device, target->device, target->description, err));
    ASL__TRY(asl__conv_graph_make(&graph, &conv->shape, conv->filter_number, err));
    ASL__TRY(ask(&list, CUDNN_HEUR_MODE_A, &graph, &device, err));
    list.from_a = list.count;
    ASL__TRY(ask(&list, CUDNN_HEUR_MODE_FALLBACK, &graph, &device, err));
    ASL__TRY(try_engines(conv, &list, device, target, err));
fail:
    free_engines(&list);
    asl__conv_graph_free(&graph);
    asl__descriptor_free(device);
    return status;
}

asl_status asl__conv_create(asl__conv **out, const asl__conv_shape *shape,
                            const asl__conv_target *target, asl_error *err)
{
    const bool narrow = shape->kind == ASL__CONV_BACK_FILTER && shape->number == ASL__BF16;
    asl_status status;
    asl_error cause = ASL_ERROR_INIT;
    asl__conv *conv = asl__alloc(sizeof *conv);
    *out = NULL;
    if (conv == NULL)
        return asl__fail_memory(err, "a convolution");
    conv->shape = *shape;
    conv->filter_number = ASL__F32;
    status = choose(conv, target, &cause);
    if (narrow && conv->plan == NULL && (status == ASL_OK || status == ASL_ERR_UNSUPPORTED)) {
        conv->filter_number = ASL__BF16;
        status = choose(conv, target, &cause);
    }
    if (status == ASL_OK && conv->plan == NULL) {
        const bool is_other = cause.code == ASL_ERR_DEVICE_LOST || cause.code == ASL_ERR_NOMEM;
        status = is_other ? cause.code : ASL_ERR_UNSUPPORTED;
    }
    if (status < 0) {
        asl__conv_free(conv);
        return asl__fail(err, status, "%s",
                         cause.code < 0 ? cause.message : "cuDNN has no engine for it");
    }
    *out = conv;
    return ASL_OK;
}

void asl__conv_free(asl__conv *conv)
{
    if (conv == NULL)
        return;
    asl__descriptor_free(conv->pack);
    asl__descriptor_free(conv->plan);
    asl__free(conv);
}

size_t asl__conv_workspace(const asl__conv *conv)
{
    return (size_t)conv->workspace;
}

const char *asl__conv_engine(const asl__conv *conv)
{
    return conv->engine;
}

asl__number asl__conv_filter_number(const asl__conv *conv)
{
    return conv->filter_number;
}
