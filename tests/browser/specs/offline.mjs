// After one visit the first page opens, loads its model and finds entities while its server is gone. A new version waits for its user.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ISOLATION, listen, staticFiles } from '../../../www/serve.mjs';
import { startSite } from '../server.mjs';
import { until } from '../until.mjs';

const DIST = fileURLToPath(new URL('../../../www/dist/', import.meta.url));

/** Much longer than it takes, as a test ends with a reason rather than at the limit of the run. */
const KEPT_MS = 60_000;
/** All files of the default model, with the rows of its titles. */
const { files, chunks, entityTable } = JSON.parse(readFileSync(`${DIST}models/luke-mini-en/manifest.json`, 'utf8'));
const MODEL_BYTES = [...Object.values(files), ...chunks, ...entityTable.chunks].reduce((sum, { bytes }) => sum + bytes, 0);
const RESULT = '#panel-ner .results[aria-busy=false] mark';

export default async function ({ test, browser }) {
  for (const isolated of [false, true]) {
    await test(`the demo works without its server, ${isolated ? 'with its headers for threads' : 'on a plain page'}`, async () => {
      const site = await startSite({ isolated });
      const demo = `${site.url}some/where/demo/?device=wasm`;
      const context = await browser.newContext();
      try {
        const page = await context.newPage();
        await page.goto(demo);
        await page.waitForSelector(RESULT);
        await kept(page, '/threads/luke_web_bg.wasm');
        const session = await context.newCDPSession(page);
        const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
        assert.deepEqual(installabilityErrors.map(({ errorId }) => errorId), ['in-incognito'], 'outside of the test it can be installed');
        const before = await look(page);
        await until(page, async (bytes) => (await (await import('luke-web')).models.usage()).storedBytes >= bytes, MODEL_BYTES);
        site.close();
        await assert.rejects(fetch(demo), 'the server still answers');
        await page.close();
        const again = await context.newPage();
        await again.goto(demo);
        await again.waitForSelector(RESULT);
        const after = await look(again);
        assert.deepEqual(after.rows, before.rows);
        assert.equal(before.isolated, isolated);
        assert.equal(after.isolated, true, 'the service worker has added the headers');
        assert.equal(/on the CPU with \d+ threads/.test(after.runtime), await again.evaluate(() => navigator.hardwareConcurrency > 1), after.runtime);
        await again.locator('#tabs').getByText('Which entity').click();
        await again.locator('#predictEntities-run').click();
        await again.waitForSelector('#panel-predictEntities .bars li'); // its titles are kept too
        for (const page of ['annotate/', 'measure/', 'gpu-check.html']) {
          const response = await again.goto(new URL(page, demo).href);
          assert.equal(response.status(), 200, page);
        }
      } finally {
        site.close();
        await context.close();
      }
    });
  }

  await test('a new version waits: the page says so, and keeps what is typed until its user reloads it', async () => {
    let isNew = false;
    const files = staticFiles({ '/demo/': DIST }, ISOLATION);
    const { server, url } = await listen((request, response) => {
      if (!isNew || request.url !== '/demo/sw.js') return files(request, response);
      const script = readFileSync(`${DIST}sw.js`, 'utf8').replace(/version: "\w+"/, 'version: "later"');
      return response.writeHead(200, { 'content-type': 'text/javascript', ...ISOLATION }).end(script);
    });
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      await page.goto(`${url}demo/?device=wasm`);
      await page.waitForSelector(RESULT);
      await kept(page);
      assert.equal(await page.locator('#update').isVisible(), false);
      await page.locator('#ner-text').fill('Not saved');
      isNew = true;
      await page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
      await page.locator('#update').waitFor();
      const versions = () => page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('luke-web-page')).map((name) => name.split(' ').at(-1)));
      assert.equal((await versions()).length, 2, 'what the old version kept is still there');
      assert.equal(await page.locator('#ner-text').inputValue(), 'Not saved');
      await Promise.all([page.waitForEvent('load'), page.locator('#reload').click()]);
      await page.waitForSelector(RESULT);
      await kept(page);
      assert.deepEqual(await versions(), ['later']);
      assert.equal(await page.locator('#update').isVisible(), false);
    } finally {
      server.close();
      server.closeAllConnections();
      await context.close();
    }
  });

  await test('cache: false keeps nothing of a model, also behind a service worker', async () => {
    const site = await startSite();
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      await page.goto(`${site.url}some/where/demo/?device=wasm`);
      await page.waitForSelector(RESULT);
      await kept(page);
      const load = async (cache) => {
        const { Luke } = await import('luke-web');
        const luke = await Luke.load('models/luke-mini-en/', { device: 'wasm', cache });
        await luke.dispose();
      };
      await page.evaluate(load, 'auto');
      assert.notDeepEqual(await page.evaluate(keptOfModels, 'delete'), [], 'the service worker sees the manifest');
      await page.evaluate(load, false);
      assert.deepEqual(await page.evaluate(keptOfModels), []);
    } finally {
      site.close();
      await context.close();
    }
  });
}

/** The files of models that a service worker has kept; with `delete` they are then deleted. */
async function keptOfModels(how) {
  const kept = [];
  for (const name of (await caches.keys()).filter((name) => name.startsWith('luke-web-page'))) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      if (!request.url.includes('/models/')) continue;
      kept.push(request.url);
      if (how === 'delete') await cache.delete(request);
    }
  }
  return kept;
}

/** What the page shows, and whether it may have threads. */
function look(page) {
  return page.evaluate((selector) => ({
    rows: [...document.querySelectorAll(selector)].map(({ textContent }) => textContent),
    isolated: crossOriginIsolated,
    runtime: document.querySelector('#runtime').textContent,
  }), RESULT);
}

/** Waits until the service worker has kept the page and the runtime, whose wasm may be named. */
export async function kept(page, wasm = 'luke_web_bg.wasm') {
  const ends = [wasm, 'luke_web.js', 'worker.js', 'demo/'];
  for (let missing = ends, end = Date.now() + KEPT_MS; missing.length > 0; await page.waitForTimeout(50)) {
    missing = await page.evaluate(notKept, ends);
    assert.ok(missing.length === 0 || Date.now() < end, `the service worker has not kept ${missing.join(', ')}`);
  }
}

/** The ends of addresses that the service worker has not kept. */
async function notKept(ends) {
  if (navigator.serviceWorker.controller?.state !== 'activated') return ends;
  const urls = [];
  for (const name of await caches.keys()) urls.push(...(await (await caches.open(name)).keys()).map(({ url }) => url));
  return ends.filter((end) => !urls.some((url) => url.endsWith(end)));
}
