/* SPDX-License-Identifier: MIT */
/* See contact.h. */
#include "contact.h"

#include <stdlib.h>
#include <string.h>

#include "common/cli.h"

enum { ACROSS = 16, DOWN = 10, CELL = 112, GAP = 2, INSIDE = CELL - GAP };
enum { WIDTH = ACROSS * CELL, HEIGHT = DOWN * CELL };

struct contact {
    uint8_t rgb[HEIGHT][WIDTH][3];
};

struct contact *contact_create(void)
{
    struct contact *contact = cli_alloc(1, sizeof *contact);
    memset(contact->rgb, 0xff, sizeof contact->rgb);
    return contact;
}

static int to_cell(float value, int size)
{
    const int at = (int)(value * INSIDE / (float)size);
    return at < 0 ? 0 : at < INSIDE ? at : INSIDE - 1;
}

static void outline(struct contact *contact, int x, int y, const struct area *hand, int size)
{
    const int left = to_cell(hand->left, size), right = to_cell(hand->left + hand->width, size);
    const int top = to_cell(hand->top, size), bottom = to_cell(hand->top + hand->height, size);
    static const uint8_t red[3] = {240, 20, 45};
    for (int i = left; i <= right; i++) {
        memcpy(contact->rgb[y + top][x + i], red, 3);
        memcpy(contact->rgb[y + bottom][x + i], red, 3);
    }
    for (int i = top; i <= bottom; i++) {
        memcpy(contact->rgb[y + i][x + left], red, 3);
        memcpy(contact->rgb[y + i][x + right], red, 3);
    }
}

void contact_put(struct contact *contact, const asl_image_view *view, const struct frame *frame,
                 int index)
{
    asl_image *small = NULL;
    const int x = index % ACROSS * CELL, y = index / ACROSS * CELL;
    if (index >= ACROSS * DOWN || asl_image_resize(&small, view, NULL, INSIDE, INSIDE, NULL) < 0)
        return;
    const uint8_t *row = asl_image_pixels(small);
    for (int i = 0; i < INSIDE; i++, row += (size_t)INSIDE * 3)
        memcpy(contact->rgb[y + i][x], row, (size_t)INSIDE * 3);
    if (frame->place.known)
        outline(contact, x, y, &frame->hand, view->width);
    asl_image_free(small);
}

int contact_write(const struct contact *contact, const char *path)
{
    asl_error err = ASL_ERROR_INIT;
    const asl_image_view view = {contact->rgb[0][0], WIDTH, HEIGHT, sizeof contact->rgb[0],
                                 ASL_FORMAT_RGB24,   0};
    return asl_image_save(&view, path, 0, &err) < 0 ? cli_fail(&err) : CLI_OK;
}

void contact_free(struct contact *contact)
{
    free(contact);
}
