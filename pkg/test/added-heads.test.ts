// Heads that were taught and added to a model folder: their files are files of the model, and calls may name them.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Luke, LukeError, LukeHead, type LoadEvent } from '../src/index.js';
import { manage } from '../src/manage.js';
import { allFiles, checkManifest, loadFiles } from '../src/manifest.js';
import type { Action } from '../src/protocol.js';
import { fetchSource } from '../src/source.js';
import type { StoredModel, Verification } from '../src/store-types.js';
import type { HeadFile } from '../src/teach.js';
import { FakeBrowser } from './browser.js';
import { fakeFetch, fakeWasm, hashOf, machine, manifest, MODEL, modelFiles, ONCE, tableFiles, withHeads, workers, type Tasks } from './fakes.js';
import { FakeServer } from './server.js';
import { modelOf, visit } from './visit.js';

afterEach(() => FakeBrowser.uninstall());

const RECIPES = new Uint8Array([1, 2, 3]);
const LEASES = new Uint8Array([4, 5, 6, 7]);
const HEADS = { recipes: RECIPES, leases: LEASES };
const pathOf = (bytes: Uint8Array) => `heads/${hashOf(bytes).slice(0, 16)}.bin`;
const isInput = (message: RegExp) => (error: unknown) => error instanceof LukeError && error.code === 'input' && message.test(error.message);

const fileOf = (name: string, bytes: Uint8Array): HeadFile => ({
  bytes: bytes.slice() as Uint8Array<ArrayBuffer>,
  head: { task: 'ner', name, labels: ['FOOD'], model: 'fake', manifestHash: 'ab'.repeat(32), layers: [1], hidden: 8, temperature: 1, examples: 2 },
});
const ADDED = Object.entries(HEADS).map(([name, bytes]) => fileOf(name, bytes));

/** A `Luke` with a fake wasm, which says that its folder has these heads. */
async function start(added: () => HeadFile[] | undefined, tasks: Tasks = {}, device: 'wasm' | 'webgpu' = 'wasm', files = withHeads(modelFiles(5), HEADS)) {
  const seen: unknown[] = [];
  const info = () => ({ name: 'fake', dtype: 'f32', device, tasks: ['ner'], parameters: 7, license: '', heads: {}, ...(added() && { taughtHeads: added() }) }) as ReturnType<NonNullable<Tasks['info']>>;
  const callBy = async (task: string, head: Uint8Array, input: unknown, options: object) => (seen.push([task, head, input, options]), []);
  const fakes = fakeWasm(async (text: unknown) => (seen.push(['own', text]), []), undefined, { callBy, ...tasks, info });
  const { start: worker, started } = workers(() => machine(fakes.module, device));
  const events: LoadEvent[] = [];
  const { fetch, asked } = fakeFetch(files);
  const luke = await Luke.load(MODEL, { worker, fetch, onProgress: (event) => events.push(event) });
  return { luke, seen, log: fakes.log, asked, events, started };
}

test('files of heads are read before the weights, and count in the progress and in the bytes of a load', async () => {
  const { luke, log, asked, events } = await start(() => ADDED);
  const names = ['tokenizer.json', 'entity_vocab.json', pathOf(RECIPES), pathOf(LEASES), 'chunks/0.bin'];
  assert.deepEqual(asked, ['manifest.json', ...names]);
  assert.deepEqual(log, ['manifest 1', ...names.map((name, i) => `${name} ${[4, 2, 3, 4, 5][i]}`), 'finish']);
  assert.deepEqual([luke.info.bytes, events.at(-1)!.loadedBytes, events.at(-1)!.totalBytes], [18, 18, 18]);
  await luke.dispose();
});

test('every list of a model\'s files has those of its heads', () => {
  const files = withHeads(tableFiles([new Uint8Array([9])], 6), HEADS);
  const json = checkManifest(MODEL, files['manifest.json'] as string);
  const paths = ['tokenizer.json', 'entity_vocab.json', pathOf(RECIPES), pathOf(LEASES), 'chunks/0.bin'];
  assert.deepEqual(loadFiles(json).map(({ path }) => path), paths);
  assert.deepEqual(allFiles(json).map(({ path }) => path), [...paths, 'entities/0.bin']);
  assert.deepEqual(allFiles(checkManifest(MODEL, JSON.stringify(manifest(1)))).length, 3, 'a folder without heads');
});

