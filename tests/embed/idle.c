/* SPDX-License-Identifier: MIT */
/* What the library leaves over while nobody calls it, and after everything is freed. */
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "embed/parts.h"
#include "embed/world.h"

static double processor_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void require_idle(const char *what)
{
    const struct timespec settle = {0, 50000000}, second = {1, 0};
    nanosleep(&settle, NULL); /* workers look for the next layer a little before they sleep */
    const double before = processor_seconds();
    nanosleep(&second, NULL);
    const double used = processor_seconds() - before;
    note("%s: %.1f ms of processor time in 1 s", what, used * 1e3);
    REQUIRE(used < (HOST_TSAN ? 0.05 : 0.005), "%s: %.1f ms of processor time in 1 s", what,
            used * 1e3);
}

static asl_inferer *use_inferer(const asl_model *model, int32_t threads)
{
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = NULL;
    asl_inferer_options options;
    uint8_t pixels[WORLD_FRAME];
    float scores[WORLD_CLASSES];
    asl_inferer_options_init(&options, sizeof options);
    options.threads = threads;
    CALL(asl_inferer_create(&inferer, model, &options, &err), &err);
    const asl_image_view view = world_draw(pixels, 0, 1);
    CALL(asl_inferer_classify(scores, WORLD_CLASSES, inferer, &view, NULL, &err), &err);
    return inferer;
}

static asl_trainer *use_trainer(const asl_model *model, const asl_dataset *data)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    asl_trainer_options options;
    asl_trainer_options_init(&options, sizeof options);
    options.epochs = 2;
    options.threads = 2;
    CALL(asl_trainer_create(&trainer, model, data, NULL, &options, &err), &err);
    asl_trainer_request_stop(trainer); /* stays in the middle of an epoch */
    REQUIRE(asl_trainer_run(trainer, &err) == ASL_STOPPED, "not stopped: %s", err.message);
    return trainer;
}

void part_idle(void)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *data = NULL;
    asl_speller *speller = NULL;
    world_work_well(2);
    const int threads = host_count("/proc/self/task"); /* a sanitizer may have one of its own */
    const int files = host_count("/proc/self/fd");

    asl_model *model = world_trained_model();
    CALL(asl_dataset_open(&data, "pictures", NULL, &err), &err);
    CALL(asl_speller_create_for_model(&speller, model, NULL, &err), &err);
    asl_inferer *one = use_inferer(model, 1);
    REQUIRE(host_settles(threads),
            "a model, a data set, a speller and an inferer of one thread "
            "have %d threads",
            host_count("/proc/self/task") - threads);
    asl_inferer *several = use_inferer(model, 3);
    REQUIRE(host_count("/proc/self/task") == threads + 2,
            "an inferer of 3 threads has %d of its own", host_count("/proc/self/task") - threads);
    asl_trainer *trainer = use_trainer(model, data);
    note("%d threads beside the host's", host_count("/proc/self/task") - threads);
    require_idle("with every kind of handle open");

    asl_trainer_free(trainer);
    asl_inferer_free(several);
    asl_inferer_free(one);
    asl_speller_free(speller);
    asl_dataset_free(data);
    asl_model_free(model);
    REQUIRE(host_settles(threads), "%d threads are left", host_count("/proc/self/task") - threads);
    REQUIRE(host_count("/proc/self/fd") == files, "%d descriptors are left",
            host_count("/proc/self/fd") - files);
}
