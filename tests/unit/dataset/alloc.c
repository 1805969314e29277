/* SPDX-License-Identifier: MIT */
/* Every allocation fails once, alone and with all that follow: the call says ASL_ERR_NOMEM, leaves
 * nothing behind and works again afterwards. */
#include "fixtures.h"

#include <sys/stat.h>
#include <unistd.h>

#include "asl/image.h"
#include "dataset/dataset.h"
#include "dataset/loader.h"

/* One call under test; returns its status and releases what it made. */
typedef asl_status (*scenario)(asl_error *err);

static asl_status open_tree(asl_error *err)
{
    asl_dataset *dataset = NULL;
    asl_dataset_options options;
    asl_status status = ASL_OK;

    asl_dataset_options_init(&options, sizeof options);
    options.per_class = 2;
    status = asl_dataset_open(&dataset, "fault", &options, err);
    assert_true((dataset != NULL) == (status >= 0));
    asl_dataset_free(dataset);
    return status;
}

static asl_status open_path(const char *path, asl_error *err)
{
    asl_dataset *dataset = NULL;
    const asl_status status = asl_dataset_open(&dataset, path, NULL, err);

    assert_true((dataset != NULL) == (status >= 0));
    asl_dataset_free(dataset);
    return status;
}

static asl_status open_csv(asl_error *err)
{
    return open_path("fault/list.csv", err);
}

static asl_status open_numbered(asl_error *err)
{
    return open_path("fault/numbers.csv", err);
}

static asl_status open_classes(asl_error *err)
{
    return open_path("fault_classes", err);
}

static asl_status open_pack(asl_error *err)
{
    return open_path("fault.pack", err);
}

static asl_status pack(asl_error *err)
{
    asl_dataset *dataset = NULL, *packed = NULL;
    asl_pack_options options;
    asl_status status = asl_dataset_open(&dataset, "fault", NULL, err);

    if (status < 0)
        return status;
    asl_pack_options_init(&options, sizeof options);
    options.width = options.height = 4;
    options.threads = 1; /* so that the n-th allocation is always the same one */
    options.reuse = 0;
    status = asl_dataset_pack(&packed, dataset, "fault_made.pack", &options, err);
    assert_true((packed != NULL) == (status >= 0));
    asl_dataset_free(packed);
    asl_dataset_free(dataset);
    return status;
}

static asl_status split(asl_error *err)
{
    asl_dataset *dataset = NULL, *train = NULL, *validation = NULL;
    asl_split_options options;
    asl_status status = asl_dataset_open(&dataset, "fault/list.csv", NULL, err);

    if (status < 0)
        return status;
    asl_split_options_init(&options, sizeof options);
    for (int32_t kind = ASL_SPLIT_RANDOM; kind <= ASL_SPLIT_GROUP && status >= 0; kind++) {
        options.kind = kind;
        status = asl_dataset_split(&train, &validation, NULL, dataset, &options, err);
        assert_true((train != NULL) == (status >= 0) && (validation != NULL) == (status >= 0));
        asl_dataset_free(train);
        asl_dataset_free(validation);
    }
    asl_dataset_free(dataset);
    return status;
}

static asl_status load(asl_error *err)
{
    const asl__loader_options options = {4, 4, 2, 1, NULL, 0};
    const int64_t order[] = {0, 1, 2};
    asl_dataset *dataset = NULL;
    asl__loader *loader = NULL;
    asl__batch batch;
    asl_status status = asl_dataset_open(&dataset, "fault", NULL, err);

    if (status >= 0)
        status = asl__loader_create(&loader, dataset, &options, err);
    asl_dataset_free(dataset);
    if (status < 0) {
        assert_null(loader);
        return status;
    }
    assert_ok(asl__loader_start(loader, order, 3, 0, err), err);
    for (int i = 0; i < 2; i++) {
        assert_ok(asl__loader_next(&batch, loader, err), err);
        for (int32_t k = 0; k < batch.count; k++) {
            if (batch.status[k] < 0) {
                status = batch.status[k];
                *err = batch.errors[k];
            }
        }
    }
    asl__loader_free(loader);
    return status;
}

