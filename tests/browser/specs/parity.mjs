// Every head on every device gives Hugging Face's outputs for the same arrays.
import assert from 'node:assert/strict';
import { camel, camelKeys, DEVICES, fixture, maxDifference, shapeOf, TOLERANCE } from '../fixtures.mjs';

export default async function ({ test, openPage }) {
  const byCheckpoint = group(fixture('heads'));
  for (const device of DEVICES) {
    let page;
    for (const [checkpoint, entries] of Object.entries(byCheckpoint)) {
      await test(`${device} ${checkpoint}, ${entries.length} inputs`, async () => {
        page ??= await openPage();
        const outputs = await page.evaluate(forwardAll, { checkpoint, device, inputs: entries.map((entry) => camelKeys(entry.inputs)) });
        // Each alone, then all at once.
        [...entries, ...entries].forEach((entry, i) => compare(entry, outputs[i]));
      });
    }
    await page?.context().close();
  }
}

// In the page. One worker serves all checkpoints, so that the module is compiled once.
async function forwardAll({ checkpoint, device, inputs }) {
  globalThis.worker ??= new Worker('/pkg/dist/worker.js', { type: 'module' });
  const luke = await lukeWeb.Luke.load(`/models/${checkpoint}/`, { device, worker: globalThis.worker });
  if (luke.info.device !== device) throw new Error(`it runs on ${luke.info.device}`);
  const outputs = [];
  for (const input of inputs) outputs.push(await luke.forward(input));
  outputs.push(...(await luke.forward(inputs)));
  await luke.dispose();
  const plain = ({ shape, data }) => ({ shape: [...shape], data: [...data] });
  return outputs.map((tensors) => Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, plain(tensor)])));
}

function compare({ checkpoint, inputs, outputs }, actual) {
  const { logits_stride: stride, ...expected } = outputs;
  for (const [name, nested] of Object.entries(expected)) {
    const where = `${checkpoint}, ${inputs.input_ids.length} words and ${inputs.entity_ids?.length ?? 0} entities, ${name}`;
    const got = actual[camel(name)];
    assert.ok(got, `${where}: not among ${Object.keys(actual)}`);
    const sampled = name === 'logits' && stride ? sampleColumns(got, stride) : got;
    assert.deepEqual(sampled.shape, shapeOf(nested), `${where}: shape`);
    const difference = maxDifference(sampled.data, nested.flat(Infinity));
    assert.ok(difference <= TOLERANCE, `${where}: off by ${difference}`);
  }
}

/** Every `stride`th column: the fixture keeps no more of the word logits. */
function sampleColumns({ shape: [rows, columns], data }, stride) {
  return { shape: [rows, Math.ceil(columns / stride)], data: data.filter((_, i) => (i % columns) % stride === 0) };
}

function group(entries) {
  const groups = {};
  for (const entry of entries) (groups[entry.checkpoint] ??= []).push(entry);
  return groups;
}
