/* SPDX-License-Identifier: MIT */
/* Malformed model files made by rule: every tensor twisted in every way, every number of the data
 * made impossible, every key of the metadata, for weights of every type. Each is whole but for its
 * one defect, with a right checksum, and has one right status. The cases that need words of their
 * own are in unit/model/malformed.c and weights.c. */
#include "support/support.h"
#include "unit/model/defects.h"

#include <stdlib.h>

#include "asl/model.h"
#include "base/alloc.h"
#include "model/safetensors.h"

#define BAD       ASL_ERR_MODEL
#define TRUNCATED ASL_ERR_TRUNCATED

static const char *const kinds[] = {"F32", "F16", "I8"};
static int files;

/* Loads a header and data, and says whose status it is when it is another one. */
static void expect(const char *header, size_t header_size, const void *data, size_t data_size,
                   asl_status expected, const char *kind, const char *subject, const char *wrong)
{
    asl_error err = ASL_ERROR_INIT;
    const asl_status status = load(header, header_size, data, data_size, &err);
    if (status != expected)
        fail_msg("%s, %s, %s: %s (%s), not %s", kind, subject, wrong, asl_status_name(status),
                 err.message, asl_status_name(expected));
    test_check_error(status, &err);
    files++;
}

/* ---- Tensors ---- */

/* How one tensor of the header is changed: what is NULL or 0 stays. */
typedef struct twist {
    const char *defect;
    const char *name; /* '#': its own with the first letter escaped; '*': 129 letters */
    const char *dtype, *shape;
    long long begin, end; /* added */
    const char *whole;    /* instead of all; '$': its name, '%': all of it, '@': that escaped */
    bool valid;
} twist;

