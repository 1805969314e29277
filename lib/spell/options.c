/* SPDX-License-Identifier: MIT */
/* A speller's constants: defaults, presets and ranges. */
#include "base/error.h"
#include "base/options.h"
#include "base/text.h"
#include "spell/speller.h"

static const asl_speller_options default_options = {
    .struct_size = sizeof(asl_speller_options),
    .method = ASL_SPELLER_HMM,
    .temperature = 1.0,
    .floor = 2e-3,
    .nothing_share = 0.4,
    .correlation_ms = 94,
    .stay_ms = 350,
    .average_ms = 120,
    .vote_ms = 333,
    .enter = 0.85,
    .margin = 0.2,
    .exit = 0.6,
    .doubt_factor = 0.2,
    .blind_factor = 2.4,
    .edit_factor = 1.2,
    .dwell_ms = 80,
    .release_ms = 60,
    .delete_repeat_ms = 600,
    .idle_ms = 1000,
    .gap_ms = 500,
    .bump_min_ms = 50,
    .bump_max_ms = 250,
    .bump_motion = 0.1,
    .still_motion = 0.06,
    .moving_weight = 0.4,
    .max_text = 65536,
    .max_suggestions = 3,
    .word_weight = 0.6,
    .insert_factor = 0.02,
    .omit_factor = 0.03,
    .repeat_factor = 0.05,
    .replace_floor = 1e-3,
    .complete_factor = 0.5,
    .offer_floor = 0.1,
    .beam = 64,
};

/* What differs between presets, by method and profile. */
typedef struct preset {
    double enter, margin, exit, blind_factor;
    int32_t dwell_ms, vote_ms;
} preset;

static const preset presets[3][3] =
    {
        [ASL_SPELLER_HMM] =
            {
                [ASL_SPELLER_DEFAULT] = {0.85, 0.2, 0.6, 2.4, 80, 333},
                [ASL_SPELLER_LEARNER] = {0.9, 0.2, 0.6, 1.0, 400, 333},
                [ASL_SPELLER_FLUENT] = {0.75, 0.1, 0.6, 2.4, 50, 333},
            },
        [ASL_SPELLER_AVERAGE] =
            {
                [ASL_SPELLER_DEFAULT] = {0.55, 0.2, 0.2, 2.4, 80, 333},
                [ASL_SPELLER_LEARNER] = {0.55, 0.2, 0.2, 1.0, 400, 333},
                [ASL_SPELLER_FLUENT] = {0.55, 0.2, 0.2, 2.4, 50, 333},
            },
        [ASL_SPELLER_VOTE] =
            {
                [ASL_SPELLER_DEFAULT] = {0.6, 0.0, 0.2, 1.0, 0, 333},
                [ASL_SPELLER_LEARNER] = {0.6, 0.0, 0.2, 1.0, 0, 500},
                [ASL_SPELLER_FLUENT] = {0.7, 0.0, 0.2, 1.0, 0, 233},
            },
};

void asl_speller_options_init(asl_speller_options *options, size_t struct_size)
{
    asl__options_init(options, struct_size, &default_options, sizeof default_options);
}

asl_status asl_speller_options_preset(asl_speller_options *options, int32_t method, int32_t profile,
                                      asl_error *err)
{
    asl__error_clear(err);
    ASL__CHECK_ARG(options != NULL, err);
    ASL__CHECK_ARG(method >= ASL_SPELLER_HMM && method <= ASL_SPELLER_VOTE, err);
    ASL__CHECK_ARG(profile >= ASL_SPELLER_DEFAULT && profile <= ASL_SPELLER_FLUENT, err);
    const preset *p = &presets[method][profile];
    asl_speller_options chosen = default_options;
    chosen.method = method;
    chosen.enter = p->enter;
    chosen.margin = p->margin;
    chosen.exit = p->exit;
    chosen.blind_factor = p->blind_factor;
    chosen.dwell_ms = p->dwell_ms;
    chosen.vote_ms = p->vote_ms;
    return asl__struct_write(options, &chosen, sizeof chosen, "asl_speller_options", err);
}

