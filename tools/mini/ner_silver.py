"""Silver sentences for named entities: Wikipedia text labelled by a trained model, kept where it is sure and not contradicted.

    python ner_silver.py --model work/hf-1 --src work/src --out work/ner-silver.jsonl

Words are cut as the runtime cuts raw text. A sentence is dropped when the model is in doubt about any span of it, or when a title
of known type (typing_data.py) has another label. Writes a paragraph a line: [[words, [[start, end, label]...]]...].
"""
import argparse
import json
import os
import re

import torch

from conll import LABELS, Sentence, load_tokenizer
from evaluate import greedy, span_logits
from model import Model
from typing_data import type_of
from vocabulary import WORD
from wikipedia import articles, summaries

LABEL_OF = {"person": {"PER"}, "place": {"LOC"}, "organization": {"ORG"}, "event": {"MISC"}, "language": {"MISC"},
            "people": {"MISC", "ORG"}, "work": {"MISC"}}
BOUND = re.compile(r"(?<=[.!?])[\"'”’)]* +(?=[\"'“‘(]?[A-Z0-9])")


def labelled(sentence, logits, known, sure, doubt):
    """{(start, end): label}, or None where the sentence is not to be trusted."""
    p = logits.softmax(1)
    best, arg = p[:, 1:].max(1)
    found = greedy([(float(b), s[2], s[3], LABELS[k + 1]) for b, k, s in zip(best, arg.tolist(), sentence.spans) if b > 0.5],
                   len(sentence.words))
    at = {(s[2], s[3]): float(b) for b, s in zip(best, sentence.spans)}
    taken = {i for a, e in found for i in range(a, e)}
    if any(at[span] < sure for span in found):
        return None
    if any(doubt < b <= 0.5 and not taken & set(range(a, e)) for (a, e), b in at.items()):
        return None
    for (a, e), label in found.items():
        wanted = known.get(" ".join(sentence.words[a:e]))
        if wanted and label not in wanted:
            return None
    return found


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--model", default="work/hf-1")
    p.add_argument("--src", default="work/src")
    p.add_argument("--out", default="work/ner-silver.jsonl")
    p.add_argument("--sure", type=float, default=0.9)
    p.add_argument("--doubt", type=float, default=0.1)
    p.add_argument("--limit", type=int, help="paragraphs")
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()

    torch.set_num_threads(a.threads)
    tokenizer = load_tokenizer(os.path.join(a.model, "tokenizer.json"))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = Model(a.model).eval().to(device, torch.bfloat16)
    pages = summaries(a.src)
    known = {}
    for page in pages:
        if "(" not in page["title"] and LABEL_OF.get(type_of(page)):
            known[" ".join(WORD.findall(page["title"]))] = LABEL_OF[type_of(page)]
    pages = (pages + articles(a.src))[: a.limit]
    cache, kept, seen = {}, 0, 0
    with open(a.out + ".tmp", "w", encoding="utf-8") as f:
        for k in range(0, len(pages), 64):
            docs = [[Sentence(tokenizer, WORD.findall(s), {}, cache) for s in BOUND.split(page["text"])] for page in pages[k : k + 64]]
            docs = [[s for s in doc if 3 < len(s.words) < 80] for doc in docs]
            logits = span_logits(model, tokenizer, docs, 128)
            for d, doc in enumerate(docs):
                out = []
                for i, s in enumerate(doc):
                    found = labelled(s, logits[d, i], known, a.sure, a.doubt)
                    seen += 1
                    if found is not None:
                        out.append([s.words, [[x, y, label] for (x, y), label in found.items()]])
                if out:
                    f.write(json.dumps(out, ensure_ascii=False) + "\n")
                    kept += len(out)
            print(f"{k + len(docs)} paragraphs, {kept} of {seen} sentences kept", flush=True)
    os.replace(a.out + ".tmp", a.out)


def read(path, tokenizer):
    """Documents as `conll.load` gives them."""
    cache = {}
    return [
        [Sentence(tokenizer, words, {(a, e): label for a, e, label in spans}, cache) for words, spans in json.loads(line)]
        for line in open(path, encoding="utf-8")
    ]


if __name__ == "__main__":
    main()