static const twist twists[] = {
    {.defect = "begins a byte late", .begin = 1, .end = 1},
    {.defect = "begins a byte early", .begin = -1, .end = -1},
    {.defect = "ends a byte early", .end = -1},
    {.defect = "ends a byte late", .end = 1},
    {.defect = "lies behind the end", .begin = 1 << 20, .end = 1 << 20},
    {.defect = "lies at 2^62", .begin = 1LL << 62, .end = 1LL << 62},
    {.defect = "is 2^62 bytes long", .end = 1LL << 62},
    {.defect = "lies the wrong way round", .begin = 4096, .end = -1},
    {.defect = "has a dimension of 0", .shape = "[0]"},
    {.defect = "has dimensions of 0 and 2^31 - 1", .shape = "[2147483647,0]"},
    {.defect = "has a dimension of 2^31", .shape = "[2147483648]"},
    {.defect = "has a dimension of 2^63 - 1", .shape = "[9223372036854775807]"},
    {.defect = "has a product of 2^64", .shape = "[65536,65536,65536,65536]"},
    {.defect = "has a product of 2^62", .shape = "[1073741824,1073741824,4]"},
    {.defect = "has no dimensions", .shape = "[]"},
    {.defect = "has seven dimensions", .shape = "[1,1,1,1,1,1,1]"},
    {.defect = "has a fraction for a dimension", .shape = "[2.5]"},
    {.defect = "has a string for a dimension", .shape = "[\"2\"]"},
    {.defect = "has null for a dimension", .shape = "[null]"},
    {.defect = "has a list for a dimension", .shape = "[[2]]"},
    {.defect = "has a number for its shape", .shape = "2"},
    {.defect = "has null for its shape", .shape = "null"},
    {.defect = "has another count of elements", .shape = "[1000003]"},
    {.defect = "has no type", .dtype = ""},
    {.defect = "has an unknown type", .dtype = "F128"},
    {.defect = "is of BF16", .dtype = "BF16"},
    {.defect = "is of BOOL", .dtype = "BOOL"},
    {.defect = "is of f32", .dtype = "f32"},
    {.defect = "is of a type with a space", .dtype = "F32 "},
    {.defect = "is of F64", .dtype = "F64"},
    {.defect = "is of I64", .dtype = "I64"},
    {.defect = "is called nothing", .name = ""},
    {.defect = "is called something else", .name = "nobody"},
    {.defect = "is called by 129 letters", .name = "*"},
    {.defect = "has a space in its name", .name = "a b"},
    {.defect = "has a NUL in its name", .name = "a\\u0000"},
    {.defect = "has an escape in its name", .name = "\\u001b[2J"},
    {.defect = "has an accent in its name", .name = "\xc3\xa9"},
    {.defect = "is called by a path", .name = "../../etc/passwd"},
    {.defect = "is called as in a checkpoint", .name = "model/conv1.weight"},
    {.defect = "has an escape for its first letter", .name = "#", .valid = true},
    {.defect = "is missing", .whole = ""},
    {.defect = "is there twice", .whole = "%,%"},
    {.defect = "is there twice, once escaped", .whole = "%,@"},
    {.defect = "is null", .whole = "$:null"},
    {.defect = "is true", .whole = "$:true"},
    {.defect = "is a number", .whole = "$:1"},
    {.defect = "is a string", .whole = "$:\"F32\""},
    {.defect = "is a list", .whole = "$:[]"},
    {.defect = "is empty", .whole = "$:{}"},
    {.defect = "has no value", .whole = "$:"},
    {.defect = "has only a type", .whole = "$:{\"dtype\":\"F32\"}"},
    {.defect = "has only a shape", .whole = "$:{\"shape\":[2]}"},
    {.defect = "has only a place", .whole = "$:{\"data_offsets\":[0,8]}"},
    {.defect = "has three numbers for its place",
     .whole = "$:{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}"},
    {.defect = "has one number for its place",
     .whole = "$:{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8]}"},
    {.defect = "has a string for its place",
     .whole = "$:{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":\"0,8\"}"},
    {.defect = "has its type twice",
     .whole = "$:{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}"},
    {.defect = "has its shape twice",
     .whole = "$:{\"dtype\":\"F32\",\"shape\":[2],\"shape\":[2],\"data_offsets\":[0,8]}"},
    {.defect = "has its place twice",
     .whole = "$:{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"data_offsets\":[0,8]}"},
    {.defect = "has its place twice, once escaped",
     .whole = "$:{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],"
              "\"data_offset\\u0073\":[0,8]}"},
    {.defect = "has one key more",
     .whole = "$:{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"strides\":[4]}"},
    {.defect = "has an extra tensor before it",
     .whole = "\"extra\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},%"},
    {.defect = "is replaced by the metadata", .whole = "\"__metadata__\":{}"},
};

/* A valid file in pieces, to be put together with one of them changed. */
typedef struct pieces {
    const char *kind;
    valid_file file;
    asl__tensors parsed;
    char *entries[ASL__TENSORS_MAX_ENTRIES + 1];
    char *tensors[16];
} pieces;

static char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char *text_of(const char *format, ...)
{
    char *out = NULL;
    va_list arguments;
    va_start(arguments, format);
    assert_true(vasprintf(&out, format, arguments) >= 0);
    va_end(arguments);
    return out;
}

/* A tensor's own text but for what the twist changes. */
static char *tensor_text(const asl__file_tensor *t, const twist *w)
{
    char shape[128] = "[", longest[ASL__TENSORS_MAX_NAME + 2], *name = NULL, *out;
    size_t used = 1;
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    for (int d = 0; d < t->dims; d++)
        used += (size_t)sprintf(shape + used, "%s%d", d ? "," : "", (int)t->shape[d]);
    strcpy(shape + used, "]");
    if (!w->name)
        name = text_of("%s", t->name);
    else if (*w->name == '#')
        name = text_of("\\u%04x%s", (unsigned)t->name[0], t->name + 1);
    else
        name = text_of("%s", *w->name == '*' ? longest : w->name);
    out = text_of("\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%lld,%lld]}", name,
                  w->dtype ? w->dtype : asl__dtype_name(t->dtype), w->shape ? w->shape : shape,
                  (long long)t->offset + w->begin, (long long)(t->offset + t->bytes) + w->end);
    free(name);
    return out;
}

