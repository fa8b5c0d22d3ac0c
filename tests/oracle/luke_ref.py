"""The forward pass of LUKE in numpy (float64 by default), as an executable specification, without torch and transformers.
Reads config.json + model.safetensors of a Hugging Face LUKE checkpoint (any head)."""

import json, math, os
import numpy as np


def load(d):
    from safetensors.numpy import load_file

    cfg = json.load(open(os.path.join(d, 'config.json')))
    return cfg, load_file(os.path.join(d, 'model.safetensors'))


_erf = np.vectorize(math.erf, otypes=[np.float64])


def gelu(x):
    return (0.5 * x.astype(np.float64) * (1 + _erf(x.astype(np.float64) / math.sqrt(2)))).astype(x.dtype)  # exact erf, not tanh


def softmax(s):
    s = s - s.max(-1, keepdims=True)
    e = np.exp(s)
    return e / e.sum(-1, keepdims=True)


class Luke:
    def __init__(self, d, dtype=np.float64):
        self.cfg, w = load(d)
        self.dt = dtype
        self.w = {
            (
                k
                if k.startswith(('luke.', 'lm_head', 'entity_predictions', 'classifier', 'qa_outputs', 'scorer'))
                else 'luke.' + k
            ): v
            for k, v in w.items()
        }
        self.cache = {}

    def p(self, k):
        if k not in self.cache:
            self.cache[k] = self.w[k].astype(self.dt)
        return self.cache[k]

    def lin(self, x, n, bias=True):
        y = x @ self.p(n + '.weight').T
        return y + self.p(n + '.bias') if bias else y

    def ln(self, x, n):
        m = x.mean(-1, keepdims=True)
        v = ((x - m) ** 2).mean(-1, keepdims=True)  # biased variance
        return (x - m) / np.sqrt(v + self.dt(self.cfg['layer_norm_eps'])) * self.p(n + '.weight') + self.p(n + '.bias')

    def rows(self, k, ids):
        return self.w[k][ids].astype(self.dt)  # gather before the cast, because the entity table may have 512 MB

    def encode(
        self,
        input_ids,
        attention_mask=None,
        entity_ids=None,
        entity_position_ids=None,
        entity_attention_mask=None,
        token_type_ids=None,
        entity_token_type_ids=None,
        all_layers=False,
    ):
        """Encodes one sequence (no batch axis). Returns (words [S,H], entities [N,H] or None, list of both by layer)."""
        c = self.cfg
        pad = c['pad_token_id']
        ids = np.asarray(input_ids)
        S = len(ids)
        am = np.ones(S) if attention_mask is None else np.asarray(attention_mask)
        nz = (ids != pad).astype(np.int64)
        pos = np.cumsum(nz) * nz + pad  # the first token gets pad+1 = 2, padding gets pad
        tt = np.zeros(S, int) if token_type_ids is None else np.asarray(token_type_ids)
        x = (
            self.rows('luke.embeddings.word_embeddings.weight', ids)
            + self.rows('luke.embeddings.position_embeddings.weight', pos)
            + self.rows('luke.embeddings.token_type_embeddings.weight', tt)
        )
        x = self.ln(x, 'luke.embeddings.LayerNorm')
        N = 0
        if entity_ids is not None:
            eids = np.asarray(entity_ids, int)
            N = len(eids)
            ep = np.asarray(entity_position_ids, int).reshape(N, -1)
            et = np.zeros(N, int) if entity_token_type_ids is None else np.asarray(entity_token_type_ids)
            e = self.rows('luke.entity_embeddings.entity_embeddings.weight', eids)
            if c['entity_emb_size'] != c['hidden_size']:
                e = e @ self.p('luke.entity_embeddings.entity_embedding_dense.weight').T  # no bias
            pe = self.rows(
                'luke.entity_embeddings.position_embeddings.weight', np.maximum(ep, 0)
            )  # plain token index in a table of its own, without the +2
            m = (ep != -1).astype(self.dt)[..., None]
            pe = (pe * m).sum(-2) / np.maximum(m.sum(-2), 1e-7)  # 0 if all positions are -1
            e = e + pe + self.rows('luke.entity_embeddings.token_type_embeddings.weight', et)
            e = self.ln(e, 'luke.entity_embeddings.LayerNorm')
            x = np.concatenate([x, e], 0)
            am = np.concatenate([am, np.ones(N) if entity_attention_mask is None else np.asarray(entity_attention_mask)])
        bias = np.where(am > 0, 0.0, np.finfo(np.float32).min).astype(self.dt)  # masks keys only, the same for every query row
        nh = c['num_attention_heads']
        hd = c['hidden_size'] // nh
        out = [x] if all_layers else []
        sp = lambda t: t.reshape(len(t), nh, hd).transpose(1, 0, 2)
        eaa = c.get('use_entity_aware_attention', True) and entity_ids is not None
        for l in range(c['num_hidden_layers']):
            P = f'luke.encoder.layer.{l}.'
            a = P + 'attention.self.'
            k = sp(self.lin(x, a + 'key'))
            v = sp(self.lin(x, a + 'value'))
            if eaa:
                w, e = x[:S], x[S:]
                kw, ke = k[:, :S], k[:, S:]
                T = lambda z: z.transpose(0, 2, 1)
                top = np.concatenate([sp(self.lin(w, a + 'query')) @ T(kw), sp(self.lin(w, a + 'w2e_query')) @ T(ke)], 2)
                bot = np.concatenate([sp(self.lin(e, a + 'e2w_query')) @ T(kw), sp(self.lin(e, a + 'e2e_query')) @ T(ke)], 2)
                s = np.concatenate([top, bot], 1)
            else:
                s = sp(self.lin(x, a + 'query')) @ k.transpose(0, 2, 1)
            pr = softmax(s / math.sqrt(hd) + bias)  # one softmax over words and entities together
            ctx = (pr @ v).transpose(1, 0, 2).reshape(len(x), -1)
            x = self.ln(self.lin(ctx, P + 'attention.output.dense') + x, P + 'attention.output.LayerNorm')  # post-LN
            h = gelu(self.lin(x, P + 'intermediate.dense'))
            x = self.ln(self.lin(h, P + 'output.dense') + x, P + 'output.LayerNorm')
            if all_layers:
                out.append(x)
        return x[:S], (x[S:] if entity_ids is not None else None), out

    def pool(self, w):
        return np.tanh(self.lin(w[0], 'luke.pooler.dense'))

    def head(self, kind, w, e, start=None, end=None):
        if kind == 'entity_cls':
            return self.lin(e[0], 'classifier')
        if kind == 'entity_pair':
            return self.lin(np.concatenate([e[0], e[1]]), 'classifier', bias=False)
        if kind == 'span_cls':
            return self.lin(np.concatenate([w[start], w[end], e], 1), 'classifier')
        if kind == 'token_cls':
            return self.lin(w, 'classifier')
        if kind in ('seq_cls', 'mc'):
            return self.lin(self.pool(w), 'classifier')
        if kind == 'qa':
            return self.lin(w, 'qa_outputs')  # [:,0]=start [:,1]=end
        if kind == 'mlm':
            t = self.ln(gelu(self.lin(w, 'lm_head.dense')), 'lm_head.layer_norm')
            dec = 'lm_head.decoder.weight' if 'lm_head.decoder.weight' in self.w else 'luke.embeddings.word_embeddings.weight'
            lo = t @ self.p(dec).T + self.p('lm_head.bias')
            if e is None:
                return lo, None
            u = self.ln(gelu(self.lin(e, 'entity_predictions.transform.dense')), 'entity_predictions.transform.LayerNorm')
            return lo, u @ self.p('luke.entity_embeddings.entity_embeddings.weight').T + self.p('entity_predictions.bias')
        raise KeyError(kind)
