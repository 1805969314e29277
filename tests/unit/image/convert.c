/* SPDX-License-Identifier: MIT */
/* Colour conversion against pixels worked out by hand. */
#include "asl/image.h"

#include "pictures.h"

static const int32_t packed[] = {ASL_FORMAT_RGB24, ASL_FORMAT_BGR24, ASL_FORMAT_RGBA32,
                                 ASL_FORMAT_BGRA32, ASL_FORMAT_GRAY8};

static void check(const asl_image_view *view, const asl_rect *region, int32_t format,
                  const uint8_t *expected, size_t size)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = NULL;
    assert_ok(asl_image_convert(&image, view, region, format, &err), &err);
    const asl_image_view out = asl_image_get_view(image);
    assert_int_equal(out.format, format);
    assert_int_equal(out.stride * out.height, size);
    assert_memory_equal(out.pixels, expected, size);
    asl_image_free(image);
}

/* Orange at full and half opacity. Half: (255*128+127)/255 = 128, (100*128+127)/255 = 50, 0.
 * Grey: (19595*255 + 38470*100 + 7471*20 + 32768) >> 16 = 137; of half orange with blue 10:
 * (19595*128 + 38470*50 + 7471*10 + 32768) >> 16 = 69. */
static const uint8_t rgba[] = {255, 100, 20, 255, 255, 100, 20, 128};
static const uint8_t bgra[] = {20, 100, 255, 255, 20, 100, 255, 128};
static const uint8_t rgb[] = {255, 100, 20, 128, 50, 10};
static const uint8_t bgr[] = {20, 100, 255, 10, 50, 128};
static const uint8_t opaque_rgba[] = {255, 100, 20, 255, 128, 50, 10, 255};
static const uint8_t opaque_bgra[] = {20, 100, 255, 255, 10, 50, 128, 255};
static const uint8_t gray[] = {137, 69};

static void packed_formats(void **state)
{
    static const uint8_t *const with_alpha[] = {rgb, bgr, rgba, bgra, gray};
    static const uint8_t *const without[] = {rgb, bgr, opaque_rgba, opaque_bgra, gray};
    static const size_t sizes[] = {6, 6, 8, 8, 2};
    const struct {
        const uint8_t *pixels;
        int32_t format;
        const uint8_t *const *expected;
    } sources[] = {{rgb, ASL_FORMAT_RGB24, without},
                   {bgr, ASL_FORMAT_BGR24, without},
                   {rgba, ASL_FORMAT_RGBA32, with_alpha},
                   {bgra, ASL_FORMAT_BGRA32, with_alpha}};
    (void)state;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        const asl_image_view view = {sources[i].pixels, 2, 1, 8, sources[i].format, 0};
        for (size_t j = 0; j < sizeof packed / sizeof *packed; j++)
            check(&view, NULL, packed[j], sources[i].expected[j], sizes[j]);
    }
}

static void gray_becomes_equal_channels(void **state)
{
    static const uint8_t pixels[] = {0, 77, 255};
    static const uint8_t colour[] = {0, 0, 0, 77, 77, 77, 255, 255, 255};
    static const uint8_t alpha[] = {0, 0, 0, 255, 77, 77, 77, 255, 255, 255, 255, 255};
    const asl_image_view view = {pixels, 3, 1, 3, ASL_FORMAT_GRAY8, 0};
    (void)state;
    check(&view, NULL, ASL_FORMAT_RGB24, colour, sizeof colour);
    check(&view, NULL, ASL_FORMAT_BGR24, colour, sizeof colour);
    check(&view, NULL, ASL_FORMAT_RGBA32, alpha, sizeof alpha);
    check(&view, NULL, ASL_FORMAT_BGRA32, alpha, sizeof alpha);
    check(&view, NULL, ASL_FORMAT_GRAY8, pixels, sizeof pixels);
}

