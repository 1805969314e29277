/* SPDX-License-Identifier: MIT */
/* Reading a list of words into a trie. The list comes from outside: every line is checked, and what
 * no sequence of signs could write is skipped. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/floats.h"
#include "base/file.h"
#include "base/text.h"
#include "spell/speller.h"

enum { MAX_BYTES = 16 << 20, MAX_WORDS = 1 << 20, COUNT_DIGITS = 15 };

typedef struct entry {
    const uint16_t *symbols;
    int32_t length;
    int64_t count;
} entry;

/* The words of a list on their way into the trie. */
typedef struct reader {
    const asl__symbols *symbols;
    uint16_t *arena; /* of all words */
    entry *entries;
    size_t used, entry_count, node_count;
    int64_t skipped, total;
} reader;

void asl__words_free(asl__words *words)
{
    asl__free(words->queue);
    asl__free(words->readings);
    asl__free(words->nodes);
    *words = (asl__words){0};
}

static bool same_letter(char a, char b)
{
    if (a >= 'A' && a <= 'Z')
        a = (char)(a - 'A' + 'a');
    if (b >= 'A' && b <= 'Z')
        b = (char)(b - 'A' + 'a');
    return a == b;
}

/* Bytes of `name` when the text begins with it, otherwise 0. */
static size_t begins_with(const char *text, size_t size, const char *name)
{
    size_t i = 0;
    while (i < size && name[i] != '\0' && same_letter(text[i], name[i]))
        i++;
    return name[i] == '\0' ? i : 0;
}

