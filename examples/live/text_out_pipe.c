/* SPDX-License-Identifier: MIT */
/* Text into a named pipe or a command. See text_out.h. Both are written without waiting; what the
 * other side has no room for yet waits here, where deleting still takes it back. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/cli.h"
#include "live/text_out_kind.h"

enum { ROOM = 65536, PATIENCE_MS = 2000, STEP_MS = 10 };

struct pipe_out {
    int fd;      /* -1: a FIFO that nobody reads */
    char *path;  /* of the FIFO */
    bool made;   /* the FIFO is ours to remove */
    pid_t child; /* of exec:, 0 otherwise */
    int status;  /* of the child, once it has ended */
    size_t waiting;
    char text[ROOM];
};

/* ---- Both ---- */

/* @return 0, EAGAIN when there is no room, or the errno. */
static int push(struct pipe_out *p)
{
    while (p->waiting > 0 && p->fd >= 0) {
        const ssize_t written = write(p->fd, p->text, p->waiting);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno;
        p->waiting -= (size_t)written;
        memmove(p->text, p->text + written, p->waiting);
    }
    return 0;
}

/* Give the other side up to PATIENCE_MS to take what waits. */
static void push_all(struct pipe_out *p)
{
    struct pollfd out = {.fd = p->fd, .events = POLLOUT};
    for (int waited = 0; push(p) == EAGAIN && waited < PATIENCE_MS; waited += STEP_MS)
        poll(&out, 1, STEP_MS);
}

static bool keep(live_text *text, const char *utf8, size_t bytes, struct live_error *error)
{
    struct pipe_out *p = text->state;
    if (bytes > ROOM - p->waiting)
        return live_fail(error, CLI_FAILED,
                         "cannot write text to '%s': nobody has read the last %d bytes",
                         text->target, ROOM);
    memcpy(p->text + p->waiting, utf8, bytes);
    p->waiting += bytes;
    return text->kind->poll(text, error);
}

static bool take_back(live_text *text, int32_t count, struct live_error *error)
{
    struct pipe_out *p = text->state;
    for (; count > 0; count--) {
        /* A deletion that waits cannot be deleted. */
        if (p->waiting == 0 || p->text[p->waiting - 1] == '\b') {
            if (!keep(text, "\b", 1, error))
                return false;
            continue;
        }
        while (p->waiting > 0 && (p->text[--p->waiting] & 0xC0) == 0x80)
            continue;
    }
    return true;
}

static void release(struct pipe_out *p)
{
    if (p->fd >= 0)
        close(p->fd);
    free(p->path);
    free(p);
}

/* ---- A named pipe ---- */

