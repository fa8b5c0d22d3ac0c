"""The task pipelines of LUKE, restated from studio-ousia/luke (examples/legacy, examples, notebooks). A model is a callable that
returns logits. Features run one at a time (batch 1, no padding), as in the browser. Results equal padded batches up to f32 noise."""

import itertools, math, unicodedata, collections, regex
import torch


def is_punctuation(ch):
    cp = ord(ch)
    if 33 <= cp <= 47 or 58 <= cp <= 64 or 91 <= cp <= 96 or 123 <= cp <= 126:
        return True
    return unicodedata.category(ch).startswith('P')


def T(x):
    return torch.tensor([x])


# ---------------------------------------------------------------- NER, legacy/allennlp reader form (word list input)
def tokenize_word(tk, w):  # legacy rule: prefix space unless the word starts with ' or is one punctuation char
    return tk.tokenize(w, add_prefix_space=(w[0] != "'" and not (len(w) == 1 and is_punctuation(w))))


def ner_features(tk, words, bounds, max_seq_length=512, max_entity_length=128, max_mention_length=16):
    """bounds = [0, end of sentence 1, ..., len(words)], in words."""
    max_sub = max_seq_length - 2
    tokens = [tokenize_word(tk, w) for w in words]
    sub = [s for t in tokens for s in t]
    sub2tok = [i for i, t in enumerate(tokens) for _ in t]
    starts = frozenset([0] + list(itertools.accumulate(len(t) for t in tokens)))
    sb = [sum(len(t) for t in tokens[:p]) for p in bounds]
    feats = []
    for a, b in zip(sb, sb[1:]):
        left, right, n = a, len(sub) - b, b - a
        half = int((max_sub - n) / 2)
        if left < right:
            lc = min(left, half)
            rc = min(right, max_sub - lc - n)
        else:
            rc = min(right, half)
            lc = min(left, max_sub - rc - n)
        off = a - lc
        tgt = sub[off : b + rc]
        ids = tk.convert_tokens_to_ids([tk.cls_token] + tgt + [tk.sep_token])
        sp = []
        for s in range(lc, lc + n):
            if s + off not in starts:
                continue
            for e in range(s + 1, lc + n + 1):
                if e + off in starts and e - s <= max_mention_length:
                    sp.append((s, e))
        k = math.ceil(len(sp) / max_entity_length) if sp else 0
        size = math.ceil(len(sp) / k) if k else 0
        for i in range(k):  # equal parts with the same words; the number of parts changes the logits
            part = sp[i * size : (i + 1) * size]
            feats.append(
                dict(
                    input_ids=ids,
                    entity_ids=[tk.entity_mask_token_id] * len(part),
                    entity_position_ids=[list(range(s + 1, e + 1)) + [-1] * (max_mention_length - (e - s)) for s, e in part],
                    entity_start_positions=[s + 1 for s, _ in part],
                    entity_end_positions=[e for _, e in part],
                    word_spans=[(sub2tok[s + off], sub2tok[e + off - 1] + 1) for s, e in part],
                )
            )
    return feats


def greedy(cands, n_words):
    """cands: (logit, (start, end), label) in order of enumeration, without NIL. Stable sort by logit, descending."""
    used = [False] * n_words
    out = []
    for lo, (s, e), lab in sorted(cands, key=lambda o: o[0], reverse=True):
        if not any(used[s:e]):
            for i in range(s, e):
                used[i] = True
            out.append((s, e, lab, lo))
    return sorted(out)


def run_span_model(model, f):
    with torch.no_grad():
        return model(
            input_ids=T(f['input_ids']),
            entity_ids=T(f['entity_ids']),
            entity_position_ids=T(f['entity_position_ids']),
            entity_start_positions=T(f['entity_start_positions']),
            entity_end_positions=T(f['entity_end_positions']),
        ).logits[0]


def ner_words(tk, model, words, bounds, **kw):
    id2 = model.config.id2label
    pred = {}
    feats = ner_features(tk, words, bounds, **kw)
    for f in feats:
        f['logits'] = run_span_model(model, f).tolist()
        for sp, lo in zip(f['word_spans'], f['logits']):
            m = max(lo)
            pred[sp] = (m, lo.index(m))
    return feats, greedy([(m, sp, id2[i]) for sp, (m, i) in pred.items() if i != 0], len(words))


