"""Writes a model as a Hugging Face folder that `luke convert` reads. The folder is replaced in one rename."""
import json
import os
import shutil
import tempfile

from safetensors.torch import save_file

from conll import LABELS, MAX_SPAN
from typing_data import TYPES
from relations import RELATIONS

HERE = os.path.dirname(os.path.abspath(__file__))

TAUGHT = {
    "ner": "entities from CoNLL-2003 English (Reuters text, research terms) and sentences written for it",
    "typing": "types from Wikipedia's short descriptions (CC BY-SA) and written for it",
    "qa": "questions written over English Wikipedia (text CC BY-SA) and over texts written for it",
    "relation": "relations written for it",
    "cloze": "blanks made from English Wikipedia, CoNLL-2003 and texts written for it",
    "mlm": "masked words and titles of English Wikipedia",
}

CONTEXT = 128  # sub-words of a pass with context, where a caller asks for it
ENTITY_VOCAB = {"[MASK]": 0, "[UNK]": 1, "[PAD]": 2, "[MASK2]": 3}

# Rows of the word table that ReCoRD's reader adds at its end. BERT's whole vocabulary has rows without use, which no text becomes.
CLOZE_TOKENS = {"highlight": "[unused1]", "placeholder": "[unused2]", "entity": "[unused3]"}


def entity_vocabulary():
    """Special entities and the titles of titles.txt, by row."""
    titles = open(os.path.join(HERE, "titles.txt"), encoding="utf-8").read().splitlines()
    return ENTITY_VOCAB | {title: row for row, title in enumerate(titles, len(ENTITY_VOCAB))}


def entities_of(config):
    """The entity vocabulary of a model: the special entities alone, or the titles too."""
    for vocabulary in (ENTITY_VOCAB, entity_vocabulary()):
        if len(vocabulary) == config.entity_vocab_size:
            return vocabulary
    raise SystemExit(f"an entity table of {config.entity_vocab_size} rows is not that of titles.txt")


def save(state, config, tokenizer, out, temperature=2):
    """temperature: of the entities' scores.

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
    architecture = "LukeModel" if several else "LukeForEntitySpanClassification"
    write(tmp, "config.json", {"architectures": [architecture], **{k: cfg[k] for k in keep}})
    write(tmp, "entity_vocab.json", entities_of(config))
    ner = {"context": "sentence", "contextTokens": CONTEXT, "candidates": "likely", "maxSpanTokens": MAX_SPAN,
           "temperature": temperature, "capitals": "lower"}
    heads = {"ner": ner}
    if several:
        ner["labels"] = LABELS
        if "heads.qa.qa_outputs.bias" in state:
            heads["qa"] = {}
        if "heads.typing.classifier.bias" in state:
            heads["typing"] = {"labels": TYPES}
        if "heads.relation.classifier.weight" in state:
            heads["relation"] = {"labels": RELATIONS}
        if "heads.cloze.scorer.weight" in state:
            heads["cloze"] = {"tokens": {name: tokenizer.token_to_id(token) for name, token in CLOZE_TOKENS.items()}}
        if "heads.mlm.lm_head.bias" in state:
            heads["mlm"] = {}
    about = "all-MiniLM-L6-v2 (Apache-2.0) made into LUKE; " + "; ".join(TAUGHT[task] for task in heads)
    write(tmp, "luke_web.json", {"name": "luke-mini-en", "license": "Apache-2.0", "source": about, "heads": heads})
    tokenizer.save(os.path.join(tmp, "tokenizer.json"))
    old = tmp + ".old"
    if os.path.exists(out):
        os.rename(out, old)
    os.rename(tmp, out)
    shutil.rmtree(old, ignore_errors=True)


def write(folder, name, value):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        json.dump(value, f, indent=2, ensure_ascii=False)
