/* SPDX-License-Identifier: MIT */
/* The screen: where things are, what the pixels say, and that nothing runs over. */
#include <math.h>
#include <stdlib.h>

#include "support/support.h"

#include "live/view_ink.h"

enum { PICTURE_W = 640, PICTURE_H = 480 };

static const int sizes[][2] = {{640, 480}, {1920, 1080}, {480, 360}, {320, 240},
                               {800, 600}, {1280, 720},  {420, 900}, {3840, 1000}};

/* Blue on the left, green on the right. */
static uint8_t halves[PICTURE_W * PICTURE_H * 3];
static asl_image_view picture;

static int set_up(void **state)
{
    (void)state;
    for (int y = 0; y < PICTURE_H; y++)
        for (int x = 0; x < PICTURE_W; x++)
            halves[(y * PICTURE_W + x) * 3 + (x < PICTURE_W / 2 ? 2 : 1)] = 180;
    picture = (asl_image_view){.pixels = halves,
                               .width = PICTURE_W,
                               .height = PICTURE_H,
                               .stride = PICTURE_W * 3,
                               .format = ASL_FORMAT_RGB24};
    return 0;
}

static live_view sample(void)
{
    return (live_view){.picture = &picture,
                       .box = {40, 60, 224, 224},
                       .letter = "L",
                       .progress = 0.5,
                       .top = {{"L", 0.9}, {"D", 0.06}, {"space", 0.03}},
                       .top_count = 3,
                       .text = "HELLO",
                       .cursor = true,
                       .has_suggestions = true,
                       .suggestions = {"HELLO", "HELP", "HELD"},
                       .suggestion_count = 3,
                       .fps = 30,
                       .latency_ms = 12,
                       .backend = "cpu avx2",
                       .source = "Camera",
                       .output = "typing is off"};
}

static cairo_surface_t *draw(const live_view *view, int width, int height)
{
    cairo_surface_t *surface = live_view_surface(width, height);
    assert_non_null(surface);
    assert_true(live_view_draw(surface, view));
    cairo_surface_flush(surface);
    return surface;
}

static uint32_t pixel(cairo_surface_t *surface, double x, double y)
{
    const unsigned char *row = cairo_image_surface_get_data(surface) +
                               (size_t)y * (size_t)cairo_image_surface_get_stride(surface);
    uint32_t word;
    memcpy(&word, row + (size_t)x * 4, 4);
    return word;
}

static bool near(uint32_t a, uint32_t b, int tolerance)
{
    for (int shift = 0; shift < 24; shift += 8)
        if (abs((int)(a >> shift & 255) - (int)(b >> shift & 255)) > tolerance)
            return false;
    return true;
}

static bool same(cairo_surface_t *a, cairo_surface_t *b)
{
    const size_t size =
        (size_t)cairo_image_surface_get_stride(a) * (size_t)cairo_image_surface_get_height(a);
    return memcmp(cairo_image_surface_get_data(a), cairo_image_surface_get_data(b), size) == 0;
}

/* ---- Picture and box ---- */

static uint32_t at_picture(cairo_surface_t *s, const ink_layout *l, double x, double y)
{
    return pixel(s, l->picture.x + x * l->picture.width / PICTURE_W,
                 l->picture.y + y * l->picture.height / PICTURE_H);
}

/* Lines are moved to whole pixels of the screen: look two of them around. */
static bool is_box(cairo_surface_t *s, const ink_layout *l, double x, double y)
{
    for (int i = -2; i <= 2; i++)
        if (near(at_picture(s, l, x + i * PICTURE_W / l->picture.width, y), INK_BOX, 8) ||
            near(at_picture(s, l, x, y + i * PICTURE_H / l->picture.height), INK_BOX, 8))
            return true;
    return false;
}

static void the_picture_and_its_box_flip_together(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        live_view view = sample();
        for (int mirrored = 0; mirrored < 2; mirrored++) {
            view.mirrored = mirrored;
            cairo_surface_t *s = draw(&view, sizes[i][0], sizes[i][1]);
            const ink_layout l = ink_arrange(sizes[i][0], sizes[i][1], &picture, true);
            const uint32_t blue = 0x0000B4, green = 0x00B400;
            assert_true(near(at_picture(s, &l, 300, 440), mirrored ? green : blue, 2));
            assert_true(near(at_picture(s, &l, 340, 440), mirrored ? blue : green, 2));
            /* The middle of each side of the box. */
            const double left = mirrored ? PICTURE_W - 40 - 224 : 40;
            assert_true(is_box(s, &l, left, 172));
            assert_true(is_box(s, &l, left + 224, 172));
            assert_true(is_box(s, &l, left + 112, 60));
            assert_true(is_box(s, &l, left + 112, 284));
            assert_false(is_box(s, &l, left + 112, 172));
            cairo_surface_destroy(s);
        }
    }
}

