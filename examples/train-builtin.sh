#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Makes the built-in model, lib/model/builtin/letters.safetensors, anew and with the same bits:
#
#   examples/train-builtin.sh SOURCES_DIR [WORK]
#
# SOURCES_DIR holds the real pictures as archives, train/NAME.tar and dev/NAME.tar. Those that
# lib/model/builtin/sources.tsv says to learn from are learned from, together with rendered hands;
# those it says to choose by decide between epochs and calibrate. WORK (default build/builtin) holds
# what comes up on the way; a run that was interrupted goes on from there. Hours, machine and
# command go into lib/model/builtin/run.json.
set -euo pipefail

# Another signer in every picture. Seeds below 1000 are left to tests and to the quickstart, so that
# what those render shows people whom the model has never seen.
HANDS=(--per-class 1800 --size 128 --signers 0 --seed 1000)
HANDS_WEIGHT=1.5
# Where hands are small, they are learned from a second time, cut out by the hand finder.
FOUND=(--find --per-class 0 --size 160)
FOUND_HANDS_WEIGHT=3
# Bits depend on the instruction set and the numbers, so both are named: where they cannot be had
# the training refuses.
ENGINE=(--backend cpu --isa avx512 --precision bf16)
RECIPE=(--epoch-pictures 30000 --batch 32 --optimizer adamw --schedule one-cycle
  --weight-decay 0.02 --label-smoothing 0.1 --average 0.999 --seed 1)
VARY='"base": "strong", "rotation": 18, "rotation_limit": 45, "aspect": 1.35, '
VARY+='"brightness": [0.55, 1.6], "negative": 0.05'
FIRST=(--preset robust --size 96 --epochs 66 --lr 1e-3 --start-size 64 --start-share 0.6)
FIRST_VARY="{$VARY, \"ramp\": 12}"
# Most people in the pictures are before a wall, most who will be read are not. With other things
# behind them a network that can read learns on; one that cannot learns more slowly.
SECOND=(--epochs 26 --lr 7e-4)
SECOND_VARY="{$VARY, \"background\": 0.4}"
READ=(--mirror both --looks 3 --crops 2) # How the model is to read, and what it is calibrated for.

