/* SPDX-License-Identifier: MIT */
/** @file asl/dataset.h
 * Labelled pictures on disk: folder trees, CSV manifests and packed files.
 *
 * A data set is a list of samples (picture, class, group) in a fixed order. It never changes once
 * made; subsets and splits are new data sets that share its tables, so a parent may be freed
 * before its children.
 */
#ifndef ASL_DATASET_H
#define ASL_DATASET_H

#include "asl/base.h"
#include "asl/image.h"

ASL_BEGIN_DECLS

/** A list of samples. It never changes, so any number of threads may use one at once. */
typedef struct asl_dataset asl_dataset;

/** How to open a data set. */
typedef struct asl_dataset_options {
    uint32_t struct_size; /**< Set by asl_dataset_options_init(). */
    int32_t per_class;    /**< Keep at most this many per class, drawn without replacement;
                               0 (default) keeps all. */
    uint64_t seed;        /**< Of the draw; default 0. */
    const asl_decode_options *decode; /**< Limits for every picture; NULL (default) = defaults. */
} asl_dataset_options;

/** Write the defaults into the first @p struct_size bytes of @p options; pass sizeof *options.
 * @since 1.0 */
ASL_API void asl_dataset_options_init(asl_dataset_options *options, size_t struct_size);

/** Open the data set that lies at @p path. It may be:
 * - a folder with one subfolder per class (as the ASL Alphabet archive unpacks; one wrapping
 *   folder around the class folders is looked through: the only one, or the one called like the
 *   folder itself). Classes are sorted by bytes. Files are sorted by bytes too, except that runs
 *   of digits count as numbers, so that A2.jpg comes before A10.jpg: capture order. Pictures end
 *   in .jpg, .jpeg or .png in any case. Hidden entries and other files are ignored.
 * - a folder that holds `data.csv`, or a CSV file itself (named .csv): columns `image_path,target`
 *   and optionally `group` (signer or recording, to 255 bytes), others ignored; RFC 4180; paths
 *   relative to the CSV file's folder (back-slashes read as slashes). An apostrophe before `=`,
 *   `+`, `-` or `@` is left out; it keeps spreadsheets from taking a field for a formula. Samples
 *   keep the order of the rows.
 *   `target` is a class name, or an index (also "3.0") into the file `classes.txt` beside the
 *   CSV, one name a line. Without that file the first row decides whether targets are names, then
 *   sorted by bytes, or indices into A..Z, del, nothing, space. Classes without a row are left
 *   out.
 * - a packed file, see asl_dataset_pack().
 *
 * Files that cannot be samples (no picture by content, unreadable, outside the folder, listed
 * twice) become issues and are skipped; see asl_dataset_get_issue(). Symbolic links are followed
 * inside the folder only. Pictures are decoded only when used.
 * @return ASL_OK; ASL_PARTIAL with a usable data set when something was skipped; ASL_ERR_ARG;
 *   ASL_ERR_TOO_NEW; ASL_ERR_NOMEM; ASL_ERR_NOT_FOUND; ASL_ERR_IO; ASL_ERR_SYSTEM;
 *   ASL_ERR_PATH neither a folder nor a file; ASL_ERR_CSV (offset is the row, the header being
 *   row 1); ASL_ERR_PACK, ASL_ERR_TRUNCATED, ASL_ERR_CHECKSUM (packed file); ASL_ERR_LIMIT;
 *   ASL_ERR_DATASET when no picture, only one class, or a class without pictures is left.
 * @since 1.0 */
ASL_API asl_status asl_dataset_open(asl_dataset **out, const char *path,
                                    const asl_dataset_options *options, asl_error *err);

/** Release; NULL is allowed. Its children live on. @since 1.0 */
ASL_API void asl_dataset_free(asl_dataset *dataset);

/** Number of samples; 0 for NULL. @since 1.0 */
ASL_API int64_t asl_dataset_count(const asl_dataset *dataset);
/** Number of classes; a split keeps all classes of its parent. 0 for NULL. @since 1.0 */
ASL_API int32_t asl_dataset_class_count(const asl_dataset *dataset);
/** Name of class @p class_index, 0..class_count-1, or NULL. Valid while the data set lives.
 * @since 1.0 */
ASL_API const char *asl_dataset_class_name(const asl_dataset *dataset, int32_t class_index);
/** Number of groups (signers or recordings); 0 when unknown. @since 1.0 */
ASL_API int32_t asl_dataset_group_count(const asl_dataset *dataset);
/** Name of group @p group_index, 0..group_count-1, or NULL. Valid while the data set lives.
 * @since 1.0 */
ASL_API const char *asl_dataset_group_name(const asl_dataset *dataset, int32_t group_index);

/** Number of sources: of a mix those that it was made of, otherwise 1; 0 for NULL. A split keeps
 * all sources of its parent. @since 1.0 */
