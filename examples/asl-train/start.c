/* SPDX-License-Identifier: MIT */
/* The network that a run starts from: a new one, or one that was trained before. See train.h. */
#include <stdlib.h>
#include <string.h>

#include "train.h"

#define KEPT    "init.safetensors"
#define BUILTIN "built-in" /* as model_name() calls it */

static int create_model(run *r, const asl_dataset *data)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model_options options;
    asl_model_options_init(&options, sizeof options);
    const int32_t count = asl_dataset_class_count(data);
    const char **labels = cli_alloc((size_t)count, sizeof *labels);
    for (int32_t i = 0; i < count; i++)
        labels[i] = asl_dataset_class_name(data, i);
    options.width = options.height = r->size;
    options.label_count = count;
    options.labels = labels;
    options.seed = r->seed;
    const asl_status status = asl_model_create(&r->start, r->preset, &options, &err);
    free(labels);
    return status < 0 ? cli_fail(&err) : CLI_OK;
}

/* The same weights in a network of its preset for --size. */
static int resize_model(asl_model **model, const asl_model_info *info, int32_t size)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model_options options;
    asl_model *empty = NULL, *resized = NULL;
    asl_model_options_init(&options, sizeof options);
    const char **labels = cli_alloc((size_t)info->label_count, sizeof *labels);
    for (int32_t i = 0; i < info->label_count; i++)
        labels[i] = asl_model_label(*model, i);
    options.width = options.height = size;
    options.label_count = info->label_count;
    options.labels = labels;
    options.architecture = info->architecture; /* batch norm may be folded */
    size_t count = 0;
    const float *parameters = asl_model_parameters(&count, *model);
    asl_status status = asl_model_create(&empty, info->preset, &options, &err);
    if (status >= 0)
        status = asl_model_with_parameters(&resized, empty, parameters, count, &err);
    free(labels);
    asl_model_free(empty);
    if (status < 0)
        return cli_fail(&err);
    asl_model_free(*model);
    *model = resized;
    return CLI_OK;
}

static int load_model(run *r, const char *path)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model_info info = {.struct_size = sizeof info};
    const asl_status status = strcmp(path, BUILTIN) == 0
                                  ? asl_model_builtin(&r->start, ASL_BUILTIN_LETTERS, &err)
                                  : asl_model_load(&r->start, path, &err);
    if (status < 0)
        return cli_fail(&err);
    asl_model_get_info(&info, r->start, NULL);
    if (r->size == 0 || (r->size == info.width && r->size == info.height))
        return CLI_OK;
    for (int32_t i = 0; i < asl_preset_count(); i++)
        if (strcmp(asl_preset_name(i), info.preset) == 0)
            return resize_model(&r->start, &info, r->size);
    return cli_usage_error("--size: the network of '%s' is of no preset, so it stays at %dx%d",
                           path, (int)info.width, (int)info.height);
}

/* What is kept in RUN comes first: a run goes on with what it began with. */
int run_make_model(run *r, const asl_dataset *data)
{
    if (!r->init)
        return create_model(r, data);
    if (r->init_path && !(r->resume && run_has(r, KEPT)))
        return load_model(r, r->init_path);
    char *path = run_path(r, KEPT);
    const int code = load_model(r, path);
    free(path);
    return code;
}

int run_keep_init(const run *r)
{
    asl_error err = ASL_ERROR_INIT;
    if (!r->init || (r->resume && run_has(r, KEPT)))
        return CLI_OK;
    char *path = run_path(r, KEPT);
    const int code = asl_model_save(r->start, path, &err) < 0 ? cli_fail(&err) : CLI_OK;
    free(path);
    return code;
}