# ---------------------------------------------------------------- NER on raw text (HF notebook form + chunking for long texts)
IDEOGRAPHS = r'\u4E00-\u9FFF\u3400-\u4DBF\U00020000-\U0002A6DF\U0002A700-\U0002CEAF\uF900-\uFAFF\U0002F800-\U0002FA1F'
HIRAGANA = r'\u3041-\u309F'
SCRIPTS = [  # Katakana, Hangul, Thai, Lao, Tibetan, Myanmar, Khmer, Hebrew, Arabic
    r'\u30A0-\u30FF\u31F0-\u31FF\uFF66-\uFF9F',
    r'\u1100-\u11FF\u3130-\u318F\uA960-\uA97F\uAC00-\uD7FF\uFFA0-\uFFDC',
    r'\u0E00-\u0E7F',
    r'\u0E80-\u0EFF',
    r'\u0F00-\u0FFF',
    r'\u1000-\u109F\uA9E0-\uA9FF\uAA60-\uAA7F',
    r'\u1780-\u17FF\u19E0-\u19FF',
    r'\u0590-\u05FF\uFB1D-\uFB4F',
    r'\u0600-\u06FF\u0750-\u077F\u08A0-\u08FF\uFB50-\uFDFF\uFE70-\uFEFC',
]


def word_pattern():
    """Ideographs, runs of letters of one script, and signs, each with its marks (src/tasks/words.rs)."""
    run = lambda letters: rf'(?:[\p{{Cf}}--[\u200B]]*[{letters}\p{{N}}_\p{{M}}])*'
    scripts = [rf'[\p{{L}}&&[{block}]]' for block in SCRIPTS]
    other = rf'[\p{{L}}--[{IDEOGRAPHS}{HIRAGANA}{"".join(SCRIPTS)}]]'
    return '|'.join(
        [rf'[{IDEOGRAPHS}]\p{{M}}*', rf'[\p{{L}}&&[{HIRAGANA}]](?:[\p{{Cf}}--[\u200B]]*[[\p{{L}}&&[{HIRAGANA}]]\p{{M}}])*']
        + [rf'[\p{{N}}_]*{letters}{run(letters)}' for letters in scripts]
        + [rf'[{other}\p{{N}}_]{run(other)}', r'[^\s][\p{M}\U0001F3FB-\U0001F3FF\U000E0020-\U000E007F]*']
    )


WORD_RE = regex.compile(word_pattern(), regex.V1)


def split_words(text):
    return [(m.start(), m.end()) for m in WORD_RE.finditer(text)]


def ner_text(tk, model, text, max_mention_tokens=16, max_entities=None):
    """tk has task='entity_span_classification'. All spans in one pass (notebook), or in equal parts of at most max_entities."""
    ws = split_words(text)
    if not ws:
        return dict(words=ws, spans=[], passes=[], entities=[])
    sl = [len(tk.tokenize(text[a:b])) for a, b in ws]  # the notebook counts the sub-words of each word without its space
    spans, wsp = [], []
    for i in range(len(ws)):
        for j in range(i, len(ws)):
            if sum(sl[i : j + 1]) <= max_mention_tokens:
                spans.append((ws[i][0], ws[j][1]))
                wsp.append((i, j + 1))
    k = math.ceil(len(spans) / max_entities) if max_entities else 1
    size = math.ceil(len(spans) / k)
    passes, cand = [], []
    for c in range(k):
        part, pw = spans[c * size : (c + 1) * size], wsp[c * size : (c + 1) * size]
        if not part:
            continue
        e = tk(text, entity_spans=part)
        lo = run_span_model(model, e).tolist()
        passes.append(
            dict(
                entity_spans=part, logits=lo, **{x: e[x] for x in ('input_ids', 'entity_start_positions', 'entity_end_positions')}
            )
        )
        for sp, l in zip(pw, lo):
            m = max(l)
            i = l.index(m)
            if i:
                cand.append((m, sp, model.config.id2label[i]))
    ents = [
        dict(start=ws[s][0], end=ws[e - 1][1], text=text[ws[s][0] : ws[e - 1][1]], label=lab, logit=lo)
        for s, e, lab, lo in greedy(cand, len(ws))
    ]
    return dict(words=ws, spans=spans, passes=passes, entities=ents)


# ---------------------------------------------------------------- SQuAD (legacy)
def norm_mention(t):
    return ' '.join(t.lower().split(' ')).strip()


def is_subword(tk, tok):
    t = tk.convert_tokens_to_string([tok])
    return not t.startswith(' ') and not is_punctuation(t[0])