static void every_format_is_drawn_alike(void **state)
{
    (void)state;
    const int32_t formats[] = {ASL_FORMAT_BGR24, ASL_FORMAT_RGBA32, ASL_FORMAT_BGRA32};
    live_view view = sample();
    cairo_surface_t *expected = draw(&view, 640, 480);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        asl_error err = ASL_ERROR_INIT;
        asl_image *image = NULL;
        assert_ok(asl_image_convert(&image, &picture, NULL, formats[i], &err), &err);
        const asl_image_view other = asl_image_get_view(image);
        view.picture = &other;
        cairo_surface_t *s = draw(&view, 640, 480);
        assert_true(same(s, expected));
        cairo_surface_destroy(s);
        asl_image_free(image);
    }
    cairo_surface_destroy(expected);
}

static void a_place_on_the_screen_is_found_in_the_picture(void **state)
{
    (void)state;
    live_view view = sample();
    const ink_layout l = ink_arrange(1280, 720, &picture, true);
    double x, y;
    for (int mirrored = 0; mirrored < 2; mirrored++) {
        view.mirrored = mirrored;
        assert_true(live_view_locate(&view, 1280, 720, l.picture.x + l.picture.width / 4,
                                     l.picture.y + l.picture.height / 2, &x, &y));
        assert_true(fabs(x - (mirrored ? 480 : 160)) < 1e-9);
        assert_true(fabs(y - 240) < 1e-9);
    }
    view.picture = NULL;
    assert_false(live_view_locate(&view, 1280, 720, 10, 10, &x, &y));
}

/* ---- Ring ---- */

static int count_near(cairo_surface_t *s, const ink_area *area, uint32_t color)
{
    int count = 0;
    for (double y = area->y; y < area->y + area->height; y++)
        for (double x = area->x; x < area->x + area->width; x++)
            count += near(pixel(s, x, y), color, 8);
    return count;
}

static void the_ring_fills(void **state)
{
    (void)state;
    live_view view = sample();
    view.top_count = 0; /* their bars have the same colour */
    const ink_layout l = ink_arrange(640, 480, &picture, true);
    int before = -1, full = 0;
    for (int step = 0; step <= 8; step++) {
        view.progress = step / 8.0;
        cairo_surface_t *s = draw(&view, 640, 480);
        const int count = count_near(s, &l.column, INK_ACCENT);
        assert_true(count > before);
        assert_true(step > 0 || count == 0);
        before = full = count;
        cairo_surface_destroy(s);
    }
    view.progress = 0.5;
    cairo_surface_t *s = draw(&view, 640, 480);
    const int half = count_near(s, &l.column, INK_ACCENT);
    assert_true(abs(2 * half - full) < full / 5);
    cairo_surface_destroy(s);
    /* Typed: another colour, and for those who do not see it, a tick and another word. */
    view.committed = true;
    s = draw(&view, 640, 480);
    assert_int_equal(count_near(s, &l.column, INK_ACCENT), 0);
    assert_true(count_near(s, &l.column, INK_DONE) > full);
    cairo_surface_destroy(s);
}

/* ---- Nothing runs over ---- */

static bool inside(const ink_area *a, double x, double y)
{
    return x >= a->x && x < a->x + a->width && y >= a->y && y < a->y + a->height;
}

static bool apart(const ink_area *a, const ink_area *b)
{
    return a->x + a->width <= b->x || b->x + b->width <= a->x || a->y + a->height <= b->y ||
           b->y + b->height <= a->y;
}

static live_view crowded(void)
{
    static const char much[] =
        "ANTICONSTITUTIONNELLEMENT \xC3\x89\xC3\x80\xC3\x87 WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW "
        "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm";
    live_view view = sample();
    view.letter = view.text = view.backend = view.source = view.output = view.message = much;
    for (int i = 0; i < 3; i++)
        view.suggestions[i] = view.top[i].label = much;
    view.fps = 123456789;
    view.latency_ms = 1e9;
    view.recording = true;
    view.recording_s = 1e9;
    return view;
}

static void parts_do_not_touch(void **state)
{
    (void)state;
    for (int width = 320; width <= 2600; width += 120) {
        for (int height = 240; height <= 1500; height += 90) {
            const ink_layout l = ink_arrange(width, height, &picture, true);
            const ink_area *const parts[] = {&l.frame, &l.column, &l.text, &l.chips, &l.status};
            for (int i = 0; i < 5; i++) {
                assert_true(parts[i]->x >= 0 && parts[i]->y >= 0);
                assert_true(parts[i]->x + parts[i]->width <= width);
                assert_true(parts[i]->y + parts[i]->height <= height + 1);
                assert_true(parts[i]->width > 0 && parts[i]->height > 0);
                for (int k = 0; k < i; k++)
                    assert_true(apart(parts[i], parts[k]));
            }
            assert_true(l.picture.width <= l.frame.width && l.picture.height <= l.frame.height);
        }
    }
}

