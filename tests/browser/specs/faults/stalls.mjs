// Servers and files of the runtime that send nothing more: a load goes on without them, or fails in a stated time.
import assert from 'node:assert/strict';
import { faultSuite, SOON, SOON_IN_NEW_WORKER, told } from '../../faults/suite.mjs';
import { runAll } from './transfers.mjs';

export const TESTS = {
  'stalls before the headers, at the first byte and within a file': async ({ site, model, loads, clean }) => {
    for (const stallAt of ['headers', 0, model.chunk.bytes >> 1]) {
      await clean();
      site.plan(model.chunk.path, { stallAt });
      const { ms, events } = await loads(SOON, `stall at ${stallAt}`);
      assert.ok(ms < 5000, `${stallAt}: ${ms} ms`);
      assert.equal(told({ events }).length, 1);
      const [first] = site.requests.filter(({ path }) => path.endsWith(model.chunk.path));
      assert.equal(first.aborted, true, 'the connection that stalls is given up');
    }
  },

  'a pause that is shorter than the limit is none': async ({ site, model, loads }) => {
    site.plan(model.chunk.path, { stallAt: model.chunk.bytes >> 1, stallMs: 700 });
    const { events } = await loads({ stallMs: 3000 });
    assert.deepEqual(told({ events }), []);
    assert.equal(site.count(model.chunk.path), 1);
  },

  'a manifest and a tokenizer that stall': async ({ site, model, loads, clean }) => {
    for (const path of ['manifest.json', model.tokenizer.path]) {
      await clean();
      site.plan(path, { stallAt: 50 });
      await loads(SOON, path);
    }
  },

  'a server that always stalls': async ({ site, model, fails }) => {
    site.plan(model.chunk.path, { stallAt: 1000 }, 'always');
    const { error, ms } = await fails('network', { ...SOON, retries: 1, cache: false }, { then: {} });
    assert.match(error.message, new RegExp(model.chunk.path));
    assert.ok(ms > 2 * SOON.stallMs && ms < 8000, `${ms} ms`);
  },

  'an abort ends a stall at once': async ({ site, model, attempt, loads, suite }) => {
    for (const cache of ['auto', false]) {
      site.plan(model.chunk.path, { stallAt: 1000 }, 'always');
      const { error, ms } = await attempt({ cache, abortAfterMs: 400 });
      assert.equal(error?.foreign, 'enough');
      assert.ok(ms < 1500, `${ms} ms`);
      await suite.idle();
      site.reset();
      await loads({ cache });
    }
  },

  'an abort ends the wait before a retry': async ({ site, model, attempt, loads }) => {
    site.plan(model.chunk.path, { status: 503, retryAfter: 30 }, 'always');
    const { error, ms } = await attempt({ abortAfterMs: 600 });
    assert.equal(error?.foreign, 'enough');
    assert.ok(ms < 2000, `${ms} ms`);
    site.reset();
    await loads();
  },

  'a wasm module that stalls before its headers, and within it': async ({ site, loads, clean }) => {
    for (const stallAt of ['headers', 100_000]) {
      await clean();
      site.plan(/_bg\.wasm$/, { stallAt });
      const { ms } = await loads(SOON_IN_NEW_WORKER, `stall at ${stallAt}`);
      assert.ok(ms < 15_000, `${stallAt}: ${ms} ms`);
    }
  },

  'a wasm module that always stalls': async ({ site, fails }) => {
    site.plan(/_bg\.wasm$/, { stallAt: 1000 }, 'always');
    const { error } = await fails('network', { ...SOON_IN_NEW_WORKER, retries: 1 }, { then: { shared: false }, withinMs: 15_000 });
    assert.match(error.message, /runtime|wasm/);
  },

  'scripts of the package that stall': async ({ site, attempt, loads, clean }) => {
    for (const path of ['/luke_web.js', '/dist/worker.js']) {
      await clean();
      site.plan(path, { stallAt: 'headers' });
      const { value, error, ms } = await attempt({ ...SOON_IN_NEW_WORKER, retries: 1 });
      assert.ok(value || ['network', 'unsupported'].includes(error?.code), `${path}: ${JSON.stringify(error)}`);
      assert.ok(ms < 15_000, `${path}: ${ms} ms`);
      site.reset();
      // Chromium goes on waiting for a script whose worker was terminated, and another worker waits for that.
      site.down();
      site.up();
      await loads({ shared: false }, path);
    }
  },
};

/** Pages that may have threads: their scripts and their module may stall too. */
const ISOLATED = {
  'the script of a thread that stalls, and the module for threads': async ({ site, loads, clean }) => {
    for (const path of ['/dist/thread.js', '/wasm/threads/luke_web_bg.wasm']) {
      await clean();
      site.plan(path, { stallAt: 'headers' });
      const { ms } = await loads({ ...SOON_IN_NEW_WORKER, threads: 'auto' }, path);
      assert.ok(ms < 15_000, `${path}: ${ms} ms`);
    }
  },
};

export default async function ({ test, openPage }) {
  const suite = faultSuite(openPage);
  await runAll(test, suite, TESTS);
  await suite.close();
  const isolated = faultSuite(openPage, { isolated: true });
  await runAll(test, isolated, ISOLATED);
  await isolated.close();
}
