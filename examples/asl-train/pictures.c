/* SPDX-License-Identifier: MIT */
/* Where a run's pictures come from: one data set or several sources, packed in RUN, mixed, and
 * parted in those to learn from and those to validate on. See train.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/data.h"
#include "common/files.h"
#include "common/progress.h"
#include "train.h"

/* ---- Lists of sources ---- */

/* "PATH" or "PATH:WEIGHT"; a colon that no number follows belongs to the path. */
static int parse_part(part *out, char *text, bool weighted, const char *option)
{
    char *colon = weighted ? strrchr(text, ':') : NULL, *end = NULL;
    out->weight = 1;
    if (colon) {
        out->weight = strtod(colon + 1, &end);
        if (end != colon + 1 && !*end)
            *colon = '\0';
        else
            out->weight = 1;
    }
    if (!*text)
        return cli_usage_error("%s: a name is missing", option);
    if (!(out->weight > 0 && out->weight <= 1e6))
        return cli_usage_error("%s: the weight of '%s' is not above 0 and at most 1000000", option,
                               text);
    out->path = cli_format("%s", text);
    out->name = files_base_name(text);
    return CLI_OK;
}

int parts_parse(part_list *parts, const char *text, bool weighted, const char *option)
{
    int32_t count = 1;
    for (const char *c = text; *c; c++)
        count += *c == ',';
    parts->items = cli_alloc((size_t)count, sizeof *parts->items);
    int code = CLI_OK;
    for (const char *begin = text; parts->count < count && code == CLI_OK;) {
        const size_t length = strcspn(begin, ",");
        char *item = cli_format("%.*s", (int)length, begin);
        code = parse_part(&parts->items[parts->count++], item, weighted, option);
        begin += length + 1;
        free(item);
    }
    return code;
}

char *parts_text(const part_list *parts, bool weighted)
{
    char *text = cli_format("%s", "");
    for (int32_t i = 0; i < parts->count; i++) {
        const part *p = &parts->items[i];
        char *longer = weighted
                           ? cli_format("%s%s%s:%.9g", text, i > 0 ? "," : "", p->name, p->weight)
                           : cli_format("%s%s%s", text, i > 0 ? "," : "", p->name);
        free(text);
        text = longer;
    }
    return text;
}

void parts_free(part_list *parts)
{
    for (int32_t i = 0; i < parts->count; i++) {
        asl_dataset_free(parts->items[i].packed);
        asl_dataset_free(parts->items[i].data);
        free(parts->items[i].name);
        free(parts->items[i].path);
    }
    free(parts->items);
    *parts = (part_list){0};
}

/* ---- Opening and mixing ---- */

static bool is_mix(const run *r, const part_list *parts)
{
    return parts == &r->check_parts || r->sources;
}

/* RUN/cache.pack, or for a list RUN/cache-NAME.pack and RUN/check-NAME.pack; free() it. */
static char *pack_path(const run *r, const part_list *parts, const part *p)
{
    if (!is_mix(r, parts))
        return run_path(r, "cache.pack");
    char *name = cli_format("%s-%s.pack", parts == &r->check_parts ? "check" : "cache", p->name);
    char *path = run_path(r, name);
    free(name);
    return path;
}

static int open_file(asl_dataset **out, const run *r, const part_list *parts, const part *p)
{
    char *path = pack_path(r, parts, p);
    int code = CLI_OK;
    if (files_exists(path)) {
        code = data_open(out, path, NULL, false);
    } else {
        cli_error("'%s' is not there: name the pictures again", path);
        code = CLI_BAD_INPUT;
    }
    free(path);
    return code;
}

static int open_part(part *p, const run *r, const part_list *parts)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset_options options;
    asl_dataset_options_init(&options, sizeof options);
    if (!p->path)
        return open_file(&p->data, r, parts, p);
    options.per_class = parts == &r->train_parts ? r->per_class : 0;
    options.seed = r->seed;
    /* What a mix leaves out is reported for the whole. */
    if (!is_mix(r, parts))
        return data_open(&p->data, p->path, &options, r->verbose);
    return asl_dataset_open(&p->data, p->path, &options, &err) < 0 ? cli_fail(&err) : CLI_OK;
}

