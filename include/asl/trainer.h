/* SPDX-License-Identifier: MIT */
/** @file asl/trainer.h
 * Training: a model, a data set, and the loop that improves one on the other.
 *
 * Same library version, seed, data, options and instruction set give the same bits for any number
 * of threads, and a run that was stopped, killed and resumed ends with the same bits as one that
 * never was.
 *
 * Several processes, on one machine or many, can train one model together: see asl_all_reduce_fn.
 */
#ifndef ASL_TRAINER_H
#define ASL_TRAINER_H

#include "asl/augment.h"
#include "asl/base.h"
#include "asl/dataset.h"
#include "asl/model.h"

ASL_BEGIN_DECLS

/** A training run. One thread at a time, but for asl_trainer_request_stop(). */
typedef struct asl_trainer asl_trainer;

/** Optimisers. */
enum {
    ASL_OPTIMIZER_ADAM = 0,  /**< Kingma & Ba 2015, weight decay as L2 (PyTorch's Adam). */
    ASL_OPTIMIZER_ADAMW = 1, /**< Loshchilov & Hutter 2019, decoupled weight decay. */
    ASL_OPTIMIZER_SGD = 2    /**< Momentum as PyTorch's SGD; `nesterov` chooses that variant. */
};

/** Learning-rate schedules. */
enum {
    ASL_SCHEDULE_CONSTANT = 0, /**< learning_rate throughout. */
    ASL_SCHEDULE_ONE_CYCLE = 1 /**< Linear from 0.2 to 1 x learning_rate over the first 23 % of
                                    steps, then linear to 0.07 (arXiv 2404.00498). */
};

/** Where a running training stands; handed to the callbacks. */
typedef struct asl_train_progress {
    uint32_t struct_size; /**< Set by the library. */
    int32_t epoch;        /**< 1-based. */
    int32_t epochs;       /**< Total. */
    int32_t validating;   /**< 1 while the validation set is being run. */
    int64_t done, total;  /**< Pictures of this pass done and in it. */
    double loss;          /**< Mean per picture over the pass so far. */
    double accuracy;      /**< 0..1 over the pass so far. */
    double learning_rate; /**< Of the last step. */
    double seconds;       /**< Spent training since the run began or was resumed. */
    double eta_seconds;   /**< Estimate to the end of all epochs; < 0 when unknown. */
} asl_train_progress;

/** One finished epoch. Losses and accuracies are means over pictures. */
typedef struct asl_epoch_metrics {
    uint32_t struct_size;              /**< Set by the caller of asl_trainer_get_epoch(). */
    int32_t epoch;                     /**< 1-based. */
    double train_loss, train_accuracy; /**< Over the epoch as it was trained; accuracy 0..1. */
    double val_loss, val_accuracy;     /**< After the epoch; NaN without a validation set. */
    double learning_rate;              /**< Of the last step. */
    double seconds;                    /**< Wall time of the epoch; not part of determinism. */
    int32_t is_best;                   /**< 1 when the best so far (val_source_accuracy, ties broken
                                            by lower val_loss; train values without validation). */
    int32_t reserved;                  /**< 0. */
    double val_source_accuracy;        /**< Mean over the validation set's sources of their
                                            accuracy, each source counting alike however many
                                            pictures it has; val_accuracy when it is no mix of
                                            several; NaN without a validation set. */
} asl_epoch_metrics;

/** Called on the thread that runs asl_trainer_run(), at most about ten times a second and at the
 * end of each pass, with @p progress, valid during the call, and the options' @p user. Of the same
 * trainer it may call what asks and does not change, for epochs that have ended,
 * asl_trainer_request_stop(), and asl_trainer_free(), which waits for the end of the run; the rest
 * is refused with ASL_ERR_BUSY. */
typedef void (*asl_train_progress_fn)(const asl_train_progress *progress, void *user);
/** Called with the @p metrics of each epoch, after its checkpoint is on disk; the same rules. */
typedef void (*asl_epoch_fn)(const asl_epoch_metrics *metrics, void *user);
/** Called with something that went wrong without ending the run, such as a checkpoint that could
 * not be written: a @p code < 0 and a @p message of one line; the same rules. */
