"""Reads tasks of Label Studio, and SQuAD."""

import contextlib
import io
import json
from pathlib import Path
import tempfile

from label_studio_sdk.converter import Converter
from label_studio_sdk.label_interface import LabelInterface
from transformers.data.processors.squad import SquadV1Processor, SquadV2Processor

from compare import Document, Faults, Span
from spacy_files import code_point


def read_label_studio(folder: Path, target: dict, faults: Faults) -> list[Document]:
    config_file, tasks_file = (next(folder / name for name in target["files"] if name.endswith(end)) for end in (".xml", ".json"))
    config = config_file.read_text("utf-8")
    interface = LabelInterface(config)
    interface.validate()
    tasks = json.loads(tasks_file.read_text("utf-8"))
    documents = []
    for task, right in zip(tasks, target["documents"], strict=True):
        for kind in ("annotations", "predictions"):
            for each in task[kind]:
                faults.compare(
                    f"errors in {kind} of {right['name']!r}", interface.validate_prediction(each, return_errors=True), []
                )
        states = {"accepted": task["annotations"], "suggested": task["predictions"]}
        documents.append(task_document(task["data"]["text"], states, right, faults))
    check_converter(config, tasks, faults)
    return documents


def task_document(text: str, states: dict[str, list], right: dict, faults: Faults) -> Document:
    """Label Studio counts in UTF-16 units."""
    spans: dict[str, Span] = {}
    links = []
    for state, lists in states.items():
        # A prediction repeats accepted spans that its relations join.
        found = [result for each in lists for result in each["result"] if result.get("id") not in spans]
        counts = len([each for each in right["spans"] + right["relations"] if each["state"] == state])
        faults.compare(f"results of {right['name']!r} that are {state}", len(found), counts)
        for result in found:
            if result["type"] == "relation":
                links.append((result["labels"][0], result["from_id"], result["to_id"]))
            else:
                spans[result["id"]] = label_studio_span(result["value"], text, faults)
    return Document(text, list(spans.values()), [(label, spans[head], spans[tail]) for label, head, tail in links])


def label_studio_span(value: dict, text: str, faults: Faults) -> Span:
    start, end = code_point(text, value["start"]), code_point(text, value["end"])
    faults.compare("the text of a span", value["text"], text[start:end])
    [label] = value["labels"]
    return label, ((start, end),)


def check_converter(config: str, tasks: list[dict], faults: Faults) -> None:
    """The converter reads what Label Studio exports, where tasks have the ids of a database."""
    with tempfile.TemporaryDirectory() as place:
        source = Path(place, "tasks.json")
        source.write_text(json.dumps([{"id": number, **task} for number, task in enumerate(tasks)]), "utf-8")
        Converter(config, place, download_resources=False).convert_to_json_min(str(source), place, is_dir=False)
        rows = {row["id"]: row for row in json.loads(Path(place, "result.json").read_text("utf-8"))}
    for number, task in enumerate(tasks):
        kept = [each for each in task["annotations"] if not each["was_cancelled"]]
        found = [(span["start"], span["end"], span["text"], span["labels"]) for span in rows.get(number, {}).get("label", [])]
        values = [result["value"] for each in kept for result in each["result"] if result["type"] == "labels"]
        faults.compare(
            "spans of the converter", found, [(each["start"], each["end"], each["text"], each["labels"]) for each in values]
        )


def compare_squad(folder: Path, target: dict, expected: list[Document], faults: Faults) -> None:
    """The reader gives questions, each with the text that it is about."""
    processor = (SquadV1Processor if target["options"].get("version") == "1.1" else SquadV2Processor)()
    with contextlib.redirect_stderr(io.StringIO()):  # a progress bar
        examples = processor.get_dev_examples(str(folder), filename=target["files"][0])
    found = [
        (each.title, each.context_text, each.qas_id, each.question_text, each.is_impossible,
         tuple((answer["answer_start"], answer["text"]) for answer in each.answers))
        for each in examples
    ]  # fmt: skip
    right = [
        (each.name, each.text, qas_id, question, not answers and target["options"].get("version") != "1.1",
         tuple((start, each.text[start:end]) for start, end in answers))
        for each in expected
        for qas_id, question, answers in each.questions
    ]  # fmt: skip
    faults.compare_items("questions", found, right)
