/* SPDX-License-Identifier: MIT */
/* Names of classes, which models, data sets and spellers find by the same rule. */
#ifndef ASL_BASE_LABELS_H
#define ASL_BASE_LABELS_H

#include <stdint.h>

/* The classes of the ASL Alphabet: A..Z, del, nothing, space. */
enum { ASL__ALPHABET_COUNT = 29 };
extern const char *const asl__alphabet[ASL__ALPHABET_COUNT];

/* The index of a class name in `labels`: of the same name, or else of the first that differs in
 * the case of A..Z alone, or else of one that means the same, as "delete" and "del"; or -1. */
int32_t asl__label_find(const char *name, const char *const *labels, int32_t label_count);

#endif
