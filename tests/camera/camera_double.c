/* SPDX-License-Identifier: MIT */
/* Puts a camera double on files, through FUSE: FOLDER/video0 is the camera, and FOLDER/video1 its
 * metadata node, as webcams have one. With --second, FOLDER/video2 is another camera by name.
 *
 * Each of these is a real file to the kernel, so that the code under test opens it, maps it and
 * waits for it like a device. Two limits: calls whose argument holds pointers cannot be answered,
 * and the files are not character devices. */
#define FUSE_USE_VERSION 35

#include <errno.h>
#include <fuse_lowlevel.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/cli.h"
#include "double.h"

enum { INODE_CAMERA = 2, INODE_METADATA, INODE_SECOND, INODES };

static const char *const names[INODES] = {
    [INODE_CAMERA] = "video0", [INODE_METADATA] = "video1", [INODE_SECOND] = "video2"};

/* One for the process, as FUSE's callbacks come by it. */
static struct {
    struct camera_double camera;
    struct camera_double second; /* only answers; has no name when there is none */
    int32_t open_error;
    struct fuse_session *session;
    struct fuse_pollhandle *waiting; /* whoever polls is told when something happens */
    uint64_t openers;
    bool ending;
    pthread_t main_thread;
} state = {.camera.lock = PTHREAD_MUTEX_INITIALIZER};

static void lock(void)
{
    pthread_mutex_lock(&state.camera.lock);
}

static void unlock(void)
{
    pthread_mutex_unlock(&state.camera.lock);
}

static bool present(fuse_ino_t inode)
{
    return inode >= INODE_CAMERA && inode < INODES && (inode != INODE_SECOND || state.second.name);
}

/* ---- Files ---- */

static void describe(struct stat *info, fuse_ino_t inode)
{
    memset(info, 0, sizeof *info);
    info->st_ino = inode;
    info->st_nlink = 1;
    info->st_mode = inode == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0666;
    /* What is mapped must lie within the file. */
    info->st_size = inode == FUSE_ROOT_ID ? 0 : DOUBLE_BUFFERS * DOUBLE_SLOT;
}

static void on_getattr(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    struct stat info;
    (void)file;
    describe(&info, inode);
    fuse_reply_attr(request, &info, 1000.0);
}

static void on_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    struct fuse_entry_param entry = {.attr_timeout = 1000.0, .entry_timeout = 1000.0};
    (void)parent;
    for (fuse_ino_t inode = INODE_CAMERA; inode < INODES; inode++) {
        if (present(inode) && strcmp(name, names[inode]) == 0) {
            entry.ino = inode;
            describe(&entry.attr, inode);
            fuse_reply_entry(request, &entry);
            return;
        }
    }
    fuse_reply_err(request, ENOENT);
}

static void on_readdir(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
                       struct fuse_file_info *file)
{
    char list[512];
    size_t used = 0;
    (void)inode;
    (void)file;
    for (fuse_ino_t i = INODE_CAMERA; i < INODES; i++) {
        struct stat info;
        if (!present(i) || (off_t)i <= offset)
            continue;
        describe(&info, i);
        used +=
            fuse_add_direntry(request, list + used, sizeof list - used, names[i], &info, (off_t)i);
    }
    fuse_reply_buf(request, list, used < size ? used : size);
}

static void on_open(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    lock();
    const int problem = state.camera.unplugged ? ENODEV : state.open_error;
    file->fh = ++state.openers;
    unlock();
    if (problem) {
        fuse_reply_err(request, problem);
        return;
    }
    /* Not direct_io, so that it can be mapped. */
    file->keep_cache = 1;
    file->nonseekable = 1;
    if (inode == INODE_CAMERA)
        printf("open\n");
    fuse_reply_open(request, file);
}

static void on_release(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    lock();
    if (inode == INODE_CAMERA) {
        double_release(&state.camera, file->fh);
        printf("close\n");
    }
    unlock();
    fuse_reply_err(request, 0);
}

/* Pages of a mapping that have not been pushed yet. */
static void on_read(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
                    struct fuse_file_info *file)
{
    const size_t all = (size_t)DOUBLE_BUFFERS * DOUBLE_SLOT, from = (size_t)offset;
    (void)inode;
    (void)file;
    if (from >= all)
        fuse_reply_buf(request, NULL, 0);
    else
        fuse_reply_buf(request, (const char *)state.camera.memory + from,
                       size < all - from ? size : all - from);
}

