// What is stored: it is used again, it heals when it is damaged, and a load goes on where nothing can be stored.
import assert from 'node:assert/strict';
import { faultSuite, told } from '../../faults/suite.mjs';
import { runAll } from './transfers.mjs';

/** Loads on the page write to the Cache API, those in a worker to OPFS where the browser has it. */
const PLACES = [{}, { shared: false, worker: false }];

export const TESTS = {
  'a stored model is loaded without its files, in a worker and on the page': async ({ site, model, loads, clean, suite }) => {
    for (const place of PLACES) {
      await clean();
      await loads(place);
      site.requests.length = 0;
      const { events } = await loads(place);
      assert.deepEqual(suite.asked().map(({ path }) => path), [`${model.url}manifest.json`]);
      assert.equal(events.at(-1).storedBytes, model.bytes);
    }
  },

  'what a worker has stored, the page reads, and the other way round': async ({ site, loads, clean }) => {
    for (const [first, second] of [PLACES, [...PLACES].reverse()]) {
      await clean();
      await loads(first);
      site.requests.length = 0;
      await loads(second);
      assert.equal(site.count('.bin'), 0);
    }
  },

  'with the hash of the manifest, a stored model needs no request': async ({ site, model, loads, clean, suite }) => {
    const { manifestHash } = model;
    for (const place of PLACES) {
      await clean();
      await loads({ ...place, manifestHash });
      site.requests.length = 0;
      await loads({ ...place, manifestHash });
      assert.deepEqual(suite.asked(), []);
    }
  },

  'a manifest with another hash is refused': async ({ site, model, fails }) => {
    const { error } = await fails('integrity', { manifestHash: '0'.repeat(64), retries: 0 }, { then: {} });
    assert.match(error.message, /manifest\.json/);
    // The page's own manifest is the right one, and a server that sends an older one is noticed.
    site.plan('manifest.json', { body: JSON.stringify({ ...model.manifest, name: 'another' }) }, 'always');
    await fails('integrity', { manifestHash: model.manifestHash, url: `/at/other${model.url}`, cache: false, retries: 0 }, { then: {} });
  },

  'each kind of store by name, and none': async ({ page, site, model, loads, attempt, clean }) => {
    for (const [options, again] of [[{ cache: 'cache-api' }, 0], [{ cache: 'opfs' }, 0], [{ cache: 'memory' }, 0], [{ cache: false }, 1]]) {
      await clean();
      const unique = { ...options, url: `/at/${options.cache}${model.url}` };
      await loads(unique);
      site.requests.length = 0;
      await loads(unique);
      assert.equal(site.count('.bin'), again * model.chunks.length, JSON.stringify(options));
      const files = Object.keys(await page.evaluate(() => stored()));
      assert.equal(files.includes(model.chunk.sha256), ['cache-api', 'opfs'].includes(options.cache), JSON.stringify(options));
    }
    const { error } = await attempt({ cache: 'opfs', shared: false, worker: false });
    assert.equal(error?.code, 'unsupported', 'OPFS is written in workers only');
  },

  'a stored file with a wrong bit, of a wrong length, empty or gone heals by fetching it once': async ({ page, site, model, loads, clean, suite }) => {
    for (const place of PLACES) {
      for (const how of ['flip', 'cut', 'empty', 'delete']) {
        const { path, sha256, bytes } = model.chunk;
        await clean();
        await loads(place);
        assert.equal(await page.evaluate(({ sha256, how }) => damage(sha256, how), { sha256, how }), 1);
        site.requests.length = 0;
        await loads(place, `a file that is damaged: ${how}`);
        assert.deepEqual(suite.asked().map((request) => [request.path, request.bytes]).filter(([name]) => !name.endsWith('manifest.json')), [[model.url + path, bytes]], how);
        site.requests.length = 0;
        await loads(place);
        assert.equal(site.count(path), 0, `${how}: it has healed`);
      }
    }
  },

  'damaged small files heal too: the tokenizer, the stored manifest, the record of the model': async ({ page, site, model, loads }) => {
    await loads();
    const names = Object.keys(await page.evaluate(() => stored()));
    assert.ok(names.includes(model.tokenizer.sha256) && names.includes(model.manifestHash), 'tokenizer and manifest are stored');
    for (const name of names) {
      for (const how of ['flip', 'empty']) {
        await page.evaluate(({ name, how }) => damage(name, how), { name, how });
        await loads({ manifestHash: model.manifestHash }, `${name}, ${how}`);
        await loads();
      }
    }
  },

  'a damaged model is noticed without network': async ({ page, site, model, attempt, loads }) => {
    await loads();
    await page.evaluate((sha256) => damage(sha256, 'flip'), model.chunk.sha256);
    site.down();
    const { error, ms } = await attempt({ retries: 1 });
    assert.equal(error?.code, 'network', JSON.stringify(error));
    assert.ok(ms < 10_000);
    site.up();
    await loads();
  },

  'the store is wiped: after the load, between two loads, and while a load reads it': async ({ page, site, model, loads, attempt }) => {
    await loads();
    await page.evaluate(() => wipe());
    site.requests.length = 0;
    await loads();
    assert.equal(site.count(model.chunk.path), 1);
    const wiping = await page.evaluate(async ({ url }) => {
      const [result] = await Promise.all([attempt(url), new Promise((resolve) => setTimeout(resolve, 30)).then(() => wipe().catch(() => {}))]);
      return result;
    }, { url: model.url });
    assert.ok(wiping.value || wiping.error?.code, JSON.stringify(wiping));
    await loads();
  },

  'nothing can be stored: the load goes on, says so, and the next one stores': async ({ site, model, loads, clean, suite }) => {
    for (const after of [0, 100_000]) {
      await clean();
      const result = await suite.attemptIn('fullWorker', after);
      assert.ok(result.value, JSON.stringify(result.error));
      assert.ok(result.events.some(({ phase, reason }) => phase === 'quota' && reason), `after ${after} bytes: ${JSON.stringify(told(result))}`);
      await loads();
      site.requests.length = 0;
      await loads();
      assert.equal(site.count(model.chunk.path), 0, 'once there is room, it is stored');
    }
  },

  'nothing can be stored, on the page': async ({ page, model, loads }) => {
    const result = await page.evaluate(async ({ url }) => {
      const { put } = Cache.prototype;
      Cache.prototype.put = async () => {
        throw new DOMException('no room', 'QuotaExceededError');
      };
      try {
        return await attempt(url, { worker: false });
      } finally {
        Cache.prototype.put = put;
      }
    }, model);
    assert.ok(result.value, JSON.stringify(result.error));
    assert.ok(result.events.some(({ phase }) => phase === 'quota'));
    await loads({ worker: false });
  },

  'a store that is asked for by name and is full is an error': async ({ loads, suite }) => {
    const result = await suite.attemptIn('fullWorker', 0, { cache: 'opfs' });
    assert.equal(result.error?.code, 'quota', JSON.stringify(result));
    await loads({ cache: 'opfs' });
  },

  'numbers that Chromium gives in place of errors of a stored file': async ({ loads, clean, suite }) => {
    const [full, gone] = [2 ** 32 - 8, 2 ** 32 - 4];
    const [times, always] = [1, 1_000_000];
    const writes = [{ method: 'write', number: full, after: 0, times: always }, { method: 'write', number: full, after: 3, times: always }];
    for (const odd of [...writes, { method: 'getSize', number: 2 ** 64, after: 0, times: always }, { method: 'read', number: gone, after: 0, times }]) {
      await clean();
      const { value, error, hangs } = await suite.attemptIn('oddHandlesWorker', odd, { retries: 1 });
      assert.deepEqual(value, suite.expected, `${JSON.stringify(odd)}: ${JSON.stringify(error ?? { hangs })}`);
      await loads({}, `after ${JSON.stringify(odd)}`);
    }
    // A stored file that is deleted while it is read. `loads` has stored the model.
    for (const after of [0, 3]) {
      const odd = { method: 'read', number: gone, after, times };
      const { value, error, hangs } = await suite.attemptIn('oddHandlesWorker', odd, { retries: 1 });
      assert.deepEqual(value, suite.expected, `${JSON.stringify(odd)}: ${JSON.stringify(error ?? { hangs })}`);
      await loads({}, `after ${JSON.stringify(odd)}`);
    }
  },

  'a browser that refuses every store: the load goes on without one': async ({ loads, suite }) => {
    const result = await suite.attemptIn('lockedWorker');
    assert.ok(result.value, JSON.stringify(result));
    await loads();
  },

  'an unfinished part that is damaged or too long does not stay': async ({ page, site, model, attempt, loads, clean }) => {
    for (const how of ['flip', 'long']) {
      await clean();
      site.plan(model.chunk.path, { stallAt: model.chunk.bytes >> 1 }, 'always');
      await attempt({ abortAfterMs: 600 });
      site.reset();
      const names = Object.keys(await page.evaluate(() => stored())).filter((name) => name.endsWith('.part'));
      if (how === 'flip') for (const name of names) await page.evaluate((name) => damage(name, 'flip'), name);
      else for (const name of names) await page.evaluate(({ name, bytes }) => lengthen(name, bytes), { name, bytes: model.chunk.bytes + 5 });
      await loads({}, how);
      assert.ok(site.count(model.chunk.path) <= 2, how);
    }
  },
};