/* The classes of the alphabet that occur or, for validation, those of the network. */
static int mix(asl_dataset **out, const run *r, const part_list *parts, bool packed)
{
    asl_error err = ASL_ERROR_INIT;
    const size_t count = (size_t)parts->count;
    const asl_dataset **datasets = cli_alloc(count, sizeof *datasets);
    const char **names = cli_alloc(count, sizeof *names), **labels = NULL;
    double *weights = cli_alloc(count, sizeof *weights);
    asl_mix_options options;
    asl_mix_options_init(&options, sizeof options);
    for (size_t i = 0; i < count; i++) {
        datasets[i] = packed ? parts->items[i].packed : parts->items[i].data;
        names[i] = parts->items[i].name;
        weights[i] = parts->items[i].weight;
    }
    options.count = parts->count;
    options.names = names;
    options.weights = weights;
    if (r->start) {
        asl_model_info info = {.struct_size = sizeof info};
        asl_model_get_info(&info, r->start, NULL);
        labels = cli_alloc((size_t)info.label_count, sizeof *labels);
        for (int32_t i = 0; i < info.label_count; i++)
            labels[i] = asl_model_label(r->start, i);
        options.labels = labels;
        options.label_count = info.label_count;
    }
    const asl_status status = asl_dataset_mix(out, datasets, &options, &err);
    free(labels);
    free(weights);
    free(names);
    free(datasets);
    return status < 0 ? cli_fail(&err) : CLI_OK;
}

/* A data set of the whole list. One that is no mix is shared with its part. */
static int gather(asl_dataset **out, const run *r, const part_list *parts, bool packed)
{
    if (is_mix(r, parts))
        return mix(out, r, parts, packed);
    *out = packed ? parts->items[0].packed : parts->items[0].data;
    return CLI_OK;
}

static int open_parts(const run *r, part_list *parts)
{
    int code = CLI_OK;
    for (int32_t i = 0; i < parts->count && code == CLI_OK; i++)
        code = open_part(&parts->items[i], r, parts);
    return code;
}

/* The network comes first when its classes decide what a mix holds, and else is made for those. */
int run_open_data(run *r)
{
    int code = r->init ? run_make_model(r, NULL) : CLI_OK;
    if (code == CLI_OK)
        code = open_parts(r, &r->train_parts);
    if (code == CLI_OK)
        code = gather(&r->data, r, &r->train_parts, false);
    if (code == CLI_OK && r->sources)
        data_report_issues(r->data, r->verbose);
    if (code == CLI_OK && !r->start)
        code = run_make_model(r, r->data);
    return code;
}

/* ---- Packing ---- */

/* The longest side of a few pictures; 0 when none can be read. */
static int32_t longest_side(const asl_dataset *data)
{
    enum { LOOKED_AT = 16 };
    const int64_t count = asl_dataset_count(data);
    int32_t longest = 0;
    for (int64_t i = 0; i < LOOKED_AT; i++) {
        asl_image *image = NULL;
        if (asl_dataset_load_image(&image, data, i * (count - 1) / (LOOKED_AT - 1), NULL) < 0)
            continue;
        const asl_image_view view = asl_image_get_view(image);
        const int32_t side = view.width > view.height ? view.width : view.height;
        longest = side > longest ? side : longest;
        asl_image_free(image);
    }
    return longest;
}

/* The network's size. Pictures that are still to be varied get a quarter more, so that there is
 * something to zoom into, but no more than they have: enlarged ones only take room. */
static void choose_size(asl_pack_options *options, const run *r, const asl_dataset *data,
                        bool varied)
{
    const double margin = 1.25;
    asl_model_info info = {.struct_size = sizeof info};
    asl_model_get_info(&info, r->start, NULL);
    options->width = info.width;
    options->height = info.height;
    if (!varied)
        return;
    const int32_t side = info.width > info.height ? info.width : info.height;
    const int32_t own = longest_side(data), wanted = (int32_t)ceil(margin * side);
    const double scale = (double)(own > 0 && own < wanted ? own : wanted) / side;
    options->width = (int32_t)ceil(scale * info.width);
    options->height = (int32_t)ceil(scale * info.height);
}

