// `availability` and `models`: what they say of the store is what is in it, and what they do can be undone by a load.
import assert from 'node:assert/strict';
import { MINI } from '../../faults/models.mjs';
import { faultSuite } from '../../faults/suite.mjs';
import { runAll } from './transfers.mjs';

const mini = MINI();

export const TESTS = {
  'availability: downloadable, partial, available, unavailable': async ({ page, site, model, loads }) => {
    const state = (url = model.url) => page.evaluate((url) => lukeWeb.availability(url, { device: 'wasm' }), url);
    const none = await state();
    assert.deepEqual(none, { state: 'downloadable', cachedBytes: 0, totalBytes: model.bytes, device: 'wasm' });
    assert.equal(site.count('.bin'), 0, 'it fetches the manifest only');
    await loads();
    assert.deepEqual(await state(), { state: 'available', cachedBytes: model.bytes, totalBytes: model.bytes, device: 'wasm' });
    await page.evaluate((sha256) => damage(sha256, 'delete'), model.chunk.sha256);
    const { state: partial, cachedBytes } = await state();
    assert.deepEqual([partial, cachedBytes], ['partial', model.bytes - model.chunk.bytes]);
    const missing = await state('/models/no-such-model/');
    assert.equal(missing.state, 'unavailable');
    assert.match(missing.reason, /no-such-model/);
    const gpu = await page.evaluate((url) => lukeWeb.availability(url), model.url);
    assert.equal(gpu.device, 'wasm', 'a software adapter is not used by itself');
  },

  'availability without network: what is stored is available': async ({ page, site, model, loads }) => {
    const state = () => page.evaluate((url) => lukeWeb.availability(url, { device: 'wasm', retries: 0, worker }), model.url); // its script cannot be fetched now
    site.down();
    const none = await state();
    assert.equal(none.state, 'unavailable');
    assert.ok(none.reason);
    site.up();
    await loads();
    site.down();
    assert.equal((await state()).state, 'available');
    site.up();
  },

  'prefetch, then a load without the files': async ({ page, site, model, loads, suite }) => {
    const events = await page.evaluate(async (url) => {
      const events = [];
      await lukeWeb.models.prefetch(url, { onProgress: (event) => events.push(event) });
      return events;
    }, model.url);
    const last = events.at(-1);
    assert.deepEqual([last.phase, last.loadedBytes, last.totalBytes], ['ready', model.bytes, model.bytes]);
    assert.equal(suite.asked('.bin').length, model.chunks.length);
    assert.equal(await page.evaluate((url) => lukeWeb.models.has(url), model.url), true);
    site.requests.length = 0;
    await loads();
    assert.equal(site.count('.bin'), 0);
    site.requests.length = 0;
    await page.evaluate((url) => lukeWeb.models.prefetch(url), model.url);
    assert.equal(site.count('.bin'), 0, 'what is there is not fetched again');
  },

  'a prefetch that is aborted, and goes on where it was': async ({ page, site }) => {
    Object.assign(site.settings, { bytesPerSecond: 3_000_000 });
    const aborted = await page.evaluate(async (url) => {
      const abort = new AbortController();
      const onProgress = ({ loadedBytes, totalBytes }) => totalBytes && loadedBytes > totalBytes / 2 && abort.abort('enough');
      const result = await outcome(lukeWeb.models.prefetch(url, { signal: abort.signal, onProgress }));
      return { result, has: await lukeWeb.models.has(url), state: (await lukeWeb.availability(url)).state };
    }, mini.url);
    assert.equal(aborted.result.error?.foreign, 'enough');
    assert.equal(aborted.has, false);
    site.settings.bytesPerSecond = Infinity;
    const before = site.bytes('.bin');
    await page.evaluate((url) => lukeWeb.models.prefetch(url), mini.url);
    const weights = mini.chunks.reduce((sum, { bytes }) => sum + bytes, 0);
    const extra = site.bytes('.bin') - weights;
    assert.ok(before < weights * 0.9 && extra >= 0 && extra < 2_000_000, `${before} bytes, then ${site.bytes('.bin') - before}; ${weights} are needed`);
    assert.equal(await page.evaluate((url) => lukeWeb.models.has(url), mini.url), true);
  },

  'prefetch meets the same faults as a load': async ({ page, site, model, clean, loads }) => {
    for (const [fault, when, code] of [[{ status: 404 }, 'always', 'network'], [{ flip: 5 }, 'always', 'integrity'], [{ status: 500 }, 'twice', undefined], [{ flip: 5 }, 'once', undefined]]) {
      await clean();
      site.plan(model.chunk.path, fault, when);
      const { error } = await page.evaluate((url) => outcome(lukeWeb.models.prefetch(url, { retries: 2 })), model.url);
      assert.equal(error?.code, code, JSON.stringify(fault));
      assert.equal(await page.evaluate((url) => lukeWeb.models.has(url), model.url), code === undefined);
    }
    site.reset();
    await loads();
  },

  'as many files at once as the option says': async ({ page, site, clean }) => {
    for (const [parallelDownloads, least, most] of [[1, 1, 1], [2, 2, 2], [undefined, 2, 4]]) {
      await clean();
      Object.assign(site.settings, { latencyMs: 100, bytesPerSecond: 30_000_000 });
      await page.evaluate(({ url, parallelDownloads }) => lukeWeb.models.prefetch(url, { parallelDownloads }), { url: mini.url, parallelDownloads });
      const asked = site.requests.filter(({ path }) => mini.files.some((file) => path.endsWith(file.path)));
      assert.equal(asked.length, mini.files.length);
      const atOnce = Math.max(...asked.map(({ ms }) => asked.filter((other) => other.ms <= ms && other.endMs > ms + 5).length));
      assert.ok(atOnce >= least && atOnce <= most, `${parallelDownloads}: ${atOnce} files at once`);
    }
  },

  'a browser that does not promise to keep the store: all the same': async ({ page, site, model, loads }) => {
    await page.evaluate((url) => lukeWeb.models.prefetch(url, { persist: true }), model.url);
    site.requests.length = 0;
    await loads({ persist: true });
    assert.equal(site.count('.bin'), 0);
  },

  'list, usage and delete': async ({ page, model, loads, clean }) => {
    const facts = () => page.evaluate(async () => ({ list: await lukeWeb.models.list(), usage: await lukeWeb.models.usage(), files: await stored() }));
    const empty = await facts();
    assert.deepEqual([empty.list, empty.usage.storedBytes], [[], 0]);
    for (const place of [{}, { worker: false, shared: false }]) {
      await clean();
      await loads(place);
      const { list: [one, ...others], usage, files } = await facts();
      assert.deepEqual(others, []);
      assert.ok(one.url.endsWith(`${model.url}manifest.json`) && one.complete && one.name === model.manifest.name, JSON.stringify(one));
      assert.equal(one.bytes, model.bytes + model.manifestBytes);
      assert.equal(one.storedBytes, one.bytes);
      assert.ok(Math.abs(Date.now() - one.storedAt) < 60_000);
      assert.equal(usage.storedBytes, Object.values(files).reduce((sum, bytes) => sum + bytes, 0));
      assert.equal(typeof usage.persistent, 'boolean');
      assert.equal(await page.evaluate((url) => lukeWeb.models.delete(url), model.url), true);
      assert.deepEqual(await page.evaluate(() => stored()), {}, 'nothing is left');
      assert.equal(await page.evaluate((url) => lukeWeb.models.delete(url), model.url), false);
      await loads(place);
    }
  },

  'models share files: what another one needs is not deleted': async ({ page, site, model, loads }) => {
    const copy = `/at/copy${model.url}`;
    await loads();
    site.requests.length = 0;
    await loads({ url: copy });
    assert.equal(site.count('.bin'), 0, 'the same files under another URL are not fetched');
    assert.equal((await page.evaluate(() => lukeWeb.models.list())).length, 2);
    assert.equal(await page.evaluate((url) => lukeWeb.models.delete(url), copy), true);
    assert.equal(await page.evaluate((url) => lukeWeb.models.has(url), copy), false);
    site.requests.length = 0;
    await loads();
    assert.equal(site.count('.bin'), 0);
  },

  'verify counts what is damaged, and the next load brings it back': async ({ page, site, model, loads }) => {
    const verify = () => page.evaluate((url) => lukeWeb.models.verify(url), model.url);
    assert.deepEqual(await verify(), { ok: 0, bad: 0, missing: 0 });
    await loads();
    const all = model.files.length + 1; // with the manifest
    assert.deepEqual(await verify(), { ok: all, bad: 0, missing: 0 });
    await page.evaluate((sha256) => damage(sha256, 'flip'), model.chunk.sha256);
    await page.evaluate((sha256) => damage(sha256, 'delete'), model.tokenizer.sha256);
    assert.deepEqual(await verify(), { ok: all - 2, bad: 1, missing: 1 });
    assert.deepEqual(await verify(), { ok: all - 2, bad: 0, missing: 2 }, 'the damaged file is deleted');
    site.requests.length = 0;
    await loads();
    assert.deepEqual(model.files.map(({ path }) => site.count(path)), model.files.map(({ path }) => Number([model.chunk.path, model.tokenizer.path].includes(path))));
    assert.deepEqual(await verify(), { ok: all, bad: 0, missing: 0 });
  },

  'a model is deleted while it is used: its calls go on, and a load brings it back': async ({ page, site, model, loads, suite }) => {
    const { before, deleted, after } = await page.evaluate(async (url) => {
      const text = 'Ana Ivanovic won at Wimbledon.';
      const luke = await lukeWeb.Luke.load(url, { device: 'wasm', worker });
      const before = await luke.ner(text);
      const deleted = await lukeWeb.models.delete(url);
      const after = await luke.ner(text);
      await luke.dispose();
      return { before, deleted, after };
    }, model.url);
    assert.deepEqual([before, deleted, after], [suite.expected, true, suite.expected]);
    site.requests.length = 0;
    await loads();
    assert.equal(site.count(model.chunk.path), 1);
  },

  'arguments that are refused': async ({ page, model }) => {
    const codes = await page.evaluate(async (url) => {
      const { availability, models } = lukeWeb;
      const calls = {
        'availability(3)': () => availability(3), 'has()': () => models.has(), 'prefetch(null)': () => models.prefetch(null), 'delete({})': () => models.delete({}),
        'list({ cache: "disk" })': () => models.list({ cache: 'disk' }), 'verify(url, { x: 1 })': () => models.verify(url, { x: 1 }), 'prefetch(url, { retries: -1 })': () => models.prefetch(url, { retries: -1 }),
      };
      const codes = [];
      for (const [what, call] of Object.entries(calls)) codes.push([what, (await outcome(Promise.resolve().then(call))).error?.code]);
      return codes;
    }, model.url);
    for (const [what, code] of codes) assert.equal(code, 'input', what);
  },
};

export default async function ({ test, openPage }) {
  const suite = faultSuite(openPage);
  await runAll(test, suite, TESTS);
  await suite.close();
}
