#!/usr/bin/env python
"""LUKE checkpoints in Hugging Face format with seeded random weights that are not degenerate.

  make_checkpoint.py --size micro|tiny|base|large --head HEAD --out DIR
        [--seed 1] [--entity-vocab N | --lite] [--no-eaa] [--tokenizer bpe:VOCAB_SIZE | dir:DIR] [--dtype f32|f16] [--entity-emb N]

--tokenizer: bpe trains a small byte-level BPE on texts of the system (/usr/share/common-licenses), so it differs between
systems; dir copies vocab.json and merges.txt from DIR. The default for micro is the committed tokenizer.

HEAD: model mlm entity_cls entity_pair span_cls token_cls seq_cls qa mc
Every tensor comes from a numpy Philox stream with the key (seed, tensor name). So a name and shape always have the same
values, independent of head, torch version and order. Attention logits have std ~1.5 and the LayerNorm gains are not 1:
a swapped query, a wrong eps, a missing bias or a wrong position offset changes the output visibly.
"""

import argparse, json, os, zlib, sys
import numpy as np
from paths import FIXTURES, SEED, WORK

SIZES = {  # hidden, layers, heads, inter, entity_emb, default entity vocab, default word tokenizer
    'micro': (32, 2, 4, 64, 16, 40, 'dir:' + os.path.join(FIXTURES, 'checkpoints', 'micro-model')),
    'tiny': (64, 4, 4, 128, 32, 200, 'bpe:1200'),
    'base': (768, 12, 12, 3072, 256, 500000, 'dir:' + os.path.join(WORK, 'roberta')),
    'large': (1024, 24, 16, 4096, 256, 500000, 'dir:' + os.path.join(WORK, 'roberta')),
}
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
LABELS = dict(
    entity_cls=['entity', 'event', 'group', 'location', 'object', 'organization', 'person', 'place', 'time'],
    entity_pair=['no_relation', 'org:founded_by', 'per:cities_of_residence', 'per:employee_of', 'per:title', 'per:spouse'],
    span_cls=['NIL', 'MISC', 'PER', 'ORG', 'LOC'],
    token_cls=['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC'],
    seq_cls=['negative', 'neutral', 'positive'],
    qa=['LABEL_0', 'LABEL_1'],
)
TITLES = [
    'United States',
    'Beyoncé',
    'Los Angeles',
    'Ana Ivanovic',
    'Wimbledon',
    'Thursday',
    'Japan',
    'Tokyo',
    'Star Wars',
    'George Lucas',
    'São Paulo',
    '東京',
    'القاهرة',
    'תל אביב',
    'Москва',
    "L'Oréal",
    'AT&T',
    'Paris',
    'Paris, Texas',
    'C++',
    'Zürich',
    'Côte d’Ivoire',
    'Łódź',
    'Mötley Crüe',
    '"Weird Al" Yankovic',
    'R\\B',
    'Tab\tTitle',
    '🙂',
    '👨‍👩‍👧‍👦',
]


def rng(seed, name):
    return np.random.Generator(np.random.Philox(key=[seed, zlib.crc32(name.encode())]))


def tensor(seed, name, shape, n_labels):
    g = rng(seed, name).standard_normal(shape, dtype=np.float32) if name.find('entity_embeddings.entity_embeddings') < 0 else None
    if g is None:  # large table: blocks of rows need less memory, and rows do not depend on the size
        r = np.empty(shape, np.float32)
        bs = 1 << 14
        for b in range(0, shape[0], bs):
            k = min(bs, shape[0] - b)
            r[b : b + k] = rng(seed, f'{name}#{b}').standard_normal((bs, shape[1]), dtype=np.float32)[:k]
        return r * np.float32(0.35)
    if 'LayerNorm.weight' in name or 'layer_norm.weight' in name:
        return (1 + 0.2 * g).astype(np.float32)
    if 'LayerNorm.bias' in name or 'layer_norm.bias' in name:
        return (0.1 * g).astype(np.float32)
    if name.endswith('embeddings.weight'):
        return (0.35 * g).astype(np.float32)
    if name.endswith('.bias') or name == 'entity_predictions.bias':
        b = 0.1 * g
        if name == 'classifier.bias' and n_labels == 5 and 'span' in tensor.head:
            b[0] += 1.3  # most spans are NIL
        return b.astype(np.float32)
    fan = shape[-1]
    gain = 1.0
    if 'query' in name or '.key.' in name:
        gain = 1.25
    if name.startswith(('classifier', 'qa_outputs')):
        gain = 1.0
    return (gain * g / np.sqrt(fan)).astype(np.float32)


HARD_TEXT = """Beyoncé lives in Los Angeles. Star Wars is a film written and directed by George Lucas. Top seed Ana Ivanovic said on Thursday
she could hardly believe her luck. 東京は日本の首都です。 القاهرة عاصمة مصر تل אביב Москва São Paulo Zürich 🙂 👨‍👩‍👧‍👦 naïve café 1,234.56 don't can't we'll I'm they've
@placeholder said [MASK] <mask> U.S. U.K. AT&T C++ e-mail http://example.org/a?b=c\tTab\r\nCRLF\n\nnewline ½ ﬁ Å K"""


