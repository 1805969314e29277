/* SPDX-License-Identifier: MIT */
/* Several ranks train what one process trains, hold the same bits all the time, stop together, and
 * leave a checkpoint to go on from when one of them is lost. */
#include "train/ranks.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "train/checkpoint.h"
#include "unit/train/crew.h"

/* Layers of the seed network, small, and dropout, which the place in the whole batch decides. */
static asl_model *plain_model(void)
{
    static const char *const labels[BLOBS_CLASSES] = {"red", "blue", "green"};
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_model_options options;
    asl_model_options_init(&options, sizeof options);
    options.width = options.height = 16;
    options.labels = labels;
    options.label_count = BLOBS_CLASSES;
    options.architecture = "conv2d 8 k5 bias; relu; max_pool 2; conv2d 16 k3 bias; relu; "
                           "max_pool 2; global_pool avg; dense 24; relu; dropout 0.2; "
                           "dense classes";
    options.seed = 7;
    assert_ok(asl_model_create(&model, "tiny", &options, &err), &err);
    return model;
}

static fixture plain; /* with the model above */

static int setup(void **state)
{
    const int result = runs_setup(state);
    plain = *(const fixture *)*state;
    plain.model = plain_model();
    return result;
}

static int teardown(void **state)
{
    asl_model_free(plain.model);
    return runs_teardown(state);
}

static void test_shares(void **state)
{
    asl_trainer trainer = {0};
    (void)state;
    for (int32_t ranks = 1; ranks <= 9; ranks++) {
        trainer.options.ranks = ranks;
        for (int32_t pictures = 0; pictures <= 40; pictures++) {
            int32_t next = 0;
            for (trainer.options.rank = 0; trainer.options.rank < ranks; trainer.options.rank++) {
                const asl__share share = asl__share_of(&trainer, pictures);
                assert_int_equal(share.first, next);
                assert_in_range(share.count, pictures / ranks, (pictures + ranks - 1) / ranks);
                assert_true(share.count <= asl__share_of(&trainer, pictures + 1).count);
                next += share.count;
            }
            assert_int_equal(next, pictures);
        }
    }
}

/* --- agreement with one process ----------------------------------------------------------- */

static void get_parameters(float **out, size_t *count, const asl_trainer *trainer)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    assert_ok(asl_trainer_get_model(&model, trainer, &err), &err);
    const float *values = asl_model_parameters(count, model);
    *out = malloc(*count * sizeof **out);
    memcpy(*out, values, *count * sizeof **out);
    asl_model_free(model);
}

/* Largest difference of the weights, relative to the largest weight. */
static double difference(const asl_trainer *a, const asl_trainer *b)
{
    float *x, *y;
    size_t count;
    double largest = 0.0, worst = 0.0;
    get_parameters(&x, &count, a);
    get_parameters(&y, &count, b);
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs((double)x[i]));
        const double apart = fabs((double)x[i] - (double)y[i]);
        worst = isfinite(apart) ? fmax(worst, apart) : INFINITY;
    }
    free(x);
    free(y);
    return worst / largest;
}

/* 24 and 12 pictures by 7 on 2, 3 and 5 ranks: uneven shares, and empty ones in last batches. The
 * tolerance is for float32 sums in another order over 12 steps. */
static void check_agreement(int32_t ranks, int32_t optimizer)
{
    crew c;
    asl_error err = ASL_ERROR_INIT;
    asl_trainer_options options = runs_options();
    options.optimizer = optimizer;
    options.checkpoint = NULL;
    asl_trainer *single = runs_create(&plain, &options);
    assert_ok(asl_trainer_run(single, &err), &err);
    crew_make(&c, &plain, ranks);
    for (int32_t r = 0; r < ranks; r++) {
        c.members[r].options.optimizer = optimizer;
        c.members[r].options.checkpoint = NULL;
    }
    crew_run(&c);
    crew_assert_status(&c, ASL_OK);
    const outcome together = crew_outcome(&c), alone = runs_outcome(single);
    assert_true(difference(single, c.members[0].trainer) < 1e-5);
    for (int32_t i = 0; i < EPOCHS; i++) {
        const asl_epoch_metrics *a = &alone.history[i], *b = &together.history[i];
        assert_true(fabs(a->train_loss - b->train_loss) < 1e-5);
        assert_true(fabs(a->val_loss - b->val_loss) < 1e-5);
        assert_true(a->train_accuracy == b->train_accuracy); /* counts are exact */
        assert_true(a->val_accuracy == b->val_accuracy);
        assert_true(a->learning_rate == b->learning_rate);
        assert_int_equal(a->is_best, b->is_best);
    }
    crew_free(&c);
    asl_trainer_free(single);
}

