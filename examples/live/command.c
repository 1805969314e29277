/* SPDX-License-Identifier: MIT */
/* See command.h. */
#include "live/command.h"

#include <stdio.h>
#include <string.h>

#include "common/data.h"

void live_command_init(struct live_command *c, int32_t profile)
{
    *c = (struct live_command){.profile = profile};
    live_options_init(&c->source);
    live_session_options_init(&c->session);
    asl_inferer_options *inferer = &c->session.inferer;
    inferer->backend = inferer->isa = inferer->precision = "auto";
    inferer->batch_size = 1;
    inferer->threads = 0;
    c->session.hand = LIVE_HAND_AUTO;
}

static bool parse_roi(asl_rect *roi, const char *text)
{
    char rest = 0;
    return sscanf(text, "%d,%d,%d,%d%c", &roi->x, &roi->y, &roi->width, &roi->height, &rest) == 4 &&
           roi->x >= 0 && roi->y >= 0 && roi->width > 0 && roi->height > 0;
}

static bool parse_size(struct live_options *source, const char *text)
{
    char rest = 0;
    return sscanf(text, "%dx%d%c", &source->width, &source->height, &rest) == 2 &&
           source->width > 0 && source->height > 0;
}

int live_command_resolve(struct live_command *c, int spec_count)
{
    asl_error err = ASL_ERROR_INIT;
    if (c->camera && spec_count > 0)
        return cli_usage_error("--camera names a source, and so does SOURCE: give only one");
    c->follow = c->roi && strcmp(c->roi, "auto") == 0;
    if (c->roi && !c->follow && !parse_roi(&c->session.box, c->roi))
        return cli_usage_error("--roi: '%s' is neither X,Y,WIDTH,HEIGHT in pixels nor auto",
                               c->roi);
    if (c->finder && !c->follow)
        return cli_usage_error("--finder is for --roi auto");
    if (c->capture && !parse_size(&c->source, c->capture))
        return cli_usage_error("--capture: '%s' is not WIDTHxHEIGHT in pixels", c->capture);
    if (asl_speller_options_preset(&c->session.speller, c->method, c->profile, &err) < 0)
        return cli_fail(&err);
    if (c->left_handed)
        c->session.hand = LIVE_HAND_LEFT;
    c->source.left_handed = c->session.hand == LIVE_HAND_LEFT;
    c->source.camera_only = c->camera != NULL;
    c->session.timed = !c->source.fast;
    return CLI_OK;
}

int live_command_open_finder(asl_model **hands, struct live_command *c)
{
    const int code = c->follow ? finder_open(hands, c->finder) : CLI_OK;
    c->session.hands = *hands;
    return code;
}

int live_command_open(asl_model **model, struct live_source **source, const struct live_command *c,
                      char **specs, int spec_count)
{
    struct live_error error = {0};
    const char *const *names = c->camera ? &c->camera : (const char *const *)specs;
    const int code = model_open(model, c->model);
    if (code != CLI_OK ||
        live_source_open(source, names, c->camera ? 1 : spec_count, &c->source, &error))
        return code;
    cli_error("%s", error.message);
    return error.code;
}

void live_command_tell(const struct live_command *c, const char *program,
                       const struct live_events *events, const struct live_source *source,
                       const asl_model *model, const char *backend)
{
    enum { MOST = 1024 };
    const char *labels[MOST];
    asl_model_info info = {.struct_size = sizeof info};
    asl_model_get_info(&info, model, NULL);
    const int32_t count = info.label_count < MOST ? info.label_count : MOST;
    for (int32_t i = 0; i < count; i++)
        labels[i] = asl_model_label(model, i);
    const struct live_setup setup = {
        program, live_source_name(source), backend, model_name(c->model), labels, count};
    live_events_start(events, &setup);
    cli_note("%s; %s; model: %s", setup.source, backend, setup.model);
}

bool live_command_is_over(const struct live_command *c, int64_t begun_ns, int64_t frame_ns)
{
    const int64_t passed = c->source.fast ? frame_ns : live_clock() - begun_ns;
    return cli_interrupted() || (c->seconds > 0 && 1e-9 * (double)passed >= c->seconds);
}
