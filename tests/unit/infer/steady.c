/* SPDX-License-Identifier: MIT */
/* What an inferer costs once it runs: no allocation from one picture to the next, and no processor
 * time between them. */
#include "support/support.h"

#include <time.h>

#include "unit/train/blobs.h"

#define CLASSES BLOBS_CLASSES

static uint8_t pixels[3 * 640 * 480];

static asl_inferer *create(int32_t batch_size, int32_t threads, int32_t mirror)
{
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = NULL;
    asl_inferer_options options;
    asl_model *model = blobs_model();
    asl_inferer_options_init(&options, sizeof options);
    options.batch_size = batch_size;
    options.threads = threads;
    options.mirror = mirror;
    assert_ok(asl_inferer_create(&inferer, model, &options, &err), &err);
    asl_model_free(model);
    return inferer;
}

static asl_image_view view_of(int32_t width, int32_t height)
{
    return (asl_image_view){
        .pixels = pixels, .width = width, .height = height, .stride = (int64_t)width * 3};
}

/* A camera's pictures with a box that moves and changes its size, by every way of scaling. */
static void classify_all(asl_inferer *inferer, int32_t width, int32_t height)
{
    asl_error err = ASL_ERROR_INIT;
    float scores[2 * CLASSES];
    const asl_image_view views[] = {view_of(width, height), view_of(width, height)};
    for (int32_t format = ASL_FORMAT_RGB24; format <= ASL_FORMAT_BGR24; format++) {
        for (int32_t side = 2; side < height; side += side / 2) {
            const asl_rect region = {height - side, height - side, side, side};
            asl_image_view view = views[0];
            view.format = format;
            assert_ok(asl_inferer_classify(scores, CLASSES, inferer, &view, &region, &err), &err);
            assert_ok(asl_inferer_logits(scores, CLASSES, inferer, &view, NULL, &err), &err);
        }
    }
    assert_ok(
        asl_inferer_classify_batch(scores, sizeof scores / sizeof *scores, inferer, views, 2, &err),
        &err);
}

static void test_no_allocation_per_picture(void **state)
{
    (void)state;
    for (int32_t threads = 1; threads <= 2; threads++) {
        test_allocator_install(0, false);
        asl_inferer *inferer = create(2, threads, threads == 1 ? ASL_MIRROR_OFF : ASL_MIRROR_BOTH);
        classify_all(inferer, 320, 240);
        const int64_t count = test_allocator_count();
        classify_all(inferer, 320, 240);
        classify_all(inferer, 64, 48);
        assert_int_equal(test_allocator_count(), count);
        classify_all(inferer, 640, 480); /* a wider one than ever before */
        assert_int_equal(test_allocator_count(), count + 1);
        classify_all(inferer, 320, 240);
        classify_all(inferer, 640, 480);
        assert_int_equal(test_allocator_count(), count + 1);
        asl_inferer_free(inferer);
        test_allocator_remove();
    }
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void test_no_processor_time_while_idle(void **state)
{
    const struct timespec nap = {0, 200 * 1000 * 1000};
    asl_inferer *inferer = create(1, 4, ASL_MIRROR_OFF);
    (void)state;
    classify_all(inferer, 64, 48);
    const double before = cpu_seconds();
    nanosleep(&nap, NULL);
    assert_true(cpu_seconds() - before < 0.005); /* three that spin would use 0.2 and more */
    asl_inferer_free(inferer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_allocation_per_picture),
        cmocka_unit_test(test_no_processor_time_while_idle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
