/* SPDX-License-Identifier: MIT */
/* Cases, guarded memory, random input and comparison for the checks of single kernels. */
#include "kernels/check.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/random.h"

/* A buffer's data inside its mapping: guard page, slack, data, slack, guard page. */
typedef struct region {
    unsigned char *map, *data;
    size_t map_size, size, element;
} region;

static struct {
    sigjmp_buf stop; /* where a failed case goes */
    char what[160], message[320];
    region regions[24];
    int32_t region_count;
    uint64_t seed, drawn;
    int64_t cases;
    bool passed;
} state;

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* What fresh memory holds: signalling NaN in floats and doubles, 0xa5 in bytes and the rest. */
static uint64_t pattern_of(size_t element)
{
    if (element == sizeof(float))
        return 0x7fa5a5a57fa5a5a5;
    return element == sizeof(double) ? 0x7ff5a5a5a5a5a5a5 : 0xa5a5a5a5a5a5a5a5;
}

static bool is_fresh(const void *value, size_t element)
{
    const uint64_t pattern = pattern_of(element);
    return memcmp(value, &pattern, element) == 0;
}

static void release(void)
{
    for (int32_t i = 0; i < state.region_count; i++)
        munmap(state.regions[i].map, state.regions[i].map_size);
    state.region_count = 0;
}

void fail_case(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(state.message, sizeof state.message, format, arguments);
    va_end(arguments);
    siglongjmp(state.stop, 1);
}

static void on_fault(int signal_number)
{
    (void)signal_number;
    snprintf(state.message, sizeof state.message, "it touches memory that is not its own");
    siglongjmp(state.stop, 1);
}

