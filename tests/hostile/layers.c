/* SPDX-License-Identifier: MIT */
/* Model files of a kilobyte whose layer lists ask for everything a network may be: refused, and
 * nothing is taken for weights that are not there. */
#include "hostile/meter.h"
#include "support/support.h"
#include "unit/model/defects.h"

#include <stdlib.h>

#include "asl/model.h"

#define BAD ASL_ERR_MODEL

static bool open_header(asl_status *status, const void *what)
{
    static const uint8_t data[80];
    asl_error err = ASL_ERROR_INIT;
    *status = load(what, strlen(what), data, sizeof data, &err);
    return err.code == *status;
}

static void test_cost(void **state)
{
    static const struct {
        const char *architecture;
        asl_status expected;
    } table[] = {
        {"conv2d 4096 k1; conv2d 4096 k1; conv2d 4096 k1; conv2d 4096 k1; global_pool avg; "
         "dense classes",
         BAD}, /* 201 MB */
        {"conv2d 4096 k31 p30; global_pool avg; dense classes", BAD},
        {"global_pool avg; dense 65536; dense classes", ASL_ERR_ARCHITECTURE},
        {"conv2d 4096 k31 p30; conv2d 4096 k31 p30; global_pool avg; dense classes",
         ASL_ERR_ARCHITECTURE},
        {"conv2d 99999999999 k1; global_pool avg; dense classes", ASL_ERR_ARCHITECTURE},
        {"conv2d 2 k1 s0; global_pool avg; dense classes", ASL_ERR_ARCHITECTURE},
        {"conv2d 2 k0; global_pool avg; dense classes", ASL_ERR_ARCHITECTURE},
        {"conv2d 2 k3 p3; global_pool avg; dense classes", ASL_ERR_ARCHITECTURE},
        {"conv2d -2 k1; global_pool avg; dense classes", ASL_ERR_ARCHITECTURE},
        {"max_pool 0; global_pool avg; dense classes", ASL_ERR_ARCHITECTURE},
        {"dropout 1; global_pool avg; dense classes", ASL_ERR_ARCHITECTURE},
        {"dropout nan; global_pool avg; dense classes", ASL_ERR_ARCHITECTURE},
        {";;;;;;;;", ASL_ERR_ARCHITECTURE},
    };
    const size_t count = sizeof table / sizeof *table;
    (void)state;
    for (size_t i = 0; i < count; i++) {
        char wanted[256];
        valid_file valid = make_valid(ASL_WEIGHTS_F32);
        snprintf(wanted, sizeof wanted, "'%s'", table[i].architecture);
        char *header =
            edit(valid.header, "'conv2d 2 k1; batch_norm; relu; global_pool avg; dense classes'",
                 wanted);
        free_valid(&valid);
        const cost spent = meter_run(open_header, header);
        free(header);
        if (!spent.ended || spent.status != table[i].expected)
            fail_msg("%s: %s", table[i].architecture, asl_status_name(spent.status));
        if (spent.peak > 64 << 10)
            fail_msg("%s: %zu bytes of memory", table[i].architecture, spent.peak);
    }
    print_message("count: %zu model files with impossible layers, at most 64 kB each\n", count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cost)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
