/* SPDX-License-Identifier: MIT */
/* The timing of fingerspelling: the hand comes up, moves from shape to shape, holds each for a
 * while, lets go between two of the same, and goes down again. See synth.h. */
#include "live/synth.h"

#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "live/source_kind.h"

enum { STREAM_SCRIPT = 64, MOST_LETTERS = 100000 };

/* Seconds. Practised signers need 150 to 200 ms from one shape to the next. */
#define BEFORE  0.7
#define AFTER   1.0
#define RISE    0.4
#define MOVE    0.18
#define RELEASE 0.4  /* from a letter to the same one again */
#define LINGER  0.15 /* what a double letter takes more than two others */

/* The shape of a hand at rest with bent fingers. */
#define LIMP 0.6f

/* Millimetres that the hand goes to the side between double letters. */
#define SLIDE 35.0f

/* A shape that is held. Between keys the hand moves. */
struct key {
    double arrive, leave;
    struct script_moment moment;
};

struct script {
    struct key *keys;
    size_t count;
    double length;
    const struct signer *signer;
    float below; /* how far down the hand is out of sight */
    bool raised; /* the last key shows a hand that is up */
};

/* ---- Shapes ---- */

/* The sign for a character; -1 if there is none. */
static int class_of(char c)
{
    const char *const names[] = {"space", "del"};
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    const char *name = c == ' ' ? names[0] : c == '<' ? names[1] : NULL;

    if (letter)
        return (c & ~0x20) - 'A';
    for (int i = 0; name && i < POSE_CLASSES; i++)
        if (strcmp(pose_class_name[i], name) == 0)
            return i;
    return -1;
}

/* Where the wrist must be for the joints to be in the middle. */
static vec3 centred(const struct signer *signer, const struct pose *pose)
{
    struct hand hand;
    vec3 low = v3(FIELD_FAR, FIELD_FAR, FIELD_FAR), high = scale(low, -1.0f);

    hand_build(&hand, &signer->physique, pose, -1.0f);
    for (int i = 0; i < HAND_JOINTS; i++) {
        const vec3 j = hand.joint[i];
        const float r = hand.joint_radius[i];
        low = v3(minf(low.x, j.x - r), minf(low.y, j.y - r), minf(low.z, j.z - r));
        high = v3(maxf(high.x, j.x + r), maxf(high.y, j.y + r), maxf(high.z, j.z + r));
    }
    return scale(add(low, high), -0.5f);
}

/* One person's way of making a sign, this time. */
static struct script_moment make_sign(const struct script *script, int class_index, rng *random)
{
    struct script_moment m;
    const struct pose common = pose_make(class_index, 0.0f, 0.0f);
    m.pose = signer_pose(script->signer, &common, random);
    m.place = centred(script->signer, &m.pose);
    m.place = add(m.place, rng_normal3(random, 4.0f));
    return m;
}

static struct script_moment mix_moments(const struct script_moment *a,
                                        const struct script_moment *b, float t)
{
    return (struct script_moment){pose_mix(&a->pose, &b->pose, t), mix3(a->place, b->place, t)};
}

/* Between double letters signers relax the hand and slide it to the side. The wrist drops with it,
 * or an open hand would be a letter of its own. */
static struct script_moment released(const struct script *script, const struct script_moment *sign)
{
    const struct script_moment limp = {pose_make(POSE_NOTHING, LIMP, 0.0f), sign->place};
    struct script_moment m = mix_moments(sign, &limp, 0.9f);
    m.pose.yaw = sign->pose.yaw + 35.0f;
    m.pose.pitch = sign->pose.pitch - 40.0f;
    m.pose.roll = sign->pose.roll - 20.0f;
    m.place = add(centred(script->signer, &m.pose), v3(SLIDE, -0.5f * SLIDE, 0));
    return m;
}

/* ---- Keys ---- */

static void add_key(struct script *script, double move, double hold, struct script_moment moment)
{
    struct key *key = &script->keys[script->count++];
    key->arrive = script->length + move;
    key->leave = key->arrive + hold;
    key->moment = moment;
    script->length = key->leave;
}