ASL_API int32_t asl_dataset_source_count(const asl_dataset *dataset);
/** Name of source @p source_index, 0..source_count-1, or NULL: what asl_dataset_mix() was told, or
 * the last component of the path that the data set was opened from. Valid while the data set lives.
 * @since 1.0 */
ASL_API const char *asl_dataset_source_name(const asl_dataset *dataset, int32_t source_index);
/** Weight of source @p source_index, 0..source_count-1, as asl_dataset_mix() was told, otherwise 1;
 * 0 for a source that is not there. @since 1.0 */
ASL_API double asl_dataset_source_weight(const asl_dataset *dataset, int32_t source_index);

/** One sample. */
typedef struct asl_sample {
    uint32_t struct_size; /**< Set by the caller. */
    int32_t class_index;  /**< 0..class_count-1. */
    int32_t group_index;  /**< 0..group_count-1, or -1 when unknown. */
    int32_t source_index; /**< 0..source_count-1; always 0 when the data set is no mix. */
    const char *path;     /**< Relative to the data set, as recorded; in a mix the source's name
                               and '/' come before. Valid while it lives. */
} asl_sample;

/** Fill @p out for sample @p index, 0..count-1. @return ASL_OK; ASL_ERR_ARG. @since 1.0 */
ASL_API asl_status asl_dataset_get_sample(asl_sample *out, const asl_dataset *dataset,
                                          int64_t index, asl_error *err);

/** Decode sample @p index, 0..count-1, at its own size as RGB24; a packed one at the size it was
 * packed at.
 * @return ASL_OK; ASL_ERR_CHECKSUM for damaged pixels of a packed file; ASL_ERR_SYSTEM (too many
 *   open files); otherwise as asl_image_load(). @since 1.0 */
ASL_API asl_status asl_dataset_load_image(asl_image **out, const asl_dataset *dataset,
                                          int64_t index, asl_error *err);

/** Something that was skipped. */
typedef struct asl_issue {
    uint32_t struct_size; /**< Set by the caller. */
    int32_t code;         /**< The asl_status behind it. */
    const char *path;     /**< As in asl_sample. */
    const char *message;  /**< One line. */
} asl_issue;

/** Number of skipped files; the same for a data set and its children. @since 1.0 */
ASL_API int64_t asl_dataset_issue_count(const asl_dataset *dataset);
/** Fill @p out for issue @p index, 0..issue_count-1; its strings live as long as the data set.
 * @return ASL_OK; ASL_ERR_ARG. @since 1.0 */
ASL_API asl_status asl_dataset_get_issue(asl_issue *out, const asl_dataset *dataset, int64_t index,
                                         asl_error *err);

/** How to mix data sets. */
typedef struct asl_mix_options {
    uint32_t struct_size;      /**< Set by asl_mix_options_init(). */
    int32_t count;             /**< Number of data sets, 1..1024; there is no default. */
    const char *const *names;  /**< Name of each, 1..255 bytes of UTF-8 without '/', each once; NULL
                                    (default) = the names of their sources. */
    const double *weights;     /**< Weight of each, above 0 and at most 1e6; NULL (default) = 1. */
    const char *const *labels; /**< The classes wanted; NULL (default) = A..Z, del, nothing, space.
                                    A model's: see asl_model_label(). */
    int32_t label_count;       /**< Number of labels, 1..4096; 0 when labels is NULL. */
    int32_t reserved;          /**< 0. */
} asl_mix_options;

/** Write the defaults into the first @p struct_size bytes of @p options; pass sizeof *options.
 * @since 1.0 */
ASL_API void asl_mix_options_init(asl_mix_options *options, size_t struct_size);

/** Put several data sets together, or give a single one the classes of a model. The parts may be
 * freed afterwards. Pictures stay where they are, in their own folders and packed files.
 * - The classes are the labels that occur, in their order. The parts' classes are found among them
 *   by name, or else ignoring the case of A..Z, or else by another name for the same thing:
 * "delete" is del; "blank", "none" and "background" are nothing. A class that is none of them is
 * left out with an issue that names it and its source. A part need not have all classes.
 * - Samples follow each other part by part. Their groups are called "source", or "source/group"
 *   where the part has groups, so that a split by group keeps sources or signers apart. Other
 *   splits part every source by itself.
 * - A part that is a mix itself is taken apart: its sources become sources of this one, called
 *   "name/source", and share the part's weight as they did before.
 * - Issues of the parts come along, with the source's name before path and message.
 * @param datasets  options.count data sets.
 * @return ASL_OK; ASL_PARTIAL with a usable data set when something was skipped; ASL_ERR_ARG (also
 *   two sources of the same name); ASL_ERR_TOO_NEW; ASL_ERR_NOMEM; ASL_ERR_LIMIT for more than 1024
 *   sources; ASL_ERR_DATASET, naming it, when a source is left without pictures, and when only one
 *   class is left. @since 1.0 */
