#!/usr/bin/env python
"""Exports random weights to ONNX files (fp32 and int8) for the peers of the benchmark. Our package reads the same weights.

  export_onnx.py WORK        writes below WORK; files that exist are kept

  checkpoints/base           a LUKE of luke-base's size with four entity rows and two heads, for `luke convert`
  onnx/{ner,qa}-{fp32,int8}.onnx      the same weights; int8 is onnxruntime's dynamic quantization, per channel
  inputs.json                the inputs of each shape with PyTorch's outputs
  roberta/                   a random RoBERTa-base token classifier in int8, in the layout of transformers.js
"""

import argparse, json, os, shutil, subprocess, sys, warnings
import numpy as np
import onnxruntime
import torch
import transformers
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load_file, save_file

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.join(HERE, '..', '..', 'tests')
TOKENIZER = os.path.join(TESTS, 'fixtures', 'checkpoints', 'micro-robertatok')  # the tokenizer of RoBERTa
OPSET = 17
SEED = 4
MENTION = 30  # positions of an entity, padded with -1: `LukeTokenizer`'s max_mention_length
MASK = 0  # row of the lite entity table

# name: (head, batch, words, entities)
SHAPES = {
    '16+4': ('ner', 1, 16, 4),
    '128+32': ('ner', 1, 128, 32),
    '512+128': ('ner', 1, 512, 128),
    '8x(128+32)': ('ner', 8, 128, 32),
    'qa 384+32': ('qa', 1, 384, 32),
}
# head: (--head of make_checkpoint.py, class, layer)
HEADS = {
    'ner': ('span_cls', transformers.LukeForEntitySpanClassification, 'classifier'),
    'qa': ('qa', transformers.LukeForQuestionAnswering, 'qa_outputs'),
}
NER_INPUTS = ['entity_start_positions', 'entity_end_positions']
OUTPUTS = {'ner': ['logits'], 'qa': ['start_logits', 'end_logits']}
WORDS, ENTITIES = ['input_ids', 'attention_mask'], ['entity_ids', 'entity_attention_mask', 'entity_position_ids']
FP32_TOLERANCE = 1e-3  # for logits between 1 and 10, after 12 layers of sums in another order


class Positional(torch.nn.Module):
    """Wraps a model: its inputs are in the order of `names`, its outputs are a tuple."""

    def __init__(self, model, names, outputs):
        super().__init__()
        self.model, self.names, self.outputs = model, names, outputs

    def forward(self, *args):
        result = self.model(**dict(zip(self.names, args)))
        return tuple(result[name] for name in self.outputs)


def make_checkpoint(work, head):
    out = os.path.join(work, 'checkpoints', head)
    if not os.path.exists(os.path.join(out, 'model.safetensors')):
        script = os.path.join(TESTS, 'oracle', 'make_checkpoint.py')
        flags = ['--size', 'base', '--lite', '--head', HEADS[head][0], '--tokenizer', 'dir:' + TOKENIZER]
        subprocess.check_call([sys.executable, script, *flags, '--out', out])
    return out


def join_heads(folders, out):
    """Joins the heads in one checkpoint. The encoders are equal, because a weight depends only on the seed and its name."""
    if os.path.exists(out):
        return
    shutil.copytree(folders['ner'], out + '.part', dirs_exist_ok=True)
    tensors = {}
    for head, folder in folders.items():
        layer = HEADS[head][2]
        for name, tensor in load_file(os.path.join(folder, 'model.safetensors')).items():
            joined = f'heads.{head}.{name}' if name.startswith(layer) else name
            assert joined not in tensors or np.array_equal(tensors[joined], tensor), name
            tensors[joined] = tensor
    save_file(tensors, os.path.join(out + '.part', 'model.safetensors'), metadata={'format': 'pt'})
    os.rename(out + '.part', out)


def inputs_of(head, batch, words, entities, rng):
    ids = rng.integers(4, 50000, (batch, words))
    ids[:, 0], ids[:, -1] = 0, 2
    start = rng.integers(1, words - 6, (batch, entities))
    end = start + rng.integers(0, 5, (batch, entities))
    offsets = np.arange(MENTION)
    positions = start[..., None] + offsets
    positions[positions > end[..., None]] = -1
    arrays = dict(
        input_ids=ids,
        attention_mask=np.ones((batch, words), np.int64),
        entity_ids=np.full((batch, entities), MASK),
        entity_attention_mask=np.ones((batch, entities), np.int64),
        entity_position_ids=positions,
    )
    return arrays | (dict(entity_start_positions=start, entity_end_positions=end) if head == 'ner' else {})


