/* SPDX-License-Identifier: MIT */
/* The tiles of AMX in plain C, as Intel's Software Developer's Manual (volume 2, TDPBF16PS and its
 * neighbours) describes them, so that lib/backend/cpu/x86/kernels_amx.c is tested on processors
 * that have none. What a processor would refuse ends the test. */
#include "kernels/tiles.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TILE_COUNT = 8, MOST_ROWS = 16, MOST_BYTES = 64 };

static struct {
    bool configured;
    uint8_t rows[TILE_COUNT];
    uint16_t bytes[TILE_COUNT];
    uint8_t data[TILE_COUNT][MOST_ROWS][MOST_BYTES];
} tiles;

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "tiles: %s\n", what);
    abort();
}

static void use(int tile)
{
    require(tiles.configured, "used before they are configured");
    require(tile >= 0 && tile < TILE_COUNT && tiles.rows[tile] > 0, "no such tile");
}

static void load_configuration(const void *memory)
{
    const uint8_t *bytes = memory;
    require(bytes[0] == 1 && bytes[1] == 0, "palette or first row");
    memset(&tiles, 0, sizeof tiles);
    for (int tile = 0; tile < MOST_ROWS; tile++) {
        uint16_t width = 0;
        memcpy(&width, bytes + 16 + 2 * tile, sizeof width);
        const uint8_t rows = bytes[48 + tile];
        require(tile < TILE_COUNT || (rows == 0 && width == 0), "more than eight");
        require(rows <= MOST_ROWS && width <= MOST_BYTES && (rows == 0) == (width == 0),
                "too large");
        if (tile < TILE_COUNT) {
            tiles.rows[tile] = rows;
            tiles.bytes[tile] = width;
        }
    }
    tiles.configured = true;
}

static void zero(int tile)
{
    use(tile);
    memset(tiles.data[tile], 0, sizeof tiles.data[tile]);
}

static void load(int tile, const void *memory, size_t stride)
{
    zero(tile);
    for (size_t row = 0; row < tiles.rows[tile]; row++)
        memcpy(tiles.data[tile][row], (const uint8_t *)memory + row * stride, tiles.bytes[tile]);
}

static void keep(int tile, void *memory, size_t stride)
{
    use(tile);
    for (size_t row = 0; row < tiles.rows[tile]; row++)
        memcpy((uint8_t *)memory + row * stride, tiles.data[tile][row], tiles.bytes[tile]);
}

static float bf16_at(int tile, int row, int column)
{
    uint32_t bits = 0;
    float value = 0.0f;
    memcpy((uint8_t *)&bits + 2, &tiles.data[tile][row][2 * column], 2);
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* sums += a * b, a's even terms and its odd ones apart. */
static void multiply_tiles(int sums, int a, int b)
{
    use(sums);
    use(a);
    use(b);
    require(sums != a && sums != b && a != b, "the same tile twice");
    require(tiles.rows[a] == tiles.rows[sums] && tiles.bytes[b] == tiles.bytes[sums] &&
                tiles.bytes[a] / 4 == tiles.rows[b],
            "shapes that do not go together");
    for (int row = 0; row < tiles.rows[sums]; row++)
        for (int column = 0; column < tiles.bytes[sums] / 4; column++) {
            float sum = 0.0f, even = 0.0f, odd = 0.0f;
            for (int pair = 0; pair < tiles.rows[b]; pair++) {
                even += bf16_at(a, row, 2 * pair) * bf16_at(b, pair, 2 * column);
                odd += bf16_at(a, row, 2 * pair + 1) * bf16_at(b, pair, 2 * column + 1);
            }
            memcpy(&sum, &tiles.data[sums][row][4 * column], sizeof sum);
            sum += even + odd;
            memcpy(&tiles.data[sums][row][4 * column], &sum, sizeof sum);
        }
}

static void release(void)
{
    tiles.configured = false;
}

#define _tile_loadconfig(memory)           load_configuration(memory)
#define _tile_zero(tile)                   zero(tile)
#define _tile_loadd(tile, memory, stride)  load(tile, memory, stride)
#define _tile_stored(tile, memory, stride) keep(tile, memory, stride)
#define _tile_dpbf16ps(sums, a, b)         multiply_tiles(sums, a, b)
#define _tile_release()                    release()
#define asl__cpu_kernels_amx               emulate_tiles
#define ASL_EMULATED_TILES
#include "backend/cpu/x86/kernels_amx.c"
