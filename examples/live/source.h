/* SPDX-License-Identifier: MIT */
/* Where pictures come from: a camera, a video file, pictures, or a drawn hand, behind one
 * interface. A source belongs to one thread at a time. */
#ifndef EXAMPLES_LIVE_SOURCE_H
#define EXAMPLES_LIVE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "asl/image.h"
#include "live/error.h"
#include "live/error.h"

/** What live_source_read() comes back with. */
enum { LIVE_FRAME, LIVE_TIMEOUT, LIVE_END, LIVE_ERROR };

/** A picture, true (never mirrored), in RGB24. Sizes may change from one to the next. */
struct live_frame {
    asl_image_view view; /**< Valid until the next call with the same source. */
    int64_t time_ns;     /**< CLOCK_MONOTONIC when it was taken; from 0 when options.fast. */
    int64_t sequence;    /**< Counts from 0; a gap is frames that were dropped. */
};

enum { LIVE_FORMAT_AUTO, LIVE_FORMAT_MJPEG, LIVE_FORMAT_YUYV };

struct live_options {
    bool camera_only; /**< The spec names a camera, whatever files there are. */
    bool fast;        /**< Frames as fast as they are read, with the times they should have had. */
    /* Cameras */
    const char *camera_folder; /**< Where video0, video1, ... are. */
    int32_t width, height;     /**< Wanted; the nearest that is offered is taken. */
    double fps;                /**< Wanted of cameras; exact for pictures and drawn hands. */
    int32_t format;            /**< LIVE_FORMAT_*. */
    int32_t stall_ms;          /**< A camera without a picture for so long is broken. */
    /* Pictures */
    int32_t picture_ms; /**< How long each is shown. */
    /* Drawn hands */
    asl_rect box;   /**< Where in width x height the hand is; width 0: live_box_default(). */
    double letters; /**< Letters a second. */
    double noise;   /**< Deviation in levels of 255. */
    uint64_t seed;  /**< Who signs, where, and every small motion. */
    bool left_handed;
};

/** What came of the frames of a camera or file so far. */
struct live_counts {
    int64_t frames;  /**< Handed out. */
    int64_t dropped; /**< Never seen, or too old by the time they could be read. */
    int64_t damaged; /**< Marked as bad by the driver, too short, or not decodable. */
    int64_t restarts;
};

struct live_source;

void live_options_init(struct live_options *options);

/** Open what @p specs names. None, or "": the first camera. One: "/dev/video0", "0" or (part of) a
 * camera's name; "synth:TEXT"; a folder of pictures; a picture; a video file. Several: pictures.
 * In TEXT, letters and spaces are signed, '<' is the sign for deleting, and '.' lowers the hand.
 * @return true, or false with @p error filled. */
bool live_source_open(struct live_source **out, const char *const *specs, int count,
                      const struct live_options *options, struct live_error *error);

/** The next frame; of a camera, or of anything in real time, the newest one. Waits for at most
 * @p timeout_ms. After LIVE_END (whose reason, if any, is in @p error) and LIVE_ERROR only
 * live_source_close() makes sense. */
int live_source_read(struct live_frame *frame, struct live_source *source, int timeout_ms,
                     struct live_error *error);

/** Let go of the camera (or stop the clock) until live_source_resume(). */
void live_source_pause(struct live_source *source);
/** @return true, or false with @p error filled, as when the camera is gone or taken. */
bool live_source_resume(struct live_source *source, struct live_error *error);

/** One line about what is being shown, as "USB Camera (/dev/video0): 640x480 MJPEG, 30 frames/s".
 */
const char *live_source_name(const struct live_source *source);
/** Whether it is a camera: live, and without an end of its own. */
bool live_source_is_camera(const struct live_source *source);
struct live_counts live_source_counts(const struct live_source *source);

/** NULL is allowed. */
void live_source_close(struct live_source *source);

/** Print the cameras in a folder (NULL: /dev) with their formats, sizes and rates, as text or one
 * JSON document. @return an exit code of cli.h: CLI_NO_DEVICE when there is none. */
int live_list_cameras(const char *folder, bool json);

/** CLOCK_MONOTONIC in ns. */
int64_t live_clock(void);
/** Sleep, but not through a signal. */
void live_sleep(int64_t ns);

#endif /* EXAMPLES_LIVE_SOURCE_H */
