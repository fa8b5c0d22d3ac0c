"""Writes the fixture for the metrics of `luke eval`: seeded random gold labels and predictions, with their scores by seqeval,
scikit-learn and the official scripts. The functions of the official scripts are restated here with their names.

    python eval_oracle.py                # writes work/fixtures/eval.json
    python eval_oracle.py check --gold test.txt --predictions FILE   # seqeval on the predictions of `luke eval`
"""

import argparse
import collections
import json
import os
import random
import re
import string

from seqeval.metrics import classification_report
from sklearn.metrics import precision_recall_fscore_support
from sklearn.preprocessing import MultiLabelBinarizer

from paths import WORK

# --- CoNLL-2003: conlleval (the Perl script of the shared tasks, its B, I and O rules) ---


def end_of_chunk(prev_tag, tag, prev_type, type_):
    if (prev_tag, tag) in (("B", "B"), ("B", "O"), ("I", "B"), ("I", "O")):
        return True
    return prev_tag != "O" and prev_type != type_


def start_of_chunk(prev_tag, tag, prev_type, type_):
    if (prev_tag, tag) in (("B", "B"), ("I", "B"), ("O", "B"), ("O", "I")):
        return True
    return tag != "O" and prev_type != type_


def conlleval(gold, predicted):
    correct_chunk, found_correct, found_guessed = (collections.Counter() for _ in range(3))
    for gold_tags, predicted_tags in zip(gold, predicted):
        in_correct, last = False, (("O", ""), ("O", ""))
        for pair in [*zip(gold_tags, predicted_tags), ("O", "O")]:  # a boundary ends each sentence
            (correct, correct_type), (guessed, guessed_type) = now = [(*tag.split("-", 1), "")[:2] for tag in pair]
            (last_correct, last_correct_type), (last_guessed, last_guessed_type) = last
            end_correct = end_of_chunk(last_correct, correct, last_correct_type, correct_type)
            end_guessed = end_of_chunk(last_guessed, guessed, last_guessed_type, guessed_type)
            start_correct = start_of_chunk(last_correct, correct, last_correct_type, correct_type)
            start_guessed = start_of_chunk(last_guessed, guessed, last_guessed_type, guessed_type)
            if in_correct:
                if end_correct and end_guessed and last_guessed_type == last_correct_type:
                    in_correct = False
                    correct_chunk[last_correct_type] += 1
                elif end_correct != end_guessed or guessed_type != correct_type:
                    in_correct = False
            if start_correct and start_guessed and guessed_type == correct_type:
                in_correct = True
            found_correct[correct_type] += start_correct
            found_guessed[guessed_type] += start_guessed
            last = now

    def figures(correct, guessed, found):
        precision = 100 * correct / guessed if guessed else 0.0
        recall = 100 * correct / found if found else 0.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        return {"precision": precision, "recall": recall, "f1": f1}

    labels = sorted(label for label in {*found_correct, *found_guessed} if found_correct[label] or found_guessed[label])
    totals = correct_chunk.total(), found_guessed.total(), found_correct.total()
    return {
        **figures(*totals),
        "correct": totals[0],
        "predicted": totals[1],
        "gold": totals[2],
        "labels": {x: figures(correct_chunk[x], found_guessed[x], found_correct[x]) for x in labels},
    }


def seqeval_figures(gold, predicted):
    report = classification_report(gold, predicted, output_dict=True, zero_division=0, digits=12)
    percent = {
        label: {
            "precision": 100 * float(row["precision"]),
            "recall": 100 * float(row["recall"]),
            "f1": 100 * float(row["f1-score"]),
        }
        for label, row in report.items()
    }
    return {**percent["micro avg"], "labels": {x: f for x, f in percent.items() if not x.endswith(" avg")}}


def assert_close(got, want, at):
    for key in want:
        if isinstance(want[key], dict):
            assert got[key].keys() >= want[key].keys(), (at, key)
            assert_close(got[key], want[key], f"{at}.{key}")
        else:
            assert abs(got[key] - want[key]) < 1e-9, (at, key, got[key], want[key])


def to_tags(spans, length, scheme):
    tags = ["O"] * length
    for i, (start, end, label) in enumerate(spans):
        follows = i and spans[i - 1][1:] == (start, label)
        tags[start] = ("B-" if scheme == "IOB2" or follows else "I-") + label
        tags[start + 1 : end] = ["I-" + label] * (end - start - 1)
    return tags


def random_spans(r, length, labels):
    spans, at = [], 0
    while at < length:
        size = min(r.choice([1, 1, 2, 3]), length - at)
        if r.random() < 0.4:
            spans.append((at, at + size, r.choice(labels)))
        at += size
    return spans


