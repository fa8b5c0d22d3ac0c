// WebGPU: the number of commands of a call, and device failures, which must reject instead of giving a result.
import assert from 'node:assert/strict';

const MODEL = '/models/micro-span_cls/';
const TEXT = 'Ana Ivanovic won at Wimbledon.';
/** Per layer: the projections, attention, and then linear, norm, linear, linear, norm. */
const DISPATCHES_PER_LAYER = 7;
/** For the embeddings, the head and the canary. */
const OTHER_DISPATCHES = 9;
/** Dispatches of a slice, which is a submit; a large model on a slow GPU has fewer. */
const SLICE = 32;

export default async function ({ test, openPage }) {
  await test('webgpu: a call has a submit for each slice of the work, one for the result, two readbacks, and seven dispatches per layer', async () => {
    const page = await openPage();
    const { counts, layers } = await page.evaluate(countCalls, { MODEL });
    for (const { dispatches, submits, readbacks, pipelines } of counts) {
      assert.ok(dispatches <= DISPATCHES_PER_LAYER * layers + OTHER_DISPATCHES, `${dispatches} dispatches for ${layers} layers`);
      assert.ok(submits <= Math.ceil(dispatches / SLICE) + 1, `${submits} submits of ${dispatches} dispatches`);
      assert.equal(readbacks, 2, 'the result and the canary');
      assert.equal(pipelines, 0, 'pipelines are built while the model loads');
    }
    await page.context().close();
  });

  for (const [what, spoil] of [
    ['a shader that does not compile', 'shader'],
    ['a pipeline that cannot be built', 'pipeline'],
  ]) {
    await test(`webgpu: ${what} fails the load, with the self-test and without; the next load works`, async () => {
      const page = await openPage();
      const { spoiled, good } = await page.evaluate(loadSpoiled, { MODEL, TEXT, spoil });
      for (const { error, value } of spoiled) {
        assert.ok(error, `it resolved to ${JSON.stringify(value)}`);
        assert.equal(error.code, 'device-lost', error.message);
      }
      assert.ok(Array.isArray(good.value), JSON.stringify(good));
      await page.context().close();
    });
  }

  for (const [what, spoil, code] of [
    ['an invalid command', 'dispatch', 'device-lost'],
    ['a buffer that does not fit in memory', 'memory', 'out-of-memory'],
    ['a lost device', 'device', 'device-lost'],
  ]) {
    await test(`webgpu: ${what} rejects the running call, and the next one works`, async () => {
      const page = await openPage();
      const { before, spoiled, after } = await page.evaluate(callSpoiled, { MODEL, spoil });
      assert.ok(spoiled.error, `it resolved to ${JSON.stringify(spoiled.value)}`);
      assert.equal(spoiled.error.code, code, spoiled.error.message);
      assert.deepEqual(after, before);
      await page.context().close();
    });
  }
}

// In the page.
async function countCalls({ MODEL }) {
  const counts = {};
  const count = (type, method, name) => {
    const original = type.prototype[method];
    type.prototype[method] = function (...args) {
      counts[name] += 1;
      return original.apply(this, args);
    };
  };
  count(GPUComputePassEncoder, 'dispatchWorkgroups', 'dispatches');
  count(GPUQueue, 'submit', 'submits');
  count(GPUBuffer, 'mapAsync', 'readbacks');
  count(GPUDevice, 'createComputePipeline', 'pipelines');
  const luke = await lukeWeb.Luke.load(MODEL, { device: 'webgpu', worker: false });
  const { config } = await (await fetch(`${MODEL}manifest.json`)).json();
  const words = Array.from({ length: 20 }, (_, i) => 5 + i);
  const spans = { entityIds: [1, 1], entityPositionIds: [[3, 4], [6]], entityStartPositions: [1, 4], entityEndPositions: [2, 4] };
  const results = [];
  for (let i = 0; i < 2; i += 1) {
    Object.assign(counts, { dispatches: 0, submits: 0, readbacks: 0, pipelines: 0 });
    await luke.forward({ inputIds: [0, ...words.slice(i), 2], ...spans }, { head: 'ner' });
    results.push({ ...counts });
  }
  await luke.dispose();
  return { counts: results, layers: config.num_hidden_layers };
}

async function loadSpoiled({ MODEL, TEXT, spoil }) {
  const method = spoil === 'shader' ? 'createShaderModule' : 'createComputePipeline';
  const original = GPUDevice.prototype[method];
  const spoiled = [];
  for (const selfTest of [true, false]) {
    GPUDevice.prototype[method] = function (descriptor) {
      return original.call(this, spoil === 'shader' ? { ...descriptor, code: `${descriptor.code}\nnot WGSL` } : { ...descriptor, compute: { ...descriptor.compute, entryPoint: 'nowhere' } });
    };
    spoiled.push(await outcome(lukeWeb.Luke.load(MODEL, { device: 'webgpu', worker: false, selfTest }).then(() => true)));
    GPUDevice.prototype[method] = original;
  }
  const luke = await lukeWeb.Luke.load(MODEL, { device: 'webgpu', worker: false });
  const good = await outcome(luke.ner(TEXT));
  await luke.dispose();
  return { spoiled, good };
}

async function callSpoiled({ MODEL, spoil }) {
  const { requestDevice } = GPUAdapter.prototype;
  let device;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    return (device = await requestDevice.apply(this, args));
  };
  const luke = await lukeWeb.Luke.load(MODEL, { device: 'webgpu', worker: false });
  const call = (length) => outcome(luke.forward({ inputIds: [0, ...Array.from({ length }, (_, i) => 5 + i), 2] }, { head: 'model' }).then(({ lastHiddenState }) => [...lastHiddenState.data]));
  const before = await call(7);
  const spoilers = {
    dispatch: [GPUComputePassEncoder, 'dispatchWorkgroups', (original) => function () { return original.call(this, 1e9, 1, 1); }],
    memory: [GPUDevice, 'createBuffer', (original) => function (descriptor) {
      this.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', { error: new GPUOutOfMemoryError('no room'), cancelable: true }));
      return original.call(this, descriptor);
    }],
    device: [GPUQueue, 'submit', (original) => function (commands) {
      const result = original.call(this, commands);
      device.destroy();
      return result;
    }],
  };
  const [type, method, replace] = spoilers[spoil];
  const original = type.prototype[method];
  type.prototype[method] = replace(original);
  const spoiled = await call(spoil === 'memory' ? 40 : 7);
  type.prototype[method] = original;
  const after = await call(7);
  await luke.dispose();
  return { before, spoiled, after };
}
