/* SPDX-License-Identifier: MIT */
/* The window. See window.h. Drawing goes to a surface of our own that is copied to SDL's window
 * surface: no graphics driver is needed, and showing never waits for the screen. */
#include "live/window.h"

#include <SDL.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "live/window_lost.h"

enum { SMALLEST_WIDTH = 480, SMALLEST_HEIGHT = 360, LARGE_STEP = 10, SMALL_STEP = 1 };

struct live_window {
    SDL_Window *sdl;
    cairo_surface_t *surface;
    bool lost;      /* the display is gone; set by Xlib in whichever call finds out */
    bool told;      /* WINDOW_LOST has been returned */
    bool repeating; /* the last key that went down is a repetition */
    Uint32 wake_event;
};

/* ---- Opening ---- */

/* Without a display SDL would take a driver that shows nothing, and all would seem well. */
static bool is_blind(const char *driver)
{
    const char *const blind[] = {"dummy", "offscreen", "evdev"};
    for (size_t i = 0; i < sizeof blind / sizeof *blind; i++)
        if (strcmp(driver, blind[i]) == 0)
            return true;
    return false;
}

static bool no_window(const char *reason, struct live_error *error)
{
    return live_fail(error, CLI_NO_DEVICE, "cannot open a window: %s", reason);
}

static bool start_video(struct live_error *error)
{
    static const char none[] = "no X11 or Wayland display (DISPLAY, WAYLAND_DISPLAY)";
    const bool asked = SDL_getenv("SDL_VIDEODRIVER") != NULL;
    const bool x11 = SDL_getenv("DISPLAY") != NULL, wayland = SDL_getenv("WAYLAND_DISPLAY") != NULL;
    if (!asked && !x11 && !wayland)
        return no_window(none, error);
    /* Where both are there, X11 goes first, as SDL would have it too. A driver that is not asked
     * cannot complain on stderr. */
    if (!asked)
        SDL_SetHint(SDL_HINT_VIDEODRIVER, !wayland ? "x11" : !x11 ? "wayland" : "x11,wayland");
    if (x11)
        live_window_forgive();
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    SDL_SetHint(SDL_HINT_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR, "0");
    if (SDL_Init(SDL_INIT_VIDEO) != 0)
        return no_window(SDL_GetError(), error);
    /* Shared memory with the X server costs less than OpenGL, and a third of what OpenGL does
     * without a graphics driver. Wayland has nothing else. */
    if (strcmp(SDL_GetCurrentVideoDriver(), "x11") == 0)
        SDL_SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0");
    if (asked || !is_blind(SDL_GetCurrentVideoDriver()))
        return true;
    SDL_Quit();
    return no_window(none, error);
}

bool live_window_open(live_window **out, const char *title, int width, int height,
                      struct live_error *error)
{
    *out = NULL;
    if (!start_video(error))
        return false;
    live_window *w = cli_alloc(1, sizeof *w);
    w->sdl = SDL_CreateWindow(title, SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED, width,
                              height, SDL_WINDOW_RESIZABLE);
    if (!w->sdl || !SDL_GetWindowSurface(w->sdl)) {
        no_window(SDL_GetError(), error);
        live_window_close(w);
        return false;
    }
    SDL_SetWindowMinimumSize(w->sdl, SMALLEST_WIDTH, SMALLEST_HEIGHT);
    w->wake_event = SDL_RegisterEvents(1);
    live_window_watch(w->sdl, &w->lost);
    *out = w;
    return true;
}

void live_window_close(live_window *w)
{
    if (!w)
        return;
    cairo_surface_destroy(w->surface);
    /* Of a lost display nothing is left that could be taken down. */
    if (!w->lost) {
        if (w->sdl)
            SDL_DestroyWindow(w->sdl);
        SDL_Quit();
        free(w);
    }
}

const char *live_window_driver(const live_window *w)
{
    (void)w;
    return SDL_GetCurrentVideoDriver();
}

