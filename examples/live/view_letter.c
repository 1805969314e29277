/* SPDX-License-Identifier: MIT */
/* The column on the right: the letter in its ring, and the three best scores. See view_ink.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "live/view_ink.h"

/* The model's label in words for people. */
static const char *spoken(const char *label)
{
    return strcmp(label, "del") == 0 ? "delete" : strcmp(label, "nothing") == 0 ? "no hand" : label;
}

static bool has_letter(const live_view *view)
{
    return !view->paused && view->letter && view->letter[0] && strcmp(view->letter, "nothing") != 0;
}

static bool is_done(const live_view *view)
{
    return has_letter(view) && view->committed;
}

/* ---- The ring ---- */

static void draw_ring(cairo_t *cr, const live_view *view, double x, double y, double radius,
                      double line)
{
    const double settled = view->committed ? 1 : fmin(fmax(view->progress, 0), 1);
    const double share = has_letter(view) ? settled : 0;
    cairo_set_line_width(cr, line);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_BUTT);
    cairo_new_path(cr);
    cairo_arc(cr, x, y, radius, 0, 2 * M_PI);
    draw_set_color(cr, INK_RAISED);
    cairo_stroke(cr);
    if (share <= 0)
        return;
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_arc(cr, x, y, radius, -M_PI / 2, -M_PI / 2 + share * 2 * M_PI);
    draw_set_color(cr, view->committed ? INK_DONE : INK_ACCENT);
    cairo_stroke(cr);
}

/* As large as the ring allows: a letter by its height, a word by its width, though not so long a
 * one that it could not be read. */
static void draw_glyph(cairo_t *cr, const char *label, double x, double y, double radius)
{
    char text[64];
    ink_clean(text, sizeof text, spoken(label), false);
    draw_set_font(cr, 1.22 * radius, true);
    const double width = draw_text_width(cr, text), room = 1.5 * radius;
    draw_set_color(cr, INK_TEXT);
    if (width > room) {
        draw_set_font(cr, fmax(1.22 * room / width, 0.24) * radius, true);
        ink_text(cr, x, y, 0.5, 0.5, 1.6 * radius, text);
        return;
    }
    /* Centred by its ink and not by its advance: I and J would look off. */
    cairo_text_extents_t ink;
    cairo_text_extents(cr, text, &ink);
    cairo_text_extents_t capital;
    cairo_text_extents(cr, "H", &capital);
    cairo_move_to(cr, x - ink.x_bearing - ink.width / 2, y + capital.height / 2);
    cairo_show_text(cr, text);
}

static void draw_badge(cairo_t *cr, double x, double y, double size)
{
    cairo_new_path(cr);
    cairo_arc(cr, x, y, size + 3.5 * size / 13, 0, 2 * M_PI);
    draw_set_color(cr, INK_PANEL);
    cairo_fill(cr);
    cairo_arc(cr, x, y, size, 0, 2 * M_PI);
    draw_set_color(cr, INK_DONE);
    cairo_fill(cr);
    draw_set_color(cr, INK_ON_LIGHT);
    ink_tick(cr, x, y, size, size / 4.5);
}

static const char *caption(const live_view *view)
{
    if (view->paused)
        return "paused";
    if (is_done(view))
        return strcmp(view->letter, "del") == 0 ? "deleted" : "typed";
    if (!has_letter(view))
        return "show a letter";
    return view->progress > 0 ? "hold still" : "looking";
}

/* ---- The scores ---- */

static void draw_score(cairo_t *cr, const live_view_score *score, const ink_area *row, double u)
{
    char percent[16];
    const double share = fmin(fmax(score->score, 0), 1);
    snprintf(percent, sizeof percent, "%.0f %%", 100 * share);
    draw_set_font(cr, 14 * u, false);
    draw_set_color(cr, INK_SOFT);
    const double number = draw_text_width(cr, percent);
    draw_text(cr, row->x + row->width, row->y, 1, 0, percent);
    draw_set_font(cr, 14 * u, true);
    draw_set_color(cr, INK_TEXT);
    ink_text(cr, row->x, row->y, 0, 0, row->width - number - 8 * u, spoken(score->label));

    const ink_area track = {row->x, row->y + 16 * u, row->width, 5 * u};
    ink_panel(cr, track, 2.5 * u, INK_RAISED);
    const ink_area bar = {track.x, track.y, fmax(track.width * share, track.height), track.height};
    if (share >= 0.005)
        ink_panel(cr, bar, 2.5 * u, INK_ACCENT);
}

static void draw_scores(cairo_t *cr, const live_view *view, const ink_area *area, double u)
{
    const double step = area->height / LIVE_VIEW_TOP;
    for (int32_t i = 0; !view->paused && i < view->top_count && i < LIVE_VIEW_TOP; i++) {
        const ink_area row = {area->x, area->y + i * step + (step - 21 * u) / 2, area->width, 0};
        if (view->top[i].label)
            draw_score(cr, &view->top[i], &row, u);
    }
}

void ink_draw_letter(cairo_t *cr, const live_view *view, const ink_layout *l)
{
    const double u = l->unit;
    const ink_area *c = &l->column;
    ink_panel(cr, *c, 12 * u, INK_PANEL);
    /* Ring, caption and scores share the height; the ring takes what the others leave. */
    const double scores = fmin(0.38 * c->height, 150 * u), captions = 34 * u;
    const double room = fmin(c->width - 36 * u, c->height - scores - captions - 22 * u);
    const double line = fmax(0.085 * room, 3), radius = (room - line) / 2;
    const double x = c->x + c->width / 2;
    const double spare = c->height - scores - captions - 22 * u - room;
    const double y = c->y + 18 * u + room / 2 + 0.35 * spare;

    draw_ring(cr, view, x, y, radius, line);
    if (has_letter(view))
        draw_glyph(cr, view->letter, x, y, radius);
    if (is_done(view))
        draw_badge(cr, x + radius * M_SQRT1_2, y + radius * M_SQRT1_2, 0.2 * radius);

    draw_set_font(cr, 14.5 * u, false);
    draw_set_color(cr, is_done(view) ? INK_DONE : INK_SOFT);
    ink_text(cr, x, y + room / 2 + 20 * u, 0.5, 0.5, c->width - 20 * u, caption(view));
    const ink_area area = {c->x + 18 * u, c->y + c->height - scores - 6 * u, c->width - 36 * u,
                           scores};
    draw_scores(cr, view, &area, u);
}
