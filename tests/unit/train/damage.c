/* SPDX-License-Identifier: MIT */
/* Checkpoints that were damaged, or that say what no run could have said. */
#include "unit/train/recipe.h"

#include <math.h>
#include <unistd.h>

#include "train/trainer.h"

typedef struct told {
    int32_t count;
    asl_status code;
} told;

static void tell(asl_status code, const char *message, void *user)
{
    told *t = user;
    assert_true(message[0] != '\0');
    t->count++;
    t->code = code;
}

static size_t read_file(unsigned char *bytes, size_t room, const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t size = fread(bytes, 1, room, file);
    fclose(file);
    assert_true(size < room);
    return size;
}

/* Resumes from PATH.prev, is told, and ends as ever. */
static void check_fall_back(const fixture *f)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    asl_trainer_options options = runs_options();
    told t = {0};
    options.on_warning = tell;
    options.user = &t;
    assert_int_equal(asl_trainer_resume(&trainer, RUN, f->train, f->validation, &options, &err),
                     ASL_PARTIAL);
    assert_int_equal(err.code, ASL_OK);
    assert_int_equal(t.count, 1);
    assert_true(t.code < 0);
    /* The first save must not push the damaged file over the only whole one. */
    assert_true(runs_a_bit(trainer));
    asl__tensors file = {0};
    assert_ok(asl__tensors_read(&file, RUN ".prev", &err), &err);
    asl__tensors_free(&file);
    runs_finish(trainer);
    assert_int_equal(t.count, 1);
    runs_assert(trainer, &f->expected);
    asl_trainer_free(trainer);
}

static void test_fall_back(void **state)
{
    static unsigned char bytes[1 << 17];
    runs_leave_two(*state);
    const size_t size = read_file(bytes, sizeof bytes, RUN);
    test_write_file(RUN, bytes, size / 2);
    check_fall_back(*state);

    runs_leave_two(*state);
    bytes[size / 2] ^= 1;
    test_write_file(RUN, bytes, size);
    check_fall_back(*state);

    /* A bit that makes the file look like one of a later version, which is no damage. */
    runs_leave_two(*state);
    bytes[size / 2] ^= 1;
    unsigned char *format = memmem(bytes, size, "\"asl.format\":\"1.", 16);
    assert_non_null(format);
    format[14] ^= 2;
    test_write_file(RUN, bytes, size);
    check_fall_back(*state);

    runs_leave_two(*state);
    test_write_file(RUN, "", 0);
    check_fall_back(*state);

    runs_leave_two(*state);
    unlink(RUN); /* as on a file system without links, between two renames */
    check_fall_back(*state);
}

/* No byte of a checkpoint is unguarded. */
static void test_every_kind_of_damage(void **state)
{
    const fixture *f = *state;
    static unsigned char bytes[1 << 17];
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    runs_leave_two(f);
    unlink(RUN ".prev");
    const size_t size = read_file(bytes, sizeof bytes, RUN);
    for (size_t i = 0; i < size; i += i < 512 ? 7 : 61) {
        bytes[i] ^= (unsigned char)(1u << (i % 8));
        test_write_file(RUN, bytes, size);
        bytes[i] ^= (unsigned char)(1u << (i % 8));
        const asl_status status =
            asl_trainer_resume(&trainer, RUN, f->train, f->validation, NULL, &err);
        assert_true(status == ASL_ERR_CHECKSUM || status == ASL_ERR_MODEL ||
                    status == ASL_ERR_TRUNCATED || status == ASL_ERR_MODEL_TOO_NEW ||
                    status == ASL_ERR_LIMIT);
        test_check_error(status, &err);
        assert_null(trainer);
    }
    for (size_t length = 0; length < size; length += 1 + length / 8) {
        test_write_file(RUN, bytes, length);
        assert_true(asl_trainer_resume(&trainer, RUN, f->train, f->validation, NULL, &err) < 0);
        assert_null(trainer);
    }
    /* With both damaged, what is wrong with the newest counts. */
    test_write_file(RUN, bytes, size / 2);
    test_write_file(RUN ".prev", bytes, size / 3);
    assert_status(asl_trainer_resume(&trainer, RUN, f->train, f->validation, NULL, &err),
                  ASL_ERR_TRUNCATED, &err);
    assert_null(strstr(err.message, ".prev"));
    runs_remove();
    assert_status(asl_trainer_resume(&trainer, RUN, f->train, f->validation, NULL, &err),
                  ASL_ERR_NOT_FOUND, &err);
}