ASL_API asl_status asl_dataset_mix(asl_dataset **out, const asl_dataset *const *datasets,
                                   const asl_mix_options *options, asl_error *err);

/** Identity of the samples: a checksum over labels, recorded paths and, when packed, pixels
 * (otherwise file sizes), and over the weights of a mix. Independent of the machine and of where
 * the folder lies. @since 1.0 */
ASL_API uint64_t asl_dataset_fingerprint(const asl_dataset *dataset);

/** Ways to part a data set. */
enum {
    ASL_SPLIT_AUTO = 0,   /**< GROUP when there are at least two groups, else BLOCK. */
    ASL_SPLIT_RANDOM = 1, /**< Picture by picture. On film frames this leaks: neighbouring frames
                               land on both sides and the result flatters. */
    ASL_SPLIT_BLOCK = 2,  /**< Stretches of each class: by file name, runs of digits counting as
                               numbers (capture order), a class is cut into 20 equal pieces, of
                               which whole ones are drawn. Near-identical neighbours stay
                               together; the signer and the room are still the same. */
    ASL_SPLIT_GROUP = 3   /**< Whole groups (signers): the honest one. Pictures without a group
                               stay in training. */
};

/** How to part a data set. */
typedef struct asl_split_options {
    uint32_t struct_size; /**< Set by asl_split_options_init(). */
    int32_t kind;         /**< ASL_SPLIT_*; default AUTO. */
    double fraction;      /**< Share that goes to validation, 0 < fraction < 1; default 0.15. RANDOM
                               and BLOCK take it of each class, in a mix of each class of each
                               source; GROUP comes as near as it can. */
    uint64_t seed;        /**< Of every draw; default 0. */
} asl_split_options;

/** Write the defaults into the first @p struct_size bytes of @p options; pass sizeof *options.
 * @since 1.0 */
ASL_API void asl_split_options_init(asl_split_options *options, size_t struct_size);

/** Part a @p dataset in two; every sample lands on exactly one side.
 * @param train       Receives the samples to learn from.
 * @param validation  Receives those to measure on.
 * @param kind_used   Receives the kind that was applied, never AUTO; may be NULL.
 * @return ASL_OK; ASL_ERR_ARG; ASL_ERR_TOO_NEW; ASL_ERR_NOMEM; ASL_ERR_DATASET when a class has
 *   only one picture (RANDOM and BLOCK; in a mix it stays in training, and there must be some class
 *   of some source with two) or GROUP is asked for without two groups. @since 1.0 */
ASL_API asl_status asl_dataset_split(asl_dataset **train, asl_dataset **validation,
                                     int32_t *kind_used, const asl_dataset *dataset,
                                     const asl_split_options *options, asl_error *err);

/** Name of the split @p kind, "auto", "random", "block" or "group"; NULL for others. Static. Any
 * thread. @since 1.0 */
ASL_API const char *asl_split_name(int32_t kind);

/** Called now and then, on the thread that made the call, with the pictures that are @p done and
 * those in all; @p user is the options'. Return 0 to go on, anything else to stop. */
typedef int32_t (*asl_progress_fn)(int64_t done, int64_t total, void *user);

/** How to pack a data set. */
typedef struct asl_pack_options {
    uint32_t struct_size;     /**< Set by asl_pack_options_init(). */
    int32_t width, height;    /**< Pixels to store, 1..4096; default 224 x 224. */
    int32_t threads;          /**< Decoding threads; 0 (default) = one per core. */
    int32_t reuse;            /**< 1 (default): a file at the path that was made from the same
                                   sources at this size is opened instead of made again. */
    int32_t reserved;         /**< 0. */
    asl_progress_fn progress; /**< May be NULL. */
    void *user;               /**< Handed to progress. */
} asl_pack_options;

/** Write the defaults into the first @p struct_size bytes of @p options; pass sizeof *options.
 * @since 1.0 */
ASL_API void asl_pack_options_init(asl_pack_options *options, size_t struct_size);

/** Decode every picture once, scale it (asl_image_resize()), and write all into one file @p path
 * that later opens at once; then open that. Pictures that cannot be decoded become issues of the
 * result, beside those that @p dataset has already. The file is replaced whole, and only when
 * every class is left with a picture. Format: docs/pack-format.md.
 * @return ASL_OK; ASL_PARTIAL when something was skipped; ASL_STOPPED (no file, *out NULL) when
 *   progress said so; ASL_ERR_DATASET when a class would be left without pictures; otherwise as
 *   asl_dataset_open(). @since 1.0 */
ASL_API asl_status asl_dataset_pack(asl_dataset **out, const asl_dataset *dataset, const char *path,
                                    const asl_pack_options *options, asl_error *err);

ASL_END_DECLS
#endif /* ASL_DATASET_H */