static void test_agreement(void **state)
{
    static const int32_t sizes[] = {2, 3, 5};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int32_t k = ASL_OPTIMIZER_ADAM; k <= ASL_OPTIMIZER_SGD; k++)
            check_agreement(sizes[i], k);
}

/* What the documents say of batch norm: the same bits everywhere, and as good as one process. */
static void test_batch_norm(void **state)
{
    const fixture *f = *state;
    crew c;
    crew_make(&c, f, 2);
    for (int32_t r = 0; r < 2; r++)
        c.members[r].options.checkpoint = NULL;
    crew_run(&c);
    crew_assert_status(&c, ASL_OK);
    const outcome together = crew_outcome(&c);
    assert_true(together.last != f->expected.last);
    assert_true(together.history[EPOCHS - 1].train_loss < together.history[0].train_loss);
    assert_true(isfinite(together.history[EPOCHS - 1].val_loss));
    crew_free(&c);
}

/* --- stopping and going on ---------------------------------------------------------------- */

/* Any rank may ask; all stop after the same batch, and rank 0 alone has written. */
static void test_stop_and_resume_after_every_batch(void **state)
{
    crew whole, c;
    int32_t stops = 0;
    (void)state;
    runs_remove();
    crew_make(&whole, &plain, 3);
    crew_run(&whole);
    crew_assert_status(&whole, ASL_OK);
    const outcome expected = crew_outcome(&whole);
    crew_free(&whole);

    runs_remove();
    for (;; stops++) {
        crew_make(&c, &plain, 3);
        for (int32_t r = 0; r < 3; r++) {
            c.members[r].resume = stops > 0;
            c.members[r].stop = r == stops % 3;
        }
        crew_run(&c);
        if (c.members[0].status == ASL_OK)
            break;
        crew_assert_status(&c, ASL_STOPPED);
        assert_int_equal(access(RUN, F_OK), 0);
        crew_free(&c);
    }
    crew_assert_status(&c, ASL_OK);
    assert_int_equal(stops, STOPS);
    runs_assert(c.members[0].trainer, &expected);
    crew_outcome(&c);
    crew_free(&c);
}

/* Another number of ranks may go on. */
static void test_resume_alone(void **state)
{
    crew c;
    asl_error err = ASL_ERROR_INIT;
    asl_trainer_options options = runs_options();
    (void)state;
    options.checkpoint = NULL;
    asl_trainer *single = runs_create(&plain, &options);
    runs_finish(single);
    runs_remove();
    crew_make(&c, &plain, 2);
    for (int32_t r = 0; r < 2; r++)
        c.members[r].options.epochs = 2;
    crew_run(&c);
    crew_assert_status(&c, ASL_OK);
    crew_free(&c);
    asl_trainer *rest = NULL;
    assert_ok(asl_trainer_resume(&rest, RUN, plain.train, plain.validation, &options, &err), &err);
    runs_finish(rest);
    assert_true(difference(single, rest) < 1e-5);
    asl_trainer_free(single);
    asl_trainer_free(rest);
}

/* --- what goes wrong ---------------------------------------------------------------------- */

/* A rank is lost in each of its sums in turn. The others say so, and whatever checkpoint there is
 * leads to the same end as a run that lost nobody. */
static void test_lost_rank(void **state)
{
    crew c;
    (void)state;
    runs_remove();
    crew_make(&c, &plain, 2);
    for (int32_t r = 0; r < 2; r++)
        c.members[r].options.checkpoint_steps = 2;
    crew_run(&c);
    crew_assert_status(&c, ASL_OK);
    const outcome expected = crew_outcome(&c);
    const int64_t calls = c.members[0].calls;
    assert_true(c.members[1].calls == calls);
    crew_free(&c);
    for (int64_t call = 1; call <= calls; call++) {
        runs_remove();
        crew_make(&c, &plain, 2);
        for (int32_t r = 0; r < 2; r++)
            c.members[r].options.checkpoint_steps = 2;
        c.members[1].die_at = call;
        crew_run(&c);
        crew_assert_status(&c, ASL_ERR_SYSTEM);
        assert_non_null(strstr(c.members[0].err.message, "rank may be lost"));
        crew_free(&c);
        crew_make(&c, &plain, 2);
        for (int32_t r = 0; r < 2; r++)
            c.members[r].resume = access(RUN, F_OK) == 0;
        crew_run(&c);
        crew_assert_status(&c, ASL_OK);
        runs_assert(c.members[0].trainer, &expected);
        crew_free(&c);
    }
}

