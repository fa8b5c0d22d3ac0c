"""What is expected of a file, what a reader found in it, and the differences."""

from collections import Counter
from dataclasses import dataclass, field
import re

Piece = tuple[int, int]
Span = tuple[str, tuple[Piece, ...]]


@dataclass
class Document:
    """A document as a tool read it. Offsets count code points. A field that is None is not in the format."""

    text: str | None
    spans: list[Span] = field(default_factory=list)
    relations: list[tuple[str, Span, Span]] | None = None
    questions: list[tuple[str, str, tuple[Piece, ...]]] | None = None
    name: str | None = None


@dataclass
class Words:
    """A document of a format with tokens. A span is a label with its first and last token."""

    words: list[str]
    spans: list[tuple[str, int, int]]
    text: str | None = None
    name: str | None = None


class Faults(list[str]):
    """Differences. The first ones are shown."""

    def compare(self, what: str, found: object, expected: object) -> None:
        if found != expected:
            self.append(f"{what}: the tool reads {found!r}, and {expected!r} is expected")

    def compare_items(self, what: str, found: list, expected: list) -> None:
        """Compares lists without their order."""
        found_counts, expected_counts = Counter(found), Counter(expected)
        for item in found_counts - expected_counts:
            self.append(f"{what}: the tool reads {item!r}, which is not expected")
        for item in expected_counts - found_counts:
            self.append(f"{what}: the tool does not read {item!r}")


def expected_document(raw: dict) -> Document:
    spans = [span_of(span) for span in raw["spans"]]
    return Document(
        text=raw["text"],
        name=raw["name"],
        spans=spans,
        relations=[(relation["label"], spans[relation["head"]], spans[relation["tail"]]) for relation in raw["relations"]],
        questions=[(each["id"], each["question"], tuple(map(tuple, each["answers"]))) for each in raw["questions"]],
    )


def span_of(raw: dict) -> Span:
    return raw["label"], tuple(tuple(piece) for piece in raw["pieces"])


def compare_documents(found: list[Document], expected: list[Document], faults: Faults) -> None:
    faults.compare("the number of documents", len(found), len(expected))
    for each, right in zip(found, expected):
        where = repr(right.name)
        if each.name is not None:
            faults.compare(f"the name of {where}", each.name, right.name)
        if each.text is not None:
            faults.compare(f"the text of {where}", each.text, right.text)
        faults.compare_items(f"spans of {where}", each.spans, right.spans)
        if each.relations is not None:
            faults.compare_items(f"relations of {where}", each.relations, right.relations)
        if each.questions is not None:
            faults.compare_items(f"questions of {where}", each.questions, right.questions)


def compare_words(found: list[Words], expected: list[Document], unsafe: str, faults: Faults) -> None:
    """
    Tokens must be the text without its white space, and spans must be the same without white space at their edges. `unsafe` are the
    characters that become underscores in names of labels.
    """
    faults.compare("the number of documents", len(found), len(expected))
    documents = [placed(each, right, faults) for each, right in zip(found, expected)]
    bare = [
        Document(right.text, [tag_span(span, right.text, unsafe) for span in right.spans], name=right.name) for right in expected
    ]
    compare_documents(documents, bare, faults)


def placed(found: Words, expected: Document, faults: Faults) -> Document:
    places = places_of(found.words, expected.text, f"the tokens of {expected.name!r}", faults)
    spans = [(label, ((places[first][0], places[last][1]),)) for label, first, last in found.spans] if places else []
    return Document(found.text, spans, name=found.name)


def places_of(words: list[str], text: str, what: str, faults: Faults) -> list[Piece]:
    """Where tokens are in a text, which has only white space between them."""
    places: list[Piece] = []
    at = 0
    for word in words:
        while at < len(text) and is_space(text[at]) and not text.startswith(word, at):
            at += 1
        if not text.startswith(word, at):
            faults.append(f"{what}: the tool reads {word!r}, and the text has {text[at : at + 20]!r} there")
            return []
        places.append((at, at + len(word)))
        at += len(word)
    if not is_blank(text[at:]):
        faults.append(f"{what}: the tool does not read {text[at:]!r}")
    return places


def is_space(character: str) -> bool:
    return character.isspace() or character == "\ufeff"


def is_blank(text: str) -> bool:
    return all(map(is_space, text))


def trimmed(piece: Piece, text: str) -> Piece:
    start, end = piece
    while start < end and is_space(text[start]):
        start += 1
    while start < end and is_space(text[end - 1]):
        end -= 1
    return start, end


def tag_span(span: Span, text: str, unsafe: str) -> Span:
    label, pieces = span
    return re.sub(unsafe, "_", label), tuple(trimmed(piece, text) for piece in pieces)
