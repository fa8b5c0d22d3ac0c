// After one visit the demo opens, loads its model and finds entities while its server is gone.
import assert from 'node:assert/strict';
import { startSite } from '../server.mjs';

const RESULT = '#panels mark, #panels tbody tr';

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
        while (!(await page.evaluate(isKept))) await page.waitForTimeout(50);
        const before = await look(page);
        site.close();
        await assert.rejects(fetch(demo), 'the server still answers');
        await page.close();
        const again = await context.newPage();
        await again.goto(demo);
        await again.waitForSelector(RESULT);
        const after = await look(again);
        assert.deepEqual(after, before);
        assert.equal(after.isolated, isolated);
      } finally {
        site.close();
        await context.close();
      }
    });
  }

  await test('cache: false keeps nothing of a model, also behind a service worker', async () => {
    const site = await startSite();
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      await page.goto(`${site.url}some/where/demo/?device=wasm`);
      await page.waitForSelector(RESULT);
      while (!(await page.evaluate(isKept))) await page.waitForTimeout(50);
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

/** What the page shows, and whether its headers allow threads. */
function look(page) {
  return page.evaluate((selector) => ({
    rows: [...document.querySelectorAll(selector)].map(({ textContent }) => textContent),
    isolated: crossOriginIsolated,
    threads: /threads/.test(document.querySelector('#runtime').textContent),
  }), RESULT);
}

/** Whether the service worker has kept the page and the runtime. */
export async function isKept() {
  if (navigator.serviceWorker.controller?.state !== 'activated') return false;
  const kept = [];
  for (const name of await caches.keys()) kept.push(...(await (await caches.open(name)).keys()).map(({ url }) => url));
  return ['luke_web_bg.wasm', 'luke_web.js', 'worker.js', 'demo/'].every((end) => kept.some((url) => url.endsWith(end)));
}
