#!/usr/bin/env python
"""make_fixtures.py [OUT] [SIZE]  (requires transformers 4.57.1; OUT defaults to work/fixtures, SIZE to micro)
Writes the JSON fixtures tokenizer_*.json, heads.json, ner.json, qa.json, record.json, typing_relation.json, mlm.json"""

import sys, os, json, warnings, subprocess, itertools

warnings.filterwarnings('ignore')
import numpy as np, torch, transformers, unicodedata
from transformers import LukeTokenizer
import pipelines as P
from paths import HERE, WORK

torch.manual_seed(0)
torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)
transformers.logging.set_verbosity_error()
OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(WORK, 'fixtures')
SIZE = sys.argv[2] if len(sys.argv) > 2 else 'micro'
os.makedirs(OUT, exist_ok=True)
CK = f'{WORK}/out/{SIZE}-'
CLS = dict(
    model='LukeModel',
    mlm='LukeForMaskedLM',
    entity_cls='LukeForEntityClassification',
    entity_pair='LukeForEntityPairClassification',
    span_cls='LukeForEntitySpanClassification',
    token_cls='LukeForTokenClassification',
    seq_cls='LukeForSequenceClassification',
    qa='LukeForQuestionAnswering',
    mc='LukeForMultipleChoice',
)


def ck(h, eaa=True):
    d = CK + h + ('' if eaa else '-noeaa')
    if not os.path.exists(d + '/config.json'):
        subprocess.check_call(
            [sys.executable, HERE + '/make_checkpoint.py', '--size', SIZE, '--head', h, '--out', d]
            + ([] if eaa else ['--no-eaa']),
            stdout=subprocess.DEVNULL,
        )
    return d


def mdl(h, eaa=True):
    return getattr(transformers, CLS[h]).from_pretrained(ck(h, eaa)).eval()


def f32(x):
    if isinstance(x, torch.Tensor):
        x = x.detach().numpy()
    if isinstance(x, np.ndarray):
        x = x.astype(np.float32).tolist()
    if isinstance(x, list):
        return [f32(v) for v in x]
    if isinstance(x, float):
        return float(f'{x:.7g}')
    if isinstance(x, dict):
        return {k: f32(v) for k, v in x.items()}
    if isinstance(x, tuple):
        return [f32(v) for v in x]
    return x


def trim(rows):
    return [[p for p in r if p != -1] for r in rows]


def u16(t, i):
    return len(t[:i].encode('utf-16-le')) // 2


def u8(t, i):
    return len(t[:i].encode())


def dump(n, o):
    p = os.path.join(OUT, n)
    with open(p, 'w') as f:
        json.dump(o, f, ensure_ascii=True, separators=(',', ':'), sort_keys=True)
    print(n, os.path.getsize(p))


EN = "Beyoncé lives in Los Angeles."
LONG = ("Star Wars is a film written and directed by George Lucas . " * 55).strip()
HARD = {
    'en': EN,
    'prefix_space': ' ' + EN,
    'empty': '',
    'space': ' ',
    'spaces': '   ',
    'newline': '\n',
    'crlf': 'a\r\nb\r\n\r\nc',
    'tabs': '\tTab\there\t',
    'nbsp': 'a\u00a0b\u202fc\u3000d',
    'emoji_zwj': 'Hi 👨‍👩‍👧‍👦 and 🏳️‍🌈!',
    'emoji': '🙂🙂',
    'flag': '🇯🇵Tokyo',
    'keycap': '1️⃣ 2',
    'surrogate_edge': 'a𝒳b',
    'cjk': '東京は日本の首都です。',
    'arabic': 'القاهرة هي عاصمة مصر',
    'hebrew': 'תל אביב היא עיר',
    'bidi': 'abc \u202bאבג\u202c def',
    'nfd': unicodedata.normalize('NFD', 'Beyoncé café'),
    'zalgo': 'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A',
    'ligature': 'ﬁne ﬂow ½ ²',
    'contractions': "I'm don't we'll they've he'd she's 'S 'LL rock 'n' roll",
    'apos_curly': 'don’t it’s',
    'digits': '1,234.56 ٣٤٥ Ⅷ ²³',
    'url': 'http://example.org/a?b=c&d=e#f',
    'code': 'if (a<b) {\n\treturn "x";\n}',
    'mask': 'a <mask> b',
    'mask_nospace': 'a<mask>b',
    'mask_two': 'a  <mask>  <mask> b',
    'ent': 'x <ent> y<ent2>z',
    'special': '</s> hi <s><pad><unk>',
    'lt': '< mask > <MASK> <ents>',
    'entity_specials': 'say [MASK] and [UNK] [PAD] [MASK2]',
    'null': 'a\x00b',
    'ctrl': 'a\x01\x1b\x7fb\x85c',
    'bom': '\ufeffHello',
    'zwsp': 'a\u200bb\u200dc',
    'soft_hyphen': 'co\u00adop',
    'fullwidth': 'ＡＢＣ １２３',
    'long_word': 'a' * 120,
    'long_punct': '!' * 70 + '?' * 10,
    'multi_space': 'a  b   c    d     ',
    'trailing_nl': 'end\n\n',
    'mixed_ws': 'a \t \n b',
    'upper': 'THE UNITED STATES',
    'dot': 'U.S. Sen. J. Doe Jr.',
    'lonely': '\u0301x',
    'private': 'a\ue000b',
    'nonchar': 'a\uffffb',
    'astral_cjk': '𠮷野家',
    'hangul': '서울특별시',
    'thai': 'กรุงเทพมหานคร',
    'devanagari': 'नई दिल्ली',
    'math': '∑x²≠∞',
    'quotes': '“Hello,” she said—‘ok’…',
    'us_ls': 'a\u2028b\u2029c',
    'long': LONG,
}