/* Writes a checkpoint again, whole and with a right checksum, but with one other entry, or without
 * the tensor of that name; frees `file`. */
static void write_again(asl__tensors file, const char *key, const char *value)
{
    bool found = value == NULL;
    asl_error err = ASL_ERROR_INIT;
    asl__tensors_writer *writer = NULL;
    assert_ok(asl__tensors_writer_create(&writer, &err), &err);
    for (int32_t i = 0; i < file.entry_count; i++) {
        const char *name = file.entries[i].key;
        if (strcmp(name, "asl.crc32") == 0 || strcmp(name, "asl.format") == 0 ||
            strcmp(name, "asl.writer") == 0 || (strcmp(name, key) == 0 && !value))
            continue;
        const char *text = strcmp(name, key) == 0 ? value : file.entries[i].value;
        found = found || strcmp(name, key) == 0;
        assert_ok(asl__tensors_writer_entry(writer, name, text, &err), &err);
    }
    if (!found)
        assert_ok(asl__tensors_writer_entry(writer, key, value, &err), &err);
    for (int32_t i = 0; i < file.tensor_count; i++) {
        const asl__file_tensor *tensor = &file.tensors[i];
        if (strcmp(tensor->name, key) == 0)
            continue;
        assert_ok(asl__tensors_writer_tensor(writer, tensor->name, tensor->dtype, tensor->shape,
                                             tensor->dims, tensor->data, &err),
                  &err);
    }
    assert_ok(asl__tensors_writer_save(writer, RUN, &err), &err);
    asl__tensors_writer_free(writer);
    asl__tensors_free(&file);
}

static void rewrite(const char *key, const char *value)
{
    asl_error err = ASL_ERROR_INIT;
    asl__tensors file = {0};
    assert_ok(asl__tensors_read(&file, RUN, &err), &err);
    write_again(file, key, value);
}

/* Puts another last value into a tensor of floats. */
static void spoil(const char *name, float value)
{
    asl_error err = ASL_ERROR_INIT;
    asl__tensors file = {0};
    assert_ok(asl__tensors_read(&file, RUN, &err), &err);
    const asl__file_tensor *tensor = asl__tensors_find(&file, name);
    assert_non_null(tensor);
    memcpy((char *)file.bytes + ((const char *)tensor->data - (const char *)file.bytes) +
               tensor->bytes - sizeof value,
           &value, sizeof value);
    write_again(file, "", NULL);
}

