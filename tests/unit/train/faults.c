/* SPDX-License-Identifier: MIT */
/* Memory that runs short, once or for good, at every place in the life of a trainer: the status
 * says so, nothing leaks, and a run that failed once goes on as if nothing had been. */
#include "support/support.h"

#include <unistd.h>

#include "unit/train/blobs.h"

typedef struct life {
    int32_t warnings;
    bool failed; /* some call returned ASL_ERR_NOMEM */
    uint64_t hash;
} life;

static void count_warning(asl_status code, const char *message, void *user)
{
    (void)message;
    assert_int_equal(code, ASL_ERR_NOMEM);
    ((life *)user)->warnings++;
}

/* Notes a failure, which must be this one. */
static bool succeeds(life *l, asl_status status, const asl_error *err)
{
    if (status == ASL_OK)
        return true;
    if (status != ASL_ERR_NOMEM)
        fail_msg("%s: %s", asl_status_name(status), err->message);
    l->failed = true;
    return false;
}

/* Open, create, one epoch with its checkpoint, resume. What fails is tried again where memory
 * `recovers`. */
static life live(bool recovers)
{
    asl_error err = ASL_ERROR_INIT;
    life l = {0};
    asl_dataset *dataset = NULL;
    asl_model *model = NULL, *result = NULL;
    asl_augmentation *augmentation = NULL;
    asl_trainer *trainer = NULL, *resumed = NULL;
    asl_model_options wishes;
    asl_trainer_options options;
    static const char *const labels[] = {"red", "blue", "green"};
    asl_model_options_init(&wishes, sizeof wishes);
    wishes.width = wishes.height = 16;
    wishes.labels = labels;
    wishes.label_count = 3;
    wishes.architecture = "conv2d 4 k3; batch_norm; relu; global_pool avg; dense classes";
    asl_trainer_options_init(&options, sizeof options);
    options.epochs = 1;
    options.batch_size = 4;
    options.threads = 1;
    options.checkpoint = "faults.ckpt";
    options.on_warning = count_warning;
    options.user = &l;
    options.average = 0.9;
    options.epoch_pictures = 8;
    options.start_size = 8;
    options.start_share = 0.5;

    if (!succeeds(&l, asl_augmentation_create(&augmentation, "light", &err), &err) ||
        !succeeds(&l, asl_dataset_open(&dataset, "train", NULL, &err), &err) ||
        !succeeds(&l, asl_model_create(&model, "tiny", &wishes, &err), &err))
        goto done;
    options.augmentation = augmentation;
    if (!succeeds(&l, asl_trainer_create(&trainer, model, dataset, dataset, &options, &err),
                  &err)) {
        assert_null(trainer);
        goto done;
    }
    if (!succeeds(&l, asl_trainer_run(trainer, &err), &err) && recovers)
        assert_ok(asl_trainer_run(trainer, &err), &err);
    if (!succeeds(&l, asl_trainer_get_model(&result, trainer, &err), &err)) {
        assert_null(result);
        if (!recovers)
            goto done;
        assert_ok(asl_trainer_get_model(&result, trainer, &err), &err);
    }
    l.hash = blobs_hash(result);
    if (l.warnings == 0 &&
        !succeeds(&l, asl_trainer_resume(&resumed, "faults.ckpt", dataset, dataset, NULL, &err),
                  &err))
        assert_null(resumed);
done:
    asl_trainer_free(resumed);
    asl_trainer_free(trainer);
    asl_model_free(result);
    asl_model_free(model);
    asl_dataset_free(dataset);
    asl_augmentation_free(augmentation);
    return l;
}

static void fail_each(bool for_good)
{
    blobs_make("train", 2, 16, 1, false);
    test_allocator_install(0, false);
    const uint64_t expected = live(true).hash;
    const int64_t count = test_allocator_count();
    test_allocator_remove();
    assert_true(count > 50);
    for (int64_t n = 1; n <= count; n++) {
        unlink("faults.ckpt");
        unlink("faults.ckpt.prev");
        test_allocator_install(n, for_good);
        const life l = live(!for_good);
        test_allocator_remove();
        assert_true(l.failed || l.warnings > 0 || l.hash == expected);
        assert_true(for_good || l.hash == 0 || l.hash == expected);
    }
}

static void test_each_allocation_fails_once(void **state)
{
    (void)state;
    fail_each(false);
}

static void test_memory_stays_short(void **state)
{
    (void)state;
    fail_each(true);
}

static asl_status no_sum(float *values, size_t count, void *user)
{
    (void)values;
    (void)count;
    (void)user;
    return ASL_ERR_SYSTEM;
}

/* One of several ranks, which takes memory for what they add up; false when memory was short. */
static bool create_rank(void)
{
    asl_error err = ASL_ERROR_INIT;
    life l = {0};
    asl_dataset *dataset = NULL;
    asl_model *model = NULL;
    asl_trainer *trainer = NULL;
    asl_model_options wishes;
    asl_trainer_options options;
    static const char *const labels[] = {"red", "blue", "green"};
    asl_model_options_init(&wishes, sizeof wishes);
    wishes.labels = labels;
    wishes.label_count = 3;
    asl_trainer_options_init(&options, sizeof options);
    options.ranks = 2;
    options.all_reduce = no_sum;
    const bool done =
        succeeds(&l, asl_dataset_open(&dataset, "train", NULL, &err), &err) &&
        succeeds(&l, asl_model_create(&model, "tiny", &wishes, &err), &err) &&
        succeeds(&l, asl_trainer_create(&trainer, model, dataset, NULL, &options, &err), &err);
    assert_true(done == (trainer != NULL));
    asl_trainer_free(trainer);
    asl_model_free(model);
    asl_dataset_free(dataset);
    return done;
}

static void test_memory_of_a_rank(void **state)
{
    (void)state;
    blobs_make("train", 2, 16, 1, false);
    test_allocator_install(0, false);
    assert_true(create_rank());
    const int64_t count = test_allocator_count();
    test_allocator_remove();
    for (int64_t n = 1; n <= count; n++) {
        test_allocator_install(n, false);
        assert_false(create_rank());
        test_allocator_remove();
    }
}

/* With pictures that need no decoding, a run without checkpoints takes no memory at all. */
static void test_steps_allocate_nothing(void **state)
{
    (void)state;
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    asl_dataset *packed = NULL;
    asl_pack_options pack;
    asl_trainer_options options;
    blobs_make("train", 3, 16, 1, false);
    asl_pack_options_init(&pack, sizeof pack);
    pack.width = pack.height = 16;
    asl_trainer_options_init(&options, sizeof options);
    options.epochs = 2;
    options.batch_size = 4;
    options.average = 0.9;
    test_allocator_install(0, false);
    asl_dataset *dataset = blobs_open("train");
    asl_model *model = blobs_model();
    assert_ok(asl_dataset_pack(&packed, dataset, "train.pack", &pack, &err), &err);
    assert_ok(asl_trainer_create(&trainer, model, packed, packed, &options, &err), &err);
    const int64_t before = test_allocator_count();
    assert_ok(asl_trainer_run(trainer, &err), &err);
    assert_int_equal(test_allocator_count(), before);
    asl_trainer_free(trainer);
    asl_dataset_free(packed);
    asl_dataset_free(dataset);
    asl_model_free(model);
    test_allocator_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_allocation_fails_once),
        cmocka_unit_test(test_memory_stays_short),
        cmocka_unit_test(test_memory_of_a_rank),
        cmocka_unit_test(test_steps_allocate_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
