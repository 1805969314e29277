/* SPDX-License-Identifier: MIT */
/* A model's weights to and from the tensors of a file: exactly those that the layer list asks for,
 * as float32 or, where weights are many, as narrower numbers. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "model/model.h"
#include "model/narrow.h"

typedef char tensor_name[ASL__TENSORS_MAX_NAME + 1];

/* Output channels, and the weights of each, of a convolution's or dense layer's tensor. */
static size_t rows(const asl__tensor *tensor)
{
    return (size_t)tensor->shape[0];
}

static size_t row_length(const asl__tensor *tensor)
{
    return tensor->count / rows(tensor);
}

/* ---- Narrowing ---- */

void asl__narrow_free(asl__narrow *narrow)
{
    asl__free(narrow->halves);
    asl__free(narrow->steps);
    asl__free(narrow->scales);
    *narrow = (asl__narrow){0};
}

static asl_status fail_large(const asl__tensor *tensor, const char *numbers, asl_error *err)
{
    return asl__fail(err, ASL_ERR_LIMIT, "the weights of '%s' are too large for %s", tensor->name,
                     numbers);
}

static asl_status fill_halves(asl__narrow *narrow, const asl_model *model,
                              const asl__tensor *tensor, asl_error *err)
{
    for (size_t i = tensor->offset; i < tensor->offset + tensor->count; i++) {
        narrow->halves[i] = asl__half_from_float(model->parameters[i]);
        if (!isfinite(asl__half_to_float(narrow->halves[i])))
            return fail_large(tensor, "16-bit floats", err);
    }
    return ASL_OK;
}

static asl_status fill_steps(asl__narrow *narrow, const asl_model *model, const asl__tensor *tensor,
                             asl_error *err)
{
    const size_t length = row_length(tensor);
    for (size_t r = 0; r < rows(tensor); r++) {
        const size_t at = tensor->offset + r * length;
        const float *weights = model->parameters + at;
        const float scale = asl__steps_scale(weights, length);
        if (!isfinite(scale))
            return fail_large(tensor, "8-bit integers", err);
        asl__to_steps(narrow->steps + at, weights, length, scale);
        narrow->scales[tensor->offset + r] = scale;
    }
    return ASL_OK;
}

asl_status asl__narrow_create(asl__narrow *out, const asl_model *model, int32_t weights,
                              asl_error *err)
{
    asl_status status = ASL_OK;
    const asl__network *network = &model->network;
    const size_t count = network->parameter_count;
    const bool halves = weights == ASL_WEIGHTS_F16, steps = weights == ASL_WEIGHTS_I8;
    *out = (asl__narrow){0};
    if (halves)
        out->halves = asl__alloc_array(count, sizeof *out->halves);
    if (steps) {
        out->steps = asl__alloc_array(count, sizeof *out->steps);
        out->scales = asl__alloc_array(count, sizeof *out->scales);
    }
    if ((halves && !out->halves) || (steps && (!out->steps || !out->scales)))
        ASL__TRY(asl__fail_memory(err, "weights"));
    for (int32_t i = 0; i < network->tensor_count; i++) {
        const asl__tensor *tensor = &network->tensors[i];
        if (halves && tensor->decayed)
            ASL__TRY(fill_halves(out, model, tensor, err));
        else if (steps && tensor->decayed)
            ASL__TRY(fill_steps(out, model, tensor, err));
    }
    return ASL_OK;
fail:
    asl__narrow_free(out);
    return status;
}

/* ---- Writing ---- */

