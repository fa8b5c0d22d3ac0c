// What the package must do when the GPU fails: every load and call settles in time with the right code, and the next one works.
// The cases run in Node.js (specs/faults.mjs), and those of `BROWSER_CASES` also in a worker of a page (../browser/specs/gpu-faults.mjs),
// so this file imports nothing.

const SETTLE_MS = 15_000;
/** The limit for a device that does not answer. The package's own is longer than a test waits. */
const SILENT_MS = 2000;
/** An adapter that does not look like software. */
const REAL_GPU = { vendor: 'test', architecture: 'gpu', device: '', description: 'a GPU of the tests', isFallbackAdapter: false };
const INPUT = [{ inputIds: [0, 5, 6, 7, 8, 2] }, { head: 'model' }];

const once = (method, does, call = 1) => ({ faults: [{ method, does, call }] });
const always = (method, does) => ({ faults: [{ method, does }] });

/**
 * Faults of a load, and the code of its error. `plan` may be a function of the numbers of calls in a load that works. `frees`: the device
 * that failed must be destroyed, because it still holds memory.
 */
const LOADS = {
  'no GPUDevice.adapterInfo': { plan: { missing: ['GPUDevice.adapterInfo'] }, code: 'unsupported' },
  'no GPU.wgslLanguageFeatures': { plan: { missing: ['GPU.wgslLanguageFeatures'] }, code: 'unsupported' },
  'no adapter': { plan: always('GPU.requestAdapter', 'null'), code: 'unsupported' },
  'requestAdapter rejects': { plan: always('GPU.requestAdapter', 'reject'), code: 'unsupported' },
  'requestAdapter throws': { plan: always('GPU.requestAdapter', 'throw'), code: 'unsupported' },
  'requestAdapter does not answer': { plan: always('GPU.requestAdapter', 'hang'), code: 'unsupported', options: { stallMs: SILENT_MS } },
  'requestDevice rejects': { plan: always('GPUAdapter.requestDevice', 'reject'), code: 'unsupported' },
  'requestDevice throws': { plan: always('GPUAdapter.requestDevice', 'throw'), code: 'internal' },
  'requestDevice does not answer': { plan: always('GPUAdapter.requestDevice', 'hang'), code: 'unsupported', options: { stallMs: SILENT_MS } },
  'a shader does not compile': { plan: once('GPUDevice.createShaderModule', 'invalid'), code: 'device-lost', frees: true },
  'a shader does not compile, no onuncapturederror': {
    plan: { ...once('GPUDevice.createShaderModule', 'invalid'), missing: ['GPUDevice.onuncapturederror'] }, code: 'device-lost', frees: true,
  },
  'out of memory at the first buffer': { plan: once('GPUDevice.createBuffer', 'out-of-memory'), code: 'out-of-memory', frees: true },
  'out of memory at a buffer in the middle': { plan: (calls) => once('GPUDevice.createBuffer', 'out-of-memory', calls['GPUDevice.createBuffer'] >> 1), code: 'out-of-memory', frees: true },
  'out of memory at the last buffer': { plan: (calls) => once('GPUDevice.createBuffer', 'out-of-memory', calls['GPUDevice.createBuffer']), code: 'out-of-memory', frees: true },
  'out of memory, no onuncapturederror': {
    plan: { ...once('GPUDevice.createBuffer', 'out-of-memory', 3), missing: ['GPUDevice.onuncapturederror'] }, code: 'out-of-memory', frees: true,
  },
  'the device is lost at the first buffer': { plan: once('GPUDevice.createBuffer', 'lose'), code: 'device-lost' },
  'the device is lost in a submit': { plan: once('GPUQueue.submit', 'lose'), code: 'device-lost' },
  'mapAsync rejects': { plan: once('GPUBuffer.mapAsync', 'reject'), code: 'device-lost', frees: true },
  'createBuffer throws': { plan: once('GPUDevice.createBuffer', 'throw'), code: 'internal' },
  'createComputePipeline is missing': { plan: { missing: ['GPUDevice.createComputePipeline'] }, code: 'internal' },
  'writeBuffer throws': { plan: once('GPUQueue.writeBuffer', 'throw'), code: 'internal' },
  'submit throws': { plan: once('GPUQueue.submit', 'throw'), code: 'internal' },
  'mapAsync throws': { plan: once('GPUBuffer.mapAsync', 'throw'), code: 'internal' },
  'getMappedRange throws': { plan: once('GPUBuffer.getMappedRange', 'throw'), code: 'internal' },
};

