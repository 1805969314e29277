/* SPDX-License-Identifier: MIT */
#include "saves.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "train/trainer.h"

typedef struct bytes {
    unsigned char data[1 << 16];
    size_t size;
} bytes;

static bytes newest, previous;

static void read_bytes(bytes *out, const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    out->size = fread(out->data, 1, sizeof out->data, file);
    assert_true(out->size < sizeof out->data);
    fclose(file);
}

static asl_dataset *packed(asl_dataset *from, const char *path)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *out = NULL;
    asl_pack_options options;
    asl_pack_options_init(&options, sizeof options);
    options.width = options.height = 16;
    assert_ok(asl_dataset_pack(&out, from, path, &options, &err), &err);
    asl_dataset_free(from);
    return out;
}

int saves_setup(void **state)
{
    if (runs_setup(state) != 0)
        return -1;
    fixture *f = *state;
    f->train = packed(f->train, "train.pack");
    f->validation = packed(f->validation, "validation.pack");
    test_make_folder("place");
    assert_int_equal(chdir("place"), 0);
    runs_leave_two(f);
    read_bytes(&newest, RUN);
    read_bytes(&previous, RUN ".prev");
    saves_clean();
    return 0;
}

int saves_teardown(void **state)
{
    assert_int_equal(chdir(".."), 0);
    return runs_teardown(state);
}

void saves_clean(void)
{
    DIR *dir = opendir(".");
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir));)
        unlink(entry->d_name); /* which "." and ".." withstand */
    closedir(dir);
}

void saves_restore(void)
{
    saves_clean();
    test_write_file(RUN, newest.data, newest.size);
    test_write_file(RUN ".prev", previous.data, previous.size);
}

static void count_warning(asl_status code, const char *message, void *user)
{
    assert_true(code < 0 && message[0] != '\0');
    ++*(int32_t *)user;
}

asl_trainer *saves_resume(asl_status *how, const fixture *f)
{
    static int32_t told; /* the trainer outlives this call */
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    asl_trainer_options options = runs_options();
    options.threads = 1;
    options.on_warning = count_warning;
    options.user = &told;
    told = 0;
    *how = asl_trainer_resume(&trainer, RUN, f->train, f->validation, &options, &err);
    if (*how < 0)
        fail_msg("%s: %s", asl_status_name(*how), err.message);
    assert_int_equal(told, *how == ASL_PARTIAL); /* falling back is said */
    return trainer;
}

static void check_folder(void)
{
    DIR *dir = opendir(".");
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            strcmp(entry->d_name, RUN) != 0 && strcmp(entry->d_name, RUN ".prev") != 0)
            fail_msg("'%s' is left over", entry->d_name);
    closedir(dir);
}

int64_t saves_position(const asl_trainer *trainer)
{
    const asl__train_state *state = &trainer->state;
    return 1000 * state->epoch + state->train.done + state->validation.done;
}

int64_t saves_check(asl_status *how, const fixture *f)
{
    asl_trainer *trainer = saves_resume(how, f);
    const int64_t position = saves_position(trainer);
    runs_finish(trainer);
    runs_assert(trainer, &f->expected);
    asl_trainer_free(trainer);
    check_folder();
    return position;
}

bool saves_full(void)
{
    const char *wish = getenv("ASL_TEST_FULL");
    return wish && strcmp(wish, "1") == 0;
}