def detect_mentions(tk, tokens, cand, max_mention_length):
    out, cur = [], 0
    for st, tok in enumerate(tokens):
        if st < cur or is_subword(tk, tok):
            continue
        for en in range(min(st + max_mention_length, len(tokens)), st, -1):
            if en < len(tokens) and is_subword(tk, tokens[en]):
                continue
            m = norm_mention(tk.convert_tokens_to_string(tokens[st:en]))
            if m in cand:
                cur = en
                title = cand[m]
                if title in tk.entity_vocab:
                    out.append((tk.entity_vocab[title], st, en))
                break
    return out


def squad_doc_tokens(text):
    toks, prev = [], True
    for c in text:
        if c in ' \t\r\n' or ord(c) == 0x202F:
            prev = True
        else:
            if prev:
                toks.append(c)
            else:
                toks[-1] += c
            prev = False
    return toks


def squad_features(
    tk,
    question,
    context,
    cand=None,
    max_seq_length=512,
    doc_stride=128,
    max_query_length=64,
    max_mention_length=30,
    max_entity_length=128,
):
    bt = lambda s: tk.tokenize(s, add_prefix_space=True)
    q = bt(question)[:max_query_length]
    cand = {norm_mention(k): v for k, v in (cand or {}).items()}
    words = squad_doc_tokens(context)
    d, t2o = [], []
    for i, w in enumerate(words):
        for s in bt(w):
            t2o.append(i)
            d.append(s)
    room = max_seq_length - len(q) - 4
    spans, st = [], 0
    while st < len(d):
        n = min(len(d) - st, room)
        spans.append((st, n))
        if st + n == len(d):
            break
        st += min(n, doc_stride)

    def max_ctx(i, pos):
        best = None
        for j, (s, n) in enumerate(spans):
            if not s <= pos <= s + n - 1:
                continue
            sc = min(pos - s, s + n - 1 - pos) + 0.01 * n
            if best is None or sc > best[0]:
                best = (sc, j)
        return best[1] == i

    feats = []
    for i, (s, n) in enumerate(spans):
        a = d[s : s + n]
        off = len(q) + 3
        toks = [tk.cls_token] + q + [tk.sep_token] * 2 + a + [tk.sep_token]
        ma, mb = detect_mentions(tk, q, cand, max_mention_length), detect_mentions(tk, a, cand, max_mention_length)
        ents = [(e, x + 1, y + 1) for e, x, y in ma] + [(e, x + off, y + off) for e, x, y in mb]
        f = dict(
            tokens=toks,
            input_ids=tk.convert_tokens_to_ids(toks),
            token_to_word={off + k: t2o[s + k] for k in range(n)},
            max_context={off + k: max_ctx(i, s + k) for k in range(n)},
        )
        ids = [e for e, _, _ in ents]
        pos = [list(range(x, y)) + [-1] * (max_mention_length - (y - x)) for _, x, y in ents]
        am = [1] * len(ents)
        while len(ids) < 2:
            ids.append(0)
            pos.append([-1] * max_mention_length)
            am.append(0)  # a workaround for APEX: masked, so it changes nothing but keeps entity-aware attention on
        f.update(
            entity_ids=ids[:max_entity_length],
            entity_position_ids=pos[:max_entity_length],
            entity_attention_mask=am[:max_entity_length],
        )
        feats.append(f)
    return feats


def squad_decode(tk, feats, results, n_best=20, max_answer_length=30):
    top = lambda l: [i for i, _ in sorted(enumerate(l), key=lambda x: x[1], reverse=True)[:n_best]]
    pre = []
    for fi, (f, (sl, el)) in enumerate(zip(feats, results)):
        for s in top(sl):
            for e in top(el):
                if (
                    s not in f['token_to_word']
                    or e not in f['token_to_word']
                    or not f['max_context'].get(s)
                    or e < s
                    or e - s + 1 > max_answer_length
                ):
                    continue
                pre.append((sl[s] + el[e], fi, s, e, sl[s], el[e]))
    pre.sort(key=lambda x: x[0], reverse=True)  # stable: ties stay in the order of (feature, start rank, end rank)
    seen, nb = set(), []
    for sc, fi, s, e, a, b in pre:
        if len(nb) >= n_best:
            break
        t = tk.convert_tokens_to_string(feats[fi]['tokens'][s : e + 1]).strip()
        if t in seen:
            continue
        seen.add(t)
        nb.append(dict(text=t, start_logit=a, end_logit=b, feature=fi, start_token=s, end_token=e))
    if not nb:
        nb = [dict(text='empty', start_logit=0.0, end_logit=0.0)]
    sc = [x['start_logit'] + x['end_logit'] for x in nb]
    m = max(sc)
    ex = [math.exp(x - m) for x in sc]
    for x, p in zip(nb, ex):
        x['probability'] = p / sum(ex)
    return nb


