/* SPDX-License-Identifier: MIT */
/* What lies over the picture for a while: the recording mark, the pause, a message, the keys. See
 * view_ink.h. */
#include <math.h>
#include <stdio.h>

#include "live/view_ink.h"

enum { MESSAGE_LINES = 4 };

static void draw_recording(cairo_t *cr, const live_view *view, const ink_layout *l)
{
    const double u = l->unit;
    char text[48];
    const int64_t seconds = view->recording_s > 0 ? (int64_t)view->recording_s : 0;
    snprintf(text, sizeof text, "REC %lld:%02lld", (long long)(seconds / 60),
             (long long)(seconds % 60));
    draw_set_font(cr, 13 * u, true);
    const double width = draw_text_width(cr, text) + 42 * u;
    const ink_area pill = {l->frame.x + 10 * u, l->frame.y + 10 * u, width, 26 * u};
    const double middle = pill.y + pill.height / 2;
    ink_panel(cr, pill, 13 * u, INK_GROUND);
    cairo_new_path(cr);
    cairo_arc(cr, pill.x + 16 * u, middle, 5.5 * u, 0, 2 * M_PI);
    draw_set_color(cr, 0xFF5A5F);
    cairo_fill(cr);
    draw_set_color(cr, INK_TEXT);
    draw_text(cr, pill.x + 28 * u, middle, 0, 0.5, text);
}

static void draw_pause(cairo_t *cr, bool has_message, const ink_layout *l)
{
    const double u = l->unit;
    const ink_area *f = &l->frame;
    cairo_set_source_rgba(cr, 0.05, 0.07, 0.09, 0.66);
    ink_rounded(cr, *f, 12 * u);
    cairo_fill(cr);
    const double width = fmin(230 * u, f->width - 20 * u), height = 116 * u;
    /* A message of four lines needs the lower third. */
    const double above = (f->height - height) * (has_message ? 0.36 : 0.5);
    const ink_area card = {f->x + (f->width - width) / 2, f->y + above, width, height};
    ink_panel(cr, card, 14 * u, INK_PANEL);
    const double x = f->x + f->width / 2;
    for (int side = -1; side <= 1; side += 2) {
        const ink_area bar = {x + side * 8 * u - 4 * u, card.y + 18 * u, 8 * u, 30 * u};
        ink_panel(cr, bar, 2 * u, INK_TEXT);
    }
    draw_set_color(cr, INK_TEXT);
    draw_set_font(cr, 18 * u, true);
    ink_text(cr, x, card.y + 67 * u, 0.5, 0.5, width - 20 * u, "Paused");
    draw_set_color(cr, INK_SOFT);
    draw_set_font(cr, 13.5 * u, false);
    ink_text(cr, x, card.y + 92 * u, 0.5, 0.5, width - 20 * u, "Press Space to go on");
}

/* A sign beside the words: an i, or an exclamation mark when something is wrong. */
static void draw_sign(cairo_t *cr, double x, double y, double size, bool alarm)
{
    cairo_new_path(cr);
    cairo_arc(cr, x, y, size, 0, 2 * M_PI);
    draw_set_color(cr, alarm ? INK_ALARM : INK_ACCENT);
    cairo_fill(cr);
    draw_set_color(cr, INK_ON_LIGHT);
    draw_set_font(cr, 1.45 * size, true);
    draw_text(cr, x, y, 0.5, 0.5, alarm ? "!" : "i");
}

