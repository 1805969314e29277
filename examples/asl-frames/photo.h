/* SPDX-License-Identifier: MIT */
/* Photographs whose hands somebody put boxes around: windows of them, and hands cut out of them. */
#ifndef ASL_FRAMES_PHOTO_H
#define ASL_FRAMES_PHOTO_H

#include "asl/image.h"
#include "hand/geom.h"

struct photo {
    char *path;
    int has_hand;
    float x, y, width, height; /* centre and size of the hand's box in parts of the picture */
};

/* Those with a hand come first. */
struct album {
    struct photo *photos;
    int count, hands;
};

/* Add the pictures that a table lists: image_path (relative to the table's folder), cx, cy, w, h;
 * without numbers there is no hand. Returns an exit code of cli.h. */
int album_add(struct album *album, const char *table);
/* To be called once all is added. */
void album_sort(struct album *album);
void album_free(struct album *album);

/* A rectangle in pixels of a frame. */
struct area {
    float left, top, width, height;
};

/* RGB of size x size pixels, and the part of it that the camera sees. */
struct sheet {
    uint8_t *rgb;
    int size;
    asl_rect seen;
};

/* Fill what is seen with a window of a photograph; the hand's longer side would be `side` pixels,
 * or the whole photograph is taken when it has no hand. `hand` receives its box.
 * @return 1; 0 when the window would be larger than the photograph; -1 with `err` filled. */
int photo_window(const struct sheet *sheet, struct area *hand, const struct photo *photo,
                 float side, rng *random, asl_error *err);
/* Paste a soft-edged oval: the hand, scaled to `side` pixels, anywhere in what is seen; or, as a
 * `decoy`, as much of what is beside it. The rest as photo_window(). */
int photo_paste(const struct sheet *sheet, struct area *hand, const struct photo *photo, float side,
                int decoy, rng *random, asl_error *err);

/* Where to put the middle of something of size `length` between `start` and `start + whole`: a
 * fifth of it may be out of sight. */
float photo_middle(float length, float start, float whole, rng *random);

#endif
