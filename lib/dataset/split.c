/* SPDX-License-Identifier: MIT */
/* Drawing and parting samples. Everything is a pure function of the samples and the seed. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/floats.h"
#include "base/options.h"
#include "base/random.h"
#include "dataset/view.h"

/* Pieces that BLOCK cuts each class into: long enough that few pictures have a neighbour on the
 * other side, short enough that every condition of a recording is met on both. */
enum { RUNS = 20 };

static const asl_split_options defaults = {
    .struct_size = sizeof(asl_split_options), .kind = ASL_SPLIT_AUTO, .fraction = 0.15};

void asl_split_options_init(asl_split_options *options, size_t struct_size)
{
    asl__options_init(options, struct_size, &defaults, sizeof defaults);
}

const char *asl_split_name(int32_t kind)
{
    static const char *const names[] = {"auto", "random", "block", "group"};

    return kind >= ASL_SPLIT_AUTO && kind <= ASL_SPLIT_GROUP ? names[kind] : NULL;
}

static uint64_t list_stream(uint64_t stream, int64_t list)
{
    return stream + ((uint64_t)list << 8);
}

asl_status asl__view_draw(asl_dataset *dataset, int32_t per_class, uint64_t seed, asl_error *err)
{
    asl_status status = ASL_OK;
    asl__lists lists = {0};
    int64_t kept = 0;
    uint8_t *keep = asl__alloc((size_t)dataset->count);

    if (keep == NULL)
        return asl__fail_memory(err, "drawing samples");
    ASL__TRY(asl__lists_sort(&lists, dataset, err));
    for (int64_t k = 0; k < lists.count; k++) {
        int64_t *order = lists.order + lists.start[k];
        const int64_t count = lists.start[k + 1] - lists.start[k];

        asl__random_shuffle(order, count, seed, list_stream(ASL__STREAM_SUBSET, k));
        for (int64_t i = 0; i < count && i < per_class; i++)
            keep[order[i]] = 1;
    }
    for (int64_t i = 0; i < dataset->count; i++) {
        if (keep[i])
            dataset->members[kept++] = dataset->members[i];
    }
    dataset->count = kept;
fail:
    asl__lists_free(&lists);
    asl__free(keep);
    return status;
}

typedef struct named {
    const char *path;
    int64_t position;
} named;

static int compare_named(const void *a, const void *b)
{
    return asl__natural_compare(((const named *)a)->path, ((const named *)b)->path);
}

/* Puts the positions of one class into capture order. */
static void sort_naturally(int64_t *order, int64_t count, named *scratch,
                           const asl_dataset *dataset)
{
    for (int64_t i = 0; i < count; i++)
        scratch[i] = (named){asl__view_sample(dataset, order[i])->path, order[i]};
    qsort(scratch, (size_t)count, sizeof *scratch, compare_named);
    for (int64_t i = 0; i < count; i++)
        order[i] = scratch[i].position;
}

/* How many of `count` go to validation: the nearest to the fraction that leaves both sides some. */
static int64_t share(int64_t count, double fraction)
{
    const int64_t wanted = (int64_t)((double)count * fraction + 0.5);

    return wanted < 1 ? 1 : wanted > count - 1 ? count - 1 : wanted;
}

/* RANDOM: pictures of one class, drawn without replacement. */
static void draw_pictures(uint8_t *side, int64_t *order, int64_t count, int64_t list,
                          const asl_split_options *options)
{
    asl__random_shuffle(order, count, options->seed, list_stream(ASL__STREAM_SPLIT, list));
    for (int64_t i = 0; i < share(count, options->fraction); i++)
        side[order[i]] = 1;
}

/* BLOCK: whole runs of one class in capture order, drawn until the share is full; the last one is
 * cut short. */
