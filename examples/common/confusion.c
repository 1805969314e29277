/* SPDX-License-Identifier: MIT */
/* The confusion matrix as a picture. See chart.h. */
#include "common/chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/cli.h"
#include "common/draw.h"

#define FOOTNOTE "Numbers are pictures; a cell's shade is its share of the row."

enum { RECALL = 64 }; /* Width of the column on the right. */

/* White to dark blue: one hue that only gets darker reads the same with any colour vision. */
static const draw_color shades[] = {0xFFFFFF, 0xCFE1F2, 0x93C4DE, 0x4A97C9, 0x1764AB, 0x083370};

typedef struct grid {
    const char *const *labels;
    const int64_t *matrix;
    int32_t count;
    double cell;      /* Side of a cell. */
    double left, top; /* Of the cells. */
    double margin;    /* For row and column names. */
    double font;      /* Of names and of the column on the right. */
} grid;

static draw_color shade(double share)
{
    enum { LAST = sizeof shades / sizeof *shades - 1 };
    const double position = share * LAST;
    const int index = position >= LAST ? LAST - 1 : (int)position;
    return draw_mix(shades[index], shades[index + 1], position - index);
}

static int64_t row_sum(const grid *g, int32_t row)
{
    int64_t sum = 0;
    for (int32_t column = 0; column < g->count; column++)
        sum += g->matrix[row * g->count + column];
    return sum;
}

/* 12345 as "12k" where five digits would not fit. */
static void count_text(char text[24], int64_t count)
{
    if (count < 10000)
        snprintf(text, 24, "%lld", (long long)count);
    else
        snprintf(text, 24, "%lldk", (long long)(count / 1000));
}

static void draw_row(cairo_t *cr, const grid *g, int32_t row)
{
    const int64_t sum = row_sum(g, row);
    const double y = g->top + row * g->cell;
    char text[24];
    for (int32_t column = 0; column < g->count; column++) {
        const int64_t count = g->matrix[row * g->count + column];
        const double share = sum ? (double)count / (double)sum : 0;
        const double x = g->left + column * g->cell;
        /* Even one mistake among thousands must not look like none. */
        draw_set_color(cr, count ? shade(0.06 + 0.94 * share) : DRAW_WHITE);
        cairo_rectangle(cr, x, y, g->cell, g->cell);
        cairo_fill(cr);
        if (count && g->cell >= 24) {
            count_text(text, count);
            draw_set_font(cr, g->font * (strlen(text) > 3 ? 0.82 : 0.92), row == column);
            draw_set_color(cr, share > 0.55 ? DRAW_WHITE : DRAW_INK);
            draw_text(cr, x + g->cell / 2, y + g->cell / 2, 0.5, 0.5, text);
        }
    }
    draw_set_font(cr, g->font * 0.9, false);
    draw_set_color(cr, DRAW_INK);
    snprintf(text, sizeof text, sum ? "%.1f %%" : "-",
             sum ? 100.0 * (double)g->matrix[row * g->count + row] / (double)sum : 0);
    draw_text(cr, g->left + g->count * g->cell + RECALL, y + g->cell / 2, 1, 0.5, text);
}

static void draw_names(cairo_t *cr, const grid *g)
{
    draw_set_font(cr, g->font, false);
    draw_set_color(cr, DRAW_INK);
    for (int32_t i = 0; i < g->count; i++) {
        const double middle = (i + 0.5) * g->cell;
        draw_text(cr, g->left - 8, g->top + middle, 1, 0.5, g->labels[i]);
        if (draw_text_width(cr, g->labels[i]) < g->cell) {
            draw_text(cr, g->left + middle, g->top - 8, 0.5, 1, g->labels[i]);
        } else {
            cairo_save(cr);
            cairo_translate(cr, g->left + middle, g->top - 8);
            cairo_rotate(cr, -3.14159265358979 / 2);
            draw_text(cr, 0, 0, 0, 0.5, g->labels[i]);
            cairo_restore(cr);
        }
    }
}

static void draw_lines(cairo_t *cr, const grid *g)
{
    const double side = g->count * g->cell;
    cairo_set_line_width(cr, 1);
    draw_set_color(cr, DRAW_RULE);
    for (int32_t i = 0; i <= g->count; i++) {
        cairo_move_to(cr, g->left + i * g->cell + 0.5, g->top);
        cairo_rel_line_to(cr, 0, side);
        cairo_move_to(cr, g->left, g->top + i * g->cell + 0.5);
        cairo_rel_line_to(cr, side, 0);
    }
    cairo_stroke(cr);
}

static void draw_captions(cairo_t *cr, const grid *g, const char *title)
{
    const double side = g->count * g->cell;
    draw_set_color(cr, DRAW_INK);
    draw_set_font(cr, 19, true);
    draw_text(cr, 24, 22, 0, 0, title);
    draw_set_font(cr, 14, false);
    draw_set_color(cr, DRAW_GREY);
    draw_text(cr, g->left + side / 2, g->top - g->margin - 6, 0.5, 1, "named by the model");
    draw_text(cr, g->left + side + RECALL, g->top - 10, 1, 1, "right");
    cairo_save(cr);
    cairo_translate(cr, g->left - g->margin - 6, g->top + side / 2);
    cairo_rotate(cr, -3.14159265358979 / 2);
    draw_text(cr, 0, 0, 0.5, 1, "in truth");
    cairo_restore(cr);
    draw_set_font(cr, 12, false);
    draw_text(cr, g->left, g->top + side + 14, 0, 0, FOOTNOTE);
}

int chart_confusion(const char *path, const char *title, const char *const *labels, int32_t count,
                    const int64_t *matrix)
{
    enum { LARGEST = 4096 };
    grid g = {labels, matrix, count, count <= 16 ? 44 : 34, 0, 0, 0, 0};
    if (count * g.cell > LARGEST)
        g.cell = (double)LARGEST / count;
    g.font = fmin(0.42 * g.cell, 15);

    cairo_t *cr = draw_begin(1, 1, DRAW_WHITE);
    if (!cr)
        return CLI_FAILED;
    draw_set_font(cr, g.font, false);
    for (int32_t i = 0; i < count; i++) {
        const double width = draw_text_width(cr, labels[i]) + 10;
        g.margin = width > g.margin ? width : g.margin;
    }
    draw_set_font(cr, 19, true);
    double wanted = draw_text_width(cr, title) + 48;
    draw_set_font(cr, 12, false);
    wanted = fmax(wanted, 44 + g.margin + draw_text_width(cr, FOOTNOTE) + 24);
    draw_drop(cr);

    g.left = 44 + g.margin;
    g.top = 84 + g.margin;
    const double side = count * g.cell;
    const double width = fmax(g.left + side + RECALL + 24, wanted);
    cr = draw_begin((int)width, (int)(g.top + side + 44), DRAW_WHITE);
    if (!cr)
        return CLI_FAILED;
    for (int32_t row = 0; row < count; row++)
        draw_row(cr, &g, row);
    draw_lines(cr, &g);
    draw_names(cr, &g);
    draw_captions(cr, &g, title);
    return draw_end_png(cr, path);
}
