/* SPDX-License-Identifier: MIT */
/* The batch loader. */
#include "dataset/loader.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "dataset/dataset.h"
#include "fixtures.h"

enum {
    SIZE = 4,
    PICTURE = SIZE * SIZE * 3,
    CLASSES = 3,
    PER_CLASS = 13,
    ALL = CLASSES * PER_CLASS
};

static asl__loader *make_loader(const asl_dataset *dataset, int32_t batch_size, int32_t threads)
{
    asl_error err = ASL_ERROR_INIT;
    asl__loader *loader = NULL;
    const asl__loader_options options = {SIZE, SIZE, batch_size, threads, NULL, 0};

    assert_ok(asl__loader_create(&loader, dataset, &options, &err), &err);
    return loader;
}

static void make_order(int64_t *order, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        order[i] = i * 7 % ALL;
}

/* Runs one pass; returns a checksum over every batch. */
static uLong run_pass(asl__loader *loader, const int64_t *order, int64_t count, int32_t batch_size)
{
    asl_error err = ASL_ERROR_INIT;
    asl__batch batch;
    uLong crc = 0;
    int64_t seen = 0;

    assert_ok(asl__loader_start(loader, order, count, 0, &err), &err);
    for (;;) {
        assert_ok(asl__loader_next(&batch, loader, &err), &err);
        if (batch.count == 0)
            break;
        assert_int_equal(batch.count, count - seen < batch_size ? count - seen : batch_size);
        for (int32_t i = 0; i < batch.count; i++) {
            assert_true(batch.positions[i] == order[seen + i]);
            assert_int_equal(batch.status[i], ASL_OK);
        }
        crc = crc32(crc, batch.images, (uInt)batch.count * PICTURE);
        seen += batch.count;
    }
    assert_int_equal(seen, count);
    assert_ok(asl__loader_next(&batch, loader, &err), &err); /* still at the end */
    assert_int_equal(batch.count, 0);
    return crc;
}

static asl_dataset *make_dataset(void)
{
    fixture_tree("tree", CLASSES, PER_CLASS, SIZE);
    return fixture_open("tree", ASL_OK);
}

static asl_dataset *make_pack(const asl_dataset *dataset)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *pack = NULL;
    asl_pack_options options;

    asl_pack_options_init(&options, sizeof options);
    options.width = options.height = SIZE;
    assert_ok(asl_dataset_pack(&pack, dataset, "tree.pack", &options, &err), &err);
    return pack;
}

static void batches_do_not_depend_on_threads(void **state)
{
    int64_t order[100];
    asl_dataset *dataset = make_dataset(), *packed = make_pack(dataset);

    (void)state;
    make_order(order, 100);
    for (int32_t batch_size = 1; batch_size <= 41; batch_size += 8) {
        uLong expected = 0;

        for (int32_t threads = 1; threads <= 4; threads *= 2) {
            asl__loader *loader = make_loader(dataset, batch_size, threads);
            asl__loader *fast = make_loader(packed, batch_size, threads);
            const uLong crc = run_pass(loader, order, 100, batch_size);

            if (threads == 1)
                expected = crc;
            assert_true(crc == expected);
            assert_true(run_pass(fast, order, 100, batch_size) == expected);
            assert_true(run_pass(loader, order, 100, batch_size) == expected);
            asl__loader_free(loader);
            asl__loader_free(fast);
        }
    }
    asl_dataset_free(packed);
    asl_dataset_free(dataset);
}

static void a_loader_outlives_its_data_set(void **state)
{
    int64_t order[ALL];
    asl_dataset *dataset = make_dataset();
    asl__loader *loader = make_loader(dataset, 8, 2);

    (void)state;
    make_order(order, ALL);
    asl_dataset_free(dataset);
    run_pass(loader, order, ALL, 8);
    asl__loader_free(loader);
}

static void passes_can_be_abandoned(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    int64_t order[100];
    asl_dataset *dataset = make_dataset();
    asl__loader *loader = make_loader(dataset, 3, 4);
    asl__batch batch;
    uLong expected = 0;

    (void)state;
    make_order(order, 100);
    assert_ok(asl__loader_next(&batch, loader, &err), &err); /* before any pass */
    assert_int_equal(batch.count, 0);
    expected = run_pass(loader, order, 100, 3);
    for (int taken = 0; taken < 30; taken++) {
        assert_ok(asl__loader_start(loader, order + taken, 100 - taken, 0, &err), &err);
        for (int i = 0; i < taken; i++)
            assert_ok(asl__loader_next(&batch, loader, &err), &err);
        if (taken % 5 == 0)
            assert_true(run_pass(loader, order, 100, 3) == expected);
    }
    run_pass(loader, order, 0, 3);
    asl__loader_free(loader);

    loader = make_loader(dataset, 3, 4); /* freed in the middle */
    assert_ok(asl__loader_start(loader, order, 100, 0, &err), &err);
    assert_ok(asl__loader_next(&batch, loader, &err), &err);
    asl__loader_free(loader);
    asl__loader_free(NULL);
    asl_dataset_free(dataset);
}