typedef void (*asl_warning_fn)(asl_status code, const char *message, void *user);

/** How `ranks` processes train one model: each makes a trainer with its own `rank`, of the same
 * model or checkpoint, data and options, and all run it at the same time. Of every batch rank r
 * takes the r-th part; this function adds up what all found; then all take the same step.
 *
 * It replaces @p values [0..count-1] by their sums over all ranks, with the same bits on every
 * rank, and may round as float additions do. It waits for the other ranks, which call it as often
 * and with the same counts, on the thread that runs asl_trainer_run(); into the same trainer it may
 * call as asl_train_progress_fn may. It returns < 0 when a rank is lost, which ends the run:
 * whoever starts the processes has to see to it that the death of one makes the call fail on the
 * others, as MPI does.
 *
 * Weights have the same bits on all ranks after each step, and are those of a single process
 * within rounding, dropout included; the last bits depend on `ranks`. Batch norm, though,
 * normalises each rank's part of a batch by that part's own statistics, and the running ones move
 * towards the weighted mean of the parts': nets with batch norm agree with a single process only
 * as runs with other seeds do. */
typedef asl_status (*asl_all_reduce_fn)(float *values, size_t count, void *user);

/** How to train. */
typedef struct asl_trainer_options {
    uint32_t struct_size;     /**< Set by asl_trainer_options_init(). */
    int32_t epochs;           /**< 1..100000; default 10. */
    int32_t batch_size;       /**< 1..65536; default 32. The last batch of an epoch is smaller. */
    int32_t optimizer;        /**< ASL_OPTIMIZER_*; default ADAM. */
    int32_t schedule;         /**< ASL_SCHEDULE_*; default CONSTANT. */
    int32_t nesterov;         /**< SGD only; default 0. */
    double learning_rate;     /**< > 0; default 1e-3. */
    double beta1, beta2;      /**< Adam's, 0 <= beta < 1; defaults 0.9, 0.999. */
    double epsilon;           /**< Adam's, > 0; default 1e-8. */
    double momentum;          /**< SGD's, 0..1; default 0.9. */
    double weight_decay;      /**< >= 0, on convolution and dense weights only; default 0. */
    double label_smoothing;   /**< 0..1; default 0. */
    uint64_t seed;            /**< Order of pictures and dropout; default 0. */
    int32_t threads;          /**< Threads to compute and to decode with, 1..256; 0 (default) = one
                                   per core. */
    int32_t checkpoint_steps; /**< Also write a checkpoint every so many steps; 0 (default) = only
                                   after each epoch and when stopped. */
    const char *backend;      /**< "auto" (default, also NULL) or a name of asl/backend.h. */
    const char *isa;          /**< Instruction set of the cpu backend: "auto" (default, also NULL)
                                   takes the best this machine has; "c", "avx2", "avx512", "amx".
                                   The bits of a run depend on it. */
    const char *checkpoint;   /**< File to keep the run's state in; NULL (default) = none. The one
                                   before is kept beside it with ".prev" appended. Only rank 0
                                   writes it; the others ignore this. */
    asl_train_progress_fn on_progress; /**< May be NULL. */
    asl_epoch_fn on_epoch;             /**< May be NULL. */
    asl_warning_fn on_warning;         /**< May be NULL. */
    void *user;                        /**< Handed to all callbacks. */
    int32_t rank;                      /**< Of this process, 0..ranks-1; default 0. */
    int32_t ranks;                     /**< Processes that train together, 1 (default) to 4096 and
                                            at most batch_size. */
    asl_all_reduce_fn all_reduce;      /**< Their sum; not called when ranks is 1. */
    const char *precision;             /**< As in asl_inferer_options. With "bf16" the weights, what
                                            the optimiser keeps and all sums stay float32. */
    const asl_augmentation *augmentation; /**< Changes the training pictures, differently in each
                                               epoch; NULL (default) leaves them as they are. Those
                                               that it leaves without a letter get the class
                                               "nothing". */
    double average;         /**< Decay of a running mean of the weights, 0 <= average < 1, such as
                                 0.999; 0 (default) = none. The means are then what is validated,
                                 kept of the best epoch and handed out as models. After every
                                 fourth step and the last of an epoch they become d^n times what
                                 they were plus 1 - d^n times the weights, running statistics
                                 included: n is the number of steps since the last time, d the
                                 lesser of average and (1 + step) / (10 + step), so that the
                                 starting weights are soon forgotten. */
    int64_t epoch_pictures; /**< Pictures of an epoch, drawn so that each source of a mix gets the
                                 share of its weight and each class of a source as much as the
                                 others, up to 2^31-1. 0 (default) = each picture once. */
    double start_share;     /**< Share of the run's steps to take on smaller pictures, 0..1, default
                                 0; goes with start_size. */
    int32_t start_size;     /**< Longer side of those in pixels, less than the network's own; 0
                                 (default) = none. The network must be possible at that size. */
    int32_t reserved;       /**< 0. */
} asl_trainer_options;

