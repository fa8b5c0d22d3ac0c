"""What the data of training shares with the sets of the last test: it should be next to nothing. No choice is made by it.

    python overlap.py --src work/src
"""
import argparse
import glob
import json
import os
import re

import written_data
from qa_data import read_written
from reader import read

SQUAD = "bigbench-1.0.0/bigbench/benchmark_tasks/squad_shifts/squaddev_v1.1.json"
CONLL = "neuroner/data/conll2003/en/test.txt"


def plain(text):
    return re.sub(r"[\W_]+", " ", text.lower()).strip()


def runs(texts, n):
    """All runs of n words."""
    return {tuple(w[i : i + n]) for w in (plain(t).split() for t in texts) for i in range(len(w) - n + 1)}


def sharing(texts, of, n):
    return sum(not runs([t], n).isdisjoint(of) for t in set(texts))


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--src", default="work/src")
    p.add_argument("--words", type=int, default=12, help="in a row, for paragraphs to share text")
    a = p.parse_args()

    paragraphs = [x for article in json.load(open(os.path.join(a.src, SQUAD)))["data"] for x in article["paragraphs"]]
    questions = {plain(q["question"]) for x in paragraphs for q in x["qas"]}
    text = runs([x["context"] for x in paragraphs], a.words)
    own = written_data.files
    asked = {"about Wikipedia": read_written("qa_written.tsv", a.src), "of written/": written_data.questions(own("train", "qa"))}
    for name, items in asked.items():
        same = {q["question"] for q in items if plain(q["question"]) in questions}
        contexts = {q["context"] for q in items}
        print(f"questions {name}: {len(same)} of {len(items)} are SQuAD's {sorted(same)[:5]}; "
              f"{sharing(contexts, text, a.words)} of {len(contexts)} paragraphs share {a.words} words in a row with one of SQuAD's")
    lines = lambda docs: [" ".join(words) for doc in docs for words, _ in doc]
    sentences = {
        "CoNLL's": lines(read(os.path.join(a.src, CONLL))),
        "those of tests/genres": lines(written_data.sentences(sorted(glob.glob("../../tests/genres/ner-*.txt")))),
    }
    written = lines(written_data.sentences(["ner_written.txt", *own("train", "ner")]))
    for name, test in sentences.items():
        same = {plain(x) for x in written if len(x.split()) > 3} & {plain(x) for x in test}
        print(f"sentences: {len(same)} of {len(written)} are {name} {sorted(same)}; "
              f"{sharing(written, runs(test, 7), 7)} share 7 words in a row")
    for kind, file in ("rel", "relation"), ("typ", "typing"):
        texts, test = ({text for text, _, _ in written_data.labelled(files)}
                       for files in (own("train", kind), [f"../../tests/genres/{file}.txt"]))
        print(f"{file}: {len(texts & test)} of {len(texts)} texts are those of tests/genres; "
              f"{sharing(texts, runs(test, 7), 7)} share 7 words in a row")


if __name__ == "__main__":
    main()
