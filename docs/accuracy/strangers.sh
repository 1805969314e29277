#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Trains and measures the networks of docs/accuracy.md that are not the built-in one: one source
# left out, what time, signers and each ingredient are worth, one signer's own data set.
#
#   docs/accuracy/strangers.sh SOURCES_DIR WORK [TABLE ...]
#
# SOURCES_DIR and WORK are those of examples/train-builtin.sh, which comes first: its pictures are
# used again. Networks that are there already, in WORK/strangers, are only measured.
# TABLE: short, long, walls, left-out, length, signers, ablation, own; all of them when none is named.
set -euo pipefail

# For fewer pictures than the built-in model, of which there is one and here there are many.
COMMON=(--batch 32 --optimizer adamw --schedule one-cycle --weight-decay 0.02 --per-class 800
  --backend cpu --isa avx512 --precision bf16 --seed 1)
STRANGERS=(--label-smoothing 0.1 --average 0.998)
LONG=(--preset robust --size 64 --start-size 48 --start-share 0.6 --epochs 32
  --epoch-pictures 30000 --lr 1e-3 --augment strangers/strong.json)
WALLS=(--size 96 --start-size 64 --start-share 0.6 --epochs 16 --epoch-pictures 30000 --lr 7e-4
  --augment strangers/walls.json)
SHORT=(--preset fast --size 96 --start-size 64 --start-share 0.6 --epochs 10
  --epoch-pictures 30000 --lr 1e-3 --augment strangers/strong.json)
ABLATION=(--preset fast --size 64 --epochs 8 --epoch-pictures 15000 --lr 1e-3)
OWN=(--val 0.01 --average 0.998)
FROM_NOTHING=(--preset fast --size 64 --lr 1e-3)
FROM_BUILTIN=(--init built-in --lr 4e-4 --epochs 12)
READ=(--mirror both --looks 3 --crops 2) # as the built-in model does
UNSEEN=(cyril jbhumika_s1 asl_alphabet_64)

fail() {
  printf 'strangers: %s\n' "$1" >&2
  exit "${2:-1}"
}

# ---- Sources ----

# Whose pictures a source has: another's name where it shows the same people.
owner() {
  awk -F '\t' -v name="${1%_hands}" '
    NR == 1 { for (i = 1; i <= NF; i++) if ($i == "signers") at = i }
    $1 == name && $at ~ /^of / { name = substr($at, 4) }
    END { print name }' "$root/lib/model/builtin/sources.tsv"
}

# "NAME:WEIGHT" of all that the built-in model learned from, one to a line.
learned() {
  sed -n 's/^ *"sources": "\(.*\)",$/\1/p' "$work/run.json" | tr , '\n'
}

# all_but OWNER [NAME:WEIGHT ...]: the same and these as a list of --sources, without those of an
# owner.
all_but() {
  local pair who=$1
  shift
  for pair in $(learned) "$@"; do
    [ "$(owner "${pair%:*}")" = "$who" ] || printf '%s\n' "data/$pair"
  done | paste -s -d ,
}

# ---- Networks ----

# train NAME ARGUMENTS...: NAME/model.safetensors, unless it is there. It is the one of the last
# step: nothing is chosen by people who are to be measured.
train() {
  local name=$1
  shift
  [ -e "strangers/$name/done" ] && return
  if [ -e "strangers/$name/last.ckpt" ]; then
    "$bin/asl-train" -o "strangers/$name" --resume
  else
    "$bin/asl-train" -o "strangers/$name" --force "$@" "${COMMON[@]}"
  fi
  rm -f "strangers/$name"/*.pack "strangers/$name"/*.ckpt*
  touch "strangers/$name/done"
}

# keep TABLE NAME TITLE COMMAND ASL-EVAL-ARGUMENTS...
keep() {
  local table=$1 name=$2 title=$3 command=$4
  shift 4
  "$bin/asl-eval" --quiet --json "$@" | python3 "$here/make.py" add "$table" "$name" "$title" \
    "$(sed 's|data/||g; s|strangers/||g' <<<"$command")"
}

# Whose pictures the built-in model learned from, and those that it did not.
people() {
  local pair
  for pair in $(learned); do owner "${pair%:*}"; done | grep -v rendered | awk '!seen[$0]++'
  echo asl_alphabet_64
}

# left_out TABLE NETWORK PERSON ARGUMENTS...: a network that learned from all but one, on that one.
# From what $also names, too, unless it is of that one.
left_out() {
  local table=$1 network=$2 person=$3 name on=()
  shift 3
  for name in $(learned | sed 's/:.*//') asl_alphabet_64; do
    if [ "$(owner "$name")" = "$person" ]; then on+=("data/$name"); fi
  done
  local with=(--sources "$(all_but "$person" ${also:+"$also"})" --select-on data/cyril "$@"
    "${STRANGERS[@]}")
  train "$network" "${with[@]}"
  keep "$table" "$network" "without \`$person\`" \
    "asl-train -o $network ${with[*]} ${COMMON[*]}" \
    -m "strangers/$network/model.safetensors" "${READ[@]}" "${on[@]}"
}