/* A trainer whose sum failed can go on where it was, when all of them can. */
static void test_sum_works_again(void **state)
{
    crew c;
    (void)state;
    runs_remove();
    crew_make(&c, &plain, 2);
    crew_run(&c);
    const outcome expected = crew_outcome(&c);
    crew_free(&c);
    runs_remove();
    crew_make(&c, &plain, 2);
    c.members[0].die_at = 9;
    crew_run(&c);
    crew_assert_status(&c, ASL_ERR_SYSTEM);
    c.members[0].die_at = 0;
    crew_run(&c);
    crew_assert_status(&c, ASL_OK);
    const outcome got = crew_outcome(&c);
    assert_true(got.last == expected.last);
    crew_free(&c);
}

/* One rank meets a picture that it cannot read, and the other ends with it. */
static void test_one_rank_fails(void **state)
{
    fixture f = plain;
    crew c;
    (void)state;
    blobs_make("broken", 8, 16, 1, false);
    f.train = blobs_open("broken");
    assert_int_equal(truncate("broken/red/03.png", 60), 0);
    runs_remove();
    crew_make(&c, &f, 2);
    crew_run(&c);
    const int32_t unlucky = c.members[0].status == ASL_ERR_SYSTEM;
    assert_true(c.members[unlucky].status < 0);
    assert_int_not_equal(c.members[unlucky].status, ASL_ERR_SYSTEM);
    assert_non_null(strstr(c.members[unlucky].err.message, "03.png"));
    assert_int_equal(c.members[!unlucky].status, ASL_ERR_SYSTEM);
    assert_non_null(strstr(c.members[!unlucky].err.message, "another rank"));
    crew_free(&c);
    asl_dataset_free(f.train);
}

static void test_unlike_starts(void **state)
{
    crew c;
    (void)state;
    runs_remove();
    for (int32_t i = 0; i < 6; i++) {
        crew_make(&c, &plain, 3);
        asl_trainer_options *options = &c.members[2].options;
        options->seed += i == 0;
        options->learning_rate *= i == 1 ? 2.0 : 1.0;
        options->checkpoint_steps += i == 2;
        options->epochs += i == 3;
        options->backend = i == 4 ? "reference" : options->backend;
        options->weight_decay += i == 5 ? 1e-12 : 0.0;
        crew_run(&c);
        crew_assert_status(&c, ASL_ERR_STATE);
        assert_non_null(strstr(c.members[0].err.message, "rank 2 of 3"));
        crew_free(&c);
    }
    assert_int_not_equal(access(RUN, F_OK), 0);
}

/* A sum with other bits on one rank is found at the end of the epoch, before anything is kept. */
static void test_drift(void **state)
{
    crew c;
    (void)state;
    runs_remove();
    crew_make(&c, &plain, 2);
    c.drift = true;
    crew_run(&c);
    crew_assert_status(&c, ASL_ERR_STATE);
    assert_int_equal(asl_trainer_epoch_count(c.members[0].trainer), 0);
    assert_int_not_equal(access(RUN, F_OK), 0);
    crew_free(&c);
}

static void test_checkpoint_held_by_another(void **state)
{
    crew c;
    asl_error err = ASL_ERROR_INIT;
    int lock = -1;
    (void)state;
    runs_remove();
    assert_ok(asl__lock_take(&lock, RUN ".lock", &err), &err);
    crew_make(&c, &plain, 2);
    crew_run(&c);
    assert_int_equal(c.members[0].status, ASL_ERR_BUSY);
    assert_int_equal(c.members[1].status, ASL_ERR_SYSTEM);
    asl__lock_release(lock, RUN ".lock");
    crew_run(&c);
    crew_assert_status(&c, ASL_OK);
    crew_free(&c);
}

