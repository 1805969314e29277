/* SPDX-License-Identifier: MIT */
/* The keys of an augmentation: their ranges, the three bases, and reading and writing them as JSON.
 * Only flat objects of numbers, pairs of numbers and the base are read, so this takes no memory and
 * does not follow the locale. */
#include <string.h>

#include "base/error.h"
#include "image/augment.h"

/* One key; its value has `count` numbers, a single one or the ends of a range. */
typedef struct key {
    size_t offset;
    const char *name;
    int32_t count;
    double least, most;
    double bases[6]; /* two numbers for each base, the second of a single one unused */
} key;

#define RANGE(name, least, most, ...)                                                              \
    {                                                                                              \
        offsetof(asl__augment_keys, name), #name, 2, least, most,                                  \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define ONE(name, least, most, none, light, strong)                                                \
    {                                                                                              \
        offsetof(asl__augment_keys, name), #name, 1, least, most,                                  \
        {                                                                                          \
            none, 0, light, 0, strong, 0                                                           \
        }                                                                                          \
    }
/* How strong something is that only its probability turns on is the same in all bases. */
#define SAME(name, least, most, low, high) RANGE(name, least, most, low, high, low, high, low, high)

/* In the order of the work. docs/augmentation.md gives the reasons. */
static const key all_keys[] = {
    ONE(rotation, 0, 180, 0, 6, 12),
    ONE(rotation_limit, 0, 180, 180, 10, 35),
    RANGE(scale, 0.25, 4, 1, 1, 1, 1, 0.6, 1.4),
    ONE(shift, 0, 0.5, 0, 0.08, 0.15),
    ONE(shear, 0, 45, 0, 0, 10),
    ONE(aspect, 1, 2, 1, 1, 1.18),
    ONE(perspective, 0, 0.4, 0, 0, 0.15),
    ONE(mirror, 0, 1, 0, 0, 0.5),
    ONE(border_reflect, 0, 1, 0, 0, 0.25),
    ONE(border_fill, 0, 1, 0, 0, 0.3),
    ONE(background, 0, 1, 0, 0, 0),
    ONE(texture, 0, 1, 0, 0, 0.15),
    SAME(texture_share, 0, 1, 0, 0.7),
    ONE(colour, 0, 1, 1, 1, 0.9),
    RANGE(brightness, 0.1, 4, 1, 1, 0.7, 1.3, 0.4, 1.6),
    RANGE(contrast, 0.1, 4, 1, 1, 0.7, 1.3, 0.5, 1.6),
    RANGE(saturation, 0, 3, 1, 1, 1, 1, 0.2, 1.8),
    ONE(hue, 0, 180, 0, 0, 20),
    RANGE(gain, 0.25, 4, 1, 1, 1, 1, 0.75, 1.25),
    RANGE(gamma, 0.2, 5, 1, 1, 1, 1, 0.45, 2.2),
    ONE(grey, 0, 1, 0, 0, 0.15),
    ONE(low_light, 0, 1, 0, 0, 0.15),
    SAME(low_light_gain, 0.01, 1, 0.1, 0.4),
    ONE(erase, 0, 1, 0, 0, 0.35),
    SAME(erase_area, 0, 0.5, 0.02, 0.12),
    ONE(blur, 0, 1, 0, 0, 0.2),
    SAME(blur_sigma, 0.1, 4, 0.3, 2),
    ONE(motion, 0, 1, 0, 0, 0.1),
    SAME(motion_length, 1, 16, 3, 9),
    ONE(noise, 0, 1, 0, 0, 0.2),
    SAME(noise_sigma, 0, 0.5, 0.01, 0.06),
    ONE(rescale, 0, 1, 0, 0, 0.25),
    SAME(rescale_factor, 1, 8, 1, 4),
    ONE(jpeg, 0, 1, 0, 0, 0.2),
    SAME(jpeg_quality, 1, 100, 25, 95),
    ONE(negative, 0, 1, 0, 0, 0),
    ONE(ramp, 0, 1000, 0, 0, 0),
};

enum { KEY_COUNT = sizeof all_keys / sizeof *all_keys };

static double *key_values(asl__augment_keys *keys, const key *which)
{
    return (double *)(void *)((char *)keys + which->offset);
}

static int32_t find_key(const char *name, size_t length)
{
    for (int32_t i = 0; i < KEY_COUNT; i++)
        if (strlen(all_keys[i].name) == length && memcmp(all_keys[i].name, name, length) == 0)
            return i;
    return -1;
}

/* --- bases ------------------------------------------------------------------------------- */

enum { BASE_NONE, BASE_LIGHT, BASE_STRONG, BASE_COUNT };
static const char *const base_names[BASE_COUNT] = {"none", "light", "strong"};

static int32_t find_base(const char *text, size_t length)
{
    for (int32_t i = 0; i < BASE_COUNT; i++)
        if (strlen(base_names[i]) == length && memcmp(base_names[i], text, length) == 0)
            return i;
    return -1;
}

static asl_status fail_base(const char *text, size_t length, asl_error *err)
{
    return asl__fail(err, ASL_ERR_ARG,
                     "augmentation: '%.*s' is none of none, light, strong, and no JSON object",
                     (int)(length < 40 ? length : 40), text);
}

/* Gives the keys that were not given the base's values. */
static void set_base(asl__augment_keys *keys, int32_t base, const bool given[KEY_COUNT])
{
    for (int32_t i = 0; i < KEY_COUNT; i++) {
        const key *k = &all_keys[i];
        if (!given[i])
            memcpy(key_values(keys, k), &k->bases[2 * base], (size_t)k->count * sizeof(double));
    }
}

asl__augment_keys asl__augment_keys_at(const asl__augment_keys *keys, int64_t epoch)
{
    asl__augment_keys out = *keys;
    const double share = ((double)epoch + 1) / (keys->ramp + 1);
    if (share >= 1)
        return out;
    for (int32_t i = 0; i < KEY_COUNT; i++) {
        double *values = key_values(&out, &all_keys[i]);
        const double *none = &all_keys[i].bases[2 * BASE_NONE];
        for (int32_t n = 0; n < all_keys[i].count; n++)
            values[n] = none[n] + share * (values[n] - none[n]);
    }
    return out;
}

/* --- reading ----------------------------------------------------------------------------- */

typedef struct reader {
    const char *text; /* ends with a NUL, which is no character of JSON */
    size_t at;
    asl_error *err;
} reader;

static asl_status fail_syntax(const reader *in, const char *expected)
{
    return asl__fail_at(in->err, ASL_ERR_ARG, (int64_t)in->at,
                        "augmentation: expected %s at byte %zu", expected, in->at);
}

static void skip_spaces(reader *in)
{
    in->at += strspn(in->text + in->at, " \t\r\n");
}

/* Takes it when it is there. */
static bool next_is(reader *in, char wanted)
{
    skip_spaces(in);
    if (in->text[in->at] != wanted)
        return false;
    in->at++;
    return true;
}

/* What lies between two quotes. No key and no base holds an escape, so there is none to read. */
static asl_status read_string(reader *in, const char **out, size_t *length, const char *expected)
{
    if (!next_is(in, '"'))
        return fail_syntax(in, expected);
    *out = in->text + in->at;
    const char *end = strchr(*out, '"');
    if (end == NULL)
        return fail_syntax(in, "a closing quote after this");
    *length = (size_t)(end - *out);
    in->at += *length + 1;
    return ASL_OK;
}

/* Rounded to what the normal spelling holds, so that it means exactly the same. */
static asl_status read_number(reader *in, const key *k, double *out)
{
    char normal[24];
    skip_spaces(in);
    const char *start = in->text + in->at;
    const size_t length = strspn(start, "+-.0123456789abcdefghijklmnopqrstuvwxyzE");
    if (!asl__parse_decimal(out, start, length))
        return asl__fail_at(in->err, ASL_ERR_ARG, (int64_t)in->at,
                            "augmentation: '%s' wants %s, written like -12.5", k->name,
                            k->count == 1 ? "a number" : "two numbers in brackets");
    asl__format_decimal(normal, *out);
    if (!asl__parse_decimal(out, normal, strlen(normal)) || *out < k->least || *out > k->most) {
        char least[24], most[24];
        asl__format_decimal(least, k->least);
        asl__format_decimal(most, k->most);
        return asl__fail_at(in->err, ASL_ERR_ARG, (int64_t)in->at,
                            "augmentation: '%s' is %s, not %s..%s", k->name, normal, least, most);
    }
    in->at += length;
    return ASL_OK;
}

static asl_status read_values(reader *in, const key *k, double *values)
{
    asl_status status = ASL_OK;
    const bool pair = next_is(in, '[');
    if (pair != (k->count == 2))
        return asl__fail_at(in->err, ASL_ERR_ARG, (int64_t)in->at, "augmentation: '%s' wants %s",
                            k->name, k->count == 1 ? "one number" : "a range like [0.5, 2]");
    ASL__TRY(read_number(in, k, &values[0]));
    if (!pair)
        return ASL_OK;
    if (!next_is(in, ','))
        return fail_syntax(in, "',' inside a range");
    ASL__TRY(read_number(in, k, &values[1]));
    if (!next_is(in, ']'))
        return fail_syntax(in, "']' after the two ends of a range");
    if (values[0] > values[1])
        return asl__fail_at(in->err, ASL_ERR_ARG, (int64_t)in->at,
                            "augmentation: the range of '%s' ends before it begins", k->name);
fail:
    return status;
}

static asl_status read_member(reader *in, asl__augment_keys *keys, int32_t *base,
                              bool given[KEY_COUNT])
{
    asl_status status = ASL_OK;
    const char *name = NULL, *value = NULL;
    size_t length = 0, value_length = 0;
    ASL__TRY(read_string(in, &name, &length, "a key in quotes"));
    if (!next_is(in, ':'))
        return fail_syntax(in, "':' after a key");
    const bool is_base = length == 4 && memcmp(name, "base", 4) == 0;
    int32_t found = is_base ? KEY_COUNT : find_key(name, length);
    if (found < 0)
        return asl__fail_at(in->err, ASL_ERR_ARG, (int64_t)in->at,
                            "augmentation: there is no key '%.*s'",
                            (int)(length < 40 ? length : 40), name);
    if (given[found])
        return asl__fail_at(in->err, ASL_ERR_ARG, (int64_t)in->at,
                            "augmentation: '%.*s' is there twice", (int)length, name);
    given[found] = true;
    if (!is_base)
        return read_values(in, &all_keys[found], key_values(keys, &all_keys[found]));
    ASL__TRY(read_string(in, &value, &value_length, "the name of the base in quotes"));
    *base = find_base(value, value_length);
    if (*base < 0)
        return fail_base(value, value_length, in->err);
fail:
    return status;
}

static asl_status read_object(reader *in, asl__augment_keys *keys)
{
    asl_status status = ASL_OK;
    bool given[KEY_COUNT + 1] = {false}; /* and the base */
    int32_t base = BASE_NONE;
    if (!next_is(in, '}')) {
        do
            ASL__TRY(read_member(in, keys, &base, given));
        while (next_is(in, ','));
        if (!next_is(in, '}'))
            return fail_syntax(in, "',' or '}'");
    }
    skip_spaces(in);
    if (in->text[in->at] != '\0')
        return fail_syntax(in, "nothing more");
    set_base(keys, base, given);
    if (keys->border_reflect + keys->border_fill > 1)
        return asl__fail(in->err, ASL_ERR_ARG,
                         "augmentation: 'border_reflect' and 'border_fill' are more than 1 "
                         "together");
fail:
    return status;
}

asl_status asl__augment_keys_read(asl__augment_keys *out, const char *text, asl_error *err)
{
    static const bool nothing_given[KEY_COUNT] = {false};
    reader in = {text, 0, err};
    if (next_is(&in, '{'))
        return read_object(&in, out);
    const int32_t base = find_base(text, strlen(text));
    if (base < 0)
        return fail_base(text, strlen(text), err);
    set_base(out, base, nothing_given);
    return ASL_OK;
}

/* --- writing ----------------------------------------------------------------------------- */

void asl__augment_keys_write(asl__buffer *out, const asl__augment_keys *keys)
{
    for (int32_t i = 0; i < KEY_COUNT; i++) {
        const key *k = &all_keys[i];
        const double *values = (const double *)(const void *)((const char *)keys + k->offset);
        char first[24], second[24];
        asl__format_decimal(first, values[0]);
        asl__buffer_format(out, "%s\"%s\":", i == 0 ? "{" : ",", k->name);
        if (k->count == 1) {
            asl__buffer_format(out, "%s", first);
            continue;
        }
        asl__format_decimal(second, values[1]);
        asl__buffer_format(out, "[%s,%s]", first, second);
    }
    asl__buffer_append(out, "}", 1);
}
