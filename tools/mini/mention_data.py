"""Mentions that are marked in a text, as the runtime reads them: one for its type, two for their relation. Features as
`src/text/input_builder.rs` arranges them: a text is cut at the mentions, `<ent>` stands around the first and `<ent2>` around the second."""
import random

import torch

from trainer import shuffled, take

SHAPE = (16, 96)  # texts, sub-words
MARKERS = ("<ent>", "<ent2>")
ENTITIES = ("[MASK]", "[MASK2]")


class Marked:
    """`batch(step)`: ids, mask, (entity ids, entity mask, start, end), places of the labels. Items: (text, [(start, end)], label)."""

    def __init__(self, name, items, labels, tokenizer, specials, seed, state, entities):
        self.name, self.items, self.labels, self.tokenizer, self.seed, self.state = name, items, labels, tokenizer, seed, state
        self.before, self.after, self.pad, self.mask = specials
        self.markers = [tokenizer.token_to_id(m) for m in MARKERS]
        self.entities = [entities[e] for e in ENTITIES]
        self.order = (None, [])

    def features(self, text, spans, most):
        """(sub-words, [(start, end)] of the mentions with their markers), at most so many sub-words."""
        cuts = sorted({0, len(text), *(at for span in spans for at in span)})
        ids, place = [], {0: 0}
        for a, e in zip(cuts, cuts[1:]):
            ids += self.tokenizer.encode(text[a:e], add_special_tokens=False).ids
            place[e] = len(ids)
        spans = [[place[a], place[e]] for a, e in spans]
        # The later one first, so that the earlier one's place still holds; spans that share one as the runtime takes them.
        order = [1, 0] if len(spans) == 2 and spans[0][0] < spans[1][0] else range(len(spans))
        for k in order:
            a, e = spans[k]
            ids[e:e] = [self.markers[k]]
            ids[a:a] = [self.markers[k]]
        if len(spans) == 2:
            first, second = (0, 1) if spans[0][0] < spans[1][0] else (1, 0)
            spans[first] = [spans[first][0], spans[first][1] + 2]
            spans[second] = [spans[second][0] + 2, spans[second][1] + 4]
        else:
            spans = [[spans[0][0], spans[0][1] + 2]]
        extra = len(ids) - most
        if extra > 0:  # around the mentions
            low, high = min(a for a, _ in spans), max(e for _, e in spans)
            start = min(max(0, low - max(0, most - (high - low)) // 2), extra)
            ids = ids[start : start + most]
            spans = [[max(0, a - start), min(most, e - start)] for a, e in spans]
        return ids, spans

    def collate(self, items, rng=None):
        b, n, m = len(items), SHAPE[1], len(items[0][1])
        ids, mask, gold = torch.full((b, n), self.pad), torch.zeros(b, n), torch.zeros(b, dtype=torch.long)
        start, end = torch.zeros(b, m, dtype=torch.long), torch.ones(b, m, dtype=torch.long)
        for row, (text, spans, label) in enumerate(items):
            sub, places = self.features(text, spans, n - 2)
            if rng:
                sub = [self.mask if rng.random() < 0.03 and t not in self.markers else t for t in sub]
            ids[row, : len(sub) + 2] = torch.tensor([self.before, *sub, self.after])
            mask[row, : len(sub) + 2] = 1
            for k, (a, e) in enumerate(places):
                start[row, k], end[row, k] = a + 1, max(e, a + 1) + 1
            gold[row] = self.labels.index(label)
        return ids, mask, (torch.tensor(self.entities[:m]).repeat(b, 1), torch.ones(b, m), start, end), gold

    def epoch(self, epoch):
        if self.order[0] != epoch:
            self.order = (epoch, shuffled(self.items, f"{self.seed} {self.name} {epoch}"))
        return self.order[1]

    def batch(self, step):
        return self.collate(take(self.state, self.name, SHAPE[0], self.epoch), random.Random(f"{self.seed} {self.name} {step}"))
