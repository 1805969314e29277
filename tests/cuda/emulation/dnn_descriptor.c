/* SPDX-License-Identifier: MIT */
/* Descriptors: making, setting, getting, finalizing. Codes are those of cuDNN 9.19, asked without a
 * device, except where it crashes, or notices only later: a descriptor that refers to one of a
 * wrong type, or to one that is not finalized, is refused at once. */
#include "dnn.h"

#include <stdlib.h>
#include <string.h>

/* ---- Values ---- */

static int place_of(const dnn_descriptor *d, cudnnBackendAttributeName_t name)
{
    const dnn_rule *rules = dnn_rules(d->type);
    for (int i = 0; rules[i].most > 0; i++)
        if (rules[i].name == name)
            return i;
    return -1;
}

const dnn_value *dnn_value_of(const dnn_descriptor *d, cudnnBackendAttributeName_t name)
{
    return &d->values[place_of(d, name)];
}

int64_t dnn_integer(const dnn_descriptor *d, cudnnBackendAttributeName_t name, int64_t otherwise)
{
    const dnn_value *value = dnn_value_of(d, name);
    const size_t size = dnn_element_size(dnn_rules(d->type)[place_of(d, name)].type);
    if (value->count == 0)
        return otherwise;
    if (size == 8)
        return *(const int64_t *)value->elements;
    return size == 4 ? *(const int32_t *)value->elements : *(const bool *)value->elements;
}

/* Floats and doubles are both kept as doubles. */
double dnn_real(const dnn_descriptor *d, cudnnBackendAttributeName_t name, double otherwise)
{
    const dnn_value *value = dnn_value_of(d, name);
    return value->count == 0 ? otherwise : *(const double *)value->elements;
}

dnn_descriptor *dnn_refers(const dnn_descriptor *d, cudnnBackendAttributeName_t name)
{
    const dnn_value *value = dnn_value_of(d, name);
    return value->count == 0 ? NULL : *(dnn_descriptor *const *)value->elements;
}

static bool is_real(const dnn_rule *rule)
{
    return rule->other_type == CUDNN_TYPE_DOUBLE;
}

static void clear(dnn_descriptor *d, int place)
{
    dnn_value *value = &d->values[place];
    if (dnn_rules(d->type)[place].type == CUDNN_TYPE_BACKEND_DESCRIPTOR)
        for (int64_t i = 0; i < value->count; i++)
            dnn_drop(((dnn_descriptor **)value->elements)[i]);
    free(value->elements);
    *value = (dnn_value){0};
}

void dnn_put(dnn_descriptor *d, cudnnBackendAttributeName_t name, int64_t count,
             const void *elements)
{
    const int place = place_of(d, name);
    const dnn_rule *rule = &dnn_rules(d->type)[place];
    const size_t size = (size_t)count * (is_real(rule) ? 8 : dnn_element_size(rule->type));
    void *kept = emulation__new(size);
    memcpy(kept, elements, size);
    if (rule->type == CUDNN_TYPE_BACKEND_DESCRIPTOR)
        for (int64_t i = 0; i < count; i++)
            ((dnn_descriptor **)kept)[i]->references++;
    clear(d, place);
    d->values[place] = (dnn_value){count, kept};
}

void dnn_copy(dnn_descriptor *to, const dnn_descriptor *from)
{
    const dnn_rule *rules = dnn_rules(from->type);
    for (int i = 0; rules[i].most > 0; i++)
        if (from->values[i].count > 0)
            dnn_put(to, rules[i].name, from->values[i].count, from->values[i].elements);
    memcpy(to->found, from->found, sizeof to->found);
    to->found_count = from->found_count;
    to->finalized = from->finalized;
}

/* ---- Life ---- */

dnn_descriptor *dnn_new(cudnnBackendDescriptorType_t type)
{
    dnn_descriptor *d = emulation__new(sizeof *d);
    d->type = type;
    d->references = 1;
    return d;
}

/* What descriptors refer to is a chain of a few links: plan, configuration, engine, graph,
 * operation, tensor. */
void dnn_drop(dnn_descriptor *d)
{
    const dnn_rule *rules = dnn_rules(d->type);
    if (--d->references > 0)
        return;
    for (int i = 0; rules[i].most > 0; i++)
        clear(d, i);
    free(d->graph);
    free(d);
}

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type,
                                           cudnnBackendDescriptor_t *out)
{
    cudnnStatus_t status = dnn_enter(__func__, EMULATION__NEEDS_NOTHING);
    if (status == CUDNN_STATUS_SUCCESS && out == NULL)
        status = dnn_fail(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "nowhere to put the descriptor");
    else if (status == CUDNN_STATUS_SUCCESS && dnn_rules(type) == NULL)
        status = dnn_fail(CUDNN_STATUS_NOT_SUPPORTED, "the emulation has no such descriptor");
    if (status == CUDNN_STATUS_SUCCESS) {
        dnn_descriptor *d = dnn_new(type);
        emulation__add_object(&d->object, EMULATION__DESCRIPTOR);
        *out = d;
    }
    return dnn_leave(status);
}

