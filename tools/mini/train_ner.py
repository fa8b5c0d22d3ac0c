"""Fine-tunes LUKE (from init_luke.py) for span NER on CoNLL-2003. Resumes by itself; `--steps` may grow between calls.

    python train_ner.py --init work/init --steps 4000 --out work/luke-mini-en-hf

The first `--tag-share` of the steps train the words alone, as a tagger of entity starts, insides and ends (a tenth of the cost of
spans); then spans and tags together. The classifier starts from the tagger's weights for starts and ends.
"""
import argparse
import os
import random
import time

import torch
import torch.nn.functional as F
import transformers
from transformers import LukeForEntitySpanClassification

from conll import LABELS, load, load_tokenizer
from evaluate import evaluate, show
from export import save
from fast import encode
from init_luke import ids_of
from ner_data import TAGS, Batches
from trainer import Trainer, layered, setup


class Model(torch.nn.Module):
    """LUKE, the span classifier under Hugging Face's names, and the tagger of words."""

    def __init__(self, folder, drop):
        super().__init__()
        whole = LukeForEntitySpanClassification.from_pretrained(folder)
        whole.luke.pooler = None
        self.config, self.luke, self.classifier, self.drop = whole.config, whole.luke, whole.classifier, drop
        self.tagger = torch.nn.Linear(self.config.hidden_size, len(TAGS))
        for m in self.modules():
            if isinstance(m, torch.nn.Dropout):
                m.p = 0.0

    def forward(self, ids, mask, entities=None):
        """(span logits or None, word logits)"""
        drop = self.drop if self.training else 0.0
        x, e = encode(self.luke, ids, mask, entities, drop)
        spans = None
        if entities is not None:
            _, _, start, end = entities
            pick = lambda at: x.gather(1, at.unsqueeze(-1).expand(-1, -1, x.size(-1)))
            spans = self.classifier(F.dropout(torch.cat([pick(start), pick(end - 1), e], -1), drop, self.training))
        return spans, self.tagger(F.dropout(x, drop, self.training))


class Glance:
    """The model as `evaluate` wants it."""

    def __init__(self, model, device):
        self.model, self.device, self.config = model, device, model.config

    def eval(self):
        self.model.eval()

    def __call__(self, input_ids, attention_mask, entity_ids, entity_attention_mask, entity_start_positions,
                 entity_end_positions, **_):
        to = lambda *ts: [t.to(self.device) for t in ts]
        ids, mask, e, em, a, b = to(input_ids, attention_mask, entity_ids, entity_attention_mask, entity_start_positions,
                                    entity_end_positions)
        logits, _ = self.model(ids, mask, (e, em, a, b + 1))
        return type("Output", (), {"logits": logits.float().cpu()})


def start_classifier(t):
    """Starts and ends are scored as the tagger does; the entity's own part starts at nothing."""
    h = t.model.config.hidden_size
    w, b = t.master["tagger.weight"], t.master["tagger.bias"]
    to, bias = torch.zeros_like(t.master["classifier.weight"]), torch.zeros_like(t.master["classifier.bias"])
    at = lambda label, p: TAGS.index(f"{p}-{label}")
    for k, label in enumerate(LABELS[1:], 1):
        to[k, :h] = (w[at(label, "B")] + w[at(label, "S")]) / 2 - w[0]
        to[k, h : 2 * h] = (w[at(label, "E")] + w[at(label, "S")]) / 2 - w[0]
    to[0, : 2 * h] = -to[1:, : 2 * h].mean(0) / 2
    for group in (t.master, t.ema):
        group["classifier.weight"].copy_(to / 2)
        group["classifier.bias"].copy_(bias)
    t.publish(t.master)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--init", default="work/init")
    p.add_argument("--data", default="work/src/neuroner/data/conll2003/en")
    p.add_argument("--run", default="work/run", help="checkpoint and log")
    p.add_argument("--out", default="work/luke-mini-en-hf")
    p.add_argument("--steps", type=int, default=4000)
    p.add_argument("--tag-share", type=float, default=0.35)
    p.add_argument("--decay-share", type=float, default=0.4, help="of the steps, for the learning rate to fall to zero")
    p.add_argument("--lr", type=float, default=2.5e-4)
    p.add_argument("--head-lr", type=float, default=1e-3)
    p.add_argument("--layer-decay", type=float, default=0.9)
    p.add_argument("--drop", type=float, default=0.1)
    p.add_argument("--word-drop", type=float, default=0.03)
    p.add_argument("--assess-every", type=int, default=500)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--no-compile", action="store_true")
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()

    transformers.logging.set_verbosity_error()
    device = setup(a.threads)
    torch.manual_seed(a.seed)
    tokenizer = load_tokenizer(os.path.join(a.init, "tokenizer.json"))
    model = Model(a.init, a.drop)
    t = Trainer(model, layered(model, a.lr, a.head_lr, a.layer_decay), a.run, a.steps, decay=a.decay_share, device=device)
    t.log(" ".join(f"{k}={v}" for k, v in vars(a).items()))
    batches = Batches(load(os.path.join(a.data, "train.txt"), tokenizer), tokenizer, ids_of(tokenizer), a.seed, t.data,
                      a.word_drop)
    valid = load(os.path.join(a.data, "valid.txt"), tokenizer)
    run = model if a.no_compile else torch.compile(model, dynamic=False)
    tag_steps = int(a.tag_share * a.steps)

    def losses(step):
        if step < tag_steps:
            kind = "words"
        else:
            late = step > a.steps * 0.75
            weights = (0.45, 0.35, 0.2) if late else (0.75, 0.10, 0.15)
            kind = random.Random(f"{a.seed} kind {step}").choices(("window", "pass", "alone"), weights)[0]
        if step == tag_steps and tag_steps:
            start_classifier(t)
        ids, mask, entities, labels, word_tags = batches.batch(kind, step)
        to = lambda x: x.to(device)
        torch.manual_seed(a.seed * 1_000_003 + step)
        spans, words = run(to(ids), to(mask), tuple(map(to, entities)) if kind != "words" else None)
        tag_loss = F.cross_entropy(words.float().flatten(0, 1), to(word_tags).flatten(), ignore_index=-100)
        if spans is None:
            return {"tags": tag_loss}
        loss = F.cross_entropy(spans.float().flatten(0, 1), to(labels).flatten(), ignore_index=-100)
        return {kind: loss, "tags": 0.2 * tag_loss}

    def assess():
        if t.step <= tag_steps:
            return
        began = time.time()
        for context, docs in ((0, valid[::12]), (128, valid[::12])):
            t.log(f"  step {t.step}, glance at valid, context {context}: "
                  f"{show(evaluate(Glance(model, device), tokenizer, docs, context))}")
        t.log(f"  ({time.time() - began:.0f} s)")
        state = {k: v for k, v in t.averaged().items() if not k.startswith("tagger.")}
        save(state, model.config, tokenizer, a.out)

    t.train(losses, assess, assess_every=a.assess_every)


if __name__ == "__main__":
    main()