def word_spans(t, maxw=3):
    w = P.split_words(t)[:12]
    return [(w[i][0], w[j][1]) for i in range(len(w)) for j in range(i, min(i + maxw, len(w)))]


def enc(tk, *a, **k):
    try:
        e = tk(*a, **k)
        o = {x: v for x, v in e.items()}
        if 'entity_position_ids' in o:
            o['entity_position_ids'] = (
                trim(o['entity_position_ids'])
                if not (
                    o['entity_position_ids'] and o['entity_position_ids'][0] and isinstance(o['entity_position_ids'][0][0], list)
                )
                else [trim(b) for b in o['entity_position_ids']]
            )
        return o
    except Exception as ex:
        return {'error': type(ex).__name__}


def tok_fixture(name, d):
    tk = LukeTokenizer.from_pretrained(d)
    R = dict(
        transformers=transformers.__version__,
        tokenizer=os.path.basename(d),
        plain=[],
        spans=[],
        entities=[],
        classification=[],
        pair=[],
        span_task=[],
        pair_text=[],
        truncation=[],
        batch=[],
    )
    tasks = {
        t: LukeTokenizer.from_pretrained(d, task=t)
        for t in ('entity_classification', 'entity_pair_classification', 'entity_span_classification')
    }
    for n, t in HARD.items():
        R['plain'].append(
            dict(
                name=n,
                text=t,
                tokens=tk.tokenize(t),
                input_ids=tk(t)['input_ids'],
                prefix_space_ids=tk(t, add_prefix_space=True)['input_ids'],
            )
        )
        sp = word_spans(t) if n != 'long' else [(0, 9), (len(t) - 13, len(t) - 2), (0, len(t))]
        if sp:
            c = lambda s: dict(
                char=[list(x) for x in s], utf16=[[u16(t, a), u16(t, b)] for a, b in s], byte=[[u8(t, a), u8(t, b)] for a, b in s]
            )
            R['spans'].append(dict(name=n, text=t, spans=c(sp), out=enc(tk, t, entity_spans=sp)))
            R['span_task'].append(
                dict(name=n, text=t, spans=c(sp), out=enc(tasks['entity_span_classification'], t, entity_spans=sp))
            )
            R['classification'].append(
                dict(name=n, text=t, spans=c([sp[-1]]), out=enc(tasks['entity_classification'], t, entity_spans=[sp[-1]]))
            )
            for a, b in [(sp[0], sp[-1]), (sp[-1], sp[0]), (sp[0], sp[0])]:
                R['pair'].append(
                    dict(name=n, text=t, spans=c([a, b]), out=enc(tasks['entity_pair_classification'], t, entity_spans=[a, b]))
                )
    E = [
        ("start_end", EN, [(0, 29)]),
        ("zero_width", EN, [(3, 3)]),
        ("starts_on_space", EN, [(7, 13)]),
        ("ends_on_space", EN, [(0, 8)]),
        ("inside_word", EN, [(2, 5)]),
        ("overlap", EN, [(0, 16), (8, 28), (17, 20)]),
        ("unsorted", EN, [(17, 28), (0, 7)]),
        ("duplicate", EN, [(0, 7), (0, 7)]),
        ("double_space", "a  b", [(3, 4)]),
        ("after_tab", "a\tb", [(2, 3)]),
        ("after_nbsp", "a\u00a0b", [(2, 3)]),
        ("before_mask", "a <mask> b", [(0, 1)]),
        ("mask_span", "a <mask> b", [(2, 8)]),
        ("split_mask", "a <mask> b", [(3, 5)]),
        ("empty_text_no_spans", "", []),
        ("no_spans", EN, []),
        ("out_of_range", EN, [(0, 99)]),
        ("reversed", EN, [(7, 0)]),
        ("negative", EN, [(-3, 3)]),
        ("mid_emoji", "👨‍👩‍👧‍👦 x", [(0, 1)]),
        ("mid_combining", unicodedata.normalize('NFD', 'é x'), [(0, 1)]),
        ("mention_31_tokens", ' '.join(['a'] * 40), [(0, 61)]),
        ("mention_30_tokens", ' '.join(['a'] * 40), [(0, 59)]),
    ]
    for n, t, sp in E:
        R['spans'].append(
            dict(
                name='edge_' + n,
                text=t,
                spans=dict(char=[list(x) for x in sp]),
                out=enc(tk, t, entity_spans=sp),
                prefix_space=enc(tk, t, entity_spans=sp, add_prefix_space=True),
            )
        )
    ents = ['Beyoncé', 'Los Angeles']
    sp = [(0, 7), (17, 28)]
    for e in (ents, ['[MASK]', 'Los Angeles'], ['beyoncé', 'no such entity'], ['[PAD]', '[MASK2]'], ents[:1]):
        R['entities'].append(dict(text=EN, spans=[list(x) for x in sp], entities=e, out=enc(tk, EN, entities=e, entity_spans=sp)))
    R['pair_text'].append(
        dict(
            text='Who lives there?',
            pair=EN,
            spans=[[0, 3]],
            spans_pair=[list(x) for x in sp],
            out=enc(tk, 'Who lives there?', EN, entity_spans=[(0, 3)], entity_spans_pair=sp),
        )
    )
    R['pair_text'].append(
        dict(
            text='Who lives there?',
            pair=EN,
            spans=[],
            spans_pair=[list(x) for x in sp],
            out=enc(tk, 'Who lives there?', EN, entity_spans=[], entity_spans_pair=sp),
        )
    )
    R['pair_text'].append(dict(text='Who?', pair='', out=enc(tk, 'Who?', '')))
    many = [(i * 2, i * 2 + 1) for i in range(40)]
    t40 = ' '.join(['a'] * 40)
    for kw in (
        dict(truncation=True, max_length=8),
        dict(truncation=True, max_length=30),
        dict(truncation=True),
        dict(),
        dict(padding='max_length', max_length=64),
        dict(padding='max_length', max_length=64, max_entity_length=48),
        dict(truncation=True, max_entity_length=5),
    ):
        R['truncation'].append(dict(text=t40, spans=[list(x) for x in many], args=kw, out=enc(tk, t40, entity_spans=many, **kw)))
    R['truncation'].append(
        dict(
            text='<LONG>',
            name='long',
            spans=[[0, 9], [len(LONG) - 13, len(LONG) - 2]],
            args=dict(truncation=True, max_length=512),
            out=enc(tk, LONG, entity_spans=[(0, 9), (len(LONG) - 13, len(LONG) - 2)], truncation=True, max_length=512),
        )
    )
    R['batch'].append(
        dict(
            texts=[EN, 'x'],
            spans=[[[0, 7], [17, 28]], [[0, 1]]],
            out=enc(tk, [EN, 'x'], entity_spans=[[(0, 7), (17, 28)], [(0, 1)]], padding=True),
        )
    )
    R['batch'].append(
        dict(texts=[EN, 'x'], spans=[[], [[0, 1]]], out=enc(tk, [EN, 'x'], entity_spans=[[], [(0, 1)]], padding=True))
    )
    R['special'] = dict(
        vocab=len(tk),
        ent=tk.convert_tokens_to_ids(['<ent>', '<ent2>']),
        entity={k: tk.entity_vocab[k] for k in ('[PAD]', '[UNK]', '[MASK]', '[MASK2]')},
    )
    dump(f'tokenizer_{name}.json', R)


