/* SPDX-License-Identifier: MIT */
/* Epochs of drawn pictures: shares, rounds and turns. */
#include <stdlib.h>

#include "dataset/dataset.h"
#include "fixtures.h"

enum { MOST = 1000, LISTS = 64 };

/* One, with 3 classes of 4 pictures, and two, with 2 classes of 5, weighted 1 : 3. */
static asl_dataset *make_mix(void)
{
    static const double weights[] = {1, 3};
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *parts[2] = {NULL}, *mix = NULL;
    asl_mix_options options;

    fixture_tree("one", 3, 4, 2);
    fixture_tree("two", 2, 5, 2);
    parts[0] = fixture_open("one", ASL_OK);
    parts[1] = fixture_open("two", ASL_OK);
    asl_mix_options_init(&options, sizeof options);
    options.count = 2;
    options.weights = weights;
    assert_ok(asl_dataset_mix(&mix, (const asl_dataset *const *)parts, &options, &err), &err);
    asl_dataset_free(parts[0]);
    asl_dataset_free(parts[1]);
    return mix;
}

static void draw(int64_t *order, const asl_dataset *dataset, int64_t pictures, uint64_t seed,
                 int64_t epoch)
{
    asl_error err = ASL_ERROR_INIT;

    assert_true(pictures <= MOST);
    order[pictures] = -7;
    assert_ok(asl__dataset_draw(order, dataset, pictures, seed, epoch, &err), &err);
    assert_true(order[pictures] == -7); /* to the picture */
}

static size_t list_of(const asl_dataset *dataset, int64_t index)
{
    asl_error err = ASL_ERROR_INIT;
    asl_sample sample = {.struct_size = sizeof sample};

    assert_ok(asl_dataset_get_sample(&sample, dataset, index, &err), &err);
    return (size_t)(sample.source_index * asl_dataset_class_count(dataset) + sample.class_index);
}

/* Counts what an epoch has of each list; also of each picture, when `seen` is not NULL. */
static void tally(int64_t *lists, int64_t *seen, const int64_t *order, int64_t pictures,
                  const asl_dataset *dataset)
{
    for (int64_t i = 0; i < pictures; i++) {
        const int64_t index = asl__order_index(order[i]);

        assert_true(order[i] >= 0 && index < asl_dataset_count(dataset));
        lists[list_of(dataset, index)]++;
        if (seen != NULL)
            seen[index]++;
    }
}

static void every_source_and_class_gets_its_share(void **state)
{
    asl_dataset *mix = make_mix();
    int64_t order[MOST + 1], lists[LISTS] = {0};

    (void)state;
    draw(order, mix, 240, 1, 0);
    tally(lists, NULL, order, 240, mix);
    for (int c = 0; c < 3; c++)
        assert_int_equal(lists[c], 20); /* 240 / 4 / 3 */
    assert_int_equal(lists[3], 90);     /* 240 * 3 / 4 / 2 */
    assert_int_equal(lists[4], 90);
    assert_int_equal(lists[5], 0);
    asl_dataset_free(mix);
}

static void sources_lie_mixed_in_every_stretch(void **state)
{
    asl_dataset *mix = make_mix();
    int64_t order[MOST + 1];

    (void)state;
    draw(order, mix, 800, 1, 0);
    for (int at = 0; at < 800; at += 100) {
        int64_t lists[LISTS] = {0};

        tally(lists, NULL, order + at, 100, mix);
        /* 25 expected with a deviation of 4: five of those are never seen. */
        assert_in_range(lists[0] + lists[1] + lists[2], 5, 45);
    }
    asl_dataset_free(mix);
}

/* What rounding leaves over evens out, and no picture comes again before its whole list came. */
static void epochs_go_on_where_the_last_one_ended(void **state)
{
    static const int64_t sizes[] = {1, 2, 7, 13, 22, 101};
    asl_dataset *mix = make_mix();

    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const int64_t pictures = sizes[s];
        int64_t order[MOST + 1], lists[LISTS] = {0}, seen[22] = {0};

        for (int64_t epoch = 0; epoch < 40; epoch++) {
            const double all = (double)(pictures * (epoch + 1));

            draw(order, mix, pictures, 5, epoch);
            tally(lists, seen, order, pictures, mix);
            for (size_t k = 0; k < 5; k++) {
                const double due = k < 3 ? all / 12 : all * 3 / 8;

                if ((double)lists[k] < due - 2 || (double)lists[k] > due + 2)
                    fail_msg("%d pictures, epoch %d, list %d: %d came", (int)pictures, (int)epoch,
                             (int)k, (int)lists[k]);
            }
            for (int64_t i = 0; i < 22; i++) {
                for (int64_t j = 0; j < i; j++) {
                    if (list_of(mix, i) == list_of(mix, j))
                        assert_true(llabs(seen[i] - seen[j]) <= 1);
                }
            }
        }
    }
    asl_dataset_free(mix);
}

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void pictures_that_come_again_have_another_turn(void **state)
{
    asl_dataset *mix = make_mix();
    int64_t order[MOST + 1], last = 0;

    (void)state;
    draw(order, mix, 800, 1, 3);
    qsort(order, 800, sizeof *order, compare);
    for (int i = 1; i < 800; i++)
        assert_true(order[i - 1] != order[i]);
    last = order[799] >> ASL__TURN_SHIFT;
    assert_in_range(last, 800 * 3 / 8 / 5 - 1, 800 * 3 / 8 / 5 + 1);
    draw(order, mix, 10, 1, 0); /* fewer than any list has: nothing comes again */
    for (int i = 0; i < 10; i++)
        assert_true(order[i] < 22);
    asl_dataset_free(mix);
}

