"""Trains luke-mini-en's heads on one encoder (from init_luke.py): named entities, with --silver questions, with --typing types.

    python train.py --init work/init --steps 6000 --silver work/silver.jsonl --out work/luke-mini-en-hf

The first `--tag-steps` read words alone: the encoder as a tagger of entity starts, insides and ends (a tenth of the
cost of spans). Then come spans; the span classifier starts from the tagger's weights for starts and ends. Questions have
`--qa-share` of all steps. Resumes by itself; `--steps` may grow between calls, `--init` may be a folder that was trained before.
"""
import argparse
import os
import random
import time

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import load_file
from transformers import LukeConfig, LukeModel

import evaluate_qa
import ner_silver
import typing_data
from conll import LABELS, load, load_tokenizer
from evaluate import evaluate, show
from export import save
from fast import compiled, encode, layer_forward
from init_luke import ids_of
from ner_data import TAGS, Batches
from qa_data import Questions, Reader, read_dev, read_silver
from trainer import Trainer, layered, setup
from typing_data import TYPES

HEADS = {"classifier": "heads.ner.classifier", "qa_outputs": "heads.qa.qa_outputs", "types": "heads.typing.classifier"}


class Model(torch.nn.Module):
    """LUKE, the span classifier, the answer head and the tagger of words, from a folder that has some of them."""

    def __init__(self, folder, drop=0.0):
        super().__init__()
        self.config, self.drop, self.layer = LukeConfig.from_pretrained(folder), drop, layer_forward
        h = self.config.hidden_size
        self.luke = LukeModel(self.config, add_pooling_layer=False)
        self.classifier = torch.nn.Linear(3 * h, len(LABELS))
        self.qa_outputs = torch.nn.Linear(h, 2)
        self.types = torch.nn.Linear(h, len(TYPES))
        self.tagger = torch.nn.Linear(h, len(TAGS))
        for head in (self.classifier, self.qa_outputs, self.types, self.tagger):
            torch.nn.init.normal_(head.weight, std=0.02)
            torch.nn.init.zeros_(head.bias)
        state = load_file(os.path.join(folder, "model.safetensors"))
        self.tasks = {own for own, name in HEADS.items() if f"{name}.bias" in state} or {"classifier"}
        for own, name in HEADS.items():
            state = {k.replace(name + ".", own + "."): v for k, v in state.items()}
        missing, extra = self.load_state_dict(state, strict=False)
        missing = [k for k in missing if k.startswith("luke.") and not k.endswith("position_ids")]
        assert not missing and not extra, (missing, extra)
        for m in self.modules():
            if isinstance(m, torch.nn.Dropout):
                m.p = 0.0

    def encode(self, ids, mask, entities=None):
        """Of words and entities, with the dropout of a head's input."""
        drop = self.drop if self.training else 0.0
        x, e = encode(self.luke, ids, mask, entities, drop, self.layer if self.training else layer_forward)
        return F.dropout(x, drop), e if e is None else F.dropout(e, drop)

    def spans(self, ids, mask, entities):
        """(span logits, word tag logits)"""
        x, e = self.encode(ids, mask, entities)
        pick = lambda at: x.gather(1, at.unsqueeze(-1).expand(-1, -1, x.size(-1)))
        _, _, start, end = entities
        return self.classifier(torch.cat([pick(start), pick(end - 1), e], -1)), self.tagger(x)

    def typed(self, ids, mask, entities):
        return self.types(self.encode(ids, mask, entities)[1][:, 0])

    def tags(self, ids, mask):
        return self.tagger(self.encode(ids, mask)[0])

    def answers(self, ids, mask):
        device = self.qa_outputs.weight.device
        return self.qa_outputs(self.encode(ids.to(device), mask.to(device))[0])

    def forward(self, input_ids, attention_mask, entity_ids, entity_attention_mask, entity_start_positions,
                entity_end_positions, **_):
        """As Hugging Face's span classifier, for `evaluate`."""
        to = lambda *ts: [t.to(self.classifier.weight.device) for t in ts]
        ids, mask, *entities = to(input_ids, attention_mask, entity_ids, entity_attention_mask, entity_start_positions,
                                  entity_end_positions + 1)
        return type("Output", (), {"logits": self.spans(ids, mask, entities)[0].float().cpu()})


def stored(state, tasks):
    """The tensors of these heads (keys of HEADS) under the names of a folder with several heads, or with one."""
    drop = {"tagger", *HEADS} - set(tasks)
    state = {k: v for k, v in state.items() if k.split(".")[0] not in drop}
    for own in tasks if len(tasks) > 1 else ():
        state = {k.replace(own + ".", HEADS[own] + ".") if k.startswith(own + ".") else k: v for k, v in state.items()}
    return state


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


