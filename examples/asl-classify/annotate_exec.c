/* SPDX-License-Identifier: MIT */
/* Turns the process into the build of the program that can draw. See annotate.h. */
#include "annotate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cli.h"

int annotate_begin(annotate_fn **out, char **arguments)
{
    *out = NULL;
    char self[4096];
    const ssize_t length = readlink("/proc/self/exe", self, sizeof self);
    const char *slash = length > 0 ? memrchr(self, '/', (size_t)length) : NULL;
    char *program = cli_format("%.*s/" DRAWING_PROGRAM, slash ? (int)(slash - self) : 0, self);
    execv(program, arguments);
    cli_error("cannot start '%s', which draws: %s", program, strerror(errno));
    free(program);
    return CLI_FAILED;
}