def heads():
    R = []
    g = np.random.default_rng(42)
    for eaa in (True, False):
        for h in CLS:
            m = mdl(h, eaa)
            c = m.config
            md = mdl(h, eaa).double()
            for S, N, padw, pade in ((1, 0, 0, 0), (2, 1, 0, 0), (9, 3, 0, 0), (12, 5, 3, 2), (40, 33, 0, 0)):
                if N == 0 and h not in ('model', 'mlm', 'token_cls', 'seq_cls', 'qa', 'mc'):
                    continue
                if h == 'entity_pair' and N < 2:
                    continue
                ids = g.integers(4, c.vocab_size, S)
                ids[0] = 0
                if S > 1:
                    ids[S - 1 - padw] = 2
                am = np.ones(S, int)
                if padw:
                    ids[-padw:] = 1
                    am[-padw:] = 0
                inp = dict(input_ids=ids.tolist(), attention_mask=am.tolist())
                if N:
                    em = np.ones(N, int)
                    ep = []
                    st = []
                    en = []
                    for i in range(N):
                        a = int(g.integers(0, max(1, S - padw - 1)))
                        b = int(min(S - padw, a + 1 + g.integers(0, 5)))
                        ep.append(list(range(a, b)))
                        st.append(a)
                        en.append(b - 1)
                    if pade:
                        em[-pade:] = 0
                        ep[-pade:] = [[]] * pade
                        st[-pade:] = [0] * pade
                        en[-pade:] = [0] * pade
                    inp.update(
                        entity_ids=g.integers(0, c.entity_vocab_size, N).tolist(),
                        entity_attention_mask=em.tolist(),
                        entity_position_ids=ep,
                    )
                    if h == 'span_cls':
                        inp.update(entity_start_positions=st, entity_end_positions=en)
                t = {k: P.T(v if k != 'entity_position_ids' else [r + [-1] * (30 - len(r)) for r in v]) for k, v in inp.items()}
                if h == 'mc':
                    t = {k: v[None] for k, v in t.items()}
                with torch.no_grad():
                    o = m(**t)
                    o64 = md(**t)
                keys = dict(
                    model=('last_hidden_state', 'entity_last_hidden_state', 'pooler_output'),
                    mlm=('logits', 'entity_logits'),
                    qa=('start_logits', 'end_logits'),
                ).get(h, ('logits',))
                out = {k: getattr(o, k)[0] for k in keys if getattr(o, k) is not None}
                err = max(float((getattr(o, k).double() - getattr(o64, k)).abs().max()) for k in out)
                if h == 'mlm' and S * c.vocab_size > 4000:
                    out['logits'] = out['logits'][:, ::17]
                    out['logits_stride'] = 17
                R.append(
                    dict(
                        head=h,
                        entity_aware=eaa,
                        checkpoint=os.path.basename(ck(h, eaa)),
                        inputs=inp,
                        outputs=f32(out),
                        f32_vs_f64=err,
                    )
                )
    dump('heads.json', R)
    print('  max f32-f64', max(r['f32_vs_f64'] for r in R))


