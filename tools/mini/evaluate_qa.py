"""Exact match and F1 of answers, by SQuAD's rules, and how well questions without an answer are told from the others (AUC), on the
development questions and on held-out ones.

    python evaluate_qa.py --model work/luke-mini-en-hf

SQuAD itself is for the last test only, through the runtime: `luke eval squad`.
"""
import argparse
import collections
import os
import re
import string

import torch

import written_data
from qa_data import Reader, read_dev, read_written, split

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
    """The best answer to each question, and by how much "no answer" scores above it. logits_of(ids, mask) -> [batch, n, 2]."""
    laid = []
    for k, item in enumerate(items):
        question, tokens = reader.question(item["question"]), reader.context(item["context"])
        tokens = tokens[: most - len(question) - 2 - len(reader.between)]
        laid.append((k, tokens, *reader.layout(question, tokens)))
    laid.sort(key=lambda x: len(x[2]))
    out, none = [""] * len(items), [0.0] * len(items)
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
            none[k] = float(lo[0].sum() - pair.max())
    return out, none


def area(none, there):
    """The share of pairs of a question without (not `there`) and one with an answer that `none` orders rightly; None without pairs."""
    ranks = sorted(range(len(none)), key=lambda k: none[k])
    with_answer = wins = 0
    for k in ranks:
        if there[k]:
            with_answer += 1
        else:
            wins += with_answer
    pairs = with_answer * (len(none) - with_answer)
    return wins / pairs if pairs else None


def score(items, given, none):
    """In percent, of the questions that have an answer; `auc` where some have none."""
    there = [bool(item.get("answers") or item.get("answer")) for item in items]
    pairs = [(a, item.get("answers") or [item["answer"]]) for a, item, has in zip(given, items, there) if has]
    em = sum(max(normal(a) == normal(g) for g in gold) for a, gold in pairs)
    f = sum(max(f1(a, g) for g in gold) for a, gold in pairs)
    out = {"em": 100 * em / max(len(pairs), 1), "f1": 100 * f / max(len(pairs), 1), "questions": len(pairs)}
    auc = area(none, there)
    return out if auc is None else out | {"auc": auc, "without an answer": len(items) - len(pairs)}


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--model", default="work/luke-mini-en-hf")
    p.add_argument("--dev", default="qa_dev.json")
    p.add_argument("--wikipedia", default="qa_written.tsv", help="its held-out part is scored")
    p.add_argument("--src", default="work/src")
    p.add_argument("--show", action="store_true", help="print the answers to the questions written by hand")
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    from conll import load_tokenizer
    from evaluate import show
    from model import Model

    torch.set_num_threads(a.threads)
    tokenizer = load_tokenizer(os.path.join(a.model, "tokenizer.json"))
    model = Model(a.model).eval()
    reader = Reader(tokenizer)
    sets = {
        "by hand": read_dev(a.dev),
        "Wikipedia, held out": split(read_written(a.wikipedia, a.src))[1],
        "written": written_data.questions(written_data.files("dev", "qa")),
    }
    for name, items in sets.items():
        given, none = answers(model.answers, reader, items, model.config.pad_token_id)
        print(f"{name}: {show(score(items, given, none))}")
        if a.show and name == "by hand":
            for item, got in zip(items, given):
                print(f"  {item['question']}  {got}  [{'; '.join(item['answers'])}]")
