#!/usr/bin/env bash
# Fuzzes everything that reads what others wrote.
#
#   tests/fuzz/run.sh [SECONDS [TARGET...]]   each target, or these, for so long (default 60)
#
# Builds under build/fuzz with clang, ASan and UBSan, and runs one target more at a time than there
# are processors, from the committed corpus and from what earlier runs found (build/fuzz/grown). An
# input may take 256 MB and a second of processor time. Findings are left in build/fuzz/findings;
# exit status 1 when there is one. One that is mended goes into tests/fuzz/corpus/TARGET.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "tests/fuzz/run.sh: '$seconds' is no time" >&2; exit 2; }
targets=("${@:2}")
((${#targets[@]})) ||
  targets=(picture picture_stb exif augment csv pack model layers checkpoint words speller convert)

build=$root/build/fuzz
programs=(fuzz_support)
for target in "${targets[@]}"; do
  [[ $target == convert ]] || programs+=("fuzz_$target")
done
mkdir -p "$build"
cmake -S . -B "$build" -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DCMAKE_C_COMPILER_LAUNCHER=ccache -DASL_BUILD_TESTS=ON -DASL_BUILD_EXAMPLES=OFF \
  -DASL_BUILTIN_MODEL=OFF -DASL_WERROR=ON -DASL_FUZZ=ON -DASL_SANITIZE=address,undefined \
  >"$build/configure.log" 2>&1 || { cat "$build/configure.log"; exit 1; }
cmake --build "$build" -j "$(nproc)" --target "${programs[@]}"

findings=$build/findings
room=/dev/shm
[[ -w $room ]] || room=${TMPDIR:-/tmp}
scratch=$(mktemp -d "$room/fuzz.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$findings"
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:allocator_may_return_null=1
ASAN_OPTIONS+=:quarantine_size_mb=8:malloc_context_size=12
export UBSAN_OPTIONS=print_stacktrace=1

# fuzz TARGET: its report goes to $build/TARGET.log.
fuzz() {
  local target=$1 corpus=${1%_stb} words length=4096
  if [[ $target == convert ]]; then
    PYTHONPATH=$root/bindings/python exec python3 -B "$root/tests/fuzz/convert.py" \
      --seconds "$seconds" --findings "$findings"
  fi
  words=$root/tests/fuzz/dictionaries/$corpus.dict
  case $target in
    exif | layers) length=300 ;;
    augment | speller | words) length=1024 ;;
    checkpoint) length=8192 words=${words/checkpoint/model} ;;
  esac
  local options=(-max_total_time="$seconds" -max_len="$length" -rss_limit_mb=256
    -malloc_limit_mb=64 -timeout=20 -reload=0 -print_final_stats=1
    -artifact_prefix="$findings/$target-")
  [[ ! -e $words ]] || options+=(-dict="$words")
  mkdir -p "$build/grown/$target" "$scratch/$target"
  cd "$scratch/$target"
  exec "$build/tests/bin/fuzz_$target" "${options[@]}" "$build/grown/$target" \
    "$root/tests/fuzz/corpus/$corpus"
}

run() {
  local code=0
  (fuzz "$1") >"$build/$1.log" 2>&1 || code=$?
  echo "$code" >"$build/$1.code"
}

for target in "${targets[@]}"; do
  while (($(jobs -rp | wc -l) > $(nproc))); do wait -n; done
  run "$target" &
done
wait

total=0 found=0
for target in "${targets[@]}"; do
  log=$build/$target.log
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  runs=${runs:-0}
  total=$((total + runs))
  if [[ $(<"$build/$target.code") == 0 ]] && ((runs > 0)); then
    echo "$target: $runs executions, $((runs / seconds)) a second"
  else
    echo "$target: a finding after $runs executions; see $log"
    tail -n 60 "$log"
    found=$((found + 1))
  fi
done
echo "count: $total executions over ${#targets[@]} targets, $found findings"
((found == 0))
