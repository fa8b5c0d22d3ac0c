// Hugging Face folders that are read by ranges, without hashes, and rows of an entity table that are fetched in a call.
import assert from 'node:assert/strict';
import { PAGED } from '../../faults/models.mjs';
import { faultSuite, SOON } from '../../faults/suite.mjs';
import { runAll } from './transfers.mjs';

const RAW = '/checkpoints/micro-span_cls/';
const WEIGHTS = 'model.safetensors';
/** What is read of a weight file to see what is in it. */
const HEADER_BYTES = 1 << 17;

const CHECKPOINT = {
  'it gives what its model folder gives, and is stored': async ({ site, loads }) => {
    await loads({ url: RAW });
    const bytes = site.bytes(WEIGHTS);
    site.requests.length = 0;
    await loads({ url: RAW });
    // Its header tells which version the server has.
    assert.ok(site.count(WEIGHTS) <= 1 && site.bytes(WEIGHTS) <= HEADER_BYTES && bytes > HEADER_BYTES, `${site.bytes(WEIGHTS)} of ${bytes} bytes were fetched again`);
  },

  'a file that changes between two ranges is refused': async ({ site, loads, attempt, clean }) => {
    const cases = [[{}, 'auto', 2], [{}, 'auto', 3], [{}, false, 2], [{ etag: false }, 'auto', 2], [{ etag: false }, false, 3], [{ cacheControl: 'max-age=3600' }, false, 2]];
    for (const [settings, cache, from] of cases) {
      await clean();
      Object.assign(site.settings, settings);
      site.plan(WEIGHTS, { version: 2 }, `from ${from}`);
      const url = `/at/changes${from}${cache}${Object.keys(settings)}${RAW}`;
      const { value, error } = await attempt({ url, cache, retries: 1 });
      const asked = site.count(WEIGHTS);
      // With few requests for the weights the file may have been read before it changed.
      if (asked >= from) assert.equal(error?.code, 'integrity', `${JSON.stringify({ settings, cache, from, asked, value, error })}`);
      else assert.ok(value);
      assert.ok(asked >= 2, 'the header and the weights');
      site.reset();
      await loads({ url: `/at/again${RAW}`, cache });
    }
  },

  'a file that changes within a range, which is then cut': async ({ site, loads, attempt }) => {
    site.plan(WEIGHTS, {}, 'once'); // the header
    site.plan(WEIGHTS, { cutAfter: 50_000 }, 'once');
    site.plan(WEIGHTS, { version: 2 }, 'always');
    const { error } = await attempt({ url: RAW, retries: 2 });
    assert.equal(error?.code, 'integrity', JSON.stringify(error));
    site.reset();
    await loads({ url: RAW });
  },

  'a stored checkpoint that was replaced on the server is not mixed with the new one': async ({ site, page, loads, attempt }) => {
    await loads({ url: RAW });
    site.plan(WEIGHTS, { version: 2 }, 'always');
    const [mixed, fresh] = [await attempt({ url: RAW }), await attempt({ url: `/at/fresh${RAW}`, cache: false })];
    assert.ok(fresh.value, JSON.stringify(fresh.error));
    if (mixed.value) assert.deepEqual(mixed.value, fresh.value);
    else assert.equal(mixed.error.code, 'integrity');
    await page.evaluate(() => wipe());
    site.reset();
    await loads({ url: RAW });
  },

  'cut, stalled and failing ranges': async ({ site, loads, clean }) => {
    const [header, weights] = [1, 2];
    const faults = [
      [header, { cutAfter: 10_000 }], [header, { status: 503, retryAfter: 1 }], [header, { short: 10 }], [header, { stallAt: 'headers' }],
      [weights, { cutAfter: 10_000 }], [weights, { cutAfter: 0 }], [weights, { status: 500 }], [weights, { short: 10 }], [weights, { stallAt: 150_000 }],
    ];
    for (const [request, fault] of faults) {
      await clean();
      if (request === weights) site.plan(WEIGHTS, {}, 'once');
      site.plan(WEIGHTS, fault, 'once');
      await loads({ url: RAW, ...SOON }, `${JSON.stringify(fault)} of request ${request}`);
    }
  },

  'a server without ranges, whose file is cut': async ({ site, loads }) => {
    site.settings.ranges = false;
    site.plan(WEIGHTS, {}, 'once');
    site.plan(WEIGHTS, { cutAt: 100_000 }, 'once');
    await loads({ url: RAW });
  },

  'small files that fail once': async ({ site, loads, clean }) => {
    for (const path of ['config.json', 'entity_vocab.json', 'vocab.json']) {
      await clean();
      site.plan(path, { status: 502 });
      await loads({ url: RAW }, path);
    }
  },

  'without network a stored checkpoint works': async ({ site, loads }) => {
    await loads({ url: RAW });
    site.down();
    const { ms } = await loads({ url: RAW, retries: 1 });
    assert.ok(ms < 20_000, `${ms} ms`);
    site.up();
  },
};

/** The chunk with the rows 512 to 1023 of the entity table. No load reads it. */
const ROWS = 'entities/0001.bin';
const TITLE = 'Entity 700';