/** Write the defaults into the first @p struct_size bytes of @p options; pass sizeof *options.
 * @since 1.0 */
ASL_API void asl_trainer_options_init(asl_trainer_options *options, size_t struct_size);

/** Prepare a training run. The trainer works on its own copy of the weights and keeps what it needs
 * of model, data sets and options, except what `user` points to.
 * @param model       Starting point; its labels must be the data set's classes in any order (the
 *                    data set may lack some).
 * @param train       Pictures to learn from; decoded and scaled as needed, at once when packed at
 *                    the model's size. An unreadable picture is an error here: pack first.
 * @param validation  Pictures to measure on, or NULL.
 * @return ASL_OK; ASL_ERR_ARG; ASL_ERR_NOMEM; ASL_ERR_LABELS naming a class that the model lacks
 *   ("nothing" too, where augmentation leaves pictures without a letter); ASL_ERR_ARCHITECTURE
 *   naming the layer that is not possible at start_size; ASL_ERR_BACKEND; ASL_ERR_UNSUPPORTED
 *   naming a layer that the backend does not have; ASL_ERR_DEVICE_LOST; ASL_ERR_SYSTEM;
 *   ASL_ERR_TOO_NEW. @since 1.0 */
ASL_API asl_status asl_trainer_create(asl_trainer **out, const asl_model *model,
                                      const asl_dataset *train, const asl_dataset *validation,
                                      const asl_trainer_options *options, asl_error *err);

/** Prepare to go on from the checkpoint file @p path, with the same @p train and @p validation.
 * All settings that shape the result come from the checkpoint; @p options supplies threads,
 * backend, isa, precision, checkpoint, checkpoint_steps, callbacks, rank and ranks (another number
 * than before is allowed), and `epochs` when larger than the checkpoint's (only with a constant
 * schedule and without start_size; 0, or NULL for @p options, keeps the checkpoint's, while the
 * default of 10 may prolong a shorter run). A damaged newest checkpoint falls back to PATH.prev.
 * @return ASL_OK; ASL_PARTIAL when the fall-back was used (also told to on_warning);
 *   ASL_ERR_DATASET_CHANGED when the data differ from those of the run; otherwise as
 *   asl_model_load() and asl_trainer_create(). @since 1.0 */
ASL_API asl_status asl_trainer_resume(asl_trainer **out, const char *path, const asl_dataset *train,
                                      const asl_dataset *validation,
                                      const asl_trainer_options *options, asl_error *err);

/** Train to the end of the last epoch. May be called again after ASL_STOPPED.
 * @return ASL_OK; ASL_STOPPED after asl_trainer_request_stop(), with the checkpoint written (when
 *   one is configured); ASL_ERR_ARG; ASL_ERR_DIVERGED when loss or weights stop being finite (the
 *   checkpoint still is the last one before: of the epoch's start, or with checkpoint_steps of the
 *   same epoch, when all was finite still); ASL_ERR_NOMEM; ASL_ERR_IMAGE, or another
 *   status as asl_dataset_load_image(), for an unreadable picture; ASL_ERR_DEVICE_LOST;
 *   ASL_ERR_BUSY from a callback of the same trainer, or while another run holds the checkpoint (by
 *   a lock on PATH.lock); ASL_ERR_STATE in a child of fork() for a trainer that the parent made, or
 *   ASL_ERR_BUSY when it was running. A checkpoint that cannot be written is a warning, not an end;
 *   after three in a row, or when it is the one to stop with, ASL_ERR_IO, with all state kept in
 *   memory. With several ranks also ASL_ERR_SYSTEM when all_reduce failed or another rank could not
 *   go on, and ASL_ERR_STATE when the ranks do not start alike (other weights, data, options,
 *   backend or instruction set) or end an epoch with other weights. @since 1.0 */
