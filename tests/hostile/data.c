/* SPDX-License-Identifier: MIT */
/* Data sets that try to read what is not theirs, to block, or to grow: ways out of the folder, what
 * is no file, and CSV lists of any size. The reader's rules are in unit/dataset/csv.c, packs with
 * one wrong number in pack_damage.c. */
#include "hostile/meter.h"
#include "support/support.h"
#include "unit/dataset/fixtures.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "dataset/csv.h"

#define HEAD "image_path,target\n"
#define FOUR "A/A1.png,A\nA/A2.png,A\nB/B1.png,B\nB/B2.png,B\n"

static int ways, lists;

static void make_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
}

/* A good picture beside the data set, which nothing in it may reach. */
static void make_outside(void)
{
    test_make_folder("outside");
    test_make_folder("outside/A");
    fixture_picture("outside/secret.png", 7, 4, 4);
    fixture_picture("outside/A/secret.png", 7, 4, 4);
    fixture_write_text("outside/data.csv", HEAD "A/secret.png,A\n");
    fixture_write_text("outside/classes.txt", "A\nB\n");
}

/* ---- Entries that are no files of the data set ---- */

enum { LINK, FIFO, SOCKET, FOLDER };

static const struct entry {
    const char *name;
    int kind;
    const char *to;
    asl_status expected; /* of the issue; ASL_OK: a sample */
} entries[] = {
    {"a.png", LINK, "../B/B1.png", ASL_OK},
    {"b.png", LINK, "../../set/B/B1.png", ASL_OK},
    {"c.png", LINK, "a.png", ASL_OK},
    {"d.png", LINK, "../../outside/secret.png", ASL_ERR_PATH},
    {"e.png", LINK, "d.png", ASL_ERR_PATH},
    {"f.png", LINK, "../../set_2/secret.png", ASL_ERR_PATH},
    {"g.png", LINK, "/etc/passwd", ASL_ERR_PATH},
    {"h.png", LINK, "/dev/zero", ASL_ERR_PATH},
    {"i.png", LINK, "/dev/tty", ASL_ERR_PATH},
    {"j.png", LINK, "/proc/self/mem", ASL_ERR_PATH},
    {"k.png", LINK, "/proc/self/fd/0", ASL_ERR_PATH},
    {"l.png", LINK, "/proc/self/root/etc/passwd", ASL_ERR_PATH},
    {"m.png", LINK, "m.png", ASL_ERR_PATH},
    {"n.png", LINK, "o.png", ASL_ERR_PATH},
    {"o.png", LINK, "n.png", ASL_ERR_PATH},
    {"p.png", LINK, "nowhere", ASL_ERR_NOT_FOUND},
    {"q.png", LINK, "../../outside/nowhere", ASL_ERR_NOT_FOUND},
    {"r.png", LINK, "..", ASL_ERR_PATH},
    {"s.png", LINK, "../..", ASL_ERR_PATH},
    {"t.png", LINK, "u.png", ASL_ERR_PATH},
    {"u.png", FIFO, NULL, ASL_ERR_PATH},
    {"v.png", SOCKET, NULL, ASL_ERR_PATH},
    {"w.png", FOLDER, NULL, ASL_ERR_PATH},
    {"x.png", LINK, "v.png", ASL_ERR_PATH},
};

enum { ENTRIES = sizeof entries / sizeof *entries };

static void make_entry(const char *path, int kind, const char *to)
{
    if (kind == LINK)
        assert_int_equal(symlink(to, path), 0);
    else if (kind == FIFO)
        assert_int_equal(mkfifo(path, 0666), 0);
    else if (kind == SOCKET)
        make_socket(path);
    else
        assert_int_equal(mkdir(path, 0777), 0);
}

static void make_entries(const char *folder)
{
    for (size_t i = 0; i < ENTRIES; i++) {
        char path[100];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i].name);
        make_entry(path, entries[i].kind, entries[i].to);
    }
}

