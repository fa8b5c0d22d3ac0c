// A GPU that fails on demand. It stands over the WebGPU of a page, or of Dawn in Node.js (dawn.mjs), and computes as that
// one does until a plan says otherwise. A page imports this module before it loads the package.

/**
 * What a GPU may do wrong.
 *
 * @typedef {object} Plan
 * @property {string[]} [missing] Attributes and methods that the browser does not have, such as `GPUDevice.adapterInfo`.
 * @property {object} [info] Replaces the `info` of the first adapter: the one by which the package chooses the device.
 * @property {boolean} [defaultLimits] The adapter has the default limits and no better ones.
 * @property {string[]} [withoutFeatures] Optional features that the adapter does not have.
 * @property {string[]} [withoutLanguageFeatures] WGSL features that the browser does not have.
 * @property {Fault[]} [faults]
 *
 * @typedef {object} Fault
 * @property {string} method For example `GPUDevice.createBuffer`.
 * @property {number} [call] Which call of the method fails, counted from 1 since the plan was made. All of them if there is no number.
 * @property {string} [text] Only shaders with this text fail.
 * @property {'throw' | 'reject' | 'hang' | 'null' | 'lose' | 'invalid' | 'out-of-memory' | 'wrong' | 'drop'} does
 *   `throw`: a TypeError. `reject`, `hang`, `null`: how the promise ends, or that it does not. `lose`: the device is lost after the call.
 *   `invalid`: arguments that WebGPU refuses. `out-of-memory`: a buffer for which there is no memory. `wrong`: a shader that computes
 *   something else. `drop`: nothing is done, and nothing is reported.
 */

/** Methods whose calls are counted and may fail. */
const METHODS = {
  GPU: ['requestAdapter'],
  GPUAdapter: ['requestDevice'],
  GPUDevice: ['createBuffer', 'createShaderModule', 'createComputePipeline', 'createBindGroup', 'createCommandEncoder'],
  GPUQueue: ['submit', 'writeBuffer'],
  GPUBuffer: ['mapAsync', 'getMappedRange'],
  GPUCommandEncoder: ['beginComputePass', 'copyBufferToBuffer', 'finish'],
  GPUComputePassEncoder: ['dispatchWorkgroups'],
};

/** Arguments that WebGPU refuses, made of good ones. */
const INVALID = {
  'GPUDevice.createShaderModule': (descriptor) => [{ ...descriptor, code: `${descriptor.code}\nnot WGSL` }],
  'GPUDevice.createComputePipeline': (descriptor) => [{ ...descriptor, compute: { ...descriptor.compute, entryPoint: 'nowhere' } }],
  'GPUComputePassEncoder.dispatchWorkgroups': () => [1e9, 1, 1],
};

/** A shader that stores other numbers: its last assignment to an element of its result has another sign. */
function wrongly(code) {
  const { index, 0: assignment } = [...code.matchAll(/\b(y|context)\[.*?\] = /g)].at(-1);
  const value = index + assignment.length;
  return `${code.slice(0, value)}-${code.slice(value)}`;
}

/** Functions of WGSL that need a language feature. */
const LANGUAGE = { packed_4x8_integer_dot_product: /\bdot4[IU]8Packed\b/ };

/** Puts the fake over the classes of WebGPU in `scope`. There may be one in a realm. */
export function installFakeGpu(scope = globalThis) {
  return new FakeGpu(scope);
}

class FakeGpu {
  /** The devices that were made since the last `plan`: how often each was destroyed, and whether it is lost. */
  devices = [];
  /** Calls since the last `plan`, by method. */
  calls = {};
  /** @type {Plan} */
  #plan = {};
  #scope;
  /** Properties that the plan has taken from prototypes. */
  #removed = [];
  /** The record of each device. */
  #records = new WeakMap();
  #defaultLimits;
  /** The first adapter since the last `plan`. */
  #firstAdapter;
  /** The methods of `GPUDevice` without the fake. */
  #real;

  constructor(scope) {
    this.#scope = scope;
    const { destroy, pushErrorScope, popErrorScope } = scope.GPUDevice.prototype;
    this.#real = { destroy, pushErrorScope, popErrorScope };
    for (const [type, methods] of Object.entries(METHODS)) for (const method of methods) this.#wrap(type, method);
    this.#wrapScopes();
    this.#wrapDestroy();
    this.#replace('GPUDevice', 'lost', (device, lost) => this.#records.get(device)?.lost ?? lost);
    this.#replace('GPUAdapter', 'info', (adapter, info) => (adapter === this.#firstAdapter && this.#plan.info) || info);
    this.#replace('GPUAdapter', 'limits', (_, limits) => (this.#plan.defaultLimits ? this.#defaultLimits : limits));
    this.#replace('GPUAdapter', 'features', (_, features) => without(features, this.#plan.withoutFeatures));
    this.#replace('GPU', 'wgslLanguageFeatures', (_, features) => without(features, this.#plan.withoutLanguageFeatures));
  }

