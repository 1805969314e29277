/* SPDX-License-Identifier: MIT */
/* Outliving the X server. See window_lost.h. SDL opens libX11 at run time, so this asks the loaded
 * library for its functions rather than link to it; without them (before libX11 1.7) Xlib ends the
 * program as it always did. */
#include "live/window_lost.h"

#include <SDL_syswm.h>
#include <dlfcn.h>
#include <string.h>

#ifdef SDL_VIDEO_DRIVER_X11

/* Xlib's own handler would print a line; ours comes from live_window_poll(). */
static int keep_quiet(Display *display)
{
    (void)display;
    return 0;
}

/* A request that the server refuses is no reason to end: SDL may send its window an event that it
 * has just closed, and Xlib's own handler would make that the program's exit status. */
static int go_on(Display *display, XErrorEvent *refused)
{
    (void)display;
    (void)refused;
    return 0;
}

static void note_loss(Display *display, void *user)
{
    (void)display;
    *(bool *)user = true;
}

/* A function by name, without the cast from void * that ISO C lacks. */
static bool find(void *library, const char *name, void *function, size_t size)
{
    void *symbol = dlsym(library, name);
    memcpy(function, &symbol, size);
    return symbol != NULL;
}

void live_window_forgive(void)
{
    int (*(*set)(int (*handler)(Display *, XErrorEvent *)))(Display *, XErrorEvent *) = NULL;
    void *library = dlopen("libX11.so.6", RTLD_LAZY); /* stays: the handler lies with it */
    if (library && find(library, "XSetErrorHandler", &set, sizeof set))
        set(go_on);
}

void live_window_watch(SDL_Window *w, bool *lost)
{
    int (*(*set_handler)(int (*handler)(Display *)))(Display *) = NULL;
    void (*set_exit)(Display *, void (*handler)(Display *, void *), void *) = NULL;
    SDL_SysWMinfo info;
    SDL_VERSION(&info.version);
    if (!SDL_GetWindowWMInfo(w, &info) || info.subsystem != SDL_SYSWM_X11)
        return;
    void *library = dlopen("libX11.so.6", RTLD_LAZY | RTLD_NOLOAD);
    if (!library)
        return;
    if (find(library, "XSetIOErrorHandler", &set_handler, sizeof set_handler) &&
        find(library, "XSetIOErrorExitHandler", &set_exit, sizeof set_exit)) {
        set_handler(keep_quiet);
        set_exit(info.info.x11.display, note_loss, lost);
    }
    dlclose(library);
}

#else

void live_window_forgive(void)
{
}

void live_window_watch(SDL_Window *w, bool *lost)
{
    (void)w;
    (void)lost;
}

#endif
