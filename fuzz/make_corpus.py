#!/usr/bin/env python3
"""Writes fuzz/corpus/: `make_corpus.py LUKE`, where LUKE is the program `luke`. The inputs are small enough for tens of thousands
of cases a second: checkpoints of tests/fixtures cut to a few rows, columns and tokens, and model folders converted from them.

A file of several files is one after the other: `### NAME LENGTH`, a line end, the bytes, a line end."""

import collections
import io
import json
import pickle
import struct
import subprocess
import sys
import tempfile
import types
import zipfile
from pathlib import Path

FUZZ = Path(__file__).parent
CHECKPOINTS = FUZZ.parent / "tests/fixtures/checkpoints"

# How byte-level BPE writes the bytes: those that are signs as themselves, the others from U+0100 on.
SIGNS = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
BYTES = [chr(byte) for byte in SIGNS] + [chr(0x100 + i) for i in range(256 - len(SIGNS))]
WORDS = ["<s>", "<pad>", "</s>", "<unk>", *BYTES, "an", "in", "Ġl", "Ġi", "iv", "Ġin", "<mask>"]
MERGES = ["a n", "i n", "Ġ l", "Ġ i", "i v", "Ġi n"]
MARKERS = {"<ent>": len(WORDS), "<ent2>": len(WORDS) + 1}
# Sizes of the fixtures, and what they become.
SIZES = {602: len(WORDS) + 2, 603: len(WORDS) + 3, 1300: 514, 514: 34, 96: 24, 64: 16, 40: 6, 32: 8, 16: 4}


