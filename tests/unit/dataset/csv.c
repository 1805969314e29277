/* SPDX-License-Identifier: MIT */
/* CSV lists: what is accepted, and every way to be wrong with its row. */
#include "fixtures.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "dataset/csv.h"

#define HEAD "image_path,target\n"
#define X63  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X64  X63 "x"
#define FOUR "A/A1.png,A\nA/A2.png,A\nB/B1.png,B\nB/B2.png,B\n"

typedef struct csv_case {
    const char *name;
    const char *text;
    const char *classes; /* classes.txt; NULL: none */
    asl_status expected;
    int64_t row;       /* of the failure; -1 when it has none */
    int samples;       /* ... of a data set */
    const char *names; /* its classes, joined by '|' */
} csv_case;

static const csv_case cases[] = {
    /* Accepted. */
    {"plain", HEAD FOUR, NULL, ASL_OK, -1, 4, "A|B"},
    {"no final line feed", HEAD "A/A1.png,A\nB/B1.png,B", NULL, ASL_OK, -1, 2, "A|B"},
    {"CRLF", "image_path,target\r\nA/A1.png,A\r\nB/B1.png,B\r\n", NULL, ASL_OK, -1, 2, "A|B"},
    {"mixed line ends", "image_path,target\r\nA/A1.png,A\nB/B1.png,B\r\n", NULL, ASL_OK, -1, 2,
     "A|B"},
    {"byte order mark", "\xef\xbb\xbf" HEAD FOUR, NULL, ASL_OK, -1, 4, "A|B"},
    {"quoted", "\"image_path\",\"target\"\n\"A/A1.png\",\"A\"\n\"B/B1.png\",\"B\"\n", NULL, ASL_OK,
     -1, 2, "A|B"},
    {"quoted, CRLF", "\"image_path\",\"target\"\r\n\"A/A1.png\",A\r\nB/B1.png,\"B\"\r\n", NULL,
     ASL_OK, -1, 2, "A|B"},
    {"doubled quotes", HEAD "A/A1.png,\"say \"\"A\"\"\"\nB/B1.png,B\n", NULL, ASL_OK, -1, 2,
     "B|say \"A\""},
    {"quoted to the end", HEAD "A/A1.png,A\nB/B1.png,\"B\"", NULL, ASL_OK, -1, 2, "A|B"},
    {"empty lines", "\n\n" HEAD "\nA/A1.png,A\n\r\n\nB/B1.png,B\n\n\n", NULL, ASL_OK, -1, 2, "A|B"},
    {"columns swapped", "target,image_path\nA,A/A1.png\nB,B/B1.png\n", NULL, ASL_OK, -1, 2, "A|B"},
    {"other columns", "id,image_path,target,note\n1,A/A1.png,A,\"a,b\"\n2,B/B1.png,B,\n", NULL,
     ASL_OK, -1, 2, "A|B"},
    {"pandas index", ",image_path,target\n0,A/A1.png,A\n1,B/B1.png,B\n", NULL, ASL_OK, -1, 2,
     "A|B"},
    {"line feed in a field", "image_path,target,note\nA/A1.png,A,\"x\ny\"\nB/B1.png,B,\n", NULL,
     ASL_OK, -1, 2, "A|B"},
    {"back-slashes", HEAD "A\\A1.png,A\n.\\B\\B1.png,B\n", NULL, ASL_OK, -1, 2, "A|B"},
    {"out and back in", HEAD "../csv/A/A1.png,A\n..\\csv\\B\\B1.png,B\n", NULL, ASL_OK, -1, 2,
     "A|B"},
    {"names are sorted", HEAD "A/A1.png,z\nB/B1.png,Y\nB/B2.png,a\n", NULL, ASL_OK, -1, 3, "Y|a|z"},
    {"numbers", HEAD "A/A1.png,0\nB/B1.png,28\nB/B2.png,26\n", NULL, ASL_OK, -1, 3, "A|del|space"},
    {"floats", HEAD "A/A1.png,3.0\nB/B1.png,27.000\n", NULL, ASL_OK, -1, 2, "D|nothing"},
    {"leading zeros", HEAD "A/A1.png,003\nB/B1.png,1\n", NULL, ASL_OK, -1, 2, "B|D"},
    {"classes.txt orders", HEAD FOUR, "B\nA\n", ASL_OK, -1, 4, "B|A"},
    {"classes.txt, no final line feed", HEAD FOUR, "B\nA", ASL_OK, -1, 4, "B|A"},
    {"classes.txt, CRLF and mark", HEAD FOUR,
     "\xef\xbb\xbf"
     "B\r\nA\r\n",
     ASL_OK, -1, 4, "B|A"},
    {"classes.txt and numbers", HEAD "A/A1.png,1\nB/B1.png,0.0\n", "x\ny\n", ASL_OK, -1, 2, "x|y"},
    {"classes.txt and both", HEAD "A/A1.png,1\nB/B1.png,x\n", "x\ny\n", ASL_OK, -1, 2, "x|y"},
    {"classes.txt with digits", HEAD "A/A1.png,1\nB/B1.png,0\n", "1\n0\n", ASL_OK, -1, 2, "1|0"},
    {"unused classes are left out", HEAD FOUR, "C\nB\nD\nA\n", ASL_OK, -1, 4, "B|A"},
    {"a name with spaces", HEAD "A/A1.png,thumbs up\nB/B1.png, B\n", NULL, ASL_OK, -1, 2,
     " B|thumbs up"},
    {"a UTF-8 name", HEAD "A/A1.png,\xc3\xa9\nB/B1.png,B\n", NULL, ASL_OK, -1, 2, "B|\xc3\xa9"},
    {"a number after letters", HEAD "A/A1.png,A1\nB/B1.png,B2\n", NULL, ASL_OK, -1, 2, "A1|B2"},
    {"what a spreadsheet might run", HEAD "A/A1.png,=1+2\nA/A2.png,@x\nB/B1.png,+y\nB/B2.png,-z\n",
     NULL, ASL_OK, -1, 4, "+y|-z|=1+2|@x"},
    {"the same, guarded",
     HEAD "A/A1.png,'=1+2\nA/A2.png,'@x\nB/B1.png,\"'+y\"\n'-/../B/B2.png,'-z\n", NULL, ASL_OK, -1,
     4, "+y|-z|=1+2|@x"},
    {"an apostrophe that guards nothing",
     HEAD "A/A1.png,'x\nA/A2.png,'\nB/B1.png,''=y\nB/B2.png,o'-\n", NULL, ASL_OK, -1, 4,
     "'|'=y|'x|o'-"},
    {"a guarded number", HEAD "A/A1.png,'+1\nB/B1.png,0\n", NULL, ASL_ERR_CSV, 3, 0, NULL},
    {"group", "image_path,target,group\nA/A1.png,A,s1\nB/B1.png,B,s2\n", NULL, ASL_OK, -1, 2,
     "A|B"},
    {"group empty", "image_path,target,group\nA/A1.png,A,\nB/B1.png,B,\n", NULL, ASL_OK, -1, 2,
     "A|B"},

    /* Accepted, but something is skipped. */
    {"missing file", HEAD FOUR "A/A9.png,A\n", NULL, ASL_PARTIAL, -1, 4, "A|B"},
    {"absolute", HEAD FOUR "/etc/passwd,A\n", NULL, ASL_PARTIAL, -1, 4, "A|B"},
    {"leaves", HEAD FOUR "../secret.png,A\n", NULL, ASL_PARTIAL, -1, 4, "A|B"},
    {"leaves by back-slashes", HEAD FOUR "..\\..\\secret.png,A\n", NULL, ASL_PARTIAL, -1, 4, "A|B"},
    {"no picture", HEAD FOUR "classes.txt,A\n", "A\nB\n", ASL_PARTIAL, -1, 4, "A|B"},
    {"a folder", HEAD FOUR "A,A\n", NULL, ASL_PARTIAL, -1, 4, "A|B"},
    {"listed twice", HEAD FOUR "A/A1.png,A\n", NULL, ASL_PARTIAL, -1, 4, "A|B"},
    {"listed twice, spelt otherwise", HEAD FOUR "B/..\\A/./A1.png,B\n", NULL, ASL_PARTIAL, -1, 4,
     "A|B"},
    {"a drive letter", HEAD FOUR "C:\\A\\A1.png,A\n", NULL, ASL_PARTIAL, -1, 4, "A|B"},
    {"a path that is not UTF-8", HEAD FOUR "A/\xff.png,A\n", NULL, ASL_PARTIAL, -1, 4, "A|B"},
    {"a path with a control character", HEAD FOUR "A/\x01.png,A\n", NULL, ASL_PARTIAL, -1, 4,
     "A|B"},

    /* Malformed. */
    {"empty file", "", NULL, ASL_ERR_CSV, 1, 0, NULL},
    {"only empty lines", "\n\r\n\n", NULL, ASL_ERR_CSV, 1, 0, NULL},
    {"only a mark", "\xef\xbb\xbf", NULL, ASL_ERR_CSV, 1, 0, NULL},
    {"no header", FOUR, NULL, ASL_ERR_CSV, 1, 0, NULL},
    {"no target column", "image_path,label\nA/A1.png,A\n", NULL, ASL_ERR_CSV, 1, 0, NULL},
    {"no path column", "path,target\nA/A1.png,A\n", NULL, ASL_ERR_CSV, 1, 0, NULL},
    {"one column", "image_path\nA/A1.png\n", NULL, ASL_ERR_CSV, 1, 0, NULL},
    {"other separator", "image_path;target\nA/A1.png;A\n", NULL, ASL_ERR_CSV, 1, 0, NULL},
    {"header in capitals", "IMAGE_PATH,TARGET\nA/A1.png,A\n", NULL, ASL_ERR_CSV, 1, 0, NULL},
    {"header with a space", "image_path, target\nA/A1.png,A\n", NULL, ASL_ERR_CSV, 1, 0, NULL},
    {"path twice", "image_path,target,image_path\nA/A1.png,A,x\n", NULL, ASL_ERR_CSV, 1, 0, NULL},
    {"target twice", "target,image_path,target\nA,A/A1.png,x\n", NULL, ASL_ERR_CSV, 1, 0, NULL},
    {"group twice", "image_path,target,group,group\nA/A1.png,A,x,y\n", NULL, ASL_ERR_CSV, 1, 0,
     NULL},
    {"another column twice", "image_path,target,x,x\nA/A1.png,A,1,2\n", NULL, ASL_ERR_CSV, 1, 0,
     NULL},
    {"one column less", HEAD "A/A1.png,A\nA/A2.png\n", NULL, ASL_ERR_CSV, 3, 0, NULL},
    {"one column more", HEAD "A/A1.png,A\nA/A2.png,A,A\n", NULL, ASL_ERR_CSV, 3, 0, NULL},
    {"a comma too many", HEAD "A/A1.png,A,\n", NULL, ASL_ERR_CSV, 2, 0, NULL},
    {"a line of spaces", HEAD "A/A1.png,A\n  \n", NULL, ASL_ERR_CSV, 3, 0, NULL},
    {"rows count empty lines", HEAD "\n\nA/A1.png\n", NULL, ASL_ERR_CSV, 4, 0, NULL},
    {"unclosed quote", HEAD "A/A1.png,\"A\n", NULL, ASL_ERR_CSV, 2, 0, NULL},
    {"unclosed quote in the header", "\"image_path,target\nA/A1.png,A\n", NULL, ASL_ERR_CSV, 1, 0,
     NULL},
    {"only a quote", "\"", NULL, ASL_ERR_CSV, 1, 0, NULL},
    {"ends after a doubled quote", HEAD "A/A1.png,\"A\"\"", NULL, ASL_ERR_CSV, 2, 0, NULL},
    {"quote inside", HEAD "A/A1.png,A\"B\"\n", NULL, ASL_ERR_CSV, 2, 0, NULL},
    {"space before a quote", HEAD "A/A1.png, \"A\"\n", NULL, ASL_ERR_CSV, 2, 0, NULL},
    {"text after a quote", HEAD "A/A1.png,\"A\"B\n", NULL, ASL_ERR_CSV, 2, 0, NULL},
    {"space after a quote", HEAD "\"A/A1.png\" ,A\n", NULL, ASL_ERR_CSV, 2, 0, NULL},
    {"carriage return alone", "image_path,target\rA/A1.png,A\r", NULL, ASL_ERR_CSV, 1, 0, NULL},
    {"carriage return in a field", HEAD "A/A1\r.png,A\n", NULL, ASL_ERR_CSV, 2, 0, NULL},
    {"carriage return at the end", HEAD "A/A1.png,A\r", NULL, ASL_ERR_CSV, 2, 0, NULL},
    {"two marks", "\xef\xbb\xbf\xef\xbb\xbf" HEAD FOUR, NULL, ASL_ERR_CSV, 1, 0, NULL},
    {"UTF-16", "\xff\xfei", NULL, ASL_ERR_CSV, 1, 0, NULL},
    {"empty path", HEAD "A/A1.png,A\n,B\n", NULL, ASL_ERR_CSV, 3, 0, NULL},
    {"empty target", HEAD "A/A1.png,\n", NULL, ASL_ERR_CSV, 2, 0, NULL},
    {"quoted nothing", HEAD "A/A1.png,\"\"\n", NULL, ASL_ERR_CSV, 2, 0, NULL},
    {"index 29", HEAD "A/A1.png,0\nB/B1.png,29\n", NULL, ASL_ERR_CSV, 3, 0, NULL},
    {"index 99", HEAD "A/A1.png,99\n", NULL, ASL_ERR_CSV, 2, 0, NULL},
    {"index -1", HEAD "A/A1.png,0\nB/B1.png,-1\n", NULL, ASL_ERR_CSV, 3, 0, NULL},
    {"index -1 first", HEAD "A/A1.png,-1\nB/B1.png,1\n", NULL, ASL_ERR_CSV, 2, 0, NULL},
    {"index 1.5", HEAD "A/A1.png,0\nB/B1.png,1.5\n", NULL, ASL_ERR_CSV, 3, 0, NULL},
    {"index 28.0001", HEAD "A/A1.png,28.0001\n", NULL, ASL_ERR_CSV, 2, 0, NULL},
    {"index 999999999", HEAD "A/A1.png,999999999\n", NULL, ASL_ERR_CSV, 2, 0, NULL},
    {"exponent", HEAD "A/A1.png,0\nB/B1.png,1e999\n", NULL, ASL_ERR_CSV, 3, 0, NULL},
    {"hexadecimal", HEAD "A/A1.png,0\nB/B1.png,0x1\n", NULL, ASL_ERR_CSV, 3, 0, NULL},
    {"space and number", HEAD "A/A1.png,0\nB/B1.png, 1\n", NULL, ASL_ERR_CSV, 3, 0, NULL},
    {"decimal comma", HEAD "A/A1.png,0\nB/B1.png,\"1,0\"\n", NULL, ASL_ERR_CSV, 3, 0, NULL},
    {"huge number", HEAD "A/A1.png,0\nB/B1.png,99999999999999999999\n", NULL, ASL_ERR_CSV, 3, 0,
     NULL},
    {"a name among numbers", HEAD "A/A1.png,0\nB/B1.png,B\n", NULL, ASL_ERR_CSV, 3, 0, NULL},
    {"a number among names", HEAD "A/A1.png,A\nB/B1.png,1\n", NULL, ASL_ERR_CSV, 3, 0, NULL},
    {"a name with a comma", HEAD "A/A1.png,A\nB/B1.png,\"B,C\"\n", NULL, ASL_ERR_CSV, 3, 0, NULL},
    {"a name with a line feed", HEAD "A/A1.png,A\nB/B1.png,\"B\nC\"\n", NULL, ASL_ERR_CSV, 3, 0,
     NULL},
    {"a name that is not UTF-8", HEAD "A/A1.png,A\nB/B1.png,\xff\n", NULL, ASL_ERR_CSV, 3, 0, NULL},
    {"a name of 64 bytes",
     HEAD "A/A1.png,A\nB/B1.png,0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
     NULL, ASL_ERR_CSV, 3, 0, NULL},
    {"a group that is not UTF-8", "image_path,target,group\nA/A1.png,A,\xff\n", NULL, ASL_ERR_CSV,
     2, 0, NULL},
    {"a group with a tab", "image_path,target,group\nA/A1.png,A,a\tb\n", NULL, ASL_ERR_CSV, 2, 0,
     NULL},
    {"a group of 256 bytes",
     "image_path,target,group\nA/A1.png,A," X64 X64 X64 X64 "\nB/B1.png,B,\n", NULL, ASL_ERR_CSV, 2,
     0, NULL},
    {"a group of 255 bytes",
     "image_path,target,group\nA/A1.png,A," X64 X64 X64 X63 "\nB/B1.png,B,\n", NULL, ASL_OK, -1, 2,
     "A|B"},
    {"not in classes.txt", HEAD "A/A1.png,A\nB/B1.png,C\n", "A\nB\n", ASL_ERR_CSV, 3, 0, NULL},
    {"index beyond classes.txt", HEAD "A/A1.png,0\nB/B1.png,2\n", "A\nB\n", ASL_ERR_CSV, 3, 0,
     NULL},
    {"classes.txt empty", HEAD FOUR, "", ASL_ERR_CSV, 1, 0, NULL},
    {"classes.txt with an empty line", HEAD FOUR, "A\n\nB\n", ASL_ERR_CSV, 2, 0, NULL},
    {"classes.txt with a comma", HEAD FOUR, "A\nB,C\n", ASL_ERR_CSV, 2, 0, NULL},
    {"classes.txt with a name twice", HEAD FOUR, "A\nB\nA\n", ASL_ERR_CSV, -1, 0, NULL},
    {"classes.txt that is not UTF-8", HEAD FOUR, "A\n\xff\n", ASL_ERR_CSV, 2, 0, NULL},

    /* Well-formed, but no data set. */
    {"header only", HEAD, NULL, ASL_ERR_DATASET, -1, 0, NULL},
    {"one class", HEAD "A/A1.png,A\nA/A2.png,A\n", NULL, ASL_ERR_DATASET, -1, 0, NULL},
    {"all missing", HEAD "A/x.png,A\nB/x.png,B\n", NULL, ASL_ERR_DATASET, -1, 0, NULL},
    {"a class without pictures", HEAD FOUR "C/x.png,C\n", NULL, ASL_ERR_DATASET, -1, 0, NULL},
};