def corpus():
    paths = []
    for d in ('/usr/share/common-licenses', '/usr/share/doc/base-files'):
        if os.path.isdir(d):
            paths += [os.path.join(d, f) for f in sorted(os.listdir(d))]
    out = []
    for p in paths:
        if os.path.isfile(p) and not os.path.islink(p):
            try:
                out.append(open(p, encoding='utf-8', errors='ignore').read())
            except OSError:
                pass
    return out + [HARD_TEXT] * 20


def make_bpe(n, out):
    """Trains a small byte-level BPE in RoBERTa's layout: <s> <pad> </s> <unk> 0..3, ... , <mask> last; <ent>/<ent2> added after"""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.train_from_iterator(
        corpus(),
        trainers.BpeTrainer(vocab_size=n - 5, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False),
    )
    j = json.loads(t.to_str())['model']
    toks = [k for k, _ in sorted(j['vocab'].items(), key=lambda x: x[1])]
    vocab = {k: i for i, k in enumerate(['<s>', '<pad>', '</s>', '<unk>'] + toks + ['<mask>'])}
    merges = [' '.join(m) if isinstance(m, list) else m for m in j['merges']]
    json.dump(vocab, open(os.path.join(out, 'vocab.json'), 'w'), ensure_ascii=False)
    open(os.path.join(out, 'merges.txt'), 'w', encoding='utf-8').write('#version: 0.2\n' + '\n'.join(merges) + '\n')
    return len(vocab)


def write_tokenizer(a, out, ev):
    kind, arg = a.tokenizer.split(':', 1)
    if kind == 'bpe':
        n = make_bpe(int(arg), out)
    else:
        import shutil

        for f in ('vocab.json', 'merges.txt'):
            shutil.copy(os.path.join(arg, f), out)
        n = len(json.load(open(os.path.join(out, 'vocab.json'))))
    if a.lite:
        vocab = {'[MASK]': 0, '[UNK]': 1, '[PAD]': 2, '[MASK2]': 3}
    else:
        names = ['[PAD]', '[UNK]', '[MASK]'] + TITLES
        names += [f'Entity {i}' for i in range(len(names), ev - 1)]
        vocab = {t: i for i, t in enumerate(names[: ev - 1])}
        vocab['[MASK2]'] = ev - 1
    json.dump(vocab, open(os.path.join(out, 'entity_vocab.json'), 'w'))
    json.dump({'<ent>': n, '<ent2>': n + 1}, open(os.path.join(out, 'added_tokens.json'), 'w'))
    tk = lambda c, l=False: dict(content=c, lstrip=l, rstrip=False, normalized=True, single_word=False, __type='AddedToken')
    tc = dict(
        tokenizer_class='LukeTokenizer',
        model_max_length=512,
        add_prefix_space=False,
        errors='replace',
        task=a.task,
        max_entity_length=32,
        max_mention_length=30,
        entity_token_1=tk('<ent>'),
        entity_token_2=tk('<ent2>'),
        entity_unk_token='[UNK]',
        entity_pad_token='[PAD]',
        entity_mask_token='[MASK]',
        entity_mask2_token='[MASK2]',
        bos_token='<s>',
        eos_token='</s>',
        sep_token='</s>',
        cls_token='<s>',
        unk_token='<unk>',
        pad_token='<pad>',
        mask_token=tk('<mask>', True),
        additional_special_tokens=['<ent>', '<ent2>'],
    )
    json.dump(tc, open(os.path.join(out, 'tokenizer_config.json'), 'w'), indent=1)
    return n + 2, len(vocab)


