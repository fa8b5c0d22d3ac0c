"""The last step of a stage: chooses NIL's bias and the temperature of entities, as shipped (through the runtime, with its filter of
spans), on CoNLL-2003's validation set and on written development sentences, and exports.

    python finish.py --model work/hf-1 --src work/src --out work/luke-mini-en-hf

Training samples few of the many NIL spans, so the head is too ready to see entities. One number added to NIL's logit
(and so to `classifier.bias`) puts that right. The temperature makes scores the share of right entities.
"""
import argparse
import json
import os
import tempfile

import torch

import written_data
from conll import load_tokenizer
from export import save
from model import Model, stored
from runtime import convert

BIASES = [-1.0, -0.5, 0.0, 0.5, 1.0]
TEMPERATURES = [1.0, 1.25, 1.5, 1.75, 2.0, 2.5]


def documents(path, every):
    """One document in so many of a CoNLL file, as text."""
    docs = open(path, encoding="utf-8").read().split("-DOCSTART-")[1:]
    return "".join("-DOCSTART-" + d for d in docs[::every])


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--model", required=True)
    p.add_argument("--src", default="work/src")
    p.add_argument("--out", default="work/luke-mini-en-hf")
    p.add_argument("--luke", default="../../target/release/luke", help="the command line")
    p.add_argument("--every", type=int, default=1, help="choose on one valid document in so many")
    p.add_argument("--quick", action="store_true", help="choose among few, to see that it runs")
    a = p.parse_args()

    tokenizer = load_tokenizer(os.path.join(a.model, "tokenizer.json"))
    model = Model(a.model).eval()
    own = model.classifier.bias.detach().clone()
    dev = written_data.files("dev", "ner")[0]

    def write(folder, bias, temperature):
        with torch.no_grad():
            model.classifier.bias.copy_(own)
            model.classifier.bias[0] += bias
        save(stored(model.state_dict(), model.tasks), model.config, tokenizer, folder, temperature)

    def converted(bias, temperature):
        write(f"{tmp}/hf", bias, temperature)
        return convert(a.luke, f"{tmp}/hf", f"{tmp}/model", "q8")

    def f1(bias):
        """The mean of both sets: news as CoNLL has it, and text of every kind."""
        runtime = converted(bias, 2.0)
        valid, written = runtime.eval("conll2003", f"{tmp}/valid.txt")["f1"], runtime.eval("marked", dev)["f1"]
        print(f"q8, NIL bias {bias:+.2f}: F1 {valid:.2f} on valid/{a.every}, {written:.2f} on written sentences", flush=True)
        return (valid + written) / 2

    def error(runtime, temperature):
        runtime.manifest["heads"]["ner"]["temperature"] = temperature
        with open(f"{tmp}/model/manifest.json", "w", encoding="utf-8") as f:
            json.dump(runtime.manifest, f)
        found = runtime.eval("marked", dev)["calibrationError"]
        print(f"q8, temperature {temperature:.2f}: calibration error {found:.2f} on written sentences", flush=True)
        return found

    with tempfile.TemporaryDirectory() as tmp:
        with open(f"{tmp}/valid.txt", "w", encoding="utf-8") as f:
            f.write(documents(os.path.join(a.src, "neuroner/data/conll2003/en/valid.txt"), a.every))
        found = {bias: f1(bias) for bias in (BIASES[1:-1] if a.quick else BIASES)}
        # each is judged with its neighbours, so as not to pick a lucky one
        bias = max(list(found)[1:-1], key=lambda b: sum(found[b + d] for d in (-0.5, 0, 0.5)))
        runtime = converted(bias, 1.0)
        temperature = min(TEMPERATURES[::3] if a.quick else TEMPERATURES, key=lambda t: error(runtime, t))
    write(a.out, bias, temperature)
    print(f"{a.out}: NIL bias {bias:+.2f} added to classifier.bias, temperature {temperature:.2f}", flush=True)


if __name__ == "__main__":
    main()