/* Each entry is a sample or an issue with its status. */
static void expect_entries(const asl_dataset *dataset)
{
    int64_t issue = 0;
    for (size_t i = 0; i < ENTRIES; i++) {
        asl_error err = ASL_ERROR_INIT;
        asl_issue got = {.struct_size = sizeof got};
        if (entries[i].expected != ASL_OK) {
            assert_ok(asl_dataset_get_issue(&got, dataset, issue++, &err), &err);
            if (!strstr(got.path, entries[i].name) || got.code != entries[i].expected)
                fail_msg("%s: %s of %s (%s)", entries[i].name, asl_status_name(got.code), got.path,
                         got.message);
        }
        ways++;
    }
    assert_int_equal(asl_dataset_issue_count(dataset), issue);
    assert_int_equal(asl_dataset_count(dataset), 4 + ENTRIES - issue);
}

/* Once as the files of a class, once as the rows of a list. */
static void entries_that_lead_out(void **state)
{
    char list[4096];
    size_t used = (size_t)sprintf(list, "%s", HEAD FOUR);
    (void)state;
    make_outside();
    fixture_tree("set", 2, 2, 4);
    test_make_folder("set_2");
    fixture_picture("set_2/secret.png", 7, 4, 4);
    make_entries("set/A");
    asl_dataset *dataset = fixture_open("set", ASL_PARTIAL);
    expect_entries(dataset);
    asl_dataset_free(dataset);
    for (size_t i = 0; i < ENTRIES; i++)
        used += (size_t)sprintf(list + used, "A/%s,A\n", entries[i].name);
    fixture_write_text("set/data.csv", list);
    dataset = fixture_open("set", ASL_PARTIAL);
    expect_entries(dataset);
    asl_dataset_free(dataset);
}

/* A picture that was good when the data set was opened, and then became something else. */
static void entries_that_change(void **state)
{
    static const struct {
        const char *path;
        int kind;
        const char *to; /* NULL for a link: nothing is put there */
        asl_status expected;
    } changes[] = {
        {"set/A/A2.png", LINK, NULL, ASL_ERR_NOT_FOUND},
        {"set/A/A2.png", LINK, "../B/B1.png", ASL_OK},
        {"set/A/A2.png", LINK, "nowhere", ASL_ERR_NOT_FOUND},
        {"set/A/A2.png", LINK, "A2.png", ASL_ERR_PATH},
        {"set/A/A2.png", LINK, "../../outside/secret.png", ASL_ERR_PATH},
        {"set/A/A2.png", LINK, "/dev/zero", ASL_ERR_PATH},
        {"set/A/A2.png", LINK, "/proc/self/mem", ASL_ERR_PATH},
        {"set/A/A2.png", FIFO, NULL, ASL_ERR_PATH},
        {"set/A/A2.png", SOCKET, NULL, ASL_ERR_PATH},
        {"set/A/A2.png", FOLDER, NULL, ASL_ERR_PATH},
        {"set/A", LINK, NULL, ASL_ERR_NOT_FOUND},
        {"set/A", LINK, "../outside/A", ASL_ERR_PATH},
        {"set/A", LINK, "A", ASL_ERR_PATH},
        {"set/A", LINK, "/proc/self/cwd/outside/A", ASL_ERR_PATH},
        {"set/A", FIFO, NULL, ASL_ERR_NOT_FOUND},
        {"set/A", SOCKET, NULL, ASL_ERR_NOT_FOUND},
        {"set/A", FOLDER, NULL, ASL_ERR_NOT_FOUND},
    };
    (void)state;
    make_outside();
    fixture_picture("outside/A/A2.png", 7, 4, 4);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        asl_error err = ASL_ERROR_INIT;
        asl_image *image = NULL;
        test_make_folder("away");
        fixture_tree("set", 2, 2, 4);
        asl_dataset *dataset = fixture_open("set", ASL_OK);
        assert_int_equal(rename(changes[i].path, "away/it"), 0);
        if (changes[i].kind != LINK || changes[i].to)
            make_entry(changes[i].path, changes[i].kind, changes[i].to);
        const asl_status status = asl_dataset_load_image(&image, dataset, 1, &err);
        if (status != changes[i].expected || (image != NULL) != (status == ASL_OK))
            fail_msg("%s, change %zu: %s (%s)", changes[i].path, i, asl_status_name(status),
                     err.message);
        test_check_error(status, &err);
        asl_image_free(image);
        asl_dataset_free(dataset);
        ways++;
    }
}