# each_left_out TABLE PREFIX ARGUMENTS...: PERSON in them is who is left out.
each_left_out() {
  local table=$1 prefix=$2 person
  shift 2
  for person in $(people); do
    left_out "$table" "${prefix}without-$person" "$person" "${@//PERSON/$person}"
  done
}

# lasting NAME TITLE COMMAND MODEL
lasting() {
  echo "measuring: $2"
  keep length "$1" "$2" "$3" -m "$4" --per-class 100 "${READ[@]}" "${UNSEEN[@]/#/data/}"
}

# last NAME FOLDER TITLE ARGUMENTS...
last() {
  local name=$1 folder=$2 title=$3
  shift 3
  local with=(--sources "$(all_but nobody)" --select-on data/cyril "$@" "${STRANGERS[@]}")
  train "$folder" "${with[@]}"
  lasting "$name" "$title" "asl-train -o $folder ${with[*]} ${COMMON[*]}" \
    "strangers/$folder/model.safetensors"
}

# From the same sources, ever longer and larger.
length() {
  local epoch=(--epoch-pictures 30000 --lr 1e-3 --augment strangers/strong.json)
  last length-120k fast-64 "\`fast\` at 64 pixels, 120,000 pictures" \
    "${ABLATION[@]}" --augment strangers/strong.json
  last length-300k fast-96 "\`fast\` at 96 pixels, 300,000 pictures" "${SHORT[@]}"
  last length-robust robust-64 "\`robust\` at 64 pixels, 300,000 pictures" \
    --preset robust --size 64 --epochs 10 "${epoch[@]}"
  last length-robust-long robust-64-long "\`robust\` at 64 pixels, 1,200,000 pictures" \
    --preset robust --size 64 --epochs 40 "${epoch[@]}"
  lasting length-built-in \
    "the built-in model: \`robust\` at 96 pixels, 2,760,000 pictures, walls replaced" "" \
    letters.safetensors
}

# ablate NAME TITLE MIRROR ARGUMENTS...
ablate() {
  local name=$1 title=$2 mirror=$3
  shift 3
  local with=(--select-on data/cyril "${ABLATION[@]}" "$@")
  train "$name" "${with[@]}"
  keep ablation "ablation-$name-$mirror" "$title" "asl-train -o $name ${with[*]} ${COMMON[*]}" \
    -m "strangers/$name/model.safetensors" --mirror "$mirror" "${UNSEEN[@]/#/data/}"
}

# of_real OWNER...: the photographs of these, weighing as much together as those of all.
of_real() {
  local pair owner
  for pair in $(learned); do
    owner=$(owner "${pair%:*}")
    [ "$owner" = rendered ] || printf '%s %s\n' "$pair" "$owner"
  done | awk -F '[: ]' -v owners=" $* " '
    { all += $2 }
    index(owners, " " $3 " ") { weight[$1] = $2; order[++n] = $1; chosen += $2 }
    END { for (i = 1; i <= n; i++) printf "data/%s:%.3g\n", order[i], weight[order[i]] * all / chosen }' |
    paste -s -d ,
}

# few NAME TITLE OWNER...
few() {
  local name=$1 title=$2
  shift 2
  local with=(--sources "$(rendered_hands),$(of_real "$@")" --select-on data/cyril "${ABLATION[@]}"
    --augment strangers/strong.json "${STRANGERS[@]}")
  train "$name" "${with[@]}"
  keep signers "$name" "$title" "asl-train -o $name ${with[*]} ${COMMON[*]}" \
    -m "strangers/$name/model.safetensors" --mirror both "${UNSEEN[@]/#/data/}"
}

# From ever more people, photographs having the same share beside rendered hands.
signers() {
  few signers-1 "one: \`t32rahman\`" t32rahman
  few signers-3 "three: and \`seeeeeeel\`, \`longhongvo\`" t32rahman seeeeeeel longhongvo
  few signers-6 "six: and \`hackmit\`, \`lolzorus\`" \
    t32rahman seeeeeeel longhongvo hackmit_color lolzorus
}

rendered_hands() {
  learned | sed -n 's|^rendered|data/&|p' | paste -s -d ,
}

