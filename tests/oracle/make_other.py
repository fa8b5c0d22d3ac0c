#!/usr/bin/env python
"""Checkpoints that differ from RoBERTa-based LUKE, with the outputs of transformers: make_other.py (writes into work/)

  micro-mluke       mLUKE: SentencePiece unigram with XLM-R's ids, entities "en:Title", four queries stored and one used
  micro-bert        WordPiece, pad 0, type vocabulary 2, positions from 1, entity rows as wide as the hidden states
  micro-legacy.tar.gz  the authors' archive of a fine-tuned NER model: their tensor names inside a "module" pickle, metadata.json,
                    entity_vocab.tsv, and an entity table of [PAD] and [MASK] only; no tokenizer (it uses that of micro-model)
  other.json        token ids, entity inputs and logits of all three

The SentencePiece model and vocab.txt are only trained if the committed files are missing."""

import io, json, os, shutil, sys, tarfile

import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import BertTokenizer, LukeConfig, LukeTokenizer, MLukeTokenizer

from make_checkpoint import HARD_TEXT, LABELS, rng, tensor
from paths import FIXTURES, WORK

transformers.logging.set_verbosity_error()
torch.set_num_threads(1)

SENTENCES = HARD_TEXT.replace('@placeholder said ', '').split('. ') + [
    'Beyoncé lives in Los Angeles, and Ana Ivanovic won at Wimbledon in London.',
    'Tokyo is the capital of Japan; Paris is the capital of France.',
    'The United States and the United Kingdom are members of the United Nations.',
    'Москва столица России, a Санкт-Петербург нет',
    '東京は日本の首都です。 大阪は日本の都市です。',
    'القاهرة هي عاصمة مصر',
    'São Paulo é a maior cidade do Brasil, na América do Sul.',
    'Zürich liegt in der Schweiz, München und Köln in Deutschland.',
    'George Lucas wrote and directed Star Wars in 1977 for 20th Century Fox.',
]
TEXTS = [
    'Beyoncé lives in Los Angeles.',
    ' Star  Wars is a film ',
    '東京は日本の首都です。Москва',
    'ﬁne ½ Ｔｏｋｙｏ Å zalgó 🙂👨‍👩‍👧',
    "I'm in U.S. <mask> don't",
    'tab\there\nnew line\r\nend  ',
    'القاهرة هي عاصمة مصر',
    'unknown ꙮ signs ☃',
    'x<ent>y <ent2> z',
]
SPANS = {0: [(0, 7), (17, 28)], 1: [(1, 11), (17, 21)], 2: [(0, 2), (11, 17)], 3: [(6, 11)], 6: [(0, 7)]}


def state(seed, cls, config):
    with torch.device('meta'):
        shapes = {k: tuple(v.shape) for k, v in getattr(transformers, cls)(config).state_dict().items()}
    tensor.head = 'entity_cls'
    return {k: torch.from_numpy(np.ascontiguousarray(tensor(seed, k, s, 0))) for k, s in shapes.items()}


def config(cls, labels, **sizes):
    c = LukeConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)},
        **sizes,
    )
    c.architectures = [cls]
    return c


def save(name, c, weights):
    folder = os.path.join(WORK, 'out', name)
    save_file(weights, os.path.join(folder, 'model.safetensors'), metadata={'format': 'pt'})
    c.to_json_file(os.path.join(folder, 'config.json'))
    return folder


def committed(name, file):
    """Creates the folder of a checkpoint in work/ and copies the committed vocabulary file, if there is one."""
    folder = os.path.join(WORK, 'out', name)
    os.makedirs(folder, exist_ok=True)
    known = os.path.join(FIXTURES, 'checkpoints', name, file)
    if os.path.exists(known) and not os.path.exists(os.path.join(folder, file)):
        shutil.copy(known, folder)
    return folder, os.path.join(folder, file)


