import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { ISOLATION, listen, staticFiles } from './serve.mjs';

const CHANGED = new Date('2026-01-02T03:04:05Z');
const TEXT = 'export const answer = 42;\n'.repeat(200);
const BYTES = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 31) % 256));

const folder = mkdtempSync(join(tmpdir(), 'luke-serve-'));
let server;
let url;

before(async () => {
  const files = {
    'site/index.html': `<!doctype html>${' '.repeat(2000)}`,
    'site/page.js': TEXT,
    'site/module.mjs': TEXT,
    'site/data.json': JSON.stringify(Array(500).fill('x')),
    'site/code.wasm': Buffer.alloc(5000),
    'site/weights.bin': BYTES,
    'site/model.safetensors': BYTES,
    'site/short.css': 'a {}',
    'site/with space.txt': TEXT,
    'site/sub/index.html': 'sub',
    'site/empty/file.bin': '',
    'site/.hidden': 'hidden',
    'secret.txt': 'secret',
    'other/file.bin': 'other',
  };
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content);
    utimesSync(join(folder, path), CHANGED, CHANGED);
  }
  symlinkSync(join(folder, 'secret.txt'), join(folder, 'site/link.txt'));
  symlinkSync(folder, join(folder, 'site/up'));
  symlinkSync('page.js', join(folder, 'site/same.js'));
  const mounts = { '/': join(folder, 'site'), '/mounted/': join(folder, 'other'), '/nowhere/': join(folder, 'gone') };
  ({ server, url } = await listen(staticFiles(mounts, { ...ISOLATION, 'x-more': 'yes' })));
});
after(() => {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
});

/** Asks without the decompression and the clean-up of paths of `fetch`. */
function ask(path, headers = {}, method = 'GET') {
  return new Promise((resolve, reject) => {
    const asking = request(url, { path, method, headers, agent: false }, (response) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece)).on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces) }));
    });
    asking.on('error', reject).end();
  });
}

test('a file has its type, its length, validators, and the headers of the site', async () => {
  const { status, headers, body } = await ask('/weights.bin');
  assert.equal(status, 200);
  assert.deepEqual(body, BYTES);
  assert.match(headers.etag, /^"[^"]+"$/);
  assert.equal(headers['last-modified'], CHANGED.toUTCString());
  assert.deepEqual(
    ['content-type', 'content-length', 'accept-ranges', 'cache-control', 'x-content-type-options', 'x-more'].map((name) => headers[name]),
    ['application/octet-stream', '5000', 'bytes', 'no-cache', 'nosniff', 'yes'],
  );
  for (const [name, value] of Object.entries(ISOLATION)) assert.equal(headers[name], value);
});

test('types by name', async () => {
  const types = {
    '/': 'text/html; charset=utf-8', '/page.js': 'text/javascript; charset=utf-8', '/module.mjs': 'text/javascript; charset=utf-8',
    '/code.wasm': 'application/wasm', '/short.css': 'text/css; charset=utf-8', '/model.safetensors': 'application/octet-stream',
  };
  for (const [path, type] of Object.entries(types)) assert.equal((await ask(path)).headers['content-type'], type, path);
  assert.match((await ask('/data.json')).headers['content-type'], /^application\/json/);
});

test('a file that the client has already is not sent again', async () => {
  for (const path of ['/weights.bin', '/page.js']) {
    const { headers: { etag, 'last-modified': changed } } = await ask(path);
    for (const condition of [{ 'if-none-match': etag }, { 'if-none-match': `"x", W/${etag}` }, { 'if-modified-since': changed }]) {
      const { status, headers, body } = await ask(path, condition);
      assert.deepEqual([status, body.length], [304, 0], JSON.stringify(condition));
      assert.equal(headers.etag, etag);
      assert.equal(headers['cross-origin-embedder-policy'], 'require-corp');
    }
    for (const condition of [{ 'if-none-match': '"other"' }, { 'if-modified-since': new Date(0).toUTCString() }]) {
      assert.equal((await ask(path, condition)).status, 200, JSON.stringify(condition));
    }
  }
});

