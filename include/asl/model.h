/* SPDX-License-Identifier: MIT */
/** @file asl/model.h
 * Networks with their weights and classes. A model never changes once made and may be shared by
 * any number of threads; inferers and trainers keep their own reference.
 */
#ifndef ASL_MODEL_H
#define ASL_MODEL_H

#include "asl/base.h"

ASL_BEGIN_DECLS

/** A network with its weights and classes. It never changes, so any number of threads may use one
 * at once. */
typedef struct asl_model asl_model;

/** How to make a new network. */
typedef struct asl_model_options {
    uint32_t struct_size;      /**< Set by asl_model_options_init(). */
    int32_t width, height;     /**< Input pixels, 1..4096; 0 (default) = the preset's own size. */
    int32_t label_count;       /**< Number of classes, 2..1024; 0 (default) = the 29 of the ASL
                                    Alphabet: A..Z, del, nothing, space. */
    const char *const *labels; /**< label_count distinct names without ',' or control
                                    characters, at most 63 bytes each; copied. NULL with
                                    label_count 0. */
    const char *architecture;  /**< NULL (default) = the preset's. Otherwise a layer list such as
                                    "conv2d 16 k3 p1 bias; relu; max_pool 2; global_pool avg;
                                    dense classes", see docs/model-format.md. */
    uint64_t seed;             /**< Of the initial weights (PyTorch's default: uniform within
                                    1/sqrt(fan-in)); default 0. */
} asl_model_options;

/** Write the defaults into the first @p struct_size bytes of @p options; pass sizeof *options.
 * @since 1.0 */
ASL_API void asl_model_options_init(asl_model_options *options, size_t struct_size);

/** Number of built-in presets. Any thread. @since 1.0 */
ASL_API int32_t asl_preset_count(void);
/** Name of preset @p index, 0..count-1 ("seed", "tiny", "fast", "robust", "finder"), or NULL.
 * Static. Any thread. @since 1.0 */
ASL_API const char *asl_preset_name(int32_t index);
/** One line about preset @p index, 0..count-1, or NULL. Static. Any thread. @since 1.0 */
ASL_API const char *asl_preset_description(int32_t index);

/** A new model with random weights.
 * @param preset  A preset's name; decides layers, size and normalisation. "seed" is the
 *   tutorial's network (github.com/sovit-123/American-Sign-Language-Detection-using-Deep-Learning).
 * @return ASL_OK; ASL_ERR_ARG (also an unknown preset); ASL_ERR_NOMEM; ASL_ERR_LABELS;
 *   ASL_ERR_ARCHITECTURE when the layers do not fit the input, naming the layer;
 *   ASL_ERR_TOO_NEW. @since 1.0 */
ASL_API asl_status asl_model_create(asl_model **out, const char *preset,
                                    const asl_model_options *options, asl_error *err);

/** Read the model file @p path (safetensors with asl.* metadata; docs/model-format.md).
 * @return ASL_OK; ASL_ERR_ARG; ASL_ERR_NOMEM; ASL_ERR_NOT_FOUND; ASL_ERR_IO; ASL_ERR_PATH;
 *   ASL_ERR_TRUNCATED; ASL_ERR_CHECKSUM; ASL_ERR_MODEL; ASL_ERR_MODEL_TOO_NEW;
 *   ASL_ERR_ARCHITECTURE; ASL_ERR_LABELS; ASL_ERR_LIMIT. @since 1.0 */
ASL_API asl_status asl_model_load(asl_model **out, const char *path, asl_error *err);

/** As asl_model_load(), from memory.
 * @param data  @p size bytes.
 * @return as asl_model_load(), except ASL_ERR_NOT_FOUND, ASL_ERR_IO and ASL_ERR_PATH.
 * @since 1.0 */
ASL_API asl_status asl_model_load_memory(asl_model **out, const void *data, size_t size,
                                         asl_error *err);

/** Write the model file @p path, whole or not at all. The same model gives the same bytes on every
 * machine.
 * @return ASL_OK; ASL_ERR_ARG; ASL_ERR_NOMEM; ASL_ERR_NOT_FOUND (missing folder); ASL_ERR_PATH (no
 *   file, as a folder or device); ASL_ERR_IO. @since 1.0 */
ASL_API asl_status asl_model_save(const asl_model *model, const char *path, asl_error *err);