NER_TEXTS = {
    'en': "Star Wars is a film written and directed by George Lucas.",
    'two_sent': "Ana Ivanovic won at Wimbledon. She lives in Los Angeles, U.S.",
    'emoji': "Hi 👨‍👩‍👧‍👦 from Zürich 🙂!",
    'rtl': "القاهرة هي عاصمة مصر",
    'crlf': "Paris\r\nTexas\tTokyo",
    'cjk': "東京は日本の首都です。",
    'empty': "",
    'spaces': "  \n ",
    'one': "Tokyo",
    'start_end': "Tokyo beats Paris",
    'nfd': unicodedata.normalize('NFD', "Beyoncé in São Paulo"),
    'ws_lead': "   Tokyo  ",
    'marks': "❤\ufe0fAna Ivanovic won at Par\u00adis, 👍🏽Tokyo",
    'scripts': "IBM在东京的Tokyoです",
}


def ner():
    m = mdl('span_cls')
    tk = LukeTokenizer.from_pretrained(ck('span_cls'))
    R = dict(text=[], words=[])
    for n, t in NER_TEXTS.items():
        for me in (None, 20):
            r = P.ner_text(tk, m, t, max_entities=me)
            for e in r['entities']:
                e['utf16'] = [u16(t, e['start']), u16(t, e['end'])]
            R['text'].append(dict(name=n, text=t, max_entities=me, **f32(r)))
    s1 = "SOCCER - JAPAN GET LUCKY WIN , CHINA IN SURPRISE DEFEAT .".split()
    s2 = "Nadim Ladki".split()
    s3 = "AL-AIN , United Arab Emirates 1996-12-06".split()
    s4 = "Japan 's Asian Cup title began with a lucky 2-1 win .".split()
    doc = s1 + s2 + s3 + s4
    b = [0]
    [b.append(b[-1] + len(s)) for s in (s1, s2, s3, s4)]
    for n, w, bd, kw in (
        ('conll', doc, b, {}),
        ('conll_chunk32', doc, b, dict(max_entity_length=32)),
        ('short_window', doc, b, dict(max_seq_length=48)),
        ('long600', (s1 + s4) * 26, [0] + [(len(s1) + len(s4)) * (i + 1) for i in range(26)], {}),
    ):
        f, e = P.ner_words(tk, m, w, bd, **kw)
        for x in f:
            x['entity_position_ids'] = trim(x['entity_position_ids'])
        if n == 'long600':
            f = [
                dict(
                    input_ids_len=len(x['input_ids']),
                    n=len(x['entity_ids']),
                    first_logits=x['logits'][:2],
                    ids_head=x['input_ids'][:8],
                    ids_tail=x['input_ids'][-4:],
                )
                for x in f
            ]
        R['words'].append(dict(name=n, words=w, bounds=bd, args=kw, features=f32(f), entities=f32(e)))
    dump('ner.json', R)