usage() { sed -n '3,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

say() { printf '\n== %s\n' "$*"; }

fail() {
  printf 'train-builtin: %s\n' "$1" >&2
  exit "${2:-1}"
}

# ---- Sources ----

# The rows of sources.tsv of one use: name, folder, weight, weight of the hands cut out, checksum.
sources_for() {
  awk -F '\t' -v use="$1" 'NR > 1 && $3 == use { print $1, $2, $4, $5, $12 }' \
    "$builtin/sources.tsv"
}

# All of them are looked at before the first is unpacked, and every one that is wrong is named.
check_sources() {
  local name folder weight hand_weight sum file wrong=0
  while read -r name folder weight hand_weight sum; do
    file=$sources/$folder/$name.tar
    if [ ! -f "$file" ]; then
      echo "train-builtin: $folder/$name.tar is missing" >&2
      wrong=1
    elif [ "$(sha256sum <"$file" | cut -d ' ' -f 1)" != "$sum" ]; then
      echo "train-builtin: $folder/$name.tar is damaged, or another than sources.tsv means" >&2
      wrong=1
    fi
  done < <(sources_for learn && sources_for choose)
  [ "$wrong" -eq 0 ] || fail "the sources in '$sources' are not complete" 3
}

unpack_sources() {
  local name folder weight hand_weight sum
  while read -r name folder weight hand_weight sum; do
    [ -e "$work/data/$name.done" ] && continue
    echo "unpacking $name"
    rm -rf "$work/data/${name:?}"
    tar -xf "$sources/$folder/$name.tar" -C "$work/data"
    touch "$work/data/$name.done"
  done < <(sources_for learn && sources_for choose)
}

render_hands() {
  [ -e "$work/data/rendered.done" ] && return
  "$bin/asl-synth" "$work/data/rendered" "${HANDS[@]}" --force
  touch "$work/data/rendered.done"
}

# What is cut out is called NAME_hands.
cut_out_hands() {
  local name
  for name in rendered $(sources_for learn | awk '$4 > 0 { print $1 }'); do
    [ -e "$work/data/${name}_hands.done" ] && continue
    "$bin/asl-prepare" "$work/data/$name" "$work/data/${name}_hands" "${FOUND[@]}" --force
    touch "$work/data/${name}_hands.done"
  done
}

# "PATH:WEIGHT,PATH:WEIGHT" of all there is to learn from.
list_sources() {
  local name folder weight hand_weight sum
  local list="$work/data/rendered:$HANDS_WEIGHT,$work/data/rendered_hands:$FOUND_HANDS_WEIGHT"
  while read -r name folder weight hand_weight sum; do
    list+=",$work/data/$name:$weight"
    [ "$hand_weight" = 0 ] || list+=",$work/data/${name}_hands:$hand_weight"
  done < <(sources_for learn)
  printf '%s\n' "$list"
}

chosen_by() {
  sources_for choose | awk -v data="$work/data" '{ print data "/" $1 }'
}

# ---- Model ----

# train RUN AUGMENTATION ARGUMENTS...
train() {
  local run=$work/$1 augmentation=$work/$2
  shift 2
  if [ -e "$run/last.ckpt" ]; then
    "$bin/asl-train" -o "$run" --resume
  else
    "$bin/asl-train" -o "$run" --force --sources "$(list_sources)" \
      --select-on "$(chosen_by | paste -s -d ,)" "$@" "${RECIPE[@]}" --augment "$augmentation" \
      "${ENGINE[@]}"
  fi
}

train_both() {
  printf '%s\n' "$FIRST_VARY" >"$work/augment.json"
  printf '%s\n' "$SECOND_VARY" >"$work/walls.json"
  train first augment.json "${FIRST[@]}"
  "$bin/asl-info" -m "$work/first/model.safetensors" --save "$work/first.safetensors" --weights i8 \
    --force
  train second walls.json --init "$work/first.safetensors" "${SECOND[@]}"
}

# The weights after the last epoch, where the schedule comes to rest: which of the last epochs is the
# best on two people is chance. Calibrated with the weights that people will have: 8-bit ones, which
# stay the same 8-bit ones.
finish() {
  local chosen
  mapfile -t chosen < <(chosen_by)
  "$bin/asl-info" -m "$work/second/model.safetensors" --save "$work/small.safetensors" --weights i8 \
    --force
  "$bin/asl-eval" -m "$work/small.safetensors" "${chosen[@]}" "${READ[@]}" \
    --calibrate "$work/calibrated.safetensors" --force "${ENGINE[@]:0:4}"
  "$bin/asl-info" -m "$work/calibrated.safetensors" --save "$work/letters.safetensors" \
    --weights i8 --force
}

json() { printf '"%s"' "$(printf '%s' "$*" | sed 's/[\\"]/\\&/g')"; }

# command_of RUN AUGMENTATION ARGUMENTS...
command_of() {
  local run=$1 augmentation=$2
  shift 2
  json asl-train -o "$run" --sources "$(list_sources | sed "s|$work/data/||g")" \
    --select-on "$(chosen_by | sed 's|.*/||' | paste -s -d ,)" "$@" "${RECIPE[@]}" \
    --augment "$augmentation" "${ENGINE[@]}"
}

# How it was made, for the model card.
record() {
  local processor hours
  processor=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)
  # The seconds of every epoch, of all runs that it took.
  hours=$(awk -F , 'FNR == 1 { for (i = 1; i <= NF; i++) if ($i == "seconds") at = i; next }
    { sum += $at } END { printf "%.2f", sum / 3600 }' "$work/first/metrics.csv" "$work/second/metrics.csv")
  cat >"$work/run.json" <<EOF
{
  "model_sha256": $(json "$(sha256sum <"$work/letters.safetensors" | cut -d ' ' -f 1)"),
  "hours": $hours,
  "machine": $(json "$(nproc) cores of ${processor:-$(uname -m)}"),
  "rendered_hands": $(json asl-synth rendered "${HANDS[@]}"),
  "hands_cut_out": $(json asl-prepare SOURCE SOURCE_hands "${FOUND[@]}"),
  "sources": $(json "$(list_sources | sed "s|$work/data/||g")"),
  "commands": [
    $(command_of first augment.json "${FIRST[@]}"),
    $(json asl-info -m first/model.safetensors --save first.safetensors --weights i8),
    $(command_of second walls.json --init first.safetensors "${SECOND[@]}")
  ],
  "augment.json": $(json "$FIRST_VARY"),
  "walls.json": $(json "$SECOND_VARY"),
  "read": $(json "${READ[@]}"),
  "version": $(json "$("$bin/asl-train" --version)")
}
EOF
  cat "$work/run.json"
}

# ---- The whole way ----

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
  # The folder train/ itself is as good.
  [ -d "$sources/train" ] || sources=$(dirname -- "$sources")
  root=$(dirname -- "$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")")
  builtin=$root/lib/model/builtin bin=$root/build/bin
  work=$(realpath -m -- "${2:-$root/build/builtin}")

  say "Checking the sources"
  check_sources
  say "Building"
  cmake -S "$root" -B "$root/build" -DCMAKE_BUILD_TYPE=Release -DASL_BUILD_EXAMPLES=ON >/dev/null
  cmake --build "$root/build" --target asl-synth asl-prepare asl-train asl-eval asl-info
  say "Pictures"
  mkdir -p "$work/data"
  unpack_sources
  render_hands
  cut_out_hands
  say "Training"
  train_both
  say "Weights of 8 bits, and calibration"
  finish
  say "How it was made"
  record
  if cmp -s "$work/letters.safetensors" "$builtin/letters.safetensors"; then
    say "Done: the same bits as the model in the tree"
  else
    cp "$work/letters.safetensors" "$work/run.json" "$builtin/"
    say "Done: another model than the one in the tree, which it has replaced"
  fi
}

main "$@"