static void take_apart(pieces *out, int32_t weights)
{
    static const twist none = {.defect = ""};
    asl_error err = ASL_ERROR_INIT;
    *out = (pieces){.kind = kinds[weights], .file = make_valid(weights)};
    void *copy = asl__alloc(out->file.size);
    memcpy(copy, out->file.bytes, out->file.size);
    assert_ok(asl__tensors_parse(&out->parsed, copy, out->file.size, "valid", &err), &err);
    for (int32_t i = 0; i < out->parsed.entry_count; i++)
        out->entries[i] =
            text_of("\"%s\":\"%s\"", out->parsed.entries[i].key, out->parsed.entries[i].value);
    for (int32_t i = 0; i < out->parsed.tensor_count; i++)
        out->tensors[i] = tensor_text(&out->parsed.tensors[i], &none);
}

static void release(pieces *p)
{
    for (int32_t i = 0; i < p->parsed.entry_count; i++)
        free(p->entries[i]);
    for (int32_t i = 0; i < p->parsed.tensor_count; i++)
        free(p->tensors[i]);
    asl__tensors_free(&p->parsed);
    free_valid(&p->file);
}

/* Puts the pieces that are not empty behind one another, with commas. */
static size_t join(char *out, char *const *texts, int32_t count, const char *before)
{
    size_t used = 0;
    for (int32_t i = 0; i < count; i++)
        if (*texts[i])
            used += (size_t)sprintf(out + used, "%s%s", used > 0 ? "," : before, texts[i]);
    return used;
}

static char *header_of(const pieces *p)
{
    size_t size = 64;
    for (int32_t i = 0; i < p->parsed.entry_count; i++)
        size += strlen(p->entries[i]) + 1;
    for (int32_t i = 0; i < p->parsed.tensor_count; i++)
        size += strlen(p->tensors[i]) + 1;
    char *out = malloc(size);
    size_t used = (size_t)sprintf(out, "{\"__metadata__\":{");
    used += join(out + used, p->entries, p->parsed.entry_count, "");
    used += (size_t)sprintf(out + used, "}");
    used += join(out + used, p->tensors, p->parsed.tensor_count, ",");
    sprintf(out + used, "}");
    return out;
}

/* The file with `text` for one of its pieces. */
static void expect_piece(pieces *p, char **piece, char *text, asl_status expected,
                         const char *subject, const char *wrong)
{
    char *own = *piece;
    *piece = text;
    char *header = header_of(p);
    expect(header, strlen(header), p->file.data, p->file.data_size, expected, p->kind, subject,
           wrong);
    free(header);
    free(text);
    *piece = own;
}

/* What stands for a whole tensor. */
static char *whole_text(const asl__file_tensor *t, const twist *w, const char *own)
{
    const twist escaped = {.name = "#"};
    char *again = tensor_text(t, &escaped), *out = NULL;
    if (*w->whole == '$')
        out = text_of("\"%s\"%s", t->name, w->whole + 1);
    else if (strcmp(w->whole, "%,%") == 0)
        out = text_of("%s,%s", own, own);
    else if (strcmp(w->whole, "%,@") == 0)
        out = text_of("%s,%s", own, again);
    else
        out = text_of("%.*s%s", (int)strcspn(w->whole, "%"), w->whole,
                      strchr(w->whole, '%') ? own : "");
    free(again);
    return out;
}

static void test_tensors(void **state)
{
    const int before = files;
    (void)state;
    for (int32_t weights = ASL_WEIGHTS_F32; weights <= ASL_WEIGHTS_I8; weights++) {
        pieces p;
        take_apart(&p, weights);
        for (int32_t t = 0; t < p.parsed.tensor_count; t++)
            for (size_t i = 0; i < sizeof twists / sizeof *twists; i++) {
                const twist *w = &twists[i];
                const asl__file_tensor *tensor = &p.parsed.tensors[t];
                expect_piece(&p, &p.tensors[t],
                             w->whole ? whole_text(tensor, w, p.tensors[t])
                                      : tensor_text(tensor, w),
                             w->valid ? ASL_OK : BAD, tensor->name, w->defect);
            }
        release(&p);
    }
    print_message("count: %d model files with one wrong tensor\n", files - before);
}

