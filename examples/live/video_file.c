/* SPDX-License-Identifier: MIT */
/* A video file as a source, through FFmpeg. Files are not to be trusted: they are opened as one
 * local file in one of a few common containers, within limits on what a picture may be. */
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libswscale/swscale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "live/source_kind.h"

enum { MOST_PIXELS = 64 << 20, MOST_SIDE = 16384, MOST_BAD_PACKETS = 1000, MOST_LATE = 8 };

/* Playlists and their like name other files, or addresses in the network. */
#define CONTAINERS "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,ogg,flv,gif,yuv4mpegpipe"
#define PROTOCOLS  "file"

struct video {
    char *path;
    AVFormatContext *container;
    AVCodecContext *decoder;
    struct SwsContext *scaler;
    AVPacket *packet;
    AVFrame *frame;
    int stream;
    int turns;    /* quarters, clockwise, that show the picture upright */
    uint8_t *rgb; /* as decoded, and turned */
    uint8_t *turned;
    int width, height; /* of rgb */
    bool waiting;      /* `frame` was decoded and has not been shown */
    bool drained;      /* the file is at its end */
    int bad;           /* packets in a row */
    int64_t time;      /* of `frame`, in ns from the first one */
    int64_t first;     /* the first frame's own time */
    int64_t step;      /* ns from frame to frame, for files that have no times */
    int64_t sequence;
    struct pacer pacer;
};

/* ---- Opening ---- */

static bool fail_open(struct live_error *error, const char *path, int problem)
{
    char reason[AV_ERROR_MAX_STRING_SIZE];
    if (problem == AVERROR_INVALIDDATA)
        return live_fail(error, CLI_BAD_INPUT,
                         "'%.100s' is no video that can be read; name an MP4, MKV, WebM, AVI or "
                         "MPEG file",
                         path);
    av_strerror(problem, reason, sizeof reason);
    return live_fail(error, CLI_BAD_INPUT, "cannot read '%.100s': %.80s", path, reason);
}

static int open_container(struct video *video)
{
    AVDictionary *options = NULL;
    char *url = cli_format("file:%s", video->path);

    av_dict_set(&options, "format_whitelist", CONTAINERS, 0);
    av_dict_set(&options, "protocol_whitelist", PROTOCOLS, 0);
    int problem = avformat_open_input(&video->container, url, NULL, &options);
    av_dict_free(&options);
    free(url);
    if (problem >= 0)
        problem = avformat_find_stream_info(video->container, NULL);
    return problem;
}

static int open_decoder(struct video *video)
{
    const AVCodec *codec = NULL;
    video->stream = av_find_best_stream(video->container, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
    if (video->stream < 0)
        return video->stream;
    video->decoder = avcodec_alloc_context3(codec);
    if (!video->decoder)
        return AVERROR(ENOMEM);
    const AVStream *stream = video->container->streams[video->stream];
    const int problem = avcodec_parameters_to_context(video->decoder, stream->codecpar);
    if (problem < 0)
        return problem;
    video->decoder->max_pixels = MOST_PIXELS;
    video->decoder->pkt_timebase = stream->time_base;
    return avcodec_open2(video->decoder, codec, NULL);
}

/* Phones write pictures as the sensor lies and note how the phone was held. */
static int find_turns(const AVStream *stream)
{
    const void *matrix = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, NULL);
    const double degrees = matrix ? av_display_rotation_get(matrix) : 0.0;
    return isfinite(degrees) ? ((int)lrint(-degrees / 90.0) % 4 + 4) % 4 : 0;
}

static void describe(struct live_source *source, const struct video *video)
{
    const AVStream *stream = video->container->streams[video->stream];
    const double fps = av_q2d(stream->avg_frame_rate);
    char rate[32] = "";

    if (isfinite(fps) && fps > 0.0)
        snprintf(rate, sizeof rate, ", %.3g frames/s", fps);
    snprintf(source->name, sizeof source->name, "%.150s: %dx%d %.20s%s", video->path,
             video->decoder->width, video->decoder->height, video->decoder->codec->name, rate);
}