/* ---- Device calls ---- */

static void on_ioctl(fuse_req_t request, fuse_ino_t inode, unsigned int command, void *argument,
                     struct fuse_file_info *file, unsigned flags, const void *in, size_t in_size,
                     size_t out_size)
{
    _Alignas(16) unsigned char copy[512] = {0};
    (void)argument;
    (void)flags;
    if (in_size > sizeof copy || out_size > sizeof copy) {
        fuse_reply_err(request, ENOTTY);
        return;
    }
    if (in_size)
        memcpy(copy, in, in_size);
    lock();
    struct camera_double *camera = inode == INODE_SECOND ? &state.second : &state.camera;
    const int problem = double_ioctl(camera, command, copy, file->fh, inode == INODE_METADATA);
    unlock();
    if (problem)
        fuse_reply_err(request, problem);
    else
        fuse_reply_ioctl(request, 0, copy, out_size);
}

static void on_poll(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file,
                    struct fuse_pollhandle *handle)
{
    (void)file;
    lock();
    const unsigned events = inode == INODE_CAMERA ? double_poll(&state.camera) : POLLERR;
    struct fuse_pollhandle *old = NULL;
    if (handle) {
        old = state.waiting;
        state.waiting = handle;
    }
    unlock();
    if (old)
        fuse_pollhandle_destroy(old);
    fuse_reply_poll(request, events);
}

/* ---- Frames ---- */

static void tell_waiting(void)
{
    lock();
    struct fuse_pollhandle *handle = state.waiting;
    state.waiting = NULL;
    unlock();
    if (handle) {
        fuse_lowlevel_notify_poll(handle);
        fuse_pollhandle_destroy(handle);
    }
}

