/* SPDX-License-Identifier: MIT */
/* The option table at work: --help, getopt_long, checks of values. See cli.h. */
#include "common/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_OPTIONS = 48, FIRST_VALUE = 256, HELP_COLUMN = 28, HELP_WIDTH = 79 };

/* ---- Choices ---- */

const char *cli_choice_word(const cli_option *option)
{
    static char text[64];
    const char *word = option->argument;
    for (int32_t i = *(const int32_t *)option->value; i > 0; i--)
        word = strchr(word, '|') + 1;
    snprintf(text, sizeof text, "%.*s", (int)strcspn(word, "|"), word);
    return text;
}

/* Where @p word stands in "one|two|three", or -1. */
static int32_t find_word(const char *words, const char *word)
{
    const size_t length = strlen(word);
    for (int32_t index = 0;; index++) {
        const size_t known_length = strcspn(words, "|");
        if (known_length == length && memcmp(words, word, length) == 0)
            return index;
        if (!words[known_length])
            return -1;
        words += known_length + 1;
    }
}

bool cli_choose(const cli_option *option, const char *word)
{
    const int32_t index = find_word(option->argument, word);
    if (index >= 0)
        *(int32_t *)option->value = index;
    return index >= 0;
}

/* ---- Help ---- */

/* The default as text, or "" where there is nothing worth saying. */
static void default_text(char text[64], const cli_option *option)
{
    text[0] = '\0';
    switch (option->kind) {
    case CLI_KIND_FLAG:
    case CLI_KIND_LIST:
    case CLI_KIND_HEADING:
        break;
    case CLI_KIND_TEXT:
    case CLI_KIND_WORD: {
        const char *value = *(const char *const *)option->value;
        if (value)
            snprintf(text, 64, "%s", value);
        break;
    }
    case CLI_KIND_INT:
        /* A default below the range stands for "not given". */
        if (*(const int32_t *)option->value >= option->min)
            snprintf(text, 64, "%d", (int)*(const int32_t *)option->value);
        break;
    case CLI_KIND_SEED:
        snprintf(text, 64, "%llu", (unsigned long long)*(const uint64_t *)option->value);
        break;
    case CLI_KIND_REAL:
        if (!isnan(*(const double *)option->value))
            snprintf(text, 64, "%g", *(const double *)option->value);
        break;
    case CLI_KIND_CHOICE:
        snprintf(text, 64, "%s", cli_choice_word(option));
        break;
    }
}

/* Words of @p text, wrapped between two columns; the cursor stands at @p column. */
static void print_wrapped(const char *text, int column, int indent)
{
    while (*text) {
        const int length = (int)strcspn(text, " ");
        if (column > indent && column + 1 + length > HELP_WIDTH) {
            printf("\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            putchar(' ');
            column++;
        }
        printf("%.*s", length, text);
        column += length;
        text += length;
        text += strspn(text, " ");
    }
    putchar('\n');
}

static void print_option(const cli_option *option)
{
    char *names = option->letter ? cli_format("  -%c, --%s", option->letter, option->name)
                                 : cli_format("      --%s", option->name);
    char *left =
        option->argument ? cli_format("%s %s", names, option->argument) : cli_format("%s", names);
    char value[64];
    default_text(value, option);
    char *right =
        value[0] ? cli_format("%s [%s]", option->help, value) : cli_format("%s", option->help);
    const int length = (int)strlen(left);
    if (length + 2 <= HELP_COLUMN)
        printf("%-*s", HELP_COLUMN, left);
    else
        printf("%s\n%*s", left, HELP_COLUMN, "");
    print_wrapped(right, HELP_COLUMN, HELP_COLUMN);
    free(right);
    free(left);
    free(names);
}

static void print_help(const cli_program *program)
{
    printf("Usage: %s [options]%s%s\n\n", program->name, program->arguments[0] ? " " : "",
           program->arguments);
    print_wrapped(program->summary, 0, 0);
    if (program->option_count == 0 || program->options[0].kind != CLI_KIND_HEADING)
        printf("\nOptions:\n");
    for (size_t i = 0; i < program->option_count; i++) {
        if (program->options[i].kind == CLI_KIND_HEADING)
            printf("\n%s:\n", program->options[i].help);
        else
            print_option(&program->options[i]);
    }
    const cli_option common[] = {
        {CLI_KIND_FLAG, 'h', "help", NULL, NULL, 0, 0, "show this text"},
        {CLI_KIND_FLAG, 'V', "version", NULL, NULL, 0, 0, "show the version"},
    };
    print_option(&common[0]);
    print_option(&common[1]);
    if (program->details)
        printf("\n%s", program->details);
    printf("\nExit status: 0 done, 1 failed, 2 wrong usage, 3 bad or missing data or model,\n"
           "4 device not available, 5 demanded quality not reached, 130 interrupted.\n");
}

/* ---- Parsing ---- */

static int edit_distance(const char *a, const char *b)
{
    enum { LIMIT = 31 };
    int row[LIMIT + 1];
    const size_t n = strlen(a), m = strlen(b);
    if (n > LIMIT || m > LIMIT)
        return LIMIT;
    for (size_t j = 0; j <= m; j++)
        row[j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            const int change = diagonal + (a[i - 1] != b[j - 1]);
            const int skip = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < skip ? change : skip;
        }
    }
    return row[m];
}