/* ---- Numbers ---- */

static void expect_number(const pieces *p, size_t at, const void *number, size_t size,
                          asl_status expected, const char *subject, const char *wrong)
{
    uint8_t data[256];
    memcpy(data, p->file.data, p->file.data_size);
    memcpy(data + at, number, size);
    expect(p->file.header, strlen(p->file.header), data, p->file.data_size, expected, p->kind,
           subject, wrong);
}

static void spoil_floats(const pieces *p, const asl__file_tensor *t)
{
    static const struct {
        const char *defect;
        uint32_t bits;
        bool as_scale, as_variance; /* wrong only there */
    } floats[] = {
        {"NaN", 0x7fc00000, false, false},
        {"-NaN", 0xffc00000, false, false},
        {"a signalling NaN", 0x7f800001, false, false},
        {"infinity", 0x7f800000, false, false},
        {"-infinity", 0xff800000, false, false},
        {"-1", 0xbf800000, true, true},
        {"the least below 0", 0x80000001, true, true},
        {"0", 0, true, false},
        {"-0", 0x80000000, true, false},
    };
    const bool scale = strstr(t->name, "_scale") != NULL;
    const bool variance = strstr(t->name, "running_var") != NULL;
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
        for (size_t k = 0; k < t->count; k++) {
            const bool always = !floats[i].as_scale && !floats[i].as_variance;
            const bool bad =
                always || (floats[i].as_scale && scale) || (floats[i].as_variance && variance);
            expect_number(p, t->offset + 4 * k, &floats[i].bits, 4, bad ? BAD : ASL_OK, t->name,
                          floats[i].defect);
        }
}

static void spoil_halves(const pieces *p, const asl__file_tensor *t)
{
    static const uint16_t halves[] = {0x7c00, 0xfc00, 0x7e00, 0xfe00, 0x7c01};
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++)
        for (size_t k = 0; k < t->count; k++)
            expect_number(p, t->offset + 2 * k, &halves[i], 2, BAD, t->name, "not finite");
}

static void spoil_steps(const pieces *p, const asl__file_tensor *t)
{
    for (size_t k = 0; k < t->count; k++) {
        expect_number(p, t->offset + k, "\x80", 1, BAD, t->name, "-128");
        expect_number(p, t->offset + k, "\x81", 1, ASL_OK, t->name, "-127");
    }
}

/* Every number of the data in turn. */
static void test_numbers(void **state)
{
    const int before = files;
    (void)state;
    for (int32_t weights = ASL_WEIGHTS_F32; weights <= ASL_WEIGHTS_I8; weights++) {
        pieces p;
        take_apart(&p, weights);
        for (int32_t i = 0; i < p.parsed.tensor_count; i++) {
            const asl__file_tensor *t = &p.parsed.tensors[i];
            if (t->dtype == ASL__DTYPE_F32)
                spoil_floats(&p, t);
            else if (t->dtype == ASL__DTYPE_F16)
                spoil_halves(&p, t);
            else
                spoil_steps(&p, t);
        }
        release(&p);
    }
    print_message("count: %d model files with one wrong number\n", files - before);
}

/* ---- Metadata ---- */