static void draw_runs(uint8_t *side, const int64_t *order, int64_t count, int64_t list,
                      const asl_split_options *options)
{
    const int64_t runs = count < RUNS ? count : RUNS;
    int64_t wanted = share(count, options->fraction), run[RUNS];

    for (int64_t i = 0; i < runs; i++)
        run[i] = i;
    asl__random_shuffle(run, runs, options->seed, list_stream(ASL__STREAM_SPLIT, list));
    for (int64_t i = 0; i < runs; i++) {
        const int64_t end = count * (run[i] + 1) / runs;

        for (int64_t k = count * run[i] / runs; k < end && wanted > 0; k++, wanted--)
            side[order[k]] = 1;
    }
}

/* What cannot be split stays in training; in a data set of one source it is a failure. */
static asl_status check_lists(const asl__lists *lists, const asl_dataset *dataset, asl_error *err)
{
    const asl__source *source = dataset->source;
    int64_t longest = 0;

    for (int64_t k = 0; k < lists->count; k++) {
        const int64_t count = lists->start[k + 1] - lists->start[k];

        longest = count > longest ? count : longest;
        if (count == 1 && source->parts == NULL)
            return asl__fail_at(err, ASL_ERR_DATASET, k,
                                "class '%s' has one picture; it takes two to split",
                                source->classes[k]);
    }
    if (longest < 2)
        return asl__fail(err, ASL_ERR_DATASET, "no class has two pictures of a source to split");
    return ASL_OK;
}

/* RANDOM and BLOCK: a share of each class of each source. */
static asl_status part_classes(uint8_t *side, const asl_dataset *dataset,
                               const asl_split_options *options, asl_error *err)
{
    asl_status status = ASL_OK;
    asl__lists lists = {0};
    named *scratch = asl__alloc_array((size_t)dataset->count, sizeof *scratch);

    if (scratch == NULL)
        return asl__fail_memory(err, "sorting samples");
    ASL__TRY(asl__lists_sort(&lists, dataset, err));
    ASL__TRY(check_lists(&lists, dataset, err));
    for (int64_t k = 0; k < lists.count; k++) {
        int64_t *order = lists.order + lists.start[k];
        const int64_t count = lists.start[k + 1] - lists.start[k];

        if (count < 2)
            continue;
        if (options->kind == ASL_SPLIT_RANDOM) {
            draw_pictures(side, order, count, k, options);
        } else {
            sort_naturally(order, count, scratch, dataset);
            draw_runs(side, order, count, k, options);
        }
    }
fail:
    asl__lists_free(&lists);
    asl__free(scratch);
    return status;
}

/* The groups that a view shows, and the number of its samples in each. */
typedef struct groups {
    int64_t *present, *size; /* size is indexed by group */
    int64_t count;
} groups;

static void groups_free(groups *found)
{
    asl__free(found->present);
    asl__free(found->size);
}

static asl_status find_groups(groups *out, const asl_dataset *dataset, asl_error *err)
{
    const int32_t all = dataset->source->group_count;

    out->size = asl__alloc_array((size_t)all, sizeof *out->size);
    out->present = asl__alloc_array((size_t)all, sizeof *out->present);
    if (out->size == NULL || out->present == NULL)
        return asl__fail_memory(err, "counting groups");
    for (int64_t i = 0; i < dataset->count; i++) {
        const int32_t group = asl__view_sample(dataset, i)->group;

        if (group >= 0 && out->size[group]++ == 0)
            out->count++;
    }
    for (int32_t g = 0, i = 0; g < all; g++) {
        if (out->size[g] > 0)
            out->present[i++] = g;
    }
    return ASL_OK;
}

/* Takes groups in a random order, each if it brings the sum nearer to the wanted one, but never
 * all; the smallest when each alone is too large. Marks them by a negative size. */
static void choose_groups(groups *found, int64_t total, const asl_split_options *options)
{
    const double wanted = (double)total * options->fraction;
    int64_t sum = 0, taken = 0, smallest = 0;

    asl__random_shuffle(found->present, found->count, options->seed, ASL__STREAM_SPLIT);
    for (int64_t i = 0; i < found->count && taken < found->count - 1; i++) {
        int64_t *size = &found->size[found->present[i]];

        if (*size < found->size[found->present[smallest]])
            smallest = i;
        /* Nearer: |sum + size - wanted| < |sum - wanted|. */
        if ((double)(2 * sum + *size) < 2 * wanted) {
            sum += *size;
            *size = -*size;
            taken++;
        }
    }
    if (taken == 0)
        found->size[found->present[smallest]] *= -1;
}

