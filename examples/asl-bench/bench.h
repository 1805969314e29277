/* SPDX-License-Identifier: MIT */
/* asl-bench from the inside. Each measurement runs in a process of its own, so that none sees
 * another's memory, threads or caches; the parent stays small. Functions that return an int return
 * an exit code of cli.h, and have said what went wrong. */
#ifndef ASL_BENCH_BENCH_H
#define ASL_BENCH_BENCH_H

#include <jansson.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "asl/asl.h"
#include "common/cli.h"

/* Pictures to go round in, so that none is in the caches because it was there a moment ago. */
enum { BENCH_PICTURES = 64 };

typedef struct settings {
    const char *preset; /* NULL: there is a model already. */
    int32_t size;
    const char *model;                         /* File; NULL: the built-in one. */
    const char *first_picture, *training_data; /* Files, made by prepare_...(). */
    const char *folder;                        /* Where those lie, and nothing else. */
    const char *backend, *isa, *precision;
    int32_t batch, threads; /* Both >= 1. */
    double seconds;         /* For each measurement. */
} settings;

/* What the library can report: as many layers as a network may have, and its input. */
enum { BENCH_LAYERS = 129 };

typedef struct layer_result {
    char name[64], method[40];
    int64_t macs;
    double seconds;
} layer_result;

/* What came out; not a number where nothing was measured. Children hand it on as bytes, hence no
 * pointers. */
typedef struct results {
    char preset[64];
    int32_t width, height, labels;
    int64_t macs;
    char backend[256];        /* The library's line: "cpu avx512 (...)". */
    char engine[32];          /* Its first word. */
    char isa[32];             /* The instruction set it names, or "". */
    char precision[32];       /* What it multiplies in. */
    double p50, p95, slowest; /* Seconds for one picture. */
    double rate;              /* Pictures a second in batches. */
    double train_rate;        /* Pictures a second in training. */
    double start;             /* Seconds from starting a program to its first label. */
    double memory;            /* Bytes that such a program had resident at most. */
    double train_memory;      /* The same in training, without the mapped pictures. */
    double peak;              /* Floating-point operations a second of all threads. */
    int32_t layer_count;      /* 0: they were not asked for. */
    layer_result layers[BENCH_LAYERS];
} results;

/** Fills in its part of @p r. */
typedef int measurement(const settings *s, results *r);

/* ---- child.c ---- */

/** Run @p measure in a child process, and take over what it finds. */
int run_in_child(measurement *measure, const settings *s, results *r);
/** Wait for the end of @p child; after Ctrl-C it is killed. @param usage  May be NULL. */
int wait_for_child(pid_t child, struct rusage *usage);

/* ---- material.c ---- */

/** A picture of random patches, the same one for the same number. Ends the program when memory is
 * out. */
asl_image *random_picture(int32_t width, int32_t height, uint64_t number);
/** Write the model, if it is a preset's, and the first picture; tell the network's facts. Fails
 * when the engine cannot run. */
measurement prepare_model;
/** Write the packed data set to train on. */
measurement prepare_training_data;
/** Remove the folder and all in it. */
void remove_material(const settings *s);

/* ---- infer.c ---- */

/** On one picture after the other. */
measurement measure_latency;
/** The same, layer by layer. */
measurement measure_layers;
/** In batches. */
measurement measure_rate;
/** Load the model and print the label of the picture at @p path: a whole small program. */
int print_label(const settings *s, const char *path);

void sort_times(double *times, size_t count);

/* ---- layers.c ---- */

/** As an array. */
json_t *layers_json(const results *r);
void print_layers(const results *r);

/* ---- train.c, start.c, peak.c ---- */

measurement measure_training;
/** Starts programs itself, and so belongs into the parent. */
measurement measure_start;
/** Of the instruction set in r->isa and the precision in r->precision; of processors only. */
measurement measure_peak;

/** Seconds of work before anything counts: clocks rise, memory becomes known. */
static inline double warm_up_seconds(const settings *s)
{
    return s->seconds < 2 ? s->seconds / 4 : 0.5;
}

#endif /* ASL_BENCH_BENCH_H */
