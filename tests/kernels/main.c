/* SPDX-License-Identifier: MIT */
/* test_kernels: every kernel of the cpu backend, at every instruction set of this machine, against
 * plain loops in double. Random but repeatable: the same seed gives the same cases. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/check.h"
#include "kernels/tiles.h"

static const char usage[] =
    "usage: test_kernels [--isa NAME] [--kernel NAME] [--seed N] [--bench]\n"
    "       test_kernels --self-test [--seed N]\n"
    "\n"
    "  --isa NAME      only this instruction set; exits with 77 where the machine lacks it;\n"
    "                  amx-emulated is the kernel for AMX on tiles in plain C\n"
    "  --kernel NAME   only this kernel\n"
    "  --seed N        other random input (default 1)\n"
    "  --bench         time, speed and share of the peak instead of checks\n"
    "  --self-test     shows that the checks find kernels that are wrong\n";

static const kernel_check checks[] = {
    {"gemm", check_gemm},
    {"gemm_bf16", check_gemm_bf16},
    {"to_bf16", check_to_bf16},
    {"wino_filter", check_wino_filter},
    {"wino_input", check_wino_input},
    {"wino_planes", check_wino_planes},
    {"wino_output", check_wino_output},
    {"pool_rows", check_pool_rows},
    {"bias_relu", check_bias_relu},
    {"sparse_weights", check_sparse_weights},
    {"column_sums", check_column_sums},
    {"add", check_add},
    {"mask", check_mask},
    {"unpool", check_unpool},
    {"scale", check_scale},
    {"moments", check_moments},
    {"norm_sums", check_norm_sums},
    {"norm_gradient", check_norm_gradient},
    {"wino_chain", check_wino_chain}, /* of four kernels together */
};
enum { CHECK_COUNT = sizeof checks / sizeof checks[0], KERNEL_COUNT = CHECK_COUNT - 1 };

/* From the first kernel on the table holds nothing else. */
_Static_assert(sizeof(asl__cpu_kernels) - offsetof(asl__cpu_kernels, gemm) ==
                   KERNEL_COUNT * sizeof(void (*)(void)),
               "kernels.h has a kernel that no check is for");

typedef struct options {
    const char *isa, *kernel; /* NULL: all */
    uint64_t seed;
    int bench, self_test;
} options;

static const kernel_check *find_check(const char *name)
{
    for (int32_t i = 0; i < CHECK_COUNT; i++)
        if (strcmp(checks[i].name, name) == 0)
            return &checks[i];
    return NULL;
}

static bool run_checks(const asl__cpu_kernels *k, const options *o)
{
    bool good = true;
    char message[512];
    for (int32_t i = 0; i < CHECK_COUNT; i++) {
        const int64_t before = cases_run();
        if (o->kernel != NULL && strcmp(o->kernel, checks[i].name) != 0)
            continue;
        if (passes(&checks[i], k, o->seed, message, sizeof message)) {
            printf("ok      %-6s  %-14s  %lld cases\n", k->isa, checks[i].name,
                   (long long)(cases_run() - before));
        } else {
            printf("FAILED  %-6s  %-14s  seed %llu: %s\n", k->isa, checks[i].name,
                   (unsigned long long)o->seed, message);
            good = false;
        }
    }
    return good;
}

/* A check that a wrong kernel passes is a defect, and so is one that was never tried, or that right
 * kernels fail too. */
static bool run_self_test(const options *o)
{
    asl__cpu_kernels right;
    asl__cpu_kernels_c(&right);
    bool good = run_checks(&right, o), tried[CHECK_COUNT] = {false};
    char message[512];
    for (int32_t i = 0; i < wrong_kernel_count; i++) {
        const wrong_kernel *wrong = &wrong_kernels[i];
        const kernel_check *check = find_check(wrong->kernel);
        asl__cpu_kernels k = right;
        wrong->install(&k);
        tried[check - checks] = true;
        const bool missed = passes(check, &k, o->seed, message, sizeof message);
        good = good && !missed;
        printf("%s  %s %s: %s\n", missed ? "MISSED" : "found ", wrong->kernel, wrong->mistake,
               missed ? "all cases pass" : message);
    }
    for (int32_t i = 0; i < CHECK_COUNT; i++) {
        if (!tried[i])
            printf("MISSED  %s: no wrong kernel was tried\n", checks[i].name);
        good = good && tried[i];
    }
    return good;
}

/* Exit status of one instruction set. */
static int run_level(const char *isa, const options *o)
{
    asl__cpu_kernels k;
    asl_error err = ASL_ERROR_INIT;
    const bool emulated = strcmp(isa, "amx-emulated") == 0;
    const asl_status status = asl__cpu_kernels_find(&k, emulated ? "c" : isa, &err);
    if (status != ASL_OK) {
        fprintf(stderr, "%s: %s\n", status == ASL_ERR_BACKEND ? "skipped" : "test_kernels",
                err.message);
        return status == ASL_ERR_BACKEND ? 77 : 2;
    }
    options only = *o;
    if (emulated) {
        emulate_tiles(&k);
        k.gemm_columns = 32; /* as the level below AMX has it */
        only.kernel = "gemm_bf16";
        o = &only;
    }
    if (o->bench)
        run_bench(&k, o->kernel);
    else if (!run_checks(&k, o))
        return 1;
    return 0;
}

/* All instruction sets that the machine has; "c" is always one of them. */
static int run_levels(const options *o)
{
    int worst = 0;
    for (int32_t i = 0; i < asl__cpu_level_count(); i++) {
        const int status = run_level(asl__cpu_level_name(i), o);
        if (status != 0 && status != 77)
            worst = status;
    }
    return worst;
}

static bool parse(options *o, int argc, char **argv)
{
    static const struct option names[] = {
        {"isa", required_argument, NULL, 'i'},  {"kernel", required_argument, NULL, 'k'},
        {"seed", required_argument, NULL, 's'}, {"bench", no_argument, NULL, 'b'},
        {"self-test", no_argument, NULL, 't'},  {NULL, 0, NULL, 0},
    };
    char *end = NULL;
    for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (option) {
        case 'i':
            o->isa = optarg;
            break;
        case 'k':
            o->kernel = optarg;
            break;
        case 's':
            o->seed = strtoull(optarg, &end, 10);
            if (end == optarg || *end != '\0')
                return false;
            break;
        case 'b':
            o->bench = 1;
            break;
        case 't':
            o->self_test = 1;
            break;
        default:
            return false;
        }
    }
    return optind == argc && !(o->self_test && (o->bench || o->isa || o->kernel)) &&
           (o->kernel == NULL || find_check(o->kernel) != NULL);
}

int main(int argc, char **argv)
{
    options o = {.seed = 1};
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!parse(&o, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    if (o.self_test)
        return run_self_test(&o) ? 0 : 1;
    return o.isa != NULL ? run_level(o.isa, &o) : run_levels(&o);
}
