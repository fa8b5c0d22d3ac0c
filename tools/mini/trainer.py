"""What every training here shares: bf16 weights (f32 where the processor has no instructions for bf16) with f32 masters, AdamW, a schedule, an average of the weights, resuming.

The schedule is warm-up, then constant, then linear to zero over the last `decay` of the steps: a run that has not begun to
decay can be given more steps and goes on as if it had had them from the start. One checkpoint holds everything, the state of
the data included, so that a stopped run goes on with the very batches it would have seen.
"""
import os
import random
import time
from statistics import median

import torch

from quantise import Rounding


# bf16 halves the time of a step, and without instructions for it a step takes fifty times as long.
DTYPE = torch.bfloat16 if torch.cuda.is_available() or torch.cpu._is_avx512_bf16_supported() else torch.float32


def setup(threads):
    """The device, after the number of threads is set."""
    torch.set_num_threads(threads)
    return "cuda" if torch.cuda.is_available() else "cpu"


def shuffled(items, seed):
    out = list(items)
    random.Random(seed).shuffle(out)
    return out


def take(state, name, n, epoch_of):
    """The next n of an endless row of epochs; state[name] is (epoch, place in it), epoch_of(epoch) a list."""
    (epoch, at), out = state.get(name, (0, 0)), []
    while len(out) < n:
        items = epoch_of(epoch)
        taken = items[at : at + n - len(out)]
        out += taken
        at += len(taken)
        if at == len(items):
            epoch, at = epoch + 1, 0
    state[name] = (epoch, at)
    return out