def conll_case(r, scheme, labels, sentences, noise):
    """Tags that follow a scheme, or (`any`) independent random tags: every transition, valid or not."""
    gold, predicted = [], []
    every = ["O", *(f"{prefix}-{label}" for prefix in "BI" for label in labels)]
    for _ in range(sentences):
        length = r.randint(1, 14)
        if scheme == "any":
            gold.append(r.choices(every, k=length))
        else:
            gold.append(to_tags(random_spans(r, length, labels), length, scheme))
        predicted.append([r.choice(every) if r.random() < noise else tag for tag in gold[-1]])
    figures = conlleval(gold, predicted)
    assert_close(figures, seqeval_figures(gold, predicted), scheme)
    return {"scheme": "mixed" if scheme == "any" else scheme, "gold": gold, "predicted": predicted, "figures": figures}


def conll_cases(r):
    labels = ["PER", "ORG", "LOC", "MISC"]
    cases = [
        conll_case(r, scheme, labels[:n], sentences, noise)
        for scheme in ("IOB1", "IOB2", "any")
        for n, sentences, noise in ((4, 12, 0.1), (2, 12, 0.3), (3, 8, 0.7))
    ]
    return cases + [conll_case(r, "IOB2", labels, 4, 0.0)]


# --- SQuAD 1.1 (evaluate-v1.1.py), SQuAD 2.0 (evaluate-v2.0.py), ReCoRD (its evaluation script) ---


def normalize_answer(s):
    def remove_articles(text):
        return re.sub(r"\b(a|an|the)\b", " ", text)

    def white_space_fix(text):
        return " ".join(text.split())

    def remove_punc(text):
        exclude = set(string.punctuation)
        return "".join(ch for ch in text if ch not in exclude)

    return white_space_fix(remove_articles(remove_punc(s.lower())))


def f1_score(prediction, ground_truth):
    prediction_tokens = normalize_answer(prediction).split()
    ground_truth_tokens = normalize_answer(ground_truth).split()
    common = collections.Counter(prediction_tokens) & collections.Counter(ground_truth_tokens)
    num_same = sum(common.values())
    if num_same == 0:
        return 0
    precision = 1.0 * num_same / len(prediction_tokens)
    recall = 1.0 * num_same / len(ground_truth_tokens)
    return (2 * precision * recall) / (precision + recall)


def exact_match_score(prediction, ground_truth):
    return normalize_answer(prediction) == normalize_answer(ground_truth)


def evaluate_v1(questions):
    f1 = exact_match = total = 0
    for question in questions:
        total += 1
        if question["predicted"] is None:  # an unanswered question has score 0
            continue
        exact_match += max(exact_match_score(question["predicted"], gold) for gold in question["gold"])
        f1 += max(f1_score(question["predicted"], gold) for gold in question["gold"])
    return {"exactMatch": 100.0 * exact_match / total, "f1": 100.0 * f1 / total, "questions": total}


def compute_f1(a_gold, a_pred):
    gold_toks, pred_toks = normalize_answer(a_gold).split(), normalize_answer(a_pred).split()
    if len(gold_toks) == 0 or len(pred_toks) == 0:
        return int(gold_toks == pred_toks)
    return f1_score(a_pred, a_gold)


def evaluate_v2(questions):
    exact = f1 = 0
    for question in questions:
        gold_answers = [a for a in question["gold"] if normalize_answer(a)] or [""]
        exact += max(int(exact_match_score(question["predicted"], a)) for a in gold_answers)
        f1 += max(compute_f1(a, question["predicted"]) for a in gold_answers)
    return {"exactMatch": 100.0 * exact / len(questions), "f1": 100.0 * f1 / len(questions), "questions": len(questions)}


def squad2_case(questions):
    """The scores of all questions, of questions with an answer (`HasAns_`) and of questions without one (`NoAns_`)."""
    groups = [q for q in questions if q["gold"]], [q for q in questions if not q["gold"]]
    figures = evaluate_v2(questions)
    for name, group in zip(("hasAnswer", "noAnswer"), groups):
        if group:
            figures[name] = evaluate_v2(group)
    return {"questions": questions, "figures": figures}


WORDS = [
    "the",
    "The",
    "a",
    "an",
    "cat",
    "Cat's",
    "cats",
    "U.S.",
    "U.S",
    "12",
    "3.5%",
    "of",
    "and",
    "état",
    "naïve",
    "東京",
    "ΟΔΟΣ",
    "İzmir",
    "x²",
    "a\u0301",
    "(the)",
    "--",
    "the_end",
    "¿qué?",
    "“quoted”",
]
SPACES = [" ", " ", " ", "  ", "\u00a0", "\n", "\x1c", "-", ", ", "\u200b", "\u3000"]


