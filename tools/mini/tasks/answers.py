"""Answers in a text, and that there is none."""
import os

import torch.nn.functional as F

import evaluate_qa
import written_data
from evaluate import show
from qa_data import Questions, Reader, read_dev, read_written, split

HERE = written_data.HERE
LATER = 0.5  # of the batches: questions of written/, which has "why", "how" and none; the others are about Wikipedia


class Answers:
    def __init__(self, setting):
        self.setting = setting
        a = setting.options
        self.reader = Reader(setting.tokenizer)
        make = lambda name, items: Questions(items, self.reader, setting.specials, a.seed, setting.state(name), a.strange)
        wikipedia, held = split(read_written(os.path.join(HERE, "qa_written.tsv"), a.src))
        self.wikipedia = make("qa wikipedia", wikipedia)
        self.later = make("qa written", written_data.questions(written_data.files("train", "qa")))
        dev = written_data.questions(written_data.files("dev", "qa"))
        self.dev = {
            "by hand": read_dev(os.path.join(HERE, "qa_dev.json"))[:: a.dev_every],
            "Wikipedia, held out": held[:: 4 * a.dev_every],
            "written": dev[:: a.dev_every],
        }

    def loss(self, step, rng):
        s = self.setting
        source = self.later if rng.random() < LATER else self.wikipedia
        ids, mask, allowed, first, last = s.to(*source.batch(step))
        logits = s.model.answers(ids, mask).float() + (1 - allowed).unsqueeze(-1) * -1e4
        return {"answers": sum(F.cross_entropy(logits[..., k], at, ignore_index=-100) for k, at in enumerate((first, last))) / 2}

    def assess(self):
        for name, items in self.dev.items():
            given, none = evaluate_qa.answers(self.setting.model.answers, self.reader, items, self.setting.model.config.pad_token_id)
            yield f"questions {name}: {show(evaluate_qa.score(items, given, none))}"
