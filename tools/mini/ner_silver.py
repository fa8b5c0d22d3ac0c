"""Silver sentences for named entities: Wikipedia text labelled by trained models, kept where they are sure and agree.

    python ner_silver.py --models work/hf-cased work/hf-uncased --src work/src --out work/ner-silver.jsonl

Words are cut as the runtime cuts raw text. A sentence is dropped when a model is in doubt about any span of it, when the models find
different entities, or when a title of known type (typing_data.py) has another label. Writes a paragraph a line:
[[words, [[start, end, label]...]]...].
"""
import argparse
import json
import os
import re

import torch

from conll import LABELS, Sentence, load_tokenizer
from evaluate import greedy, span_logits
from model import Model
from trainer import shuffled
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


class Labeller:
    """A trained model over sentences of words."""

    def __init__(self, folder, sure, doubt):
        self.tokenizer, self.cache, self.sure, self.doubt = load_tokenizer(os.path.join(folder, "tokenizer.json")), {}, sure, doubt
        self.model = Model(folder).eval().to("cuda" if torch.cuda.is_available() else "cpu", torch.bfloat16)

    def of(self, docs, known):
        """{(document, sentence): what `labelled` gives}"""
        docs = [[Sentence(self.tokenizer, words, {}, self.cache) for words in doc] for doc in docs]
        logits = span_logits(self.model, self.tokenizer, docs, 128)
        return {(d, i): labelled(s, logits[d, i], known, self.sure, self.doubt) if (d, i) in logits else None
                for d, doc in enumerate(docs) for i, s in enumerate(doc)}


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--models", nargs="+", default=["work/hf-1"])
    p.add_argument("--src", default="work/src")
    p.add_argument("--out", default="work/ner-silver.jsonl")
    p.add_argument("--sure", type=float, default=0.9)
    p.add_argument("--doubt", type=float, default=0.1)
    p.add_argument("--limit", type=int, help="paragraphs, drawn at random")
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()

    torch.set_num_threads(a.threads)
    labellers = [Labeller(folder, a.sure, a.doubt) for folder in a.models]
    pages = summaries(a.src)
    known = {}
    for page in pages:
        if "(" not in page["title"] and LABEL_OF.get(type_of(page)):
            known[" ".join(WORD.findall(page["title"]))] = LABEL_OF[type_of(page)]
    pages = shuffled(pages + articles(a.src), "silver")[: a.limit]
    kept, seen = 0, 0
    with open(a.out + ".tmp", "w", encoding="utf-8") as f:
        for k in range(0, len(pages), 64):
            docs = [[w for s in BOUND.split(page["text"]) if 3 < len(w := WORD.findall(s)) < 80] for page in pages[k : k + 64]]
            first, *others = [labeller.of(docs, known) for labeller in labellers]
            for d, doc in enumerate(docs):
                out = []
                for i, words in enumerate(doc):
                    found = first[d, i]
                    seen += 1
                    if found is not None and all(other[d, i] == found for other in others):
                        out.append([words, [[x, y, label] for (x, y), label in found.items()]])
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
