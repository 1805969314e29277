/* SPDX-License-Identifier: MIT */
/* Random numbers: Random123's known answers, our own mapping pinned for ever, bounds and shuffles.
 */
#include "support/support.h"

#include "base/random.h"

static void philox_gives_the_known_answers(void **state)
{
    /* kat_vectors of Random123, lines "philox4x32 10". */
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } table[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint32_t out[4];

        asl__philox4x32(out, table[i].counter, table[i].key);
        assert_memory_equal(out, table[i].out, sizeof out);
    }
}

static void seed_stream_and_index_are_key_and_counter(void **state)
{
    const uint64_t seed = 0x299f31d0a4093822, stream = 0x0370734413198a2e;
    const uint64_t index = 0x85a308d3243f6a88;

    (void)state;
    assert_true(asl__random_u64(0, 0, 0) == 0xe169c58d6627e8d5);
    assert_true(asl__random_u64(seed, stream, index) == 0x94fdccebd16cfe09);
}

static void uniform_stays_inside_and_is_even(void **state)
{
    enum { DRAWS = 100000, BINS = 10 };
    int64_t bins[BINS] = {0};
    double sum = 0;

    (void)state;
    for (uint64_t i = 0; i < DRAWS; i++) {
        const double value = asl__random_uniform(1, 2, i);

        assert_true(value >= 0 && value < 1);
        bins[(int)(value * BINS)]++;
        sum += value;
    }
    /* Six standard deviations: 0.2887 / sqrt(1e5) for the mean, sqrt(1e5 * 0.09) for a bin. */
    assert_true(sum / DRAWS > 0.5 - 0.0055 && sum / DRAWS < 0.5 + 0.0055);
    for (int i = 0; i < BINS; i++)
        assert_in_range(bins[i], DRAWS / BINS - 570, DRAWS / BINS + 570);
}

static void below_is_the_upper_half_of_the_product(void **state)
{
    static const uint64_t bounds[] = {
        1, 2, 3, 29, 0xffffffff, 1ull << 32, 1ull << 63, UINT64_MAX - 1, UINT64_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        for (uint64_t index = 0; index < 1000; index++) {
            const uint64_t value = asl__random_below(5, 6, index, bounds[i]);

            assert_true(value < bounds[i]);
#ifdef __SIZEOF_INT128__
            __extension__ typedef unsigned __int128 wide;

            assert_true(value == (uint64_t)((wide)asl__random_u64(5, 6, index) * bounds[i] >> 64));
#endif
        }
    }
}

static void shuffling_is_a_permutation_of_its_own(void **state)
{
    enum { COUNT = 500 };
    int64_t a[COUNT], b[COUNT], c[COUNT];
    bool seen[COUNT] = {false};

    (void)state;
    for (int64_t i = 0; i < COUNT; i++)
        a[i] = b[i] = c[i] = i;
    asl__random_shuffle(a, COUNT, 1, 2);
    asl__random_shuffle(b, COUNT, 1, 2);
    asl__random_shuffle(c, COUNT, 1, 3);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, c, sizeof a);
    for (int64_t i = 0; i < COUNT; i++) {
        assert_in_range(a[i], 0, COUNT - 1);
        assert_false(seen[a[i]]);
        seen[a[i]] = true;
    }
    asl__random_shuffle(a, 1, 1, 2);
    asl__random_shuffle(NULL, 0, 1, 2);
}

/* All orders of three come up equally often. */
static void shuffling_is_fair(void **state)
{
    enum { DRAWS = 60000 };
    int64_t counts[27] = {0};

    (void)state;
    for (uint64_t seed = 0; seed < DRAWS; seed++) {
        int64_t items[3] = {0, 1, 2};

        asl__random_shuffle(items, 3, seed, 4);
        counts[items[0] * 9 + items[1] * 3 + items[2]]++;
    }
    for (int i = 0; i < 27; i++) {
        if (counts[i] != 0) /* six standard deviations: sqrt(6e4 * 5/36) = 91 */
            assert_in_range(counts[i], DRAWS / 6 - 550, DRAWS / 6 + 550);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_known_answers),
        cmocka_unit_test(seed_stream_and_index_are_key_and_counter),
        cmocka_unit_test(uniform_stays_inside_and_is_even),
        cmocka_unit_test(below_is_the_upper_half_of_the_product),
        cmocka_unit_test(shuffling_is_a_permutation_of_its_own),
        cmocka_unit_test(shuffling_is_fair),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