test('a file that has changed has another validator, also with the same length', async () => {
  const file = join(folder, 'site/changing.bin');
  writeFileSync(file, BYTES);
  utimesSync(file, CHANGED, CHANGED);
  const before = (await ask('/changing.bin')).headers.etag;
  const later = new Date(CHANGED.getTime() + 1);
  utimesSync(file, later, later);
  const after = await ask('/changing.bin', { 'if-none-match': before });
  assert.equal(after.status, 200);
  assert.notEqual(after.headers.etag, before);
});

test('parts of a file', async () => {
  const parts = [['bytes=0-0', 0, 0], ['bytes=100-199', 100, 199], ['bytes=4990-', 4990, 4999], ['bytes=-10', 4990, 4999], ['bytes=4000-9999', 4000, 4999]];
  for (const [range, first, last] of parts) {
    const { status, headers, body } = await ask('/weights.bin', { range });
    assert.equal(status, 206, range);
    assert.equal(headers['content-range'], `bytes ${first}-${last}/5000`);
    assert.equal(headers['content-length'], String(last - first + 1));
    assert.deepEqual(body, BYTES.subarray(first, last + 1), range);
  }
});

test('parts that are not there, and headers that name no part', async () => {
  const { status, headers, body } = await ask('/weights.bin', { range: 'bytes=5000-' });
  assert.equal(status, 416);
  assert.equal(headers['content-range'], 'bytes */5000');
  assert.equal(headers.etag, undefined, 'the answer is not the file');
  assert.equal(body.toString(), '416\n');
  for (const range of ['bytes=x', 'lines=1-2', 'bytes=0-1,10-20']) {
    const whole = await ask('/weights.bin', { range });
    assert.deepEqual([whole.status, whole.body.length], [200, 5000], range);
  }
});

test('if-range: a part of the file that the client knows, and all of a file that has changed', async () => {
  const { headers: { etag, 'last-modified': changed } } = await ask('/weights.bin');
  const part = async (condition) => (await ask('/weights.bin', { range: 'bytes=10-19', 'if-range': condition })).status;
  assert.equal(await part(etag), 206);
  assert.equal(await part(changed), 206);
  assert.equal(await part('"other"'), 200);
  assert.equal(await part(new Date(0).toUTCString()), 200);
  assert.equal(await part(`W/${etag}`), 200, 'a weak validator does not vouch for bytes');
});

test('what can be compressed is compressed, with a weak validator, for those who accept it', async () => {
  const decompress = { br: brotliDecompressSync, gzip: gunzipSync };
  for (const path of ['/page.js', '/code.wasm', '/data.json', '/']) {
    const plain = await ask(path);
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.equal(plain.headers.vary, 'Accept-Encoding', path);
    for (const [encoding, decode] of Object.entries(decompress)) {
      const { headers, body } = await ask(path, { 'accept-encoding': encoding });
      assert.equal(headers['content-encoding'], encoding, path);
      assert.equal(headers.vary, 'Accept-Encoding');
      assert.equal(headers['content-length'], undefined);
      assert.ok(body.length < plain.body.length / 2, `${path} in ${encoding}: ${body.length} of ${plain.body.length} bytes`);
      assert.deepEqual(decode(body), plain.body);
      assert.equal(headers.etag, `W/${plain.headers.etag}`);
      const again = await ask(path, { 'accept-encoding': encoding, 'if-none-match': headers.etag });
      assert.deepEqual([again.status, again.headers.vary], [304, 'Accept-Encoding']);
    }
  }
});

test('weights, short files and parts are sent as they are', async () => {
  const accepting = { 'accept-encoding': 'br, gzip' };
  for (const path of ['/weights.bin', '/model.safetensors', '/short.css']) {
    assert.equal((await ask(path, accepting)).headers['content-encoding'], undefined, path);
  }
  const { status, headers, body } = await ask('/page.js', { ...accepting, range: 'bytes=1000-1999' });
  assert.deepEqual([status, headers['content-encoding'], headers['content-range']], [206, undefined, `bytes 1000-1999/${TEXT.length}`]);
  assert.equal(body.toString(), TEXT.slice(1000, 2000));
});

