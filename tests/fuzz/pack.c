/* SPDX-License-Identifier: MIT */
/* Bytes as a packed data set, without the zeros between its header and its first pixels. */
#include <stdlib.h>
#include <string.h>

#include "asl/dataset.h"
#include "dataset/pack.h"
#include "fuzz/fuzz.h"

enum { MOST_BYTES = 4 << 20 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

static void write_pack(const uint8_t *data, size_t size)
{
    const size_t whole = size < ASL__PACK_USED ? size : size + ASL__PACK_HEADER - ASL__PACK_USED;
    uint8_t *file = calloc(whole + 1, 1);
    FUZZ_CHECK(file != NULL);
    if (size >= ASL__PACK_USED) {
        memcpy(file, data, ASL__PACK_USED);
        memcpy(file + ASL__PACK_HEADER, data + ASL__PACK_USED, size - ASL__PACK_USED);
    } else if (size > 0) {
        memcpy(file, data, size);
    }
    fuzz_write("in.pack", file, whole);
    free(file);
}

/* Every text and every pixel is looked at. */
static void check(const asl_dataset *pack, asl_status status)
{
    asl_error err = ASL_ERROR_INIT;
    FUZZ_CHECK((status == ASL_PARTIAL) == (asl_dataset_issue_count(pack) > 0));
    FUZZ_CHECK(asl_dataset_count(pack) >= 1 && asl_dataset_class_count(pack) >= 2);
    for (int64_t i = 0; i < asl_dataset_count(pack); i++) {
        asl_sample sample = {.struct_size = sizeof sample};
        asl_image *image = NULL;
        FUZZ_CHECK(asl_dataset_get_sample(&sample, pack, i, &err) == ASL_OK);
        FUZZ_CHECK(fuzz_is_plain(sample.path) && sample.path[0] != '/');
        FUZZ_CHECK(asl_dataset_class_name(pack, sample.class_index) != NULL);
        FUZZ_CHECK(sample.group_index < asl_dataset_group_count(pack));
        if (fuzz_went(asl_dataset_load_image(&image, pack, i, &err), &err, ASL_ERR_CHECKSUM, 0)) {
            const asl_image_view view = asl_image_get_view(image);
            fuzz_hash(view.pixels, (size_t)view.stride * (size_t)view.height);
        }
        asl_image_free(image);
    }
    for (int32_t i = 0; i < asl_dataset_class_count(pack); i++)
        FUZZ_CHECK(fuzz_is_plain(asl_dataset_class_name(pack, i)));
    for (int32_t i = 0; i < asl_dataset_group_count(pack); i++)
        FUZZ_CHECK(fuzz_is_plain(asl_dataset_group_name(pack, i)));
    for (int64_t i = 0; i < asl_dataset_issue_count(pack); i++) {
        asl_issue issue = {.struct_size = sizeof issue};
        FUZZ_CHECK(asl_dataset_get_issue(&issue, pack, i, &err) == ASL_OK);
        FUZZ_CHECK(issue.code < 0 && fuzz_is_plain(issue.path) && fuzz_is_plain(issue.message));
    }
}

/* What a program does with one: part it, give it the classes of a model, pack it again. */
static void use(const asl_dataset *pack)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *train = NULL, *validation = NULL, *mix = NULL, *small = NULL;
    asl_mix_options wishes;
    asl_pack_options form;
    fuzz_went(asl_dataset_split(&train, &validation, NULL, pack, NULL, &err), &err, ASL_ERR_DATASET,
              0);
    asl_mix_options_init(&wishes, sizeof wishes);
    wishes.count = 1;
    fuzz_went(asl_dataset_mix(&mix, &pack, &wishes, &err), &err, ASL_ERR_ARG, ASL_ERR_DATASET,
              ASL_ERR_LABELS, 0);
    asl_pack_options_init(&form, sizeof form);
    form.width = form.height = 2;
    form.threads = 1;
    form.reuse = 0;
    if (asl_dataset_count(pack) <= 64 &&
        fuzz_went(asl_dataset_pack(&small, pack, "out.pack", &form, &err), &err, ASL_ERR_DATASET,
                  0))
        FUZZ_CHECK(asl_dataset_count(small) <= asl_dataset_count(pack));
    asl_dataset_free(small);
    asl_dataset_free(mix);
    asl_dataset_free(train);
    asl_dataset_free(validation);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *pack = NULL;
    write_pack(data, size);
    fuzz_begin();
    const asl_status status = asl_dataset_open(&pack, "in.pack", NULL, &err);
    if (fuzz_went(status, &err, ASL_ERR_PACK, ASL_ERR_TRUNCATED, ASL_ERR_CHECKSUM, 0)) {
        check(pack, status);
        use(pack);
    } else {
        FUZZ_CHECK(pack == NULL);
    }
    asl_dataset_free(pack);
    fuzz_end(MOST_BYTES);
    return 0;
}
