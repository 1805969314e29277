/* SPDX-License-Identifier: MIT */
/* asl-classify: name the letter in each picture. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "annotate.h"
#include "asl/asl.h"
#include "common/cli.h"
#include "common/data.h"
#include "common/files.h"
#include "common/json.h"
#include "common/progress.h"

/* What the command line says, and what serves all pictures. */
typedef struct classifier {
    const char *model_path; /* NULL: the built-in model. */
    int32_t top;            /* 0 = not said. */
    const char *draw;
    annotate_fn *annotate; /* NULL without --draw and --show. */
    asl_rect roi;
    bool has_roi, logits, json, force, show, find;
    const char *finder_path; /* NULL: the built-in finder. */
    asl_finder *finder;      /* NULL without --find. */
    asl_hand hand;           /* What it found in this picture. */
    int32_t width, height;   /* Of the picture. */
    const asl_rect *seen;    /* What is recognised; NULL: all of it. */
    asl_inferer *inferer;
    const asl_model *model;
    int32_t label_count;
    json_t *base_names;  /* How many of the pictures share each file name. */
    json_t *drawn;       /* Names given to annotated copies so far. */
    float *scores, *raw; /* label_count each. */
    int32_t *order;      /* Classes from best to worst. */
    double letter_score; /* That there is a letter at all. */
    double threshold;    /* Below which there is none. */
} classifier;

static bool parse_roi(asl_rect *roi, const char *text)
{
    char rest = 0;
    return sscanf(text, "%d,%d,%d,%d%c", &roi->x, &roi->y, &roi->width, &roi->height, &rest) == 4 &&
           roi->x >= 0 && roi->y >= 0 && roi->width > 0 && roi->height > 0;
}

/* Say what is wrong with a picture, naming it where the library's message does not. */
static void complain(const char *path, const asl_error *err)
{
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    if (strstr(err->message, name))
        cli_error("%s", err->message);
    else
        cli_error("'%s': %s", name, err->message);
}

static int load_picture(asl_image **out, const char *path)
{
    enum { LARGEST_FILE = 256 << 20 };
    asl_error err = ASL_ERROR_INIT;
    char *data = NULL;
    size_t size = 0;
    if (strcmp(path, "-") != 0)
        asl_image_load(out, path, NULL, &err);
    else if (files_read(&data, &size, path, LARGEST_FILE) == CLI_OK)
        asl_image_decode(out, data, size, NULL, &err);
    else
        return CLI_BAD_INPUT;
    free(data);
    if (*out)
        return CLI_OK;
    complain(path, &err);
    /* A picture that cannot be opened or read is bad input whatever the reason. */
    return err.code == ASL_ERR_IO ? CLI_BAD_INPUT : cli_exit_code(err.code);
}

static int by_score(const void *a, const void *b, void *user)
{
    const float *scores = user;
    const int32_t i = *(const int32_t *)a, j = *(const int32_t *)b;
    if (scores[i] != scores[j])
        return scores[i] > scores[j] ? -1 : 1;
    return i - j;
}

static void rank(classifier *c)
{
    const size_t count = (size_t)c->label_count;
    c->letter_score = (double)asl_model_letter_score(c->model, c->scores, count);
    for (int32_t i = 0; i < c->label_count; i++)
        c->order[i] = i;
    qsort_r(c->order, count, sizeof *c->order, by_score, c->scores);
}

static int32_t top_count(const classifier *c, int32_t otherwise)
{
    const int32_t top = c->top > 0 ? c->top : otherwise;
    return top < c->label_count ? top : c->label_count;
}

static bool has_letter(const classifier *c)
{
    return c->letter_score >= c->threshold;
}

/* What a person is told: the letter and its score, or that there is none, and the score of any. */
static const char *find_answer(double *score, const classifier *c)
{
    *score = has_letter(c) ? (double)c->scores[c->order[0]] : c->letter_score;
    return has_letter(c) ? asl_model_label(c->model, c->order[0]) : "no letter";
}

