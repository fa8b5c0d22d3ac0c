// Statuses of a server: some are tried again after the time that it asks for, others fail at once.
import assert from 'node:assert/strict';
import { faultSuite, told } from '../../faults/suite.mjs';
import { runAll } from './transfers.mjs';

export const TESTS = {
  '403, 404 and 410 fail at once, with the status': async ({ site, model, fails, clean }) => {
    for (const status of [403, 404, 410]) {
      await clean();
      site.plan(model.chunk.path, { status }, 'always');
      const { error, ms } = await fails('network');
      assert.equal(error.detail.status, status);
      assert.match(error.message, new RegExp(`${model.chunk.path}.*${status}`));
      assert.ok(ms < 2000, `${status}: ${ms} ms`);
    }
  },

  'a status that fails at once is not tried again': async ({ site, model, attempt }) => {
    site.plan(model.chunk.path, { status: 404 }, 'always');
    const { events } = await attempt();
    assert.equal(site.count(model.chunk.path), 1);
    assert.deepEqual(told({ events }), []);
  },

  'no manifest at all': async ({ fails }) => {
    const { error } = await fails('network', { url: '/models/no-such-model/' }, { then: {} });
    assert.match(error.message, /no-such-model/);
    assert.equal(error.detail.status, 404);
  },

  '429 with Retry-After in seconds, and as a date': async ({ site, model, loads, clean }) => {
    for (const retryAfter of [1, () => new Date(Date.now() + 2000)]) {
      await clean();
      site.plan(model.chunk.path, { status: 429, retryAfter: typeof retryAfter === 'function' ? retryAfter() : retryAfter });
      const { events } = await loads();
      const [retry, ...others] = told({ events });
      assert.deepEqual([retry.phase, retry.file, retry.attempt, others], ['retry', model.chunk.path, 1, []]);
      assert.match(retry.reason, /429/);
      assert.ok(retry.waitMs > 0 && retry.waitMs <= 2000, `${retry.waitMs} ms`);
      const [first, second] = site.requests.filter(({ path }) => path.endsWith(model.chunk.path));
      assert.ok(second.ms - first.ms >= retry.waitMs - 5, 'it waits as long as it says');
      if (retryAfter === 1) assert.ok(retry.waitMs >= 1000, 'it waits as long as it was asked to');
    }
  },

  '429 and 503 for the manifest': async ({ site, loads, clean }) => {
    for (const status of [429, 503]) {
      await clean();
      site.plan('manifest.json', { status, retryAfter: 1 });
      const { ms, events } = await loads();
      assert.ok(ms >= 1000);
      assert.equal(told({ events })[0].phase, 'retry');
    }
  },

  'errors of the server, twice and then no more': async ({ site, model, loads, clean }) => {
    for (const [path, status] of [[model.chunk.path, 500], [model.tokenizer.path, 502], ['manifest.json', 500]]) {
      await clean();
      site.plan(path, { status }, 'twice');
      const { events } = await loads({}, `${status} for ${path}`);
      const retries = told({ events });
      assert.deepEqual(retries.map(({ attempt }) => attempt), [1, 2]);
      assert.ok(retries[1].waitMs > retries[0].waitMs, `it waits longer: ${retries.map(({ waitMs }) => waitMs)}`);
      assert.equal(site.count(path), 3);
    }
  },

  'an error of the server that stays': async ({ site, model, fails }) => {
    site.plan(model.chunk.path, { status: 503 }, 'always');
    const { error, events } = await fails('network', { retries: 2 });
    assert.equal(error.detail.status, 503);
    assert.equal(told({ events }).length, 2);
  },

  'without retries the first error is told': async ({ site, model, fails }) => {
    site.plan(model.chunk.path, { status: 500 }, 'always');
    const { ms } = await fails('network', { retries: 0 }, { then: {} });
    assert.ok(ms < 2000, `${ms} ms`);
  },

  'a wasm module that fails once, or is cut, is tried again': async ({ site, loads, clean }) => {
    for (const fault of [{ status: 503 }, { status: 429, retryAfter: 1 }, { cutAt: 50_000 }, { cutAt: 0 }]) {
      await clean();
      site.plan(/\.wasm$/, fault);
      const { events } = await loads({ shared: false }, JSON.stringify(fault));
      assert.equal(told({ events }).length, 1);
    }
  },

  'a page in place of a wasm module': async ({ site, fails }) => {
    site.plan(/\.wasm$/, { html: true }, 'always');
    const { error } = await fails('network', { shared: false, retries: 1 }, { then: { shared: false } });
    assert.match(error.message, /page/);
  },

  // Engines ask for a module script once in each worker, so the next worker is the next try.
  'a script of the runtime that is cut or missing': async ({ site, attempt, loads, clean }) => {
    for (const path of ['/luke_web.js', '/dist/worker.js']) {
      for (const fault of [{ cutAt: 100 }, { status: 503 }]) {
        await clean();
        site.plan(path, fault);
        const { value, error, ms } = await attempt({ shared: false });
        const what = `${path} ${JSON.stringify(fault)}`;
        assert.ok(value || ['network', 'unsupported'].includes(error?.code), `${what}: ${JSON.stringify(error)}`);
        assert.ok(ms < 10_000, `${what}: ${ms} ms`);
        await loads({ shared: false }, what);
      }
    }
  },
};

export default async function ({ test, openPage }) {
  const suite = faultSuite(openPage);
  await runAll(test, suite, TESTS);
  await suite.close();
}
