/* SPDX-License-Identifier: MIT */
/* The batch loader with augmentation, and at other sizes. */
#include <zlib.h>

#include "dataset/dataset.h"
#include "dataset/loader.h"
#include "fixtures.h"

enum { SIZE = 16, PICTURE = SIZE * SIZE * 3, CLASSES = 3, PER_CLASS = 5, ALL = 15, BATCH = 4 };

static asl_augmentation *make_augmentation(const char *text)
{
    asl_error err = ASL_ERROR_INIT;
    asl_augmentation *augmentation = NULL;

    assert_ok(asl_augmentation_create(&augmentation, text, &err), &err);
    return augmentation;
}

static asl__loader *make_loader(const asl_dataset *dataset, const asl_augmentation *augmentation,
                                int32_t side, int32_t threads, uint64_t seed)
{
    asl_error err = ASL_ERROR_INIT;
    asl__loader *loader = NULL;
    const asl__loader_options options = {side, side, BATCH, threads, augmentation, seed};

    assert_ok(asl__loader_create(&loader, dataset, &options, &err), &err);
    return loader;
}

/* Copies the pictures of a pass, and adds up how many are negative. */
static int64_t run_pass(uint8_t *pixels, asl__loader *loader, size_t picture, const int64_t *order,
                        int64_t count, int64_t epoch)
{
    asl_error err = ASL_ERROR_INIT;
    int64_t negative = 0, done = 0;
    asl__batch batch;

    assert_ok(asl__loader_start(loader, order, count, epoch, &err), &err);
    for (;;) {
        assert_ok(asl__loader_next(&batch, loader, &err), &err);
        if (batch.count == 0)
            break;
        for (int32_t i = 0; i < batch.count; i++) {
            assert_int_equal(batch.status[i], ASL_OK);
            assert_true(batch.positions[i] == asl__order_index(order[done + i]));
            assert_in_range(batch.negative[i], 0, 1);
            negative += batch.negative[i];
        }
        memcpy(pixels + (size_t)done * picture, batch.images, (size_t)batch.count * picture);
        done += batch.count;
    }
    assert_true(done == count);
    return negative;
}

static void make_order(int64_t *order)
{
    for (int64_t i = 0; i < ALL; i++)
        order[i] = i * 7 % ALL;
}

static asl_dataset *make_dataset(void)
{
    fixture_tree("tree", CLASSES, PER_CLASS, SIZE);
    return fixture_open("tree", ASL_OK);
}

static asl_dataset *make_pack(const asl_dataset *dataset, int32_t side)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *pack = NULL;
    asl_pack_options options;

    asl_pack_options_init(&options, sizeof options);
    options.width = options.height = side;
    assert_ok(asl_dataset_pack(&pack, dataset, "tree.pack", &options, &err), &err);
    return pack;
}

static void pictures_are_varied_as_their_numbers_say(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = make_dataset(), *packed = make_pack(dataset, SIZE);
    asl_augmentation *strong = make_augmentation("strong");
    int64_t order[ALL];
    static uint8_t expected[PICTURE], pixels[ALL * PICTURE];

    (void)state;
    make_order(order);
    order[3] |= (int64_t)2 << ASL__TURN_SHIFT;
    for (int32_t threads = 1; threads <= 4; threads *= 2) {
        for (int kind = 0; kind < 2; kind++) {
            const asl_dataset *from = kind == 0 ? dataset : packed;
            asl__loader *loader = make_loader(from, strong, SIZE, threads, 77);

            run_pass(pixels, loader, PICTURE, order, ALL, 5);
            asl__loader_free(loader);
            for (int i = 0; i < ALL; i++) {
                asl_image *image = NULL;
                asl_image_view view;
                int32_t negative = 0;

                assert_ok(asl_dataset_load_image(&image, from, asl__order_index(order[i]), &err),
                          &err);
                view = asl_image_get_view(image);
                assert_ok(asl_augmentation_apply(expected, &negative, strong, &view, SIZE, SIZE, 77,
                                                 5, order[i], &err),
                          &err);
                assert_memory_equal(pixels + i * PICTURE, expected, PICTURE);
                asl_image_free(image);
            }
        }
    }
    asl_augmentation_free(strong);
    asl_dataset_free(packed);
    asl_dataset_free(dataset);
}