/* A file that is whole but says what no run could have said. */
static void test_impossible_contents(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    static const char *const changes[][2] = {
        {"asl.train.epochs", "0"},
        {"asl.train.epochs", "4294967297"},
        {"asl.train.batch_size", "0"},
        {"asl.train.batch_size", "-7"},
        {"asl.train.optimizer", "9"},
        {"asl.train.schedule", "-1"},
        {"asl.train.seed", "x"},
        {"asl.train.step", "6"},
        {"asl.train.epoch", "-1"},
        {"asl.train.epoch", "4"},
        {"asl.train.done", "8"},
        {"asl.train.done", "-7"},
        {"asl.train.count", "0"},
        {"asl.train.correct", "25"},
        {"asl.validation.done", "13"},
        {"asl.validation.correct", "-1"},
        {"asl.train.step", NULL},
        {"trainer/reals", NULL},
        {"optimizer/moment1", NULL},
        {"optimizer/moment2", NULL},
        {"model/fc1.weight", NULL},
        {"asl.labels", NULL},
        {"asl.train.start_size", "-1"},
        {"asl.train.start_size", "8"},
        {"asl.train.start_size", "4294967296"},
        {"asl.train.start_size", "x"},
        {"asl.train.epoch_pictures", "-1"},
        {"asl.train.epoch_pictures", "12"},
        {"asl.train.augmentation", "strongest"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        runs_leave_two(f);
        unlink(RUN ".prev");
        rewrite(changes[i][0], changes[i][1]);
        const asl_status status =
            asl_trainer_resume(&trainer, RUN, f->train, f->validation, NULL, &err);
        if (status != ASL_ERR_MODEL)
            fail_msg("%s = %s: %s", changes[i][0], changes[i][1] ? changes[i][1] : "nothing",
                     asl_status_name(status));
        assert_null(trainer);
    }
}

/* No vector of a run holds what would make all weights NaN at the next step. */
static void test_impossible_numbers(void **state)
{
    const fixture *f = *state;
    static const struct {
        const char *name;
        float value;
        asl_status expected;
    } numbers[] = {
        {"model/fc1.weight", NAN, ASL_ERR_MODEL},
        {"model/fc1.weight", INFINITY, ASL_ERR_MODEL},
        {"model/bn1.running_var", -1, ASL_ERR_MODEL},
        {"optimizer/moment1", NAN, ASL_ERR_MODEL},
        {"optimizer/moment1", INFINITY, ASL_ERR_MODEL},
        {"optimizer/moment1", -INFINITY, ASL_ERR_MODEL},
        {"optimizer/moment1", -1, ASL_OK},
        {"optimizer/moment2", NAN, ASL_ERR_MODEL},
        {"optimizer/moment2", -INFINITY, ASL_ERR_MODEL},
        {"optimizer/moment2", -1e-30f, ASL_ERR_MODEL},
        {"optimizer/moment2", INFINITY, ASL_OK},
        {"best/parameters", NAN, ASL_ERR_MODEL},
        {"best/parameters", -INFINITY, ASL_ERR_MODEL},
        {"best/parameters", -1, ASL_OK},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        asl_error err = ASL_ERROR_INIT;
        const asl_trainer_options options = runs_options();
        runs_remove();
        asl_trainer *trainer = runs_create(f, &options);
        for (int32_t k = 0; k < 8; k++) /* into the second epoch */
            assert_true(runs_a_bit(trainer));
        asl_trainer_free(trainer);
        trainer = NULL;
        unlink(RUN ".prev");
        spoil(numbers[i].name, numbers[i].value);
        const asl_status status =
            asl_trainer_resume(&trainer, RUN, f->train, f->validation, NULL, &err);
        if (status != numbers[i].expected)
            fail_msg("%g in %s: %s", (double)numbers[i].value, numbers[i].name,
                     asl_status_name(status));
        asl_trainer_free(trainer);
    }
}

static void test_history_must_fit(void **state)
{
    const fixture *f = *state;
    const asl_trainer_options options = runs_options();
    static const char *const missing[] = {"trainer/history", "best/parameters"};
    for (size_t i = 0; i < 2; i++) {
        asl_error err = ASL_ERROR_INIT;
        runs_remove();
        asl_trainer *trainer = runs_create(f, &options);
        runs_finish(trainer);
        asl_trainer_free(trainer);
        unlink(RUN ".prev");
        rewrite(missing[i], NULL);
        assert_status(asl_trainer_resume(&trainer, RUN, f->train, f->validation, NULL, &err),
                      ASL_ERR_MODEL, &err);
    }
}

/* What a recipe adds must be there, and be what a run can have found. */
static void test_recipe_must_fit(void **state)
{
    (void)state;
    fixture *f = NULL;
    assert_int_equal(recipe_setup((void **)&f), 0);
    static const char *const changes[][2] = {
        {"average/parameters", NULL},       {"sources/correct", NULL},
        {"sources/accuracy", NULL},         {"asl.train.epoch_pictures", "24"},
        {"asl.train.epoch_pictures", NULL}, {"asl.train.start_size", NULL},
        {"asl.validation.correct", "6"},    {"average/parameters", "nan"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        asl_error err = ASL_ERROR_INIT;
        const asl_trainer_options options = recipe_options();
        runs_remove();
        asl_trainer *trainer = runs_create(f, &options);
        for (int32_t k = 0; k < 12; k++) /* into the second validation */
            assert_true(runs_a_bit(trainer));
        assert_int_equal(trainer->state.validation.done, 7);
        assert_true(trainer->state.validation.correct != 6);
        asl_trainer_free(trainer);
        unlink(RUN ".prev");
        if (changes[i][1] && strcmp(changes[i][1], "nan") == 0)
            spoil(changes[i][0], NAN);
        else
            rewrite(changes[i][0], changes[i][1]);
        trainer = NULL;
        const asl_status status =
            asl_trainer_resume(&trainer, RUN, f->train, f->validation, NULL, &err);
        if (status != ASL_ERR_MODEL)
            fail_msg("%s: %s", changes[i][0], asl_status_name(status));
        assert_null(trainer);
    }
    recipe_teardown((void **)&f);
}

/* As the first version wrote it: without the numbers that came later. */
static void make_old(void)
{
    asl_error err = ASL_ERROR_INIT;
    asl__tensors file = {0};
    asl__tensors_writer *writer = NULL;
    rewrite("asl.train.epoch_pictures", NULL);
    rewrite("asl.train.start_size", NULL);
    assert_ok(asl__tensors_read(&file, RUN, &err), &err);
    assert_ok(asl__tensors_writer_create(&writer, &err), &err);
    for (int32_t i = 0; i < file.entry_count; i++) {
        const asl__file_entry *entry = &file.entries[i];
        if (strcmp(entry->key, "asl.crc32") != 0 && strcmp(entry->key, "asl.format") != 0 &&
            strcmp(entry->key, "asl.writer") != 0)
            assert_ok(asl__tensors_writer_entry(writer, entry->key, entry->value, &err), &err);
    }
    for (int32_t i = 0; i < file.tensor_count; i++) {
        const asl__file_tensor *tensor = &file.tensors[i];
        const bool reals = strcmp(tensor->name, "trainer/reals") == 0;
        const int64_t eleven = 11;
        assert_ok(asl__tensors_writer_tensor(writer, tensor->name, tensor->dtype,
                                             reals ? &eleven : tensor->shape, tensor->dims,
                                             tensor->data, &err),
                  &err);
    }
    assert_ok(asl__tensors_writer_save(writer, RUN, &err), &err);
    asl__tensors_writer_free(writer);
    asl__tensors_free(&file);
}

static void test_old_checkpoint(void **state)
{
    const fixture *f = *state;
    runs_leave_two(f);
    unlink(RUN ".prev");
    make_old();
    asl_trainer *trainer = runs_resume(f, NULL);
    runs_finish(trainer);
    runs_assert(trainer, &f->expected);
    asl_trainer_free(trainer);
}

static void test_model_is_no_checkpoint(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    asl_model *model = NULL;
    assert_ok(asl_model_save(f->model, "model.safetensors", &err), &err);
    assert_status(
        asl_trainer_resume(&trainer, "model.safetensors", f->train, f->validation, NULL, &err),
        ASL_ERR_MODEL, &err);
    runs_leave_two(f);
    assert_status(asl_model_load(&model, RUN, &err), ASL_ERR_MODEL, &err);
    assert_non_null(strstr(err.message, "checkpoint"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fall_back),           cmocka_unit_test(test_every_kind_of_damage),
        cmocka_unit_test(test_impossible_contents), cmocka_unit_test(test_impossible_numbers),
        cmocka_unit_test(test_history_must_fit),    cmocka_unit_test(test_recipe_must_fit),
        cmocka_unit_test(test_old_checkpoint),      cmocka_unit_test(test_model_is_no_checkpoint),
    };
    return cmocka_run_group_tests(tests, runs_setup, runs_teardown);
}
