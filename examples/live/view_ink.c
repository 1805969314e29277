/* SPDX-License-Identifier: MIT */
/* Panels, and text that fits where it is put. See view_ink.h. */
#include "live/view_ink.h"

#include <math.h>
#include <string.h>

enum { LONGEST = 480 }; /* bytes of one line of text: more than the widest screen can show */

static const char ellipsis[] = "\xE2\x80\xA6";

/* ---- Shapes ---- */

void ink_rounded(cairo_t *cr, ink_area a, double radius)
{
    const double r = fmin(radius, fmin(a.width, a.height) / 2);
    cairo_new_sub_path(cr);
    cairo_arc(cr, a.x + a.width - r, a.y + r, r, -M_PI / 2, 0);
    cairo_arc(cr, a.x + a.width - r, a.y + a.height - r, r, 0, M_PI / 2);
    cairo_arc(cr, a.x + r, a.y + a.height - r, r, M_PI / 2, M_PI);
    cairo_arc(cr, a.x + r, a.y + r, r, M_PI, 3 * M_PI / 2);
    cairo_close_path(cr);
}

void ink_panel(cairo_t *cr, ink_area area, double radius, draw_color color)
{
    draw_set_color(cr, color);
    ink_rounded(cr, area, radius);
    cairo_fill(cr);
}

void ink_tick(cairo_t *cr, double x, double y, double size, double line)
{
    cairo_set_line_width(cr, line);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    cairo_move_to(cr, x - 0.5 * size, y + 0.02 * size);
    cairo_line_to(cr, x - 0.14 * size, y + 0.36 * size);
    cairo_line_to(cr, x + 0.5 * size, y - 0.36 * size);
    cairo_stroke(cr);
}

/* ---- UTF-8 ---- */

/* Length of the sequence at @p s, or 0 when it is none (RFC 3629). */
static size_t sequence(const unsigned char *s)
{
    if (s[0] < 0x80)
        return 1;
    const size_t length = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    const bool overlong = (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xF0 && s[1] < 0x90);
    const bool surrogate = s[0] == 0xED && s[1] >= 0xA0;
    return overlong || surrogate || (s[0] == 0xF4 && s[1] >= 0x90) ? 0 : length;
}

static bool is_control(const unsigned char *s)
{
    return s[0] < 0x20 || s[0] == 0x7F || (s[0] == 0xC2 && s[1] < 0xA0);
}

/* What does not stand alone: a continuation byte or a combining mark (U+0300 to U+036F). */
static bool belongs_to_previous(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    return (s[0] & 0xC0) == 0x80 || s[0] == 0xCC || (s[0] == 0xCD && s[1] < 0xB0);
}

void ink_clean(char *out, size_t size, const char *text, bool keep_end)
{
    const size_t length = strlen(text);
    /* A byte may become three. */
    if (keep_end && length > (size - 1) / 3) {
        text += length - (size - 1) / 3;
        while (belongs_to_previous(text))
            text++;
    }
    size_t used = 0;
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        const size_t step = sequence(s);
        const char *piece = step == 0 ? "\xEF\xBF\xBD" : is_control(s) ? " " : (const char *)s;
        const size_t bytes = step == 0 ? 3 : is_control(s) ? 1 : step;
        if (used + bytes >= size)
            break;
        memcpy(out + used, piece, bytes);
        used += bytes;
        s += step ? step : 1;
    }
    out[used] = '\0';
}

/* The place before which @p text may be cut, at or before @p at. */
static size_t cut_before(const char *text, size_t at)
{
    while (at > 0 && belongs_to_previous(text + at))
        at--;
    return at;
}

static size_t cut_after(const char *text, size_t at)
{
    while (text[at] && belongs_to_previous(text + at))
        at++;
    return at;
}

/* ---- Text ---- */

