/* SPDX-License-Identifier: MIT */
/* Power that fails at any moment of a save: what the library wrote, synced and renamed is recorded,
 * and every state that a disk may be in after each of these calls is built and resumed from. Disks
 * keep at least what was synced. Of the rest they may lose the data, fill files with zeros, or keep
 * some of their 512-byte blocks; and of the changes to the folder any may be kept or lost. */
#include "saves.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/random.h"
#include "train/trainer.h"
#include "watch.h"

enum { MOST_EVENTS = 256, MOST_FILES = 32, MOST_SIZE = 1 << 14, MOST_NAMES = 16, BLOCK = 512 };

/* ---- What happened ---- */

enum { WRITE, SYNC_FILE, SYNC_FOLDER, NAME, UNNAME };

typedef struct event {
    int32_t kind, file;
    char name[64], old[64]; /* NAME: `old` goes at the same time; "" for none */
    unsigned char *data;
    size_t size;
    int64_t offset;
} event;

static event events[MOST_EVENTS];
static int32_t event_count, file_count;
static ino_t inodes[MOST_FILES]; /* the last with a number is the file that has it now */

static int32_t file_of(const struct stat *info)
{
    for (int32_t i = file_count - 1; i >= 0; i--)
        if (inodes[i] == info->st_ino)
            return i;
    assert_true(file_count < MOST_FILES);
    inodes[file_count] = info->st_ino;
    return file_count++;
}

static event *add(int32_t kind, int32_t file)
{
    assert_true(event_count < MOST_EVENTS);
    events[event_count] = (event){.kind = kind, .file = file};
    return &events[event_count++];
}

/* The lock says who may write, and nothing after a crash. */
static bool is_lock(const char *path)
{
    const size_t length = strlen(path);
    return length > 5 && strcmp(path + length - 5, ".lock") == 0;
}

static void add_name(const watched *call, const char *old)
{
    struct stat info;
    assert_int_equal(fstatat(call->folder, call->path, &info, 0), 0);
    event *e = add(NAME, file_of(&info));
    snprintf(e->name, sizeof e->name, "%s", call->path);
    snprintf(e->old, sizeof e->old, "%s", old);
}

static void add_new_file(const watched *call)
{
    struct stat info;
    assert_int_equal(fstat(call->fd, &info), 0);
    assert_true(file_count < MOST_FILES);
    inodes[file_count++] = info.st_ino;
    add_name(call, "");
}

static void add_write(const watched *call)
{
    struct stat info;
    assert_int_equal(fstat(call->fd, &info), 0);
    event *e = add(WRITE, file_of(&info));
    e->data = malloc(call->size);
    assert_non_null(e->data);
    memcpy(e->data, call->data, call->size);
    e->size = call->size;
    e->offset = call->offset;
    assert_true(e->offset + (int64_t)e->size <= MOST_SIZE);
}

static void record(const watched *call)
{
    struct stat info;
    if (!call->went || (call->path && is_lock(call->path)))
        return;
    if (call->kind == WATCH_OPEN && (call->flags & O_CREAT) != 0) {
        add_new_file(call);
    } else if (call->kind == WATCH_WRITE) {
        add_write(call);
    } else if (call->kind == WATCH_SYNC) {
        assert_int_equal(fstat(call->fd, &info), 0);
        if (S_ISDIR(info.st_mode))
            add(SYNC_FOLDER, -1);
        else
            add(SYNC_FILE, file_of(&info));
    } else if (call->kind == WATCH_RENAME) {
        add_name(call, call->data);
    } else if (call->kind == WATCH_LINK) {
        add_name(call, "");
    } else if (call->kind == WATCH_UNLINK) {
        event *e = add(UNNAME, -1);
        snprintf(e->old, sizeof e->old, "%s", call->path);
    }
}

/* The two checkpoints that are on the disk before it all. */
static void add_old(const char *path)
{
    static unsigned char bytes[MOST_SIZE];
    struct stat info;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    assert_int_equal(fstat(fileno(file), &info), 0);
    fclose(file);
    assert_true(size > 0 && size < MOST_SIZE);
    const watched name = {.folder = AT_FDCWD, .path = path};
    const int32_t number = file_of(&info);
    event *e = add(WRITE, number);
    e->data = malloc(size);
    assert_non_null(e->data);
    memcpy(e->data, bytes, size);
    e->size = size;
    add(SYNC_FILE, number);
    add_name(&name, "");
    add(SYNC_FOLDER, -1);
}

/* Records `saves` saves in a row; returns the number of the first event of theirs. */
static int32_t record_saves(const fixture *f, bool links, int32_t saves)
{
    asl_status how;
    for (int32_t i = 0; i < event_count; i++)
        free(events[i].data);
    event_count = file_count = 0;
    saves_restore();
    add_old(RUN);
    add_old(RUN ".prev");
    const int32_t first = event_count;
    asl_trainer *trainer = saves_resume(&how, f);
    watch_install(NULL, record, links);
    for (int32_t i = 0; i < saves; i++)
        assert_true(runs_a_bit(trainer));
    watch_remove();
    asl_trainer_free(trainer);
    return first;
}

/* ---- What the disk may hold ---- */

enum { DROPPED, ZEROED, TORN, MODES };

typedef struct content {
    unsigned char data[MOST_SIZE];
    size_t size;
} content;

static void apply(content *to, const event *e)
{
    memcpy(to->data + e->offset, e->data, e->size);
    if (to->size < (size_t)e->offset + e->size)
        to->size = (size_t)e->offset + e->size;
}

