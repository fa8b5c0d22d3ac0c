"""Masked words and masked titles, over Wikipedia text: paragraphs, and the mentions of titles in them.

    python masked_data.py --src work/src --out titles.txt    # the titles: of articles that another article names

A mention is a title as it stands in a text. The runtime reads the words of a mention beside its `[MASK]` entity, so half of the
mentions keep theirs; the others are told by the text around them.
"""
import argparse
import random
import re

import torch

from trainer import shuffled, take
from wikipedia import articles, base, summaries

WORDS, TITLES = (16, 128), (16, 128, 8)  # sequences, sub-words, entities
NAME = re.compile(r"[A-Z][\w'’-]*(?: (?:(?:of|the|and|de) )?[A-Z][\w'’-]*)*")
HELD = 0.05  # of the articles
MASKED = 0.15  # of the sub-words


def pages(src):
    return summaries(src) + articles(src)


def split(items):
    """(training paragraphs, held-out ones) by article."""
    out = ([], [])
    for page in items:
        out[random.Random("masked " + page["title"]).random() < HELD].append(page)
    return out


def mentions(page, titles):
    """[(start, end, title)] of a paragraph; a title in brackets is not a name."""
    return [(*m.span(), m.group()) for m in NAME.finditer(page["text"]) if m.group() in titles]


def named_elsewhere(items):
    """The titles of articles that other articles name."""
    titles = {p["title"] for p in items if base(p["title"]) == p["title"] and len(p["title"]) > 2}
    return sorted({title for p in items for _, _, title in mentions(p, titles) if title != p["title"]})


class Paragraphs:
    """Windows of paragraphs; `words(step)` and `titles(step)` give batches, `collate_...` those of chosen items."""

    def __init__(self, items, tokenizer, specials, seed, state, vocabulary):
        self.items, self.tokenizer, self.seed, self.state, self.vocabulary = items, tokenizer, seed, state, vocabulary
        self.before, self.after, self.pad, self.mask = specials
        self.size = tokenizer.get_vocab_size(with_added_tokens=True)
        self.named = [(p["text"], found) for p in items if (found := mentions(p, vocabulary))]

    def encode(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False).ids if text else []

    def next(self, name, items, n):
        return take(self.state, name, n, lambda epoch: shuffled(items, f"{self.seed} {name} {epoch}"))

    def words(self, step):
        rng = random.Random(f"{self.seed} words {step}")
        return self.collate_words([p["text"] for p in self.next("words", self.items, WORDS[0])], rng)

    def collate_words(self, texts, rng):
        """(ids, mask, places of the masked words in the flattened batch, their rows of the word table)"""
        n = WORDS[1]
        ids, mask, at, gold = torch.full((len(texts), n), self.pad), torch.zeros(len(texts), n), [], []
        for row, text in enumerate(texts):
            sub = self.encode(text)
            start = rng.randrange(max(1, len(sub) - (n - 2) + 1))
            sub = sub[start : start + n - 2]
            for k in rng.sample(range(len(sub)), max(1, round(MASKED * len(sub)))) if sub else ():
                at.append(row * n + 1 + k)
                gold.append(sub[k] % self.size)
                sub[k] = self.mask
            ids[row, : len(sub) + 2] = torch.tensor([self.before, *sub, self.after])
            mask[row, : len(sub) + 2] = 1
        return ids, mask, torch.tensor(at), torch.tensor(gold)

    def titles(self, step):
        rng = random.Random(f"{self.seed} titles {step}")
        return self.collate_titles(self.next("titles", self.named, TITLES[0]), rng, hide=0.5, known=0.2)

    def collate_titles(self, items, rng, hide, known=0.0):
        """(ids, mask, entities, places of the masked entities in the flattened batch, their rows of the entity table).

        `hide` is the share of mentions whose words are masked, `known` that of entities that are given by title."""
        b, (_, n, m) = len(items), TITLES
        ids, mask, at, gold = torch.full((b, n), self.pad), torch.zeros(b, n), [], []
        start, end = torch.zeros(b, m, dtype=torch.long), torch.ones(b, m, dtype=torch.long)
        entity_ids, entity_mask = torch.zeros(b, m, dtype=torch.long), torch.zeros(b, m)
        for row, (text, found) in enumerate(items):
            sub, spans, done = [], [], 0
            for a, e, title in found:  # a text is cut at every mention, as the runtime does
                sub += self.encode(text[done:a])
                own = self.encode(text[a:e])
                spans.append((len(sub), len(sub) + len(own), title))
                sub += [self.mask] * len(own) if rng.random() < hide else own
                done = e
            sub += self.encode(text[done:])
            middle = rng.choice(spans)[0]
            first = max(0, min(middle - (n - 2) // 2, len(sub) - (n - 2)))
            sub = sub[first : first + n - 2]
            spans = [(a - first, e - first, title) for a, e, title in spans if first <= a and e <= first + len(sub)]
            if len(spans) > m:
                spans = sorted(rng.sample(spans, m))
            ids[row, : len(sub) + 2] = torch.tensor([self.before, *sub, self.after])
            mask[row, : len(sub) + 2] = 1
            for k, (a, e, title) in enumerate(spans):
                start[row, k], end[row, k], entity_mask[row, k] = a + 1, e + 1, 1
                if rng.random() < known:
                    entity_ids[row, k] = self.vocabulary[title]
                else:
                    at.append(row * m + k)
                    gold.append(self.vocabulary[title])
        return ids, mask, (entity_ids, entity_mask, start, end), torch.tensor(at, dtype=torch.long), torch.tensor(gold, dtype=torch.long)


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--src", default="work/src")
    p.add_argument("--out", default="titles.txt")
    a = p.parse_args()
    titles = named_elsewhere(pages(a.src))
    with open(a.out, "w", encoding="utf-8") as f:
        f.writelines(title + "\n" for title in titles)
    print(f"{a.out}: {len(titles)} titles")
