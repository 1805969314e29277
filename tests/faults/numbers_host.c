/* SPDX-License-Identifier: MIT */
/* Hosts with ways of their own with numbers: another rounding, no denormals, traps, a decimal
 * comma. Every errand gives the bits it gives everybody, and the host finds its ways unchanged. */
#include "support/support.h"

#include <fenv.h>
#include <locale.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "base/floats.h"
#include "scenarios.h"

/* Modes and flags of this thread. */
static fenv_t ways(void)
{
    fenv_t all;
    memset(&all, 0, sizeof all);
    fegetenv(&all);
    return all;
}

static bool round_up(void)
{
    return fesetround(FE_UPWARD) == 0;
}

static bool round_down(void)
{
    return fesetround(FE_DOWNWARD) == 0;
}

static bool round_to_zero(void)
{
    return fesetround(FE_TOWARDZERO) == 0;
}

static bool drop_denormals(void)
{
#if defined(__x86_64__)
    _mm_setcsr(_mm_getcsr() | 0x8040); /* flush to zero, denormals are zero */
    return true;
#elif defined(__aarch64__)
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    __asm__ volatile("msr fpcr, %0" : : "r"(control | UINT64_C(1) << 24));
    return true;
#else
    return false;
#endif
}

static bool set_traps(void)
{
    feclearexcept(FE_ALL_EXCEPT);
    return feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW | FE_UNDERFLOW | FE_INEXACT) !=
           -1;
}

static bool raise_flags(void)
{
    return feraiseexcept(FE_ALL_EXCEPT) == 0;
}

/* Where localedef could make one; see tests/embed. */
static bool write_commas(void)
{
    return setlocale(LC_ALL, "comma") != NULL;
}

static const struct {
    const char *name;
    bool (*set)(void);
} hosts[] = {
    {"rounding upwards", round_up},
    {"rounding downwards", round_down},
    {"rounding to zero", round_to_zero},
    {"without denormals", drop_denormals},
    {"with traps", set_traps},
    {"with flags raised", raise_flags},
    {"with a decimal comma", write_commas},
};

static outcome run(const scenario *errand)
{
    outcome out = {.err = ASL_ERROR_INIT};
    scenarios_clean();
    errand->run(&out);
    return out;
}

static void check(const scenario *errand, const outcome *usual, size_t host)
{
    char locale[64];
    snprintf(locale, sizeof locale, "%s", setlocale(LC_ALL, NULL));
    const fenv_t before = ways();
    const outcome out = run(errand);
    const fenv_t after = ways();
    fesetenv(FE_DFL_ENV);
    if (out.status != usual->status || out.sum != usual->sum || out.notes != usual->notes)
        fail_msg("%s, %s: %s, another result", errand->name, hosts[host].name,
                 asl_status_name(out.status));
    if (memcmp(&before, &after, sizeof before) != 0)
        fail_msg("%s, %s: the host's modes or flags have changed", errand->name, hosts[host].name);
    assert_string_equal(setlocale(LC_ALL, NULL), locale);
}

static void test_every_host(void **state)
{
    (void)state;
    int32_t runs = 0, missing = 0, errands = 0;
    scenarios_prepare();
    for (const scenario *errand = scenarios; errand->name; errand++, errands++) {
        const outcome usual = run(errand);
        for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
            if (hosts[i].set()) {
                check(errand, &usual, i);
                runs++;
            } else {
                missing++;
            }
            fesetenv(FE_DFL_ENV);
            setlocale(LC_ALL, "C");
        }
    }
    print_message("count: %d errands in %zu kinds of hosts, %d runs, same bits, nothing of the "
                  "host's changed (%d not possible here)\n",
                  errands, sizeof hosts / sizeof *hosts, runs, missing);
}

static void test_modes_come_back(void **state)
{
    (void)state;
    volatile double one = 1.0, little = 1e-30;
    fesetround(FE_UPWARD);
    feclearexcept(FE_ALL_EXCEPT);
    assert_true(one + little > 1.0);
    feclearexcept(FE_ALL_EXCEPT);
    const fenv_t before = ways();
    {
        ASL__OWN_FLOATS;
        assert_true(one + little == 1.0);
        assert_true(fetestexcept(FE_INEXACT));
    }
    const fenv_t after = ways();
    fesetenv(FE_DFL_ENV);
    assert_memory_equal(&before, &after, sizeof before);
}

/* Nothing of a short function's own is computed too early or too late. */
static void test_short_functions(void **state)
{
    (void)state;
    static const char *const labels[] = {"A", "nothing"};
    static const float scores[] = {0.7F, 0.3F};
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_model_options options;
    asl_model_options_init(&options, sizeof options);
    options.labels = labels;
    options.label_count = 2;
    assert_ok(asl_model_create(&model, "tiny", &options, &err), &err);
    const float usual = asl_model_letter_score(model, scores, 2);
    fesetround(FE_UPWARD);
    const float upwards = asl_model_letter_score(model, scores, 2);
    fesetround(FE_DOWNWARD);
    const float downwards = asl_model_letter_score(model, scores, 2);
    fesetround(FE_TONEAREST);
    asl_model_free(model);
    assert_memory_equal(&upwards, &usual, sizeof usual);
    assert_memory_equal(&downwards, &usual, sizeof usual);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_modes_come_back),
                                       cmocka_unit_test(test_short_functions),
                                       cmocka_unit_test(test_every_host)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
