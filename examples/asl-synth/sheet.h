/* SPDX-License-Identifier: MIT */
/* The contact sheet: a few pictures of every class on one page. */
#ifndef ASL_SYNTH_SHEET_H
#define ASL_SYNTH_SHEET_H

#include <stdint.h>

#include "asl/image.h"

struct sheet;

/* A page for the first `per_class` pictures (at most a few) of every class. */
struct sheet *sheet_create(int per_class);
/* Put in picture `number` of a class; those beyond the first few are left out. Different pictures
 * may be put in by different threads. */
asl_status sheet_put(struct sheet *sheet, const asl_image_view *picture, int class_index,
                     int number, asl_error *err);
/* Write the page as PNG. Returns an exit code of cli.h. */
int sheet_write(const struct sheet *sheet, const char *path);
void sheet_free(struct sheet *sheet);

#endif
