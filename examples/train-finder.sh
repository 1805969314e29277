#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Makes the built-in hand finder, lib/model/builtin/hands.safetensors, anew and with the same bits:
#
#   examples/train-finder.sh SOURCES_DIR [WORK]
#
# SOURCES_DIR holds train/NAME.tar, and the boxes around hands in train/davidlee_boxes.csv and
# train/lolzorus_boxes.csv. A first finder learns from drawn hands and these two; it then puts boxes
# around the hands of four more sources, from which, with all the others, the second one learns.
# WORK (default build/finder) holds what comes up on the way; finished steps are not done again.
set -euo pipefail

BOXED=(davidlee lolzorus)
UNBOXED=(signer_b_160 seeeeeeel longhongvo hackmit_color)
EVERY=(16 3 4 4) # Of how many pictures of each of these one is used.
# Numbers of signer_b_160's pictures of nothing that show neither hand nor foot.
ROOMS="0-3 16 37 49-50 52-53 81 85 94-95 128-129 140-141 143 171 175 177 185 221-222 233 266 268 270 278
  312 315 320 351 362-366 412-414 448-1343 2064-2128 2144-2164 2184-2192 2280-2282 2302-2306 2338-2362
  2384-2394 2479-2495 2501-2503"
FRAMES=(--size 96 --signers 2000)
RECIPE=(--preset finder --optimizer adamw --schedule one-cycle --lr 4e-3 --weight-decay 0.02
  --batch 64 --average 0.999 --val 0.03 --seed 1)
# Bits depend on the instruction set and the numbers, so both are named.
ENGINE=(--backend cpu --isa avx512 --precision fp32)
SURE=0.9 # Least score of a box to learn from.

usage() { sed -n '3,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

say() { printf '\n== %s\n' "$*"; }

fail() {
  printf 'train-finder: %s\n' "$1" >&2
  exit "${2:-1}"
}

# step NAME COMMAND...: does it once.
step() {
  local name=$1
  shift
  [ -e "$work/$name.done" ] && return
  say "$name"
  "$@"
  touch "$work/$name.done"
}

unpack() {
  local name
  for name in "${BOXED[@]}" "${UNBOXED[@]}"; do
    [ -f "$sources/$name.tar" ] || fail "'$sources/$name.tar' is missing" 3
    tar -xf "$sources/$name.tar" -C "$work/data"
  done
}

# Tables as asl-frames reads them: paths relative to WORK/data.
boxes() {
  local head=image_path,cx,cy,w,h
  {
    echo $head # davidlee/A/A0000.jpg is called A/000.jpg in its table
    awk -F, 'NR > 1 { split($1, p, "/")
      printf "davidlee/%s/%s%04d.jpg,%s,%s,%s,%s\n", p[1], p[1], p[2], $4, $5, $6, $7 }' \
      "$sources/davidlee_boxes.csv"
    awk -F, 'NR > 1 { printf "lolzorus/%s,%s,%s,%s,%s\n", $1, $2, $3, $4, $5 }' \
      "$sources/lolzorus_boxes.csv"
  } >"$work/data/boxes.csv"
  {
    echo $head
    for range in $ROOMS; do
      for number in $(seq -f %04g "${range%-*}" "${range#*-}"); do
        local file=signer_b_160/nothing/nothing$number.jpg
        [ ! -e "$work/data/$file" ] || echo "$file,,,,"
      done
    done
  } >"$work/data/rooms.csv"
}

# frames NAME OPTION...
frames() {
  "$bin/asl-frames" "$work/$1" "${FRAMES[@]}" "${@:2}" --photos "$work/data/boxes.csv" \
    --photos "$work/data/rooms.csv" --force
}

# train NAME FRAMES OPTION...
train() {
  "$bin/asl-train" "$work/$2" -o "$work/$1" "${RECIPE[@]}" "${ENGINE[@]}" \
    --augment "$work/texture.json" --force "${@:3}"
}