/* Rank 0 alone notices; nobody waits for it for ever. */
static void test_checkpoint_cannot_be_written(void **state)
{
    crew c;
    (void)state;
    for (int32_t stop = 0; stop <= 1; stop++) {
        crew_make(&c, &plain, 2);
        for (int32_t r = 0; r < 2; r++) {
            c.members[r].options.checkpoint = "nowhere/run.ckpt";
            c.members[r].options.checkpoint_steps = 1;
        }
        crew_run(&c);
        assert_int_equal(c.members[0].status, ASL_ERR_IO);
        assert_int_equal(c.members[0].warnings, 3);
        assert_int_equal(c.members[1].status, ASL_ERR_SYSTEM);
        assert_int_equal(c.members[1].warnings, 0);
        c.members[1].stop = true;
        crew_run(&c);
        assert_int_equal(c.members[0].status, ASL_ERR_IO);
        assert_int_equal(c.members[1].status, ASL_ERR_SYSTEM);
        crew_free(&c);
    }
}

static void test_divergence(void **state)
{
    crew c;
    (void)state;
    runs_remove();
    crew_make(&c, &plain, 2);
    for (int32_t r = 0; r < 2; r++) {
        c.members[r].options.optimizer = ASL_OPTIMIZER_SGD;
        c.members[r].options.learning_rate = 1e30;
    }
    crew_run(&c);
    crew_assert_status(&c, ASL_ERR_DIVERGED);
    crew_free(&c);
}

static asl_status no_sum(float *values, size_t count, void *user)
{
    (void)values;
    (void)count;
    (void)user;
    return ASL_ERR_SYSTEM;
}

static asl_status create(const asl_trainer_options *options, asl_error *err)
{
    asl_trainer *trainer = NULL;
    const asl_status status =
        asl_trainer_create(&trainer, plain.model, plain.train, plain.validation, options, err);
    assert_true((trainer != NULL) == (status == ASL_OK));
    asl_trainer_free(trainer);
    return status;
}

static void test_options(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer_options options = runs_options();
    (void)state;
    options.ranks = 2;
    assert_status(create(&options, &err), ASL_ERR_ARG, &err); /* no all_reduce */
    options.all_reduce = no_sum;
    assert_ok(create(&options, &err), &err);
    options.rank = 2;
    assert_status(create(&options, &err), ASL_ERR_ARG, &err);
    options.rank = -1;
    assert_status(create(&options, &err), ASL_ERR_ARG, &err);
    options.rank = 0;
    options.ranks = 0;
    assert_status(create(&options, &err), ASL_ERR_ARG, &err);
    options.ranks = 8; /* more than a batch of 7 */
    assert_status(create(&options, &err), ASL_ERR_ARG, &err);
    options.ranks = 4097;
    options.batch_size = 65536;
    assert_status(create(&options, &err), ASL_ERR_ARG, &err);
    options.ranks = 4096; /* of which only 24 get pictures */
    assert_ok(create(&options, &err), &err);
}

/* Rank 0 alone keeps a checkpoint. */
static void test_options_in_force(void **state)
{
    crew c;
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    runs_remove();
    crew_make(&c, &plain, 2);
    crew_run(&c);
    for (int32_t r = 0; r < 2; r++) {
        asl_trainer_options got = {.struct_size = sizeof got};
        assert_ok(asl_trainer_get_options(&got, c.members[r].trainer, &err), &err);
        assert_int_equal(got.rank, r);
        assert_int_equal(got.ranks, 2);
        assert_true((got.checkpoint != NULL) == (r == 0));
    }
    crew_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_agreement),
        cmocka_unit_test(test_batch_norm),
        cmocka_unit_test(test_stop_and_resume_after_every_batch),
        cmocka_unit_test(test_resume_alone),
        cmocka_unit_test(test_lost_rank),
        cmocka_unit_test(test_sum_works_again),
        cmocka_unit_test(test_one_rank_fails),
        cmocka_unit_test(test_unlike_starts),
        cmocka_unit_test(test_drift),
        cmocka_unit_test(test_checkpoint_held_by_another),
        cmocka_unit_test(test_checkpoint_cannot_be_written),
        cmocka_unit_test(test_divergence),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_options_in_force),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
