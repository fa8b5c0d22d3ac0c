"""The mean of models that were trained one from another: `A` and what it became may be better than either.

    python average.py --models work/hf-3 work/hf-4 --out work/hf-mean
"""
import argparse
import os

from safetensors.torch import load_file
from transformers import LukeConfig

from conll import load_tokenizer
from export import save


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--models", nargs="+", required=True, help="folders with the same tensors")
    p.add_argument("--out", default="work/hf-mean")
    a = p.parse_args()
    states = [load_file(os.path.join(m, "model.safetensors")) for m in a.models]
    mean = {name: sum(s[name] for s in states) / len(states) for name in states[0]}
    save(mean, LukeConfig.from_pretrained(a.models[0]), load_tokenizer(os.path.join(a.models[0], "tokenizer.json")), a.out)
    print(f"{a.out}: mean of {len(states)} models")


if __name__ == "__main__":
    main()
