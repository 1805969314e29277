/* SPDX-License-Identifier: MIT */
/* The text: what signs and the host write into it and take back. It never grows beyond the memory
 * reserved at the start. */
#include "spell/speller.h"

#include <string.h>

#include "base/error.h"
#include "base/floats.h"
#include "base/text.h"

static bool append(asl__text *text, const char *bytes, size_t size)
{
    if (size > text->capacity - text->size)
        return false;
    memcpy(text->data + text->size, bytes, size);
    text->size += size;
    text->data[text->size] = '\0';
    text->applied_size = 0;
    return true;
}

static void cut(asl__text *text, size_t size)
{
    text->size = size;
    text->data[size] = '\0';
    text->applied_size = 0;
}

/* Code points of valid UTF-8. */
static int32_t count_characters(const char *bytes, size_t size)
{
    int32_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += ((unsigned char)bytes[i] & 0xc0) != 0x80;
    return count;
}

void asl__text_letter(asl_speller *speller, int32_t label)
{
    const char *name = speller->symbols.names[label];
    const asl__settling *s = &speller->settling;
    if (!append(&speller->text, name, strlen(name))) {
        asl__speller_emit(speller, ASL_SPELLER_FULL, label, NULL);
        return;
    }
    asl__speller_emit(speller, ASL_SPELLER_COMMIT, label, NULL);
    for (int32_t i = 0; i < speller->symbols.count; i++)
        s->evidence[i] /= s->evidence_num;
    asl__word_letter(speller, label, s->evidence);
    asl__word_offer(speller);
    speller->settling.evidence_num = 0;
}

void asl__text_space(asl_speller *speller, int32_t label)
{
    asl__text *text = &speller->text;
    if (text->size == 0 || text->data[text->size - 1] == ' ')
        return;
    if (!append(text, " ", 1)) {
        asl__speller_emit(speller, ASL_SPELLER_FULL, label, " ");
        return;
    }
    const size_t start = asl__word_start(speller), size = text->size - 1 - start;
    memcpy(text->word, text->data + start, size);
    text->word[size] = '\0';
    asl__speller_emit(speller, ASL_SPELLER_SPACE, label, " ");
    asl__speller_emit(speller, ASL_SPELLER_WORD, label, text->word);
    asl__word_finish(speller);
    asl__word_offer(speller);
}

/* Takes the applied suggestion back and puts in what was there before. */
static void undo(asl_speller *speller, int32_t label)
{
    asl__text *text = &speller->text;
    const size_t start = text->size - text->applied_size;
    const int32_t removed = count_characters(text->data + start, text->applied_size);
    cut(text, start);
    append(text, text->undo, text->undo_size);
    asl__speller_emit(speller, ASL_SPELLER_DELETE, label, text->undo)->removed = removed;
    asl__word_rebuild(speller);
}

void asl__text_delete(asl_speller *speller, int32_t label)
{
    asl__text *text = &speller->text;
    size_t size = text->size;
    if (size == 0)
        return;
    if (text->applied_size > 0) {
        undo(speller, label);
    } else {
        while (((unsigned char)text->data[--size] & 0xc0) == 0x80)
            continue;
        const size_t bytes = text->size - size;
        cut(text, size);
        asl__speller_emit(speller, ASL_SPELLER_DELETE, label, "")->removed = 1;
        asl__word_shorten(speller, bytes);
    }
    asl__word_offer(speller);
}

asl_status asl_speller_backspace(asl_speller *speller, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(speller != NULL, err);
    speller->event_count = 0;
    asl__text_delete(speller, -1);
    return ASL_OK;
}

asl_status asl_speller_insert(asl_speller *speller, const char *text, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(speller != NULL, err);
    speller->event_count = 0;
    ASL__CHECK_ARG(text != NULL, err);
    const size_t size = strlen(text);
    if (!asl__is_plain_utf8(text, size))
        return asl__fail(err, ASL_ERR_ARG, "%s: '%s' holds a control character or invalid UTF-8",
                         __func__, text);
    if (size == 0)
        return ASL_OK;
    if (!append(&speller->text, text, size))
        return asl__fail(err, ASL_ERR_LIMIT, "%zu more bytes do not fit: the text has %zu of %zu",
                         size, speller->text.size, speller->text.capacity);
    asl__speller_emit(speller, ASL_SPELLER_EDIT, -1,
                      speller->text.data + speller->text.size - size);
    asl__word_rebuild(speller);
    asl__word_offer(speller);
    return ASL_OK;
}

asl_status asl_speller_clear(asl_speller *speller, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(speller != NULL, err);
    speller->event_count = 0;
    if (speller->text.size == 0)
        return ASL_OK;
    const int32_t removed = count_characters(speller->text.data, speller->text.size);
    cut(&speller->text, 0);
    asl__speller_emit(speller, ASL_SPELLER_EDIT, -1, "")->removed = removed;
    asl__word_rebuild(speller);
    asl__word_offer(speller);
    return ASL_OK;
}

asl_status asl_speller_apply_suggestion(asl_speller *speller, int32_t index, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(speller != NULL, err);
    speller->event_count = 0;
    ASL__CHECK_ARG(index >= 0 && index < speller->offers.count, err);
    asl__text *text = &speller->text;
    const char *word = speller->offers.texts[index];
    const size_t start = asl__word_start(speller), replaced = text->size - start;
    const size_t size = strlen(word);
    if (size + 1 > text->capacity - start)
        return asl__fail(err, ASL_ERR_LIMIT, "'%s' does not fit: the text may have %zu bytes", word,
                         text->capacity);
    const int32_t removed = count_characters(text->data + start, replaced);
    memcpy(text->undo, text->data + start, replaced);
    text->undo[replaced] = '\0';
    text->undo_size = replaced;
    cut(text, start);
    append(text, word, size);
    append(text, " ", 1);
    text->applied_size = size + 1;
    asl__speller_emit(speller, ASL_SPELLER_EDIT, -1, text->data + start)->removed = removed;
    asl__word_forget(speller);
    asl__word_offer(speller);
    return ASL_OK;
}