static int pack_part(part *p, const run *r, const part_list *parts)
{
    asl_error err = ASL_ERROR_INIT;
    asl_pack_options options;
    if (!p->path)
        return open_file(&p->packed, r, parts, p);
    asl_pack_options_init(&options, sizeof options);
    choose_size(&options, r, p->data, r->augmentation && parts == &r->train_parts);
    options.threads = r->threads;
    options.progress = progress_callback;
    char *path = pack_path(r, parts, p);
    char *label = is_mix(r, parts) ? cli_format("packing %.40s", p->name) : NULL;
    progress_begin(label ? label : "packing", asl_dataset_count(p->data));
    const asl_status status = asl_dataset_pack(&p->packed, p->data, path, &options, &err);
    progress_end();
    free(label);
    free(path);
    if (status < 0)
        return cli_fail(&err);
    return status == ASL_STOPPED ? CLI_INTERRUPTED : CLI_OK;
}

static int pack_parts(const run *r, part_list *parts)
{
    int code = CLI_OK;
    for (int32_t i = 0; i < parts->count && code == CLI_OK; i++)
        code = pack_part(&parts->items[i], r, parts);
    return code;
}

/* What --select-on names is not looked at before: nothing is learned from it. */
static int pack_check(run *r)
{
    int code = open_parts(r, &r->check_parts);
    if (code == CLI_OK)
        code = pack_parts(r, &r->check_parts);
    if (code == CLI_OK && r->check_parts.count > 0)
        code = gather(&r->validation, r, &r->check_parts, true);
    if (code == CLI_OK && r->validation)
        data_report_issues(r->validation, r->verbose);
    return code;
}

int run_open_check(run *r)
{
    int code = open_parts(r, &r->check_parts);
    if (code == CLI_OK && r->check_parts.count > 0)
        code = gather(&r->validation, r, &r->check_parts, false);
    return code;
}

int run_pack(run *r)
{
    int code = pack_parts(r, &r->train_parts);
    if (code == CLI_OK)
        code = gather(&r->packed, r, &r->train_parts, true);
    if (code == CLI_OK && asl_dataset_issue_count(r->packed) > asl_dataset_issue_count(r->data))
        data_report_issues(r->packed, r->verbose);
    return code == CLI_OK ? pack_check(r) : code;
}

static int open_packed(const run *r, part_list *parts)
{
    int code = CLI_OK;
    for (int32_t i = 0; i < parts->count && code == CLI_OK; i++)
        code = open_file(&parts->items[i].packed, r, parts, &parts->items[i]);
    return code;
}

int run_open_packed(run *r)
{
    int code = r->init ? run_make_model(r, NULL) : CLI_OK;
    if (code == CLI_OK)
        code = open_packed(r, &r->train_parts);
    if (code == CLI_OK)
        code = gather(&r->packed, r, &r->train_parts, true);
    if (code == CLI_OK && !r->start)
        code = run_make_model(r, r->packed);
    if (code == CLI_OK)
        code = open_packed(r, &r->check_parts);
    if (code == CLI_OK && r->check_parts.count > 0)
        code = gather(&r->validation, r, &r->check_parts, true);
    return code;
}

static void remove_packed(const run *r, const part_list *parts)
{
    for (int32_t i = 0; i < parts->count; i++) {
        char *path = pack_path(r, parts, &parts->items[i]);
        files_remove(path);
        free(path);
    }
}

void run_remove_packed(const run *r)
{
    remove_packed(r, &r->train_parts);
    remove_packed(r, &r->check_parts);
}

/* ---- Parting ---- */

int64_t *count_by_source(const asl_dataset *data)
{
    int64_t *pictures = cli_alloc((size_t)asl_dataset_source_count(data), sizeof *pictures);
    asl_sample sample = {.struct_size = sizeof sample};
    for (int64_t i = 0; i < asl_dataset_count(data); i++)
        if (asl_dataset_get_sample(&sample, data, i, NULL) == ASL_OK)
            pictures[sample.source_index]++;
    return pictures;
}

int run_split(run *r, asl_dataset *whole)
{
    r->split_used = -1;
    if (r->select_on || r->validation_share <= 0) {
        r->train = whole;
        return CLI_OK;
    }
    asl_error err = ASL_ERROR_INIT;
    asl_split_options options;
    asl_split_options_init(&options, sizeof options);
    options.kind = r->split;
    options.fraction = r->validation_share;
    options.seed = r->seed;
    if (asl_dataset_split(&r->train, &r->validation, &r->split_used, whole, &options, &err) < 0)
        return cli_fail(&err);
    return CLI_OK;
}
