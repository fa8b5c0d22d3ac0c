"""Cloze questions: which candidate fills a blank."""
import os

import torch

import cloze_data
import written_data
from masked_data import pages
from reader import read


class Blanks:
    def __init__(self, setting):
        self.setting = setting
        a = setting.options
        files = [*written_data.files("train", "ner"), os.path.join(written_data.HERE, "ner_written.txt")]
        items, held = cloze_data.make(pages(a.src), read(os.path.join(a.data, "train.txt")), files)
        self.source = cloze_data.Blanks(items, setting.tokenizer, setting.specials, a.seed, setting.state("cloze"))
        self.dev = held[:: a.dev_every]

    def logits(self, ids, mask, entities):
        """Of the candidates; what is none gets next to nothing."""
        return self.setting.model.filled(ids, mask, entities).float() + (1 - entities[1][:, 1:]) * -1e4

    def loss(self, step, rng):
        ids, mask, entities, right = self.setting.to(*self.source.batch(step))
        share = self.logits(ids, mask, entities).log_softmax(1)
        used = right.sum(1) > 0
        # Several candidates may be the same entity: one of them is to be found.
        return {"cloze": -(share + (1 - right) * -1e4)[used].logsumexp(1).mean()}

    @torch.no_grad()
    def assess(self):
        hits = asked = 0
        for k in range(0, len(self.dev), 8):
            ids, mask, entities, right = self.setting.to(*self.source.collate(self.dev[k : k + 8]))
            best = self.logits(ids, mask, entities).argmax(1, keepdim=True)
            hits += int(right.gather(1, best).sum())
            asked += int((right.sum(1) > 0).sum())
        yield f"cloze, held out: {100 * hits / max(asked, 1):.2f} of {asked} blanks right"
