import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ModelFiles } from '../dist/files.js';
import { fetchManifest, loadFiles, manifestUrl, type FileEntry } from '../dist/manifest.js';
import { fetchSource } from '../dist/source.js';
import { fakeFetch, manifest, MODEL, modelFiles } from './fakes.js';

const URL_ = `${MODEL}manifest.json`;
const never = new AbortController().signal;

/** Reads a file, or a part of it, before `next`. */
async function read(model: ModelFiles, file: FileEntry, next?: FileEntry): Promise<Uint8Array> {
  const got: number[] = [];
  await model.read(file, next, (piece) => got.push(...piece));
  return Uint8Array.from(got);
}

/** Reads the files of a model in order. */
async function load(files: Parameters<typeof fakeFetch>[0], signal = never, ranges = false) {
  const { fetch, asked } = fakeFetch(files, ranges);
  const source = fetchSource(fetch);
  const { manifest } = await fetchManifest(source, URL_, signal);
  const events: [string, number, number][] = [];
  const entries = loadFiles(manifest);
  const model = new ModelFiles(source, URL_, entries, signal, (path, b) => events.push([path, b.loadedBytes, b.totalBytes]));
  const got: Uint8Array[] = [];
  for (const [i, entry] of entries.entries()) got.push(await read(model, entry, entries[i + 1]));
  return { model, got, events, asked };
}

test('the manifest URL from the URL of a folder or of the manifest', () => {
  assert.equal(manifestUrl('https://a.test/m'), 'https://a.test/m/manifest.json');
  assert.equal(manifestUrl('https://a.test/m/'), 'https://a.test/m/manifest.json');
  assert.equal(manifestUrl('https://a.test/m/manifest.json'), 'https://a.test/m/manifest.json');
  assert.equal(manifestUrl('https://a.test/m?token=1#x'), 'https://a.test/m/manifest.json?token=1');
  assert.equal(manifestUrl('https://a.test'), 'https://a.test/manifest.json');
});

test('files are read completely and in order; progress grows within a file and ends at the total', async () => {
  const files = modelFiles(6, 3);
  files['chunks/0.bin'] = [new Uint8Array([9, 8]), new Uint8Array([7, 6, 5, 4])];
  const { got, events } = await load(files);
  assert.deepEqual(got.map((bytes) => bytes.length), [4, 2, 6, 3]);
  assert.deepEqual([...got[2]!], [9, 8, 7, 6, 5, 4]);
  const loaded = events.map(([, bytes]) => bytes);
  assert.deepEqual(loaded, [...loaded].sort((a, b) => a - b));
  assert.equal(events.filter(([path]) => path === 'chunks/0.bin').length, 2);
  assert.deepEqual([events.at(-1)![1], events.at(-1)![2]], [15, 15]);
});

test('the next file is fetched ahead; rows of the entity table only on request', async () => {
  const rows = ['entities/0.bin', 'entities/1.bin', 'entities/2.bin'];
  const json = { ...manifest(6), entityTable: { chunks: rows.map((path) => ({ path, bytes: 1, sha256: '' })) } };
  const files = { ...modelFiles(6), 'manifest.json': JSON.stringify(json), ...Object.fromEntries(rows.map((path) => [path, new Uint8Array(1)])) };
  const { model, asked, events } = await load(files);
  assert.deepEqual(asked, ['manifest.json', 'tokenizer.json', 'entity_vocab.json', 'chunks/0.bin']);
  await read(model, { path: 'entities/2.bin', bytes: 1 });
  await read(model, { path: 'entities/1.bin', bytes: 1 });
  assert.deepEqual(asked.slice(4), ['entities/2.bin', 'entities/1.bin']);
  await read(model, { path: 'entities/0.bin', bytes: 1 });
  await read(model, { path: 'entities/1.bin', bytes: 1 });
  assert.deepEqual(asked.slice(6), ['entities/0.bin', 'entities/1.bin']);
  assert.equal(events.at(-1)![1], 12); // rows are not part of the load
});

test('a chunk that is too short or too long rejects with integrity and its path', async () => {
  for (const bytes of [5, 7]) {
    const files = { ...modelFiles(6), 'chunks/0.bin': new Uint8Array(bytes) };
    await assert.rejects(load(files), (error: any) => error.code === 'integrity' && error.message.includes('chunks/0.bin') && error.detail.path === 'chunks/0.bin');
  }
});

test('a missing file rejects with network, its URL and the status', async () => {
  const { 'chunks/0.bin': _, ...files } = modelFiles(6);
  await assert.rejects(load(files), (error: any) => error.code === 'network' && error.message.includes(`${MODEL}chunks/0.bin`) && error.detail.status === 404);
  await assert.rejects(load({}), { code: 'network', detail: { url: URL_, status: 404 } });
});

