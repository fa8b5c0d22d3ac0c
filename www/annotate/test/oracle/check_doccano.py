"""Imports the files for doccano with doccano's own code into a database in memory. Exit status 1 if something differs."""

import importlib.util
import json
import os
from pathlib import Path
import sys

from compare import Document, Faults, compare_documents, expected_document

# doccano is a program of Django: its modules are found from its folder, and need settings first.
sys.path.insert(0, importlib.util.find_spec("backend").submodule_search_locations[0])
os.environ.update(DJANGO_SETTINGS_MODULE="config.settings.base", DATABASE_URL="sqlite:///:memory:")
import django  # noqa: E402

django.setup()
from data_import.datasets import load_dataset  # noqa: E402
from data_import.pipeline.catalog import RELATION_EXTRACTION, JSONL  # noqa: E402
from data_import.pipeline.readers import FileName  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from examples.models import Example  # noqa: E402
from labels.models import Relation, Span  # noqa: E402
from projects.models import ProjectType, SequenceLabelingProject  # noqa: E402


def main(folder: Path) -> int:
    call_command("migrate", verbosity=0)
    user = get_user_model().objects.create_user("oracle")
    whole = json.loads((folder / "expected.json").read_text("utf-8"))
    is_wrong = False
    for target in whole["targets"]:
        if target["format"] != "doccano":
            continue
        faults = Faults()
        # doccano refuses a document without text, and says so.
        expected = [expected_document(raw) for raw in target["documents"] if raw["text"] != ""]
        found = imported(folder / target["folder"] / target["files"][0], target, user, faults)
        for document in found + expected:
            document.name = None
        compare_documents(found, expected, faults)
        spans, relations = (sum(len(getattr(document, kind) or []) for document in found) for kind in ("spans", "relations"))
        print(
            f"{'ok' if not faults else 'WRONG'} {target['folder']}: doccano, {len(found)} documents, {spans} spans, {relations} relations"
        )
        for fault in faults[:5]:
            print(f"   {fault}")
        is_wrong = is_wrong or len(faults) > 0
    return int(is_wrong)


def imported(path: Path, target: dict, user: object, faults: Faults) -> list[Document]:
    has_relations = target["options"]["layout"] == "relations"
    project = SequenceLabelingProject.objects.create(
        name=target["folder"],
        project_type=ProjectType.SEQUENCE_LABELING,
        created_by=user,
        allow_overlapping=True,
        use_relation=has_relations,
    )
    task = RELATION_EXTRACTION if has_relations else ProjectType.SEQUENCE_LABELING
    # The form for files with relations has no field for the encoding: it is guessed.
    form = {} if has_relations else {"encoding": "utf_8", "column_data": "text", "column_label": "label"}
    dataset = load_dataset(task, JSONL, [FileName(str(path), path.name, path.name)], project, **form)
    dataset.save(user)
    empty = [number for number, raw in enumerate(target["documents"], start=1) if raw["text"] == ""]
    faults.compare("lines that doccano refuses", [error.line_num for error in dataset.errors], empty)
    return [document_of(example, has_relations) for example in Example.objects.filter(project=project).order_by("id")]


def document_of(example: Example, has_relations: bool) -> Document:
    spans = {span.id: span_of(span) for span in Span.objects.filter(example=example)}
    relations = [
        (each.type.text, spans[each.from_id_id], spans[each.to_id_id]) for each in Relation.objects.filter(example=example)
    ]
    return Document(example.text, list(spans.values()), relations if has_relations else None)


def span_of(span: Span) -> tuple:
    """doccano counts in UTF-16 units."""
    units = span.example.text.encode("utf-16-le")
    start, end = (len(units[: 2 * offset].decode("utf-16-le")) for offset in (span.start_offset, span.end_offset))
    return span.label.text, ((start, end),)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