ablation() {
  local all strong=(--augment strangers/strong.json) photos rendered
  all=$(all_but nobody) photos=$(all_but rendered)
  rendered=$(rendered_hands)
  ablate all "all of them" both --sources "$all" "${strong[@]}" "${STRANGERS[@]}"
  ablate all "read from one side" off --sources "$all" "${strong[@]}" "${STRANGERS[@]}"
  ablate no-mirror "no mirroring, read from one side" off --sources "$all" \
    --augment strangers/no-mirror.json "${STRANGERS[@]}"
  ablate light "light augmentation" both --sources "$all" --augment light "${STRANGERS[@]}"
  ablate plain "no augmentation" both --sources "$all" "${STRANGERS[@]}"
  ablate photos "no rendered hands" both --sources "$photos" "${strong[@]}" "${STRANGERS[@]}"
  ablate rendered "rendered hands alone" both --sources "$rendered" "${strong[@]}" \
    "${STRANGERS[@]}"
  ablate unsmoothed "no label smoothing" both --sources "$all" "${strong[@]}" --average 0.998
  ablate unaveraged "no weight averaging" both --sources "$all" "${strong[@]}" \
    --label-smoothing 0.1
}

# split NAME CHOICE: asl_alphabet_64 in two tables, NAME.csv to measure on and NAME-learn.csv. CHOICE,
# a condition of awk's, says whether picture i of the n of its class, in capture order, is in the first.
split() {
  local name=$1 choice=$2
  printf 'image_path,target\n' | tee "$name-learn.csv" >"$name.csv"
  printf '%s\n' data/asl_alphabet_64/*/*.jpg |
    awk -F / -v name="$name" '
      BEGIN { srand(1) }
      { line[NR] = $0 "," $3; label[NR] = $3; count[$3]++ }
      END {
        for (k = 1; k <= NR; k++) {
          n = count[label[k]]
          i = seen[label[k]]++
          print line[k] >>(('"$choice"') ? name ".csv" : name "-learn.csv")
        }
      }'
}

# learn_own SPLIT NAME TITLE ARGUMENTS...
learn_own() {
  local split=$1 name=$2 title=$3
  shift 3
  local with=("own-$split-learn.csv" "${OWN[@]}" "$@")
  train "$name" "${with[@]}"
  keep own "$name" "$split split, $title" "asl-train -o $name ${with[*]} ${COMMON[*]}" \
    -m "strangers/$name/model.safetensors" --mirror off --crops 2 "own-$split.csv"
}

own() {
  local light=(--augment strangers/one-hand.json) strong=(--augment strangers/one-hand-strong.json)
  split own-random 'rand() < 0.15'
  split own-block 'i >= n * 0.425 && i < n * 0.575'
  learn_own random own-random "from nothing" "${FROM_NOTHING[@]}" --epochs 15 "${light[@]}"
  learn_own block own-block "from nothing" "${FROM_NOTHING[@]}" --epochs 25 "${strong[@]}"
  learn_own random own-random-init "from the built-in model" "${FROM_BUILTIN[@]}" "${light[@]}"
  learn_own block own-block-init "from the built-in model" "${FROM_BUILTIN[@]}" "${strong[@]}"
}

# ---- The whole way ----

main() {
  if [ $# -lt 2 ] || [ "${1#-}" != "$1" ]; then
    sed -n '3,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
  fi
  sources=$(realpath -- "$1") work=$(realpath -- "$2")
  shift 2
  here=$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")
  root=$(realpath -- "$here/../..")
  bin=$root/build/bin
  [ -f "$work/run.json" ] || fail "'$work' is not complete: run examples/train-builtin.sh first" 3
  cmake -S "$root" -B "$root/build" -DCMAKE_BUILD_TYPE=Release -DASL_BUILD_EXAMPLES=ON >/dev/null
  cmake --build "$root/build" --target asl-train asl-eval
  cd -- "$work" # so that data sets are called by their names alone
  mkdir -p strangers
  [ -d data/asl_alphabet_64 ] || tar -xf "$sources/train/asl_alphabet_64.tar" -C data
  # The built-in model's augmentation, over fewer epochs, and then with other backgrounds.
  sed 's/"ramp": [0-9]*/"ramp": 3/' augment.json >strangers/strong.json
  sed 's/"ramp": [0-9]*/"ramp": 0, "background": 0.4/' augment.json >strangers/walls.json
  sed 's/}/, "mirror": 0}/' strangers/strong.json >strangers/no-mirror.json
  # One signer, always the same hand.
  printf '{"base": "light", "mirror": 0}\n' >strangers/one-hand.json
  printf '{"base": "strong", "mirror": 0}\n' >strangers/one-hand-strong.json
  [ $# -gt 0 ] || set -- short long walls left-out length signers ablation own
  local table without=without-PERSON/model.safetensors
  for table in "$@"; do
    case $table in
    short) each_left_out short short- "${SHORT[@]}" ;;
    long) each_left_out long long- "${LONG[@]}" ;;
    walls) each_left_out walls walls- "${WALLS[@]}" --init "strangers/long-$without" ;;
    left-out)
      also=asl_alphabet_64:1.5 \
        each_left_out leave-out "" "${WALLS[@]}" --init "strangers/walls-$without"
      ;;
    length) length ;;
    signers) signers ;;
    ablation) ablation ;;
    own) own ;;
    *) fail "no table '$table': see $0 --help" 2 ;;
    esac
  done
  python3 "$here/make.py"
}

main "$@"
