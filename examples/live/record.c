/* SPDX-License-Identifier: MIT */
/* Pictures -> libswscale -> an encoder of libavcodec -> fragmented MP4 by libavformat. See
 * record.h. */
#include "live/record.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/cli.h"

enum {
    TICKS = 60000, /* per second: whole for 24 to 60 frames a second, and MPEG-4 allows 65535 */
    KEY_INTERVAL = 2 * TICKS,
    USUAL_DURATION = TICKS / 30,
    FRAGMENT_US = 500000
};

struct live_record {
    char *path;
    AVFormatContext *file;
    AVCodecContext *encoder;
    AVStream *stream;
    AVFrame *frame;
    AVPacket *packet;
    struct SwsContext *scaler;
    int64_t first_ns, last, last_key; /* the last two in ticks */
    int64_t duration;                 /* of the last frame but one */
    int64_t whole;                    /* bytes of the file that are complete fragments */
    bool started;                     /* the header is written */
    bool failed;
};

static bool fail(live_record *r, struct live_error *error, int problem)
{
    char reason[AV_ERROR_MAX_STRING_SIZE] = "";
    av_strerror(problem, reason, sizeof reason);
    if (r)
        r->failed = true;
    return live_fail(error, CLI_FAILED, "cannot record '%s': %s", r ? r->path : "", reason);
}

/* ---- Beginning ---- */

static AVCodecContext *open_encoder(const char *name, int width, int height)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(name);
    AVCodecContext *encoder = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!encoder)
        return NULL;
    encoder->width = width;
    encoder->height = height;
    encoder->pix_fmt = AV_PIX_FMT_YUV420P;
    encoder->time_base = (AVRational){1, TICKS};
    encoder->framerate = (AVRational){30, 1};
    encoder->gop_size = 600;
    encoder->max_b_frames = 0; /* a frame must not wait for the one after it */
    encoder->thread_count = 1; /* the other cores belong to recognition */
    encoder->color_range = AVCOL_RANGE_MPEG;
    encoder->colorspace = AVCOL_SPC_SMPTE170M; /* what libswscale makes */
    encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_QSCALE;
    encoder->global_quality = 4 * FF_QP2LAMBDA;
    /* Only x264 knows these; the others may say so without harm. */
    av_opt_set(encoder->priv_data, "preset", "veryfast", 0);
    av_opt_set(encoder->priv_data, "tune", "zerolatency", 0);
    av_opt_set(encoder->priv_data, "crf", "22", 0);
    if (avcodec_open2(encoder, codec, NULL) < 0)
        avcodec_free_context(&encoder);
    return encoder;
}

/* An encoder may be listed and still not work on this machine: only opening it tells. */
static AVCodecContext *find_encoder(int width, int height)
{
    const char *const names[] = {"libx264", "libopenh264", "mpeg4"};
    AVCodecContext *encoder = NULL;
    for (size_t i = 0; !encoder && i < sizeof names / sizeof *names; i++)
        encoder = open_encoder(names[i], width, height);
    return encoder;
}

static int start_file(live_record *r)
{
    int result = avcodec_parameters_from_context(r->stream->codecpar, r->encoder);
    if (result < 0)
        return result;
    r->stream->time_base = r->encoder->time_base;
    /* A path is a path, even one that looks like an address. */
    char *url = cli_format("file:%s", r->path);
    result = avio_open(&r->file->pb, url, AVIO_FLAG_WRITE);
    free(url);
    if (result < 0)
        return result;
    AVDictionary *options = NULL;
    av_dict_set(&options, "movflags", "frag_keyframe+empty_moov+default_base_moof", 0);
    av_dict_set_int(&options, "frag_duration", FRAGMENT_US, 0);
    r->file->flags |= AVFMT_FLAG_FLUSH_PACKETS;
    result = avformat_write_header(r->file, &options);
    av_dict_free(&options);
    if (result < 0)
        return result;
    r->started = true;
    avio_flush(r->file->pb);
    r->whole = avio_tell(r->file->pb);
    return r->file->pb->error;
}

bool live_record_open(live_record **out, const char *path, int32_t width, int32_t height,
                      struct live_error *error)
{
    *out = NULL;
    signal(SIGXFSZ, SIG_IGN);
    av_log_set_level(AV_LOG_QUIET);
    live_record *r = cli_alloc(1, sizeof *r);
    r->path = cli_format("%s", path);
    r->duration = USUAL_DURATION;
    r->last = -1;
    r->encoder = find_encoder(width & ~1, height & ~1);
    if (!r->encoder) {
        live_fail(error, CLI_FAILED, "cannot record '%s': no encoder takes a %dx%d picture", path,
                  width & ~1, height & ~1);
        r->failed = true;
        live_record_close(r, NULL);
        return false;
    }
    r->frame = av_frame_alloc();
    r->packet = av_packet_alloc();
    int result = avformat_alloc_output_context2(&r->file, NULL, "mp4", NULL);
    r->stream = r->file ? avformat_new_stream(r->file, NULL) : NULL;
    if (!r->frame || !r->packet || !r->stream)
        result = AVERROR(ENOMEM);
    if (result >= 0) {
        r->frame->format = r->encoder->pix_fmt;
        r->frame->width = r->encoder->width;
        r->frame->height = r->encoder->height;
        result = av_frame_get_buffer(r->frame, 0);
    }
    if (result >= 0)
        result = start_file(r);
    if (result < 0) {
        fail(r, error, result);
        live_record_close(r, NULL);
        return false;
    }
    *out = r;
    return true;
}

