#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the library once more, alone and with debug information, for the tools that read the ABI
# from it: debug_library.sh FOLDER [CMAKE-ARGUMENTS...]; the library is then FOLDER/lib/libasl.so.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=${1:?usage: debug_library.sh FOLDER [CMAKE-ARGUMENTS...]}
shift
mkdir -p "$folder"
{
  cmake -S "$root" -B "$folder" -DASL_BUILD_EXAMPLES=OFF -DASL_BUILD_TESTS=OFF -DASL_WITH_CUDA=OFF \
    -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG="-g -O1 -ffile-prefix-map=$root/=" "$@" &&
    cmake --build "$folder" --target asl -j "$(nproc)"
} >"$folder/build.log" 2>&1 || { cat "$folder/build.log"; exit 1; }
