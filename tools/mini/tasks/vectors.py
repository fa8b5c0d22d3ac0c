"""Mean word vectors, which `embed` gives, pulled towards those of the encoder that the model came from, which was made for them."""
import os

import torch
import torch.nn.functional as F

import written_data
from case_types import split as pieces
from masked_data import pages
from qa_data import read_written, split
from trainer import shuffled, take

SHAPE = (16, 128)  # texts, sub-words
QUESTIONS = 0.5  # of the texts; the others are paragraphs


class Vectors:
    def __init__(self, setting):
        self.setting = setting
        a = setting.options
        asked, self.held = split(read_written(os.path.join(written_data.HERE, "qa_written.tsv"), a.src))
        later = written_data.questions(written_data.files("train", "qa"))
        self.questions = [q["question"] for q in asked + later]
        hidden = {q["context"] for q in self.held}
        self.texts = [p["text"] for p in pages(a.src) if p["text"] not in hidden] + sorted({q["context"] for q in later})
        self.state = setting.state("vectors")

    def batch(self, texts):
        before, after, pad, _ = self.setting.specials
        ids, mask = torch.full((len(texts), SHAPE[1]), pad), torch.zeros(len(texts), SHAPE[1])
        for row, text in enumerate(texts):
            sub = [before, *self.setting.tokenizer.encode(text, add_special_tokens=False).ids[: SHAPE[1] - 2], after]
            ids[row, : len(sub)] = torch.tensor(sub)
            mask[row, : len(sub)] = 1
        return self.setting.to(ids, mask)

    def loss(self, step, rng):
        s, n = self.setting, round(SHAPE[0] * QUESTIONS)
        draw = lambda name, items, k: take(self.state, name, k, lambda epoch: shuffled(items, f"{s.options.seed} {name} {epoch}"))
        ids, mask = self.batch(draw("asked", self.questions, n) + draw("texts", self.texts, SHAPE[0] - n))
        own = s.model.vector(ids, mask)
        with torch.no_grad():  # it was not made to read case
            wanted = s.original.vector(pieces(ids, s.model.config.vocab_size)[0], mask)
        return {"vectors": 4 * (1 - F.cosine_similarity(own, wanted)).mean()}

    def vectors(self, texts):
        parts = [self.setting.model.vector(*self.batch(texts[k : k + 16])) for k in range(0, len(texts), 16)]
        return F.normalize(torch.cat(parts), dim=1)

    @torch.no_grad()
    def assess(self):
        """For how many held-out questions the paragraph that answers is the nearest, of all held-out ones."""
        paragraphs = sorted({q["context"] for q in self.held})[:: self.setting.options.dev_every]
        questions = [q for q in self.held if q["context"] in set(paragraphs)][::8]
        best = (self.vectors([q["question"] for q in questions]) @ self.vectors(paragraphs).T).argmax(1).tolist()
        right = sum(paragraphs[k] == q["context"] for k, q in zip(best, questions))
        share = 100 * right / len(questions)
        yield f"vectors: the right one of {len(paragraphs)} paragraphs for {share:.2f} % of {len(questions)} questions"
