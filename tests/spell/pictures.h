/* SPDX-License-Identifier: MIT */
/* The simulated signer before a real network: pictures of hands strung into a film, held with small
 * movements, noise and drifting light, and faded into each other on the way from letter to letter.
 * Crude where the hand moves, but the errors of the holds are the network's own. */
#ifndef TESTS_SPELL_PICTURES_H
#define TESTS_SPELL_PICTURES_H

#include <stdbool.h>

#include "asl/image.h"
#include "spell/signer.h"

typedef struct pictures pictures;

/* A model whose classes are signer_labels in any order, and a folder with some pictures of each in
 * a folder of its own. Says what is wrong. */
bool pictures_open(pictures **out, const char *model, const char *folder);
void pictures_free(pictures *p);

/* Begin a film; the same seed makes the same one. */
void pictures_begin(pictures *p, uint64_t seed);
/* What the camera sees at a frame of the signer's; its scores take the place of the simulated
 * ones. Valid until the next. */
asl_image_view pictures_show(pictures *p, signer_frame *frame);

#endif