test('a manifest whose heads have no files is refused, and a path that leaves the folder', async () => {
  const entry = { path: 'heads/a.bin', bytes: 1, sha256: '0'.repeat(64) };
  for (const taughtHeads of [null, {}, 'recipes', [null], ['recipes'], [{}], [{ file: null }], [entry], [{ file: { ...entry, sha256: 'x' } }], [{ file: { ...entry, bytes: -1 } }], [{ file: { ...entry, path: 3 } }]]) {
    const text = JSON.stringify({ ...manifest(1), taughtHeads });
    assert.throws(() => checkManifest(MODEL, text), (error) => error instanceof LukeError && error.code === 'format' && /a head that was added/.test(error.message), text);
  }
  for (const path of ['../secret', 'https://elsewhere.test/x', '/x', 'heads/%2e%2e/%2e%2e/x']) {
    const text = JSON.stringify({ ...manifest(1), taughtHeads: [{ name: 'a', task: 'ner', file: { ...entry, path } }] });
    await assert.rejects(start(() => undefined, {}, 'wasm', { ...modelFiles(1), 'manifest.json': text }), { code: 'format', message: /outside its folder/ });
  }
});

test('a file of a head that has another byte or is missing ends the load, and is named', async () => {
  const files = withHeads(modelFiles(5), HEADS);
  await assert.rejects(start(() => ADDED, {}, 'wasm', { ...files, [pathOf(LEASES)]: new Uint8Array([4, 5, 6, 8]) }), { code: 'integrity', message: new RegExp(pathOf(LEASES)) });
  const { [pathOf(LEASES)]: _, ...without } = files;
  await assert.rejects(start(() => ADDED, {}, 'wasm', without), { code: 'network', message: new RegExp(pathOf(LEASES)) });
});

test('luke.taughtHeads are the heads of the folder, and calls take them and their names', async () => {
  const { luke, seen } = await start(() => ADDED);
  const [recipes, leases] = luke.taughtHeads;
  assert.ok(recipes instanceof LukeHead && leases && Object.isFrozen(luke.taughtHeads));
  assert.deepEqual([recipes.name, recipes.task, recipes.labels, recipes.report, leases.name], ['recipes', 'ner', ['FOOD'], undefined, 'leases']);
  assert.deepEqual([recipes.save(), leases.save()], [RECIPES, LEASES]);
  assert.ok(!('taughtHeads' in luke.info), 'facts have no bytes');
  await luke.ner('a', { head: recipes });
  await luke.ner('a', { head: 'leases', threshold: 0.5, sentences: [{ start: 0, end: 1 }] });
  for await (const part of luke.nerStream(['b'], { head: 'recipes' })) assert.equal(part.index, 0);
  await luke.typing('a', [0, 1], { head: 'recipes', allScores: true });
  await luke.typing([{ text: 'a', span: [0, 1] }], { head: 'recipes' });
  await luke.relation('a b', [0, 1], [2, 3], { head: 'leases' });
  await luke.rank(['a'], { head: 'recipes', topK: 1 });
  await luke.ner('a', { head: undefined });
  const mention = { text: 'a', span: [0, 1] };
  assert.deepEqual(seen, [
    ['ner', RECIPES, 'a', {}], ['ner', LEASES, 'a', { threshold: 0.5, sentences: [[0, 1]] }], ['ner', RECIPES, 'b', {}], ['typing', RECIPES, mention, { allScores: true }], ['typing', RECIPES, [mention], {}],
    ['relation', LEASES, { text: 'a b', head: [0, 1], tail: [2, 3] }, {}], ['rank', RECIPES, ['a'], { topK: 1 }], ['own', 'a'],
  ]);
  await luke.dispose();
  assert.equal(luke.taughtHeads.length, 2, 'facts stay');
});