def mluke():
    folder, model = committed('micro-mluke', 'sentencepiece.bpe.model')
    if not os.path.exists(model):
        import sentencepiece

        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(SENTENCES * 4),
            model_prefix=model[: -len('.model')],
            vocab_size=200,
            minloglevel=2,
            model_type='unigram',
            character_coverage=1.0,
            num_threads=1,
        )
        os.remove(model[: -len('.model')] + '.vocab')
    titles = ['[PAD]', '[UNK]', '[MASK]', 'en:Tokyo', 'ja:東京', 'en:Paris', 'de:Zürich', '[MASK2]']
    rows = {'ja:東京': 3, 'en:Paris': 4, 'de:Zürich': 5, '[MASK2]': 6}  # one row for all titles of an entity
    vocab = {title: rows.get(title, i) for i, title in enumerate(titles)}
    json.dump(vocab, open(os.path.join(folder, 'entity_vocab.json'), 'w'), ensure_ascii=False)
    tokenizer = MLukeTokenizer(model, os.path.join(folder, 'entity_vocab.json'))
    tokenizer.save_pretrained(folder)
    tokenizer = MLukeTokenizer.from_pretrained(folder, task='entity_classification')
    c = config(
        'LukeForEntityClassification',
        LABELS['entity_cls'],
        vocab_size=len(tokenizer),
        entity_vocab_size=7,
        entity_emb_size=16,
        max_position_embeddings=66,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        pad_token_id=1,
        use_entity_aware_attention=True,
    )
    weights = state(1, c.architectures[0], c)
    c.use_entity_aware_attention = False  # like the published mLUKE, which has all four queries in its file
    save('micro-mluke', c, weights)
    return folder, tokenizer


def bert_tokenizer(name):
    """The folder of a checkpoint with BERT's tokenizer in it, in small letters."""
    folder, path = committed(name, 'vocab.txt')
    if not os.path.exists(path):
        from tokenizers import BertWordPieceTokenizer

        t = BertWordPieceTokenizer(lowercase=True)
        t.train_from_iterator(SENTENCES * 4, vocab_size=400, min_frequency=2, show_progress=False)
        t.save_model(folder)
    tokenizer = BertTokenizer(path, do_lower_case=True)
    tokenizer.add_special_tokens({'additional_special_tokens': ['<ent>', '<ent2>']})
    tokenizer.save_pretrained(folder)
    return folder, tokenizer


def bert():
    folder, tokenizer = bert_tokenizer('micro-bert')
    vocab = {'[PAD]': 0, '[UNK]': 1, '[MASK]': 2, 'Tokyo': 3, '[MASK2]': 4}
    json.dump(vocab, open(os.path.join(folder, 'entity_vocab.json'), 'w'))
    c = config(
        'LukeForEntitySpanClassification',
        LABELS['span_cls'],
        vocab_size=len(tokenizer),
        entity_vocab_size=5,
        entity_emb_size=32,
        max_position_embeddings=64,
        type_vocab_size=2,
        layer_norm_eps=1e-12,
        pad_token_id=0,
    )
    save('micro-bert', c, state(2, c.architectures[0], c))
    return folder, tokenizer


