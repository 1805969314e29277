/* SPDX-License-Identifier: MIT */
#ifndef ASL_SPELLER_H
#define ASL_SPELLER_H

#include "asl/base.h"
#include "asl/image.h"
#include "asl/model.h"

ASL_BEGIN_DECLS

typedef struct asl_speller asl_speller;

enum {
    ASL_SPELLER_HMM = 0,
    ASL_SPELLER_AVERAGE = 1,
    ASL_SPELLER_VOTE = 2
};

enum {
    ASL_SPELLER_DEFAULT = 0,
    ASL_SPELLER_LEARNER = 1,
    ASL_SPELLER_FLUENT = 2
};

typedef struct asl_speller_options {
    uint32_t struct_size;
    int32_t method;

    double temperature;
    double floor;
    double nothing_share;
    int32_t correlation_ms;
    int32_t stay_ms;
    int32_t average_ms;
    int32_t vote_ms;

    double enter;
    double margin;
    double exit;

    double still_motion;
    double moving_weight;
    double bump_motion;
    int32_t bump_min_ms;
    int32_t bump_max_ms;

    double doubt_factor;
    double blind_factor;
    double edit_factor;
    int32_t dwell_ms;
    int32_t release_ms;
    int32_t repeat_ms;
    int32_t delete_repeat_ms;
    int32_t idle_ms;
    int32_t pause_ms;
    int32_t gap_ms;

    int32_t max_text;
    int32_t max_suggestions;
    int32_t beam;

    double word_weight;
    double insert_factor;
    double omit_factor;
    double repeat_factor;
    double replace_floor;
    double complete_factor;
    double offer_floor;
} asl_speller_options;

ASL_API void asl_speller_options_init(asl_speller_options *options, size_t struct_size);

ASL_API asl_status asl_speller_options_preset(asl_speller_options *options, int32_t method,
                                              int32_t profile, asl_error *err);

ASL_API asl_status asl_speller_create(asl_speller **out, const char *const *labels,
                                      int32_t label_count, const asl_speller_options *options,
                                      asl_error *err);

ASL_API asl_status asl_speller_create_for_model(asl_speller **out, const asl_model *model,
                                                const asl_speller_options *options, asl_error *err);

ASL_API void asl_speller_free(asl_speller *speller);

ASL_API asl_status asl_speller_look(double *motion, asl_speller *speller,
                                    const asl_image_view *view, const asl_rect *region,
                                    asl_error *err);

typedef struct asl_speller_hints {
    uint32_t struct_size;
    uint32_t reserved;
    double motion;
} asl_speller_hints;

ASL_API asl_status asl_speller_push(asl_speller *speller, const float *scores, size_t score_count,
                                    int64_t time_ns, const asl_speller_hints *hints,
                                    asl_error *err);

enum {
    ASL_SPELLER_CANDIDATE = 1,
    ASL_SPELLER_PROGRESS = 2,
    ASL_SPELLER_COMMIT = 3,
    ASL_SPELLER_DELETE = 4,
    ASL_SPELLER_SPACE = 5,
    ASL_SPELLER_WORD = 6,
    ASL_SPELLER_SUGGESTIONS = 7,
    ASL_SPELLER_IDLE = 8,
    ASL_SPELLER_FULL = 9,
    ASL_SPELLER_EDIT = 10
};

typedef struct asl_speller_event {
    uint32_t struct_size;
    int32_t kind;
    int32_t label;
    int32_t removed;
    int64_t time_ns;
    int64_t since_ns;
    double progress;
    double belief;
    const char *text;
} asl_speller_event;

ASL_API int32_t asl_speller_event_count(const asl_speller *speller);

ASL_API asl_status asl_speller_get_event(asl_speller_event *out, const asl_speller *speller,
                                         int32_t index, asl_error *err);

ASL_API const char *asl_speller_text(size_t *size, const asl_speller *speller);

ASL_API const double *asl_speller_belief(const asl_speller *speller);

ASL_API asl_status asl_speller_backspace(asl_speller *speller, asl_error *err);

ASL_API asl_status asl_speller_insert(asl_speller *speller, const char *text, asl_error *err);

ASL_API asl_status asl_speller_clear(asl_speller *speller, asl_error *err);

ASL_API void asl_speller_reset(asl_speller *speller);

ASL_API asl_status asl_speller_set_words(int64_t *used, int64_t *skipped, asl_speller *speller,
                                         const char *data, size_t size, asl_error *err);

ASL_API asl_status asl_speller_load_words(int64_t *used, int64_t *skipped, asl_speller *speller,
                                          const char *path, asl_error *err);

ASL_API int32_t asl_speller_suggestion_count(const asl_speller *speller);

ASL_API const char *asl_speller_suggestion(const asl_speller *speller, int32_t index);

ASL_API asl_status asl_speller_apply_suggestion(asl_speller *speller, int32_t index,
                                                asl_error *err);

ASL_END_DECLS
#endif