/** Faults of a call of a model that is loaded. */
const CALLS = {
  'the device is lost': { plan: once('GPUQueue.submit', 'lose'), code: 'device-lost' },
  'the device is lost while a result is read': { plan: once('GPUBuffer.mapAsync', 'lose'), code: 'device-lost' },
  'out of memory at the first buffer': { plan: once('GPUDevice.createBuffer', 'out-of-memory'), code: 'out-of-memory', frees: true },
  'out of memory at the second buffer': { plan: once('GPUDevice.createBuffer', 'out-of-memory', 2), code: 'out-of-memory', frees: true },
  'an invalid command': { plan: once('GPUComputePassEncoder.dispatchWorkgroups', 'invalid'), code: 'device-lost', frees: true },
  'mapAsync rejects': { plan: once('GPUBuffer.mapAsync', 'reject'), code: 'device-lost', frees: true },
  'createBindGroup throws': { plan: once('GPUDevice.createBindGroup', 'throw'), code: 'internal' },
  'beginComputePass is missing': { plan: { missing: ['GPUCommandEncoder.beginComputePass'] }, code: 'internal' },
  'submit throws': { plan: once('GPUQueue.submit', 'throw'), code: 'internal' },
  'mapAsync throws': { plan: once('GPUBuffer.mapAsync', 'throw'), code: 'internal' },
  'getMappedRange throws': { plan: once('GPUBuffer.getMappedRange', 'throw'), code: 'internal' },
};

/** Kernels, and a text that only their shaders have. */
const SHADERS = {
  linear: 'out_features', entity_attention: 'entity_query', add_layer_norm: 'epsilon', gather_rows: 'params.rows[i]', stack_rows: 'upper[i]', tanh: 'tanh(',
};

/** All cases by name. Each takes a world: `lukeWeb`, `fake`, `url` of a model, `options` of a load, and `fresh()`, which makes a new wasm instance. */
export const CASES = {
  'load: a browser without onuncapturederror works': (world) => loadsWithout(world, ['GPUDevice.onuncapturederror']),
  ...Object.fromEntries(Object.entries(LOADS).flatMap(([name, fault]) => [
    [`load: ${name}`, (world) => failedLoad(world, fault)],
    [`load, auto: ${name}`, (world) => fallback(world, fault)],
  ])),
  ...Object.fromEntries(Object.entries(CALLS).map(([name, fault]) => [`call: ${name}`, (world) => failedCall(world, fault, false)])),
  'call, no onuncapturederror: an invalid command': (world) => failedCall(world, CALLS['an invalid command'], true),
  'call, no onuncapturederror: out of memory': (world) => failedCall(world, CALLS['out of memory at the second buffer'], true),
  ...Object.fromEntries(Object.entries(SHADERS).map(([name, text]) => [`load: ${name} computes wrongly`, (world) => wrongShader(world, name, text)])),
  'call: the GPU drops the work and reports nothing': droppedWork,
  'call: the device is lost again and again': (world) => lostForGood(world, 'webgpu'),
  'call, auto: the device is lost again and again': (world) => lostForGood(world, 'auto'),
  'dispose: the memory of the GPU is given back': disposed,
  'idle: the device is lost, and the next call works': (world) => lostWhileIdle(world, false),
  'idle: the device is lost, and the next load works': (world) => lostWhileIdle(world, true),
};

/** What the fake does by itself, before the WebGPU of the browser is asked: in Node.js it is the same. */
const BY_THE_FAKE = new Set(['null', 'reject', 'throw', 'hang']);
const isByTheFake = ({ plan }) => plan.missing?.some((name) => name !== 'GPUDevice.onuncapturederror') || plan.faults?.some(({ does }) => BY_THE_FAKE.has(does));

/** The cases in which the WebGPU of a browser has a part. A fallback to the CPU is the same everywhere. */
export const BROWSER_CASES = Object.keys(CASES).filter((name) => {
  const [kind, ...rest] = name.split(': ');
  const fault = { load: LOADS, call: CALLS }[kind]?.[rest.join(': ')];
  return kind !== 'load, auto' && !(fault && isByTheFake(fault));
});

