"""LUKE's encoder for training: the weights of transformers' `LukeModel`, its forward pass with fewer and larger products.

Spans are runs of word tokens, so a span's position is a difference of running sums, and words and entities share one
attention over rows `[words; entities]`. Equal to transformers' (`check`), up to rounding.
"""
import torch
import torch.nn.functional as F


def embed_entities(luke, ids, start, end):
    """ids, start, end [batch, entities]; end exclusive. The mean of the positions start..end, the entity, the type."""
    e = luke.entity_embeddings
    table = F.pad(e.position_embeddings.weight.float().cumsum(0), (0, 0, 1, 0))
    position = (table[end] - table[start]) / (end - start).clamp(min=1).unsqueeze(-1)
    x = e.entity_embedding_dense(e.entity_embeddings(ids)) + position + e.token_type_embeddings.weight[0]
    return e.LayerNorm(x.to(e.LayerNorm.weight.dtype))


def attend(layer, words, entities, mask, drop=0.0):
    """words [batch, n, hidden], entities [batch, m, hidden] or None, mask [batch, 1, 1, n + m] added to the scores."""
    a = layer.attention.self
    n, heads = words.size(1), a.num_attention_heads

    def project(x, *names):
        ps = [getattr(a, name) for name in names]
        y = F.linear(x, torch.cat([p.weight for p in ps]), torch.cat([p.bias for p in ps]))
        return y.view(*y.shape[:2], len(ps), heads, -1)

    if entities is None:
        q, k, v = (t.transpose(1, 2) for t in project(words, "query", "key", "value").unbind(2))
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return layer_rest(layer, words, out.transpose(1, 2).flatten(2), drop), None
    w = project(words, "query", "w2e_query", "key", "value")
    e = project(entities, "e2w_query", "e2e_query", "key", "value")
    to_word, to_entity, k, v = (t.transpose(1, 2) for t in torch.cat([w, e], 1).unbind(2))
    scores = torch.cat([to_word @ k[:, :, :n].transpose(2, 3), to_entity @ k[:, :, n:].transpose(2, 3)], 3)
    out = torch.softmax(scores * a.attention_head_size**-0.5 + mask, 3).to(v.dtype) @ v
    both = layer_rest(layer, torch.cat([words, entities], 1), out.transpose(1, 2).flatten(2), drop)
    return both[:, :n], both[:, n:]


def layer_rest(layer, x, attended, drop):
    out = layer.attention.output
    x = out.LayerNorm(x + F.dropout(out.dense(attended), drop, drop > 0))
    y = layer.output.dense(F.gelu(layer.intermediate.dense(x)))
    return layer.output.LayerNorm(x + F.dropout(y, drop, drop > 0))


def encode(luke, input_ids, attention_mask, entities=None, drop=0.0):
    """Last hidden states of words and entities. entities: (ids, mask, start, end), each [batch, m]."""
    x, e, mask = luke.embeddings(input_ids, token_type_ids=torch.zeros_like(input_ids)), None, attention_mask
    if entities is not None:
        ids, entity_mask, start, end = entities
        e = embed_entities(luke, ids, start, end)
        mask = torch.cat([mask, entity_mask], 1)
    if drop:
        x, e = F.dropout(x, drop), e if e is None else F.dropout(e, drop)
    device = x.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else x.dtype
    mask = ((1 - mask) * -1e4)[:, None, None, :].to(dtype)
    for layer in luke.encoder.layer:
        x, e = attend(layer, x, e, mask, drop)
    return x, e
