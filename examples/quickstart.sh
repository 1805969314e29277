#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# From a bare Debian 12 to named letters, by the built-in model and by one that is trained before
# your eyes, in a few minutes:
#
#   examples/quickstart.sh                  on drawn hands, made on the spot
#   examples/quickstart.sh FOLDER|ARCHIVE   on your pictures: one folder per letter, as the ASL
#                                           Alphabet archive unpacks (.zip, .tar, .tar.gz, .tgz);
#                                           pictures without such folders are only named
#
# Everything it makes lies in quickstart/ and build/ of the source tree; a rerun makes it anew.
set -euo pipefail

PER_CLASS=120 # Pictures of each letter to learn from: as many as fit into a few minutes.
SIZE=64       # Pixels a side that the network sees.
VIEWS=42000   # Pictures to show it in all, each several times.

usage() { sed -n '3,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

say() { printf '\n== %s\n' "$*"; }

fail() {
  printf 'quickstart: %s\n' "$1" >&2
  exit "${2:-1}"
}

# ---- What it needs ----

missing_packages() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      printf '%s\n' "$package"
  done
}

install_packages() {
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "no apt-get here: going on with what is installed; needed are: $*"
    return
  fi
  local missing as_root=()
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      fail "please run as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  echo "installing: ${missing[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

build() {
  local generator=()
  [ -e build/CMakeCache.txt ] || generator=(-G Ninja)
  cmake -S . -B build "${generator[@]}" -DCMAKE_BUILD_TYPE=Release -DASL_BUILD_EXAMPLES=ON >/dev/null
  cmake --build build --target asl-synth asl-prepare asl-train asl-eval asl-classify asl-info
}

# ---- Pictures ----

draw_hands() {
  say "Drawing hands: 20 invented signers to learn from, 6 others to be tested on"
  build/bin/asl-synth quickstart/data/drawn --per-class "$PER_CLASS" --size 128 --signers 20 \
    --variety 0 --seed 1
  build/bin/asl-synth quickstart/data/test --per-class 20 --size 128 --signers 6 --variety 0 --seed 2
  say "Preparing them"
  build/bin/asl-prepare quickstart/data/drawn quickstart/data/train \
    --per-class "$PER_CLASS" --size 128
  test_what="of drawn pictures of 6 signers it has never seen"
  # The built-in model has learned from rendered hands too, but of other signers.
  strangers=quickstart/data/test/data.csv
}

unpack() {
  say "Unpacking $1"
  mkdir -p quickstart/data/unpacked
  case "$1" in
  *.zip | *.ZIP)
    install_packages unzip
    unzip -q -o "$1" -d quickstart/data/unpacked
    ;;
  *) tar --force-local -xf "$1" -C quickstart/data/unpacked ;;
  esac
  source=$PWD/quickstart/data/unpacked
}

# The folder with the most subfolders that hold pictures: where the letters are, however deep the
# archive hid them.
class_folder() {
  if [ -e "$1/data.csv" ]; then
    printf '%s\n' "$1"
    return
  fi
  find -L "$1" -mindepth 2 -maxdepth 6 -type f \
    \( -iname '*.jpg' -o -iname '*.jpeg' -o -iname '*.png' \) -printf '%h\n' |
    awk '!seen[$0]++ { sub("/[^/]*$", ""); if (++count[$0] > most) { most = count[$0]; best = $0 } }
      END { print best }'
}

# Hold a fifth of each letter back for the test: four of twenty stretches in capture order, so that
# near-identical neighbours stay on one side.
hold_back() {
  local folder=quickstart/data/prepared
  mv "$folder/data.csv" "$folder/all.csv"
  { head -n 1 "$folder/all.csv" && tail -n +2 "$folder/all.csv" | LC_ALL=C sort -V; } |
    awk -v train="$folder/train.csv" -v test="$folder/test.csv" '
      NR == 1 { print > train; print > test; next }
      { row[NR] = letter[NR] = $0; sub("/.*", "", letter[NR]); total[letter[NR]]++ }
      END {
        for (i = 2; i <= NR; i++) {
          place = seen[letter[i]]++
          stretch = total[letter[i]] < 20 ? place : int(20 * place / total[letter[i]])
          print row[i] > (stretch % 5 == 2 ? test : train)
        }
      }'
}

# Name pictures that lie in no folders of letters: there is nothing to train on.
name_loose_pictures() {
  local pictures
  mapfile -t -d '' pictures < <(find -L "$1" -maxdepth 1 -type f \
    \( -iname '*.jpg' -o -iname '*.jpeg' -o -iname '*.png' \) -print0 | LC_ALL=C sort -z)
  [ "${#pictures[@]}" -gt 0 ] || fail "no .jpg or .png pictures in '$source'" 3
  say "Naming your pictures with the built-in model"
  build/bin/asl-classify --verbose --draw quickstart/builtin "${pictures[@]}"
  say "Done: quickstart/builtin has them with the letter written on them"
  echo "to train on your own pictures, put them into folders, one per letter"
}

take_pictures() {
  local folder
  [ -f "$source" ] && unpack "$source"
  folder=$(class_folder "$source")
  if [ -z "$folder" ]; then
    name_loose_pictures "$source"
    exit 0
  fi
  say "Preparing up to $PER_CLASS pictures of each letter from $folder"
  build/bin/asl-prepare "$folder" quickstart/data/prepared --per-class "$PER_CLASS" --size 128
  hold_back
  test_what="of your pictures, held back from training (the same people, though)"
  strangers=quickstart/data/prepared/all.csv
}

# One picture of each letter, from a table beside the pictures; quoted names are passed over.
one_of_each() {
  awk -F, -v folder="$(dirname "$1")" \
    'NR > 1 && !/^"/ && !seen[$2]++ { print folder "/" $1 }' "$1"
}

# ---- Reading ----

# Accuracy from a report of asl-eval.
accuracy() {
  sed -n '1s/.*: \([0-9]* of [0-9]*\) pictures right, \([0-9.]* %\).*/\2 (\1)/p' "$1"
}

read_untrained() {
  say "Reading with the built-in model, which has seen none of these people"
  if ! build/bin/asl-eval --verbose "$strangers" >quickstart/builtin.txt; then
    echo "it does not know these classes: going on to training"
    rm quickstart/builtin.txt
    return
  fi
  head -n 1 quickstart/builtin.txt
  local pictures
  mapfile -t pictures < <(one_of_each "$strangers")
  build/bin/asl-classify --draw quickstart/builtin "${pictures[@]}"
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
  [ $# -le 1 ] || fail "give one folder or archive; see --help" 2
  source=
  if [ $# -eq 1 ]; then
    [ -e "$1" ] || fail "there is no '$1'" 3
    source=$(realpath -- "$1")
  fi
  cd -- "$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")/.."

  say "Packages"
  install_packages build-essential cmake ninja-build pkg-config libstb-dev libjpeg62-turbo-dev \
    zlib1g-dev libjansson-dev libcairo2-dev fonts-dejavu-core
  SECONDS=0
  say "Building"
  build

  local name
  for name in data run builtin builtin.txt annotated model.safetensors report.txt confusion.png \
    accuracy.png loss.png; do
    case "$source/" in
    "$PWD/quickstart/$name/"*) fail "'$source' is in the way of the results; move it first" 2 ;;
    esac
    rm -rf "quickstart/${name:?}"
  done
  mkdir -p quickstart/data

  local train_data test_data strangers count epochs
  if [ -z "$source" ]; then
    draw_hands
    train_data=quickstart/data/train/data.csv test_data=quickstart/data/test/data.csv
  else
    take_pictures
    train_data=quickstart/data/prepared/train.csv test_data=quickstart/data/prepared/test.csv
  fi
  read_untrained

  count=$(grep -c . "$train_data")
  epochs=$((VIEWS / count))
  epochs=$((epochs < 8 ? 8 : epochs > 24 ? 24 : epochs))
  say "Training"
  build/bin/asl-train "$train_data" -o quickstart/run --preset tiny --size "$SIZE" \
    --epochs "$epochs" --schedule one-cycle --lr 3e-3
  cp quickstart/run/best.safetensors quickstart/model.safetensors
  cp quickstart/run/accuracy.png quickstart/run/loss.png quickstart/

  say "Testing on pictures it has not learned from"
  build/bin/asl-eval -m quickstart/model.safetensors "$test_data" \
    --confusion quickstart/confusion.png >quickstart/report.txt
  sed -n '/^ *accuracy /,$p' quickstart/report.txt

  say "Naming one picture of each letter"
  local pictures
  mapfile -t pictures < <(one_of_each "$test_data")
  build/bin/asl-classify -m quickstart/model.safetensors --draw quickstart/annotated "${pictures[@]}"

  say "Done in $((SECONDS / 60)) min $((SECONDS % 60)) s, all of it in quickstart/"
  [ ! -e quickstart/builtin.txt ] ||
    echo "built-in model     names $(accuracy quickstart/builtin.txt) of people it has never seen" \
      "(builtin.txt, builtin/)"
  cat <<EOF
model.safetensors  names $(accuracy quickstart/report.txt) $test_what
report.txt         how well each letter; confusion.png, accuracy.png and loss.png show it
annotated/         pictures with the letter written on them
try next           build/bin/asl-classify YOUR_PICTURE.jpg, or build/bin/asl-camera
your own pictures  examples/quickstart.sh FOLDER_OR_ARCHIVE   (one folder per letter)
other people       expect less: a model knows the hands that it has seen
EOF
}

main "$@"
