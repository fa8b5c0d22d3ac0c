"""Case as a token type, for a vocabulary without capitals: the one place of the rule in Python. The runtime's is `src/text/tokenizer/case.rs`.

A model whose `config.json` has `"token_types": "case"` reads pieces in small letters, and the type of a piece says how it is written:

    0  it has no capital letter
    1  it has one, and the word of its first capital is one character or has a small letter too: `Paris`, `McDonald`, `A`
    2  it has one, and that word has several characters and no small letter: `NATO`, `B52`

A word is a run of letters, marks and numbers (`WORD`), in the text that the tokenizer reads at once. A capital that is none of these,
such as a letter in a circle, is a word. Special tokens have type 0.
"""
import json
import os

import regex

WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
TYPES = 3  # the least `type_vocab_size`


def token_types(text, offsets):
    """The types of the pieces at `offsets` [(start, end)] of a text, as `tokenizers` gives them: in code points of the text itself."""
    words = {k: word.group() for word in WORD.finditer(text) for k in range(*word.span())}
    types = []
    for start, end in offsets:
        capital = next((k for k in range(start, end) if text[k].isupper()), None)
        word = words.get(capital, "")
        types.append(0 if capital is None else 2 if len(word) > 1 and not any(c.islower() for c in word) else 1)
    return types


class Encoding:
    """What `CaseTokenizer.encode` gives. `ids` are row + type * size of the vocabulary, see `split`."""

    def __init__(self, encoding, types, size):
        self.tokens, self.offsets, self.token_types = encoding.tokens, encoding.offsets, types
        self.ids = [row + kind * size for row, kind in zip(encoding.ids, types)]


class CaseTokenizer:
    """A tokenizer of the `tokenizers` package whose ids say the token type too, so that they need no second list beside them.

    Every special token is its plain row, because its type is 0."""

    def __init__(self, inner):
        self.inner, self.size = inner, inner.get_vocab_size(with_added_tokens=True)
        self.special = {row for row, token in inner.get_added_tokens_decoder().items() if token.special}

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def encode(self, text, pair=None, add_special_tokens=True):
        if pair:
            raise ValueError("two texts at once: encode each alone")
        encoding = self.inner.encode(text, pair, add_special_tokens=add_special_tokens)
        places = [(0, 0) if row in self.special else place for row, place in zip(encoding.ids, encoding.offsets)]
        return Encoding(encoding, token_types(text, places), self.size)


def split(ids, size):
    """(rows of the word table, token types) of ids of a `CaseTokenizer`: one id, or a tensor. Plain ids have type 0."""
    return ids % size, ids // size


def with_types(tokenizer, path):
    """`tokenizer`, read from the file `path`, with the token types that the `config.json` beside it asks for."""
    config = os.path.join(os.path.dirname(str(path)), "config.json")
    kinds = json.load(open(config, encoding="utf-8")).get("token_types") if os.path.exists(config) else None
    assert kinds in (None, "case"), kinds
    return CaseTokenizer(tokenizer) if kinds else tokenizer
