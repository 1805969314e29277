/* SPDX-License-Identifier: MIT */
/* Finding a class among others, however people spell it. */
#include "base/labels.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

const char *const asl__alphabet[ASL__ALPHABET_COUNT] = {
    "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L",   "M",       "N",    "O",
    "P", "Q", "R", "S", "T", "U", "V", "W", "X", "Y", "Z", "del", "nothing", "space"};

/* Other names for the classes that are no letters, in small letters. */
static const struct {
    const char *name, *same;
} aliases[] = {
    {"delete", "del"}, {"blank", "nothing"}, {"none", "nothing"}, {"background", "nothing"}};

static int small(int byte)
{
    return byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
}

/* Whether two names differ in the case of A..Z at most; the locale has no say. */
static bool is_same(const char *a, const char *b)
{
    while (*a != '\0' && small(*a) == small(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

/* The one name of what has several. */
static const char *resolve(const char *name)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
        if (is_same(name, aliases[i].name))
            return aliases[i].same;
    }
    return name;
}

int32_t asl__label_find(const char *name, const char *const *labels, int32_t label_count)
{
    for (int32_t i = 0; i < label_count; i++) {
        if (strcmp(labels[i], name) == 0)
            return i;
    }
    for (int32_t i = 0; i < label_count; i++) {
        if (is_same(labels[i], name))
            return i;
    }
    for (int32_t i = 0; i < label_count; i++) {
        if (is_same(resolve(labels[i]), resolve(name)))
            return i;
    }
    return -1;
}
