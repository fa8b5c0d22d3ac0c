"""Batches for span NER: windows of a document, whole passes, sentences alone; with augmentation. See `conll.py`."""
import random

import torch

from conll import LABELS, Sentence, with_context
from trainer import take
from vocabulary import WORD

TAGS = ["O"] + [f"{p}-{label}" for label in LABELS[1:] for p in "BIES"]
# kind: (sequences, sub-words with the two specials, spans). "likely" has the spans of a sentence that the runtime's filter keeps, all
# of them and no others: spans attend to each other, and so they meet as they do in use. The others have every span, or a sample.
SHAPES = {"words": (16, 128, 0), "window": (8, 128, 64), "pass": (4, 128, 128), "alone": (16, 48, 64), "likely": (16, 64, 48)}


def names_of(docs):
    """{(label, number of words): names}, to swap names for others of their kind."""
    out = {}
    for doc in docs:
        for s in doc:
            for (a, b), label in s.gold.items():
                out.setdefault((label, b - a), []).append(s.words[a:b])
    return out


def swapped(sentence, names, rng):
    """(words, gold) with each name swapped for another of its label and length; the same name for the same name."""
    words, new = list(sentence.words), {}
    for (a, b), label in sentence.gold.items():
        own = tuple(words[a:b])
        words[a:b] = new.setdefault((label, own), rng.choice(names[label, b - a]))
    return words


def augmented(sentence, tokenizer, rng, cache, names=None, swap=0.0):
    """Sometimes other names, other case, or cut into words as raw text is."""
    words, gold, same = sentence.words, sentence.gold, True
    if gold and rng.random() < swap:
        words, same = swapped(sentence, names, rng), False
    r = rng.random()
    if r < 0.04:
        words = [w.lower() for w in words]
    elif r < 0.07:
        words = [w.upper() for w in words]
    elif r < 0.09:
        words = [w.title() for w in words]
    elif r < 0.19:
        pieces, starts = [], []
        for w in words:
            starts.append(len(pieces))
            pieces += WORD.findall(w) or [w]
        starts.append(len(pieces))
        words, gold = pieces, {(starts[a], starts[b]): label for (a, b), label in gold.items()}
    elif same:
        return sentence
    return prepared(Sentence(tokenizer, words, gold, cache))


def prepared(s):
    s.pos = [k for k, label in enumerate(s.labels) if label]
    gold = [s.spans[k][:2] for k in s.pos]
    s.hard = [
        k for k, (a, b, *_) in enumerate(s.spans)
        if not s.labels[k] and any(a < e and g < b for g, e in gold) and b - a <= 10
    ]
    return s


def tags(s):
    """A tag of TAGS a sub-word."""
    out = [0] * len(s.ids)
    for k in s.pos:
        a, b = s.spans[k][:2]
        first = 1 + 4 * (s.labels[k] - 1)
        out[a:b] = [first + 3] if b - a == 1 else [first, *[first + 1] * (b - a - 2), first + 2]
    return out


