/* SPDX-License-Identifier: MIT */
/* How long it takes from starting a program to its first label, and how much memory such a program
 * needs: this one, started anew with --once. See bench.h. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "common/progress.h"

extern char **environ;

/* @param out  Where its standard output goes. @return its process, or -1. */
static pid_t start_once(const settings *s, int out)
{
    char threads[16];
    snprintf(threads, sizeof threads, "%d", (int)s->threads);
    /* The model comes last, since there need not be one. */
    const char *arguments[] = {
        "asl-bench", "--backend",   s->backend,       "--isa",
        s->isa,      "--precision", s->precision,     "--threads",
        threads,     "--once",      s->first_picture, s->model ? "--model" : NULL,
        s->model,    NULL};
    posix_spawn_file_actions_t actions;
    pid_t child = -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    const int problem =
        posix_spawn(&child, "/proc/self/exe", &actions, NULL, (char *const *)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (problem == 0)
        return child;
    cli_error("cannot start a process: %s", strerror(problem));
    return -1;
}

static int run_once(const settings *s, double *seconds, double *memory)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        cli_error("cannot make a pipe: %s", strerror(errno));
        return CLI_FAILED;
    }
    const double started = progress_clock();
    const pid_t child = start_once(s, ends[1]);
    close(ends[1]);
    int code = CLI_FAILED;
    if (child > 0) {
        char first;
        struct rusage usage;
        const bool answered = read(ends[0], &first, 1) == 1;
        *seconds = progress_clock() - started;
        code = wait_for_child(child, &usage);
        *memory = 1024.0 * (double)usage.ru_maxrss;
        if (code == CLI_OK && !answered)
            code = CLI_FAILED;
    }
    close(ends[0]);
    return code;
}

int measure_start(const settings *s, results *r)
{
    enum { LEAST = 5, MOST = 101 };
    double times[MOST], memory = 0, unused;
    /* The first start brings the files into memory. */
    int code = run_once(s, &unused, &memory);
    const double end = progress_clock() + s->seconds;
    int count = 0;
    r->memory = 0;
    while (code == CLI_OK && count < MOST && (count < LEAST || progress_clock() < end)) {
        code = run_once(s, &times[count++], &memory);
        if (memory > r->memory)
            r->memory = memory;
    }
    if (code != CLI_OK)
        return code;
    sort_times(times, (size_t)count);
    r->start = times[count / 2];
    return CLI_OK;
}
