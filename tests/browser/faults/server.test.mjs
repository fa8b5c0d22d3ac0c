import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startFaults } from './server.mjs';

const BYTES = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 31) % 251));
const folder = mkdtempSync(join(tmpdir(), 'luke-faults-'));
let site;

before(async () => {
  mkdirSync(join(folder, 'chunks'));
  writeFileSync(join(folder, 'chunks/0.bin'), BYTES);
  writeFileSync(join(folder, 'chunks/1.bin'), BYTES);
  writeFileSync(join(folder, 'manifest.json'), '{}');
  site = await startFaults({ mounts: { '/m/': folder } });
});
afterEach(() => site.reset());
after(() => {
  site.close();
  rmSync(folder, { recursive: true });
});

const ask = (path = 'm/chunks/0.bin', headers = {}, signal = undefined) => fetch(site.url + path, { headers, signal });
const body = async (response) => Buffer.from(await response.arrayBuffer());

/** What comes of a body until it fails, and whether it fails. */
async function received(response) {
  const pieces = [];
  let failed = false;
  try {
    for await (const piece of response.body) pieces.push(piece);
  } catch {
    failed = true;
  }
  return { bytes: Buffer.concat(pieces), failed };
}

/** Waits until the log has it, as a connection ends some time after its last byte. */
async function ended(entry) {
  for (let i = 0; !entry.ended; i++) {
    assert.ok(i < 200, 'the connection has not ended');
    await wait(10);
  }
  return entry;
}

test('without a plan files come as from any host', async () => {
  const response = await ask();
  assert.deepEqual([response.status, response.headers.get('content-length'), response.headers.get('cache-control')], [200, '100000', 'no-store']);
  assert.deepEqual(await body(response), BYTES);
  assert.equal((await ask('m/nothing')).status, 404);
  assert.equal((await ask('m/../../etc/passwd')).status, 404);
  const head = await fetch(`${site.url}m/manifest.json`, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers.get('content-length'), head.headers.get('content-type')], [200, '2', 'application/json']);
});

test('a cut connection delivers exactly what was sent before, and the log says so', async () => {
  for (const cutAt of [0, 1, 65_537, 99_999]) {
    site.reset();
    site.plan('0.bin', { cutAt });
    const { bytes, failed } = await received(await ask());
    assert.ok(failed, `cut at ${cutAt}`);
    assert.deepEqual(bytes, BYTES.subarray(0, cutAt));
    const [entry] = site.requests;
    assert.deepEqual([(await ended(entry)).bytes, entry.cut, entry.aborted], [cutAt, true, false]);
    assert.deepEqual(await body(await ask()), BYTES, 'the second request');
  }
});

test('a cut counts bytes of the file or of the answer', async () => {
  site.plan('0.bin', { cutAt: 5000 }, 'always');
  const part = (range) => ask(undefined, { range }).then(received);
  assert.equal((await part('bytes=4000-7999')).bytes.length, 1000);
  assert.equal((await part('bytes=5000-')).bytes.length, 0);
  assert.deepEqual(await part('bytes=6000-6999'), { bytes: BYTES.subarray(6000, 7000), failed: false });
  site.reset();
  site.plan('0.bin', { cutAfter: 300 }, 'always');
  assert.equal((await part('bytes=4000-7999')).bytes.length, 300);
});

test('a connection may end some time after its last byte', async () => {
  site.plan('0.bin', { cutAt: 5000, lingerMs: 200 });
  const started = performance.now();
  const { bytes, failed } = await received(await ask());
  assert.deepEqual([bytes.length, failed], [5000, true]);
  assert.ok(performance.now() - started > 190);
});

test('a connection that is reset fails too', async () => {
  site.plan('0.bin', { cutAt: 50_000, reset: true });
  assert.ok((await received(await ask().catch(() => new Response(new ReadableStream({ start: (stream) => stream.error() }))))).failed);
});

