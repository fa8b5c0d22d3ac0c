"""Reads files with tokens: CoNLL-2003, CoNLL-U, and the rows of Hugging Face and TACRED."""

from itertools import groupby
from pathlib import Path
import re
import tempfile

import conllu
import datasets
import nltk
from conlleval import evaluate
from datasets import DatasetInfo, load_dataset
from nltk.corpus.reader import ConllCorpusReader
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB1, IOB2, IOBES, Entities

from compare import Document, Faults, Words, is_blank, places_of, trimmed

datasets.disable_progress_bars()
SCHEMES = {"iob1": IOB1, "iob2": IOB2, "iobes": IOBES}
START = "-DOCSTART-"


def read_conll(folder: Path, target: dict, faults: Faults) -> list[Words]:
    """NLTK leaves the lines out where documents start. So each document becomes a file."""
    options = target["options"]
    scheme = options.get("scheme", "iob2")
    columns = ("words", "chunk") if options.get("columns") == "two" else ("words", "pos", "ignore", "chunk")
    lines = (folder / target["files"][0]).read_bytes().decode("utf-8").splitlines(keepends=True)
    starts = [number for number, line in enumerate(lines) if line.startswith(START)]
    documents = []
    with tempfile.TemporaryDirectory() as place:
        nltk.data.path.append(place)  # NLTK reads no other folders
        for start, end in zip(starts, [*starts[1:], len(lines)]):
            Path(place, "part").write_bytes("".join(lines[start:end]).encode("utf-8"))
            reader = ConllCorpusReader(place, ["part"], columns, separator=options.get("separator"))
            documents.append(Words([], []))
            for grid in reader._grids():
                add_sentence(documents[-1], [(row[0], row[-1]) for row in grid], SCHEMES[scheme])
    if scheme != "iobes":  # conlleval knows no S and E
        # It compares the tags of two columns: here one with itself.
        counts = evaluate((f"{line.rstrip()} {line.split()[-1]}\n" if line.strip() else line for line in lines), boundary=START)
        overall = counts["overall"]["chunks"]
        faults.compare("spans that conlleval counts", overall["stats"]["gold"], sum(len(each.spans) for each in documents))
    return documents


def add_sentence(document: Words, sentence: list[tuple[str, str]], scheme: type) -> None:
    offset = len(document.words)
    document.words.extend(word for word, _ in sentence)
    for entity in Entities([[tag for _, tag in sentence]], scheme).entities[0]:
        document.spans.append((entity.tag, offset + entity.start, offset + entity.end - 1))


def read_conllu(folder: Path, target: dict, faults: Faults) -> list[Words]:
    """Behind the last token of a document there is nothing, unless SpacesAfter says so."""
    pending = ""
    documents: list[Words] = []
    with open(folder / target["files"][0], encoding="utf-8", newline="\n") as file:
        for sentence in conllu.parse_incr(file):
            if "newdoc id" in sentence.metadata:
                documents.append(Words([], [], text="", name=sentence.metadata["newdoc id"]))
                pending = ""
            if not sentence:
                continue
            add_sentence(documents[-1], [(token["form"], (token["misc"] or {}).get("NER", "O")) for token in sentence], IOB2)
            pending += "".join(with_spaces(token) for token in sentence)
            documents[-1].text = pending if "SpacesAfter" in (sentence[-1]["misc"] or {}) else pending.removesuffix(" ")
            joined = "".join(token["form"] + ("" if "SpaceAfter" in (token["misc"] or {}) else " ") for token in sentence)
            faults.compare("the line # text", sentence.metadata["text"], joined.rstrip(" "))
    for document, right in zip(documents, target["documents"]):
        if is_blank(right["text"]):
            document.text = None  # the format has no place for white space without tokens
    return documents


def with_spaces(token: dict) -> str:
    misc = token["misc"] or {}
    after = unescaped(misc["SpacesAfter"]) if "SpacesAfter" in misc else "" if "SpaceAfter" in misc else " "
    return unescaped(misc.get("SpacesBefore", "")) + token["form"] + after


def unescaped(spaces: str) -> str:
    names = {"s": " ", "n": "\n", "r": "\r", "t": "\t", "p": "|", "\\": "\\"}
    return re.sub(r"\\(.)", lambda match: names.get(match[1], match[0]), spaces)


def read_rows(folder: Path, target: dict, faults: Faults) -> list[Words]:
    """The rows of a document have its text in parts."""
    rows_file = next(name for name in target["files"] if name.endswith(".jsonl"))
    features = DatasetInfo.from_directory(str(folder)).features
    rows = load_dataset(
        "json", data_files=str(folder / rows_file), features=features, split="train", cache_dir=str(folder / "cache")
    )
    documents: list[Words] = []
    for _, group in groupby(rows, key=lambda row: row["document"]):
        document = Words([], [], text="")
        for row in group:
            tags = row["ner_tags"]
            if target["options"].get("tags") != "names":
                tags = [features["ner_tags"].feature.int2str(tag) for tag in tags]
                faults.compare("names of tags", tags, row["ner_tags_str"])
            quotes = [row["text"][start:end] for start, end in row["offsets"]]
            faults.compare("texts at the offsets of tokens", quotes, row["tokens"])
            document.spans.extend(
                (label, len(document.words) + first, len(document.words) + last) for label, first, last in get_entities(tags)
            )
            document.words.extend(row["tokens"])
            document.text += row["text"]
            document.name = row["name"]
        documents.append(document)
    return documents


def compare_tacred(folder: Path, target: dict, expected: list[Document], faults: Faults) -> None:
    """Rows are pairs of spans. Pairs without a relation are not compared, and neither are spans without one."""
    rows = list(load_dataset("json", data_files=str(folder / target["files"][0]), split="train", cache_dir=str(folder / "cache")))
    names = [document.name for document in expected]
    faults.compare("names of documents", {row["docid"] for row in rows}, set(names))
    for document in expected:
        own = [row for row in rows if row["docid"] == document.name]
        found = [
            (row["relation"], *(end_of(row, side, document, target, faults) for side in ("subj", "obj")))
            for row in own
            if row["relation"] != "no_relation"
        ]
        right = [(label, *(end_text(span, document, target) for span in ends)) for label, *ends in document.relations]
        faults.compare_items(f"relations of {document.name!r}", found, right)


def end_of(row: dict, side: str, document: Document, target: dict, faults: Faults) -> tuple:
    """The label of a span with its offsets, or with its text if the row has only a part of the tokens."""
    first, last = row[f"{side}_start"], row[f"{side}_end"]
    label = row[f"{side}_type"]
    if target["options"].get("rows") != "document":
        return label, "".join(row["token"][first : last + 1])
    places = places_of(row["token"], document.text, f"the tokens of {document.name!r}", faults)
    return label, (places[first][0], places[last][1]) if places else ()


def end_text(span: tuple, document: Document, target: dict) -> tuple:
    label, [piece] = span
    start, end = trimmed(piece, document.text)
    if target["options"].get("rows") == "document":
        return label, (start, end)
    return label, "".join(character for character in document.text[start:end] if not is_blank(character))
