/* SPDX-License-Identifier: MIT */
/* A long training run with everything a run can have: memory, descriptors and threads are the same
 * at its end as after its first tenth. */
#include "support/support.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>

#include "train/trainer.h"
#include "unit/train/recipe.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#endif

enum { STEPS_PER_EPOCH = 10, SLACK_KIB = 512 };

/* Threads keep scratch memory for the picture that took the most so far. */
enum { SCRATCH = 64 * 1024 };

typedef struct use {
    int64_t resident_kib, library_bytes;
    int32_t descriptors, threads;
} use;

typedef struct soak {
    asl_trainer *trainer;
    int64_t steps, looks;
    use first, most; /* after the first tenth; from there on */
} soak;

static int32_t count_entries(const char *folder)
{
    DIR *dir = opendir(folder);
    int32_t count = 0;
    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2; /* "." and ".." */
}

static int64_t resident_kib(void)
{
    char line[256];
    long long kib = -1;
    FILE *file = fopen("/proc/self/status", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "VmRSS: %lld", &kib) == 1)
            break;
    fclose(file);
    assert_true(kib > 0);
    return kib;
}

static use look(void)
{
    use now = {.resident_kib = resident_kib(),
               .descriptors = count_entries("/proc/self/fd"),
               .threads = count_entries("/proc/self/task")};
    size_t bytes = 0;
    asl_memory_usage(&bytes, NULL);
    now.library_bytes = (int64_t)bytes;
    return now;
}

#define KEEP_MOST(field) s->most.field = now.field > s->most.field ? now.field : s->most.field

static void on_epoch(const asl_epoch_metrics *metrics, void *user)
{
    soak *s = user;
    if ((int64_t)metrics->epoch * STEPS_PER_EPOCH < s->steps / 10)
        return;
    const use now = look();
    if (s->looks++ == 0)
        s->first = s->most = now;
    KEEP_MOST(resident_kib);
    KEEP_MOST(library_bytes);
    KEEP_MOST(descriptors);
    KEEP_MOST(threads);
}

static void check(const soak *s)
{
    const use *first = &s->first, *most = &s->most;
    print_message("count: %" PRId64 " steps of training: %" PRId64 " KiB resident after the first "
                  "tenth, at most %" PRId64 " later; %" PRId64 " and %" PRId64 " bytes of the "
                  "library's; %d and %d descriptors; %d and %d threads; seen %" PRId64 " times\n",
                  s->trainer->state.step, first->resident_kib, most->resident_kib,
                  first->library_bytes, most->library_bytes, first->descriptors, most->descriptors,
                  first->threads, most->threads, s->looks);
    assert_int_equal(s->trainer->state.step, s->steps);
    assert_true(s->looks > 20);
    assert_true(most->library_bytes <= first->library_bytes + SCRATCH);
    assert_int_equal(most->descriptors, first->descriptors);
    assert_int_equal(most->threads, first->threads);
#if !defined(SANITIZED) /* they keep what was freed */
    assert_true(most->resident_kib <= first->resident_kib + SLACK_KIB);
#endif
}

static void test_training(void **state)
{
    const fixture *f = *state;
    const char *wish = getenv("ASL_TEST_FULL");
    asl_trainer_options options = recipe_options();
    soak s = {.steps = wish && strcmp(wish, "1") == 0 ? 10000 : 300};
    options.epochs = (int32_t)(s.steps / STEPS_PER_EPOCH);
    options.epoch_pictures = (int64_t)STEPS_PER_EPOCH * options.batch_size;
    options.start_share = 0.05;
    options.checkpoint_steps = 4;
    options.threads = 3;
    options.learning_rate = 0.001;
    options.on_epoch = on_epoch;
    options.user = &s;
    runs_remove();
    s.trainer = runs_create(f, &options);
    runs_finish(s.trainer);
    check(&s);
    asl_trainer_free(s.trainer);
    runs_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_training)};
    return cmocka_run_group_tests(tests, recipe_setup, recipe_teardown);
}
