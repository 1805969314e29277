/* SPDX-License-Identifier: MIT */
/* The trainer as its caller sees it: learning, history, callbacks, and every way to fail. */
#include "support/support.h"

#include <fcntl.h>
#include <math.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/train/blobs.h"

typedef struct fixture {
    asl_dataset *train, *validation;
    asl_model *model;
} fixture;

static int setup(void **state)
{
    static fixture f;
    blobs_make("train", 8, 16, 1, false);
    blobs_make("validation", 4, 20, 2, false); /* scaled */
    f.train = blobs_open("train");
    f.validation = blobs_open("validation");
    f.model = blobs_model();
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    asl_dataset_free(f->train);
    asl_dataset_free(f->validation);
    asl_model_free(f->model);
    return 0;
}

static asl_trainer_options quick_options(int32_t epochs)
{
    asl_trainer_options options;
    asl_trainer_options_init(&options, sizeof options);
    options.epochs = epochs;
    options.batch_size = 7; /* 24 pictures: 7, 7, 7, 3 */
    options.learning_rate = 0.02;
    options.threads = 2;
    return options;
}

static void assert_near(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("got %.9g, expected %.9g within %g", got, expected, tolerance);
}

static asl_epoch_metrics get_epoch(const asl_trainer *trainer, int32_t index)
{
    asl_error err = ASL_ERROR_INIT;
    asl_epoch_metrics row = {.struct_size = sizeof row};
    assert_ok(asl_trainer_get_epoch(&row, trainer, index, &err), &err);
    return row;
}

/* The recorded validation values must be those that an inferer measures on the same weights. */
static void check_validation(const asl_model *model, const asl_dataset *dataset,
                             const asl_epoch_metrics *row)
{
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = NULL;
    asl_evaluation *evaluation = NULL;
    asl_evaluation_info info = {.struct_size = sizeof info};
    assert_ok(asl_inferer_create(&inferer, model, NULL, &err), &err);
    assert_ok(asl_inferer_evaluate(&evaluation, inferer, dataset, NULL, &err), &err);
    assert_ok(asl_evaluation_get_info(&info, evaluation, &err), &err);
    assert_near(row->val_accuracy, info.accuracy, 0.0);
    assert_near(row->val_loss, info.loss, 1e-4); /* folding rounds each weight once more */
    asl_evaluation_free(evaluation);
    asl_inferer_free(inferer);
}

static void test_learns(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    asl_model *best = NULL, *last = NULL;
    const asl_trainer_options options = quick_options(25);
    assert_ok(asl_trainer_create(&trainer, f->model, f->train, f->validation, &options, &err),
              &err);
    assert_status(asl_trainer_get_best_model(&best, trainer, &err), ASL_ERR_STATE, &err);
    assert_null(best);
    assert_int_equal(asl_trainer_epoch_count(trainer), 0);
    assert_ok(asl_trainer_run(trainer, &err), &err);
    assert_ok(asl_trainer_run(trainer, &err), &err); /* nothing is left to do */
    assert_int_equal(asl_trainer_epoch_count(trainer), 25);

    int32_t best_epoch = 0;
    for (int32_t i = 0; i < 25; i++) {
        const asl_epoch_metrics row = get_epoch(trainer, i), first = get_epoch(trainer, best_epoch);
        assert_int_equal(row.epoch, i + 1);
        assert_near(row.learning_rate, 0.02, 0.0);
        assert_true(row.seconds > 0.0);
        const bool better =
            i == 0 || row.val_accuracy > first.val_accuracy ||
            (row.val_accuracy >= first.val_accuracy && row.val_loss < first.val_loss);
        assert_int_equal(row.is_best, better);
        best_epoch = row.is_best ? i : best_epoch;
    }
    const asl_epoch_metrics first = get_epoch(trainer, 0), end = get_epoch(trainer, 24);
    const asl_epoch_metrics top = get_epoch(trainer, best_epoch);
    assert_true(end.train_loss < first.train_loss / 2.0);
    assert_true(top.val_accuracy >= 0.9);

    assert_ok(asl_trainer_get_best_model(&best, trainer, &err), &err);
    check_validation(best, f->validation, &top);
    assert_non_null(strstr(asl_model_metadata(best, "metrics"), "val_accuracy="));
    assert_ok(asl_trainer_get_model(&last, trainer, &err), &err);
    check_validation(last, f->validation, &end);
    assert_non_null(strstr(asl_model_metadata(last, "metrics"), "epoch=25 "));
    assert_true(strncmp(asl_trainer_backend(trainer), "cpu", 3) == 0);
    asl_model_free(last);
    asl_model_free(best);
    asl_trainer_free(trainer);
}

