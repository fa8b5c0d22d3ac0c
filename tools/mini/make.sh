#!/usr/bin/env bash
# Makes luke-mini-en from the packages of sources.json; see README.md. Every step that is done is not done again.
#   ./make.sh                      everything up to work/luke-mini-en-hf
#   ./make.sh fetch init           only these steps
#   ./make.sh convert test         the model folders, and the last test through the runtime
# `labels`, `finish` and what follows need the command line of this repository: cargo build --release (LUKE says where it is).
# Settings: WORK, STEPS, SECOND_STEPS, THIRD_STEPS, FOURTH_STEPS, THREADS, LUKE, PYTHON.
set -euo pipefail
cd "$(dirname "$0")"
WORK=${WORK:-work}
STEPS=${STEPS:-800}
SECOND_STEPS=${SECOND_STEPS:-2400}
THIRD_STEPS=${THIRD_STEPS:-5600}
FOURTH_STEPS=${FOURTH_STEPS:-5000}
THREADS=${THREADS:-2}
LUKE=${LUKE:-../../target/release/luke}
PYTHON=${PYTHON:-python}
CONLL=$WORK/src/neuroner/data/conll2003/en
SQUAD=$WORK/src/bigbench-1.0.0/bigbench/benchmark_tasks/squad_shifts/squaddev_v1.1.json
# Threads that wait for one another give the core away; compiled code is kept.
export OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=0 TORCHINDUCTOR_CACHE_DIR=${TORCHINDUCTOR_CACHE_DIR:-$PWD/$WORK/inductor}

fetch() { $PYTHON fetch.py --work "$WORK"; }

# The start of the model, and of the two that label silver entities: A6 (uncased) and B6 (the other encoder).
init() {
  [ -e "$WORK/init" ] || $PYTHON init_luke.py --source minilm --vocabulary 16000 --cased 6000 --src "$WORK/src" --out "$WORK/init"
  [ -e "$WORK/init-a6" ] || $PYTHON init_luke.py --source minilm --vocabulary 20000 --src "$WORK/src" --out "$WORK/init-a6"
  [ -e "$WORK/init-b6" ] || $PYTHON init_luke.py --source e5 --layers 1 3 5 7 9 11 --vocabulary 16000 --src "$WORK/src" --out "$WORK/init-b6"
}

silver() { [ -e "$WORK/silver.jsonl" ] || $PYTHON qa_silver.py --src "$WORK/src" --out "$WORK/silver.jsonl"; }

# entities START RUN OUT: entities alone, from words to spans
entities() {
  $PYTHON train.py --init "$WORK/$1" --data "$CONLL" --run "$WORK/$2" --out "$WORK/$3" --tag-steps 280 --steps "$STEPS" \
    --assess-every 400 --threads "$THREADS"
}

train() { entities init run-1 hf-1; }

labels() {
  [ -e "$WORK/ner-silver.jsonl" ] && return
  for model in a6 b6; do
    entities "init-$model" "run-$model" "hf-$model"
    "$LUKE" convert "$WORK/hf-$model" "$WORK/q8-$model" --dtype q8 --skip-self-test
  done
  $PYTHON ner_silver.py --models "$WORK/q8-a6" "$WORK/q8-b6" --src "$WORK/src" --luke "$LUKE" --limit 1500 --out "$WORK/ner-silver.jsonl"
}

# all START RUN OUT ...: every head
all() {
  $PYTHON train.py --init "$WORK/$1" --data "$CONLL" --silver "$WORK/silver.jsonl" \
    --src "$WORK/src" --typing --run "$WORK/$2" --out "$WORK/$3" --threads "$THREADS" "${@:4}"
}

# First answers and types beside entities, then mostly entities, tagger's steps first.
second() {
  all hf-1 run-2 hf-2 --more "$WORK/ner-silver.jsonl" --more-share 0.1 --tag-steps 0 --steps "$SECOND_STEPS" --qa-share 0.5 \
    --round-from 0.6 --assess-every 1200
}

third() {
  all hf-2 run-3 hf-3 --more "$WORK/ner-silver.jsonl" --more-share 0.1 --tag-steps $((THIRD_STEPS / 4)) --steps "$THIRD_STEPS" \
    --qa-share 0.3 --lr 2e-4 --round-from 0.7 --assess-every 2800
}

# The questions and sentences that were written for it.
fourth() {
  all hf-3 run-4 hf-4 --more ner_written.txt --more-share 0.4 --written qa_written.tsv --written-share 0.9 --tag-steps 0 \
    --steps "$FOURTH_STEPS" --qa-share 0.55 --lr 2e-4 --round-from 0 --assess-every 2000
}

# What was gained, with less of what was lost: the mean of the models before and after the fourth.
average() { $PYTHON average.py --models "$WORK/hf-4" "$WORK/hf-3" --out "$WORK/hf-mean"; }

finish() {
  $PYTHON finish.py --model "$WORK/hf-mean" --data "$CONLL" --out "$WORK/luke-mini-en-hf" --luke "$LUKE"
  $PYTHON evaluate_qa.py --model "$WORK/luke-mini-en-hf" --silver "$WORK/silver.jsonl" --written qa_written.tsv --src "$WORK/src"
  cp model_card.md "$WORK/luke-mini-en-hf/README.md"
}

convert() {
  for dtype in f32 f16 q8 q4; do
    "$LUKE" convert "$WORK/luke-mini-en-hf" "$WORK/luke-mini-en-$dtype" --dtype "$dtype"
  done
}

# The test sets are read here and nowhere else.
test() {
  $PYTHON fetch.py --work "$WORK" --tests
  $PYTHON overlap.py --src "$WORK/src" --silver "$WORK/silver.jsonl"
  $PYTHON tweets.py --src "$WORK/src" --out "$WORK/tweets.txt"
  for dtype in f32 f16 q8 q4; do
    echo "$dtype: CoNLL-2003, tweets, SQuAD 1.1"
    "$LUKE" eval "$WORK/luke-mini-en-$dtype" "$CONLL/test.txt" --task conll2003
    "$LUKE" eval "$WORK/luke-mini-en-$dtype" "$WORK/tweets.txt" --task conll2003
    "$LUKE" eval "$WORK/luke-mini-en-$dtype" "$SQUAD" --task squad
  done
}

for step in "${@:-fetch init silver train labels second third fourth average finish}"; do
  for name in $step; do $name; done
done
