/* SPDX-License-Identifier: MIT */
/* See stage.h. */
#include "unit/spell/stage.h"

const char *const stage_labels[CLASSES] = {
    "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L",   "M",       "N",    "O",
    "P", "Q", "R", "S", "T", "U", "V", "W", "X", "Y", "Z", "del", "nothing", "space"};

void stage_open(stage *s, const asl_speller_options *options)
{
    asl_error err = ASL_ERROR_INIT;
    *s = (stage){.step_ns = 100 * MS / 3, .sure = 0.9};
    assert_ok(asl_speller_create(&s->speller, stage_labels, CLASSES, options, &err), &err);
}

void stage_close(stage *s)
{
    asl_speller_free(s->speller);
}

static int32_t label_of(const char *label)
{
    for (int32_t i = 0; i < CLASSES; i++)
        if (strcmp(stage_labels[i], label) == 0)
            return i;
    fail_msg("no label %s", label);
    return -1;
}

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static bool edits(int32_t kind)
{
    return kind == ASL_SPELLER_COMMIT || kind == ASL_SPELLER_DELETE || kind == ASL_SPELLER_SPACE ||
           kind == ASL_SPELLER_EDIT;
}

void stage_follow(stage *s)
{
    asl_error err = ASL_ERROR_INIT;
    for (int32_t i = 0; i < asl_speller_event_count(s->speller); i++) {
        asl_speller_event event = {.struct_size = sizeof event};
        assert_ok(asl_speller_get_event(&event, s->speller, i, &err), &err);
        assert_in_range(event.kind, ASL_SPELLER_CANDIDATE, ASL_SPELLER_EDIT);
        assert_true(event.progress >= 0.0 && event.progress <= 1.0);
        assert_true(event.belief >= 0.0 && event.belief <= 1.0 + 1e-9);
        assert_non_null(event.text);
        s->counts[event.kind]++;
        if (!edits(event.kind))
            continue;
        const size_t left = characters(s->follower) - (size_t)event.removed;
        size_t at = strlen(s->follower);
        while (characters(s->follower) > left)
            s->follower[--at] = '\0';
        assert_true(at + strlen(event.text) < sizeof s->follower);
        strcat(s->follower, event.text);
    }
    assert_text(s, s->follower);
}

void stage_frame(stage *s, const char *label)
{
    const int32_t top = label_of(label);
    const asl_speller_hints hints = {sizeof hints, 0, s->motion};
    asl_error err = ASL_ERROR_INIT;
    float scores[CLASSES];
    for (int32_t i = 0; i < CLASSES; i++)
        scores[i] = (float)(i == top ? s->sure : (1.0 - s->sure) / (CLASSES - 1));
    s->time_ns += s->step_ns;
    assert_ok(asl_speller_push(s->speller, scores, CLASSES, s->time_ns, &hints, &err), &err);
    stage_follow(s);
}

void stage_hold(stage *s, const char *label, int64_t ms)
{
    for (const int64_t end = s->time_ns + ms * MS; s->time_ns < end;)
        stage_frame(s, label);
}

void stage_spell(stage *s, const char *text)
{
    for (; *text != '\0'; text++) {
        const char letter[2] = {*text, '\0'};
        stage_hold(s, *text == ' ' ? "space" : *text == '<' ? "del" : letter, 400);
        stage_hold(s, "nothing", 200);
    }
}

asl_speller_event stage_event(const stage *s, int32_t kind)
{
    asl_speller_event event = {.struct_size = sizeof event};
    for (int32_t i = 0; i < asl_speller_event_count(s->speller); i++) {
        assert_int_equal(asl_speller_get_event(&event, s->speller, i, NULL), ASL_OK);
        if (event.kind == kind)
            return event;
    }
    fail_msg("no event of kind %d", kind);
    return event;
}