static json_t *hand_json(const asl_hand *hand)
{
    const asl_rect *box = &hand->box;
    const int32_t sides[] = {box->x, box->y, box->width, box->height};
    json_t *object = json_object(), *array = json_array();
    json_put(object, "found", json_boolean(hand->found));
    json_put(object, "score", json_number(hand->score));
    json_put(object, "x", json_number(hand->x));
    json_put(object, "y", json_number(hand->y));
    json_put(object, "side", json_number(hand->side));
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        json_add(array, json_integer(sides[i]));
    json_put(object, "box", array);
    return object;
}

static void print_json_line(const classifier *c, const char *path, double ms)
{
    json_t *line = json_document(), *top = json_array();
    const char *letter = has_letter(c) ? asl_model_label(c->model, c->order[0]) : NULL;
    json_put(line, "path", json_text(path));
    json_put(line, "model", json_text(model_name(c->model_path)));
    json_put(line, "label", json_text(letter));
    json_put(line, "score", json_number(c->scores[c->order[0]]));
    json_put(line, "letter_score", json_number(c->letter_score));
    json_put(line, "ms", json_number(ms));
    for (int32_t i = 0; i < top_count(c, 3); i++) {
        json_t *entry = json_object();
        json_put(entry, "label", json_text(asl_model_label(c->model, c->order[i])));
        json_put(entry, "score", json_number(c->scores[c->order[i]]));
        json_add(top, entry);
    }
    json_put(line, "top", top);
    json_put(line, "width", json_integer(c->width));
    json_put(line, "height", json_integer(c->height));
    if (c->finder)
        json_put(line, "hand", hand_json(&c->hand));
    if (c->logits) {
        json_t *logits = json_object();
        for (int32_t i = 0; i < c->label_count; i++)
            json_put(logits, asl_model_label(c->model, i), json_number(c->raw[i]));
        json_put(line, "logits", logits);
    }
    json_print(line);
}

static void print_text_line(const classifier *c, const char *path, double ms)
{
    double score;
    const char *answer = find_answer(&score, c);
    const int32_t said = has_letter(c) ? 1 : 0;
    printf("%s %.2f  %.1f ms  %s\n", answer, score, ms, path);
    for (int32_t i = said; i < top_count(c, said); i++)
        printf("    %s %.2f\n", asl_model_label(c->model, c->order[i]),
               (double)c->scores[c->order[i]]);
    for (int32_t i = 0; c->logits && i < c->label_count; i++)
        printf("    %-10s %12.5f\n", asl_model_label(c->model, i), (double)c->raw[i]);
}