def answer_loss(logits, allowed, first, last):
    logits = logits.float() + (1 - allowed).unsqueeze(-1) * -1e4
    one = lambda k, at: F.cross_entropy(logits[..., k], at, ignore_index=-100)
    return (one(0, first) + one(1, last)) / 2


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--init", default="work/init")
    p.add_argument("--data", default="work/src/neuroner/data/conll2003/en")
    p.add_argument("--silver", help="JSON Lines of qa_silver.py; without it there is no answer head")
    p.add_argument("--run", default="work/run", help="checkpoint and log")
    p.add_argument("--out", default="work/luke-mini-en-hf")
    p.add_argument("--steps", type=int, default=6000)
    p.add_argument("--tag-steps", type=int, default=2000, help="0 for a folder that was trained before")
    p.add_argument("--more", help="JSON Lines of ner_silver.py")
    p.add_argument("--more-share", type=float, default=0.3, help="of the batches of spans")
    p.add_argument("--typing", metavar="SRC", help="folder of fetch.py; without it there is no typing head")
    p.add_argument("--typing-share", type=float, default=0.1, help="of the steps after the tagger's")
    p.add_argument("--qa-share", type=float, default=0.5)
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
    specials = ids_of(tokenizer)
    model = Model(a.init, a.drop)
    t = Trainer(model, layered(model, a.lr, a.head_lr, a.layer_decay), a.run, a.steps, decay=a.decay_share, device=device)
    t.log(" ".join(f"{k}={v}" for k, v in vars(a).items()))
    model.layer = layer_forward if a.no_compile else compiled()
    batches = Batches(load(os.path.join(a.data, "train.txt"), tokenizer), tokenizer, specials, a.seed, t.data, a.word_drop)
    if a.more:
        own = t.data.setdefault("more", {})
        more = Batches(ner_silver.read(a.more, tokenizer), tokenizer, specials, a.seed, own, a.word_drop)
    valid = load(os.path.join(a.data, "valid.txt"), tokenizer)
    if a.silver:
        reader = Reader(tokenizer)
        silver, silver_dev = read_silver(a.silver)
        questions = Questions(silver, reader, specials, a.seed, t.data)
        qa_dev = {"by hand": read_dev(os.path.join(os.path.dirname(os.path.abspath(__file__)), "qa_dev.json")),
                  "silver": silver_dev[::4][:400]}
    if a.typing:
        typed, typed_dev = typing_data.split(typing_data.mentions(a.typing))
        named = typing_data.Mentions(typed, tokenizer, specials, a.seed, t.data)
    tasks = ["classifier", *(["qa_outputs"] if a.silver else []), *(["types"] if a.typing else [])]
    to = lambda x: x.to(device)

    def losses(step):
        rng = random.Random(f"{a.seed} kind {step}")
        if step == a.tag_steps and step:
            start_classifier(t)
        torch.manual_seed(a.seed * 1_000_003 + step)
        if a.silver and rng.random() < a.qa_share:
            ids, mask, *gold = questions.batch(step)
            return {"qa": answer_loss(model.answers(ids, mask), *map(to, gold))}
        if a.typing and step >= a.tag_steps and rng.random() < a.typing_share:
            ids, mask, entities, gold = named.batch(step)
            logits = model.typed(to(ids), to(mask), tuple(map(to, entities)))
            return {"typing": 4 * F.binary_cross_entropy_with_logits(logits.float(), to(gold))}
        kinds = ("window", "pass", "alone")
        kind = rng.choices(kinds, (0.45, 0.35, 0.2) if step > a.steps * 0.75 else (0.75, 0.10, 0.15))[0]
        source = more if a.more and rng.random() < a.more_share else batches
        ids, mask, entities, labels, word_tags = source.batch("words" if step < a.tag_steps else kind, step)
        entropy = lambda logits, gold: F.cross_entropy(logits.float().flatten(0, 1), to(gold).flatten(), ignore_index=-100)
        if step < a.tag_steps:
            return {"tags": entropy(model.tags(to(ids), to(mask)), word_tags)}
        spans, words = model.spans(to(ids), to(mask), tuple(map(to, entities)))
        return {kind: entropy(spans, labels), "tags": 0.2 * entropy(words, word_tags)}

    def assess():
        began = time.time()
        if a.silver:
            for name, items in qa_dev.items():
                given = evaluate_qa.answers(model.answers, reader, items, model.config.pad_token_id)
                t.log(f"  step {t.step}, questions {name}: {show(evaluate_qa.score(items, given))}")
        if a.typing and t.step > a.tag_steps:
            hits = 0
            for k in range(0, len(typed_dev), 32):
                ids, mask, entities, gold = named.collate(typed_dev[k : k + 32])
                with torch.no_grad():
                    logits = model.typed(to(ids), to(mask), tuple(map(to, entities))).cpu()
                hits += int((logits.argmax(1) == gold.argmax(1)).sum())
            t.log(f"  step {t.step}, best type of {len(typed_dev)} mentions right: {100 * hits / len(typed_dev):.2f}")
        if t.step > a.tag_steps:
            for context in (0, 128):
                t.log(f"  step {t.step}, glance at valid, context {context}: {show(evaluate(model, tokenizer, valid[::12], context))}")
        t.log(f"  ({time.time() - began:.0f} s)")
        save(stored(t.averaged(), tasks), model.config, tokenizer, a.out)

    t.train(losses, assess, assess_every=a.assess_every)


if __name__ == "__main__":
    main()
