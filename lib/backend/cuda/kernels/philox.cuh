/* SPDX-License-Identifier: MIT */
/* base/random.h on the device: Philox4x32-10, the same bits. */
#ifndef ASL_BACKEND_CUDA_KERNELS_PHILOX_H
#define ASL_BACKEND_CUDA_KERNELS_PHILOX_H

#include <cuda_runtime_api.h>
#include <stdint.h>

namespace kernels
{

/* asl__random_u64() */
__host__ __device__ inline uint64_t random_u64(uint64_t seed, uint64_t stream, uint64_t index)
{
    uint32_t c0 = static_cast<uint32_t>(index), c1 = static_cast<uint32_t>(index >> 32);
    uint32_t c2 = static_cast<uint32_t>(stream), c3 = static_cast<uint32_t>(stream >> 32);
    uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = static_cast<uint64_t>(0xD2511F53u) * c0;
        const uint64_t p1 = static_cast<uint64_t>(0xCD9E8D57u) * c2;
        c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
        c1 = static_cast<uint32_t>(p1);
        c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
        c3 = static_cast<uint32_t>(p0);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return static_cast<uint64_t>(c1) << 32 | c0;
}

} /* namespace kernels */

#endif