static void check_case(const csv_case *c)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL;
    char names[256] = "";

    print_message("%s\n", c->name);
    fixture_write_text("csv/data.csv", c->text);
    remove("csv/classes.txt");
    if (c->classes != NULL)
        fixture_write_text("csv/classes.txt", c->classes);
    assert_status(asl_dataset_open(&dataset, "csv", NULL, &err), c->expected, &err);
    if (c->expected < 0) {
        assert_null(dataset);
        if (err.offset != c->row)
            fail_msg("row %d instead of %d: %s", (int)err.offset, (int)c->row, err.message);
        return;
    }
    assert_int_equal(asl_dataset_count(dataset), c->samples);
    assert_int_equal(asl_dataset_issue_count(dataset), c->expected == ASL_PARTIAL ? 1 : 0);
    for (int32_t i = 0; i < asl_dataset_class_count(dataset); i++) {
        strcat(names, i == 0 ? "" : "|");
        strcat(names, asl_dataset_class_name(dataset, i));
    }
    assert_string_equal(names, c->names);
    asl_dataset_free(dataset);
}

static void every_case_ends_as_listed(void **state)
{
    (void)state;
    fixture_tree("csv", 2, 2, 4);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_case(&cases[i]);
    assert_true(sizeof cases / sizeof *cases >= 80);
    print_message("count: %zu CSV lists, each with its exact status and row\n",
                  sizeof cases / sizeof *cases);
}

