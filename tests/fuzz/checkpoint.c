/* SPDX-License-Identifier: MIT */
/* Bytes as the checkpoint of a run over the data set that small.h makes. */
#include <stdlib.h>
#include <string.h>

#include "asl/trainer.h"
#include "fuzz/fuzz.h"
#include "fuzz/small.h"
#include "train/checkpoint.h"

enum { MOST_MACS = 1 << 18, MOST_DRAWN = 1 << 12, MOST_SIDE = 64, MOST_BYTES = 64 << 20 };

static asl_dataset *pictures;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    pictures = small_dataset();
    return 0;
}

/* After the first batches. */
static void stop(const asl_train_progress *progress, void *user)
{
    (void)progress;
    asl_trainer_request_stop(*(asl_trainer **)user);
}

/* Resumed from its own checkpoint, a trainer writes the same one. */
static void save(const asl_trainer *trainer, const asl_trainer_options *options)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *again = NULL;
    size_t size, size_again;
    FUZZ_CHECK(fuzz_went(asl_trainer_save_checkpoint(trainer, "first", &err), &err, 0));
    FUZZ_CHECK(
        fuzz_went(asl_trainer_resume(&again, "first", pictures, pictures, options, &err), &err, 0));
    FUZZ_CHECK(fuzz_went(asl_trainer_save_checkpoint(again, "second", &err), &err, 0));
    void *first = fuzz_read("first", &size), *second = fuzz_read("second", &size_again);
    FUZZ_CHECK(size == size_again && memcmp(first, second, size) == 0);
    free(first);
    free(second);
    asl_trainer_free(again);
}

static void check(asl_trainer **trainer, const asl_trainer_options *options)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *best = NULL;
    for (int32_t i = 0; i < asl_trainer_epoch_count(*trainer); i++) {
        asl_epoch_metrics epoch = {.struct_size = sizeof epoch};
        FUZZ_CHECK(asl_trainer_get_epoch(&epoch, *trainer, i, &err) == ASL_OK);
        FUZZ_CHECK(epoch.epoch == i + 1);
    }
    save(*trainer, options);
    fuzz_went(asl_trainer_get_best_model(&best, *trainer, &err), &err, ASL_ERR_STATE, 0);
    asl_model_free(best);
    fuzz_went(asl_trainer_run(*trainer, &err), &err, ASL_ERR_DIVERGED, 0);
}

/* Whether it is a checkpoint. *modest tells whether it asks for no more work than fits a second: a
 * run does what its settings say, wherever they come from. */
static bool is_checkpoint(bool *modest)
{
    asl_error err = ASL_ERROR_INIT, cause = ASL_ERROR_INIT;
    asl__checkpoint saved = {0};
    if (!fuzz_went(asl__checkpoint_read(&saved, "run.ckpt", &cause, &err), &err, ASL_ERR_TRUNCATED,
                   ASL_ERR_CHECKSUM, ASL_ERR_MODEL, ASL_ERR_MODEL_TOO_NEW, ASL_ERR_ARCHITECTURE,
                   ASL_ERR_LABELS, ASL_ERR_LIMIT, 0))
        return false;
    const asl__network *network = &saved.model->network;
    *modest = network->mac_count <= MOST_MACS && network->input.width <= MOST_SIDE &&
              network->input.height <= MOST_SIDE &&
              saved.whole[ASL__WHOLE_EPOCH_PICTURES] <= MOST_DRAWN;
    asl__checkpoint_free(&saved);
    return true;
}

static void resume(void)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    asl_trainer_options options;
    asl_trainer_options_init(&options, sizeof options);
    options.epochs = 0;
    options.threads = 1;
    options.isa = "c";
    options.on_progress = stop;
    options.user = &trainer;
    if (fuzz_went(asl_trainer_resume(&trainer, "run.ckpt", pictures, pictures, &options, &err),
                  &err, ASL_ERR_MODEL, ASL_ERR_ARCHITECTURE, ASL_ERR_LABELS,
                  ASL_ERR_DATASET_CHANGED, ASL_ERR_ARG, 0))
        check(&trainer, &options);
    else
        FUZZ_CHECK(trainer == NULL);
    asl_trainer_free(trainer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool modest = false;
    fuzz_write("run.ckpt", data, size);
    fuzz_begin();
    if (is_checkpoint(&modest) && modest)
        resume();
    fuzz_end(MOST_BYTES);
    return 0;
}
