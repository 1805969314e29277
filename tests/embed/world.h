/* SPDX-License-Identifier: MIT */
/* What the embedded library is given to do: pictures of two letters and of no hand, a network that
 * learns them in no time, and all that a tool does with both, as one call. */
#ifndef TESTS_EMBED_WORLD_H
#define TESTS_EMBED_WORLD_H

#include "asl/asl.h"

/* "A", "B", "nothing". */
enum { WORLD_CLASSES = 3, WORLD_WIDTH = 40, WORLD_HEIGHT = 30 };
enum { WORLD_FRAME = WORLD_WIDTH * WORLD_HEIGHT * 3 };

/* Frame `number` of a camera that sees this class, RGB. */
asl_image_view world_draw(uint8_t pixels[WORLD_FRAME], int32_t label, uint64_t number);

/* Writes PNG and JPEG pictures to the folder `pictures`, if it is not there yet. */
void world_make_pictures(void);
/* A network for them, not trained yet, and one that is. */
asl_model *world_new_model(void);
asl_model *world_trained_model(void);

/* What all the work came to. The same work gives the same bits. */
typedef struct world_result {
    uint64_t model;  /* of the bytes of the trained model's file */
    uint64_t scores; /* of its scores on some frames */
    uint64_t packed; /* the packed data set's fingerprint */
    int64_t correct; /* of the evaluation */
    char text[32];   /* as spelled: "ABA" */
} world_result;

/* Opens the pictures, packs, mixes, splits, trains with a checkpoint and resumes it, calibrates,
 * saves, loads, classifies, evaluates, spells and looks for a hand, all with this many threads and
 * in the current folder. Returns the first failure. */
asl_status world_work(world_result *out, int32_t threads, asl_error *err);
/* The same, which must succeed. */
world_result world_work_well(int32_t threads);
void world_require_equal(const world_result *a, const world_result *b, const char *what);

uint64_t world_hash(uint64_t hash, const void *data, size_t size);
#define WORLD_HASH UINT64_C(0xcbf29ce484222325)

#endif