const TABLE = {
  'rows that are cut, fail, stall or have a wrong bit, once': async ({ page, site, clean }) => {
    const { url } = PAGED();
    await page.evaluate(loadPaged, { url });
    const expected = (await page.evaluate(embed, TITLE)).value;
    assert.ok(expected.length > 0);
    for (const fault of [{ status: 500 }, { status: 503, retryAfter: 1 }, { cutAfter: 1000 }, { stallAt: 'headers' }, { flip: 100 }, { short: 10 }]) {
      await clean();
      await page.evaluate(loadPaged, { url, ...SOON });
      site.plan(ROWS, fault);
      for (let i = 0; i < 2; i++) {
        const { value, error } = await page.evaluate(embed, TITLE);
        assert.deepEqual(value, expected, `${JSON.stringify(fault)}: ${JSON.stringify(error)}`);
      }
      assert.equal(site.count(ROWS), 2, JSON.stringify(fault));
    }
    await page.evaluate(() => paged.dispose());
  },

  'rows that always fail: the call says so, calls that need no rows go on, and the next one works': async ({ page, site, clean }) => {
    const { url } = PAGED();
    await page.evaluate(loadPaged, { url });
    const [rows, none] = [await page.evaluate(embed, TITLE), await page.evaluate(embed, null)];
    for (const [fault, code] of [[{ status: 404 }, 'network'], [{ status: 500 }, 'network'], [{ stallAt: 'headers' }, 'network'], [{ flip: 100 }, 'integrity']]) {
      await clean();
      await page.evaluate(loadPaged, { url, ...SOON, retries: 1 });
      site.plan(ROWS, fault, 'always');
      const what = JSON.stringify(fault);
      const [failed, without] = await Promise.all([TITLE, null].map((title) => page.evaluate(embed, title)));
      assert.equal(failed.error?.code, code, `${what}: ${JSON.stringify(failed.error)}`);
      assert.deepEqual(without.value, none.value, `${what}: ${JSON.stringify(without.error)}`);
      assert.ok(failed.ms < 5000 && without.ms < 5000, `${what}: ${failed.ms} ms, ${without.ms} ms`);
      site.reset();
      assert.deepEqual((await page.evaluate(embed, TITLE)).value, rows.value, `${what}: the next call`);
    }
    await page.evaluate(() => paged.dispose());
  },

  'a call that waits for rows is aborted': async ({ page, site }) => {
    await page.evaluate(loadPaged, { url: PAGED().url });
    const [rows] = [await page.evaluate(embed, 'Entity 1100')];
    site.plan(ROWS, { stallAt: 'headers' });
    const aborted = await page.evaluate(abortedEmbed, TITLE);
    assert.equal(aborted.error?.foreign, 'enough', JSON.stringify(aborted));
    assert.ok(aborted.ms < 1500, `${aborted.ms} ms`);
    assert.deepEqual((await page.evaluate(embed, 'Entity 1100')).value, rows.value);
    const next = await page.evaluate(embed, TITLE);
    assert.ok(next.value, 'the rows that were not fetched');
    assert.ok(next.ms < 5000, `it waits ${next.ms} ms for what the aborted call has asked for`);
    await page.evaluate(() => paged.dispose());
  },

  'the store is wiped between two calls': async ({ page, site }) => {
    await page.evaluate(loadPaged, { url: PAGED().url });
    const rows = await page.evaluate(embed, TITLE);
    await page.evaluate(() => wipe());
    assert.deepEqual((await page.evaluate(embed, TITLE)).value, rows.value);
    await page.evaluate(() => wipe());
    const other = await page.evaluate(embed, 'Entity 1100');
    assert.ok(other.value, JSON.stringify(other.error));
    assert.deepEqual((await page.evaluate(embed, TITLE)).value, rows.value);
    assert.ok(site.count(ROWS) >= 1 && site.count(ROWS) <= 3, `${site.count(ROWS)} requests`);
    await page.evaluate(() => paged.dispose());
  },

  'stored rows need no network': async ({ page, site }) => {
    const { url } = PAGED();
    await page.evaluate(loadPaged, { url });
    const { value } = await page.evaluate(embed, TITLE);
    site.down();
    await page.evaluate(loadPaged, { url });
    assert.deepEqual((await page.evaluate(embed, TITLE)).value, value);
    const other = await page.evaluate(embed, 'Entity 1100');
    assert.equal(other.error?.code, 'network', 'rows that are not stored');
    site.up();
    assert.ok((await page.evaluate(embed, 'Entity 1100')).value);
    await page.evaluate(() => paged.dispose());
  },
};

export default async function ({ test, openPage }) {
  const suite = faultSuite(openPage);
  await runAll(test, suite, { ...CHECKPOINT, ...TABLE });
  await suite.close();
}

// In the page.
/** Loads the model with the table in place of the one before. */
async function loadPaged({ url, ...options }) {
  await globalThis.paged?.dispose();
  globalThis.paged = await lukeWeb.Luke.load(url, { device: 'wasm', worker, retries: 3, ...options });
}

/** The vector of a mention whose title is known. */
function embed(title) {
  return outcome(paged.embed('Ana won.', [[0, 3]], { titles: [title] }).then(({ entities }) => [...entities.data]));
}

function abortedEmbed(title) {
  const abort = new AbortController();
  setTimeout(() => abort.abort('enough'), 300);
  return outcome(paged.embed('Ana won.', [[0, 3]], { titles: [title], signal: abort.signal }));
}
