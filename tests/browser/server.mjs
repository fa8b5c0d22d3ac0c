// The test site: the built package, the models, the demo, and faulty models.
import { createReadStream, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ISOLATION, listen, staticFiles } from '../../www/serve.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The folder with the converted micro checkpoints, written by the build. */
export const MODELS = at('.models');
const MODEL = 'micro-span_cls';

/** The browsers that had the earlier model. */
const replaced = new Set();

/** The faults of the models at `/faults/NAME/`: functions `(path, response)` that return true if they sent the response. */
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
  // A model that was replaced on the server: files may be cached, and the first response for this chunk is that of the earlier model.
  replaced: (path, response) => {
    response.setHeader('cache-control', 'max-age=3600');
    const browser = response.req.headers['user-agent'];
    if (path !== manifest().chunks[0].path || replaced.has(browser)) return false;
    replaced.add(browser);
    return send(response, Buffer.alloc(bytes(path).length));
  },
  // Sends half of a chunk and then stops.
  stuck: (path, response) => {
    if (path !== manifest().chunks[0].path) return false;
    const whole = bytes(path);
    response.writeHead(200, { 'content-length': whole.length }).write(whole.subarray(0, whole.length >> 1));
    return true;
  },
};

/** A replacement of thread.js whose thread traps at once. */
const TRAPPING = `import { initSync } from '../wasm/threads/luke_web.js';
addEventListener('message', ({ data: { module, memory, lost } }) => {
  initSync({ module, memory });
  Atomics.store(new Int32Array(memory.buffer), lost / 4, 1);
  postMessage('started');
});`;

/** Starts the site. `requests` lists the requested paths. `isolated` makes its pages cross-origin isolated, which threads need. */
export async function startSite({ isolated = false, headers = isolated ? ISOLATION : {} } = {}) {
  const files = staticFiles({
    '/': at('page'),
    '/pkg/': at('../../pkg'),
    // The package with the module for engines without relaxed SIMD.
    '/plain/': at('../../pkg'),
    '/plain/wasm/relaxed/': at('../../pkg/wasm/cpu'),
    // The package with a policy that forbids its worker to start workers, and the package with a first thread that traps.
    '/closed/': at('../../pkg'),
    '/trapping/': at('../../pkg'),
    '/models/': MODELS,
    '/kernels/': at('.kernels'),
    '/webgpu/': at('../webgpu'),
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
    if (request.url.startsWith('/whole/')) delete request.headers.range; // like a server without range requests
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
