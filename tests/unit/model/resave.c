/* SPDX-License-Identifier: MIT */
/* model_resave IN OUT: loads a model file and saves it again, for comparing bytes. */
#include <stdio.h>

#include "asl/model.h"

int main(int argc, char **argv)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    if (argc != 3)
        return 2;
    if (asl_model_load(&model, argv[1], &err) == ASL_OK)
        asl_model_save(model, argv[2], &err);
    asl_model_free(model);
    if (err.code < 0)
        fprintf(stderr, "%s\n", err.message);
    return err.code < 0 ? 1 : 0;
}