static asl_status check_integers(const asl_speller_options *o, asl_error *err)
{
    const struct {
        const char *name;
        int32_t value, low, high;
    } ranges[] = {
        {"method", o->method, ASL_SPELLER_HMM, ASL_SPELLER_VOTE},
        {"correlation_ms", o->correlation_ms, 0, 60000},
        {"stay_ms", o->stay_ms, 1, 60000},
        {"average_ms", o->average_ms, 1, 60000},
        {"vote_ms", o->vote_ms, 1, 60000},
        {"dwell_ms", o->dwell_ms, 0, 60000},
        {"release_ms", o->release_ms, 0, 60000},
        {"repeat_ms", o->repeat_ms, 0, 60000},
        {"delete_repeat_ms", o->delete_repeat_ms, 0, 60000},
        {"idle_ms", o->idle_ms, 0, 60000},
        {"pause_ms", o->pause_ms, 0, 60000},
        {"gap_ms", o->gap_ms, 1, 60000},
        {"bump_min_ms", o->bump_min_ms, 0, 60000},
        {"bump_max_ms", o->bump_max_ms, 0, 60000},
        {"max_text", o->max_text, 64, 16777216},
        {"max_suggestions", o->max_suggestions, 0, ASL__MAX_SUGGESTIONS},
        {"beam", o->beam, 1, 1024},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (ranges[i].value < ranges[i].low || ranges[i].value > ranges[i].high)
            return asl__fail(err, ASL_ERR_ARG, "asl_speller_options: %s %d is not %d..%d",
                             ranges[i].name, ranges[i].value, ranges[i].low, ranges[i].high);
    return ASL_OK;
}

static asl_status check_numbers(const asl_speller_options *o, asl_error *err)
{
    const struct {
        const char *name;
        double value, low, high;
    } ranges[] = {
        {"temperature", o->temperature, 0.1, 10.0},
        {"floor", o->floor, 1e-9, 0.1},
        {"nothing_share", o->nothing_share, 0.0, 1.0},
        {"enter", o->enter, 0.0, 1.0},
        {"margin", o->margin, 0.0, 1.0},
        {"exit", o->exit, 0.0, 1.0},
        {"doubt_factor", o->doubt_factor, 0.0, 10.0},
        {"blind_factor", o->blind_factor, 0.0, 100.0},
        {"edit_factor", o->edit_factor, 0.0, 100.0},
        {"bump_motion", o->bump_motion, 0.0, 1.0},
        {"still_motion", o->still_motion, 0.0, 1.0},
        {"moving_weight", o->moving_weight, 0.0, 1.0},
        {"word_weight", o->word_weight, 0.0, 10.0},
        {"insert_factor", o->insert_factor, 1e-9, 1.0},
        {"omit_factor", o->omit_factor, 1e-9, 1.0},
        {"repeat_factor", o->repeat_factor, 1e-9, 1.0},
        {"replace_floor", o->replace_floor, 1e-9, 1.0},
        {"complete_factor", o->complete_factor, 1e-9, 1.0},
        {"offer_floor", o->offer_floor, 1e-9, 1.0},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (!(ranges[i].value >= ranges[i].low && ranges[i].value <= ranges[i].high)) {
            char value[24], low[24], high[24];
            asl__format_decimal(value, ranges[i].value);
            asl__format_decimal(low, ranges[i].low);
            asl__format_decimal(high, ranges[i].high);
            return asl__fail(err, ASL_ERR_ARG, "asl_speller_options: %s %s is not %s..%s",
                             ranges[i].name, value, low, high);
        }
    }
    return ASL_OK;
}

asl_status asl__speller_options_check(const asl_speller_options *options, asl_error *err)
{
    asl_status status;
    ASL__TRY(check_integers(options, err));
    ASL__TRY(check_numbers(options, err));
fail:
    return status;
}