/* The descriptor of a handle; NULL after leaving why not in `status`. */
static dnn_descriptor *find(cudnnBackendDescriptor_t handle, cudnnStatus_t *status)
{
    dnn_descriptor *d = emulation__find_object(handle, EMULATION__DESCRIPTOR);
    if (d != NULL)
        return d;
    if (handle != NULL)
        emulation__complain("a cuDNN descriptor was used that is none, or was destroyed");
    if (*status == CUDNN_STATUS_SUCCESS)
        *status =
            dnn_fail(handle == NULL ? CUDNN_STATUS_BAD_PARAM_NULL_POINTER : CUDNN_STATUS_BAD_PARAM,
                     "no such descriptor");
    return NULL;
}

cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t handle)
{
    cudnnStatus_t status = dnn_enter(__func__, EMULATION__NEEDS_NOTHING);
    dnn_descriptor *d = find(handle, &status);
    if (d != NULL) {
        emulation__remove_object(&d->object);
        dnn_drop(d);
    }
    return dnn_leave(status);
}

/* ---- Setting ---- */

static bool is_operation(cudnnBackendDescriptorType_t type)
{
    return type == CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR ||
           type == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR ||
           type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR ||
           type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR;
}

static cudnnStatus_t check_references(const dnn_rule *rule, int64_t count, const void *elements)
{
    cudnnStatus_t status = CUDNN_STATUS_SUCCESS;
    for (int64_t i = 0; i < count; i++) {
        const dnn_descriptor *d = find(((const cudnnBackendDescriptor_t *)elements)[i], &status);
        if (d == NULL)
            return status;
        if (rule->descriptor == DNN_ANY_OPERATION ? !is_operation(d->type)
                                                  : (int)d->type != rule->descriptor)
            return dnn_fail(CUDNN_STATUS_BAD_PARAM_DESCRIPTOR_TYPE, "a descriptor of another type");
        if (!d->finalized)
            return dnn_fail(CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED, "it is not finalized");
    }
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t check_set(const dnn_descriptor *d, const dnn_rule *rule,
                               cudnnBackendAttributeType_t type, int64_t count,
                               const void *elements)
{
    if (d->finalized)
        return dnn_fail(CUDNN_STATUS_BAD_PARAM, "the descriptor is finalized");
    if (rule == NULL || (rule->flags & DNN_READ_ONLY) != 0)
        return dnn_fail(CUDNN_STATUS_BAD_PARAM, "no attribute that can be set");
    if (type != rule->type && type != rule->other_type)
        return dnn_fail(CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE, "the attribute has another type");
    if (count < 1 || count > rule->most || elements == NULL)
        return dnn_fail(CUDNN_STATUS_BAD_PARAM, "a wrong number of elements");
    if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR)
        return check_references(rule, count, elements);
    if (type == CUDNN_TYPE_HANDLE &&
        emulation__find_object(*(const cudnnHandle_t *)elements, EMULATION__CUDNN_HANDLE) == NULL)
        return dnn_fail(CUDNN_STATUS_BAD_PARAM, "no such handle");
    return CUDNN_STATUS_SUCCESS;
}

static const dnn_rule *rule_of(const dnn_descriptor *d, cudnnBackendAttributeName_t name)
{
    const int place = place_of(d, name);
    return place < 0 ? NULL : &dnn_rules(d->type)[place];
}

cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t handle,
                                       cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t count,
                                       const void *elements)
{
    cudnnStatus_t status = dnn_enter(__func__, EMULATION__NEEDS_NOTHING);
    dnn_descriptor *d = find(handle, &status);
    if (status == CUDNN_STATUS_SUCCESS)
        status = check_set(d, rule_of(d, name), type, count, elements);
    if (status == CUDNN_STATUS_SUCCESS && type == CUDNN_TYPE_FLOAT) {
        const double real = (double)*(const float *)elements;
        dnn_put(d, name, 1, &real);
    } else if (status == CUDNN_STATUS_SUCCESS) {
        dnn_put(d, name, count, elements);
    }
    return dnn_leave(status);
}

/* ---- Getting ---- */

