#!/usr/bin/env bash
# Makes luke-mini-en from the packages of sources.json; see README.md. Every step that is done is not done again.
#   ./make.sh                      everything up to work/luke-mini-en-hf
#   ./make.sh fetch init           only these steps
#   LUKE=../../target/release/luke ./make.sh convert test     the model folders, and the last test through the runtime
# Settings: WORK, LAYERS, VOCABULARY, STEPS, SECOND_STEPS, THREADS.
set -euo pipefail
cd "$(dirname "$0")"
WORK=${WORK:-work}
LAYERS=${LAYERS:-1 3 5 7 9 11}
VOCABULARY=${VOCABULARY:-12000}
STEPS=${STEPS:-8000}
SECOND_STEPS=${SECOND_STEPS:-6000}
THREADS=${THREADS:-2}
LUKE=${LUKE:-../../target/release/luke}
PYTHON=${PYTHON:-python}
CONLL=$WORK/src/neuroner/data/conll2003/en
SQUAD=$WORK/src/bigbench-1.0.0/bigbench/benchmark_tasks/squad_shifts/squaddev_v1.1.json
# Threads that wait for one another give the core away; compiled code is kept.
export OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=0 TORCHINDUCTOR_CACHE_DIR=${TORCHINDUCTOR_CACHE_DIR:-$PWD/$WORK/inductor}

fetch() { $PYTHON fetch.py --work "$WORK"; }

init() {
  # shellcheck disable=SC2086
  [ -e "$WORK/init" ] || $PYTHON init_luke.py --source e5 --layers $LAYERS --vocabulary "$VOCABULARY" --src "$WORK/src" --out "$WORK/init"
}

silver() { [ -e "$WORK/silver.jsonl" ] || $PYTHON qa_silver.py --src "$WORK/src" --out "$WORK/silver.jsonl"; }

train() {
  $PYTHON train.py --init "$WORK/init" --data "$CONLL" --silver "$WORK/silver.jsonl" --typing "$WORK/src" --run "$WORK/run-1" --out "$WORK/hf-1" \
    --steps "$STEPS" --threads "$THREADS"
}

second() {
  [ -e "$WORK/silver-kept.jsonl" ] || $PYTHON qa_filter.py --model "$WORK/hf-1" --silver "$WORK/silver.jsonl" \
    --out "$WORK/silver-kept.jsonl" --threads "$THREADS"
  [ -e "$WORK/ner-silver.jsonl" ] || $PYTHON ner_silver.py --model "$WORK/hf-1" --src "$WORK/src" \
    --out "$WORK/ner-silver.jsonl" --threads "$THREADS"
  $PYTHON train.py --init "$WORK/hf-1" --data "$CONLL" --silver "$WORK/silver-kept.jsonl" --typing "$WORK/src" \
    --more "$WORK/ner-silver.jsonl" --run "$WORK/run-2" --out "$WORK/hf-2" \
    --tag-steps 0 --lr 1.5e-4 --steps "$SECOND_STEPS" --threads "$THREADS"
}

finish() {
  $PYTHON finish.py --model "$WORK/hf-2" --data "$CONLL" --out "$WORK/luke-mini-en-hf" --no-test --threads "$THREADS"
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
  for dtype in f32 f16 q8 q4; do
    echo "$dtype: CoNLL-2003, SQuAD 1.1"
    "$LUKE" eval "$WORK/luke-mini-en-$dtype" "$CONLL/test.txt" --task conll2003
    "$LUKE" eval "$WORK/luke-mini-en-$dtype" "$SQUAD" --task squad
  done
}

for step in "${@:-fetch init silver train second finish}"; do
  for name in $step; do $name; done
done
