/* SPDX-License-Identifier: MIT */
/* The command line of every program: a table of options that is at once the parser, its checks and
 * the --help text; messages on stderr; exit codes; Ctrl-C. */
#ifndef EXAMPLES_CLI_H
#define EXAMPLES_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asl/base.h"

/** Exit codes of every program. */
enum {
    CLI_OK = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_BAD_INPUT = 3, /**< Bad or missing data or model. */
    CLI_NO_DEVICE = 4,
    CLI_GATE = 5, /**< A demanded quality was not reached. */
    CLI_INTERRUPTED = 130
};

enum cli_kind {
    CLI_KIND_FLAG,
    CLI_KIND_TEXT,
    CLI_KIND_LIST,
    CLI_KIND_INT,
    CLI_KIND_SEED,
    CLI_KIND_REAL,
    CLI_KIND_CHOICE,
    CLI_KIND_WORD,
    CLI_KIND_HEADING
};

/** The values of an option that may be given several times. */
enum { CLI_LIST_MOST = 8 };
typedef struct cli_list {
    const char *items[CLI_LIST_MOST];
    int count;
} cli_list;

/** One option. What lies at `value` when cli_parse() starts is its default and is shown by --help.
 * Write rows with the macros below. */
typedef struct cli_option {
    enum cli_kind kind;
    char letter;          /**< Short form, or 0. */
    const char *name;     /**< Long form without dashes; "" for HEADING. */
    const char *argument; /**< What --help calls the value; for CHOICE and WORD "one|two|three". */
    void *value; /**< bool, const char *, cli_list, int32_t, uint64_t, double, int32_t or const char
                  *. */
    double min, max;  /**< Inclusive range of INT and REAL. */
    const char *help; /**< A sentence without its full stop. */
} cli_option;

/** A line above the rows that follow; --help shows "Options" where there is none. */
#define CLI_HEADING(text)                                                                          \
    {                                                                                              \
        CLI_KIND_HEADING, 0, "", NULL, NULL, 0, 0, text                                            \
    }
#define CLI_FLAG(letter, name, target, help)                                                       \
    {                                                                                              \
        CLI_KIND_FLAG, letter, name, NULL, target, 0, 0, help                                      \
    }
#define CLI_TEXT(letter, name, argument, target, help)                                             \
    {                                                                                              \
        CLI_KIND_TEXT, letter, name, argument, target, 0, 0, help                                  \
    }
/** May be given up to CLI_LIST_MOST times; the values gather in a cli_list. */
#define CLI_LIST(letter, name, argument, target, help)                                             \
    {                                                                                              \
        CLI_KIND_LIST, letter, name, argument, target, 0, 0, help                                  \
    }
#define CLI_INT(letter, name, argument, target, min, max, help)                                    \
    {                                                                                              \
        CLI_KIND_INT, letter, name, argument, target, min, max, help                               \
    }
#define CLI_REAL(letter, name, argument, target, min, max, help)                                   \
    {                                                                                              \
        CLI_KIND_REAL, letter, name, argument, target, min, max, help                              \
    }
/** The value is the index of the word in @p words, "one|two|three". */
#define CLI_CHOICE(letter, name, words, target, help)                                              \
    {                                                                                              \
        CLI_KIND_CHOICE, letter, name, words, target, 0, 0, help                                   \
    }
/** The value is the word itself, for what the library takes by name. */
#define CLI_WORD(letter, name, words, target, help)                                                \
    {                                                                                              \
        CLI_KIND_WORD, letter, name, words, target, 0, 0, help                                     \
    }

/* Options that mean the same everywhere. A seed fits into a JSON integer: 0 to 2^63 - 1. */
#define CLI_MODEL(target)                                                                          \
    CLI_TEXT('m', "model", "MODEL", target,                                                        \
             "model file (.safetensors); the built-in one when none is named")
#define CLI_SEED(target)                                                                           \
    {                                                                                              \
        CLI_KIND_SEED, 0, "seed", "N", target, 0, 0, "seed of everything random"                   \
    }
#define CLI_THREADS(target)                                                                        \
    CLI_INT(0, "threads", "N", target, 0, 1024, "threads to use; 0 takes one per core")
#define CLI_BACKEND(target)                                                                        \
    CLI_TEXT(0, "backend", "NAME", target,                                                         \
             "engine that computes: auto, or a name that asl-info lists")
