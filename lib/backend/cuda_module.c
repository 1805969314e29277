/* SPDX-License-Identifier: MIT */
/* Opening the GPU module. See cuda_module.h, and cuda/module.h for what the two agree on. */
#include "backend/cuda_module.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/cuda/module.h"
#include "base/alloc.h"
#include "base/error.h"

/* The driver's library, by the name under which CUDA opens it. */
#define DRIVER "libcuda.so.1"

static const asl__host services = {
    .abi = ASL__BACKEND_ABI,
    .alloc = asl__alloc,
    .free = asl__free,
    .fail = asl__fail_values,
    .clear = asl__error_clear,
};

/* What came of opening it. */
static const asl__backend *module;
static char problem[sizeof((asl_backend_info *)NULL)->reason];

/* dlopen(). Whoever names it in a program that is linked statically as a whole is warned by the
 * linker, and rightly: a module would bring a second C library into it. There it is not found. */
static void *(*open_file)(const char *path, int mode);

/* Room for the folder's name, however long, and the module's. */
typedef char path_text[PATH_MAX + sizeof ASL__CUDA_MODULE];

/* The module's path: beside libasl, or beside the program that libasl is linked into. */
static bool find_path(path_text path)
{
    Dl_info info;
    void *found = NULL;
    if (dladdr1(&services, &info, &found, RTLD_DL_LINKMAP) == 0 || found == NULL)
        return false;
    const struct link_map *self = found;
    if (self->l_name[0] != '\0') {
        snprintf(path, PATH_MAX, "%s", self->l_name);
    } else {
        const ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
        path[length > 0 ? length : 0] = '\0';
    }
    /* A relative name says nothing any more: the process may have gone elsewhere since. */
    char *slash = strrchr(path, '/');
    if (path[0] != '/' || slash == NULL)
        return false;
    memcpy(slash + 1, ASL__CUDA_MODULE, sizeof ASL__CUDA_MODULE);
    return true;
}

/* Without a driver the module is of no use, and the libraries that it brings take 0.1 s and more to
 * open. CUDA opens the driver itself later; this only comes before it. */
static bool has_driver(void)
{
    if (open_file(DRIVER, RTLD_NOW | RTLD_LOCAL) != NULL)
        return true;
    const char *text = dlerror();
    if (text == NULL || strncmp(text, DRIVER ":", sizeof DRIVER) == 0)
        snprintf(problem, sizeof problem, "no NVIDIA driver");
    else
        snprintf(problem, sizeof problem, "cannot open the NVIDIA driver: %s", text);
    return false;
}

static void *open_library(const path_text path)
{
    void *handle = open_file(path, RTLD_NOW | RTLD_LOCAL);
    if (handle != NULL)
        return handle;
    /* "FILE: what is wrong with it", where FILE is the module or a library that it needs. */
    const char *text = dlerror();
    const size_t folder = strlen(path) - strlen(ASL__CUDA_MODULE);
    if (text == NULL)
        text = "unknown error";
    if (strncmp(text, path, folder) == 0)
        text += folder;
    snprintf(problem, sizeof problem, "cannot open the CUDA module: %s", text);
    return NULL;
}

/* Asks the opened module for its backend. */
static const asl__backend *ask(void *handle)
{
    asl__cuda_entry *entry = NULL;
    const void *symbol = dlsym(handle, ASL__CUDA_ENTRY);
    if (symbol == NULL) {
        snprintf(problem, sizeof problem, ASL__CUDA_MODULE " has no " ASL__CUDA_ENTRY "()");
        return NULL;
    }
    memcpy(&entry, &symbol, sizeof entry);
    const asl__backend *backend = entry(&services, problem, sizeof problem);
    if (backend == NULL) {
        if (problem[0] == '\0')
            snprintf(problem, sizeof problem, ASL__CUDA_MODULE " does not say why it cannot run");
    } else if (backend->abi != ASL__BACKEND_ABI) {
        snprintf(problem, sizeof problem,
                 ASL__CUDA_MODULE " is of another version of libasl (%u, not %u)",
                 (unsigned)backend->abi, (unsigned)ASL__BACKEND_ABI);
        return NULL;
    }
    return backend;
}

/* Nothing that was opened is ever closed: CUDA does not survive that. */
static void open_module(void)
{
    path_text path;
    /* By way of its bytes: ISO C has no cast from an object's address to a function's. */
    const void *symbol = dlsym(RTLD_DEFAULT, "dlopen");
    memcpy(&open_file, &symbol, sizeof open_file);
    if (open_file == NULL) {
        snprintf(problem, sizeof problem,
                 "a program linked statically cannot open the CUDA module");
        return;
    }
    if (!find_path(path)) {
        snprintf(problem, sizeof problem,
                 "the CUDA module is not looked for: libasl was opened by a relative path");
        return;
    }
    if (access(path, F_OK) != 0) {
        snprintf(problem, sizeof problem, "no " ASL__CUDA_MODULE " beside libasl");
        return;
    }
    void *handle = has_driver() ? open_library(path) : NULL;
    module = handle != NULL ? ask(handle) : NULL;
}

const asl__backend *asl__cuda_module(char *reason, size_t reason_size)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_module);
    snprintf(reason, reason_size, "%s", problem);
    return module;
}
