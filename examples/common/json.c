/* SPDX-License-Identifier: MIT */
/* JSON results. See json.h. */
#include "common/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"

/* Nine digits give back the same float; fifteen give back what a person typed. The order is ours,
 * so that "schema" stays first. */
enum {
    LINE_STYLE = JSON_REAL_PRECISION(9) | JSON_PRESERVE_ORDER,
    FILE_STYLE = JSON_REAL_PRECISION(15) | JSON_PRESERVE_ORDER | JSON_INDENT(2)
};

static json_t *present(json_t *value)
{
    if (!value) {
        cli_error("out of memory");
        exit(CLI_FAILED);
    }
    return value;
}

json_t *json_document(void)
{
    json_t *document = present(json_object());
    json_put(document, "schema", json_integer(1));
    return document;
}

/* Length of the UTF-8 sequence at @p s, or 0 when it is none (RFC 3629). */
static size_t sequence_length(const unsigned char *s)
{
    size_t length = 0;
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xC2 && s[0] < 0xE0)
        length = 2;
    else if (s[0] >= 0xE0 && s[0] < 0xF0)
        length = 3;
    else if (s[0] >= 0xF0 && s[0] < 0xF5)
        length = 4;
    else
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    const int overlong = (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xF0 && s[1] < 0x90);
    const int surrogate = s[0] == 0xED && s[1] >= 0xA0;
    const int too_large = s[0] == 0xF4 && s[1] >= 0x90;
    return overlong || surrogate || too_large ? 0 : length;
}

json_t *json_text(const char *text)
{
    if (!text)
        return json_null();
    json_t *direct = json_string(text);
    if (direct)
        return direct;
    char *clean = cli_alloc(strlen(text) + 1, 3);
    char *out = clean;
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        const size_t length = sequence_length(s);
        memcpy(out, length ? (const char *)s : "\xEF\xBF\xBD", length ? length : 3);
        out += length ? length : 3;
        s += length ? length : 1;
    }
    json_t *value = present(json_string(clean));
    free(clean);
    return value;
}

json_t *json_number(double value)
{
    return isfinite(value) ? present(json_real(value)) : json_null();
}

void json_put(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, present(value)) != 0)
        present(NULL);
}

void json_add(json_t *array, json_t *value)
{
    if (json_array_append_new(array, present(value)) != 0)
        present(NULL);
}

static char *dump(json_t *document, size_t flags)
{
    char *text = json_dumps(document, flags);
    json_decref(document);
    if (!text)
        present(NULL);
    return text;
}

void json_print(json_t *document)
{
    char *text = dump(document, LINE_STYLE);
    puts(text);
    free(text);
}

char *json_file_text(json_t *document)
{
    char *body = dump(document, FILE_STYLE);
    char *text = cli_format("%s\n", body);
    free(body);
    return text;
}
