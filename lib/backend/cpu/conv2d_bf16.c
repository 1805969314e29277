/* SPDX-License-Identifier: MIT */
/* Convolution in bfloat16: maps stay float between operations, and become bfloat16 row by row just
 * before they are multiplied. */
#include <string.h>

#include "backend/cpu/conv2d.h"

/* The product reads up to ASL__CPU_BF16_TERMS numbers past a row, and multiplies them by zero:
 * what is there must be finite, so zeros follow the last row that was made. */
static void make_row(asl__bf16_rows *r)
{
    const size_t side = (size_t)r->border * (size_t)r->channels;
    const size_t row = (size_t)r->width * (size_t)r->channels, wide = row + 2 * side;
    const int32_t y = r->next++ - r->border;
    uint16_t *out = r->out + (size_t)(y + r->border) * wide;
    if (y < 0 || y >= r->height) {
        memset(out, 0, wide * sizeof *out);
    } else {
        memset(out, 0, side * sizeof *out);
        r->kernels->to_bf16(out + side, r->in + (size_t)y * row, (int64_t)row);
        memset(out + side + row, 0, side * sizeof *out);
    }
    memset(out + wide, 0, ASL__CPU_BF16_TERMS * sizeof *out);
}

void asl__bf16_conv2d_row(asl__bf16_conv2d *c, float *out, int32_t y)
{
    asl__bf16_rows *r = &c->rows;
    const asl__cpu_kernels *kernels = r->kernels;
    const int32_t first = y * c->stride, terms = c->kernel * r->channels;
    const ptrdiff_t wide = (ptrdiff_t)(r->width + 2 * r->border) * r->channels;
    const uint16_t *weights = c->weights;
    if (r->next < first)
        r->next = first;
    while (r->next < first + c->kernel)
        make_row(r);
    for (int32_t channel = 0; channel < c->out_channels; channel += kernels->gemm_columns) {
        const int32_t left = c->out_channels - channel;
        const asl__gemm_bf16 g = {.c = out + channel,
                                  .c_stride = c->out_channels,
                                  .a = r->out + first * wide,
                                  .row_stride = (ptrdiff_t)c->stride * r->channels,
                                  .outer_stride = wide,
                                  .b = weights,
                                  .outer = c->kernel,
                                  .terms = terms,
                                  .rows = c->count,
                                  .columns =
                                      left < kernels->gemm_columns ? left : kernels->gemm_columns};
        kernels->gemm_bf16(&g);
        weights += (ptrdiff_t)c->kernel * asl__cpu_bf16_inner(terms) * g.columns;
    }
}