/* What a text may not be, whatever its key. */
static void spoil_text(pieces *p, int32_t i)
{
    static const char *const values[] = {"1", "-1", "1.5", "null", "true", "[]", "{}", "[\"x\"]"};
    static const char *const texts[] = {"\\n",     "\\t",     "\\u0000", "\\u001b[2J", "\\u007f",
                                        "\\u009b", "\\ud800", "\\udc00", "\xff",       "\xc0\x80"};
    static char longest[ASL__TENSORS_MAX_VALUE + 2];
    const char *key = p->parsed.entries[i].key, *value = p->parsed.entries[i].value;
    char **piece = &p->entries[i];
    for (size_t k = 0; k < sizeof values / sizeof *values; k++)
        expect_piece(p, piece, text_of("\"%s\":%s", key, values[k]), BAD, key, values[k]);
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
        expect_piece(p, piece, text_of("\"%s\":\"%s%s\"", key, value, texts[k]), BAD, key,
                     texts[k]);
    memset(longest, 'x', sizeof longest - 1);
    expect_piece(p, piece, text_of("\"%s\":\"%s\"", key, longest), ASL_ERR_LIMIT, key,
                 "64 KiB and one byte");
    expect_piece(p, piece, text_of("%s,%s", *piece, *piece), BAD, key, "twice");
    expect_piece(p, piece, text_of("%s,\"\\u0061%s\":\"\"", *piece, key + 1), BAD, key,
                 "twice, once escaped");
    const bool needed = strcmp(key, "asl.writer") != 0;
    expect_piece(p, piece, text_of("%s", ""), needed ? BAD : ASL_OK, key, "missing");
    expect_piece(p, piece, text_of("\"%s\":\"\"", key),
                 strcmp(key, "asl.labels") == 0         ? ASL_ERR_LABELS
                 : strcmp(key, "asl.architecture") == 0 ? ASL_ERR_ARCHITECTURE
                 : needed                               ? BAD
                                                        : ASL_OK,
                 key, "empty");
}

static void test_metadata(void **state)
{
    static const struct {
        const char *key, *value;
        asl_status expected;
    } table[] = {
        {"asl.temperature", "", BAD},
        {"asl.temperature", "0", BAD},
        {"asl.temperature", "-1", BAD},
        {"asl.temperature", "0.009999", BAD},
        {"asl.temperature", "100.000001", BAD},
        {"asl.temperature", "nan", BAD},
        {"asl.temperature", "inf", BAD},
        {"asl.temperature", "1e0", BAD},
        {"asl.temperature", "0x1", BAD},
        {"asl.temperature", "1,5", BAD},
        {"asl.temperature", " 1", BAD},
        {"asl.temperature", "1 ", BAD},
        {"asl.temperature", "1.5.5", BAD},
        {"asl.temperature", "99999999999999999999", BAD},
        {"asl.temperature", "100", ASL_OK},
        {"asl.letter_threshold", "", BAD},
        {"asl.letter_threshold", "-0.1", BAD},
        {"asl.letter_threshold", "1.000001", BAD},
        {"asl.letter_threshold", "nan", BAD},
        {"asl.letter_threshold", "half", BAD},
        {"asl.letter_threshold", "1", ASL_OK},
        {"asl.mirror", "", BAD},
        {"asl.mirror", "ON", BAD},
        {"asl.mirror", "model", BAD},
        {"asl.mirror", "on,off", BAD},
        {"asl.mirror", "1", BAD},
        {"asl.mirror", "auto", ASL_OK},
        {"asl.metrics", "\\n", BAD},
        {"asl.metrics", "\\u009b2J", BAD},
        {"asl.metrics", "", ASL_OK},
        {"asl.train.step", "-1", ASL_OK},
    };
    const int before = files;
    pieces p;
    (void)state;
    take_apart(&p, ASL_WEIGHTS_F32);
    for (int32_t i = 0; i < p.parsed.entry_count; i++)
        spoil_text(&p, i);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        expect_piece(&p, &p.entries[0],
                     text_of("%s,\"%s\":\"%s\"", p.entries[0], table[i].key, table[i].value),
                     table[i].expected, table[i].key, table[i].value);
    release(&p);
    print_message("count: %d model files with one wrong piece of metadata\n", files - before);
}

/* As many classes as do not fit the last layer, and more than there may be. */
static void test_labels(void **state)
{
    static const int counts[] = {1, 2, 3, 4, 29, 1023, 1024, 1025, 4000};
    pieces p;
    (void)state;
    take_apart(&p, ASL_WEIGHTS_F32);
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
        for (int32_t i = 0; i < p.parsed.entry_count; i++) {
            static char list[4000 * 6];
            char name[32];
            if (strcmp(p.parsed.entries[i].key, "asl.labels") != 0)
                continue;
            size_t used = 0;
            for (int c = 0; c < counts[k]; c++)
                used += (size_t)sprintf(list + used, "%sc%d", c ? "," : "", c);
            snprintf(name, sizeof name, "%d classes", counts[k]);
            expect_piece(&p, &p.entries[i], text_of("\"asl.labels\":\"%s\"", list),
                         counts[k] == 2                      ? ASL_OK
                         : counts[k] < 2 || counts[k] > 1024 ? ASL_ERR_LABELS
                                                             : BAD,
                         "asl.labels", name);
        }
    release(&p);
}

