/* SPDX-License-Identifier: MIT */
/* A plug-in host: opens the library at run time, works with it, closes it, a hundred times. Nothing
 * may grow, and closing it while its threads sleep must not pull the code away under them. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "embed/host.h"

static const char *library_path;

/* The functions used here; none of them is linked. */
#define FUNCTIONS(X)                                                                               \
    X(asl_identity)                                                                                \
    X(asl_version)                                                                                 \
    X(asl_status_name)                                                                             \
    X(asl_memory_usage)                                                                            \
    X(asl_model_create)                                                                            \
    X(asl_model_free)                                                                              \
    X(asl_inferer_options_init)                                                                    \
    X(asl_inferer_create)                                                                          \
    X(asl_inferer_classify)                                                                        \
    X(asl_inferer_free)                                                                            \
    X(asl_speller_create_for_model)                                                                \
    X(asl_speller_push)                                                                            \
    X(asl_speller_free)

typedef struct library {
    void *handle;
#define MEMBER(name) __typeof__(name) *name;
    FUNCTIONS(MEMBER)
#undef MEMBER
} library;

static void find(void *out, void *handle, const char *name)
{
    void *symbol = dlsym(handle, name);
    REQUIRE(symbol != NULL, "no function '%s'", name);
    memcpy(out, &symbol, sizeof symbol);
}

static library open_library(void)
{
    library lib = {.handle = dlopen(library_path, RTLD_NOW | RTLD_LOCAL)};
    REQUIRE(lib.handle != NULL, "%s", dlerror());
#define FIND(name) find(&lib.name, lib.handle, #name);
    FUNCTIONS(FIND)
#undef FIND
    REQUIRE(strcmp(lib.asl_identity(), "libasl: American Sign Language fingerspelling") == 0,
            "another library: '%s'", lib.asl_identity());
    REQUIRE(strncmp(lib.asl_version(), "1.", 2) == 0, "version '%s'", lib.asl_version());
    return lib;
}

#define DO(lib, call, err)                                                                         \
    do {                                                                                           \
        if ((lib)->call < 0)                                                                       \
            fail(__FILE__, __LINE__, "%s: %s", #call, (err)->message);                             \
    } while (0)

static asl_inferer *new_inferer(const library *lib, const asl_model *model)
{
    asl_error err = ASL_ERROR_INIT;
    asl_inferer_options options;
    asl_inferer *inferer = NULL;
    lib->asl_inferer_options_init(&options, sizeof options);
    options.threads = 3;
    DO(lib, asl_inferer_create(&inferer, model, &options, &err), &err);
    return inferer;
}

static void classify(const library *lib, asl_inferer *inferer, asl_speller *speller)
{
    static const uint8_t pixels[64 * 48 * 3];
    const asl_image_view view = {.pixels = pixels, .width = 64, .height = 48, .stride = 64 * 3};
    asl_error err = ASL_ERROR_INIT;
    float scores[29];
    DO(lib, asl_inferer_classify(scores, 29, inferer, &view, NULL, &err), &err);
    DO(lib, asl_speller_push(speller, scores, 29, 1, NULL, &err), &err);
}

static void work(const library *lib)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_speller *speller = NULL;
    size_t bytes = 1;
    DO(lib, asl_model_create(&model, "tiny", NULL, &err), &err);
    DO(lib, asl_speller_create_for_model(&speller, model, NULL, &err), &err);
    asl_inferer *inferer = new_inferer(lib, model);
    classify(lib, inferer, speller);
    lib->asl_inferer_free(inferer);
    lib->asl_speller_free(speller);
    lib->asl_model_free(model);
    lib->asl_memory_usage(&bytes, NULL);
    REQUIRE(bytes == 0, "%zu bytes are left", bytes);
}

/* Lines of /proc/self/maps. */
static int count_maps(void)
{
    FILE *file = fopen("/proc/self/maps", "r");
    int lines = 0;
    REQUIRE(file != NULL, "cannot read /proc/self/maps");
    for (int c; (c = fgetc(file)) != EOF;)
        lines += c == '\n';
    fclose(file);
    return lines;
}

static double resident_mib(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    REQUIRE(file != NULL && fscanf(file, "%*s %ld", &pages) == 1, "cannot read /proc/self/statm");
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576.0;
}

static void part_reload(void)
{
    enum { ROUNDS = 100, SETTLED = 10 };
    const int threads = host_count("/proc/self/task"), files = host_count("/proc/self/fd");
    int maps = 0;
    double resident = 0.0;
    for (int i = 0; i < ROUNDS; i++) {
        const library lib = open_library();
        work(&lib);
        REQUIRE(dlclose(lib.handle) == 0, "%s", dlerror());
        if (i == SETTLED) {
            maps = count_maps();
            resident = resident_mib();
        }
    }
    const double grown = resident_mib() - resident;
    REQUIRE(host_settles(threads), "%d threads are left", host_count("/proc/self/task") - threads);
    REQUIRE(host_count("/proc/self/fd") == files, "%d descriptors are left",
            host_count("/proc/self/fd") - files);
    note("%d rounds: %+d maps, %+.2f MiB resident", ROUNDS, count_maps() - maps, grown);
    if (HOST_ASAN)
        return; /* it keeps what was freed for a while */
    REQUIRE(count_maps() <= maps + 4, "%d maps more", count_maps() - maps);
    REQUIRE(grown < 2.0, "%.1f MiB more", grown);
}

/* Its handles outlive dlclose(), as in hosts that unload plug-ins in any order. */
static void part_unload(void)
{
    const struct timespec pause = {0, 50000000};
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_speller *speller = NULL;
    library lib = open_library();
    DO(&lib, asl_model_create(&model, "tiny", NULL, &err), &err);
    DO(&lib, asl_speller_create_for_model(&speller, model, NULL, &err), &err);
    asl_inferer *inferer = new_inferer(&lib, model);
    classify(&lib, inferer, speller);
    REQUIRE(dlclose(lib.handle) == 0, "%s", dlerror());
    nanosleep(&pause, NULL); /* its threads go to sleep in its code */
    lib = open_library();
    lib.asl_speller_free(speller);
    lib.asl_inferer_free(inferer);
    lib.asl_model_free(model);
    REQUIRE(dlclose(lib.handle) == 0, "%s", dlerror());
}

int main(int argc, char **argv)
{
    static const part parts[] = {{"reload", part_reload}, {"unload", part_unload}};
    if (argc != 3) {
        fprintf(stderr, "usage: %s PART LIBRARY\n", argv[0]);
        return 2;
    }
    library_path = argv[2];
    return host_main(argc, argv, parts, 2);
}
