"""Exact-span micro F1 on CoNLL-2003 of a model folder, run by the `luke` command line: what users get.

    python evaluate_runtime.py --luke ../../target/release/luke --model ../../www/models/luke-mini-en --data .../test.txt

Each document goes in as words with sentence bounds; all other settings are the model folder's own.
Needs no package beyond Python's own.
"""
import argparse
import json
import subprocess
import time
from collections import Counter

from reader import read

LABELS = ["MISC", "PER", "ORG", "LOC"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--luke", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--options", default="{}", help="JSON, as in luke.ner")
    parser.add_argument("--limit", type=int, help="documents")
    args = parser.parse_args()
    docs = read(args.data)[: args.limit]
    options = json.loads(args.options)

    process = subprocess.Popen([args.luke, "ner", args.model], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    gold, predicted, hit = Counter(), Counter(), Counter()
    started = time.time()
    for doc in docs:
        words, spans, sentences = [], {}, []
        for sentence, named in doc:
            offset = len(words)
            spans.update({(s + offset, e + offset): label for (s, e), label in named.items()})
            words += sentence
            sentences.append([offset, len(words)])
        process.stdin.write(json.dumps({"words": words, "sentences": sentences, "options": options}) + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        if isinstance(answer, dict):
            raise SystemExit(answer)
        gold.update(spans.values())
        predicted.update(entity["label"] for entity in answer)
        hit.update(e["label"] for e in answer if spans.get((e["start"], e["end"])) == e["label"])
    process.stdin.close()
    process.wait()

    def f1(h, p, g):
        return round(200 * h / max(p + g, 1), 2)

    h, p, g = hit.total(), predicted.total(), gold.total()
    print(json.dumps({
        "f1": f1(h, p, g), "precision": round(100 * h / max(p, 1), 2), "recall": round(100 * h / max(g, 1), 2),
        "byLabel": {label: f1(hit[label], predicted[label], gold[label]) for label in LABELS},
        "gold": g, "predicted": p, "sentences": sum(map(len, docs)), "seconds": round(time.time() - started),
    }))


if __name__ == "__main__":
    main()
