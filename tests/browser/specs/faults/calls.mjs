// Many calls and many loads: nothing is left behind, and the last result is as good as the first.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { faultSuite } from '../../faults/suite.mjs';
import { runAll } from './transfers.mjs';

const CALLS = 1000;
const CYCLES = 50;
/** Memory that a browser may keep for its own reasons after the first cycles. A model that is not freed takes more in all of them. */
const GROWTH_MIB = 60;

export const TESTS = {
  [`${CALLS} calls, some of them wrong or aborted`]: async ({ page, model, suite }) => {
    const { wrong, codes, last } = await page.evaluate(manyCalls, { url: model.url, calls: CALLS });
    assert.deepEqual(wrong, []);
    assert.deepEqual(codes, { input: CALLS / 10, aborted: CALLS / 10 });
    assert.deepEqual(last, suite.expected);
  },

  [`${CALLS} calls at once`]: async ({ page, model, suite }) => {
    const results = await page.evaluate(async ({ url, calls }) => {
      const luke = await lukeWeb.Luke.load(url, { device: 'wasm', worker });
      const results = await Promise.all(Array.from({ length: calls }, () => luke.ner('Ana Ivanovic won at Wimbledon.')));
      await luke.dispose();
      return [...new Set(results.map((entities) => JSON.stringify(entities)))];
    }, { url: model.url, calls: CALLS });
    assert.deepEqual(results.map((text) => JSON.parse(text)), [suite.expected]);
  },

  [`${CYCLES} times load, call, dispose in one worker`]: async ({ page, model, suite }) => {
    const results = await page.evaluate(cycles, { url: model.url, count: CYCLES, options: {} });
    assert.equal(results.length, CYCLES);
    for (const result of results) assert.deepEqual(result.value, suite.expected, JSON.stringify(result.error));
  },

  [`${CYCLES} times load, call, dispose beside each other`]: async ({ page, model, suite }) => {
    const results = await page.evaluate(({ url, count }) => Promise.all(Array.from({ length: count }, () => attempt(url))), { url: model.url, count: CYCLES });
    for (const result of results) assert.deepEqual(result.value, suite.expected, JSON.stringify(result.error));
  },
};

/** With what Chromium's developer tools and Linux tell about the processes. */
const CHROMIUM = {
  [`${CYCLES} times load, call, dispose, each with its own worker: none is left, and memory does not grow`]: async ({ page, model, suite }) => {
    const early = CYCLES / 5;
    const run = async (count) => {
      const results = await page.evaluate(cycles, { url: model.url, count, options: { shared: false } });
      for (const result of results) assert.deepEqual(result.value, suite.expected, JSON.stringify(result.error));
      return memoryOf(page);
    };
    const before = page.workers().length;
    const first = await run(early);
    const last = await run(CYCLES - early);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(page.workers().length, before, 'workers that are left');
    console.log(`    renderers: ${first.toFixed(0)} MiB after ${early} cycles, ${last.toFixed(0)} MiB after ${CYCLES}`);
    assert.ok(last - first < GROWTH_MIB, `${first} MiB, then ${last} MiB`);
  },
};

export default async function ({ test, openPage }) {
  const suite = faultSuite(openPage);
  await runAll(test, suite, { ...TESTS, ...CHROMIUM });
  await suite.close();
}

/** Proportional memory of the browser's renderers in MiB, after garbage collection. */
async function memoryOf(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const browser = await page.context().browser().newBrowserCDPSession();
  const { processInfo } = await browser.send('SystemInfo.getProcessInfo');
  await Promise.all([session.detach(), browser.detach()]);
  const sizes = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => {
    try {
      return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, 'utf8'))[1]) / 1024;
    } catch {
      return 0; // it has ended
    }
  });
  return sizes.reduce((sum, size) => sum + size, 0);
}

// In the page.
async function manyCalls({ url, calls }) {
  const text = 'Ana Ivanovic won at Wimbledon.';
  const luke = await lukeWeb.Luke.load(url, { device: 'wasm', worker, passCacheBytes: 0 });
  const first = JSON.stringify(await luke.ner(text));
  const [wrong, codes] = [[], { input: 0, aborted: 0 }];
  for (let i = 0; i < calls; i++) {
    if (i % 10 === 3) codes.input += (await outcome(luke.ner(text, { threshold: 'high' }))).error?.code === 'input';
    if (i % 10 === 7) {
      const abort = new AbortController();
      const call = outcome(luke.ner(text, { signal: abort.signal }));
      abort.abort('enough');
      codes.aborted += (await call).error?.foreign === 'enough';
    }
    const entities = JSON.stringify(await luke.ner(text));
    if (entities !== first) wrong.push([i, entities]);
  }
  const last = await luke.ner(text);
  await luke.dispose();
  return { wrong, codes, last };
}

async function cycles({ url, count, options }) {
  const results = [];
  for (let i = 0; i < count; i++) {
    const { value, error, hangs } = await attempt(url, options);
    results.push({ value, error, hangs });
  }
  return results;
}
