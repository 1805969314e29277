/* SPDX-License-Identifier: MIT */
/* The picture of one sample, from its file or from the pack. */
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/floats.h"
#include "base/threads.h"
#include "dataset/view.h"
#include "image/image.h"

/* `side` as in asl__image_decode_shrunk(). */
static asl_status decode_file(asl_image **out, const asl__source *source, const asl__sample *sample,
                              int32_t side, asl_error *err)
{
    asl_error inner = ASL_ERROR_INIT;
    asl_status status = ASL_OK;
    void *data = NULL;
    size_t size = 0;

    *out = NULL;
    ASL__TRY(asl__folder_read(&data, &size, &source->folder, sample->path, source->decode.max_bytes,
                              err));
    status = asl__image_decode_shrunk(out, data, size, side, &source->decode, &inner);
    if (status < 0)
        asl__fail_at(err, status, inner.offset, "'%s': %s", sample->path, inner.message);
fail:
    asl__free(data);
    return status;
}

/* The pixels in the map. They are checked once: that catches a damaged file at its first use, and
 * from then on they come from memory, where checking would cost several times the copy. */
static asl_status packed_view(asl_image_view *out, const asl__source *source, int64_t member,
                              asl_error *err)
{
    const size_t stride = (size_t)source->width * 3;
    const size_t size = stride * (size_t)source->height;
    const uint8_t *pixels = source->pixels + (size_t)member * size;

    if (atomic_load_explicit(&source->verified[member], memory_order_relaxed) == 0) {
        if (ASL__CHECKSUMS_COUNT && crc32_z(0, pixels, size) != source->samples[member].crc)
            return asl__fail_at(err, ASL_ERR_CHECKSUM, member,
                                "'%s' is damaged in the packed file; delete it and pack again",
                                source->samples[member].path);
        atomic_store_explicit(&source->verified[member], 1, memory_order_relaxed);
    }
    *out = (asl_image_view){.pixels = pixels,
                            .width = source->width,
                            .height = source->height,
                            .stride = (int64_t)stride,
                            .format = ASL_FORMAT_RGB24};
    return ASL_OK;
}

/* A failure of a mix's part, with its name before the message. */
static void fail_part(const asl__part *part, const asl_error *why, asl_error *err)
{
    asl_error named = ASL_ERROR_INIT;

    asl__fail_at(&named, why->code, why->offset, "source '%s': %s", part->name, why->message);
    named.sys_errno = why->sys_errno;
    asl__error_copy(err, &named);
}

/* The pixels of a sample: in the map when packed, otherwise in *image, which is the caller's to
 * free. A mix has none itself. `side` as in asl__image_decode_shrunk(). */
static asl_status open_pixels(asl_image_view *view, asl_image **image, const asl_dataset *dataset,
                              int64_t index, int32_t side, asl_error *err)
{
    const asl__source *source = dataset->source;
    int64_t member = dataset->members[index];
    const asl__part *part =
        source->parts == NULL ? NULL : source->parts + source->samples[member].part;
    asl_error why = ASL_ERROR_INIT;
    asl_status status = ASL_OK;

    *image = NULL;
    if (part != NULL) {
        member = source->samples[member].place;
        source = part->source;
    }
    if (source->pixels != NULL)
        status = packed_view(view, source, member, &why);
    else
        status = decode_file(image, source, &source->samples[member], side, &why);
    if (*image != NULL)
        *view = asl_image_get_view(*image);
    if (status < 0 && part != NULL)
        fail_part(part, &why, err);
    else if (status < 0)
        asl__error_copy(err, &why);
    return status;
}

/* What a file is decoded for: above twice the size it is still the area average that makes the
 * pixels. */
static int32_t decoded_side(int32_t width, int32_t height)
{
    return 2 * (width > height ? width : height);
}

asl_status asl__dataset_read(uint8_t *out, const asl_dataset *dataset, int64_t index, int32_t width,
                             int32_t height, asl_error *err)
{
    asl_status status = ASL_OK;
    asl_image *image = NULL;
    asl_image_view view;

    ASL__TRY(open_pixels(&view, &image, dataset, index, decoded_side(width, height), err));
    if (image == NULL && width == view.width && height == view.height)
        memcpy(out, view.pixels, (size_t)view.stride * (size_t)height);
    else
        status = asl__resize_rgb(out, width, height, &view, NULL, err);
fail:
    asl_image_free(image);
    return status;
}

asl_status asl__dataset_read_varied(uint8_t *out, int32_t *negative, const asl_dataset *dataset,
                                    int64_t index, int32_t width, int32_t height,
                                    const asl__variation *variation, asl_error *err)
{
    asl_status status = ASL_OK;
    asl_image *image = NULL;
    asl_image_view view;

    *negative = 0;
    if (variation->augmentation == NULL)
        return asl__dataset_read(out, dataset, index, width, height, err);
    ASL__TRY(open_pixels(&view, &image, dataset, index, decoded_side(width, height), err));
    status =
        asl__augment_in(variation->scratch, out, negative, variation->augmentation, &view, width,
                        height, variation->seed, variation->epoch, variation->sample, err);
fail:
    asl_image_free(image);
    return status;
}

const uint8_t *asl__dataset_pixels(const int64_t **places, const asl_dataset *dataset,
                                   int32_t width, int32_t height)
{
    const asl__source *source = dataset->source;

    if (source->pixels == NULL || source->width != width || source->height != height)
        return NULL;
    *places = dataset->members;
    return source->pixels;
}

static void verify_sample(void *context, int64_t index)
{
    const asl_dataset *dataset = context;
    asl_image_view view;

    packed_view(&view, dataset->source, dataset->members[index], NULL);
}

asl_status asl__dataset_verify(const asl_dataset *dataset, int32_t threads, asl_error *err)
{
    asl_status status = ASL_OK;
    asl__pool *pool = NULL;
    asl_image_view view;

    ASL__TRY(asl__pool_create(&pool, threads, err));
    asl__pool_run(pool, verify_sample, (void *)dataset, dataset->count);
    asl__pool_free(pool);
    /* Again in order, for the first error; what was found whole is not looked at twice. */
    for (int64_t i = 0; i < dataset->count; i++)
        ASL__TRY(packed_view(&view, dataset->source, dataset->members[i], err));
fail:
    return status;
}

asl_status asl_dataset_load_image(asl_image **out, const asl_dataset *dataset, int64_t index,
                                  asl_error *err)
{
    ASL__OWN_FLOATS;
    asl_status status = ASL_OK;
    asl_image_view view;

    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(dataset != NULL, err);
    ASL__CHECK_ARG(index >= 0 && index < dataset->count, err);
    ASL__TRY(open_pixels(&view, out, dataset, index, 0, err));
    if (*out == NULL)
        status = asl_image_convert(out, &view, NULL, ASL_FORMAT_RGB24, err);
fail:
    return status;
}