  /** Replaces the plan, and counts calls and devices anew. Without an argument, everything works. */
  plan(plan = {}) {
    for (const [prototype, name, descriptor] of this.#removed.splice(0)) Object.defineProperty(prototype, name, descriptor);
    for (const path of plan.missing ?? []) {
      const [type, name] = path.split('.');
      const { prototype } = this.#scope[type];
      const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
      if (!descriptor) throw new Error(`${path} is missing here already`);
      this.#removed.push([prototype, name, descriptor]);
      delete prototype[name];
    }
    for (const { method } of plan.faults ?? []) if (!METHODS[method.split('.')[0]]?.includes(method.split('.')[1])) throw new Error(`${method} cannot fail`);
    this.#plan = plan;
    this.calls = {};
    this.#firstAdapter = undefined;
    this.devices = this.devices.filter((record) => !record.isLost);
  }

  /** Loses the devices, as a driver that crashed does. */
  lose(message = 'the driver crashed') {
    for (const record of this.devices) if (!record.isLost) record.lose(message);
  }

  #wrap(type, method) {
    const { prototype } = this.#scope[type];
    const original = prototype[method];
    const fake = this;
    const path = `${type}.${method}`;
    prototype[method] = function (...args) {
      const call = (fake.calls[path] = (fake.calls[path] ?? 0) + 1);
      const { does } = fake.#plan.faults?.find((fault) => fault.method === path && (fault.call ?? call) === call && (!fault.text || args[0].code.includes(fault.text))) ?? {};
      switch (does) {
        case 'throw':
          throw new TypeError(`${path}: this browser cannot do that`);
        case 'reject':
          return Promise.reject(new DOMException(`${path} failed`, 'OperationError'));
        case 'hang':
          return new Promise(() => {});
        case 'null':
          return Promise.resolve(null);
        case 'out-of-memory':
          return fake.#bufferWithoutMemory(this, original, args[0]);
        case 'drop':
          return undefined;
        case 'wrong':
          args = [{ ...args[0], code: wrongly(args[0].code) }];
          break;
        case 'invalid':
          args = INVALID[path](...args);
      }
      if (path === 'GPUDevice.createShaderModule') args = [fake.#withoutLanguage(args[0])];
      const result = fake.#after(path, this, original, args);
      if (does === 'lose') fake.lose();
      return result;
    };
  }

  /** Calls the original, and remembers what it made. */
  #after(path, self, original, args) {
    if (path === 'GPUAdapter.requestDevice') return original.apply(self, args).then((device) => this.#adopt(device));
    if (path === 'GPU.requestAdapter') return this.#requestAdapter(self, original, args);
    return original.apply(self, args);
  }

  async #requestAdapter(gpu, original, args) {
    if (this.#plan.defaultLimits) await this.#findLimits(gpu, original);
    const adapter = await original.apply(gpu, args);
    this.#firstAdapter ??= adapter;
    return adapter;
  }

  async #findLimits(gpu, requestAdapter) {
    if (this.#defaultLimits) return;
    const device = await (await requestAdapter.call(gpu)).requestDevice();
    this.#defaultLimits = device.limits;
    this.#real.destroy.call(device);
    this.devices = this.devices.filter((record) => record.device !== device);
  }

  #adopt(device) {
    let tell;
    const record = { device, destroyed: 0, isLost: false, scopes: [], lost: new Promise((resolve) => (tell = resolve)) };
    device.lost.then((info) => {
      record.isLost = true;
      tell(record.info ?? info);
    });
    record.lose = (message) => {
      record.isLost = true;
      record.info = { reason: 'unknown', message };
      this.#real.destroy.call(device);
    };
    this.#records.set(device, record);
    this.devices.push(record);
    return device;
  }

  #wrapDestroy() {
    const fake = this;
    this.#scope.GPUDevice.prototype.destroy = function () {
      const record = fake.#records.get(this);
      if (record) record.destroyed += 1;
      return fake.#real.destroy.call(this);
    };
  }

  /** Error scopes, which take the errors of the fake too. */
  #wrapScopes() {
    const { prototype } = this.#scope.GPUDevice;
    const { pushErrorScope, popErrorScope } = this.#real;
    const fake = this;
    prototype.pushErrorScope = function (filter) {
      fake.#records.get(this)?.scopes.push({ filter, error: null });
      return pushErrorScope.call(this, filter);
    };
    prototype.popErrorScope = function () {
      const scope = fake.#records.get(this)?.scopes.pop();
      const popped = popErrorScope.call(this);
      return scope?.error ? popped.then((error) => error ?? scope.error) : popped;
    };
  }

  /** An invalid buffer, as WebGPU gives if there is no memory. Its error goes to the innermost error scope, or to the event of the device. */
  #bufferWithoutMemory(device, createBuffer, descriptor) {
    const { GPUOutOfMemoryError, GPUUncapturedErrorEvent, GPUBufferUsage } = this.#scope;
    const error = new GPUOutOfMemoryError(`no memory for a buffer of ${descriptor.size} bytes`);
    const scope = this.#records.get(device).scopes.findLast(({ filter }) => filter === 'out-of-memory');
    if (scope) scope.error ??= error;
    // At once, as Dawn does in Node.js: the errors of commands that use the buffer come later.
    else device.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', { error, cancelable: true }));
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.MAP_WRITE; // these exclude each other
    this.#real.pushErrorScope.call(device, 'validation');
    const buffer = createBuffer.call(device, { ...descriptor, usage });
    this.#real.popErrorScope.call(device).catch(() => {});
    return buffer;
  }

  /** A shader that does not compile if it uses a language feature that the plan has taken away. */
  #withoutLanguage(descriptor) {
    const code = descriptor.code.replace(/\/\/.*/g, '');
    const uses = this.#plan.withoutLanguageFeatures?.find((feature) => LANGUAGE[feature]?.test(code));
    return uses ? { ...descriptor, code: `${descriptor.code}\nneeds ${uses}` } : descriptor;
  }

  #replace(type, name, value) {
    const { prototype } = this.#scope[type];
    const { get, ...descriptor } = Object.getOwnPropertyDescriptor(prototype, name);
    Object.defineProperty(prototype, name, { ...descriptor, get() { return value(this, get.call(this)); } });
  }
}

function without(features, names) {
  return names ? new Set([...features].filter((name) => !names.includes(name))) : features;
}
