#!/usr/bin/env python
"""make_case.py: the checkpoint micro-case (in work/out) and the fixture case.json (in work/fixtures).

The checkpoint is a LUKE with BERT's tokenizer in small letters, three token types, and `token_types: case` in its config. The
pieces and their types are those of the trainer (tools/mini/case_types.py); the logits are those of transformers, which gets the
types with its inputs. The pieces are also compared with those of BertTokenizer. The vocabulary is that of micro-bert."""

import json, os, sys

import torch
import transformers
from tokenizers import Tokenizer
from transformers import BertTokenizerFast

from make_checkpoint import LABELS
from make_other import bert_tokenizer, config, save, state
from paths import FIXTURES, HERE, WORK

sys.path.insert(0, os.path.join(HERE, '..', '..', 'tools', 'mini'))
import case_types

NAME = 'micro-case'
TEXTS = [
    'Beyoncé lives in Los Angeles.',
    'BEYONCÉ LIVES IN LOS ANGELES.',
    'beyoncé lives in los angeles.',
    'NATO and the U.N. met McDonald, iPhone B52 2B or not 2b, A I',
    'E\u0301te\u0301 E\u0301TE\u0301 E\u0301 été ÉTÉ É',
    'soft hy\u00adPHEN, zero\u200bWidth, AB\u0301CD',
    'unknown ꙮ Signs ☃ ⒶⒷ Ⓐ ǅ ﬁne ½ Ｔｏｋｙｏ İstanbul ẞ',
    'Москва ДА Да ΟΔΟΣ Οδός 東京TOKYO القاهرة',
    'x<ent>Y <ent2> Z [MASK] MASK [mask] [CLS]',
    ' Star  Wars_IS a\tFILM\r\nBy GEORGE Lucas ',
    '',
]
SPANS = {
    0: [(0, 7), (17, 28)],
    1: [(0, 7), (17, 28)],
    2: [(0, 7), (17, 28)],
    3: [(0, 4), (13, 17), (22, 30), (24, 30)],
    4: [(0, 5)],
    9: [(1, 11), (25, 37)],
}


class Segments:
    """LukeTokenizer's rule for spans: a text is tokenized in the parts between their ends."""

    def __init__(self, tokenizer, size):
        self.tokenizer, self.size = tokenizer, size

    def part(self, text):
        ids = self.tokenizer.encode(text, add_special_tokens=False).ids
        return [case_types.split(i, self.size) for i in ids]

    def __call__(self, text, spans, mask):
        tokens, place, at = [], {}, 0
        for b in sorted({x for span in spans for x in span}):
            end = b - 1 if b > 0 and text[b - 1] == ' ' else b
            tokens += self.part(text[at:end])
            place[b] = len(tokens)
            at = end
        tokens += self.part(text[at:])
        before, after = self.tokenizer.encode('').ids
        ids, types = zip(*[(before, 0), *tokens, (after, 0)])
        spans = [(place[a] + 1, place[b] + 1) for a, b in spans]
        return dict(
            input_ids=list(ids),
            token_type_ids=list(types),
            entity_ids=[mask] * len(spans),
            entity_position_ids=[list(range(a, b)) for a, b in spans],
            entity_start_positions=[a for a, _ in spans],
            entity_end_positions=[b - 1 for _, b in spans],
        )


def forward(model, inputs):
    longest = max(len(row) for row in inputs['entity_position_ids'])
    rows = [row + [-1] * (longest - len(row)) for row in inputs['entity_position_ids']]
    with torch.no_grad():
        return model(**{k: torch.tensor([v]) for k, v in (inputs | dict(entity_position_ids=rows)).items()}).logits[0]


def main():
    folder, slow = bert_tokenizer(NAME)
    vocab = {'[PAD]': 0, '[UNK]': 1, '[MASK]': 2, 'Tokyo': 3, '[MASK2]': 4}
    json.dump(vocab, open(os.path.join(folder, 'entity_vocab.json'), 'w'))
    c = config(
        'LukeForEntitySpanClassification',
        LABELS['span_cls'],
        vocab_size=len(slow),
        entity_vocab_size=5,
        entity_emb_size=16,
        max_position_embeddings=64,
        type_vocab_size=case_types.TYPES,
        layer_norm_eps=1e-12,
        pad_token_id=0,
        token_types='case',
    )
    save(NAME, c, state(3, c.architectures[0], c))

    fast = BertTokenizerFast(os.path.join(folder, 'vocab.txt'), do_lower_case=True)
    fast.add_special_tokens({'additional_special_tokens': ['<ent>', '<ent2>']})
    inner = Tokenizer.from_str(fast.backend_tokenizer.to_str())
    trainers = case_types.with_types(inner, os.path.join(folder, 'tokenizer.json'))
    plain = []
    for text in TEXTS:
        ids, types = zip(*(case_types.split(i, len(slow)) for i in trainers.encode(text).ids))
        assert list(ids) == slow(text)['input_ids'], (text, ids, slow(text)['input_ids'])
        plain.append(dict(text=text, input_ids=ids, token_type_ids=types))

    model = transformers.LukeForEntitySpanClassification.from_pretrained(folder).eval()
    assert model.config.token_types == 'case', 'transformers keeps the field'
    segments, spans, worst = Segments(trainers, len(slow)), [], 0
    for i, chosen in SPANS.items():
        text = TEXTS[i]
        inputs = segments(text, chosen, vocab['[MASK]'])
        logits, exact = forward(model, inputs), forward(model.double(), inputs)
        model.float()
        worst = max(worst, float((logits - exact).abs().max()))
        byte = [[len(text[:a].encode()), len(text[:b].encode())] for a, b in chosen]
        logits = [[float(f'{x:.8g}') for x in row] for row in logits.tolist()]
        spans.append(dict(checkpoint=NAME, text=text, byte=byte, inputs=inputs, outputs=dict(logits=logits)))
    path = os.path.join(WORK, 'fixtures', 'case.json')
    os.makedirs(os.path.dirname(path), exist_ok=True)
    fixture = dict(transformers=transformers.__version__, plain=plain, spans=spans)
    json.dump(fixture, open(path, 'w'), separators=(',', ':'), sort_keys=True)
    print(path, os.path.getsize(path), 'largest f32-f64', worst)


if __name__ == '__main__':
    main()
