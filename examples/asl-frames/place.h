/* SPDX-License-Identifier: MIT */
/* The classes of a finder: places of a grid, as include/asl/finder.h reads them. */
#ifndef ASL_FRAMES_PLACE_H
#define ASL_FRAMES_PLACE_H

enum { PLACE_COLUMNS = 8, PLACE_SIZES = 7, PLACE_NAME = 16 };

/* A hand in a square picture: centre and longer side in parts of the picture's side. */
struct place {
    int known; /* 0: there is no hand */
    float x, y, side;
};

/* The name of the class for a place: the nearest of the grid, or "none". */
void place_name(char name[PLACE_NAME], const struct place *place);

#endif
