/* SPDX-License-Identifier: MIT */
/* Epochs of drawn pictures: every source gets its share, every class of a source as much as the
 * others. How many pictures a list gives is fixed by arithmetic, and which ones by counting on
 * through its shuffled rounds, so that an epoch needs nothing of those before it. */
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/random.h"
#include "dataset/view.h"

/* Shares of an epoch are counted in 1/65536 of a picture. */
enum { FRACTION = 16 };

typedef struct drawer {
    asl__lists lists;
    double *ends;     /* share of the lists before list k, in weights; the last is their sum */
    int64_t *round;   /* room for the longest list */
    int64_t pictures; /* in an epoch */
    uint64_t seed;
} drawer;

static asl_status allocate(drawer *draw, const asl_dataset *dataset, asl_error *err)
{
    asl_status status = ASL_OK;
    int64_t longest = 0;

    ASL__TRY(asl__lists_sort(&draw->lists, dataset, err));
    for (int64_t k = 0; k < draw->lists.count; k++) {
        const int64_t length = draw->lists.start[k + 1] - draw->lists.start[k];

        longest = length > longest ? length : longest;
    }
    draw->round = asl__alloc_array((size_t)longest, sizeof *draw->round);
    draw->ends = asl__alloc_array((size_t)draw->lists.count + 1, sizeof *draw->ends);
    if (draw->round == NULL || draw->ends == NULL)
        return asl__fail_memory(err, "drawing pictures");
fail:
    return status;
}

/* A source's weight is parted among the classes that it has. */
static void set_shares(drawer *draw, const asl_dataset *dataset)
{
    const int64_t *start = draw->lists.start;
    const int32_t classes = dataset->source->class_count;

    for (int32_t s = 0; s < asl_dataset_source_count(dataset); s++) {
        const int64_t first = (int64_t)s * classes;
        int32_t filled = 0;

        for (int64_t k = first; k < first + classes; k++)
            filled += start[k + 1] > start[k];
        for (int64_t k = first; k < first + classes; k++) {
            draw->ends[k + 1] = draw->ends[k];
            if (start[k + 1] > start[k])
                draw->ends[k + 1] += asl_dataset_source_weight(dataset, s) / filled;
        }
    }
}

/* Where list k begins in an epoch, were pictures cut up. */
static int64_t bound(const drawer *draw, int64_t k)
{
    const double share = draw->ends[k] / draw->ends[draw->lists.count];

    return (int64_t)(share * (double)(draw->pictures << FRACTION) + 0.5);
}

/* Pictures that a list with these bounds gives in an epoch: those that begin between them. What the
 * bounds are shifted by takes each of its 65536 values once before it comes again; since an odd
 * number near the golden ratio is added every time, it is even over a few epochs too. The first
 * shift rounds to the nearest. */
static int64_t quota(int64_t begin, int64_t end, int64_t epoch)
{
    const int64_t shift = (uint16_t)(0x8000u + (uint64_t)epoch * 0x9E37u);

    return ((end + shift) >> FRACTION) - ((begin + shift) >> FRACTION);
}

/* The same over all epochs before one. Over 65536 epochs what was cut up is whole again. */
static int64_t quota_before(int64_t begin, int64_t end, int64_t epoch)
{
    int64_t sum = (epoch >> FRACTION) * (end - begin);

    for (int64_t e = epoch >> FRACTION << FRACTION; e < epoch; e++)
        sum += quota(begin, end, e);
    return sum;
}

/* Takes `wanted` pictures of list k, from number `from` of its rounds one after the other. */
static void take(int64_t *order, const drawer *draw, int64_t k, int64_t from, int64_t wanted)
{
    const int64_t *list = draw->lists.order + draw->lists.start[k];
    const int64_t length = draw->lists.start[k + 1] - draw->lists.start[k];
    const uint64_t stream = ASL__STREAM_DRAW + ((uint64_t)k << 8);

    for (int64_t turn = 0, at = from % length; wanted > 0; turn++, at = 0) {
        const uint64_t round = (uint64_t)(from / length + turn);

        memcpy(draw->round, list, (size_t)length * sizeof *list);
        asl__random_shuffle(draw->round, length, draw->seed, stream + (round << 32));
        for (; at < length && wanted > 0; at++, wanted--)
            *order++ = draw->round[at] | turn << ASL__TURN_SHIFT;
    }
}

asl_status asl__dataset_draw(int64_t *order, const asl_dataset *dataset, int64_t pictures,
                             uint64_t seed, int64_t epoch, asl_error *err)
{
    asl_status status = ASL_OK;
    drawer draw = {.pictures = pictures, .seed = seed};
    int64_t done = 0;

    ASL__CHECK_ARG(pictures >= 1 && pictures <= INT32_MAX, err);
    ASL__CHECK_ARG(epoch >= 0 && epoch <= INT32_MAX, err);
    ASL__CHECK_ARG(dataset->count >= 1, err);
    ASL__TRY(allocate(&draw, dataset, err));
    set_shares(&draw, dataset);
    for (int64_t k = 0; k < draw.lists.count; k++) {
        const int64_t begin = bound(&draw, k), end = bound(&draw, k + 1);
        const int64_t wanted = quota(begin, end, epoch);

        if (wanted > 0)
            take(order + done, &draw, k, quota_before(begin, end, epoch), wanted);
        done += wanted;
    }
    asl__random_shuffle(order, pictures, seed, ASL__STREAM_SHUFFLE + ((uint64_t)epoch << 8));
fail:
    asl__lists_free(&draw.lists);
    asl__free(draw.ends);
    asl__free(draw.round);
    return status;
}
