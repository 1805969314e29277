/* SPDX-License-Identifier: MIT */
/* Bytes as a CSV list of pictures, and what stands behind the first byte 0x1e as the classes.txt
 * beside it. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asl/dataset.h"
#include "fuzz/fuzz.h"

enum { SEPARATOR = 0x1e, MOST_BYTES = 8 << 20 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const uint8_t pixels[2][2][3] = {{{250, 1, 1}, {0}}, {{0}, {1, 1, 250}}};
    static const char *const names[] = {"list/a.png", "list/b.png", "list/c/d.jpg", "list/e f.png"};
    const asl_image_view view = {
        .pixels = &pixels[0][0][0], .width = 2, .height = 2, .stride = 6, .format = 0};
    (void)argc;
    (void)argv;
    mkdir("list", 0777);
    mkdir("list/c", 0777);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        FUZZ_CHECK(asl_image_save(&view, names[i], 0, NULL) == ASL_OK);
    fuzz_write("list/text.png", "no picture", 10);
    fuzz_write("outside.png", "no picture", 10);
    return 0;
}

static void check_samples(const asl_dataset *list)
{
    asl_error err = ASL_ERROR_INIT;
    for (int64_t i = 0; i < asl_dataset_count(list); i++) {
        asl_sample sample = {.struct_size = sizeof sample};
        asl_image *image = NULL;
        FUZZ_CHECK(asl_dataset_get_sample(&sample, list, i, &err) == ASL_OK);
        FUZZ_CHECK(sample.class_index >= 0 && sample.group_index >= -1 && sample.source_index == 0);
        FUZZ_CHECK(asl_dataset_class_name(list, sample.class_index) != NULL);
        FUZZ_CHECK(sample.group_index < asl_dataset_group_count(list));
        FUZZ_CHECK(sample.path[0] != '/' && strstr(sample.path, "..") == NULL);
        FUZZ_CHECK(asl_dataset_load_image(&image, list, i, &err) == ASL_OK);
        asl_image_free(image);
    }
}

static void check_list(const asl_dataset *list, asl_status status)
{
    asl_error err = ASL_ERROR_INIT;
    FUZZ_CHECK((status == ASL_PARTIAL) == (asl_dataset_issue_count(list) > 0));
    FUZZ_CHECK(asl_dataset_class_count(list) >= 2);
    for (int32_t i = 0; i < asl_dataset_class_count(list); i++)
        FUZZ_CHECK(fuzz_is_plain(asl_dataset_class_name(list, i)));
    for (int32_t i = 0; i < asl_dataset_group_count(list); i++)
        FUZZ_CHECK(fuzz_is_plain(asl_dataset_group_name(list, i)));
    for (int64_t i = 0; i < asl_dataset_issue_count(list); i++) {
        asl_issue issue = {.struct_size = sizeof issue};
        FUZZ_CHECK(asl_dataset_get_issue(&issue, list, i, &err) == ASL_OK);
        FUZZ_CHECK(issue.code < 0 && issue.message[0] != '\0');
        for (const char *c = issue.message; *c != '\0'; c++)
            FUZZ_CHECK((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
    check_samples(list);
}

static void split(const asl_dataset *list)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *train = NULL, *validation = NULL;
    if (fuzz_went(asl_dataset_split(&train, &validation, NULL, list, NULL, &err), &err,
                  ASL_ERR_DATASET, 0))
        FUZZ_CHECK(asl_dataset_count(train) + asl_dataset_count(validation) ==
                   asl_dataset_count(list));
    else
        FUZZ_CHECK(train == NULL && validation == NULL);
    asl_dataset_free(train);
    asl_dataset_free(validation);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *list = NULL, *again = NULL;
    const uint8_t *separator = size > 0 ? memchr(data, SEPARATOR, size) : NULL;
    const size_t first = separator == NULL ? size : (size_t)(separator - data);
    fuzz_write("list/list.csv", data, first);
    unlink("list/classes.txt");
    if (separator != NULL)
        fuzz_write("list/classes.txt", separator + 1, size - first - 1);
    fuzz_begin();
    const asl_status status = asl_dataset_open(&list, "list/list.csv", NULL, &err);
    if (fuzz_went(status, &err, ASL_ERR_CSV, ASL_ERR_DATASET, ASL_ERR_LIMIT, 0)) {
        check_list(list, status);
        split(list);
        FUZZ_CHECK(asl_dataset_open(&again, "list/list.csv", NULL, &err) == status);
        FUZZ_CHECK(asl_dataset_fingerprint(again) == asl_dataset_fingerprint(list));
    } else {
        FUZZ_CHECK(list == NULL);
    }
    asl_dataset_free(again);
    asl_dataset_free(list);
    fuzz_end(MOST_BYTES);
    return 0;
}
