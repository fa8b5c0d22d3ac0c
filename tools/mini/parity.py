"""Whether training reads every task as the runtime does: the numbers of each head on development items, both ways. They must be equal.

    python parity.py --hf work/hf-1 --luke ../../target/release/luke --src work/src
"""
import argparse
import os
import random
import tempfile

import torch

import cloze_data
import evaluate
import evaluate_qa
import masked_data
import mention_data
import qa_data
import written_data
from conll import load_tokenizer
from export import ENTITY_VOCAB, entity_vocabulary
from init_luke import ids_of
from model import Model
from reader import read
from relations import RELATIONS
from runtime import convert
from typing_data import TYPES

MOST = 1e-3  # between logits; both sides compute in f32
ITEMS = 12


class Check:
    def __init__(self, a, runtime):
        self.a, self.runtime = a, runtime
        self.tokenizer = load_tokenizer(os.path.join(a.hf, "tokenizer.json"))
        self.model = Model(a.hf).eval()
        self.specials = ids_of(self.tokenizer)
        self.worst = {}

    def near(self, name, own, other):
        diff = max(abs(x - y) for x, y in zip(own, other, strict=True))
        self.worst[name] = max(self.worst.get(name, 0.0), diff)

    def entities(self):
        """The entities found, of whole documents given by words."""
        docs = written_data.entities(written_data.files("dev", "ner"), self.tokenizer)[:ITEMS]
        own = evaluate.decode(docs, evaluate.span_logits(self.model, self.tokenizer, docs, 0, likely=True), likely=True)
        for d, doc in enumerate(docs):
            words, bounds = [], []
            for s in doc:
                bounds.append([len(words), len(words) + len(s.words)])
                words += s.words
            found = self.runtime.lines("ner", [{"words": words, "sentences": bounds}])[0]
            want = {(bounds[i][0] + a, bounds[i][0] + e): label for i in range(len(doc)) for (a, e), label in own.get((d, i), {}).items()}
            got = {(e["start"], e["end"]): e["label"] for e in found}
            self.near("ner, share of entities that differ", [len(want.items() ^ got.items()) / max(len(want), 1)], [0.0])

    def answers(self):
        items = written_data.questions(written_data.files("dev", "qa"))[:ITEMS]
        given, none = evaluate_qa.answers(self.model.answers, qa_data.Reader(self.tokenizer), items, self.model.config.pad_token_id)
        found = self.runtime.lines("qa", [{"question": q["question"], "context": q["context"]} for q in items])
        self.near("qa", none, [f["nullScore"] - f["startLogit"] - f["endLogit"] for f in found])
        self.near("qa, answers that differ", [float(x != f["answer"]) for x, f in zip(given, found)], [0.0] * len(items))

    def marked(self, name, labels, logits_of, items, command, asked, options):
        source = mention_data.Marked(name, items, labels, self.tokenizer, self.specials, 1, {}, ENTITY_VOCAB)
        for item, found in zip(items, self.runtime.lines(command, asked, options)):
            ids, mask, entities, _ = source.collate([item])
            of = {f["label"]: f["logit"] for f in found}
            self.near(name, logits_of(ids, mask, entities)[0].tolist(), [of[label] for label in labels])

    def types(self):
        items = written_data.labelled(written_data.files("dev", "typ"))[:ITEMS]
        asked = [{"text": text, "span": list(p["M"])} for text, p, _ in items]
        self.marked("typing", TYPES, self.model.typed, [(t, [p["M"]], k) for t, p, k in items], "typing", asked, {"allScores": True})

    def relations(self):
        items = written_data.labelled(written_data.files("dev", "rel"))[: 2 * ITEMS]
        asked = [{"text": text, "head": list(p["H"]), "tail": list(p["T"])} for text, p, _ in items]
        self.marked("relation", RELATIONS, self.model.related, [(t, [p["H"], p["T"]], k) for t, p, k in items], "relation", asked, {})

    def blanks(self):
        pages = [p for p in masked_data.pages(self.a.src)[:400] if len(p["text"]) < 700]
        conll = [d for d in read(os.path.join(self.a.src, "neuroner/data/conll2003/en/valid.txt"))[:20] if sum(len(w) for w, _ in d) < 120]
        items = [x for part in cloze_data.make(pages, conll, written_data.files("dev", "ner")) for x in part]
        items = [x for x in items if len(x[2]) < cloze_data.SHAPE[2]][: 2 * ITEMS]
        source = cloze_data.Blanks(items, self.tokenizer, self.specials, 1, {})
        asked = [{"passage": p, "query": q, "candidates": [list(c) for c in cs]} for p, q, cs, _ in items]
        for item, found in zip(items, self.runtime.lines("cloze", asked)):
            ids, mask, entities, _ = source.collate([item])
            if int(entities[1].sum()) != len(item[2]) + 1:
                continue  # longer than a batch of training, which is cut
            of = {(f["start"], f["end"]): f["logit"] for f in found}
            logits = self.model.filled(ids, mask, entities)[0].tolist()
            self.near("cloze", logits[: len(item[2])], [of[tuple(c)] for c in item[2]])

    def masked(self):
        held = [p for p in masked_data.split(masked_data.pages(self.a.src))[1] if len(p["text"]) < 400]
        source = masked_data.Paragraphs(held, self.tokenizer, self.specials, 1, {}, entity_vocabulary())
        before, after, pad, mask_id = self.specials
        for page in held[:ITEMS]:
            text = page["text"]
            a = text.index(" ", len(text) // 2) + 1
            e = text.find(" ", a) if " " in text[a:] else len(text)
            sub = [before, *source.encode(text[:a]), mask_id, *source.encode(text[e:]), after]
            ids = torch.tensor([sub])
            logits = self.model.words(ids, torch.ones(1, len(sub)), torch.tensor([1 + len(source.encode(text[:a]))]))[0]
            best = self.runtime.lines("fill-mask", [{"text": text[:a] + "[MASK]" + text[e:]}], {"topK": 5})[0][0]
            self.near("mlm, words", [logits[x["id"]].item() for x in best], [x["logit"] for x in best])
        for text, found in source.named[:ITEMS]:
            if len(found) > masked_data.TITLES[2] or len(source.encode(text)) > 100:
                continue
            ids, mask, entities, at, _ = source.collate_titles([(text, found)], random.Random(1), hide=0.0)
            logits = self.model.titles(ids, mask, entities, at)
            answers = self.runtime.lines("predict-entities", [{"text": text, "spans": [[a, e] for a, e, _ in found]}], {"topK": 5})[0]
            for row, best in zip(logits, answers, strict=True):
                self.near("mlm, titles", [row[x["id"]].item() for x in best], [x["logit"] for x in best])

    def vectors(self):
        before, after, _, _ = self.specials
        for q in written_data.questions(written_data.files("dev", "qa"))[:ITEMS]:
            sub = [before, *self.tokenizer.encode(q["question"], add_special_tokens=False).ids, after]
            own = self.model.vector(torch.tensor([sub]), torch.ones(1, len(sub)))[0].tolist()
            self.near("embed", own, self.runtime.lines("embed", [{"text": q["question"]}], {"pooling": "mean"})[0]["vector"])


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--hf", required=True, help="the folder of a stage")
    p.add_argument("--luke", default="../../target/release/luke", help="the command line")
    p.add_argument("--src", default="work/src")
    a = p.parse_args()
    torch.set_num_threads(2)
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        check = Check(a, convert(a.luke, a.hf, f"{folder}/f32", "f32"))
        parts = {"ner": check.entities, "qa": check.answers, "typing": check.types, "relation": check.relations, "cloze": check.blanks,
                 "mlm": check.masked}
        for head, part in parts.items():
            if check.runtime.has(head):
                part()
        check.vectors()
    for name, diff in check.worst.items():
        print(f"{name}: {diff:.5f}")
    wrong = [name for name, diff in check.worst.items() if diff > MOST]
    raise SystemExit(f"training and runtime differ: {', '.join(wrong)}" if wrong else 0)


if __name__ == "__main__":
    main()
