// Loads and calls that are aborted, and calls of different priorities.
import assert from 'node:assert/strict';
import { MINI } from '../../faults/models.mjs';
import { faultSuite } from '../../faults/suite.mjs';
import { runAll } from './transfers.mjs';

const mini = MINI();

/** Moments of a load at which it is aborted: at once, after some milliseconds, or at an event. */
const MOMENTS = ({ chunk, tokenizer }) => ({
  'at once': { abortAfterMs: -1 },
  'after the next task': { abortAfterMs: 0 },
  'with the manifest': { abortOn: { phase: 'manifest' } },
  'with the first byte': { abortOn: { phase: 'download', file: tokenizer.path } },
  'within a chunk': { abortOn: { phase: 'download', file: chunk.path } },
  'when a chunk is verified': { abortOn: { phase: 'verify', file: chunk.path } },
  'when the model is built': { abortOn: { phase: 'build' } },
  'in the self-test': { abortOn: { phase: 'self-test' } },
});

export const TESTS = {
  'a load that is aborted at eight moments, in a worker, on the page and without a store': async ({ model, attempt, loads, clean, suite }) => {
    const places = [{}, { worker: false, shared: false }, { cache: false }];
    for (const [moment, how] of Object.entries(MOMENTS(model))) {
      for (const place of places) {
        await clean();
        const { value, error, ms } = await attempt({ ...place, ...how });
        const what = `${moment} ${JSON.stringify(place)}`;
        // The last moments may come too late on a machine that is fast.
        if (value) assert.deepEqual(value, suite.expected, what);
        else assert.equal(error?.foreign, 'enough', `${what}: ${JSON.stringify(error)}`);
        assert.ok(ms < 5000, `${what}: ${ms} ms`);
        await suite.idle();
        await loads(place, `after a load that was aborted ${what}`);
      }
    }
  },

  'an aborted load asks for nothing more': async ({ site, model, attempt, suite }) => {
    for (const path of model.files.map((file) => file.path)) site.plan(path, { latencyMs: 300 }, 'always');
    const { error } = await attempt({ abortOn: { phase: 'manifest' } });
    assert.equal(error?.foreign, 'enough');
    await new Promise((resolve) => setTimeout(resolve, 200)); // what was sent before the abort may reach the server after it
    await suite.idle();
    const { length } = site.requests;
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.equal(site.requests.length, length);
  },

  'a signal that has aborted before': async ({ page, site, model, suite }) => {
    site.requests.length = 0;
    const result = await page.evaluate((url) => outcome(lukeWeb.Luke.load(url, { signal: AbortSignal.abort('before') })), model.url);
    assert.equal(result.error?.foreign, 'before');
    assert.deepEqual(suite.asked(), []);
  },

  'calls that are aborted: before, in the queue, while they compute': async ({ page, model }) => {
    const { before, queued, computing, others, expected } = await page.evaluate(async (url) => {
      const text = 'Ana Ivanovic won at Wimbledon.';
      const luke = await lukeWeb.Luke.load(url, { device: 'wasm', worker });
      const expected = await luke.ner(text);
      const before = await outcome(luke.ner(text, { signal: AbortSignal.abort('before') }));
      const [inQueue, inCall] = [new AbortController(), new AbortController()];
      const computing = outcome(luke.ner(longText(300), { signal: inCall.signal }));
      const queued = outcome(luke.ner(text, { signal: inQueue.signal }));
      const others = [luke.ner(text), luke.ner(text)].map((call) => outcome(call));
      inQueue.abort('queued');
      await new Promise((resolve) => setTimeout(resolve, 30));
      inCall.abort('computing');
      const all = { before, queued: await queued, computing: await computing, others: await Promise.all(others), expected };
      await luke.dispose();
      return all;
    }, model.url);
    assert.deepEqual([before.error?.foreign, queued.error?.foreign, computing.error?.foreign], ['before', 'queued', 'computing']);
    for (const { value } of others) assert.deepEqual(value, expected);
  },

  'a long document: after an abort the next call begins at once, in a worker and on the page': async ({ page }) => {
    for (const worker of [true, false]) {
      const { first, aborted, abortMs, next, alone, wholeMs } = await page.evaluate(longDocument, { url: mini.url, worker });
      assert.equal(aborted.error?.foreign, 'stop', JSON.stringify(aborted));
      assert.ok(wholeMs > 1000, `the document is long: ${wholeMs} ms`);
      assert.ok(abortMs < 100, `the aborted call rejects after ${abortMs} ms`);
      assert.ok(next.ms < alone + wholeMs / 10, `the next call took ${next.ms} ms, alone it takes ${alone} ms, the document ${wholeMs} ms`);
      assert.deepEqual(next.value, first);
    }
  },

  'a call of the user overtakes calls in the background, whose results stay the same': async ({ page }) => {
    const { order, foreground, background, expected, expectedLong } = await page.evaluate(priorities, mini.url);
    assert.equal(order[0], 'user-blocking', order.join(', '));
    assert.equal(order[1], 'user-visible', order.join(', '));
    assert.deepEqual(foreground, expected);
    for (const entities of background) assert.deepEqual(entities, expectedLong);
  },
};

export default async function ({ test, openPage }) {
  const suite = faultSuite(openPage);
  await runAll(test, suite, TESTS);
  await suite.close();
}

// In the page.
async function longDocument({ url, worker }) {
  const text = 'Angela Merkel met Emmanuel Macron in Paris.';
  const luke = await lukeWeb.Luke.load(url, { device: 'wasm', worker, passCacheBytes: 0 });
  const first = await luke.ner(text);
  const { ms: alone } = await outcome(luke.ner(text));
  const { ms: partMs } = await outcome(luke.ner(longText(40)));
  const abort = new AbortController();
  const call = outcome(luke.ner(longText(400), { signal: abort.signal }));
  await new Promise((resolve) => setTimeout(resolve, 150));
  const started = performance.now();
  abort.abort('stop');
  const next = outcome(luke.ner(text));
  const aborted = await call;
  const abortMs = performance.now() - started;
  const result = { first, aborted, abortMs, next: await next, alone, wholeMs: 10 * partMs };
  await luke.dispose();
  return result;
}

async function priorities(url) {
  const text = 'Angela Merkel met Emmanuel Macron in Paris.';
  const long = longText(60);
  const luke = await lukeWeb.Luke.load(url, { device: 'wasm', passCacheBytes: 0 });
  const expected = await luke.ner(text);
  const expectedLong = await luke.ner(long);
  const order = [];
  const call = (priority, what) =>
    luke.ner(what, { priority }).then((entities) => {
      order.push(priority);
      return entities;
    });
  const background = [call('background', long), call('background', long)];
  await new Promise((resolve) => setTimeout(resolve, 50));
  const visible = call('user-visible', long);
  const foreground = call('user-blocking', text);
  const results = await Promise.all([foreground, ...background, visible]);
  await luke.dispose();
  return { order, foreground: results[0], background: results.slice(1, 3), expected, expectedLong };
}