static void test_every_optimizer_learns(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    for (int32_t optimizer = ASL_OPTIMIZER_ADAM; optimizer <= ASL_OPTIMIZER_SGD; optimizer++) {
        asl_trainer *trainer = NULL;
        asl_trainer_options options = quick_options(8);
        options.optimizer = optimizer;
        options.nesterov = 1;
        options.weight_decay = 1e-4;
        options.label_smoothing = 0.1;
        assert_ok(asl_trainer_create(&trainer, f->model, f->train, NULL, &options, &err), &err);
        assert_ok(asl_trainer_run(trainer, &err), &err);
        const asl_epoch_metrics first = get_epoch(trainer, 0), end = get_epoch(trainer, 7);
        assert_true(end.train_loss < first.train_loss);
        assert_true(isnan(end.val_loss) && isnan(end.val_accuracy));
        asl_trainer_free(trainer);
    }
}

/* The schedule runs over the steps of all epochs: 4 each. */
static void test_one_cycle(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    asl_trainer_options options = quick_options(3);
    options.schedule = ASL_SCHEDULE_ONE_CYCLE;
    assert_ok(asl_trainer_create(&trainer, f->model, f->train, NULL, &options, &err), &err);
    assert_ok(asl_trainer_run(trainer, &err), &err);
    for (int32_t i = 0; i < 3; i++) {
        const double at = (4.0 * (i + 1) - 1.0) / 11.0;
        const double expected = 0.02 * (1.0 - 0.93 * (at - 0.23) / 0.77);
        assert_near(get_epoch(trainer, i).learning_rate, expected, 1e-12);
    }
    asl_trainer_free(trainer);
}

/* --- callbacks -------------------------------------------------------------------------- */

typedef struct watch {
    asl_trainer *trainer;
    int32_t passes, validations, epochs, warnings, busy;
    int32_t stop_after; /* epochs; 0: never */
    double eta;
    asl_status warning;
} watch;

static void watch_progress(const asl_train_progress *progress, void *user)
{
    watch *w = user;
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    assert_int_equal(progress->struct_size, sizeof *progress);
    assert_in_range(progress->epoch, 1, progress->epochs);
    assert_in_range(progress->done, 1, progress->total);
    assert_true(progress->total == (progress->validating ? 12 : 24));
    assert_true(progress->loss > 0.0 && isfinite(progress->loss));
    assert_true(progress->accuracy >= 0.0 && progress->accuracy <= 1.0);
    assert_near(progress->learning_rate, 0.02, 0.0);
    assert_true(progress->seconds >= 0.0 && progress->eta_seconds >= 0.0);
    w->eta = progress->eta_seconds;
    w->passes += progress->done == progress->total;
    w->validations += progress->validating && progress->done == progress->total;
    w->busy += asl_trainer_run(w->trainer, &err) == ASL_ERR_BUSY;
    w->busy += asl_trainer_get_model(&model, w->trainer, &err) == ASL_ERR_BUSY;
    w->busy += asl_trainer_get_best_model(&model, w->trainer, &err) == ASL_ERR_BUSY;
    w->busy += asl_trainer_save_checkpoint(w->trainer, "x.ckpt", &err) == ASL_ERR_BUSY;
    assert_int_equal(err.code, ASL_ERR_BUSY);
}

