/* SPDX-License-Identifier: MIT */
/* What stands in for libFuzzer where inputs are only replayed: runs each file of the folders that
 * are named, then the same input cut in half and with its middle byte turned over. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/fuzz.h"

/* In a block of its own, so that a sanitizer sees every step beyond its end. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size);
    FUZZ_CHECK(copy != NULL || size == 0);
    if (size > 0)
        memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static int replay_file(const char *path)
{
    size_t size;
    uint8_t *data = fuzz_read(path, &size);
    run(data, size);
    run(data, size / 2);
    if (size > 0)
        data[size / 2] = (uint8_t)~data[size / 2];
    run(data, size);
    free(data);
    return 3;
}

/* Number of runs. */
static int replay_folder(const char *folder)
{
    char path[PATH_MAX];
    int runs = 0;
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return 0;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        struct stat info;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (stat(path, &info) == 0 && S_ISREG(info.st_mode))
            runs += replay_file(path);
    }
    closedir(dir);
    return runs;
}

int main(int argc, char **argv)
{
    int runs = 0;
    LLVMFuzzerInitialize(&argc, &argv);
    run(NULL, 0);
    for (int i = 1; i < argc; i++)
        runs += replay_folder(argv[i]);
    printf("count: %d inputs replayed, 0 findings\n", runs);
    return runs > 0 ? 0 : 1;
}
