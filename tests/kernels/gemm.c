/* SPDX-License-Identifier: MIT */
/* C (+)= A * B. */
#include "kernels/check.h"

static int32_t terms_of(const asl__gemm *g)
{
    return (g->more + 1) * g->outer * g->inner;
}

/* Where in A element k of a row lies, and in B row k; k counts through all pairs of them. */
static int64_t a_at(const asl__gemm *g, int32_t row, int32_t k)
{
    const int32_t pair = k / (g->outer * g->inner), i = k % (g->outer * g->inner);
    return pair * g->a_next + row * g->row_stride + i / g->inner * g->outer_stride +
           i % g->inner * g->inner_stride;
}

static int64_t b_at(const asl__gemm *g, int32_t k)
{
    const int32_t pair = k / (g->outer * g->inner), i = k % (g->outer * g->inner);
    return pair * g->b_next + i * g->b_stride;
}

/* A as a matrix, as its transpose, or as windows of a picture that overlap. */
static void lay_out(asl__gemm *g)
{
    switch (between(0, 2)) {
    case 0:
        g->inner_stride = 1;
        g->outer_stride = g->inner + between(0, 3);
        g->row_stride = g->outer * g->outer_stride + between(0, 3);
        break;
    case 1:
        g->row_stride = 1;
        g->inner_stride = g->rows + between(0, 3);
        g->outer_stride = g->inner * g->inner_stride + between(0, 3);
        break;
    default:
        g->inner_stride = 1;
        g->row_stride = between(1, g->inner);
        g->outer_stride = g->rows * g->row_stride + g->inner;
    }
    g->b_stride = g->columns + (chance() ? 0 : between(1, 20));
    g->c_stride = g->columns + (chance() ? 0 : between(1, 20));
    g->a_next = a_at(g, g->rows - 1, g->outer * g->inner - 1) + between(1, 3);
    g->b_next = g->outer * g->inner * g->b_stride + between(0, 3);
}

/* What is not read stays poisoned. */
static void fill_operands(asl__gemm *g, int32_t kind)
{
    const int32_t sum = terms_of(g);
    float *a = floats(a_at(g, g->rows - 1, sum - 1) + 1);
    float *b = floats(b_at(g, sum - 1) + g->columns);
    for (int32_t row = 0; row < g->rows; row++)
        for (int32_t k = 0; k < sum; k++)
            a[a_at(g, row, k)] = draw(kind);
    for (int32_t k = 0; k < sum; k++)
        for (int32_t column = 0; column < g->columns; column++)
            b[b_at(g, k) + column] = draw(kind);
    seal(a);
    seal(b);
    g->a = a;
    g->b = b;
}

static void check_product(const asl__cpu_kernels *k, asl__gemm g, int32_t kind)
{
    const int32_t sum = terms_of(&g);
    begin_case("%d x %d of %d * %d * %d terms, accumulate %d, kind %d", g.rows, g.columns,
               g.more + 1, g.outer, g.inner, g.accumulate, kind);
    lay_out(&g);
    fill_operands(&g, kind);
    const int64_t size = (g.rows - 1) * g.c_stride + g.columns;
    wanted *want = expect(size);
    g.c = floats(size);
    for (int32_t row = 0; row < g.rows; row++)
        for (int32_t column = 0; column < g.columns; column++) {
            const int64_t at = row * g.c_stride + column;
            want[at] = (wanted){0.0, 0.0};
            if (g.accumulate) {
                g.c[at] = draw(kind);
                want[at] = exactly((double)g.c[at]);
            }
            for (int32_t i = 0; i < sum; i++)
                add_term(
                    &want[at], 1.0,
                    exactly((double)g.a[a_at(&g, row, i)] * (double)g.b[b_at(&g, i) + column]));
        }
    k->gemm(&g);
    /* Each product and each addition may round. */
    compare("c", g.c, want, size, sum + 1);
    end_case();
}

void check_gemm(const asl__cpu_kernels *k)
{
    int32_t kind = 0;
    for (int32_t rows = 1; rows <= 70; rows++)
        for (int32_t wide = 0; wide < 2; wide++)
            for (int32_t accumulate = 0; accumulate < 2; accumulate++) {
                const asl__gemm g = {.rows = rows,
                                     .columns = wide ? k->gemm_columns : ASL__CPU_BLOCK,
                                     .more = chance() ? 0 : between(1, 4),
                                     .outer = chance() ? 1 : between(2, 5),
                                     .inner = chance() ? between(1, 8) : between(9, 70),
                                     .accumulate = accumulate};
                check_product(k, g, kind++ % KINDS);
            }
}