/* A file after the first `count` events. */
static void build(content *out, int32_t file, int32_t count, int32_t mode, uint64_t chance)
{
    static content now;
    memset(&now, 0, sizeof now);
    memset(out, 0, sizeof *out);
    for (int32_t i = 0; i < count; i++) {
        if (events[i].file == file && events[i].kind == WRITE)
            apply(&now, &events[i]);
        if (events[i].file == file && events[i].kind == SYNC_FILE)
            *out = now;
    }
    if (mode == DROPPED || memcmp(out, &now, sizeof now) == 0)
        return;
    out->size = now.size;
    for (size_t at = 0; mode == TORN && at < now.size; at += BLOCK)
        if (asl__random_below(chance, (uint64_t)file, at / BLOCK, 2) == 1)
            memcpy(out->data + at, now.data + at, BLOCK);
}

typedef struct folder {
    char name[MOST_NAMES][64];
    int32_t file[MOST_NAMES];
    int32_t count;
} folder;

static void forget(folder *at, const char *name)
{
    for (int32_t i = 0; i < at->count; i++) {
        if (strcmp(at->name[i], name) == 0) {
            at->count--;
            memcpy(at->name[i], at->name[at->count], sizeof at->name[i]);
            at->file[i] = at->file[at->count];
            return;
        }
    }
}

static void change(folder *at, const event *e)
{
    forget(at, e->old);
    if (e->kind != NAME)
        return;
    forget(at, e->name);
    assert_true(at->count < MOST_NAMES);
    memcpy(at->name[at->count], e->name, sizeof e->name);
    at->file[at->count++] = e->file;
}

static bool is_change(const event *e)
{
    return e->kind == NAME || e->kind == UNNAME;
}

/* Changes to the folder after its last sync within the first `count` events. */
static int32_t count_pending(int32_t count)
{
    int32_t pending = 0;
    for (int32_t i = 0; i < count; i++)
        pending = events[i].kind == SYNC_FOLDER ? 0 : pending + is_change(&events[i]);
    return pending;
}

/* The folder after the first `count` events, with those pending changes whose bit is set. */
static void build_folder(folder *out, int32_t count, uint32_t kept)
{
    const int32_t pending = count_pending(count);
    int32_t changes = 0, number = 0;
    for (int32_t i = 0; i < count; i++)
        changes += is_change(&events[i]);
    out->count = 0;
    for (int32_t i = 0; i < count; i++) {
        if (!is_change(&events[i]))
            continue;
        const int32_t late = number++ - (changes - pending);
        if (late < 0 || (kept >> late & 1) != 0)
            change(out, &events[i]);
    }
}

/* ---- What becomes of the run ---- */

typedef struct tally {
    int64_t states, fallen, whole_runs, lost;
} tally;

static bool is_usable(tally *sum, const fixture *f, bool to_the_end)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    const asl_status how = asl_trainer_resume(&trainer, RUN, f->train, f->validation, NULL, &err);
    asl_trainer_free(trainer);
    if (how < 0)
        return false;
    sum->fallen += how == ASL_PARTIAL;
    if (to_the_end) {
        asl_status again;
        saves_check(&again, f);
        assert_int_equal(again, how);
        sum->whole_runs++;
    }
    return true;
}

static void try_state(tally *sum, const fixture *f, int32_t count, int32_t mode, uint32_t kept)
{
    static content file;
    folder at;
    build_folder(&at, count, kept);
    saves_clean();
    for (int32_t i = 0; i < at.count; i++) {
        build(&file, at.file[i], count, mode, (uint64_t)sum->states);
        test_write_file(at.name[i], file.data, file.size);
    }
    if (!is_usable(sum, f, sum->states % (saves_full() ? 1 : 16) == 0))
        sum->lost++;
    sum->states++;
}

static tally fail_everywhere(const fixture *f, int32_t first)
{
    tally sum = {0};
    for (int32_t count = first; count <= event_count; count++) {
        const int32_t pending = count_pending(count);
        assert_true(pending < 16);
        for (uint32_t kept = 0; kept < 1u << pending; kept++)
            for (int32_t mode = 0; mode < MODES; mode++)
                try_state(&sum, f, count, mode, kept);
    }
    return sum;
}

static void check(const fixture *f, bool links)
{
    const int32_t first = record_saves(f, links, 3);
    const tally sum = fail_everywhere(f, first);
    assert_int_equal(sum.lost, 0);
    assert_true((sum.fallen > 0) == !links);
    print_message(
        "count: power lost after each of %d changes to the disk in 3 saves (%s links), "
        "3 modes, each change to the folder kept and lost: %" PRId64 " states, %" PRId64
        " fell back to .prev and said so, none lost the run (%" PRId64 " run to the end)\n",
        event_count - first, links ? "with" : "without", sum.states, sum.fallen, sum.whole_runs);
}

static void test_power_loss(void **state)
{
    check(*state, true);
}

static void test_power_loss_without_links(void **state)
{
    check(*state, false);
}

/* A library that did not sync would be found out. */
static void test_what_syncing_is_for(void **state)
{
    const int32_t first = record_saves(*state, true, 3);
    for (int32_t i = first; i < event_count; i++)
        if (events[i].kind == SYNC_FILE)
            events[i].file = -1;
    const tally sum = fail_everywhere(*state, first);
    assert_true(sum.lost > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_loss),
        cmocka_unit_test(test_power_loss_without_links),
        cmocka_unit_test(test_what_syncing_is_for),
    };
    return cmocka_run_group_tests(tests, saves_setup, saves_teardown);
}
