/* SPDX-License-Identifier: MIT */
/* What was measured about a trained model and lies in its metadata: how to turn logits into scores
 * that can be believed, when there is no letter, and how to look at a picture. */
#include <string.h>

#include "base/error.h"
#include "base/floats.h"
#include "base/options.h"
#include "base/text.h"
#include "model/model.h"

#define MIN_TEMPERATURE 0.01
#define MAX_TEMPERATURE 100.0

/* By ASL_MIRROR_*, as files spell it; a model that says nothing has no such entry. */
static const char *const mirrors[] = {NULL, "off", "on", "both", "auto"};
enum { MIRROR_COUNT = sizeof mirrors / sizeof mirrors[0] };

bool asl__is_look_count(int32_t looks)
{
    return looks == 1 || looks == ASL__MANY_LOOKS;
}

static const asl_calibration none = {.struct_size = sizeof none, .temperature = 1};

void asl_calibration_init(asl_calibration *calibration, size_t struct_size)
{
    asl__options_init(calibration, struct_size, &none, sizeof none);
}

/* The number as a file can hold it, so that saving and loading change nothing. */
static double as_written(double value)
{
    char text[24];
    asl__format_decimal(text, value);
    asl__parse_decimal(&value, text, strlen(text));
    return value;
}

asl_status asl_model_with_calibration(asl_model **out, const asl_model *model,
                                      const asl_calibration *calibration, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl_status status;
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(model != NULL, err);
    asl_calibration wishes = none;
    ASL__TRY(asl__options_read(&wishes, sizeof wishes, calibration, "asl_calibration", err));
    ASL__CHECK_ARG(wishes.temperature >= MIN_TEMPERATURE && wishes.temperature <= MAX_TEMPERATURE,
                   err);
    ASL__CHECK_ARG(wishes.letter_threshold >= 0 && wishes.letter_threshold <= 1, err);
    ASL__CHECK_ARG(wishes.mirror >= 0 && wishes.mirror < MIRROR_COUNT, err);
    ASL__CHECK_ARG(wishes.looks == 0 || asl__is_look_count(wishes.looks), err);
    ASL__CHECK_ARG(wishes.crops >= 0 && wishes.crops <= 2, err);
    asl__model_parts parts = asl__model_get_parts(model);
    parts.calibration = (asl__calibration){
        .temperature = as_written(wishes.temperature),
        .letter_threshold = as_written(wishes.letter_threshold),
        .mirror = wishes.mirror,
        .looks = wishes.looks,
        .crops = wishes.crops,
    };
    ASL__TRY(asl__model_assemble(out, &parts, err));
    memcpy((*out)->parameters, model->parameters,
           model->network.parameter_count * sizeof *model->parameters);
fail:
    return status;
}

float asl_model_letter_score(const asl_model *model, const float *scores, size_t count)
{
    ASL__OWN_FLOATS;
    if (!model || !scores || count != (size_t)model->network.classes)
        return 0;
    const int32_t nothing = asl__model_find_label(model, "nothing");
    /* Not to be computed after the host has its mode back, which a compiler may well do. */
    const volatile float score = nothing < 0 ? 1 : 1 - scores[nothing];
    return score;
}

/* Only what is not the default is written: a model without calibration is the file it always was.
 */
asl_status asl__calibration_to_file(asl__tensors_writer *file, const asl__calibration *calibration,
                                    asl_error *err)
{
    asl_status status = ASL_OK;
    char text[24];
    if (calibration->temperature < 1 || calibration->temperature > 1) {
        asl__format_decimal(text, calibration->temperature);
        ASL__TRY(asl__tensors_writer_entry(file, "asl.temperature", text, err));
    }
    if (calibration->letter_threshold > 0) {
        asl__format_decimal(text, calibration->letter_threshold);
        ASL__TRY(asl__tensors_writer_entry(file, "asl.letter_threshold", text, err));
    }
    if (calibration->mirror != ASL_MIRROR_MODEL)
        ASL__TRY(asl__tensors_writer_entry(file, "asl.mirror", mirrors[calibration->mirror], err));
    if (calibration->looks != 0)
        ASL__TRY(
            asl__tensors_writer_entry(file, "asl.looks", calibration->looks == 1 ? "1" : "3", err));
    if (calibration->crops != 0)
        ASL__TRY(
            asl__tensors_writer_entry(file, "asl.crops", calibration->crops == 1 ? "1" : "2", err));
fail:
    return status;
}

/* A decimal of the metadata; what is not there leaves the default. */
static asl_status read_decimal(double *value, const asl__tensors *file, const char *key, double min,
                               double max, const char *expected, asl_error *err)
{
    const char *text = asl__tensors_entry(file, key);
    if (text && (!asl__parse_decimal(value, text, strlen(text)) || *value < min || *value > max))
        return asl__fail(err, ASL_ERR_MODEL, "%s: %s is '%.40s', not %s", file->what, key, text,
                         expected);
    return ASL_OK;
}

static asl_status read_mirror(int32_t *mirror, const asl__tensors *file, asl_error *err)
{
    const char *text = asl__tensors_entry(file, "asl.mirror");
    if (!text)
        return ASL_OK;
    for (int32_t i = ASL_MIRROR_OFF; i < MIRROR_COUNT; i++)
        if (strcmp(mirrors[i], text) == 0)
            *mirror = i;
    return *mirror != ASL_MIRROR_MODEL
               ? ASL_OK
               : asl__fail(err, ASL_ERR_MODEL,
                           "%s: asl.mirror is '%.40s', not 'off', 'on', 'both' or 'auto'",
                           file->what, text);
}

/* '1' or the other digit; what is not there leaves the default. */
static asl_status read_digit(int32_t *value, const asl__tensors *file, const char *key, char other,
                             asl_error *err)
{
    const char *text = asl__tensors_entry(file, key);
    if (!text)
        return ASL_OK;
    if ((text[0] != '1' && text[0] != other) || text[1] != '\0')
        return asl__fail(err, ASL_ERR_MODEL, "%s: %s is '%.40s', not '1' or '%c'", file->what, key,
                         text, other);
    *value = text[0] - '0';
    return ASL_OK;
}

asl_status asl__calibration_from_file(asl__calibration *out, const asl__tensors *file,
                                      asl_error *err)
{
    asl_status status;
    *out = ASL__NO_CALIBRATION;
    ASL__TRY(read_decimal(&out->temperature, file, "asl.temperature", MIN_TEMPERATURE,
                          MAX_TEMPERATURE, "a decimal in 0.01..100", err));
    ASL__TRY(read_decimal(&out->letter_threshold, file, "asl.letter_threshold", 0, 1,
                          "a decimal in 0..1", err));
    ASL__TRY(read_mirror(&out->mirror, file, err));
    ASL__TRY(read_digit(&out->looks, file, "asl.looks", '3', err));
    ASL__TRY(read_digit(&out->crops, file, "asl.crops", '2', err));
fail:
    return status;
}