test('counts are for each file, and plans follow each other', async () => {
  site.plan(/chunks/, { status: 500 }, 'twice');
  site.plan(/chunks/, { status: 403 }, 'once');
  const statuses = async (path) => [(await ask(path)).status, (await ask(path)).status, (await ask(path)).status, (await ask(path)).status];
  assert.deepEqual(await statuses('m/chunks/0.bin'), [500, 500, 403, 200]);
  assert.deepEqual(await statuses('m/chunks/1.bin'), [500, 500, 403, 200]);
  site.reset();
  site.plan('0.bin', { status: 502 }, 'from 2');
  assert.deepEqual(await statuses('m/chunks/0.bin'), [200, 502, 502, 502]);
  assert.equal((await ask('m/chunks/1.bin')).status, 200);
  assert.throws(() => site.plan('x', {}, 'often'), /often/);
});

test('a wrong bit, another length, gzip, another body', async () => {
  const flipped = Buffer.from(BYTES);
  flipped[70_000] ^= 1;
  site.plan('0.bin', { flip: 70_000 });
  assert.deepEqual(await body(await ask()), flipped);

  site.plan('0.bin', { short: 10 });
  const short = await ask();
  assert.equal(short.headers.get('content-length'), null);
  assert.deepEqual(await body(short), BYTES.subarray(0, -10));

  site.plan('0.bin', { long: 7 });
  const long = await ask();
  assert.equal(long.headers.get('content-length'), '100007');
  assert.deepEqual(await body(long), Buffer.concat([BYTES, Buffer.alloc(7)]));

  site.plan('0.bin', { gzip: true });
  const zipped = await ask();
  assert.equal(zipped.headers.get('content-encoding'), 'gzip');
  assert.ok(Number(zipped.headers.get('content-length')) < BYTES.length / 10);
  assert.deepEqual(await body(zipped), BYTES);

  site.plan('0.bin', { html: true });
  const html = await ask();
  assert.deepEqual([html.status, html.headers.get('content-type')], [200, 'text/html; charset=utf-8']);
  assert.match(await html.text(), /<!doctype html>/);

  site.plan('manifest.json', { body: '{"a":1}' });
  assert.deepEqual(await (await ask('m/manifest.json')).json(), { a: 1 });
});

test('statuses with Retry-After in seconds or as a date', async () => {
  const date = new Date('2030-01-01T00:00:00Z');
  for (const [retryAfter, header] of [[2, '2'], [date, date.toUTCString()], [undefined, null]]) {
    site.plan('0.bin', { status: 429, ...(retryAfter && { retryAfter }) });
    const response = await ask();
    assert.deepEqual([response.status, response.headers.get('retry-after')], [429, header]);
    site.reset();
  }
});

test('stalls: before the headers, in the file, for some time or until the client goes', async () => {
  site.plan('0.bin', { stallAt: 'headers', stallMs: 200 });
  site.plan('0.bin', { stallAt: 30_000, stallMs: 200 });
  for (let i = 0; i < 2; i++) {
    const started = performance.now();
    assert.deepEqual(await body(await ask()), BYTES);
    assert.ok(performance.now() - started > 190, 'it did not stall');
  }
  site.plan('1.bin', { stallAt: 'headers' });
  site.plan('1.bin', { stallAt: 30_000 });
  await assert.rejects(ask('m/chunks/1.bin', {}, AbortSignal.timeout(200)));
  const { bytes, failed } = await received(await ask('m/chunks/1.bin', {}, AbortSignal.timeout(200)));
  assert.deepEqual([bytes.length, failed], [30_000, true]);
  for (const entry of site.requests.slice(-2)) assert.equal((await ended(entry)).aborted, true);
  assert.equal(site.requests.at(-1).bytes, 30_000);
});

test('a slow body comes evenly', async () => {
  site.plan('0.bin', { bytesPerSecond: 200_000, latencyMs: 100 });
  const started = performance.now();
  const response = await ask();
  const latency = performance.now() - started;
  const times = [];
  for await (const _ of response.body) times.push(performance.now() - started);
  assert.ok(latency >= 95, `${latency} ms`);
  assert.ok(times.at(-1) > 550 && times.at(-1) < 2000, `${times.at(-1)} ms`);
  assert.ok(times.length >= 8, `${times.length} pieces`);
});