/* One tensor; 8-bit weights, which only model files have, bring a second one, of scales. */
static asl_status write_tensor(asl__tensors_writer *file, const asl_model *model,
                               const asl__tensor *tensor, const asl__narrow *narrow,
                               const char *prefix, asl_error *err)
{
    tensor_name name, scale_name;
    int64_t shape[4];
    for (int d = 0; d < 4; d++)
        shape[d] = tensor->shape[d];
    snprintf(name, sizeof name, "%s%s", prefix, tensor->name);
    if (!tensor->decayed || (!narrow->halves && !narrow->steps))
        return asl__tensors_writer_tensor(file, name, ASL__DTYPE_F32, shape, tensor->dims,
                                          model->parameters + tensor->offset, err);
    if (narrow->halves)
        return asl__tensors_writer_tensor(file, name, ASL__DTYPE_F16, shape, tensor->dims,
                                          narrow->halves + tensor->offset, err);
    snprintf(scale_name, sizeof scale_name, "%s_scale", tensor->name);
    const asl_status status = asl__tensors_writer_tensor(file, scale_name, ASL__DTYPE_F32, shape, 1,
                                                         narrow->scales + tensor->offset, err);
    return status < 0 ? status
                      : asl__tensors_writer_tensor(file, name, ASL__DTYPE_I8, shape, tensor->dims,
                                                   narrow->steps + tensor->offset, err);
}

asl_status asl__weights_to_file(asl__tensors_writer *file, const asl_model *model,
                                const asl__narrow *narrow, const char *prefix, asl_error *err)
{
    for (int32_t i = 0; i < model->network.tensor_count; i++) {
        const asl_status status =
            write_tensor(file, model, &model->network.tensors[i], narrow, prefix, err);
        if (status < 0)
            return status;
    }
    return ASL_OK;
}

/* ---- Reading ---- */

static asl_status find_tensor(const asl__file_tensor **out, const asl__tensors *file,
                              const char *name, asl_error *err)
{
    *out = asl__tensors_find(file, name);
    return *out ? ASL_OK
                : asl__fail(err, ASL_ERR_MODEL, "%s: tensor '%s' is missing", file->what, name);
}

static bool has_shape(const asl__file_tensor *stored, const int32_t *shape, int32_t dims)
{
    bool same = stored->dims == dims;
    for (int32_t d = 0; same && d < dims; d++)
        same = stored->shape[d] == shape[d];
    return same;
}

static asl_status fail_kind(const asl__tensors *file, const char *name, asl_error *err)
{
    return asl__fail(err, ASL_ERR_MODEL,
                     "%s: tensor '%s' does not have the shape and type of its layer", file->what,
                     name);
}

/* Elements may lie unaligned in files that others wrote, so they are copied one by one. */
static void read_halves(float *to, const asl__file_tensor *stored)
{
    const uint8_t *from = stored->data;
    for (size_t i = 0; i < stored->count; i++) {
        uint16_t half;
        memcpy(&half, from + i * sizeof half, sizeof half);
        to[i] = asl__half_to_float(half);
    }
}

/* The scales of 8-bit weights. */
static asl_status find_scales(const asl__file_tensor **out, const asl__tensor *tensor,
                              const asl__tensors *file, asl_error *err)
{
    tensor_name name;
    snprintf(name, sizeof name, "%s_scale", tensor->name);
    const asl_status status = find_tensor(out, file, name, err);
    if (status < 0)
        return status;
    const bool good = (*out)->dtype == ASL__DTYPE_F32 && has_shape(*out, tensor->shape, 1);
    return good ? ASL_OK : fail_kind(file, name, err);
}

static asl_status read_steps(float *to, const asl__tensor *tensor, const asl__file_tensor *stored,
                             const asl__file_tensor *scales, const asl__tensors *file,
                             asl_error *err)
{
    const int8_t *steps = stored->data;
    const size_t length = row_length(tensor);
    for (size_t r = 0; r < rows(tensor); r++) {
        float scale;
        memcpy(&scale, (const uint8_t *)scales->data + r * sizeof scale, sizeof scale);
        if (!isfinite(scale) || scale <= 0)
            return asl__fail_at(err, ASL_ERR_MODEL, (int64_t)r,
                                "%s: value %zu of '%s' is not finite and positive", file->what, r,
                                scales->name);
        for (size_t i = r * length; i < (r + 1) * length; i++) {
            if (steps[i] < -ASL__MOST_STEPS)
                return asl__fail_at(err, ASL_ERR_MODEL, (int64_t)i,
                                    "%s: value %zu of '%s' is %d; the least is %d", file->what, i,
                                    tensor->name, steps[i], -ASL__MOST_STEPS);
            to[i] = (float)steps[i] * scale;
        }
    }
    return ASL_OK;
}

