#!/usr/bin/env bash
# Makes luke-mini-en in stages, each of which begins with a model and ends with a better one; see README.md.
#   ./make.sh stage 1              one stage: fetch, start, train, finish, convert, compare with the model in www/models
#   ./make.sh                      all three, one after another
#   ./make.sh test                 the last test of the newest stage, through the runtime
# A step that is done is not done again; a training that was stopped goes on. Settings (environment): WORK, PYTHON, LUKE (the command
# line: cargo build --release), INIT_OPTIONS (of init_luke.py), START (the model folder that a stage begins with), THREADS, TRAIN_OPTIONS
# FINISH_OPTIONS, CONVERT_OPTIONS and ASSESS_OPTIONS (of train.py, finish.py, `luke convert` and assess.py).
set -euo pipefail
cd "$(dirname "$0")"
WORK=${WORK:-work}
PYTHON=${PYTHON:-python}
LUKE=${LUKE:-../../target/release/luke}
INIT_OPTIONS=${INIT_OPTIONS:---case-types}
START=${START:-../../www/models/luke-mini-en}
THREADS=${THREADS:-2}
SHIPPED=../../www/models/luke-mini-en
mkdir -p "$WORK"
WORK=$(cd "$WORK" && pwd)
# Threads that wait for one another give the core away; compiled code is kept.
export OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=0 TORCHINDUCTOR_CACHE_DIR=${TORCHINDUCTOR_CACHE_DIR:-$WORK/inductor}

fetch() { [ -e "$WORK/fetched" ] || { $PYTHON fetch.py --work "$WORK" && touch "$WORK/fetched"; }; }

# The original encoder as LUKE: a start, and what vectors are pulled to.
init() {
  # shellcheck disable=SC2086
  [ -e "$WORK/init" ] || $PYTHON init_luke.py $INIT_OPTIONS --src "$WORK/src" --out "$WORK/init"
}

# begin STAGE: the folder that a stage starts from. It is the stage before it, where that ran on this machine, else the model START, on
# the whole vocabulary.
begin() {
  local before="$WORK/hf-$(($1 - 1))"
  [ -e "$WORK/start-$1" ] && return
  if [ -e "$before" ]; then
    cp -r "$before" "$WORK/start-$1"
    return
  fi
  $PYTHON from_folder.py --model "$START" --out "$WORK/given-$1"
  $PYTHON graft.py --model "$WORK/given-$1" --init "$WORK/init" --out "$WORK/start-$1"
}

# seed STAGE SEED OUT
seed() {
  # shellcheck disable=SC2086
  $PYTHON train.py --stage "$1" --seed "$2" --init "$WORK/start-$1" --original "$WORK/init" --src "$WORK/src" \
    --run "$WORK/run-$1-$2" --out "$3" --threads "$THREADS" ${TRAIN_OPTIONS:-}
}

train() {
  [ -e "$WORK/hf-$1" ] && return
  if [ "$1" = 3 ]; then
    for n in 1 2; do
      [ -e "$WORK/hf-$1-$n.done" ] || { seed "$1" "$n" "$WORK/hf-$1-$n" && touch "$WORK/hf-$1-$n.done"; }
    done
    $PYTHON average.py --models "$WORK/hf-$1-1" "$WORK/hf-$1-2" --out "$WORK/hf-$1"
  else
    seed "$1" 1 "$WORK/hf-$1-1" && mv "$WORK/hf-$1-1" "$WORK/hf-$1"
  fi
}

finish() {
  # shellcheck disable=SC2086
  [ -e "$WORK/finished-$1" ] || $PYTHON finish.py --model "$WORK/hf-$1" --src "$WORK/src" --out "$WORK/finished-$1" --luke "$LUKE" ${FINISH_OPTIONS:-}
  cp model_card.md "$WORK/finished-$1/README.md"
}

# Titles are of use from stage 2 on, which trains their head. CONVERT_OPTIONS may leave a head out: `--leave-out heads.relation`.
convert() {
  local entities=full
  [ "$1" != 1 ] || entities=special
  for dtype in f32 q8 "q4 --word-table q4"; do
    # shellcheck disable=SC2086
    [ -e "$WORK/model-$1-${dtype%% *}" ] || "$LUKE" convert "$WORK/finished-$1" "$WORK/model-$1-${dtype%% *}" --dtype $dtype \
      --entities "$entities" ${CONVERT_OPTIONS:-}
  done
}

# The model as it would be shipped beside the one that is.
assess() {
  local options="--luke $LUKE --src $WORK/src ${ASSESS_OPTIONS:-}"
  # shellcheck disable=SC2086
  [ -e "$WORK/shipped.json" ] || $PYTHON assess.py --model "$SHIPPED" --out "$WORK/shipped.json" $options
  # shellcheck disable=SC2086
  $PYTHON assess.py --model "$WORK/model-$1-q4" --out "$WORK/model-$1.json" --beside "$WORK/shipped.json" $options
}

stage() {
  fetch
  init
  for step in begin train finish convert assess; do $step "$1"; done
}

# The test sets are read here and nowhere else.
test() {
  local newest
  newest=$(ls -d "$WORK"/model-*-q4 | tail -1)
  $PYTHON fetch.py --work "$WORK" --tests
  $PYTHON overlap.py --src "$WORK/src"
  $PYTHON tweets.py --src "$WORK/src" --out "$WORK/tweets.txt"
  for dtype in f32 q8 q4; do
    echo "$dtype"
    $PYTHON assess.py --tests --model "${newest%q4}$dtype" --out "${newest%q4}$dtype-tests.json" --luke "$LUKE" --src "$WORK/src"
  done
}

main() {
  case ${1:-all} in
    all) for n in 1 2 3; do stage "$n"; done ;;
    stage | begin | train | finish | convert | assess) "$1" "$2" ;;
    *) for step in "$@"; do "$step"; done ;;
  esac
}

# The shell reads on while it runs: what is changed behind this line meanwhile does not matter.
main "$@"
exit