static void wrong_positions_and_options_are_rejected(void **state)
{
    static const asl__loader_options bad[] = {{0, 4, 1, 1, NULL, 0},
                                              {4, 0, 1, 1, NULL, 0},
                                              {4, 4, 0, 1, NULL, 0},
                                              {4, 4, 1, 0, NULL, 0},
                                              {4, 4, 1, 257, NULL, 0}};
    asl_error err = ASL_ERROR_INIT;
    int64_t order[3] = {0, ALL, 1};
    asl_dataset *dataset = make_dataset();
    asl__loader *loader = make_loader(dataset, 2, 1);
    asl__batch batch;

    (void)state;
    assert_status(asl__loader_start(loader, order, 3, 0, &err), ASL_ERR_ARG, &err);
    assert_int_equal(err.offset, 1);
    order[1] = -1;
    assert_status(asl__loader_start(loader, order, 3, 0, &err), ASL_ERR_ARG, &err);
    assert_ok(asl__loader_next(&batch, loader, &err), &err);
    assert_int_equal(batch.count, 0);
    asl__loader_free(loader);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_status(asl__loader_create(&loader, dataset, &bad[i], &err), ASL_ERR_ARG, &err);
        assert_null(loader);
    }
    asl_dataset_free(dataset);
}

static void a_bad_picture_is_black_and_says_why(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    int64_t order[4] = {3, 2, 1, 0};
    uint8_t black[PICTURE] = {0};
    asl_dataset *dataset = make_dataset();
    asl__loader *loader = make_loader(dataset, 4, 2);
    asl__batch batch;

    (void)state;
    fixture_write_text("tree/A/A3.png", "\x89PNG\r\n\x1a\n");
    assert_int_equal(remove("tree/A/A1.png"), 0);
    for (int pass = 0; pass < 2; pass++) {
        assert_ok(asl__loader_start(loader, order, 4, 0, &err), &err);
        assert_ok(asl__loader_next(&batch, loader, &err), &err);
        assert_int_equal(batch.status[0], ASL_OK);
        assert_true(batch.status[1] < 0);
        assert_int_equal(batch.status[2], ASL_OK);
        assert_int_equal(batch.status[3], ASL_ERR_NOT_FOUND);
        assert_int_equal(batch.errors[3].code, ASL_ERR_NOT_FOUND);
        assert_non_null(strstr(batch.errors[3].message, "A/A1.png"));
        assert_memory_equal(batch.images + PICTURE, black, PICTURE);
        assert_memory_equal(batch.images + 3 * PICTURE, black, PICTURE);
    }
    asl__loader_free(loader);
    asl_dataset_free(dataset);
}

static void a_pass_over_a_pack_allocates_nothing(void **state)
{
    int64_t order[ALL], before = 0;
    asl_dataset *dataset = NULL, *packed = NULL;
    asl__loader *loader = NULL;

    (void)state;
    make_order(order, ALL);
    test_allocator_install(0, false);
    dataset = make_dataset();
    packed = make_pack(dataset);
    loader = make_loader(packed, 8, 2);
    before = test_allocator_count();
    for (int i = 0; i < 3; i++)
        run_pass(loader, order, ALL, 8);
    assert_int_equal(test_allocator_count(), before);
    asl__loader_free(loader);
    asl_dataset_free(packed);
    asl_dataset_free(dataset);
    test_allocator_remove();
}

static void signals_go_to_the_threads_of_the_host(void **state)
{
    asl_dataset *dataset = make_dataset();
    asl__loader *loader = NULL;
    sigset_t usr, pending;
    int signal = 0;

    (void)state;
    loader = make_loader(dataset, 8, 4);
    sigemptyset(&usr);
    sigaddset(&usr, SIGUSR1);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &usr, NULL), 0);
    assert_int_equal(kill(getpid(), SIGUSR1), 0); /* would end the process in a loader's thread */
    assert_int_equal(sigpending(&pending), 0);
    assert_int_equal(sigismember(&pending, SIGUSR1), 1);
    assert_int_equal(sigwait(&usr, &signal), 0);
    assert_int_equal(pthread_sigmask(SIG_UNBLOCK, &usr, NULL), 0);
    asl__loader_free(loader);
    asl_dataset_free(dataset);
}

static void a_forked_child_can_only_let_go(void **state)
{
    asl_dataset *dataset = make_dataset();
    asl__loader *loader = make_loader(dataset, 8, 2);
    const int64_t order = 0;
    asl_error err = ASL_ERROR_INIT;
    int result = -1;
    pid_t child = fork();

    (void)state;
    assert_true(child >= 0);
    if (child == 0) {
        alarm(10);
        asl__batch batch;
        result = asl__loader_start(loader, &order, 1, 0, &err) == ASL_ERR_STATE &&
                         asl__loader_next(&batch, loader, &err) == ASL_ERR_STATE
                     ? 0
                     : 1;
        asl__loader_free(loader);
        _exit(result);
    }
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    asl__loader_free(loader);
    asl_dataset_free(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_do_not_depend_on_threads),
        cmocka_unit_test(a_loader_outlives_its_data_set),
        cmocka_unit_test(passes_can_be_abandoned),
        cmocka_unit_test(wrong_positions_and_options_are_rejected),
        cmocka_unit_test(a_bad_picture_is_black_and_says_why),
        cmocka_unit_test(a_pass_over_a_pack_allocates_nothing),
        cmocka_unit_test(signals_go_to_the_threads_of_the_host),
        cmocka_unit_test(a_forked_child_can_only_let_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
