/* SPDX-License-Identifier: MIT */
/* Bytes as what a host does with a speller: its options, then one call after the other. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "asl/speller.h"
#include "fuzz/fuzz.h"

enum { CLASSES = 29, MOST_TEXT = 4096, MOST_BYTES = 64 << 20 };

static const char *const labels[CLASSES] = {
    "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L",   "M",       "N",    "O",
    "P", "Q", "R", "S", "T", "U", "V", "W", "Ö", "Y", "Z", "del", "nothing", "space"};

typedef struct host {
    asl_speller *speller;
    fuzz_input in;
    int64_t time_ns;
    char follower[2 * MOST_TEXT]; /* the text as the events alone tell it */
    size_t most_text;
    uint64_t sum; /* of all that was answered */
} host;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

/* ---- Options ---- */

/* From `low` to `high`, and now and then beyond. */
static double number(fuzz_input *in, double low, double high)
{
    const uint8_t share = fuzz_u8(in);
    return share == 255 ? (double)NAN : share == 254 ? high * 2 : low + (high - low) * share / 253;
}

static void change_option(asl_speller_options *o, fuzz_input *in)
{
    int32_t *const times[] = {
        &o->correlation_ms, &o->stay_ms,     &o->average_ms,       &o->vote_ms, &o->dwell_ms,
        &o->release_ms,     &o->repeat_ms,   &o->delete_repeat_ms, &o->idle_ms, &o->pause_ms,
        &o->gap_ms,         &o->bump_min_ms, &o->bump_max_ms};
    double *const shares[] = {&o->nothing_share, &o->enter,         &o->margin,
                              &o->exit,          &o->bump_motion,   &o->still_motion,
                              &o->moving_weight, &o->insert_factor, &o->omit_factor,
                              &o->repeat_factor, &o->replace_floor, &o->complete_factor,
                              &o->offer_floor};
    double *const factors[] = {&o->temperature, &o->doubt_factor, &o->word_weight,
                               &o->floor,       &o->blind_factor, &o->edit_factor};
    const uint8_t which = fuzz_u8(in);
    switch (which % 5) {
    case 0:
        *times[which / 5 % 13] = (int32_t)fuzz_u8(in) << fuzz_u8(in) % 24;
        break;
    case 1:
        *shares[which / 5 % 13] = number(in, 0, 1);
        break;
    case 2:
        *factors[which / 5 % 6] = number(in, 0, 10);
        break;
    case 3:
        o->max_text = 64 + fuzz_u8(in) * 8;
        break;
    default:
        o->beam = 1 + fuzz_u8(in);
        o->max_suggestions = which / 5 % 10;
    }
}

static void choose(asl_speller_options *options, fuzz_input *in)
{
    const uint8_t kind = fuzz_u8(in);
    asl_speller_options_init(options, sizeof *options);
    FUZZ_CHECK(asl_speller_options_preset(options, kind % 3, kind / 3 % 3, NULL) == ASL_OK);
    options->max_text = 512;
    for (int changes = kind / 9 % 8; changes > 0; changes--)
        change_option(options, in);
}

/* ---- What is checked after each call ---- */

static void take(host *h, const void *data, size_t size)
{
    h->sum = h->sum * 31 + fuzz_hash(data, size);
}

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

/* Takes characters off the end of the follower and appends the event's text. */
static void follow(host *h, const asl_speller_event *event)
{
    size_t size = strlen(h->follower);
    FUZZ_CHECK(event->removed >= 0);
    FUZZ_CHECK((size_t)event->removed <= characters(h->follower));
    for (int32_t left = event->removed; left > 0; left--) {
        while (((unsigned char)h->follower[size - 1] & 0xc0) == 0x80)
            size--;
        size--;
    }
    h->follower[size] = '\0';
    FUZZ_CHECK(size + strlen(event->text) < sizeof h->follower);
    strcpy(h->follower + size, event->text);
}

