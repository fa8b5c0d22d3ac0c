// The module and its shaders on devices that can do less than this one.
import assert from 'node:assert/strict';
import { camelKeys, compareOutputs, headsByCheckpoint } from '../../browser/fixtures.mjs';
import { fake, fresh, lukeWeb, OPTIONS, site } from '../world.mjs';

/** A device has this feature although nobody asked for it. */
const ALWAYS = 'core-features-and-limits';
/** Without this one CubeCL cannot start (cubecl-wgpu, compute/stream.rs): a test of its own tells of that. */
const TIMESTAMPS = 'timestamp-query';

export default async function ({ test }) {
  const heads = headsByCheckpoint();
  fake.plan();
  const adapter = await navigator.gpu.requestAdapter();
  const features = [...adapter.features].filter((name) => name !== ALWAYS);
  const language = [...navigator.gpu.wgslLanguageFeatures];

  const least = { defaultLimits: true, withoutFeatures: features.filter((name) => name !== TIMESTAMPS), withoutLanguageFeatures: language };
  for (const checkpoint of Object.keys(heads)) {
    await test(`default limits, few features: ${checkpoint}`, () => agrees(checkpoint, heads[checkpoint], least));
  }
  await test('default limits, few features: int8 gives the same outputs as the native build', () => passesSelfTest('micro-span_cls-q8', least));
  await test('default limits, no optional feature', () => agrees('micro-span_cls', heads['micro-span_cls'], { ...least, withoutFeatures: features }));
  await test('int8 with dot4I8Packed and without it', async () => {
    for (const withoutLanguageFeatures of [[], language]) await passesSelfTest('micro-span_cls-q8', { withoutLanguageFeatures });
  });
  for (const feature of features) {
    await test(`without ${feature}`, () => agrees('micro-span_cls', heads['micro-span_cls'].slice(0, 3), { withoutFeatures: [feature] }));
  }
  fake.plan();
}

/** The checkpoint gives the reference's outputs on a device of this plan. */
function agrees(checkpoint, entries, plan) {
  return onDevice(plan, checkpoint, async (luke) => {
    const inputs = entries.map(({ inputs }) => camelKeys(inputs));
    const outputs = await luke.forward(inputs);
    entries.forEach((entry, i) => compareOutputs(entry, outputs[i]));
  });
}

function passesSelfTest(checkpoint, plan) {
  return onDevice(plan, checkpoint, async ({ info: { selfTest } }) => {
    assert.ok(selfTest.maxError <= selfTest.tolerance, `off by ${selfTest.maxError}`);
  });
}

async function onDevice(plan, checkpoint, work) {
  await fresh();
  fake.plan(plan);
  const luke = await lukeWeb.Luke.load(`${site.url}models/${checkpoint}/`, { ...OPTIONS, device: 'webgpu' });
  try {
    assert.equal(fake.devices.length, 1);
    const [{ device }] = fake.devices;
    for (const feature of plan.withoutFeatures ?? []) assert.ok(!device.features.has(feature), `the device has ${feature}`);
    if (plan.defaultLimits) assert.equal(device.limits.maxStorageBufferBindingSize, 134217728);
    await work(luke);
  } finally {
    await luke.dispose();
  }
}
