"""Trains luke-mini-en by a stage of recipe.json, from a folder of init_luke.py, graft.py or an earlier stage.

    python train.py --stage 1 --init work/start-1 --original work/init --run work/run-1 --out work/hf-1

A run that was stopped goes on with the same batches. `--limit` does a few steps of a stage and ends as if it were all of it: the smoke run.
"""
import argparse
import json
import os
import random
import time

import torch
import transformers

import tasks
from conll import load_tokenizer
from export import CLOZE_TOKENS, ENTITY_VOCAB, entity_vocabulary, save
from fast import compiled, layer_forward
from init_luke import ids_of
from model import HEADS, Model, stored
from tasks.entities import start_classifier
from trainer import DTYPE, Trainer, layered, setup

HERE = os.path.dirname(os.path.abspath(__file__))

# Length of the row of a title at the start: logits are up to 8 times that, as LayerNorm gives vectors of length 8.
TITLE_NORM = 1.5


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--stage", required=True, help="of recipe.json")
    p.add_argument("--init", required=True)
    p.add_argument("--original", required=True, help="the folder of init_luke.py, for vectors")
    p.add_argument("--src", default="work/src", help="folder of fetch.py")
    p.add_argument("--run", required=True, help="folder of checkpoint and log")
    p.add_argument("--out", required=True)
    p.add_argument("--steps", type=int, help="instead of the stage's")
    p.add_argument("--limit", type=int, help="the same, and every task has its turn")
    p.add_argument("--smooth", type=float, default=0.05, help="label smoothing")
    p.add_argument("--swap", type=float, default=0.33, help="share of the written sentences whose names are swapped")
    p.add_argument("--strange", type=float, default=0.05, help="share of the questions beside a strange paragraph")
    p.add_argument("--written-share", type=float, default=0.45, help="of the batches of entities; the others are CoNLL-2003")
    p.add_argument("--layer-decay", type=float, default=0.9)
    p.add_argument("--drop", type=float, default=0.1)
    p.add_argument("--word-drop", type=float, default=0.03)
    p.add_argument("--assess-every", type=int, default=3000)
    p.add_argument("--valid-every", type=int, default=12, help="score one valid document in so many")
    p.add_argument("--dev-every", type=int, default=1, help="score one development item in so many")
    p.add_argument("--train-every", type=int, default=1, help="train on one CoNLL document in so many")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--no-compile", action="store_true")
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    a.data = os.path.join(a.src, "neuroner/data/conll2003/en")
    recipe = json.load(open(os.path.join(HERE, "recipe.json"), encoding="utf-8"))[a.stage]
    a.steps = a.limit or a.steps or recipe["steps"]
    return a, recipe


def frozen(folder, device):
    return Model(folder).to(device, DTYPE).requires_grad_(False).eval()


def begin_cloze(model, tokenizer):
    """The rows of the cloze head's tokens start as those of words that mark something, like the authors'; before they are trained."""
    table = model.luke.embeddings.word_embeddings.weight
    with torch.no_grad():
        for name, like in (("highlight", "@"), ("placeholder", "[MASK]"), ("entity", "*")):
            table[tokenizer.token_to_id(CLOZE_TOKENS[name])] = table[tokenizer.token_to_id(like)]


def begin_titles(model, tokenizer, specials):
    """Titles start as what the decoder makes of a masked entity that reads nothing but their words, so that it finds their rows at once. The
    decoder starts as the directions in which these states differ most."""
    before, after, pad, _ = specials
    table, decoder = model.luke.entity_embeddings.entity_embeddings.weight, model.entity_predictions.transform
    titles = [title for title, row in sorted(entity_vocabulary().items(), key=lambda item: item[1]) if row >= len(ENTITY_VOCAB)]
    states = []
    with torch.no_grad():
        for k in range(0, len(titles), 64):
            rows = [[before, *tokenizer.encode(title, add_special_tokens=False).ids, after] for title in titles[k : k + 64]]
            ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=pad)
            end = torch.tensor([[len(row) - 1] for row in rows])
            mask = (torch.arange(ids.size(1)) <= end).float()
            one = torch.ones(len(rows), 1, dtype=torch.long)
            states.append(model.encode(ids, mask, (0 * one, one.float(), one, end))[1][:, 0])
        states = torch.cat(states)
        varied = states - states.mean(0)
        directions = torch.linalg.svd(varied, full_matrices=False)[2][: table.size(1)]
        decoder["dense"].weight.copy_(directions / (varied @ directions.T).std())
        decoder["dense"].bias.copy_(-decoder["dense"].weight @ states.mean(0))
        rows = decoder["LayerNorm"](torch.nn.functional.gelu(decoder["dense"](states)))
        table[len(ENTITY_VOCAB) :] = TITLE_NORM * torch.nn.functional.normalize(rows)


def main():
    a, recipe = arguments()
    transformers.logging.set_verbosity_error()
    device = setup(a.threads)
    torch.manual_seed(a.seed)
    tokenizer = load_tokenizer(os.path.join(a.init, "tokenizer.json"))
    model = Model(a.init, a.drop)
    assert model.config.vocab_size == tokenizer.get_vocab_size(with_added_tokens=True)
    if "scorer" not in model.tasks:
        begin_cloze(model, tokenizer)
    if "entity_predictions" not in model.tasks:
        begin_titles(model.eval(), tokenizer, ids_of(tokenizer))
    kept = {layer for name in recipe["shares"] for layer in tasks.LAYERS.get(name, ())} | model.tasks
    groups = layered(model, recipe["lr"], recipe["head_lr"], a.layer_decay)
    t = Trainer(model, groups, a.run, a.steps, decay=recipe["decay"], device=device, round_from=recipe["round_from"])
    t.log(" ".join(f"{k}={v}" for k, v in vars(a).items()))
    model.layer = layer_forward if a.no_compile else compiled()
    setting = tasks.Setting(a, model, t, tokenizer, ids_of(tokenizer))
    setting.teacher = frozen(a.init, device) if recipe["teacher"] else None
    setting.original = frozen(a.original, device)
    names = list(recipe["shares"])
    tags = round(recipe["tags"] * a.steps)
    learnt = {name: tasks.make(name, setting) for name in ["tags"] * (tags > 0) + names}

    def name_of(step):
        if step < tags:
            return "tags"
        if a.limit:
            return names[(step - tags) % len(names)]
        return random.Random(f"{a.seed} task {step}").choices(names, recipe["shares"].values())[0]

    def losses(step):
        if step == tags and tags and not model.trained:
            start_classifier(t)
        name = name_of(step)
        torch.manual_seed(a.seed * 1_000_003 + step)
        return name, learnt[name].loss(step, random.Random(f"{a.seed} step {step}"))

    def assess():
        began = time.time()
        for task in learnt.values():
            for line in task.assess():
                t.log(f"  step {t.step}, {line}")
        t.log(f"  ({time.time() - began:.0f} s)")
        save(stored(t.averaged(), [h for h in HEADS if h in kept]), model.config, tokenizer, a.out)

    t.train(losses, assess, assess_every=a.assess_every)


if __name__ == "__main__":
    main()
