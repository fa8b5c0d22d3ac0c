"""Exact match and F1 of answers, by SQuAD's rules, on the development questions and on held-out silver and written ones.

    python evaluate_qa.py --model work/luke-mini-en-hf --silver work/silver.jsonl

SQuAD itself is for the last test only, through the runtime: `luke eval squad`.
"""
import argparse
import collections
import os
import re
import string

import torch

from qa_data import Reader, read_dev, read_silver, read_written, split

LONGEST = 30


def normal(text):
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def f1(answer, gold):
    a, g = normal(answer).split(), normal(gold).split()
    same = sum((collections.Counter(a) & collections.Counter(g)).values())
    return 2 * same / (len(a) + len(g)) if same else float(a == g)


@torch.no_grad()
def answers(logits_of, reader, items, pad, batch=16, most=512):
    """The best answer to each question. logits_of(ids, mask) -> [batch, n, 2]."""
    laid = []
    for k, item in enumerate(items):
        question, tokens = reader.question(item["question"]), reader.context(item["context"])
        tokens = tokens[: most - len(question) - 2 - len(reader.between)]
        laid.append((k, tokens, *reader.layout(question, tokens)))
    laid.sort(key=lambda x: len(x[2]))
    out = [""] * len(items)
    for at in range(0, len(laid), batch):
        part = laid[at : at + batch]
        n = max(len(x[2]) for x in part)
        ids, mask = torch.full((len(part), n), pad), torch.zeros(len(part), n)
        for row, (_, _, row_ids, _) in enumerate(part):
            ids[row, : len(row_ids)] = torch.tensor(row_ids)
            mask[row, : len(row_ids)] = 1
        logits = logits_of(ids, mask).float().cpu()
        for (k, tokens, _, begin), lo in zip(part, logits):
            start, end = lo[begin : begin + len(tokens), 0], lo[begin : begin + len(tokens), 1]
            pair = start[:, None] + end[None, :]
            pair = torch.where(torch.ones_like(pair).triu().tril(LONGEST - 1) > 0, pair, -1e9)
            first, last = divmod(int(pair.argmax()), len(tokens))
            out[k] = items[k]["context"][tokens[first][1] : tokens[last][2]].strip()
    return out


def score(items, given):
    gold = [item.get("answers") or [item["answer"]] for item in items]
    em = sum(max(normal(a) == normal(g) for g in gs) for a, gs in zip(given, gold))
    f = sum(max(f1(a, g) for g in gs) for a, gs in zip(given, gold))
    return {"em": 100 * em / len(items), "f1": 100 * f / len(items), "questions": len(items)}


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--model", default="work/luke-mini-en-hf")
    p.add_argument("--dev", default="qa_dev.json")
    p.add_argument("--silver", help="JSON Lines of qa_silver.py; its held-out part is scored")
    p.add_argument("--written", help="qa_written.tsv; likewise")
    p.add_argument("--src", default="work/src")
    p.add_argument("--show", action="store_true", help="print the answers to the questions written by hand")
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    from conll import load_tokenizer
    from model import Model

    torch.set_num_threads(a.threads)
    tokenizer = load_tokenizer(os.path.join(a.model, "tokenizer.json"))
    model = Model(a.model).eval()
    reader = Reader(tokenizer)
    sets = {"by hand": read_dev(a.dev)}
    if a.silver:
        sets["silver, held out"] = split(read_silver(a.silver))[1]
    if a.written:
        sets["written, held out"] = split(read_written(a.written, a.src))[1]
    for name, items in sets.items():
        given = answers(model.answers, reader, items, model.config.pad_token_id)
        print(name, " ".join(f"{k} {v:.2f}" if k != "questions" else f"{k} {v}" for k, v in score(items, given).items()))
        if a.show and name == "by hand":
            for item, got in zip(items, given):
                print(f"  {item['question']}  {got}  [{'; '.join(item['answers'])}]")
