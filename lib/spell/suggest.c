/* SPDX-License-Identifier: MIT */
/* Words that the letters may mean: a noisy channel (Kernighan, Church & Gale 1990) read by a beam
 * over the trie. It sees the scores behind each letter, not only the letter that won. */
#include <math.h>
#include <string.h>

#include "spell/speller.h"

/* Likelihood that a letter typed by the host, or read back from the text, is meant as it stands. */
#define CERTAIN 0.9

static asl__reading *readings_after(const asl_speller *speller, int32_t letters)
{
    return speller->words.readings + (size_t)letters * (size_t)speller->options.beam;
}

static uint32_t first_child(const asl__node *nodes, uint32_t node)
{
    return nodes[node].has_child ? node + 1 : 0;
}

/* Keeps the best `limit` readings, one for each node, in no order. */
static void keep(asl__reading *list, int32_t *count, int32_t limit, asl__reading reading)
{
    int32_t worst = 0;
    for (int32_t i = 0; i < *count; i++) {
        if (list[i].node == reading.node) {
            list[i].score = fmax(list[i].score, reading.score);
            return;
        }
        if (list[i].score < list[worst].score ||
            (list[i].score == list[worst].score && list[i].node > list[worst].node))
            worst = i;
    }
    if (*count < limit)
        list[(*count)++] = reading;
    else if (reading.score > list[worst].score)
        list[worst] = reading;
}

/* One letter on: from the readings after `length` letters to those after the next. */
static void advance(asl_speller *speller, int32_t label, const double *likelihood)
{
    const asl_speller_options *o = &speller->options;
    asl__words *words = &speller->words;
    const asl__node *nodes = words->nodes;
    const int32_t from = speller->word.length;
    const asl__reading *old = readings_after(speller, from);
    asl__reading *list = readings_after(speller, from + 1);
    int32_t count = 0;
    for (int32_t i = 0; i < words->reading_counts[from]; i++) {
        const uint32_t node = old[i].node;
        const bool again = node != 0 && nodes[node].symbol == label;
        const double extra = again ? fmax(o->insert_factor, o->repeat_factor) : o->insert_factor;
        keep(list, &count, o->beam, (asl__reading){old[i].score + log(extra), node});
        for (uint32_t c = first_child(nodes, node); c != 0; c = nodes[c].next) {
            const double seen = fmax(likelihood[nodes[c].symbol], o->replace_floor);
            keep(list, &count, o->beam, (asl__reading){old[i].score + log(seen), c});
            for (uint32_t d = first_child(nodes, c); d != 0; d = nodes[d].next) {
                const double after = fmax(likelihood[nodes[d].symbol], o->replace_floor);
                keep(list, &count, o->beam,
                     (asl__reading){old[i].score + log(o->omit_factor) + log(after), d});
            }
        }
    }
    words->reading_counts[from + 1] = count;
}

static void begin(asl_speller *speller)
{
    asl__word *word = &speller->word;
    word->length = 0;
    word->known = true;
    word->finished = false;
    if (speller->words.nodes) {
        readings_after(speller, 0)[0] = (asl__reading){0.0, 0};
        speller->words.reading_counts[0] = 1;
    }
}

void asl__word_letter(asl_speller *speller, int32_t label, const double *likelihood)
{
    asl__word *word = &speller->word;
    if (word->finished)
        begin(speller);
    if (!word->known)
        return;
    if (word->length == ASL__MAX_WORD) {
        word->known = false;
        return;
    }
    if (speller->words.nodes)
        advance(speller, label, likelihood);
    word->symbols[word->length++] = (uint16_t)label;
}

void asl__word_finish(asl_speller *speller)
{
    speller->word.finished = true;
}

/* The next letter begins a word; there is nothing to suggest before. */
void asl__word_forget(asl_speller *speller)
{
    speller->word.known = false;
    speller->word.finished = true;
}

void asl__word_shorten(asl_speller *speller, size_t bytes)
{
    asl__word *word = &speller->word;
    if (word->known && word->finished) {
        word->finished = false;
    } else if (word->known && word->length > 1 &&
               strlen(speller->symbols.names[word->symbols[word->length - 1]]) == bytes) {
        word->length--;
    } else {
        asl__word_rebuild(speller);
    }
}

size_t asl__word_start(const asl_speller *speller)
{
    const asl__text *text = &speller->text;
    size_t start = text->size;
    while (start > 0 && text->data[start - 1] == ' ')
        start--;
    while (start > 0 && text->data[start - 1] != ' ')
        start--;
    return start;
}

/* From the text alone: the scores are gone. */
void asl__word_rebuild(asl_speller *speller)
{
    asl__word *word = &speller->word;
    const asl__text *text = &speller->text;
    const size_t start = asl__word_start(speller);
    uint16_t symbols[ASL__MAX_WORD];
    size_t size = text->size - start;
    const bool finished = size > 0 && text->data[text->size - 1] == ' ';
    if (finished)
        size--;
    begin(speller);
    const int32_t length = asl__symbols_split(symbols, &speller->symbols, text->data + start, size);
    double *likelihood = speller->settling.evidence;
    for (int32_t i = 0; i < length; i++) {
        for (int32_t j = 0; j < speller->symbols.count; j++)
            likelihood[j] = j == symbols[i] ? CERTAIN : 0.0;
        asl__word_letter(speller, symbols[i], likelihood);
    }
    speller->settling.evidence_num = 0;
    word->known = length >= 0;
    word->finished = finished;
}

/* The greatest score of any word at or below a branch. */
static double bound(const asl_speller *speller, const asl__reading *branch)
{
    return branch->score +
           speller->options.word_weight * (double)speller->words.nodes[branch->node].best;
}