def qa():
    m = mdl('qa')
    tk = LukeTokenizer.from_pretrained(ck('qa'))
    R = []
    ctx = "Star Wars is a film written and directed by George Lucas. It was shown in Los Angeles and in Paris, Texas. Beyoncé lives in Los Angeles."
    cand = {
        'Los Angeles': 'Los Angeles',
        'George Lucas': 'George Lucas',
        'Paris': 'Paris',
        'Paris, Texas': 'Paris, Texas',
        'star wars': 'Star Wars',
        'film': 'not in vocab',
        'Beyoncé': 'Beyoncé',
    }
    for n, q, c, cd, kw in (
        ('plain', "Who directed Star Wars?", ctx, None, {}),
        ('entities', "Who directed Star Wars?", ctx, cand, {}),
        ('stride', "Who directed Star Wars?", (ctx + ' ') * 9, cand, dict(max_seq_length=128, doc_stride=48)),
        ('long600', "Who directed the film?", (ctx + ' ') * 12, None, {}),
        ('long_query', "why " * 100, ctx, None, {}),
        ('unicode', "誰が 🙂?", "東京は 🙂 日本の\t首都です。\r\nالقاهرة هي عاصمة مصر", None, {}),
        ('tiny', "?", "x", None, {}),
        ('short_answers', "Who directed Star Wars?", ctx, cand, dict(max_answer_length=2, n_best=5)),
    ):
        f, nb = P.squad(tk, m, q, c, cd, **kw)
        for x in f:
            x['entity_position_ids'] = trim(x['entity_position_ids'])
            x['max_context'] = sorted(k for k, v in x['max_context'].items() if v)
            x['token_to_word'] = sorted(x['token_to_word'].items())
        R.append(
            dict(name=n, question=q, context=c, candidates=cd, args=kw, features=f32(f), nbest=f32(nb), answer=nb[0]['text'])
        )
    dump('qa.json', R)


def typing_relation():
    R = dict(entity=[], pair=[])
    m = mdl('entity_cls')
    tk = LukeTokenizer.from_pretrained(ck('entity_cls'))
    assert tk.task == 'entity_classification'
    for n, t in HARD.items():
        sp = word_spans(t)
        if not sp or n in ('long', 'entity_specials'):
            continue
        s = sp[-1]
        e = tk(t, entity_spans=[s], return_tensors='pt')
        with torch.no_grad():
            lo = m(**e).logits[0].tolist()
        R['entity'].append(
            dict(
                name=n,
                text=t,
                span=list(s),
                utf16=[u16(t, s[0]), u16(t, s[1])],
                logits=f32(lo),
                labels=[m.config.id2label[i] for i, v in enumerate(lo) if v > 0],
            )
        )
    m = mdl('entity_pair')
    tk = LukeTokenizer.from_pretrained(ck('entity_pair'))
    for n, t in HARD.items():
        sp = word_spans(t)
        if not sp or n in ('long', 'entity_specials'):
            continue
        for a, b in ((sp[0], sp[-1]), (sp[-1], sp[0])):
            e = tk(t, entity_spans=[a, b], return_tensors='pt')
            with torch.no_grad():
                lo = m(**e).logits[0]
            R['pair'].append(
                dict(
                    name=n,
                    text=t,
                    head=list(a),
                    tail=list(b),
                    logits=f32(lo),
                    label=m.config.id2label[int(lo.argmax())],
                    prob=f32(lo.softmax(0)),
                )
            )
    dump('typing_relation.json', R)


