/* SPDX-License-Identifier: MIT */
/* JPEG through libjpeg-turbo. Its errors come back by longjmp, and its warnings that pixels were
 * lost count as errors. */
#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>
#include <jerror.h>

#include "base/error.h"
#include "image/codec.h"

/* libjpeg hands callbacks the cinfo, whose `client_data` points here. */
typedef struct reader {
    struct jpeg_decompress_struct cinfo;
    struct jpeg_error_mgr manager;
    jmp_buf failed;
    asl_error *err;
    asl_status status;
} reader;

__attribute__((noreturn)) static void on_error(j_common_ptr cinfo)
{
    reader *in = cinfo->client_data;
    char text[JMSG_LENGTH_MAX];
    in->manager.format_message(cinfo, text);
    switch (in->manager.msg_code) {
    case JERR_OUT_OF_MEMORY:
        in->status = asl__fail_memory(in->err, "decoding a JPEG picture");
        break;
    case JERR_NO_BACKING_STORE:
        in->status = asl__fail(in->err, ASL_ERR_LIMIT,
                               "JPEG: needs more memory than its size "
                               "warrants");
        break;
    case JWRN_HIT_MARKER:
    case JWRN_JPEG_EOF:
        in->status = asl__fail(in->err, ASL_ERR_TRUNCATED, "JPEG: %s", text);
        break;
    default:
        in->status = asl__fail(in->err, ASL_ERR_IMAGE, "JPEG: %s", text);
    }
    longjmp(in->failed, 1);
}

/* Level -1 is a warning, the rest are traces. Stray bytes and odd headers cost no pixels. */
static void on_message(j_common_ptr cinfo, int level)
{
    if (level >= 0)
        return;
    switch (cinfo->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_JPEG_EOF:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
        on_error(cinfo);
    default:
        break;
    }
}

int32_t asl__jpeg_shrink(const asl__picture *picture, int32_t side)
{
    const int32_t least = picture->width < picture->height ? picture->width : picture->height;
    int32_t shrink = 8;
    while (shrink > 1 && least / shrink <= side)
        shrink /= 2;
    return shrink;
}

static void read_rows(reader *in, uint8_t *rgb, const asl__picture *picture)
{
    j_decompress_ptr cinfo = &in->cinfo;
    const int32_t width = asl__shrunk(picture->width, picture->shrink);
    const int32_t height = asl__shrunk(picture->height, picture->shrink);
    jpeg_read_header(cinfo, TRUE);
    cinfo->out_color_space = JCS_RGB;
    cinfo->scale_num = 1;
    cinfo->scale_denom = (unsigned)picture->shrink;
    jpeg_start_decompress(cinfo);
    if (cinfo->output_width != (JDIMENSION)width || cinfo->output_height != (JDIMENSION)height) {
        in->status = asl__fail(in->err, ASL_ERR_IMAGE, "JPEG: %ux%u pixels where %dx%d were found",
                               cinfo->output_width, cinfo->output_height, width, height);
        return;
    }
    while (cinfo->output_scanline < cinfo->output_height) {
        JSAMPROW row = rgb + (size_t)cinfo->output_scanline * (size_t)width * 3;
        jpeg_read_scanlines(cinfo, &row, 1);
    }
    jpeg_finish_decompress(cinfo);
}

asl_status asl__jpeg_decode(uint8_t *rgb, const asl__picture *picture, const uint8_t *data,
                            size_t size, asl_error *err)
{
    reader in = {.err = err, .status = ASL_OK};
    in.cinfo.err = jpeg_std_error(&in.manager);
    in.cinfo.client_data = &in;
    in.manager.error_exit = on_error;
    in.manager.emit_message = on_message;
    if (setjmp(in.failed) == 0) {
        jpeg_create_decompress(&in.cinfo);
        /* As for stb_image, so that both builds refuse the same pictures. */
        in.cinfo.mem->max_memory_to_use = asl__decode_budget(picture, size);
        jpeg_mem_src(&in.cinfo, data, (unsigned long)size);
        read_rows(&in, rgb, picture);
    }
    jpeg_destroy_decompress(&in.cinfo);
    return in.status;
}
