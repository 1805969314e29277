/* SPDX-License-Identifier: MIT */
/* Maps as rows of channels, one row a place. A thread takes `N` neighbouring channels, the widest
 * load that fits them, and keeps to these in every row that it comes to, so that what belongs to a
 * channel is read once. Item i of parts x lanes is channels N * (i % lanes).. of the rows
 * i / lanes, i / lanes + parts, ...: neighbouring threads read neighbouring memory. */
#ifndef ASL_BACKEND_CUDA_KERNELS_ROWS_H
#define ASL_BACKEND_CUDA_KERNELS_ROWS_H

#include "backend/cuda/kernels/launch.cuh"
#include "backend/cuda/kernels/number.cuh"

namespace kernels
{

/* Number and how many of them at a time, as a type. */
template <class Number, int Width> struct form {
    typedef Number T;
    static constexpr int N = Width;
};

inline uintptr_t address(const void *memory)
{
    return reinterpret_cast<uintptr_t>(memory);
}

/* call(form) for the widest form that suits the channels; `addresses` are those of all that is
 * loaded in this form, with | between them. */
template <class Call>
cudaError_t with_form(asl__number number, int32_t channels, uintptr_t addresses, const Call &call)
{
    const bool aligned = addresses % 16 == 0;
    if (number == ASL__F32)
        return aligned && channels % 4 == 0 ? call(form<float, 4>()) : call(form<float, 1>());
    if (aligned && channels % 8 == 0)
        return call(form<bf16, 8>());
    return aligned && channels % 4 == 0 ? call(form<bf16, 4>()) : call(form<bf16, 1>());
}

/* Enough items to fill a large device; more would only read the channels' values more often. */
inline size_t parts_for(size_t rows, size_t lanes)
{
    const size_t items = 131072, parts = items / lanes;
    return parts < 1 ? 1 : parts < rows ? parts : rows;
}

__host__ __device__ inline size_t places_of(asl__map map)
{
    return static_cast<size_t>(map.count) * static_cast<size_t>(map.height) *
           static_cast<size_t>(map.width);
}

} /* namespace kernels */

#endif