def record():
    d = ck('model')
    tk = LukeTokenizer.from_pretrained(d)
    luke = mdl('model')
    H = luke.config.hidden_size
    V = luke.config.vocab_size
    from make_checkpoint import rng

    w = rng(1, 'luke.embeddings.word_embeddings.weight.extra').standard_normal((1, H), dtype=np.float32) * np.float32(
        0.35
    )  # one more word row gives 3 task tokens: V-2, V-1, V
    emb = torch.nn.Embedding(V + 1, H)
    emb.weight.data = torch.cat([luke.embeddings.word_embeddings.weight.data, torch.from_numpy(w)])
    luke.embeddings.word_embeddings = emb
    sw = torch.from_numpy(rng(1, 'scorer.weight').standard_normal((1, 2 * H), dtype=np.float32) / np.float32(np.sqrt(2 * H)))
    sbias = torch.tensor([0.05])
    ps = "Ana Ivanovic won at Wimbledon\n@highlight\nIvanovic beat Venus in Paris\n@highlight\nThe match was shown in Los Angeles"
    ents = [(ps.find(x), ps.find(x) + len(x)) for x in ('Ana Ivanovic', 'Wimbledon', 'Venus', 'Paris', 'Los Angeles')]
    q = "Venus lost to @placeholder, who was lucky in @p"
    R = dict(
        extra_row=f32(w[0].tolist()), scorer_weight=f32(sw[0].tolist()), scorer_bias=0.05, extra_ids=[V - 2, V - 1, V], cases=[]
    )
    for n, qq, pp, ee, kw in (
        ('plain', q, ps, ents, {}),
        ('stride', q, ps, ents, dict(max_seq_length=64, doc_stride=16)),
        ('placeholder_first', "@placeholder won", ps, ents, {}),
        ('placeholder_last', "it was won by @placeholder", ps, ents, {}),
        ('no_entities', q, ps, [], {}),
    ):
        f, a = P.record(tk, luke, sw, sbias, qq, pp, ee, (V - 2, V - 1, V), **kw)
        for x in f:
            x['entity_position_ids'] = trim(x['entity_position_ids'])
        R['cases'].append(
            dict(name=n, query=qq, passage=pp, entities=[list(e) for e in ee], args=kw, features=f32(f), answer=f32(a))
        )
    dump('record.json', R)


def mlm():
    m = mdl('mlm')
    tk = LukeTokenizer.from_pretrained(ck('mlm'))
    R = []
    for t, ents, sp in (
        (
            EN.replace('lives', '<mask>'),
            ['[MASK]', 'Los Angeles'],
            [(0, 7), (len(EN.replace('lives', '<mask>')) - 12, len(EN) + 1 - 1)],
        ),
        (EN, None, [(0, 7), (17, 28)]),
        ("a <mask> b", None, []),
        ("<mask> lives in<mask>東京, 🙂 <mask>.", None, []),
        ("🙂 met Beyoncé in São Paulo", ['🙂', '[MASK]', 'No such title'], [(0, 1), (6, 13), (17, 26)]),
    ):
        e = tk(t, entities=ents, entity_spans=sp, return_tensors='pt') if sp else tk(t, return_tensors='pt')
        with torch.no_grad():
            o = m(**e)
        R.append(
            dict(
                text=t,
                spans=[list(x) for x in sp],
                entities=ents,
                input_ids=e['input_ids'][0].tolist(),
                word_top5=[[(int(i), f32(float(v))) for v, i in zip(*o.logits[0, k].topk(5))] for k in range(o.logits.shape[1])],
                entity_top5=[[(int(i), f32(float(v))) for v, i in zip(*o.entity_logits[0, k].topk(5))] for k in range(len(sp))]
                if sp
                else [],
            )
        )
    dump('mlm.json', R)


ROBTOK = CK + 'robertatok'
if not os.path.exists(ROBTOK + '/config.json'):
    subprocess.check_call(
        [
            sys.executable,
            HERE + '/make_checkpoint.py',
            '--size',
            SIZE,
            '--head',
            'model',
            '--tokenizer',
            f'dir:{WORK}/roberta',
            '--out',
            ROBTOK,
        ],
        stdout=subprocess.DEVNULL,
    )
tok_fixture('micro', ck('model'))
tok_fixture('roberta', ROBTOK)
heads()
ner()
qa()
typing_relation()
record()
mlm()
