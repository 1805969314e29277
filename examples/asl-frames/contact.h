/* SPDX-License-Identifier: MIT */
/* The first frames side by side, with the boxes around their hands: to be looked at. */
#ifndef ASL_FRAMES_CONTACT_H
#define ASL_FRAMES_CONTACT_H

#include "asl/image.h"
#include "frame.h"

struct contact;

struct contact *contact_create(void);
/* Put in frame `index`, if it is among the first. Different ones may come on different threads. */
void contact_put(struct contact *contact, const asl_image_view *view, const struct frame *frame,
                 int index);
/* Returns an exit code of cli.h. */
int contact_write(const struct contact *contact, const char *path);
void contact_free(struct contact *contact);

#endif