static void catch_faults(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

bool passes(const kernel_check *check, const asl__cpu_kernels *k, uint64_t seed, char *message,
            size_t size)
{
    state.seed = seed;
    state.drawn = 0;
    state.passed = false;
    state.what[0] = '\0';
    catch_faults(on_fault);
    if (sigsetjmp(state.stop, 1) == 0) {
        check->run(k);
        state.passed = true;
    }
    catch_faults(SIG_DFL);
    release();
    if (!state.passed)
        snprintf(message, size, "%s: %s", state.what, state.message);
    return state.passed;
}

int64_t cases_run(void)
{
    return state.cases;
}

void begin_case(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(state.what, sizeof state.what, format, arguments);
    va_end(arguments);
}

static void check_slack(const region *r, const unsigned char *from, const unsigned char *to)
{
    const uint64_t pattern = pattern_of(r->element);
    for (const unsigned char *p = from; p < to; p++)
        if (*p != ((const unsigned char *)&pattern)[(size_t)(p - r->map) % sizeof pattern])
            fail_case("byte %td of a buffer of %zu is written", p - r->data, r->size);
}

void end_case(void)
{
    const size_t page = page_size();
    for (int32_t i = 0; i < state.region_count; i++) {
        const region *r = &state.regions[i];
        check_slack(r, r->map + page, r->data);
        check_slack(r, r->data + r->size, r->map + r->map_size - page);
    }
    release();
    state.cases++;
}

static uint64_t next(void)
{
    return asl__random_u64(state.seed, 0, state.drawn++);
}

int32_t between(int32_t low, int32_t high)
{
    return low + (int32_t)(next() % (uint64_t)(high - low + 1));
}

bool chance(void)
{
    return (next() & 1) != 0;
}

float draw(int32_t kind)
{
    static const float specials[] = {INFINITY, -INFINITY, NAN, 0.0f, -0.0f};
    const uint64_t bits = next();
    const float unit = (float)((double)(bits >> 32) * 0x1p-31 - 1.0);
    switch (kind) {
    case ZERO:
        return bits & 1 ? 0.0f : -0.0f;
    case DENORMAL:
        return unit * FLT_MIN;
    case LARGE:
        return (bits & 1 ? 1.0e15f : -1.0e15f) * (0.5f + 0.5f * fabsf(unit));
    case TIES:
        return (float)(bits % 5) - 2.0f;
    case MIXED:
        return draw((int32_t)(bits % MIXED));
    case SPECIAL:
        return bits % 32 < 5 ? specials[bits % 32] : unit;
    default:
        return unit;
    }
}

void *poisoned(int64_t count, size_t element)
{
    const size_t page = page_size(), size = (size_t)count * element;
    /* A page at least, so that there is slack to look at, and one element for the odd place. */
    const size_t room = (size + element + page - 1) / page * page;
    region *r = &state.regions[state.region_count];
    void *map = mmap(NULL, room + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED || mprotect((char *)map + page, room, PROT_READ | PROT_WRITE) != 0 ||
        state.region_count == (int32_t)(sizeof state.regions / sizeof state.regions[0])) {
        fputs("test_kernels: no memory for a buffer\n", stderr);
        exit(1);
    }
    state.region_count++;
    *r = (region){.map = map, .map_size = room + 2 * page, .size = size, .element = element};
    const size_t places[] = {room - size, 0, room - size - element};
    r->data = r->map + page + places[between(0, 2)];
    const uint64_t pattern = pattern_of(element);
    for (size_t i = 0; i < room; i += sizeof pattern)
        memcpy(r->map + page + i, &pattern, sizeof pattern);
    return r->data;
}

float *floats(int64_t count)
{
    return poisoned(count, sizeof(float));
}

double *doubles(int64_t count)
{
    return poisoned(count, sizeof(double));
}

uint8_t *bytes(int64_t count)
{
    return poisoned(count, 1);
}

void seal(const void *memory)
{
    const size_t page = page_size();
    for (int32_t i = 0; i < state.region_count; i++)
        if (state.regions[i].data == memory)
            mprotect(state.regions[i].map + page, state.regions[i].map_size - 2 * page, PROT_READ);
}

const float *input(int64_t count, int32_t kind)
{
    float *values = floats(count);
    for (int64_t i = 0; i < count; i++)
        values[i] = draw(kind);
    seal(values);
    return values;
}

wanted *expect(int64_t count)
{
    wanted *want = poisoned(count, sizeof *want);
    for (int64_t i = 0; i < count; i++)
        want[i] = (wanted){0.0, UNTOUCHED};
    return want;
}

int32_t *expect_choices(int64_t count)
{
    int32_t *want = poisoned(count, sizeof *want);
    for (int64_t i = 0; i < count; i++)
        want[i] = UNTOUCHED_CHOICE;
    return want;
}

void add_term(wanted *sum, double factor, wanted term)
{
    if (factor == 0.0)
        return; /* not even an infinity counts */
    sum->value += factor * term.value;
    sum->size += fabs(factor) * term.size;
}

wanted exactly(double value)
{
    return (wanted){value, fabs(value)};
}

wanted rectified(wanted value)
{
    if (value.value == -INFINITY)
        return exactly(0.0);
    if (value.value < 0.0)
        value.value = 0.0;
    return value;
}

/* `least` is what one rounding may change below the normal numbers. */
static void compare_one(const char *what, int64_t at, double got, const wanted *want,
                        double relative, double least)
{
    const double tolerance = relative * want->size + least;
    if (want->size == ANYTHING)
        return;
    if (isfinite(want->value) ? !(fabs(got - want->value) <= tolerance)
                              : !(got == want->value || (isnan(got) && isnan(want->value))))
        fail_case("%s[%lld] is %.9g, expected %.9g +- %.3g", what, (long long)at, got, want->value,
                  tolerance);
}

void compare(const char *what, const float *got, const wanted *want, int64_t count,
             double roundings)
{
    for (int64_t i = 0; i < count; i++) {
        if (want[i].size != UNTOUCHED)
            /* The first rounding below FLT_MIN may be multiplied by what follows: 64 at most. */
            compare_one(what, i, (double)got[i], &want[i], roundings * 0x1p-24,
                        roundings * 64 * 0x1p-149);
        else if (!is_fresh(&got[i], sizeof got[i]))
            fail_case("%s[%lld] is written, %.9g", what, (long long)i, (double)got[i]);
    }
}

void compare_doubles(const char *what, const double *got, const wanted *want, int64_t count,
                     double roundings)
{
    for (int64_t i = 0; i < count; i++) {
        if (want[i].size != UNTOUCHED)
            compare_one(what, i, got[i], &want[i], roundings * 0x1p-53, 0.0);
        else if (!is_fresh(&got[i], sizeof got[i]))
            fail_case("%s[%lld] is written, %.9g", what, (long long)i, got[i]);
    }
}

void compare_choices(const uint8_t *got, const int32_t *want, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (want[i] == ANY_CHOICE ? got[i] > 3
                                  : got[i] != (want[i] == UNTOUCHED_CHOICE ? 0xa5 : want[i]))
            fail_case("choice[%lld] is %d, expected %d", (long long)i, got[i], want[i]);
}

wanted maximum(const wanted four[4], double bias, bool relu, double roundings, int32_t *choice)
{
    int32_t best = 0, missing = 0, infinite = 0, near = 0;
    for (int32_t i = 0; i < 4; i++) {
        best = four[i].value > four[best].value ? i : best;
        missing += isnan(four[i].value) ? 1 : 0;
        infinite += isinf(four[i].value) ? 1 : 0;
    }
    wanted out = four[best];
    for (int32_t i = 0; i < 4; i++) {
        const double reach = roundings * 0x1p-24 * (four[i].size + four[best].size);
        near += i != best && roundings > 0.0 && four[best].value - four[i].value <= reach;
        if (isfinite(four[i].value))
            out.size = fmax(out.size, four[i].size);
    }
    *choice = near > 0 || missing > 0 ? ANY_CHOICE : best;
    if (missing + infinite > 0)
        return (wanted){(double)NAN, 0.0};
    add_term(&out, 1.0, exactly(bias));
    return relu ? rectified(out) : out;
}