def checkpoint(name):
    """A checkpoint with RoBERTa's tokenizer, cut to one layer and `SIZES`."""
    folder = CHECKPOINTS / name
    config = json.loads((folder / "config.json").read_text())
    config |= {key: SIZES.get(size, size) for key, size in config.items() if key.endswith("_size") or key == "max_position_embeddings"}
    config |= {"num_hidden_layers": 1, "num_attention_heads": 2}
    for unused in ["label2id", "bert_model_name", "initializer_range", "classifier_dropout", "cls_entity_prediction"]:
        config.pop(unused, None)
    tensors, data = {}, b""
    file = (folder / "model.safetensors").read_bytes()
    start = 8 + struct.unpack("<Q", file[:8])[0]
    for key, info in json.loads(file[8:start]).items():
        if key == "__metadata__" or ".layer.1." in key:
            continue
        rows = info["shape"][0]
        width = info["shape"][1] if len(info["shape"]) > 1 else 1
        kept = [SIZES.get(size, size) for size in info["shape"]]
        values = file[start + info["data_offsets"][0] : start + info["data_offsets"][1]]
        part = b"".join(
            values[4 * (row % rows) * width :][: 4 * (kept[1] if len(kept) > 1 else 1)] for row in range(kept[0])
        )
        tensors[key] = {"dtype": "F32", "shape": kept, "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    header = json.dumps(tensors).encode()
    entities = ["[MASK]", "[UNK]", "[PAD]", "[MASK2]", *(f"E{i}" for i in range(4, config["entity_vocab_size"]))]
    return {
        "config.json": json.dumps(config).encode(),
        "model.safetensors": struct.pack("<Q", len(header)) + header + data,
        "entity_vocab.json": json.dumps({title: row for row, title in enumerate(entities)}).encode(),
        "vocab.json": json.dumps({word: row for row, word in enumerate(WORDS)}, ensure_ascii=False).encode(),
        "merges.txt": "\n".join(["#version: 0.2", *MERGES, ""]).encode(),
        "added_tokens.json": json.dumps(MARKERS).encode(),
        "tokenizer_config.json": b"{}",
    }


def with_case(files):
    """A checkpoint whose token types say case, with rows for them."""
    config = json.loads(files["config.json"]) | {"type_vocab_size": 3, "token_types": "case"}
    file = files["model.safetensors"]
    start = 8 + struct.unpack("<Q", file[:8])[0]
    tensors, data = json.loads(file[8:start]), b""
    for key, info in tensors.items():
        part = file[start + info["data_offsets"][0] : start + info["data_offsets"][1]]
        if key.endswith("token_type_embeddings.weight"):
            part, info["shape"] = part * 3, [3 * info["shape"][0], info["shape"][1]]
        info["data_offsets"] = [len(data), len(data) + len(part)]
        data += part
    header = json.dumps(tensors).encode()
    weights = struct.pack("<Q", len(header)) + header + data
    return files | {"config.json": json.dumps(config).encode(), "model.safetensors": weights}


def word_pieces():
    """The files of a BERT tokenizer."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "ana", "lives", "in", "tok", "##yo", "##s", "l", "i", ",", "."]
    return {"vocab.txt": "\n".join(words).encode(), "tokenizer_config.json": b'{"do_lower_case": true}'}


def sentence_pieces():
    """The files of an XLM-R tokenizer: a SentencePiece model whose normalizer has a map that maps nothing."""

    def field(number, kind, value):
        length = bytes([len(value) & 127 | 128, len(value) >> 7]) if kind == 2 else b""
        return bytes([number << 3 | kind]) + length + value

    pieces = [("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0), ("▁", -1.0), ("▁Ana", -2.5), ("▁li", -3.0), ("ves", -3.5), ("a", -4.0), ("▁in", -2.0)]
    model = b"".join(field(1, 2, field(1, 2, p.encode()) + field(2, 5, struct.pack("<f", s))) for p, s in pieces)
    charsmap = struct.pack("<I", 1024) + bytes(1024) + b"a\0"
    model += field(3, 2, field(2, 2, charsmap))
    return {"sentencepiece.bpe.model": model, "tokenizer_config.json": b"{}"}


def write(folder, files):
    for name, data in files.items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def luke(*arguments):
    subprocess.run([sys.argv[1], *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def convert(files, *options):
    with tempfile.TemporaryDirectory() as scratch:
        write(f"{scratch}/from", files)
        luke("convert", f"{scratch}/from", f"{scratch}/to", *options)
        root = Path(scratch) / "to"
        return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def tokenizer(files):
    with tempfile.TemporaryDirectory() as scratch:
        write(scratch, files)
        luke("tokenizer", scratch, f"{scratch}/tokenizer.json")
        return (Path(scratch) / "tokenizer.json").read_bytes()


def pickled(tensors, protocol=2):
    """`data.pkl` of torch.save, without torch."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    torch.FloatStorage = type("FloatStorage", (), {"__module__": "torch"})

    def _rebuild_tensor_v2():
        pass

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    torch._utils, utils._rebuild_tensor_v2 = utils, _rebuild_tensor_v2
    sys.modules |= {"torch": torch, "torch._utils": utils}

    class Storage:
        def __init__(self, key, length):
            self.key, self.length = key, length

    class Tensor:
        def __init__(self, storage, shape):
            self.storage, self.shape = storage, shape

        def __reduce__(self):
            strides = (self.shape[1], 1) if len(self.shape) == 2 else (1,) * len(self.shape)
            state = (self.storage, 0, self.shape, strides, False, collections.OrderedDict())
            return _rebuild_tensor_v2, state

    class Pickler(pickle._Pickler):
        def persistent_id(self, value):
            if isinstance(value, Storage):
                return ("storage", torch.FloatStorage, value.key, "cpu", value.length)
            return None

    out = io.BytesIO()
    lengths = [1 if not shape else shape[0] * (shape[1] if len(shape) > 1 else 1) for shape in tensors.values()]
    values = {
        name: Tensor(Storage(str(i), length), shape)
        for i, ((name, shape), length) in enumerate(zip(tensors.items(), lengths))
    }
    Pickler(out, protocol).dump(collections.OrderedDict(values))
    return out.getvalue(), lengths


def pytorch_bin(tensors, prefix="archive", protocol=2):
    """What torch.save writes, as the files of the zip archive."""
    data, lengths = pickled(tensors, protocol)
    files = {f"{prefix}/data.pkl": data, f"{prefix}/byteorder": b"little", f"{prefix}/version": b"3\n"}
    return files | {f"{prefix}/data/{i}": struct.pack(f"<{n}f", *range(n)) for i, n in enumerate(lengths)}


def archive(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as zipped:
        for name, data in files.items():
            zipped.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def pack(files):
    return b"".join(f"### {name} {len(data)}\n".encode() + data + b"\n" for name, data in files.items())


def main():
    def save(target, name, data):
        path = FUZZ / "corpus" / target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    small = {name: checkpoint(f"micro-{name}") for name in ["span_cls", "qa", "mlm", "paged", "cloze", "entity_pair-noeaa"]}
    small["case"] = with_case(small["span_cls"])
    for name, dtype in [("span_cls", "f32"), ("qa", "q8"), ("mlm", "q4"), ("paged", "f16"), ("cloze", "f32"), ("case", "q8")]:
        files = convert(small[name], "--dtype", dtype, "--entities", "full")
        save("manifest_and_load", f"{name}-{dtype}", pack(files))
        if name == "paged":
            save("entity_index", "index", files["entity_vocab.bin"])
    save("entity_index", "titles", small["mlm"]["entity_vocab.json"])

    shards = dict(small["mlm"])
    shards["model-1.safetensors"] = shards.pop("model.safetensors")
    shards["model.safetensors.index.json"] = b'{"weight_map": {"luke.pooler.dense.bias": "model-1.safetensors"}}'
    for name, files in (small | {"shards": shards}).items():
        if name != "paged":
            save("safetensors_header_and_plan", name, pack(files))

    text = "Ana lives in  Tokyo, 2 km.\n<mask>é東"
    for name, files in [("bpe", small["qa"]), ("word_piece", word_pieces()), ("unigram", sentence_pieces())]:
        save("tokenizer_and_text", name, pack({"tokenizer.json": tokenizer(files), "text": text.encode()}))
    files = {"tokenizer.json": tokenizer(word_pieces()), "text": "Ana LIVES in ToKyo".encode(), "token_types": b"case"}
    save("tokenizer_and_text", "case", pack(files))

    tensors = {"luke.embeddings.weight": (4, 3), "bias": (5,), "scale": ()}
    save("pickle", "zip", archive(pytorch_bin(tensors)))
    save("pickle", "protocol4", archive(pytorch_bin({"module.a": (2, 2)}, "x", 4)))
    save("pickle", "alone", pickled(tensors)[0])


main()
