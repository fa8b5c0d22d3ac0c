"""Every figure that a version of luke-mini-en is judged by, through the runtime and as stored, beside another model's.

    python assess.py --model ../../www/models/luke-mini-en --out work/shipped.json
    python assess.py --model work/luke-mini-en-q4 --out work/new.json --beside work/shipped.json
    python assess.py --model work/luke-mini-en-q4 --tests --out work/tests.json

Without `--tests` it reads what choices are made on: CoNLL-2003's validation set, the development sets and held-out articles. With it, it
reads the sets of the last test, `tests/genres` among them. A head that the model does not have has no figures.
"""
import argparse
import glob
import json
import os
import random
import tempfile
import time

import evaluate_qa
import written_data
from cloze_data import make as make_blanks
from evaluate_qa import area
from export import entity_vocabulary
from masked_data import mentions, pages, split
from qa_data import read_dev, read_written
from qa_data import split as split_questions
from reader import read
from runtime import Runtime

HERE = os.path.dirname(os.path.abspath(__file__))
GENRES = os.path.join(HERE, "../../tests/genres")
SQUAD = "bigbench-1.0.0/bigbench/benchmark_tasks/squad_shifts/squaddev_v1.1.json"
CONLL = "neuroner/data/conll2003/en"

# What "It is right when" asks for; the calibration error and the size at most, all others at least.
WANTED = {
    "genres: F1": 88, "genres: lowest F1": 75, "genres: calibration error": 4, "genre questions: F1": 66,
    "genre questions: why F1": 40, "genre questions: no-answer AUC": 80, "genre types: right": 78, "CoNLL test: F1": 89.5,
    "tweets: F1": 44, "SQuAD: F1": 73, "SQuAD: EM": 60, "retrieval: right paragraph": 50, "size: MB": 20,
}
AT_MOST = {"genres: calibration error", "size: MB"}


class Figures(dict):
    def of(self, name, **values):
        """Adds figures under a common name, and prints them."""
        new = {f"{name}: {key.replace('_', ' ')}": value for key, value in values.items() if value is not None}
        self.update(new)
        for key, value in new.items():
            print(f"{key} {value:.2f}", flush=True)


def percent(right, all_):
    return 100 * right / max(all_, 1)


def questions(figures, name, runtime, items):
    """Exact match and F1 of those that have an answer, of "why" and "how" too, and how well the others are told apart."""
    if not runtime.has("qa"):
        return
    answers = runtime.lines("qa", [{"question": q["question"], "context": q["context"]} for q in items])
    none = [a["nullScore"] - a["startLogit"] - a["endLogit"] for a in answers]
    given = [a["answer"] for a in answers]
    scores = evaluate_qa.score(items, given, none)
    figures.of(name, F1=scores["f1"], EM=scores["em"])
    for word in ("why", "how"):
        own = [k for k, q in enumerate(items) if q["question"].lower().startswith(word)]
        if own:
            pick = lambda xs: [xs[k] for k in own]
            figures.of(name, **{f"{word} F1": evaluate_qa.score(pick(items), pick(given), pick(none))["f1"]})
    there = [bool(q.get("answers") or q["answer"]) for q in items]
    if not all(there):
        figures.of(name, **{"no-answer AUC": 100 * area(none, there)})


def types(figures, name, runtime, items):
    if runtime.has("typing"):
        found = runtime.lines("typing", [{"text": text, "span": list(p["M"])} for text, p, _ in items], {"allScores": True})
        figures.of(name, right=percent(sum(f[0]["label"] == kind for f, (_, _, kind) in zip(found, items)), len(items)))


def relations(figures, name, runtime, items):
    """Micro F1 of all relations but "none", as TACRED has it, and the share of right labels."""
    if runtime.has("relation"):
        asked = [{"text": text, "head": list(p["H"]), "tail": list(p["T"])} for text, p, _ in items]
        given = [f[0]["label"] for f in runtime.lines("relation", asked)]
        gold = [label for _, _, label in items]
        hits = sum(a == b != "no_relation" for a, b in zip(given, gold))
        said, there = (sum(x != "no_relation" for x in labels) for labels in (given, gold))
        figures.of(name, F1=200 * hits / max(said + there, 1), right=percent(sum(a == b for a, b in zip(given, gold)), len(gold)))


