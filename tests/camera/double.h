/* SPDX-License-Identifier: MIT */
/* A camera double: what it answers to V4L2 calls (double_v4l2.c), what its pictures show
 * (double_picture.c), and the faults it plays (double_fault.c). camera_double.c puts it on a file.
 */
#ifndef TESTS_CAMERA_DOUBLE_H
#define TESTS_CAMERA_DOUBLE_H

#include <linux/videodev2.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "live/source.h"

enum { DOUBLE_BUFFERS = 4, DOUBLE_SLOT = 1 << 20, DOUBLE_FAULTS = 16, DOUBLE_FORMATS = 4 };

/* What goes wrong from frame `at` on, for `count` frames or calls (-1: for ever). */
struct double_fault {
    char kind[16];
    int64_t at, count;
    uint32_t width, height; /* of "resize" and "event" */
    bool played;
};

struct double_buffer {
    enum { BUFFER_IDLE, BUFFER_QUEUED, BUFFER_DONE } state;
    struct v4l2_buffer info;
    int64_t turn; /* order in which it was queued or filled */
};

struct camera_double {
    pthread_mutex_t lock; /* of all that follows */
    /* Given. */
    const char *name;
    uint32_t formats[DOUBLE_FORMATS];
    int format_count;
    double fps;
    struct double_fault faults[DOUBLE_FAULTS];
    int fault_count;
    int32_t chaos;             /* frames from one random fault to the next, in the mean; 0: none */
    uint64_t chance;           /* what chance stands at, never 0; a seed to begin with */
    struct live_source *scene; /* what it sees; NULL: four quarters in colours */
    /* The next picture; of the thread that takes frames alone, without the lock. */
    asl_image_view scene_view;
    bool scene_over;
    uint8_t *picture; /* one slot, drawn in this format and size: */
    size_t picture_size;
    uint32_t picture_fourcc, picture_width, picture_height;
    /* The stream. */
    uint32_t fourcc, width, height;
    uint64_t owner; /* the opener that has buffers, or 0 */
    int buffer_count;
    struct double_buffer buffers[DOUBLE_BUFFERS];
    uint8_t *memory; /* DOUBLE_BUFFERS slots */
    bool streaming;
    int64_t turns, frame;
    uint32_t sequence;
    /* Faults at work. */
    int64_t eio, flagged, cut, garbled, empty, refused;
    int64_t chaos_at; /* frame of the next random fault */
    bool stalled, unplugged, broken, event_wanted, event_waiting;
};

/* Read "KIND@FRAME", "KIND@FRAME:COUNT" or "KIND@FRAME:WIDTHxHEIGHT". */
bool double_add_fault(struct camera_double *camera, const char *text);
/* Start what is due at the frame that comes next. */
void double_play_faults(struct camera_double *camera);
/* Whether a fault that counts strikes now; takes one off. */
bool double_strikes(int64_t *left);

/* Answer a call. `argument` is read and written. @return 0 or an errno value. */
int double_ioctl(struct camera_double *camera, unsigned request, void *argument, uint64_t owner,
                 bool metadata);
/* The events that poll() reports, but for those of metadata nodes. */
unsigned double_poll(const struct camera_double *camera);
/* Give up what an opener has. */
void double_release(struct camera_double *camera, uint64_t owner);

/* Take a frame: fill a queued buffer. @return its number, or -1. After its bytes have reached the
 * reader, double_finish() hands it out. */
int double_expose(struct camera_double *camera);
void double_finish(struct camera_double *camera, int buffer);

/* Draw what it sees next into camera->picture: by default red, green, blue and grey quarters. That
 * takes longer than a camera may, so it is done ahead of the frame, without the lock. */
void double_draw(struct camera_double *camera, uint32_t fourcc, uint32_t width, uint32_t height);
/* Whether camera->picture has this format and size. */
bool double_is_drawn(const struct camera_double *camera, uint32_t fourcc, uint32_t width,
                     uint32_t height);

#endif /* TESTS_CAMERA_DOUBLE_H */
