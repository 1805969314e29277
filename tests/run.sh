#!/usr/bin/env bash
# Builds libasl and runs its tests.
#
#   tests/run.sh          everything: a Release build with gcc, an ASan + UBSan build with clang,
#                         and the tests of what threads share under TSan
#   tests/run.sh quick    the tests labelled quick, Release build only
#   tests/run.sh full     everything, and what counts runs in its large size: two hours of a camera,
#                         and those of the fuzzers
#
# ASL_FUZZ_SECONDS: how long each fuzzer runs (default 60; full 3600).
#
# Installs what the tests need (Debian 12), builds under build/tests-*, and ends with ctest's
# closing line. Exit status 0 only when every test passed. Real pictures are found through
# ASL_TEST_DATA (default: ../shared/data); tests that need them say so when they skip.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
mode=${1:-all}
case $mode in
  all | quick) full=OFF ;;
  full) full=ON && export ASL_TEST_FULL=1 ;;
  -h | --help) sed -n '2,14s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
  *) echo "tests/run.sh: unknown mode '$mode'; use 'all', 'quick' or 'full'" >&2; exit 2 ;;
esac

packages=(build-essential cmake ninja-build ccache pkg-config clang libclang-rt-14-dev llvm-14
  libstb-dev libjpeg62-turbo-dev zlib1g-dev libjansson-dev libcairo2-dev fonts-dejavu-core
  libcmocka-dev libopenmpi-dev openmpi-bin python3 strace unzip
  libv4l-dev libsdl2-dev libavformat-dev libavcodec-dev libswscale-dev ffmpeg libspeechd-dev
  xvfb xdotool weston imagemagick libfuse3-dev fuse3
  abigail-tools bash-completion doxygen lintian man-db mypy python3-numpy python3-pip
  python3-pytest python3-setuptools python3-venv python3-wheel)
missing=()
for package in "${packages[@]}"; do
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

if [[ -z ${ASL_TEST_DATA:-} && -d ../shared/data ]]; then
  ASL_TEST_DATA=$(cd ../shared/data && pwd)
fi
export ASL_TEST_DATA=${ASL_TEST_DATA:-}
jobs=$(nproc)
tests=$((jobs + 1)) # at once: many of them wait for a clock, a window or a disk

# build FOLDER TARGETS CMAKE-ARGUMENTS...
build() {
  local folder=$1 targets=$2
  shift 2
  cmake -S . -B "$folder" -G Ninja -DASL_BUILD_TESTS=ON -DASL_WERROR=ON -DASL_TEST_FULL="$full" \
    -DCMAKE_C_COMPILER_LAUNCHER=ccache "$@" >"$folder.log" 2>&1 || { cat "$folder.log"; return 1; }
  # shellcheck disable=SC2086 # several targets
  cmake --build "$folder" -j "$jobs" --target $targets
}

mkdir -p build
build build/tests-release all -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Release

if [[ $mode == quick ]]; then
  exec ctest --test-dir build/tests-release -L quick -j "$tests" --output-on-failure --no-tests=error
fi

# Two hours of a camera leave the processors idle: in full size they pass beside all the rest.
soak=
if [[ $full == ON ]]; then
  ctest --test-dir build/tests-release/tests/camera -R '^camera_soak$' --output-on-failure \
    --no-tests=error &
  soak=$!
  trap 'kill "$soak" 2>/dev/null || :' EXIT
fi

status=0
ctest --test-dir build/tests-release -j "$tests" --output-on-failure --no-tests=error \
  ${soak:+-E '^camera_soak$'} || status=$?

# clang here, so that both compilers stay free of warnings.
build build/tests-sanitize all -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DASL_SANITIZE=address,undefined
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1
# What only counts letters in real pictures is the Release build's alone: it takes minutes here.
ctest --test-dir build/tests-sanitize -j "$tests" --output-on-failure --no-tests=error \
  -LE '^data$' -E '^accuracy$' || status=$?

[[ $full == OFF ]] || ASL_FUZZ_SECONDS=${ASL_FUZZ_SECONDS:-3600}
tests/fuzz/run.sh "${ASL_FUZZ_SECONDS:-60}" || status=$?

# What threads share: the pool, the loader, the plans and those who run them.
shared=(base_threads base_alloc dataset_loader backend_agreement backend_plans trainer train_kept
  ranks inferer live_session embed faults_concurrency)
build build/tests-thread "test_has_isa ${shared[*]/#/test_}" -DCMAKE_C_COMPILER=clang \
  -DCMAKE_BUILD_TYPE=RelWithDebInfo -DASL_SANITIZE=thread
ctest --test-dir build/tests-thread -j "$tests" --output-on-failure --no-tests=error \
  -R "^($(IFS='|'; echo "${shared[*]}"))" || status=$?
[[ -z $soak ]] || wait "$soak" || status=$?
exit "$status"
