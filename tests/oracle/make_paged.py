#!/usr/bin/env python
"""make_paged.py [OUT]: the checkpoint micro-paged (OUT defaults to work/out) and the fixture paged.json (in work/fixtures).

micro-paged is micro-mlm with 1,300 entities, so that its entity table is stored in chunks of rows. paged.json has the outputs
of LukeForMaskedLM for known entities from the whole table: the best five entities and the entity states."""

import json, os, subprocess, sys

import torch
from paths import FIXTURES, HERE, WORK
from transformers import LukeForMaskedLM, LukeTokenizer

ROWS = 1300
TEXT = 'Beyoncé lives in Los Angeles.'
SPANS = [(0, 7), (17, 28)]
# Rows of the first, second and last chunk, the first and last row of a chunk, one row twice, and an unknown title.
TITLES = [(3, 700), (1299, 1024), (511, 512), (1023, 1023), (None, 40), (None, None), (600, 'no such title')]


def short(values):
    return [[int(i), float(f'{float(v):.7g}')] for v, i in zip(*values)]


def main():
    out = os.path.join(sys.argv[1] if len(sys.argv) > 1 else os.path.join(WORK, 'out'), 'micro-paged')
    make = [sys.executable, os.path.join(HERE, 'make_checkpoint.py'), '--size', 'micro', '--head', 'mlm']
    subprocess.check_call([*make, '--entity-vocab', str(ROWS), '--out', out], stdout=subprocess.DEVNULL)
    titles = {row: title for title, row in json.load(open(os.path.join(out, 'entity_vocab.json'))).items()}
    assert len(titles) == ROWS
    model, tokenizer = LukeForMaskedLM.from_pretrained(out).eval(), LukeTokenizer.from_pretrained(out)
    name = lambda row: row if isinstance(row, str) else '[MASK]' if row is None else titles[row]
    cases = []
    for rows in TITLES:
        entities = [name(row) for row in rows]
        inputs = tokenizer(TEXT, entities=entities, entity_spans=SPANS, return_tensors='pt')
        with torch.no_grad():
            outputs = model(**inputs, output_hidden_states=True)
        cases.append(
            dict(
                entities=entities,
                entity_top5=[short(row.topk(5)) for row in outputs.entity_logits[0]],
                entity_states=[[float(f'{float(v):.7g}') for v in row] for row in outputs.entity_hidden_states[-1][0]],
            )
        )
    path = os.path.join(WORK, 'fixtures', 'paged.json')
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w') as f:
        json.dump(dict(text=TEXT, spans=SPANS, cases=cases), f, ensure_ascii=True, separators=(',', ':'), sort_keys=True)


if __name__ == '__main__':
    main()