/** Which numbers the weights of a file are. Reading any of them gives float32 weights. */
enum {
    ASL_WEIGHTS_F32 = 0, /**< 32-bit floats: every bit is kept, training may go on from them. */
    ASL_WEIGHTS_F16 = 1, /**< 16-bit floats: half the size. */
    ASL_WEIGHTS_I8 = 2   /**< 8-bit integers with one scale per output channel: a quarter of the
                              size. Batch norm is folded into the convolutions first. */
};

/** How to write a model file. */
typedef struct asl_save_options {
    uint32_t struct_size; /**< Set by asl_save_options_init(). */
    int32_t weights;      /**< ASL_WEIGHTS_*; default ASL_WEIGHTS_F32. */
} asl_save_options;

/** Write the defaults into the first @p struct_size bytes of @p options; pass sizeof *options.
 * @since 1.0 */
ASL_API void asl_save_options_init(asl_save_options *options, size_t struct_size);

/** As asl_model_save() to @p path, with a choice of numbers. Weights of convolutions and dense
 * layers are rounded: F16 to the nearest 16-bit float, I8 to the nearest of 255 even steps between
 * minus and plus the largest weight of their output channel. Biases and batch norm stay float32.
 * @param options  NULL = the defaults, which write what asl_model_save() does.
 * @return as asl_model_save(); also ASL_ERR_TOO_NEW, and ASL_ERR_LIMIT naming the tensor whose
 *   weights are too large for those numbers. @since 1.0 */
ASL_API asl_status asl_model_save_as(const asl_model *model, const char *path,
                                     const asl_save_options *options, asl_error *err);

/** The models that are part of the library. */
enum {
    ASL_BUILTIN_LETTERS = 0, /**< The letters of a hand that fills the picture. */
    ASL_BUILTIN_HANDS = 1    /**< Where in a picture a hand is: for asl_finder_create(). */
};

/** A model that is part of the library, so that letters are read with no file at all. It is read
 * from the library anew at each call. docs/model-card.md says what it was trained on and how well
 * it reads.
 * @param which  ASL_BUILTIN_*.
 * @return ASL_OK; ASL_ERR_ARG; ASL_ERR_NOMEM; ASL_ERR_UNSUPPORTED when this library was built
 *   without it. Any thread. @since 1.0 */
ASL_API asl_status asl_model_builtin(asl_model **out, int32_t which, asl_error *err);

/** Release the caller's reference; NULL is allowed. Inferers and trainers made from it live on.
 * @since 1.0 */
ASL_API void asl_model_free(asl_model *model);

/** Hands are mirror images of each other, and so are cameras' pictures: which side to read. */
enum {
    ASL_MIRROR_MODEL = 0, /**< As the model says; off when it says nothing. */
    ASL_MIRROR_OFF = 1,   /**< The picture as it is. */
    ASL_MIRROR_ON = 2,    /**< The picture mirrored left to right. */
    ASL_MIRROR_BOTH = 3,  /**< Both, and the mean of what they say: twice the work. */
    ASL_MIRROR_AUTO = 4   /**< Both at first, and then the side that says it more clearly. */
};

/** Facts about a model. */
typedef struct asl_model_info {
    uint32_t struct_size;            /**< Set by the caller. */
    int32_t label_count;             /**< Classes. */
    int32_t width, height, channels; /**< Of the input: pixels, pixels, 3. */
    int32_t layer_count;             /**< Layers; see asl_model_get_layer(). */
    int64_t parameter_count;         /**< Trainable; batch norm's running statistics not counted. */
    int64_t mac_count;               /**< Multiply-accumulates of one forward pass. */
    const char *preset;              /**< Name, or "custom". */
    const char *architecture;        /**< The layer list. */
    const char *channel_order; /**< "rgb" or "bgr": the order in which pixels enter the network.
                                    Views may have any order: calls convert. */
    double temperature;        /**< Logits are divided by it before they become scores, so that
                                    a score of 0.8 is right four times in five; 1 when unknown. */
    double letter_threshold;   /**< There is a letter when asl_model_letter_score() is at least
                                    this, 0..1; 0 when unknown: then there always is one. */
    int32_t mirror;            /**< ASL_MIRROR_*: how the model wants hands of both sides read;
                                    ASL_MIRROR_MODEL when it says nothing. */
    int32_t looks;             /**< How often it wants to look at a picture, 1 or 3 (see
                                    asl_inferer_options); 0 when it says nothing. */
    int32_t crops;             /**< At which parts of it, 1 or 2 (see there); 0 when it says
                                    nothing. */
    int32_t reserved;          /**< 0. */
} asl_model_info;