static void check_event(host *h, const asl_speller_event *event)
{
    const int32_t kind = event->kind;
    FUZZ_CHECK(kind >= ASL_SPELLER_CANDIDATE && kind <= ASL_SPELLER_EDIT);
    FUZZ_CHECK(event->label >= -1 && event->label < CLASSES);
    FUZZ_CHECK(event->progress >= 0.0 && event->progress <= 1.0);
    FUZZ_CHECK(event->belief >= 0.0 && event->belief <= 1.0 + 1e-9);
    FUZZ_CHECK(event->since_ns <= event->time_ns);
    FUZZ_CHECK(event->text != NULL && fuzz_is_plain(event->text));
    if (kind == ASL_SPELLER_COMMIT || kind == ASL_SPELLER_DELETE || kind == ASL_SPELLER_SPACE ||
        kind == ASL_SPELLER_EDIT)
        follow(h, event);
    take(h, event->text, strlen(event->text));
    take(h, &event->time_ns, sizeof event->time_ns);
}

static void check(host *h)
{
    asl_error err = ASL_ERROR_INIT;
    size_t size;
    for (int32_t i = 0; i < asl_speller_event_count(h->speller); i++) {
        asl_speller_event event = {.struct_size = sizeof event};
        FUZZ_CHECK(asl_speller_get_event(&event, h->speller, i, &err) == ASL_OK);
        check_event(h, &event);
    }
    const char *text = asl_speller_text(&size, h->speller);
    FUZZ_CHECK(strlen(text) == size && size <= h->most_text && fuzz_is_plain(text));
    FUZZ_CHECK(strcmp(text, h->follower) == 0);
    const double *belief = asl_speller_belief(h->speller);
    for (int32_t i = 0; i < CLASSES; i++)
        FUZZ_CHECK(belief[i] >= 0.0 && belief[i] <= 1.0 + 1e-9);
    take(h, belief, CLASSES * sizeof *belief);
    const int32_t offers = asl_speller_suggestion_count(h->speller);
    for (int32_t i = 0; i < offers; i++)
        FUZZ_CHECK(fuzz_is_plain(asl_speller_suggestion(h->speller, i)));
}

/* ---- Calls ---- */

/* A push takes no memory, and a failed one changes nothing. */
static void push(host *h, const float *scores, int64_t time_ns, const asl_speller_hints *hints)
{
    asl_error err = ASL_ERROR_INIT;
    size_t before, after;
    double belief[CLASSES];
    asl_memory_usage(&before, NULL);
    memcpy(belief, asl_speller_belief(h->speller), sizeof belief);
    const asl_status status = asl_speller_push(h->speller, scores, CLASSES, time_ns, hints, &err);
    asl_memory_usage(&after, NULL);
    FUZZ_CHECK(before == after);
    if (fuzz_went(status, &err, ASL_ERR_ARG, 0)) {
        h->time_ns = time_ns;
    } else {
        FUZZ_CHECK(asl_speller_event_count(h->speller) == 0);
        FUZZ_CHECK(memcmp(belief, asl_speller_belief(h->speller), sizeof belief) == 0);
    }
    check(h);
}

/* Up to 31 frames of one sign. */
static void hold(host *h)
{
    const uint8_t label = fuzz_u8(&h->in) % CLASSES, sure = fuzz_u8(&h->in);
    const uint8_t frames = fuzz_u8(&h->in) % 32, step = fuzz_u8(&h->in);
    const uint8_t motion = fuzz_u8(&h->in);
    const asl_speller_hints hints = {sizeof hints, 0, motion / 255.0};
    float scores[CLASSES];
    for (int32_t i = 0; i < CLASSES; i++)
        scores[i] = (float)(i == label ? sure / 255.0 : (255 - sure) / 255.0 / (CLASSES - 1));
    for (int frame = 0; frame < frames; frame++) {
        if (__builtin_add_overflow(h->time_ns, step * INT64_C(1000000), &h->time_ns))
            return;
        push(h, scores, h->time_ns, motion == 0 ? NULL : &hints);
    }
}

/* A frame at any time, of any bits or as sure as can be. */
static void push_raw(host *h)
{
    const uint8_t sure = fuzz_u8(&h->in);
    const asl_speller_hints hints = {sizeof hints, 0, number(&h->in, 0, 1)};
    const uint64_t high = fuzz_u32(&h->in);
    float scores[CLASSES] = {0};
    for (int32_t i = 0; i < 3; i++) {
        const uint32_t bits = fuzz_u32(&h->in);
        memcpy(&scores[i * 13], &bits, sizeof bits);
    }
    if (sure > 0) {
        memset(scores, 0, sizeof scores);
        scores[sure % CLASSES] = 1.0F;
    }
    push(h, scores, (int64_t)(high << 32 | fuzz_u32(&h->in)), &hints);
}