/* Ends the program over the option text @p word that getopt did not know. */
static void unknown_option(const cli_program *program, const char *word)
{
    char name[32];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
    const char *best = NULL;
    int best_distance = 4;
    for (size_t i = 0; name[0] == '-' && name[1] == '-' && i < program->option_count; i++) {
        if (program->options[i].kind == CLI_KIND_HEADING)
            continue;
        const int distance = edit_distance(name + 2, program->options[i].name);
        if (distance < best_distance) {
            best_distance = distance;
            best = program->options[i].name;
        }
    }
    if (best)
        exit(cli_usage_error("unknown option '%s'; did you mean '--%s'?", name, best));
    exit(cli_usage_error("unknown option '%s'", name));
}

static double parse_number(const cli_option *option, const char *text)
{
    char *end = NULL;
    const char *allowed = option->kind == CLI_KIND_REAL ? "0123456789+-.eE" : "0123456789+-";
    const double value = strtod(text, &end);
    if (end == text || *end || text[strspn(text, allowed)])
        exit(cli_usage_error("--%s: '%s' is not a %snumber", option->name, text,
                             option->kind == CLI_KIND_REAL ? "" : "whole "));
    if (!(value >= option->min && value <= option->max))
        exit(cli_usage_error("--%s: %s is not between %.15g and %.15g", option->name, text,
                             option->min, option->max));
    return value;
}

static uint64_t parse_seed(const cli_option *option, const char *text)
{
    char *end = NULL;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    if (end == text || *end || text[strspn(text, "0123456789")] || errno || value > INT64_MAX)
        exit(cli_usage_error("--%s: '%s' is not a whole number from 0 to 9223372036854775807",
                             option->name, text));
    return value;
}

static void refuse_word(const cli_option *option, const char *text)
{
    exit(cli_usage_error("--%s: '%s' is not one of %s", option->name, text, option->argument));
}

static void add_to_list(const cli_option *option, const char *text)
{
    cli_list *list = option->value;
    if (list->count == CLI_LIST_MOST)
        exit(cli_usage_error("--%s can be given %d times at most", option->name, CLI_LIST_MOST));
    list->items[list->count++] = text;
}