/* ---- Decoding ---- */

/* Decode one more picture into video->frame. @return 0, AVERROR_EOF, or another error. */
static int decode(struct live_source *source)
{
    struct video *video = source->state;
    for (;;) {
        int problem = avcodec_receive_frame(video->decoder, video->frame);
        if (problem != AVERROR(EAGAIN) && problem != AVERROR_INVALIDDATA)
            return problem;
        if (video->drained)
            return AVERROR_EOF;
        problem = av_read_frame(video->container, video->packet);
        if (problem < 0) {
            /* What is cut off ends there. */
            video->drained = true;
            avcodec_send_packet(video->decoder, NULL);
            continue;
        }
        problem = 0;
        if (video->packet->stream_index == video->stream)
            problem = avcodec_send_packet(video->decoder, video->packet);
        av_packet_unref(video->packet);
        if (problem < 0) {
            source->counts.damaged++;
            if (++video->bad > MOST_BAD_PACKETS)
                return problem;
        }
    }
}

/* Times of frames that never run backwards. */
static void set_time(struct video *video)
{
    const AVRational base = video->container->streams[video->stream]->time_base;
    const int64_t own = video->frame->best_effort_timestamp;
    const int64_t last = video->time;

    video->time = video->sequence == 0 ? 0 : last + video->step;
    if (own != AV_NOPTS_VALUE) {
        const int64_t time = av_rescale_q(own, base, (AVRational){1, 1000000000});
        if (video->sequence == 0)
            video->first = time;
        else if (time - video->first > last && time - video->first < last + 10000000000)
            video->time = time - video->first;
        else
            video->first = time - video->time; /* a jump: go on from here */
    }
}

/* Decode until a frame is waiting. @return what live_source_read() would. */
static int fetch(struct live_source *source, struct live_error *error)
{
    struct video *video = source->state;
    if (video->waiting)
        return LIVE_FRAME;
    const int problem = decode(source);
    if (problem == AVERROR_EOF && video->sequence > 0)
        return LIVE_END;
    if (problem < 0) {
        fail_open(error, video->path, problem == AVERROR_EOF ? AVERROR_INVALIDDATA : problem);
        return LIVE_ERROR;
    }
    video->bad = 0;
    set_time(video);
    video->waiting = true;
    return LIVE_FRAME;
}

/* ---- Showing ---- */

static void turn(uint8_t *to, const uint8_t *from, int width, int height, int turns)
{
    const int wide = turns % 2 ? height : width, high = turns % 2 ? width : height;
    for (int y = 0; y < high; y++) {
        for (int x = 0; x < wide; x++, to += 3) {
            const int fx = turns == 1 ? y : turns == 2 ? width - 1 - x : width - 1 - y;
            const int fy = turns == 1 ? height - 1 - x : turns == 2 ? height - 1 - y : x;
            memcpy(to, from + 3 * ((size_t)fy * (size_t)width + (size_t)fx), 3);
        }
    }
}

/* Room for pictures of the size of `frame`, which may change within a file. */
static bool make_room(struct video *video)
{
    const AVFrame *frame = video->frame;
    if (frame->width < 1 || frame->height < 1 || frame->width > MOST_SIDE ||
        frame->height > MOST_SIDE)
        return false;
    video->scaler = sws_getCachedContext(video->scaler, frame->width, frame->height, frame->format,
                                         frame->width, frame->height, AV_PIX_FMT_RGB24,
                                         SWS_POINT | SWS_ACCURATE_RND, NULL, NULL, NULL);
    if (!video->scaler)
        return false;
    if (video->rgb && frame->width == video->width && frame->height == video->height)
        return true;
    /* swscale writes whole vectors: a little past the end. */
    const size_t size = 3 * (size_t)frame->width * (size_t)frame->height;
    free(video->rgb);
    free(video->turned);
    video->rgb = cli_alloc(size + 64, 1);
    video->turned = video->turns ? cli_alloc(size, 1) : NULL;
    video->width = frame->width;
    video->height = frame->height;
    return true;
}