static void samples_keep_the_order_of_the_rows(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_sample sample = {.struct_size = sizeof sample};
    asl_dataset *dataset = NULL;

    (void)state;
    fixture_tree("csv", 2, 2, 4);
    fixture_write_text("csv/list.csv", "image_path,target,group\nB\\B2.png,B,second\n"
                                       "A/A1.png,A,first\nA/A2.png,A,\nB/B1.png,B,second\n");
    dataset = fixture_open("csv/list.csv", ASL_OK);
    assert_int_equal(asl_dataset_group_count(dataset), 2);
    assert_string_equal(asl_dataset_group_name(dataset, 0), "first");
    assert_string_equal(asl_dataset_group_name(dataset, 1), "second");
    assert_null(asl_dataset_group_name(dataset, 2));
    assert_ok(asl_dataset_get_sample(&sample, dataset, 0, &err), &err);
    assert_string_equal(sample.path, "B/B2.png");
    assert_int_equal(sample.class_index, 1);
    assert_int_equal(sample.group_index, 1);
    assert_ok(asl_dataset_get_sample(&sample, dataset, 2, &err), &err);
    assert_string_equal(sample.path, "A/A2.png");
    assert_int_equal(sample.group_index, -1);
    asl_dataset_free(dataset);
}

static void skipped_rows_are_listed(void **state)
{
    static const char *const expected[] = {"ASL_ERR_PATH ../x.png",
                                           "ASL_ERR_PATH /abs.png",
                                           "ASL_ERR_EXISTS A/A1.png",
                                           "ASL_ERR_EXISTS A/A1.png",
                                           "ASL_ERR_NOT_FOUND gone.png",
                                           "ASL_ERR_UNSUPPORTED list.CSV",
                                           NULL};
    asl_error err = ASL_ERROR_INIT;
    asl_issue issue = {.struct_size = sizeof issue};
    asl_dataset *dataset = NULL;

    (void)state;
    fixture_tree("csv", 2, 2, 4);
    fixture_write_text("csv/list.CSV", HEAD FOUR "gone.png,A\n../x.png,A\n.\\A\\A1.png,A\n"
                                                 "/abs.png,B\nlist.CSV,B\nA//A1.png,A\n");
    dataset = fixture_open("csv/list.CSV", ASL_PARTIAL);
    fixture_expect_issues(dataset, expected);
    assert_ok(asl_dataset_get_issue(&issue, dataset, 2, &err), &err);
    assert_non_null(strstr(issue.message, "row 2 and again in row 8"));
    asl_dataset_free(dataset);
}

