"""Cloze questions, made of texts that name an entity twice: one of its sentences, with a blank for the name, and the rest as the passage.

The texts are paragraphs of Wikipedia, documents of CoNLL-2003's training set and written documents. Features are those of ReCoRD's
reader, as `src/tasks/cloze/layout.rs` has them: `<s> query </s></s> passage </s>`, a token for the blank and one on both sides of each
candidate; entity 0 is the blank, the others are the candidates."""
import random
import re

import torch

from export import CLOZE_TOKENS
from masked_data import NAME
from trainer import shuffled, take
from written_data import plain_sentences

SHAPE = (8, 256, 24)  # questions, sub-words, entities
MOST_QUERY, MOST_MENTION = 60, 30
PLACEHOLDER = "@placeholder"
HELD = 0.04  # of the texts
BOUND = re.compile(r"(?<=[.!?])[\"'”’)]* +(?=[\"'“‘(]?[A-Z0-9])")


def of_paragraph(text):
    """[(sentence, [(start, end)])] with what looks like a name; a first word alone may be any word."""
    out = []
    for sentence in BOUND.split(text):
        out.append((sentence, [m.span() for m in NAME.finditer(sentence) if m.start() > 1 or " " in m.group()]))
    return out


def of_words(doc):
    """The same, of a document as `reader.read` gives it."""
    out = []
    for words, gold in doc:
        starts = [0]
        for word in words:
            starts.append(starts[-1] + len(word) + 1)
        out.append((" ".join(words), [(starts[a], starts[b] - 1) for a, b in sorted(gold)]))
    return out


def questions(sentences, rng, most=2, around=6):
    """[(passage, query, [(start, end)] of the candidates, numbers of the right ones)], at most so many of a text."""
    out = []
    for i in rng.sample(range(len(sentences)), len(sentences)):
        sentence, spans = sentences[i]
        others = [k for k in range(max(0, i - around), min(len(sentences), i + around + 1)) if k != i]
        passage, found = "", []
        for k in others:
            text, own = sentences[k]
            found += [(len(passage) + a, len(passage) + e) for a, e in own]
            passage += text + " "
        passage = passage.rstrip()
        for a, e in rng.sample(spans, len(spans)):
            name = sentence[a:e]
            if len(name) < 3 or sentence.count(name) > 1 or "@" in sentence + passage:
                continue
            # A longer or shorter form of the name may well be right too: it is no candidate.
            small, at = name.lower(), lambda x, y: passage[x:y].lower()
            alike = lambda other: other == small or not (other in small or small in other)
            candidates = [(x, y) for x, y in found if alike(at(x, y))]
            gold = [k for k, (x, y) in enumerate(candidates) if at(x, y) == small]
            if gold and len({at(x, y) for x, y in candidates}) > 2:
                out.append((passage, sentence[:a] + PLACEHOLDER + sentence[e:], candidates, gold))
                break
        if len(out) == most:
            break
    return out


def make(pages, conll, written, seed=1):
    """(training questions, held-out ones) of Wikipedia's pages, documents of `reader.read`, and files of written documents."""
    texts = [(p["title"], of_paragraph(p["text"])) for p in pages]
    texts += [(" ".join(doc[0][0]), of_words(doc)) for doc in conll]
    texts += [(doc[0][0], doc) for doc in plain_sentences(written)]
    out = ([], [])
    for key, sentences in texts:
        rng = random.Random(f"{seed} cloze {key}")
        out[rng.random() < HELD].extend(questions(sentences, rng))
    return out


class Blanks:
    """`batch(step)`: ids, mask, entities, which candidates are right [batch, entities - 1]."""

    def __init__(self, items, tokenizer, specials, seed, state):
        self.items, self.tokenizer, self.seed, self.state = items, tokenizer, seed, state
        _, _, self.pad, self.mask = specials
        self.before, *self.between, self.after = tokenizer.encode("", "").ids
        self.tokens = {name: tokenizer.token_to_id(token) for name, token in CLOZE_TOKENS.items()}
        self.order = (None, [])

    def encode(self, text):
        return self.tokenizer.encode(text.rstrip(), add_special_tokens=False).ids if text.strip() else []

    def query(self, text):
        """(sub-words, place of the blank); (None, 0) for one that is too long."""
        before, after = (self.encode(part) for part in text.split(PLACEHOLDER))
        ids = [*before, self.tokens["placeholder"], *after]
        return (ids, len(before)) if len(ids) <= MOST_QUERY else (None, 0)

    def passage(self, text, candidates):
        """(sub-words, [(start, end)] of the candidates with their markers)"""
        ids, places, done = [], [], 0
        for a, e in candidates:
            ids += self.encode(text[done:a])
            start = len(ids)
            ids += [self.tokens["entity"], *self.encode(text[a:e]), self.tokens["entity"]]
            places.append((start, len(ids)))
            done = e
        return ids + self.encode(text[done:]), places

    def collate(self, items, rng=None):
        (_, n, m), b = SHAPE, len(items)
        ids, mask = torch.full((b, n), self.pad), torch.zeros(b, n)
        start, end = torch.zeros(b, m, dtype=torch.long), torch.ones(b, m, dtype=torch.long)
        entity_mask, right = torch.zeros(b, m), torch.zeros(b, m - 1)
        for row, (text, query, candidates, gold) in enumerate(items):
            asked, blank = self.query(query)
            if asked is None:
                continue
            sub, places = self.passage(text, candidates)
            room = n - 2 - len(self.between) - len(asked)
            middle = places[(rng.choice(gold) if rng else gold[0])][0]
            first = max(0, min(middle - room // 2, len(sub) - room))
            sub = sub[first : first + room]
            kept = [k for k, (a, e) in enumerate(places) if first <= a and e <= first + len(sub)]
            if len(kept) >= m:  # those nearest to the middle
                kept = sorted(sorted(kept, key=lambda k: abs(places[k][0] - middle))[: m - 1])
            head = [self.before, *asked, *self.between]
            if rng:
                keep = set(self.tokens.values())
                sub = [self.mask if rng.random() < 0.03 and t not in keep else t for t in sub]
            row_ids = [*head, *sub, self.after]
            ids[row, : len(row_ids)] = torch.tensor(row_ids)
            mask[row, : len(row_ids)] = 1
            shift = len(head) - first
            spans = [(1 + blank, 2 + blank), *((places[k][0] + shift, places[k][1] + shift) for k in kept)]
            for k, (a, e) in enumerate(spans):
                start[row, k], end[row, k], entity_mask[row, k] = a, min(e, a + MOST_MENTION), 1
            for k, number in enumerate(kept):
                right[row, k] = number in gold
        return ids, mask, (torch.zeros(b, m, dtype=torch.long), entity_mask, start, end), right

    def epoch(self, epoch):
        if self.order[0] != epoch:
            self.order = (epoch, shuffled(self.items, f"{self.seed} cloze {epoch}"))
        return self.order[1]

    def batch(self, step):
        return self.collate(take(self.state, "cloze", SHAPE[0], self.epoch), random.Random(f"{self.seed} cloze {step}"))
