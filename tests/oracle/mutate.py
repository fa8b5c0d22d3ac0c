"""How much typical mistakes of a port change the logits of micro-span_cls. The tolerances of tests must be smaller.
Each mistake is an edit of the source of luke_ref.py (or of the config), run on the inputs of fixtures/heads.json."""

import json, os
import numpy as np
from paths import FIXTURES, HERE

fx = [
    c
    for c in json.load(open(os.path.join(FIXTURES, 'heads.json')))
    if c['checkpoint'] == 'micro-span_cls' and len(c['inputs'].get('entity_ids', [])) >= 3
]


def run(mod=None, cfg=None):
    src = open(os.path.join(HERE, 'luke_ref.py')).read()
    if mod:
        assert mod[0] in src, mod
        src = src.replace(*mod)
    ns = {}
    exec(compile(src, 'm', 'exec'), ns)
    m = ns['Luke'](os.path.join(FIXTURES, 'checkpoints', 'micro-span_cls'))
    m.cfg.update(cfg or {})
    d = 0
    for c in fx:
        i = c['inputs']
        ep = [r + [-1] * (30 - len(r)) for r in i['entity_position_ids']]
        w, e, _ = m.encode(i['input_ids'], i['attention_mask'], i['entity_ids'], ep, i['entity_attention_mask'])
        o = m.head('span_cls', w, e, np.array(i['entity_start_positions']), np.array(i['entity_end_positions']))
        n = sum(i['entity_attention_mask'])
        d = max(d, abs(o[:n] - np.array(c['outputs']['logits'])[:n]).max())
    return d


print('none', run())
for n, a, c in (
    (
        'tanh gelu',
        (
            "0.5 * x.astype(np.float64) * (1 + _erf(x.astype(np.float64) / math.sqrt(2)))",
            "0.5*x*(1+np.tanh(math.sqrt(2/math.pi)*(x+0.044715*x**3)))",
        ),
        None,
    ),
    ('eps 1e-12', None, {'layer_norm_eps': 1e-12}),
    ('swap w2e/e2e', ("a + 'w2e_query'", "a + 'e2e_query'"), None),
    ('swap e2w/query', ("a + 'e2w_query'", "a + 'query'"), None),
    ('entity pos +2', ("np.maximum(ep, 0)", "np.maximum(ep + 2, 0)"), None),
    ('sum not mean of positions', (" / np.maximum(m.sum(-2), 1e-7)", ""), None),
    ('word pos from 0', ("* nz + pad ", "* nz - 1 "), None),
    (
        'separate softmax per block',
        (
            "pr = softmax(s / math.sqrt(hd) + bias)",
            "pr = np.concatenate([softmax((s/math.sqrt(hd)+bias)[...,:S]),softmax((s/math.sqrt(hd)+bias)[...,S:])],-1)/2",
        ),
        None,
    ),
    ('no pad mask', ("np.where(am > 0, 0.0,", "np.where(am > -1, 0.0,"), None),
    ('unbiased var', ("((x - m) ** 2).mean(-1, keepdims=True)", "((x - m) ** 2).sum(-1, keepdims=True)/(x.shape[-1]-1)"), None),
    ('mask -10000 instead of f32 min', ("np.finfo(np.float32).min", "-10000.0"), None),
    ('token type omitted', (" + self.rows('luke.entity_embeddings.token_type_embeddings.weight', et)", ""), None),
):
    try:
        print(f'{n:34s} max|dlogit| {run(a, c):.3e}')
    except Exception as ex:
        print(n, 'ERR', type(ex).__name__, str(ex)[:100])
