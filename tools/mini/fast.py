"""LUKE's encoder for training: the weights of transformers' `LukeModel`, its forward pass with fewer and larger products.

Spans are runs of word tokens, so a span's position is a difference of running sums, and words and entities share one
attention over rows `[words; entities]`. A layer is a function of its tensors, so that it is compiled once for all layers and
models of one shape of batch (`compiled`).
"""
import functools

import torch
import torch.nn.functional as F

from case_types import split

QUERIES = ("query", "w2e_query", "e2w_query", "e2e_query")


def tensors(layer):
    """The weights of a layer in the order of `layer_forward`: (self-attention, output, intermediate, output)."""
    a = layer.attention.self
    pair = lambda m: (m.weight, m.bias)
    out = layer.attention.output
    return (
        [pair(getattr(a, q)) for q in QUERIES] + [pair(a.key), pair(a.value)],
        [pair(out.dense), pair(out.LayerNorm), pair(layer.intermediate.dense), pair(layer.output.dense),
         pair(layer.output.LayerNorm)],
    )


def project(x, pairs, heads):
    """[batch, rows, hidden] times several weights: [batch, rows, weights, heads, size]."""
    y = F.linear(x, torch.cat([w for w, _ in pairs]), torch.cat([b for _, b in pairs]))
    return y.view(*y.shape[:2], len(pairs), heads, -1)


def layer_forward(attention, rest, words, entities, mask, heads, eps, drop):
    """words [batch, n, hidden], entities [batch, m, hidden] or None, mask [batch, 1, 1, n + m] added to the scores."""
    query, w2e, e2w, e2e, key, value = attention
    n = words.size(1)
    if entities is None:
        q, k, v = (t.transpose(1, 2) for t in project(words, (query, key, value), heads).unbind(2))
        scores = q @ k.transpose(2, 3)
        x = words
    else:
        w, e = project(words, (query, w2e, key, value), heads), project(entities, (e2w, e2e, key, value), heads)
        to_word, to_entity, k, v = (t.transpose(1, 2) for t in torch.cat([w, e], 1).unbind(2))
        scores = torch.cat([to_word @ k[:, :, :n].transpose(2, 3), to_entity @ k[:, :, n:].transpose(2, 3)], 3)
        x = torch.cat([words, entities], 1)
    attended = torch.softmax((scores * v.size(-1) ** -0.5 + mask).float(), 3).to(v.dtype) @ v
    dense, norm, wide, narrow, last = rest
    h = (x.size(-1),)
    y = F.linear(attended.transpose(1, 2).flatten(2), *dense)
    x = F.layer_norm(x + F.dropout(y, drop, drop > 0), h, *norm, eps)
    y = F.linear(F.gelu(F.linear(x, *wide)), *narrow)
    x = F.layer_norm(x + F.dropout(y, drop, drop > 0), h, *last, eps)
    return (x, None) if entities is None else (x[:, :n], x[:, n:])


@functools.cache
def compiled():
    torch._dynamo.config.recompile_limit = 64  # a form for each shape of batch, in the first layer and after it
    return torch.compile(layer_forward, dynamic=False)


def embed_entities(luke, ids, start, end):
    """ids, start, end [batch, entities]; end exclusive. The mean of the positions start..end, the entity, the type."""
    e = luke.entity_embeddings
    table = F.pad(e.position_embeddings.weight.float().cumsum(0), (0, 0, 1, 0))
    position = (table[end] - table[start]) / (end - start).clamp(min=1).unsqueeze(-1)
    x = e.entity_embedding_dense(e.entity_embeddings(ids)) + position + e.token_type_embeddings.weight[0]
    return e.LayerNorm(x.to(e.LayerNorm.weight.dtype))


def encode(luke, input_ids, attention_mask, entities=None, drop=0.0, forward=layer_forward):
    """Last hidden states of words and entities. input_ids may say token types (`case_types.py`). entities: (ids, mask, start, end), each
    [batch, m]."""
    rows, kinds = split(input_ids, luke.config.vocab_size)
    x, e, mask = luke.embeddings(rows, token_type_ids=kinds), None, attention_mask
    if entities is not None:
        ids, entity_mask, start, end = entities
        e = embed_entities(luke, ids, start, end)
        mask = torch.cat([mask, entity_mask], 1)
    if drop:
        x, e = F.dropout(x, drop), e if e is None else F.dropout(e, drop)
    mask = ((1 - mask) * -1e4)[:, None, None, :].to(x.dtype)
    heads, eps = luke.config.num_attention_heads, luke.config.layer_norm_eps
    for layer in luke.encoder.layer:
        x, e = forward(*tensors(layer), x, e, mask, heads, eps, drop)
    return x, e
