/* SPDX-License-Identifier: MIT */
/* AMX: tiles of 16 x 16 sums, 32 products to each, on registers alone. */
#include <immintrin.h>
#include <string.h>

#include "kernels/peak.h"

double peak_amx(float *factor, int64_t rounds)
{
    enum { TILES = 8, ROWS = 16, ROW_BYTES = 64, SUMS = 6 };
    uint8_t shapes[64] = {1};
    float first[ROWS * ROWS];
    for (int tile = 0; tile < TILES; tile++) {
        shapes[16 + 2 * tile] = ROW_BYTES;
        shapes[48 + tile] = ROWS;
    }
    _tile_loadconfig(shapes);
    for (int i = 0; i < ROWS * ROWS; i++)
        first[i] = *factor;
    _tile_loadd(6, first, ROW_BYTES);
    _tile_loadd(7, first, ROW_BYTES);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_zero(4);
    _tile_zero(5);
    for (int64_t round = 0; round < rounds; round++) {
        _tile_dpbf16ps(0, 6, 7);
        _tile_dpbf16ps(1, 6, 7);
        _tile_dpbf16ps(2, 6, 7);
        _tile_dpbf16ps(3, 6, 7);
        _tile_dpbf16ps(4, 6, 7);
        _tile_dpbf16ps(5, 6, 7);
    }
    _tile_stored(0, first, ROW_BYTES);
    _tile_release();
    *factor = first[0] > 0.0f ? *factor : 0.0f;
    return 2.0 * SUMS * ROWS * ROWS * 32 * (double)rounds;
}