# Boxes of the first finder, in parts of the picture and cut at its edges, where it is sure.
label() {
  local i name
  for i in "${!UNBOXED[@]}"; do
    name=${UNBOXED[i]}
    find "$work/data/$name" -name '*.jpg' ! -path '*/nothing/*' | LC_ALL=C sort |
      awk -v every="${EVERY[i]}" 'NR % every == 1' |
      xargs "$bin/asl-classify" --json --find --finder "$work/run1/model.safetensors" |
      sed -n 's/.*"path": "\([^"]*\)".*"width": \([0-9]*\), "height": \([0-9]*\), "hand": {"found": true, "score": \([0-9.e-]*\), "x": \([0-9.e-]*\), "y": \([0-9.e-]*\), "side": \([0-9.e-]*\),.*/\1 \2 \3 \4 \5 \6 \7/p' |
      awk -v sure=$SURE '
        function max(a, b) { return a > b ? a : b }
        function min(a, b) { return a < b ? a : b }
        BEGIN { print "image_path,cx,cy,w,h" }
        $4 >= sure { l = max($5 - $7 / 2, 0) / $2; r = min($5 + $7 / 2, $2) / $2
          t = max($6 - $7 / 2, 0) / $3; b = min($6 + $7 / 2, $3) / $3
          printf "%s,%.4f,%.4f,%.4f,%.4f\n", $1, (l + r) / 2, (t + b) / 2, r - l, b - t }' \
        >"$work/data/$name.csv"
  done
}

more_frames() {
  local name tables=()
  for name in "${UNBOXED[@]}"; do
    tables+=(--photos "$work/data/$name.csv")
  done
  frames frames2 --count 60000 --photo-share 0.6 --seed 2001 "${tables[@]}"
}

# Everything that changes a picture but not the place of the hand.
texture() {
  cat >"$work/texture.json" <<'EOF'
{"base": "strong", "rotation": 0, "rotation_limit": 0, "scale": [1, 1], "shift": 0, "shear": 0,
 "aspect": 1, "perspective": 0, "mirror": 0, "border_reflect": 0, "border_fill": 0}
EOF
}

build() {
  cmake -S "$root" -B "$root/build" -DCMAKE_BUILD_TYPE=Release -DASL_BUILD_EXAMPLES=ON >/dev/null
  cmake --build "$root/build" --target asl-frames asl-train asl-classify asl-info
}

main() {
  case "${1-}" in
  -h | --help)
    usage
    exit 0
    ;;
  -*) fail "unknown option '$1'; see --help" 2 ;;
  esac
  [ $# -eq 1 ] || [ $# -eq 2 ] || fail "give the folder of the sources; see --help" 2
  [ -d "$1" ] || fail "there is no folder '$1'" 3
  sources=$(realpath -- "$1")
  [ ! -d "$sources/train" ] || sources=$sources/train
  root=$(dirname -- "$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")")
  builtin=$root/lib/model/builtin bin=$root/build/bin
  work=$(realpath -m -- "${2:-$root/build/finder}")
  mkdir -p "$work/data"

  say "build"
  build
  texture
  step "unpack" unpack
  step "boxes" boxes
  step "first frames" frames frames1 --count 30000 --seed 2000
  step "first finder" train run1 frames1 --epochs 4
  step "boxes of the first finder" label
  step "second frames" more_frames
  step "second finder" train run2 frames2 --epochs 6
  "$bin/asl-info" -m "$work/run2/model.safetensors" --save "$work/hands.safetensors" --weights i8 \
    --force
  if cmp -s "$work/hands.safetensors" "$builtin/hands.safetensors"; then
    say "done: the same bits as the finder in the tree"
  else
    cp "$work/hands.safetensors" "$builtin/"
    say "done: another finder than the one in the tree, which it has replaced"
  fi
}

main "$@"
