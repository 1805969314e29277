/* SPDX-License-Identifier: MIT */
/* Loss and accuracy over pictures, never over batches: the last batch of an epoch is smaller. */
#include "train/metrics.h"

#include <math.h>

#include "base/text.h"

/* -log softmax(logits)[label], with the largest logit taken out so that exp() cannot overflow. */
static double cross_entropy(const float *logits, int32_t classes, int32_t label, int32_t top)
{
    double sum = 0.0;
    for (int32_t i = 0; i < classes; i++)
        sum += exp((double)logits[i] - (double)logits[top]);
    return log(sum) + (double)logits[top] - (double)logits[label];
}

static int32_t argmax(const float *values, int32_t count)
{
    int32_t top = 0;
    for (int32_t i = 1; i < count; i++)
        top = values[i] > values[top] ? i : top;
    return top;
}

void asl__pass_add(asl__pass *pass, const float *logits, const int32_t *labels, int32_t count,
                   int32_t classes)
{
    for (int32_t i = 0; i < count; i++) {
        const float *row = logits + (size_t)i * (size_t)classes;
        const int32_t top = argmax(row, classes);
        pass->loss_sum += cross_entropy(row, classes, labels[i], top);
        pass->correct += top == labels[i];
    }
    pass->done += count;
}

double asl__pass_loss(const asl__pass *pass)
{
    return pass->done > 0 ? pass->loss_sum / (double)pass->done : (double)NAN;
}

double asl__pass_accuracy(const asl__pass *pass)
{
    return pass->done > 0 ? (double)pass->correct / (double)pass->done : (double)NAN;
}

/* Validation decides when there is one. */
static bool is_better(const asl_epoch_metrics *a, const asl_epoch_metrics *b)
{
    const bool validated = !isnan(a->val_source_accuracy);
    const double accuracy = validated ? a->val_source_accuracy : a->train_accuracy;
    const double accuracy_before = validated ? b->val_source_accuracy : b->train_accuracy;
    if (accuracy > accuracy_before || accuracy < accuracy_before)
        return accuracy > accuracy_before;
    return validated ? a->val_loss < b->val_loss : a->train_loss < b->train_loss;
}

double asl__sources_mean(const asl__sources *sources, int32_t epoch)
{
    const double *accuracy = sources->accuracy + (size_t)epoch * (size_t)sources->count;
    double sum = 0.0;
    int32_t counted = 0;
    for (int32_t i = 0; i < sources->count; i++) {
        sum += accuracy[i]; /* 0 where there are no pictures */
        counted += sources->pictures[i] > 0;
    }
    return sum / (double)counted;
}

/* Of the epoch that has just ended. */
static double validation_mean(asl_trainer *trainer)
{
    const asl__sources *sources = &trainer->sources;
    const int32_t epoch = trainer->state.epoch;
    if (sources->count == 0)
        return asl__pass_accuracy(&trainer->state.validation);
    double *accuracy = sources->accuracy + (size_t)epoch * (size_t)sources->count;
    for (int32_t i = 0; i < sources->count; i++)
        accuracy[i] = sources->pictures[i] > 0
                          ? (double)sources->correct[i] / (double)sources->pictures[i]
                          : 0.0;
    return asl__sources_mean(sources, epoch);
}

asl_epoch_metrics asl__epoch_metrics(asl_trainer *trainer)
{
    const asl__train_state *state = &trainer->state;
    asl_epoch_metrics row = {
        .struct_size = sizeof row,
        .epoch = state->epoch + 1,
        .train_loss = asl__pass_loss(&state->train),
        .train_accuracy = asl__pass_accuracy(&state->train),
        .val_loss = asl__pass_loss(&state->validation),
        .val_accuracy = asl__pass_accuracy(&state->validation),
        .learning_rate = state->learning_rate,
        .seconds = state->epoch_seconds,
        .val_source_accuracy = validation_mean(trainer),
    };
    const int32_t best = asl__best_epoch(trainer);
    row.is_best = best < 0 || is_better(&row, &trainer->history[best]);
    return row;
}

int32_t asl__best_epoch(const asl_trainer *trainer)
{
    int32_t index = trainer->state.epoch - 1;
    while (index >= 0 && !trainer->history[index].is_best)
        index--;
    return index;
}

static void append_number(asl__buffer *text, const char *name, double value)
{
    char number[24];
    if (!(fabs(value) < 1e9))
        return; /* NaN: not measured */
    asl__format_decimal(number, value);
    asl__buffer_format(text, " %s=%s", name, number);
}

char *asl__metrics_text(const asl_epoch_metrics *row, int64_t step)
{
    asl__buffer text = {0};
    if (row) {
        asl__buffer_format(&text, "epoch=%d", row->epoch);
        append_number(&text, "train_loss", row->train_loss);
        append_number(&text, "train_accuracy", row->train_accuracy);
        append_number(&text, "val_loss", row->val_loss);
        append_number(&text, "val_accuracy", row->val_accuracy);
        if (row->val_source_accuracy < row->val_accuracy ||
            row->val_source_accuracy > row->val_accuracy)
            append_number(&text, "val_source_accuracy", row->val_source_accuracy);
    } else {
        asl__buffer_format(&text, "step=%lld", (long long)step);
    }
    if (text.failed) {
        asl__buffer_free(&text);
        return NULL;
    }
    return text.data;
}
