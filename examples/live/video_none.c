/* SPDX-License-Identifier: MIT */
/* Stands in for video_file.c in a build without FFmpeg. */
#include "common/cli.h"
#include "live/source_kind.h"

bool source_open_video(struct live_source *source, const char *path,
                       const struct live_options *options, struct live_error *error)
{
    (void)source;
    (void)options;
    return live_fail(error, CLI_BAD_INPUT,
                     "cannot read '%.100s': this program was built without FFmpeg, which reads "
                     "video files; name pictures, or build it where FFmpeg's libraries are",
                     path);
}