class Batches:
    """`batch(kind, step)`; `state` is all that must be kept to go on."""

    def __init__(self, docs, tokenizer, specials, seed, state, word_drop=0.03, swap=0.0):
        """swap: share of the sentences whose names are swapped for others."""
        self.docs, self.tokenizer, self.seed, self.state, self.word_drop = docs, tokenizer, seed, state, word_drop
        self.swap, self.names = swap, names_of(docs)
        self.before, self.after, self.pad, self.mask = specials
        self.cache, self.queues = {}, {}
        for doc in docs:
            for s in doc:
                prepared(s)

    def groups(self, kind, rng):
        """An epoch: [(document, sentences)]."""
        most, out = SHAPES[kind][1] - 2, []
        if kind == "likely":
            out = [(d, [i]) for d, doc in enumerate(self.docs) for i, s in enumerate(doc)
                   if 0 < len(s.likely) <= SHAPES[kind][2] and len(s.ids) <= most]
        elif kind in ("pass", "alone"):
            out = [(d, [i]) for d, doc in enumerate(self.docs) for i, s in enumerate(doc)
                   if s.spans and (kind == "pass" or len(s.ids) <= most)]
        else:
            for d, doc in enumerate(self.docs):
                group, n, cut = [], 0, rng.randrange(8)
                limit = most if rng.random() < 0.75 else rng.randrange(most // 3, most)
                for i, s in enumerate(doc):
                    if group and (n + len(s.ids) > limit or i == cut):
                        out.append((d, group))
                        group, n = [], 0
                    group.append(i)
                    n += len(s.ids)
                out.append((d, group))
        rng.shuffle(out)
        return out

    def epoch(self, kind, epoch):
        if self.queues.get(kind, (None,))[0] != epoch:
            self.queues[kind] = (epoch, self.groups(kind, random.Random(f"{self.seed} {kind} {epoch}")))
        return self.queues[kind][1]

    def batch(self, kind, step):
        """(input_ids, mask, (entity ids, entity mask, start, end), span labels, word tags), all of the kind's shape."""
        rng = random.Random(f"{self.seed} {step}")
        b, n, m = SHAPES[kind]
        ids, mask = torch.full((b, n), self.pad), torch.zeros(b, n)
        word_tags = torch.full((b, n), -100)
        start, end = torch.zeros(b, m, dtype=torch.long), torch.ones(b, m, dtype=torch.long)
        entity_mask, labels = torch.zeros(b, m), torch.full((b, m), -100)
        for row, (d, group) in enumerate(take(self.state, kind, b, lambda epoch: self.epoch(kind, epoch))):
            doc = self.docs[d]
            if kind == "pass":
                sub, spans, span_labels, sub_tags = self.whole_pass(doc, group[0], n, m, rng)
            else:
                sents = [augmented(doc[i], self.tokenizer, rng, self.cache, self.names, self.swap) for i in group]
                sub, spans, span_labels, sub_tags = self.likely(sents[0], m) if kind == "likely" else self.sampled(sents, m, rng)
            sub, sub_tags = sub[: n - 2], sub_tags[: n - 2]
            sub = [self.mask if rng.random() < self.word_drop else t for t in sub]
            k = len(sub)
            ids[row, : k + 2] = torch.tensor([self.before, *sub, self.after])
            mask[row, : k + 2] = 1
            word_tags[row, 1 : k + 1] = torch.tensor(sub_tags)
            fit = [j for j, (a, e) in enumerate(spans) if e <= k]
            for j, i in enumerate(fit):
                start[row, j], end[row, j] = spans[i][0] + 1, spans[i][1] + 1
                labels[row, j] = span_labels[i]
            entity_mask[row, : len(fit)] = 1
        return ids, mask, (torch.zeros(b, m, dtype=torch.long), entity_mask, start, end), labels, word_tags

    def whole_pass(self, doc, i, n, m, rng):
        s = doc[i]
        sub, off = with_context(doc, i, n if rng.random() < 0.6 else 0)
        chunks = s.chunks()
        if rng.random() < 0.7:  # mostly a pass with something to find
            chunks = [c for c in chunks if any(c[0] <= k < c[1] for k in s.pos)] or chunks
        a, b = rng.choice(chunks)
        sub_tags = [-100] * off + tags(s)
        sub_tags += [-100] * (len(sub) - len(sub_tags))
        return sub, [(x + off, y + off) for x, y, *_ in s.spans[a:b]][:m], s.labels[a:b][:m], sub_tags

    def likely(self, s, m):
        """What the runtime looks at. A sentence that was changed may have more of it than there is room: then its first ones."""
        chosen = s.likely[:m]
        return s.ids, [s.spans[k][:2] for k in chosen], [s.labels[k] for k in chosen], tags(s)

    def sampled(self, sents, m, rng):
        sub, offs, sub_tags = [], [], []
        for s in sents:
            offs.append(len(sub))
            sub += s.ids
            sub_tags += tags(s)
        if not m:
            return sub, [], [], sub_tags
        pos = [(j, k) for j, s in enumerate(sents) for k in s.pos]
        hard = [(j, k) for j, s in enumerate(sents) for k in s.hard]
        chosen = set(rng.sample(pos, min(len(pos), m)))
        chosen.update(rng.sample(hard, min(len(hard), max(0, m - len(chosen)) // 2)))
        if rng.random() < 0.3 and len(chosen) < m:  # neighbours in enumeration order, as a pass has them
            j = rng.randrange(len(sents))
            room = (m - len(chosen)) // 2
            a = rng.randrange(max(1, len(sents[j].spans) - room))
            chosen.update((j, k) for k in range(a, min(a + room, len(sents[j].spans))))
        weights = [len(s.spans) for s in sents]
        for _ in range(4 * m if sum(weights) else 0):
            if len(chosen) >= min(m, sum(weights)):
                break
            j = rng.choices(range(len(sents)), weights)[0]
            chosen.add((j, rng.randrange(len(sents[j].spans))))
        order = sorted(chosen)[:m]
        spans = [(sents[j].spans[k][0] + offs[j], sents[j].spans[k][1] + offs[j]) for j, k in order]
        return sub, spans, [sents[j].labels[k] for j, k in order], sub_tags
