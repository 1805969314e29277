/* SPDX-License-Identifier: MIT */
/* Checks of borrowed views: after these, every address that a format implies lies inside what the
 * caller promised, and no arithmetic on it can overflow. */
#include "image/image.h"

#include "base/error.h"

enum { MAX_SIDE = 32768 };

static asl_status check_size(const asl_image_view *view, asl_error *err)
{
    if (view->width < 1 || view->width > MAX_SIDE)
        return asl__fail(err, ASL_ERR_ARG, "view: width %d is not 1..%d", view->width, MAX_SIDE);
    if (view->height < 1 || view->height > MAX_SIDE)
        return asl__fail(err, ASL_ERR_ARG, "view: height %d is not 1..%d", view->height, MAX_SIDE);
    if (view->format == ASL_FORMAT_YUYV && view->width % 2 != 0)
        return asl__fail(err, ASL_ERR_ARG, "view: YUYV needs an even width, not %d", view->width);
    if ((view->format == ASL_FORMAT_NV12 || view->format == ASL_FORMAT_I420) &&
        (view->width % 2 != 0 || view->height % 2 != 0))
        return asl__fail(err, ASL_ERR_ARG, "view: NV12 and I420 need even sizes, not %dx%d",
                         view->width, view->height);
    return ASL_OK;
}

static asl_status check_stride(const asl_image_view *view, asl_error *err)
{
    static const int32_t pixel_bytes[] = {3, 3, 4, 4, 1, 2, 1, 1};
    /* Far beyond any real row, and small enough that stride * height * 3 / 2 fits an int64_t. */
    const int64_t most = INT64_C(1) << 40;
    const int64_t least = (int64_t)view->width * pixel_bytes[view->format];
    if (view->stride < least || view->stride > most)
        return asl__fail(err, ASL_ERR_ARG, "view: stride %lld is not %lld or a little more",
                         (long long)view->stride, (long long)least);
    if (view->format == ASL_FORMAT_I420 && view->stride % 2 != 0)
        return asl__fail(err, ASL_ERR_ARG, "view: I420 needs an even stride, not %lld",
                         (long long)view->stride);
    return ASL_OK;
}

static asl_status check_region(const asl_image_view *view, const asl_rect *region, asl_error *err)
{
    if (region->x < 0 || region->y < 0 || region->width < 1 || region->height < 1 ||
        region->width > view->width - region->x || region->height > view->height - region->y)
        return asl__fail(err, ASL_ERR_ARG, "region %dx%d at %d,%d leaves its %dx%d picture",
                         region->width, region->height, region->x, region->y, view->width,
                         view->height);
    return ASL_OK;
}

asl_status asl__view_check(const asl_image_view *view, const asl_rect *region, asl_error *err)
{
    asl_status status = ASL_OK;
    if (view == NULL)
        return asl__fail(err, ASL_ERR_ARG, "view is NULL");
    if (view->pixels == NULL)
        return asl__fail(err, ASL_ERR_ARG, "view: pixels is NULL");
    if (view->format < ASL_FORMAT_RGB24 || view->format > ASL_FORMAT_I420)
        return asl__fail(err, ASL_ERR_ARG, "view: format %d is not 0..%d", view->format,
                         ASL_FORMAT_I420);
    if (view->reserved != 0)
        return asl__fail(err, ASL_ERR_ARG, "view: reserved is %d, not 0", view->reserved);
    ASL__TRY(check_size(view, err));
    ASL__TRY(check_stride(view, err));
    if (region != NULL)
        ASL__TRY(check_region(view, region, err));
fail:
    return status;
}
