/* SPDX-License-Identifier: MIT */
/* Everything on stacks of 256 KiB: the host's threads and, as this program stands between the
 * library and pthread_create(), the library's own. Stacks are painted before and looked at after,
 * which tells how much of them was ever used. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "embed/host.h"
#include "embed/world.h"

enum { STACK = 256 * 1024, PAGE = 4096, PAINT = 0xc5, MOST = 4096 };
/* What may be used of it. docs/threading.md promises that 256 KiB are enough. */
enum { LIMIT = 160 * 1024 };

static unsigned char *stacks[MOST];
static atomic_int stack_count;

static unsigned char *new_stack(void)
{
    const int index = atomic_fetch_add(&stack_count, 1);
    REQUIRE(index < MOST, "more than %d threads", MOST);
    unsigned char *memory = mmap(NULL, PAGE + STACK, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    REQUIRE(memory != MAP_FAILED && mprotect(memory, PAGE, PROT_NONE) == 0, "no stack");
    memset(memory + PAGE, PAINT, STACK);
    stacks[index] = memory + PAGE;
    return stacks[index];
}

/* Stacks grow down: what is still painted from the lowest byte on was never reached. */
static size_t used_of(const unsigned char *stack)
{
    size_t clean = 0;
    while (clean < STACK && stack[clean] == PAINT)
        clean++;
    return STACK - clean;
}

/* In place of the C library's, which it calls with a painted stack. */
__attribute__((visibility("default"))) int pthread_create(pthread_t *out,
                                                          const pthread_attr_t *attributes,
                                                          void *(*run)(void *), void *argument)
{
    typedef int create_fn(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    void *symbol = dlsym(RTLD_NEXT, "pthread_create");
    create_fn *create = NULL;
    pthread_attr_t own;
    REQUIRE(attributes == NULL, "a thread that does not take the default stack");
    memcpy(&create, &symbol, sizeof create);
    pthread_attr_init(&own);
    pthread_attr_setstack(&own, new_stack(), STACK);
    const int result = create(out, &own, run, argument);
    pthread_attr_destroy(&own);
    return result;
}

/* --- What is tried --- */

static void nothing(void)
{
}

static void everything(void)
{
    world_work_well(3);
}

/* The largest network there is, on every instruction set that this machine has. */
static void classify_with(const char *backend, const char *isa, const char *precision)
{
    static uint8_t pixels[640 * 480 * 3];
    const asl_image_view view = {.pixels = pixels, .width = 640, .height = 480, .stride = 1920};
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_inferer *inferer = NULL;
    asl_inferer_options options;
    float scores[29];
    CALL(asl_model_create(&model, "seed", NULL, &err), &err);
    asl_inferer_options_init(&options, sizeof options);
    options.backend = backend;
    options.isa = isa;
    options.precision = precision;
    options.threads = 2;
    const asl_status status = asl_inferer_create(&inferer, model, &options, &err);
    REQUIRE(status == ASL_OK || status == ASL_ERR_BACKEND, "%s", err.message);
    if (status == ASL_OK)
        CALL(asl_inferer_classify(scores, 29, inferer, &view, NULL, &err), &err);
    asl_inferer_free(inferer);
    asl_model_free(model);
}

static void classify(void)
{
    static const char *const sets[] = {"c", "avx2", "avx512", "amx"};
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        classify_with("cpu", sets[i], "fp32");
        classify_with("cpu", sets[i], "bf16");
    }
    classify_with("reference", NULL, NULL);
}

static void train_preset(const char *preset)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model_options shape;
    asl_trainer_options options;
    asl_model *model = NULL;
    asl_dataset *data = NULL;
    asl_trainer *trainer = NULL;
    asl_model_options_init(&shape, sizeof shape);
    static const char *const labels[] = {"A", "B", "nothing"};
    shape.labels = labels;
    shape.label_count = 3;
    CALL(asl_model_create(&model, preset, &shape, &err), &err);
    CALL(asl_dataset_open(&data, "pictures", NULL, &err), &err);
    asl_trainer_options_init(&options, sizeof options);
    options.epochs = 1;
    options.batch_size = 36;
    options.threads = 2;
    options.optimizer = ASL_OPTIMIZER_SGD;
    CALL(asl_trainer_create(&trainer, model, data, data, &options, &err), &err);
    asl_trainer_request_stop(trainer); /* after the first step */
    CALL(asl_trainer_run(trainer, &err), &err);
    asl_trainer_free(trainer);
    asl_dataset_free(data);
    asl_model_free(model);
}

static void train(void)
{
    train_preset("tiny");
    train_preset("seed");
}

