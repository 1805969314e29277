#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Measures the built-in model, and the tutorial's published weights, for docs/accuracy.md:
#
#   docs/accuracy/measure.sh SOURCES_DIR [WORK]
#
# SOURCES_DIR is what examples/train-builtin.sh takes, with seed/model.pth beside train/ and dev/.
# WORK (default build/accuracy) holds the pictures.
set -euo pipefail

case "${1-}" in
"" | -*)
  sed -n '3,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit 2
  ;;
esac
sources=$(realpath -- "$1")
here=$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")
root=$(realpath -- "$here/../..")
bin=$root/build/bin
work=$(realpath -m -- "${2:-$root/build/accuracy}")
mkdir -p "$work"
cd -- "$work" # so that data sets are called by their names alone

cmake -S "$root" -B "$root/build" -DCMAKE_BUILD_TYPE=Release -DASL_BUILD_EXAMPLES=ON >/dev/null
cmake --build "$root/build" --target asl-eval asl-info asl-frames asl-synth

all=() unseen=()
learned=$(sed -n 's/^ *"sources": "\(.*\)",$/\1/p' "$root/lib/model/builtin/run.json")
while IFS=$'\t' read -r name folder _; do
  [ -d "$name" ] || tar -xf "$sources/$folder/$name.tar"
  all+=("$name")
  case ",$learned," in
  *",$name:"* | *",$name,"*) ;;
  *) unseen+=("$name") ;;
  esac
done < <(tail -n +2 "$root/lib/model/builtin/sources.tsv")

# keep TABLE NAME TITLE ASL-EVAL-ARGUMENTS...
keep() {
  local table=$1 name=$2 title=$3
  shift 3
  echo "measuring: $title"
  "$bin/asl-eval" --quiet --json "$@" |
    python3 "$here/make.py" add "$table" "$name" "$title" "asl-eval $*"
}

# A hundred pictures of each class, which is all of them in all but two sets.
some=(--per-class 100)
keep builtin builtin "as the model asks" "${some[@]}" "${all[@]}"
for side in off on both auto; do
  keep mirror "mirror-$side" "\`--mirror $side\`" --mirror "$side" "${some[@]}" "${unseen[@]}"
done
keep mirror looks-1 "\`--looks 1\`" --looks 1 "${some[@]}" "${unseen[@]}"
keep mirror crops-1 "\`--crops 1\`" --crops 1 "${some[@]}" "${unseen[@]}"
keep mirror plain "\`--mirror off --looks 1 --crops 1\`" --mirror off --looks 1 --crops 1 \
  "${some[@]}" "${unseen[@]}"
cp -r "$root/tests/accuracy/hands" .
keep hands hands "rendered hands" hands

echo "measuring: the hand finder"
PYTHONPATH=$root/bindings/python LIBASL_LIBRARY=$root/build/lib/libasl.so.1 \
  python3 "$here/finding.py" "$bin" . "${unseen[@]}"

PYTHONPATH=$root/bindings/python python3 -m libasl.convert "$sources/seed/model.pth" \
  published.safetensors --force
keep published published "published weights" -m published.safetensors "${some[@]}" "${all[@]}"

python3 "$here/make.py"