/* BT.601 limited range: the colour bars of ITU-R BT.601 at 100 %, (Y, U, V) to (R, G, B). Their
 * rounded Y, U, V hit the corners to within a level or two; the values here are
 * R = 1.164384 (Y-16) + 1.596027 (V-128), G = ... - 0.391762 (U-128) - 0.812968 (V-128),
 * B = ... + 2.017232 (U-128), rounded and clamped. */
static const struct {
    uint8_t yuv[3], rgb[3];
} bars[] = {
    {{235, 128, 128}, {255, 255, 255}}, {{16, 128, 128}, {0, 0, 0}},
    {{81, 90, 240}, {254, 0, 0}},       {{145, 54, 34}, {0, 255, 1}},
    {{41, 240, 110}, {0, 0, 255}},      {{126, 128, 128}, {128, 128, 128}},
    {{0, 0, 0}, {0, 136, 0}},           {{255, 255, 255}, {255, 125, 255}},
    {{100, 150, 60}, {0, 144, 142}},
};

static void yuv_in_all_layouts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bars / sizeof *bars; i++) {
        const uint8_t y = bars[i].yuv[0], u = bars[i].yuv[1], v = bars[i].yuv[2];
        const uint8_t *c = bars[i].rgb;
        const uint8_t expected[12] = {c[0], c[1], c[2], c[0], c[1], c[2],
                                      c[0], c[1], c[2], c[0], c[1], c[2]};
        const uint8_t yuyv[] = {y, u, y, v, y, u, y, v};
        const uint8_t nv12[] = {y, y, y, y, u, v};
        const uint8_t i420[] = {y, y, y, y, u, v};
        const asl_image_view views[] = {{yuyv, 2, 2, 4, ASL_FORMAT_YUYV, 0},
                                        {nv12, 2, 2, 2, ASL_FORMAT_NV12, 0},
                                        {i420, 2, 2, 2, ASL_FORMAT_I420, 0}};
        for (size_t j = 0; j < sizeof views / sizeof *views; j++)
            check(&views[j], NULL, ASL_FORMAT_RGB24, expected, sizeof expected);
    }
}

/* Every pixel of padded planes must find its own Y and its own pair of chroma samples: the same
 * three bytes in YUYV, checked above, give the colour to expect. */
static void planes_are_found(void **state)
{
    enum { W = 4, H = 4, STRIDE = 6 };
    uint8_t luma[STRIDE * H];
    uint8_t u[2][2] = {{128, 90}, {54, 240}}, v[2][2] = {{128, 240}, {34, 110}};
    uint8_t nv12[STRIDE * H * 3 / 2], i420[STRIDE * H * 3 / 2];
    memset(luma, 0xee, sizeof luma);
    memset(nv12, 0xee, sizeof nv12);
    memset(i420, 0xee, sizeof i420);
    for (int32_t y = 0; y < H; y++)
        for (int32_t x = 0; x < W; x++)
            luma[y * STRIDE + x] = (uint8_t)(16 + 10 * (y * W + x));
    memcpy(nv12, luma, sizeof luma);
    memcpy(i420, luma, sizeof luma);
    for (int32_t y = 0; y < 2; y++)
        for (int32_t x = 0; x < 2; x++) {
            nv12[STRIDE * H + y * STRIDE + 2 * x] = u[y][x];
            nv12[STRIDE * H + y * STRIDE + 2 * x + 1] = v[y][x];
            i420[STRIDE * H + y * STRIDE / 2 + x] = u[y][x];
            i420[STRIDE * H + STRIDE / 2 * 2 + y * STRIDE / 2 + x] = v[y][x];
        }
    const asl_image_view views[] = {{nv12, W, H, STRIDE, ASL_FORMAT_NV12, 0},
                                    {i420, W, H, STRIDE, ASL_FORMAT_I420, 0}};
    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (int32_t y = 0; y < H; y++)
            for (int32_t x = 0; x < W; x++) {
                const uint8_t one[] = {luma[y * STRIDE + x], u[y / 2][x / 2], luma[y * STRIDE + x],
                                       v[y / 2][x / 2]};
                const asl_image_view single = {one, 2, 1, 4, ASL_FORMAT_YUYV, 0};
                const asl_rect first = {0, 0, 1, 1};
                const asl_rect here = {x, y, 1, 1};
                asl_error err = ASL_ERROR_INIT;
                asl_image *expected = NULL;
                assert_ok(asl_image_convert(&expected, &single, &first, ASL_FORMAT_RGB24, &err),
                          &err);
                check(&views[i], &here, ASL_FORMAT_RGB24, asl_image_pixels(expected), 3);
                asl_image_free(expected);
            }
}

