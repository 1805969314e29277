/* SPDX-License-Identifier: MIT */
/* Writes what the fuzzers begin with: fuzz_seeds FOLDER. tests/fuzz/corpus/README tells more. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "asl/trainer.h"
#include "dataset/pack.h"
#include "fuzz/fuzz.h"
#include "fuzz/small.h"

#include "unit/image/seeds.inc"

static const char *corpus;

static void seed(const char *target, const char *name, const void *data, size_t size)
{
    static char path[PATH_MAX]; /* not on the stack of everyone it is inlined into */
    snprintf(path, sizeof path, "%s/%s", corpus, target);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/%s", corpus, target, name);
    fuzz_write(path, data, size);
}

static void seed_text(const char *target, const char *name, const char *text)
{
    seed(target, name, text, strlen(text));
}

static void seed_file(const char *target, const char *name, const char *path)
{
    size_t size;
    void *data = fuzz_read(path, &size);
    seed(target, name, data, size);
    free(data);
}

static void pictures(void)
{
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
        seed("picture", seeds[i].name, seeds[i].data, seeds[i].size);
}

static void exif(void)
{
    static const uint8_t little[] =
        "II*\0\10\0\0\0\2\0\1\1\3\0\1\0\0\0\2\0\0\0\x12\1\3\0\1\0\0\0\6\0\0";
    static const uint8_t big[] = "MM\0*\0\0\0\10\0\1\1\x12\0\3\0\0\0\1\0\3\0\0\0\0\0";
    seed("exif", "little", little, sizeof little);
    seed("exif", "big", big, sizeof big);
}

static void texts(void)
{
    seed_text("augment", "strong", "strong");
    seed_text("augment", "object",
              "{\"base\": \"light\", \"rotation\": 20, \"scale\": [0.8, 1.2]}");
    asl_augmentation *all = NULL;
    FUZZ_CHECK(asl_augmentation_create(&all, "strong", NULL) == ASL_OK);
    seed_text("augment", "all", asl_augmentation_text(all));
    asl_augmentation_free(all);

    seed_text("csv", "names", "image_path,target\na.png,A\nb.png,B\n");
    seed_text("csv", "groups",
              "\xef\xbb\xbfimage_path,target,group\r\na.png,0,anna\r\nb.png,3.0,ben\r\n"
              "\"c/d.jpg\",0,\"an\"\"na\"\r\n\"e f.png\",3,\r\n");
    seed_text("csv", "classes",
              "group,image_path,target\nx,a.png,0\ny,c\\d.jpg,1\n"
              "x,../outside.png,1\nx,text.png,0\nx,a.png,0\n\x1ehand\nno hand\n");

    seed_text("words", "plain", "hello 10\nhelp 5\nHELLO 3\nheld\nhe 100\n");
    seed_text("words", "odd", "hel1o\n\nhelper 18446744073709551615\nhello\t7\r\nHELL  x\n");

    seed_text("layers", "every",
              "\x0f\x0f"
              "conv2d 2 k3 p1 bias; batch_norm; relu; max_pool 2; dropout 0.2; "
              "global_pool both; dense 4; relu; dense classes");
    seed_text("layers", "wide",
              "\x07\x1f"
              "conv2d 4 k5; relu; global_pool avg; dense classes");
}

static void streams(void)
{
    static const uint8_t spelled[] = {
        0, 2,   12, 'H', 'E', 'L', 'L', 'O', ' ', '9', '\n', 'H', 'E', 'L', 'P', 8,
        7, 250, 20, 33,  0,   8,   27,  250, 9,   33,  0,    8,   4,   250, 20,  33,
        9, 8,   11, 250, 20,  33,  0,   4,   1,   5,   1,    2,   'a', 'b', 3,   9,
        8, 8,   28, 250, 20,  33,  0,   8,   26,  250, 31,   66,  0,   6,   7};
    static const uint8_t chosen[] = {70, 0,  200, 3,  6,  40,  3,  12, 1,  8,  0,  255,
                                     31, 16, 90,  8,  27, 255, 31, 16, 10, 0,  10, 0,
                                     0,  0,  0,   63, 64, 0,   0,  0,  0,  0,  0,  0,
                                     0,  0,  0,   0,  0,  0,   9,  1,  90, 31, 33, 30};
    seed("speller", "spelled", spelled, sizeof spelled);
    seed("speller", "chosen", chosen, sizeof chosen);
}