def legacy():
    """Writes a model as examples/legacy/ner/main.py saves it, and reads it with Hugging Face's classes."""
    from_folder = os.path.join(FIXTURES, 'checkpoints', 'micro-span_cls')
    weights = load_file(os.path.join(from_folder, 'model.safetensors'))
    c = json.load(open(os.path.join(from_folder, 'config.json')))
    entity, word = 'luke.entity_embeddings.entity_embeddings.weight', 'luke.embeddings.word_embeddings.weight'
    theirs = {k.removeprefix('luke.'): v for k, v in weights.items()}
    theirs[entity[5:]] = theirs[entity[5:]][[0, 2]].clone()  # [PAD] and [MASK] of [PAD] [UNK] [MASK] ...
    theirs[word[5:]] = theirs[word[5:]][:-2].clone()  # no <ent>, no <ent2>
    theirs['embeddings.position_ids'] = torch.arange(514)[None]
    model_config = {k: c[k] for k in c if k not in ('architectures', 'model_type', 'use_entity_aware_attention', 'pad_token_id')}
    model_config |= dict(vocab_size=c['vocab_size'] - 2, bert_model_name='roberta-base', pad_token_id=0)
    metadata = dict(model_config=model_config, max_seq_length=512, max_entity_length=128, max_mention_length=30)
    titles = json.load(open(os.path.join(from_folder, 'entity_vocab.json')))
    tsv = ''.join(f'{title}\t{100 - row}\n' for title, row in sorted(titles.items(), key=lambda item: item[1]))
    pickle = io.BytesIO()
    torch.save({'module': theirs}, pickle)
    path = os.path.join(WORK, 'fixtures', 'micro-legacy.tar.gz')
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tarfile.open(path, 'w:gz') as archive:
        for name, data in (
            ('metadata.json', json.dumps(metadata).encode()),
            ('entity_vocab.tsv', tsv.encode()),
            ('pytorch_model.bin', pickle.getvalue()),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    # Hugging Face's layout: rows [MASK] [UNK] [PAD] [MASK2]. [UNK] is never used.
    weights[entity] = weights[entity][[2, 0, 0, 2]].clone()
    v = json.load(open(os.path.join(from_folder, 'vocab.json')))
    weights[word] = torch.cat([weights[word][:-2], weights[word][[v['@']]], weights[word][[v['#']]]])
    folder = os.path.join(WORK, 'out', 'micro-legacy')
    os.makedirs(folder, exist_ok=True)
    for file in ('vocab.json', 'merges.txt', 'added_tokens.json', 'tokenizer_config.json'):
        shutil.copy(os.path.join(from_folder, file), folder)
    json.dump({'[MASK]': 0, '[UNK]': 1, '[PAD]': 2, '[MASK2]': 3}, open(os.path.join(folder, 'entity_vocab.json'), 'w'))
    save('micro-legacy', LukeConfig(**(c | dict(entity_vocab_size=4))), weights)
    return folder, LukeTokenizer.from_pretrained(folder, task='entity_span_classification')


class BertSegments:
    """LukeTokenizer's rule for spans, applied to a tokenizer without a LUKE class in transformers."""

    def __init__(self, tokenizer, mask):
        self.tokenizer, self.mask = tokenizer, mask

    def __call__(self, text, entity_spans=None, return_tensors=None):
        ids, place, at = [], {}, 0
        for b in sorted({x for span in entity_spans or [] for x in span}):
            end = b - 1 if text[b - 1 : b] == ' ' and b > 0 else b
            ids += self.ids(text[at:end])
            place[b] = len(ids)
            at = end
        ids += self.ids(text[at:])
        ids = [self.tokenizer.cls_token_id, *ids, self.tokenizer.sep_token_id]
        if not entity_spans:
            return dict(input_ids=ids)
        spans = [(place[a] + 1, place[b] + 1) for a, b in entity_spans]
        rows = [[*range(a, b)] + [-1] * (30 - b + a) for a, b in spans]
        out = dict(
            input_ids=ids,
            entity_ids=[self.mask] * len(spans),
            entity_position_ids=rows,
            entity_start_positions=[a for a, _ in spans],
            entity_end_positions=[b - 1 for _, b in spans],
        )
        return {k: torch.tensor([v]) for k, v in out.items()}

    def ids(self, text):
        return self.tokenizer.convert_tokens_to_ids(self.tokenizer.tokenize(text))


def cases(name, cls, folder, tokenizer):
    model = getattr(transformers, cls).from_pretrained(folder).eval()
    plain = [dict(text=text, input_ids=list(tokenizer(text)['input_ids'])) for text in TEXTS]
    spans = []
    for i, chosen in SPANS.items():
        text = TEXTS[i]
        if cls == 'LukeForEntityClassification':
            chosen = chosen[:1]
        inputs = tokenizer(text, entity_spans=chosen, return_tensors='pt')
        with torch.no_grad():
            logits = model(**inputs).logits[0]
            exact = model.double()(**inputs).logits[0]
            model.float()
        spans.append(
            dict(
                text=text,
                byte=[[len(text[:a].encode()), len(text[:b].encode())] for a, b in chosen],
                input_ids=inputs['input_ids'][0].tolist(),
                entity_ids=inputs['entity_ids'][0].tolist(),
                logits=[[float(f'{x:.8g}') for x in row] for row in logits.reshape(-1, logits.shape[-1]).tolist()],
                f32_vs_f64=float((logits - exact).abs().max()),
            )
        )
    return dict(checkpoint=name, plain=plain, spans=spans)


if __name__ == '__main__':
    out = []
    folder, tokenizer = mluke()
    plain = MLukeTokenizer.from_pretrained(folder)
    both = cases('micro-mluke', 'LukeForEntityClassification', folder, lambda t, **k: (tokenizer if k else plain)(t, **k))
    out.append(both)
    folder, tokenizer = bert()
    out.append(cases('micro-bert', 'LukeForEntitySpanClassification', folder, BertSegments(tokenizer, 2)))
    folder, tokenizer = legacy()
    plain = LukeTokenizer.from_pretrained(folder, task=None)
    out.append(
        cases('micro-legacy', 'LukeForEntitySpanClassification', folder, lambda t, **k: (tokenizer if k else plain)(t, **k))
    )
    path = os.path.join(WORK, 'fixtures', 'other.json')
    os.makedirs(os.path.dirname(path), exist_ok=True)
    json.dump(dict(transformers=transformers.__version__, models=out), open(path, 'w'), separators=(',', ':'), sort_keys=True)
    print(path, os.path.getsize(path), 'largest f32-f64', max(c['f32_vs_f64'] for m in out for c in m['spans']))
