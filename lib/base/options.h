/* SPDX-License-Identifier: MIT */
/* Reading and writing the public structs that carry their own size. */
#ifndef ASL_BASE_OPTIONS_H
#define ASL_BASE_OPTIONS_H

#include "asl/base.h"

/* Overlays the caller's options on `dst`, which already holds the defaults and is `dst_size` bytes.
 * src NULL leaves the defaults. A longer struct is accepted when its unknown tail is all zero.
 * Returns ASL_OK, ASL_ERR_ARG (struct_size below 4) or ASL_ERR_TOO_NEW. `what` names the struct. */
asl_status asl__options_read(void *dst, size_t dst_size, const void *src, const char *what,
                             asl_error *err);

/* Writes a filled struct of the library into the caller's, which may be shorter or longer, keeping
 * the caller's struct_size. Returns ASL_OK or ASL_ERR_ARG (NULL or struct_size below 4). */
asl_status asl__struct_write(void *dst, const void *src, size_t src_size, const char *what,
                             asl_error *err);

/* Body of every *_options_init(): copies the first struct_size bytes of `defaults` and sets the
 * leading struct_size field. */
void asl__options_init(void *dst, size_t struct_size, const void *defaults, size_t defaults_size);

#endif
