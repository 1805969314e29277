#!/usr/bin/env bash
# Measures which lines and branches of the library its tests run, backends aside.
#
#   tests/coverage.sh [ctest arguments]    builds in build/coverage with gcc, runs the tests in C
#                                          there, and prints the table
#   tests/coverage.sh --report FOLDER      prints the table of what has run in that build folder
#
# By hand: it takes some minutes. Fails when a test does, or when a module has fewer than 90 % of
# its branches run.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ ${1:-} == --report ]]; then
  exec python3 -B tests/coverage.py "$2"
fi
folder=build/coverage
jobs=$(nproc)
mkdir -p build
cmake -S . -B "$folder" -G Ninja -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_C_FLAGS_RELEASE=-O1 -DASL_COVERAGE=ON -DASL_HARDEN=OFF -DASL_WITH_CUDA=OFF \
  -DASL_BUILD_TESTS=ON -DCMAKE_C_COMPILER_LAUNCHER=ccache >"$folder.log" 2>&1 || { cat "$folder.log"; exit 1; }
folders=(unit spell embed faults)
targets=("${folders[@]/#/tests/}")
cmake --build "$folder" -j "$jobs" --target "${targets[@]/%//all}"
find "$folder" -name '*.gcda' -delete
status=0
for part in "${folders[@]}"; do
  ctest --test-dir "$folder/tests/$part" -j "$jobs" --output-on-failure "$@" || status=$?
done
python3 -B tests/coverage.py "$folder" || status=$?
exit "$status"
