/* SPDX-License-Identifier: MIT */
/* See host.h. */
#include "embed/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SKIPPED = 77, REPORT = 200 };

static const char *const outputs[] = {"output.txt", "errors.txt"};

static void report(const char *before, const char *format, va_list arguments)
{
    char text[1024];
    const int used = snprintf(text, sizeof text, "%s", before);
    vsnprintf(text + used, sizeof text - (size_t)used, format, arguments);
    const size_t size = strlen(text);
    text[size < sizeof text - 1 ? size : size - 1] = '\n';
    if (write(REPORT, text, size < sizeof text - 1 ? size + 1 : size) < 0)
        _exit(1);
}

void note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report("", format, arguments);
    va_end(arguments);
}

void skip(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report("SKIPPED: ", format, arguments);
    va_end(arguments);
    _exit(SKIPPED);
}

void fail(const char *file, int line, const char *format, ...)
{
    char place[256];
    va_list arguments;
    snprintf(place, sizeof place, "%s:%d: ", file, line);
    va_start(arguments, format);
    report(place, format, arguments);
    va_end(arguments);
    _exit(1);
}

int host_count(const char *folder)
{
    DIR *entries = opendir(folder);
    int count = 0;
    REQUIRE(entries != NULL, "cannot list '%s': %s", folder, strerror(errno));
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(entries);
    return count;
}

bool host_settles(int threads)
{
    const struct timespec pause = {0, 5000000};
    for (int i = 0; i < 200 && host_count("/proc/self/task") != threads; i++)
        nanosleep(&pause, NULL);
    return host_count("/proc/self/task") == threads;
}

void host_wait(int child, const char *what)
{
    const struct timespec pause = {0, 2000000};
    int status = 0, done = 0;
    REQUIRE(child > 0, "%s: cannot fork: %s", what, strerror(errno));
    for (int i = 0; i < 10000 && done == 0; i++) {
        done = waitpid(child, &status, WNOHANG);
        if (done == 0)
            nanosleep(&pause, NULL);
    }
    if (done == 0)
        kill(child, SIGKILL);
    REQUIRE(done == child, "%s: the child hangs", what);
    REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: the child ended with status 0x%x",
            what, status);
}

/* Output and error output go to files, the report to where the output went. */
static void redirect(void)
{
    if (dup2(1, REPORT) < 0 || fcntl(REPORT, F_SETFD, FD_CLOEXEC) != 0)
        _exit(1);
    for (int i = 0; i < 2; i++) {
        const int fd = open(outputs[i], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);
        REQUIRE(fd >= 0 && dup2(fd, 1 + i) >= 0, "cannot write '%s'", outputs[i]);
        close(fd);
    }
}

static void print_file(const char *path)
{
    char buffer[4096];
    FILE *file = fopen(path, "rb");
    while (file && fgets(buffer, sizeof buffer, file) != NULL)
        fputs(buffer, stdout);
    if (file)
        fclose(file);
}

/* Whether the part left both files empty; prints what it did not. */
static bool was_silent(const char *name)
{
    bool silent = true;
    for (int i = 0; i < 2; i++) {
        struct stat info;
        if (stat(outputs[i], &info) == 0 && info.st_size == 0)
            continue;
        silent = false;
        printf("%s: wrote to its %s:\n", name, i == 0 ? "output" : "error output");
        print_file(outputs[i]);
    }
    return silent;
}

static int run_part(const part *one)
{
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        redirect();
        one->run();
        exit(0); /* not _exit(): what runs at the end belongs to the test */
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror(one->name);
        return 1;
    }
    if (WIFSIGNALED(status))
        printf("%s: killed by signal %d\n", one->name, WTERMSIG(status));
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    if (!was_silent(one->name))
        return 1;
    if (code == 0)
        printf("%s: ok, 0 bytes written\n", one->name);
    return code;
}

int host_main(int argc, char **argv, const part *parts, int count)
{
    for (int i = 0; argc >= 2 && i < count; i++)
        if (strcmp(argv[1], parts[i].name) == 0)
            return run_part(&parts[i]);
    fprintf(stderr, "usage: %s PART\nparts:", argv[0]);
    for (int i = 0; i < count; i++)
        fprintf(stderr, " %s", parts[i].name);
    fputc('\n', stderr);
    return 2;
}
