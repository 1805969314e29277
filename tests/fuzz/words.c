/* SPDX-License-Identifier: MIT */
/* Bytes as a list of words, for a speller that is asked in the middle of one. */
#include <string.h>

#include "asl/speller.h"
#include "fuzz/fuzz.h"

enum { CLASSES = 29, MOST_BYTES = 32 << 20 };

static const char *const labels[CLASSES] = {
    "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L",   "M",       "N",    "O",
    "P", "Q", "R", "S", "T", "U", "V", "W", "X", "Y", "Z", "del", "nothing", "space"};

/* Kept, since making one takes longer than most lists. */
static asl_speller *speller;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    asl_speller_options options;
    (void)argc;
    (void)argv;
    asl_speller_options_init(&options, sizeof options);
    options.max_text = 256;
    FUZZ_CHECK(asl_speller_create(&speller, labels, CLASSES, &options, NULL) == ASL_OK);
    return 0;
}

static int64_t lines(const uint8_t *data, size_t size)
{
    int64_t count = 1;
    for (size_t i = 0; i < size; i++)
        count += data[i] == '\n';
    return count;
}

static uint64_t check_offers(void)
{
    asl_error err = ASL_ERROR_INIT;
    uint64_t sum = 0;
    const int32_t count = asl_speller_suggestion_count(speller);
    FUZZ_CHECK(count >= 0 && count <= 3);
    for (int32_t i = 0; i < count; i++) {
        const char *word = asl_speller_suggestion(speller, i);
        FUZZ_CHECK(word != NULL && word[0] != '\0' && fuzz_is_plain(word));
        for (int32_t k = 0; k < i; k++)
            FUZZ_CHECK(strcmp(word, asl_speller_suggestion(speller, k)) != 0);
        sum = sum * 31 + fuzz_hash(word, strlen(word));
    }
    if (count > 0) {
        char before[64];
        FUZZ_CHECK(strlen(asl_speller_text(NULL, speller)) < sizeof before);
        strcpy(before, asl_speller_text(NULL, speller));
        FUZZ_CHECK(fuzz_went(asl_speller_apply_suggestion(speller, count - 1, &err), &err, 0));
        FUZZ_CHECK(fuzz_went(asl_speller_backspace(speller, &err), &err, 0));
        FUZZ_CHECK(strcmp(before, asl_speller_text(NULL, speller)) == 0);
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const letters[] = {"H", "E", "L", "O"};
    asl_error err = ASL_ERROR_INIT;
    int64_t used = -1, skipped = -1;
    uint64_t sum = 0;
    const char *text = data == NULL ? "" : (const char *)data;
    fuzz_begin();
    const asl_status status = asl_speller_set_words(&used, &skipped, speller, text, size, &err);
    if (fuzz_went(status, &err, ASL_ERR_LIMIT, 0)) {
        FUZZ_CHECK(used >= 0 && skipped >= 0 && used + skipped <= lines(data, size));
        FUZZ_CHECK((status == ASL_PARTIAL) == (skipped > 0));
        for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
            FUZZ_CHECK(asl_speller_insert(speller, letters[i], &err) == ASL_OK);
            sum = check_offers();
        }
        /* The same list again changes nothing of what is offered. */
        FUZZ_CHECK(asl_speller_set_words(NULL, NULL, speller, text, size, &err) == status);
        FUZZ_CHECK(check_offers() == sum);
    }
    FUZZ_CHECK(asl_speller_set_words(NULL, NULL, speller, NULL, 0, &err) == ASL_OK);
    FUZZ_CHECK(asl_speller_suggestion_count(speller) == 0);
    asl_speller_reset(speller);
    fuzz_end(MOST_BYTES);
    return 0;
}
