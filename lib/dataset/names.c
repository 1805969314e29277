/* SPDX-License-Identifier: MIT */
/* Listing folders in an order that depends on the names alone: neither on the file system nor on
 * the locale. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/system.h"
#include "base/text.h"
#include "dataset/folder.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t count_digits(const char *text)
{
    size_t count = 0;

    while (is_digit(text[count]))
        count++;
    return count;
}

/* Compares the runs of digits that *a and *b begin with, and moves both behind them. */
static int compare_numbers(const char **a, const char **b)
{
    size_t digits_a = 0, digits_b = 0;
    int order = 0;

    while (**a == '0')
        ++*a;
    while (**b == '0')
        ++*b;
    digits_a = count_digits(*a);
    digits_b = count_digits(*b);
    order = digits_a != digits_b ? (digits_a < digits_b ? -1 : 1) : memcmp(*a, *b, digits_a);
    *a += digits_a;
    *b += digits_b;
    return order;
}

int asl__natural_compare(const char *a, const char *b)
{
    const char *x = a, *y = b;

    while (*x != '\0' && *y != '\0') {
        if (is_digit(*x) && is_digit(*y)) {
            const int order = compare_numbers(&x, &y);

            if (order != 0)
                return order;
        } else if (*x != *y) {
            break;
        } else {
            x++;
            y++;
        }
    }
    return *x == *y ? strcmp(a, b) : (unsigned char)*x < (unsigned char)*y ? -1 : 1;
}

/* strcasecmp() would follow the locale. */
bool asl__has_ending(const char *name, const char *ending)
{
    const size_t length = strlen(name), tail = strlen(ending);

    if (length < tail)
        return false;
    for (size_t i = 0; i < tail; i++) {
        const char c = name[length - tail + i];

        if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != ending[i])
            return false;
    }
    return true;
}

static int compare_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_natural(const void *a, const void *b)
{
    return asl__natural_compare(*(const char *const *)a, *(const char *const *)b);
}

/* Appends every name, each with its NUL. */
static asl_status read_names(asl__buffer *text, int64_t *count, DIR *dir, const char *path,
                             asl_error *err)
{
    const struct dirent *entry = NULL;

    for (;;) {
        errno = 0;
        entry = asl__sys->readdir(dir);
        if (entry == NULL)
            break;
        if (entry->d_name[0] == '.')
            continue;
        asl__buffer_append(text, entry->d_name, strlen(entry->d_name) + 1);
        ++*count;
    }
    if (errno != 0)
        return asl__fail_errno(err, ASL_ERR_IO, errno, "cannot read the folder '%s'", path);
    return text->failed ? asl__fail_memory(err, "file names") : ASL_OK;
}

asl_status asl__folder_list(asl__names *out, const asl__folder *folder, const char *path,
                            bool natural, asl_error *err)
{
    asl_status status = ASL_OK;
    asl__buffer text = {0};
    const char *name = NULL;
    DIR *dir = NULL;

    *out = (asl__names){0};
    ASL__TRY(asl__folder_open_dir(&dir, folder, path, err));
    ASL__TRY(read_names(&text, &out->count, dir, path, err));
    out->text = text.data;
    out->items = asl__alloc_array((size_t)out->count, sizeof *out->items);
    text = (asl__buffer){0};
    if (out->items == NULL) {
        status = asl__fail_memory(err, "file names");
        goto fail;
    }
    name = out->text;
    for (int64_t i = 0; i < out->count; i++, name += strlen(name) + 1)
        out->items[i] = name;
    qsort(out->items, (size_t)out->count, sizeof *out->items,
          natural ? compare_natural : compare_bytes);
    asl__sys->closedir(dir);
    return ASL_OK;
fail:
    if (dir != NULL)
        asl__sys->closedir(dir);
    asl__buffer_free(&text);
    asl__names_free(out);
    return status;
}

void asl__names_free(asl__names *names)
{
    asl__free(names->items);
    asl__free(names->text);
    *names = (asl__names){0};
}