/* ---- Paths as they are written ---- */

static void paths_that_lead_out(void **state)
{
    static const struct {
        const char *path;
        asl_status expected;
    } paths[] = {
        {"../outside/secret.png", ASL_ERR_PATH},
        {"..\\outside\\secret.png", ASL_ERR_PATH},
        {"A/../../outside/secret.png", ASL_ERR_PATH},
        {"A/../../outside/../outside/secret.png", ASL_ERR_PATH},
        {"./../outside/secret.png", ASL_ERR_PATH},
        {"A/./.././../outside/secret.png", ASL_ERR_PATH},
        {"A\\..\\..\\outside\\secret.png", ASL_ERR_PATH},
        {"../set_2/secret.png", ASL_ERR_PATH},
        {"../se/secret.png", ASL_ERR_PATH},
        {"..", ASL_ERR_PATH},
        {"../..", ASL_ERR_PATH},
        {".", ASL_ERR_PATH},
        {"/", ASL_ERR_PATH},
        {"\\", ASL_ERR_PATH},
        {"/etc/passwd", ASL_ERR_PATH},
        {"//etc/passwd", ASL_ERR_PATH},
        {"\\\\server\\share\\x.png", ASL_ERR_PATH},
        {"/dev/zero", ASL_ERR_PATH},
        {"/proc/self/fd/0", ASL_ERR_PATH},
        {"../../../../../../../../../../../../../../../../etc/passwd", ASL_ERR_PATH},
        {"way_out/secret.png", ASL_ERR_PATH},
        {"way_out/A/secret.png", ASL_ERR_PATH},
        {"up/outside/secret.png", ASL_ERR_PATH},
        {"up/set/way_out/secret.png", ASL_ERR_PATH},
        {"A", ASL_ERR_PATH},
        {"A/", ASL_ERR_PATH},
        {"C:\\secret.png", ASL_ERR_NOT_FOUND},
        {"....//outside/secret.png", ASL_ERR_NOT_FOUND},
        {".../outside/secret.png", ASL_ERR_NOT_FOUND},
        {"%2e%2e/outside/secret.png", ASL_ERR_NOT_FOUND},
        {"..%2foutside%2fsecret.png", ASL_ERR_NOT_FOUND},
        {"~/secret.png", ASL_ERR_NOT_FOUND},
        {"$HOME/secret.png", ASL_ERR_NOT_FOUND},
        {"file:///etc/passwd", ASL_ERR_NOT_FOUND},
        {"http://127.0.0.1/x.png", ASL_ERR_NOT_FOUND},
        {"|cat /etc/passwd", ASL_ERR_NOT_FOUND},
        {"A/A1.png/../../../outside/secret.png", ASL_ERR_PATH},
        {"A/A1.png/x.png", ASL_ERR_NOT_FOUND},
        {"up/set/A/A1.png", ASL_OK},
        {"../set/inner/B1.png", ASL_OK},
        {"\xc0\xae\xc0\xae/outside/secret.png", ASL_ERR_PATH},
        {"A/\x1b[2J.png", ASL_ERR_PATH},
        {"A/\xc2\x9b"
         "2J.png",
         ASL_ERR_PATH},
        {"'=x/y.png", ASL_ERR_NOT_FOUND},
    };
    (void)state;
    make_outside();
    fixture_tree("set", 2, 2, 4);
    test_make_folder("set_2");
    fixture_picture("set_2/secret.png", 7, 4, 4);
    assert_int_equal(symlink("../outside", "set/way_out"), 0);
    assert_int_equal(symlink("..", "set/up"), 0);
    assert_int_equal(symlink("B", "set/inner"), 0);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        asl_error err = ASL_ERROR_INIT;
        asl_issue issue = {.struct_size = sizeof issue};
        char list[512];
        const bool good = paths[i].expected == ASL_OK;
        snprintf(list, sizeof list, HEAD FOUR "\"%s\",A\n", paths[i].path);
        fixture_write_text("set/data.csv", list);
        asl_dataset *dataset = fixture_open("set", good ? ASL_OK : ASL_PARTIAL);
        assert_int_equal(asl_dataset_count(dataset), good ? 5 : 4);
        if (!good) {
            assert_ok(asl_dataset_get_issue(&issue, dataset, 0, &err), &err);
            if (issue.code != paths[i].expected)
                fail_msg("%s: %s (%s)", paths[i].path, asl_status_name(issue.code), issue.message);
        }
        asl_dataset_free(dataset);
        ways++;
    }
}

