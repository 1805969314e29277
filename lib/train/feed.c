/* SPDX-License-Identifier: MIT */
/* From data sets to batches. See feed.h. */
#include "train/feed.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/random.h"
#include "train/ranks.h"

static bool is_training(const asl__feed *feed, const asl_trainer *trainer)
{
    return feed == &trainer->train;
}

static asl_status open_loader(asl__feed *feed, const asl_trainer *trainer, asl_error *err)
{
    const asl__shape input = trainer->model->network.input;
    const asl__loader_options options = {
        .width = input.width,
        .height = input.height,
        .batch_size = trainer->share_size,
        .threads = trainer->options.threads,
        .augmentation = is_training(feed, trainer) ? trainer->augmentation : NULL,
        .seed = trainer->options.seed,
    };
    return asl__loader_create(&feed->loader, feed->dataset, &options, err);
}

asl_status asl__feed_open(asl__feed *feed, const asl_trainer *trainer, const asl_dataset *dataset,
                          asl_error *err)
{
    const int64_t drawn = is_training(feed, trainer) ? trainer->options.epoch_pictures : 0;
    asl_status status;
    feed->count = drawn > 0 ? drawn : asl_dataset_count(dataset);
    feed->order_epoch = -1;
    feed->label_map = asl__alloc_array((size_t)asl_dataset_class_count(dataset), sizeof(int32_t));
    feed->order = asl__alloc_array((size_t)feed->count, sizeof(int64_t));
    if (!feed->label_map || !feed->order)
        return asl__fail_memory(err, "the order of the pictures");
    ASL__TRY(asl__dataset_map_labels(feed->label_map, dataset,
                                     (const char *const *)trainer->model->labels,
                                     trainer->model->network.classes, err));
    ASL__TRY(asl__dataset_share(&feed->dataset, dataset, err));
    return open_loader(feed, trainer, err);
fail:
    return status;
}

void asl__feed_close(asl__feed *feed)
{
    asl__loader_free(feed->loader);
    asl__free(feed->order);
    asl__free(feed->label_map);
    asl_dataset_free(feed->dataset);
}

/* --- orders ------------------------------------------------------------------------------- */

/* Leaves in the order of a pass what this rank takes of each batch. */
static void keep_shares(asl__feed *feed, const asl_trainer *trainer)
{
    const int64_t batch = trainer->batch_size;
    feed->own = 0;
    for (int64_t at = 0; at < feed->count; at += batch) {
        const int64_t left = feed->count - at;
        const asl__share share = asl__share_of(trainer, (int32_t)(left < batch ? left : batch));
        memmove(feed->order + feed->own, feed->order + at + share.first,
                (size_t)share.count * sizeof *feed->order);
        feed->own += share.count;
    }
}

/* The order of an epoch depends on the seed and the epoch alone. It is made once per epoch: when a
 * pass is taken up again, the loader may still be reading the rest of it. */
static asl_status make_order(asl__feed *feed, const asl_trainer *trainer, asl_error *err)
{
    const int32_t epoch = trainer->state.epoch;
    const uint64_t seed = trainer->options.seed;
    asl_status status;
    if (feed->order_epoch == epoch)
        return ASL_OK;
    for (int64_t i = 0; i < feed->count; i++)
        feed->order[i] = i;
    if (is_training(feed, trainer) && trainer->options.epoch_pictures > 0)
        ASL__TRY(asl__dataset_draw(feed->order, feed->dataset, feed->count, seed, epoch, err));
    else if (is_training(feed, trainer))
        asl__random_shuffle(feed->order, feed->count, seed,
                            ASL__STREAM_SHUFFLE + ((uint64_t)epoch << 8));
    keep_shares(feed, trainer);
    feed->order_epoch = epoch;
    return ASL_OK;
fail:
    return status;
}

/* --- passes ------------------------------------------------------------------------------- */

asl_status asl__feed_start(asl__feed *feed, const asl_trainer *trainer, const asl__pass *pass,
                           bool kept, asl_error *err)
{
    const bool small = is_training(feed, trainer) && trainer->state.step < trainer->start_steps;
    const asl__network *network = small ? trainer->start_network : &trainer->model->network;
    asl_status status;
    ASL__TRY(make_order(feed, trainer, err));
    const int64_t batches = pass->done / trainer->batch_size;
    const int64_t before = batches * asl__share_of(trainer, trainer->batch_size).count;
    const int64_t done = pass->done < feed->count && !kept ? before : feed->own;
    ASL__TRY(asl__loader_resize(feed->loader, network->input.width, network->input.height, err));
    ASL__TRY(asl__loader_start(feed->loader, feed->order + done, feed->own - done,
                               trainer->state.epoch, err));
    return ASL_OK;
fail:
    return status;
}

asl_status asl__feed_next(asl__batch *batch, const asl__feed *feed, asl_trainer *trainer,
                          asl_error *err)
{
    asl_sample sample = {.struct_size = sizeof sample};
    asl_status status;
    ASL__TRY(asl__loader_next(batch, feed->loader, err));
    for (int32_t i = 0; i < batch->count; i++) {
        if (batch->status[i] < 0) {
            asl__error_copy(err, &batch->errors[i]);
            return batch->status[i];
        }
        ASL__TRY(asl_dataset_get_sample(&sample, feed->dataset, batch->positions[i], err));
        trainer->labels[i] =
            batch->negative[i] ? trainer->nothing : feed->label_map[sample.class_index];
    }
    return ASL_OK;
fail:
    return status;
}
