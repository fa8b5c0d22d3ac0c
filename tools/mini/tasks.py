"""What is learnt: each task makes its batches, its loss and its score.

`loss(step, rng, teacher)` gives {name: loss}; `assess()` gives lines for the log. With a teacher (a model over the same pieces, often
with more layers) half of a loss is to answer as it does.
"""
import os

import torch
import torch.nn.functional as F

import evaluate_qa
import ner_silver
import typing_data
from conll import LABELS, load
from evaluate import evaluate, show
from ner_data import TAGS, Batches
from qa_data import Questions, Reader, read_dev, read_silver, read_written, split

HERE = os.path.dirname(os.path.abspath(__file__))


def likeness(logits, wanted, used):
    """Of distributions over the last dimension to a teacher's, where `used`."""
    kl = F.kl_div(logits.float().log_softmax(-1), wanted.float().log_softmax(-1), reduction="none", log_target=True).sum(-1)
    return kl[used].mean()


def taught(loss, logits, wanted, used):
    return loss if wanted is None else (loss + likeness(logits, wanted, used)) / 2


class Entities:
    """Spans and word tags of CoNLL-2003, and of silver sentences."""

    def __init__(self, a, model, trainer, tokenizer, specials):
        self.a, self.model, self.trainer, self.tokenizer = a, model, trainer, tokenizer
        make = lambda docs, state: Batches(docs, tokenizer, specials, a.seed, state, a.word_drop)
        self.batches = make(load(os.path.join(a.data, "train.txt"), tokenizer), trainer.data)
        self.more = a.more and make(ner_silver.read(a.more, tokenizer), trainer.data.setdefault("more", {}))
        self.valid = load(os.path.join(a.data, "valid.txt"), tokenizer)[:: a.valid_every]

    def loss(self, step, rng, teacher=None):
        if step == self.a.tag_steps and step:
            start_classifier(self.trainer)
        late = step > self.a.steps * 0.75
        kind = rng.choices(("window", "pass", "alone"), (0.45, 0.35, 0.2) if late else (0.75, 0.10, 0.15))[0]
        source = self.more if self.more and rng.random() < self.a.more_share else self.batches
        device = self.trainer.device
        to = lambda x: x.to(device)
        entropy = lambda logits, gold: F.cross_entropy(logits.float().flatten(0, 1), to(gold).flatten(), ignore_index=-100)
        if step < self.a.tag_steps:
            ids, mask, _, _, word_tags = source.batch("words", step)
            return {"tags": entropy(self.model.tags(to(ids), to(mask)), word_tags)}
        ids, mask, entities, labels, word_tags = source.batch(kind, step)
        inputs = to(ids), to(mask), tuple(map(to, entities))
        spans, words = self.model.spans(*inputs)
        wanted = teacher and teacher.spans(*inputs)[0]
        return {kind: taught(entropy(spans, labels), spans, wanted, to(labels) >= 0), "tags": 0.2 * entropy(words, word_tags)}

    def assess(self):
        if self.trainer.step <= self.a.tag_steps:
            return
        for context in (0, 128):
            yield f"valid, context {context}: {show(evaluate(self.model, self.tokenizer, self.valid, context))}"


def start_classifier(t):
    """Starts and ends are scored as the tagger does; the entity's own part starts at nothing."""
    h = t.model.config.hidden_size
    w = t.master["tagger.weight"]
    to = torch.zeros_like(t.master["classifier.weight"])
    at = lambda label, p: TAGS.index(f"{p}-{label}")
    for k, label in enumerate(LABELS[1:], 1):
        to[k, :h] = (w[at(label, "B")] + w[at(label, "S")]) / 2 - w[0]
        to[k, h : 2 * h] = (w[at(label, "E")] + w[at(label, "S")]) / 2 - w[0]
    to[0, : 2 * h] = -to[1:, : 2 * h].mean(0) / 2
    for group in (t.master, t.ema):
        group["classifier.weight"].copy_(to / 2)
        group["classifier.bias"].zero_()
    t.publish(t.master)


class Answers:
    """Questions made by rule, and written ones."""

    def __init__(self, a, model, trainer, tokenizer, specials):
        self.a, self.model, self.device, self.reader = a, model, trainer.device, Reader(tokenizer)
        make = lambda items, state: Questions(items, self.reader, specials, a.seed, state)
        silver, held = split(read_silver(a.silver))
        self.silver = make(silver, trainer.data)
        self.dev = {"by hand": read_dev(os.path.join(HERE, "qa_dev.json")), "silver": held[::8][:400]}
        self.written = None
        if a.written:
            written, held = split(read_written(a.written, a.src))
            self.written = make(written, trainer.data.setdefault("written", {}))
            self.dev["written"] = held[::4]

    def loss(self, step, rng, teacher=None):
        source = self.written if self.written and rng.random() < self.a.written_share else self.silver
        ids, mask, allowed, first, last = (x.to(self.device) for x in source.batch(step))
        shut = (1 - allowed).unsqueeze(-1) * -1e4
        logits = self.model.answers(ids, mask).float() + shut
        loss = sum(F.cross_entropy(logits[..., k], at, ignore_index=-100) for k, at in enumerate((first, last))) / 2
        if teacher is None:
            return {"qa": loss}
        wanted = teacher.answers(ids, mask).float() + shut
        return {"qa": taught(loss, logits.transpose(1, 2), wanted.transpose(1, 2), (first >= 0)[:, None].expand(-1, 2))}

    def assess(self):
        for name, items in self.dev.items():
            given = evaluate_qa.answers(self.model.answers, self.reader, items, self.model.config.pad_token_id)
            yield f"questions {name}: {show(evaluate_qa.score(items, given))}"


class Types:
    """Coarse types of mentions."""

    def __init__(self, a, model, trainer, tokenizer, specials):
        self.model, self.device = model, trainer.device
        items, self.held = typing_data.split(typing_data.mentions(a.src))
        self.mentions = typing_data.Mentions(items, tokenizer, specials, a.seed, trainer.data)

    def logits(self, model, batch):
        ids, mask, entities, _ = batch
        return model.typed(ids.to(self.device), mask.to(self.device), tuple(x.to(self.device) for x in entities)).float()

    def loss(self, step, rng, teacher=None):
        batch = self.mentions.batch(step)
        gold = batch[3].to(self.device)
        if teacher is not None:
            gold = (gold + self.logits(teacher, batch).sigmoid()) / 2
        return {"typing": 4 * F.binary_cross_entropy_with_logits(self.logits(self.model, batch), gold)}

    @torch.no_grad()
    def assess(self):
        hits = 0
        for k in range(0, len(self.held), 32):
            batch = self.mentions.collate(self.held[k : k + 32])
            hits += int((self.logits(self.model, batch).cpu().argmax(1) == batch[3].argmax(1)).sum())
        yield f"best type of {len(self.held)} mentions right: {100 * hits / len(self.held):.2f}"
