/* SPDX-License-Identifier: MIT */
/* The built-in networks. */
#include <string.h>

#include "model/model.h"

/* "seed" is the network of the tutorial this project started from
 * (github.com/sovit-123/American-Sign-Language-Detection-using-Deep-Learning, src/cnn_models.py),
 * layer by layer, so that its published weights run: pixel values 0..255 in B,G,R order.
 *
 * "tiny" is our smallest network that learns well: strided 3x3 convolutions instead of pooling, so
 * that little work is done at full size, and average and maximum pooled side by side, since the
 * maximum keeps a small hand in a large picture.
 *
 * "fast" and "robust" are the same idea with more room, for strangers in rooms of their own: only
 * 3x3 convolutions, since those run at the highest rate on processors and GPUs alike.
 *
 * "finder" is for asl/finder.h: its classes are places, so nothing is pooled, and a convolution as
 * large as the last map looks at all of it at once. */
static const asl__preset presets[] = {
    {.name = "seed",
     .description = "the tutorial's network, 224x224, 278 k parameters, 340 M multiplications",
     .architecture = "conv2d 16 k5 bias; relu; max_pool 2; conv2d 32 k5 bias; relu; max_pool 2; "
                     "conv2d 64 k3 bias; relu; max_pool 2; conv2d 128 k5 bias; relu; max_pool 2; "
                     "global_pool avg; dense 256; relu; dense classes",
     .width = 224,
     .height = 224,
     .bgr = 1,
     .mean = {0, 0, 0},
     .std = {1, 1, 1}},
    {.name = "tiny",
     .description = "small and quick to train, 64x64, 170 k parameters, 6 M multiplications",
     .architecture = "conv2d 12 k3 s2 p1; batch_norm; relu; conv2d 24 k3 s2 p1; batch_norm; relu; "
                     "conv2d 24 k3 p1; batch_norm; relu; conv2d 48 k3 s2 p1; batch_norm; relu; "
                     "conv2d 48 k3 p1; batch_norm; relu; conv2d 96 k3 s2 p1; batch_norm; relu; "
                     "conv2d 96 k3 p1; batch_norm; relu; "
                     "global_pool both; dropout 0.1; dense classes",
     .width = 64,
     .height = 64,
     .bgr = 0,
     .mean = {127.5f, 127.5f, 127.5f},
     .std = {63.75f, 63.75f, 63.75f}},
    {.name = "fast",
     .description = "reads strangers, quick: 96x96, 483 k parameters, 36 M multiplications",
     .architecture = "conv2d 16 k3 s2 p1; batch_norm; relu; conv2d 32 k3 s2 p1; batch_norm; relu; "
                     "conv2d 32 k3 p1; batch_norm; relu; conv2d 64 k3 s2 p1; batch_norm; relu; "
                     "conv2d 64 k3 p1; batch_norm; relu; conv2d 64 k3 p1; batch_norm; relu; "
                     "conv2d 128 k3 s2 p1; batch_norm; relu; conv2d 128 k3 p1; batch_norm; relu; "
                     "conv2d 128 k3 p1; batch_norm; relu; "
                     "global_pool both; dropout 0.1; dense classes",
     .width = 96,
     .height = 96,
     .bgr = 0,
     .mean = {127.5f, 127.5f, 127.5f},
     .std = {63.75f, 63.75f, 63.75f}},
    {.name = "robust",
     .description = "reads strangers best: 128x128, 848 k parameters, 126 M multiplications",
     .architecture = "conv2d 24 k3 s2 p1; batch_norm; relu; conv2d 48 k3 s2 p1; batch_norm; relu; "
                     "conv2d 48 k3 p1; batch_norm; relu; conv2d 96 k3 s2 p1; batch_norm; relu; "
                     "conv2d 96 k3 p1; batch_norm; relu; conv2d 96 k3 p1; batch_norm; relu; "
                     "conv2d 160 k3 s2 p1; batch_norm; relu; conv2d 160 k3 p1; batch_norm; relu; "
                     "conv2d 160 k3 p1; batch_norm; relu; "
                     "global_pool both; dropout 0.1; dense classes",
     .width = 128,
     .height = 128,
     .bgr = 0,
     .mean = {127.5f, 127.5f, 127.5f},
     .std = {63.75f, 63.75f, 63.75f}},
    {.name = "finder",
     .description = "finds a hand (asl-frames): 64x64, 300 k parameters, 9 M multiplications",
     .architecture = "conv2d 16 k3 s2 p1; batch_norm; relu; conv2d 32 k3 s2 p1; batch_norm; relu; "
                     "conv2d 32 k3 p1; batch_norm; relu; conv2d 64 k3 s2 p1; batch_norm; relu; "
                     "conv2d 64 k3 p1; batch_norm; relu; conv2d 96 k3 s2 p1; batch_norm; relu; "
                     "conv2d 96 k4; batch_norm; relu; dense classes",
     .width = 64,
     .height = 64,
     .bgr = 0,
     .mean = {127.5f, 127.5f, 127.5f},
     .std = {63.75f, 63.75f, 63.75f}},
};
enum { PRESET_COUNT = sizeof presets / sizeof presets[0] };

int32_t asl_preset_count(void)
{
    return PRESET_COUNT;
}

const char *asl_preset_name(int32_t index)
{
    return index >= 0 && index < PRESET_COUNT ? presets[index].name : NULL;
}

const char *asl_preset_description(int32_t index)
{
    return index >= 0 && index < PRESET_COUNT ? presets[index].description : NULL;
}

const asl__preset *asl__preset_find(const char *name)
{
    for (int32_t i = 0; i < PRESET_COUNT; i++)
        if (strcmp(presets[i].name, name) == 0)
            return &presets[i];
    return NULL;
}
