"""Trains luke-mini-en's heads on one encoder (from init_luke.py): entities, with --silver answers, with --typing types.

    python train.py --init work/init --steps 6000 --silver work/silver.jsonl --typing --out work/luke-mini-en-hf

The first `--tag-steps` read words alone: the encoder as a tagger of entity starts, insides and ends (a tenth of the cost of spans).
Then come spans; the span classifier starts from the tagger's weights for starts and ends. Resumes by itself; `--steps` may grow
between calls; `--init` may be a folder that was trained before.
"""
import argparse
import os
import random
import time

import torch
import transformers

from conll import load_tokenizer
from export import save
from fast import compiled, layer_forward
from init_luke import ids_of
from model import Model, stored
from tasks import Answers, Entities, Types
from trainer import Trainer, layered, setup


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--init", default="work/init")
    p.add_argument("--data", default="work/src/neuroner/data/conll2003/en")
    p.add_argument("--more", help="sentences of ner_silver.py, or written ones: ner_written.txt")
    p.add_argument("--src", default="work/src", help="folder of fetch.py")
    p.add_argument("--silver", help="JSON Lines of qa_silver.py; without it there is no answer head")
    p.add_argument("--written", help="questions written for training, qa_written.tsv")
    p.add_argument("--typing", action="store_true", help="train the typing head")
    p.add_argument("--teacher", help="a folder over the same pieces")
    p.add_argument("--run", default="work/run", help="checkpoint and log")
    p.add_argument("--out", default="work/luke-mini-en-hf")
    p.add_argument("--steps", type=int, default=6000)
    p.add_argument("--tag-steps", type=int, default=2000, help="0 for a folder that was trained before")
    p.add_argument("--qa-share", type=float, default=0.5, help="of the steps")
    p.add_argument("--written-share", type=float, default=0.8, help="of the batches of answers")
    p.add_argument("--typing-share", type=float, default=0.1, help="of the other steps after the tagger's")
    p.add_argument("--more-share", type=float, default=0.3, help="of the batches of entities")
    p.add_argument("--decay-share", type=float, default=0.4, help="of the steps, for the learning rate to fall to zero")
    p.add_argument("--round-from", type=float, help="share of the steps from which weights are rounded to 4 bits, see quantise.py")
    p.add_argument("--lr", type=float, default=2.5e-4)
    p.add_argument("--head-lr", type=float, default=1e-3)
    p.add_argument("--layer-decay", type=float, default=0.9)
    p.add_argument("--drop", type=float, default=0.1)
    p.add_argument("--word-drop", type=float, default=0.03)
    p.add_argument("--assess-every", type=int, default=500)
    p.add_argument("--valid-every", type=int, default=12, help="score one valid document in so many")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--no-compile", action="store_true")
    p.add_argument("--seed", type=int, default=1)
    return p.parse_args()


def main():
    a = arguments()
    transformers.logging.set_verbosity_error()
    device = setup(a.threads)
    torch.manual_seed(a.seed)
    tokenizer = load_tokenizer(os.path.join(a.init, "tokenizer.json"))
    model = Model(a.init, a.drop)
    groups = layered(model, a.lr, a.head_lr, a.layer_decay)
    t = Trainer(model, groups, a.run, a.steps, decay=a.decay_share, device=device, round_from=a.round_from)
    t.log(" ".join(f"{k}={v}" for k, v in vars(a).items()))
    model.layer = layer_forward if a.no_compile else compiled()
    teacher = a.teacher and Model(a.teacher).to(device, torch.bfloat16).requires_grad_(False).eval()

    of = a, model, t, tokenizer, ids_of(tokenizer)
    tasks = {"classifier": Entities(*of)}
    if a.silver:
        tasks["qa_outputs"] = Answers(*of)
    if a.typing:
        tasks["types"] = Types(*of)

    def losses(step):
        rng = random.Random(f"{a.seed} kind {step}")
        task = "classifier"
        if a.silver and rng.random() < a.qa_share and step != a.tag_steps:
            task = "qa_outputs"
        elif a.typing and rng.random() < a.typing_share and step > a.tag_steps:
            task = "types"
        torch.manual_seed(a.seed * 1_000_003 + step)
        return tasks[task].loss(step, rng, teacher)

    def assess():
        began = time.time()
        for task in tasks.values():
            for line in task.assess():
                t.log(f"  step {t.step}, {line}")
        t.log(f"  ({time.time() - began:.0f} s)")
        save(stored(t.averaged(), list(tasks)), model.config, tokenizer, a.out)

    t.train(losses, assess, assess_every=a.assess_every)


if __name__ == "__main__":
    main()