bool live_window_has_focus(const live_window *w)
{
    return !w->lost && SDL_GetWindowFlags(w->sdl) & SDL_WINDOW_INPUT_FOCUS;
}

/* ---- Showing ---- */

cairo_surface_t *live_window_surface(live_window *w)
{
    const SDL_Surface *shown = w->lost ? NULL : SDL_GetWindowSurface(w->sdl);
    if (!shown)
        return NULL;
    if (w->surface && cairo_image_surface_get_width(w->surface) == shown->w &&
        cairo_image_surface_get_height(w->surface) == shown->h)
        return w->surface;
    cairo_surface_destroy(w->surface);
    w->surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, shown->w, shown->h);
    if (cairo_surface_status(w->surface) == CAIRO_STATUS_SUCCESS)
        return w->surface;
    cairo_surface_destroy(w->surface);
    w->surface = NULL;
    return NULL;
}

void live_window_present(live_window *w)
{
    SDL_Surface *shown = w->lost || !w->surface ? NULL : SDL_GetWindowSurface(w->sdl);
    if (!shown)
        return;
    cairo_surface_flush(w->surface);
    /* Both sides know words of 32 bits; SDL converts what the display wants otherwise. */
    SDL_ConvertPixels(SDL_min(cairo_image_surface_get_width(w->surface), shown->w),
                      SDL_min(cairo_image_surface_get_height(w->surface), shown->h),
                      SDL_PIXELFORMAT_ARGB8888, cairo_image_surface_get_data(w->surface),
                      cairo_image_surface_get_stride(w->surface), shown->format->format,
                      shown->pixels, shown->pitch);
    SDL_UpdateWindowSurface(w->sdl);
}

/* ---- Keys and mouse ---- */

static live_window_event moved(int x, int y, Uint16 modifiers)
{
    const int step = modifiers & KMOD_SHIFT ? SMALL_STEP : LARGE_STEP;
    return (live_window_event){.action = WINDOW_MOVE, .dx = x * step, .dy = y * step};
}

static void toggle_full_screen(live_window *w)
{
    const bool is_full = SDL_GetWindowFlags(w->sdl) & SDL_WINDOW_FULLSCREEN_DESKTOP;
    SDL_SetWindowFullscreen(w->sdl, is_full ? 0 : SDL_WINDOW_FULLSCREEN_DESKTOP);
}

/* Keys that repeat while they are held. */
static live_window_event repeating_key(const SDL_Keysym *key)
{
    switch (key->sym) {
    case SDLK_BACKSPACE:
        return (live_window_event){.action = WINDOW_DELETE};
    case SDLK_LEFT:
        return moved(-1, 0, key->mod);
    case SDLK_RIGHT:
        return moved(1, 0, key->mod);
    case SDLK_UP:
        return moved(0, -1, key->mod);
    case SDLK_DOWN:
        return moved(0, 1, key->mod);
    default:
        return (live_window_event){.action = WINDOW_NOTHING};
    }
}

static live_window_event pressed(live_window *w, const SDL_KeyboardEvent *event)
{
    static const struct {
        SDL_Keycode key;
        enum live_window_action action;
    } table[] = {
        {SDLK_q, WINDOW_QUIT},     {SDLK_ESCAPE, WINDOW_QUIT}, {SDLK_SPACE, WINDOW_PAUSE},
        {SDLK_c, WINDOW_CLEAR},    {SDLK_r, WINDOW_RECORD},    {SDLK_m, WINDOW_MIRROR},
        {SDLK_s, WINDOW_SNAPSHOT}, {SDLK_F1, WINDOW_HELP},     {SDLK_t, WINDOW_OUTPUT},
    };
    const live_window_event nothing = {.action = WINDOW_NOTHING};
    w->repeating = event->repeat != 0;
    /* Combinations belong to the desktop. */
    if (event->keysym.mod & (KMOD_CTRL | KMOD_ALT | KMOD_GUI))
        return nothing;
    if (event->repeat)
        return repeating_key(&event->keysym);
    if (event->keysym.sym == SDLK_f) {
        toggle_full_screen(w);
        return nothing;
    }
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (event->keysym.sym == table[i].key)
            return (live_window_event){.action = table[i].action};
    const live_window_event other = repeating_key(&event->keysym);
    return other.action == WINDOW_NOTHING ? (live_window_event){.action = WINDOW_KEY} : other;
}