def calibrate(a, sd, n):
    """Removes the mean feature from the classifier, so that labels vary between texts (float64 reference, rounded to 1/4096)."""
    import torch

    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from luke_ref import Luke

    m = Luke(a.out)
    g = rng(a.seed, 'calibrate')
    F = []
    V = m.cfg['vocab_size']
    ev = json.load(open(os.path.join(a.out, 'entity_vocab.json')))
    for _ in range(96):
        S = int(g.integers(6, 24))
        ids = g.integers(4, V - 3, S)
        ids[0] = 0
        ids[-1] = 2
        sp = [sorted((int(x), int(y))) for x, y in g.integers(1, S - 1, (3, 2))]
        ep = np.full((3, 30), -1)
        for i, (x, y) in enumerate(sp):
            ep[i, : y - x + 1] = np.arange(x, y + 1)
        e_ids = [ev['[MASK]'], ev['[MASK2]'] if a.head == 'entity_pair' else ev['[MASK]'], ev['[MASK]']]
        k = dict(entity_cls=1, entity_pair=2, span_cls=3)[a.head]
        w, e, _ = m.encode(ids, None, e_ids[:k], ep[:k])
        if a.head == 'entity_cls':
            F.append(e[0])
        elif a.head == 'entity_pair':
            F.append(np.concatenate([e[0], e[1]]))
        else:
            F += [np.concatenate([w[x], w[y], e[i]]) for i, (x, y) in enumerate(sp)]
    F = np.array(F)
    mu = F.mean(0)
    W = m.p('classifier.weight')
    W = W - np.outer(W @ mu, mu) / (mu @ mu)
    W = W / (F @ W.T).std(0)[:, None] * 1.2
    q = lambda x: torch.from_numpy((np.round(x * 4096) / 4096).astype(np.float32))
    sd['classifier.weight'] = q(W)
    if 'classifier.bias' in sd:
        sd['classifier.bias'] = q(
            np.array([1.6] + [0.1 * i for i in range(n - 1)])
            if a.head == 'span_cls'
            else np.array([0.1 * ((i % 5) - 4) for i in range(n)])
        )


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--size', default='tiny')
    p.add_argument('--head', default='model')
    p.add_argument('--out', required=True)
    p.add_argument('--seed', type=int, default=int(SEED))
    p.add_argument('--entity-vocab', type=int)
    p.add_argument('--lite', action='store_true')
    p.add_argument('--no-eaa', action='store_true')
    p.add_argument('--tokenizer')
    p.add_argument('--dtype', default='f32')
    p.add_argument('--entity-emb', type=int)
    p.add_argument('--task')
    a = p.parse_args()
    H, L, A, I, E, EV, tok = SIZES[a.size]
    E = a.entity_emb or E
    a.tokenizer = a.tokenizer or tok
    EV = 4 if a.lite else (a.entity_vocab or EV)
    tensor.head = a.head
    a.task = a.task or dict(
        entity_cls='entity_classification', entity_pair='entity_pair_classification', span_cls='entity_span_classification'
    ).get(a.head)
    os.makedirs(a.out, exist_ok=True)
    V, ev = write_tokenizer(a, a.out, EV)
    assert ev == EV
    import torch, transformers
    from transformers import LukeConfig

    labels = LABELS.get(a.head, ['LABEL_0', 'LABEL_1'])
    cfg = LukeConfig(
        vocab_size=V,
        entity_vocab_size=EV,
        hidden_size=H,
        entity_emb_size=E,
        num_hidden_layers=L,
        num_attention_heads=A,
        intermediate_size=I,
        max_position_embeddings=514,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        use_entity_aware_attention=not a.no_eaa,
        id2label=dict(enumerate(labels)),
        label2id={l: i for i, l in enumerate(labels)},
    )
    cfg.architectures = [CLS[a.head]]
    cls = getattr(transformers, CLS[a.head])
    with torch.device('meta'):
        m = cls(cfg)
    shapes = {k: tuple(v.shape) for k, v in m.state_dict().items()}
    sd = {}
    tied = {'entity_predictions.decoder.weight', 'lm_head.decoder.weight', 'lm_head.decoder.bias'}
    for k, s in shapes.items():
        if k in tied:
            continue
        base = k if k.startswith(('luke.', 'lm_head', 'entity_predictions', 'classifier', 'qa_outputs')) else 'luke.' + k
        sd[k] = torch.from_numpy(np.ascontiguousarray(tensor(a.seed, base, s, len(labels))))
    if a.head == 'mlm':  # as on the hub: versions of save_pretrained differ in tied tensors; we store only untied ones
        sd['lm_head.decoder.weight'] = sd[
            'luke.embeddings.word_embeddings.weight'
        ].clone()  # transformers 5 does not tie this tensor
        sd['lm_head.decoder.bias'] = sd['lm_head.bias'].clone()
    if a.dtype == 'f16':
        sd = {k: v.half() for k, v in sd.items()}
    from safetensors.torch import save_file

    save_file(sd, os.path.join(a.out, 'model.safetensors'), metadata={'format': 'pt'})
    j = json.loads(cfg.to_json_string(use_diff=False))
    j = {
        k: j[k]
        for k in (
            'architectures',
            'model_type',
            'vocab_size',
            'entity_vocab_size',
            'hidden_size',
            'entity_emb_size',
            'num_hidden_layers',
            'num_attention_heads',
            'intermediate_size',
            'hidden_act',
            'hidden_dropout_prob',
            'attention_probs_dropout_prob',
            'max_position_embeddings',
            'type_vocab_size',
            'initializer_range',
            'layer_norm_eps',
            'use_entity_aware_attention',
            'classifier_dropout',
            'pad_token_id',
            'bos_token_id',
            'eos_token_id',
            'id2label',
            'label2id',
        )
    }
    j['bert_model_name'] = 'roberta-base'
    j['cls_entity_prediction'] = False
    json.dump(j, open(os.path.join(a.out, 'config.json'), 'w'), indent=2)
    if a.size in ('micro', 'tiny') and a.dtype == 'f32' and a.head in ('entity_cls', 'entity_pair', 'span_cls'):
        calibrate(a, sd, len(labels))
        save_file(sd, os.path.join(a.out, 'model.safetensors'), metadata={'format': 'pt'})
    tot = sum(v.numel() for v in sd.values())
    print(
        json.dumps(
            dict(out=a.out, params=tot, bytes=os.path.getsize(os.path.join(a.out, 'model.safetensors')), vocab=V, entity_vocab=EV)
        )
    )


if __name__ == '__main__':
    main()