static uLong checksum(const uint8_t *pixels)
{
    return crc32(0, pixels, ALL * PICTURE);
}

static void seed_epoch_and_turn_all_matter(void **state)
{
    asl_dataset *dataset = make_dataset();
    asl_augmentation *strong = make_augmentation("strong");
    asl__loader *loader = make_loader(dataset, strong, SIZE, 2, 1);
    asl__loader *other = make_loader(dataset, strong, SIZE, 2, 2);
    int64_t order[ALL];
    static uint8_t first[ALL * PICTURE], pixels[ALL * PICTURE];

    (void)state;
    make_order(order);
    run_pass(first, loader, PICTURE, order, ALL, 0);
    run_pass(pixels, loader, PICTURE, order, ALL, 0);
    assert_true(checksum(pixels) == checksum(first));
    run_pass(pixels, loader, PICTURE, order, ALL, 1);
    assert_true(checksum(pixels) != checksum(first));
    run_pass(pixels, other, PICTURE, order, ALL, 0);
    assert_true(checksum(pixels) != checksum(first));
    run_pass(pixels, loader, PICTURE, order + 6, ALL - 6, 0); /* taken up in the middle */
    assert_memory_equal(pixels, first + 6 * PICTURE, (ALL - 6) * PICTURE);
    order[2] |= (int64_t)1 << ASL__TURN_SHIFT;
    run_pass(pixels, loader, PICTURE, order, ALL, 0);
    assert_memory_equal(pixels, first, 2 * PICTURE);
    assert_memory_not_equal(pixels + 2 * PICTURE, first + 2 * PICTURE, PICTURE);
    assert_memory_equal(pixels + 3 * PICTURE, first + 3 * PICTURE, (ALL - 3) * PICTURE);
    asl__loader_free(other);
    asl__loader_free(loader);
    asl_augmentation_free(strong);
    asl_dataset_free(dataset);
}

static void negatives_are_marked(void **state)
{
    asl_dataset *dataset = make_dataset();
    asl_augmentation *always = make_augmentation("{\"negative\": 1}");
    asl_augmentation *never = make_augmentation("{\"base\": \"strong\", \"negative\": 0}");
    asl__loader *loaders[] = {
        make_loader(dataset, always, SIZE, 2, 1),
        make_loader(dataset, never, SIZE, 2, 1),
        make_loader(dataset, NULL, SIZE, 2, 1),
    };
    int64_t order[ALL];
    static uint8_t pixels[ALL * PICTURE];

    (void)state;
    make_order(order);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(run_pass(pixels, loaders[i], PICTURE, order, ALL, 0), i == 0 ? ALL : 0);
        asl__loader_free(loaders[i]);
    }
    asl_augmentation_free(never);
    asl_augmentation_free(always);
    asl_dataset_free(dataset);
}

