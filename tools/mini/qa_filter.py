"""Keeps the silver questions that a trained model answers as their maker meant: the round trip.

    python qa_filter.py --model work/hf-1 --silver work/silver.jsonl --out work/silver-kept.jsonl

The held-out part of the silver questions is kept whole, so that it still measures what it did.
"""
import argparse
import json
import os

import torch

from conll import load_tokenizer
from evaluate_qa import answers, f1
from qa_data import Reader, read_silver, split
from model import Model


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--model", default="work/hf-1")
    p.add_argument("--silver", default="work/silver.jsonl")
    p.add_argument("--out", default="work/silver-kept.jsonl")
    p.add_argument("--least", type=float, default=0.5, help="F1 with the intended answer")
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()

    torch.set_num_threads(a.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = load_tokenizer(os.path.join(a.model, "tokenizer.json"))
    model = Model(a.model).eval().to(device, torch.bfloat16)
    items, held = split(read_silver(a.silver))
    given = answers(model.answers, Reader(tokenizer), items, model.config.pad_token_id, batch=32)
    kept = [q for q, got in zip(items, given) if f1(got, q["answer"]) >= a.least]
    with open(a.out + ".tmp", "w", encoding="utf-8") as f:
        for q in kept + held:
            f.write(json.dumps(q, ensure_ascii=False) + "\n")
    os.replace(a.out + ".tmp", a.out)
    print(f"{a.out}: {len(kept)} of {len(items)} kept")


if __name__ == "__main__":
    main()
