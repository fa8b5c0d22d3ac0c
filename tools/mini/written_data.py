"""Reads the data that was written for the model: `written/`, ner_written.txt and ner_dev.txt. written/README.md says the forms."""
import glob
import os
import re

from conll import documents
from vocabulary import WORD

HERE = os.path.dirname(os.path.abspath(__file__))
ENTITY = re.compile(r"\[\[(PER|LOC|ORG|MISC) ([^\[\]]+)\]\]")
MARK = re.compile(r"\[\[(?:([HT]) )?([^\[\]]+)\]\]")


def files(part, kind):
    """Those of `train` or `dev` and a kind: ner, qa, rel, typ."""
    found = sorted(glob.glob(os.path.join(HERE, "written", part, f"{kind}*.txt")))
    assert found, (part, kind)
    return found


def marked(sentence):
    """(words, spans) of a line: `[[PER Adaeze Okafor]] left [[LOC Lagos]].`"""
    words, spans = [], []
    parts = ENTITY.split(sentence)  # plain text, label, name, plain text, ...
    for k, part in enumerate(parts):
        own = WORD.findall(part) if k % 3 != 1 else []
        if k % 3 == 2:
            spans.append([len(words), len(words) + len(own), parts[k - 1]])
        words += own
    return words, spans


def sentences(paths):
    """Documents as `reader.read` gives them, of texts with marks, an empty line between documents."""
    out = []
    for path in paths:
        for doc in open(path, encoding="utf-8").read().strip().split("\n\n"):
            parts = [marked(line) for line in doc.split("\n") if line.strip()]
            out.append([(words, {(a, e): label for a, e, label in spans}) for words, spans in parts if words])
    return out


def plain_sentences(paths):
    """Documents of [(sentence without its marks, [(start, end)] of its entities)]."""
    out = []
    for path in paths:
        for doc in open(path, encoding="utf-8").read().strip().split("\n\n"):
            lines = []
            for line in filter(str.strip, doc.split("\n")):
                text, spans, at = "", [], 0
                for m in ENTITY.finditer(line):
                    text += line[at : m.start()]
                    spans.append((len(text), len(text) + len(m.group(2))))
                    text, at = text + m.group(2), m.end()
                lines.append((text + line[at:], spans))
            out.append(lines)
    return out


def entities(paths, tokenizer):
    """The same, as `conll.load` gives them."""
    return documents(sentences(paths), tokenizer)


def questions(paths):
    """[{title, context, question, start, answer}]; no answer is the empty one."""
    from qa_data import place

    out = []
    for path in paths:
        for block in open(path, encoding="utf-8").read().strip().split("\n\n"):
            title, context, *lines = block.split("\n")
            for line in lines:
                question, _, answer = line.removeprefix("? ").partition("\t")
                start = place(answer, context) if answer else 0
                out.append(dict(title=title.removeprefix("# "), context=context, question=question, start=start, answer=answer))
    return out


def plain(text):
    """(the text without its marks, {mark: (start, end)}); the mark of a single mention is "M"."""
    out, places, at = "", {}, 0
    for m in MARK.finditer(text):
        out += text[at : m.start()]
        places[m.group(1) or "M"] = (len(out), len(out) + len(m.group(2)))
        out, at = out + m.group(2), m.end()
    return out + text[at:], places


def labelled(paths):
    """[(text, {mark: place}, label)] of relations and of types."""
    lines = [line for path in paths for line in open(path, encoding="utf-8").read().splitlines()]
    return [(*plain(text), label) for text, label in (line.split("\t") for line in lines if line)]
