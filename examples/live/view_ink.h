/* SPDX-License-Identifier: MIT */
/* What the parts of the screen share: colours, panels, text that fits, and where each part is.
 * Internal to view*.c and its test. */
#ifndef EXAMPLES_LIVE_VIEW_INK_H
#define EXAMPLES_LIVE_VIEW_INK_H

#include <cairo.h>
#include <stdbool.h>

#include "common/draw.h"
#include "live/view.h"

/* Every text colour has a contrast of 7:1 or more on every ground that it is used on (WCAG 2.2,
 * 1.4.6); test_view.c computes it. */
enum {
    INK_GROUND = 0x0D1218, /* behind everything */
    INK_PANEL = 0x18202A,
    INK_RAISED = 0x243040, /* keys, chips, rings that are not filled */
    INK_TEXT = 0xF5F7FA,
    INK_SOFT = 0xC3CDD8,   /* captions */
    INK_ACCENT = 0x7CD0FF, /* progress, cursor, scores */
    INK_DONE = 0x8BE8B0,   /* a letter that was typed */
    INK_ALARM = 0xFFC65C,
    INK_BOX = 0xF0142D, /* the tutorial's box; never text */
    INK_ON_LIGHT = 0x0D1218
};

typedef struct ink_area {
    double x, y, width, height;
} ink_area;

/** Where things are on a screen. One unit is a pixel at 640x480. */
typedef struct ink_layout {
    double unit;
    ink_area frame;   /* room for the picture */
    ink_area picture; /* the picture in it, with its own proportions */
    ink_area column;  /* the letter and the scores */
    ink_area text, chips, status;
} ink_layout;

/** @p picture may be NULL. */
ink_layout ink_arrange(int width, int height, const asl_image_view *picture, bool has_suggestions);

void ink_rounded(cairo_t *cr, ink_area area, double radius);
void ink_panel(cairo_t *cr, ink_area area, double radius, draw_color color);

/** Copy @p text as one line of valid UTF-8, which cairo insists on: control characters become
 * spaces, bytes that are no UTF-8 become U+FFFD, and what does not fit is left out: the end, or
 * with @p keep_end the beginning. */
void ink_clean(char *out, size_t size, const char *text, bool keep_end);

/** Text as draw_text() puts it, cut with an ellipsis at its end to fit into @p width; the font is
 * the current one. @return its width. */
double ink_text(cairo_t *cr, double x, double y, double anchor_x, double anchor_y, double width,
                const char *text);
/** The end of @p text, with an ellipsis before it when not all of it fits. @return its width. */
double ink_tail(cairo_t *cr, double x, double y, double anchor_y, double width, const char *text);
/** Break into at most @p max_lines lines of @p width and draw them from y down (capital tops), left
 * aligned. With x < 0 nothing is drawn. @return how many lines there are. */
int ink_wrap(cairo_t *cr, double x, double y, double width, double line_height, int max_lines,
             const char *text);

/** A key cap with its name, left edge at x, centred on y. @return its width. */
double ink_key(cairo_t *cr, double x, double y, double unit, const char *name);
/** A tick, as wide as @p size, centred. */
void ink_tick(cairo_t *cr, double x, double y, double size, double line);

/* The parts, each in a file of its own. */
bool ink_draw_picture(cairo_t *cr, const live_view *view, const ink_layout *layout);
void ink_draw_letter(cairo_t *cr, const live_view *view, const ink_layout *layout);
void ink_draw_lines(cairo_t *cr, const live_view *view, const ink_layout *layout);
void ink_draw_overlay(cairo_t *cr, const live_view *view, const ink_layout *layout);

#endif /* EXAMPLES_LIVE_VIEW_INK_H */
