#!/usr/bin/env python
"""Ids of mLUKE's tokenizer for letters with marks: make_marks.py (needs sentencepiece only; writes into work/)

  mluke_marks.json  the ids that MLukeTokenizer of transformers 4.57.1 gives without special tokens: those of SentencePiece
                    and one more, 3 for an unknown piece"""

import json, os, unicodedata

import sentencepiece

from paths import FIXTURES, WORK

WORDS = 'lǘn Zürich Ế ớt ẵ ǟ ṩ Beyoncé São Bộ ἄνδρα ᾧ Ῥόδος Й йод ё Å ﬁn ½ Ｔｏｋｙｏ ㌖ ﷺ'.split()
MODEL = os.path.join(FIXTURES, 'checkpoints', 'micro-mluke', 'sentencepiece.bpe.model')

texts = []
for word in WORDS:
    for form in ('NFC', 'NFD', 'NFKC', 'NFKD'):
        text = unicodedata.normalize(form, word)
        texts += [text, f'the {text} of {text}{text}, in']
texts += ['u\u0301\u0308', 'u\u0308\u0301', 'a\u0323\u0302', 'a\u0302\u0323', 'e\u0301\u0301', '\u0301', ' \u0301a', 'n\u0303\u0303o', 'Zu\u0308\u200drich']
model = sentencepiece.SentencePieceProcessor(model_file=MODEL)
ids = lambda text: [3 if i == 0 else i + 1 for i in model.encode(text)]
path = os.path.join(WORK, 'fixtures', 'mluke_marks.json')
os.makedirs(os.path.dirname(path), exist_ok=True)
json.dump([[text, ids(text)] for text in dict.fromkeys(texts)], open(path, 'w'), separators=(',', ':'))
print(path, len(texts))
