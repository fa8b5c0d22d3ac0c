// What the package does in Node.js, Deno and Bun. Runs in a project that has installed it and the default model:
//   node checks.mjs CHECKPOINT URL      a folder with a checkpoint, and the URL of a server with the default model
// Prints `ok` or `FAILED` with the title of each check.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Luke, LukeError, models, pipeline } from 'luke-web';

const [checkpoint, served] = process.argv.slice(2);
const MODEL = join(process.cwd(), 'node_modules/luke-mini-en');
const TEXT = 'Ada Lovelace worked with Charles Babbage in London.';
const NAMES = ['PER Ada Lovelace', 'PER Charles Babbage', 'LOC London'];

const names = (entities) => entities.map(({ label, start, end }) => `${label} ${TEXT.slice(start, end)}`);
/** Loads a model, calls it and disposes it. */
async function withModel(model, options, work) {
  const luke = await Luke.load(model, options);
  try {
    return await work(luke);
  } finally {
    await luke.dispose();
  }
}
const entitiesOf = (luke) => luke.ner(TEXT);

const CHECKS = {
  'a model is loaded from a path, a file: URL and a server': async () => {
    const copy = mkdtempSync(join(tmpdir(), 'luke #1 %41 é ')); // none of this is an escape in a path
    cpSync(MODEL, copy, { recursive: true });
    const places = [MODEL, `${MODEL}/`, join(MODEL, 'manifest.json'), `./${relative(process.cwd(), MODEL)}`, copy, pathToFileURL(MODEL), pathToFileURL(copy).href, served];
    for (const place of places) assert.deepEqual(names(await withModel(place, {}, entitiesOf)), NAMES, String(place));
    rmSync(copy, { recursive: true });
  },

  'the model runs in a worker thread, or on this one': async () => {
    for (const worker of [undefined, true, false]) {
      const info = await withModel(MODEL, { worker }, async (luke) => (assert.deepEqual(names(await luke.ner(TEXT)), NAMES), luke.info));
      assert.deepEqual([info.device, info.worker, info.workerReason], ['wasm', worker !== false, undefined]);
    }
  },

  'any number of threads gives the same bits': async () => {
    const results = [];
    for (const options of [{ threads: 1 }, { threads: 2 }, { threads: 3, worker: false }, {}]) {
      const { threads, threadsReason, entities } = await withModel(MODEL, options, async (luke) => ({ ...luke.info, entities: await luke.ner(TEXT.repeat(20), { allScores: true }) }));
      assert.equal(threads, options.threads ?? Math.min(availableParallelism(), 8), threadsReason);
      results.push(entities);
    }
    for (const entities of results) assert.deepEqual(entities, results[0]);
  },

  'a Hugging Face folder is loaded as it is': async () => {
    for (const worker of [true, false]) {
      const { name, entities } = await withModel(checkpoint, { worker }, async (luke) => ({ ...luke.info, entities: await luke.ner(TEXT, { threshold: 0 }) }));
      assert.equal(name, 'micro-span_cls');
      for (const { start, end, text } of entities) assert.equal(TEXT.slice(start, end), text);
    }
  },

  'the progress ends at the total, and what its listener throws stops nothing': async () => {
    const { error } = console;
    const [events, reported] = [[], []];
    console.error = (thrown) => reported.push(thrown);
    try {
      const onProgress = (event) => {
        events.push(event);
        throw new Error('a mistake of the program');
      };
      assert.deepEqual(names(await withModel(MODEL, { onProgress }, entitiesOf)), NAMES);
    } finally {
      console.error = error;
    }
    const { phase, loadedBytes, totalBytes } = events.at(-1);
    assert.deepEqual([phase, loadedBytes], ['ready', totalBytes]);
    assert.equal(reported.length, events.length);
    assert.equal(reported[0].cause.message, 'a mistake of the program');
  },

  'what is wrong is told by the codes of the documents': async () => {
    const odd = mkdtempSync(join(tmpdir(), 'luke-odd-'));
    mkdirSync(join(odd, 'manifest.json'));
    let retries = 0;
    const onProgress = ({ phase }) => (retries += phase === 'retry' ? 1 : 0);
    const wrong = [
      ['io', () => Luke.load('./no-such-folder/'), /no-such-folder.* there is no such file or folder/],
      ['io', () => Luke.load(join(MODEL, '../luke-web')), /luke-web.* there is no such file or folder/],
      ['io', () => Luke.load(join(MODEL, 'tokenizer.json')), /tokenizer\.json.* a part of its path is a file/],
      ['io', () => Luke.load(odd, { onProgress }), /manifest\.json: is a folder, not a file/],
      ['io', () => Luke.load(pathToFileURL(odd), { onProgress }), /manifest\.json: is a folder, not a file/],
      ['input', () => Luke.load('ftp://models.test/mini/', { onProgress }), /ftp:.* begins with https:, http: or file:/],
      ['network', () => Luke.load('http://no-such-host.invalid/mini/', { retries: 0 }), /there is no host no-such-host\.invalid|no-such-host\.invalid cannot be/],
      ['input', () => Luke.load(''), /the model/],
      ['input', () => Luke.load(MODEL, { threads: 0 }), /threads/],
      ['unsupported', () => Luke.load(MODEL, { device: 'webgpu' }), /WebGPU/],
      ...(globalThis.caches ? [] : [['unsupported', () => models.prefetch(MODEL), /no browser/]]), // Deno has the Cache API
      ['integrity', () => Luke.load(MODEL, { manifestHash: '0'.repeat(64) }), /SHA-256/],
      ['input', () => withModel(MODEL, {}, (luke) => luke.ner(TEXT, { treshold: 1 })), /treshold/],
      ['task-unavailable', () => withModel(checkpoint, {}, (luke) => luke.fillMask('a <mask>')), /fillMask/],
      ['disposed', () => withModel(MODEL, {}, async (luke) => (await luke.dispose(), luke.ner(TEXT))), /disposed/],
    ];
    for (const [code, work, message] of wrong) {
      await assert.rejects(work(), (error) => {
        assert.ok(error instanceof LukeError, String(error));
        assert.equal(error.code, code, error.message);
        assert.match(error.message, message);
        return true;
      });
    }
    rmSync(odd, { recursive: true });
    assert.equal(retries, 0, 'what will not change is not tried again');
  },

  'an abort ends a load and a call': async () => {
    await assert.rejects(Luke.load(MODEL, { signal: AbortSignal.abort('before') }), (reason) => reason === 'before');
    await withModel(MODEL, {}, async (luke) => {
      const abort = new AbortController();
      const call = luke.ner(TEXT.repeat(200), { signal: abort.signal });
      setTimeout(() => abort.abort('enough'), 20);
      await assert.rejects(call, (reason) => reason === 'enough');
      assert.deepEqual(names(await luke.ner(TEXT)), NAMES);
    });
  },

  'a trap rejects the call, and the next one has a new instance': async () => {
    await withModel(MODEL, { worker: false, threads: 1 }, async (luke) => {
      const { Model } = await import(luke.info.runtimeUrls.find((url) => url.endsWith('/luke_web.js')));
      const { call } = Model.prototype;
      const trap = () => {
        throw new WebAssembly.RuntimeError('unreachable');
      };
      // The second is like a trap in a Rust future, whose promise never settles.
      for (const trapped of [trap, () => (queueMicrotask(trap), new Promise(() => {}))]) {
        Model.prototype.call = trapped;
        const trapping = luke.ner(TEXT);
        await assert.rejects(trapping, { code: 'internal', message: /unreachable/ });
        Model.prototype.call = call;
        assert.deepEqual(names(await luke.ner(TEXT)), NAMES);
      }
    });
  },

  'models beside each other, and calls at once': async () => {
    const found = await Promise.all([1, 2, 3].map((threads) => withModel(MODEL, { threads }, (luke) => Promise.all([luke.ner(TEXT), luke.ner(TEXT)]))));
    for (const entities of found.flat()) assert.deepEqual(names(entities), NAMES);
  },

  'pipeline takes a path too': async () => {
    const ner = await pipeline('token-classification', MODEL);
    assert.deepEqual((await ner(TEXT, { aggregation_strategy: 'simple' })).map(({ word }) => word), NAMES.map((name) => name.slice(4)));
    await ner.dispose();
  },
};

let failed = 0;
for (const [title, check] of Object.entries(CHECKS)) {
  const started = performance.now();
  try {
    await check();
    console.log(`ok     ${title} (${Math.round(performance.now() - started)} ms)`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${title}\n    ${String(error?.stack ?? error).replaceAll('\n', '\n    ')}`);
  }
}
process.exit(failed ? 1 : 0);