/* ---- The data set itself ---- */

static void roots_that_are_no_roots(void **state)
{
    (void)state;
    make_outside();
    fixture_tree("set", 2, 2, 4);
    remove("link");
    remove("dangling");
    remove("circle");
    assert_int_equal(symlink("set", "link"), 0);
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    assert_int_equal(symlink("circle", "circle"), 0);
    asl_dataset_free(fixture_open("link", ASL_OK)); /* the user's own link is followed */
    asl_dataset_free(fixture_open("link/", ASL_OK));
    asl_dataset_free(fixture_open("./link/../set", ASL_OK));
    fixture_open("dangling", ASL_ERR_NOT_FOUND);
    fixture_open("circle", ASL_ERR_IO);
    fixture_open("", ASL_ERR_NOT_FOUND);
    fixture_open("/dev/null", ASL_ERR_PATH);
    fixture_open("/dev/zero", ASL_ERR_PATH);
    fixture_open("set/A", ASL_ERR_DATASET);
    ways += 9;
}

/* data.csv and classes.txt in a folder are files of it, or nothing is opened. */
static void lists_that_are_no_lists(void **state)
{
    static const char *const names[] = {"set/data.csv", "set/classes.txt"};
    static const struct {
        const char *to; /* NULL: a pipe; "": a folder; "!": a socket */
        asl_status expected;
    } kinds[] = {
        {NULL, ASL_ERR_PATH},          {"", ASL_ERR_PATH},
        {"!", ASL_ERR_PATH},           {"../outside/data.csv", ASL_ERR_PATH},
        {"/etc/passwd", ASL_ERR_PATH}, {"/dev/zero", ASL_ERR_PATH},
        {"data.csv", ASL_ERR_PATH},
    };
    (void)state;
    make_outside();
    for (size_t n = 0; n < 2; n++)
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
            if (n == 1 && i == 6)
                continue; /* classes.txt may lead to the list: then it is a bad one */
            fixture_tree("set", 2, 2, 4);
            if (n == 1)
                fixture_write_text("set/data.csv", HEAD FOUR);
            if (!kinds[i].to)
                assert_int_equal(mkfifo(names[n], 0666), 0);
            else if (!*kinds[i].to)
                assert_int_equal(mkdir(names[n], 0777), 0);
            else if (*kinds[i].to == '!')
                make_socket(names[n]);
            else
                assert_int_equal(symlink(kinds[i].to, names[n]), 0);
            fixture_open("set", kinds[i].expected);
            ways++;
        }
}

