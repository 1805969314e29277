/* SPDX-License-Identifier: MIT */
/* Model files with one defect each. See defects.h. */
#include "defects.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/file.h"
#include "model/model.h"
#include "support/support.h"

valid_file make_valid(int32_t weights)
{
    static const char *const labels[] = {"A", "B"};
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_model_options options;
    asl_save_options how;
    valid_file file;
    void *bytes;
    uint64_t length;
    asl_model_options_init(&options, sizeof options);
    options.width = options.height = 4;
    options.labels = labels;
    options.label_count = 2;
    options.architecture = "conv2d 2 k1; batch_norm; relu; global_pool avg; dense classes";
    assert_ok(asl_model_create(&model, "tiny", &options, &err), &err);
    asl_save_options_init(&how, sizeof how);
    how.weights = weights;
    assert_ok(asl_model_save_as(model, "valid.safetensors", &how, &err), &err);
    asl_model_free(model);
    assert_ok(asl__file_read(&bytes, &file.size, "valid.safetensors", 1 << 20, &err), &err);
    file.bytes = bytes;
    memcpy(&length, bytes, 8);
    file.data = file.bytes + 8 + length;
    file.data_size = file.size - 8 - length;
    file.header = strndup((const char *)file.bytes + 8, length);
    *(strrchr(file.header, '}') + 1) = '\0';
    return file;
}

void free_valid(valid_file *file)
{
    asl__free(file->bytes);
    free(file->header);
}

asl_status load(const char *header, size_t header_size, const void *data, size_t data_size,
                asl_error *err)
{
    static const char key[] = "\"asl.crc32\":\"";
    asl_model *model = NULL;
    char digits[9];
    const uint64_t length = header_size;
    const size_t size = 8 + header_size + data_size;
    uint8_t *bytes = calloc(size + 1, 1); /* ends as a string, for strspn() */
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, header_size);
    memcpy(bytes + 8 + header_size, data, data_size);
    char *place = memmem(bytes, 8 + header_size, key, sizeof key - 1);
    if (place && strspn(place + sizeof key - 1, "0123456789abcdef") == 8) {
        memset(place + sizeof key - 1, '0', 8);
        snprintf(digits, sizeof digits, "%08x", (unsigned)crc32_z(0, bytes, size));
        memcpy(place + sizeof key - 1, digits, 8);
    }
    const asl_status status = asl_model_load_memory(&model, bytes, size, err);
    assert_true((model != NULL) == (status == ASL_OK));
    asl_model_free(model);
    free(bytes);
    return status;
}

char *quote(const char *text)
{
    char *copy = strdup(text);
    for (char *at = copy; *at; at++)
        if (*at == '\'')
            *at = '"';
    return copy;
}

char *edit(const char *header, const char *find, const char *replace)
{
    char *old = quote(find), *new = quote(replace), *out = NULL;
    const char *at = strstr(header, old);
    if (!at || strstr(at + 1, old))
        fail_msg("'%s' is not once in the header", find);
    if (asprintf(&out, "%.*s%s%s", (int)(at - header), header, new, at + strlen(old)) < 0)
        fail_msg("no memory");
    free(old);
    free(new);
    return out;
}

void check_defects(const defect *defects, size_t count, int32_t weights)
{
    valid_file valid = make_valid(weights);
    uint8_t data[256] = {0};
    memcpy(data, valid.data, valid.data_size);
    for (size_t i = 0; i < count; i++) {
        asl_error err = ASL_ERROR_INIT;
        const defect *d = &defects[i];
        char *header = edit(valid.header, d->find, d->replace);
        const size_t data_size = (size_t)((int)valid.data_size + d->data_change);
        const asl_status status = load(header, strlen(header), data, data_size, &err);
        if (status != d->status)
            fail_msg("%s -> %s: %s (%s)", d->find, d->replace, asl_status_name(status),
                     err.message);
        test_check_error(status, &err);
        if (!strstr(err.message, d->says))
            fail_msg("%s -> %s: '%s' does not say '%s'", d->find, d->replace, err.message, d->says);
        free(header);
    }
    free_valid(&valid);
    print_message("count: %zu model files with one defect and its words\n", count);
}
