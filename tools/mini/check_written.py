"""Checks written data, and counts it: check_written.py KIND FILE...  written/README.md says what each kind looks like."""
import re
import sys
from collections import Counter

from relations import RELATIONS

TYPES = [
    "person", "people", "organization", "place", "event", "work", "organism", "substance", "artifact", "language", "condition", "idea",
    "astronomical object",
]
ENTITY = re.compile(r"\[\[(PER|LOC|ORG|MISC) (\S|\S[^\[\]]*\S)\]\]")
MENTION = re.compile(r"\[\[[^\[\]]+\]\]")


def ner(lines, counts):
    """A sentence a line, an empty line between documents."""
    for number, line in lines:
        if not line:
            continue
        counts.update(label for label, _ in ENTITY.findall(line))
        rest = ENTITY.sub("", line)
        counts["sentences"] += 1
        counts["without an entity"] += rest == line
        if "[[" in rest or "]]" in rest:
            yield number, "a mark that is none"


def qa(lines, counts):
    """Blocks of a title, a paragraph and questions, an empty line between."""
    title = paragraph = None
    for number, line in lines:
        if not line:
            title = paragraph = None
        elif line.startswith("# "):
            title, paragraph = line, None
            counts["paragraphs"] += 1
        elif not line.startswith("? "):
            if title is None or paragraph is not None:
                yield number, "neither a title, nor a paragraph, nor a question"
            paragraph = line
        elif paragraph is None or line.count("\t") != 1:
            yield number, "no paragraph before the question, or no tab behind it"
        else:
            question, answer = line[2:].split("\t")
            counts["questions"] += 1
            counts["without an answer"] += not answer
            if not question.endswith("?") or answer != answer.strip() or answer not in paragraph:
                yield number, "no question mark, or the answer is not in the paragraph"


def marked(lines, counts, labels, marks):
    """A text, a tab and a label a line; the text has one mark of each kind."""
    for number, line in lines:
        text, _, label = line.partition("\t")
        counts[label] += 1
        if label not in labels or len(MENTION.findall(text)) != len(marks) or any(text.count(mark) != 1 for mark in marks):
            yield number, "an unknown label, or a wrong number of marks"


KINDS = {
    "ner": ner,
    "qa": qa,
    "rel": lambda lines, counts: marked(lines, counts, RELATIONS, ["[[H ", "[[T "]),
    "typ": lambda lines, counts: marked(lines, counts, TYPES, ["[["]),
}


def main():
    kind, *files = sys.argv[1:]
    counts, wrong = Counter(), 0
    for file in files:
        with open(file, encoding="utf-8") as f:
            lines = list(enumerate(f.read().splitlines(), 1))
        for number, reason in KINDS[kind](lines, counts):
            wrong += 1
            print(f"{file}:{number}: {reason}")
    print(dict(counts))
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
