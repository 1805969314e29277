/* SPDX-License-Identifier: MIT */
/* JSON that a model file's header may and may not be (docs/model-format.md, rules 2 and 3): every
 * case stands in a small valid file whose checksum is right. */
#include "hostile/meter.h"
#include "support/support.h"
#include "unit/model/defects.h"

#include <stdlib.h>

#include "asl/model.h"

#define BAD   ASL_ERR_MODEL
#define LIMIT ASL_ERR_LIMIT

/* Where a text is put. */
enum {
    STRING, /* in quotes, as a value of the metadata */
    KEY,    /* in quotes, as a key of the metadata */
    VALUE,  /* as it is, as a value of the metadata */
    ZERO,   /* for the 0 at which the first tensor begins */
    TWO,    /* for the 2 that is the first tensor's shape */
    SPACE,  /* between all tokens of the first tensor */
    FRONT,  /* before the header */
    BEHIND, /* behind it */
    INSIDE, /* behind its first brace */
    WHOLE   /* instead of it */
};

typedef struct json_case {
    const char *name;
    int place;
    const char *text;
    size_t size; /* 0: strlen(text) */
    asl_status expected;
} json_case;

/* A text with a NUL in it. */
#define WITH_NUL(text) text, sizeof text - 1

static const json_case cases[] = {
    /* Strings. */
    {"a string", STRING, "abc", 0, ASL_OK},
    {"nothing in a string", STRING, "", 0, ASL_OK},
    {"an escaped quote", STRING, "\\\"", 0, ASL_OK},
    {"an escaped back-slash", STRING, "\\\\", 0, ASL_OK},
    {"an escaped slash", STRING, "\\/", 0, ASL_OK},
    {"brackets in a string", STRING, "}]{[,:", 0, ASL_OK},
    {"a hundred braces in a string", STRING, "{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{",
     0, ASL_OK},
    {"a quote and a brace in a string", STRING, "\\\"{{{{{{\\\"", 0, ASL_OK},
    {"a minus in a string", STRING, "-0", 0, ASL_OK},
    {"an escaped letter", STRING, "\\u0041", 0, ASL_OK},
    {"an escaped letter in lower and upper case", STRING, "\\u00e9\\u00E9", 0, ASL_OK},
    {"an escaped pair", STRING, "\\ud83d\\udc4b", 0, ASL_OK},
    {"an escaped pair in capitals", STRING, "\\uD83D\\uDC4B", 0, ASL_OK},
    {"the last escaped pair", STRING, "\\udbff\\udfff", 0, ASL_OK},
    {"an escaped byte order mark", STRING, "\\ufeff", 0, ASL_OK},
    {"an escaped U+FFFF", STRING, "\\uffff", 0, ASL_OK},
    {"two bytes of UTF-8", STRING, "\xc3\xa9", 0, ASL_OK},
    {"three bytes of UTF-8", STRING, "\xe2\x82\xac", 0, ASL_OK},
    {"four bytes of UTF-8", STRING, "\xf0\x9f\x91\x8b", 0, ASL_OK},
    {"U+10FFFF", STRING, "\xf4\x8f\xbf\xbf", 0, ASL_OK},
    {"U+D7FF", STRING, "\xed\x9f\xbf", 0, ASL_OK},
    {"U+E000", STRING, "\xee\x80\x80", 0, ASL_OK},
    {"U+FFFF", STRING, "\xef\xbf\xbf", 0, ASL_OK},
    {"a no-break space", STRING, "\xc2\xa0", 0, ASL_OK},
    {"a quote inside a string", STRING, "a\"b", 0, BAD},
    {"an unclosed string", STRING, "abc\\", 0, BAD},
    {"an escape of nothing", STRING, "\\ ", 0, BAD},
    {"an escaped apostrophe", STRING, "\\'", 0, BAD},
    {"an escaped zero", STRING, "\\0", 0, BAD},
    {"an escaped bell", STRING, "\\a", 0, BAD},
    {"an escaped x41", STRING, "\\x41", 0, BAD},
    {"an escaped U0041", STRING, "\\U0041", 0, BAD},
    {"an escape of no digit", STRING, "\\u", 0, BAD},
    {"an escape of one digit", STRING, "\\u4", 0, BAD},
    {"an escape of two digits", STRING, "\\u41", 0, BAD},
    {"an escape of three digits", STRING, "\\u041", 0, BAD},
    {"an escape of a letter that is no digit", STRING, "\\u004g", 0, BAD},
    {"an escape with a sign", STRING, "\\u-041", 0, BAD},
    {"an escape with a space", STRING, "\\u 041", 0, BAD},
    {"an escape with 0x", STRING, "\\u0x41", 0, BAD},
    {"an escape in braces", STRING, "\\u{41}", 0, BAD},
    {"an escaped NUL", STRING, "\\u0000", 0, BAD},
    {"an escaped NUL behind text", STRING, "abc\\u0000def", 0, BAD},
    {"an escaped line feed", STRING, "\\n", 0, BAD},
    {"an escaped carriage return", STRING, "\\r", 0, BAD},
    {"an escaped tab", STRING, "\\t", 0, BAD},
    {"an escaped backspace", STRING, "\\b", 0, BAD},
    {"an escaped form feed", STRING, "\\f", 0, BAD},
    {"an escaped U+0001", STRING, "\\u0001", 0, BAD},
    {"an escaped escape", STRING, "\\u001b[2J", 0, BAD},
    {"an escaped U+001F", STRING, "\\u001f", 0, BAD},
    {"an escaped U+007F", STRING, "\\u007f", 0, BAD},
    {"an escaped U+0080", STRING, "\\u0080", 0, BAD},
    {"an escaped U+009B", STRING, "\\u009b2J", 0, BAD},
    {"an escaped U+009F", STRING, "\\u009f", 0, BAD},
    {"an escaped U+00A0", STRING, "\\u00a0", 0, ASL_OK},
    {"a lone high surrogate", STRING, "\\ud800", 0, BAD},
    {"a lone high surrogate before a letter", STRING, "\\ud800A", 0, BAD},
    {"a lone high surrogate before an escape", STRING, "\\ud800\\u0041", 0, BAD},
    {"a lone high surrogate before a line feed", STRING, "\\ud800\\n", 0, BAD},
    {"two high surrogates", STRING, "\\ud800\\ud800", 0, BAD},
    {"a lone low surrogate", STRING, "\\udc00", 0, BAD},
    {"the last low surrogate", STRING, "\\udfff", 0, BAD},
    {"a pair the wrong way round", STRING, "\\udc00\\ud800", 0, BAD},
    {"a pair cut short", STRING, "\\ud83d\\udc4", 0, BAD},
    {"a pair of an escape and bytes", STRING, "\\ud83d\xed\xb1\x8b", 0, BAD},
    {"a surrogate in UTF-8", STRING, "\xed\xa0\x80", 0, BAD},
    {"a pair of surrogates in UTF-8", STRING, "\xed\xa0\xbd\xed\xb1\x8b", 0, BAD},
    {"a byte that continues nothing", STRING, "\x80", 0, BAD},
    {"a second byte that continues nothing", STRING, "\xc3\xa9\xa9", 0, BAD},
    {"two bytes that say NUL", STRING, "\xc0\x80", 0, BAD},
    {"two bytes that say a slash", STRING, "\xc0\xaf", 0, BAD},
    {"two bytes that say U+007F", STRING, "\xc1\xbf", 0, BAD},
    {"three bytes that say a slash", STRING, "\xe0\x80\xaf", 0, BAD},
    {"three bytes that say U+07FF", STRING, "\xe0\x9f\xbf", 0, BAD},
    {"four bytes that say a slash", STRING, "\xf0\x80\x80\xaf", 0, BAD},
    {"four bytes that say U+FFFF", STRING, "\xf0\x8f\xbf\xbf", 0, BAD},
    {"U+110000", STRING, "\xf4\x90\x80\x80", 0, BAD},
    {"U+140000", STRING, "\xf5\x80\x80\x80", 0, BAD},
    {"five bytes of UTF-8", STRING, "\xf8\x88\x80\x80\x80", 0, BAD},
    {"six bytes of UTF-8", STRING, "\xfc\x84\x80\x80\x80\x80", 0, BAD},
    {"the byte FE", STRING, "\xfe", 0, BAD},
    {"the byte FF", STRING, "\xff", 0, BAD},
    {"one of two bytes", STRING, "\xc3", 0, BAD},
    {"two of three bytes", STRING, "\xe2\x82", 0, BAD},
    {"three of four bytes", STRING, "\xf0\x9f\x91", 0, BAD},
    {"Latin-1", STRING, "caf\xe9", 0, BAD},
    {"a NUL", STRING, WITH_NUL("a\0b"), BAD},
    {"a tab", STRING, "a\tb", 0, BAD},
    {"a line feed", STRING, "a\nb", 0, BAD},
    {"a carriage return", STRING, "a\rb", 0, BAD},
    {"an escape character", STRING, "\x1b[2J", 0, BAD},
    {"a delete character", STRING, "\x7f", 0, BAD},
    {"a control sequence introducer", STRING, "\xc2\x9b", 0, BAD},
    {"a next line", STRING, "\xc2\x85", 0, BAD},
    /* Keys. */
    {"a key", KEY, "note", 0, ASL_OK},
    {"a key that some parsers trip over", KEY, "__proto__", 0, ASL_OK},
    {"a key with an escape", KEY, "not\\u0065", 0, ASL_OK},
    {"an empty key", KEY, "", 0, BAD},
    {"a key with a space", KEY, "a b", 0, BAD},
    {"a key with a quote", KEY, "a\\\"b", 0, BAD},
    {"a key with an accent", KEY, "\xc3\xa9", 0, BAD},
    {"a key with an escaped NUL", KEY, "asl.kind\\u0000", 0, BAD},
    {"a key with a NUL", KEY, WITH_NUL("a\0b"), BAD},
    {"a key with a lone surrogate", KEY, "a\\udead", 0, BAD},
    {"a key that is there", KEY, "asl.kind", 0, BAD},
    {"a key that is there, escaped", KEY, "asl.kin\\u0064", 0, BAD},
    {"a key that is there, escaped whole", KEY,
     "\\u0061\\u0073\\u006c\\u002e\\u006b\\u0069\\u006e\\u0064", 0, BAD},
    /* Values of the metadata. */
    {"a value that is a number", VALUE, "1", 0, BAD},
    {"a value that is true", VALUE, "true", 0, BAD},
    {"a value that is false", VALUE, "false", 0, BAD},
    {"a value that is null", VALUE, "null", 0, BAD},
    {"a value that is a list", VALUE, "[]", 0, BAD},
    {"a value that is an object", VALUE, "{}", 0, BAD},
    {"a value that is undefined", VALUE, "undefined", 0, BAD},
    {"a value in apostrophes", VALUE, "'x'", 0, BAD},
    {"a value in grave accents", VALUE, "`x`", 0, BAD},
    {"no value", VALUE, "", 0, BAD},
    {"two values", VALUE, "\"a\" \"b\"", 0, BAD},
    {"an empty value and a comma", VALUE, "\"\",", 0, BAD},
    {"a value and a comment", VALUE, "\"\" /* x */", 0, BAD},
    {"strings to be joined", VALUE, "\"a\"+\"b\"", 0, BAD},
    {"a value in capitals", VALUE, "TRUE", 0, BAD},
    {"a value cut short", VALUE, "tru", 0, BAD},
    {"a value with a letter more", VALUE, "truex", 0, BAD},
    /* Numbers. */
    {"0", ZERO, "0", 0, ASL_OK},
    {"-0", ZERO, "-0", 0, BAD},
    {"+0", ZERO, "+0", 0, BAD},
    {"00", ZERO, "00", 0, BAD},
    {"0.0", ZERO, "0.0", 0, BAD},
    {"-0.0", ZERO, "-0.0", 0, BAD},
    {"0e0", ZERO, "0e0", 0, BAD},
    {"0E+0", ZERO, "0E+0", 0, BAD},
    {"1e-400", ZERO, "1e-400", 0, BAD},
    {"0x0", ZERO, "0x0", 0, BAD},
    {"0b0", ZERO, "0b0", 0, BAD},
    {".0", ZERO, ".0", 0, BAD},
    {"0.", ZERO, "0.", 0, BAD},
    {"a minus", ZERO, "-", 0, BAD},
    {"no number", ZERO, "", 0, BAD},
    {"null for a number", ZERO, "null", 0, BAD},
    {"false for a number", ZERO, "false", 0, BAD},
    {"a string for a number", ZERO, "\"0\"", 0, BAD},
    {"a list for a number", ZERO, "[]", 0, BAD},
    {"an object for a number", ZERO, "{}", 0, BAD},
    {"NaN", ZERO, "NaN", 0, BAD},
    {"Infinity", ZERO, "Infinity", 0, BAD},
    {"-Infinity", ZERO, "-Infinity", 0, BAD},
    {"1e5", ZERO, "1e5", 0, BAD},
    {"1e999", ZERO, "1e999", 0, BAD},
    {"2^63 - 1", ZERO, "9223372036854775807", 0, BAD},
    {"2^63", ZERO, "9223372036854775808", 0, BAD},
    {"2^64", ZERO, "18446744073709551616", 0, BAD},
    {"-2^63", ZERO, "-9223372036854775808", 0, BAD},
    {"20 digits", ZERO, "10000000000000000000", 0, BAD},
    {"40 digits", ZERO, "1000000000000000000000000000000000000000", 0, BAD},
    {"two zeros", ZERO, "0 0", 0, BAD},
    {"an Arabic zero", ZERO, "\xd9\xa0", 0, BAD},
    {"a wide zero", ZERO, "\xef\xbc\x90", 0, BAD},
    {"2", TWO, "2", 0, ASL_OK},
    {"02", TWO, "02", 0, BAD},
    {"2.0", TWO, "2.0", 0, BAD},
    {"2e0", TWO, "2e0", 0, BAD},
    {"20e-1", TWO, "20e-1", 0, BAD},
    {"+2", TWO, "+2", 0, BAD},
    {"-2", TWO, "-2", 0, BAD},
    {"--2", TWO, "--2", 0, BAD},
    {"2_", TWO, "2_", 0, BAD},
    {"2L", TWO, "2L", 0, BAD},
    {"0x2", TWO, "0x2", 0, BAD},
    {"2^32 + 2", TWO, "4294967298", 0, BAD},
    {"2^63 + 2", TWO, "9223372036854775810", 0, BAD},
    {"2^64 + 2", TWO, "18446744073709551618", 0, BAD},
    {"2^128 + 2", TWO, "340282366920938463463374607431768211458", 0, BAD},
    {"2 and a comma", TWO, "2,", 0, BAD},
    {"a comma and 2", TWO, ",2", 0, BAD},
    {"1 1", TWO, "1 1", 0, BAD},
    /* Between tokens. */
    {"a space", SPACE, " ", 0, ASL_OK},
    {"many spaces", SPACE, "                                                ", 0, ASL_OK},
    {"a tab between", SPACE, "\t", 0, BAD},
    {"a line feed between", SPACE, "\n", 0, BAD},
    {"a carriage return between", SPACE, "\r\n", 0, BAD},
    {"a vertical tab between", SPACE, "\v", 0, BAD},
    {"a form feed between", SPACE, "\f", 0, BAD},
    {"a NUL between", SPACE, WITH_NUL("\0"), BAD},
    {"a no-break space between", SPACE, "\xc2\xa0", 0, BAD},
    {"a wide space between", SPACE, "\xe3\x80\x80", 0, BAD},
    {"a line separator between", SPACE, "\xe2\x80\xa8", 0, BAD},
    {"a zero-width space between", SPACE, "\xe2\x80\x8b", 0, BAD},
    {"a byte order mark between", SPACE, "\xef\xbb\xbf", 0, BAD},
    {"a comment between", SPACE, "/**/", 0, BAD},
    {"a comment to the end of the line", SPACE, "//", 0, BAD},
    {"a comment of a shell", SPACE, "#", 0, BAD},
    {"a semicolon between", SPACE, ";", 0, BAD},
    {"a comma between", SPACE, ",", 0, BAD},
    /* Around. */
    {"a byte order mark", FRONT, "\xef\xbb\xbf", 0, BAD},
    {"UTF-16", FRONT, "\xff\xfe", 0, BAD},
    {"a space in front", FRONT, " ", 0, BAD},
    {"a comment in front", FRONT, "/**/", 0, BAD},
    {"an array around it", FRONT, "[", 0, BAD},
    {"another object in front", FRONT, "{}", 0, BAD},
    {"another brace in front", FRONT, "{", 0, BAD},
    {"spaces behind", BEHIND, "      ", 0, ASL_OK},
    {"a line feed behind", BEHIND, "\n", 0, BAD},
    {"a NUL behind", BEHIND, WITH_NUL("\0"), BAD},
    {"another brace behind", BEHIND, "}", 0, BAD},
    {"another object behind", BEHIND, "{}", 0, BAD},
    {"a comma behind", BEHIND, ",", 0, BAD},
    {"a comment behind", BEHIND, " // x", 0, BAD},
    {"a comment that ends like an object", BEHIND, " // }", 0, BAD},
    {"a member behind the object", BEHIND, ",\"x\":{}}", 0, BAD},
    {"a script behind", BEHIND, "<script>}", 0, BAD},
    {"a comma first", INSIDE, ",", 0, BAD},
    {"a key without quotes", INSIDE, "x:{},", 0, BAD},
    {"a key in apostrophes", INSIDE, "'x':{},", 0, BAD},
    {"a key that is a number", INSIDE, "1:{},", 0, BAD},
    {"a key that is null", INSIDE, "null:{},", 0, BAD},
    {"a key without a colon", INSIDE, "\"x\"{},", 0, BAD},
    {"a key with two colons", INSIDE, "\"x\"::{},", 0, BAD},
    {"a key with an equals sign", INSIDE, "\"x\"={},", 0, BAD},
    {"a key without a value", INSIDE, "\"x\":,", 0, BAD},
    {"a key alone", INSIDE, "\"x\",", 0, BAD},
    {"a member without a comma", INSIDE, "\"x\":{}", 0, BAD},
    {"a bracket that a brace closes", INSIDE, "\"x\":[},", 0, BAD},
    {"a brace that a bracket closes", INSIDE, "\"x\":{],", 0, BAD},
    {"a bracket closed twice", INSIDE, "\"x\":[]],", 0, BAD},
    {"four levels", INSIDE, "\"x\":{\"y\":{\"z\":{}}},", 0, BAD},
    {"four levels of lists", INSIDE, "\"x\":[[[]]],", 0, BAD},
    {"the metadata twice", INSIDE, "\"__metadata__\":{},", 0, BAD},
    {"the metadata twice, escaped", INSIDE, "\"__metadata_\\u005f\":{},", 0, BAD},
    {"a tensor twice", INSIDE, "\"bn1.bias\":{},", 0, BAD},
    {"a tensor twice, escaped", INSIDE, "\"bn\\u0031.bias\":{},", 0, BAD},
    {"a member twice", INSIDE, "\"x\":{\"y\":\"\",\"y\":\"\"},", 0, BAD},
    /* Whole headers. */
    {"an empty object", WHOLE, "{}", 0, BAD},
    {"an empty metadata", WHOLE, "{\"__metadata__\":{}}", 0, BAD},
    {"an empty list", WHOLE, "[]", 0, BAD},
    {"a string for a header", WHOLE, "\"model\"", 0, BAD},
    {"a number for a header", WHOLE, "123456", 0, BAD},
    {"null for a header", WHOLE, "null", 0, BAD},
    {"spaces for a header", WHOLE, "        ", 0, BAD},
    {"NULs for a header", WHOLE, WITH_NUL("\0\0\0\0\0\0\0\0"), BAD},
    {"one brace", WHOLE, "{ ", 0, BAD},
    {"a brace the wrong way round", WHOLE, "}{", 0, BAD},
    {"a string that does not end", WHOLE, "{\"}", 0, BAD},
    {"a string that ends in an escape", WHOLE, "{\"\\}", 0, BAD},
    {"a string that ends in a quote's escape", WHOLE, "{\"\\\"}", 0, BAD},
};