/** Time for the engine to free what was disposed, and for what waits for a lost device to end. */
const QUIET_MS = 50;

const pause = () => new Promise((resolve) => setTimeout(resolve, QUIET_MS));

/** A function that makes a new wasm instance, which opens a new device. `script` is the module's luke_web.js. All models must have been disposed. */
export function freshInstances(fake, script) {
  let isFirst = true;
  return async () => {
    fake.lose('the test has ended');
    await pause();
    if (!isFirst) script.__wbg_reset_state();
    isFirst = false;
  };
}

async function loadsWithout(world, missing) {
  const problems = new Problems();
  await start(world, { missing });
  await works(world, problems, 'the load');
  problems.report();
}

/** A load on WebGPU rejects with a code. */
async function failedLoad(world, { plan, code, frees, options }) {
  const problems = new Problems();
  await start(world, await planOf(world, plan));
  const result = await settle(load(world, options));
  problems.code('the load', result, code);
  const { devices } = world.fake;
  world.fake.plan();
  await works(world, problems, 'the next load');
  if (frees) problems.freed(devices);
  problems.report();
}

/** A load on the best device falls back to the CPU. */
async function fallback(world, { plan, options }) {
  const problems = new Problems();
  await start(world, { ...(await planOf(world, plan)), info: REAL_GPU });
  const result = await settle(load(world, { device: 'auto', ...options }));
  const { device, fallbackReason } = result.value?.info ?? {};
  problems.expect('the load', result.value ? device : told(result), 'wasm');
  if (result.value) {
    problems.expect('it tells a reason', typeof fallbackReason, 'string');
    problems.expect('the call', await sum(result.value), world.expected);
    await result.value.dispose();
  }
  problems.report();
}

/** A call of a loaded model meets a fault: of the device, then it is repeated on a new one; of the program, then it rejects. */
async function failedCall(world, { plan, code, frees }, isSafari) {
  const problems = new Problems();
  await start(world, isSafari ? { missing: ['GPUDevice.onuncapturederror'] } : {});
  const luke = await load(world);
  const { devices } = world.fake;
  world.fake.plan(isSafari ? { ...plan, missing: ['GPUDevice.onuncapturederror'] } : plan);
  if (code === 'internal') problems.code('the call', await settle(luke.forward(...INPUT)), code);
  else problems.expect('the call', await sum(luke), world.expected);
  world.fake.plan();
  problems.expect('the next call', await sum(luke), world.expected);
  problems.expect('its device', luke.info.device, 'webgpu');
  if (frees) problems.freed(devices);
  await luke.dispose();
  await works(world, problems, 'the next load');
  problems.report();
}

/** A call whose device is lost again and again rejects; with `auto`, the CPU computes it. */
async function lostForGood(world, device) {
  const problems = new Problems();
  await start(world, { info: REAL_GPU });
  const luke = await load(world);
  world.fake.plan({ ...always('GPUQueue.submit', 'lose'), info: REAL_GPU });
  problems.code('the call', await settle(luke.forward(...INPUT)), 'device-lost');
  await luke.dispose();
  if (device === 'auto') {
    const { value: other } = await settle(load(world, { device }));
    problems.expect('the device of auto', other?.info.device, 'wasm');
    problems.expect('its call', other && (await sum(other)), world.expected);
    await other?.dispose();
  }
  world.fake.plan();
  await works(world, problems, 'the next load');
  problems.report();
}

/** What `dispose` gives back: the device, unless another model uses it. */
async function disposed(world) {
  const problems = new Problems();
  await start(world);
  const models = [await load(world), await load(world)];
  const { devices } = world.fake;
  problems.expect('the devices of two models', devices.length, 1);
  await models[0].dispose();
  await pause();
  problems.expect('how often the device was destroyed while a model used it', devices[0].destroyed, 0);
  problems.expect('the call of that model', await sum(models[1]), world.expected);
  await models[1].dispose();
  await pause();
  problems.expect('how often the device was destroyed after the last model', devices[0].destroyed, 1);
  await works(world, problems, 'the next load');
  problems.report();
}

