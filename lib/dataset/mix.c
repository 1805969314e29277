/* SPDX-License-Identifier: MIT */
/* Mixing data sets. The result is a source of its own whose samples know the part they come from
 * and their place in it; the pixels stay with the parts. A mix that is mixed again is taken apart,
 * so that parts are never mixes. */
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/floats.h"
#include "base/labels.h"
#include "base/options.h"
#include "base/text.h"
#include "dataset/view.h"

enum { MAX_SOURCES = 1024, MAX_NAME = 255 };
#define MAX_WEIGHT 1e6

static const asl_mix_options defaults = {.struct_size = sizeof(asl_mix_options)};

void asl_mix_options_init(asl_mix_options *options, size_t struct_size)
{
    asl__options_init(options, struct_size, &defaults, sizeof defaults);
}

typedef struct mixer {
    asl__source *source; /* what is being made; labels are indices into `labels` until the end */
    const char *const *labels;
    int32_t label_count;
} mixer;

/* One of the data sets that are mixed. */
typedef struct ingredient {
    const asl_dataset *dataset;
    const char *prefix; /* before all its names; NULL when it is a mix and they stay as they are */
    double weight;
    asl__lists lists;
    int32_t *label; /* per class: index into the labels, or -1 */
    int32_t *part;  /* per source: index of the part in the mix */
    int32_t *group; /* per group, and one more for none: 1 when used, then its index in the mix */
} ingredient;

/* A name as it is called in the mix; NULL when memory is short. */
static const char *name_inside(mixer *mix, const ingredient *from, const char *name)
{
    if (from->prefix == NULL)
        return asl__source_text(mix->source, name);
    return asl__source_join(mix->source, from->prefix, name);
}

static bool is_mix(const asl_dataset *dataset)
{
    return dataset->source->parts != NULL;
}

static asl_status fail_mixing(asl_error *err)
{
    return asl__fail_memory(err, "mixing data sets");
}

static asl_status allocate(ingredient *from, asl_error *err)
{
    const asl__source *source = from->dataset->source;
    const int32_t sources = asl_dataset_source_count(from->dataset);

    from->label = asl__alloc_array((size_t)source->class_count, sizeof *from->label);
    from->part = asl__alloc_array((size_t)sources, sizeof *from->part);
    from->group = asl__alloc_array((size_t)source->group_count + 1, sizeof *from->group);
    if (from->label == NULL || from->part == NULL || from->group == NULL)
        return fail_mixing(err);
    return asl__lists_sort(&from->lists, from->dataset, err);
}

/* Pictures of a source in a data set, of one class or, with -1, of all. */
static int64_t pictures_of(const ingredient *from, int32_t source_index, int32_t class_index)
{
    const int32_t classes = from->dataset->source->class_count;
    const int64_t first = (int64_t)source_index * classes;
    const int64_t *start = from->lists.start;

    if (class_index < 0)
        return start[first + classes] - start[first];
    return start[first + class_index + 1] - start[first + class_index];
}

/* What was skipped when the data set was made. */
static asl_status add_issues(mixer *mix, const ingredient *from, asl_error *err)
{
    const asl__source *source = from->dataset->source;
    asl_status status = ASL_OK;

    for (int64_t i = 0; i < source->issue_count; i++) {
        const asl__issue *issue = &source->issues[i];
        const char *path = name_inside(mix, from, issue->path);
        asl_error why = ASL_ERROR_INIT;

        if (path == NULL)
            return fail_mixing(err);
        if (is_mix(from->dataset))
            asl__fail(&why, issue->code, "%s", issue->message);
        else
            asl__fail(&why, issue->code, "source '%s': %s", from->prefix, issue->message);
        ASL__TRY(asl__source_add_issue(mix->source, path, &why, err));
    }
fail:
    return status;
}

