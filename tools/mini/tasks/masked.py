"""Masked words and masked titles: the head of LUKE's pretraining."""
import random

import torch
import torch.nn.functional as F

from export import entity_vocabulary
from masked_data import Paragraphs, pages, split


def sources(setting):
    """(training paragraphs, held-out ones), made once for a run."""
    if not hasattr(setting, "paragraphs"):
        a = setting.options
        make = lambda name, items: Paragraphs(items, setting.tokenizer, setting.specials, a.seed, setting.state(name), entity_vocabulary())
        train, held = split(pages(a.src))
        setting.paragraphs = make("masked", train), make("masked held", held[:: a.dev_every][:256])
    return setting.paragraphs


def found(logits, gold, best=(1, 5)):
    """How many right ones are among the best so many."""
    top = logits.float().topk(max(best)).indices
    return [int((top[:, :n] == gold[:, None]).any(1).sum()) for n in best]


def shown(name, rows):
    """A line of the results of several batches: [(the two numbers of `found`, number of positions)]."""
    asked = max(sum(n for _, n in rows), 1)
    one, five = (100 * sum(hits[k] for hits, _ in rows) / asked for k in (0, 1))
    return f"{name}: {one:.2f} right, {five:.2f} among five, of {asked}"


class Words:
    def __init__(self, setting):
        self.setting = setting
        self.train, self.held = sources(setting)

    def loss(self, step, rng):
        ids, mask, at, gold = self.setting.to(*self.train.words(step))
        return {"words": F.cross_entropy(self.setting.model.words(ids, mask, at).float(), gold)}

    @torch.no_grad()
    def assess(self):
        rng, rows, texts = random.Random("words"), [], [p["text"] for p in self.held.items]
        for k in range(0, len(texts), 16):
            ids, mask, at, gold = self.setting.to(*self.held.collate_words(texts[k : k + 16], rng))
            rows.append((found(self.setting.model.words(ids, mask, at), gold), len(gold)))
        yield shown("masked words, held out", rows)


class Titles:
    def __init__(self, setting):
        self.setting = setting
        self.train, self.held = sources(setting)

    def loss(self, step, rng):
        ids, mask, entities, at, gold = self.setting.to(*self.train.titles(step))
        return {"titles": F.cross_entropy(self.setting.model.titles(ids, mask, entities, at).float(), gold)}

    @torch.no_grad()
    def assess(self):
        for name, hide in (("read", 0.0), ("masked", 1.0)):
            rng, rows = random.Random("titles"), []
            for k in range(0, len(self.held.named), 16):
                ids, mask, entities, at, gold = self.setting.to(*self.held.collate_titles(self.held.named[k : k + 16], rng, hide))
                rows.append((found(self.setting.model.titles(ids, mask, entities, at), gold), len(gold)))
            yield shown(f"titles, held out, their words {name}", rows)
