/* SPDX-License-Identifier: MIT */
/* See photo.h. Pictures are read when they are needed: thousands would not fit into memory. */
#include "photo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/files.h"

/* ---- The list ---- */

enum { PATH, CX, CY, W, H, COLUMNS, MOST_FIELDS = 16 };

/* Cut a line at its commas, in place. */
static int split(char *line, char **fields)
{
    int count = 0;
    for (char *at = line; count < MOST_FIELDS; at++) {
        fields[count++] = at;
        at += strcspn(at, ",\r\n");
        const bool more = *at == ',';
        *at = '\0';
        if (!more)
            break;
    }
    return count;
}

static bool find_columns(int *columns, char *line)
{
    static const char *const names[COLUMNS] = {"image_path", "cx", "cy", "w", "h"};
    char *fields[MOST_FIELDS];
    const int count = split(line, fields);
    for (int i = 0; i < COLUMNS; i++) {
        columns[i] = -1;
        for (int k = 0; k < count; k++)
            if (strcmp(fields[k], names[i]) == 0)
                columns[i] = k;
        if (columns[i] < 0)
            return false;
    }
    return true;
}

/* A box in parts of the picture; empty fields: no hand. */
static bool read_box(struct photo *photo, const int *columns, char **fields)
{
    float *const values[COLUMNS] = {NULL, &photo->x, &photo->y, &photo->width, &photo->height};
    photo->has_hand = fields[columns[CX]][0] != '\0';
    for (int i = CX; photo->has_hand && i < COLUMNS; i++) {
        char *end = NULL;
        *values[i] = strtof(fields[columns[i]], &end);
        if (end == fields[columns[i]] || *end || !(*values[i] > 0.0f && *values[i] <= 1.0f))
            return false;
    }
    return true;
}

static bool add_line(struct album *album, const char *folder, const int *columns, char *line)
{
    char *fields[MOST_FIELDS];
    struct photo photo = {0};
    const int count = split(line, fields);
    for (int i = 0; i < COLUMNS; i++)
        if (columns[i] >= count)
            return false;
    if (!read_box(&photo, columns, fields))
        return false;
    if ((album->count & (album->count + 1)) == 0) { /* room for 1, 3, 7, ... */
        struct photo *more = realloc(album->photos, (2 * (size_t)album->count + 1) * sizeof *more);
        if (!more)
            return false;
        album->photos = more;
    }
    const char *path = fields[columns[PATH]];
    photo.path = path[0] == '/' ? cli_format("%s", path) : files_join(folder, path);
    album->photos[album->count++] = photo;
    return true;
}

int album_add(struct album *album, const char *table)
{
    enum { LARGEST = 64 << 20 };
    char *text = NULL, *rest = NULL;
    size_t size = 0;
    int columns[COLUMNS], number = 1, code = files_read(&text, &size, table, LARGEST);
    if (code != CLI_OK)
        return code;
    const char *slash = strrchr(table, '/');
    char *folder = slash ? cli_format("%.*s", (int)(slash - table), table) : cli_format(".");
    char *line = strtok_r(text, "\n", &rest);
    if (!line || !find_columns(columns, line)) {
        cli_error("'%s': the first line must name the columns image_path, cx, cy, w and h", table);
        code = CLI_BAD_INPUT;
    }
    while (code == CLI_OK && (line = strtok_r(NULL, "\n", &rest))) {
        number++;
        if (!add_line(album, folder, columns, line)) {
            cli_error("'%s', line %d: not a path and a box in parts of the picture", table, number);
            code = CLI_BAD_INPUT;
        }
    }
    free(folder);
    free(text);
    return code;
}

static int hands_first(const void *a, const void *b)
{
    const struct photo *p = a, *q = b;
    return p->has_hand != q->has_hand ? q->has_hand - p->has_hand : strcmp(p->path, q->path);
}

void album_sort(struct album *album)
{
    if (album->count > 0)
        qsort(album->photos, (size_t)album->count, sizeof *album->photos, hands_first);
    album->hands = 0;
    while (album->hands < album->count && album->photos[album->hands].has_hand)
        album->hands++;
}

void album_free(struct album *album)
{
    for (int i = 0; i < album->count; i++)
        free(album->photos[i].path);
    free(album->photos);
    *album = (struct album){0};
}