/* A text of at most 63 bytes from the input. */
static void read_text(char out[64], fuzz_input *in)
{
    const uint8_t length = fuzz_u8(in) % 64;
    for (int i = 0; i < length; i++)
        out[i] = (char)fuzz_u8(in);
    out[length] = '\0';
}

static void insert(host *h)
{
    asl_error err = ASL_ERROR_INIT;
    char text[64];
    read_text(text, &h->in);
    fuzz_went(asl_speller_insert(h->speller, text, &err), &err, ASL_ERR_ARG, ASL_ERR_LIMIT, 0);
}

static void set_words(host *h)
{
    asl_error err = ASL_ERROR_INIT;
    char text[64];
    read_text(text, &h->in);
    fuzz_went(asl_speller_set_words(NULL, NULL, h->speller, text, strlen(text), &err), &err, 0);
}

static void look(host *h)
{
    asl_error err = ASL_ERROR_INIT;
    uint8_t pixels[8 * 8 * 3];
    double motion = -1;
    memset(pixels, fuzz_u8(&h->in), sizeof pixels);
    const asl_image_view view = {
        .pixels = pixels, .width = 8, .height = 8, .stride = 24, .format = 0};
    const asl_rect part = {0, 0, fuzz_u8(&h->in) % 10, 8};
    if (fuzz_went(asl_speller_look(&motion, h->speller, &view, &part, &err), &err, ASL_ERR_ARG, 0))
        FUZZ_CHECK(motion >= 0.0 && motion <= 1.0);
}

static void apply(host *h)
{
    asl_error err = ASL_ERROR_INIT;
    const int32_t index = (int32_t)fuzz_u8(&h->in) - 1;
    const int32_t count = asl_speller_suggestion_count(h->speller);
    if (fuzz_went(asl_speller_apply_suggestion(h->speller, index, &err), &err, ASL_ERR_ARG,
                  ASL_ERR_LIMIT, 0))
        FUZZ_CHECK(index >= 0 && index < count);
}

static void call(host *h)
{
    asl_error err = ASL_ERROR_INIT;
    switch (fuzz_u8(&h->in) % 12) {
    case 0:
        push_raw(h);
        return;
    case 1:
        insert(h);
        break;
    case 2:
        set_words(h);
        break;
    case 3:
        look(h);
        return; /* its events are those of the last push */
    case 4:
        apply(h);
        break;
    case 5:
        fuzz_went(asl_speller_backspace(h->speller, &err), &err, 0);
        break;
    case 6:
        fuzz_went(asl_speller_clear(h->speller, &err), &err, 0);
        break;
    case 7:
        asl_speller_reset(h->speller);
        h->follower[0] = '\0';
        h->time_ns = 0;
        break;
    default:
        hold(h);
        return;
    }
    check(h);
}

/* Everything that the speller answered, as one number. */
static uint64_t run(const uint8_t *data, size_t size)
{
    asl_error err = ASL_ERROR_INIT;
    asl_speller_options options;
    host *h = calloc(1, sizeof *h);
    FUZZ_CHECK(h != NULL);
    h->in = (fuzz_input){data, data + size};
    choose(&options, &h->in);
    h->most_text = (size_t)options.max_text;
    if (fuzz_went(asl_speller_create(&h->speller, labels, CLASSES, &options, &err), &err,
                  ASL_ERR_ARG, 0)) {
        while (h->in.at < h->in.end)
            call(h);
    } else {
        FUZZ_CHECK(h->speller == NULL);
    }
    asl_speller_free(h->speller);
    const uint64_t sum = h->sum;
    free(h);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_begin();
    const uint64_t sum = run(data, size);
    if (size % 4 == 0)
        FUZZ_CHECK(run(data, size) == sum);
    fuzz_end(MOST_BYTES);
    return 0;
}