/* An issue for each class of a part that is not wanted, and whether anything is left. */
static asl_status check_classes(mixer *mix, const ingredient *from, int32_t source_index,
                                const char *name, asl_error *err)
{
    const asl__source *source = from->dataset->source;
    const char *unknown = NULL;
    asl_status status = ASL_OK;
    int64_t kept = 0;

    for (int32_t c = 0; c < source->class_count; c++) {
        const int64_t count = pictures_of(from, source_index, c);
        asl_error why = ASL_ERROR_INIT;

        if (from->label[c] >= 0)
            kept += count;
        if (from->label[c] >= 0 || count == 0)
            continue;
        unknown = unknown == NULL ? source->classes[c] : unknown;
        asl__fail(&why, ASL_ERR_LABELS,
                  "source '%s': class '%s' is none of the model's %d: %lld picture%s left out",
                  name, source->classes[c], (int)mix->label_count, (long long)count,
                  count == 1 ? "" : "s");
        ASL__TRY(asl__source_add_issue(mix->source, name, &why, err));
    }
    if (kept == 0)
        return asl__fail(err, ASL_ERR_DATASET,
                         "source '%s' has no class that is among the model's %d: '%s' is none",
                         name, (int)mix->label_count, unknown);
fail:
    return status;
}

static asl_status add_part(mixer *mix, ingredient *from, int32_t source_index, double weight,
                           asl_error *err)
{
    asl__source *own = from->dataset->source, *source = mix->source;
    const char *name = NULL;

    if (is_mix(from->dataset))
        name = name_inside(mix, from, own->parts[source_index].name);
    else
        name = asl__source_text(source, from->prefix);
    if (name == NULL)
        return fail_mixing(err);
    for (int32_t i = 0; i < source->part_count; i++) {
        if (strcmp(source->parts[i].name, name) == 0)
            return asl__fail_at(err, ASL_ERR_ARG, source->part_count,
                                "two sources are called '%s': give each a name of its own", name);
    }
    if (is_mix(from->dataset))
        own = own->parts[source_index].source;
    from->part[source_index] = source->part_count;
    source->parts[source->part_count++] = (asl__part){asl__source_retain(own), name, weight};
    return check_classes(mix, from, source_index, name, err);
}

/* The sources of a mix share its weight as they did; those that its view lacks are passed over. */
static asl_status add_parts(mixer *mix, ingredient *from, asl_error *err)
{
    const asl_dataset *dataset = from->dataset;
    const int32_t count = asl_dataset_source_count(dataset);
    asl_status status = ASL_OK;
    double total = 0.0;

    for (int32_t i = 0; i < count; i++) {
        if (pictures_of(from, i, -1) > 0)
            total += asl_dataset_source_weight(dataset, i);
    }
    for (int32_t i = 0; i < count; i++) {
        const double share = asl_dataset_source_weight(dataset, i) / total;

        if (pictures_of(from, i, -1) > 0)
            ASL__TRY(add_part(mix, from, i, from->weight * share, err));
    }
fail:
    return status;
}

/* The groups that are left, each a signer or recording of its source. */
static asl_status add_groups(mixer *mix, const ingredient *from, asl_error *err)
{
    asl__source *source = mix->source;
    const asl__source *own = from->dataset->source;
    const int32_t none = own->group_count;

    for (int64_t i = 0; i < from->dataset->count; i++) {
        const asl__sample *sample = asl__view_sample(from->dataset, i);

        if (from->label[sample->label] >= 0)
            from->group[sample->group < 0 ? none : sample->group] = 1;
    }
    for (int32_t g = 0; g <= none; g++) {
        const char *name = NULL;

        if (from->group[g] == 0)
            continue;
        name = g < none ? name_inside(mix, from, own->groups[g])
                        : asl__source_text(source, from->prefix);
        if (name == NULL)
            return fail_mixing(err);
        from->group[g] = source->group_count;
        source->groups[source->group_count++] = name;
    }
    return ASL_OK;
}

