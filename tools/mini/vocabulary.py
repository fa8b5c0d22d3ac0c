"""Cuts a word vocabulary to the pieces that English text uses, and the word table with it.

Pieces are counted over Wikipedia summaries and the CoNLL-2003 training text, as the runtime tokenises them: word by word
(named entities) and whole (questions). The most frequent are kept; special tokens and single ASCII characters always.
"""
import json
from collections import Counter

import regex
from tokenizers import Tokenizer

from reader import read

WORD = regex.compile(r"[\p{L}\p{M}\p{N}_]+|[^\s\x1c-\x1f\p{L}\p{M}\p{N}_]")


def texts(wikipedia, conll):
    """The text that pieces are counted on."""
    for page in json.load(open(wikipedia, encoding="utf-8")).values():
        yield f"{page['title']}. {page.get('description', '')}. {page['extract']}"
    for doc in read(conll):
        for words, _ in doc:
            yield " ".join(words)


def counts(tokenizer, lines):
    out, cache = Counter(), Counter()
    for line in lines:
        cache.update(WORD.findall(line))
        cache.update(line.split())
    for word, n in cache.items():
        for i in tokenizer.encode(word, add_special_tokens=False).ids:
            out[i] += n
    return out


def keep(tokenizer, lines, size):
    """Ids of the `size` pieces to keep, in their order."""
    vocab = tokenizer.get_vocab(with_added_tokens=True)
    if size >= len(vocab):
        return sorted(vocab.values())
    kept = {i for t, i in vocab.items() if len(t.lstrip("▁#")) <= 1 and t.isascii() or t == "▁"}
    kept |= {i for i, added in tokenizer.get_added_tokens_decoder().items()}
    kept |= {i for t, i in vocab.items() if t.startswith("▁") and len(t) == 2 and t[1].isascii()}
    for i, _ in counts(tokenizer, lines).most_common():
        if len(kept) >= size:
            break
        kept.add(i)
    return sorted(kept)


def cut(tokenizer, ids):
    """The tokenizer over the kept ids, renumbered in order."""
    spec = json.loads(tokenizer.to_str())
    new = {old: i for i, old in enumerate(ids)}
    model = spec["model"]
    if model["type"] == "Unigram":
        model["vocab"] = [model["vocab"][i] for i in ids]
    else:
        model["vocab"] = {t: new[i] for t, i in model["vocab"].items() if i in new}
    for token in spec["added_tokens"]:
        token["id"] = new[token["id"]]
    post = spec["post_processor"]
    for pair in ("sep", "cls"):
        if pair in post:
            post[pair][1] = new[post[pair][1]]
    for token in (post.get("special_tokens") or {}).values():
        token["ids"] = [new[i] for i in token["ids"]]
    return Tokenizer.from_str(json.dumps(spec))
