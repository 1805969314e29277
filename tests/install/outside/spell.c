/* SPDX-License-Identifier: MIT */
/* Somebody else's program: reaches every library that libasl stands on. Prints the letter of a grey
 * picture and the version. */
#include <asl/asl.h>
#include <stdio.h>
#include <string.h>

static asl_status try_all(asl_error *err)
{
    asl_model *made = NULL, *model = NULL;
    asl_inferer *inferer = NULL;
    asl_image *drawn = NULL, *image = NULL;
    asl_image_view view;
    float scores[29];
    int best = 0;
    asl_status status;

    if ((status = asl_model_create(&made, "tiny", NULL, err)) == ASL_OK &&
        (status = asl_model_save(made, "tiny.safetensors", err)) == ASL_OK &&
        (status = asl_model_load(&model, "tiny.safetensors", err)) == ASL_OK &&
        (status = asl_inferer_create(&inferer, model, NULL, err)) == ASL_OK &&
        (status = asl_image_create(&drawn, 80, 60, ASL_FORMAT_RGB24, err)) == ASL_OK) {
        memset(asl_image_pixels(drawn), 128, 80 * 60 * 3);
        view = asl_image_get_view(drawn);
        if ((status = asl_image_save(&view, "grey.jpg", 0, err)) == ASL_OK &&
            (status = asl_image_load(&image, "grey.jpg", NULL, err)) == ASL_OK) {
            view = asl_image_get_view(image);
            status = asl_inferer_classify(scores, 29, inferer, &view, NULL, err);
        }
    }
    if (status == ASL_OK) {
        for (int i = 1; i < 29; i++)
            if (scores[i] > scores[best])
                best = i;
        printf("%s %s\n", asl_model_label(model, best), asl_version());
    }
    asl_image_free(image), asl_image_free(drawn), asl_inferer_free(inferer);
    asl_model_free(model), asl_model_free(made);
    return status;
}

int main(void)
{
    asl_error err = ASL_ERROR_INIT;

    if (try_all(&err) < 0)
        fprintf(stderr, "%s\n", err.message);
    return err.code < 0;
}
