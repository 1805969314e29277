/* SPDX-License-Identifier: MIT */
/* Recording in a build without FFmpeg: not possible, and saying so. See record.h. */
#include "common/cli.h"
#include "live/record.h"

bool live_record_open(live_record **out, const char *path, int32_t width, int32_t height,
                      struct live_error *error)
{
    (void)width;
    (void)height;
    *out = NULL;
    return live_fail(error, CLI_FAILED,
                     "cannot record '%s': this program was built without FFmpeg (ASL_WITH_FFMPEG)",
                     path);
}

bool live_record_frame(live_record *record, const asl_image_view *picture, int64_t time_ns,
                       struct live_error *error)
{
    (void)record;
    (void)picture;
    (void)time_ns;
    return live_fail(error, CLI_FAILED, "nothing is being recorded");
}

bool live_record_close(live_record *record, struct live_error *error)
{
    (void)record;
    (void)error;
    return true;
}

const char *live_record_codec(const live_record *record)
{
    (void)record;
    return "none";
}

double live_record_seconds(const live_record *record)
{
    (void)record;
    return 0;
}