/* Along the lower edge of the picture; in the middle while there is none. */
static void draw_message(cairo_t *cr, const char *text, bool alarm, bool centred,
                         const ink_layout *l)
{
    const double u = l->unit, line = 21 * u, indent = 50 * u;
    const double most = l->frame.width - 20 * u;
    draw_set_font(cr, 14.5 * u, false);
    const double wanted = draw_text_width(cr, "M") * 32 + indent;
    const double width = fmin(most, wanted), room = width - indent - 16 * u;
    const int lines = ink_wrap(cr, -1, 0, room, line, MESSAGE_LINES, text);
    const double height = fmax(lines * line + 24 * u, 46 * u);
    const double x = l->frame.x + (l->frame.width - width) / 2;
    const double y = centred ? l->frame.y + (l->frame.height - height) / 2
                             : l->frame.y + l->frame.height - height - 10 * u;
    const ink_area card = {x, y, width, height};
    ink_panel(cr, card, 12 * u, centred ? INK_RAISED : INK_GROUND);
    draw_sign(cr, x + 26 * u, y + height / 2, 12 * u, alarm);
    draw_set_font(cr, 14.5 * u, false);
    draw_set_color(cr, INK_TEXT);
    const double top = y + (height - (lines - 1) * line - 10.5 * u) / 2;
    ink_wrap(cr, x + indent, top, room, line, MESSAGE_LINES, text);
}

/* ---- The keys ---- */

static const struct key_row {
    const char *keys[4];
    const char *meaning;
    bool writes; /* Only where there is text to write. */
} key_rows[] = {
    {{"Space"}, "pause, and go on", false},
    {{"Backspace"}, "delete a letter", true},
    {{"C"}, "clear the text", true},
    {{"1", "2", "3"}, "take a suggestion", true},
    {{"T"}, "typing and voice on or off", true},
    {{"R"}, "record, and stop recording", true},
    {{"S"}, "save a snapshot", true},
    {{"M"}, "mirror what you see", false},
    {{"\xE2\x86\x90", "\xE2\x86\x91", "\xE2\x86\x93", "\xE2\x86\x92"},
     "move the box, or drag it",
     false},
    {{"+", "\xE2\x88\x92"}, "larger and smaller box", false},
    {{"F"}, "full screen", false},
    {{"?"}, "show and hide these keys", false},
    {{"Q", "Esc"}, "quit", false},
};

enum { KEY_ROWS = (int)(sizeof key_rows / sizeof *key_rows) };

static void draw_help(cairo_t *cr, const ink_layout *l, bool writes, double width, double height)
{
    int rows = 0, at = 0;
    for (int i = 0; i < KEY_ROWS; i++)
        rows += writes || !key_rows[i].writes;
    const double u = l->unit, row = 28 * u, head = 58 * u;
    const double high = head + rows * row + 16 * u;
    const ink_area card = {(width - 410 * u) / 2, (height - high) / 2, 410 * u, high};
    cairo_set_source_rgba(cr, 0.05, 0.07, 0.09, 0.72);
    cairo_paint(cr);
    ink_panel(cr, card, 16 * u, INK_PANEL);
    draw_set_color(cr, INK_TEXT);
    draw_set_font(cr, 19 * u, true);
    draw_text(cr, card.x + 28 * u, card.y + 32 * u, 0, 0.5, "Keys");
    for (int i = 0; i < KEY_ROWS; i++) {
        if (!writes && key_rows[i].writes)
            continue;
        const double y = card.y + head + (at++ + 0.5) * row;
        double x = card.x + 28 * u;
        for (int k = 0; k < 4 && key_rows[i].keys[k]; k++)
            x += ink_key(cr, x, y, u, key_rows[i].keys[k]) + 5 * u;
        draw_set_font(cr, 14.5 * u, false);
        draw_set_color(cr, INK_TEXT);
        ink_text(cr, card.x + 160 * u, y, 0, 0.5, 235 * u, key_rows[i].meaning);
    }
}

void ink_draw_overlay(cairo_t *cr, const live_view *view, const ink_layout *l)
{
    if (view->paused)
        draw_pause(cr, view->message != NULL, l);
    if (view->recording)
        draw_recording(cr, view, l);
    if (view->message)
        draw_message(cr, view->message, view->alarm, !view->picture && !view->paused, l);
    else if (!view->picture && !view->paused)
        draw_message(cr, "Waiting for the first picture", false, true, l);
    if (view->help) {
        cairo_surface_t *target = cairo_get_target(cr);
        draw_help(cr, l, !view->prompt, cairo_image_surface_get_width(target),
                  cairo_image_surface_get_height(target));
    }
}