/* A tensor as the file has it, of the right shape and type, and the scales of an 8-bit one.
 * Checkpoints (those with a prefix) hold nothing but float32. */
static asl_status find_stored(const asl__file_tensor **out, const asl__file_tensor **scales,
                              const asl__tensor *tensor, const asl__tensors *file,
                              const char *prefix, asl_error *err)
{
    tensor_name name;
    snprintf(name, sizeof name, "%s%s", prefix, tensor->name);
    const asl_status status = find_tensor(out, file, name, err);
    if (status < 0)
        return status;
    const int32_t dtype = (*out)->dtype;
    const bool is_narrow = dtype == ASL__DTYPE_I8 || dtype == ASL__DTYPE_F16;
    const bool may_be_narrow = tensor->decayed && !*prefix;
    if (!has_shape(*out, tensor->shape, tensor->dims) ||
        !(dtype == ASL__DTYPE_F32 || (is_narrow && may_be_narrow)))
        return fail_kind(file, name, err);
    return dtype == ASL__DTYPE_I8 ? find_scales(scales, tensor, file, err) : ASL_OK;
}

static asl_status read_tensor(float *parameters, const asl__tensor *tensor,
                              const asl__tensors *file, const char *prefix, asl_error *err)
{
    const asl__file_tensor *stored, *scales = NULL;
    float *to = parameters + tensor->offset;
    const asl_status status = find_stored(&stored, &scales, tensor, file, prefix, err);
    if (status < 0)
        return status;
    if (stored->dtype == ASL__DTYPE_I8)
        return read_steps(to, tensor, stored, scales, file, err);
    if (stored->dtype == ASL__DTYPE_F16)
        read_halves(to, stored);
    else
        memcpy(to, stored->data, stored->bytes);
    return ASL_OK;
}

/* Whether a layer asks for the tensor `name`, or reads it as the scales of its weights. */
static bool has_use(const asl__network *network, const asl__tensors *file, const char *name)
{
    for (int32_t i = 0; i < network->tensor_count; i++) {
        const asl__tensor *tensor = &network->tensors[i];
        const size_t length = strlen(tensor->name);
        if (strncmp(name, tensor->name, length) != 0)
            continue;
        if (name[length] == '\0')
            return true;
        if (strcmp(name + length, "_scale") == 0) {
            const asl__file_tensor *stored = asl__tensors_find(file, tensor->name);
            return stored && stored->dtype == ASL__DTYPE_I8;
        }
    }
    return false;
}

/* Exactly the tensors that the layers ask for. */
static asl_status check_tensors(const asl__network *network, const asl__tensors *file,
                                const char *prefix, asl_error *err)
{
    const asl__file_tensor *stored, *scales;
    const size_t skip = strlen(prefix);
    for (int32_t i = 0; i < network->tensor_count; i++) {
        const asl_status status =
            find_stored(&stored, &scales, &network->tensors[i], file, prefix, err);
        if (status < 0)
            return status;
    }
    for (int32_t i = 0; i < file->tensor_count; i++) {
        const char *name = file->tensors[i].name;
        if (strncmp(name, prefix, skip) == 0 && !has_use(network, file, name + skip))
            return asl__fail(err, ASL_ERR_MODEL, "%s: tensor '%.80s' belongs to no layer",
                             file->what, name);
    }
    return ASL_OK;
}

/* Memory is taken only for weights that are there: a layer list can ask for far more than the file
 * has bytes. */
asl_status asl__weights_from_file(asl_model *model, const asl__tensors *file, const char *prefix,
                                  asl_error *err)
{
    asl_status status;
    const asl__network *network = &model->network;
    ASL__TRY(check_tensors(network, file, prefix, err));
    ASL__TRY(asl__model_take_weights(model, err));
    for (int32_t i = 0; i < network->tensor_count; i++)
        ASL__TRY(read_tensor(model->parameters, &network->tensors[i], file, prefix, err));
    ASL__TRY(
        asl__network_check_parameters(network, model->parameters, ASL_ERR_MODEL, file->what, err));
fail:
    return status;
}