def retrieval(figures, runtime, src, most):
    """For how many held-out questions the paragraph that answers is nearest, of all held-out ones."""
    held = split_questions(read_written(os.path.join(HERE, "qa_written.tsv"), src))[1]
    paragraphs = sorted({q["context"] for q in held})[:most]
    asked = [q for q in held if q["context"] in set(paragraphs)][::4]
    options = {"pooling": "mean", "normalize": True}
    embed = lambda texts: [a["vector"] for a in runtime.lines("embed", [{"text": t} for t in texts], options)]
    store, right = embed(paragraphs), 0
    for q, vector in zip(asked, embed([q["question"] for q in asked])):
        best = max(range(len(store)), key=lambda k: sum(a * b for a, b in zip(vector, store[k])))
        right += paragraphs[best] == q["context"]
    figures.of("retrieval", **{"right paragraph": percent(right, len(asked)), "paragraphs": len(paragraphs), "questions": len(asked)})


def blanks(figures, runtime, src, most):
    if runtime.has("cloze"):
        files = [*written_data.files("train", "ner"), os.path.join(HERE, "ner_written.txt")]
        held = make_blanks(pages(src), read(os.path.join(src, CONLL, "train.txt")), files)[1][:most]
        found = runtime.lines("cloze", [{"passage": p, "query": q, "candidates": [list(c) for c in cs]} for p, q, cs, _ in held])
        right = sum([f[0]["start"], f[0]["end"]] in [list(cs[k]) for k in gold] for f, (_, _, cs, gold) in zip(found, held))
        chance = sum(len(gold) / len(cs) for _, _, cs, gold in held)
        figures.of("cloze", right=percent(right, len(held)), by_chance=percent(chance, len(held)), blanks=len(held))


def masked(figures, runtime, src, most):
    """Whole words of held-out paragraphs, one of each, and titles of mentions there, read and with their words masked."""
    if not runtime.has("mlm"):
        return
    held, rng, texts, gold = split(pages(src))[1], random.Random("assess"), [], []
    mask = "[MASK]"
    for page in held[:most]:
        words = page["text"].split(" ")
        at = [k for k in range(2, len(words)) if words[k].isalpha()]
        if at:
            k = rng.choice(at)
            texts.append(" ".join(words[:k] + [mask] + words[k + 1 :]))
            gold.append(words[k].lower())
    found = [[x["token"].strip().lower() for x in a[0]] for a in runtime.lines("fill-mask", [{"text": t} for t in texts], {"topK": 5})]
    figures.of("masked words", right=percent(sum(f[0] == g for f, g in zip(found, gold)), len(gold)),
               among_five=percent(sum(g in f for f, g in zip(found, gold)), len(gold)), words=len(gold))
    named = [(page["text"], rng.choice(own)) for page in held if (own := mentions(page, entity_vocabulary()))][:most]
    for name, hide in (("read", False), ("masked", True)):
        asked = []
        for text, (a, e, _) in named:
            shown = " ".join([mask] * len(text[a:e].split())) if hide else text[a:e]
            asked.append({"text": text[:a] + shown + text[e:], "spans": [[a, a + len(shown)]]})
        found = [[x["title"] for x in answer[0]] for answer in runtime.lines("predict-entities", asked, {"topK": 5})]
        figures.of(f"titles, words {name}", right=percent(sum(f[0] == t for f, (_, (_, _, t)) in zip(found, named)), len(named)),
                   among_five=percent(sum(t in f for f, (_, (_, _, t)) in zip(found, named)), len(named)), mentions=len(named))


def cost(figures, runtime):
    """Bytes of all files, and milliseconds a word of `ner` on one thread: the best of three runs, with the load."""
    size = sum(os.path.getsize(f) for f in glob.glob(f"{runtime.model}/**", recursive=True) if os.path.isfile(f))
    text = "\n".join(text for doc in written_data.plain_sentences(written_data.files("dev", "ner")) for text, _ in doc)
    times = []
    for _ in range(3):
        began = time.time()
        runtime.lines("ner", [{"text": text}], {})
        times.append(time.time() - began)
    figures.of("size", MB=size / 1e6)
    figures.of("time", ms_a_word=1000 * min(times) / len(text.split()))


