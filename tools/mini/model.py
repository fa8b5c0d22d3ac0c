"""The model that is trained: LUKE with its heads, and the names its tensors are kept under."""
import os

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from transformers import LukeConfig, LukeModel

from conll import LABELS
from export import entity_vocabulary
from fast import encode, layer_forward
from ner_data import TAGS
from typing_data import TYPES
from relations import RELATIONS

# Own name of each layer, and where a folder keeps it; the runtime's table of heads has the same (src/heads/table.rs).
HEADS = {
    "classifier": "heads.ner.classifier",
    "qa_outputs": "heads.qa.qa_outputs",
    "types": "heads.typing.classifier",
    "relations": "heads.relation.classifier",
    "scorer": "heads.cloze.scorer",
    "lm_head": "heads.mlm.lm_head",
    "entity_predictions": "heads.mlm.entity_predictions",
}


class WordDecoder(torch.nn.Module):
    """`lm_head` of LukeForMaskedLM; the word table decodes."""

    def __init__(self, hidden, rows, eps):
        super().__init__()
        self.dense, self.layer_norm = torch.nn.Linear(hidden, hidden), torch.nn.LayerNorm(hidden, eps)
        self.bias = torch.nn.Parameter(torch.zeros(rows))

    def forward(self, states, table):
        return F.linear(self.layer_norm(F.gelu(self.dense(states))), table, self.bias)


class EntityDecoder(torch.nn.Module):
    """`entity_predictions` of LukeForMaskedLM; the entity table decodes."""

    def __init__(self, hidden, width, rows, eps):
        super().__init__()
        self.transform = torch.nn.ModuleDict({"dense": torch.nn.Linear(hidden, width), "LayerNorm": torch.nn.LayerNorm(width, eps)})
        self.bias = torch.nn.Parameter(torch.zeros(rows))

    def forward(self, states, table):
        return F.linear(self.transform["LayerNorm"](F.gelu(self.transform["dense"](states))), table, self.bias)


class Model(torch.nn.Module):
    """LUKE, every head and the tagger of words, from a folder that has some of them."""

    def __init__(self, folder, drop=0.0):
        super().__init__()
        self.config, self.drop, self.layer = LukeConfig.from_pretrained(folder), drop, layer_forward
        c = self.config
        state = load_file(os.path.join(folder, "model.safetensors"))
        grow_entities(c, state)
        h, eps = c.hidden_size, c.layer_norm_eps
        self.luke = LukeModel(c, add_pooling_layer=False)
        self.classifier = torch.nn.Linear(3 * h, len(LABELS))
        self.qa_outputs = torch.nn.Linear(h, 2)
        self.types = torch.nn.Linear(h, len(TYPES))
        self.relations = torch.nn.Linear(2 * h, len(RELATIONS), bias=False)
        self.scorer = torch.nn.Linear(2 * h, 1)
        self.lm_head = WordDecoder(h, c.vocab_size, eps)
        self.entity_predictions = EntityDecoder(h, c.entity_emb_size, c.entity_vocab_size, eps)
        self.tagger = torch.nn.Linear(h, len(TAGS))
        for name in (*HEADS, "tagger"):
            for layer in getattr(self, name).modules():
                if isinstance(layer, torch.nn.Linear):
                    torch.nn.init.normal_(layer.weight, std=0.02)
                    if layer.bias is not None:
                        torch.nn.init.zeros_(layer.bias)
        # A hidden state is not far from the row of its word, so words are decoded by almost the state itself at first.
        with torch.no_grad():
            self.lm_head.dense.weight += torch.eye(h)
        self.trained = any(k.startswith("heads.") for k in state)  # else it is a start by init_luke.py, whose classifier knows nothing
        self.tasks = {own for own, name in HEADS.items() if any(k.startswith(name + ".") for k in state)} or {"classifier"}
        for own, name in HEADS.items():
            state = {k.replace(name + ".", own + ".") if k.startswith(name + ".") else k: v for k, v in state.items()}
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

    def related(self, ids, mask, entities):
        """Of the first two entities, head and tail."""
        return self.relations(self.encode(ids, mask, entities)[1][:, :2].flatten(1))

    def filled(self, ids, mask, entities):
        """Of each entity but the first, how well it fills the blank, which is the first: [batch, entities - 1]."""
        e = self.encode(ids, mask, entities)[1]
        return self.scorer(torch.cat([e[:, :1].expand(-1, e.size(1) - 1, -1), e[:, 1:]], -1)).squeeze(-1)

    def words(self, ids, mask, at):
        """Of the masked positions `at` (indices of the flattened batch): logits of all rows of the word table."""
        return self.lm_head(self.encode(ids, mask)[0].flatten(0, 1)[at], self.luke.embeddings.word_embeddings.weight)

    def titles(self, ids, mask, entities, at):
        """Of the masked entities `at` (indices of the flattened batch): logits of all rows of the entity table."""
        table = self.luke.entity_embeddings.entity_embeddings.weight
        return self.entity_predictions(self.encode(ids, mask, entities)[1].flatten(0, 1)[at], table)

    def vector(self, ids, mask):
        """The mean of all tokens, as `embed` gives it."""
        x = self.encode(ids, mask)[0].float()
        return (x * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)

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


def grow_entities(config, state):
    """Gives the entity table of a start without titles a row for each of them, and the decoder a bias: small and random, as it was
    made (`init_luke.py`), so that the first steps tell them apart."""
    name = "luke.entity_embeddings.entity_embeddings.weight"
    have, want = state[name].size(0), len(entity_vocabulary())
    if have < want:
        g = torch.Generator().manual_seed(2)
        width = state[name].size(1)
        state[name] = torch.cat([state[name], torch.randn(want - have, width, generator=g) / width**0.5])
        config.entity_vocab_size = want


def stored(state, tasks):
    """The tensors of these heads (keys of HEADS) under the names of a folder with several heads, or with one."""
    drop = {"tagger", *HEADS} - set(tasks)
    state = {k: v for k, v in state.items() if k.split(".")[0] not in drop}
    for own in tasks if len(tasks) > 1 else ():
        state = {HEADS[own] + k[len(own) :] if k.startswith(own + ".") else k: v for k, v in state.items()}
    return state
