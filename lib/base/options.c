/* SPDX-License-Identifier: MIT */
/* Structs that carry their own size, so that old programs meet new libraries and the other way
 * round. The rule is that of Linux's openat2(): what one side does not know must be zero. */
#include "base/options.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"

/* No public struct comes near this; a larger size is memory that nobody initialised. */
enum { SIZE_LIMIT = 4096 };

static asl_status check_size(uint32_t *size, const void *structure, const char *what,
                             asl_error *err)
{
    if (structure == NULL)
        return asl__fail(err, ASL_ERR_ARG, "%s: expected a struct, not NULL", what);
    memcpy(size, structure, sizeof *size);
    if (*size < sizeof *size || *size > SIZE_LIMIT)
        return asl__fail(err, ASL_ERR_ARG,
                         "%s: struct_size is %u; set it to the size of the struct first", what,
                         (unsigned)*size);
    return ASL_OK;
}

static void set_size(void *structure, size_t size)
{
    const uint32_t value = (uint32_t)size;

    memcpy(structure, &value, sizeof value);
}

asl_status asl__options_read(void *dst, size_t dst_size, const void *src, const char *what,
                             asl_error *err)
{
    const unsigned char *bytes = src;
    asl_status status = ASL_OK;
    uint32_t size = 0;

    if (src == NULL)
        return ASL_OK;
    ASL__TRY(check_size(&size, src, what, err));
    for (size_t i = dst_size; i < size; i++) {
        if (bytes[i] != 0)
            return asl__fail(err, ASL_ERR_TOO_NEW,
                             "%s: byte %zu is set, but libasl %s knows only %zu; leave it zero or "
                             "use a newer library",
                             what, i, asl_version(), dst_size);
    }
    memcpy(dst, src, size < dst_size ? size : dst_size);
    set_size(dst, dst_size);
fail:
    return status;
}

asl_status asl__struct_write(void *dst, const void *src, size_t src_size, const char *what,
                             asl_error *err)
{
    asl_status status = ASL_OK;
    uint32_t size = 0;

    ASL__TRY(check_size(&size, dst, what, err));
    asl__options_init(dst, size, src, src_size);
fail:
    return status;
}

void asl__options_init(void *dst, size_t struct_size, const void *defaults, size_t defaults_size)
{
    const size_t known = struct_size < defaults_size ? struct_size : defaults_size;

    if (dst == NULL || struct_size < sizeof(uint32_t))
        return;
    memcpy(dst, defaults, known);
    memset((char *)dst + known, 0, struct_size - known);
    set_size(dst, struct_size);
}
