/* SPDX-License-Identifier: MIT */
/* The classes of a data set among those of a model. */
#include "dataset/dataset.h"

#include "fixtures.h"

static void a_data_set_is_mapped_to_a_model(void **state)
{
    static const char *const labels[] = {"b", "A", "C"};
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL;
    int32_t map[3];

    (void)state;
    fixture_tree("tree", 3, 1, 4);
    dataset = fixture_open("tree", ASL_OK);
    assert_ok(asl__dataset_map_labels(map, dataset, labels, 3, &err), &err);
    assert_int_equal(map[0], 1);
    assert_int_equal(map[1], 0);
    assert_int_equal(map[2], 2);
    assert_status(asl__dataset_map_labels(map, dataset, labels, 2, &err), ASL_ERR_LABELS, &err);
    assert_int_equal(err.offset, 2);
    assert_non_null(strstr(err.message, "'C'"));
    asl_dataset_free(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_data_set_is_mapped_to_a_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
