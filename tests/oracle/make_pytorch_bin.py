#!/usr/bin/env python
"""The old layout of a checkpoint: make_pytorch_bin.py CHECKPOINT OUT.bin writes its tensors with `torch.save`, and adds the
`position_ids` buffer of old files. tests/fixtures/micro-span_cls.bin was made from checkpoints/micro-span_cls."""
import sys

import torch
from safetensors.torch import load_file

if __name__ == "__main__":
    tensors = load_file(f"{sys.argv[1]}/model.safetensors")
    tensors["luke.embeddings.position_ids"] = torch.arange(514)[None]
    torch.save(tensors, sys.argv[2])