static void watch_epoch(const asl_epoch_metrics *metrics, void *user)
{
    watch *w = user;
    w->epochs++;
    assert_int_equal(metrics->epoch, asl_trainer_epoch_count(w->trainer));
    if (w->stop_after == metrics->epoch)
        asl_trainer_request_stop(w->trainer);
}

static void watch_warning(asl_status code, const char *message, void *user)
{
    watch *w = user;
    assert_true(message[0] != '\0');
    w->warnings++;
    w->warning = code;
}

static asl_trainer *watched(watch *w, const fixture *f, asl_trainer_options options)
{
    asl_error err = ASL_ERROR_INIT;
    options.on_epoch = watch_epoch;
    options.on_warning = watch_warning;
    options.user = w;
    assert_ok(asl_trainer_create(&w->trainer, f->model, f->train, f->validation, &options, &err),
              &err);
    return w->trainer;
}

static void test_callbacks(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    watch w = {0};
    asl_trainer_options options = quick_options(3);
    options.on_progress = watch_progress;
    asl_trainer *trainer = watched(&w, *state, options);
    assert_ok(asl_trainer_run(trainer, &err), &err);
    assert_int_equal(w.passes, 6);
    assert_int_equal(w.validations, 3);
    assert_int_equal(w.epochs, 3);
    assert_int_equal(w.warnings, 0);
    assert_true(w.busy >= 4 * 6 && w.busy % 4 == 0);
    assert_true(w.eta <= 0.0); /* the last report comes after the last picture */
    asl_trainer_free(trainer);
}

static void test_stop_between_epochs(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    watch w = {.stop_after = 2};
    asl_trainer *trainer = watched(&w, *state, quick_options(3));
    assert_int_equal(asl_trainer_run(trainer, &err), ASL_STOPPED);
    assert_int_equal(err.code, ASL_OK);
    assert_int_equal(asl_trainer_epoch_count(trainer), 2);
    assert_ok(asl_trainer_run(trainer, &err), &err);
    assert_int_equal(w.epochs, 3);
    asl_trainer_free(trainer);
    asl_trainer_request_stop(NULL);
}

/* Asked to stop at the end of the last epoch, the run has ended by itself. */
static void test_stop_at_the_end(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    watch w = {.stop_after = 2};
    asl_trainer *trainer = watched(&w, *state, quick_options(2));
    assert_ok(asl_trainer_run(trainer, &err), &err);
    asl_trainer_free(trainer);
}

/* --- checkpoints that cannot be written ------------------------------------------------- */

static void test_missing_folder(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    watch w = {0};
    asl_trainer_options options = quick_options(2);
    options.checkpoint = "nowhere/run.ckpt";
    asl_trainer *trainer = watched(&w, *state, options);
    assert_ok(asl_trainer_run(trainer, &err), &err);
    assert_int_equal(w.warnings, 2);
    assert_true(w.warning < 0);
    asl_trainer_free(trainer);
}

static void test_three_failures_end_the_run(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    watch w = {0};
    asl_model *model = NULL;
    asl_trainer *resumed = NULL;
    asl_trainer_options options = quick_options(5);
    test_write_file("file", "x", 1);
    options.checkpoint = "file/run.ckpt";
    asl_trainer *trainer = watched(&w, f, options);
    assert_status(asl_trainer_run(trainer, &err), ASL_ERR_IO, &err);
    assert_int_equal(w.warnings, 3);
    assert_int_equal(w.epochs, 3);
    /* Nothing is lost: it can be saved elsewhere, or go on. */
    assert_ok(asl_trainer_save_checkpoint(trainer, "elsewhere.ckpt", &err), &err);
    assert_ok(asl_trainer_resume(&resumed, "elsewhere.ckpt", f->train, f->validation, NULL, &err),
              &err);
    assert_int_equal(asl_trainer_epoch_count(resumed), 3);
    asl_trainer_free(resumed);
    assert_ok(asl_trainer_run(trainer, &err), &err);
    assert_int_equal(w.warnings, 5);
    assert_ok(asl_trainer_get_model(&model, trainer, &err), &err);
    assert_status(asl_trainer_save_checkpoint(trainer, "nowhere/x", &err), ASL_ERR_NOT_FOUND, &err);
    asl_model_free(model);
    asl_trainer_free(trainer);
}