static void long_texts_stay_in_their_parts(void **state)
{
    (void)state;
    const live_view view = crowded();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const int width = sizes[i][0], height = sizes[i][1];
        const ink_layout l = ink_arrange(width, height, &picture, true);
        cairo_surface_t *s = draw(&view, width, height);
        const ink_area *const parts[] = {&l.frame, &l.column, &l.text, &l.chips, &l.status};
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                bool in = false;
                for (int k = 0; k < 5; k++)
                    in = in || inside(parts[k], x, y);
                if (!in && !near(pixel(s, x, y), INK_GROUND, 0))
                    fail_msg("%dx%d: something is drawn at %d, %d", width, height, x, y);
            }
        }
        cairo_surface_destroy(s);
    }
}

/* Rows of the column that hold anything, as runs: ring, caption, and for each score its text and
 * its bar. */
static void lines_of_the_column_are_apart(void **state)
{
    (void)state;
    const live_view view = sample();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const ink_layout l = ink_arrange(sizes[i][0], sizes[i][1], &picture, true);
        cairo_surface_t *s = draw(&view, sizes[i][0], sizes[i][1]);
        int runs = 0;
        bool before = false;
        const double inset = 14 * l.unit;
        for (double y = l.column.y + 4; y < l.column.y + l.column.height - 4; y++) {
            bool any = false;
            for (double x = l.column.x + inset; x < l.column.x + l.column.width - inset; x++)
                any = any || !near(pixel(s, x, y), INK_PANEL, 0);
            runs += any && !before;
            before = any;
        }
        /* "space" and "%" may touch their bar in the smallest sizes. */
        if (runs < (sizes[i][1] < 480 || sizes[i][0] < 640 ? 5 : 8))
            fail_msg("%dx%d: only %d lines in the column", sizes[i][0], sizes[i][1], runs);
        cairo_surface_destroy(s);
    }
}

/* ---- Legible ---- */

static double luminance(uint32_t color)
{
    double sum = 0;
    const double weights[3] = {0.0722, 0.7152, 0.2126};
    for (int i = 0; i < 3; i++) {
        const double c = (color >> 8 * i & 255) / 255.0;
        sum += weights[i] * (c <= 0.03928 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4));
    }
    return sum;
}

static void texts_have_contrast(void **state)
{
    (void)state;
    const uint32_t pairs[][2] = {
        {INK_TEXT, INK_GROUND},   {INK_TEXT, INK_PANEL},      {INK_TEXT, INK_RAISED},
        {INK_SOFT, INK_GROUND},   {INK_SOFT, INK_PANEL},      {INK_DONE, INK_PANEL},
        {INK_ACCENT, INK_PANEL},  {INK_ON_LIGHT, INK_ACCENT}, {INK_ON_LIGHT, INK_ALARM},
        {INK_ON_LIGHT, INK_TEXT}, {INK_ON_LIGHT, INK_DONE}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const double a = luminance(pairs[i][0]), b = luminance(pairs[i][1]);
        const double ratio = (fmax(a, b) + 0.05) / (fmin(a, b) + 0.05);
        if (ratio < 7)
            fail_msg("%06X on %06X: %.2f:1", pairs[i][0], pairs[i][1], ratio);
    }
}

static void texts_are_cleaned(void **state)
{
    (void)state;
    char out[16];
    ink_clean(out, sizeof out,
              "A\nB\x7F\xC2\x85"
              "C",
              false);
    assert_string_equal(out, "A B  C");
    ink_clean(out, sizeof out, "\xFF\xC3\xED\xA0\x80", false);
    assert_int_equal(strlen(out), 15);
    assert_memory_equal(out, "\xEF\xBF\xBD\xEF\xBF\xBD", 6);
    ink_clean(out, sizeof out, "0123456789ABCDEFGHIJ", false);
    assert_string_equal(out, "0123456789ABCDE");
    ink_clean(out, sizeof out, "0123456789ABCDEFGHIJ", true);
    assert_string_equal(out, "FGHIJ");
    ink_clean(out, sizeof out, "0123456789ABCE\xCC\x81XYZ", true);
    assert_string_equal(out, "XYZ");
    ink_clean(out, sizeof out, "", true);
    assert_string_equal(out, "");
}

static void odd_texts_do_no_harm(void **state)
{
    (void)state;
    live_view view = sample();
    view.text = view.message = view.letter = view.output = "\xFF\xFE\xC3\xED\xA0\x80 \t\n \xF0\x9F";
    view.progress = 7;
    view.top[0] = (live_view_score){"", -3};
    view.top[1] = (live_view_score){NULL, 12};
    view.top_count = 99;
    view.suggestion_count = 99;
    view.suggestions[1] = NULL;
    cairo_surface_destroy(draw(&view, 640, 480));
    view.progress = -1;
    view.letter = view.text = view.message = "";
    cairo_surface_destroy(draw(&view, 33, 21));
    const live_view empty = {0};
    cairo_surface_destroy(draw(&empty, 640, 480));
    assert_null(live_view_surface(40000, 40000));
}

