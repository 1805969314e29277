/* SPDX-License-Identifier: MIT */
/* A window with the screen of a live program in it, that prints what it is asked to do. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/cli.h"
#include "live/view.h"
#include "live/window.h"
#include "sinks.h"

static const char *const names[] = {
    [WINDOW_REDRAW] = "redraw", [WINDOW_QUIT] = "quit",     [WINDOW_LOST] = "lost",
    [WINDOW_PAUSE] = "pause",   [WINDOW_DELETE] = "delete", [WINDOW_CLEAR] = "clear",
    [WINDOW_RECORD] = "record", [WINDOW_MIRROR] = "mirror", [WINDOW_SNAPSHOT] = "snapshot",
    [WINDOW_HELP] = "help",     [WINDOW_MOVE] = "move",     [WINDOW_SUGGESTION] = "suggestion",
    [WINDOW_RESIZE] = "resize", [WINDOW_GRAB] = "grab",     [WINDOW_DRAG] = "drag",
    [WINDOW_OUTPUT] = "output",
};

static void show(live_window *window, const live_view *view)
{
    cairo_surface_t *surface = live_window_surface(window);
    if (surface && live_view_draw(surface, view))
        live_window_present(window);
}

static void print(const live_window_event *event)
{
    printf("%s %d %d %d %.0f %.0f\n", names[event->action], event->number, event->dx, event->dy,
           event->x, event->y);
    cli_flush();
}

int sinks_window(int argc, char **argv)
{
    static uint8_t pixels[64 * 48 * 3];
    for (size_t i = 0; i < sizeof pixels; i += 3)
        pixels[i + 2] = 200; /* blue */
    const asl_image_view picture = {
        .pixels = pixels, .width = 64, .height = 48, .stride = 64 * 3, .format = ASL_FORMAT_RGB24};
    const live_view view = {.picture = &picture,
                            .box = {16, 8, 32, 32},
                            .letter = "A",
                            .progress = 0.5,
                            .text = "HELLO",
                            .cursor = true};
    struct live_error error = {0};
    live_window *window = NULL;
    const int width = argc > 1 ? atoi(argv[0]) : 640, height = argc > 1 ? atoi(argv[1]) : 480;
    if (!live_window_open(&window, "asl live test", width, height, &error))
        return sinks_fail(&error);
    show(window, &view);
    printf("ready %s\n", live_window_driver(window));
    cli_flush();
    int code = -1;
    while (code < 0 && !cli_interrupted()) {
        live_window_wait(window, 20);
        for (live_window_event event;
             (event = live_window_poll(window)).action != WINDOW_NOTHING;) {
            if (event.action != WINDOW_KEY)
                print(&event);
            if (event.action == WINDOW_QUIT)
                code = CLI_OK;
            if (event.action == WINDOW_LOST)
                code = CLI_NO_DEVICE;
        }
        show(window, &view);
    }
    live_window_close(window);
    printf("processor %.0f ms\n", 1000.0 * (double)clock() / CLOCKS_PER_SEC);
    return code < 0 ? CLI_INTERRUPTED : code;
}