static void a_loader_changes_its_size_between_passes(void **state)
{
    static const int32_t sides[] = {8, SIZE, 24, 5, 24};
    asl_dataset *dataset = make_dataset();
    asl_augmentation *light = make_augmentation("light");
    int64_t order[ALL];

    (void)state;
    make_order(order);
    for (int kind = 0; kind < 2; kind++) {
        const asl_augmentation *augmentation = kind == 0 ? NULL : light;
        asl__loader *loader = make_loader(dataset, augmentation, SIZE, 2, 3);

        for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
            const size_t picture = (size_t)(sides[i] * sides[i] * 3);
            asl__loader *fresh = make_loader(dataset, augmentation, sides[i], 1, 3);
            uint8_t *pixels = test_malloc(2 * ALL * picture);
            asl_error err = ASL_ERROR_INIT;
            asl__batch batch;

            /* Also out of a pass. */
            assert_ok(asl__loader_start(loader, order, ALL, 0, &err), &err);
            assert_ok(asl__loader_next(&batch, loader, &err), &err);
            assert_ok(asl__loader_resize(loader, sides[i], sides[i], &err), &err);
            assert_ok(asl__loader_next(&batch, loader, &err), &err);
            assert_int_equal(batch.count, 0);
            run_pass(pixels, loader, picture, order, ALL, 0);
            run_pass(pixels + ALL * picture, fresh, picture, order, ALL, 0);
            assert_memory_equal(pixels, pixels + ALL * picture, ALL * picture);
            test_free(pixels);
            asl__loader_free(fresh);
        }
        asl__loader_free(loader);
    }
    asl_augmentation_free(light);
    asl_dataset_free(dataset);
}

static void a_size_that_cannot_be_had_changes_nothing(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    int64_t order[ALL], before = 0;
    static uint8_t first[ALL * PICTURE], pixels[ALL * PICTURE];

    (void)state;
    make_order(order);
    for (int64_t n = 0; n <= 4; n++) {
        asl_dataset *dataset = NULL;
        asl__loader *loader = NULL;

        test_allocator_install(n == 0 ? 0 : before + n, false);
        dataset = make_dataset();
        loader = make_loader(dataset, NULL, SIZE, 2, 0);
        if (n == 0) {
            before = test_allocator_count();
            run_pass(first, loader, PICTURE, order, ALL, 0);
        } else {
            assert_status(asl__loader_resize(loader, 32, 32, &err), ASL_ERR_NOMEM, &err);
        }
        assert_status(asl__loader_resize(loader, 0, 5, &err), ASL_ERR_ARG, &err);
        assert_status(asl__loader_resize(loader, 5, -1, &err), ASL_ERR_ARG, &err);
        assert_status(asl__loader_resize(loader, INT32_MAX, INT32_MAX, &err), ASL_ERR_NOMEM, &err);
        run_pass(pixels, loader, PICTURE, order, ALL, 0);
        assert_memory_equal(pixels, first, sizeof first);
        asl__loader_free(loader);
        asl_dataset_free(dataset);
        test_allocator_remove();
    }
}

static void a_thread_keeps_its_memory_from_picture_to_picture(void **state)
{
    asl_dataset *dataset = make_dataset(), *packed = make_pack(dataset, SIZE);
    asl_augmentation *strong = NULL;
    asl__loader *loader = NULL;
    int64_t order[ALL], first = 0, before = 0;
    static uint8_t pixels[ALL * PICTURE];

    (void)state;
    make_order(order);
    asl_dataset_free(packed);
    asl_dataset_free(dataset);
    test_allocator_install(0, false);
    packed = fixture_open("tree.pack", ASL_OK);
    strong = make_augmentation("strong");
    loader = make_loader(packed, strong, SIZE, 1, 7);
    before = test_allocator_count();
    run_pass(pixels, loader, PICTURE, order, ALL, 0);
    first = test_allocator_count();
    assert_in_range(first - before, 1, ALL);
    run_pass(pixels, loader, PICTURE, order, ALL, 0);
    assert_true(test_allocator_count() == first);
    asl__loader_free(loader);
    asl_augmentation_free(strong);
    asl_dataset_free(packed);
    test_allocator_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_are_varied_as_their_numbers_say),
        cmocka_unit_test(seed_epoch_and_turn_all_matter),
        cmocka_unit_test(negatives_are_marked),
        cmocka_unit_test(a_loader_changes_its_size_between_passes),
        cmocka_unit_test(a_size_that_cannot_be_had_changes_nothing),
        cmocka_unit_test(a_thread_keeps_its_memory_from_picture_to_picture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