/* ---- Pictures ---- */

static enum AVPixelFormat format_of(int32_t format)
{
    switch (format) {
    case ASL_FORMAT_RGB24:
        return AV_PIX_FMT_RGB24;
    case ASL_FORMAT_BGR24:
        return AV_PIX_FMT_BGR24;
    case ASL_FORMAT_RGBA32:
        return AV_PIX_FMT_RGB0;
    case ASL_FORMAT_BGRA32:
        return AV_PIX_FMT_BGR0;
    default:
        return AV_PIX_FMT_NONE;
    }
}

static int scale(live_record *r, const asl_image_view *picture)
{
    const enum AVPixelFormat format = format_of(picture->format);
    if (format == AV_PIX_FMT_NONE)
        return AVERROR(EINVAL);
    r->scaler =
        sws_getCachedContext(r->scaler, picture->width, picture->height, format, r->frame->width,
                             r->frame->height, AV_PIX_FMT_YUV420P, SWS_BILINEAR, NULL, NULL, NULL);
    if (!r->scaler)
        return AVERROR(ENOMEM);
    /* The encoder may still hold the picture before. */
    const int result = av_frame_make_writable(r->frame);
    if (result < 0)
        return result;
    const uint8_t *const planes[4] = {picture->pixels};
    const int strides[4] = {(int)picture->stride};
    return sws_scale(r->scaler, planes, strides, 0, picture->height, r->frame->data,
                     r->frame->linesize);
}

/* Hand what the encoder has finished to the file. */
static int drain(live_record *r)
{
    int result;
    while ((result = avcodec_receive_packet(r->encoder, r->packet)) >= 0) {
        /* A frame lasts until the next one; of the last in a fragment that is not known yet. */
        r->packet->duration = r->duration;
        av_packet_rescale_ts(r->packet, r->encoder->time_base, r->stream->time_base);
        r->packet->stream_index = 0;
        result = av_write_frame(r->file, r->packet);
        av_packet_unref(r->packet);
        if (result < 0)
            return result;
        if (r->file->pb->error < 0)
            return r->file->pb->error;
        r->whole = avio_tell(r->file->pb);
    }
    return result == AVERROR(EAGAIN) || result == AVERROR_EOF ? 0 : result;
}

static int64_t ticks_of(live_record *r, int64_t time_ns)
{
    if (r->last < 0) {
        r->first_ns = time_ns;
        return 0;
    }
    const int64_t ticks = av_rescale(time_ns - r->first_ns, TICKS, 1000000000);
    return ticks > r->last ? ticks : r->last + 1;
}

bool live_record_frame(live_record *r, const asl_image_view *picture, int64_t time_ns,
                       struct live_error *error)
{
    if (r->failed)
        return live_fail(error, CLI_FAILED, "cannot record '%s': it has ended", r->path);
    int result = scale(r, picture);
    if (result >= 0) {
        const bool first = r->last < 0;
        const int64_t now = ticks_of(r, time_ns);
        const bool key = first || now - r->last_key >= KEY_INTERVAL;
        r->duration = first ? USUAL_DURATION : now - r->last;
        r->last = now;
        r->last_key = key ? now : r->last_key;
        r->frame->pts = now;
        r->frame->quality = r->encoder->global_quality;
        r->frame->pict_type = key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
        result = avcodec_send_frame(r->encoder, r->frame);
    }
    if (result >= 0)
        result = drain(r);
    return result >= 0 || fail(r, error, result);
}

/* ---- The end ---- */

static int finish(live_record *r)
{
    int result = avcodec_send_frame(r->encoder, NULL);
    if (result >= 0)
        result = drain(r);
    if (result >= 0)
        result = av_write_trailer(r->file);
    if (result >= 0)
        result = r->file->pb->error;
    return result;
}

bool live_record_close(live_record *r, struct live_error *error)
{
    if (!r)
        return true;
    int result = r->failed ? 0 : finish(r);
    if (r->file && r->file->pb) {
        const int closed = avio_closep(&r->file->pb);
        result = result < 0 || r->failed ? result : closed;
        /* Half a fragment would only confuse players. What cannot be cut (a device) is left. */
        if (r->failed || result < 0)
            (void)!truncate(r->path, r->whole);
    }
    const bool ok = result >= 0 || fail(r, error, result);
    avformat_free_context(r->file);
    avcodec_free_context(&r->encoder);
    av_frame_free(&r->frame);
    av_packet_free(&r->packet);
    sws_freeContext(r->scaler);
    free(r->path);
    free(r);
    return ok;
}

const char *live_record_codec(const live_record *r)
{
    return r->encoder->codec->name;
}

double live_record_seconds(const live_record *r)
{
    return r->last > 0 ? (double)r->last / TICKS : 0;
}
