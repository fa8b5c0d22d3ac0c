"""Questions over paragraphs as the runtime reads them: `<s> question </s></s> context </s>`, the context word by word.

The first token stands for "no answer", as the runtime's `nullScore` has it."""
import hashlib
import json
import random
import re

import torch

from trainer import shuffled, take
from wikipedia import articles, summaries

SHAPE = (8, 256)  # sequences, sub-words
SPACES = re.compile(r"[^ \t\r\n\u202f]+")


class Reader:
    """Tokenises; words are kept, as most come again."""

    def __init__(self, tokenizer):
        self.tokenizer, self.words = tokenizer, {}
        self.before, *self.between, self.after = tokenizer.encode("", "").ids

    def context(self, text):
        """[(id, start, end)] with characters of the text."""
        out = []
        for m in SPACES.finditer(text):
            word = m.group()
            if word not in self.words:
                e = self.tokenizer.encode(" " + word, add_special_tokens=False)
                self.words[word] = [(i, max(a - 1, 0), max(b - 1, 0)) for i, (a, b) in zip(e.ids, e.offsets)]
            out += [(i, m.start() + a, m.start() + b) for i, a, b in self.words[word]]
        return out

    def question(self, text, most=64):
        return self.tokenizer.encode(" " + text, add_special_tokens=False).ids[:most]

    def layout(self, question, context):
        """(ids, where the context begins)"""
        head = [self.before, *question, *self.between]
        return head + [i for i, _, _ in context] + [self.after], len(head)


HELD = 0.06  # of the articles


def split(questions):
    """(training questions, held-out ones): whole articles are held out."""
    out = ([], [])
    for q in questions:
        out[random.Random(q["title"]).random() < HELD].append(q)
    return out


def digest(text):
    """What a paragraph is known by in qa_written.tsv."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def place(answer, text):
    """Where it stands first as whole words, else where it stands first."""
    found = re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", text)
    return found.start() if found else text.index(answer)


def read_written(path, src):
    """The questions written for training, over paragraphs of the packages in `src`.

    Lines `# title digest` begin a paragraph; then `question answer`, with the answer's start where it is not its first place."""
    texts, out = {digest(p["text"]): p["text"] for p in summaries(src) + articles(src)}, []
    for line in open(path, encoding="utf-8"):
        first, second, *rest = line.rstrip("\n").split("\t")
        if first == "#":
            title, context = second, texts[rest[0]]
            continue
        start = int(rest[0]) if rest else place(second, context)
        out.append(dict(title=title, context=context, question=first, start=start, answer=second))
    return out


def read_dev(path):
    """The questions written by hand: [{title, context, question, answers}]."""
    return [
        dict(title=p["title"], context=p["text"], **q)
        for p in json.load(open(path, encoding="utf-8"))["paragraphs"] for q in p["questions"]
    ]


class Questions:
    """`batch(step)`: ids, mask, which positions may answer, first and last position of the answer."""

    def __init__(self, items, reader, specials, seed, state, strange=0.0):
        """strange: share of the questions that stand beside a paragraph of another title, and so have no answer."""
        self.items, self.reader, self.seed, self.state, self.strange = items, reader, seed, state, strange
        _, _, self.pad, self.mask = specials
        self.order = (None, [])

    def epoch(self, epoch):
        if self.order[0] != epoch:
            self.order = (epoch, shuffled(self.items, f"{self.seed} qa {epoch}"))
        return self.order[1]

    def batch(self, step):
        rng = random.Random(f"{self.seed} qa {step}")
        b, n = SHAPE
        ids, mask, allowed = torch.full((b, n), self.pad), torch.zeros(b, n), torch.zeros(b, n)
        first, last = torch.full((b,), -100), torch.full((b,), -100)
        for row, item in enumerate(take(self.state, "qa", b, self.epoch)):
            question = [self.mask if rng.random() < 0.03 else t for t in self.reader.question(item["question"])]
            if rng.random() < self.strange:
                other = rng.choice(self.items)
                item = dict(item, context=other["context"], answer="") if other["title"] != item["title"] else item
            tokens = self.reader.context(item["context"])
            a, e = item["start"], item["start"] + len(item["answer"])
            answer = [k for k, (_, s, t) in enumerate(tokens) if s < e and a < t]
            if item["answer"] and not answer:
                continue
            room = n - len(question) - 2 - len(self.reader.between)
            if len(tokens) > room:  # a window that holds the answer
                low = max(0, answer[-1] + 1 - room) if answer else 0
                at = rng.randint(low, max(low, min([len(tokens) - room, *answer[:1]])))
                tokens, answer = tokens[at : at + room], [k - at for k in answer]
            elif rng.random() < 0.5:  # another paragraph before or after it
                other = self.reader.context(rng.choice(self.items)["context"])[: room - len(tokens)]
                if rng.random() < 0.5:
                    tokens = tokens + other
                else:
                    tokens, answer = other + tokens, [k + len(other) for k in answer]
            row_ids, begin = self.reader.layout(question, tokens)
            ids[row, : len(row_ids)] = torch.tensor(row_ids)
            mask[row, : len(row_ids)] = 1
            allowed[row, begin : begin + len(tokens)] = allowed[row, 0] = 1
            if not answer:
                first[row] = last[row] = 0
            elif 0 <= answer[0] and answer[-1] < len(tokens):
                first[row], last[row] = begin + answer[0], begin + answer[-1]
        return ids, mask, allowed, first, last