static double width_of_first(cairo_t *cr, char *text, size_t bytes)
{
    const char saved = text[bytes];
    text[bytes] = '\0';
    const double width = draw_text_width(cr, text);
    text[bytes] = saved;
    return width;
}

/* How many bytes from the start fit into @p width. */
static size_t fitting_head(cairo_t *cr, char *text, double width)
{
    size_t fits = 0, too_long = strlen(text) + 1;
    while (too_long - fits > 1) {
        const size_t middle = (fits + too_long) / 2;
        if (width_of_first(cr, text, cut_before(text, middle)) <= width)
            fits = middle;
        else
            too_long = middle;
    }
    return cut_before(text, fits);
}

/* Where the longest tail begins that fits into @p width. */
static size_t fitting_tail(cairo_t *cr, const char *text, double width)
{
    size_t too_long = 0, fits = strlen(text);
    while (fits - too_long > 1) {
        const size_t middle = (fits + too_long) / 2;
        if (draw_text_width(cr, text + cut_after(text, middle)) <= width)
            fits = middle;
        else
            too_long = middle;
    }
    return cut_after(text, fits);
}

double ink_text(cairo_t *cr, double x, double y, double anchor_x, double anchor_y, double width,
                const char *text)
{
    char line[LONGEST + sizeof ellipsis];
    ink_clean(line, LONGEST, text, false);
    double needed = draw_text_width(cr, line);
    if (needed > width) {
        size_t end = fitting_head(cr, line, width - draw_text_width(cr, ellipsis));
        while (end > 0 && line[end - 1] == ' ')
            end--;
        memcpy(line + end, ellipsis, sizeof ellipsis);
        needed = draw_text_width(cr, line);
    }
    if (needed <= width)
        draw_text(cr, x, y, anchor_x, anchor_y, line);
    return needed <= width ? needed : 0;
}

double ink_tail(cairo_t *cr, double x, double y, double anchor_y, double width, const char *text)
{
    char buffer[LONGEST + sizeof ellipsis];
    char *line = buffer + sizeof ellipsis - 1;
    ink_clean(line, LONGEST, text, true);
    if (strlen(text) > strlen(line) || draw_text_width(cr, line) > width) {
        line += fitting_tail(cr, line, width - draw_text_width(cr, ellipsis));
        line -= sizeof ellipsis - 1;
        memcpy(line, ellipsis, sizeof ellipsis - 1);
    }
    draw_text(cr, x, y, 0, anchor_y, line);
    return draw_text_width(cr, line);
}

int ink_wrap(cairo_t *cr, double x, double y, double width, double line_height, int max_lines,
             const char *text)
{
    char clean[LONGEST];
    ink_clean(clean, sizeof clean, text, false);
    char *rest = clean;
    int lines = 0;
    while (*rest && lines < max_lines) {
        size_t end = fitting_head(cr, rest, width);
        if (rest[end]) {
            size_t space = end;
            while (space > 0 && rest[space] != ' ')
                space--;
            end = space > 0 ? space : end;
        }
        if (end == 0)
            break;
        const bool last = ++lines == max_lines;
        const char saved = rest[end];
        if (!last)
            rest[end] = '\0';
        if (x >= 0)
            ink_text(cr, x, y + (lines - 1) * line_height, 0, 0, width, rest);
        rest[end] = saved;
        rest += end;
        rest += strspn(rest, " ");
    }
    return lines;
}

double ink_key(cairo_t *cr, double x, double y, double unit, const char *name)
{
    const double height = 20 * unit;
    draw_set_font(cr, 11.5 * unit, true);
    const double text = draw_text_width(cr, name);
    const double width = fmax(height, text + 14 * unit);
    const ink_area cap = {x, y - height / 2, width, height};
    ink_panel(cr, cap, 5 * unit, INK_TEXT);
    draw_set_color(cr, INK_ON_LIGHT);
    draw_text(cr, x + width / 2, y, 0.5, 0.5, name);
    return width;
}
