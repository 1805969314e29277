/* SPDX-License-Identifier: MIT */
/* Every truncation and every flipped bit of small model files and of a small checkpoint is noticed.
 * With ASL_TEST_FULL=1 also every other value of every byte. */
#include "support/support.h"
#include "unit/model/defects.h"
#include "unit/train/blobs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

#define RUN "run.ckpt"

/* What is damaged, and how it is opened. */
typedef struct target {
    const char *name;
    uint8_t *bytes;
    size_t size, padding, data; /* where these begin */
    asl_status (*open)(const struct target *t, size_t size, asl_error *err);
    const asl_dataset *pictures;
    int fd; /* of the checkpoint */
} target;

static int cut, flipped, replaced;

static asl_status open_model(const target *t, size_t size, asl_error *err)
{
    asl_model *model = NULL;
    uint8_t *exact = malloc(size > 0 ? size : 1);
    memcpy(exact, t->bytes, size);
    const asl_status status = asl_model_load_memory(&model, exact, size, err);
    assert_null(model);
    free(exact);
    return status;
}

/* As a run is resumed, from a file. */
static asl_status open_checkpoint(const target *t, size_t size, asl_error *err)
{
    asl_trainer *trainer = NULL;
    assert_int_equal(pwrite(t->fd, t->bytes, size, 0), (ssize_t)size);
    if (size < t->size)
        assert_int_equal(ftruncate(t->fd, (off_t)size), 0);
    const asl_status status = asl_trainer_resume(&trainer, RUN, t->pictures, NULL, NULL, err);
    assert_null(trainer);
    return status;
}

static void find_parts(target *t)
{
    uint64_t length;
    memcpy(&length, t->bytes, sizeof length);
    t->data = t->padding = 8 + (size_t)length;
    while (t->bytes[t->padding - 1] == ' ')
        t->padding--;
}

/* Cut anywhere, a file is too short. */
static void cut_everywhere(const target *t)
{
    for (size_t size = t->size; size-- > 0;) {
        asl_error err = ASL_ERROR_INIT;
        const asl_status status = t->open(t, size, &err);
        if (status != ASL_ERR_TRUNCATED)
            fail_msg("%zu bytes of %s: %s", size, t->name, asl_status_name(status));
        test_check_error(status, &err);
        cut++;
    }
}

/* Behind the header the checksum tells; before, what was said there may be wrong first. */
static void expect_refusal(const target *t, size_t at)
{
    asl_error err = ASL_ERROR_INIT;
    const asl_status status = t->open(t, t->size, &err);
    const bool good = at >= t->data ? status == ASL_ERR_CHECKSUM
                      : at >= t->padding
                          ? status == ASL_ERR_MODEL
                          : status == ASL_ERR_CHECKSUM || status == ASL_ERR_MODEL ||
                                status == ASL_ERR_TRUNCATED || status == ASL_ERR_LIMIT ||
                                status == ASL_ERR_MODEL_TOO_NEW;
    if (!good)
        fail_msg("%s with %02x at %zu: %s", t->name, t->bytes[at], at, asl_status_name(status));
    test_check_error(status, &err);
}

static void flip_everywhere(target *t)
{
    for (size_t at = 0; at < t->size; at++)
        for (int bit = 0; bit < 8; bit++) {
            t->bytes[at] ^= (uint8_t)(1 << bit);
            expect_refusal(t, at);
            t->bytes[at] ^= (uint8_t)(1 << bit);
            flipped++;
        }
}

static void replace_everywhere(target *t)
{
    for (size_t at = 0; at < t->size; at++) {
        const uint8_t own = t->bytes[at];
        for (int value = 0; value < 256; value++)
            if (value != own) {
                t->bytes[at] = (uint8_t)value;
                expect_refusal(t, at);
                replaced++;
            }
        t->bytes[at] = own;
    }
}

static void damage(target *t)
{
    const char *full = getenv("ASL_TEST_FULL");
    find_parts(t);
    flip_everywhere(t);
    if (full && strcmp(full, "1") == 0)
        replace_everywhere(t);
    cut_everywhere(t);
}

static void test_models(void **state)
{
    static const char *const names[] = {"a model of F32", "a model of F16", "a model of I8"};
    (void)state;
    for (int32_t weights = ASL_WEIGHTS_F32; weights <= ASL_WEIGHTS_I8; weights++) {
        valid_file valid = make_valid(weights);
        damage(&(target){
            .name = names[weights], .bytes = valid.bytes, .size = valid.size, .open = open_model});
        free_valid(&valid);
    }
}

/* The smallest network there is, after one step. */
static void make_checkpoint(const asl_dataset *pictures)
{
    static const char *const labels[] = {"blue", "green", "red"};
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_trainer *trainer = NULL;
    asl_model_options options;
    asl_trainer_options how;
    asl_model_options_init(&options, sizeof options);
    options.width = options.height = 4;
    options.labels = labels;
    options.label_count = BLOBS_CLASSES;
    options.architecture = "global_pool avg; dense classes";
    assert_ok(asl_model_create(&model, "tiny", &options, &err), &err);
    asl_trainer_options_init(&how, sizeof how);
    how.epochs = 1;
    how.threads = 1;
    assert_ok(asl_trainer_create(&trainer, model, pictures, NULL, &how, &err), &err);
    assert_ok(asl_trainer_run(trainer, &err), &err);
    assert_ok(asl_trainer_save_checkpoint(trainer, RUN, &err), &err);
    asl_trainer_free(trainer);
    asl_model_free(model);
}

static void test_checkpoint(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    void *bytes = NULL;
    target t = {.name = "a checkpoint", .open = open_checkpoint};
    (void)state;
    unlink(RUN ".prev"); /* else a damaged checkpoint would not be the last word */
    blobs_make("blobs", 1, 4, 1, false);
    asl_dataset *pictures = blobs_open("blobs");
    make_checkpoint(pictures);
    assert_ok(asl__file_read(&bytes, &t.size, RUN, 1 << 20, &err), &err);
    t.bytes = bytes;
    t.pictures = pictures;
    t.fd = open(RUN, O_RDWR | O_CLOEXEC);
    assert_true(t.fd >= 0);
    damage(&t);
    /* And whole again, it is what it was. */
    assert_int_equal(pwrite(t.fd, t.bytes, t.size, 0), (ssize_t)t.size);
    close(t.fd);
    assert_ok(asl_trainer_resume(&trainer, RUN, pictures, NULL, NULL, &err), &err);
    asl_trainer_free(trainer);
    asl_dataset_free(pictures);
    asl__free(bytes);
}

static int tell(void **state)
{
    (void)state;
    print_message("count: %d truncations, %d flipped bits and %d replaced bytes of models and a "
                  "checkpoint, all refused\n",
                  cut, flipped, replaced);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_models),
                                       cmocka_unit_test(test_checkpoint)};
    return cmocka_run_group_tests(tests, NULL, tell);
}
