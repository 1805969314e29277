/* SPDX-License-Identifier: MIT */
/* A newest checkpoint that is damaged, and disks that are full: the run falls back to the
 * checkpoint before, or goes on in memory, says so, and ends with the same bits. */
#include "saves.h"

#include <errno.h>
#include <inttypes.h>

#include "system.h"
#include "train/trainer.h"

enum { ROOM = 1 << 16 };

static unsigned char bytes[ROOM];
static size_t size;

static void read_newest(void)
{
    FILE *file = fopen(RUN, "rb");
    assert_non_null(file);
    size = fread(bytes, 1, ROOM, file);
    fclose(file);
    assert_true(size > 0 && size < ROOM);
}

/* The checkpoint before is taken, and this is said. To the end of the run only now and then: it is
 * the same file each time. */
static void check_fall_back(const fixture *f, bool to_the_end)
{
    asl_status how;
    asl_trainer *trainer = saves_resume(&how, f);
    assert_int_equal(how, ASL_PARTIAL);
    assert_int_equal(saves_position(trainer), SAVES_OLDER);
    asl_trainer_free(trainer);
    if (!to_the_end)
        return;
    assert_int_equal(saves_check(&how, f), SAVES_OLDER);
    assert_int_equal(how, ASL_PARTIAL);
    saves_restore();
}

static void test_every_byte(void **state)
{
    const fixture *f = *state;
    const int32_t bits = saves_full() ? 8 : 1;
    int64_t flips = 0;
    saves_restore();
    read_newest();
    for (size_t i = 0; i < size; i++) {
        for (int32_t bit = 0; bit < bits; bit++, flips++) {
            const unsigned char mask = (unsigned char)(1u << ((i + (size_t)bit) % 8));
            bytes[i] ^= mask;
            test_write_file(RUN, bytes, size);
            bytes[i] ^= mask;
            check_fall_back(f, flips % 1009 == 0);
        }
    }
    for (size_t length = 0; length < size; length += saves_full() ? 1 : 1 + length / 16) {
        test_write_file(RUN, bytes, length);
        check_fall_back(f, false);
        flips++;
    }
    print_message("count: %" PRId64 " damages of a checkpoint of %zu bytes, each fell back to the "
                  "one before and said so\n",
                  flips, size);
}

/* Every save fails from the n-th call of the run on: three are told, then the run ends, with its
 * state in memory, which can be saved elsewhere. Returns false when there is no such call. */
static bool fill_disk(const fixture *f, int64_t n, int64_t *warned)
{
    asl_error err = ASL_ERROR_INIT;
    asl_status how;
    saves_restore();
    asl_trainer *trainer = saves_resume(&how, f);
    trainer->options.checkpoint_steps = 1;
    faulty_install(FAULTY_FILES, n, true, ENOSPC);
    const asl_status status = asl_trainer_run(trainer, &err);
    const bool struck = faulty_count() >= n;
    faulty_remove();
    if (status == ASL_ERR_IO) {
        assert_non_null(strstr(err.message, RUN));
        assert_ok(asl_trainer_save_checkpoint(trainer, "elsewhere", &err), &err);
        ++*warned;
        runs_finish(trainer); /* the disk has room again */
    }
    assert_true(status == ASL_OK || status == ASL_ERR_IO);
    runs_assert(trainer, &f->expected);
    asl_trainer_free(trainer);
    if (status == ASL_ERR_IO) {
        assert_ok(asl_trainer_resume(&trainer, "elsewhere", f->train, f->validation, NULL, &err),
                  &err);
        runs_finish(trainer);
        runs_assert(trainer, &f->expected);
        asl_trainer_free(trainer);
    }
    return struck;
}

static void test_full_disk(void **state)
{
    const fixture *f = *state;
    int64_t n = 1, tried = 0, ended = 0;
    while (fill_disk(f, n, &ended)) {
        n += saves_full() ? 1 : 1 + n / 12;
        tried++;
    }
    assert_true(ended > 10 && ended < tried);
    print_message("count: %" PRId64 " runs on a disk that fills up, at another file call each; all "
                  "said so and ended with the same bits, %" PRId64 " after the state was saved "
                  "elsewhere\n",
                  tried, ended);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_full_disk),
    };
    return cmocka_run_group_tests(tests, saves_setup, saves_teardown);
}