static asl_status add_samples(mixer *mix, const ingredient *from, asl_error *err)
{
    const asl_dataset *dataset = from->dataset;
    const int32_t none = dataset->source->group_count;
    asl_status status = ASL_OK;

    for (int64_t i = 0; i < dataset->count; i++) {
        asl__sample sample = *asl__view_sample(dataset, i);

        if (from->label[sample.label] < 0)
            continue;
        sample.path = name_inside(mix, from, sample.path);
        if (sample.path == NULL)
            return fail_mixing(err);
        sample.label = from->label[sample.label];
        sample.group = from->group[sample.group < 0 ? none : sample.group];
        sample.part = from->part[sample.part];
        if (!is_mix(dataset))
            sample.place = dataset->members[i];
        ASL__TRY(asl__source_add_sample(mix->source, &sample, err));
    }
fail:
    return status;
}

static asl_status add_dataset(mixer *mix, ingredient *from, asl_error *err)
{
    const asl__source *own = from->dataset->source;
    asl_status status = ASL_OK;

    ASL__TRY(allocate(from, err));
    for (int32_t c = 0; c < own->class_count; c++)
        from->label[c] = asl__label_find(own->classes[c], mix->labels, mix->label_count);
    ASL__TRY(add_issues(mix, from, err));
    ASL__TRY(add_parts(mix, from, err));
    ASL__TRY(add_groups(mix, from, err));
    ASL__TRY(add_samples(mix, from, err));
fail:
    asl__lists_free(&from->lists);
    asl__free(from->label);
    asl__free(from->part);
    asl__free(from->group);
    return status;
}

/* The labels that occur become the classes, and samples are numbered by them. */
static asl_status set_classes(mixer *mix, asl_error *err)
{
    asl__source *source = mix->source;
    asl_status status = ASL_OK;
    int32_t *map = asl__alloc_array((size_t)mix->label_count, sizeof *map);

    source->classes = asl__alloc_array((size_t)mix->label_count, sizeof *source->classes);
    if (map == NULL || source->classes == NULL) {
        status = fail_mixing(err);
        goto fail;
    }
    for (int64_t i = 0; i < source->sample_count; i++)
        map[source->samples[i].label] = 1;
    for (int32_t i = 0; i < mix->label_count; i++) {
        if (map[i] == 0)
            continue;
        map[i] = source->class_count;
        source->classes[source->class_count] = asl__source_text(source, mix->labels[i]);
        if (source->classes[source->class_count++] == NULL) {
            status = fail_mixing(err);
            goto fail;
        }
    }
    for (int64_t i = 0; i < source->sample_count; i++)
        source->samples[i].label = map[source->samples[i].label];
    if (source->class_count < 2)
        status = asl__fail(err, ASL_ERR_DATASET, "all pictures are of class '%s'; two are needed",
                           source->classes[0]);
fail:
    asl__free(map);
    return status;
}

/* An empty mix with room for the parts and groups of all data sets. */
static asl_status begin(mixer *mix, const asl_dataset *const *datasets, int32_t count,
                        asl_error *err)
{
    asl_status status = ASL_OK;
    int64_t sources = 0, groups = 0;

    for (int32_t i = 0; i < count; i++) {
        sources += asl_dataset_source_count(datasets[i]);
        groups += asl_dataset_group_count(datasets[i]) + 1;
    }
    if (sources > MAX_SOURCES || groups > INT32_MAX)
        return asl__fail(err, ASL_ERR_LIMIT, "%lld sources with %lld groups; at most %d and %d",
                         (long long)sources, (long long)groups, (int)MAX_SOURCES, (int)INT32_MAX);
    ASL__TRY(asl__source_create(&mix->source, &datasets[0]->source->decode, err));
    mix->source->parts = asl__alloc_array((size_t)sources, sizeof *mix->source->parts);
    mix->source->groups = asl__alloc_array((size_t)groups, sizeof *mix->source->groups);
    if (mix->source->parts == NULL || mix->source->groups == NULL)
        return fail_mixing(err);
fail:
    return status;
}