static bool show(struct live_frame *out, struct video *video)
{
    const AVFrame *frame = video->frame;
    if (!make_room(video))
        return false;
    const int stride = 3 * video->width;
    const int rows = sws_scale(video->scaler, (const uint8_t *const *)frame->data, frame->linesize,
                               0, frame->height, &video->rgb, &stride);
    if (rows != video->height)
        return false;
    const bool sideways = video->turns % 2 != 0;
    if (video->turns)
        turn(video->turned, video->rgb, video->width, video->height, video->turns);
    const int32_t width = sideways ? video->height : video->width;
    const int32_t height = sideways ? video->width : video->height;
    out->view = (asl_image_view){video->turns ? video->turned : video->rgb,
                                 width,
                                 height,
                                 3 * (int64_t)width,
                                 ASL_FORMAT_RGB24,
                                 0};
    return true;
}

/* In real time, frames that come too late are skipped; but a file that is slow to decode is shown
 * slowly. */
static bool too_late(struct video *video, int *skipped)
{
    if (pacer_late(&video->pacer, video->time) < 2 * video->step)
        return false;
    if (++*skipped <= MOST_LATE)
        return true;
    pacer_forgive(&video->pacer, video->time);
    return false;
}

static int read_video(struct live_frame *out, struct live_source *source, int timeout_ms,
                      struct live_error *error)
{
    struct video *video = source->state;
    int skipped = 0;

    for (;;) {
        const int result = fetch(source, error);
        if (result != LIVE_FRAME)
            return result;
        if (!pacer_wait(&video->pacer, video->time, timeout_ms))
            return LIVE_TIMEOUT;
        out->time_ns = video->pacer.start + video->time;
        out->sequence = video->sequence++;
        video->waiting = false;
        if (too_late(video, &skipped))
            source->counts.dropped++;
        else if (show(out, video))
            return LIVE_FRAME;
        else
            source->counts.damaged++;
    }
}

/* ---- The rest ---- */

static void pause_video(struct live_source *source)
{
    struct video *video = source->state;
    pacer_pause(&video->pacer);
}

static bool resume_video(struct live_source *source, struct live_error *error)
{
    struct video *video = source->state;
    (void)error;
    pacer_resume(&video->pacer);
    return true;
}

static void close_video(struct live_source *source)
{
    struct video *video = source->state;
    sws_freeContext(video->scaler);
    av_frame_free(&video->frame);
    av_packet_free(&video->packet);
    avcodec_free_context(&video->decoder);
    avformat_close_input(&video->container);
    free(video->rgb);
    free(video->turned);
    free(video->path);
    free(video);
}

static int open_all(struct live_source *source)
{
    struct video *video = source->state;
    int problem = open_container(video);
    if (problem >= 0)
        problem = open_decoder(video);
    if (problem < 0)
        return problem;
    const AVStream *stream = video->container->streams[video->stream];
    const double fps = av_q2d(stream->avg_frame_rate);
    video->step = isfinite(fps) && fps >= 1.0 && fps <= 1000.0 ? (int64_t)(1e9 / fps) : 33333333;
    video->turns = find_turns(stream);
    video->packet = av_packet_alloc();
    video->frame = av_frame_alloc();
    if (!video->packet || !video->frame)
        return AVERROR(ENOMEM);
    describe(source, video);
    return 0;
}

bool source_open_video(struct live_source *source, const char *path,
                       const struct live_options *options, struct live_error *error)
{
    static const struct source_kind kind = {read_video, pause_video, resume_video, close_video};
    struct video *video = cli_alloc(1, sizeof *video);

    av_log_set_level(AV_LOG_QUIET); /* what matters comes back as an error */
    video->path = cli_format("%s", path);
    video->pacer.fast = options->fast;
    source->kind = &kind;
    source->state = video;
    const int problem = open_all(source);
    if (problem >= 0)
        return true;
    fail_open(error, path, problem);
    close_video(source);
    return false;
}
