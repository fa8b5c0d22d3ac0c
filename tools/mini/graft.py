"""A start for more training out of a model with another vocabulary: its layers and heads, on the tables of a start by init_luke.py.

    python graft.py --model work/shipped --init work/init --out work/start-1

A model over the same pieces stays as it is. Else a piece that both have gets the model's row. Other pieces get the start's row, moved
as the common ones have moved on average. A model with rows for capitalized pieces gives the token types of case the mean of what it adds
to a piece for one capital and for capitals.
"""
import argparse
import os

import torch
from safetensors.torch import load_file
from transformers import LukeConfig

from conll import load_tokenizer
from export import save

WORDS, TYPES = "luke.embeddings.word_embeddings.weight", "luke.embeddings.token_type_embeddings.weight"
ENTITY_TYPES = "luke.entity_embeddings.token_type_embeddings.weight"


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--model", required=True, help="a folder of from_folder.py")
    p.add_argument("--init", required=True, help="a folder of init_luke.py --case-types, over the whole vocabulary")
    p.add_argument("--out", required=True)
    a = p.parse_args()
    read = lambda folder: (load_file(os.path.join(folder, "model.safetensors")), load_tokenizer(os.path.join(folder, "tokenizer.json")))
    (model, old), (init, new) = read(a.model), read(a.init)
    config = LukeConfig.from_pretrained(a.init)
    pieces, own = old.get_vocab(with_added_tokens=True), new.get_vocab(with_added_tokens=True)
    if pieces == own:
        save(model, LukeConfig.from_pretrained(a.model), old, a.out)
        return print(f"{a.out}: {a.model} as it is, which has the same pieces")
    common = [(own[piece], row) for piece, row in pieces.items() if piece in own]
    to, of = (torch.tensor(x) for x in zip(*common))
    words, table = model[WORDS], init[WORDS].clone()
    moved = (words[of] - table[to]).mean(0)
    table += moved
    table[to] = words[of]

    steps = {1: [], 2: []}
    for piece, row in pieces.items():
        small = piece.lower()
        if piece in own or small not in pieces:
            continue
        letters = piece.removeprefix("##")
        steps[2 if len(letters) > 1 and letters.isupper() else 1].append(words[row] - words[pieces[small]])
    types = model[TYPES][:1].repeat(3, 1)
    for kind, found in steps.items():
        if found:
            types[kind] += torch.stack(found).mean(0)
            print(f"type {kind}: mean of {len(found)} capitalised pieces, length {types[kind].sub(types[0]).norm():.3f}")
    state = {name: t for name, t in model.items() if not name.startswith("heads.mlm.")}
    state |= {WORDS: table, TYPES: types, ENTITY_TYPES: model[ENTITY_TYPES][:1].repeat(3, 1)}
    save(state, config, new, a.out)
    print(f"{a.out}: {len(common)} of {len(own)} pieces have the model's rows; the others moved by {moved.norm():.3f} on average")


if __name__ == "__main__":
    main()