int32_t asl__symbols_split(uint16_t *out, const asl__symbols *symbols, const char *text,
                           size_t size)
{
    int32_t length = 0;
    for (size_t at = 0; at < size;) {
        size_t longest = 0;
        for (int32_t i = 0; i < symbols->count; i++) {
            const size_t bytes = symbols->signs[i] == ASL__SIGN_LETTER
                                     ? begins_with(text + at, size - at, symbols->names[i])
                                     : 0;
            if (bytes > longest && length < ASL__MAX_WORD) {
                longest = bytes;
                out[length] = (uint16_t)i;
            }
        }
        if (longest == 0)
            return -1;
        length++;
        at += longest;
    }
    return length;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* One line: blanks, word, blanks, number, blanks. False when there is something else. */
static bool read_line(reader *r, const char *line, size_t size)
{
    int64_t count = 1;
    size_t word = 0;
    while (size > 0 && is_blank(line[size - 1]))
        size--;
    while (size > 0 && is_blank(*line)) {
        line++;
        size--;
    }
    if (size == 0)
        return true;
    while (word < size && !is_blank(line[word]))
        word++;
    size_t number = word;
    while (number < size && is_blank(line[number]))
        number++;
    if (number < size && (size - number > COUNT_DIGITS ||
                          !asl__parse_i64(&count, line + number, size - number) || count < 0))
        return false;
    if (r->entry_count > MAX_WORDS)
        return true;
    const int32_t length = asl__symbols_split(r->arena + r->used, r->symbols, line, word);
    if (length < 1)
        return false;
    r->entries[r->entry_count++] = (entry){r->arena + r->used, length, count};
    r->used += (size_t)length;
    return true;
}

static void read_lines(reader *r, const char *data, size_t size)
{
    static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, from Windows */
    size_t at = size >= 3 && memcmp(data, mark, 3) == 0 ? 3 : 0;
    while (at < size) {
        const char *end = memchr(data + at, '\n', size - at);
        const size_t length = end ? (size_t)(end - data) - at : size - at;
        if (!read_line(r, data + at, length))
            r->skipped++;
        at += length + 1;
    }
}

static int compare_entries(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    for (int32_t i = 0; i < x->length && i < y->length; i++)
        if (x->symbols[i] != y->symbols[i])
            return x->symbols[i] < y->symbols[i] ? -1 : 1;
    return x->length - y->length;
}

static int32_t common_length(const entry *a, const entry *b)
{
    int32_t i = 0;
    while (i < a->length && i < b->length && a->symbols[i] == b->symbols[i])
        i++;
    return i;
}

/* Sorts, adds up words given twice, and counts the nodes of the trie. */
static void merge(reader *r)
{
    size_t kept = 0;
    if (r->entry_count > 0)
        qsort(r->entries, r->entry_count, sizeof *r->entries, compare_entries);
    r->node_count = 1;
    for (size_t i = 0; i < r->entry_count; i++) {
        const entry *e = &r->entries[i];
        r->total += e->count; /* at most 2^20 numbers below 10^15 */
        if (kept > 0 && compare_entries(&r->entries[kept - 1], e) == 0) {
            r->entries[kept - 1].count += e->count;
            continue;
        }
        r->node_count +=
            (size_t)(e->length - (kept > 0 ? common_length(&r->entries[kept - 1], e) : 0));
        r->entries[kept++] = *e;
    }
    r->entry_count = kept;
}

/* Words in order make nodes in pre-order. `path` holds the nodes of the last word. */
static void grow(asl__words *words, const reader *r)
{
    uint32_t path[ASL__MAX_WORD + 1] = {0}, count = 1;
    const double all = (double)r->total + (double)r->entry_count;
    asl__node *nodes = words->nodes;
    nodes[0].log_p = nodes[0].best = -INFINITY;
    for (size_t i = 0; i < r->entry_count; i++) {
        const entry *e = &r->entries[i];
        const int32_t shared = i > 0 ? common_length(e, &r->entries[i - 1]) : 0;
        for (int32_t depth = shared; depth < e->length; depth++) {
            const uint32_t parent = path[depth];
            if (depth == shared && nodes[parent].has_child)
                nodes[path[depth + 1]].next = count;
            nodes[parent].has_child = 1;
            nodes[count] = (asl__node){.parent = parent,
                                       .symbol = e->symbols[depth],
                                       .log_p = -INFINITY,
                                       .best = -INFINITY};
            path[depth + 1] = count++;
        }
        /* Laplace's rule keeps words that were never counted possible. */
        nodes[path[e->length]].is_word = 1;
        nodes[path[e->length]].log_p = (float)log(((double)e->count + 1.0) / all);
    }
    words->node_count = count;
    for (uint32_t i = count; i-- > 0;) {
        asl__node *parent = &nodes[nodes[i].parent];
        nodes[i].best = fmaxf(nodes[i].best, nodes[i].log_p);
        parent->best = fmaxf(parent->best, nodes[i].best);
    }
}

static asl_status build(asl__words *words, const reader *r, int32_t beam, asl_error *err)
{
    const size_t readings = (size_t)(ASL__MAX_WORD + 1) * (size_t)beam;
    words->nodes = asl__alloc_array(r->node_count, sizeof *words->nodes);
    words->readings = asl__alloc_array(readings, sizeof *words->readings);
    words->queue = asl__alloc_array(ASL__QUEUE, sizeof *words->queue);
    if (!words->nodes || !words->readings || !words->queue)
        return asl__fail_memory(err, "the list of words");
    grow(words, r);
    return ASL_OK;
}

/* Number of lines, as one that may hold a word. */
static size_t count_lines(const char *data, size_t size)
{
    size_t count = 1;
    for (size_t i = 0; i < size; i++)
        count += data[i] == '\n';
    return count;
}

asl_status asl_speller_set_words(int64_t *used, int64_t *skipped, asl_speller *speller,
                                 const char *data, size_t size, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(speller != NULL, err);
    speller->event_count = 0;
    ASL__CHECK_ARG(data != NULL || size == 0, err);
    asl_status status = ASL_OK;
    reader r = {.symbols = &speller->symbols};
    asl__words words = {0};
    if (size > MAX_BYTES)
        return asl__fail(err, ASL_ERR_LIMIT,
                         "the list of words has %zu bytes, at most %d are "
                         "allowed",
                         size, MAX_BYTES);
    const size_t lines = count_lines(data, size);
    r.entries = asl__alloc_array(lines < MAX_WORDS ? lines : MAX_WORDS + 1, sizeof *r.entries);
    r.arena = asl__alloc_array(size + ASL__MAX_WORD, sizeof *r.arena);
    if (!r.entries || !r.arena)
        ASL__TRY(asl__fail_memory(err, "the list of words"));
    read_lines(&r, data, size);
    if (r.entry_count > MAX_WORDS)
        ASL__TRY(asl__fail(err, ASL_ERR_LIMIT, "the list holds more than %d words", MAX_WORDS));
    merge(&r);
    if (r.entry_count > 0)
        ASL__TRY(build(&words, &r, speller->options.beam, err));
    asl__words_free(&speller->words);
    speller->words = words;
    words = (asl__words){0};
    asl__word_rebuild(speller);
    asl__word_offer(speller);
    if (used)
        *used = (int64_t)r.entry_count;
    if (skipped)
        *skipped = r.skipped;
    status = r.skipped > 0 ? ASL_PARTIAL : ASL_OK;
fail:
    asl__words_free(&words);
    asl__free(r.arena);
    asl__free(r.entries);
    return status;
}

asl_status asl_speller_load_words(int64_t *used, int64_t *skipped, asl_speller *speller,
                                  const char *path, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(speller != NULL, err);
    speller->event_count = 0;
    ASL__CHECK_ARG(path != NULL, err);
    asl_status status;
    void *data = NULL;
    size_t size = 0;
    ASL__TRY(asl__file_read(&data, &size, path, MAX_BYTES, err));
    ASL__TRY(asl_speller_set_words(used, skipped, speller, data, size, err));
fail:
    asl__free(data);
    return status;
}
