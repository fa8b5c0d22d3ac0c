"""What is learnt: each task makes its batches, its loss and its score.

`loss(step, rng)` gives {name: loss}; `assess()` gives lines for the log. A task is made of a `Setting`.
"""
from dataclasses import dataclass
from typing import Any


@dataclass
class Setting:
    """What every task is made of."""

    options: Any  # of train.py
    model: Any
    trainer: Any
    tokenizer: Any
    specials: tuple  # ids: before, after, pad, mask
    teacher: Any = None  # a model over the same pieces, whose entities are to be kept
    original: Any = None  # the encoder that the model came from, for vectors

    def to(self, *tensors):
        device = self.trainer.device
        return [t.to(device) if hasattr(t, "to") else tuple(x.to(device) for x in t) for t in tensors]

    def state(self, name):
        """The part of the trainer's state that a source of batches keeps to go on."""
        return self.trainer.data.setdefault(name, {})


def make(name, setting):
    """The task of this name in recipe.json."""
    from tasks.answers import Answers
    from tasks.blanks import Blanks
    from tasks.entities import Entities, Tags
    from tasks.masked import Titles, Words
    from tasks.mentions import Relations, Types
    from tasks.vectors import Vectors

    kinds = dict(tags=Tags, entities=Entities, answers=Answers, types=Types, relations=Relations, cloze=Blanks, words=Words,
                 titles=Titles, vectors=Vectors)
    return kinds[name](setting)


# The layers (keys of model.HEADS) that a task trains.
LAYERS = {
    "entities": ["classifier"], "answers": ["qa_outputs"], "types": ["types"], "relations": ["relations"], "cloze": ["scorer"],
    "words": ["lm_head", "entity_predictions"], "titles": ["lm_head", "entity_predictions"],
}