/* Bytes go into the reader's mapping without the lock, since the kernel may ask for others. */
static void push(int buffer)
{
    const off_t offset = (off_t)buffer * DOUBLE_SLOT;
    struct fuse_bufvec vector = FUSE_BUFVEC_INIT(DOUBLE_SLOT);
    vector.buf[0].mem = state.camera.memory + offset;
    fuse_lowlevel_notify_store(state.session, INODE_CAMERA, offset, &vector, 0);
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Sleep until the frame after the one of time `last` is due. @return its time */
static int64_t wait_for_next(int64_t last)
{
    const int64_t now = now_ns(), due = last + (int64_t)(1e9 / state.camera.fps);
    const struct timespec wait = {.tv_sec = (due - now) / 1000000000,
                                  .tv_nsec = (due - now) % 1000000000};
    if (due <= now)
        return now;
    nanosleep(&wait, NULL);
    return due;
}

/* The picture of the next frame, if that will be like this one. */
static void draw_ahead(void)
{
    lock();
    const uint32_t fourcc = state.camera.fourcc;
    const uint32_t width = state.camera.width, height = state.camera.height;
    unlock();
    double_draw(&state.camera, fourcc, width, height);
}

static void *run_frames(void *unused)
{
    int64_t time = now_ns();
    (void)unused;
    while (!state.ending) {
        time = wait_for_next(time);
        /* The loop may have begun to wait for a request just after it was told to end. */
        if (fuse_session_exited(state.session))
            pthread_kill(state.main_thread, SIGTERM);
        lock();
        const int buffer = double_expose(&state.camera);
        unlock();
        if (buffer >= 0) {
            push(buffer);
            lock();
            double_finish(&state.camera, buffer);
            unlock();
        }
        tell_waiting();
        if (buffer >= 0)
            draw_ahead();
    }
    return NULL;
}

/* ---- Start ---- */

static int serve(const char *folder)
{
    static const struct fuse_lowlevel_ops calls = {.lookup = on_lookup,
                                                   .getattr = on_getattr,
                                                   .readdir = on_readdir,
                                                   .open = on_open,
                                                   .release = on_release,
                                                   .read = on_read,
                                                   .ioctl = on_ioctl,
                                                   .poll = on_poll};
    char program[] = "camera_double";
    char *words[] = {program, NULL};
    struct fuse_args arguments = FUSE_ARGS_INIT(1, words);
    pthread_t thread;
    sigset_t all, before;
    int code = CLI_FAILED;

    state.session = fuse_session_new(&arguments, &calls, sizeof calls, NULL);
    if (!state.session)
        return CLI_FAILED;
    if (fuse_set_signal_handlers(state.session) == 0 &&
        fuse_session_mount(state.session, folder) == 0) {
        /* Signals are for the thread that waits for requests. */
        sigfillset(&all);
        state.main_thread = pthread_self();
        pthread_sigmask(SIG_BLOCK, &all, &before);
        const bool started = pthread_create(&thread, NULL, run_frames, NULL) == 0;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (started) {
            printf("ready\n");
            code = fuse_session_loop(state.session) < 0 ? CLI_FAILED : CLI_OK;
            state.ending = true;
            pthread_join(thread, NULL);
        }
        fuse_session_unmount(state.session);
    }
    fuse_remove_signal_handlers(state.session);
    fuse_session_destroy(state.session);
    return code;
}

static bool set_formats(struct camera_double *camera, const char *list)
{
    for (; camera->format_count < DOUBLE_FORMATS && strlen(list) >= 4; list += 4) {
        camera->formats[camera->format_count++] = v4l2_fourcc(list[0], list[1], list[2], list[3]);
        list += list[4] == ',';
    }
    return camera->format_count > 0 && *list == '\0';
}

/* A hand that spells, a frame of it for each of the camera's. */
static bool open_scene(struct camera_double *camera, const char *text)
{
    struct live_options options;
    struct live_error error = {0};
    char *spec = cli_format("synth:%s", text);
    const char *const specs[] = {spec};
    live_options_init(&options);
    options.fast = true;
    options.fps = camera->fps;
    const bool good = live_source_open(&camera->scene, specs, 1, &options, &error);
    if (!good)
        cli_error("%s", error.message);
    free(spec);
    return good;
}

int main(int argc, char **argv)
{
    struct camera_double *camera = &state.camera;
    const char *formats = "YUYV,MJPG", *text = NULL;
    uint64_t seed = 1;
    camera->name = "Double Cam";
    camera->fps = 60.0;
    const cli_option options[] = {
        CLI_TEXT(0, "name", "TEXT", &camera->name, "what the camera calls itself"),
        CLI_TEXT(0, "second", "TEXT", &state.second.name, "a second camera of this name"),
        CLI_TEXT(0, "spell", "TEXT", &text, "see a drawn hand that spells, as synth:TEXT does"),
        CLI_TEXT(0, "formats", "LIST", &formats, "of YUYV, MJPG and NV12"),
        CLI_REAL(0, "fps", "N", &camera->fps, 1, 1000, "frames a second"),
        CLI_INT(0, "chaos", "N", &camera->chaos, 2, 100000, "a random fault every N frames or so"),
        CLI_SEED(&seed),
        CLI_INT(0, "open-error", "ERRNO", &state.open_error, 0, 200, "opening it fails"),
    };
    const cli_program program = {.name = "camera_double",
                                 .arguments = "FOLDER [FAULT@FRAME[:COUNT|:WIDTHxHEIGHT]...]",
                                 .summary = "Play a camera with faults, on a file.",
                                 .options = options,
                                 .option_count = sizeof options / sizeof *options,
                                 .min_arguments = 1,
                                 .max_arguments = -1};
    char **arguments;
    const int count = cli_parse(&program, argc, argv, &arguments);

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!set_formats(camera, formats))
        return cli_usage_error("'%s' is no list of formats", formats);
    if (text && !open_scene(camera, text))
        return CLI_USAGE;
    for (int i = 1; i < count; i++)
        if (!double_add_fault(camera, arguments[i]))
            return cli_usage_error("there is no fault '%s'", arguments[i]);
    memcpy(state.second.formats, camera->formats, sizeof camera->formats);
    state.second.format_count = camera->format_count;
    state.second.fps = camera->fps;
    camera->chance = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    camera->fourcc = camera->formats[0];
    camera->width = 640;
    camera->height = 480;
    camera->memory = cli_alloc(DOUBLE_BUFFERS, DOUBLE_SLOT);
    camera->picture = cli_alloc(1, DOUBLE_SLOT);
    const int code = serve(arguments[0]);
    live_source_close(camera->scene);
    free(camera->picture);
    free(camera->memory);
    return code;
}