/* Large pictures, and ones that are damaged in every place. */
static void decode(void)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = NULL, *again = NULL;
    void *data = NULL;
    size_t size = 0;
    CALL(asl_image_create(&image, 1200, 900, ASL_FORMAT_RGB24, &err), &err);
    const asl_image_view view = asl_image_get_view(image);
    for (int32_t encoding = ASL_ENCODING_PNG; encoding <= ASL_ENCODING_JPEG; encoding++) {
        CALL(asl_image_encode(&data, &size, &view, encoding, 0, &err), &err);
        CALL(asl_image_decode(&again, data, size, NULL, &err), &err);
        asl_image_free(again);
        for (size_t i = 0; i < size; i += size / 64 + 1) {
            ((uint8_t *)data)[i] ^= 0x55;
            if (asl_image_decode(&again, data, size, NULL, &err) >= 0)
                asl_image_free(again);
            ((uint8_t *)data)[i] ^= 0x55;
        }
        asl_free(data);
    }
    asl_image_free(image);
}

/* A list of words, letters from `ABABAB...`, and all suggestions for them. */
static void spell(void)
{
    static const char *const labels[] = {"A", "B", "nothing"};
    asl_error err = ASL_ERROR_INIT;
    asl_speller *speller = NULL;
    char words[8192];
    size_t used = 0;
    for (unsigned i = 0; i < 400; i++) {
        for (unsigned bit = 0; bit < 9; bit++)
            words[used++] = i >> bit & 1 ? 'A' : 'B';
        words[used++] = '\n';
    }
    CALL(asl_speller_create(&speller, labels, 3, NULL, &err), &err);
    REQUIRE(asl_speller_set_words(NULL, NULL, speller, words, used, &err) >= 0, "%s", err.message);
    for (int i = 0; i < 12 * 40; i++) {
        const int label = i % 40 < 20 ? 2 : i / 40 % 2;
        const float scores[3] = {label == 0, label == 1, label == 2};
        CALL(asl_speller_push(speller, scores, 3, i * 33333333LL, NULL, &err), &err);
    }
    REQUIRE(asl_speller_suggestion_count(speller) > 0, "no suggestions for '%s'",
            asl_speller_text(NULL, speller));
    CALL(asl_speller_apply_suggestion(speller, 0, &err), &err);
    asl_speller_free(speller);
}

/* The other ways to a data set: a manifest, also one with a folder that does not exist. */
static void manifest(void)
{
    static const char *const rows[] = {"image_path,target", "pictures/A/00.png,A",
                                       "pictures/B/00.png,B", "none/at/all.png,B"};
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *data = NULL;
    asl_image *image = NULL;
    FILE *file = fopen("list.csv", "w");
    for (size_t i = 0; file && i < sizeof rows / sizeof rows[0]; i++)
        fprintf(file, "%s\n", rows[i]);
    REQUIRE(file != NULL && fclose(file) == 0, "cannot write 'list.csv'");
    REQUIRE(asl_dataset_open(&data, "list.csv", NULL, &err) == ASL_PARTIAL, "%s", err.message);
    CALL(asl_dataset_load_image(&image, data, 1, &err), &err);
    asl_image_free(image);
    asl_dataset_free(data);
}

/* --- How much it takes --- */

static void *run_task(void *argument)
{
    const part *task = argument;
    task->run();
    return NULL;
}

static void measure(const part *task, size_t *host, size_t *library)
{
    pthread_t thread;
    const int first = atomic_load(&stack_count);
    REQUIRE(pthread_create(&thread, NULL, run_task, (void *)task) == 0, "no thread");
    pthread_join(thread, NULL);
    *host = used_of(stacks[first]);
    *library = 0;
    for (int i = first + 1; i < atomic_load(&stack_count); i++) {
        const size_t used = used_of(stacks[i]);
        *library = used > *library ? used : *library;
    }
    for (int i = first; i < atomic_load(&stack_count); i++)
        munmap(stacks[i] - PAGE, PAGE + STACK);
    REQUIRE(*host < LIMIT && *library < LIMIT,
            "%s: %zu bytes of stack on the host's thread, %zu on the library's, of %d", task->name,
            *host, *library, STACK);
}

static void part_stacks(void)
{
    static const part tasks[] = {{"nothing", nothing},      {"decoding", decode},
                                 {"classifying", classify}, {"training", train},
                                 {"spelling", spell},       {"a manifest", manifest},
                                 {"everything", everything}};
    size_t most_host = 0, most_library = 0;
    world_work_well(1);
    for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++) {
        size_t host = 0, library = 0;
        measure(&tasks[i], &host, &library);
        note("%-12s %6.1f KiB on the host's thread, %6.1f KiB on the library's", tasks[i].name,
             (double)host / 1024, (double)library / 1024);
        most_host = host > most_host ? host : most_host;
        most_library = library > most_library ? library : most_library;
    }
    REQUIRE(most_library > 0, "no thread of the library was seen");
    note("at most %.1f KiB and %.1f KiB of %d", (double)most_host / 1024,
         (double)most_library / 1024, STACK / 1024);
}

int main(int argc, char **argv)
{
    static const part parts[] = {{"stacks", part_stacks}};
    return host_main(argc, argv, parts, 1);
}
