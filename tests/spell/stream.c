/* SPDX-License-Identifier: MIT */
/* The stream test: 50 words, spelled by a simulated signer before a simulated recogniser, or with
 * --model and --pictures before a real one, through each method of asl_speller. Prints a table in
 * Markdown; with --check of the default alone, and fails unless a simulated recogniser makes that keep
 * what docs/speller.md promises, for every seed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asl/speller.h"
#include "spell/pictures.h"
#include "spell/signer.h"

enum { WORDS = 50, RATES = 3, SKILLS = 2 };

static const char *const words[WORDS] = {
    "HELLO",  "WORLD",  "MY",    "NAME",  "IS",      "ANNA",   "JACK",   "ZOE",    "QUICK",
    "BROWN",  "FOX",    "JUMPS", "OVER",  "LAZY",    "DOGS",   "COFFEE", "WATER",  "SCHOOL",
    "FRIEND", "FAMILY", "HOUSE", "ROAD",  "DOCTOR",  "BOOK",   "PHONE",  "PLEASE", "THANK",
    "YOU",    "WHERE",  "WHEN",  "VISIT", "MUSIC",   "SUMMER", "WINTER", "GARDEN", "MARTIN",
    "SUSAN",  "BOSTON", "TEXAS", "KYOTO", "EXAMPLE", "NIGHT",  "BRIDGE", "CLOUD",  "TRAIN",
    "PAPER",  "VIOLET", "APPLE", "ZEBRA", "TONIGHT"};

static pictures *film; /* NULL: the simulated recogniser */

/* One method on one stream, or on several. */
typedef struct tally {
    double errors, characters; /* edit distance, length of the truth */
    double switches, hold_s;   /* what is shown leaves the right letter */
    double frames, right;      /* of holds; of the raw scores */
    double missed, holds;      /* letters not written while held */
    double false_commits, garbage_s;
    float *latencies_ms;
    int32_t latency_count, latency_room;
} tally;

static void add_latency(tally *t, double ms)
{
    if (t->latency_count == t->latency_room) {
        t->latency_room = t->latency_room ? 2 * t->latency_room : 1024;
        t->latencies_ms = realloc(t->latencies_ms, (size_t)t->latency_room * sizeof(float));
        if (!t->latencies_ms)
            abort();
    }
    t->latencies_ms[t->latency_count++] = (float)ms;
}

