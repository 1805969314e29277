/* SPDX-License-Identifier: MIT */
/* What follows a convolution or a dense layer, there and back, in one pass. With pool 2 and bf16 an
 * output costs 8 bytes read, 2 + 2 written on the way there, and 6 read, 8 written on the way back:
 * for conv1 of the seed network at batch 32, 74 and 87 MB. */
#include <math.h>

#include "backend/cuda/kernels/rows.cuh"

namespace
{

using namespace kernels;

/* Windows of a map, those that stick out at the bottom and right included if `all`. */
struct windows {
    size_t height, width; /* of the map */
    size_t high, wide;    /* windows */
    size_t channels, rows, parts;
};

windows make_windows(const asl__epilogue *e, bool all, int n)
{
    const size_t pool = static_cast<size_t>(e->pool), more = all ? pool - 1 : 0;
    windows w;
    w.height = static_cast<size_t>(e->in.height);
    w.width = static_cast<size_t>(e->in.width);
    w.high = (w.height + more) / pool;
    w.wide = (w.width + more) / pool;
    w.channels = static_cast<size_t>(e->in.channels);
    w.rows = static_cast<size_t>(e->in.count) * w.high * w.wide;
    w.parts = parts_for(w.rows, w.channels / static_cast<size_t>(n));
    return w;
}

/* Window `row` of all: its picture, and its place among the picture's windows. */
struct place {
    size_t n, y, x;
};

__device__ place place_of(const windows &w, size_t row)
{
    const size_t line = row / w.wide;
    return {line / w.high, line % w.high, row % w.wide};
}

/* ---- There ---- */

template <int N> struct affine {
    float scale[N], shift[N];
    float least; /* 0 with a ReLU */
};

template <int N> __device__ affine<N> affine_of(const asl__epilogue &e, size_t channel)
{
    affine<N> a;
    a.least = e.relu ? 0.0f : -INFINITY;
    for (size_t i = 0; i < N; i++) {
        a.scale[i] = e.scale ? e.scale[channel + i] : 1.0f;
        a.shift[i] = e.shift ? e.shift[channel + i] : 0.0f;
    }
    return a;
}

/* The first largest value so far and where it was; a NaN counts as the largest. */
template <int N> struct largest {
    float value[N];
    uint16_t at[N];
};

template <int N> __device__ largest<N> nothing_yet()
{
    largest<N> best;
    for (size_t i = 0; i < N; i++) {
        best.value[i] = -INFINITY;
        best.at[i] = 0;
    }
    return best;
}

/* Without a jump. */
template <int N, class T>
__device__ void take(largest<N> *best, const pack<T, N> &values, const affine<N> &a, unsigned at)
{
    for (size_t i = 0; i < N; i++) {
        const float sum = to_float(values.values[i]) * a.scale[i] + a.shift[i];
        const float value = sum <= a.least ? a.least : sum;
        const bool more = (value > best->value[i]) | (value != value);
        best->value[i] = more ? value : best->value[i];
        best->at[i] = more ? static_cast<uint16_t>(at) : best->at[i];
    }
}

template <int N> __device__ void store_choice(uint16_t *choice, const uint16_t (&at)[N])
{
    pack<uint16_t, N> values;
    for (size_t i = 0; i < N; i++)
        values.values[i] = at[i];
    store_pack<N>(choice, values);
}

/* Of the window whose first place is `corner`; all its loads are under way at a time if its size is
 * known here. */
template <int POOL, int N, class T>
__device__ largest<N> look(const T *corner, const affine<N> &a, const windows &w, unsigned pool)
{
    constexpr unsigned together = POOL > 0 ? POOL * POOL : 1;
    largest<N> best = nothing_yet<N>();
    for (unsigned first = 0; first < pool * pool; first += together) {
        pack<T, N> values[together];
        ASL__UNROLL_ALL
        for (unsigned i = 0; i < together; i++) {
            const size_t ky = (first + i) / pool, kx = (first + i) % pool;
            values[i] = load_pack<N>(corner + (ky * w.width + kx) * w.channels);
        }
        ASL__UNROLL_ALL
        for (unsigned i = 0; i < together; i++)
            take(&best, values[i], a, first + i);
    }
    return best;
}

/* POOL: the window, or 0 for any. */
template <class T, int N, int POOL>
__global__ void epilogue(T *__restrict__ y, uint16_t *__restrict__ choice, const T *__restrict__ x,
                         asl__epilogue e, windows w)
{
    const unsigned pool = POOL > 0 ? POOL : static_cast<unsigned>(e.pool);
    const size_t lanes = w.channels / N;
    ASL__EACH (item, w.parts * lanes) {
        const size_t channel = item % lanes * N;
        const affine<N> a = affine_of<N>(e, channel);
        for (size_t row = item / lanes; row < w.rows; row += w.parts) {
            const place p = POOL == 1 ? place() : place_of(w, row);
            const size_t corner =
                POOL == 1 ? row : (p.n * w.height + p.y * pool) * w.width + p.x * pool;
            const largest<N> best = look<POOL>(x + corner * w.channels + channel, a, w, pool);
            store(y + row * w.channels + channel, best.value);
            if (choice)
                store_choice(choice + row * w.channels + channel, best.at);
        }
    }
}

/* ---- Back ---- */

template <class T, int N> struct gradient {
    pack<T, N> values;      /* by the outputs of a window, behind the ReLU's mask */
    pack<uint16_t, N> goes; /* to which of its places */
};

template <class T, int N> __device__ gradient<T, N> no_gradient()
{
    gradient<T, N> g;
    for (size_t i = 0; i < N; i++) {
        from_float(&g.values.values[i], 0.0f);
        g.goes.values[i] = 0;
    }
    return g;
}

template <int N, class T>
__device__ gradient<T, N> gradient_at(const T *dy, const T *y, const uint16_t *choice, bool relu,
                                      size_t at)
{
    gradient<T, N> g = no_gradient<T, N>();
    g.values = load_pack<N>(dy + at);
    if (choice)
        g.goes = load_pack<N>(choice + at);
    if (relu) {
        float outputs[N];
        load(outputs, y + at);
        for (size_t i = 0; i < N; i++)
            if (outputs[i] <= 0.0f)
                from_float(&g.values.values[i], 0.0f);
    }
    return g;
}

template <class T, int N> __device__ void put(T *to, const gradient<T, N> &g, size_t at)
{
    pack<T, N> values = g.values;
    for (size_t i = 0; i < N; i++)
        if (g.goes.values[i] != at)
            from_float(&values.values[i], 0.0f);
    store_pack<N>(to, values);
}

/* Also over the windows that stick out: what they hold of the map has no gradient. */
template <class T, int N, int POOL>
__global__ void epilogue_backward(T *__restrict__ dz, const T *__restrict__ dy,
                                  const T *__restrict__ y, const uint16_t *__restrict__ choice,
                                  asl__epilogue e, windows w)
{
    const size_t pool = static_cast<size_t>(POOL > 0 ? POOL : e.pool), lanes = w.channels / N;
    const size_t high = w.height / pool, wide = w.width / pool; /* of dy */
    ASL__EACH (item, w.parts * lanes) {
        const size_t channel = item % lanes * N;
        for (size_t row = item / lanes; row < w.rows; row += w.parts) {
            const place p = place_of(w, row);
            const size_t out = ((p.n * high + p.y) * wide + p.x) * w.channels + channel;
            const gradient<T, N> g = p.y < high && p.x < wide
                                         ? gradient_at<N>(dy, y, choice, e.relu != 0, out)
                                         : no_gradient<T, N>();
            for (size_t ky = 0; ky < pool && p.y * pool + ky < w.height; ky++)
                for (size_t kx = 0; kx < pool && p.x * pool + kx < w.width; kx++) {
                    const size_t line = p.n * w.height + p.y * pool + ky;
                    const size_t at = line * w.width + p.x * pool + kx;
                    put(dz + at * w.channels + channel, g, ky * pool + kx);
                }
        }
    }
}

/* call(form, window as a type) */
template <int POOL> struct fixed {
    static constexpr int pool = POOL;
};

template <class Call>
cudaError_t with_pool(asl__number number, const asl__epilogue *e, uintptr_t addresses,
                      const Call &call)
{
    return with_form(number, e->in.channels, addresses, [&](auto form) {
        return e->pool == 1   ? call(form, fixed<1>())
               : e->pool == 2 ? call(form, fixed<2>())
                              : call(form, fixed<0>());
    });
}

} /* namespace */

