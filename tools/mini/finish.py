"""The last step: chooses NIL's bias and the context on valid, as shipped (through the runtime, with its filter of spans), and exports.

    python finish.py --model work/hf-mean --data work/src/neuroner/data/conll2003/en --out work/luke-mini-en-hf

Training samples few of the many NIL spans, so the head is too ready to see entities. One number added to NIL's logit
(and so to `classifier.bias`) puts that right. The document's context is kept only when it is worth its cost.
"""
import argparse
import json
import os
import subprocess
import tempfile

import torch

from conll import load_tokenizer
from export import CONTEXT, save
from model import Model, stored

BIASES = [-1.0, -0.5, 0.0, 0.5, 1.0]
CONTEXT_GAIN = 1.0  # F1 that the context must bring on valid, as it doubles the time


def documents(path, every):
    """One document in so many of a CoNLL file, as text."""
    docs = open(path, encoding="utf-8").read().split("-DOCSTART-")[1:]
    return "".join("-DOCSTART-" + d for d in docs[::every])


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--model", default="work/hf-mean")
    p.add_argument("--data", default="work/src/neuroner/data/conll2003/en")
    p.add_argument("--out", default="work/luke-mini-en-hf")
    p.add_argument("--luke", default="../../target/release/luke", help="the command line")
    p.add_argument("--context", type=int, default=CONTEXT)
    p.add_argument("--every", type=int, default=1, help="choose on one valid document in so many")
    a = p.parse_args()

    tokenizer = load_tokenizer(os.path.join(a.model, "tokenizer.json"))
    model = Model(a.model).eval()
    own = model.classifier.bias.detach().clone()

    def write(folder, bias, context):
        with torch.no_grad():
            model.classifier.bias.copy_(own)
            model.classifier.bias[0] += bias
        save(stored(model.state_dict(), model.tasks), model.config, tokenizer, folder, context)

    def f1(bias, context):
        write(f"{tmp}/hf", bias, context)
        subprocess.run([a.luke, "convert", f"{tmp}/hf", f"{tmp}/model", "--dtype", "q8", "--skip-self-test"], check=True, stdout=subprocess.DEVNULL)
        out = subprocess.run([a.luke, "eval", f"{tmp}/model", f"{tmp}/valid.txt", "--task", "conll2003"], check=True, stdout=subprocess.PIPE)
        scores = json.loads(out.stdout)["metrics"]
        print(f"valid/{a.every}, q8, context {context}, NIL bias {bias:+.2f}: F1 {scores['f1']:.2f} "
              f"precision {scores['precision']:.2f} recall {scores['recall']:.2f}", flush=True)
        return scores["f1"]

    with tempfile.TemporaryDirectory() as tmp:
        with open(f"{tmp}/valid.txt", "w", encoding="utf-8") as f:
            f.write(documents(os.path.join(a.data, "valid.txt"), a.every))
        alone, within = f1(0.0, 0), f1(0.0, a.context)
        context, at = (a.context, within) if within - alone > CONTEXT_GAIN else (0, alone)
        found = {bias: at if bias == 0 else f1(bias, context) for bias in BIASES}
    # each is judged with its neighbours, so as not to pick a lucky one
    bias = max(BIASES[1:-1], key=lambda b: sum(found[b + d] for d in (-0.5, 0, 0.5)))
    write(a.out, bias, context)
    print(f"{a.out}: context {context}, NIL bias {bias:+.2f} added to classifier.bias", flush=True)


if __name__ == "__main__":
    main()
