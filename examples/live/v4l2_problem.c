/* SPDX-License-Identifier: MIT */
/* What went wrong with a camera, in words that say what to do. See v4l2_device.h. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cli.h"
#include "live/source_kind.h"
#include "live/v4l2_device.h"

/* Whether a process has the device open. */
static bool holds(const char *process, const struct stat *device)
{
    char *folder_name = cli_format("/proc/%s/fd", process);
    DIR *folder = opendir(folder_name);
    bool found = false;

    for (struct dirent *entry; !found && folder && (entry = readdir(folder));) {
        char *path = cli_format("%s/%s", folder_name, entry->d_name);
        struct stat info;
        found = stat(path, &info) == 0 && info.st_dev == device->st_dev &&
                info.st_ino == device->st_ino;
        free(path);
    }
    if (folder)
        closedir(folder);
    free(folder_name);
    return found;
}

static void read_process_name(char *name, size_t size, const char *process)
{
    char *path = cli_format("/proc/%s/comm", process);
    FILE *file = fopen(path, "re");
    if (!file || !fgets(name, (int)size, file))
        snprintf(name, size, "a program");
    name[strcspn(name, "\n")] = '\0';
    if (file)
        fclose(file);
    free(path);
}

/* " by cheese (process 4711)", or "" when that cannot be seen. */
static void find_holder(char *text, size_t size, const char *path)
{
    struct stat device;
    DIR *processes = opendir("/proc");
    char *const own = cli_format("%ld", (long)getpid());

    text[0] = '\0';
    if (processes && stat(path, &device) == 0) {
        for (struct dirent *entry; text[0] == '\0' && (entry = readdir(processes));) {
            char name[32];
            if (!isdigit((unsigned char)entry->d_name[0]) || strcmp(entry->d_name, own) == 0 ||
                !holds(entry->d_name, &device))
                continue;
            read_process_name(name, sizeof name, entry->d_name);
            snprintf(text, size, " by %s (process %.10s)", name, entry->d_name);
        }
    }
    if (processes)
        closedir(processes);
    free(own);
}

static bool no_permission(struct live_error *error, const char *path, int problem)
{
    struct stat info;
    const struct group *group = stat(path, &info) == 0 ? getgrgid(info.st_gid) : NULL;
    if (group && group->gr_gid != 0)
        return live_fail(error, CLI_NO_DEVICE,
                         "cannot open '%.80s': %s; join the group '%.30s' and log in again", path,
                         strerror(problem), group->gr_name);
    return live_fail(error, CLI_NO_DEVICE,
                     "cannot open '%.80s': %s; ask who runs this computer for access to its "
                     "camera",
                     path, strerror(problem));
}

bool camera_problem(struct live_error *error, const char *path, const char *doing, int problem)
{
    char holder[80];
    switch (problem) {
    case ENOENT:
        return live_fail(error, CLI_NO_DEVICE,
                         "there is no camera '%.80s'; plug it in, or pick one that "
                         "--list-cameras shows",
                         path);
    case EACCES:
    case EPERM:
        return no_permission(error, path, problem);
    case EBUSY:
        find_holder(holder, sizeof holder, path);
        return live_fail(error, CLI_NO_DEVICE,
                         "camera '%.80s' is in use%s; close what uses it and try again", path,
                         holder);
    case ENODEV:
    case ENXIO:
        return live_fail(error, CLI_NO_DEVICE,
                         "camera '%.80s' is gone; plug it in again and start anew", path);
    case ENOTTY:
        return live_fail(error, CLI_NO_DEVICE,
                         "'%.80s' is not a camera; --list-cameras shows the cameras", path);
    case ENOTSUP:
        return live_fail(error, CLI_NO_DEVICE,
                         "'%.80s' takes no pictures, as it is another part of a camera; "
                         "--list-cameras shows the cameras",
                         path);
    default:
        return live_fail(error, CLI_NO_DEVICE,
                         "cannot %s camera '%.80s': %s; unplug it, plug it in and try again", doing,
                         path, strerror(problem));
    }
}