/** A driver that compiles a shader to something else is found out while the model is loaded. */
async function wrongShader(world, name, text) {
  const problems = new Problems();
  await start(world, { faults: [{ method: 'GPUDevice.createShaderModule', does: 'wrong', text }] });
  const result = await settle(load(world));
  problems.code('the load', result, 'unsupported');
  if (!result.error?.message.includes(`the kernel ${name}`)) problems.expect('what it names', result.error?.message, name);
  world.fake.plan();
  await works(world, problems, 'the next load');
  problems.report();
}

/** Work that never ran is found out: what is left in the buffers of the call before is no result. */
async function droppedWork(world) {
  const problems = new Problems();
  await start(world);
  const luke = await load(world);
  for (const call of [1, 2]) {
    await settle(luke.forward({ inputIds: [0, 9, 9, 9, 9, 2] }, { head: 'model' }));
    world.fake.plan(once('GPUQueue.submit', 'drop', call));
    problems.expect(`the call whose submit ${call} was dropped`, await sum(luke), world.expected);
    world.fake.plan();
  }
  await luke.dispose();
  problems.report();
}

/** A device that is lost while nothing runs is noticed, and replaced by the next call or load. */
async function lostWhileIdle(world, isLoad) {
  const problems = new Problems();
  await start(world);
  const luke = await load(world);
  world.fake.lose('the laptop slept');
  await pause();
  if (isLoad) await works(world, problems, 'the next load');
  problems.expect(isLoad ? 'the call after it' : 'the next call', await sum(luke), world.expected);
  await luke.dispose();
  problems.report();
}

/** Finds what a load and a call give without faults, once. */
async function start(world, plan) {
  if (!world.expected) {
    await world.fresh();
    world.fake.plan();
    const luke = await load(world);
    world.calls = { ...world.fake.calls };
    world.expected = await sum(luke);
    if (typeof world.expected !== 'string') throw new Error(`without a fault: ${JSON.stringify(world.expected)}`);
    await luke.dispose();
  }
  await world.fresh();
  world.fake.plan(plan);
}

async function planOf(world, plan) {
  if (typeof plan !== 'function') return plan;
  await start(world);
  return plan(world.calls);
}

function load({ lukeWeb, url, options }, more = {}) {
  return lukeWeb.Luke.load(url, { device: 'webgpu', retries: 0, ...options, ...more });
}

/** A load on WebGPU and a call work. */
async function works(world, problems, what) {
  const { value: luke, ...result } = await settle(load(world));
  problems.expect(what, luke ? luke.info.device : told(result), 'webgpu');
  if (!luke) return;
  problems.expect(`the call of ${what}`, await sum(luke), world.expected);
  await luke.dispose();
}

/** What the model computes, as text, or what went wrong. */
async function sum(luke) {
  const result = await settle(luke.forward(...INPUT));
  const { lastHiddenState } = result.value ?? {};
  return lastHiddenState ? `${lastHiddenState.shape} ${[...lastHiddenState.data].slice(0, 8).map((value) => value.toFixed(3))}` : told(result);
}

/** The outcome of a promise: `{ value }`, `{ error }`, or `{ hangs: true }`. */
async function settle(promise) {
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, SETTLE_MS, { hangs: true })));
  const result = await Promise.race([promise.then((value) => ({ value }), (error) => ({ error })), late]);
  clearTimeout(timer);
  return result;
}

/** A result as plain data. */
function told({ hangs, error, value }) {
  if (hangs) return { hangs };
  return error ? { code: error.code, message: String(error.message ?? error).slice(0, 200) } : { value: String(value) };
}

/** Collects what is not as it should be, so that a case tells all of it. */
class Problems {
  #list = [];

  expect(what, actual, wanted) {
    if (actual !== wanted) this.#list.push(`${what}: ${JSON.stringify(actual)} in place of ${JSON.stringify(wanted)}`);
  }

  code(what, result, wanted) {
    if (result.error?.code !== wanted) this.#list.push(`${what}: ${JSON.stringify(told(result))} in place of the code ${wanted}`);
  }

  /** The device that failed was destroyed, so that its memory is free. */
  freed(devices) {
    this.expect('how often the device that failed was destroyed', devices.at(0)?.destroyed, 1);
  }

  report() {
    if (this.#list.length > 0) throw new Error(this.#list.join('\n'));
  }
}
