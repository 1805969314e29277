/* SPDX-License-Identifier: MIT */
/* How fast the public trainer learns, and in how much memory. See bench.h. */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "common/data.h"
#include "common/progress.h"

/* What the trainer's reports tell: pictures done by a time, first after warming up. */
typedef struct watch {
    asl_trainer *trainer;
    double warm_up, seconds;
    double created, begin, now; /* begin 0: still warming up */
    int64_t done_before, done;
} watch;

static void on_progress(const asl_train_progress *p, void *user)
{
    watch *w = user;
    w->now = progress_clock();
    w->done = (p->epoch - 1) * p->total + p->done;
    if (w->begin == 0 && w->now - w->created >= w->warm_up) {
        w->begin = w->now;
        w->done_before = w->done;
    }
    if ((w->begin > 0 && w->now - w->begin >= w->seconds) || cli_interrupted())
        asl_trainer_request_stop(w->trainer);
}

/* Bytes of the packed pictures that are resident: pages of a file, which the system takes back when
 * it needs them. */
static double mapped_bytes(const char *path)
{
    FILE *file = fopen("/proc/self/smaps", "re");
    const char *name = strrchr(path, '/');
    char line[4400];
    unsigned long begin, end;
    double kilobytes = 0, sum = 0;
    bool ours = false;
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "Rss: %lf kB", &kilobytes) == 1)
            sum += ours ? kilobytes : 0;
        else if (sscanf(line, "%lx-%lx", &begin, &end) == 2)
            ours = strstr(line, name) != NULL;
    }
    if (file)
        fclose(file);
    return 1024 * sum;
}

static int train(watch *w, results *r, const settings *s)
{
    asl_error err = ASL_ERROR_INIT;
    struct rusage usage;
    w->created = progress_clock();
    if (asl_trainer_run(w->trainer, &err) < 0)
        return cli_fail(&err);
    if (cli_interrupted())
        return CLI_INTERRUPTED;
    getrusage(RUSAGE_SELF, &usage);
    r->train_rate = (double)(w->done - w->done_before) / (w->now - w->begin);
    r->train_memory = 1024.0 * (double)usage.ru_maxrss - mapped_bytes(s->training_data);
    return CLI_OK;
}

int measure_training(const settings *s, results *r)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_dataset *data = NULL;
    watch w = {.warm_up = warm_up_seconds(s), .seconds = s->seconds};
    asl_trainer_options options;
    asl_trainer_options_init(&options, sizeof options);
    options.epochs = 100000; /* Stopped long before. */
    options.batch_size = s->batch;
    options.threads = s->threads;
    options.backend = s->backend;
    options.isa = s->isa;
    options.precision = s->precision;
    /* The weights hardly move: learning such pictures by heart would change the work. */
    options.learning_rate = 1e-9;
    options.on_progress = on_progress;
    options.user = &w;
    int code = model_open(&model, s->model);
    if (code == CLI_OK && (asl_dataset_open(&data, s->training_data, NULL, &err) < 0 ||
                           asl_trainer_create(&w.trainer, model, data, NULL, &options, &err) < 0))
        code = cli_fail(&err);
    if (code == CLI_OK)
        code = train(&w, r, s);
    asl_trainer_free(w.trainer);
    asl_dataset_free(data);
    asl_model_free(model);
    return code;
}
