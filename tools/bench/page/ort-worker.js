import { serve } from './rpc.js';

const DIST = '/npm/onnxruntime-web/dist/';
const prepared = new Map();
let ort;
let session;

serve({
  async load({ url, device, threads }) {
    ort = await import(`${DIST}ort.${device}.min.mjs`);
    ort.env.wasm.wasmPaths = DIST;
    ort.env.wasm.numThreads = threads;
    session = await ort.InferenceSession.create(url, { executionProviders: [device], graphOptimizationLevel: 'all' });
  },
  prepare(key, arrays) {
    const tensor = ({ shape, data }) => new ort.Tensor('int64', BigInt64Array.from(data, BigInt), shape);
    prepared.set(key, Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, tensor(array)])));
  },
  async run(key) {
    const results = await session.run(prepared.get(key));
    return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [camel(name), [...data]]));
  },
});

function camel(name) {
  return name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
}
