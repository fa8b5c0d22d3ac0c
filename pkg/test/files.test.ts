import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ModelFiles } from '../src/files.js';
import { loadFiles, manifestUrl, type FileEntry } from '../src/manifest.js';
import { Progress } from '../src/progress.js';
import { fetchSource, type Source } from '../src/source.js';
import { Stores } from '../src/store/stores.js';
import type { LoadEvent } from '../src/types.js';
import { entryOf, fakeFetch, hashOf, manifest, MODEL, modelFiles, ONCE, tableFiles } from './fakes.js';

const URL_ = `${MODEL}manifest.json`;

/** Files of a model without a store, which are tried once, and the events of their progress. */
async function modelOf(source: Source) {
  const events: LoadEvent[] = [];
  return { model: new ModelFiles(source, URL_, await Stores.open(false), ONCE, new Progress((event) => events.push(event))), events };
}

/** Reads a file, or a part of it, before those in `ahead`. */
async function read(model: ModelFiles, file: FileEntry, ahead: FileEntry[] = [], again = false): Promise<Uint8Array> {
  const got: number[] = [];
  await model.read(file, ahead, again, (piece) => got.push(...piece));
  return Uint8Array.from(got);
}

/** Reads the files of a model in order. */
async function load(files: Parameters<typeof fakeFetch>[0], ranges = false) {
  const { fetch, asked } = fakeFetch(files, ranges);
  const { model, events } = await modelOf(fetchSource(fetch));
  const folder = await model.folder();
  const entries = folder ? loadFiles(folder.manifest) : [];
  const got: Uint8Array[] = [];
  for (const [i, entry] of entries.entries()) got.push(await read(model, entry, entries.slice(i + 1)));
  return { model, folder, got, events, asked };
}

test('the manifest URL from the URL of a folder or of the manifest', () => {
  assert.equal(manifestUrl('https://a.test/m'), 'https://a.test/m/manifest.json');
  assert.equal(manifestUrl('https://a.test/m/'), 'https://a.test/m/manifest.json');
  assert.equal(manifestUrl('https://a.test/m/manifest.json'), 'https://a.test/m/manifest.json');
  assert.equal(manifestUrl('https://a.test/m?token=1#x'), 'https://a.test/m/manifest.json?token=1');
  assert.equal(manifestUrl('https://a.test'), 'https://a.test/manifest.json');
});

test('files are read completely and in order; progress grows within a file and ends at the total', async () => {
  const chunk = [new Uint8Array([9, 8]), new Uint8Array([7, 6, 5, 4])];
  const json = manifest(6, 3);
  json.chunks[0] = entryOf('chunks/0.bin', chunk);
  const { got, events } = await load({ ...modelFiles(6, 3), 'manifest.json': JSON.stringify(json), 'chunks/0.bin': chunk });
  assert.deepEqual(got.map((bytes) => bytes.length), [4, 2, 6, 3]);
  assert.deepEqual([...got[2]!], [9, 8, 7, 6, 5, 4]);
  const loaded = events.map(({ loadedBytes }) => loadedBytes);
  assert.deepEqual(loaded, [...loaded].sort((a, b) => a - b));
  assert.equal(events.filter(({ phase, file }) => phase === 'download' && file === 'chunks/0.bin').length, 2);
  assert.deepEqual([events.at(-1)!.loadedBytes, events.at(-1)!.totalBytes], [15, 15]);
});

test('files are fetched ahead; rows of the entity table only on request', async () => {
  const { model, asked, events, folder } = await load(tableFiles([new Uint8Array([1]), new Uint8Array([2]), new Uint8Array([3])], 6));
  assert.deepEqual(asked, ['manifest.json', 'tokenizer.json', 'entity_vocab.json', 'chunks/0.bin']);
  const rows = folder!.manifest.entityTable!.chunks;
  assert.deepEqual([...(await read(model, rows[2]!))], [3]);
  assert.deepEqual([...(await read(model, rows[1]!))], [2]);
  assert.deepEqual(asked.slice(4), ['entities/2.bin', 'entities/1.bin']);
  await read(model, rows[0]!);
  await read(model, rows[1]!);
  assert.deepEqual(asked.slice(6), ['entities/0.bin', 'entities/1.bin']);
  assert.equal(events.at(-1)!.loadedBytes, 12); // rows are not part of the load
});

test('a chunk that is too short or too long rejects with integrity and its path', async () => {
  for (const bytes of [5, 7]) {
    const files = { ...modelFiles(6), 'chunks/0.bin': new Uint8Array(bytes) };
    await assert.rejects(load(files), (error: any) => error.code === 'integrity' && error.message.includes('chunks/0.bin') && error.detail.file === 'chunks/0.bin');
  }
});