def squad(tk, model, question, context, cand=None, n_best=20, max_answer_length=30, **kw):
    feats = squad_features(tk, question, context, cand, **kw)
    res = []
    for f in feats:
        with torch.no_grad():
            o = model(
                input_ids=T(f['input_ids']),
                entity_ids=T(f['entity_ids']),
                entity_position_ids=T(f['entity_position_ids']),
                entity_attention_mask=T(f['entity_attention_mask']),
            )
        f['start_logits'], f['end_logits'] = o.start_logits[0].tolist(), o.end_logits[0].tolist()
        res.append((f['start_logits'], f['end_logits']))
    return feats, squad_decode(tk, feats, res, n_best, max_answer_length)


# ---------------------------------------------------------------- ReCoRD (legacy); ids of [HIGHLIGHT],[PLACEHOLDER],[ENTITY] = v, v+1, v+2 (v = 50265 for roberta)
def record_features(
    tk, query, passage, entities, extra, max_seq_length=512, doc_stride=128, max_query_length=90, max_mention_length=30
):
    """entities: half-open spans of characters. extra = (highlight_id, placeholder_id, entity_id)."""
    HL, PH, EN = extra
    query = query.replace('\n', ' ')
    passage = passage.replace('\n', ' ')
    tz = lambda t, p=False: tk.convert_tokens_to_ids(tk.tokenize(t.rstrip(), add_prefix_space=p))
    a, b = query.split('@placeholder')
    q = tz(a, True)
    ph = len(q) + 1
    q.append(PH)
    if b:
        q += tz(b, b[0] == ' ')
    q = q[:max_query_length]

    def part(s, e=None):
        text = passage[s:e]
        ps = text.split('@highlight')
        if s == 0 or passage[s - 1] == ' ' or (ps[0] and ps[0][0] == ' '):
            o = tz(ps[0], True)
        else:
            o = tz(text)  # as upstream: tokenizes the whole text, not ps[0]
        for t in ps[1:]:
            o.append(HL)
            o += tz(t, t[0] == ' ')
        return o

    d, ent, cur = [], [], 0
    for s, e in sorted(entities):
        d += part(cur, s)
        st = len(d)
        d += [EN] + part(s, e) + [EN]
        ent.append((st, len(d), (s, e)))
        cur = e
    d += part(cur)
    room = max_seq_length - len(q) - 4
    spans, st = [], 0
    while st < len(d):
        n = min(len(d) - st, room)
        spans.append((st, st + n))
        if st + n == len(d):
            break
        st += min(n, doc_stride)
    fs = []
    pad = lambda r: r[:max_mention_length] + [-1] * (max_mention_length - len(r))
    for s, e in spans:
        ids = [tk.cls_token_id] + q + [tk.sep_token_id] * 2 + d[s:e] + [tk.sep_token_id]
        off = len(q) + 3
        inn = [x for x in ent if x[0] >= s and x[1] <= e]
        if inn:
            fs.append(
                dict(
                    input_ids=ids,
                    entity_ids=[tk.entity_mask_token_id] * (len(inn) + 1),
                    entities=[x[2] for x in inn],
                    entity_position_ids=[pad([ph])] + [pad(list(range(x[0] - s + off, x[1] - s + off))) for x in inn],
                )
            )
    return fs


def record(tk, luke, scorer_w, scorer_b, query, passage, entities, extra, **kw):
    fs = record_features(tk, query, passage, entities, extra, **kw)
    best = None
    for f in fs:
        with torch.no_grad():
            e = luke(
                input_ids=T(f['input_ids']), entity_ids=T(f['entity_ids']), entity_position_ids=T(f['entity_position_ids'])
            ).entity_last_hidden_state[0]
            lo = torch.cat([e[:1].expand_as(e[1:]), e[1:]], 1) @ scorer_w.T + scorer_b
        f['logits'] = lo[:, 0].tolist()
        m = max(f['logits'])
        i = f['logits'].index(m)
        if best is None or m >= best[0]:
            best = (m, f['entities'][i])  # sorted()[-1]: of equal scores the last one is chosen
    return fs, (dict(span=best[1], text=passage.replace('\n', ' ')[best[1][0] : best[1][1]], logit=best[0]) if best else None)