def random_answer(r):
    text = "".join(r.choice(WORDS) + r.choice(SPACES) for _ in range(r.randint(0, 5)))
    return text if r.random() < 0.3 else text.strip()


def random_question(r, nulls=False, answers=3):
    gold = [random_answer(r) for _ in range(r.randint(0 if nulls else 1, answers))]
    kind = r.random()
    if kind < 0.3 and gold:
        predicted = r.choice(gold)
    elif kind < 0.6 and gold:
        predicted = " ".join(r.choice(gold).split()[:-1] + r.choice(["the", "cat", "."]).split())
    elif kind < 0.7:
        predicted = "" if nulls else None
    else:
        predicted = random_answer(r)
    return {"gold": gold, "predicted": predicted}


def answer_cases(r):
    worked = [  # checked by hand: one exact; 2 of 3 words on either side; articles and case; no match; the better of two answers
        {"gold": ["Denver Broncos"], "predicted": "the Denver Broncos!"},
        {"gold": ["Santa Clara, California"], "predicted": "Santa Clara Stadium"},
        {"gold": ["An apple", "pears"], "predicted": "apple"},
        {"gold": ["gold"], "predicted": "silver"},
        {"gold": ["February 7, 2016", "February 7"], "predicted": "7 February"},
    ]
    figures = evaluate_v1(worked)
    assert figures["exactMatch"] == 100 * 2 / 5 and abs(figures["f1"] - 100 * (1 + 2 / 3 + 1 + 0 + 1) / 5) < 1e-9
    empty = [{"gold": ["the"], "predicted": "a"}, {"gold": ["!"], "predicted": ""}]
    assert evaluate_v1(empty) == {"exactMatch": 100.0, "f1": 0.0, "questions": 2}  # rule of the 1.1 script
    case = lambda questions: {"questions": questions, "figures": evaluate_v1(questions)}
    squad1 = [case(worked), case(empty)] + [case([random_question(r) for _ in range(30)]) for _ in range(4)]
    record = [case([random_question(r, answers=6) for _ in range(20)]) for _ in range(5)]
    squad2 = [squad2_case([random_question(r, nulls=True) for _ in range(30)]) for _ in range(6)]
    texts = [*WORDS, *(random_answer(r) for _ in range(100))]
    texts += ["".join(chr(r.choice([r.randrange(32, 0x250), r.randrange(0x250, 0x3000)])) for _ in range(12)) for _ in range(60)]
    normalized = [[text, normalize_answer(text)] for text in texts]
    return {"squad1": squad1, "squad2": squad2, "record": record, "normalize": normalized}


# --- TACRED: scorer.py of the dataset's authors ---


def tacred_score(key, prediction):
    correct, guessed, gold = (collections.Counter() for _ in range(3))
    for gold_label, guess in zip(key, prediction):
        if gold_label == "no_relation" and guess == "no_relation":
            pass
        elif gold_label == "no_relation":
            guessed[guess] += 1
        elif guess == "no_relation":
            gold[gold_label] += 1
        else:
            guessed[guess] += 1
            gold[gold_label] += 1
            correct[guess] += gold_label == guess
    precision, recall, f1 = 1.0, 0.0, 0.0
    if guessed.total() > 0:
        precision = correct.total() / guessed.total()
    if gold.total() > 0:
        recall = correct.total() / gold.total()
    if precision + recall > 0.0:
        f1 = 2.0 * precision * recall / (precision + recall)
    return {"precision": 100 * precision, "recall": 100 * recall, "f1": 100 * f1}


def tacred_cases(r):
    labels = ["no_relation", "per:title", "org:founded_by", "per:spouse", "per:employee_of"]
    cases = []
    for known in (0.9, 0.5, 0.2, 0.0):
        gold = r.choices(labels, weights=[6, 1, 1, 1, 1], k=60)
        predicted = [label if r.random() < known else r.choice(labels) for label in gold]
        figures = tacred_score(gold, predicted)
        p, recall, f1, _ = precision_recall_fscore_support(gold, predicted, labels=labels[1:], average="micro")
        assert_close(figures, {"precision": 100 * p, "recall": 100 * recall, "f1": 100 * f1}, "tacred")
        cases.append((gold, predicted))
    cases += [
        (["per:title", "no_relation"], ["no_relation"] * 2),
        (["no_relation"] * 2, ["per:title", "no_relation"]),
        (["no_relation"], ["no_relation"]),
    ]
    return [{"gold": gold, "predicted": predicted, "figures": tacred_score(gold, predicted)} for gold, predicted in cases]


