import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { listen } from '../../www/serve.mjs';
import { devServer, newStatus } from './dev-server.mjs';

const root = mkdtempSync(join(tmpdir(), 'luke-demo-'));
const status = newStatus();
let server;
let url;

before(async () => {
  const files = {
    'www/dist/index.html': '<head>\n    <title>x</title>\n  </head>',
    'www/dist/annotate/index.html': '<head>\n    <title>y</title>\n  </head>',
    'www/dist/luke-web/wasm/cpu/luke_web.js': 'of the last assembly',
    'www/models/mini/manifest.json': '{}',
    'pkg/dist/index.js': 'package',
    'pkg/wasm/cpu/luke_web.js': 'cpu',
    'pkg/wasm/relaxed/luke_web.js': 'relaxed',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  ({ server, url } = await listen(devServer(root, status)));
});
after(() => {
  server.close();
  server.closeAllConnections();
  rmSync(root, { recursive: true });
});

async function get(path) {
  const response = await fetch(new URL(path, url));
  return { code: response.status, text: await response.text(), isolated: response.headers.get('cross-origin-opener-policy') === 'same-origin' };
}

test('before the CPU module is there, the page says that it is being built', async () => {
  const { code, text } = await get('/');
  assert.equal(code, 503);
  assert.match(text, /still being built/);
});

test('the page names the status file, which tells the state of every module', async () => {
  status.cpu = 'ready';
  assert.match((await get('/')).text, /<meta name="build-status" content="\/build.json">\n {2}<\/head>/);
  for (const path of ['/index.html?device=wasm', '/annotate/', '/annotate/index.html']) assert.match((await get(path)).text, /build-status/, path);
  const { text, isolated } = await get('/build.json');
  assert.deepEqual(JSON.parse(text), { cpu: 'ready', relaxed: 'building', threads: 'building', webgpu: 'building' });
  assert.ok(isolated, 'or there could be no threads');
});

test('the plain module stands in for the one with relaxed SIMD until that is there', async () => {
  assert.equal((await get('/luke-web/wasm/relaxed/luke_web.js')).text, 'cpu');
  status.relaxed = 'ready';
  assert.equal((await get('/luke-web/wasm/relaxed/luke_web.js')).text, 'relaxed');
});

test('modules, package and models come from where they are built', async () => {
  assert.equal((await get('/luke-web/wasm/cpu/luke_web.js')).text, 'cpu');
  assert.equal((await get('/luke-web/dist/index.js')).text, 'package');
  assert.equal((await get('/models/mini/manifest.json')).text, '{}');
  assert.equal((await get('/luke-web/wasm/webgpu/luke_web.js')).code, 404);
});
