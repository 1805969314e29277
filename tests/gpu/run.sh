#!/usr/bin/env bash
# Checks and measures the cuda backend on a machine with a GPU: one command, nobody beside it, less
# than eight minutes.
#
#   tests/gpu/run.sh             builds, checks and measures; a table comes last
#   tests/gpu/run.sh bundle      gathers from this machine's Debian packages what a machine without
#                                them needs, into build/gpu-bundle; take that folder along
#   tests/gpu/run.sh rehearse    goes the same way with the cpu backend and little work, to see
#                                whether the script itself runs
#
# What cannot be done there is skipped and said. Results go to $OUT or build/gpu: results.json,
# table.txt, device.json (cuDNN's description of the GPU, for tests/cuda) and log.txt. Real pictures
# are found through ASL_TEST_DATA. Exit status: 0 when nothing failed, 77 without a GPU.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
began=$SECONDS
limit=450 # seconds for everything
mode=${1:-measure}
work=$PWD/build/gpu-work
bundle=$PWD/build/gpu-bundle
out=${OUT:-$PWD/build/gpu}

fail() {
  echo "tests/gpu/run.sh: $*" >&2
  exit 1
}

# ---- What a bare machine lacks: headers, libraries with all that they need, and pkg-config ----

packages=(libjansson-dev zlib1g-dev libstb-dev libjpeg62-turbo-dev libcairo2-dev libcmocka-dev)
libraries=(jansson z jpeg cairo cmocka)

# needed FILE...: the libraries that files load, but for those of the C library.
needed() {
  ldd "$@" | awk '$2 == "=>" && $3 ~ /^\// {print $3}' | sort -u |
    grep -Ev '/(libc|libm|libdl|librt|libpthread|libresolv|libgcc_s|libstdc\+\+)\.so' || true
}

# describe NAME FOLDER: a .pc file that asks for nothing else.
describe() {
  cat >"$bundle/lib/pkgconfig/$1.pc" <<PC
prefix=\${pcfiledir}/../..
Name: $1
Description: from Debian
Version: $(pkg-config --modversion "$1")
Cflags: -I\${prefix}/include/$2
Libs: -L\${prefix}/lib -l$1
PC
}

