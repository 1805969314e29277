/* SPDX-License-Identifier: MIT */
/* Processor features, held against what the kernel reports. */
#include "support/support.h"

#include "base/cpu.h"

static const struct {
    uint32_t flag;
    const char *text;     /* in asl_cpu_features() */
    const char *names[4]; /* in /proc/cpuinfo */
} features[] = {
    {ASL__CPU_AVX2, " avx2 fma", {"avx2", "fma"}},
    {ASL__CPU_AVX512, " avx512f", {"avx512f", "avx512bw", "avx512dq", "avx512vl"}},
    {ASL__CPU_AVX512_BF16, " avx512_bf16", {"avx512_bf16"}},
    {ASL__CPU_AMX_BF16, " amx_bf16", {"amx_bf16", "amx_tile"}},
};

static void the_text_names_the_flags(void **state)
{
    const char *text = asl_cpu_features();

    (void)state;
    assert_ptr_equal(text, asl_cpu_features());
    assert_int_equal(asl__cpu_flags(), asl__cpu_flags());
    assert_null(strchr(text, '\n'));
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++)
        assert_int_equal(strstr(text, features[i].text) != NULL,
                         (asl__cpu_flags() & features[i].flag) != 0);
#if defined(__x86_64__)
    assert_memory_equal(text, "x86-64", 6);
#elif defined(__aarch64__)
    assert_string_equal(text, "aarch64 neon");
#endif
}

/* The line "flags : a b c" of the first processor, as " a b c "; false when there is none. */
static bool read_kernel_flags(char *line, size_t size)
{
    FILE *file = fopen("/proc/cpuinfo", "r");
    bool found = false;

    if (file == NULL)
        return false;
    while (!found && fgets(line, (int)size, file) != NULL)
        found = strncmp(line, "flags", 5) == 0;
    fclose(file);
    if (found && strchr(line, '\n') != NULL)
        *strchr(line, '\n') = ' ';
    return found;
}

static bool kernel_has(const char *line, const char *name)
{
    char word[32];

    snprintf(word, sizeof word, " %s ", name);
    return strstr(line, word) != NULL;
}

static void the_kernel_agrees(void **state)
{
    static char line[16384];

    (void)state;
    /* Under an emulator the line may be that of another processor. */
    if (strncmp(asl_cpu_features(), "x86-64", 6) != 0 || !read_kernel_flags(line, sizeof line)) {
        print_message("SKIPPED: /proc/cpuinfo has no line of x86 flags\n");
        skip();
    }
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++) {
        bool all = true;

        for (size_t j = 0; j < 4 && features[i].names[j] != NULL; j++)
            all = all && kernel_has(line, features[i].names[j]);
        if (asl__cpu_flags() & features[i].flag)
            assert_true(all);
        else if (features[i].flag != ASL__CPU_AMX_BF16) /* a kernel may still refuse the tiles */
            assert_false(all);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_names_the_flags),
        cmocka_unit_test(the_kernel_agrees),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