/* Whoever stops a run relies on its checkpoint. */
static void test_stop_without_checkpoint_fails(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    watch w = {.stop_after = 1};
    asl_trainer_options options = quick_options(3);
    options.checkpoint = "nowhere/run.ckpt";
    asl_trainer *trainer = watched(&w, *state, options);
    assert_status(asl_trainer_run(trainer, &err), ASL_ERR_IO, &err);
    asl_trainer_request_stop(trainer);
    assert_status(asl_trainer_run(trainer, &err), ASL_ERR_IO, &err);
    assert_ok(asl_trainer_run(trainer, &err), &err);
    asl_trainer_free(trainer);
}

static void test_lock(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    watch w = {0};
    struct stat info;
    asl_trainer_options options = quick_options(1);
    options.checkpoint = "locked.ckpt";
    asl_trainer *trainer = watched(&w, *state, options);
    const int fd = open("locked.ckpt.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    assert_status(asl_trainer_run(trainer, &err), ASL_ERR_BUSY, &err);
    assert_non_null(strstr(err.message, "locked.ckpt.lock"));
    assert_int_equal(asl_trainer_epoch_count(trainer), 0);
    close(fd); /* as when its holder was killed: the file stays, the lock does not */
    assert_ok(asl_trainer_run(trainer, &err), &err);
    assert_int_not_equal(stat("locked.ckpt.lock", &info), 0);
    assert_int_equal(stat("locked.ckpt", &info), 0);
    asl_trainer_free(trainer);
}

/* --- failing ---------------------------------------------------------------------------- */

static void test_divergence(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL, *resumed = NULL;
    asl_model *model = NULL;
    asl_trainer_options options = quick_options(1000);
    options.optimizer = ASL_OPTIMIZER_SGD;
    options.learning_rate = 1e6;
    options.checkpoint = "diverged.ckpt";
    assert_ok(asl_trainer_create(&trainer, f->model, f->train, f->validation, &options, &err),
              &err);
    assert_ok(asl_trainer_save_checkpoint(trainer, options.checkpoint, &err), &err);
    assert_status(asl_trainer_run(trainer, &err), ASL_ERR_DIVERGED, &err);
    assert_non_null(strstr(err.message, "epoch "));
    assert_non_null(strstr(err.message, "learning rate"));
    const int32_t epochs = asl_trainer_epoch_count(trainer);
    assert_status(asl_trainer_run(trainer, &err), ASL_ERR_DIVERGED, &err);
    assert_status(asl_trainer_get_model(&model, trainer, &err), ASL_ERR_DIVERGED, &err);
    assert_status(asl_trainer_save_checkpoint(trainer, options.checkpoint, &err), ASL_ERR_DIVERGED,
                  &err);
    asl_trainer_free(trainer);
    /* The last good state is still there. */
    assert_ok(asl_trainer_resume(&resumed, "diverged.ckpt", f->train, f->validation, NULL, &err),
              &err);
    assert_int_equal(asl_trainer_epoch_count(resumed), epochs);
    assert_ok(asl_trainer_get_model(&model, resumed, &err), &err);
    asl_model_free(model);
    asl_trainer_free(resumed);
}

static void test_labels(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    static const char *const fewer[] = {"red", "green"};
    static const char *const more[] = {"yellow", "red", "green", "blue", "black"};
    const asl_trainer_options options = quick_options(1);
    asl_model *model = blobs_model_with(fewer, 2);
    assert_status(asl_trainer_create(&trainer, model, f->train, NULL, &options, &err),
                  ASL_ERR_LABELS, &err);
    assert_null(trainer);
    assert_non_null(strstr(err.message, "blue"));
    asl_model_free(model);
    model = blobs_model_with(more, 5);
    assert_ok(asl_trainer_create(&trainer, model, f->train, f->validation, &options, &err), &err);
    asl_model_free(model); /* the trainer keeps what it needs */
    assert_ok(asl_trainer_run(trainer, &err), &err);
    asl_trainer_free(trainer);
}

/* A picture that starts like one and goes on like none. */
static void test_unreadable_picture(void **state)
{
    const fixture *f = *state;
    static const char broken[] = "\x89PNG\r\n\x1a\n this is no picture at all";
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    const asl_trainer_options options = quick_options(1);
    blobs_make("broken", 4, 16, 3, false);
    test_write_file("broken/green/02.png", broken, sizeof broken);
    asl_dataset *dataset = blobs_open("broken");
    assert_int_equal(asl_dataset_count(dataset), 12);
    assert_ok(asl_trainer_create(&trainer, f->model, dataset, NULL, &options, &err), &err);
    const asl_status status = asl_trainer_run(trainer, &err);
    assert_true(status == ASL_ERR_IMAGE || status == ASL_ERR_TRUNCATED);
    assert_int_equal(err.code, status);
    assert_non_null(strstr(err.message, "green/02.png"));
    asl_trainer_free(trainer);
    asl_dataset_free(dataset);
}

static void test_null_arguments(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    asl_model *model = NULL;
    asl_epoch_metrics row = {.struct_size = sizeof row};
    asl_trainer_options options = {.struct_size = sizeof options};
    assert_status(asl_trainer_create(NULL, f->model, f->train, NULL, NULL, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl_trainer_create(&trainer, NULL, f->train, NULL, NULL, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl_trainer_create(&trainer, f->model, NULL, NULL, NULL, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl_trainer_resume(NULL, "x", f->train, NULL, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_trainer_resume(&trainer, NULL, f->train, NULL, NULL, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl_trainer_resume(&trainer, "x", NULL, NULL, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_trainer_run(NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_trainer_save_checkpoint(NULL, "x", &err), ASL_ERR_ARG, &err);
    assert_status(asl_trainer_get_model(&model, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_trainer_get_best_model(&model, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_trainer_get_epoch(&row, NULL, 0, &err), ASL_ERR_ARG, &err);
    assert_status(asl_trainer_get_options(&options, NULL, &err), ASL_ERR_ARG, &err);
    assert_int_equal(asl_trainer_epoch_count(NULL), 0);
    assert_null(asl_trainer_backend(NULL));
    asl_trainer_free(NULL);

    assert_ok(asl_trainer_create(&trainer, f->model, f->train, NULL, NULL, NULL), &err);
    assert_status(asl_trainer_save_checkpoint(trainer, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_trainer_get_model(NULL, trainer, &err), ASL_ERR_ARG, &err);
    assert_status(asl_trainer_get_best_model(NULL, trainer, &err), ASL_ERR_ARG, &err);
    assert_status(asl_trainer_get_epoch(NULL, trainer, 0, &err), ASL_ERR_ARG, &err);
    assert_status(asl_trainer_get_epoch(&row, trainer, 0, &err), ASL_ERR_ARG, &err);
    assert_status(asl_trainer_get_epoch(&row, trainer, -1, &err), ASL_ERR_ARG, &err);
    assert_status(asl_trainer_get_options(NULL, trainer, &err), ASL_ERR_ARG, &err);
    asl_trainer_free(trainer);
}

#define REFUSED(field, value)                                                                      \
    do {                                                                                           \
        asl_trainer_options options_ = quick_options(1);                                           \
        asl_trainer *refused_ = NULL;                                                              \
        options_.field = (value);                                                                  \
        assert_status(asl_trainer_create(&refused_, f->model, f->train, NULL, &options_, &err),    \
                      ASL_ERR_ARG, &err);                                                          \
        assert_null(refused_);                                                                     \
        assert_non_null(strstr(err.message, #field));                                              \
    } while (0)

static void test_bad_options(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    REFUSED(epochs, 0);
    REFUSED(epochs, 100001);
    REFUSED(batch_size, 0);
    REFUSED(batch_size, 65537);
    REFUSED(optimizer, 3);
    REFUSED(optimizer, -1);
    REFUSED(schedule, 2);
    REFUSED(nesterov, 2);
    REFUSED(learning_rate, 0.0);
    REFUSED(learning_rate, (double)NAN);
    REFUSED(learning_rate, (double)INFINITY);
    REFUSED(beta1, 1.0);
    REFUSED(beta2, -0.1);
    REFUSED(epsilon, 0.0);
    REFUSED(momentum, 1.1);
    REFUSED(weight_decay, -1.0);
    REFUSED(weight_decay, (double)INFINITY);
    REFUSED(label_smoothing, (double)NAN);
    REFUSED(threads, -1);
    REFUSED(threads, 257);
    REFUSED(checkpoint_steps, -1);
    REFUSED(checkpoint, "");

    asl_trainer *trainer = NULL;
    asl_trainer_options options = quick_options(1);
    options.backend = "abacus";
    assert_status(asl_trainer_create(&trainer, f->model, f->train, NULL, &options, &err),
                  ASL_ERR_BACKEND, &err);
    struct {
        asl_trainer_options options;
        int64_t more;
    } newer = {quick_options(1), 0};
    newer.options.struct_size = sizeof newer;
    assert_ok(asl_trainer_create(&trainer, f->model, f->train, NULL, &newer.options, &err), &err);
    asl_trainer_free(trainer);
    newer.more = 1;
    assert_status(asl_trainer_create(&trainer, f->model, f->train, NULL, &newer.options, &err),
                  ASL_ERR_TOO_NEW, &err);
    assert_null(trainer);
}

static void test_options_in_force(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    asl_trainer_options options = quick_options(3), got = {.struct_size = sizeof got};
    options.seed = UINT64_MAX;
    options.checkpoint_steps = 5;
    options.checkpoint = "kept.ckpt";
    options.schedule = ASL_SCHEDULE_ONE_CYCLE;
    options.threads = 0;
    assert_ok(asl_trainer_create(&trainer, f->model, f->train, NULL, &options, &err), &err);
    assert_ok(asl_trainer_get_options(&got, trainer, &err), &err);
    assert_true(got.threads >= 1);
    assert_string_equal(got.backend, "cpu");
    assert_string_equal(got.checkpoint, "kept.ckpt");
    assert_ptr_not_equal(got.checkpoint, options.checkpoint);
    got.threads = options.threads;
    got.backend = options.backend;
    got.isa = options.isa;
    assert_string_equal(got.precision, "fp32");
    got.precision = options.precision;
    got.checkpoint = options.checkpoint;
    assert_memory_equal(&got, &options, sizeof got);
    asl_trainer_free(trainer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns),
        cmocka_unit_test(test_every_optimizer_learns),
        cmocka_unit_test(test_one_cycle),
        cmocka_unit_test(test_callbacks),
        cmocka_unit_test(test_stop_between_epochs),
        cmocka_unit_test(test_stop_at_the_end),
        cmocka_unit_test(test_missing_folder),
        cmocka_unit_test(test_three_failures_end_the_run),
        cmocka_unit_test(test_stop_without_checkpoint_fails),
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_divergence),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_unreadable_picture),
        cmocka_unit_test(test_null_arguments),
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_options_in_force),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