static void odd_regions_keep_their_chroma(void **state)
{
    static const uint8_t yuyv[] = {81, 90, 145, 240, 145, 54, 81, 34};
    static const uint8_t expected[] = {255, 74, 74, 0, 255, 1}; /* pixels 1 and 2 */
    const asl_image_view view = {yuyv, 4, 1, 8, ASL_FORMAT_YUYV, 0};
    const asl_rect region = {1, 0, 2, 1};
    (void)state;
    check(&view, &region, ASL_FORMAT_RGB24, expected, sizeof expected);
}

static void regions_and_wide_rows(void **state)
{
    enum { W = 700, H = 3 }; /* wider than the scratch that rows pass through */
    asl_image *picture = make_picture(W, H);
    const asl_image_view view = asl_image_get_view(picture);
    const asl_rect region = {37, 1, 601, 2};
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++) {
        asl_image *there = NULL, *back = NULL;
        assert_ok(asl_image_convert(&there, &view, &region, packed[i], &err), &err);
        const asl_image_view middle = asl_image_get_view(there);
        assert_ok(asl_image_convert(&back, &middle, NULL, ASL_FORMAT_RGB24, &err), &err);
        const uint8_t *out = asl_image_pixels(back);
        for (int32_t y = 0; y < region.height; y++)
            for (int32_t x = 0; x < region.width; x++, out += 3) {
                const uint8_t *in = view.pixels + view.stride * (y + 1) + (x + 37) * 3;
                const int32_t luma = (19595 * in[0] + 38470 * in[1] + 7471 * in[2] + 32768) / 65536;
                for (int32_t c = 0; c < 3; c++)
                    assert_int_equal(out[c], packed[i] == ASL_FORMAT_GRAY8 ? luma : in[c]);
            }
        asl_image_free(there);
        asl_image_free(back);
    }
    asl_image_free(picture);
    assert_no_memory_used();
}

static void bad_arguments(void **state)
{
    const asl_image_view view = {rgb, 2, 1, 6, ASL_FORMAT_RGB24, 0};
    const asl_rect outside = {1, 0, 2, 1};
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = (asl_image *)&err;
    (void)state;
    assert_status(asl_image_convert(NULL, &view, NULL, 0, &err), ASL_ERR_ARG, &err);
    assert_status(asl_image_convert(&image, NULL, NULL, 0, &err), ASL_ERR_ARG, &err);
    assert_null(image);
    assert_status(asl_image_convert(&image, &view, &outside, 0, &err), ASL_ERR_ARG, &err);
    assert_status(asl_image_convert(&image, &view, NULL, ASL_FORMAT_NV12, &err), ASL_ERR_ARG, &err);
    assert_int_equal(asl_image_convert(&image, &view, &outside, 0, NULL), ASL_ERR_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed_formats),
        cmocka_unit_test(gray_becomes_equal_channels),
        cmocka_unit_test(yuv_in_all_layouts),
        cmocka_unit_test(planes_are_found),
        cmocka_unit_test(odd_regions_keep_their_chroma),
        cmocka_unit_test(regions_and_wide_rows),
        cmocka_unit_test(bad_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
