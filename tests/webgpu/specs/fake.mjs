// The fake over the adapter that is here, without our wasm module: each fault looks as WebGPU says.
import assert from 'node:assert/strict';
import { fake } from '../world.mjs';

const SHADER = `@group(0) @binding(0) var<storage, read_write> values: array<f32>;
@compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3u) { values[id.x] *= 2; }`;

export default async function ({ test: run }) {
  const test = (name, body) => run(name, async () => {
    try {
      await body();
    } finally {
      fake.plan();
    }
  });

  await test('without a plan it computes, and counts calls', async () => {
    fake.plan();
    assert.deepEqual(await double(await open(), [1, 2, 3, 4]), [2, 4, 6, 8]);
    const { 'GPUAdapter.requestDevice': devices, 'GPUDevice.createBuffer': buffers, 'GPUQueue.submit': submits } = fake.calls;
    assert.deepEqual([devices, buffers, submits], [1, 2, 1]);
  });

  await test('attributes that are missing come back with the next plan', async () => {
    fake.plan({ missing: ['GPUDevice.adapterInfo', 'GPU.wgslLanguageFeatures'] });
    const device = await open();
    assert.deepEqual([device.adapterInfo, 'adapterInfo' in GPUDevice.prototype, navigator.gpu.wgslLanguageFeatures], [undefined, false, undefined]);
    fake.plan();
    assert.ok('adapterInfo' in GPUDevice.prototype && device.adapterInfo && navigator.gpu.wgslLanguageFeatures.size > 0);
    assert.throws(() => fake.plan({ missing: ['GPUDevice.nothing'] }), /missing here already/);
    assert.throws(() => fake.plan({ faults: [{ method: 'GPUDevice.nothing', does: 'throw' }] }), /cannot fail/);
  });

  await test('without onuncapturederror, only a listener hears of an error', async () => {
    fake.plan({ missing: ['GPUDevice.onuncapturederror'] });
    const device = await open();
    const heard = [];
    device.onuncapturederror = () => heard.push('attribute');
    device.addEventListener('uncapturederror', ({ error }) => heard.push(error.constructor.name));
    device.createShaderModule({ code: 'not WGSL' });
    await device.queue.onSubmittedWorkDone();
    await turn();
    assert.deepEqual(heard, ['GPUValidationError']);
  });

  await test('the info of the first adapter is that of the plan', async () => {
    fake.plan({ info: { vendor: 'test' } });
    const [first, second] = [await navigator.gpu.requestAdapter(), await navigator.gpu.requestAdapter()];
    assert.equal(first.info.vendor, 'test');
    assert.ok(second.info instanceof GPUAdapterInfo);
  });

  await test('an adapter with default limits, and one without a feature', async () => {
    fake.plan({ defaultLimits: true });
    const before = fake.devices.length;
    const { limits } = await navigator.gpu.requestAdapter();
    assert.deepEqual([limits.maxBufferSize, limits.maxStorageBufferBindingSize, limits.maxComputeWorkgroupStorageSize], [268435456, 134217728, 16384]);
    assert.equal(fake.devices.length, before, 'the device that knew the limits is gone');
    fake.plan();
    const { features } = await navigator.gpu.requestAdapter();
    const [one, ...others] = features;
    fake.plan({ withoutFeatures: [one] });
    const adapter = await navigator.gpu.requestAdapter();
    assert.deepEqual([...adapter.features].sort(), others.sort());
    await assert.doesNotReject(adapter.requestDevice({ requiredFeatures: [] }));
  });

  await test('a language feature that is taken away is not listed, and a shader that needs it does not compile', async () => {
    const uses = '@compute @workgroup_size(1) fn main() { let x = dot4I8Packed(1u, 2u); }';
    const names = '@compute @workgroup_size(1) fn main() {} // without dot4I8Packed';
    const feature = 'packed_4x8_integer_dot_product';
    for (const [without, code, error] of [[[], uses, null], [[feature], uses, 'GPUValidationError'], [[feature], names, null]]) {
      fake.plan({ withoutLanguageFeatures: without });
      assert.equal(navigator.gpu.wgslLanguageFeatures.has(feature), without.length === 0);
      const device = await open();
      device.pushErrorScope('validation');
      device.createShaderModule({ code });
      assert.equal((await device.popErrorScope())?.constructor.name ?? null, error);
    }
  });

  await test('a lost device says so, and its buffers cannot be mapped', async () => {
    fake.plan();
    const device = await open();
    const buffer = device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    fake.lose('the laptop slept');
    const { reason, message } = await device.lost;
    assert.deepEqual([reason, message, fake.devices.at(-1).destroyed], ['unknown', 'the laptop slept', 0]);
    await assert.rejects(buffer.mapAsync(GPUMapMode.READ));
    const next = await open();
    next.destroy();
    assert.deepEqual([(await next.lost).reason, fake.devices.at(-1).destroyed], ['destroyed', 1]);
  });

  await test('a device that is lost in a submit', async () => {
    fake.plan({ faults: [{ method: 'GPUQueue.submit', call: 2, does: 'lose' }] });
    const device = await open();
    assert.deepEqual(await double(device, [1]), [2]);
    await assert.rejects(double(device, [1]));
    assert.equal((await device.lost).reason, 'unknown');
    assert.deepEqual(await double(await open(), [1]), [2]);
  });

  await test('out of memory: the buffer is invalid, and the error goes to its scope or to the event', async () => {
    const usage = GPUBufferUsage.STORAGE;
    fake.plan({ faults: [{ method: 'GPUDevice.createBuffer', call: 2, does: 'out-of-memory' }] });
    const device = await open();
    const heard = [];
    device.onuncapturederror = ({ error }) => heard.push(error.constructor.name);
    device.createBuffer({ size: 16, usage });
    device.createBuffer({ size: 16, usage });
    device.createBuffer({ size: 16, usage });
    await turn();
    assert.deepEqual(heard, ['GPUOutOfMemoryError']);

    fake.plan({ faults: [{ method: 'GPUDevice.createBuffer', call: 1, does: 'out-of-memory' }] });
    for (const filter of ['out-of-memory', 'validation', 'out-of-memory']) device.pushErrorScope(filter);
    device.createBuffer({ size: 16, usage });
    const errors = [];
    for (let i = 0; i < 3; i += 1) errors.push((await device.popErrorScope())?.message ?? null);
    assert.deepEqual(errors, ['no memory for a buffer of 16 bytes', null, null]);
    await turn();
    assert.equal(heard.length, 1);
  });

  await test('a buffer without memory cannot be used', async () => {
    fake.plan({ faults: [{ method: 'GPUDevice.createBuffer', call: 1, does: 'out-of-memory' }] });
    const device = await open();
    const heard = [];
    device.onuncapturederror = ({ error }) => heard.push(error.constructor.name);
    assert.notDeepEqual(await double(device, [1]).catch(() => 'rejected'), [2]);
    await turn();
    assert.deepEqual([heard[0], heard.includes('GPUValidationError')], ['GPUOutOfMemoryError', true], 'the cause comes first');
  });

  await test('methods that throw, reject, hang and give null', async () => {
    const device = await open();
    fake.plan({ faults: [{ method: 'GPUBuffer.mapAsync', call: 1, does: 'reject' }, { method: 'GPUDevice.createBindGroup', call: 2, does: 'throw' }] });
    await assert.rejects(double(device, [1]), { name: 'OperationError' });
    await assert.rejects(double(device, [1]), TypeError);
    assert.deepEqual(await double(device, [1]), [2]);
    fake.plan({ faults: [{ method: 'GPU.requestAdapter', call: 1, does: 'null' }, { method: 'GPU.requestAdapter', call: 2, does: 'hang' }] });
    assert.equal(await navigator.gpu.requestAdapter(), null);
    assert.equal(await Promise.race([navigator.gpu.requestAdapter(), turn().then(() => 'hangs')]), 'hangs');
  });

  await test('invalid arguments are errors of the device', async () => {
    for (const method of ['GPUDevice.createShaderModule', 'GPUDevice.createComputePipeline', 'GPUComputePassEncoder.dispatchWorkgroups']) {
      fake.plan({ faults: [{ method, does: 'invalid' }] });
      const device = await open();
      device.pushErrorScope('validation');
      await double(device, [1]).catch(() => {});
      assert.equal((await device.popErrorScope())?.constructor.name, 'GPUValidationError', method);
    }
  });
}

async function open() {
  const adapter = await navigator.gpu.requestAdapter();
  return adapter.requestDevice();
}

/** Time for an event of the device to come. */
function turn() {
  return new Promise((resolve) => setTimeout(resolve, 50));
}

/** Doubles numbers on a device. */
async function double(device, numbers) {
  const size = 4 * numbers.length;
  const module = device.createShaderModule({ code: SHADER });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'main' } });
  const values = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC });
  const result = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  device.queue.writeBuffer(values, 0, new Float32Array(numbers));
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer: values } }] }));
  pass.dispatchWorkgroups(Math.ceil(numbers.length / 4));
  pass.end();
  encoder.copyBufferToBuffer(values, 0, result, 0, size);
  device.queue.submit([encoder.finish()]);
  await result.mapAsync(GPUMapMode.READ);
  return [...new Float32Array(result.getMappedRange())];
}