static void packs_that_are_no_packs(void **state)
{
    (void)state;
    make_outside();
    for (char name[] = "a.pack"; name[0] <= 'e'; name[0]++)
        remove(name);
    assert_int_equal(mkfifo("a.pack", 0666), 0);
    make_socket("b.pack");
    assert_int_equal(symlink("/dev/zero", "c.pack"), 0);
    assert_int_equal(symlink("a.pack", "d.pack"), 0);
    assert_int_equal(symlink("outside/secret.png", "e.pack"), 0);
    fixture_open("a.pack", ASL_ERR_PATH);
    fixture_open("b.pack", ASL_ERR_PATH);
    fixture_open("c.pack", ASL_ERR_PATH);
    fixture_open("d.pack", ASL_ERR_PATH);
    fixture_open("e.pack", ASL_ERR_PACK);
    fixture_open("a.pack/", ASL_ERR_NOT_FOUND);
    ways += 6;
}

/* ---- Lists of any size ---- */

typedef struct list {
    const char *name, *before, *piece, *after;
    size_t bytes;
    asl_status expected;
} list;

#define MIB ((size_t)1 << 20)

static const list large[] = {
    {"a field of 2 MiB", HEAD, "x", "", 2 * MIB, ASL_ERR_LIMIT},
    {"a quoted field of 2 MiB", HEAD "\"", "x", "\",A\n", 2 * MIB, ASL_ERR_LIMIT},
    {"a field of 2 MiB of quotes", HEAD "\"", "\"\"", "\",A\n", 2 * MIB, ASL_ERR_LIMIT},
    {"a field of 2 MiB of line feeds", HEAD "\"", "\n", "\",A\n", 2 * MIB, ASL_ERR_LIMIT},
    {"an unclosed quote before 64 MiB", HEAD "\"", "x,A\n", "", 64 * MIB, ASL_ERR_LIMIT},
    {"an unclosed quote before 1 MiB", HEAD "\"", "x,A\n", "", MIB / 2, ASL_ERR_CSV},
    {"a header of 2 MiB", "image_path,target,", "x", "\n", 2 * MIB, ASL_ERR_LIMIT},
    {"a header of commas", "", ",", "", 2 * MIB, ASL_ERR_LIMIT},
    {"a row of commas", HEAD, ",", "", 2 * MIB, ASL_ERR_LIMIT},
    {"a row of quotes", HEAD, "\"", "", 2 * MIB, ASL_ERR_LIMIT},
    {"8 MiB of spaces", HEAD, " ", "", 8 * MIB, ASL_ERR_LIMIT},
    {"8 MiB of line feeds", HEAD, "\n", "", 8 * MIB, ASL_ERR_DATASET},
    {"8 MiB of CRLF", HEAD, "\r\n", "", 8 * MIB, ASL_ERR_DATASET},
    {"8 MiB of carriage returns", HEAD, "\r", "", 8 * MIB, ASL_ERR_CSV},
    {"8 MiB of marks", "", "\xef\xbb\xbf", "", 8 * MIB, ASL_ERR_LIMIT},
    {"8 MiB of 0xff", HEAD, "\xff", "", 8 * MIB, ASL_ERR_LIMIT},
    {"a path of 1 MiB less a little", HEAD FOUR, "x", ",A\n", MIB - 8, ASL_PARTIAL},
    {"a path of 500000 folders", HEAD FOUR, "x/", ",A\n", MIB - 8, ASL_PARTIAL},
    {"a path of 300000 steps up", HEAD FOUR, "../", ",A\n", MIB - 8, ASL_PARTIAL},
    {"a path of 500000 steps nowhere", HEAD FOUR, "./", "A/A1.png,A\n", MIB - 16, ASL_PARTIAL},
    {"a class of 1 MiB less a little", HEAD FOUR "A/x.png,", "x", "\n", MIB - 16, ASL_ERR_CSV},
    {"an index of a million digits", HEAD "A/A1.png,0\nB/B1.png,", "1", "\n", MIB - 16,
     ASL_ERR_CSV},
    {"an index of a million zeros", HEAD "A/A1.png,0\nB/B1.png,", "0", "1\n", MIB - 16,
     ASL_ERR_CSV},
    {"a group of 1 MiB less a little", "image_path,target,group\nA/A1.png,A,g\nB/B1.png,B,", "x",
     "\n", MIB - 16, ASL_ERR_CSV},
    {"another field of 1 MiB less a little", "image_path,target,x\nA/A1.png,A,g\nB/B1.png,B,", "x",
     "\n", MIB - 16, ASL_OK},
    {"200000 rows of one picture", HEAD FOUR, "A/A1.png,A\n", "", 200000 * 11, ASL_PARTIAL},
    {"200000 rows that lead out", HEAD FOUR, "../x.png,A\n", "", 200000 * 11, ASL_PARTIAL},
    {"200000 rows of nothing", HEAD FOUR, ",\n", "", 200000 * 2, ASL_ERR_CSV},
    {"100000 rows of the device of zeros", HEAD FOUR, "/dev/zero,A\n", "", 100000 * 12,
     ASL_PARTIAL},
};