def choices(figures, runtime, src, most):
    """What may be looked at as often as one likes."""
    limit = most and max(1, most // 20)
    figures.of("CoNLL valid", F1=runtime.eval("conll2003", os.path.join(src, CONLL, "valid.txt"), limit)["f1"])
    found = runtime.eval("marked", written_data.files("dev", "ner")[0], limit)
    figures.of("written sentences", F1=found["f1"], calibration_error=found["calibrationError"])
    questions(figures, "questions by hand", runtime, read_dev(os.path.join(HERE, "qa_dev.json"))[:most])
    held = split_questions(read_written(os.path.join(HERE, "qa_written.tsv"), src))[1]
    questions(figures, "questions held out", runtime, held[::4][:most])
    questions(figures, "written questions", runtime, written_data.questions(written_data.files("dev", "qa"))[:most])
    types(figures, "written types", runtime, written_data.labelled(written_data.files("dev", "typ"))[:most])
    relations(figures, "written relations", runtime, written_data.labelled(written_data.files("dev", "rel"))[:most])
    blanks(figures, runtime, src, most)
    masked(figures, runtime, src, most or 400)
    retrieval(figures, runtime, src, most)


def tests(figures, runtime, src, most):
    """Read once for a version."""
    files = sorted(glob.glob(os.path.join(GENRES, "ner-*.txt")))
    scores = {os.path.basename(f)[4:-4]: runtime.eval("marked", f)["f1"] for f in files}
    figures.of("genre", **{f"{genre} F1": f1 for genre, f1 in scores.items()})
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as all_:
        all_.write("\n\n".join(open(f, encoding="utf-8").read().strip() for f in files) + "\n")
        all_.flush()
        found = runtime.eval("marked", all_.name)
    figures.of("genres", F1=found["f1"], lowest_F1=min(scores.values()), calibration_error=found["calibrationError"],
               without_error=found["withoutError"])
    questions(figures, "genre questions", runtime, written_data.questions([os.path.join(GENRES, "qa.txt")]))
    types(figures, "genre types", runtime, written_data.labelled([os.path.join(GENRES, "typing.txt")]))
    relations(figures, "genre relations", runtime, written_data.labelled([os.path.join(GENRES, "relation.txt")]))
    if most:
        return
    figures.of("CoNLL test", F1=runtime.eval("conll2003", os.path.join(src, CONLL, "test.txt"))["f1"])
    tweets = os.path.join(src, "../tweets.txt")
    if os.path.exists(tweets):
        figures.of("tweets", F1=runtime.eval("conll2003", tweets)["f1"])
    if runtime.has("qa") and os.path.exists(os.path.join(src, SQUAD)):
        found = runtime.eval("squad", os.path.join(src, SQUAD))
        figures.of("SQuAD", F1=found["f1"], EM=found["exactMatch"])


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--model", required=True, help="a model folder, of luke convert")
    p.add_argument("--luke", default="../../target/release/luke", help="the command line")
    p.add_argument("--src", default="work/src")
    p.add_argument("--out", required=True, help="the figures, as JSON")
    p.add_argument("--beside", help="figures of another model")
    p.add_argument("--tests", action="store_true")
    p.add_argument("--limit", type=int, help="about so many items of each kind, to see that it runs")
    a = p.parse_args()
    runtime, figures = Runtime(a.luke, a.model), Figures()
    (tests if a.tests else choices)(figures, runtime, a.src, a.limit)
    cost(figures, runtime)
    with open(a.out, "w", encoding="utf-8") as f:
        json.dump(figures, f, indent=1)
    other = json.load(open(a.beside, encoding="utf-8")) if a.beside else {}
    print(f"\n| figure | {a.model} | {a.beside or 'other'} | wanted |\n|---|---|---|---|")
    show = lambda value: "–" if value is None else f"{value:.2f}"
    for name in [*figures, *(n for n in other if n not in figures)]:
        wanted, value = WANTED.get(name), figures.get(name)
        met = ""
        if wanted is not None and value is not None:
            met = " yes" if (value <= wanted if name in AT_MOST else value >= wanted) else " no"
        print(f"| {name} | {show(value)} | {show(other.get(name))} | {'' if wanted is None else wanted}{met} |")


if __name__ == "__main__":
    main()
