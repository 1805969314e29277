/* SPDX-License-Identifier: MIT */
/* Measurements in child processes. See bench.h. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

int wait_for_child(pid_t child, struct rusage *usage)
{
    int status = 0;
    if (cli_interrupted())
        kill(child, SIGKILL);
    while (wait4(child, &status, 0, usage) < 0) {
        if (errno != EINTR)
            return CLI_FAILED;
        kill(child, SIGKILL);
    }
    if (cli_interrupted())
        return CLI_INTERRUPTED;
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    cli_error("a measurement was ended by signal %d (%s)", WTERMSIG(status),
              strsignal(WTERMSIG(status)));
    return CLI_FAILED;
}

/* Ctrl-C may come just before a wait, which would then know nothing of it: none is long.
 * @return false when less came, or Ctrl-C. */
static bool read_all(int from, void *data, size_t size)
{
    enum { WAIT_MS = 100 };
    struct pollfd ready = {.fd = from, .events = POLLIN};
    size_t done = 0;
    while (done < size && !cli_interrupted()) {
        if (poll(&ready, 1, WAIT_MS) <= 0)
            continue;
        const ssize_t count = read(from, (char *)data + done, size - done);
        if (count == 0 || (count < 0 && errno != EINTR))
            return false;
        done += count > 0 ? (size_t)count : 0;
    }
    return done == size;
}

int run_in_child(measurement *measure, const settings *s, results *r)
{
    int ends[2];
    fflush(NULL);
    if (pipe(ends) != 0) {
        cli_error("cannot make a pipe: %s", strerror(errno));
        return CLI_FAILED;
    }
    const pid_t child = fork();
    if (child == 0) {
        const int code = measure(s, r);
        exit(write(ends[1], r, sizeof *r) == (ssize_t)sizeof *r ? code : CLI_FAILED);
    }
    close(ends[1]);
    int code = CLI_FAILED;
    if (child > 0) {
        const bool complete = read_all(ends[0], r, sizeof *r);
        code = wait_for_child(child, NULL);
        if (code == CLI_OK && !complete)
            code = CLI_FAILED;
    } else {
        cli_error("cannot start a process: %s", strerror(errno));
    }
    close(ends[0]);
    return code;
}
