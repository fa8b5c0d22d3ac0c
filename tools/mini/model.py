"""The model that is trained: LUKE with its heads, and the names its tensors are kept under."""
import os

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from transformers import LukeConfig, LukeModel

from conll import LABELS
from fast import encode, layer_forward
from ner_data import TAGS
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
