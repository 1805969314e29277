/* SPDX-License-Identifier: MIT */
/* Rounding to bfloat16, and C = A * B of such numbers. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/check.h"

static float widen(uint16_t number)
{
    const uint32_t bits = (uint32_t)number << 16;
    float value = 0.0f;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The nearest of the two bfloat16 around a value, found by their distances. */
static uint16_t nearest(float value)
{
    uint32_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    const uint16_t below = (uint16_t)(bits >> 16), above = (uint16_t)(below + 1);
    if (isnan(value) || isinf(value))
        return below;
    /* Past the largest number lies infinity, as far off as the next number would. */
    const double next =
        isinf(widen(above)) ? copysign(ldexp(1.0, 128), (double)value) : (double)widen(above);
    const double down = fabs((double)value - (double)widen(below));
    const double up = fabs(next - (double)value);
    return down < up || (down == up && below % 2 == 0) ? below : above;
}

static void check_rounding(const asl__cpu_kernels *k, int64_t count, int32_t kind)
{
    begin_case("%lld numbers, kind %d", (long long)count, kind);
    float *in = floats(count);
    uint16_t *out = poisoned(count, sizeof *out);
    for (int64_t i = 0; i < count; i++) {
        in[i] = draw(kind);
        if (chance()) { /* half way between two, or nearly */
            uint32_t bits = 0;
            memcpy(&bits, &in[i], sizeof bits);
            bits = (bits & 0xffff0000) + 0x8000 + (uint32_t)between(-1, 1);
            memcpy(&in[i], &bits, sizeof bits);
        }
    }
    seal(in);
    k->to_bf16(out, in, count);
    for (int64_t i = 0; i < count; i++) {
        const bool same = isnan(in[i]) ? isnan(widen(out[i])) : out[i] == nearest(in[i]);
        if (!same)
            fail_case("%a became %#x", (double)in[i], (unsigned)out[i]);
    }
    end_case();
}

void check_to_bf16(const asl__cpu_kernels *k)
{
    for (int32_t count = 1; count <= 70; count++)
        for (int32_t kind = 0; kind < KINDS; kind++)
            check_rounding(k, count, kind);
}

/* Processors take denormals for zero here, which is not worth imitating. */
static uint16_t draw_bf16(int32_t kind)
{
    const float value = draw(kind);
    return fabsf(value) < FLT_MIN ? 0 : nearest(value);
}

static const uint16_t *fill_a(const asl__gemm_bf16 *g, int32_t kind)
{
    const int32_t inner = asl__cpu_bf16_inner(g->terms);
    const int64_t size = (g->rows - 1) * g->row_stride + (g->outer - 1) * g->outer_stride + inner;
    uint16_t *a = poisoned(size, sizeof *a);
    /* Rows may overlap: first what must only be finite, then the terms. */
    for (int32_t part = 0; part < 2; part++)
        for (int32_t row = 0; row < g->rows; row++)
            for (int32_t o = 0; o < g->outer; o++)
                for (int32_t i = 0; i < (part == 0 ? inner : g->terms); i++)
                    a[row * g->row_stride + o * g->outer_stride + i] =
                        draw_bf16(part == 0 ? UNIT : kind);
    seal(a);
    return a;
}

/* Where term i of sum o lies in B, for a column. */
static int64_t b_at(const asl__gemm_bf16 *g, int32_t o, int32_t i, int32_t column)
{
    const int64_t pair = ((int64_t)o * asl__cpu_bf16_inner(g->terms) + i) / 2;
    return (pair * g->columns + column) * 2 + i % 2;
}

static const uint16_t *fill_b(const asl__gemm_bf16 *g, int32_t kind)
{
    const int32_t inner = asl__cpu_bf16_inner(g->terms);
    uint16_t *b = poisoned((int64_t)g->outer * inner * g->columns, sizeof *b);
    for (int32_t o = 0; o < g->outer; o++)
        for (int32_t i = 0; i < inner; i++)
            for (int32_t column = 0; column < g->columns; column++)
                b[b_at(g, o, i, column)] = i < g->terms ? draw_bf16(kind) : 0;
    seal(b);
    return b;
}

static void check_product(const asl__cpu_kernels *k, asl__gemm_bf16 g, int32_t kind)
{
    begin_case("%d x %d of %d * %d terms, kind %d", g.rows, g.columns, g.outer, g.terms, kind);
    /* Infinities past a row would not be finite: rows overlap only where the kind has none. */
    const int32_t inner = asl__cpu_bf16_inner(g.terms);
    g.row_stride = kind == SPECIAL || chance() ? inner + between(0, 3) : between(1, g.terms);
    g.outer_stride = g.rows * g.row_stride + inner;
    g.c_stride = g.columns + (chance() ? 0 : between(1, 20));
    g.a = fill_a(&g, kind);
    g.b = fill_b(&g, kind);
    const int64_t size = (g.rows - 1) * g.c_stride + g.columns;
    wanted *want = expect(size);
    g.c = floats(size);
    for (int32_t row = 0; row < g.rows; row++)
        for (int32_t column = 0; column < g.columns; column++) {
            wanted *sum = &want[row * g.c_stride + column];
            *sum = (wanted){0.0, 0.0};
            for (int32_t o = 0; o < g.outer; o++)
                for (int32_t i = 0; i < g.terms; i++) {
                    const uint16_t a = g.a[row * g.row_stride + o * g.outer_stride + i];
                    add_term(
                        sum, 1.0,
                        exactly((double)widen(a) * (double)widen(g.b[b_at(&g, o, i, column)])));
                }
        }
    k->gemm_bf16(&g);
    /* Products are exact; each is added once, after a sum of two where the processor makes pairs.
     */
    compare("c", g.c, want, size, 2.0 * g.outer * g.terms);
    end_case();
}

void check_gemm_bf16(const asl__cpu_kernels *k)
{
    int32_t kind = 0;
    for (int32_t rows = 1; rows <= 70; rows++)
        for (int32_t wide = 0; wide < 2; wide++)
            for (int32_t more = 0; more < 2; more++) {
                const asl__gemm_bf16 g = {.rows = rows,
                                          .columns = wide ? k->gemm_columns : ASL__CPU_BLOCK,
                                          .outer = chance() ? 1 : between(2, 5),
                                          .terms = more ? between(33, 100) : between(1, 32)};
                check_product(k, g, kind++ % KINDS);
            }
}
