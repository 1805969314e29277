/* SPDX-License-Identifier: MIT */
/* Files and folders. See files.h. */
#include "common/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cli.h"

char *files_join(const char *folder, const char *name)
{
    const size_t length = strlen(folder);
    const bool slash = length > 0 && folder[length - 1] != '/';
    return cli_format("%s%s%s", folder, slash ? "/" : "", name);
}

char *files_base_name(const char *path)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    size_t begin = end;
    while (begin > 0 && path[begin - 1] != '/')
        begin--;
    return cli_format("%.*s", (int)(end - begin), path + begin);
}

bool files_exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

bool files_is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool files_is_empty_folder(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder)
        return errno == ENOENT;
    bool empty = true;
    for (struct dirent *entry; empty && (entry = readdir(folder));)
        empty = entry->d_name[0] == '.';
    closedir(folder);
    return empty;
}

int files_make_folder(const char *path)
{
    char *copy = cli_format("%s", path);
    int code = CLI_OK;
    for (char *end = copy; *end;) {
        end += strspn(end, "/");
        end += strcspn(end, "/");
        const char saved = *end;
        *end = '\0';
        const bool made = mkdir(copy, 0777) == 0 || errno == EEXIST || errno == EISDIR;
        *end = saved;
        if (!made || (!saved && !files_is_folder(copy))) {
            cli_error("cannot make the folder '%s': %s", path,
                      made ? "a file is in the way" : strerror(errno));
            code = CLI_FAILED;
            break;
        }
    }
    free(copy);
    return code;
}

int files_check_output(const char *path, bool force)
{
    if (force || !files_exists(path))
        return CLI_OK;
    cli_error("'%s' is already there; use --force to replace it", path);
    return CLI_FAILED;
}

int files_check_folder(const char *folder, const char *mark)
{
    char *path = files_join(folder, mark);
    int code = CLI_FAILED;
    if (files_exists(folder) && !files_is_folder(folder))
        cli_error("'%s' is a file; choose another name for the folder", folder);
    else if (!files_is_empty_folder(folder) && !files_exists(path))
        cli_error("'%s' holds something else; choose a new folder", folder);
    else
        code = CLI_OK;
    free(path);
    return code;
}

int files_remove(const char *path)
{
    if (unlink(path) == 0 || errno == ENOENT)
        return CLI_OK;
    cli_error("cannot remove '%s': %s", path, strerror(errno));
    return CLI_FAILED;
}

int files_remove_ending(const char *folder, const char *ending)
{
    int code = CLI_OK;
    DIR *listing = opendir(folder);
    for (struct dirent *entry; listing && code == CLI_OK && (entry = readdir(listing));) {
        const size_t length = strlen(entry->d_name), end = strlen(ending);
        if (length <= end || strcmp(entry->d_name + length - end, ending) != 0)
            continue;
        char *path = files_join(folder, entry->d_name);
        code = files_remove(path);
        free(path);
    }
    if (listing)
        closedir(listing);
    return code;
}

static bool write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        const ssize_t written = write(fd, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        data += written;
        size -= (size_t)written;
    }
    return true;
}

/* Whether `name` is BASE.PID.tmp of a process that is no more. */
static bool is_left_over(const char *name, const char *base)
{
    const size_t length = strlen(base);
    if (strncmp(name, base, length) != 0 || name[length] != '.')
        return false;
    char *end = NULL;
    const long pid = strtol(name + length + 1, &end, 10);
    return pid > 1 && strcmp(end, ".tmp") == 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

/* Removes what others left behind when they were killed while they wrote the same file. */
static void sweep(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    char *folder = slash ? cli_format("%.*s", (int)(base - path), path) : cli_format(".");
    DIR *stream = opendir(folder);
    for (struct dirent *entry; stream && (entry = readdir(stream));)
        if (is_left_over(entry->d_name, base))
            unlinkat(dirfd(stream), entry->d_name, 0);
    if (stream)
        closedir(stream);
    free(folder);
}

int files_write(const char *path, const void *data, size_t size)
{
    sweep(path);
    char *temporary = cli_format("%s.%ld.tmp", path, (long)getpid());
    const int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool ok = fd >= 0 && write_all(fd, data, size) && fsync(fd) == 0;
    int problem = errno;
    if (fd >= 0 && close(fd) != 0 && ok) {
        ok = false;
        problem = errno;
    }
    if (ok && rename(temporary, path) != 0) {
        ok = false;
        problem = errno;
    }
    if (!ok) {
        if (fd >= 0)
            unlink(temporary);
        cli_error("cannot write '%s': %s", path, strerror(problem));
    }
    free(temporary);
    return ok ? CLI_OK : CLI_FAILED;
}

int files_write_text(const char *path, const char *text)
{
    return files_write(path, text, strlen(text));
}

int files_write_in(const char *folder, const char *name, const char *text)
{
    char *path = files_join(folder, name);
    const int code = files_write_text(path, text);
    free(path);
    return code;
}

int files_text_start(files_text *text)
{
    *text = (files_text){0};
    text->to = open_memstream(&text->text, &text->size);
    if (text->to)
        return CLI_OK;
    cli_error("out of memory");
    return CLI_FAILED;
}

int files_text_save(files_text *text, const char *folder, const char *name)
{
    int code = CLI_FAILED;
    if (fclose(text->to) == 0)
        code = files_write_in(folder, name, text->text);
    else
        cli_error("out of memory");
    free(text->text);
    return code;
}

int files_read(char **data, size_t *size, const char *path, size_t limit)
{
    *data = NULL;
    *size = 0;
    const bool standard_input = strcmp(path, "-") == 0;
    FILE *file = standard_input ? stdin : fopen(path, "rbe");
    if (!file) {
        cli_error("cannot open '%s': %s", path, strerror(errno));
        return CLI_BAD_INPUT;
    }
    size_t capacity = 0, length = 0;
    char *buffer = NULL;
    do {
        capacity = capacity ? 2 * capacity : 65536;
        char *larger = realloc(buffer, capacity + 1);
        if (!larger) {
            cli_error("out of memory");
            exit(CLI_FAILED);
        }
        buffer = larger;
        length += fread(buffer + length, 1, capacity - length, file);
    } while (length == capacity && length <= limit);
    const bool failed = ferror(file) != 0;
    const int problem = errno;
    if (!standard_input)
        fclose(file);
    if (failed || length > limit) {
        const char *name = standard_input ? "standard input" : path;
        if (failed)
            cli_error("cannot read '%s': %s", name, strerror(problem));
        else
            cli_error("'%s' is larger than %zu bytes", name, limit);
        free(buffer);
        return CLI_BAD_INPUT;
    }
    buffer[length] = '\0';
    *data = buffer;
    *size = length;
    return CLI_OK;
}

void files_print_csv(FILE *out, const char *field)
{
    const char first = field[strspn(field, "'")];
    const char *guard = first && strchr("=+-@\t\r", first) ? "'" : "";
    if (!field[strcspn(field, ",\"\r\n")]) {
        fprintf(out, "%s%s", guard, field);
        return;
    }
    fprintf(out, "\"%s", guard);
    for (; *field; field++) {
        if (*field == '"')
            fputc('"', out);
        fputc(*field, out);
    }
    fputc('"', out);
}

void files_print_tenths(FILE *out, float value)
{
    const long tenths = lrintf(value * 10.0f);
    fprintf(out, ",%s%ld.%ld", tenths < 0 ? "-" : "", labs(tenths) / 10, labs(tenths) % 10);
}
