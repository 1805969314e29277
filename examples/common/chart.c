/* SPDX-License-Identifier: MIT */
/* Curves over epochs. See chart.h; the confusion matrix is in confusion.c. */
#include "common/chart.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "common/cli.h"
#include "common/draw.h"

enum { WIDTH = 800, HEIGHT = 500, LEFT = 72, RIGHT = 690, TOP = 64, BOTTOM = 440 };

static const draw_color colors[2] = {DRAW_BLUE, DRAW_VERMILLION};

typedef struct axes {
    double x_min, x_max, y_min, y_max, y_step;
    int x_step;
} axes;

/* The smallest of 1, 2, 5 times a power of ten that is at least @p value. */
static double nice_step(double value)
{
    const double power = pow(10, floor(log10(value)));
    const double digits[] = {1, 2, 5, 10};
    for (int i = 0; i < 4; i++)
        if (digits[i] * power >= value * (1 - 1e-9))
            return digits[i] * power;
    return 10 * power;
}

static axes choose_axes(const chart *c)
{
    double low = INFINITY, high = -INFINITY;
    for (int s = 0; s < 2; s++) {
        for (int32_t i = 0; i < c->count; i++) {
            const double value = c->series[s].values[i];
            if (isfinite(value)) {
                low = fmin(low, value);
                high = fmax(high, value);
            }
        }
    }
    if (!(low <= high))
        low = high = 0;
    axes a = {.y_min = 0, .y_max = c->y_max > 0 ? c->y_max : high};
    if (!(a.y_max > 0))
        a.y_max = 1;
    /* A bounded scale (percent) may start above zero when all curves live in its upper part. */
    if (c->y_max > 0 && low > 0.6 * c->y_max)
        a.y_min = low - 0.25 * (c->y_max - low) - 0.01 * c->y_max;
    a.y_step = nice_step((a.y_max - a.y_min) / 6);
    a.y_min = floor(a.y_min / a.y_step + 1e-9) * a.y_step;
    a.y_max = ceil(a.y_max / a.y_step - 1e-9) * a.y_step;
    const int32_t epochs = c->epochs > c->count ? c->epochs : c->count;
    a.x_min = epochs > 1 ? 1 : 0.5;
    a.x_max = epochs > 1 ? epochs : 1.5;
    a.x_step = epochs > 12 ? (int)nice_step(epochs / 12.0) : 1;
    return a;
}

static double map_x(const axes *a, double x)
{
    return LEFT + (x - a->x_min) / (a->x_max - a->x_min) * (RIGHT - LEFT);
}

static double map_y(const axes *a, double y)
{
    return BOTTOM - (y - a->y_min) / (a->y_max - a->y_min) * (BOTTOM - TOP);
}

static void line(cairo_t *cr, double x0, double y0, double x1, double y1)
{
    cairo_move_to(cr, floor(x0) + 0.5, floor(y0) + 0.5);
    cairo_line_to(cr, floor(x1) + 0.5, floor(y1) + 0.5);
    cairo_stroke(cr);
}

static void draw_frame(cairo_t *cr, const chart *c, const axes *a)
{
    char text[48];
    draw_set_color(cr, DRAW_INK);
    draw_set_font(cr, 19, true);
    draw_text(cr, LEFT, 24, 0, 0, c->title);

    draw_set_font(cr, 13, false);
    cairo_set_line_width(cr, 1);
    const int decimals = a->y_step < 1 ? (int)ceil(-log10(a->y_step) - 1e-9) : 0;
    const int rows = (int)lround((a->y_max - a->y_min) / a->y_step);
    for (int i = 0; i <= rows; i++) {
        const double value = a->y_min + i * a->y_step;
        draw_set_color(cr, i == 0 ? DRAW_GREY : DRAW_RULE);
        line(cr, LEFT, map_y(a, value), RIGHT, map_y(a, value));
        snprintf(text, sizeof text, "%.*f%s%s", decimals, value, c->unit[0] ? " " : "", c->unit);
        draw_set_color(cr, DRAW_INK);
        draw_text(cr, LEFT - 10, map_y(a, value), 1, 0.5, text);
    }
    for (int x = 1; x <= (int)a->x_max; x = x == 1 && a->x_step > 1 ? a->x_step : x + a->x_step) {
        draw_set_color(cr, DRAW_GREY);
        line(cr, map_x(a, x), BOTTOM, map_x(a, x), BOTTOM + 5);
        snprintf(text, sizeof text, "%d", x);
        draw_set_color(cr, DRAW_INK);
        draw_text(cr, map_x(a, x), BOTTOM + 10, 0.5, 0, text);
    }
    draw_text(cr, (LEFT + RIGHT) / 2.0, BOTTOM + 34, 0.5, 0, "epoch");
}

