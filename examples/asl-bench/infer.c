/* SPDX-License-Identifier: MIT */
/* How fast pictures are recognised: one by one, and in batches. See bench.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "common/data.h"
#include "common/progress.h"

/* A model at work, with pictures for it: BENCH_PICTURES, and views that go round in them. */
typedef struct workshop {
    asl_model *model;
    asl_inferer *inferer;
    asl_image *images[BENCH_PICTURES];
    asl_image_view *views; /* BENCH_PICTURES + batch: a batch may start at each picture. */
    size_t labels, batch;
    float *scores; /* batch x labels */
    size_t next;
} workshop;

static int open_inferer(workshop *w, const settings *s, int32_t batch)
{
    asl_error err = ASL_ERROR_INIT;
    asl_inferer_options options;
    asl_inferer_options_init(&options, sizeof options);
    options.backend = s->backend;
    options.isa = s->isa;
    options.precision = s->precision;
    options.threads = s->threads;
    options.batch_size = batch;
    const int code = model_open(&w->model, s->model);
    if (code != CLI_OK)
        return code;
    if (asl_inferer_create(&w->inferer, w->model, &options, &err) < 0)
        return cli_fail(&err);
    asl_model_info info = {.struct_size = sizeof info};
    asl_model_get_info(&info, w->model, NULL);
    w->labels = (size_t)info.label_count;
    w->batch = (size_t)batch;
    w->scores = cli_alloc(w->batch * w->labels, sizeof *w->scores);
    return CLI_OK;
}

static int open_workshop(workshop *w, const settings *s, const results *r, int32_t batch)
{
    const int code = open_inferer(w, s, batch);
    if (code != CLI_OK)
        return code;
    w->views = cli_alloc(BENCH_PICTURES + w->batch, sizeof *w->views);
    for (size_t i = 0; i < BENCH_PICTURES; i++)
        w->images[i] = random_picture(r->width, r->height, i);
    for (size_t i = 0; i < BENCH_PICTURES + w->batch; i++)
        w->views[i] = asl_image_get_view(w->images[i % BENCH_PICTURES]);
    return CLI_OK;
}

static void close_workshop(workshop *w)
{
    for (size_t i = 0; i < BENCH_PICTURES; i++)
        asl_image_free(w->images[i]);
    free(w->views);
    free(w->scores);
    asl_inferer_free(w->inferer);
    asl_model_free(w->model);
}

/* Recognise the next picture or batch. @return its seconds, or < 0 when the error has been told. */
static double recognise(workshop *w)
{
    asl_error err = ASL_ERROR_INIT;
    const asl_image_view *views = &w->views[w->next];
    const size_t count = w->batch * w->labels;
    w->next = (w->next + w->batch) % BENCH_PICTURES;
    const double started = progress_clock();
    const asl_status status =
        w->batch == 1
            ? asl_inferer_classify(w->scores, count, w->inferer, views, NULL, &err)
            : asl_inferer_classify_batch(w->scores, count, w->inferer, views, w->batch, &err);
    const double seconds = progress_clock() - started;
    if (status >= 0)
        return seconds;
    cli_fail(&err);
    return -1;
}

/* Recognise for so many seconds, but at least so often.
 * @param times  Receives the seconds of each, up to `most`; NULL: not wanted.
 * @return how often, or 0 when something failed. */
