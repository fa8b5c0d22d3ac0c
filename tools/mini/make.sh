#!/usr/bin/env bash
# Makes luke-mini-en from the packages of sources.json; see README.md. Every step that is done is not done again.
#   ./make.sh                      everything up to work/luke-mini-en-hf
#   ./make.sh fetch init           only these steps
#   ./make.sh convert test         the model folders, and the last test through the runtime
# `finish` and what follows need the command line of this repository: cargo build --release (LUKE says where it is).
# Settings: WORK, VOCABULARY, CASED, STEPS, SECOND_STEPS, THREADS.
set -euo pipefail
cd "$(dirname "$0")"
WORK=${WORK:-work}
VOCABULARY=${VOCABULARY:-16000}
CASED=${CASED:-6000}
STEPS=${STEPS:-800}
SECOND_STEPS=${SECOND_STEPS:-4400}
THREADS=${THREADS:-2}
LUKE=${LUKE:-../../target/release/luke}
PYTHON=${PYTHON:-python}
CONLL=$WORK/src/neuroner/data/conll2003/en
SQUAD=$WORK/src/bigbench-1.0.0/bigbench/benchmark_tasks/squad_shifts/squaddev_v1.1.json
# Threads that wait for one another give the core away; compiled code is kept.
export OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=0 TORCHINDUCTOR_CACHE_DIR=${TORCHINDUCTOR_CACHE_DIR:-$PWD/$WORK/inductor}

fetch() { $PYTHON fetch.py --work "$WORK"; }

init() {
  [ -e "$WORK/init" ] || $PYTHON init_luke.py --source minilm --vocabulary "$VOCABULARY" --cased "$CASED" --src "$WORK/src" --out "$WORK/init"
}

silver() { [ -e "$WORK/silver.jsonl" ] || $PYTHON qa_silver.py --src "$WORK/src" --out "$WORK/silver.jsonl"; }

# Entities alone, from words to spans; then all heads.
train() {
  $PYTHON train.py --init "$WORK/init" --data "$CONLL" --run "$WORK/run-1" --out "$WORK/hf-1" --tag-steps 280 --steps "$STEPS" --assess-every 400 --threads "$THREADS"
}

second() {
  $PYTHON train.py --init "$WORK/hf-1" --data "$CONLL" --silver "$WORK/silver.jsonl" --typing "$WORK/src" --run "$WORK/run-2" --out "$WORK/hf-2" \
    --tag-steps 0 --steps "$SECOND_STEPS" --assess-every 1100 --threads "$THREADS"
}

finish() {
  $PYTHON finish.py --model "$WORK/hf-2" --data "$CONLL" --out "$WORK/luke-mini-en-hf" --luke "$LUKE"
  $PYTHON evaluate_qa.py --model "$WORK/luke-mini-en-hf" --silver "$WORK/silver.jsonl"
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
  $PYTHON tweets.py --src "$WORK/src" --out "$WORK/tweets.txt"
  for dtype in f32 f16 q8 q4; do
    echo "$dtype: CoNLL-2003, tweets, SQuAD 1.1"
    "$LUKE" eval "$WORK/luke-mini-en-$dtype" "$CONLL/test.txt" --task conll2003
    "$LUKE" eval "$WORK/luke-mini-en-$dtype" "$WORK/tweets.txt" --task conll2003
    "$LUKE" eval "$WORK/luke-mini-en-$dtype" "$SQUAD" --task squad
  done
}

for step in "${@:-fetch init silver train second finish}"; do
  for name in $step; do $name; done
done