ASL_API asl_status asl_trainer_run(asl_trainer *trainer, asl_error *err);

/** Ask a running asl_trainer_run() to stop after the current batch, or the batches of about a
 * twentieth of a second where a GPU holds the pictures; with several ranks all stop together, after
 * that batch or the next. A request made before the run holds for it. Any thread, also while the
 * trainer runs, and from a signal handler. @since 1.0 */
ASL_API void asl_trainer_request_stop(asl_trainer *trainer);

/** Write the state to the file @p path, whole or not at all.
 * @return ASL_OK; ASL_ERR_BUSY from a callback; ASL_ERR_DIVERGED after that; otherwise as
 *   asl_model_save(). @since 1.0 */
ASL_API asl_status asl_trainer_save_checkpoint(const asl_trainer *trainer, const char *path,
                                               asl_error *err);

/** A snapshot of the current weights as a model of its own.
 * @return ASL_OK; ASL_ERR_ARG; ASL_ERR_NOMEM; ASL_ERR_BUSY from a callback; ASL_ERR_DIVERGED after
 *   that. @since 1.0 */
ASL_API asl_status asl_trainer_get_model(asl_model **out, const asl_trainer *trainer,
                                         asl_error *err);

/** The weights after the best epoch, as a model of its own.
 * @return ASL_OK; ASL_ERR_ARG; ASL_ERR_STATE before the first epoch ended; ASL_ERR_NOMEM;
 *   ASL_ERR_BUSY from a callback. @since 1.0 */
ASL_API asl_status asl_trainer_get_best_model(asl_model **out, const asl_trainer *trainer,
                                              asl_error *err);

/** Number of finished epochs, those before a resume included. @since 1.0 */
ASL_API int32_t asl_trainer_epoch_count(const asl_trainer *trainer);

/** Fill @p out for finished epoch @p index, 0..epoch_count-1. @return ASL_OK; ASL_ERR_ARG.
 * @since 1.0 */
ASL_API asl_status asl_trainer_get_epoch(asl_epoch_metrics *out, const asl_trainer *trainer,
                                         int32_t index, asl_error *err);

/** Accuracy, 0..1, on source @p source_index of the validation set after epoch @p index,
 * 0..epoch_count-1: what val_source_accuracy is the mean of. Sources are those of
 * asl_dataset_source_name(). NaN for one without pictures, and for what is not there.
 * @since 1.0 */
ASL_API double asl_trainer_source_accuracy(const asl_trainer *trainer, int32_t index,
                                           int32_t source_index);

/** Fill @p out with the settings in force, as resolved (after a resume: the checkpoint's); its
 * strings live as long as the trainer. @return ASL_OK; ASL_ERR_ARG. @since 1.0 */
ASL_API asl_status asl_trainer_get_options(asl_trainer_options *out, const asl_trainer *trainer,
                                           asl_error *err);

/** Name of the backend that runs, and why it was chosen, as one line, or NULL for NULL. Valid while
 * the trainer lives. @since 1.0 */
ASL_API const char *asl_trainer_backend(const asl_trainer *trainer);

/** Release; NULL is allowed. From a callback of the same trainer it asks the run to stop, and takes
 * effect when asl_trainer_run() is about to return, as after asl_trainer_request_stop(). Not while
 * another thread is in asl_trainer_run(). The checkpoint stays. @since 1.0 */
ASL_API void asl_trainer_free(asl_trainer *trainer);

ASL_END_DECLS
#endif /* ASL_TRAINER_H */