test('an invalid manifest rejects with format and the URL', async () => {
  const cases: [string, RegExp][] = [
    ['<!doctype html>', /not JSON/], ['[]', /format is not/], ['null', /not a JSON object/], ['{"model_type":"luke"}', /format is not "luke-web"/],
    [JSON.stringify({ ...manifest(1), version: 2 }), /version 2/], [JSON.stringify({ ...manifest(1), chunks: [{ path: 3 }] }), /a chunk has/],
    [JSON.stringify({ ...manifest(1), files: {} }), /no tokenizer/],
    [JSON.stringify({ ...manifest(1), files: { tokenizer: manifest().files.tokenizer } }), /no entity vocabulary/],
    [JSON.stringify({ ...manifest(1), entityTable: { chunks: [{}] } }), /entity table/],
  ];
  for (const [text, why] of cases) {
    await assert.rejects(load({ 'manifest.json': text }), (error: any) => error.code === 'format' && why.test(error.message) && error.message.includes(URL_));
  }
});

test('a path that leaves the folder is refused', async () => {
  for (const path of ['../secret', 'https://elsewhere.test/x', '/x', 'a/%2e%2e/%2e%2e/x']) {
    const json = manifest(1);
    json.chunks[0]!.path = path;
    const files = { ...modelFiles(1), 'manifest.json': JSON.stringify(json) };
    await assert.rejects(load(files), (error: any) => error.code === 'format' && error.message.includes(path));
  }
});

test('an abort rejects with its reason, also while a file is read', async () => {
  const abort = new AbortController();
  const reason = new Error('enough');
  const source = fetchSource(async (_url, init) => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array(2));
        init!.signal!.addEventListener('abort', () => controller.error(new Error('aborted')));
      },
    });
    return new Response(body);
  });
  const file = { path: 'tokenizer.json', bytes: 4 };
  const model = new ModelFiles(source, URL_, [file], abort.signal, () => abort.abort(reason));
  await assert.rejects(read(model, file), reason);
  assert.deepEqual([model.takeFailure(), model.takeFailure()], [{ error: reason }, undefined]);
});

test('a broken connection rejects with network and the URL', async () => {
  const source = fetchSource(async () => {
    throw new TypeError('connection refused');
  });
  await assert.rejects(fetchManifest(source, URL_, never), (error: any) => error.code === 'network' && error.message.includes(URL_));
});

test('parts of a file are fetched by range or cut from the whole file, and each byte is counted once', async () => {
  const bytes = Uint8Array.from({ length: 40 }, (_, i) => i);
  const part = (offset: number, size: number) => ({ path: 'model.safetensors', bytes: size, offset, sha256: '' });
  const json = { ...manifest(), chunks: [part(8, 6), part(20, 4), part(14, 3)], entityTable: { chunks: [part(30, 2), part(32, 2)] } };
  const files = { ...modelFiles(), 'manifest.json': JSON.stringify(json), 'model.safetensors': [bytes.slice(0, 9), bytes.slice(9, 21), bytes.slice(21)] };
  for (const ranges of [true, false]) {
    const { model, got, asked, events } = await load(files, never, ranges);
    assert.deepEqual(got.slice(2).map((piece) => [...piece]), [[8, 9, 10, 11, 12, 13], [20, 21, 22, 23], [14, 15, 16]]);
    assert.equal(asked.filter((path) => path === 'model.safetensors').length, ranges ? 3 : 1);
    assert.equal(events.at(-1)![1], events.at(-1)![2]);
    assert.deepEqual([...(await read(model, { path: 'model.safetensors', bytes: 2, offset: 32 }))], [32, 33]);
    assert.equal(events.at(-1)![1], 19);
  }
  const short = { ...files, 'model.safetensors': bytes.slice(0, 22) };
  for (const ranges of [true, false]) await assert.rejects(load(short, never, ranges), { code: 'integrity' });
});

test('the status of each response decides whether it is a part or the whole file', async () => {
  const part = (offset: number) => ({ path: 'model.safetensors', bytes: 2, offset, sha256: '' });
  const json = { ...manifest(), chunks: [part(2), part(4), part(6)] };
  const files = { ...modelFiles(), 'manifest.json': JSON.stringify(json), 'model.safetensors': Uint8Array.from({ length: 8 }, (_, i) => i) };
  const parts = fakeFetch(files, true).fetch;
  let asked = 0;
  const source = fetchSource(async (url, init) => {
    if (!String(url).includes('safetensors')) return parts(url, init);
    asked += 1;
    if (asked === 2) await sleep(10); // the third response arrives before
    return asked === 3 && new Headers(init?.headers).get('range') === 'bytes=6-7' ? fakeFetch(files).fetch(url, init) : parts(url, init);
  });
  const entries = loadFiles((await fetchManifest(source, URL_, never)).manifest);
  const model = new ModelFiles(source, URL_, entries, never, () => {});
  for (const [i, offset] of [2, 4, 6].entries()) {
    assert.deepEqual([...(await read(model, entries[2 + i]!, entries[3 + i]))], [offset, offset + 1]);
  }
});
