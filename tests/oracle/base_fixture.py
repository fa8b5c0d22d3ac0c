"""Full-size reference (luke-base shapes, lite entity table): base_fixture.py [OUT.json], default work/fixtures/base_lite_span.json
The weights are generated from seed 1, so no large file is stored."""

import sys, json, os, subprocess, time, hashlib, warnings

warnings.filterwarnings('ignore')
import numpy as np, torch, transformers

transformers.logging.set_verbosity_error()
from transformers import LukeForEntitySpanClassification
from paths import HERE, WORK

d = WORK + '/out/base-lite-span'
out = sys.argv[1] if len(sys.argv) > 1 else os.path.join(WORK, 'fixtures', 'base_lite_span.json')
os.makedirs(os.path.dirname(os.path.abspath(out)), exist_ok=True)
if not os.path.exists(d + '/model.safetensors'):
    subprocess.check_call(
        [sys.executable, HERE + '/make_checkpoint.py', '--size', 'base', '--lite', '--head', 'span_cls', '--out', d]
    )
m = LukeForEntitySpanClassification.from_pretrained(d).eval()
g = np.random.default_rng(5)
R = []
md = LukeForEntitySpanClassification.from_pretrained(d).eval().double()
for S, N in ((16, 5), (128, 32), (128, 200), (512, 32)):
    ids = g.integers(4, 50000, S)
    ids[0] = 0
    ids[-1] = 2
    st = g.integers(1, S - 6, N)
    L = g.integers(1, 6, N)
    en = st + L - 1
    ep = np.full((N, 30), -1)
    for i in range(N):
        ep[i, : L[i]] = np.arange(st[i], en[i] + 1)
    t = dict(
        input_ids=ids, entity_ids=np.zeros(N, int), entity_position_ids=ep, entity_start_positions=st, entity_end_positions=en
    )
    x = {k: torch.from_numpy(v)[None] for k, v in t.items()}
    with torch.no_grad():
        o = m(**x, output_hidden_states=True)
        od = md(**x, output_hidden_states=True)
        t0 = time.time()
    hid = [[float(f'{v:.6g}') for v in h[0, 3, :8].tolist()] for h in od.hidden_states]
    ent = [[float(f'{v:.6g}') for v in h[0, 1, :8].tolist()] for h in od.entity_hidden_states]
    err = float((o.logits.double() - od.logits).abs().max())
    hs = max(float((a.double() - b).abs().max()) for a, b in zip(o.hidden_states, od.hidden_states))
    # effect of f16 weights alone (activations f32) and of f16 inputs of every linear layer, to choose tolerances
    print(
        S,
        N,
        'logit std',
        float(od.logits.std()),
        'f32-f64 logits',
        err,
        'hidden',
        hs,
        'argmax agree',
        float((o.logits.argmax(-1) == od.logits.argmax(-1)).float().mean()),
        flush=True,
    )
    R.append(
        dict(
            words=S,
            entities=N,
            input_ids=ids.tolist(),
            entity_start_positions=st.tolist(),
            entity_end_positions=en.tolist(),
            logits_f64=[[float(f'{v:.8g}') for v in r] for r in od.logits[0].tolist()],
            word3_hidden_first8_per_layer=hid,
            entity1_hidden_first8_per_layer=ent,
            f32_err=err,
            f32_hidden_err=hs,
        )
    )
# effect of fp16 and int8 (absmax per row) weights on the logits, same inputs (S=128, N=32)
x = None
for name, fn in (
    ('f16 weights', lambda w: w.half().float()),
    (
        'int8 per-row weights',
        lambda w: (w / (w.abs().amax(-1, keepdim=True) / 127)).round() * (w.abs().amax(-1, keepdim=True) / 127),
    ),
    ('int4 g32 weights', None),
):
    mm = LukeForEntitySpanClassification.from_pretrained(d).eval()
    with torch.no_grad():
        for n, p in mm.named_parameters():
            if p.ndim == 2 and 'LayerNorm' not in n:
                if name.startswith('int4'):
                    w = p.data.view(p.shape[0], -1, 32)
                    s = w.abs().amax(-1, keepdim=True) / 7
                    p.data = ((w / s).round() * s).view(p.shape)
                else:
                    p.data = fn(p.data)
        r = R[1]
        t = dict(
            input_ids=r['input_ids'],
            entity_ids=[0] * 32,
            entity_position_ids=[
                [*range(a, b + 1)] + [-1] * (30 - (b - a + 1))
                for a, b in zip(r['entity_start_positions'], r['entity_end_positions'])
            ],
            entity_start_positions=r['entity_start_positions'],
            entity_end_positions=r['entity_end_positions'],
        )
        o = mm(**{k: torch.tensor([v]) for k, v in t.items()}).logits[0].double()
        ref = torch.tensor(r['logits_f64'])
        print(
            name,
            'max|dlogit|',
            float((o - ref).abs().max()),
            'mean',
            float((o - ref).abs().mean()),
            'argmax agree',
            float((o.argmax(-1) == ref.argmax(-1)).float().mean()),
        )
json.dump(
    dict(seed=1, checkpoint='make_checkpoint.py --size base --lite --head span_cls --seed 1', entity_id_mask=0, cases=R),
    open(out, 'w'),
    separators=(',', ':'),
)
print(out, os.path.getsize(out))
