/* SPDX-License-Identifier: MIT */
/* Below the picture: the text with its cursor, the suggestions, and the line of figures. See
 * view_ink.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "live/view_ink.h"

static void draw_written(cairo_t *cr, const live_view *view, const ink_layout *l)
{
    const double u = l->unit, pad = 18 * u;
    const ink_area *a = &l->text;
    ink_panel(cr, *a, 12 * u, INK_PANEL);
    const double middle = a->y + a->height / 2;
    double x = a->x + pad;
    const bool empty = !view->text || !view->text[0];
    draw_set_font(cr, empty ? 16 * u : 25 * u, false);
    draw_set_color(cr, empty ? INK_SOFT : INK_TEXT);
    const double room = a->width - 2 * pad - 6 * u;
    if (empty)
        ink_text(cr, x + 10 * u, middle, 0, 0.5, room, "What you spell appears here");
    else
        x += ink_tail(cr, x, middle, 0.5, room, view->text) + 3 * u;
    if (view->cursor) {
        const ink_area bar = {x, middle - 14 * u, 2.5 * u, 28 * u};
        ink_panel(cr, bar, u, INK_ACCENT);
    }
}

/* ---- A word to spell ---- */

static void draw_cross(cairo_t *cr, double x, double y, double size, double line)
{
    cairo_new_path(cr);
    for (int side = -1; side <= 1; side += 2) {
        cairo_move_to(cr, x - side * size / 2, y - size / 2);
        cairo_line_to(cr, x + side * size / 2, y + size / 2);
    }
    cairo_set_line_width(cr, line);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_stroke(cr);
}

/* A letter above its mark: a tick, a cross, a bar under the one that is next, a thin line under
 * those to come. */
static void draw_asked(cairo_t *cr, const ink_area *cell, char letter, char mark, bool next,
                       double u)
{
    const double x = cell->x + cell->width / 2, below = cell->y + 0.84 * cell->height;
    const draw_color color = mark == '+'   ? INK_DONE
                             : mark == '-' ? INK_ALARM
                             : next        ? INK_TEXT
                                           : INK_SOFT;
    if (next)
        ink_panel(cr, *cell, 8 * u, INK_RAISED);
    draw_set_color(cr, color);
    draw_set_font(cr, 0.62 * cell->height, next);
    draw_text(cr, x, cell->y + 0.4 * cell->height, 0.5, 0.5, (const char[]){letter, '\0'});
    if (mark == '+') {
        ink_tick(cr, x, below, 8 * u, 2.2 * u);
    } else if (mark == '-') {
        draw_cross(cr, x, below, 8 * u, 2.2 * u);
    } else {
        const double wide = next ? 0.56 * cell->width : 0.36 * cell->width;
        const double high = next ? 4 * u : 1.5 * u;
        const ink_area bar = {x - wide / 2, below - high / 2, wide, high};
        ink_panel(cr, bar, high / 2, next ? INK_ACCENT : INK_SOFT);
    }
}

static void draw_prompt(cairo_t *cr, const live_view *view, const ink_layout *l)
{
    const double u = l->unit, pad = 14 * u;
    const ink_area area = {l->text.x, l->text.y, l->text.width,
                           l->chips.y + l->chips.height - l->text.y};
    const size_t length = strlen(view->prompt);
    double note = 0;
    ink_panel(cr, area, 12 * u, INK_PANEL);
    if (view->round) {
        draw_set_font(cr, 16 * u, false);
        draw_set_color(cr, INK_SOFT);
        note = pad + ink_text(cr, area.x + area.width - pad, area.y + area.height / 2, 1, 0.5,
                              0.3 * area.width, view->round);
    }
    const double room = area.width - 2 * pad - note;
    const double step = fmin(56 * u, room / (double)(length > 0 ? length : 1));
    const size_t done = strcspn(view->marks, " ");
    for (size_t i = 0; i < length; i++) {
        const ink_area cell = {area.x + pad + (double)i * step, area.y + 6 * u, step - 4 * u,
                               area.height - 12 * u};
        draw_asked(cr, &cell, view->prompt[i], view->marks[i], i == done, u);
    }
}

/* ---- The lines ---- */

/* Three places of equal size; one that is empty stays, so that the others do not jump. */
static void draw_chips(cairo_t *cr, const live_view *view, const ink_layout *l)
{
    const double u = l->unit, gap = 8 * u;
    const double width = (l->chips.width - 2 * gap) / LIVE_VIEW_SUGGESTIONS;
    for (int32_t i = 0; i < LIVE_VIEW_SUGGESTIONS; i++) {
        const ink_area chip = {l->chips.x + i * (width + gap), l->chips.y, width, l->chips.height};
        const char *word = i < view->suggestion_count ? view->suggestions[i] : NULL;
        const double middle = chip.y + chip.height / 2;
        ink_panel(cr, chip, 10 * u, INK_PANEL);
        if (!word)
            continue;
        const double key =
            ink_key(cr, chip.x + 8 * u, middle, u, (const char[]){(char)('1' + i), 0});
        draw_set_font(cr, 16 * u, false);
        draw_set_color(cr, INK_TEXT);
        ink_text(cr, chip.x + 8 * u + key + 9 * u, middle, 0, 0.5, width - key - 27 * u, word);
    }
}

static void draw_status(cairo_t *cr, const live_view *view, const ink_layout *l)
{
    const double u = l->unit, middle = l->status.y + l->status.height / 2;
    double x = l->status.x + 6 * u, end = l->status.x + l->status.width - 6 * u;
    char fps[32] = "", latency[32] = "";
    if (view->fps > 0)
        snprintf(fps, sizeof fps, "%.0f fps", view->fps);
    if (view->latency_ms > 0)
        snprintf(latency, sizeof latency, "%.0f ms", view->latency_ms);
    draw_set_font(cr, 12.5 * u, false);
    draw_set_color(cr, INK_SOFT);
    ink_text(cr, end, middle, 1, 0.5, 0.3 * l->status.width, "? help");
    end -= draw_text_width(cr, "? help") + 16 * u;
    if (view->output) {
        draw_set_color(cr, INK_TEXT);
        end -= ink_text(cr, end, middle, 1, 0.5, 0.4 * l->status.width, view->output) + 16 * u;
        draw_set_color(cr, INK_SOFT);
    }
    const char *const parts[] = {fps, latency, view->backend, view->source};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!parts[i] || !parts[i][0] || end - x < 30 * u)
            continue;
        const double width = ink_text(cr, x, middle, 0, 0.5, end - x, parts[i]);
        x += width > 0 ? width + 16 * u : 0;
    }
}

void ink_draw_lines(cairo_t *cr, const live_view *view, const ink_layout *l)
{
    if (view->prompt)
        draw_prompt(cr, view, l);
    else
        draw_written(cr, view, l);
    if (view->has_suggestions && !view->prompt)
        draw_chips(cr, view, l);
    draw_status(cr, view, l);
}
