"""Named entities: spans, and before them words alone."""
import os

import torch
import torch.nn.functional as F

import written_data
from conll import LABELS, load
from evaluate import evaluate, show
from ner_data import TAGS, Batches


def sources(setting):
    """(batches of CoNLL-2003, batches of written sentences), made once for a run."""
    if not hasattr(setting, "sentences"):
        a, tokenizer = setting.options, setting.tokenizer
        make = lambda name, docs, swap: Batches(docs, tokenizer, setting.specials, a.seed, setting.state(name), a.word_drop, swap)
        files = [*written_data.files("train", "ner"), os.path.join(written_data.HERE, "ner_written.txt")]
        conll = make("conll", load(os.path.join(a.data, "train.txt"), tokenizer, a.train_every), a.swap / 3)
        setting.sentences = conll, make("written", written_data.entities(files, tokenizer), a.swap)
    return setting.sentences


def drawn(setting, rng):
    conll, written = sources(setting)
    return written if rng.random() < setting.options.written_share else conll


def entropy(logits, gold, smooth=0.0):
    return F.cross_entropy(logits.float().flatten(0, 1), gold.flatten(), ignore_index=-100, label_smoothing=smooth)


class Tags:
    """Words alone: a tagger of entity starts, insides and ends, at a tenth of the cost of spans; the span classifier may start from it."""

    def __init__(self, setting):
        self.setting = setting
        sources(setting)

    def loss(self, step, rng):
        ids, mask, _, _, tags = self.setting.to(*drawn(self.setting, rng).batch("words", step))
        return {"tags": entropy(self.setting.model.tags(ids, mask), tags)}

    def assess(self):
        return ()


class Entities:
    """Spans; half of the batches have those that the runtime's filter keeps."""

    def __init__(self, setting):
        self.setting = setting
        sources(setting)
        a, tokenizer = setting.options, setting.tokenizer
        self.dev = {
            "valid": load(os.path.join(a.data, "valid.txt"), tokenizer, a.valid_every),
            "written": written_data.entities(written_data.files("dev", "ner"), tokenizer)[:: a.dev_every],
        }

    def loss(self, step, rng):
        s, a = self.setting, self.setting.options
        late = step > a.steps * 0.75
        shares = (0.5, 0.15, 0.2, 0.15) if late else (0.5, 0.3, 0.1, 0.1)
        kind = rng.choices(("likely", "window", "pass", "alone"), shares)[0]
        batches = drawn(s, rng)
        ids, mask, entities, labels, tags = s.to(*batches.batch(kind, step))
        spans, words = s.model.spans(ids, mask, entities)
        loss = entropy(spans, labels, a.smooth)
        # What was written after the teacher was trained is there to change its answers.
        if s.teacher is not None and batches is sources(s)[0]:
            with torch.no_grad():
                wanted = s.teacher.spans(ids, mask, entities)[0]
            loss = (loss + likeness(spans, wanted, labels >= 0)) / 2
        return {kind: loss, "tags": 0.2 * entropy(words, tags)}

    def assess(self):
        for name, docs in self.dev.items():
            result = evaluate(self.setting.model, self.setting.tokenizer, docs, 0, likely=True)
            yield f"entities {name}, likely spans: {show(result)}"


def likeness(logits, wanted, used):
    """How far distributions over the last dimension are from a teacher's, where `used`."""
    kl = F.kl_div(logits.float().log_softmax(-1), wanted.float().log_softmax(-1), reduction="none", log_target=True).sum(-1)
    return kl[used].mean()


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