static size_t repeat(workshop *w, double seconds, size_t least, double *times, size_t most)
{
    const double end = progress_clock() + seconds;
    size_t count = 0;
    while (count < most && (count < least || progress_clock() < end)) {
        const double time = recognise(w);
        if (time < 0 || cli_interrupted())
            return 0;
        if (times)
            times[count] = time;
        count++;
    }
    return count;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void sort_times(double *times, size_t count)
{
    qsort(times, count, sizeof *times, compare);
}

/* The smallest of the sorted times that a share of them does not exceed. */
static double percentile(const double *times, size_t count, size_t percent)
{
    return times[(count * percent + 99) / 100 - 1];
}

int measure_latency(const settings *s, results *r)
{
    enum { LEAST = 10, MOST = 1 << 20 };
    workshop w = {0};
    int code = open_workshop(&w, s, r, 1);
    double *times = cli_alloc(MOST, sizeof *times);
    if (code == CLI_OK) {
        size_t count = repeat(&w, warm_up_seconds(s), 1, NULL, MOST);
        if (count > 0)
            count = repeat(&w, s->seconds, LEAST, times, MOST);
        if (count > 0) {
            sort_times(times, count);
            r->p50 = percentile(times, count, 50);
            r->p95 = percentile(times, count, 95);
            r->slowest = times[count - 1];
        } else {
            code = cli_interrupted() ? CLI_INTERRUPTED : CLI_FAILED;
        }
    }
    free(times);
    close_workshop(&w);
    return code;
}

static int take_layers(results *r, const asl_profile *profile)
{
    asl_error err = ASL_ERROR_INIT;
    r->layer_count = asl_profile_count(profile);
    if (r->layer_count > BENCH_LAYERS)
        r->layer_count = BENCH_LAYERS;
    for (int32_t i = 0; i < r->layer_count; i++) {
        asl_layer_time time = {.struct_size = sizeof time};
        if (asl_profile_get(&time, profile, i, &err) < 0)
            return cli_fail(&err);
        layer_result *layer = &r->layers[i];
        snprintf(layer->name, sizeof layer->name, "%s", time.name);
        snprintf(layer->method, sizeof layer->method, "%s", time.method);
        layer->macs = time.mac_count;
        layer->seconds = 1e-9 * time.nanoseconds;
    }
    return CLI_OK;
}

int measure_layers(const settings *s, results *r)
{
    enum { LEAST = 3, MOST = 10000 };
    asl_error err = ASL_ERROR_INIT;
    workshop w = {0};
    asl_profile *profile = NULL;
    int code = open_workshop(&w, s, r, 1);
    if (code == CLI_OK) {
        const double started = progress_clock();
        const size_t passes = repeat(&w, warm_up_seconds(s), 1, NULL, MOST);
        const double runs = s->seconds * (double)passes / (progress_clock() - started);
        if (passes == 0)
            code = cli_interrupted() ? CLI_INTERRUPTED : CLI_FAILED;
        else if (asl_inferer_profile(&profile, w.inferer, w.views,
                                     (int32_t)fmin(fmax(runs, LEAST), MOST), &err) < 0)
            code = cli_fail(&err);
        else
            code = take_layers(r, profile);
    }
    asl_profile_free(profile);
    close_workshop(&w);
    return code;
}

int measure_rate(const settings *s, results *r)
{
    enum { LEAST = 2, MOST = 1 << 30 };
    workshop w = {0};
    int code = open_workshop(&w, s, r, s->batch);
    if (code == CLI_OK) {
        size_t count = repeat(&w, warm_up_seconds(s), 1, NULL, MOST);
        const double started = progress_clock();
        if (count > 0)
            count = repeat(&w, s->seconds, LEAST, NULL, MOST);
        if (count > 0)
            r->rate = (double)(count * w.batch) / (progress_clock() - started);
        else
            code = cli_interrupted() ? CLI_INTERRUPTED : CLI_FAILED;
    }
    close_workshop(&w);
    return code;
}

int print_label(const settings *s, const char *path)
{
    asl_error err = ASL_ERROR_INIT;
    workshop w = {0};
    asl_image *image = NULL;
    int code = open_inferer(&w, s, 1);
    if (code == CLI_OK && asl_image_load(&image, path, NULL, &err) < 0)
        code = cli_fail(&err);
    if (code == CLI_OK) {
        const asl_image_view view = asl_image_get_view(image);
        if (asl_inferer_classify(w.scores, w.labels, w.inferer, &view, NULL, &err) < 0)
            code = cli_fail(&err);
    }
    if (code == CLI_OK) {
        size_t best = 0;
        for (size_t i = 1; i < w.labels; i++)
            if (w.scores[i] > w.scores[best])
                best = i;
        puts(asl_model_label(w.model, (int32_t)best));
        cli_flush();
    }
    asl_image_free(image);
    close_workshop(&w);
    return code;
}
