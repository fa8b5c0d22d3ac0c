"""Types of mentions, and relations of two."""
import torch
import torch.nn.functional as F

import typing_data
import written_data
from export import ENTITY_VOCAB
from mention_data import Marked
from relations import RELATIONS
from typing_data import TYPES

WRITTEN_TYPES = 0.6  # of the batches


class Types:
    """Coarse types: of mentions in plain sentences, common nouns too, and of Wikipedia's articles."""

    def __init__(self, setting):
        self.setting = setting
        a = setting.options
        items, held = typing_data.split(typing_data.mentions(a.src))
        plain = lambda found: [(text, [(start, end)], kind) for _, text, start, end, kind in found]
        written = lambda part: [(text, [p["M"]], kind) for text, p, kind in written_data.labelled(written_data.files(part, "typ"))]
        make = lambda name, xs: Marked(name, xs, TYPES, setting.tokenizer, setting.specials, a.seed, setting.state(name), ENTITY_VOCAB)
        self.wikipedia, self.written = make("types wikipedia", plain(items)), make("types written", written("train"))
        self.dev = {"Wikipedia, held out": plain(held)[:: a.dev_every], "written": written("dev")[:: a.dev_every]}

    def loss(self, step, rng):
        s = self.setting
        source = self.written if rng.random() < WRITTEN_TYPES else self.wikipedia
        ids, mask, entities, kinds = s.to(*source.batch(step))
        logits = s.model.typed(ids, mask, entities).float()
        gold = F.one_hot(kinds, len(TYPES)).float() * (1 - s.options.smooth) + s.options.smooth / len(TYPES)
        return {"types": 4 * F.binary_cross_entropy_with_logits(logits, gold)}

    @torch.no_grad()
    def assess(self):
        for name, items in self.dev.items():
            given = best(self.setting, self.setting.model.typed, self.written, items)
            right = sum(g == kind for g, (_, _, kind) in zip(given, items))
            yield f"types {name}: {100 * right / len(items):.2f} of {len(items)} mentions right"


class Relations:
    def __init__(self, setting):
        self.setting = setting
        a = setting.options
        read = lambda part: [(text, [p["H"], p["T"]], label) for text, p, label in written_data.labelled(written_data.files(part, "rel"))]
        self.source = Marked("relations", read("train"), RELATIONS, setting.tokenizer, setting.specials, a.seed,
                             setting.state("relations"), ENTITY_VOCAB)
        self.dev = read("dev")[:: a.dev_every]

    def loss(self, step, rng):
        s = self.setting
        ids, mask, entities, labels = s.to(*self.source.batch(step))
        return {"relations": F.cross_entropy(s.model.related(ids, mask, entities).float(), labels, label_smoothing=s.options.smooth)}

    @torch.no_grad()
    def assess(self):
        given = best(self.setting, self.setting.model.related, self.source, self.dev)
        gold = [label for _, _, label in self.dev]
        hits = sum(g == w != "no_relation" for g, w in zip(given, gold))
        said, there = (sum(x != "no_relation" for x in labels) for labels in (given, gold))
        right = sum(g == w for g, w in zip(given, gold))
        yield f"relations written: F1 {200 * hits / max(said + there, 1):.2f}, {100 * right / len(gold):.2f} of {len(gold)} right"


def best(setting, logits_of, source, items):
    """The label of the highest logit of each item."""
    out = []
    for k in range(0, len(items), 32):
        ids, mask, entities, _ = setting.to(*source.collate(items[k : k + 32]))
        out += [source.labels[i] for i in logits_of(ids, mask, entities).float().argmax(1).tolist()]
    return out
