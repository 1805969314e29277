/* SPDX-License-Identifier: MIT */
/* What came of a run: its best epoch, how it did on each source, the closing words. See train.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/json.h"
#include "train.h"

const char *run_split_name(const run *r)
{
    if (!r->validation)
        return "none";
    return r->split_used < 0 ? "selected" : asl_split_name(r->split_used);
}

int32_t run_source_count(const run *r)
{
    const int32_t count = asl_dataset_source_count(r->validation);
    return count > 1 ? count : 0;
}

const asl_epoch_metrics *run_best_epoch(const run *r)
{
    const asl_epoch_metrics *best = NULL;
    for (int32_t i = 0; i < r->epoch_count; i++)
        if (r->history[i].is_best)
            best = &r->history[i];
    return best ? best : r->history;
}

json_t *run_sources_json(const run *r)
{
    const int32_t index = run_best_epoch(r)->epoch - 1, count = run_source_count(r);
    int64_t *pictures = count_by_source(r->validation);
    json_t *list = json_array();
    for (int32_t i = 0; i < count; i++) {
        json_t *object = json_object();
        json_put(object, "name", json_text(asl_dataset_source_name(r->validation, i)));
        json_put(object, "pictures", json_integer(pictures[i]));
        json_put(object, "accuracy",
                 json_number(asl_trainer_source_accuracy(r->trainer, index, i)));
        json_add(list, object);
    }
    free(pictures);
    return list;
}

static json_t *epoch_json(const asl_epoch_metrics *m, bool several)
{
    json_t *object = json_object();
    json_put(object, "epoch", json_integer(m->epoch));
    json_put(object, "train_loss", json_number(m->train_loss));
    json_put(object, "train_accuracy", json_number(m->train_accuracy));
    json_put(object, "val_loss", json_number(m->val_loss));
    json_put(object, "val_accuracy", json_number(m->val_accuracy));
    if (several)
        json_put(object, "val_source_accuracy", json_number(m->val_source_accuracy));
    json_put(object, "learning_rate", json_number(m->learning_rate));
    json_put(object, "seconds", json_number(m->seconds));
    return object;
}

static void print_result_json(const run *r)
{
    const asl_epoch_metrics *best = run_best_epoch(r);
    const bool several = run_source_count(r) > 0;
    json_t *document = json_document(), *epochs = json_array(), *split = json_object();
    for (int32_t i = 0; i < r->epoch_count; i++)
        json_add(epochs, epoch_json(&r->history[i], several));
    json_put(split, "kind", json_text(run_split_name(r)));
    json_put(split, "train", json_integer(asl_dataset_count(r->train)));
    json_put(split, "validation",
             json_integer(r->validation ? asl_dataset_count(r->validation) : 0));
    json_put(document, "run", json_text(r->folder));
    json_put(document, "split", split);
    json_put(document, "epochs", epochs);
    json_put(document, "best_epoch", json_integer(best->epoch));
    json_put(document, "best_train_accuracy", json_number(best->train_accuracy));
    json_put(document, "best_val_accuracy", json_number(best->val_accuracy));
    if (several) {
        json_put(document, "best_val_source_accuracy", json_number(best->val_source_accuracy));
        json_put(document, "sources", run_sources_json(r));
    }
    json_print(document);
}

static void print_sources(const run *r)
{
    const int32_t index = run_best_epoch(r)->epoch - 1;
    for (int32_t i = 0; i < run_source_count(r); i++) {
        const double accuracy = asl_trainer_source_accuracy(r->trainer, index, i);
        if (isfinite(accuracy))
            printf("  %-30s %6.2f %%\n", asl_dataset_source_name(r->validation, i), 100 * accuracy);
    }
}

void run_print_result(const run *r)
{
    if (r->json) {
        print_result_json(r);
        return;
    }
    const asl_epoch_metrics *best = run_best_epoch(r);
    const bool validated = isfinite(best->val_accuracy);
    printf("best %s accuracy %.2f %% in epoch %d%s\n", validated ? "validation" : "training",
           100 * (validated ? best->val_source_accuracy : best->train_accuracy), (int)best->epoch,
           run_source_count(r) > 0 ? ", mean over sources" : "");
    print_sources(r);
    printf("wrote %s/best.safetensors and model.safetensors (after the last epoch)\n", r->folder);
}