/* Signs sit on other keys, and behind Shift, on other keyboards: the character decides. */
static live_window_event typed(const live_window *w, const char *text)
{
    if (text[0] && !text[1]) {
        if (text[0] == '+' || text[0] == '=')
            return (live_window_event){.action = WINDOW_RESIZE, .number = 1};
        if (text[0] == '-')
            return (live_window_event){.action = WINDOW_RESIZE, .number = -1};
        if (text[0] == '?' && !w->repeating)
            return (live_window_event){.action = WINDOW_HELP};
        if (text[0] >= '1' && text[0] <= '3' && !w->repeating)
            return (live_window_event){.action = WINDOW_SUGGESTION, .number = text[0] - '0'};
    }
    return (live_window_event){.action = WINDOW_NOTHING};
}

static live_window_event from_window(const SDL_WindowEvent *event)
{
    if (event->event == SDL_WINDOWEVENT_CLOSE)
        return (live_window_event){.action = WINDOW_QUIT};
    const bool changed =
        event->event == SDL_WINDOWEVENT_SIZE_CHANGED || event->event == SDL_WINDOWEVENT_EXPOSED;
    return (live_window_event){.action = changed ? WINDOW_REDRAW : WINDOW_NOTHING};
}

static live_window_event translate(live_window *w, const SDL_Event *event)
{
    switch (event->type) {
    case SDL_QUIT: /* follows the end of the last window, or stands for that of a compositor */
        w->lost |= strcmp(SDL_GetCurrentVideoDriver(), "wayland") == 0;
        return (live_window_event){.action = WINDOW_QUIT};
    case SDL_WINDOWEVENT:
        return from_window(&event->window);
    case SDL_KEYDOWN:
        return pressed(w, &event->key);
    case SDL_TEXTINPUT:
        return typed(w, event->text.text);
    case SDL_MOUSEWHEEL:
        if (event->wheel.y != 0)
            return (live_window_event){.action = WINDOW_RESIZE,
                                       .number = event->wheel.y > 0 ? 1 : -1};
        break;
    case SDL_MOUSEBUTTONDOWN:
        if (event->button.button == SDL_BUTTON_LEFT)
            return (live_window_event){
                .action = WINDOW_GRAB, .x = event->button.x, .y = event->button.y};
        break;
    case SDL_MOUSEMOTION:
        if (event->motion.state & SDL_BUTTON_LMASK)
            return (live_window_event){
                .action = WINDOW_DRAG, .x = event->motion.x, .y = event->motion.y};
        break;
    default:
        break;
    }
    return (live_window_event){.action = WINDOW_NOTHING};
}

live_window_event live_window_poll(live_window *w)
{
    SDL_Event event;
    while (!w->lost && SDL_PollEvent(&event)) {
        const live_window_event result = translate(w, &event);
        if (result.action != WINDOW_NOTHING && !w->lost)
            return result;
    }
    const bool tell = w->lost && !w->told;
    w->told = w->lost;
    return (live_window_event){.action = tell ? WINDOW_LOST : WINDOW_NOTHING};
}

void live_window_wait(live_window *w, int milliseconds)
{
    if (w->lost)
        SDL_Delay(milliseconds > 0 ? (Uint32)milliseconds : 0);
    else
        SDL_WaitEventTimeout(NULL, milliseconds);
}

void live_window_wake(live_window *w)
{
    SDL_Event event;
    SDL_zero(event);
    event.type = w->wake_event;
    /* One that nobody has read yet does as well as two. */
    if (!SDL_HasEvent(w->wake_event))
        SDL_PushEvent(&event);
}
