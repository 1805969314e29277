/* SPDX-License-Identifier: MIT */
/* See calibrate.h. */
#include "calibrate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/cli.h"
#include "common/json.h"

static int write_model(const calibration *c, const asl_model *model,
                       const asl_inferer_options *read)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *copy = NULL;
    asl_model_info info = {.struct_size = sizeof info};
    asl_calibration wishes;
    asl_model_get_info(&info, model, NULL);
    asl_calibration_init(&wishes, sizeof wishes);
    wishes.mirror = read->mirror == ASL_MIRROR_MODEL ? info.mirror : read->mirror;
    wishes.looks = read->looks == 0 ? info.looks : read->looks;
    wishes.crops = read->crops == 0 ? info.crops : read->crops;
    wishes.temperature = c->temperature;
    wishes.letter_threshold = c->letter_threshold;
    asl_status status = asl_model_with_calibration(&copy, model, &wishes, &err);
    if (status >= 0)
        status = asl_model_save(copy, c->path, &err);
    asl_model_free(copy);
    return status < 0 ? cli_fail(&err) : CLI_OK;
}

/* Adds to a mean what is known. */
static void gather(double *sum, int *count, double value)
{
    *sum += isnan(value) ? 0 : value;
    *count += !isnan(value);
}

static void compare(calibration *c, const measure_set *sets, double temperature)
{
    int letters = 0, others = 0;
    for (int i = 0; i < c->count; i++) {
        const measure_letters at =
            measure_letters_at(&sets[i], c->temperature, c->letter_threshold);
        c->loss[0] += measure_loss(&sets[i], temperature) / c->count;
        c->loss[1] += measure_loss(&sets[i], c->temperature) / c->count;
        c->ece[0] += measure_ece(&sets[i], temperature) / c->count;
        c->ece[1] += measure_ece(&sets[i], c->temperature) / c->count;
        gather(&c->letters.recall, &letters, at.recall);
        gather(&c->letters.false_share, &others, at.false_share);
    }
    c->letters.recall = letters > 0 ? c->letters.recall / letters : NAN;
    c->letters.false_share = others > 0 ? c->letters.false_share / others : NAN;
}

int calibrate(calibration *out, const char *path, const table *t, const asl_inferer_options *read)
{
    *out = (calibration){.path = path};
    measure_set *sets = table_sets(&out->count, t, true);
    if (out->count == 0) {
        free(sets);
        cli_error("--calibrate: the model was trained on all of these data sets; add one of people "
                  "that it has never seen");
        return CLI_BAD_INPUT;
    }
    out->temperature = measure_temperature(sets, out->count);
    if (t->nothing >= 0)
        out->letter_threshold =
            measure_letter_threshold(sets, out->count, out->temperature, LETTER_SHARE);
    compare(out, sets, t->temperature);
    free(sets);
    return write_model(out, t->model, read);
}

void calibration_print(const calibration *c)
{
    printf("\ncalibrated on %d data set%s: temperature %.4g; loss %.4f, was %.4f; ECE %.4f, was "
           "%.4f\n",
           c->count, c->count == 1 ? "" : "s", c->temperature, c->loss[1], c->loss[0], c->ece[1],
           c->ece[0]);
    if (c->letter_threshold > 0)
        printf("letter threshold %g: %.1f %% of hands reach it", c->letter_threshold,
               100 * c->letters.recall);
    if (c->letter_threshold > 0 && !isnan(c->letters.false_share))
        printf(", and %.1f %% of nothing", 100 * c->letters.false_share);
    printf("%swritten: %s\n", c->letter_threshold > 0 ? "\n" : "", c->path);
}

json_t *calibration_json(const calibration *c)
{
    json_t *object = json_object();
    json_put(object, "path", json_text(c->path));
    json_put(object, "datasets", json_integer(c->count));
    json_put(object, "temperature", json_number(c->temperature));
    json_put(object, "letter_threshold", json_number(c->letter_threshold));
    json_put(object, "loss_before", json_number(c->loss[0]));
    json_put(object, "loss", json_number(c->loss[1]));
    json_put(object, "ece_before", json_number(c->ece[0]));
    json_put(object, "ece", json_number(c->ece[1]));
    json_put(object, "letter_recall", json_number(c->letters.recall));
    json_put(object, "false_letters", json_number(c->letters.false_share));
    return object;
}