/** Fill @p out; its strings live as long as the model. @return ASL_OK; ASL_ERR_ARG. @since 1.0 */
ASL_API asl_status asl_model_get_info(asl_model_info *out, const asl_model *model, asl_error *err);

/** Name of class @p index, 0..label_count-1, or NULL. Valid while the model lives. @since 1.0 */
ASL_API const char *asl_model_label(const asl_model *model, int32_t index);

/** Facts about one layer, for printing a summary. */
typedef struct asl_layer_info {
    uint32_t struct_size;            /**< Set by the caller. */
    int32_t channels, height, width; /**< Output; 1x1 after global pooling. */
    int64_t parameter_count;         /**< Trainable. */
    int64_t mac_count;               /**< Multiply-accumulates of one forward pass. */
    const char *kind;                /**< "conv2d", "batch_norm", "relu", "max_pool", "global_pool",
                                          "dropout", "dense". */
    const char *text; /**< The layer as written in the layer list, e.g. "conv2d 16 k5". */
} asl_layer_info;

/** Fill @p out for layer @p index, 0..layer_count-1; its strings live as long as the model.
 * @return ASL_OK; ASL_ERR_ARG. @since 1.0 */
ASL_API asl_status asl_model_get_layer(asl_layer_info *out, const asl_model *model, int32_t index,
                                       asl_error *err);

/** Value of the free-form metadata entry @p key, or NULL. There is one so far: "metrics", a line on
 * how the model was trained and measured. Valid while the model lives. @since 1.0 */
ASL_API const char *asl_model_metadata(const asl_model *model, const char *key);

/** All weights as one float32 vector in canonical order (docs/model-format.md), valid while the
 * model lives; NULL for NULL.
 * @param count  Receives its length; may be NULL. @since 1.0 */
ASL_API const float *asl_model_parameters(size_t *count, const asl_model *model);

/** A copy of @p model with other weights.
 * @param parameters  float[count] in canonical order, copied. Finite; running variances not
 *                    negative.
 * @param count       Must equal asl_model_parameters()'s.
 * @return ASL_OK; ASL_ERR_ARG; ASL_ERR_NOMEM. @since 1.0 */
ASL_API asl_status asl_model_with_parameters(asl_model **out, const asl_model *model,
                                             const float *parameters, size_t count, asl_error *err);

/** What was measured about a model once it was trained. */
typedef struct asl_calibration {
    uint32_t struct_size;    /**< Set by asl_calibration_init(). */
    int32_t mirror;          /**< ASL_MIRROR_*; default ASL_MIRROR_MODEL: says nothing. */
    double temperature;      /**< 0.01..100; default 1. */
    double letter_threshold; /**< 0..1; default 0: none. */
    int32_t looks;           /**< 1 or 3, see asl_inferer_options; default 0: says nothing. */
    int32_t crops;           /**< 1 or 2, see there; default 0: says nothing. */
} asl_calibration;

/** Write the defaults into the first @p struct_size bytes of @p calibration; pass sizeof
 * *calibration. @since 1.0 */
ASL_API void asl_calibration_init(asl_calibration *calibration, size_t struct_size);

/** A copy of @p model with another calibration, which asl_model_get_info() then tells and
 * asl_model_save() writes; asl_model_with_parameters() drops it, since it belongs to the weights.
 * @param calibration  Numbers are kept to six decimals. NULL = the defaults: none.
 * @return ASL_OK; ASL_ERR_ARG (also numbers out of their range); ASL_ERR_NOMEM; ASL_ERR_TOO_NEW.
 * @since 1.0 */
ASL_API asl_status asl_model_with_calibration(asl_model **out, const asl_model *model,
                                              const asl_calibration *calibration, asl_error *err);

/** How sure a model is that there is a letter at all: 1 minus the score of its class "nothing"
 * (in any case of letters, or another name for it, see asl_dataset_mix()), or 1 when it has none.
 * Compare with asl_model_info's letter_threshold.
 * @param scores  float[count] of one picture.
 * @param count   The model's number of classes.
 * @return 0..1; 0 for NULL or another count. @since 1.0 */
ASL_API float asl_model_letter_score(const asl_model *model, const float *scores, size_t count);

ASL_END_DECLS
#endif /* ASL_MODEL_H */
