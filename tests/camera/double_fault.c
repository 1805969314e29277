/* SPDX-License-Identifier: MIT */
/* When the camera double does what is wrong. See double.h. */
#include <stdio.h>
#include <string.h>

#include "double.h"

/* Faults that strike a number of frames or calls, and where that is counted. */
static int64_t *counter(struct camera_double *camera, const char *kind)
{
    const struct {
        const char *kind;
        int64_t *left;
    } counters[] = {{"eio", &camera->eio},     {"flag", &camera->flagged},
                    {"short", &camera->cut},   {"corrupt", &camera->garbled},
                    {"empty", &camera->empty}, {"refuse", &camera->refused}};
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
        if (strcmp(counters[i].kind, kind) == 0)
            return counters[i].left;
    return NULL;
}

static bool known(struct camera_double *camera, const char *kind)
{
    static const char *const others[] = {"stall", "unplug", "broken", "skip", "resize", "event"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(others[i], kind) == 0)
            return true;
    return counter(camera, kind) != NULL;
}

bool double_add_fault(struct camera_double *camera, const char *text)
{
    struct double_fault fault = {.count = 1};
    long long at = 0, count = 1;

    if (camera->fault_count == DOUBLE_FAULTS)
        return false;
    if (sscanf(text, "%15[a-z]@%lld:%ux%u", fault.kind, &at, &fault.width, &fault.height) < 4)
        sscanf(text, "%*[a-z]@%*d:%lld", &count);
    if (!known(camera, fault.kind))
        return false;
    fault.at = at;
    fault.count = count;
    camera->faults[camera->fault_count++] = fault;
    return true;
}

static void play(struct camera_double *camera, const struct double_fault *fault)
{
    int64_t *left = counter(camera, fault->kind);
    if (left)
        *left = fault->count;
    else if (strcmp(fault->kind, "stall") == 0)
        camera->stalled = true;
    else if (strcmp(fault->kind, "unplug") == 0)
        camera->unplugged = true;
    else if (strcmp(fault->kind, "broken") == 0)
        camera->broken = true;
    else if (strcmp(fault->kind, "skip") == 0)
        camera->sequence += (uint32_t)fault->count;
    else if (fault->width && fault->height) {
        camera->width = fault->width;
        camera->height = fault->height;
        camera->event_waiting = camera->event_wanted && strcmp(fault->kind, "event") == 0;
    }
}

/* xorshift64*: a number below `limit`. */
static uint32_t draw(struct camera_double *camera, uint32_t limit)
{
    camera->chance ^= camera->chance >> 12;
    camera->chance ^= camera->chance << 25;
    camera->chance ^= camera->chance >> 27;
    return (uint32_t)((camera->chance * UINT64_C(0x2545f4914f6cdd1d)) >> 32) % limit;
}

/* Something that a reader has to get over, said in the log, and when the next is due. Broken
 * streams and new sizes are apart far enough for each to be told from the one before. */
static void play_at_random(struct camera_double *camera)
{
    static const char *const kinds[] = {"eio",   "flag", "short",  "corrupt",
                                        "empty", "skip", "broken", "event"};
    const bool small = camera->width == 320;
    struct double_fault fault = {
        .count = 1 + draw(camera, 3), .width = small ? 640 : 320, .height = small ? 480 : 240};
    const char *kind = kinds[draw(camera, sizeof kinds / sizeof *kinds)];
    const bool due = camera->chaos_at > 0; /* not at the first frame */
    camera->chaos_at =
        camera->frame + camera->chaos / 2 + 1 + draw(camera, (uint32_t)camera->chaos);
    if (!due || !camera->streaming || camera->broken)
        return;
    snprintf(fault.kind, sizeof fault.kind, "%s", kind);
    play(camera, &fault);
    printf("fault %s\n", kind);
}

void double_play_faults(struct camera_double *camera)
{
    if (camera->chaos > 0 && camera->frame >= camera->chaos_at)
        play_at_random(camera);
    for (int i = 0; i < camera->fault_count; i++) {
        struct double_fault *fault = &camera->faults[i];
        if (!fault->played && camera->frame >= fault->at) {
            fault->played = true;
            play(camera, fault);
        }
    }
}

bool double_strikes(int64_t *left)
{
    if (*left == 0)
        return false;
    if (*left > 0)
        --*left;
    return true;
}