test('a name that no head has is refused with those that there are', async () => {
  const { luke } = await start(() => ADDED);
  for (const name of ['recipe', 'Recipes', '', 'toString', '__proto__']) {
    const message = new RegExp(`options\\.head must be a name in luke\\.taughtHeads \\("recipes", "leases"\\), not ${JSON.stringify(name)}`);
    await assert.rejects(luke.ner('a', { head: name }), isInput(message));
    await assert.rejects(luke.nerStream(['a'], { head: name }).next(), isInput(message));
    await assert.rejects(luke.typing('a', [0, 1], { head: name }), isInput(message));
    await assert.rejects(luke.relation([{ text: 'a b', head: [0, 1], tail: [2, 3] }], { head: name }), isInput(message));
    await assert.rejects(luke.rank(['a'], { head: name }), (error: unknown) => isInput(message)(error) && (error as LukeError<'input'>).detail.argument === 'options.head');
  }
  await luke.dispose();
  const { luke: plain } = await start(() => undefined, {}, 'wasm', modelFiles(1));
  assert.deepEqual(plain.taughtHeads, []);
  await assert.rejects(plain.ner('a', { head: 'recipes' }), isInput(/options\.head must be a name in luke\.taughtHeads \(the model has none\), not "recipes"/));
  await plain.dispose();
  const many = Array.from({ length: 1000 }, (_, i) => fileOf(`head ${i} ${'x'.repeat(100)}`, new Uint8Array([i & 255, i >> 8])));
  const { luke: full } = await start(() => many);
  await full.ner('a', { head: many[999]!.head.name });
  await assert.rejects(full.ner('a', { head: 'x' }), (error: unknown) => isInput(/luke\.taughtHeads \("head 0 x+…", .*, …\), not "x"/)(error) && (error as Error).message.length < 3000);
  await full.dispose();
});

test('heads stay the same objects while the model is loaded again, and follow the folder of a new worker', async () => {
  let added = ADDED;
  let losses = 1;
  const callBy = async () => {
    if (losses-- > 0) throw { code: 'device-lost', message: 'lost' };
    return [];
  };
  const { luke, started } = await start(() => added.map(({ bytes, head }) => ({ bytes: bytes.slice(), head })), { callBy }, 'webgpu');
  const [recipes, leases] = luke.taughtHeads;
  await luke.ner('a', { head: 'leases' });
  assert.ok(luke.info.reloadReason, 'it was loaded again');
  assert.ok(luke.taughtHeads[0] === recipes && luke.taughtHeads[1] === leases);
  added = [ADDED[0]!, fileOf('plants', new Uint8Array([8]))];
  started[0]!.port.close();
  await new Promise((resolve) => setImmediate(resolve));
  await luke.ner('a').catch(() => luke.ner('a'));
  assert.deepEqual(luke.taughtHeads.map(({ name }) => name), ['recipes', 'plants']);
  assert.ok(luke.taughtHeads[0] === recipes);
  await assert.rejects(luke.ner('a', { head: 'leases' }), isInput(/taughtHeads \("recipes", "plants"\), not "leases"/));
  await luke.ner('a', { head: leases }); // a head is its file
  await luke.dispose();
});

test('the store keeps, verifies and deletes the files of heads with the model', async () => {
  const never = new AbortController().signal;
  const browser = new FakeBrowser({}).install();
  const server = new FakeServer(withHeads(modelOf([300]), HEADS) as Record<string, string | Uint8Array>);
  const run = <T>(action: Action) => manage(action, ONCE, fetchSource(server.fetch as typeof fetch), () => {}, never) as Promise<T>;
  await run({ action: 'prefetch', model: MODEL, entityTable: false });
  assert.deepEqual(server.for(pathOf(LEASES)).length, 1);
  assert.equal(await run({ action: 'has', model: MODEL }), true);
  assert.deepEqual(await run<Verification>({ action: 'verify', model: MODEL }), { ok: 6, bad: 0, missing: 0 });
  const [model] = await run<StoredModel[]>({ action: 'list' });
  assert.deepEqual([model!.complete, model!.bytes, model!.storedBytes], [true, 1307 + server.files.get('manifest.json')!.length, model!.bytes]);
  assert.deepEqual((await visit(server)).asked, ['manifest.json'], 'a load reads them from the store');
  server.isOffline = true;
  assert.equal((await visit(server)).entries.length, 5, 'also without network');
  server.isOffline = false;

  // A folder with one head less: its file goes when the model is loaded.
  for (const [path, body] of Object.entries(withHeads(modelOf([300]), { recipes: RECIPES }))) server.files.set(path, typeof body === 'string' ? new TextEncoder().encode(body) : (body as Uint8Array));
  await visit(server);
  assert.deepEqual(await run<Verification>({ action: 'verify', model: MODEL }), { ok: 5, bad: 0, missing: 0 });
  assert.equal(await run({ action: 'delete', model: MODEL }), true);
  assert.deepEqual(await run<StoredModel[]>({ action: 'list' }), []);
  assert.ok(browser);
});