static void an_epoch_follows_from_its_arguments(void **state)
{
    asl_dataset *mix = make_mix(), *again = make_mix();
    int64_t order[MOST + 1], other[MOST + 1];

    (void)state;
    draw(order, mix, 100, 1, 2);
    draw(other, again, 100, 1, 2);
    assert_memory_equal(order, other, 100 * sizeof *order);
    draw(other, mix, 100, 2, 2);
    assert_memory_not_equal(order, other, 100 * sizeof *order);
    draw(other, mix, 100, 1, 3);
    assert_memory_not_equal(order, other, 100 * sizeof *order);
    asl_dataset_free(again);
    asl_dataset_free(mix);
}

/* Five lists with a picture each epoch: list c of n pictures is at number `epoch` of its rounds. */
static void late_epochs_are_counted_too(void **state)
{
    asl_dataset *dataset = NULL;
    int64_t order[MOST + 1], lists[LISTS] = {0}, seen[15] = {0};

    (void)state;
    fixture_tree("five", 5, 3, 2);
    dataset = fixture_open("five", ASL_OK);
    for (int64_t epoch = 65535; epoch < 65538; epoch++) { /* 65535 = 3 * 21845 */
        draw(order, dataset, 5, 9, epoch);
        tally(lists, seen, order, 5, dataset);
    }
    for (int i = 0; i < 15; i++)
        assert_int_equal(seen[i], 1);
    draw(order, dataset, 5, 9, INT32_MAX);
    asl_dataset_free(dataset);
}

static void a_source_that_a_view_lacks_has_no_share(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *mix = make_mix(), *train = NULL, *validation = NULL;
    int64_t order[MOST + 1], lists[LISTS] = {0};
    asl_split_options options;
    int32_t kind = 0;

    (void)state;
    asl_split_options_init(&options, sizeof options);
    options.fraction = 0.4;
    assert_ok(asl_dataset_split(&train, &validation, &kind, mix, &options, &err), &err);
    assert_int_equal(kind, ASL_SPLIT_GROUP);
    assert_int_equal(asl_dataset_count(train) + asl_dataset_count(validation), 22);
    assert_int_equal(asl_dataset_source_count(train), 2);
    for (int side = 0; side < 2; side++) {
        asl_dataset *view = side == 0 ? train : validation;

        memset(lists, 0, sizeof lists);
        draw(order, view, 60, 1, 0);
        tally(lists, NULL, order, 60, view);
        if (asl_dataset_count(view) == 12)
            assert_true(lists[0] == 20 && lists[1] == 20 && lists[2] == 20);
        else
            assert_true(lists[3] == 30 && lists[4] == 30);
    }
    asl_dataset_free(validation);
    asl_dataset_free(train);
    asl_dataset_free(mix);
}

static void wrong_arguments_are_rejected(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *mix = make_mix();
    int64_t order[1];

    (void)state;
    assert_status(asl__dataset_draw(order, mix, 0, 1, 0, &err), ASL_ERR_ARG, &err);
    assert_status(asl__dataset_draw(order, mix, (int64_t)1 << 31, 1, 0, &err), ASL_ERR_ARG, &err);
    assert_status(asl__dataset_draw(order, mix, 1, 1, -1, &err), ASL_ERR_ARG, &err);
    assert_status(asl__dataset_draw(order, mix, 1, 1, (int64_t)1 << 31, &err), ASL_ERR_ARG, &err);
    asl_dataset_free(mix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_source_and_class_gets_its_share),
        cmocka_unit_test(sources_lie_mixed_in_every_stretch),
        cmocka_unit_test(epochs_go_on_where_the_last_one_ended),
        cmocka_unit_test(pictures_that_come_again_have_another_turn),
        cmocka_unit_test(an_epoch_follows_from_its_arguments),
        cmocka_unit_test(late_epochs_are_counted_too),
        cmocka_unit_test(a_source_that_a_view_lacks_has_no_share),
        cmocka_unit_test(wrong_arguments_are_rejected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
