"""The last step: chooses the NIL bias and the context on valid, exports, and tests once with them.

    python finish.py --model work/luke-mini-en-hf --data work/src/neuroner/data/conll2003/en --out work/luke-mini-en-hf

Training samples few of the many NIL spans, so the head is too ready to see entities. One number added to NIL's logit
(and so to `classifier.bias`) puts that right. The document's context is kept only when it is worth its cost.
"""
import argparse
import os
import time

import torch
import transformers

from conll import load, load_tokenizer
from evaluate import decode, score, show, span_logits
from export import save
from model import Model, stored

BIASES = [b / 4 for b in range(-4, 13)]
CONTEXT_GAIN = 0.4  # F1 that the context must bring on valid


def best_bias(docs, logits):
    """(smoothed F1, bias): each bias is judged with its two neighbours, so as not to pick a lucky one."""
    f1 = [score(docs, decode(docs, logits, b))["f1"] for b in BIASES]
    smooth = [(sum(f1[k - 1 : k + 2]) / 3, BIASES[k]) for k in range(1, len(BIASES) - 1)]
    return max(smooth)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--model", default="work/luke-mini-en-hf")
    p.add_argument("--data", default="work/src/neuroner/data/conll2003/en")
    p.add_argument("--out", default="work/luke-mini-en-hf")
    p.add_argument("--context", type=int, default=128)
    p.add_argument("--every", type=int, default=1, help="choose on one valid document in so many")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--no-test", action="store_true")
    a = p.parse_args()

    transformers.logging.set_verbosity_error()
    torch.set_num_threads(a.threads)
    tokenizer = load_tokenizer(os.path.join(a.model, "tokenizer.json"))
    model = Model(a.model).eval()
    valid = load(os.path.join(a.data, "valid.txt"), tokenizer)[:: a.every]

    def measure(name, docs, logits, bias, context):
        print(f"{name}, context {context}, NIL bias {bias:+.2f}: {show(score(docs, decode(docs, logits, bias)))}", flush=True)

    chosen = {}
    logits = {c: span_logits(model, tokenizer, valid, c) for c in (0, a.context)}
    for c, lo in logits.items():
        chosen[c] = best_bias(valid, lo)
        measure("valid", valid, lo, 0.0, c)
        measure("valid", valid, lo, chosen[c][1], c)
    context = a.context if chosen[a.context][0] - chosen[0][0] > CONTEXT_GAIN else 0
    bias = chosen[context][1]
    for c, lo in logits.items():
        measure("valid (final)", valid, lo, bias, c)
    with torch.no_grad():
        model.classifier.bias[0] += bias
    save(stored(model.state_dict(), model.tasks), model.config, tokenizer, a.out, context)
    print(f"{a.out}: context {context}, NIL bias {bias:+.2f} added to classifier.bias", flush=True)
    if not a.no_test:
        test = load(os.path.join(a.data, "test.txt"), tokenizer)
        t = time.time()
        measure("test", test, span_logits(model, tokenizer, test, context), 0.0, context)
        print(f"({time.time() - t:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
