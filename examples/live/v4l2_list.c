/* SPDX-License-Identifier: MIT */
/* Which cameras there are: finding one by number or name, and --list-cameras. See v4l2_device.h. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/files.h"
#include "common/json.h"
#include "live/source_kind.h"
#include "live/v4l2_device.h"

#define NODE "video"

int device_ioctl(int fd, unsigned long request, void *argument)
{
    int result;
    do {
        result = ioctl(fd, request, argument);
    } while (result != 0 && errno == EINTR);
    return result;
}

int device_open(struct device_info *info, const char *path)
{
    struct v4l2_capability capability = {0};
    const int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    int problem = 0;

    if (fd < 0)
        return -1;
    if (device_ioctl(fd, VIDIOC_QUERYCAP, &capability) != 0)
        problem = errno == EINVAL ? ENOTTY : errno;
    /* A camera has several nodes; what each of them does is in device_caps. */
    const uint32_t all = capability.capabilities;
    const uint32_t can = all & V4L2_CAP_DEVICE_CAPS ? capability.device_caps : all;
    if (problem == 0 && (!(can & V4L2_CAP_VIDEO_CAPTURE) || !(can & V4L2_CAP_STREAMING)))
        problem = ENOTSUP;
    if (problem != 0) {
        close(fd);
        errno = problem;
        return -1;
    }
    snprintf(info->name, sizeof info->name, "%.32s", (const char *)capability.card);
    snprintf(info->bus, sizeof info->bus, "%.32s", (const char *)capability.bus_info);
    return fd;
}

/* ---- The nodes of a folder ---- */

static int is_node(const struct dirent *entry)
{
    const char *digits = entry->d_name + strlen(NODE);
    return strncmp(entry->d_name, NODE, strlen(NODE)) == 0 && *digits &&
           digits[strspn(digits, "0123456789")] == '\0';
}

static int by_number(const struct dirent **a, const struct dirent **b)
{
    return strverscmp((*a)->d_name, (*b)->d_name);
}

struct node {
    char *path;
    struct device_info info;
    int problem; /* why it cannot be used, or 0 */
};

/* All cameras, also those that cannot be opened now; parts that take no pictures are left out. */
static size_t find_nodes(struct node **nodes, const char *folder)
{
    struct dirent **entries = NULL;
    const int found = scandir(folder, &entries, is_node, by_number);
    size_t count = 0;

    *nodes = cli_alloc(found > 0 ? (size_t)found : 1, sizeof **nodes);
    for (int i = 0; i < found; i++) {
        struct node *node = &(*nodes)[count];
        node->path = files_join(folder, entries[i]->d_name);
        const int fd = device_open(&node->info, node->path);
        node->problem = fd < 0 ? errno : 0;
        if (fd >= 0)
            close(fd);
        if (node->problem == ENOTTY || node->problem == ENOTSUP) {
            free(node->path);
            memset(node, 0, sizeof *node);
        } else {
            count++;
        }
        free(entries[i]);
    }
    free(entries);
    return count;
}

static void free_nodes(struct node *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(nodes[i].path);
    free(nodes);
}

/* ---- By name ---- */

bool source_is_camera(const char *path, const struct live_options *options)
{
    struct stat info;
    const char *name = strrchr(path, '/');
    struct dirent entry = {0};

    if (!name)
        return false;
    if (stat(path, &info) == 0 && S_ISCHR(info.st_mode))
        return true;
    snprintf(entry.d_name, sizeof entry.d_name, "%.200s", name + 1);
    const size_t length = (size_t)(name - path);
    return strlen(options->camera_folder) == length &&
           strncmp(path, options->camera_folder, length) == 0 && is_node(&entry);
}

/* The only node whose name holds `name`; one whose name is just that comes first. */
static const struct node *match(const struct node *nodes, size_t count, const char *name,
                                struct live_error *error)
{
    const struct node *found = NULL;
    size_t matches = 0;

