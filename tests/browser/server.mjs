// The test site: the built package, the models, the demo, and models with something wrong with them.
import { createReadStream, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ISOLATION, listen, staticFiles } from '../../www/serve.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Where the build puts the micro checkpoints as model folders. */
export const MODELS = at('.models');
const MODEL = 'micro-span_cls';

let replaced = false;

/** What is wrong with the model under `/faults/NAME/`: `(path, response) => true` when it answered itself. */
const FAULTS = {
  html: (_path, response) => send(response, '<!doctype html><title>An app</title>', 'text/html'),
  json: (_path, response) => send(response, '{"model_type":"luke"}'),
  version: (path, response) => path === 'manifest.json' && send(response, JSON.stringify({ ...manifest(), version: 99 })),
  outside: (path, response) => {
    const json = manifest();
    json.chunks[0].path = '../../secret.bin';
    return path === 'manifest.json' && send(response, JSON.stringify(json));
  },
  missing: (path, response) => path === manifest().chunks[0].path && send(response, 'gone', 'text/plain', 404),
  truncated: (path, response) => path === manifest().chunks[0].path && send(response, bytes(path).subarray(0, -100)),
  flipped: (path, response) => {
    if (path !== manifest().chunks[0].path) return false;
    const wrong = Buffer.from(bytes(path));
    wrong[wrong.length >> 1] ^= 1;
    return send(response, wrong);
  },
  tokenizer: (path, response) => path === manifest().files.tokenizer.path && send(response, bytes(path).subarray(0, 50)),
  // A model replaced in its place: the browser may keep each file, and has had an earlier model's.
  replaced: (path, response) => {
    response.setHeader('cache-control', 'max-age=3600');
    if (path !== manifest().chunks[0].path || replaced) return false;
    replaced = true;
    return send(response, Buffer.alloc(bytes(path).length));
  },
  // Half of a chunk, and then nothing.
  stuck: (path, response) => {
    if (path !== manifest().chunks[0].path) return false;
    const whole = bytes(path);
    response.writeHead(200, { 'content-length': whole.length }).write(whole.subarray(0, whole.length >> 1));
    return true;
  },
};

/** thread.js, if its thread had trapped at once. */
const TRAPPING = `import { initSync } from '../wasm/threads/luke_web.js';
addEventListener('message', ({ data: { module, memory, lost } }) => {
  initSync({ module, memory });
  Atomics.store(new Int32Array(memory.buffer), lost / 4, 1);
  postMessage('started');
});`;

/** Starts the site; `requests` lists the paths asked for. With `isolated`, its pages may have threads. */
export async function startSite({ isolated = false, headers = isolated ? ISOLATION : {} } = {}) {
  const files = staticFiles({
    '/': at('page'),
    '/pkg/': at('../../pkg'),
    // The package in an engine without relaxed SIMD.
    '/plain/': at('../../pkg'),
    '/plain/wasm/relaxed/': at('../../pkg/wasm/cpu'),
    // The package where a policy forbids its worker to start others, and one whose first thread traps.
    '/closed/': at('../../pkg'),
    '/trapping/': at('../../pkg'),
    '/models/': MODELS,
    '/kernels/': at('.kernels'),
    '/checkpoints/': at('../fixtures/checkpoints'),
    '/whole/': at('../fixtures/checkpoints'),
    '/some/where/demo/': at('../../www/dist'),
  }, headers);
  const requests = [];
  const { server, url } = await listen((request, response) => {
    requests.push(request.url);
    if (request.url === '/closed/dist/worker.js') response.setHeader('content-security-policy', "worker-src 'none'");
    if (request.url === '/trapping/dist/thread.js' && requests.filter((path) => path === request.url).length === 1) {
      response.setHeader('cross-origin-embedder-policy', 'require-corp');
      return send(response, TRAPPING, 'text/javascript');
    }
    if (request.url.startsWith('/whole/')) delete request.headers.range; // a server that sends no parts of files
    const fault = /^\/faults\/(\w+)\/([^?]*)/.exec(request.url);
    if (!fault) return files(request, response);
    const [, name, path] = fault;
    if (FAULTS[name](path, response)) return undefined;
    createReadStream(`${MODELS}/${MODEL}/${path}`).on('error', () => send(response, 'no such file', 'text/plain', 404)).pipe(response);
  });
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url, requests, close };
}

function manifest() {
  return JSON.parse(bytes('manifest.json'));
}

function bytes(path) {
  return readFileSync(`${MODELS}/${MODEL}/${path}`);
}

function send(response, body, type = 'application/octet-stream', status = 200) {
  response.writeHead(status, { 'content-type': type }).end(body);
  return true;
}