# --- Open Entity: micro from LUKE's examples/legacy/entity_typing, macro from Choi et al.'s eval_metric.py ---


def f1_of(p, r):
    return 0.0 if r == 0.0 else 2 * p * r / float(p + r)


def types_score(pairs):
    num_predicted = sum(len(predicted) for _, predicted in pairs)
    num_gold = sum(len(gold) for gold, _ in pairs)
    num_correct = sum(len(set(gold) & set(predicted)) for gold, predicted in pairs)
    precision = num_correct / num_predicted if num_predicted else 0.0
    recall = num_correct / num_gold
    p = r = pred_example_count = gold_label_count = 0.0
    for true_labels, predicted_labels in pairs:
        if predicted_labels:
            pred_example_count += 1
            p += len(set(predicted_labels).intersection(set(true_labels))) / float(len(predicted_labels))
        if len(true_labels):
            gold_label_count += 1
            r += len(set(predicted_labels).intersection(set(true_labels))) / float(len(true_labels))
    macro_p = p / pred_example_count if pred_example_count else 0.0
    macro_r = r / gold_label_count
    named = lambda p, r: {"precision": 100 * p, "recall": 100 * r, "f1": 100 * f1_of(p, r)}
    return {"micro": named(precision, recall), "macro": named(macro_p, macro_r)}


def types_cases(r):
    labels = ["entity", "event", "group", "location", "object", "organization", "person", "place", "time"]
    cases = []
    for noise in (0.05, 0.2, 0.5):
        pairs = []
        for _ in range(40):
            gold = [label for label in labels if r.random() < 0.25]
            pairs.append((gold, [label for label in labels if (label in gold) != (r.random() < noise)]))
        figures = types_score(pairs)
        binary = MultiLabelBinarizer(classes=labels)
        gold, predicted = (binary.fit_transform([pair[side] for pair in pairs]) for side in (0, 1))
        p, recall, f1, _ = precision_recall_fscore_support(gold, predicted, average="micro")
        assert_close(figures["micro"], {"precision": 100 * p, "recall": 100 * recall, "f1": 100 * f1}, "micro")
        cases.append(pairs)
    cases += [[(["person"], []), (["time", "event"], [])], [([], ["person"]), (["time"], ["time", "place"])]]
    return [{"gold": [g for g, _ in pairs], "predicted": [p for _, p in pairs], "figures": types_score(pairs)} for pairs in cases]


def write_fixture():
    r = random.Random(2003)
    cases = {"conll2003": conll_cases(r), **answer_cases(r), "tacred": tacred_cases(r), "openEntity": types_cases(r)}
    folder = os.path.join(WORK, "fixtures")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "eval.json"), "w", encoding="utf-8") as f:
        lines = (
            f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(case, ensure_ascii=True) for case in of) + "\n]"
            for name, of in cases.items()
        )
        f.write("{\n" + ",\n".join(lines) + "\n}\n")


def lines(path):
    with open(path, encoding="utf-8") as f:
        return f.read().splitlines()


def check(args):
    """Prints the scores by seqeval and conlleval of predictions that `luke eval --task conll2003` wrote."""
    predictions = [json.loads(line) for line in lines(args.predictions)[1:]]
    documents, sentence = [], []
    for line in [*lines(args.gold), ""]:
        fields = line.split()
        if not fields or fields[0] == "-DOCSTART-":
            if sentence:
                documents[-1].append(sentence)
                sentence = []
            if fields:
                documents.append([])
        else:
            sentence.append(fields[-1])
    documents = [document for document in documents if document]
    gold, predicted = [], []
    for document, line in zip(documents, predictions):
        offset = 0
        for tags in document:
            end = offset + len(tags)
            spans = [(s - offset, e - offset, label) for s, e, label in line["prediction"] if offset <= s < end]
            gold.append(tags)
            predicted.append(to_tags(sorted(spans), len(tags), "IOB2"))
            offset = end
    print(
        json.dumps({"sentences": len(gold), "seqeval": seqeval_figures(gold, predicted), "conlleval": conlleval(gold, predicted)})
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command")
    checking = commands.add_parser("check")
    checking.add_argument("--gold", required=True)
    checking.add_argument("--predictions", required=True)
    args = parser.parse_args()
    check(args) if args.command == "check" else write_fixture()


if __name__ == "__main__":
    main()