    for (size_t i = 0; i < count; i++)
        if (strcasecmp(nodes[i].info.name, name) == 0)
            return &nodes[i];
    for (size_t i = 0; i < count; i++) {
        if (!strcasestr(nodes[i].info.name, name))
            continue;
        found = found ? found : &nodes[i];
        matches++;
    }
    if (matches > 1)
        live_fail(error, CLI_USAGE,
                  "'%.60s' could be any of %zu cameras; say more of its name, or its number as "
                  "--list-cameras shows it",
                  name, matches);
    return matches == 1 ? found : NULL;
}

char *source_find_camera(const char *name, const struct live_options *options,
                         struct live_error *error)
{
    if (name && name[strspn(name, "0123456789")] == '\0')
        return cli_format("%s/%s%.20s", options->camera_folder, NODE, name);
    struct node *nodes = NULL;
    const size_t count = find_nodes(&nodes, options->camera_folder);
    const struct node *found = NULL;

    if (name)
        found = match(nodes, count, name, error);
    else if (count > 0)
        found = &nodes[0];
    else
        live_fail(error, CLI_NO_DEVICE,
                  "there is no camera in %.60s; plug one in, or name a video file, a folder of "
                  "pictures or synth:TEXT",
                  options->camera_folder);
    char *path = found ? cli_format("%s", found->path) : NULL;
    free_nodes(nodes, count);
    return path;
}

/* ---- --list-cameras ---- */

static json_t *describe_mode(const struct device_mode *mode)
{
    char text[6];
    json_t *entry = json_object();
    json_put(entry, "format", json_text(device_format_name(mode->fourcc, text)));
    json_put(entry, "width", json_integer(mode->width));
    json_put(entry, "height", json_integer(mode->height));
    json_put(entry, "fps", mode->fps > 0.0 ? json_number(mode->fps) : json_null());
    return entry;
}

static void print_modes(const struct device_mode *modes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[6];
        const bool first = i == 0 || modes[i].fourcc != modes[i - 1].fourcc;
        if (first)
            printf("%s    %-5s", i == 0 ? "" : "\n", device_format_name(modes[i].fourcc, text));
        printf("%s %dx%d", first ? "" : ",", (int)modes[i].width, (int)modes[i].height);
        if (modes[i].fps > 0.0)
            printf(" %.0f/s", modes[i].fps);
    }
    if (count > 0)
        printf("\n");
}

static void list_one(json_t *cameras, const struct node *node, const struct live_options *options)
{
    struct device_mode *modes = NULL;
    struct device_info info;
    const int fd = node->problem ? -1 : device_open(&info, node->path);
    const size_t count = fd < 0 ? 0 : device_modes(&modes, fd, options);

    if (fd >= 0)
        close(fd);
    if (cameras) {
        json_t *entry = json_object(), *list = json_array();
        json_put(entry, "path", json_text(node->path));
        json_put(entry, "name", json_text(node->info.name));
        json_put(entry, "bus", json_text(node->info.bus));
        if (node->problem)
            json_put(entry, "problem", json_text(strerror(node->problem)));
        for (size_t i = 0; i < count; i++)
            json_add(list, describe_mode(&modes[i]));
        json_put(entry, "modes", list);
        json_add(cameras, entry);
    } else if (node->problem) {
        printf("%s  (%s)\n", node->path, strerror(node->problem));
    } else {
        printf("%s  %s\n", node->path, node->info.name);
        print_modes(modes, count);
    }
    free(modes);
}

int live_list_cameras(const char *folder, bool json)
{
    struct node *nodes = NULL;
    struct live_options options;
    json_t *cameras = json ? json_array() : NULL;

    live_options_init(&options);
    if (folder)
        options.camera_folder = folder;
    const size_t count = find_nodes(&nodes, options.camera_folder);
    for (size_t i = 0; i < count; i++)
        list_one(cameras, &nodes[i], &options);
    if (json) {
        json_t *document = json_document();
        json_put(document, "cameras", cameras);
        json_print(document);
    }
    free_nodes(nodes, count);
    if (count == 0)
        cli_error("there is no camera in %s", options.camera_folder);
    return count > 0 ? CLI_OK : CLI_NO_DEVICE;
}
