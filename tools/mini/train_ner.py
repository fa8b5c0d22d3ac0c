"""Fine-tunes LUKE (from init_luke.py) for span NER on CoNLL-2003, within a budget of minutes; resumes by itself.

    python train_ner.py --init work/init --data work/src/neuroner/data/conll2003/en --minutes 60

A step draws one of four kinds of batch:
  window    neighbouring sentences in one sequence, gold spans and sampled negatives of all of them (most sentences a second)
  sentence  the same, one sentence a sequence
  pass      one whole pass as at inference, with the sentence's context
  pass0     the same, without context
The learning rate follows the share of the budget used, so a loaded machine makes fewer steps and still ends at zero.
"""
import argparse
import os
import random
import time

import torch
import torch.nn.functional as F
import transformers
from transformers import LukeForEntitySpanClassification

from conll import collate, load, load_tokenizer, with_context
from evaluate import evaluate, show
from export import save


class Sampler:
    def __init__(self, docs, max_seq, tokenizer, seed):
        self.docs, self.max_seq, self.rng = docs, max_seq, random.Random(seed)
        self.cls_id, self.sep_id, self.mask_id = (tokenizer.token_to_id(t) for t in ("[CLS]", "[SEP]", "[MASK]"))
        self.where = [(d, i) for d, doc in enumerate(docs) for i, s in enumerate(doc) if s.spans]
        for doc in docs:
            for s in doc:
                s.pos = [k for k, l in enumerate(s.labels) if l]
                gold = [s.spans[k][:2] for k in s.pos]
                s.hard = [
                    k for k, (a, b, *_) in enumerate(s.spans)
                    if not s.labels[k] and any(a < e and g < b for g, e in gold) and b - a <= 10
                ]
        self.queues = {"window": [], "sentence": [], "pass": [], "pass0": []}
        self.windows_seen = self.epoch = 0

    def fill(self, kind):
        """One shuffled epoch of sentence groups for this kind."""
        out = []
        if kind == "window":
            self.epoch += 1
            for d, doc in enumerate(self.docs):
                limit, group, n = self.rng.choice((1, 1, 1, 1, 1, 0.5)) * self.max_seq - 2, [], 0
                skip = self.rng.randrange(6)
                for i, s in enumerate(doc):
                    if group and (n + len(s.ids) > limit or (skip and i == skip)):
                        out.append((n, d, group))
                        group, n = [], 0
                    group.append(i)
                    n += len(s.ids)
                out.append((n, d, group))
            size = 4
        else:
            out = [(len(self.docs[d][i].ids), d, [i]) for d, i in self.where]
            size = {"sentence": 20, "pass": 3, "pass0": 8}[kind]
        out.sort(key=lambda g: g[0] + self.rng.uniform(-3, 3))
        batches = [out[i : i + size] for i in range(0, len(out), size)]
        self.rng.shuffle(batches)
        self.queues[kind] = batches

    def batch(self, kind, spans):
        if not self.queues[kind]:
            self.fill(kind)
        items = []
        for _, d, group in self.queues[kind].pop():
            doc = self.docs[d]
            if kind in ("window", "sentence"):
                sents = [doc[i] for i in group]
                item = self.sampled(sents, 8 + spans * sum(len(s.ids) for s in sents) // self.max_seq)
            else:
                item = self.whole_pass(doc, group[0], self.max_seq if kind == "pass" else 0)
            if item[1]:
                items.append(item)
        if not items:
            return self.batch(kind, spans)
        items = [(self.masked(ids), s, l) for ids, s, l in items]
        return collate(items, self.cls_id, self.sep_id)

    def masked(self, ids):
        """Word dropout: takes the place of most of the dropout inside the encoder, at no cost."""
        return [self.mask_id if self.rng.random() < 0.04 else t for t in ids]

    def whole_pass(self, doc, i, max_seq):
        s = doc[i]
        ids, off = with_context(doc, i, max_seq)
        chunks = s.chunks()
        if self.rng.random() < 0.7:  # mostly a pass with something to find
            chunks = [c for c in chunks if any(c[0] <= k < c[1] for k in s.pos)] or chunks
        a, b = self.rng.choice(chunks)
        return ids, [(x + off, y + off) for x, y, *_ in s.spans[a:b]], s.labels[a:b]

    def sampled(self, sents, n):
        rng, ids, offs = self.rng, [], []
        for s in sents:
            offs.append(len(ids))
            ids += s.ids
        pos = [(j, k) for j, s in enumerate(sents) for k in s.pos]
        hard = [(j, k) for j, s in enumerate(sents) for k in s.hard]
        chosen = set(pos)
        chosen.update(rng.sample(hard, min(len(hard), max(n // 3, len(pos) * 2))))
        with_spans = [j for j, s in enumerate(sents) if s.spans]
        if with_spans and rng.random() < 0.35:  # neighbours in enumeration order, as a pass has them
            j = rng.choice(with_spans)
            a = rng.randrange(max(1, len(sents[j].spans) - n // 2))
            chosen.update((j, k) for k in range(a, min(a + n // 2, len(sents[j].spans))))
        weights = [len(s.spans) for s in sents]
        for _ in range(max(0, n - len(chosen)) if sum(weights) else 0):
            j = rng.choices(range(len(sents)), weights)[0]
            chosen.add((j, rng.randrange(len(sents[j].spans))))
        order = sorted(chosen)
        spans = [(sents[j].spans[k][0] + offs[j], sents[j].spans[k][1] + offs[j]) for j, k in order]
        labels = [sents[j].labels[k] for j, k in order]
        for j in range(1, len(sents)):  # a span over a sentence's end is never an entity
            if rng.random() < 0.4 and sents[j - 1].ids and sents[j].ids:
                a = sents[j - 1].spans[-1][0] if sents[j - 1].spans else 0
                b = sents[j].spans[0][1] if sents[j].spans else 0
                if b and a + offs[j - 1] < b + offs[j] <= a + offs[j - 1] + 16:
                    spans.append((a + offs[j - 1], b + offs[j]))
                    labels.append(0)
        return ids, spans, labels


def kind_of_step(progress, rng):
    late = progress > 0.75
    weights = (0.45, 0.13, 0.17, 0.25) if late else (0.70, 0.15, 0.05, 0.10)
    return rng.choices(("window", "sentence", "pass", "pass0"), weights)[0]


def groups(model, lr, head_lr, decay):
    """Learning rates falling by `decay` a layer from the top; the word embeddings are frozen."""
    model.luke.embeddings.word_embeddings.weight.requires_grad_(False)
    n, out = model.config.num_hidden_layers, {}
    for name, p in model.named_parameters():
        if not p.requires_grad:
            continue
        if ".layer." in name:
            rate = lr * decay ** (n - 1 - int(name.split(".layer.")[1].split(".")[0]))
        else:
            rate = head_lr if name.startswith("classifier") else lr * decay**n
        out.setdefault((rate, p.dim() > 1), []).append(p)
    return [dict(params=ps, lr=r, peak=r, weight_decay=0.01 if w else 0.0) for (r, w), ps in out.items()]


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--init", default="work/init")
    p.add_argument("--data", default="work/src/neuroner/data/conll2003/en")
    p.add_argument("--run", default="work/run", help="checkpoint and log")
    p.add_argument("--out", default="work/luke-mini-en-hf")
    p.add_argument("--minutes", type=float, default=60)
    p.add_argument("--lr", type=float, default=2.5e-4)
    p.add_argument("--head-lr", type=float, default=1e-3)
    p.add_argument("--decay", type=float, default=0.9)
    p.add_argument("--spans", type=int, default=52, help="spans of a full window, about")
    p.add_argument("--max-seq", type=int, default=128, help="sub-words of a window, and of a sentence with its context")
    p.add_argument("--eval-every", type=float, default=12, help="minutes")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()

    transformers.logging.set_verbosity_error()
    torch.set_num_threads(a.threads)
    os.makedirs(a.run, exist_ok=True)
    log_file = open(os.path.join(a.run, "log.txt"), "a")

    def log(*what):
        print(*what, file=log_file, flush=True)

    tokenizer = load_tokenizer(os.path.join(a.init, "tokenizer.json"))
    model = LukeForEntitySpanClassification.from_pretrained(a.init)
    model.luke.pooler = None
    for m in model.modules():  # dropout inside the encoder costs half of a step on a CPU
        if isinstance(m, torch.nn.Dropout):
            m.p = 0.0
    model.dropout.p = 0.1
    optimizer = torch.optim.AdamW(groups(model, a.lr, a.head_lr, a.decay), betas=(0.9, 0.98), eps=1e-6, fused=True)
    params = {k: v for k, v in model.named_parameters() if v.requires_grad}
    ema = {k: v.detach().clone() for k, v in params.items()}

    step, elapsed, ckpt = 0, 0.0, os.path.join(a.run, "checkpoint.pt")
    if os.path.exists(ckpt):
        c = torch.load(ckpt, weights_only=False)
        model.load_state_dict(c["model"], strict=False)
        optimizer.load_state_dict(c["optimizer"])
        ema, step, elapsed = c["ema"], c["step"], c["elapsed"]
        log(f"resumed at step {step}, {elapsed / 60:.1f} min")
    train = load(os.path.join(a.data, "train.txt"), tokenizer)
    glance = load(os.path.join(a.data, "valid.txt"), tokenizer)
    sampler = Sampler(train, a.max_seq, tokenizer, a.seed + step)
    rng = random.Random(a.seed + step)
    began, last_save, last_eval = time.time() - elapsed, time.time(), time.time()

    def keep():
        torch.save(dict(model=model.state_dict(), optimizer=optimizer.state_dict(), ema=ema, step=step,
                        elapsed=time.time() - began), ckpt + ".tmp")
        os.replace(ckpt + ".tmp", ckpt)

    def assess():
        raw = {k: v.detach().clone() for k, v in params.items()}
        model.load_state_dict(ema, strict=False)
        t = time.time()
        for context, docs in ((0, glance[::12]), (a.max_seq, glance[::24])):
            log(f"  glance at valid, context {context}: {show(evaluate(model, tokenizer, docs, context))}")
        log(f"  ({time.time() - t:.0f} s)")
        save(model.state_dict(), model.config, tokenizer, a.out)
        model.load_state_dict(raw, strict=False)

    losses = []
    while (progress := (time.time() - began) / (a.minutes * 60)) < 1:
        model.train()
        rate = min(progress / 0.05, (1 - progress) / 0.95)
        for g in optimizer.param_groups:
            g["lr"] = g["peak"] * max(rate, 0.02)
        kind = kind_of_step(progress, rng)
        kw, labels = sampler.batch(kind, a.spans)
        loss = F.cross_entropy(model(**kw).logits.flatten(0, 1), labels.flatten(), ignore_index=-100)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params.values(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        step += 1
        losses.append(loss.item())
        if step % 4 == 0:
            w = min(0.985, step / (step + 40))
            torch._foreach_lerp_(list(ema.values()), [v.detach() for v in params.values()], 1 - w)
        if step % 25 == 0:
            left = len(sampler.queues["window"])
            log(f"step {step} progress {progress:.3f} loss {sum(losses) / len(losses):.4f} epoch {sampler.epoch} "
                f"({left} windows left) cpu {time.process_time():.0f} wall {time.time() - began:.0f}")
            losses = []
        if time.time() - last_save > 300:
            keep()
            last_save = time.time()
        if time.time() - last_eval > a.eval_every * 60:
            assess()
            last_eval = time.time()
    keep()
    assess()
    log("end")


if __name__ == "__main__":
    main()
