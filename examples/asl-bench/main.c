/* SPDX-License-Identifier: MIT */
/* asl-bench: how fast this machine recognises and learns, and in how much memory. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "common/crew.h"
#include "common/data.h"
#include "common/files.h"
#include "common/json.h"
#include "common/progress.h"

enum { MOST_THREADS = 256 }; /* that the library takes */

static int32_t thread_count(void)
{
    const int32_t count = crew_processors();
    return count < MOST_THREADS ? count : MOST_THREADS;
}

/* What the machine had to do before we came. */
static double earlier_load(void)
{
    double load = 0;
    return getloadavg(&load, 1) == 1 ? load : 0;
}

/* ---- Measuring ---- */

/* The phases in their order. The peak comes last: it needs the instruction set. */
static int measure_all(const settings *s, results *r, bool layers, bool train)
{
    const struct phase {
        const char *name;
        measurement *measure;
        bool wanted, in_parent;
    } phases[] = {
        {"network", prepare_model, true, false},
        {"one picture", measure_latency, true, false},
        {"layers", measure_layers, layers, false},
        {"batches", measure_rate, true, false},
        {"start", measure_start, true, true},
        {"training data", prepare_training_data, train, false},
        {"training", measure_training, train, false},
        {"peak", measure_peak, true, false},
    };
    enum { COUNT = sizeof phases / sizeof *phases };
    int code = CLI_OK;
    for (int i = 0; i < COUNT && code == CLI_OK; i++) {
        const struct phase *p = &phases[i];
        if (!p->wanted)
            continue;
        progress_begin(p->name, COUNT);
        progress_update(i, NULL);
        code = p->in_parent ? p->measure(s, r) : run_in_child(p->measure, s, r);
    }
    progress_end();
    return code;
}

/* With files in a folder of its own, which is gone afterwards. */
static int run(settings *s, results *r, bool layers, bool train)
{
    const char *parent = getenv("TMPDIR");
    char *folder = files_join(parent && parent[0] ? parent : "/tmp", "asl-bench-XXXXXX");
    if (!mkdtemp(folder)) {
        cli_error("cannot make the folder '%s': %s", folder, strerror(errno));
        free(folder);
        return CLI_FAILED;
    }
    char *model = files_join(folder, "model.safetensors");
    char *first_picture = files_join(folder, "first.jpg");
    char *training_data = files_join(folder, "training.pack");
    s->folder = folder;
    s->first_picture = first_picture;
    s->training_data = training_data;
    if (s->preset)
        s->model = model;
    const int code = measure_all(s, r, layers, train);
    remove_material(s);
    free(training_data);
    free(first_picture);
    free(model);
    free(folder);
    return code;
}

/* ---- Results ---- */

/* Of what the processor could do, counting every convolution as the plain one. Fast algorithms
 * skip operations, so more than 1 is possible. */
static double share_of_peak(const results *r)
{
    return 2.0 * (double)r->macs * r->rate / r->peak;
}

static void print_json(const settings *s, const results *r)
{
    json_t *document = json_document();
    json_put(document, "model", json_text(s->preset ? NULL : model_name(s->model)));
    json_put(document, "preset", json_text(r->preset));
    json_put(document, "size", json_integer(r->width));
    json_put(document, "height", json_integer(r->height));
    json_put(document, "macs", json_integer(r->macs));
    json_put(document, "backend", json_text(r->engine));
    json_put(document, "isa", json_text(r->isa[0] ? r->isa : NULL));
    json_put(document, "precision", json_text(r->precision));
    json_put(document, "threads", json_integer(s->threads));
    json_put(document, "batch", json_integer(s->batch));
    json_put(document, "p50_ms", json_number(1e3 * r->p50));
    json_put(document, "p95_ms", json_number(1e3 * r->p95));
    json_put(document, "max_ms", json_number(1e3 * r->slowest));
    json_put(document, "images_per_s", json_number(r->rate));
    json_put(document, "train_images_per_s", json_number(r->train_rate));
    json_put(document, "start_ms", json_number(1e3 * r->start));
    json_put(document, "rss_mb", json_number(1e-6 * r->memory));
    json_put(document, "train_rss_mb", json_number(1e-6 * r->train_memory));
    json_put(document, "peak_gflops", json_number(1e-9 * r->peak));
    json_put(document, "peak_share", json_number(share_of_peak(r)));
    json_put(document, "layers", r->layer_count > 0 ? layers_json(r) : json_null());
    json_print(document);
}

static void print_row(const char *what, const char *which, double value, const char *unit)
{
    if (isfinite(value))
        printf("%-22s %-12s %10.*f %s\n", what, which, value < 10 ? 3 : 1, value, unit);
}

