/* SPDX-License-Identifier: MIT */
/* Says in three lines what libasl makes of the GPU module: its entry in the list of backends, what
 * asking for it gives, and what "auto" takes. */
#include <stdio.h>

#include "asl/asl.h"

static void try_backend(const asl_model *model, const char *name)
{
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = NULL;
    asl_inferer_options options;
    asl_inferer_options_init(&options, sizeof options);
    options.backend = name;
    options.threads = 1;
    const asl_status status = asl_inferer_create(&inferer, model, &options, &err);
    printf("%s %d %s\n", name, (int)status,
           inferer != NULL ? asl_inferer_backend(inferer) : err.message);
    asl_inferer_free(inferer);
}

int main(void)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_backend_info info = {.struct_size = sizeof info};
    if (asl_backend_get_info(&info, 0, &err) < 0 ||
        asl_model_create(&model, "tiny", NULL, &err) < 0) {
        printf("%s\n", err.message);
        return 1;
    }
    printf("%s %d %s\n", info.name, (int)info.available, info.reason);
    try_backend(model, "cuda");
    try_backend(model, "auto");
    asl_model_free(model);
    return 0;
}
