"""The features of span NER: which tokens go in, which spans are asked, how a pass is cut.

The rules are those of the luke-web runtime (and of LUKE's reference code, `ner_features`):
each word is tokenised by itself; all word-aligned spans of at most MAX_SPAN sub-words inside the sentence, ordered by
start then end; k = ceil(N / MAX_ENTITIES) passes of ceil(N / k) spans each.
"""
import math

import torch
from tokenizers import Tokenizer

from case_types import with_types
from likely import are_capitals, kept, lower
from reader import read

LABELS = ["NIL", "MISC", "PER", "ORG", "LOC"]
MAX_SPAN = 16
MAX_ENTITIES = 128


class Sentence:
    """A tokenised sentence: `ids` (sub-words, no specials), `spans` [(s, e, word_s, word_e)] in enumeration order, `gold`, and
    `likely`: the places in `spans` of those that the runtime looks at (`keeps` says it of words)."""

    def __init__(self, tokenizer, words, gold, cache, keeps=None):
        self.words, self.gold = words, gold
        self.ids, starts, ends = [], [], []
        for w in map(lower, words) if are_capitals(words) else words:
            if w not in cache:
                cache[w] = tokenizer.encode(w, add_special_tokens=False).ids
            starts.append(len(self.ids))
            self.ids += cache[w]
            ends.append(len(self.ids))
        self.spans = [
            (starts[i], ends[j], i, j + 1)
            for i in range(len(words))
            for j in range(i, len(words))
            if 0 < ends[j] - starts[i] <= MAX_SPAN and starts[i] < ends[i] and starts[j] < ends[j]
        ]
        self.labels = [LABELS.index(gold.get((i, j), "NIL")) for _, _, i, j in self.spans]
        keeps = keeps or kept([words])[0]
        self.likely = [k for k, (_, _, i, j) in enumerate(self.spans) if keeps(i, j)]

    def looked_at(self, likely):
        """The spans that the filter keeps, or all."""
        return [self.spans[k] for k in self.likely] if likely else self.spans

    def chunks(self):
        return chunks(len(self.spans))


def chunks(n):
    """Index ranges of the passes of n spans."""
    size = math.ceil(n / max(1, math.ceil(n / MAX_ENTITIES)))
    return [(a, min(a + size, n)) for a in range(0, n, size)] if n else []


def documents(docs, tokenizer):
    """Documents of `reader.read`, tokenised."""
    cache = {}
    return [
        [Sentence(tokenizer, w, g, cache, keeps) for (w, g), keeps in zip(doc, kept([w for w, _ in doc]))] for doc in docs
    ]


def load(path, tokenizer, every=1):
    """One document in so many of a file."""
    return documents(read(path)[::every], tokenizer)


def load_tokenizer(path):
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return with_types(tokenizer, path)


def with_context(doc, i, max_seq):
    """Sentence i of the document and its neighbours' sub-words, max_seq in all with [CLS] and [SEP].

    Returns (sub-words, offset of the sentence in them). max_seq 0: the sentence alone.
    The smaller side first gets min(its length, half of the room), the other side the rest."""
    mid = doc[i].ids
    if not max_seq:
        return mid, 0
    left = [t for s in doc[:i] for t in s.ids]
    right = [t for s in doc[i + 1 :] for t in s.ids]
    room = max(max_seq - 2 - len(mid), 0)
    if len(left) < len(right):
        lc = min(len(left), room // 2)
        rc = min(len(right), room - lc)
    else:
        rc = min(len(right), room // 2)
        lc = min(len(left), room - rc)
    return left[len(left) - lc :] + mid + right[:rc], lc


def collate(items, cls_id, sep_id, entity_id=0, pad_id=0):
    """items: (sub-words, [(s, e)], [label]) with s, e relative to the sub-words. Returns the model's keyword arguments."""
    b, n, m = len(items), max(len(i[0]) for i in items) + 2, max(len(i[1]) for i in items)
    ids = torch.full((b, n), pad_id)
    mask, emask = torch.zeros(b, n), torch.zeros(b, m)
    eids = torch.full((b, m), entity_id)
    se = torch.zeros(b, m, 2, dtype=torch.long)
    labels = torch.full((b, m), -100)
    for k, (sub, spans, lab) in enumerate(items):
        ids[k, : len(sub) + 2] = torch.tensor([cls_id, *sub, sep_id])
        mask[k, : len(sub) + 2] = 1
        emask[k, : len(spans)] = 1
        se[k, : len(spans)] = torch.tensor(spans) + 1  # 0-based token index, [CLS] is 0
        labels[k, : len(spans)] = torch.tensor(lab)
    width = int((se[..., 1] - se[..., 0]).max())
    pos = se[..., :1] + torch.arange(width)
    pos = torch.where(pos < se[..., 1:], pos, -1)
    return dict(
        input_ids=ids, attention_mask=mask, entity_ids=eids, entity_attention_mask=emask, entity_position_ids=pos,
        entity_start_positions=se[..., 0], entity_end_positions=(se[..., 1] - 1).clamp(min=0),
    ), labels