#define CLI_ISA(target)                                                                            \
    CLI_WORD(0, "isa", "auto|c|avx2|avx512|amx", target,                                           \
             "instruction set of the cpu backend; auto takes the best this machine has")
#define CLI_PRECISION(target)                                                                      \
    CLI_WORD(0, "precision", "auto|fp32|tf32|bf16", target,                                        \
             "numbers to multiply: fp32, which auto takes on processors; tf32, which it takes on " \
             "GPUs; bf16, a little less exact, and fast on GPUs and on processors with AMX")
/** @p target is an int32_t: ASL_MIRROR_*. */
#define CLI_MIRROR(target)                                                                         \
    CLI_CHOICE(0, "mirror", "model|off|on|both|auto", target,                                      \
               "which side of pictures to read: as the model says, as they are, mirrored, both "   \
               "together, or the one that does better on the first 30")
/** @p target is an int32_t, as in asl_inferer_options. */
#define CLI_LOOKS(target)                                                                          \
    CLI_INT(0, "looks", "N", target, 0, 3,                                                         \
            "looks at each picture: 1, as it is; 3, also turned by 20 degrees to either side; 0, " \
            "as the model says")
/** The same. */
#define CLI_CROPS(target)                                                                          \
    CLI_INT(0, "crops", "N", target, 0, 2,                                                         \
            "parts of each picture to look at: 1, all of it; 2, also the hand found in it; 0, as " \
            "the model says")
#define CLI_FORCE(target)   CLI_FLAG('f', "force", target, "replace what is already there")
#define CLI_JSON(target)    CLI_FLAG(0, "json", target, "results as JSON")
#define CLI_QUIET(target)   CLI_FLAG('q', "quiet", target, "only results and errors")
#define CLI_VERBOSE(target) CLI_FLAG('v', "verbose", target, "say more on standard error")
/** @p target is an int32_t for progress_mode(). */
#define CLI_PROGRESS(target)                                                                       \
    CLI_CHOICE(0, "progress", "auto|always|never", target,                                         \
               "progress bars; auto draws them on a terminal only")

typedef struct cli_program {
    const char *name;      /**< "asl-train". */
    const char *arguments; /**< "DATA -o RUN", for the usage line; "" for none. */
    const char *summary;   /**< What the program does: one or two sentences. */
    const char *details;   /**< Printed below the options, at most 79 columns; may be NULL. */
    const cli_option *options;
    size_t option_count;
    int min_arguments, max_arguments; /**< Positional ones; max < 0 is any number. */
} cli_program;

/** Parse the command line into the options' targets. Answers --help and --version, and ends the
 * program with CLI_USAGE when something is wrong. Also makes the process safe to print from
 * (closed descriptors, SIGPIPE). May be called again on the same argv.
 * @param arguments  Receives the positional arguments, a part of argv.
 * @return how many there are. */
int cli_parse(const cli_program *program, int argc, char **argv, char ***arguments);

/** The word that a CHOICE now stands at, valid until the next call. */
const char *cli_choice_word(const cli_option *option);
/** Set a CHOICE to one of its words. @return false for any other word. */
bool cli_choose(const cli_option *option, const char *word);

/** Flush standard output, as after a line that someone waits for. @return false once writing has
 * failed: there is no point in going on. */
bool cli_flush(void);
/** Last words: flush standard output. @return @p code, or CLI_FAILED when writing failed. */
int cli_finish(int code);

/** The name that messages start with; cli_parse() sets it. */
void cli_set_program(const char *name);

/** Print "program: message" on stderr. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Same for remarks, dropped when cli_set_quiet(true). */
void cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cli_set_quiet(bool quiet);

/** Print what is wrong with how the program was called, and where to look. @return CLI_USAGE. */
int cli_usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** The exit code for a status. */
int cli_exit_code(asl_status status);
/** Print an error of the library. @return its exit code. */
int cli_fail(const asl_error *err);

/** From now on the first Ctrl-C or SIGTERM is remembered, and calls @p handler (may be NULL; must
 * be safe in a signal handler); the next one kills. May be called again to change the handler. */
void cli_catch_interrupt(void (*handler)(void *user), void *user);
bool cli_interrupted(void);

/** Memory that is there, or the program ends with a message. Released with free(). */
void *cli_alloc(size_t count, size_t size);
/** Formatted text in memory of its own, released with free(). */
char *cli_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* EXAMPLES_CLI_H */
