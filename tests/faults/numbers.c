/* SPDX-License-Identifier: MIT */
/* The same run has the same bits with any number of threads, as often as it is run, and with any
 * compiler; and a run whose numbers stop being finite stops, with the last good state on disk. */
#include "support/support.h"

#include <inttypes.h>

#include "train/trainer.h"
#include "unit/train/recipe.h"

static const char *const levels[] = {"c", "avx2", "avx512", "amx"};
enum { LEVELS = sizeof levels / sizeof *levels };

static uint64_t mix(uint64_t sum, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ bytes[i]) * 0x100000001b3;
    return sum;
}

/* Of all that a run leaves: weights, best weights, metrics. 0 where the level is not available. */
static uint64_t train(const fixture *f, asl_trainer_options options)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    options.checkpoint = NULL;
    const asl_status status =
        asl_trainer_create(&trainer, f->model, f->train, f->validation, &options, &err);
    if (status == ASL_ERR_BACKEND)
        return 0;
    assert_ok(status, &err);
    runs_finish(trainer);
    const outcome left = runs_outcome(trainer);
    asl_trainer_free(trainer);
    return mix(
        mix(mix(0xcbf29ce484222325, &left.last, sizeof left.last), &left.best, sizeof left.best),
        left.history, sizeof *left.history * (size_t)left.epochs);
}

/* Plain C has the same bits with every compiler and with sanitizers; the other levels let the
 * compiler contract. The C library's exp() and log() have a say, and choose by processor. */
static void check_plain(const char *precision, uint64_t sum)
{
#if defined(__x86_64__) && defined(__GLIBC__)
    const bool narrow = strcmp(precision, "bf16") == 0;
    if (__builtin_cpu_supports("fma"))
        assert_true(sum == (narrow ? 0xfb2f248a5a1ac798 : 0xce757d71413c2419));
#else
    (void)precision;
    (void)sum;
#endif
}

static void test_threads(void **state)
{
    const fixture *f = *state;
    static const int32_t threads[] = {1, 2, 3, 4, 8};
    int32_t runs = 0, found = 0;
    for (int32_t i = 0; i < 2 * LEVELS; i++) {
        uint64_t usual = 0;
        asl_trainer_options options = recipe_options();
        options.isa = levels[i / 2];
        options.precision = i % 2 == 0 ? "fp32" : "bf16";
        for (int32_t k = 0; k < 10; k++) {
            options.threads = threads[k % 5];
            const uint64_t sum = train(f, options);
            if (sum == 0)
                break;
            usual = k == 0 ? sum : usual;
            assert_true(sum == usual);
            runs++;
        }
        found += usual != 0;
        if (usual != 0)
            print_message("%s, %s: %016" PRIx64 "\n", options.isa, options.precision, usual);
        if (strcmp(options.isa, "c") == 0)
            check_plain(options.precision, usual);
    }
    assert_true(found > 0);
    print_message("count: %d kinds of arithmetic, each with 1, 2, 3, 4 and 8 threads, twice: %d "
                  "runs, the same bits for each kind\n",
                  found, runs);
}

static uint64_t best_of(const asl_trainer *trainer)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    assert_ok(asl_trainer_get_best_model(&model, trainer, &err), &err);
    const uint64_t hash = blobs_hash(model);
    asl_model_free(model);
    return hash;
}

static void diverge(const asl_epoch_metrics *metrics, void *user)
{
    asl_trainer *trainer = *(asl_trainer **)user;
    if (metrics->epoch == EPOCHS - 1)
        trainer->options.learning_rate = 1e30;
}

/* Good until the last epoch, when its steps become far too long. The checkpoint is the last that
 * was written, and what is in it is usable: with the rate that it was made with, to the end. */
static void check_divergence(const fixture *f, asl_trainer_options options)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    asl_model *model = NULL;
    options.checkpoint = NULL;
    trainer = runs_create(f, &options);
    runs_finish(trainer);
    const outcome good = runs_outcome(trainer);
    asl_trainer_free(trainer);

    options.checkpoint = RUN;
    options.on_epoch = diverge;
    options.user = &trainer;
    runs_remove();
    trainer = runs_create(f, &options);
    assert_status(asl_trainer_run(trainer, &err), ASL_ERR_DIVERGED, &err);
    assert_int_equal(asl_trainer_epoch_count(trainer), EPOCHS - 1);
    assert_status(asl_trainer_get_model(&model, trainer, &err), ASL_ERR_DIVERGED, &err);
    const uint64_t best = best_of(trainer);
    asl_trainer_free(trainer);

    trainer = runs_resume(f, NULL);
    assert_int_equal(asl_trainer_epoch_count(trainer), EPOCHS - 1);
    assert_true(best_of(trainer) == best);
    if (options.checkpoint_steps == 0) {
        runs_finish(trainer);
        runs_assert(trainer, &good);
    }
    asl_trainer_free(trainer);
}

static void test_divergence(void **state)
{
    int32_t runs = 0;
    for (int32_t optimizer = ASL_OPTIMIZER_ADAM; optimizer <= ASL_OPTIMIZER_SGD; optimizer++) {
        for (int32_t steps = 0; steps <= 3; steps++, runs++) {
            asl_trainer_options options = recipe_options();
            options.optimizer = optimizer;
            options.checkpoint_steps = steps;
            check_divergence(*state, options);
        }
    }
    print_message("count: %d runs that diverged: stopped, with the last good checkpoint and the "
                  "best model intact\n",
                  runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_divergence),
    };
    return cmocka_run_group_tests(tests, recipe_setup, recipe_teardown);
}