static cudnnStatus_t get(const dnn_descriptor *d, const dnn_rule *rule,
                         cudnnBackendAttributeType_t type, int64_t room, int64_t *count,
                         void *elements)
{
    const dnn_value *value = dnn_value_of(d, rule->name);
    const int64_t copied = room < value->count ? room : value->count;
    int64_t there = 0;
    if ((rule->flags & DNN_READ_ONLY) != 0 || rule->type == CUDNN_TYPE_BACKEND_DESCRIPTOR)
        return dnn_get_special(d, rule->name, room, count == NULL ? &there : count, elements);
    if (count != NULL)
        *count = rule->most == 1 ? value->count : copied;
    if (copied == 0 || elements == NULL)
        return CUDNN_STATUS_SUCCESS;
    if (type == CUDNN_TYPE_FLOAT)
        *(float *)elements = (float)*(const double *)value->elements;
    else
        memcpy(elements, value->elements, (size_t)copied * dnn_element_size(type));
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t const handle,
                                       cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t room,
                                       int64_t *count, void *elements)
{
    cudnnStatus_t status = dnn_enter(__func__, EMULATION__NEEDS_NOTHING);
    const dnn_descriptor *d = find(handle, &status);
    if (status == CUDNN_STATUS_SUCCESS) {
        const dnn_rule *rule = rule_of(d, name);
        if (!d->finalized)
            status = dnn_fail(CUDNN_STATUS_NOT_INITIALIZED, "the descriptor is not finalized");
        else if (rule == NULL || room < 0)
            status = dnn_fail(CUDNN_STATUS_BAD_PARAM, "no attribute of this descriptor");
        else if (type != rule->type && type != rule->other_type)
            status =
                dnn_fail(CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE, "the attribute has another type");
        else
            status = get(d, rule, type, room, count, elements);
    }
    return dnn_leave(status);
}

/* ---- Finalizing ---- */

static cudnnStatus_t finalize(dnn_descriptor *d)
{
    const dnn_rule *rules = dnn_rules(d->type);
    if (d->finalized)
        return dnn_fail(CUDNN_STATUS_BAD_PARAM, "the descriptor is finalized");
    for (int i = 0; rules[i].most > 0; i++)
        if ((rules[i].flags & DNN_REQUIRED) != 0 && d->values[i].count == 0)
            return dnn_fail(CUDNN_STATUS_BAD_PARAM, "an attribute is not set");
    cudnnStatus_t status = dnn_check(d);
    if (status != CUDNN_STATUS_SUCCESS)
        return status;
    switch (d->type) {
    case CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR:
        d->graph = emulation__new(sizeof *d->graph);
        status = dnn_compile(d->graph, d);
        if (status != CUDNN_STATUS_SUCCESS) {
            free(d->graph);
            d->graph = NULL;
        }
        break;
    case CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR:
        status = dnn_find_engines(d);
        break;
    case CUDNN_BACKEND_ENGINE_DESCRIPTOR:
        status = dnn_find_engine(d);
        break;
    case CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR:
        status = dnn_check_plan(d);
        break;
    default:
        break;
    }
    d->finalized = status == CUDNN_STATUS_SUCCESS;
    return status;
}

cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t handle)
{
    cudnnStatus_t status = dnn_enter(__func__, EMULATION__NEEDS_NOTHING);
    dnn_descriptor *d = find(handle, &status);
    if (status == CUDNN_STATUS_SUCCESS)
        status = finalize(d);
    return dnn_leave(status);
}

cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan_handle,
                                  cudnnBackendDescriptor_t pack_handle)
{
    cudnnStatus_t status = dnn_enter(__func__, EMULATION__NEEDS_DEVICE);
    const dnn_descriptor *plan = find(plan_handle, &status), *pack = find(pack_handle, &status);
    if (status == CUDNN_STATUS_SUCCESS &&
        emulation__find_object(handle, EMULATION__CUDNN_HANDLE) == NULL)
        status = dnn_fail(CUDNN_STATUS_BAD_PARAM, "no such handle");
    else if (status == CUDNN_STATUS_SUCCESS &&
             (plan->type != CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR ||
              pack->type != CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR))
        status = dnn_fail(CUDNN_STATUS_BAD_PARAM_DESCRIPTOR_TYPE, "no plan, or no variant pack");
    else if (status == CUDNN_STATUS_SUCCESS && (!plan->finalized || !pack->finalized))
        status = dnn_fail(CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED, "it is not finalized");
    if (status == CUDNN_STATUS_SUCCESS)
        status = dnn_execute(handle, plan, pack);
    return dnn_leave(status);
}