/** Quotas as the browser itself keeps them. Only Chromium's developer tools can set them. */
const CHROMIUM = {
  "the browser's own quota is met within a file": (s) => withQuota(s, 150_000, true),
  "the browser's own quota has no room for an empty folder": (s) => withQuota(s, 1000, false),
};

/** Loads with each kind of store while the origin has so much room; then the room comes back. */
async function withQuota({ page, site, model, attempt, loads, clean }, quotaSize, isTold) {
  const session = await page.context().newCDPSession(page);
  const setQuota = (size) => session.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.url).origin, ...size });
  try {
    for (const [place, cache] of [[PLACES[0], 'opfs'], [PLACES[1], 'cache-api']]) {
      await clean();
      await setQuota({ quotaSize });
      const { value, error, events } = await attempt({ ...place, retries: 1 });
      assert.ok(value, `${cache}: ${JSON.stringify(error)}`);
      if (isTold) assert.ok(events.some(({ phase }) => phase === 'quota'), cache);
      await clean();
      const named = await attempt({ ...place, cache, retries: 1 });
      assert.equal(named.error?.code, 'quota', `${cache} by name: ${JSON.stringify(named.error)}`);
      await setQuota({});
      await loads(place);
      site.requests.length = 0;
      await loads(place);
      assert.equal(site.count(model.chunk.path), 0, 'it is stored when there is room');
    }
  } finally {
    await setQuota({});
    await session.detach();
  }
}

export default async function ({ test, openPage }) {
  const suite = faultSuite(openPage);
  await runAll(test, suite, { ...TESTS, ...CHROMIUM });
  await suite.close();
}
