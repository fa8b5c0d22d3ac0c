"""Reads files for spaCy, and for Prodigy, with spaCy."""

from pathlib import Path

import spacy
import srsly
from spacy.tokens import Doc, DocBin, Span as DocSpan
from spacy.training import Corpus, Example

from compare import Document, Faults, Span

NLP = spacy.blank("xx")


def read_docbin(folder: Path, target: dict, faults: Faults) -> list[Document]:
    path = folder / target["files"][0]
    docs = list(DocBin().from_disk(path).get_docs(NLP.vocab))
    # The reader of `spacy train` skips documents without tokens.
    examples = list(Corpus(path)(NLP))
    faults.compare(
        "the documents of spacy train", [example.text for example in examples], [doc.text for doc in docs if len(doc) > 0]
    )
    return [document_of(doc, target, faults) for doc in docs]


def document_of(doc: Doc, target: dict, faults: Faults) -> Document:
    if target["options"].get("group") == "all":
        faults.compare("entities, if all spans are in a group", len(doc.ents), 0)
    faults.compare("groups of spans", set(doc.spans) - {"sc"}, set())
    spans = [*doc.ents, *doc.spans.get("sc", [])]
    for span in spans:
        faults.compare("the text of a span", span.text, doc.text[span.start_char : span.end_char])
    return Document(doc.text, [offsets_of(span) for span in spans])


def offsets_of(span: DocSpan) -> Span:
    return span.label_, ((span.start_char, span.end_char),)


def read_tuples(folder: Path, target: dict, faults: Faults) -> list[Document]:
    """Each character is a token, so that spaCy can hold any span."""
    path = folder / target["files"][0]
    rows = list(srsly.read_jsonl(path)) if path.suffix == ".jsonl" else srsly.read_json(path)
    examples = [Example.from_dict(character_doc(text), annotations) for text, annotations in rows]
    return [document_of(example.reference, target, faults) for example in examples]


def read_ner_annotator(folder: Path, target: dict, faults: Faults) -> list[Document]:
    """ner-annotator is a web page: it counts UTF-16 units."""
    file = srsly.read_json(folder / target["files"][0])
    labels = {label for _, annotations in file["annotations"] for _, _, label in annotations["entities"]}
    faults.compare("the classes", set(file["classes"]), labels)
    return [
        document_of(
            Example.from_dict(character_doc(text), {"entities": in_code_points(text, each["entities"])}).reference, target, faults
        )
        for text, each in file["annotations"]
    ]


def character_doc(text: str) -> Doc:
    return Doc(NLP.vocab, words=list(text), spaces=[False] * len(text))


def in_code_points(text: str, entities: list) -> list:
    return [(code_point(text, start), code_point(text, end), label) for start, end, label in entities]


def code_point(text: str, offset: int) -> int:
    """An offset in UTF-16 units as one in code points."""
    return len(text.encode("utf-16-le")[: 2 * offset].decode("utf-16-le"))


def read_prodigy(folder: Path, target: dict, faults: Faults) -> list[Document]:
    """Prodigy makes a document of spaCy from the tokens of a row, and counts its spans in characters and in tokens."""
    rows = list(srsly.read_jsonl(folder / target["files"][0]))
    answers = {"done": "accept", "skipped": "ignore"}
    for row, right in zip(rows, target["documents"]):
        if right["status"] in answers:
            faults.compare(f"the answer of {right['name']!r}", row.get("answer"), answers[right["status"]])
    return [prodigy_document(row, faults) for row in rows]


def prodigy_document(row: dict, faults: Faults) -> Document:
    tokens = row["tokens"]
    doc = Doc(NLP.vocab, words=[token["text"] for token in tokens], spaces=[token["ws"] for token in tokens])
    faults.compare(
        "offsets of tokens", [(token["start"], token["id"]) for token in tokens], [(token.idx, token.i) for token in doc]
    )
    faults.compare("the text of the tokens", doc.text, row["text"])
    relations = [
        (each["label"], prodigy_span(each["head_span"]), prodigy_span(each["child_span"])) for each in row.get("relations", [])
    ]
    for each in row.get("relations", []):
        ends = (each["head"], each["child"])
        faults.compare("tokens of a relation", ends, (each["head_span"]["token_end"], each["child_span"]["token_end"]))
    for span in row["spans"]:
        in_doc = doc.char_span(span["start"], span["end"])
        found = in_doc and (in_doc.start, in_doc.end - 1)
        faults.compare("tokens of a span", found, (span["token_start"], span["token_end"]))
    return Document(doc.text, [prodigy_span(span) for span in row["spans"]], relations)


def prodigy_span(span: dict) -> Span:
    return span["label"], ((span["start"], span["end"]),)