def write_inputs(path, models):
    """Writes the inputs of every shape with PyTorch's outputs."""
    if os.path.exists(path):
        return
    rng = np.random.default_rng(SEED)
    shapes = {}
    for name, (head, batch, words, entities) in SHAPES.items():
        arrays = inputs_of(head, batch, words, entities, rng)
        with torch.no_grad():
            result = models[head](**{key: torch.from_numpy(array) for key, array in arrays.items()})
        outputs = {key: result[key].flatten().tolist() for key in OUTPUTS[head]}
        inputs = {key: dict(shape=array.shape, data=array.flatten().tolist()) for key, array in arrays.items()}
        shapes[name] = dict(head=head, batch=batch, words=words, entities=entities, inputs=inputs, outputs=outputs)
    json.dump(shapes, open(path, 'w'))


def export(model, names, axes, outputs, sample, path):
    if os.path.exists(path):
        return
    args = tuple(torch.from_numpy(sample[name]) for name in names)
    part = path + '.part'
    torch.onnx.export(
        Positional(model, names, outputs).eval(),
        args,
        part,
        input_names=names,
        output_names=outputs,
        dynamic_axes=axes,
        opset_version=OPSET,
        dynamo=False,
    )
    os.rename(part, path)


def quantize(source, target):
    if not os.path.exists(target):
        quantize_dynamic(source, target + '.part', per_channel=True, weight_type=QuantType.QInt8)
        os.rename(target + '.part', target)


def axes_of(names, outputs, head):
    named = {name: {0: 'batch', 1: 'words' if name in WORDS else 'entities'} for name in names}
    return named | {name: {0: 'batch', 1: 'entities' if head == 'ner' else 'words'} for name in outputs}


def check(path, inputs, tolerance):
    """Prints and checks the largest difference between the outputs of onnxruntime and PyTorch."""
    session = onnxruntime.InferenceSession(path)
    head = os.path.basename(path).split('-')[0]
    worst = 0.0
    for shape in (shape for shape in inputs.values() if shape['head'] == head):
        feeds = {name: np.array(x['data'], np.int64).reshape(x['shape']) for name, x in shape['inputs'].items()}
        for name, value in zip(OUTPUTS[head], session.run(OUTPUTS[head], feeds)):
            worst = max(worst, float(np.abs(value.flatten() - shape['outputs'][name]).max()))
    size = os.path.getsize(path) / 1e6
    print(f'{os.path.basename(path)}: {size:.0f} MB, logits within {worst:.2g} of PyTorch', flush=True)
    if tolerance is not None and worst > tolerance:
        raise SystemExit(f'{path} is wrong: more than {tolerance} off')


def export_roberta(out):
    """transformers.js needs config.json, tokenizer.json, tokenizer_config.json and onnx/model_quantized.onnx."""
    if os.path.exists(out):
        return
    part = out + '.part'
    os.makedirs(part + '/onnx', exist_ok=True)
    tokenizer = transformers.RobertaTokenizerFast(TOKENIZER + '/vocab.json', TOKENIZER + '/merges.txt', model_max_length=512)
    tokenizer.save_pretrained(part)
    torch.manual_seed(SEED)
    labels = ['O', 'B-PER', 'I-PER', 'B-ORG', 'I-ORG', 'B-LOC', 'I-LOC', 'B-MISC', 'I-MISC']
    config = transformers.RobertaConfig(
        vocab_size=50265, max_position_embeddings=514, type_vocab_size=1, id2label=dict(enumerate(labels))
    )
    config.architectures = ['RobertaForTokenClassification']
    model = transformers.RobertaForTokenClassification(config).eval()
    config.save_pretrained(part)
    names = ['input_ids', 'attention_mask']
    sample = {name: np.ones((1, 16), np.int64) * 5 for name in names}
    axes = {name: {0: 'batch', 1: 'words'} for name in names + ['logits']}
    export(model, names, axes, ['logits'], sample, part + '/model.onnx')
    quantize(part + '/model.onnx', part + '/onnx/model_quantized.onnx')
    os.remove(part + '/model.onnx')
    os.rename(part, out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('work')
    work = parser.parse_args().work
    transformers.logging.set_verbosity_error()
    warnings.filterwarnings('ignore')  # tracing warns that dimensions may become constants; `check` would find this
    os.makedirs(work + '/onnx', exist_ok=True)
    folders = {head: make_checkpoint(work, head) for head in HEADS}
    join_heads(folders, work + '/checkpoints/base')
    load = lambda head: HEADS[head][1].from_pretrained(folders[head], attn_implementation='eager').eval()
    models = {head: load(head) for head in HEADS}
    write_inputs(work + '/inputs.json', models)
    inputs = json.load(open(work + '/inputs.json'))
    for head, model in models.items():
        fp32, int8 = (f'{work}/onnx/{head}-{kind}.onnx' for kind in ('fp32', 'int8'))
        names = WORDS + ENTITIES + (NER_INPUTS if head == 'ner' else [])
        sample = inputs_of(head, 1, 16, 4, np.random.default_rng(SEED))
        export(model, names, axes_of(names, OUTPUTS[head], head), OUTPUTS[head], sample, fp32)
        quantize(fp32, int8)
        check(fp32, inputs, FP32_TOLERANCE)
        check(int8, inputs, None)
    export_roberta(work + '/roberta')


if __name__ == '__main__':
    main()