/* Without the zeros, as fuzz_pack puts them back. */
static void pack(void)
{
    size_t size;
    asl_dataset_free(small_dataset());
    uint8_t *data = fuzz_read("small.pack", &size);
    memmove(data + ASL__PACK_USED, data + ASL__PACK_HEADER, size - ASL__PACK_HEADER);
    seed("pack", "small", data, size - ASL__PACK_HEADER + ASL__PACK_USED);
    free(data);
}

static void models(const asl_model *model)
{
    static const char *const names[] = {"f32", "f16", "i8"};
    const asl_calibration calibration = {sizeof calibration, ASL_MIRROR_BOTH, 1.5, 0.25, 3, 0};
    asl_model *calibrated = NULL;
    FUZZ_CHECK(asl_model_with_calibration(&calibrated, model, &calibration, NULL) == ASL_OK);
    for (int32_t i = 0; i < 3; i++) {
        asl_save_options options;
        asl_save_options_init(&options, sizeof options);
        options.weights = i;
        FUZZ_CHECK(asl_model_save_as(calibrated, "model", &options, NULL) == ASL_OK);
        seed_file("model", names[i], "model");
    }
    asl_model_free(calibrated);
}

static void stop_early(const asl_train_progress *progress, void *user)
{
    if (progress->epoch == 2)
        asl_trainer_request_stop(*(asl_trainer **)user);
}

/* As the run begins, and in its second epoch. */
static void checkpoint(const asl_model *model, const asl_dataset *data, int32_t optimizer,
                       const char *begun, const char *stopped)
{
    asl_trainer *trainer = NULL;
    asl_augmentation *augmentation = NULL;
    asl_trainer_options options;
    FUZZ_CHECK(asl_augmentation_create(&augmentation, "light", NULL) == ASL_OK);
    asl_trainer_options_init(&options, sizeof options);
    options.epochs = 3;
    options.batch_size = 2;
    options.threads = 1;
    options.isa = "c";
    options.optimizer = optimizer;
    options.augmentation = optimizer == ASL_OPTIMIZER_SGD ? augmentation : NULL;
    options.average = optimizer == ASL_OPTIMIZER_SGD ? 0.9 : 0.0;
    options.on_progress = stop_early;
    options.user = &trainer;
    FUZZ_CHECK(asl_trainer_create(&trainer, model, data, data, &options, NULL) == ASL_OK);
    FUZZ_CHECK(asl_trainer_save_checkpoint(trainer, "run", NULL) == ASL_OK);
    seed_file("checkpoint", begun, "run");
    FUZZ_CHECK(asl_trainer_run(trainer, NULL) >= 0);
    FUZZ_CHECK(asl_trainer_save_checkpoint(trainer, "run", NULL) == ASL_OK);
    seed_file("checkpoint", stopped, "run");
    asl_trainer_free(trainer);
    asl_augmentation_free(augmentation);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    corpus = argv[1];
    mkdir(corpus, 0777);
    asl_model *model = small_model();
    asl_dataset *data = small_dataset();
    pictures();
    exif();
    texts();
    streams();
    pack();
    models(model);
    checkpoint(model, data, ASL_OPTIMIZER_ADAM, "adam_begun", "adam_stopped");
    checkpoint(model, data, ASL_OPTIMIZER_SGD, "sgd_begun", "sgd_stopped");
    asl_dataset_free(data);
    asl_model_free(model);
    return 0;
}
