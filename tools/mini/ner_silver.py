"""Silver sentences for named entities: Wikipedia text labelled by trained models, kept where they are sure and agree.

    python ner_silver.py --models work/model-a work/model-b --src work/src --out work/ner-silver.jsonl

The models are folders of `luke convert`; the runtime labels. A sentence is dropped when the models find different entities, when one is
not sure of an entity, or when a title of known type (typing_data.py) has another label. Writes a paragraph a line:
[[words, [[start, end, label]...]]...].
"""
import argparse
import json
import os
import re
import subprocess
import tempfile

from conll import Sentence
from trainer import shuffled
from typing_data import type_of
from vocabulary import WORD
from wikipedia import articles, summaries

LABEL_OF = {"person": {"PER"}, "place": {"LOC"}, "organization": {"ORG"}, "event": {"MISC"}, "language": {"MISC"},
            "people": {"MISC", "ORG"}, "work": {"MISC"}}
MARK = re.compile(r"\[\[(PER|LOC|ORG|MISC) ([^\[\]]+)\]\]")
BOUND = re.compile(r"(?<=[.!?])[\"'”’)]* +(?=[\"'“‘(]?[A-Z0-9])")


def paragraph(text):
    """{words, sentences}, as `luke ner` takes it; sentences too short or too long are left out."""
    words, sentences = [], []
    for sentence in BOUND.split(text):
        cut = WORD.findall(sentence)
        if 3 < len(cut) < 80:
            sentences.append([len(words), len(words) + len(cut)])
            words += cut
    return {"words": words, "sentences": sentences}


def names(paragraph):
    """The share of words with a capital that do not begin a sentence."""
    starts = {s for s, _ in paragraph["sentences"]}
    return sum(w[:1].isupper() for i, w in enumerate(paragraph["words"]) if i not in starts) / max(len(paragraph["words"]), 1)


def label(luke, folder, paragraphs):
    """For each paragraph {(start, end): (label, score)}."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as lines:
        lines.writelines(json.dumps(p) + "\n" for p in paragraphs)
        lines.seek(0)
        with subprocess.Popen([luke, "ner", folder], stdin=lines, stdout=subprocess.PIPE, text=True, encoding="utf-8") as run:
            for n, line in enumerate(run.stdout, 1):
                yield {(e["start"], e["end"]): (e["label"], e["score"]) for e in json.loads(line)}
                if n % 500 == 0:
                    print(f"{folder}: {n} paragraphs", flush=True)
    assert run.returncode == 0, f"{luke} ner {folder}: {run.returncode}"


def trusted(words, bounds, found, known, sure):
    """[[start, end, label]] of a sentence by what each model found in its paragraph, or None."""
    own = [{span: e for span, e in f.items() if bounds[0] <= span[0] < bounds[1]} for f in found]
    labels = [{span: name for span, (name, _) in f.items()} for f in own]
    if any(other != labels[0] for other in labels) or any(score < sure for f in own for _, score in f.values()):
        return None
    if any(name not in known.get(" ".join(words[a:e]), {name}) for (a, e), name in labels[0].items()):
        return None
    return [[a - bounds[0], e - bounds[0], name] for (a, e), name in sorted(labels[0].items())]


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--models", nargs="+", required=True)
    p.add_argument("--luke", default="../../target/release/luke", help="the command line")
    p.add_argument("--src", default="work/src")
    p.add_argument("--out", default="work/ner-silver.jsonl")
    p.add_argument("--sure", type=float, default=0.8, help="least score of an entity")
    p.add_argument("--names", type=float, default=0.15, help="least share of words with a capital in a paragraph")
    p.add_argument("--limit", type=int, help="paragraphs, drawn at random")
    a = p.parse_args()

    pages, known = summaries(a.src), {}
    for page in pages:
        if "(" not in page["title"] and LABEL_OF.get(type_of(page)):
            known[" ".join(WORD.findall(page["title"]))] = LABEL_OF[type_of(page)]
    pages = shuffled(pages + articles(a.src), "silver")
    paragraphs = [x for page in pages if names(x := paragraph(page["text"])) > a.names][: a.limit]
    labelled = zip(*(list(label(a.luke, folder, paragraphs)) for folder in a.models))
    kept, seen = 0, 0
    with open(a.out + ".tmp", "w", encoding="utf-8") as f:
        for x, found in zip(paragraphs, labelled):
            spans = [trusted(x["words"], bounds, found, known, a.sure) for bounds in x["sentences"]]
            out = [[x["words"][s:e], own] for (s, e), own in zip(x["sentences"], spans) if own is not None]
            if out:
                f.write(json.dumps(out, ensure_ascii=False) + "\n")
            kept, seen = kept + len(out), seen + len(spans)
    os.replace(a.out + ".tmp", a.out)
    print(f"{a.out}: {kept} of {seen} sentences kept")


def marked(sentence):
    """(words, spans) of a line of ner_written.txt: `[[PER Adaeze Okafor]] left [[LOC Lagos]].`"""
    words, spans = [], []
    for k, part in enumerate(MARK.split(sentence)):
        own = WORD.findall(part) if k % 3 != 1 else []  # plain text, label, name, plain text, ...
        if k % 3 == 2:
            spans.append([len(words), len(words) + len(own), label])
        label, words = part, words + own
    return words, spans


def read(path, tokenizer):
    """Documents as `conll.load` gives them, of JSON Lines as written here, or of a text with marks, an empty line between documents."""
    text = open(path, encoding="utf-8").read()
    if path.endswith(".txt"):
        docs = [[marked(line) for line in doc.split("\n")] for doc in text.strip().split("\n\n")]
    else:
        docs = map(json.loads, text.splitlines())
    cache = {}
    return [[Sentence(tokenizer, words, {(a, e): label for a, e, label in spans}, cache) for words, spans in doc] for doc in docs]


if __name__ == "__main__":
    main()