gather() {
  local package header library file
  for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' ||
      fail "the Debian package $package is needed for this: install it"
  done
  rm -rf "$bundle"
  mkdir -p "$bundle/include" "$bundle/lib/pkgconfig" "$bundle/bin"
  while IFS= read -r header; do
    file=${header#/usr/include/}
    install -D -m 644 "$header" "$bundle/include/${file#*-linux-gnu*/}"
  done < <(dpkg -L "${packages[@]}" | grep -E '^/usr/include/.*\.h$')
  for library in "${libraries[@]}"; do
    file=$(gcc -print-file-name="lib$library.so")
    cp -L "$file" "$bundle/lib/lib$library.so"
    cp -L "$file" "$bundle/lib/$(basename "$(readlink -f "$file")" | sed 's/\(\.so\.[0-9]*\).*/\1/')"
    needed "$file" | xargs -r cp -L -t "$bundle/lib"
  done
  cp -L "$(command -v pkg-config)" "$bundle/bin/pkg-config"
  needed "$bundle/bin/pkg-config" | xargs -r cp -L -t "$bundle/lib"
  describe jansson .
  describe cairo cairo
  if [[ -n ${ASL_TEST_DATA:-} ]]; then
    mkdir -p "$bundle/data/train"
    [[ ! -d $ASL_TEST_DATA/seed ]] || cp -r "$ASL_TEST_DATA/seed" "$bundle/data/"
    file=$ASL_TEST_DATA/train/asl_alphabet_64.tar
    [[ ! -e $file ]] || cp "$file" "$bundle/data/train/"
    chmod -R u+w "$bundle/data"
  fi
  du -sh "$bundle"
}

# ---- Building ----

has_gpu() {
  [[ -e /dev/nvidia0 || -e /dev/dxg ]] ||
    timeout 20 nvidia-smi -L 2>/dev/null | grep -q '^GPU'
}

# NVIDIA's libraries as Python packages bring them, for machines whose toolkit lacks them.
python_folders() {
  timeout 20 python3 - "$1" <<'PYTHON' 2>/dev/null || true
import pathlib, sys
try:
    import nvidia
except ImportError:
    sys.exit()
for root in map(pathlib.Path, nvidia.__path__):
    for folder in sorted(root.glob(f"*/{sys.argv[1]}")):
        print(folder)
PYTHON
}

join() {
  local IFS=$1
  shift
  echo "$*"
}

configure() {
  local arguments=(-S . -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DASL_BUILD_STATIC=OFF
    -DASL_WITH_MPI=OFF -DASL_WITH_FFMPEG=OFF -DASL_WITH_SPEECH=OFF)
  local cmocka=OFF roots=() capability folder found
  command -v ninja >/dev/null && arguments+=(-G Ninja)
  if [[ -d $bundle/include ]]; then
    roots+=("$bundle")
    command -v pkg-config >/dev/null || export PKG_CONFIG=$bundle/bin/pkg-config
    export PKG_CONFIG_PATH=$bundle/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
    export CMAKE_INCLUDE_PATH=$bundle/include/stb
  fi
  mapfile -t found < <(python_folders include)
  for folder in "${found[@]}"; do
    roots+=("${folder%/include}")
  done
  ((${#roots[@]} == 0)) || arguments+=("-DCMAKE_PREFIX_PATH=$(join ';' "${roots[@]}")")
  if [[ $mode == measure ]]; then
    # Only for this GPU, which takes a quarter of the time.
    capability=$(timeout 20 nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null |
      sed -n '1s/[. ]//gp' || true)
    [[ ! $capability =~ ^[0-9]+$ ]] || arguments+=("-DCMAKE_CUDA_ARCHITECTURES=$capability")
  else
    arguments+=(-DASL_WITH_CUDA=OFF)
  fi
  if [[ -e $bundle/include/cmocka.h ]] || echo '#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>' | cc -fsyntax-only -xc - 2>/dev/null; then
    cmocka=ON
  fi
  timeout 120 cmake "${arguments[@]}" -DASL_BUILD_TESTS=$cmocka
}

build() {
  local targets=(asl-info asl-synth asl-train asl-bench asl-classify) suite
  local have
  have=$(timeout 60 cmake --build "$work/build" --target help)
  if grep -qw asl_cuda <<<"$have"; then
    targets+=(asl_cuda)
  fi
  for suite in gradients golden agreement training plans dropout kept; do
    if grep -qw "test_backend_$suite" <<<"$have"; then
      targets+=("test_backend_$suite")
    fi
  done
  # The linker looks there for what the bundle's libraries need.
  LD_LIBRARY_PATH=$library_path timeout 240 \
    cmake --build "$work/build" -j "$(nproc)" --target "${targets[@]}"
  # Those that libasl is linked into look for the module beside themselves.
  if [[ -d $work/build/tests/bin && -e $work/build/lib/libasl_cuda.so ]]; then
    ln -sf ../../lib/libasl_cuda.so "$work/build/tests/bin/libasl_cuda.so"
  fi
}

# ---- The run ----

case $mode in
  measure | rehearse) ;;
  bundle) gather; exit 0 ;;
  -h | --help) sed -n '2,17s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
  *) echo "tests/gpu/run.sh: unknown mode '$mode'; use none, 'bundle' or 'rehearse'" >&2; exit 2 ;;
esac
if [[ $mode == measure ]] && ! has_gpu; then
  echo "tests/gpu/run.sh: skipped: this machine has no NVIDIA GPU (no /dev/nvidia0, none in nvidia-smi)"
  exit 77
fi
for tool in cmake cc c++ python3; do
  command -v "$tool" >/dev/null || fail "'$tool' is needed to build and to measure; there is none"
done
if [[ $mode == measure ]]; then
  [[ -d /usr/local/cuda/bin ]] && PATH=$PATH:/usr/local/cuda/bin
  command -v nvcc >/dev/null || fail "'nvcc' is needed to build the GPU module; there is none"
fi
if [[ -z ${ASL_TEST_DATA:-} ]]; then
  for folder in "$bundle/data" ../shared/data shared/data; do
    [[ -d $folder ]] && ASL_TEST_DATA=$(cd "$folder" && pwd) && break
  done
fi
export ASL_TEST_DATA=${ASL_TEST_DATA:-}

mkdir -p "$work" "$out"
mapfile -t found < <(python_folders lib)
library_path=$(join : "$bundle/lib" "${found[@]}")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

echo "building in $work/build"
if ! { configure && build; } >"$work/build.log" 2>&1; then
  cp "$work/build.log" "$out/log.txt"
  tail -30 "$work/build.log" >&2
  fail "the build failed; all of its output is in $out/log.txt"
fi
echo "built in $((SECONDS - began)) s"
if [[ $mode == measure && ! -e $work/build/lib/libasl_cuda.so ]]; then
  cp "$work/build.log" "$out/log.txt"
  fail "no GPU module was built: $(grep -o '.*no GPU module' "$work/build.log" || echo "see $out/log.txt")"
fi

mode_arguments=()
[[ $mode == measure ]] || mode_arguments=(--rehearse)
exec python3 -B tests/gpu/measure.py --build "$work/build" --work "$work/run" --out "$out" \
  --library-path "$library_path" --seconds $((limit - (SECONDS - began))) "${mode_arguments[@]}"