/* ---- Sizes ---- */

/* Data of every other length, and more tensors than a file may have. */
static void test_sizes(void **state)
{
    const int before = files;
    static uint8_t data[8192];
    pieces p;
    (void)state;
    take_apart(&p, ASL_WEIGHTS_F32);
    const size_t whole = p.file.data_size;
    memcpy(data, p.file.data, whole);
    for (size_t size = 0; size < sizeof data; size += size < 2 * whole ? 1 : 997) {
        char name[32];
        snprintf(name, sizeof name, "%zu bytes", size);
        expect(p.file.header, strlen(p.file.header), data, size,
               size == whole  ? ASL_OK
               : size < whole ? TRUNCATED
                              : BAD,
               "F32", "data", name);
    }
    for (int count = 1; count <= 8192; count *= 2) {
        char *more = malloc((size_t)count * 64 + 512), name[32];
        size_t used = (size_t)sprintf(more, "%s", p.tensors[0]);
        for (int i = 0; i < count; i++)
            used += (size_t)sprintf(
                more + used, ",\"t%d\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%d,%d]}",
                i, (int)whole + i, (int)whole + i + 1);
        snprintf(name, sizeof name, "%d more", count);
        expect_piece(&p, &p.tensors[0], more,
                     count + p.parsed.tensor_count > ASL__TENSORS_MAX_COUNT ? ASL_ERR_LIMIT
                                                                            : TRUNCATED,
                     "tensors", name);
    }
    release(&p);
    print_message("count: %d model files of a wrong size\n", files - before);
}

/* The length of the header as it may be written before it. */
static void test_lengths(void **state)
{
    static const struct {
        uint64_t length; /* added to the true one */
        asl_status expected;
    } table[] = {
        {1, BAD}, {8, BAD}, {80, BAD}, {81, TRUNCATED}, {4096, TRUNCATED}, {1 << 19, TRUNCATED},
    };
    static const uint64_t others[] = {(1 << 20) + 1,     1U << 31,          UINT32_MAX,
                                      UINT64_C(1) << 32, UINT64_C(1) << 62, UINT64_C(1) << 63,
                                      UINT64_MAX - 8,    UINT64_MAX - 7,    UINT64_MAX};
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    valid_file valid = make_valid(ASL_WEIGHTS_F32);
    uint64_t length;
    (void)state;
    memcpy(&length, valid.bytes, sizeof length);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const uint64_t claimed = length + table[i].length;
        memcpy(valid.bytes, &claimed, sizeof claimed);
        assert_status(asl_model_load_memory(&model, valid.bytes, valid.size, &err),
                      table[i].expected, &err);
        files++;
    }
    for (uint64_t less = 0; less < length; less++) {
        memcpy(valid.bytes, &less, sizeof less);
        const asl_status status = asl_model_load_memory(&model, valid.bytes, valid.size, &err);
        if (status != BAD)
            fail_msg("a header of %d bytes: %s", (int)less, asl_status_name(status));
        files++;
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        memcpy(valid.bytes, &others[i], sizeof others[i]);
        assert_status(asl_model_load_memory(&model, valid.bytes, valid.size, &err), ASL_ERR_LIMIT,
                      &err);
        files++;
    }
    free_valid(&valid);
}

static int tell(void **state)
{
    (void)state;
    print_message("count: %d malformed model files in all, each with its exact status\n", files);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tensors),  cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_metadata), cmocka_unit_test(test_labels),
        cmocka_unit_test(test_sizes),    cmocka_unit_test(test_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, tell);
}
