/* SPDX-License-Identifier: MIT */
/* Shares of a batch, sums over ranks, and the check that all ranks train the same. See ranks.h. */
#include "train/ranks.h"

#include <string.h>

#include "base/error.h"
#include "train/checkpoint.h"

/* What follows the values of every sum. Floats hold whole numbers up to 2^24 exactly, and a batch
 * has at most 2^16 pictures. */
enum { TAIL_LOSS, TAIL_CORRECT, TAIL_FAILED, TAIL_STOP, TAIL };

/* A rank's fingerprint goes round in pieces of 16 bits, for the same reason. */
enum { PIECES = 4, PIECE_BITS = 16 };

asl__share asl__share_of(const asl_trainer *trainer, int32_t pictures)
{
    const int32_t rank = trainer->options.rank, ranks = trainer->options.ranks;
    const int32_t each = pictures / ranks, more = pictures % ranks;
    return (asl__share){.first = rank * each + (rank < more ? rank : more),
                        .count = each + (rank < more)};
}

size_t asl__exchange_size(size_t parameters, int32_t sources, int32_t ranks)
{
    const size_t pieces = (size_t)ranks * PIECES, hits = (size_t)sources;
    const size_t most = parameters > pieces ? parameters : pieces;
    return (most > hits ? most : hits) + TAIL;
}

asl_status asl__ranks_add(asl_trainer *trainer, size_t count, asl__pass *sums, asl_status status,
                          asl_error *err)
{
    const asl_trainer_options *options = &trainer->options;
    if (options->ranks == 1)
        return status;
    float *tail = trainer->exchange + count;
    tail[TAIL_LOSS] = (float)sums->loss_sum;
    tail[TAIL_CORRECT] = (float)sums->correct;
    tail[TAIL_FAILED] = status < 0;
    tail[TAIL_STOP] = (float)atomic_load(&trainer->stop);
    const asl_status summed = options->all_reduce(trainer->exchange, count + TAIL, options->user);
    if (status < 0)
        return status;
    if (summed < 0)
        return asl__fail(err, ASL_ERR_SYSTEM,
                         "the sum over %d ranks failed after step %lld (%s): a rank may be lost; "
                         "resume from the checkpoint",
                         options->ranks, (long long)trainer->state.step, asl_status_name(summed));
    if (tail[TAIL_FAILED] > 0.0f)
        return asl__fail(err, ASL_ERR_SYSTEM,
                         "another rank could not go on after step %lld, and says why",
                         (long long)trainer->state.step);
    sums->loss_sum = (double)tail[TAIL_LOSS];
    sums->correct = (int64_t)tail[TAIL_CORRECT];
    trainer->stopping = tail[TAIL_STOP] > 0.0f;
    return status;
}

asl_status asl__ranks_meet(asl_trainer *trainer, asl_status status, asl_error *err)
{
    asl__pass nothing = {0};
    return asl__ranks_add(trainer, 0, &nothing, status, err);
}

bool asl__ranks_stopping(const asl_trainer *trainer)
{
    return trainer->options.ranks == 1 ? atomic_load(&trainer->stop) != 0 : trainer->stopping;
}

/* --- being alike ------------------------------------------------------------------------- */

/* FNV-1a, going on from `hash`. */
static uint64_t add_bytes(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3;
    return hash;
}

static uint64_t add_text(uint64_t hash, const char *text)
{
    return text ? add_bytes(hash, text, strlen(text) + 1) : hash;
}

/* Of all that must be the same on every rank. */
static uint64_t fingerprint(const asl_trainer *trainer)
{
    const asl_trainer_options *options = &trainer->options;
    const size_t bytes = trainer->model->network.parameter_count * sizeof(float);
    int64_t whole[ASL__WHOLE_NUMBERS];
    double real[ASL__REAL_NUMBERS];
    asl__checkpoint_numbers(whole, real, trainer);
    uint64_t hash = add_bytes(0xcbf29ce484222325, whole, sizeof whole);
    hash = add_bytes(hash, real, ASL__REAL_SETTINGS * sizeof *real);
    hash = add_bytes(hash, real + ASL__REAL_LATER_SETTINGS,
                     (ASL__REAL_NUMBERS - ASL__REAL_LATER_SETTINGS) * sizeof *real);
    hash = add_text(hash, asl_augmentation_text(trainer->augmentation));
    hash = add_bytes(hash, &options->checkpoint_steps, sizeof options->checkpoint_steps);
    hash = add_text(hash, options->backend);
    hash = add_text(hash, options->isa);
    hash = add_text(hash, options->precision);
    for (int32_t i = 0; i < asl__vector_count(options->optimizer); i++)
        hash = add_bytes(hash, trainer->vectors[i], bytes);
    if (trainer->average)
        hash = add_bytes(hash, trainer->average, bytes);
    return hash;
}

/* Each rank writes into its own place, so that the sum is everybody's list. */
static asl_status compare(asl_trainer *trainer, asl_error *err)
{
    const asl_trainer_options *options = &trainer->options;
    const size_t count = (size_t)options->ranks * PIECES;
    const uint64_t hash = fingerprint(trainer);
    float *list = trainer->exchange, *own = list + (size_t)options->rank * PIECES;
    asl__pass nothing = {0};
    asl_status status;
    memset(list, 0, count * sizeof *list);
    for (int32_t i = 0; i < PIECES; i++)
        own[i] = (float)(hash >> (PIECE_BITS * i) & ((1 << PIECE_BITS) - 1));
    ASL__TRY(asl__ranks_add(trainer, count, &nothing, ASL_OK, err));
    for (int32_t rank = 1; rank < options->ranks; rank++) {
        if (memcmp(list, list + (size_t)rank * PIECES, PIECES * sizeof *list) != 0)
            return asl__fail(err, ASL_ERR_STATE,
                             "rank %d of %d does not train what rank 0 does: model or checkpoint, "
                             "data, options, backend, isa and precision must be the same, and "
                             "all_reduce must give all ranks the same bits",
                             rank, options->ranks);
    }
    return ASL_OK;
fail:
    return status;
}

asl_status asl__ranks_check(asl_trainer *trainer, asl_status status, asl_error *err)
{
    ASL__TRY(asl__ranks_meet(trainer, status, err));
    return trainer->options.ranks == 1 ? status : compare(trainer, err);
fail:
    return status;
}