/* The header with `find` replaced by a text and what is around it. Returns its size. */
static size_t put(char *out, const char *header, const char *find, const char *before,
                  const char *text, size_t size, const char *after)
{
    const char *at = strstr(header, find);
    size_t used = (size_t)(at - header);
    memcpy(out, header, used);
    used += (size_t)sprintf(out + used, "%s", before);
    memcpy(out + used, text, size);
    used += size;
    return used + (size_t)sprintf(out + used, "%s%s", after, at + strlen(find));
}

#define FIRST "\"bn1.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}"

/* The header with the case's text in its place; its size. */
static size_t place(char *out, const char *header, const json_case *c, size_t size)
{
    static const char *const tokens[] = {"\"bn1.bias\"",
                                         ":",
                                         "{",
                                         "\"dtype\"",
                                         ":",
                                         "\"F32\"",
                                         ",",
                                         "\"shape\"",
                                         ":",
                                         "[",
                                         "2",
                                         "]",
                                         ",",
                                         "\"data_offsets\"",
                                         ":",
                                         "[",
                                         "0",
                                         ",",
                                         "8",
                                         "]",
                                         "}"};
    char spaced[2048];
    size_t used = 0;
    switch (c->place) {
    case STRING:
        return put(out, header, "\"asl.preset\"", "\"asl.note\":\"", c->text, size,
                   "\",\"asl.preset\"");
    case KEY:
        return put(out, header, "\"asl.preset\"", "\"", c->text, size, "\":\"\",\"asl.preset\"");
    case VALUE:
        return put(out, header, "\"asl.preset\"", "\"asl.note\":", c->text, size,
                   ",\"asl.preset\"");
    case ZERO:
        return put(out, header, "[0,8]", "[", c->text, size, ",8]");
    case TWO:
        return put(out, header, "\"shape\":[2]", "\"shape\":[", c->text, size, "]");
    case SPACE:
        for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
            used += (size_t)sprintf(spaced + used, "%s", tokens[i]);
            memcpy(spaced + used, c->text, size);
            used += size;
        }
        return put(out, header, FIRST, "", spaced, used, "");
    case FRONT:
        return put(out, header, "{\"__metadata__\"", "", c->text, size, "{\"__metadata__\"");
    case INSIDE:
        return put(out, header, "{\"__metadata__\"", "{", c->text, size, "\"__metadata__\"");
    case BEHIND:
        used = strlen(header);
        memcpy(out, header, used);
        memcpy(out + used, c->text, size);
        return used + size;
    default:
        memcpy(out, c->text, size);
        return size;
    }
}

