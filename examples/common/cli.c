/* SPDX-License-Identifier: MIT */
/* Messages, exit codes, interrupts, memory. The option table is in cli_options.c. See cli.h. */
#include "common/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/progress.h"

static const char *program_name = "asl";
static bool quiet;

/* ---- Messages ---- */

void cli_set_program(const char *name)
{
    program_name = name;
}

static void print_message(const char *format, va_list arguments)
{
    progress_hide();
    fprintf(stderr, "%s: ", program_name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void cli_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_message(format, arguments);
    va_end(arguments);
}

void cli_note(const char *format, ...)
{
    if (quiet)
        return;
    va_list arguments;
    va_start(arguments, format);
    print_message(format, arguments);
    va_end(arguments);
}

void cli_set_quiet(bool value)
{
    quiet = value;
}

int cli_usage_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_message(format, arguments);
    va_end(arguments);
    fprintf(stderr, "Try '%s --help'.\n", program_name);
    return CLI_USAGE;
}

int cli_exit_code(asl_status status)
{
    switch (status) {
    case ASL_OK:
    case ASL_PARTIAL:
        return CLI_OK;
    case ASL_STOPPED:
        return CLI_INTERRUPTED;
    case ASL_ERR_ARG:
        return CLI_USAGE;
    case ASL_ERR_PATH:
    case ASL_ERR_LIMIT:
    case ASL_ERR_NOT_FOUND:
    case ASL_ERR_TRUNCATED:
    case ASL_ERR_CHECKSUM:
    case ASL_ERR_IMAGE:
    case ASL_ERR_UNSUPPORTED:
    case ASL_ERR_CSV:
    case ASL_ERR_DATASET:
    case ASL_ERR_DATASET_CHANGED:
    case ASL_ERR_PACK:
    case ASL_ERR_MODEL:
    case ASL_ERR_MODEL_TOO_NEW:
    case ASL_ERR_ARCHITECTURE:
    case ASL_ERR_LABELS:
        return CLI_BAD_INPUT;
    case ASL_ERR_BACKEND:
    case ASL_ERR_DEVICE_LOST:
        return CLI_NO_DEVICE;
    default:
        return CLI_FAILED;
    }
}

int cli_fail(const asl_error *err)
{
    cli_error("%s", err->message[0] ? err->message : asl_status_text(err->code));
    return cli_exit_code(err->code);
}

/* Why standard output failed first; later calls may succeed again, having dropped the text. */
static int output_errno;

bool cli_flush(void)
{
    if (fflush(stdout) != 0 && !output_errno)
        output_errno = errno;
    return !output_errno && !ferror(stdout);
}

int cli_finish(int code)
{
    progress_end();
    if (cli_flush())
        return code;
    cli_error("cannot write to standard output%s%s", output_errno ? ": " : "",
              output_errno ? strerror(output_errno) : "");
    return code == CLI_OK ? CLI_FAILED : code;
}

/* ---- Memory ---- */

static void *or_out_of_memory(void *memory)
{
    if (!memory) {
        cli_error("out of memory");
        exit(CLI_FAILED);
    }
    return memory;
}

void *cli_alloc(size_t count, size_t size)
{
    return or_out_of_memory(calloc(count ? count : 1, size ? size : 1));
}

char *cli_format(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    return or_out_of_memory(text);
}

/* ---- Ctrl-C ---- */

static volatile sig_atomic_t interrupted;
static void (*interrupt_handler)(void *user);
static void *interrupt_user;

static void on_signal(int number)
{
    (void)number;
    const int saved = errno;
    interrupted = 1;
    if (interrupt_handler)
        interrupt_handler(interrupt_user);
    errno = saved;
}

void cli_catch_interrupt(void (*handler)(void *user), void *user)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    interrupt_handler = handler;
    interrupt_user = user;
    if (!interrupted) {
        /* SA_RESETHAND: the second Ctrl-C does what it would without us. */
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
        sigemptyset(&action.sa_mask);
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
    } else if (handler) {
        handler(user);
    }
    sigprocmask(SIG_UNBLOCK, &signals, NULL);
}

bool cli_interrupted(void)
{
    return interrupted != 0;
}