static int compare(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static double quantile_ms(tally *t, double share)
{
    if (t->latency_count == 0)
        return NAN;
    qsort(t->latencies_ms, (size_t)t->latency_count, sizeof(float), compare);
    return (double)t->latencies_ms[(int32_t)(share * (t->latency_count - 1))];
}

/* Levenshtein 1966. */
static int32_t distance(const char *a, const char *b)
{
    static int32_t row[8192];
    const int32_t columns = (int32_t)strlen(b);
    for (int32_t j = 0; j <= columns; j++)
        row[j] = j;
    for (int32_t i = 1; a[i - 1] != '\0'; i++) {
        int32_t corner = row[0];
        row[0] = i;
        for (int32_t j = 1; j <= columns; j++) {
            const int32_t other = 1 + (row[j] < row[j - 1] ? row[j] : row[j - 1]);
            const int32_t same = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            row[j] = same < other ? same : other;
        }
    }
    return row[columns];
}

static asl_speller *make_speller(const asl_speller_options *options)
{
    asl_error err = ASL_ERROR_INIT;
    asl_speller *speller = NULL;
    if (asl_speller_create(&speller, signer_labels, SIGNER_CLASSES, options, &err) < 0) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    return speller;
}

/* What is shown and which holds were written, as the events tell it. */
typedef struct watch {
    int32_t shown, hold;
    int64_t hold_start_ns, hold_end_ns;
    int32_t hold_label;
    bool written, was_right;
} watch;

static void end_hold(watch *w, tally *t)
{
    if (w->hold >= 0) {
        t->holds++;
        t->missed += !w->written;
    }
}

static void follow(watch *w, tally *t, const asl_speller *speller, const signer_frame *frame)
{
    if (frame->hold >= 0 && frame->hold != w->hold) {
        end_hold(w, t);
        w->hold = frame->hold;
        w->hold_start_ns = frame->time_ns;
        w->hold_label = frame->truth;
        w->written = w->was_right = false;
    }
    for (int32_t i = 0; i < asl_speller_event_count(speller); i++) {
        asl_speller_event event = {.struct_size = sizeof event};
        asl_speller_get_event(&event, speller, i, NULL);
        if (event.kind == ASL_SPELLER_CANDIDATE) {
            t->switches += frame->hold >= 0 && w->was_right && event.label != frame->truth;
            w->shown = event.label;
        } else if ((event.kind == ASL_SPELLER_COMMIT || event.kind == ASL_SPELLER_SPACE) &&
                   w->hold >= 0 && event.label == w->hold_label && !w->written) {
            w->written = true;
            add_latency(t, (double)(frame->time_ns - w->hold_start_ns) * 1e-6);
        }
    }
    w->was_right = frame->hold >= 0 && w->shown == frame->truth;
}

static bool is_right(const signer_frame *frame)
{
    int32_t top = 0;
    for (int32_t i = 1; i < SIGNER_CLASSES; i++)
        if (frame->scores[i] > frame->scores[top])
            top = i;
    return top == frame->truth;
}

/* With a film the frame gets new scores, and motion is what is seen on it. */
static void push(asl_speller *speller, signer_frame *frame, bool motion)
{
    const asl_speller_hints hints = {sizeof hints, 0, frame->motion};
    asl_error err = ASL_ERROR_INIT;
    asl_status status = ASL_OK;
    if (film) {
        const asl_image_view view = pictures_show(film, frame);
        status = asl_speller_look(NULL, speller, &view, NULL, &err);
    }
    if (status < 0 || asl_speller_push(speller, frame->scores, SIGNER_CLASSES, frame->time_ns,
                                       motion && !film ? &hints : NULL, &err) < 0) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
}

static void run_words(tally *t, const signer_options *signing, const asl_speller_options *options,
                      bool motion)
{
    static signer s;
    asl_speller *speller = make_speller(options);
    watch w = {.shown = -1, .hold = -1};
    signer_frame frame;
    int64_t last_ns = 0;
    if (film)
        pictures_begin(film, signing->seed);
    signer_spell(&s, signing, words, WORDS);
    while (signer_next(&s, &frame)) {
        push(speller, &frame, motion);
        follow(&w, t, speller, &frame);
        if (frame.hold >= 0) {
            t->frames++;
            t->right += is_right(&frame);
            t->hold_s += (double)(frame.time_ns - last_ns) * 1e-9;
        }
        last_ns = frame.time_ns;
    }
    end_hold(&w, t);
    t->errors += distance(s.text, asl_speller_text(NULL, speller));
    t->characters += s.text_size;
    asl_speller_free(speller);
}

static void run_garbage(tally *t, const signer_options *signing, const asl_speller_options *options,
                        double seconds, bool motion)
{
    static signer s;
    asl_speller *speller = make_speller(options);
    signer_frame frame;
    if (film)
        pictures_begin(film, signing->seed);
    signer_fidget(&s, signing, seconds);
    while (signer_next(&s, &frame)) {
        push(speller, &frame, motion);
        for (int32_t i = 0; i < asl_speller_event_count(speller); i++) {
            asl_speller_event event = {.struct_size = sizeof event};
            asl_speller_get_event(&event, speller, i, NULL);
            /* A `del` or `space` counts too where it changed nothing, except that it has no event.
             */
            t->false_commits += event.kind == ASL_SPELLER_COMMIT ||
                                event.kind == ASL_SPELLER_SPACE || event.kind == ASL_SPELLER_DELETE;
        }
    }
    t->garbage_s += seconds;
    asl_speller_free(speller);
}

/* Signals that give these shares of right frames. */
static const double signals[SKILLS] = {4.15, 3.22};
static const char *const skills[SKILLS] = {"92 %", "79 %"};
static const double rates[RATES] = {1.0, 2.0, 3.0};

/* `hard`: errors that last twice as long, some through a whole letter, and thrice the bursts. */
static signer_options signing_at(int32_t skill, double rate, uint64_t seed, bool hard)
{
    return (signer_options){.seed = seed,
                            .rate = rate,
                            .signal = signals[skill],
                            .sharpness = 2.5,
                            .fps = 30.0,
                            .jitter = 0.1,
                            .noise_s = hard ? 0.08 : 0.04,
                            .hold_spread = hard ? 0.4 : 0.2,
                            .burst_rate = hard ? 0.3 : 0.1,
                            .burst_s = 0.05};
}

/* An ideal reader, who knows when each letter begins and ends and multiplies all its scores: what
 * no reader of these frames can beat by much. */
static double ideal_errors(int32_t skill, double rate, int32_t seeds, bool hard)
{
    static signer s;
    double holds = 0.0, wrong = 0.0;
    for (int32_t seed = 1; seed <= seeds; seed++) {
        const signer_options signing = signing_at(skill, rate, (uint64_t)seed, hard);
        double sums[SIGNER_CLASSES] = {0};
        int32_t hold = -1, truth = -1;
        signer_frame frame;
        signer_spell(&s, &signing, words, WORDS);
        while (signer_next(&s, &frame)) {
            if (frame.hold != hold) {
                int32_t top = 0;
                for (int32_t i = 1; i < SIGNER_CLASSES; i++)
                    top = sums[i] > sums[top] ? i : top;
                holds += hold >= 0;
                wrong += hold >= 0 && top != truth;
                memset(sums, 0, sizeof sums);
                hold = frame.hold;
                truth = frame.truth;
            }
            for (int32_t i = 0; i < SIGNER_CLASSES; i++)
                sums[i] += log(fmax((double)frame.scores[i], 1e-6));
        }
    }
    return wrong / holds;
}

/* One line of the table. */
typedef struct result {
    tally rates[RATES], garbage;
    double worst_cer[RATES], worst_garbage;
} result;

static void measure(result *r, int32_t skill, const asl_speller_options *options, int32_t seeds,
                    bool motion, bool hard)
{
    *r = (result){0};
    for (int32_t seed = 1; seed <= seeds; seed++) {
        for (int32_t i = 0; i < RATES; i++) {
            const tally before = r->rates[i];
            signer_options signing = signing_at(skill, rates[i], (uint64_t)seed, hard);
            signing.slide_doubles = motion;
            run_words(&r->rates[i], &signing, options, motion);
            const double cer =
                (r->rates[i].errors - before.errors) / (r->rates[i].characters - before.characters);
            r->worst_cer[i] = fmax(r->worst_cer[i], cer);
        }
        const double before = r->garbage.false_commits;
        const signer_options signing = signing_at(skill, 1.0, (uint64_t)seed, hard);
        run_garbage(&r->garbage, &signing, options, 60.0, motion);
        r->worst_garbage = fmax(r->worst_garbage, r->garbage.false_commits - before);
    }
}

static void free_result(result *r)
{
    for (int32_t i = 0; i < RATES; i++)
        free(r->rates[i].latencies_ms);
}

static double cer(const result *r, int32_t rate)
{
    return 100.0 * r->rates[rate].errors / r->rates[rate].characters;
}

static double switches(const result *r, int32_t rate)
{
    return r->rates[rate].switches / r->rates[rate].hold_s;
}

static double false_a_minute(const result *r)
{
    return 60.0 * r->garbage.false_commits / r->garbage.garbage_s;
}

static double right(const result *r)
{
    return 100.0 * r->rates[1].right / r->rates[1].frames;
}

static void print_line(const char *name, result *r)
{
    printf("| %s | %.0f %% |", name, right(r));
    for (int32_t i = 0; i < RATES; i++)
        printf(" %.1f (%.1f) |", cer(r, i), 100.0 * r->worst_cer[i]);
    printf(" %.3f | %.2f (%.0f) | %.0f | %.0f |\n", fmax(switches(r, 0), switches(r, 1)),
           false_a_minute(r), r->worst_garbage, quantile_ms(&r->rates[1], 0.5),
           quantile_ms(&r->rates[1], 0.95));
}

/* What docs/speller.md promises of the default; says what does not hold. */
static int32_t check_promises(int32_t skill, result *r)
{
    const struct {
        const char *what;
        double value, most;
    } promises[] = {
        {"CER % at 1 letter/s", cer(r, 0), 3.0},
        {"CER % at 2 letters/s", cer(r, 1), 3.0},
        {"worst seed's CER % at 1 letter/s", 100.0 * r->worst_cer[0], 6.0},
        {"worst seed's CER % at 2 letters/s", 100.0 * r->worst_cer[1], 6.0},
        {"switches/s at 1 letter/s", switches(r, 0), 0.05},
        {"switches/s at 2 letters/s", switches(r, 1), 0.05},
        {"median latency in ms at 1 letter/s", quantile_ms(&r->rates[0], 0.5), 250.0},
        {"median latency in ms at 2 letters/s", quantile_ms(&r->rates[1], 0.5), 250.0},
        {"false commits in any 60 s of garbage", r->worst_garbage, 0.0},
    };
    int32_t broken = 0;
    for (size_t i = 0; i < sizeof promises / sizeof promises[0]; i++) {
        if (!(promises[i].value <= promises[i].most)) {
            fprintf(stderr, "%s right frames: %s is %.3f, promised is at most %.3f\n",
                    skills[skill], promises[i].what, promises[i].value, promises[i].most);
            broken++;
        }
    }
    if (fabs(right(r) - atof(skills[skill])) > 2.0) {
        fprintf(stderr, "the recogniser that should be right in %s of frames is in %.1f %%\n",
                skills[skill], right(r));
        broken++;
    }
    return broken;
}

static const struct {
    const char *name;
    int32_t method, profile;
    bool motion, hard;
} lines[] = {
    {"**hmm default**", ASL_SPELLER_HMM, ASL_SPELLER_DEFAULT, true, false},
    {"hmm fluent", ASL_SPELLER_HMM, ASL_SPELLER_FLUENT, true, false},
    {"average", ASL_SPELLER_AVERAGE, ASL_SPELLER_DEFAULT, true, false},
    {"vote", ASL_SPELLER_VOTE, ASL_SPELLER_DEFAULT, true, false},
    {"hmm default, lasting errors", ASL_SPELLER_HMM, ASL_SPELLER_DEFAULT, true, true},
    {"average, lasting errors", ASL_SPELLER_AVERAGE, ASL_SPELLER_DEFAULT, true, true},
    {"vote, lasting errors", ASL_SPELLER_VOTE, ASL_SPELLER_DEFAULT, true, true},
    {"hmm default, scores alone", ASL_SPELLER_HMM, ASL_SPELLER_DEFAULT, false, false},
    {"average, scores alone", ASL_SPELLER_AVERAGE, ASL_SPELLER_DEFAULT, false, false},
    {"vote, scores alone", ASL_SPELLER_VOTE, ASL_SPELLER_DEFAULT, false, false},
};

static const char table_head[] =
    "| decoder | frames right | CER % at 1/s | at 2/s | at 3/s | switches/s | false/min | "
    "latency p50 ms | p95 ms |\n|---|---|---|---|---|---|---|---|---|";

static void print_head(int32_t seeds)
{
    printf("%d seeds of %d words; in brackets the worst seed.\n", seeds, WORDS);
    for (int32_t i = 0; i < 2 * SKILLS; i++) {
        const int32_t skill = i % SKILLS;
        const bool hard = i >= SKILLS;
        printf("An ideal reader's errors at 1, 2, 3 letters/s%s, %s: %.1f, %.1f, %.1f %%.\n",
               hard ? ", lasting errors" : "", skills[skill],
               100.0 * ideal_errors(skill, 1.0, seeds, hard),
               100.0 * ideal_errors(skill, 2.0, seeds, hard),
               100.0 * ideal_errors(skill, 3.0, seeds, hard));
    }
    puts("");
    puts(table_head);
}

/* The same signer on a film of pictures. */
static int run_film(int32_t seeds, bool all)
{
    printf("%d seeds of %d words; in brackets the worst seed.\n\n", seeds, WORDS);
    puts(table_head);
    for (size_t line = 0; line < sizeof lines / sizeof lines[0]; line++) {
        result r;
        asl_speller_options options;
        if (!lines[line].motion || lines[line].hard || (line > 0 && !all))
            continue;
        asl_speller_options_init(&options, sizeof options);
        asl_speller_options_preset(&options, lines[line].method, lines[line].profile, NULL);
        measure(&r, 0, &options, seeds, true, false);
        print_line(lines[line].name, &r);
        free_result(&r);
    }
    pictures_free(film);
    return 0;
}

int main(int argc, char **argv)
{
    bool check = false;
    const char *model = NULL, *folder = NULL;
    int32_t seeds = 10, broken = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--check") == 0)
            check = true;
        else if (strncmp(argv[i], "--seeds=", 8) == 0 && atoi(argv[i] + 8) >= 1)
            seeds = atoi(argv[i] + 8);
        else if (strncmp(argv[i], "--model=", 8) == 0)
            model = argv[i] + 8;
        else if (strncmp(argv[i], "--pictures=", 11) == 0)
            folder = argv[i] + 11;
        else {
            fprintf(stderr, "usage: %s [--check] [--seeds=N] [--model=FILE --pictures=FOLDER]\n",
                    argv[0]);
            return 2;
        }
    }
    if (model && folder)
        return pictures_open(&film, model, folder) ? run_film(seeds, !check) : 3;
    if (!check)
        print_head(seeds);
    for (size_t line = 0; line < (check ? 1 : sizeof lines / sizeof lines[0]); line++) {
        for (int32_t skill = 0; skill < SKILLS; skill++) {
            result r;
            asl_speller_options options;
            asl_speller_options_init(&options, sizeof options);
            asl_speller_options_preset(&options, lines[line].method, lines[line].profile, NULL);
            measure(&r, skill, &options, seeds, lines[line].motion, lines[line].hard);
            print_line(lines[line].name, &r);
            if (check)
                broken += check_promises(skill, &r);
            free_result(&r);
        }
    }
    return broken == 0 ? 0 : 1;
}