/* ---- Windows ---- */

float photo_middle(float length, float start, float whole, rng *random)
{
    const float least = start + 0.3f * length, most = start + whole - 0.3f * length;
    return least < most ? rng_range(random, least, most) : start + 0.5f * whole;
}

/* Scale a part of a picture into a rectangle of the frame. */
static int fill(const struct sheet *sheet, const asl_rect *to, const asl_image_view *view,
                const asl_rect *from, bool mirrored, asl_error *err)
{
    asl_image *scaled = NULL;
    if (asl_image_resize(&scaled, view, from, to->width, to->height, err) < 0)
        return -1;
    const uint8_t *pixel = asl_image_pixels(scaled);
    for (int y = 0; y < to->height; y++) {
        uint8_t *row = sheet->rgb + 3 * ((size_t)(to->y + y) * (size_t)sheet->size + (size_t)to->x);
        for (int x = 0; x < to->width; x++, pixel += 3)
            memcpy(row + 3 * (size_t)(mirrored ? to->width - 1 - x : x), pixel, 3);
    }
    asl_image_free(scaled);
    return 1;
}

/* Where a window of `length` begins so that `middle` of the picture comes to `wanted` of it. */
static float begin_window(float middle, float wanted, float length, float whole)
{
    return clampf(middle - wanted, 0.0f, whole - length);
}

/* The window in pixels of the photograph. */
static bool choose_window(struct area *window, const struct sheet *sheet, const struct photo *photo,
                          const asl_image_view *view, float side, rng *random)
{
    const float width = (float)view->width, height = (float)view->height;
    const float own = maxf(photo->width * width, photo->height * height);
    const float across = (float)sheet->seen.width, down = (float)sheet->seen.height;
    /* Pixels of the photograph for one of the frame. */
    const float zoom = photo->has_hand
                           ? own / side
                           : minf(width / across, height / down) * rng_range(random, 0.5f, 1.0f);
    *window = (struct area){0, 0, across * zoom, down * zoom};
    if (window->width > width || window->height > height || zoom < 0.25f)
        return false;
    const float x = photo->has_hand ? photo->x : rng_unit(random);
    const float y = photo->has_hand ? photo->y : rng_unit(random);
    window->left =
        begin_window(x * width, photo_middle(photo->width * width, 0, window->width, random),
                     window->width, width);
    window->top =
        begin_window(y * height, photo_middle(photo->height * height, 0, window->height, random),
                     window->height, height);
    return true;
}

int photo_window(const struct sheet *sheet, struct area *hand, const struct photo *photo,
                 float side, rng *random, asl_error *err)
{
    asl_image *image = NULL;
    struct area window;
    const bool mirrored = rng_unit(random) < 0.5f;
    if (asl_image_load(&image, photo->path, NULL, err) < 0)
        return -1;
    const asl_image_view view = asl_image_get_view(image);
    int done = choose_window(&window, sheet, photo, &view, side, random);
    if (done) {
        const asl_rect *seen = &sheet->seen;
        asl_rect from = {(int32_t)window.left, (int32_t)window.top, (int32_t)window.width,
                         (int32_t)window.height};
        from.width = from.width > 0 ? from.width : 1;
        from.height = from.height > 0 ? from.height : 1;
        const float zoom = (float)seen->width / (float)from.width;
        const float w = photo->width * (float)view.width, h = photo->height * (float)view.height;
        *hand = (struct area){zoom * (photo->x * (float)view.width - 0.5f * w - (float)from.x),
                              zoom * (photo->y * (float)view.height - 0.5f * h - (float)from.y),
                              zoom * w, zoom * h};
        if (mirrored)
            hand->left = (float)seen->width - hand->left - hand->width;
        hand->left += (float)seen->x;
        hand->top += (float)seen->y;
        done = fill(sheet, seen, &view, &from, mirrored, err);
    }
    asl_image_free(image);
    return done;
}

/* ---- Cut-outs ---- */