static void set_option(const cli_option *option, const char *text)
{
    switch (option->kind) {
    case CLI_KIND_FLAG:
        *(bool *)option->value = true;
        break;
    case CLI_KIND_TEXT:
        *(const char **)option->value = text;
        break;
    case CLI_KIND_LIST:
        add_to_list(option, text);
        break;
    case CLI_KIND_INT:
        *(int32_t *)option->value = (int32_t)parse_number(option, text);
        break;
    case CLI_KIND_SEED:
        *(uint64_t *)option->value = parse_seed(option, text);
        break;
    case CLI_KIND_REAL:
        *(double *)option->value = parse_number(option, text);
        break;
    case CLI_KIND_CHOICE:
        if (!cli_choose(option, text))
            refuse_word(option, text);
        break;
    case CLI_KIND_WORD:
        if (find_word(option->argument, text) < 0)
            refuse_word(option, text);
        *(const char **)option->value = text;
        break;
    case CLI_KIND_HEADING: /* Not in getopt's table. */
        break;
    }
}

/* A closed standard descriptor would be handed to the next file opened, which messages would then
 * overwrite. Occupy it with one on which the wrong direction fails. */
static void occupy_standard_descriptors(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
            exit(CLI_FAILED);
    signal(SIGPIPE, SIG_IGN);
}

static void fill_getopt_tables(const cli_program *program, struct option *longs, char *letters)
{
    size_t count = 0;
    *letters++ = ':';
    for (size_t i = 0; i < program->option_count; i++) {
        const cli_option *option = &program->options[i];
        const int has_value = option->kind == CLI_KIND_FLAG ? no_argument : required_argument;
        if (option->kind == CLI_KIND_HEADING)
            continue;
        longs[count++] = (struct option){option->name, has_value, NULL, FIRST_VALUE + (int)i};
        if (option->letter) {
            *letters++ = option->letter;
            if (has_value)
                *letters++ = ':';
        }
    }
    longs[count] = (struct option){"help", no_argument, NULL, 'h'};
    longs[count + 1] = (struct option){"version", no_argument, NULL, 'V'};
    longs[count + 2] = (struct option){NULL, 0, NULL, 0};
    memcpy(letters, "hV", 3);
}

/* The option behind a value of getopt_long, or NULL. */
static const cli_option *find_option(const cli_program *program, int value)
{
    if (value >= FIRST_VALUE)
        return &program->options[value - FIRST_VALUE];
    for (size_t i = 0; i < program->option_count; i++)
        if (program->options[i].letter && program->options[i].letter == value)
            return &program->options[i];
    return NULL;
}

static void handle_option(const cli_program *program, int value, char **argv)
{
    const cli_option *option = find_option(program, value);
    if (option) {
        set_option(option, optarg);
    } else if (value == 'h') {
        print_help(program);
        exit(cli_finish(CLI_OK));
    } else if (value == 'V') {
        printf("%s (libasl) %s\n", program->name, asl_version());
        exit(cli_finish(CLI_OK));
    } else if (value == ':') {
        option = find_option(program, optopt);
        exit(cli_usage_error("--%s needs a value (%s)", option->name, option->argument));
    } else if (optopt >= FIRST_VALUE) {
        exit(cli_usage_error("--%s takes no value", find_option(program, optopt)->name));
    } else if (optopt) {
        const char letter[3] = {'-', (char)optopt, '\0'};
        unknown_option(program, letter);
    } else {
        unknown_option(program, argv[optind - 1]);
    }
}

int cli_parse(const cli_program *program, int argc, char **argv, char ***arguments)
{
    struct option longs[MAX_OPTIONS + 3];
    char letters[2 * MAX_OPTIONS + 4];
    cli_set_program(program->name);
    occupy_standard_descriptors();
    if (program->option_count > MAX_OPTIONS)
        abort();
    fill_getopt_tables(program, longs, letters);

    opterr = 0;
    optind = 0; /* glibc: start over, also when argv was parsed before. */
    for (int value; (value = getopt_long(argc, argv, letters, longs, NULL)) != -1;)
        handle_option(program, value, argv);

    const int count = argc - optind;
    *arguments = argv + optind;
    if (count < program->min_arguments)
        exit(cli_usage_error(count ? "an argument is missing: %s" : "nothing to do: give %s",
                             program->arguments));
    if (program->max_arguments >= 0 && count > program->max_arguments)
        exit(cli_usage_error("unexpected argument '%s'", (*arguments)[program->max_arguments]));
    return count;
}
