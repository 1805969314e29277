/* SPDX-License-Identifier: MIT */
/* Recording what is on the screen as an MP4 file (FFmpeg): H.264 where there is an encoder for it,
 * MPEG-4 otherwise. The file is a row of fragments of half a second, so that it plays up to its
 * last one whatever ends the program. */
#ifndef EXAMPLES_LIVE_RECORD_H
#define EXAMPLES_LIVE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "asl/image.h"
#include "live/error.h"

typedef struct live_record live_record;

/** Begin a file, replacing one that is there. The picture is width x height, rounded down to even
 * numbers. From here on the process ignores SIGXFSZ: a file that may not grow is an error as any.
 * @return true, or false with @p error filled: also when the program was built without FFmpeg. */
bool live_record_open(live_record **out, const char *path, int32_t width, int32_t height,
                      struct live_error *error);

/** Add a picture, shown from @p time_ns (on any clock) until the next one's time. RGB24, BGR24,
 * RGBA32 or BGRA32, alpha ignored; another size is scaled. Times that do not grow are moved.
 * @return true, or false with @p error filled; then the file ends with what was written so far and
 *   only live_record_close() makes sense. */
bool live_record_frame(live_record *record, const asl_image_view *picture, int64_t time_ns,
                       struct live_error *error);

/** Finish the file and release; NULL is allowed. @return false with @p error filled when the end
 * could not be written; true after a failure that was already told. */
bool live_record_close(live_record *record, struct live_error *error);

/** The encoder, as "libx264". */
const char *live_record_codec(const live_record *record);
/** Seconds from the first picture to the last. */
double live_record_seconds(const live_record *record);

#endif /* EXAMPLES_LIVE_RECORD_H */
