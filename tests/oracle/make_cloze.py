#!/usr/bin/env python
"""make_cloze.py [OUT]: the checkpoint micro-cloze (OUT defaults to work/out) and the fixture cloze.json (in work/fixtures).

The checkpoint is the committed micro-model with one more word row and the scorer of record.json, in the layout of the authors'
ReCoRD model (studio-ousia/luke, examples/legacy/entity_span_qa/model.py). cloze.json has more cases than record.json, mainly
cases with unusual results of the authors' tokenization."""

import json, os, shutil, sys

import numpy as np
from paths import FIXTURES, WORK
from safetensors.numpy import load_file, save_file

MODEL = os.path.join(FIXTURES, 'checkpoints', 'micro-model')
WORDS = 'luke.embeddings.word_embeddings.weight'


def checkpoint(out):
    record = json.load(open(os.path.join(FIXTURES, 'record.json'), encoding='utf-8'))
    tensors = load_file(os.path.join(MODEL, 'model.safetensors'))
    tensors = {name if name.startswith('luke.') else 'luke.' + name: tensor for name, tensor in tensors.items()}
    tensors[WORDS] = np.concatenate([tensors[WORDS], np.array([record['extra_row']], np.float32)])
    tensors['scorer.weight'] = np.array(record['scorer_weight'], np.float32).reshape(1, -1)
    tensors['scorer.bias'] = np.array([record['scorer_bias']], np.float32)
    shutil.copytree(MODEL, out, dirs_exist_ok=True)
    save_file(tensors, os.path.join(out, 'model.safetensors'), metadata={'format': 'pt'})
    path = os.path.join(out, 'config.json')
    config = json.load(open(path))
    config.update(architectures=['LukeForEntitySpanQA'], vocab_size=len(tensors[WORDS]))
    json.dump(config, open(path, 'w'), indent=2)
    return tuple(record['extra_ids']), tensors['scorer.weight'], tensors['scorer.bias']


def spans(passage, *mentions):
    """The first occurrence of each mention after the one before it."""
    found, at = [], 0
    for mention in mentions:
        at = passage.index(mention, at)
        found.append((at, at + len(mention)))
        at += len(mention)
    return found


def cases():
    q = 'A win for @placeholder'
    quirk = 'Seen in Paris, he said\n@highlight\nTokyo won@highlight in Wimbledon (then@highlight again) and Japan'
    yield 'highlight in a piece that follows no space', q, quirk, spans(quirk, 'Paris', 'Tokyo', 'Wimbledon', 'Japan'), {}
    inside = '@highlight first Ana @highlight Ivanovic won in Los Angeles'
    yield 'highlight in a candidate', q, inside, spans(inside, 'Ana @highlight Ivanovic', 'Los Angeles'), {}
    glued = 'ParisTokyo(Venus)-Wimbledon\u2019s  Japan\n'
    yield 'candidates that touch', q, glued, spans(glued, 'Paris', 'Tokyo', 'Venus', 'Wimbledon', 'Japan'), {}
    yield 'given in another order', q, glued, spans(glued, 'Paris', 'Tokyo', 'Venus', 'Wimbledon', 'Japan')[::-1], {}
    spaces = ' Paris \r\n\u00a0 Tokyo\u2003\t\x1c Venus \u2028 '
    yield 'white space at the ends of pieces', ' @placeholder ', spaces, spans(spaces, ' Paris ', ' Tokyo', 'Venus \u2028'), {}
    strange = 'Beyonc\u00e9 \U0001d54f\U0001f469\u200d\U0001f467 \u6771\u4eac\u306f e\u0301 <mask> \u0627\u0644\u0642\u0627\u0647\u0631\u0629\u202c.'
    mentions = spans(strange, 'Beyonc\u00e9', '\U0001d54f', '\U0001f469\u200d', '\u6771\u4eac', '\u0301', '<mask>', '\u0642\u0627')
    yield 'scripts, emoji and special tokens', 'who?@placeholders \U0001f642</s>', strange, mentions, {}
    long = ' and '.join(['Ana Ivanovic beat Venus in Paris'] * 60)
    each = spans(long, *['Ana Ivanovic', 'Venus', 'Paris'] * 60)
    yield 'many windows', q, long, each, {}
    yield 'windows that do not overlap', q, long, [each[0], each[50], each[100], each[179]], dict(max_seq_length=100, doc_stride=1000)
    yield 'a query that is cut', 'Venus @placeholder ' + 'in Paris ' * 40, long, each[:9], dict(max_query_length=20)
    yield 'a long candidate', q, long, [(0, 150), each[30]], dict(max_mention_length=12)


def fixture(out, extra, weight, bias):
    import torch, transformers
    import pipelines

    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    tokenizer = transformers.LukeTokenizer.from_pretrained(out)
    luke = transformers.LukeModel.from_pretrained(out).eval()
    weight, bias = torch.from_numpy(weight), torch.from_numpy(bias)
    number = lambda value: float(f'{value:.7g}')
    found = []
    for name, query, passage, entities, args in cases():
        features, answer = pipelines.record(tokenizer, luke, weight, bias, query, passage, entities, extra, **args)
        for feature in features:
            feature['logits'] = [number(logit) for logit in feature['logits']]
            feature['entity_position_ids'] = [[p for p in row if p >= 0] for row in feature['entity_position_ids']]
        answer['logit'] = number(answer['logit'])
        case = dict(name=name, query=query, passage=passage, entities=entities, args=args, features=features, answer=answer)
        found.append(case)
    os.makedirs(os.path.join(WORK, 'fixtures'), exist_ok=True)
    with open(os.path.join(WORK, 'fixtures', 'cloze.json'), 'w', encoding='utf-8') as file:
        json.dump(dict(cases=found), file, ensure_ascii=False, separators=(',', ':'))


if __name__ == '__main__':
    folder = os.path.join(sys.argv[1] if len(sys.argv) > 1 else os.path.join(WORK, 'out'), 'micro-cloze')
    fixture(folder, *checkpoint(folder))