cudaError_t asl__cuda_epilogue(void *y, uint16_t *choice, const void *x, asl__number number,
                               const asl__epilogue *e, cudaStream_t stream)
{
    const uintptr_t addresses = address(y) | address(x) | address(choice);
    return with_pool(number, e, addresses, [&](auto form, auto pool) {
        typedef decltype(form) F;
        typedef typename F::T T;
        const windows w = make_windows(e, false, F::N);
        return ASL__START((epilogue<T, F::N, decltype(pool)::pool>), w.parts * (w.channels / F::N),
                          stream, static_cast<T *>(y), choice, static_cast<const T *>(x), *e, w);
    });
}

cudaError_t asl__cuda_epilogue_backward(void *dz, const void *dy, const void *y,
                                        const uint16_t *choice, asl__number number,
                                        const asl__epilogue *e, cudaStream_t stream)
{
    const uintptr_t addresses = address(dz) | address(dy) | address(y) | address(choice);
    return with_pool(number, e, addresses, [&](auto form, auto pool) {
        typedef decltype(form) F;
        typedef typename F::T T;
        const windows w = make_windows(e, true, F::N);
        return ASL__START((epilogue_backward<T, F::N, decltype(pool)::pool>),
                          w.parts * (w.channels / F::N), stream, static_cast<T *>(dz),
                          static_cast<const T *>(dy), static_cast<const T *>(y), choice, *e, w);
    });
}