/* ---- Drawing ---- */

static void drawing_depends_on_the_view_alone(void **state)
{
    (void)state;
    live_view view = sample();
    cairo_surface_t *first = draw(&view, 640, 480), *second = draw(&view, 640, 480);
    view.help = view.paused = true;
    assert_true(live_view_draw(second, &view));
    assert_false(same(first, second));
    view = sample();
    assert_true(live_view_draw(second, &view));
    cairo_surface_flush(second);
    assert_true(same(first, second));
    const asl_image_view pixels = live_view_pixels(first);
    for (int y = 0; y < 480; y++)
        for (int x = 0; x < 640; x++)
            assert_int_equal(pixels.pixels[y * pixels.stride + x * 4 + 3], 255);
    cairo_surface_destroy(first);
    cairo_surface_destroy(second);
}

/* Each state changes what is seen, and is saved for a person to look at. */
static void states_are_seen(void **state)
{
    (void)state;
    const live_view plain = sample();
    live_view views[8];
    for (int i = 0; i < 8; i++)
        views[i] = plain;
    views[0].help = true;
    views[1].paused = true;
    views[2].recording = true;
    views[3].message = "The camera was unplugged. Plug it in again, or press Q.";
    views[4] = views[3];
    views[4].alarm = true;
    views[5].committed = true;
    views[6].mirrored = true;
    views[7] = crowded();
    cairo_surface_t *surfaces[9];
    surfaces[8] = draw(&plain, 640, 480);
    for (int i = 0; i < 8; i++) {
        asl_error err = ASL_ERROR_INIT;
        char name[32];
        surfaces[i] = draw(&views[i], 640, 480);
        const asl_image_view pixels = live_view_pixels(surfaces[i]);
        snprintf(name, sizeof name, "state%d.png", i);
        assert_ok(asl_image_save(&pixels, name, 0, &err), &err);
    }
    for (int i = 0; i < 9; i++)
        for (int k = 0; k < i; k++)
            assert_false(same(surfaces[i], surfaces[k]));
    for (int i = 0; i < 9; i++)
        cairo_surface_destroy(surfaces[i]);
}

/* ---- The box ---- */

static void assert_box(asl_rect box, int32_t x, int32_t y, int32_t width, int32_t height)
{
    assert_int_equal(box.x, x);
    assert_int_equal(box.y, y);
    assert_int_equal(box.width, width);
    assert_int_equal(box.height, height);
}

static void the_box_stays_in_the_picture(void **state)
{
    (void)state;
    asl_rect box = live_box_default(640, 480);
    assert_box(box, 208, 128, 224, 224);
    live_box_move(&box, 1000, -1000, 640, 480);
    assert_box(box, 416, 0, 224, 224);
    live_box_move(&box, -10, 7, 640, 480);
    assert_box(box, 406, 7, 224, 224);
    live_box_resize(&box, 16, 640, 480);
    assert_box(box, 398, 0, 240, 240);
    live_box_resize(&box, 10000, 640, 480);
    assert_box(box, 160, 0, 480, 480);
    live_box_resize(&box, -10000, 640, 480);
    assert_box(box, 384, 224, 32, 32);
    live_box_resize(&box, 0, 640, 480);
    assert_box(box, 384, 224, 32, 32);
    /* The picture became smaller than the box. */
    box = (asl_rect){300, 300, 224, 224};
    live_box_move(&box, 0, 0, 100, 80);
    assert_box(box, 0, 0, 100, 80);
    assert_box(live_box_default(100, 20), 40, 0, 20, 20);
    box = live_box_default(100, 20);
    live_box_resize(&box, -8, 100, 20);
    assert_box(box, 40, 0, 20, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_picture_and_its_box_flip_together),
        cmocka_unit_test(every_format_is_drawn_alike),
        cmocka_unit_test(a_place_on_the_screen_is_found_in_the_picture),
        cmocka_unit_test(the_ring_fills),
        cmocka_unit_test(parts_do_not_touch),
        cmocka_unit_test(long_texts_stay_in_their_parts),
        cmocka_unit_test(lines_of_the_column_are_apart),
        cmocka_unit_test(texts_have_contrast),
        cmocka_unit_test(texts_are_cleaned),
        cmocka_unit_test(odd_texts_do_no_harm),
        cmocka_unit_test(drawing_depends_on_the_view_alone),
        cmocka_unit_test(states_are_seen),
        cmocka_unit_test(the_box_stays_in_the_picture),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
