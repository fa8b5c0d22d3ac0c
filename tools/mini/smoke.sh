#!/usr/bin/env bash
# The whole recipe with a few steps of each task: every stage, the choices at its end, the model folders, all figures, and whether training
# reads each task as the runtime does. For the tests of this folder: minutes on two cores, into a folder of its own.
#   SRC=work ./smoke.sh            SRC: a folder of fetch.py, where there is one
# SMOKE is a folder to keep, to look at or to go on in. PYTHON, LUKE and INIT_OPTIONS are as in make.sh.
set -euo pipefail
cd "$(dirname "$0")"
folder=${SMOKE:-$(mktemp -d)}
[ -n "${SMOKE:-}" ] || trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder"
export WORK="$folder" PYTHON=${PYTHON:-python} LUKE=${LUKE:-../../target/release/luke}
if [ -n "${SRC:-}" ]; then
  ln -sfn "$(cd "$SRC/src" && pwd)" "$folder/src"
  touch "$folder/fetched"
fi
# Every task of a stage has one step at least; one document and development item in so many.
export TRAIN_OPTIONS="--limit 10 --no-compile --train-every 60 --valid-every 108 --dev-every 40"
export FINISH_OPTIONS="--every 108 --quick" ASSESS_OPTIONS="--limit 8"
./make.sh
$PYTHON parity.py --hf "$folder/finished-3" --luke "$LUKE" --src "$folder/src"
$PYTHON estimate.py "$folder"/run-*/log.txt
$PYTHON - "$folder" <<'PY'
import json, sys
figures = json.load(open(f"{sys.argv[1]}/model-3.json"))
tasks = "CoNLL valid, written sentences, written questions, written types, written relations, cloze, masked words, titles, retrieval"
for task in tasks.split(", "):
    assert any(name.startswith(task) for name in figures), task
# A few steps leave what the start can do.
assert figures["CoNLL valid: F1"] > 60 and figures["questions by hand: F1"] > 30, figures
print("1 passed, 0 failed")
PY
