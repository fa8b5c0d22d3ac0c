// Several tabs with one model, and tabs that end in the middle of a load. Bytes are counted on the default model, which has four chunks.
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { MINI } from '../../faults/models.mjs';
import { faultSuite } from '../../faults/suite.mjs';

/** Bytes a second of each connection. The model then takes more than a second. */
const LINE = 4_000_000;
/** Bytes that the system took from the server and the browser had not stored when the tab ended. */
const UNDERWAY = 3_000_000;

const mini = MINI();
/** Bytes of a load: the files of the model, and the rows of its special entities. */
const LOADED = mini.bytes + mini.manifest.entityTable.chunks[0].bytes;
const modelBytes = ({ site }) => site.bytes(/\.(bin|json)$/) - site.bytes('manifest.json');
/** The entities that a load of the default model has found: some. */
const entities = ({ value }, what) => {
  assert.ok(Array.isArray(value) && value.length > 0, `${what}: ${JSON.stringify(value)}`);
  return value;
};

export const TESTS = {
  'two loads at once in one page fetch the model once': async (s) => {
    const results = await s.page.evaluate((url) => Promise.all([attempt(url), attempt(url, { shared: false }), attempt(url, { worker: false, shared: false })]), mini.url);
    const [first, ...others] = results.map((result) => entities(result, result.error?.message));
    for (const other of others) assert.deepEqual(other, first);
    assert.equal(modelBytes(s), LOADED);
  },

  'two tabs at once fetch the model once': async (s) => {
    Object.assign(s.site.settings, { bytesPerSecond: LINE });
    const second = await s.page.context().newPage();
    await second.goto(`${s.site.url}faults.html`);
    await second.waitForFunction(() => 'lukeWeb' in globalThis);
    const results = await Promise.all([s.page, second].map((page) => s.attempt({ page, url: mini.url, shared: false })));
    const [first, other] = results.map((result) => entities(result, result.error?.message));
    assert.deepEqual(other, first);
    assert.equal(modelBytes(s), LOADED);
    await second.close();
  },

  'a tab that ends while another waits for it: the other finishes': async (s) => {
    Object.assign(s.site.settings, { bytesPerSecond: LINE });
    const second = await s.page.context().newPage();
    await second.goto(`${s.site.url}faults.html`);
    await second.waitForFunction(() => 'lukeWeb' in globalThis);
    const ending = s.attempt({ page: second, url: mini.url, shared: false }).catch(() => {});
    await wait(400);
    const going = s.attempt({ url: mini.url });
    await wait(500);
    await second.close();
    await ending;
    entities(await going, 'the tab that stays');
    const extra = modelBytes(s) - LOADED;
    assert.ok(extra >= 0 && extra <= UNDERWAY, `${extra} bytes came twice`);
  },

  'a tab closed at a third and at two thirds of a load: the next one fetches what is missing': async (s) => {
    for (const part of [1 / 3, 2 / 3]) {
      await s.clean();
      Object.assign(s.site.settings, { bytesPerSecond: LINE });
      const tab = await s.page.context().newPage();
      await tab.goto(`${s.site.url}faults.html`);
      await tab.waitForFunction(() => 'lukeWeb' in globalThis);
      const loading = s.attempt({ page: tab, url: mini.url, shared: false }).catch(() => {});
      while (modelBytes(s) < LOADED * part) await wait(10);
      await tab.close();
      await loading;
      await s.idle();
      const came = modelBytes(s);
      s.site.settings.bytesPerSecond = Infinity;
      entities(await s.attempt({ url: mini.url }), 'after the tab was opened again');
      const extra = modelBytes(s) - LOADED;
      console.log(`    ${came} bytes had come, ${modelBytes(s) - came} were fetched again, of ${LOADED}`);
      assert.ok(extra >= 0 && extra <= UNDERWAY, `${extra} bytes came twice`);
    }
  },

  'a page that is reloaded in a load': async (s) => {
    const page = await s.openPage();
    Object.assign(s.site.settings, { bytesPerSecond: LINE });
    const loading = s.attempt({ page, url: mini.url, shared: false }).catch(() => {});
    while (modelBytes(s) < LOADED / 2) await wait(10);
    await page.reload();
    await loading;
    await page.waitForFunction(() => 'lukeWeb' in globalThis);
    entities(await s.attempt({ page, url: mini.url }), 'after the reload');
    const extra = modelBytes(s) - LOADED;
    assert.ok(extra >= 0 && extra <= UNDERWAY, `${extra} bytes came twice`);
    await page.context().close();
  },

  'a model that is replaced on the server: files that it shares with the earlier one are not fetched': async (s) => {
    await s.loads();
    const { manifest, tokenizer, chunk } = s.model;
    s.site.requests.length = 0;
    s.site.plan('manifest.json', { body: JSON.stringify({ ...manifest, name: 'the next version' }) }, 'always');
    await s.loads();
    assert.deepEqual([tokenizer, chunk].map(({ path }) => s.site.count(path)), [0, 0]);
  },
};

export default async function ({ test, openPage }) {
  const suite = faultSuite(openPage);
  const run = (title, body) => test(title, async () => {
    const s = await suite.clean();
    await body(s);
    await s.idle();
  });
  for (const [title, body] of Object.entries(TESTS)) await run(title, body);
  await suite.close();
}
