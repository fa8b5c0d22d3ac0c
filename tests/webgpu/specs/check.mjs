// What gpu-check.html and tools/gpu measure with: the hooks in WebGPU on a device that is here, and the functions behind the figures.
import assert from 'node:assert/strict';
import { aboutShader } from '../../../www/dist/check/check.js';
import { compareAnswers, inputs, passes } from '../../../www/dist/check/measure.js';
import { GpuMeter } from '../../../www/dist/check/meter.js';
import { rowsOf } from '../../../www/dist/check/rows.js';
import { maxDifference, median, percentile, summary } from '../../../www/dist/check/statistics.js';
import { runStep } from '../../../www/dist/check/steps.js';
import { passTimes } from '../../../www/dist/check/timer.js';
import { fake } from '../world.mjs';

const SHADER = `@group(0) @binding(0) var<storage, read_write> values: array<f32>;
@compute @workgroup_size(64) fn twice(@builtin(global_invocation_id) id: vec3u) { values[id.x] *= 2; }`;

export default async function ({ test }) {
  let installed;
  /** The hooks stay, so this spec is the last. */
  const open = async (requiredFeatures = []) => {
    fake.plan();
    const meter = (installed ??= GpuMeter.install());
    const adapter = await navigator.gpu.requestAdapter();
    return { meter, device: await adapter.requestDevice({ requiredFeatures: requiredFeatures.filter((name) => adapter.features.has(name)) }) };
  };

  await test('a measurement has the dispatches, passes, submits and the time of the GPU', async () => {
    const { meter, device } = await open(['timestamp-query']);
    const run = work(device);
    run(1, 1); // before the measurement
    meter.start();
    run(3, 2);
    const found = await meter.stop();
    assert.deepEqual([found.dispatches, found.passes, found.submits, found.submitMs.count, found.untimedPasses], [6, 2, 2, 2, 0]);
    assert.ok(found.gpuMs > 0 && found.longestPassMs > 0 && found.longestPassMs <= found.gpuMs, JSON.stringify(found));
    assert.ok(found.submitMs.max > 0);
    await assert.rejects(meter.stop(), /no measurement/);
    device.destroy();
  });

  await test('without timestamps there is no time of the GPU, and a pass with its own is left alone', async () => {
    const { meter, device } = await open();
    meter.start();
    work(device)(1, 1);
    const { gpuMs, untimedPasses } = await meter.stop();
    assert.deepEqual([gpuMs, untimedPasses], [undefined, 1]);
    device.destroy();

    const { device: other } = await open(['timestamp-query']);
    const querySet = other.createQuerySet({ type: 'timestamp', count: 2 });
    other.pushErrorScope('validation');
    meter.start();
    work(other)(1, 1, { timestampWrites: { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 } });
    assert.equal((await meter.stop()).untimedPasses, 1);
    assert.equal(await other.popErrorScope(), null);
    other.destroy();
  });

  await test('buffers are alive until they are destroyed, or their device is', async () => {
    const { meter, device } = await open();
    const before = meter.memory;
    const since = () => [meter.memory.aliveBytes - before.aliveBytes, meter.memory.aliveBuffers - before.aliveBuffers];
    const buffer = () => device.createBuffer({ size: 1024, usage: GPUBufferUsage.STORAGE });
    const [first, second] = [buffer(), buffer()];
    assert.deepEqual(since(), [2048, 2]);
    first.destroy();
    first.destroy();
    assert.deepEqual(since(), [1024, 1]);
    device.destroy();
    second.destroy();
    assert.deepEqual(since(), [0, 0]);
    assert.equal(meter.memory.createdBytes - before.createdBytes, 2048);
    assert.ok(meter.memory.peakBytes >= before.aliveBytes + 2048);
    meter.resetPeak();
    assert.equal(meter.memory.peakBytes, meter.memory.aliveBytes);
  });

  await test('pipelines are timed, and the hooks take no error from the scopes of the library', async () => {
    const { meter, device } = await open();
    const count = meter.pipelines.length;
    const module = device.createShaderModule({ code: SHADER });
    device.pushErrorScope('validation');
    device.createComputePipeline({ label: 'good', layout: 'auto', compute: { module, entryPoint: 'twice' } });
    device.createComputePipeline({ label: 'bad', layout: 'auto', compute: { module, entryPoint: 'nowhere' } });
    assert.equal((await device.popErrorScope())?.constructor.name, 'GPUValidationError');
    await device.createComputePipelineAsync({ label: 'async', layout: 'auto', compute: { module, entryPoint: 'twice' } });
    const [good, , late] = meter.pipelines.slice(count);
    assert.deepEqual([good.label, good.code, good.entryPoint, good.isAsync, late.isAsync], ['good', SHADER, 'twice', false, true]);
    assert.ok(good.builtMs > 0 && late.builtMs > 0);
    device.destroy();
  });

  await test('times of passes, and statistics', async () => {
    const about = ['// y = LayerNorm(x + residual). A workgroup computes a row.\nx', `// ${'word '.repeat(30)}`, 'alias T = f32;\n// not the first line'].map(aboutShader);
    assert.deepEqual(about, ['y = LayerNorm(x + residual). A workgroup computes a row.', 'word word word word word word word word word word word word', '']);
    assert.deepEqual(passTimes([1_000_000n, 3_500_000n, 0n, 0n, 5n, 4n, 7_000_000n, 7_000_000n]), [2.5, 0]);
    assert.deepEqual([median([3, 1, 2]), median([4, 1, 2, 3]), percentile([1, 2, 3, 4, 5], 0.9), percentile([7], 0.1)], [2, 2.5, 4.6, 7]);
    assert.ok(Number.isNaN(median([])));
    assert.deepEqual(summary([2.00049, 1, 4]), { median: 2, min: 1, max: 4, count: 3 });
    assert.deepEqual([maxDifference([1, 5], [2, 3]), maxDifference([1], [1, 2]), maxDifference([NaN, 0], [0, 0]), maxDifference([0, 1], [NaN, 1])], [2, Infinity, Infinity, Infinity]);
  });

  await test('answers are compared by entity', async () => {
    const entity = (start, label, logit) => ({ start, end: start + 1, label, logit });
    const [a, b] = [{ entities: [[entity(0, 'PER', 5), entity(3, 'LOC', 2)], [entity(1, 'ORG', 1)]], hidden: [0, 1] }, { entities: [[entity(0, 'PER', 5.5), entity(3, 'LOC', 2)], [entity(1, 'LOC', 9)]], hidden: [0, 1.25] }];
    assert.deepEqual(compareAnswers(a, b), { texts: 2, entities: 3, differentTexts: 1, maxLogitDifference: 0.5, maxHiddenDifference: 0.25 });
  });

  await test('shapes that would take too long are left out', async () => {
    const luke = { forward: (list) => new Promise((resolve) => setTimeout(resolve, list.length * list[0].inputIds.length)) };
    const shape = (words, batch) => ({ words, entities: 0, batch });
    const seen = [];
    const [small, large] = await passes(luke, undefined, [shape(10, 2), shape(1000, 10)], { rounds: 3, budgetMs: 1000, longestMs: 5000 }, (pass) => seen.push(pass));
    assert.deepEqual([small.rows, small.wallMs.count, small.work], [20, 3, undefined]);
    assert.ok(small.rowsPerSecond > 300 && small.rowsPerSecond <= 1000, String(small.rowsPerSecond));
    assert.match(large.skipped, /it would take about \d+ ms/);
    assert.deepEqual(seen, [small, large]);
    assert.deepEqual(inputs({ words: 3, entities: 2, batch: 2 })[1], { inputIds: [0, 6, 7], entityIds: [1, 1], entityPositionIds: [[0, 1], [1, 2]] });
  });

  await test('a step that fails or hangs is told, and its error is a row of the table', async () => {
    const fails = await runStep({ name: 'loadGpu', limitMs: 1000, run: async () => { throw Object.assign(new Error('no GPU'), { code: 'unsupported' }); } });
    const hangs = await runStep({ name: 'memory', limitMs: 20, run: () => new Promise(() => {}) });
    assert.deepEqual(fails.error, { name: 'Error', message: 'no GPU', code: 'unsupported' });
    assert.match(hangs.error.message, /did not end within 0.02 s/);
    assert.deepEqual((await runStep({ name: 'a', limitMs: 1000, run: async () => 7 })).result, 7);
    assert.deepEqual(rowsOf([fails]), [{ what: 'Loading on WebGPU', value: 'failed: no GPU', isBad: true }]);
  });
}

/** A function that submits `submits` times one pass of `dispatches`. */
function work(device) {
  const module = device.createShaderModule({ code: SHADER });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'twice' } });
  const values = device.createBuffer({ size: 1 << 20, usage: GPUBufferUsage.STORAGE });
  const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer: values } }] });
  return (dispatches, submits, descriptor) => {
    for (let i = 0; i < submits; i += 1) {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass(descriptor);
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      for (let j = 0; j < dispatches; j += 1) pass.dispatchWorkgroups(4096);
      pass.end();
      device.queue.submit([encoder.finish()]);
    }
  };
}