static void a_list_named_by_itself_is_found_anywhere(void **state)
{
    static const char *const expected[] = {"ASL_ERR_PATH ../outside.csv", NULL};
    asl_dataset *dataset = NULL;

    (void)state;
    fixture_tree("csv", 2, 2, 4);
    fixture_write_text("here.csv", HEAD "csv/A/A1.png,A\ncsv/B/B1.png,B\n");
    dataset = fixture_open("here.csv", ASL_OK);
    assert_string_equal(fixture_path(dataset, 1), "csv/B/B1.png");
    asl_dataset_free(dataset);
    fixture_write_text("here.csv", HEAD "csv/A/A1.png,A\ncsv/B/B1.png,B\n../outside.csv,A\n");
    dataset = fixture_open("./here.csv", ASL_PARTIAL);
    fixture_expect_issues(dataset, expected);
    asl_dataset_free(dataset);
    fixture_open("missing.csv", ASL_ERR_NOT_FOUND);
    assert_int_equal(remove("here.csv"), 0);
    assert_int_equal(mkfifo("here.csv", 0666), 0);
    fixture_open("here.csv", ASL_ERR_PATH);
    assert_int_equal(remove("here.csv"), 0);
}

/* Opens `size` bytes as a list and expects a failure in `row`. */
static void expect_bytes(const char *data, size_t size, asl_status expected, int64_t row)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL;

    test_write_file("csv/data.csv", data, size);
    assert_status(asl_dataset_open(&dataset, "csv", NULL, &err), expected, &err);
    assert_int_equal(err.offset, row);
}