test('settings hold for all files: a throttled host, a host without ranges or validators', async () => {
  Object.assign(site.settings, { latencyMs: 50, bytesPerSecond: 1_000_000, cacheControl: 'max-age=3600' });
  const started = performance.now();
  const response = await ask();
  await body(response);
  assert.equal(response.headers.get('cache-control'), 'max-age=3600');
  assert.ok(performance.now() - started > 130);
  site.reset();
  Object.assign(site.settings, { ranges: false, etag: false, lastModified: false });
  const plain = await ask(undefined, { range: 'bytes=10-19' });
  assert.deepEqual(['etag', 'last-modified', 'accept-ranges'].map((name) => plain.headers.get(name)), [null, null, null]);
  assert.deepEqual([plain.status, (await body(plain)).length], [200, 100_000]);
  site.reset();
  assert.equal((await ask(undefined, { range: 'bytes=10-19' })).status, 206, 'reset restores the settings');
});

test('ranges with if-range; another version of a file has other validators and other bytes', async () => {
  const first = await ask();
  const [etag, date] = ['etag', 'last-modified'].map((name) => first.headers.get(name));
  for (const condition of [etag, date]) assert.equal((await ask(undefined, { range: 'bytes=5-9', 'if-range': condition })).status, 206);
  assert.equal((await ask(undefined, { 'if-none-match': etag })).status, 304);
  assert.equal((await ask(undefined, { range: 'bytes=100000-' })).status, 416);
  site.plan('0.bin', { version: 2 }, 'always');
  for (const condition of [etag, date]) assert.equal((await ask(undefined, { range: 'bytes=5-9', 'if-range': condition })).status, 200);
  const other = await body(await ask());
  assert.equal(other.length, BYTES.length);
  assert.notDeepEqual(other, BYTES);
});

test('redirects to signed URLs on another origin, which opens nothing else', async () => {
  site.plan('0.bin', { redirect: true, expired: true });
  site.plan('0.bin', { redirect: true }, 'always');
  assert.equal((await ask()).status, 403);
  const response = await ask(undefined, { range: 'bytes=0-9' });
  assert.deepEqual([response.status, response.headers.get('access-control-allow-origin')], [206, '*']);
  assert.ok(response.redirected && response.url.startsWith(site.other));
  assert.equal((await fetch(`${site.other}m/chunks/0.bin`)).status, 403);
  assert.equal((await fetch(response.url.replace('0.bin', '1.bin'))).status, 403, 'the signature is for one path');
  assert.deepEqual(site.requests.map(({ origin, status }) => [origin, status]).slice(0, 4), [['main', 302], ['other', 403], ['main', 302], ['other', 206]]);
  site.plan('0.bin', { on: 'other', cutAt: 7 });
  assert.equal((await received(await ask())).bytes.length, 7);
});

test('the other origin says which headers scripts may send', async () => {
  const preflight = () => fetch(`${site.other}m/chunks/0.bin`, { method: 'OPTIONS' });
  assert.match((await preflight()).headers.get('access-control-allow-headers'), /if-range/);
  site.settings.allowHeaders = '';
  assert.equal((await preflight()).headers.get('access-control-allow-headers'), '');
});

test('what is below /at/NAME/ is the same file with plans of its own; the log counts', async () => {
  site.plan('/at/a/m/chunks/0.bin', { status: 503 }, 'always');
  assert.equal((await ask('at/a/m/chunks/0.bin')).status, 503);
  assert.deepEqual(await body(await ask('at/b-1/m/chunks/0.bin')), BYTES);
  await body(await ask(undefined, { range: 'bytes=0-99' }));
  assert.deepEqual([site.count('0.bin'), site.bytes('0.bin'), site.bytes('1.bin')], [3, 4 + 100_000 + 100, 0], 'also the text of a status');
});

test('a server that is down refuses connections, also those that are open', async () => {
  site.plan('0.bin', { stallAt: 5000 });
  const reading = received(await ask());
  await wait(50);
  site.down();
  assert.equal((await reading).failed, true);
  await assert.rejects(ask());
  site.up();
  assert.equal((await ask()).status, 200);
});
