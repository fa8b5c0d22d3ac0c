"""Exact-span micro F1 of a checkpoint on CoNLL-2003, or on a text with marks, by the runtime's rules: every span, or the likely ones.

    python evaluate.py --model work/luke-mini-en-hf --data work/src/neuroner/data/conll2003/en/valid.txt --context 0 128
    python evaluate.py --model work/luke-mini-en-hf --marked ner_dev.txt
"""
import argparse
import os
import time
from collections import Counter

import torch

from conll import LABELS, chunks, collate, load, load_tokenizer, with_context


def greedy(cands, n_words):
    """cands: (logit, start, end, label) in enumeration order, NIL left out. The highest raw logit first, no overlaps."""
    used, out = [False] * n_words, {}
    for _, s, e, label in sorted(cands, key=lambda c: c[0], reverse=True):
        if not any(used[s:e]):
            used[s:e] = [True] * (e - s)
            out[s, e] = label
    return out


@torch.no_grad()
def span_logits(model, tokenizer, docs, context, likely=False, tokens_per_batch=4000):
    """{(doc, sentence): logits [spans, labels]}. Passes of like length share a batch."""
    passes = []
    for d, doc in enumerate(docs):
        for i, sent in enumerate(doc):
            ids, off = with_context(doc, i, context)
            looked_at = sent.looked_at(likely)
            for a, b in chunks(len(looked_at)):
                spans = [(s + off, e + off) for s, e, _, _ in looked_at[a:b]]
                passes.append(((d, i, a), (ids, spans, [0] * len(spans))))
    passes.sort(key=lambda p: (len(p[1][0]), len(p[1][1])))
    cls_id, sep_id = tokenizer.encode("").ids
    pad_id = model.config.pad_token_id
    parts = {}
    model.eval()
    while passes:
        n = max(1, tokens_per_batch // (len(passes[-1][1][0]) + len(passes[-1][1][1]) + 2))
        batch, passes = passes[-n:], passes[:-n]
        kw, _ = collate([p for _, p in batch], cls_id, sep_id, pad_id=pad_id)
        for (key, item), lo in zip(batch, model(**kw).logits):
            parts[key] = lo[: len(item[1])]
    out = {}
    for d, i, a in sorted(parts):
        out.setdefault((d, i), []).append(parts[d, i, a])
    return {k: torch.cat(v) for k, v in out.items()}


def decode(docs, logits, nil_bias=0.0, likely=False):
    """{(doc, sentence): {(start, end): label}}"""
    out = {}
    for (d, i), lo in logits.items():
        sent = docs[d][i]
        lo = lo.clone()
        lo[:, 0] += nil_bias
        top, arg = lo.max(1)
        cands = [(t, s[2], s[3], LABELS[k]) for t, k, s in zip(top.tolist(), arg.tolist(), sent.looked_at(likely)) if k]
        out[d, i] = greedy(cands, len(sent.words))
    return out


def score(docs, predicted):
    """Percent: precision, recall, F1 over all sentences, and F1 by label."""
    gold, pred, hit = Counter(), Counter(), Counter()
    for d, doc in enumerate(docs):
        for i, sent in enumerate(doc):
            p = predicted.get((d, i), {})
            gold.update(sent.gold.values())
            pred.update(p.values())
            hit.update(l for s, l in p.items() if sent.gold.get(s) == l)
    f1 = lambda h, p, g: 200 * h / max(p + g, 1)
    h, p, g = hit.total(), pred.total(), gold.total()
    return {
        "f1": f1(h, p, g), "precision": 100 * h / max(p, 1), "recall": 100 * h / max(g, 1),
        **{l: f1(hit[l], pred[l], gold[l]) for l in LABELS[1:]},
        "gold": g, "predicted": p, "sentences": sum(map(len, docs)),
    }


def evaluate(model, tokenizer, docs, context, nil_bias=0.0, likely=False):
    return score(docs, decode(docs, span_logits(model, tokenizer, docs, context, likely), nil_bias, likely))


def show(result):
    return " ".join(f"{k} {v:.2f}" if isinstance(v, float) else f"{k} {v}" for k, v in result.items())


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--model", default="work/luke-mini-en-hf")
    p.add_argument("--data", default="work/src/neuroner/data/conll2003/en/valid.txt")
    p.add_argument("--marked", help="a text as ner_written.txt, instead")
    p.add_argument("--context", type=int, nargs="+", default=[0], help="sub-words with specials; 0: the sentence alone")
    p.add_argument("--likely", action="store_true", help="only the spans that the runtime's filter keeps")
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    import written_data
    from model import Model

    torch.set_num_threads(a.threads)
    tokenizer = load_tokenizer(os.path.join(a.model, "tokenizer.json"))
    model = Model(a.model)
    docs = written_data.entities([a.marked], tokenizer) if a.marked else load(a.data, tokenizer)
    for context in a.context:
        t = time.time()
        found = evaluate(model, tokenizer, docs, context, likely=a.likely)
        print(f"context {context}: {show(found)} ({time.time() - t:.0f} s)", flush=True)
