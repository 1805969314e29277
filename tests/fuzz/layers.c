/* SPDX-License-Identifier: MIT */
/* Bytes as the sides of the input, then as a list of layers. */
#include <stdlib.h>
#include <string.h>

#include "asl/model.h"
#include "fuzz/fuzz.h"
#include "model/network.h"

enum { MOST_BYTES = 32 << 20, MOST_WEIGHTS = 1 << 20, LONGEST = 300 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

static void check(const asl_model *model, const asl_model_options *asked)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model_info info = {.struct_size = sizeof info};
    asl_model *again = NULL;
    asl_model_options options = *asked;
    size_t count, count_again;
    FUZZ_CHECK(asl_model_get_info(&info, model, &err) == ASL_OK);
    FUZZ_CHECK(info.width == asked->width && info.height == asked->height);
    FUZZ_CHECK(info.parameter_count > 0 && info.mac_count > 0 && info.layer_count > 0);
    int64_t parameters = 0, macs = 0;
    for (int32_t i = 0; i < info.layer_count; i++) {
        asl_layer_info layer = {.struct_size = sizeof layer};
        FUZZ_CHECK(asl_model_get_layer(&layer, model, i, &err) == ASL_OK);
        FUZZ_CHECK(layer.channels >= 1 && layer.height >= 1 && layer.width >= 1);
        FUZZ_CHECK(fuzz_is_plain(layer.text));
        parameters += layer.parameter_count;
        macs += layer.mac_count;
    }
    FUZZ_CHECK(parameters == info.parameter_count && macs == info.mac_count);
    /* The list that it tells makes the same network. */
    options.architecture = info.architecture;
    FUZZ_CHECK(fuzz_went(asl_model_create(&again, "tiny", &options, &err), &err, 0));
    const float *weights = asl_model_parameters(&count, model);
    const float *weights_again = asl_model_parameters(&count_again, again);
    FUZZ_CHECK(count == count_again);
    FUZZ_CHECK(memcmp(weights, weights_again, count * sizeof *weights) == 0);
    asl_model_free(again);
}

/* A list may ask for 256 MB of weights, so it is looked at first. */
static bool is_small(const asl_model_options *options)
{
    static asl__network network;
    asl_error err = ASL_ERROR_INIT;
    memset(&network, 0, sizeof network);
    network.input = (asl__shape){3, options->height, options->width};
    network.classes = options->label_count;
    return fuzz_went(asl__network_build(&network, options->architecture, &err), &err,
                     ASL_ERR_ARCHITECTURE, 0) &&
           network.parameter_count <= MOST_WEIGHTS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const labels[] = {"A", "B", "C"};
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_model_options options;
    char text[LONGEST + 1] = {0};
    fuzz_input in = {data, data + size};
    asl_model_options_init(&options, sizeof options);
    options.width = 1 + fuzz_u8(&in) % 32;
    options.height = 1 + fuzz_u8(&in) % 32;
    options.labels = labels;
    options.label_count = 3;
    const size_t length = (size_t)(in.end - in.at);
    if (length > LONGEST)
        return -1;
    if (length > 0)
        memcpy(text, in.at, length);
    options.architecture = text;
    fuzz_begin();
    if (is_small(&options) && fuzz_went(asl_model_create(&model, "tiny", &options, &err), &err,
                                        ASL_ERR_ARCHITECTURE, ASL_ERR_LIMIT, 0))
        check(model, &options);
    else
        FUZZ_CHECK(model == NULL);
    asl_model_free(model);
    fuzz_end(MOST_BYTES);
    return 0;
}