static void print_table(const settings *s, const results *r)
{
    char batch[16], threads[16];
    snprintf(batch, sizeof batch, "batch %d", (int)s->batch);
    snprintf(threads, sizeof threads, "%d thread%s", (int)s->threads, s->threads > 1 ? "s" : "");
    printf("network  %s, %d x %d pixels, %.1f million multiply-adds a picture\n", r->preset,
           (int)r->width, (int)r->height, 1e-6 * (double)r->macs);
    printf("backend  %s, %s\n", r->backend, threads);
    printf("weights  %s\n\n", s->preset ? "random" : model_name(s->model));
    print_row("one picture", "p50", 1e3 * r->p50, "ms");
    print_row("", "p95", 1e3 * r->p95, "ms");
    print_row("", "max", 1e3 * r->slowest, "ms");
    print_row("recognition", batch, r->rate, "pictures/s");
    print_row("training", batch, r->train_rate, "pictures/s");
    print_row("start to first label", "warm", 1e3 * r->start, "ms");
    print_row("memory", "recognition", 1e-6 * r->memory, "MB");
    print_row("", "training", 1e-6 * r->train_memory, "MB");
    print_row("processor's peak", threads, 1e-9 * r->peak, "GFLOP/s");
    print_row("", "reached", 100 * share_of_peak(r), "%");
    if (r->layer_count > 0)
        print_layers(r);
}

int main(int argc, char **argv)
{
    settings s = {.backend = "auto", .isa = "auto", .precision = "auto", .batch = 32, .seconds = 2};
    static results r = {.train_rate = NAN, .train_memory = NAN};
    const char *once = NULL;
    bool layers = false, train = false, json = false, quiet = false;
    int32_t progress = PROGRESS_AUTO;
    const cli_option options[] = {
        CLI_MODEL(&s.model),
        CLI_TEXT('p', "preset", "NAME", &s.preset,
                 "a network that asl-info lists, with random weights, instead of a model"),
        CLI_INT('s', "size", "N", &s.size, 0, 4096, "input of N x N pixels; 0 is the preset's own"),
        CLI_INT('b', "batch", "N", &s.batch, 1, 4096, "pictures in one pass or training step"),
        CLI_FLAG(0, "layers", &layers, "measure each layer on one picture too"),
        CLI_FLAG(0, "train", &train, "measure training too"),
        CLI_REAL(0, "seconds", "X", &s.seconds, 0.05, 60, "seconds for each measurement"),
        CLI_TEXT(0, "once", "IMAGE", &once,
                 "measure nothing, only name the letter in IMAGE: this is the run whose start and "
                 "memory are measured"),
        CLI_HEADING("Engine"),
        CLI_BACKEND(&s.backend),
        CLI_ISA(&s.isa),
        CLI_PRECISION(&s.precision),
        CLI_THREADS(&s.threads),
        CLI_HEADING("General"),
        CLI_JSON(&json),
        CLI_PROGRESS(&progress),
        CLI_QUIET(&quiet),
    };
    const cli_program program = {
        .name = "asl-bench",
        .arguments = "",
        .summary = "Measure how fast this machine recognises letters and trains networks, and in "
                   "how much memory.",
        .details =
            "One picture: from pixels of the network's size to scores; half were faster\n"
            "than p50, 95 % faster than p95. Start: from starting a program to the label of\n"
            "a JPEG on disk, all files in the page cache. Memory: the most that was\n"
            "resident, in 10^6 bytes; in training without the mapped pictures. Peak:\n"
            "multiply-adds on registers with the same instruction set; reached in batches,\n"
            "each convolution counted as the plain one. Layers: medians, all threads at one\n"
            "layer at a time; GFLOP/s are counted alike. The pictures are random. Other\n"
            "work on the machine spoils every figure.\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    char **arguments;
    cli_parse(&program, argc, argv, &arguments);
    cli_set_quiet(quiet);
    progress_mode(quiet ? PROGRESS_NEVER : progress);
    if (s.model && (s.preset || s.size))
        return cli_usage_error("a model brings its network: give --model or --%s, not both",
                               s.preset ? "preset" : "size");
    if (s.size && !s.preset)
        return cli_usage_error("the built-in model has a size of its own: give --size with "
                               "--preset");
    if (once)
        return cli_finish(print_label(&s, once));
    if (s.threads == 0)
        s.threads = thread_count();
    const double load = earlier_load();
    cli_catch_interrupt(NULL, NULL);
    const int code = run(&s, &r, layers, train);
    if (code == CLI_OK && json)
        print_json(&s, &r);
    else if (code == CLI_OK)
        print_table(&s, &r);
    if (code == CLI_OK && load > thread_count())
        cli_note("warning: this machine was busy (load %.1f on %d cores): it can do better", load,
                 (int)thread_count());
    return cli_finish(code);
}