static void test_cases(void **state)
{
    const size_t count = sizeof cases / sizeof *cases;
    valid_file valid = make_valid(ASL_WEIGHTS_F32);
    int accepted = 0;
    (void)state;
    for (size_t i = 0; i < count; i++) {
        char header[8192];
        asl_error err = ASL_ERROR_INIT;
        const json_case *c = &cases[i];
        const size_t size = place(header, valid.header, c, c->size > 0 ? c->size : strlen(c->text));
        const asl_status status = load(header, size, valid.data, valid.data_size, &err);
        if (status != c->expected)
            fail_msg("%s: %s (%s), not %s", c->name, asl_status_name(status), err.message,
                     asl_status_name(c->expected));
        test_check_error(status, &err);
        accepted += status == ASL_OK;
    }
    free_valid(&valid);
    print_message("count: %zu JSON headers with their exact status, %d of them accepted\n", count,
                  accepted);
}

/* ---- As large as a header may be ---- */

typedef struct large {
    const char *name, *before, *piece, *after; /* '#' in a piece is its number */
    asl_status expected;
} large;

static const large larges[] = {
    {"a million brackets", "{\"x\":", "[", "}", BAD},
    {"a million braces", "", "{", "}", BAD},
    {"a million objects in one another", "{\"x\":", "{\"x\":", "}", BAD},
    {"a million closing brackets", "{\"x\":[", "]", "}", BAD},
    {"a million quotes", "{", "\"", "}", BAD},
    {"a million back-slashes", "{\"", "\\\\", "}", BAD},
    {"a million commas", "{\"x\":[", ",", "]}", BAD},
    {"a million colons", "{\"x\"", ":", "}", BAD},
    {"a million spaces", "{", " ", "}", BAD},
    {"a million digits", "{\"x\":", "1", "}", BAD},
    {"a million zeros", "{\"x\":0.", "0", "1}", BAD},
    {"a million letters in a key", "{\"", "x", "\":{}}", BAD},
    {"a million letters in a value", "{\"__metadata__\":{\"x\":\"", "x", "\"}}", LIMIT},
    {"a million escapes", "{\"__metadata__\":{\"x\":\"", "\\u0041", "\"}}", LIMIT},
    {"a million escaped pairs", "{\"__metadata__\":{\"x\":\"", "\\ud83d\\udc4b", "\"}}", LIMIT},
    {"a million numbers", "{\"__metadata__\":{},\"x\":[1", ",1", "]}", BAD},
    {"a million lists", "{\"__metadata__\":{},\"x\":[[]", ",[]", "]}", BAD},
    {"a million members", "{\"__metadata__\":{\"asl.format\":\"1.0\"}", ",\"#\":1", "}", LIMIT},
    {"a million empty tensors", "{\"__metadata__\":{\"asl.format\":\"1.0\"}", ",\"#\":{}", "}",
     LIMIT},
    {"a million metadata", "{\"__metadata__\":{\"x\":\"\"", ",\"#\":\"\"", "}}", LIMIT},
    {"a million members of a tensor", "{\"__metadata__\":{},\"x\":{\"x\":1", ",\"#\":1", "}}", BAD},
    {"a million dimensions",
     "{\"__metadata__\":{\"asl.format\":\"1.0\"},\"x\":{\"dtype\":\"U8\",\"data_offsets\":[0,1],"
     "\"shape\":[1",
     ",1", "]}}", BAD},
    {"a member a million times", "{\"__metadata__\":{}", ",\"x\":1", "}", BAD},
};