static void raise_hand(struct script *script, struct script_moment sign)
{
    if (script->raised)
        return;
    sign.place.y -= script->below;
    add_key(script, 0.0, 0.0, sign);
    script->raised = true;
}

static void lower_hand(struct script *script)
{
    struct script_moment last = script->keys[script->count - 1].moment;
    if (!script->raised)
        return;
    last.place.y -= script->below;
    add_key(script, RISE, 0.0, last);
    script->raised = false;
}

static void add_letter(struct script *script, int class_index, bool again, double period,
                       rng *random)
{
    const bool rises = !script->raised;
    const struct script_moment sign = make_sign(script, class_index, random);
    const double move = fmin(MOVE, 0.4 * period);

    raise_hand(script, sign);
    if (rises) {
        add_key(script, RISE, period - move, sign);
    } else if (again) {
        const double release = fmin(RELEASE, 0.6 * (period + LINGER));
        const struct script_moment limp = released(script, &sign);
        add_key(script, 0.5 * release, 0.0, limp);
        add_key(script, 0.5 * release, period + LINGER - release, sign);
    } else {
        add_key(script, move, period - move, sign);
    }
}

static bool check(const char *text, struct live_error *error)
{
    if (text[0] == '\0')
        return live_fail(error, CLI_USAGE,
                         "there is no text after 'synth:'; name some, as in synth:HELLO");
    if (strlen(text) > MOST_LETTERS)
        return live_fail(error, CLI_USAGE, "the text after 'synth:' is longer than %d letters",
                         MOST_LETTERS);
    for (const char *c = text; *c; c++) {
        int length = 1; /* of the character in UTF-8 */
        while ((c[length] & 0xc0) == 0x80)
            length++;
        if (class_of(*c) < 0 && *c != '.')
            return live_fail(error, CLI_USAGE,
                             "'synth:%.80s': there is no sign for '%.*s'; use the letters A to "
                             "Z, space, '<' to delete and '.' to rest",
                             text, length, c);
    }
    return true;
}

struct script *script_make(const char *text, const struct signer *signer,
                           const struct live_options *options, struct live_error *error)
{
    const double period = 1.0 / options->letters;
    rng random = rng_make(options->seed, STREAM_SCRIPT, 0);

    if (!check(text, error))
        return NULL;
    struct script *script = cli_alloc(1, sizeof *script);
    /* A letter takes two keys when the hand comes up or lets go, and going down is one more. */
    script->keys = cli_alloc(2 * strlen(text) + 1, sizeof *script->keys);
    script->signer = signer;
    script->below = HAND_TALL + easel_mm(options) * (float)(options->height - options->box.y -
                                                            options->box.height / 2);
    script->length = BEFORE;
    for (const char *c = text; *c; c++) {
        if (*c != '.') {
            const bool again = c > text && class_of(c[-1]) == class_of(*c);
            add_letter(script, class_of(*c), again, period, &random);
        } else if (script->count > 0) {
            lower_hand(script);
            script->length += period;
        }
    }
    if (script->count > 0)
        lower_hand(script);
    script->length += AFTER;
    return script;
}

double script_length(const struct script *script)
{
    return script->length;
}

bool script_at(struct script_moment *moment, const struct script *script, double seconds)
{
    const struct key *keys = script->keys;
    size_t next = 0, end = script->count;

    /* The first key that has not been left yet. */
    while (next < end) {
        const size_t middle = next + (end - next) / 2;
        if (keys[middle].leave < seconds)
            next = middle + 1;
        else
            end = middle;
    }
    if (next == script->count || (next == 0 && seconds < keys[0].arrive))
        return false;
    *moment = keys[next].moment;
    if (seconds < keys[next].arrive) {
        const double begin = keys[next - 1].leave;
        const double t = (seconds - begin) / (keys[next].arrive - begin);
        *moment = mix_moments(&keys[next - 1].moment, moment, smoothf(0.0f, 1.0f, (float)t));
    }
    return true;
}

void script_free(struct script *script)
{
    if (script)
        free(script->keys);
    free(script);
}