static bool poll_fifo(live_text *text, struct live_error *error)
{
    struct pipe_out *p = text->state;
    if (p->fd < 0)
        p->fd = open(p->path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (p->fd < 0)
        return errno == ENXIO || errno == EINTR || text_fail(text, errno, error);
    const int problem = push(p);
    if (problem == EPIPE) {
        /* The reader left; the next one gets what follows. */
        close(p->fd);
        p->fd = -1;
        return true;
    }
    return problem == 0 || problem == EAGAIN || text_fail(text, problem, error);
}

static const char *fifo_status(const live_text *text)
{
    const struct pipe_out *p = text->state;
    return p->fd < 0 ? "nobody reads the pipe" : p->waiting > 0 ? "the pipe is full" : NULL;
}

static bool close_fifo(live_text *text, bool ok, struct live_error *error)
{
    struct pipe_out *p = text->state;
    if (ok && text->wrote && p->fd >= 0 && p->waiting < ROOM) {
        p->text[p->waiting++] = '\n';
        push_all(p);
    }
    if (p->made)
        unlink(p->path);
    if (ok && p->waiting > 0)
        ok = live_fail(error, CLI_FAILED, "text for '%s' was never read", text->target);
    release(p);
    return ok;
}

static const struct text_kind fifo_kind = {.append = keep,
                                           .erase = take_back,
                                           .poll = poll_fifo,
                                           .status = fifo_status,
                                           .close = close_fifo};

bool text_open_fifo(live_text *text, const char *path, struct live_error *error)
{
    struct stat info;
    const bool made = mkfifo(path, 0600) == 0;
    if (!made && errno != EEXIST)
        return text_fail(text, errno, error);
    if (stat(path, &info) != 0 || !S_ISFIFO(info.st_mode))
        return live_fail(error, CLI_FAILED, "cannot write text to '%s': it is not a named pipe",
                         path);
    struct pipe_out *p = cli_alloc(1, sizeof *p);
    p->fd = -1;
    p->path = cli_format("%s", path);
    p->made = made;
    text->kind = &fifo_kind;
    text->state = p;
    if (poll_fifo(text, error))
        return true;
    close_fifo(text, false, NULL);
    return false;
}

/* ---- A command ---- */

/* Its end, told once. */
static bool child_ended(const live_text *text, struct live_error *error)
{
    const struct pipe_out *p = text->state;
    const char *command = text->target + strlen("exec:");
    if (WIFSIGNALED(p->status))
        return live_fail(error, CLI_FAILED, "'%s' was ended by signal %d (%s)", command,
                         WTERMSIG(p->status), strsignal(WTERMSIG(p->status)));
    if (WEXITSTATUS(p->status) == 127)
        return live_fail(error, CLI_FAILED, "'%s' was not found (status 127)", command);
    return live_fail(error, CLI_FAILED, "'%s' ended with status %d", command,
                     WEXITSTATUS(p->status));
}

static bool has_ended(struct pipe_out *p)
{
    if (p->child > 0 && waitpid(p->child, &p->status, WNOHANG) == p->child)
        p->child = 0;
    return p->child == 0;
}

static bool poll_exec(live_text *text, struct live_error *error)
{
    struct pipe_out *p = text->state;
    const int problem = push(p);
    if (has_ended(p))
        return child_ended(text, error);
    /* EPIPE: it closed its input, or is about to end; the next look tells. */
    return problem == 0 || problem == EAGAIN || problem == EPIPE || text_fail(text, problem, error);
}

static bool ends_within(struct pipe_out *p, int milliseconds)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000};
    for (int waited = 0; !has_ended(p) && waited < milliseconds; waited += STEP_MS)
        nanosleep(&step, NULL);
    return p->child == 0;
}

static bool close_exec(live_text *text, bool ok, struct live_error *error)
{
    struct pipe_out *p = text->state;
    if (ok && text->wrote && p->waiting < ROOM)
        p->text[p->waiting++] = '\n';
    push_all(p);
    close(p->fd);
    p->fd = -1;
    /* Its whole group, for the command may be a pipeline. */
    const pid_t group = p->child;
    if (!ends_within(p, PATIENCE_MS)) {
        kill(-group, SIGTERM);
        if (!ends_within(p, PATIENCE_MS)) {
            kill(-group, SIGKILL);
            waitpid(group, &p->status, 0);
        }
        if (ok)
            ok = live_fail(error, CLI_FAILED, "'%s' did not end with its input and was stopped",
                           text->target + strlen("exec:"));
    } else if (ok && p->status != 0) {
        ok = child_ended(text, error);
    }
    release(p);
    return ok;
}

static const struct text_kind exec_kind = {
    .append = keep, .erase = take_back, .poll = poll_exec, .close = close_exec};

/* In a group of its own: Ctrl-C is for us, and the command ends when its input does. */
static int spawn(pid_t *child, const char *command, int input)
{
    const char *const arguments[] = {"sh", "-c", command, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t defaults, none;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGXFSZ);
    sigaddset(&defaults, SIGINT);
    sigaddset(&defaults, SIGTERM);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETSIGMASK);
    /* posix_spawn() takes the strings as if it changed them; it does not. */
    const int problem = posix_spawn(child, "/bin/sh", &files, &attributes,
                                    (char *const *)(uintptr_t)arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return problem;
}

bool text_open_exec(live_text *text, const char *command, struct live_error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return text_fail(text, errno, error);
    struct pipe_out *p = cli_alloc(1, sizeof *p);
    int problem = spawn(&p->child, command, ends[0]);
    close(ends[0]);
    p->fd = ends[1];
    if (problem == 0 && fcntl(p->fd, F_SETFL, O_NONBLOCK) != 0)
        problem = errno;
    text->kind = &exec_kind;
    text->state = p;
    if (problem == 0)
        return true;
    release(p);
    return text_fail(text, problem, error);
}
