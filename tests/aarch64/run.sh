#!/usr/bin/env bash
# Builds libasl for 64-bit ARM with Debian's cross compiler and runs the tests of the library under
# qemu-user: the portable code on another processor. By hand; tests/run.sh does not call it.
#
#   tests/aarch64/run.sh [CTEST-ARGUMENTS...]
#
# Installs the compiler and qemu (Debian 12). The libraries that libasl needs are unpacked into
# build/tests-aarch64/sysroot, so that the system's own packages stay as they are. Ends with ctest's
# closing line, exit status 0 only when every test passed. Not run: the programs, which are not built.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
case ${1:-} in
  -h | --help) sed -n '2,10s/^# \{0,1\}//p' "tests/aarch64/run.sh"; exit 0 ;;
esac
folder=$PWD/build/tests-aarch64
sysroot=$folder/sysroot

tools=(cmake ninja-build ccache pkg-config python3 gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user)
missing=()
for package in "${tools[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' ||
    missing+=("$package")
done
if ((${#missing[@]})); then
  echo "installing: ${missing[*]}"
  root=()
  ((EUID == 0)) || root=(sudo)
  "${root[@]}" apt-get update -qq
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# unpack PACKAGES...: fetches arm64 packages, through package lists of its own, into the sysroot.
unpack() {
  local state=$folder/apt
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/packages" "$sysroot"
  : >"$state/status"
  local apt=(apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures::=arm64
    -o "Dir::State=$state" -o "Dir::State::status=$state/status" -o "Dir::Cache=$state/cache"
    -o "APT::Sandbox::User=$(id -un)")
  "${apt[@]}" update
  (cd "$state/packages" && "${apt[@]}" download "$@")
  for package in "$state"/packages/*.deb; do
    dpkg-deb -x "$package" "$sysroot"
  done
  # Links from / of the other system would lead into this one.
  find "$sysroot" -lname '/*' -print0 | while IFS= read -r -d '' link; do
    ln -sfr "$sysroot$(readlink "$link")" "$link"
  done
  rm -r "$state"
}

if [[ ! -e $sysroot/complete ]]; then
  unpack zlib1g zlib1g-dev libjansson4 libjansson-dev libjpeg62-turbo libjpeg62-turbo-dev \
    libstb-dev libcmocka0 libcmocka-dev
  touch "$sysroot/complete"
fi

jobs=$(nproc)
cmake -S . -B "$folder" -G Ninja --toolchain cmake/aarch64-linux-gnu.cmake \
  -DASL_SYSROOT="$sysroot" -DCMAKE_BUILD_TYPE=Release -DASL_BUILD_TESTS=ON -DASL_WERROR=ON \
  -DASL_BUILD_EXAMPLES=OFF -DCMAKE_C_COMPILER_LAUNCHER=ccache >"$folder.log" 2>&1 ||
  { cat "$folder.log"; exit 1; }
cmake --build "$folder" -j "$jobs"

# The kernels' vectors must have become NEON's, multiply and add fused.
kernels=$folder/lib/backend/CMakeFiles/asl_backend_objects.dir/cpu/kernels_c.c.o
fused=$(aarch64-linux-gnu-objdump -d "$kernels" | grep -c 'fmla.*\.4s' || true)
echo "NEON: $fused fused multiply-adds of four floats in the kernels"
((fused > 0))

# Left out is what starts our programs from a shell or from Python, where qemu would have to stand
# in between.
exec ctest --test-dir "$folder" -j "$jobs" --output-on-failure --no-tests=error \
  -E '^programs_|^model_convert_|^backend_.*_(c|avx.*|amx.*)$' "$@"
