/* SPDX-License-Identifier: MIT */
/* Time: the clock, and the pace of sources that have none of their own. */
#include <time.h>

#include "live/source_kind.h"

int64_t live_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void live_sleep(int64_t ns)
{
    /* A signal ends the sleep, so that Ctrl-C need not wait for it. */
    if (ns > 0)
        nanosleep(&(const struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000},
                  NULL);
}

bool pacer_wait(struct pacer *pacer, int64_t due, int timeout_ms)
{
    if (pacer->fast)
        return true;
    if (pacer->start == 0)
        pacer->start = live_clock() - due;
    const int64_t left = pacer->start + due - live_clock();
    const int64_t patience = (int64_t)timeout_ms * 1000000;
    live_sleep(left < patience ? left : patience);
    return live_clock() >= pacer->start + due;
}

int64_t pacer_late(const struct pacer *pacer, int64_t due)
{
    return pacer->fast || pacer->start == 0 ? 0 : live_clock() - (pacer->start + due);
}

int64_t pacer_frames_late(const struct pacer *pacer, int64_t number, double fps)
{
    const int64_t late = pacer_late(pacer, frame_time(number, fps));
    return late > 0 ? (int64_t)((double)late * 1e-9 * fps) : 0;
}

void pacer_forgive(struct pacer *pacer, int64_t due)
{
    if (!pacer->fast)
        pacer->start = live_clock() - due;
}

void pacer_pause(struct pacer *pacer)
{
    pacer->paused = live_clock();
}

void pacer_resume(struct pacer *pacer)
{
    if (pacer->start != 0)
        pacer->start += live_clock() - pacer->paused;
}
