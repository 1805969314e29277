/* SPDX-License-Identifier: MIT */
/* The progress bar. See progress.h. */
#include "common/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "common/cli.h"

enum { MIN_COLUMNS = 20, MAX_COLUMNS = 200, MIN_BAR = 5, MAX_BAR = 40 };

static struct {
    int32_t mode;
    bool active;  /* Between begin and end. */
    bool enabled; /* Someone can see it. */
    bool drawn;   /* Something stands on the line. */
    char label[40];
    int64_t total;
    double started, last_drawn;
} bar;

double progress_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void progress_duration(char text[24], double seconds)
{
    const long s = seconds > 0 && seconds < 3.6e8 ? lround(seconds) : 0;
    if (s < 3600)
        snprintf(text, 24, "%ld:%02ld", s / 60, s % 60);
    else
        snprintf(text, 24, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
}

void progress_mode(int32_t mode)
{
    bar.mode = mode;
}

static bool terminal_can_draw(void)
{
    const char *term = getenv("TERM");
    return isatty(STDERR_FILENO) && term && term[0] && strcmp(term, "dumb") != 0;
}

/* Columns to use: one less than the terminal has, or the cursor would wrap. */
static int usable_columns(void)
{
    struct winsize size;
    int columns = 80;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        columns = size.ws_col;
    if (columns < MIN_COLUMNS)
        columns = MIN_COLUMNS;
    return (columns < MAX_COLUMNS ? columns : MAX_COLUMNS) - 1;
}

void progress_begin(const char *label, int64_t total)
{
    progress_end();
    snprintf(bar.label, sizeof bar.label, "%s", label);
    bar.total = total;
    bar.active = true;
    bar.enabled = bar.mode == PROGRESS_ALWAYS || (bar.mode == PROGRESS_AUTO && terminal_can_draw());
    bar.started = progress_clock();
    bar.last_drawn = -1;
}

/* Label, percent, bar, time left, count, note. Where columns are short the last of these go first,
 * and the bar takes what is free. */
static void draw(int64_t done, const char *note, double eta)
{
    const int columns = usable_columns();
    const double share = bar.total > 0 ? (double)done / (double)bar.total : 0;
    char head[64], parts[3][80], tail[240] = "", time_left[24];
    snprintf(head, sizeof head, "%.*s %3d %%", columns > 36 ? 39 : 10, bar.label,
             (int)(100 * share));
    progress_duration(time_left, eta);
    snprintf(parts[0], sizeof parts[0], "  %s left", eta >= 0 ? time_left : "-:--");
    snprintf(parts[1], sizeof parts[1], "  %lld/%lld", (long long)done, (long long)bar.total);
    snprintf(parts[2], sizeof parts[2], "  %s", note ? note : "");

    int width = columns - (int)strlen(head) - 3; /* Of the bar: " [" and "]" stand around it. */
    for (size_t i = 0; i < 3 && width - (int)strlen(parts[i]) >= MIN_BAR; i++) {
        strcat(tail, parts[i]);
        width -= (int)strlen(parts[i]);
    }
    width = width < MAX_BAR ? width : MAX_BAR;
    fprintf(stderr, "\r%.*s", columns, head);
    if (width >= MIN_BAR) {
        char cells[MAX_BAR + 1];
        const int filled = (int)(share * width);
        memset(cells, ' ', (size_t)width);
        memset(cells, '=', (size_t)filled);
        if (filled < width)
            cells[filled] = '>';
        fprintf(stderr, " [%.*s]%s", width, cells, tail);
    }
    fputs("\033[K", stderr);
    fflush(stderr);
    bar.drawn = true;
}

void progress_update_eta(int64_t done, const char *note, double eta_seconds)
{
    const double now = progress_clock();
    if (!bar.active || !bar.enabled || (bar.last_drawn >= 0 && now - bar.last_drawn < 0.1))
        return;
    bar.last_drawn = now;
    draw(done < bar.total ? done : bar.total, note, eta_seconds);
}

void progress_update(int64_t done, const char *note)
{
    const double spent = progress_clock() - bar.started;
    const double eta =
        done > 0 && spent > 0.5 ? spent * (double)(bar.total - done) / (double)done : -1;
    progress_update_eta(done, note, eta);
}

void progress_hide(void)
{
    if (bar.drawn)
        fputs("\r\033[K", stderr);
    bar.drawn = false;
}

void progress_end(void)
{
    progress_hide();
    fflush(stderr);
    bar.active = false;
}

int32_t progress_callback(int64_t done, int64_t total, void *user)
{
    (void)user;
    bar.total = total;
    progress_update(done, NULL);
    return cli_interrupted();
}
