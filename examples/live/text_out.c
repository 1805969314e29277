/* SPDX-License-Identifier: MIT */
/* The targets of text by name, and two of them: standard output and a file. See text_out.h. */
#include "live/text_out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cli.h"
#include "live/text_out_kind.h"

bool text_fail(const live_text *text, int problem, struct live_error *error)
{
    return live_fail(error, CLI_FAILED, "cannot write text to '%s': %s", text->target,
                     strerror(problem));
}

/* ---- Standard output ---- */

static bool flush(const live_text *text, struct live_error *error)
{
    return cli_flush() || text_fail(text, errno, error);
}

static bool print(live_text *text, const char *utf8, size_t bytes, struct live_error *error)
{
    fwrite(utf8, 1, bytes, stdout);
    return flush(text, error);
}

static bool print_erase(live_text *text, int32_t count, struct live_error *error)
{
    const bool terminal = isatty(STDOUT_FILENO);
    for (int32_t i = 0; i < count; i++)
        fputs(terminal ? "\b \b" : "\b", stdout);
    return flush(text, error);
}

static bool print_close(live_text *text, bool ok, struct live_error *error)
{
    if (!ok || !text->wrote)
        return true;
    putchar('\n');
    return flush(text, error);
}

static const struct text_kind stdout_kind = {
    .append = print, .erase = print_erase, .close = print_close};

/* ---- A file ---- */

struct file {
    int fd;
    off_t start, end; /* our text in the file */
};

static bool write_at_end(live_text *text, const char *data, size_t bytes, struct live_error *error)
{
    struct file *f = text->state;
    size_t done = 0;
    while (done < bytes) {
        const ssize_t written = pwrite(f->fd, data + done, bytes - done, f->end + (off_t)done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            const int problem = errno;
            /* Half a letter is none. */
            (void)!ftruncate(f->fd, f->end);
            return text_fail(text, problem, error);
        }
        done += (size_t)written;
    }
    f->end += (off_t)bytes;
    return true;
}

/* Where the last character begins. */
static off_t last_character(const struct file *f)
{
    off_t at = f->end;
    unsigned char byte = 0x80;
    while (at > f->start && (byte & 0xC0) == 0x80) {
        at--;
        if (pread(f->fd, &byte, 1, at) != 1)
            break;
    }
    return at;
}

static bool file_erase(live_text *text, int32_t count, struct live_error *error)
{
    struct file *f = text->state;
    for (int32_t i = 0; i < count && f->end > f->start; i++)
        f->end = last_character(f);
    return ftruncate(f->fd, f->end) == 0 || text_fail(text, errno, error);
}

static bool file_close(live_text *text, bool ok, struct live_error *error)
{
    struct file *f = text->state;
    if (ok && f->end > f->start)
        ok = write_at_end(text, "\n", 1, error);
    if (close(f->fd) != 0 && ok)
        ok = text_fail(text, errno, error);
    free(f);
    return ok;
}

static const struct text_kind file_kind = {
    .append = write_at_end, .erase = file_erase, .close = file_close};

bool text_open_file(live_text *text, const char *path, struct live_error *error)
{
    struct stat info;
    if (stat(path, &info) == 0 && S_ISFIFO(info.st_mode))
        return text_open_fifo(text, path, error);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return text_fail(text, errno, error);
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        return live_fail(error, CLI_FAILED, "cannot write text to '%s': it is not a plain file",
                         path);
    }
    struct file *f = cli_alloc(1, sizeof *f);
    *f = (struct file){.fd = fd, .start = info.st_size, .end = info.st_size};
    text->kind = &file_kind;
    text->state = f;
    return true;
}

/* ---- Any target ---- */

static bool open_target(live_text *text, const char *target, struct live_error *error)
{
    if (strcmp(target, "stdout") == 0) {
        text->kind = &stdout_kind;
        return true;
    }
    if (strcmp(target, "uinput") == 0)
        return text_open_keys(text, error);
    const bool is_fifo = strncmp(target, "fifo:", 5) == 0;
    const bool is_exec = strncmp(target, "exec:", 5) == 0;
    const char *rest = is_fifo || is_exec ? target + 5 : target;
    if (!*rest)
        return live_fail(error, CLI_USAGE,
                         "--text-to: '%s' is none of stdout, FILE, fifo:PATH, exec:CMD and uinput",
                         target);
    return is_fifo   ? text_open_fifo(text, rest, error)
           : is_exec ? text_open_exec(text, rest, error)
                     : text_open_file(text, rest, error);
}

bool live_text_open(live_text **out, const char *target, struct live_error *error)
{
    live_text *text = cli_alloc(1, sizeof *text);
    text->target = cli_format("%s", target);
    *out = NULL;
    if (open_target(text, target, error)) {
        *out = text;
        return true;
    }
    free(text->target);
    free(text);
    return false;
}

bool live_text_append(live_text *text, const char *utf8, struct live_error *error)
{
    if (text->paused || !*utf8)
        return true;
    text->wrote = true;
    text->failed = !text->kind->append(text, utf8, strlen(utf8), error);
    return !text->failed;
}

bool live_text_delete(live_text *text, int32_t count, struct live_error *error)
{
    if (text->paused || count <= 0)
        return true;
    text->failed = !text->kind->erase(text, count, error);
    return !text->failed;
}

bool live_text_poll(live_text *text, struct live_error *error)
{
    if (text->failed || !text->kind->poll)
        return true;
    text->failed = !text->kind->poll(text, error);
    return !text->failed;
}

void live_text_pause(live_text *text, bool paused)
{
    text->paused = paused;
}

bool live_text_is_paused(const live_text *text)
{
    return text->paused;
}

const char *live_text_status(const live_text *text)
{
    if (text->paused)
        return "typing is off";
    return text->kind->status ? text->kind->status(text) : NULL;
}

bool live_text_close(live_text *text, struct live_error *error)
{
    if (!text)
        return true;
    const bool told = text->failed;
    const bool ok = text->kind->close(text, !told, error);
    free(text->target);
    free(text);
    return ok || told;
}
