"""A model folder of `luke convert` as the Hugging Face folder it came from: a start for more training.

    python from_folder.py --model ../../www/models/luke-mini-en --out work/shipped

Rounded weights come back as the numbers that the runtime computes with (docs/FORMATS.md).
"""
import argparse
import json
import os

import numpy as np
import torch
from transformers import LukeConfig

from conll import load_tokenizer
from export import save
from quantise import GROUP


def f32(raw, columns):
    return np.frombuffer(raw, "<f4").reshape(-1, columns)


def f16(raw, columns):
    return np.frombuffer(raw, "<f2").reshape(-1, columns).astype(np.float32)


def q8(raw, columns):
    rows = np.frombuffer(raw, np.uint8).reshape(-1, columns + 4)
    return rows[:, :columns].view(np.int8) * rows[:, columns:].copy().view("<f4")


def q4(raw, columns):
    groups = np.frombuffer(raw, np.uint8).reshape(-1, -(-columns // GROUP), 2 + GROUP // 2)
    scale, packed = groups[..., :2].copy().view("<f2").astype(np.float32), groups[..., 2:]
    numbers = np.concatenate([packed & 15, packed >> 4], 2).astype(np.float32) - 8
    return (numbers * scale).reshape(len(groups), -1)[:, :columns]


READ = {"f32": f32, "f16": f16, "q8": q8, "q4": q4}
ENTITIES = "luke.entity_embeddings.entity_embeddings.weight"


def tensors(folder, manifest):
    """{name: f32 tensor}; the rows of a tensor that is cut by rows lie one after another. A large entity table has files of its own."""
    read = lambda files: [open(os.path.join(folder, c["path"]), "rb").read() for c in files]
    chunks, parts, shapes = read(manifest["chunks"]), {}, {}
    for t in manifest["tensors"]:
        raw = chunks[t["chunk"]][t["offset"] : t["offset"] + t["bytes"]]
        parts.setdefault(t["name"], []).append(READ[t["dtype"]](raw, t["shape"][-1]))
        shapes[t["name"]] = t["shape"]
    if table := manifest.get("entityTable"):
        width = manifest["config"]["entity_emb_size"]
        parts[ENTITIES] = [READ[table["dtype"]](raw, width) for raw in read(table["chunks"])]
        shapes[ENTITIES] = [table["rows"], width]
    return {name: torch.from_numpy(np.concatenate(p).reshape(shapes[name])) for name, p in parts.items()}


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--model", default="../../www/models/luke-mini-en")
    p.add_argument("--out", default="work/shipped")
    a = p.parse_args()

    manifest = json.load(open(os.path.join(a.model, "manifest.json"), encoding="utf-8"))
    tokenizer = load_tokenizer(os.path.join(a.model, manifest["files"]["tokenizer"]["path"]))
    save(tensors(a.model, manifest), LukeConfig.from_dict(manifest["config"]), tokenizer, a.out)
    print(f"{a.out}: {manifest['name']} out of {manifest['dtype']}")


if __name__ == "__main__":
    main()