static bool is_name(const char *name)
{
    const size_t length = name == NULL ? 0 : strlen(name);

    return length >= 1 && length <= MAX_NAME && strchr(name, '/') == NULL &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && asl__is_plain_utf8(name, length);
}

static asl_status check_labels(const asl_mix_options *options, asl_error *err)
{
    if (options->labels == NULL
            ? options->label_count != 0
            : options->label_count < 1 || options->label_count > ASL__MAX_CLASSES)
        return asl__fail(err, ASL_ERR_ARG, "label_count is %d; expected %s",
                         (int)options->label_count,
                         options->labels == NULL ? "0 without labels" : "1..4096");
    for (int32_t i = 0; i < options->label_count; i++) {
        const char *label = options->labels[i];

        if (label == NULL || !asl__is_class_name(label))
            return asl__fail_at(err, ASL_ERR_ARG, i,
                                "label %d is '%s'; expected 1 to %d bytes of UTF-8 without ','",
                                (int)i, label == NULL ? "(null)" : label, ASL__MAX_CLASS_NAME);
    }
    return ASL_OK;
}

static asl_status check_options(const asl_mix_options *options, const asl_dataset *const *datasets,
                                asl_error *err)
{
    char weight[24];

    if (options->count < 1 || options->count > MAX_SOURCES)
        return asl__fail(err, ASL_ERR_ARG, "count is %d; expected 1..%d", (int)options->count,
                         (int)MAX_SOURCES);
    for (int32_t i = 0; i < options->count; i++) {
        const char *name = options->names == NULL ? "-" : options->names[i];
        const double value = options->weights == NULL ? 1.0 : options->weights[i];

        if (datasets[i] == NULL)
            return asl__fail_at(err, ASL_ERR_ARG, i, "data set %d to mix is NULL", (int)i);
        if (!is_name(name))
            return asl__fail_at(err, ASL_ERR_ARG, i,
                                "name %d is '%s'; expected 1 to %d bytes of UTF-8 without '/'",
                                (int)i, name == NULL ? "(null)" : name, (int)MAX_NAME);
        asl__format_decimal(weight, value);
        if (!(value > 0.0 && value <= MAX_WEIGHT))
            return asl__fail_at(err, ASL_ERR_ARG, i,
                                "weight %d is %s; expected above 0 and at most 1000000", (int)i,
                                weight);
    }
    return check_labels(options, err);
}

asl_status asl_dataset_mix(asl_dataset **out, const asl_dataset *const *datasets,
                           const asl_mix_options *options, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl_mix_options chosen = defaults;
    asl_status status = ASL_OK;
    mixer mix = {0};

    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(datasets != NULL, err);
    ASL__TRY(asl__options_read(&chosen, sizeof chosen, options, "asl_mix_options", err));
    ASL__TRY(check_options(&chosen, datasets, err));
    mix.labels = chosen.labels == NULL ? asl__alphabet : chosen.labels;
    mix.label_count = chosen.labels == NULL ? ASL__ALPHABET_COUNT : chosen.label_count;
    ASL__TRY(begin(&mix, datasets, chosen.count, err));
    for (int32_t i = 0; i < chosen.count; i++) {
        ingredient from = {
            .dataset = datasets[i],
            .prefix = chosen.names == NULL ? datasets[i]->source->name : chosen.names[i],
            .weight = chosen.weights == NULL ? 1.0 : chosen.weights[i],
        };

        ASL__TRY(add_dataset(&mix, &from, err));
    }
    ASL__TRY(set_classes(&mix, err));
    ASL__TRY(asl__view_create(out, mix.source, mix.source->sample_count, err));
    status = mix.source->issue_count > 0 ? ASL_PARTIAL : ASL_OK;
fail:
    asl__source_release(mix.source);
    return status;
}