/* Opens a branch; of too many the least promising is given up. */
static void open_branch(const asl_speller *speller, int32_t *count, asl__reading branch)
{
    asl__reading *queue = speller->words.queue;
    int32_t worst = 0;
    for (int32_t i = 0; i < *count; i++) {
        if (queue[i].node == branch.node) {
            queue[i].score = fmax(queue[i].score, branch.score);
            return;
        }
        if (bound(speller, &queue[i]) < bound(speller, &queue[worst]))
            worst = i;
    }
    if (*count < ASL__QUEUE)
        queue[(*count)++] = branch;
    else if (bound(speller, &branch) > bound(speller, &queue[worst]))
        queue[worst] = branch;
}

static asl__reading take_best(const asl_speller *speller, int32_t *count)
{
    asl__reading *queue = speller->words.queue;
    int32_t best = 0;
    for (int32_t i = 1; i < *count; i++) {
        const double ahead = bound(speller, &queue[i]) - bound(speller, &queue[best]);
        if (ahead > 0.0 || (ahead == 0.0 && queue[i].node < queue[best].node))
            best = i;
    }
    const asl__reading taken = queue[best];
    queue[best] = queue[--*count];
    return taken;
}

/* The node of the word as it stands, which needs no suggestion, or 0. */
static uint32_t find_word(const asl_speller *speller)
{
    const asl__node *nodes = speller->words.nodes;
    uint32_t node = 0;
    for (int32_t i = 0; i < speller->word.length; i++) {
        node = first_child(nodes, node);
        while (node != 0 && nodes[node].symbol != speller->word.symbols[i])
            node = nodes[node].next;
        if (node == 0)
            return 0;
    }
    return node;
}

/* Puts a word among the offers, best first. */
static void offer(asl__reading *offers, int32_t *count, int32_t limit, asl__reading word)
{
    int32_t at = 0;
    for (int32_t i = 0; i < *count; i++)
        if (offers[i].node == word.node) {
            if (offers[i].score >= word.score)
                return;
            memmove(&offers[i], &offers[i + 1], (size_t)(--*count - i) * sizeof *offers);
        }
    while (at < *count && offers[at].score >= word.score)
        at++;
    if (at == limit)
        return;
    if (*count == limit)
        --*count;
    memmove(&offers[at + 1], &offers[at], (size_t)(*count - at) * sizeof *offers);
    offers[at] = word;
    ++*count;
}

/* Branch and bound, from the readings of the word downwards. Letters below them are still to come,
 * or, when the word has ended, were left out. */
static int32_t search(const asl_speller *speller, asl__reading *offers)
{
    const asl_speller_options *o = &speller->options;
    const asl__node *nodes = speller->words.nodes;
    const asl__reading *readings = readings_after(speller, speller->word.length);
    const double floor = speller->word.length * log(o->offer_floor);
    const double step = log(speller->word.finished ? o->omit_factor : o->complete_factor);
    const uint32_t own = find_word(speller);
    int32_t open = 0, count = 0;
    for (int32_t i = 0; i < speller->words.reading_counts[speller->word.length]; i++)
        if (readings[i].score >= floor)
            open_branch(speller, &open, readings[i]);
    for (int32_t left = 4 * ASL__QUEUE; open > 0 && left > 0; left--) {
        const asl__reading branch = take_best(speller, &open);
        if (count == o->max_suggestions && bound(speller, &branch) <= offers[count - 1].score)
            break;
        const double value = branch.score + o->word_weight * (double)nodes[branch.node].log_p;
        if (nodes[branch.node].is_word && branch.node != own)
            offer(offers, &count, o->max_suggestions, (asl__reading){value, branch.node});
        for (uint32_t c = first_child(nodes, branch.node); c != 0; c = nodes[c].next)
            open_branch(speller, &open, (asl__reading){branch.score + step, c});
    }
    return count;
}

static void write_word(char *out, const asl_speller *speller, uint32_t node)
{
    const asl__node *nodes = speller->words.nodes;
    uint16_t symbols[ASL__MAX_WORD];
    int32_t length = 0;
    for (; node != 0; node = nodes[node].parent)
        symbols[length++] = nodes[node].symbol;
    *out = '\0';
    while (length-- > 0) {
        const char *name = speller->symbols.names[symbols[length]];
        memcpy(out, name, strlen(name) + 1);
        out += strlen(name);
    }
}

void asl__word_offer(asl_speller *speller)
{
    asl__offers *offers = &speller->offers;
    asl__reading found[ASL__MAX_SUGGESTIONS + 1];
    int32_t count = 0;
    if (speller->words.nodes && speller->options.max_suggestions > 0 && speller->word.known &&
        speller->word.length > 0)
        count = search(speller, found);
    bool same = count == offers->count;
    for (int32_t i = 0; i < count; i++) {
        char word[ASL__WORD_BYTES];
        write_word(word, speller, found[i].node);
        same = same && strcmp(word, offers->texts[i]) == 0;
        memcpy(offers->texts[i], word, strlen(word) + 1);
    }
    offers->count = count;
    if (!same)
        asl__speller_emit(speller, ASL_SPELLER_SUGGESTIONS, -1, "");
}

int32_t asl_speller_suggestion_count(const asl_speller *speller)
{
    return speller ? speller->offers.count : 0;
}

const char *asl_speller_suggestion(const asl_speller *speller, int32_t index)
{
    if (!speller || index < 0 || index >= speller->offers.count)
        return NULL;
    return speller->offers.texts[index];
}