/* The hand with a little around it, or as much beside it. */
static bool choose_patch(struct area *patch, const struct photo *photo, const asl_image_view *view,
                         int decoy, rng *random)
{
    const float width = (float)view->width, height = (float)view->height;
    const float w = 1.12f * photo->width * width, h = 1.12f * photo->height * height;
    patch->width = minf(w, width);
    patch->height = minf(h, height);
    if (!decoy) {
        patch->left = clampf(photo->x * width - 0.5f * w, 0.0f, width - patch->width);
        patch->top = clampf(photo->y * height - 0.5f * h, 0.0f, height - patch->height);
        return true;
    }
    /* The wider of the strips to the left and to the right. */
    const float before = (photo->x - 0.6f * photo->width) * width;
    const float behind = width - (photo->x + 0.6f * photo->width) * width;
    patch->width = minf(patch->width, maxf(before, behind));
    if (patch->width < 12.0f)
        return false;
    patch->left = before > behind ? rng_range(random, 0.0f, before - patch->width)
                                  : width - rng_range(random, patch->width, behind);
    patch->top = rng_range(random, 0.0f, height - patch->height);
    return true;
}

/* How much of the patch is seen at (u, v) in -1..1: an oval, rather square, with a soft edge. */
static float oval(float u, float v, float softness)
{
    const float d = powf(u * u * u * u + v * v * v * v, 0.25f);
    return 1.0f - smoothf(1.0f - softness, 1.0f, d);
}

static int paste(const struct sheet *sheet, const struct area *at, const asl_image_view *view,
                 const struct area *patch, rng *random, asl_error *err)
{
    const int32_t width = (int32_t)maxf(at->width, 1.0f), height = (int32_t)maxf(at->height, 1.0f);
    const asl_rect from = {(int32_t)patch->left, (int32_t)patch->top, (int32_t)patch->width,
                           (int32_t)patch->height};
    const bool mirrored = rng_unit(random) < 0.5f;
    const float softness = rng_range(random, 0.05f, 0.3f), gain = rng_range(random, 0.75f, 1.25f);
    const asl_rect *seen = &sheet->seen;
    asl_image *scaled = NULL;
    if (asl_image_resize(&scaled, view, &from, width, height, err) < 0)
        return -1;
    const uint8_t *pixels = asl_image_pixels(scaled);
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            const int to_x = (int)at->left + x, to_y = (int)at->top + y;
            if (to_x < seen->x || to_x >= seen->x + seen->width || to_y < seen->y ||
                to_y >= seen->y + seen->height)
                continue;
            const float cover = oval(2.0f * ((float)x + 0.5f) / (float)width - 1.0f,
                                     2.0f * ((float)y + 0.5f) / (float)height - 1.0f, softness);
            const uint8_t *in =
                pixels + 3 * ((size_t)y * (size_t)width + (size_t)(mirrored ? width - 1 - x : x));
            uint8_t *out = sheet->rgb + 3 * ((size_t)to_y * (size_t)sheet->size + (size_t)to_x);
            for (int c = 0; c < 3; c++)
                out[c] = (uint8_t)mixf(out[c], minf(gain * (float)in[c], 255.0f), cover);
        }
    }
    asl_image_free(scaled);
    return 1;
}

int photo_paste(const struct sheet *sheet, struct area *hand, const struct photo *photo, float side,
                int decoy, rng *random, asl_error *err)
{
    asl_image *image = NULL;
    struct area patch;
    if (asl_image_load(&image, photo->path, NULL, err) < 0)
        return -1;
    const asl_image_view view = asl_image_get_view(image);
    int done = choose_patch(&patch, photo, &view, decoy, random);
    const float zoom =
        side / maxf(photo->width * (float)view.width, photo->height * (float)view.height);
    if (done && zoom < 4.0f) {
        const asl_rect *seen = &sheet->seen;
        const float w = zoom * patch.width, h = zoom * patch.height;
        const float x = photo_middle(w, (float)seen->x, (float)seen->width, random);
        const float y = photo_middle(h, (float)seen->y, (float)seen->height, random);
        const struct area at = {x - 0.5f * w, y - 0.5f * h, w, h};
        *hand = (struct area){x - w / 2.24f, y - h / 2.24f, w / 1.12f, h / 1.12f};
        done = paste(sheet, &at, &view, &patch, random, err);
    } else {
        done = 0;
    }
    asl_image_free(image);
    return done;
}
