#!/usr/bin/env python
"""Folders as transformers 5 saves them: make_transformers5.py (needs transformers 5.24.0 without torch; writes into work/)

  transformers5/luke, mluke            the tokenizer files and config.json of micro-model and micro-mluke, saved again
  transformers5/luke-bare, mluke-bare  the same of a folder without added_tokens.json and tokenizer_config.json

They have no entity_vocab.json, no vocab.json and no sentencepiece.bpe.model. The tests put the weights of the other
checkpoints beside them, and compare with the results of transformers 4.57.1."""

import os, shutil, tempfile

from transformers import LukeConfig, LukeTokenizer, MLukeTokenizer

from paths import FIXTURES, WORK

for name, tokenizer in (('luke', LukeTokenizer), ('mluke', MLukeTokenizer)):
    source = os.path.join(FIXTURES, 'checkpoints', {'luke': 'micro-model', 'mluke': 'micro-mluke'}[name])
    for bare in (False, True):
        folder = os.path.join(WORK, 'fixtures', 'transformers5', name + ('-bare' if bare else ''))
        with tempfile.TemporaryDirectory() as copy:
            for file in os.listdir(source):
                if file != 'model.safetensors' and not (bare and file in ('added_tokens.json', 'tokenizer_config.json')):
                    shutil.copy(os.path.join(source, file), copy)
            tokenizer.from_pretrained(copy).save_pretrained(folder)
            LukeConfig.from_pretrained(copy).save_pretrained(folder)
        print(folder, sorted(os.listdir(folder)))