static void nul_bytes_are_rejected(void **state)
{
    static const char text[] = HEAD "A/A1.png,A\nA/A2\0.png,A\n";

    (void)state;
    fixture_tree("csv", 2, 2, 4);
    expect_bytes(text, sizeof text - 1, ASL_ERR_CSV, 3);
    expect_bytes("\0", 1, ASL_ERR_CSV, 1);
    fixture_write_text("csv/data.csv", HEAD FOUR);
    test_write_file("csv/classes.txt", "A\nB\0C\n", 6);
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL;
    assert_status(asl_dataset_open(&dataset, "csv", NULL, &err), ASL_ERR_CSV, &err);
    assert_int_equal(err.offset, 2);
}

static void limits_hold(void **state)
{
    const size_t big = (size_t)3 << 20, many = (size_t)ASL__CSV_ROWS + 100;
    char *text = malloc(many + 100);
    size_t used = 0;

    (void)state;
    assert_non_null(text);
    fixture_tree("csv", 2, 2, 4);

    /* A field, a quoted field and a line of many fields, each beyond 1 MiB. */
    used = (size_t)sprintf(text, "%s", HEAD);
    memset(text + used, 'x', big);
    expect_bytes(text, used + big, ASL_ERR_LIMIT, 2);
    text[used] = '"';
    expect_bytes(text, used + big, ASL_ERR_LIMIT, 2);
    memset(text + used, ',', 64);
    expect_bytes(text, used + 63, ASL_ERR_CSV, 2);
    expect_bytes(text, used + 64, ASL_ERR_LIMIT, 2);

    /* Just within 1 MiB: the row is read, and the path in it is too long to be one. */
    memset(text + used, 'x', ASL__CSV_LINE);
    memcpy(text + used + ASL__CSV_LINE - 2, ",A", 2);
    expect_bytes(text, used + ASL__CSV_LINE, ASL_ERR_DATASET, -1);

    /* Rows. */
    memset(text + used, '\n', many);
    expect_bytes(text, used + many, ASL_ERR_DATASET, -1);
    memcpy(text + used + many - 1, "x", 1);
    expect_bytes(text, used + many, ASL_ERR_LIMIT, (int64_t)many + 1);
    free(text);
}

static void too_many_classes_are_a_limit(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL;
    char *text = malloc(5000 * 32);
    size_t used = 0;

    (void)state;
    assert_non_null(text);
    fixture_tree("csv", 2, 2, 4);
    used = (size_t)sprintf(text, "%s", HEAD);
    for (int i = 0; i < 4097; i++)
        used += (size_t)sprintf(text + used, "x.png,c%d\n", i);
    test_write_file("csv/data.csv", text, used);
    assert_status(asl_dataset_open(&dataset, "csv", NULL, &err), ASL_ERR_LIMIT, &err);
    used = 0;
    for (int i = 0; i < 4097; i++)
        used += (size_t)sprintf(text + used, "c%d\n", i);
    test_write_file("csv/classes.txt", text, used);
    assert_status(asl_dataset_open(&dataset, "csv", NULL, &err), ASL_ERR_LIMIT, &err);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_ends_as_listed),
        cmocka_unit_test(samples_keep_the_order_of_the_rows),
        cmocka_unit_test(skipped_rows_are_listed),
        cmocka_unit_test(a_list_named_by_itself_is_found_anywhere),
        cmocka_unit_test(nul_bytes_are_rejected),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(too_many_classes_are_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
