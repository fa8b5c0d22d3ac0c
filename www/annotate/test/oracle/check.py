"""Reads the files that `write.ts` wrote with the readers of other tools. Prints a line for each; exit status 1 if something differs."""

import json
import os
from pathlib import Path
import sys
import warnings

# Nothing is fetched, and `transformers` does not say that it has no PyTorch.
os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", TRANSFORMERS_NO_ADVISORY_WARNINGS="1")
import json_files
import spacy_files
import standoff_files
import token_files
from compare import Faults, compare_documents, compare_words, expected_document

warnings.filterwarnings("ignore")
MOST_FAULTS = 5

# For each format: who reads it, and the function.
# Of formats with tokens, also the characters that become underscores in names of labels.
DOCUMENTS = {
    "label-studio": ("label-studio-sdk", json_files.read_label_studio),
    "prodigy": ("spaCy", spacy_files.read_prodigy),
    "spacy-docbin": ("spaCy", spacy_files.read_docbin),
    "spacy-tuples": ("spaCy", spacy_files.read_tuples),
    "brat": ("brat's server", standoff_files.read_brat),
    "cas-json": ("dkpro-cassis", standoff_files.read_cas),
    "xmi": ("dkpro-cassis", standoff_files.read_cas),
    "w3c": ("PyLD", standoff_files.read_w3c),
    "csv": ("pandas", standoff_files.read_csv),
}
WORDS = {
    "conll2003": ("NLTK, seqeval, conlleval", token_files.read_conll, r"\s"),
    "conllu": ("conllu, seqeval", token_files.read_conllu, r"[\s|=]"),
    "huggingface": ("datasets, seqeval", token_files.read_rows, r"(?!)"),
}
# Formats that hold only some of the annotations, with those that are compared.
OTHERS = {
    "squad": ("transformers", json_files.compare_squad, ["questions"]),
    "tacred": ("datasets", token_files.compare_tacred, ["relations"]),
}
# Formats that another script reads, and why.
ELSEWHERE = {"doccano": "check_doccano.py reads it: doccano needs older packages"}
# Formats that nothing here reads, and why.
UNREAD = {"luke": "our own format: no other tool has a reader"}


def main(folder: Path) -> int:
    whole = json.loads((folder / "expected.json").read_text("utf-8"))
    is_wrong = False
    for target in whole["targets"]:
        if target["format"] in ELSEWHERE:
            print(f"-- {target['folder']}: {ELSEWHERE[target['format']]}")
            continue
        tool, faults, counts = check(folder / target["folder"], target)
        is_wrong = is_wrong or len(faults) > 0
        print(f"{'ok' if not faults else 'WRONG'} {target['folder']}: {tool}, {counts}")
        for fault in faults[:MOST_FAULTS]:
            print(f"   {fault}")
        if len(faults) > MOST_FAULTS:
            print(f"   and {len(faults) - MOST_FAULTS} more")
    for format in whole["unread"]:
        is_wrong = is_wrong or format not in UNREAD
        print(f"-- {format}: {UNREAD.get(format, 'WRONG: no reader, and no reason')}")
    return int(is_wrong)


def check(folder: Path, target: dict) -> tuple[str, Faults, str]:
    expected = [expected_document(raw) for raw in target["documents"] if not standoff_files.is_refused(raw["text"], target)]
    faults = Faults()
    format = target["format"]
    tool, function, *more = {**DOCUMENTS, **WORDS, **OTHERS}[format]
    if target["options"].get("form") == "ner-annotator":
        function = spacy_files.read_ner_annotator
    try:
        if format in OTHERS:
            function(folder, target, expected, faults)
        elif format in WORDS:
            compare_words(function(folder, target, faults), expected, *more, faults)
        else:
            right = [standoff_files.brat_expected(document) for document in expected] if format == "brat" else expected
            compare_documents(function(folder, target, faults), right, faults)
    except Exception as error:  # the tool refuses the file
        faults.append(f"{type(error).__name__}: {error}")
    kinds = more[0] if format in OTHERS else ["spans", "relations"]
    counts = {kind: sum(len(getattr(document, kind)) for document in expected) for kind in kinds}
    for kind, count in counts.items():
        if count == 0 and kind == kinds[0]:
            faults.append(f"there are no {kind} to compare")
    return (
        tool,
        faults,
        ", ".join([f"{len(expected)} documents", *(f"{count} {kind}" for kind, count in counts.items() if count > 0)]),
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