typedef struct text {
    char *data;
    size_t size;
} text;

/* The pieces until the header is full. */
static text fill(const large *l)
{
    enum { FULL = 1 << 20 };
    text out = {malloc(FULL + 64), 0};
    out.size = (size_t)sprintf(out.data, "%s", l->before);
    const char *number = strchr(l->piece, '#');
    for (int i = 0; out.size + strlen(l->piece) + 8 + strlen(l->after) < FULL; i++)
        out.size += number
                        ? (size_t)sprintf(out.data + out.size, "%.*s%x%s", (int)(number - l->piece),
                                          l->piece, (unsigned)i, number + 1)
                        : (size_t)sprintf(out.data + out.size, "%s", l->piece);
    out.size += (size_t)sprintf(out.data + out.size, "%s", l->after);
    return out;
}

static bool open_large(asl_status *status, const void *what)
{
    const text *header = what;
    asl_error err = ASL_ERROR_INIT;
    *status = load(header->data, header->size, "", 1, &err);
    return err.code == *status && err.message[0] != '\0';
}

static void test_large(void **state)
{
    const size_t count = sizeof larges / sizeof *larges;
    const size_t most_library = 3 << 20, most = 96 << 20;
    double slowest = 0;
    size_t peak = 0;
    (void)state;
    for (size_t i = 0; i < count; i++) {
        text header = fill(&larges[i]);
        const cost spent = meter_run(open_large, &header);
        free(header.data);
        if (!spent.ended || spent.status != larges[i].expected)
            fail_msg("%s: %s, not %s", larges[i].name, asl_status_name(spent.status),
                     asl_status_name(larges[i].expected));
        if (spent.peak > most_library || (!METER_SANITIZED && spent.resident > most))
            fail_msg("%s: %zu bytes, and %zu in all", larges[i].name, spent.peak, spent.resident);
        if (!METER_SANITIZED && spent.seconds > 1)
            fail_msg("%s: %.2f seconds", larges[i].name, spent.seconds);
        slowest = spent.seconds > slowest ? spent.seconds : slowest;
        peak = spent.resident > peak ? spent.resident : peak;
    }
    print_message("count: %zu JSON headers of 1 MiB, at most %.2f s and %zu kB each\n", count,
                  slowest, peak >> 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_large)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
