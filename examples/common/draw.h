/* SPDX-License-Identifier: MIT */
/* A thin layer over cairo: surfaces, colours, text with an anchor, PNG files. */
#ifndef EXAMPLES_DRAW_H
#define EXAMPLES_DRAW_H

#include <cairo.h>
#include <stdbool.h>
#include <stdint.h>

/** 0xRRGGBB. */
typedef uint32_t draw_color;

/* Okabe and Ito's palette, told apart with any colour vision (jfly.uni-koeln.de/color). */
enum {
    DRAW_BLUE = 0x0072B2,
    DRAW_VERMILLION = 0xD55E00,
    DRAW_INK = 0x222222,
    DRAW_GREY = 0x6E6E6E,
    DRAW_RULE = 0xDDDDDD,
    DRAW_WHITE = 0xFFFFFF
};

/** A canvas filled with one colour, or NULL after saying why. Give it to draw_end(). */
cairo_t *draw_begin(int width, int height, draw_color background);
/** Write the canvas to @p path atomically as PNG and release it. @return an exit code. */
int draw_end_png(cairo_t *cr, const char *path);
/** Release without writing; NULL is allowed. */
void draw_drop(cairo_t *cr);

void draw_set_color(cairo_t *cr, draw_color color);
/** Colour between two, t in 0..1. */
draw_color draw_mix(draw_color from, draw_color to, double t);

/** Choose the font: DejaVu Sans where it is installed, any sans-serif elsewhere. */
void draw_set_font(cairo_t *cr, double size, bool bold);
/** Width of @p text in the current font. */
double draw_text_width(cairo_t *cr, const char *text);
/** Text whose box is anchored at x, y: 0 left or top, 0.5 centre, 1 right or bottom. The vertical
 * box is that of capital letters, so that rows line up. */
void draw_text(cairo_t *cr, double x, double y, double anchor_x, double anchor_y, const char *text);

#endif /* EXAMPLES_DRAW_H */
