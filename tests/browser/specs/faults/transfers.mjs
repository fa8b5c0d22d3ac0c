// Transfers that go wrong on the way: cut, changed, of another length, compressed, redirected. The load gets to its end if it can.
import assert from 'node:assert/strict';
import { faultSuite, randomNumbers, SOON, told } from '../../faults/suite.mjs';

/** Places at which the connection is cut, in each of the stores. */
const CUTS = 20;
/** A browser forgets what it has not handed out when a connection breaks. After this time it has handed out all. */
const LINGER = { lingerMs: 150 };
/** Of the cuts, those after which a busy machine may have handed out less. */
const LOST = 2;

/** The tests, which others.mjs runs in other browsers too. */
export const TESTS = {
  'each file is fetched once, and the events tell it': async ({ site, model, loads }) => {
    const { events } = await loads();
    for (const { path, bytes } of model.files) assert.deepEqual([path, site.count(path), site.bytes(path)], [path, 1, bytes]);
    assert.equal(site.count('manifest.json'), 1);
    assert.equal(events[0].phase, 'manifest');
    for (const phase of ['download', 'verify', 'build', 'self-test']) assert.ok(events.some((event) => event.phase === phase), `no event ${phase}`);
    const last = events.at(-1);
    assert.equal(last.phase, 'ready');
    assert.equal(last.loadedBytes, last.totalBytes);
    assert.ok(last.totalBytes >= model.bytes, 'the total is that of the model, and of the runtime where that was fetched');
    const loaded = events.map(({ loadedBytes }) => loadedBytes);
    assert.deepEqual(loaded, [...loaded].sort((a, b) => a - b));
    assert.deepEqual(told({ events }), []);
  },

  [`a chunk cut at ${CUTS} places, then the rest by a range`]: async ({ site, model, loads, clean }) => {
    const { chunk } = model;
    const { seed, next } = randomNumbers();
    console.log(`    LUKE_SEED=${seed}`);
    const lost = [];
    for (let i = 0; i < CUTS; i++) {
      await clean();
      const cutAt = Math.floor(next() * chunk.bytes);
      site.plan(chunk.path, { cutAt, ...LINGER });
      const { events } = await loads({}, `cut at ${cutAt}`);
      assert.equal(told({ events }).length, 1, `cut at ${cutAt}`);
      assert.equal(site.count(chunk.path), 2);
      const extra = site.bytes(chunk.path) - chunk.bytes;
      assert.ok(extra >= 0 && extra <= cutAt, `cut at ${cutAt}: ${extra} bytes too many`);
      if (extra > 0) lost.push(`${extra} at ${cutAt}`);
    }
    assert.ok(lost.length <= LOST, `bytes that came twice: ${lost.join(', ')}`);
  },

  [`a chunk cut at ${CUTS} places in loads beside each other, without a store`]: async ({ site, model, loads }) => {
    const { seed, next } = randomNumbers();
    console.log(`    LUKE_SEED=${seed}`);
    const cuts = Array.from({ length: CUTS }, () => Math.floor(next() * model.chunk.bytes));
    await Promise.all(
      cuts.map(async (cutAt, i) => {
        site.plan(`/at/cut${i}${model.url}${model.chunk.path}`, { cutAt });
        await loads({ url: `/at/cut${i}${model.url}`, cache: false }, `cut at ${cutAt}`);
      }),
    );
  },

  'a connection that breaks again and again, but brings bytes each time': async ({ site, model, loads }) => {
    const cutAfter = Math.ceil(model.chunk.bytes / 6);
    site.plan(model.chunk.path, { cutAfter, ...LINGER }, 5);
    await loads({ retries: 2 });
    assert.ok(site.count(model.chunk.path) >= 6);
  },

  'a connection that is cut always before the first byte': async ({ site, model, fails }) => {
    site.plan(model.chunk.path, { cutAt: 0 }, 'always');
    const { error } = await fails('network', { retries: 1 });
    assert.match(error.message, new RegExp(model.chunk.path));
  },

  'a connection that is reset by a router': async ({ site, model, loads }) => {
    site.plan(model.chunk.path, { cutAt: Math.floor(model.chunk.bytes / 2), reset: true });
    await loads();
  },

  'a cut on a server without ranges, and on one without validators': async ({ site, model, loads, clean }) => {
    for (const settings of [{ ranges: false }, { etag: false, lastModified: false }, { etag: false }]) {
      await clean();
      Object.assign(site.settings, settings);
      site.plan(model.chunk.path, { cutAt: Math.floor(model.chunk.bytes / 2) });
      await loads({}, JSON.stringify(settings));
      assert.equal(site.count(model.chunk.path), 2, JSON.stringify(settings));
    }
  },

  'a cut manifest and a cut tokenizer': async ({ site, model, loads, clean }) => {
    for (const path of ['manifest.json', model.tokenizer.path]) {
      await clean();
      site.plan(path, { cutAt: 100 });
      await loads({}, path);
    }
  },

  'a file that is replaced by another version after a cut is fetched whole, once more': async ({ site, model, loads }) => {
    // The first part is of another version; If-Range brings the right file, and not its rest.
    site.plan(model.chunk.path, { version: 2, cutAt: Math.floor(model.chunk.bytes / 2) });
    await loads();
    assert.ok(site.count(model.chunk.path) <= 3);
  },

  'one bit is wrong once: this file alone is fetched again': async ({ site, model, loads, clean }) => {
    for (const { path, bytes } of [model.chunk, model.tokenizer]) {
      await clean();
      site.plan(path, { flip: bytes >> 1 });
      const { events } = await loads({}, path);
      assert.equal(told({ events }).length, 1);
      assert.equal(site.bytes('.bin') + site.bytes('.json') - site.bytes('manifest.json'), model.bytes + bytes, path);
    }
  },

  'one bit is wrong always: the file is named, and the other files stay': async ({ site, model, fails }) => {
    site.plan(model.chunk.path, { flip: 7 }, 'always');
    const { error } = await fails('integrity', { retries: 2 });
    assert.match(error.message, new RegExp(model.chunk.path));
    // `fails` loaded again, after it had forgotten the log.
    assert.deepEqual([site.count(model.chunk.path), site.count(model.tokenizer.path)], [1, 0]);
  },

  'retries are as many as the option says': async ({ site, model, attempt, clean }) => {
    for (const retries of [0, 1, 2]) {
      await clean();
      site.plan(model.chunk.path, { flip: 7 }, 'always');
      const { error } = await attempt({ retries });
      assert.equal(error?.code, 'integrity');
      assert.equal(site.count(model.chunk.path), retries + 1);
    }
  },

  'a body that is too short or too long, once': async ({ site, model, loads, clean }) => {
    for (const fault of [{ short: 100 }, { short: model.chunk.bytes }, { long: 1 }, { long: 100_000 }]) {
      await clean();
      site.plan(model.chunk.path, fault);
      await loads({}, JSON.stringify(fault));
      assert.equal(site.count(model.chunk.path), 2, JSON.stringify(fault));
    }
  },

  'a body that is always too short, and one that is always too long': async ({ site, model, fails, clean }) => {
    for (const fault of [{ short: 100, ranges: false }, { long: 1 }]) {
      await clean();
      site.plan(model.chunk.path, fault, 'always');
      const { error } = await fails('integrity', { retries: 1 });
      assert.match(error.message, new RegExp(model.chunk.path), JSON.stringify(fault));
    }
  },

  'files that come compressed': async ({ site, loads }) => {
    site.plan(/\/models\//, { gzip: true }, 'always');
    await loads();
  },

  'a compressed chunk that is cut: ranges count other bytes, so it comes whole': async ({ site, model, loads }) => {
    site.plan(model.chunk.path, { gzip: true, cutAfter: 3000 });
    await loads();
  },

  'a page in place of a chunk, once and always': async ({ site, model, loads, fails, clean }) => {
    site.plan(model.chunk.path, { html: true });
    await loads();
    await clean();
    site.plan(model.chunk.path, { html: true }, 'always');
    const { error } = await fails('network', { retries: 1 });
    assert.match(error.message, new RegExp(model.chunk.path));
  },

  'a page in place of the manifest': async ({ site, fails }) => {
    site.plan('manifest.json', { html: true }, 'always');
    const { error } = await fails('network');
    assert.match(error.message, /manifest|checkpoint/);
  },

  'a redirect to a signed URL on another origin, whose connection is cut': async ({ site, model, loads }) => {
    site.plan(/\.bin$/, { redirect: true }, 'always');
    site.plan(model.chunk.path, { on: 'other', cutAt: Math.floor(model.chunk.bytes / 2) });
    await loads();
    const urls = site.requests.filter(({ origin, method }) => origin === 'other' && method === 'GET');
    assert.ok(urls.length >= 2 && urls.every(({ status }) => status < 300), JSON.stringify(urls.map(({ status }) => status)));
  },

  'a redirect to another origin that allows no headers of scripts': async ({ site, model, loads }) => {
    site.settings.allowHeaders = '';
    site.plan(/\.bin$/, { redirect: true }, 'always');
    site.plan(model.chunk.path, { on: 'other', cutAt: Math.floor(model.chunk.bytes / 2) });
    await loads();
  },

  'a signed URL that has expired: the host gives a new one': async ({ site, model, loads }) => {
    site.plan(/\.bin$/, { redirect: true, expired: true });
    site.plan(/\.bin$/, { redirect: true }, 'always');
    await loads();
    assert.equal(site.count(model.chunk.path), 4, 'two redirects, a refusal and the file');
  },

  'a slow line is no stall': async ({ site, model, loads }) => {
    site.plan(model.chunk.path, { bytesPerSecond: Math.ceil(model.chunk.bytes / 2) });
    const { events, ms } = await loads(SOON);
    assert.deepEqual(told({ events }), []);
    assert.ok(ms > 1500, `${ms} ms`);
  },

  'without bytes for a while, the rest is fetched on another connection': async ({ site, model, loads }) => {
    site.plan(model.chunk.path, { stallAt: Math.floor(model.chunk.bytes / 2) });
    const { ms } = await loads(SOON);
    assert.ok(ms < 5000, `${ms} ms`);
  },
};

/** Functions that a page may pass in place of `fetch`. */
const FETCHES = ['rejects twice', 'throws', 'gives nothing', 'gives no stream', 'breaks in the middle', 'is silent once', 'stops in the middle', 'ignores its signal'];

const OWN_FETCH = {
  'a fetch of the page that fails, breaks or stalls': async ({ page, model, expected, loads, clean }) => {
    for (const kind of FETCHES) {
      await clean();
      const result = await page.evaluate(strangeFetch, { url: model.url, kind, stallMs: SOON.stallMs });
      if (['throws', 'gives nothing'].includes(kind)) assert.ok(['network', 'input'].includes(result.error?.code), `${kind}: ${JSON.stringify(result)}`);
      else if (kind === 'ignores its signal') assert.equal(result.error?.foreign, 'enough', JSON.stringify(result));
      else assert.deepEqual(result.value, expected, `${kind}: ${JSON.stringify(result)}`);
      assert.ok(result.ms < 10_000, `${kind}: ${result.ms} ms`);
      await loads({}, kind);
    }
  },
};

export default async function ({ test, openPage }) {
  const suite = faultSuite(openPage);
  await runAll(test, suite, { ...TESTS, ...OWN_FETCH });
  await suite.close();
}

/** Runs the tests on a suite. Each gets its parts by name. */
export async function runAll(test, suite, tests = TESTS) {
  for (const [title, body] of Object.entries(tests)) {
    await test(title, async () => {
      const s = await suite.clean();
      const { site, page, model, expected } = s;
      const [loads, fails, attempt, clean] = ['loads', 'fails', 'attempt', 'clean'].map((name) => s[name].bind(s));
      await body({ site, page, model, expected, loads, fails, attempt, clean, suite: s });
      await s.idle();
    });
  }
}

// In the page.
async function strangeFetch({ url, kind, stallMs }) {
  let tried = 0;
  const never = new Promise(() => {});
  const half = async (input, then) => {
    const bytes = new Uint8Array(await (await fetch(input)).arrayBuffer());
    return new Response(new ReadableStream({ start: (stream) => stream.enqueue(bytes.slice(0, bytes.length >> 1)), pull: then }));
  };
  const failing = {
    'rejects twice': (input, init) => (tried++ < 2 ? Promise.reject(new TypeError('no network')) : fetch(input, init)),
    throws: () => {
      throw new Error('a bug of the page');
    },
    'gives nothing': async () => undefined,
    'gives no stream': async (input, init) => new Response(await (await fetch(input, init)).blob()),
    'breaks in the middle': (input, init) => (tried++ < 1 ? half(input, (stream) => stream.error(new TypeError('broken'))) : fetch(input, init)),
    'is silent once': (input, init) => (tried++ < 1 ? never : fetch(input, init)),
    'stops in the middle': (input, init) => (tried++ < 1 ? half(input, () => never) : fetch(input, init)),
    'ignores its signal': () => never,
  }[kind];
  const isChunk = (input) => String(input).endsWith('.bin');
  const abort = new AbortController();
  if (kind === 'ignores its signal') setTimeout(() => abort.abort('enough'), 300);
  const load = async () => {
    const ownFetch = (input, init) => (isChunk(input) ? failing(input, init) : fetch(input, init));
    const luke = await lukeWeb.Luke.load(url, { device: 'wasm', worker, stallMs, retries: 2, signal: abort.signal, fetch: ownFetch });
    try {
      return await luke.ner('Ana Ivanovic won at Wimbledon.');
    } finally {
      await luke.dispose();
    }
  };
  return outcome(load());
}
