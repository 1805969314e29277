/* SPDX-License-Identifier: MIT */
/* Everything found at a path: samples, classes, groups and what was skipped. Built by one of the
 * three readers or mixed of other sources, immutable from then on, and shared by reference count
 * between a data set, its children and mixes of it. */
#ifndef ASL_DATASET_SOURCE_H
#define ASL_DATASET_SOURCE_H

#include <stdatomic.h>

#include "asl/image.h"
#include "base/file.h"
#include "dataset/dataset.h"
#include "dataset/folder.h"

#define ASL__MAX_CLASSES    4096
#define ASL__MAX_CLASS_NAME 63  /* bytes; as labels of models */
#define ASL__MAX_GROUP_NAME 255 /* bytes in a list; mixes put names in front */

typedef struct asl__sample {
    const char *path; /* relative to the folder, '/' separated */
    int32_t label;    /* class index */
    int32_t group;    /* group index or -1 */
    int64_t bytes;    /* file size; 0 when packed */
    int64_t modified; /* file modification time in ns; 0 when packed */
    uint32_t crc;     /* CRC-32 of the packed pixels; 0 otherwise */
    int32_t part;     /* in a mix: index of the part it comes from; 0 otherwise */
    int64_t place;    /* in a mix: index among the part's samples; 0 otherwise */
} asl__sample;

/* One of the sources that a mix was made of; never a mix itself. */
typedef struct asl__part {
    asl__source *source;
    const char *name;
    double weight;
} asl__part;

typedef struct asl__issue {
    const char *path;
    const char *message;
    asl_status code;
} asl__issue;

struct asl__source {
    atomic_int references;
    const char *name;   /* last component of the path; NULL for a mix */
    asl__folder folder; /* what sample paths are relative to; none when packed or a mix */
    asl__sample *samples;
    int64_t sample_count, sample_capacity;
    const char **classes;
    int32_t class_count;
    const char **groups;
    int32_t group_count;
    asl__issue *issues;
    int64_t issue_count, issue_capacity;
    asl_decode_options decode;
    struct asl__text_block *texts; /* where the strings above live, unless in the pack */

    asl__part *parts; /* of a mix, which has the pixels of its samples; NULL otherwise */
    int32_t part_count;

    asl__map pack;          /* data NULL unless packed */
    const uint8_t *pixels;  /* packed: uint8[sample_count][height][width][3], R,G,B */
    int32_t width, height;  /* packed only, else 0 */
    atomic_uchar *verified; /* packed: per sample, 1 once its pixels matched their checksum */
};

asl_status asl__source_create(asl__source **out, const asl_decode_options *decode, asl_error *err);
asl__source *asl__source_retain(asl__source *source);
void asl__source_release(asl__source *source);

/* A copy that lives as long as the source; NULL when memory is short. */
char *asl__source_text(asl__source *source, const char *text);
/* The same of "folder/name". */
char *asl__source_join(asl__source *source, const char *folder, const char *name);

/* Takes the source's name from the path it was opened from. ASL_ERR_NOMEM. */
asl_status asl__source_set_name(asl__source *source, const char *path, asl_error *err);

/* Appends. Strings of the sample must already live as long as the source; those of an issue are
 * copied, with '?' for what is not plain UTF-8 in its path. */
asl_status asl__source_add_sample(asl__source *source, const asl__sample *sample, asl_error *err);
asl_status asl__source_add_issue(asl__source *source, const char *path, const asl_error *why,
                                 asl_error *err);

/* Opens the file of a candidate and looks at its first bytes: a picture becomes a sample, anything
 * else an issue. `path` must live as long as the source. */
asl_status asl__source_probe(asl__source *source, const char *path, int32_t label, int32_t group,
                             asl_error *err);

/* Whether a failure is about one picture, and not about memory, the system or the call. */
bool asl__is_issue(asl_status status);

/* 1..63 bytes of UTF-8 without control characters and ','. */
bool asl__is_class_name(const char *name);

/* ASL_ERR_DATASET unless there are at least two classes and each has samples. `path` names the
 * source in messages. */
asl_status asl__source_check(const asl__source *source, const char *path, asl_error *err);

/* The readers. Each fills an empty source. */
asl_status asl__source_from_folder(asl__source *source, const char *path, asl_error *err);
asl_status asl__source_from_csv(asl__source *source, const char *path, asl_error *err);
asl_status asl__source_from_pack(asl__source *source, const char *path, asl_error *err);

/* Reads a manifest whose bytes are in memory (changed by it; data[size] is 0), with its pictures
 * and classes.txt in source->folder. */
asl_status asl__source_from_manifest(asl__source *source, char *data, size_t size, const char *path,
                                     asl_error *err);

#endif