test('without compression every file has its length', async () => {
  const plain = await listen(staticFiles({ '/': join(folder, 'site') }, {}, { compress: false }));
  const response = await fetch(`${plain.url}page.js`, { headers: { 'accept-encoding': 'br, gzip' } });
  assert.equal(response.headers.get('content-encoding'), null);
  assert.equal(response.headers.get('content-length'), String(TEXT.length));
  assert.equal(await response.text(), TEXT);
  plain.server.close();
  plain.server.closeAllConnections();
});

test('HEAD has the headers of GET and no body; other methods are refused', async () => {
  const [get, head] = [await ask('/weights.bin'), await ask('/weights.bin', {}, 'HEAD')];
  assert.deepEqual([head.status, head.body.length], [200, 0]);
  for (const name of ['etag', 'content-length', 'content-type', 'accept-ranges']) assert.equal(head.headers[name], get.headers[name], name);
  assert.equal((await ask('/weights.bin', { 'if-none-match': get.headers.etag }, 'HEAD')).status, 304);
  const post = await ask('/weights.bin', {}, 'POST');
  assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD']);
});

test('a folder is its index, never a list; without its slash it is redirected, so that relative URLs hold', async () => {
  assert.equal((await ask('/sub/')).body.toString(), 'sub');
  const { status, headers } = await ask('/sub');
  assert.deepEqual([status, headers.location], [301, './sub/']);
  assert.equal((await fetch(new URL('/sub?x=1', url))).url, `${url}sub/`);
  for (const path of ['/empty/', '/empty', '/nowhere/', '/nowhere/file']) assert.equal((await ask(path)).status, 404, path);
});

test('names are decoded; the longest prefix wins', async () => {
  assert.equal((await ask('/with%20space.txt')).body.toString(), TEXT);
  assert.equal((await ask('/page.js?version=1')).status, 200);
  assert.equal((await ask('/mounted/file.bin')).body.toString(), 'other');
  assert.equal((await ask('/same.js')).body.toString(), TEXT, 'a link inside the folder');
});

test('nothing outside the folders is served', async () => {
  const paths = [
    '/../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt', '/sub/..%2f..%2fsecret.txt', '/mounted/..%2fsecret.txt', '/link.txt', '/up/secret.txt', '/up/',
    `/${encodeURIComponent(join(folder, 'secret.txt'))}`, '//etc/passwd', '/.hidden',
  ];
  for (const path of paths) {
    const { status, body } = await ask(path);
    assert.equal(status, 404, path);
    assert.doesNotMatch(body.toString(), /secret|root:/);
  }
  for (const path of ['/%', '/%ff', '/page.js%00.txt']) assert.equal((await ask(path)).status, 400, path);
});

test('a client that goes away does not end the server', async () => {
  await new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write('GET /page.js HTTP/1.1\r\nhost: x\r\naccept-encoding: br\r\n\r\n'));
    socket.once('data', () => socket.resetAndDestroy()).on('error', () => {}).on('close', resolve);
  });
  assert.equal((await ask('/page.js')).status, 200);
});

test('before npm has installed anything, the module can be imported, and the program says what to do', () => {
  const copy = join(folder, 'serve.mjs');
  copyFileSync(new URL('serve.mjs', import.meta.url), copy);
  const node = (...args) => spawnSync(process.execPath, args, { encoding: 'utf8' });
  const { status, stderr } = node('--input-type=module', '-e', `import ${JSON.stringify(copy)}`);
  assert.equal(status, 0, stderr);
  const program = node(copy, '--port', '0');
  assert.equal(program.status, 1);
  assert.match(program.stderr, /send[^]*npm ci/);
});