static bool same_file(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

static void count_base_names(classifier *c, char **paths, int count)
{
    c->base_names = json_object();
    c->drawn = json_object();
    for (int i = 0; i < count; i++) {
        char *base = files_base_name(paths[i]);
        const json_int_t seen = json_integer_value(json_object_get(c->base_names, base));
        json_object_set_new_nocheck(c->base_names, base, json_integer(seen + 1));
        free(base);
    }
}

/* The picture's own file name; with its folder's name in front where several pictures share it;
 * with a number behind where that is not enough. What is neither .jpg nor .png gets .png. */
static char *drawn_name(classifier *c, const char *path)
{
    char *base = files_base_name(path), *stem = NULL;
    const char *slash = strrchr(path, '/');
    if (slash && json_integer_value(json_object_get(c->base_names, base)) > 1) {
        char *folder = cli_format("%.*s", (int)(slash - path), path);
        char *parent = files_base_name(folder);
        stem = cli_format("%s-%s", parent, base);
        free(parent);
        free(folder);
    } else {
        stem = cli_format("%s", strcmp(path, "-") == 0 ? "stdin" : base);
    }
    free(base);
    static const char *const endings[] = {".jpg", ".jpeg", ".png"};
    const char *ending = ".png";
    char *dot = strrchr(stem, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (strcmp(dot, endings[i]) == 0)
            ending = endings[i];
    if (dot && strcmp(dot, ending) == 0)
        *dot = '\0';
    char *name = cli_format("%s%s", stem, ending);
    for (int number = 2; json_object_get(c->drawn, name); number++) {
        free(name);
        name = cli_format("%s-%d%s", stem, number, ending);
    }
    json_object_set_new_nocheck(c->drawn, name, json_true());
    free(stem);
    return name;
}

static int draw_copy(classifier *c, const char *path, const asl_image_view *view)
{
    char *name = c->draw ? drawn_name(c, path) : NULL;
    char *target = c->draw ? files_join(c->draw, name) : NULL;
    double score;
    const char *answer = find_answer(&score, c);
    int code = CLI_OK;
    if (target && same_file(path, target)) {
        cli_error("'%s' is the picture itself; choose another folder for --draw", target);
        code = CLI_FAILED;
    } else if (target) {
        code = files_check_output(target, c->force);
    }
    if (code == CLI_OK)
        code = c->annotate(target, c->show && cli_flush(), view, c->seen, answer, score);
    free(target);
    free(name);
    return code;
}

/* Choose what to recognise, and do it. */
static asl_status recognise(classifier *c, const asl_image_view *view, asl_error *err)
{
    asl_status status = ASL_OK;
    c->width = view->width;
    c->height = view->height;
    c->seen = c->has_roi ? &c->roi : NULL;
    c->hand.struct_size = sizeof c->hand;
    if (c->finder)
        status = asl_finder_find(&c->hand, c->finder, view, c->seen, err);
    if (c->finder && c->hand.found)
        c->seen = &c->hand.box;
    return status < 0 ? status
                      : asl_inferer_classify(c->scores, (size_t)c->label_count, c->inferer, view,
                                             c->seen, err);
}

static int classify(classifier *c, const char *path)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = NULL;
    int code = load_picture(&image, path);
    if (code != CLI_OK)
        return code;
    const asl_image_view view = asl_image_get_view(image);
    const size_t count = (size_t)c->label_count;
    const double started = progress_clock();
    asl_status status = recognise(c, &view, &err);
    const double ms = 1e3 * (progress_clock() - started);
    if (status >= 0 && c->logits)
        status = asl_inferer_logits(c->raw, count, c->inferer, &view, c->seen, &err);
    if (status < 0) {
        complain(path, &err);
        /* The only argument that depends on the picture is the region. */
        code = status == ASL_ERR_ARG ? CLI_BAD_INPUT : cli_exit_code(status);
    } else {
        rank(c);
        if (c->json)
            print_json_line(c, path, ms);
        else
            print_text_line(c, path, ms);
        if (c->annotate)
            code = draw_copy(c, path, &view);
    }
    asl_image_free(image);
    return code;
}

static int classify_all(classifier *c, char **paths, int count)
{
    int code = c->draw ? files_make_folder(c->draw) : CLI_OK;
    if (code != CLI_OK)
        return code;
    count_base_names(c, paths, count);
    c->scores = cli_alloc((size_t)c->label_count, sizeof *c->scores);
    c->raw = cli_alloc((size_t)c->label_count, sizeof *c->raw);
    c->order = cli_alloc((size_t)c->label_count, sizeof *c->order);
    for (int i = 0; i < count; i++) {
        const int result = classify(c, paths[i]);
        if (code == CLI_OK)
            code = result;
        if (!cli_flush() || result == CLI_NO_DEVICE || result == CLI_INTERRUPTED)
            break;
    }
    json_decref(c->drawn);
    json_decref(c->base_names);
    free(c->order);
    free(c->raw);
    free(c->scores);
    return code;
}

static int open_finder(classifier *c, const asl_inferer_options *inferer)
{
    asl_error err = ASL_ERROR_INIT;
    asl_finder_options options;
    asl_model *hands = NULL;
    int code = c->find ? finder_open(&hands, c->finder_path) : CLI_OK;
    asl_finder_options_init(&options, sizeof options);
    options.inferer = inferer;
    if (hands && asl_finder_create(&c->finder, hands, &options, &err) < 0)
        code = cli_fail(&err);
    asl_model_free(hands);
    return code;
}

int main(int argc, char **argv)
{
    classifier c = {0};
    const char *roi = NULL;
    bool quiet = false, verbose = false;
    asl_inferer_options inferer_options;
    asl_inferer_options_init(&inferer_options, sizeof inferer_options);
    inferer_options.backend = inferer_options.isa = inferer_options.precision = "auto";
    const cli_option options[] = {
        CLI_MODEL(&c.model_path),
        CLI_INT('n', "top", "N", &c.top, 1, 1024,
                "how many of the best labels to print; without it 3 in JSON and 1 in text"),
        CLI_TEXT('d', "draw", "FOLDER", &c.draw,
                 "write copies of the pictures, with their labels drawn onto them"),
        CLI_FLAG('s', "show", &c.show,
                 "show each picture with its label in a window, until a key is pressed"),
        CLI_FLAG(0, "logits", &c.logits, "also print the network's raw outputs"),
        CLI_TEXT(0, "roi", "X,Y,W,H", &roi, "look only at this part of each picture, in pixels"),
        CLI_FLAG(0, "find", &c.find,
                 "find the hand, in the part that --roi names, and look at it alone"),
        CLI_TEXT(0, "finder", "MODEL", &c.finder_path,
                 "model that finds it (.safetensors); the built-in one when none is named"),
        CLI_MIRROR(&inferer_options.mirror),
        CLI_LOOKS(&inferer_options.looks),
        CLI_CROPS(&inferer_options.crops),
        CLI_FORCE(&c.force),
        CLI_HEADING("Engine"),
        CLI_BACKEND(&inferer_options.backend),
        CLI_ISA(&inferer_options.isa),
        CLI_PRECISION(&inferer_options.precision),
        CLI_THREADS(&inferer_options.threads),
        CLI_HEADING("General"),
        CLI_JSON(&c.json),
        CLI_QUIET(&quiet),
        CLI_VERBOSE(&verbose),
    };
    const cli_program program = {
        .name = "asl-classify",
        .arguments = "IMAGE...",
        .summary = "Name the letter in each picture; - is a picture on standard input.",
        .details = "One line a picture: label, score (0 to 1), milliseconds for scaling and\n"
                   "recognition without reading the file, path; or \"no letter\" and the letter\n"
                   "score, when that is below the model's threshold. A picture that cannot be\n"
                   "used is reported, the others go on, and the exit status is 3. Where --find\n"
                   "finds no hand, all of the picture is looked at.\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
        .min_arguments = 1,
        .max_arguments = -1,
    };
    char **paths;
    const int count = cli_parse(&program, argc, argv, &paths);
    cli_set_quiet(quiet);
    c.has_roi = roi != NULL;
    if (roi && !parse_roi(&c.roi, roi))
        return cli_usage_error("--roi: '%s' is not X,Y,W,H in whole pixels", roi);
    if (c.finder_path && !c.find)
        return cli_usage_error("--finder is for --find");

    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    int code = c.draw || c.show ? annotate_begin(&c.annotate, argv) : CLI_OK;
    if (code == CLI_OK)
        code = model_open(&model, c.model_path);
    if (c.find)
        inferer_options.crops = 1; /* of what is found here */
    if (code == CLI_OK && asl_inferer_create(&c.inferer, model, &inferer_options, &err) < 0)
        code = cli_fail(&err);
    if (code == CLI_OK)
        code = open_finder(&c, &inferer_options);
    if (code == CLI_OK) {
        asl_model_info info = {.struct_size = sizeof info};
        asl_model_get_info(&info, model, NULL);
        c.model = model;
        c.label_count = info.label_count;
        c.threshold = info.letter_threshold;
        if (verbose)
            cli_note("model: %s; backend: %s", model_name(c.model_path),
                     asl_inferer_backend(c.inferer));
        code = classify_all(&c, paths, count);
    }
    asl_finder_free(c.finder);
    asl_inferer_free(c.inferer);
    asl_model_free(model);
    return cli_finish(code);
}