/* A tree, and another with signers and a class that is none: through it every table is filled. */
static asl_status mix(asl_error *err)
{
    static const char *const paths[] = {"fault", "fault/more.csv"};
    asl_dataset *parts[2] = {NULL}, *inner = NULL, *outer = NULL;
    asl_mix_options options;
    asl_status status = ASL_OK;
    int64_t order[20];

    asl_mix_options_init(&options, sizeof options);
    options.count = 2;
    for (int i = 0; i < 2 && status >= 0; i++)
        status = asl_dataset_open(&parts[i], paths[i], NULL, err);
    if (status >= 0)
        status = asl_dataset_mix(&inner, (const asl_dataset *const *)parts, &options, err);
    assert_true((inner != NULL) == (status >= 0));
    options.count = 1;
    options.names = (const char *const[]){"outer"};
    if (status >= 0)
        status = asl_dataset_mix(&outer, (const asl_dataset *const[]){inner}, &options, err);
    assert_true((outer != NULL) == (status >= 0));
    if (status >= 0)
        status = asl__dataset_draw(order, outer, 20, 1, 2, err);
    asl_dataset_free(outer);
    asl_dataset_free(inner);
    asl_dataset_free(parts[0]);
    asl_dataset_free(parts[1]);
    return status;
}

static asl_status load_image(asl_error *err)
{
    asl_dataset *dataset = NULL;
    asl_image *image = NULL;
    asl_status status = asl_dataset_open(&dataset, "fault.pack", NULL, err);

    if (status >= 0)
        status = asl_dataset_load_image(&image, dataset, 1, err);
    assert_true((image != NULL) == (status >= 0));
    asl_image_free(image);
    asl_dataset_free(dataset);
    return status;
}

static int64_t fail_each(scenario run, bool for_good)
{
    for (int64_t n = 1;; n++) {
        asl_error err = ASL_ERROR_INIT;
        asl_status status = ASL_OK;
        bool struck = false;

        test_allocator_install(n, for_good);
        status = run(&err);
        struck = test_allocator_count() >= n;
        test_allocator_remove();
        if (!struck) {
            assert_true(status >= 0);
            return n - 1;
        }
        if (status != ASL_ERR_NOMEM || err.code != ASL_ERR_NOMEM || err.message[0] == '\0')
            fail_msg("allocation %d: %s: %s", (int)n, asl_status_name(status), err.message);
    }
}

static void every_failed_allocation_is_reported(void **state)
{
    static const struct {
        const char *name;
        scenario run;
    } scenarios[] = {
        {"open a folder", open_tree},
        {"open a list", open_csv},
        {"open a numbered list", open_numbered},
        {"open a list with classes", open_classes},
        {"open a pack", open_pack},
        {"pack", pack},
        {"split", split},
        {"load batches", load},
        {"mix and draw", mix},
        {"load a picture", load_image},
    };

    (void)state;
    fixture_tree("fault", 3, 3, 4);
    fixture_write_text("fault/A/bad.png", "no picture");
    assert_int_equal(symlink("../B/B1.png", "fault/A/link.png"), 0);
    fixture_write_text("fault/list.csv",
                       "image_path,target,group\nA/A1.png,A,x\nA/A2.png,A,y\nB/B1.png,B,x\n"
                       "B/B2.png,B,y\nC/C1.png,C,y\nC/C2.png,C,x\nA/link.png,A,x\n../out,A,\n");
    fixture_write_text("fault/more.csv",
                       "image_path,target,group\nA/A1.png,A,x\nA/A2.png,seven,y\nB/B1.png,b,\n");
    fixture_write_text("fault/numbers.csv", "image_path,target\nA/A1.png,0\nB/B1.png,1\n");
    fixture_tree("fault_classes", 2, 1, 4);
    fixture_write_text("fault_classes/data.csv", "image_path,target\nA/A1.png,A\nB/B1.png,B\n");
    fixture_write_text("fault_classes/classes.txt", "B\nA\n");
    {
        asl_error err = ASL_ERROR_INIT;

        assert_int_equal(pack(&err), ASL_PARTIAL);
        assert_int_equal(rename("fault_made.pack", "fault.pack"), 0);
    }
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        const int64_t once = fail_each(scenarios[i].run, false);
        const int64_t good = fail_each(scenarios[i].run, true);

        print_message("%s: %d allocations failed once, %d for good\n", scenarios[i].name, (int)once,
                      (int)good);
        assert_true(once > 0 && good == once);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_failed_allocation_is_reported)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