/* GROUP: whole groups. Pictures without a group stay in training: whose they are is unknown. */
static asl_status part_groups(uint8_t *side, const asl_dataset *dataset, groups *found,
                              const asl_split_options *options, asl_error *err)
{
    if (found->count < 2)
        return asl__fail(err, ASL_ERR_DATASET,
                         "a split by group needs two groups, there %s; use block or random",
                         found->count == 1 ? "is one" : "are none");
    choose_groups(found, dataset->count, options);
    for (int64_t i = 0; i < dataset->count; i++) {
        const int32_t group = asl__view_sample(dataset, i)->group;

        side[i] = group >= 0 && found->size[group] < 0;
    }
    return ASL_OK;
}

/* The samples on one side. */
static asl_status take_side(asl_dataset **out, const asl_dataset *dataset, const uint8_t *side,
                            uint8_t wanted, asl_error *err)
{
    asl_status status = ASL_OK;
    int64_t count = 0;

    for (int64_t i = 0; i < dataset->count; i++)
        count += side[i] == wanted;
    ASL__TRY(asl__view_create(out, dataset->source, count, err));
    count = 0;
    for (int64_t i = 0; i < dataset->count; i++) {
        if (side[i] == wanted)
            (*out)->members[count++] = dataset->members[i];
    }
fail:
    return status;
}

static asl_status read_options(asl_split_options *options, const asl_split_options *given,
                               asl_error *err)
{
    asl_status status = ASL_OK;

    *options = defaults;
    ASL__TRY(asl__options_read(options, sizeof *options, given, "asl_split_options", err));
    if (asl_split_name(options->kind) == NULL)
        return asl__fail(err, ASL_ERR_ARG, "split kind is %d; expected ASL_SPLIT_*",
                         (int)options->kind);
    if (!(options->fraction > 0 && options->fraction < 1))
        return asl__fail(err, ASL_ERR_ARG, "split fraction must lie between 0 and 1");
fail:
    return status;
}

asl_status asl_dataset_split(asl_dataset **train, asl_dataset **validation, int32_t *kind_used,
                             const asl_dataset *dataset, const asl_split_options *options,
                             asl_error *err)
{
    ASL__OWN_FLOATS;
    asl_status status = ASL_OK;
    asl_split_options chosen;
    groups found = {0};
    uint8_t *side = NULL;

    asl__error_clear(err);
    if (train != NULL)
        *train = NULL;
    if (validation != NULL)
        *validation = NULL;
    ASL__CHECK_ARG(train != NULL && validation != NULL && train != validation, err);
    ASL__CHECK_ARG(dataset != NULL, err);
    ASL__TRY(read_options(&chosen, options, err));
    side = asl__alloc((size_t)dataset->count);
    if (side == NULL) {
        status = asl__fail_memory(err, "splitting a data set");
        goto fail;
    }
    ASL__TRY(find_groups(&found, dataset, err));
    if (chosen.kind == ASL_SPLIT_AUTO)
        chosen.kind = found.count >= 2 ? ASL_SPLIT_GROUP : ASL_SPLIT_BLOCK;
    if (chosen.kind == ASL_SPLIT_GROUP)
        ASL__TRY(part_groups(side, dataset, &found, &chosen, err));
    else
        ASL__TRY(part_classes(side, dataset, &chosen, err));
    ASL__TRY(take_side(train, dataset, side, 0, err));
    ASL__TRY(take_side(validation, dataset, side, 1, err));
    if (kind_used != NULL)
        *kind_used = chosen.kind;
fail:
    if (status < 0 && train != NULL && validation != NULL) {
        asl_dataset_free(*train);
        *train = NULL;
    }
    groups_free(&found);
    asl__free(side);
    return status;
}