test('a chunk with another hash rejects with integrity, its path and its hash', async () => {
  const bytes = new Uint8Array(6).fill(9);
  await assert.rejects(load({ ...modelFiles(6), 'chunks/0.bin': bytes }), (error: any) => error.code === 'integrity' && error.detail.file === 'chunks/0.bin' && error.detail.sha256 === hashOf(bytes));
});

test('a missing file rejects with network, its URL and the status; a missing manifest is none', async () => {
  const { 'chunks/0.bin': _, ...files } = modelFiles(6);
  await assert.rejects(load(files), (error: any) => error.code === 'network' && error.message.includes(`${MODEL}chunks/0.bin`) && error.detail.status === 404);
  assert.equal((await load({})).folder, undefined);
});

test('an invalid manifest rejects with format and the URL', async () => {
  const cases: [string, RegExp][] = [
    ['{', /not JSON/], ['<p>', /not JSON/], ['[]', /format is not/], ['null', /not a JSON object/], ['{"model_type":"luke"}', /format is not "luke-web"/],
    [JSON.stringify({ ...manifest(1), version: 2 }), /version 2/], [JSON.stringify({ ...manifest(1), chunks: [{ path: 3 }] }), /a chunk has/],
    [JSON.stringify({ ...manifest(1), chunks: [{ path: 'a', bytes: 1, sha256: '' }] }), /a chunk has no path, size or SHA-256/],
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
  const reason = new Error('enough');
  const { model } = await modelOf(fetchSource(async (_url, init) => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array(2));
        init!.signal!.addEventListener('abort', () => controller.error(new Error('aborted')));
      },
    });
    setTimeout(() => model.stop(reason), 5);
    return new Response(body);
  }));
  await assert.rejects(read(model, { path: 'tokenizer.json', bytes: 4 }), reason);
});

test('a broken connection rejects with network and the URL', async () => {
  const { model } = await modelOf(fetchSource(async () => {
    throw new TypeError('connection refused');
  }));
  await assert.rejects(model.folder(), (error: any) => error.code === 'network' && error.message.includes(URL_));
});

test('parts of a file are fetched by range or cut from the whole file, and each byte is counted once', async () => {
  const bytes = Uint8Array.from({ length: 40 }, (_, i) => i);
  const part = (offset: number, size: number) => ({ ...entryOf('model.safetensors', bytes.slice(offset, offset + size)), offset });
  const rows = [part(30, 2), part(32, 2)];
  const json = { ...manifest(), chunks: [part(8, 6), part(20, 4), part(14, 3)], entityTable: { chunks: rows } };
  const files = { ...modelFiles(), 'manifest.json': JSON.stringify(json), 'model.safetensors': [bytes.slice(0, 9), bytes.slice(9, 21), bytes.slice(21)] };
  for (const ranges of [true, false]) {
    const { model, got, asked, events } = await load(files, ranges);
    assert.deepEqual(got.slice(2).map((piece) => [...piece]), [[8, 9, 10, 11, 12, 13], [20, 21, 22, 23], [14, 15, 16]]);
    // Without ranges the parallel requests for parts are cancelled, and one request brings the whole file.
    assert.ok(asked.filter((path) => path === 'model.safetensors').length <= (ranges ? 3 : 3 + 1));
    assert.deepEqual([events.at(-1)!.loadedBytes, events.at(-1)!.totalBytes], [19, 19]);
    assert.deepEqual([...(await read(model, rows[1]!))], [32, 33]);
    assert.equal(events.at(-1)!.loadedBytes, 19);
  }
  const short = { ...files, 'model.safetensors': bytes.slice(0, 22) };
  for (const ranges of [true, false]) await assert.rejects(load(short, ranges), { code: 'integrity' });
});

test('the status of each response decides whether it is a part or the whole file', async () => {
  const bytes = Uint8Array.from({ length: 8 }, (_, i) => i);
  const part = (offset: number) => ({ ...entryOf('model.safetensors', bytes.slice(offset, offset + 2)), offset });
  const json = { ...manifest(), chunks: [part(2), part(4), part(6)] };
  const files = { ...modelFiles(), 'manifest.json': JSON.stringify(json), 'model.safetensors': bytes };
  const parts = fakeFetch(files, true).fetch;
  let asked = 0;
  const source = fetchSource(async (url, init) => {
    if (!String(url).includes('safetensors')) return parts(url, init);
    asked += 1;
    if (asked === 2) await sleep(10); // the third response arrives before
    return asked === 3 && new Headers(init?.headers).get('range') === 'bytes=6-7' ? fakeFetch(files).fetch(url, init) : parts(url, init);
  });
  const { model } = await modelOf(source);
  const entries = loadFiles((await model.folder())!.manifest);
  for (const [i, offset] of [2, 4, 6].entries()) {
    assert.deepEqual([...(await read(model, entries[2 + i]!, entries.slice(3 + i)))], [offset, offset + 1]);
  }
});
