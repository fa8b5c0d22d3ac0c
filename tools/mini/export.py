"""Writes a model as a Hugging Face folder that `luke convert` reads. The folder is replaced in one rename."""
import json
import os
import shutil
import tempfile

from safetensors.torch import save_file

from conll import LABELS, MAX_SPAN
from typing_data import TYPES

STARTS = {"e5": "multilingual-e5-small (MIT)", "minilm": "all-MiniLM-L6-v2 (Apache-2.0)"}
TAUGHT = {
    "ner": "entities from CoNLL-2003 English (Reuters text, research terms) and sentences written for it",
    "typing": "types from Wikipedia's short descriptions (CC BY-SA)",
    "qa": "questions made by rule and written over English Wikipedia (text CC BY-SA)",
}

CONTEXT = 128  # sub-words of a pass with context, where a caller asks for it
ENTITY_VOCAB = {"[MASK]": 0, "[UNK]": 1, "[PAD]": 2, "[MASK2]": 3}


def save(state, config, tokenizer, out, context=0):
    """context: sub-words of a sentence with its document, specials included; 0 for the sentence alone.

    A state with `heads.TASK.` in its names has several heads, else it is a span classifier."""
    out = os.path.abspath(out)
    os.makedirs(os.path.dirname(out), exist_ok=True)
    tmp = tempfile.mkdtemp(dir=os.path.dirname(out))
    os.chmod(tmp, 0o755)
    several = any(k.startswith("heads.") for k in state)
    tensors = {k: v.detach().float().contiguous() for k, v in state.items() if not k.endswith("position_ids")}
    save_file(tensors, os.path.join(tmp, "model.safetensors"), metadata={"format": "pt"})
    os.chmod(os.path.join(tmp, "model.safetensors"), 0o644)
    cfg = json.loads(config.to_json_string(use_diff=False))
    keep = (
        "model_type vocab_size entity_vocab_size hidden_size entity_emb_size num_hidden_layers num_attention_heads "
        "intermediate_size hidden_act hidden_dropout_prob attention_probs_dropout_prob max_position_embeddings "
        "type_vocab_size initializer_range layer_norm_eps use_entity_aware_attention classifier_dropout pad_token_id "
        "bos_token_id eos_token_id id2label label2id"
    ).split()
    keep += ["token_types"] * ("token_types" in cfg)  # case_types.py
    write(tmp, "config.json", {"architectures": ["LukeModel" if several else "LukeForEntitySpanClassification"], **{k: cfg[k] for k in keep}})
    write(tmp, "entity_vocab.json", ENTITY_VOCAB)
    start = "minilm" if tokenizer.token_to_id("[CLS]") is not None else "e5"
    ner = {"context": "document" if context else "sentence", "contextTokens": context or CONTEXT, "candidates": "likely",
           "maxSpanTokens": MAX_SPAN, "temperature": 2, "capitals": "lower"}
    heads = {"ner": ner}
    if several:
        ner["labels"] = LABELS
        if "heads.qa.qa_outputs.bias" in state:
            heads["qa"] = {}
        if "heads.typing.classifier.bias" in state:
            heads["typing"] = {"labels": TYPES}
    about = f"{STARTS[start]} made into LUKE; " + "; ".join(TAUGHT[task] for task in heads)
    licence = {"e5": "MIT", "minilm": "Apache-2.0"}[start]
    write(tmp, "luke_web.json", {"name": "luke-mini-en", "license": licence, "source": about, "heads": heads})
    tokenizer.save(os.path.join(tmp, "tokenizer.json"))
    old = tmp + ".old"
    if os.path.exists(out):
        os.rename(out, old)
    os.rename(tmp, out)
    shutil.rmtree(old, ignore_errors=True)


def write(folder, name, value):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        json.dump(value, f, indent=2, ensure_ascii=False)