/* Circles for the first curve, diamonds for the second: colour is never the only difference. */
static void draw_marker(cairo_t *cr, int series, double x, double y)
{
    cairo_new_path(cr);
    if (series == 0) {
        cairo_arc(cr, x, y, 4, 0, 2 * 3.14159265358979);
    } else {
        cairo_move_to(cr, x, y - 5.5);
        cairo_line_to(cr, x + 5.5, y);
        cairo_line_to(cr, x, y + 5.5);
        cairo_line_to(cr, x - 5.5, y);
        cairo_close_path(cr);
    }
    draw_set_color(cr, colors[series]);
    cairo_fill(cr);
}

/* @return the index of the last finite value, or -1. */
static int32_t draw_curve(cairo_t *cr, const chart *c, const axes *a, int series)
{
    const double *values = c->series[series].values;
    const double dashes[] = {8, 5};
    int32_t last = -1;
    draw_set_color(cr, colors[series]);
    cairo_set_line_width(cr, 2.5);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    cairo_set_dash(cr, dashes, series == 0 ? 0 : 2, 0);
    cairo_new_path(cr);
    for (int32_t i = 0; i < c->count; i++) {
        if (!isfinite(values[i]))
            continue;
        if (last >= 0 && last == i - 1)
            cairo_line_to(cr, map_x(a, i + 1), map_y(a, values[i]));
        else
            cairo_move_to(cr, map_x(a, i + 1), map_y(a, values[i]));
        last = i;
    }
    cairo_stroke(cr);
    cairo_set_dash(cr, NULL, 0, 0);
    for (int32_t i = 0; i < c->count; i++)
        if (isfinite(values[i]) && (c->count <= 40 || i == last))
            draw_marker(cr, series, map_x(a, i + 1), map_y(a, values[i]));
    return last;
}

static void draw_legend(cairo_t *cr, const chart *c, const bool shown[2])
{
    double x = RIGHT;
    draw_set_font(cr, 13, false);
    for (int s = 1; s >= 0; s--) {
        if (!shown[s])
            continue;
        x -= draw_text_width(cr, c->series[s].name);
        draw_set_color(cr, DRAW_INK);
        draw_text(cr, x, 31, 0, 0.5, c->series[s].name);
        const double dashes[] = {8, 5};
        cairo_set_dash(cr, dashes, s == 0 ? 0 : 2, 0);
        cairo_set_line_width(cr, 2.5);
        draw_set_color(cr, colors[s]);
        cairo_move_to(cr, x - 42, 31);
        cairo_line_to(cr, x - 8, 31);
        cairo_stroke(cr);
        cairo_set_dash(cr, NULL, 0, 0);
        draw_marker(cr, s, x - 25, 31);
        x -= 66;
    }
}

/* The last value of each curve beside its end, moved apart where they would touch. */
static void draw_last_values(cairo_t *cr, const chart *c, const axes *a, const int32_t last[2])
{
    enum { GAP = 38 };
    double y[2] = {0, 0};
    for (int s = 0; s < 2; s++)
        if (last[s] >= 0)
            y[s] = map_y(a, c->series[s].values[last[s]]);
    if (last[0] >= 0 && last[1] >= 0 && fabs(y[0] - y[1]) < GAP) {
        const int upper = y[0] <= y[1] ? 0 : 1;
        const double middle = fmin(fmax((y[0] + y[1]) / 2, TOP + GAP / 2), BOTTOM - GAP / 2);
        y[upper] = middle - GAP / 2;
        y[1 - upper] = middle + GAP / 2;
    }
    for (int s = 0; s < 2; s++) {
        if (last[s] < 0)
            continue;
        char text[48];
        const double value = c->series[s].values[last[s]];
        snprintf(text, sizeof text, c->unit[0] ? "%.1f %s" : "%.3f", value, c->unit);
        const double x = map_x(a, last[s] + 1) + 14;
        draw_set_color(cr, colors[s]);
        draw_set_font(cr, 15, true);
        draw_text(cr, x, y[s] - 2, 0, 1, text);
        draw_set_font(cr, 12, false);
        draw_text(cr, x, y[s] + 4, 0, 0, c->series[s].name);
    }
}

int chart_curves(const char *path, const chart *c)
{
    cairo_t *cr = draw_begin(WIDTH, HEIGHT, DRAW_WHITE);
    if (!cr)
        return CLI_FAILED;
    const axes a = choose_axes(c);
    int32_t last[2];
    draw_frame(cr, c, &a);
    for (int s = 0; s < 2; s++)
        last[s] = draw_curve(cr, c, &a, s);
    draw_legend(cr, c, (const bool[]){last[0] >= 0, last[1] >= 0});
    draw_last_values(cr, c, &a, last);
    return draw_end_png(cr, path);
}