static bool open_list(asl_status *status, const void *what)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL;
    (void)what;
    *status = asl_dataset_open(&dataset, "csv", NULL, &err);
    const bool good = (dataset != NULL) == (*status >= 0);
    asl_dataset_free(dataset);
    return good;
}

static void lists_of_any_size(void **state)
{
    double slowest = 0;
    (void)state;
    fixture_tree("csv", 2, 2, 4);
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        const list *l = &large[i];
        const size_t piece = strlen(l->piece);
        char *text = malloc(l->bytes + 256);
        size_t used = (size_t)sprintf(text, "%s", l->before);
        for (size_t got = 0; got + piece <= l->bytes; got += piece, used += piece)
            memcpy(text + used, l->piece, piece);
        used += (size_t)sprintf(text + used, "%s", l->after);
        test_write_file("csv/data.csv", text, used);
        free(text);
        const cost spent = meter_run(open_list, NULL);
        /* The text itself; a row and, when it is skipped, its words. */
        const size_t most = 64 * used + 4 * MIB;
        if (!spent.ended || spent.status != l->expected)
            fail_msg("%s: %s, not %s", l->name, asl_status_name(spent.status),
                     asl_status_name(l->expected));
        if (spent.peak > most)
            fail_msg("%s: %zu bytes of memory for %zu", l->name, spent.peak, used);
        if (!METER_SANITIZED && spent.seconds > 2)
            fail_msg("%s: %.2f seconds", l->name, spent.seconds);
        slowest = spent.seconds > slowest ? spent.seconds : slowest;
        lists++;
    }
    print_message("count: %d large CSV lists, at most %.2f s each\n", lists, slowest);
}

/* A NUL at any place of a list. */
static void lists_with_a_nul(void **state)
{
    static const char good[] = HEAD FOUR;
    (void)state;
    fixture_tree("csv", 2, 2, 4);
    for (size_t at = 0; at < sizeof good - 1; at++)
        for (int insert = 0; insert < 2; insert++) {
            char text[sizeof good];
            asl_error err = ASL_ERROR_INIT;
            asl_dataset *dataset = NULL;
            memcpy(text, good, at);
            text[at] = '\0';
            memcpy(text + at + 1, good + at + !insert, sizeof good - 1 - at - !insert);
            test_write_file("csv/data.csv", text, sizeof good - 1 + (size_t)insert);
            assert_status(asl_dataset_open(&dataset, "csv", NULL, &err), ASL_ERR_CSV, &err);
            assert_null(dataset);
            lists++;
        }
}

static int tell(void **state)
{
    (void)state;
    print_message("count: %d ways out of a data set closed, %d CSV lists with their exact status\n",
                  ways, lists);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_that_lead_out),   cmocka_unit_test(entries_that_change),
        cmocka_unit_test(paths_that_lead_out),     cmocka_unit_test(roots_that_are_no_roots),
        cmocka_unit_test(lists_that_are_no_lists), cmocka_unit_test(packs_that_are_no_packs),
        cmocka_unit_test(lists_of_any_size),       cmocka_unit_test(lists_with_a_nul),
    };
    return cmocka_run_group_tests(tests, NULL, tell);
}