class Trainer:
    def __init__(self, model, groups, run, steps, warmup=0.05, decay=0.4, average=0.99, every=5, device="cpu", round_from=None):
        """model: in f32. groups: [(parameter names, learning rate, weight decay)]. round_from: share of the steps, see quantise.py."""
        os.makedirs(run, exist_ok=True)
        self.run, self.steps, self.warmup, self.decay, self.average, self.every = run, steps, warmup, decay, average, every
        self.device, self.round_from, self.rounding = device, round_from, Rounding()
        named = dict(model.named_parameters())
        self.names = [n for names, _, _ in groups for n in names]
        for n, p in named.items():
            p.requires_grad_(n in set(self.names))
        self.master = {n: named[n].detach().clone().to(device) for n in self.names}
        self.ema = {n: p.clone() for n, p in self.master.items()}
        self.model = model.to(device=device, dtype=DTYPE)
        self.weights = dict(self.model.named_parameters())
        self.optimizer = torch.optim.AdamW(
            [dict(params=[self.master[n] for n in names], lr=lr, peak=lr, weight_decay=wd) for names, lr, wd in groups],
            betas=(0.9, 0.98), eps=1e-6, fused=True,
        )
        self.step, self.elapsed, self.data = 0, 0.0, {}  # data: the caller's own state, filled in place
        self.log_file = open(os.path.join(run, "log.txt"), "a")
        self.resume()
        self.began = time.time() - self.elapsed

    def log(self, *what):
        print(*what, file=self.log_file, flush=True)

    @property
    def checkpoint(self):
        return os.path.join(self.run, "checkpoint.pt")

    def resume(self):
        if not os.path.exists(self.checkpoint):
            return
        c = torch.load(self.checkpoint, weights_only=False, map_location=self.device)
        for n in self.names:
            self.master[n].copy_(c["master"][n])
            self.ema[n].copy_(c["ema"][n])
        self.optimizer.load_state_dict(c["optimizer"])
        self.step, self.elapsed, self.data = c["step"], c["elapsed"], c["data"]
        self.publish(self.master)
        self.log(f"resumed at step {self.step}, {self.elapsed / 60:.1f} min")

    def keep(self):
        self.elapsed = time.time() - self.began
        state = dict(master=self.master, ema=self.ema, optimizer=self.optimizer.state_dict(), step=self.step,
                     elapsed=self.elapsed, data=self.data)
        torch.save(state, self.checkpoint + ".tmp")
        os.replace(self.checkpoint + ".tmp", self.checkpoint)

    def as_stored(self, tensors, fresh=False):
        """The f32 tensors, rounded as they will be stored where the run has come to that."""
        rounds = self.round_from is not None and self.step >= self.round_from * self.steps
        return self.rounding(tensors, fresh) if rounds else tensors

    @torch.no_grad()
    def publish(self, tensors, fresh=False):
        """Puts these f32 tensors into the model that computes."""
        tensors = self.as_stored(tensors, fresh)
        torch._foreach_copy_([self.weights[n] for n in self.names], [tensors[n] for n in self.names])

    def averaged(self):
        """State of the model with the averaged weights, f32."""
        state = {k: v.detach().float().clone() for k, v in self.model.state_dict().items()}
        state.update({n: t.clone() for n, t in self.as_stored(self.ema, fresh=True).items()})
        return state

    @torch.no_grad()
    def update(self, most=1.0):
        """One step of the optimiser from the gradients of the model."""
        for n in self.names:
            g = self.weights[n].grad
            self.master[n].grad = torch.zeros_like(self.master[n]) if g is None else g.float()
            self.weights[n].grad = None
        norm = torch.nn.utils.clip_grad_norm_(self.master.values(), most)
        rate = min(1.0, (self.step + 1) / (self.warmup * self.steps), (self.steps - self.step) / (self.decay * self.steps))
        for g in self.optimizer.param_groups:
            g["lr"] = g["peak"] * max(rate, 0.0)
        if torch.isfinite(norm):
            self.optimizer.step()
        self.publish(self.master)
        self.step += 1
        if self.step % self.every == 0:
            w = min(self.average, self.step / (self.step + 10 * self.every))
            torch._foreach_lerp_([self.ema[n] for n in self.names], [self.master[n] for n in self.names], 1 - w)

    def train(self, losses, assess, keep_every=300, assess_every=500, log_every=25):
        """losses(step) -> (task, {name: loss}), whose sum is minimised. assess() is called with the averaged weights in the model.

        The log says the median of the seconds of a step of each task since its last line, wall and CPU, for `estimate.py`."""
        sums, times, kept = {}, {}, time.time()
        while self.step < self.steps:
            self.model.train()
            began = time.time(), time.process_time()
            task, parts = losses(self.step)
            sum(parts.values()).backward()
            self.update()
            times.setdefault(task, []).append((time.time() - began[0], time.process_time() - began[1]))
            for k, v in parts.items():
                n, s = sums.get(k, (0, 0.0))
                sums[k] = (n + 1, s + v.item())
            if self.step % log_every == 0 or self.step == self.steps:
                text = " ".join(f"{k} {s / n:.4f}" for k, (n, s) in sums.items())
                self.log(f"step {self.step}/{self.steps} {text} cpu {time.process_time():.0f} wall {time.time() - self.began:.0f}")
                self.log("seconds a step:",
                         " ".join(f"{k} {median(w for w, _ in v):.3f} {median(c for _, c in v):.3f} ({len(v)})"
                                  for k, v in sorted(times.items())))
                sums, times = {}, {}
            if time.time() - kept > keep_every:
                self.keep()
                kept = time.time()
            if self.step % assess_every == 0 or self.step == self.steps:
                self.keep()
                self.publish(self.ema, fresh=True)
                self.model.eval()
                assess()
                self.publish(self.master)
        self.log("end")


def layered(model, lr, head_lr, decay=0.9, wd=0.01, embeddings=True):
    """Groups for `Trainer`: rates falling by `decay` a layer from the top; heads have their own; no decay on vectors."""
    layers = model.config.num_hidden_layers if hasattr(model, "config") else len(model.luke.encoder.layer)
    out = {}
    for name, p in model.named_parameters():
        if not embeddings and name.endswith("embeddings.word_embeddings.weight"):
            continue
        if ".layer." in name:
            rate = lr * decay ** (layers - 1 - int(name.split(".layer.")[1].split(".")[0]))
        elif name.startswith("luke."):
            rate = lr * decay**layers
        else:
            rate = head_lr
        out.setdefault((rate, wd if p.dim() > 1 and "embeddings" not in name else 0.0), []).append(name)
    return [(names, rate, w) for (rate, w), names in out.items()]
