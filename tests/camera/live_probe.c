/* SPDX-License-Identifier: MIT */
/* Opens a source and prints a line for each frame, so that a test can say what it wants to see:
 *
 *   open NAME
 *   frame SEQUENCE TIME WIDTHxHEIGHT CHECKSUM R,G,B R,G,B R,G,B R,G,B
 *   end MESSAGE | error MESSAGE | enough
 *   counts FRAMES DROPPED DAMAGED RESTARTS
 *
 * with the colours in the middle of the four quarters. */
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "common/cli.h"
#include "live/source.h"

struct probe {
    struct live_options live;
    int32_t frames, pause_at, pause_ms, timeout_ms, wait_ms;
    const char *save;
    bool list, json;
};

static void print_frame(const struct live_frame *frame)
{
    const asl_image_view *v = &frame->view;
    uLong sum = crc32(0, NULL, 0);

    for (int32_t y = 0; y < v->height; y++)
        sum = crc32(sum, v->pixels + y * v->stride, (uInt)v->width * 3);
    printf("frame %lld %lld %dx%d %08lx", (long long)frame->sequence, (long long)frame->time_ns,
           (int)v->width, (int)v->height, sum);
    for (int i = 0; i < 4; i++) {
        const int32_t x = (1 + i % 2 * 2) * v->width / 4, y = (1 + i / 2 * 2) * v->height / 4;
        const uint8_t *p = v->pixels + y * v->stride + (int64_t)3 * x;
        printf(" %d,%d,%d", p[0], p[1], p[2]);
    }
    printf("\n");
    cli_flush();
}

static void save_frame(const char *folder, const struct live_frame *frame)
{
    asl_error err = ASL_ERROR_INIT;
    char *path = cli_format("%s/%06lld.png", folder, (long long)frame->sequence);
    if (asl_image_save(&frame->view, path, 0, &err) < 0)
        cli_fail(&err);
    free(path);
}

/* @return LIVE_FRAME when the source is to be read on. */
static int step(struct live_source *source, const struct probe *probe, int *shown,
                struct live_error *error)
{
    struct live_frame frame;
    const int result = live_source_read(&frame, source, probe->timeout_ms, error);

    if (result != LIVE_FRAME)
        return result == LIVE_TIMEOUT ? LIVE_FRAME : result;
    print_frame(&frame);
    if (probe->save)
        save_frame(probe->save, &frame);
    live_sleep((int64_t)probe->wait_ms * 1000000);
    if (++*shown == probe->pause_at) {
        live_source_pause(source);
        live_sleep((int64_t)probe->pause_ms * 1000000);
        if (!live_source_resume(source, error))
            return LIVE_ERROR;
    }
    return LIVE_FRAME;
}

static int run(const char *const *specs, int count, const struct probe *probe)
{
    struct live_source *source = NULL;
    struct live_error error;
    int result = LIVE_FRAME, shown = 0;

    if (!live_source_open(&source, specs, count, &probe->live, &error)) {
        printf("error %s\n", error.message);
        return error.code;
    }
    printf("open %s\n", live_source_name(source));
    while (result == LIVE_FRAME && shown < probe->frames && !cli_interrupted())
        result = step(source, probe, &shown, &error);
    if (result == LIVE_FRAME)
        printf("enough\n");
    else
        printf("%s %s\n", result == LIVE_END ? "end" : "error", error.message);
    const struct live_counts c = live_source_counts(source);
    printf("counts %lld %lld %lld %lld\n", (long long)c.frames, (long long)c.dropped,
           (long long)c.damaged, (long long)c.restarts);
    live_source_close(source);
    return error.code;
}

int main(int argc, char **argv)
{
    struct probe p = {.frames = 1000000, .timeout_ms = 50};
    live_options_init(&p.live);
    const cli_option options[] = {
        CLI_TEXT(0, "folder", "DIR", &p.live.camera_folder, "where the cameras are"),
        CLI_FLAG(0, "camera", &p.live.camera_only, "the source is a camera's name"),
        CLI_FLAG(0, "fast", &p.live.fast, "do not wait for the time of a frame"),
        CLI_INT(0, "width", "N", &p.live.width, 1, 32768, "wanted width"),
        CLI_INT(0, "height", "N", &p.live.height, 1, 32768, "wanted height"),
        CLI_REAL(0, "fps", "N", &p.live.fps, 1, 1000, "wanted rate"),
        CLI_CHOICE(0, "format", "auto|mjpeg|yuyv", &p.live.format, "format"),
        CLI_INT(0, "stall", "MS", &p.live.stall_ms, 1, 1000000, "patience with a camera"),
        CLI_INT(0, "picture", "MS", &p.live.picture_ms, 1, 1000000, "how long a picture is shown"),
        CLI_REAL(0, "letters", "N", &p.live.letters, 0.1, 10, "letters a second"),
        CLI_SEED(&p.live.seed),
        CLI_FLAG(0, "left-handed", &p.live.left_handed, "of a drawn hand"),
        CLI_INT(0, "frames", "N", &p.frames, 1, 1000000, "stop after so many"),
        CLI_INT(0, "pause-at", "N", &p.pause_at, 1, 1000000, "pause after so many frames"),
        CLI_INT(0, "pause", "MS", &p.pause_ms, 0, 1000000, "for so long"),
        CLI_INT(0, "timeout", "MS", &p.timeout_ms, 0, 1000000, "of one read"),
        CLI_INT(0, "wait", "MS", &p.wait_ms, 0, 1000000, "after each frame"),
        CLI_TEXT(0, "save", "DIR", &p.save, "write the frames as PNG files"),
        CLI_FLAG(0, "list-cameras", &p.list, "list cameras"),
        CLI_JSON(&p.json),
    };
    const cli_program program = {.name = "live_probe",
                                 .arguments = "[SOURCE...]",
                                 .summary = "Print what a source of the live programs gives.",
                                 .options = options,
                                 .option_count = sizeof options / sizeof *options,
                                 .max_arguments = -1};
    char **arguments;
    const int count = cli_parse(&program, argc, argv, &arguments);

    cli_catch_interrupt(NULL, NULL);
    if (p.list)
        return cli_finish(live_list_cameras(p.live.camera_folder, p.json));
    return cli_finish(run((const char *const *)arguments, count, &p));
}
