// Without network: a stored model works, another one fails soon, and when the network is back, only what is missing is fetched.
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { faultSuite, SOON, told } from '../../faults/suite.mjs';
import { runAll } from './transfers.mjs';

export const TESTS = {
  'a stored model loads and works while the server is away': async ({ site, model, loads, clean }) => {
    for (const place of [{}, { shared: false, worker: false }]) {
      await clean();
      await loads(place);
      site.down();
      const { events, ms } = await loads(place);
      assert.equal(told({ events })[0]?.phase, 'fallback');
      assert.match(told({ events })[0].reason, /stored/);
      assert.ok(ms < 5000, `${ms} ms`);
      await loads({ ...place, manifestHash: model.manifestHash });
      site.up();
      await loads(place);
    }
  },

  'a server that answers with an error does not stop a stored model': async ({ site, loads, clean }) => {
    for (const fault of [{ status: 500 }, { status: 403 }, { html: true }, { stallAt: 'headers' }, { cutAt: 10 }]) {
      await clean();
      await loads();
      site.plan('manifest.json', fault, 'always');
      await loads(SOON, JSON.stringify(fault));
    }
  },

  'a model that is not stored fails soon, and loads when the server is back': async ({ site, attempt, loads }) => {
    site.down();
    const { error, ms } = await attempt({ retries: 1 });
    assert.equal(error?.code, 'network');
    assert.ok(ms < 5000, `${ms} ms`);
    site.up();
    await loads();
  },

  'the server goes at each stage of a load, and comes back': async ({ site, model, attempt, loads, clean, suite }) => {
    const stages = [['the manifest', 'manifest.json', 10], ['the tokenizer', model.tokenizer.path, 1000], ['a chunk', model.chunk.path, model.chunk.bytes >> 1]];
    for (const [what, path, stallAt] of stages) {
      await clean();
      site.plan(path, { stallAt });
      const loading = attempt({ retries: 1 });
      for (let i = 0; !site.requests.some((request) => request.path.endsWith(path) && request.bytes >= stallAt); i++) {
        assert.ok(i < 500, `${what} was not asked for`);
        await wait(10);
      }
      site.down();
      const { error } = await loading;
      assert.equal(error?.code, 'network', what);
      site.up();
      await suite.idle();
      const came = site.requests.filter(({ ended, cut, aborted, status }) => ended && !cut && !aborted && status === 200).map((request) => request.path);
      site.requests.length = 0;
      await loads({}, what);
      const twice = model.files.filter((file) => came.some((found) => found.endsWith(file.path)) && site.count(file.path) > 0);
      assert.deepEqual(twice.map((file) => file.path), [], `${what}: files that had come`);
    }
  },

  'a server that is away for a moment is waited for': async ({ site, model, attempt, suite }) => {
    site.plan(model.chunk.path, { stallAt: 5000 });
    const loading = attempt();
    while (site.bytes(model.chunk.path) < 5000) await wait(10);
    site.down();
    await wait(200);
    site.up();
    const { value, events } = await loading;
    assert.deepEqual(value, suite.expected);
    assert.ok(told({ events }).some(({ phase }) => phase === 'retry'));
  },

  'a model that is loaded works without network, also after a trap': async ({ page, site, model, suite }) => {
    await page.evaluate(async (url) => {
      globalThis.luke = await lukeWeb.Luke.load(url, { device: 'wasm', worker: false });
    }, model.url);
    site.down();
    const { before, trapped, after } = await page.evaluate(async () => {
      const text = 'Ana Ivanovic won at Wimbledon.';
      const before = await luke.ner(text);
      const { Model } = await import(runtime());
      const { call } = Model.prototype;
      Model.prototype.call = () => {
        throw new WebAssembly.RuntimeError('unreachable');
      };
      const trapped = await outcome(luke.ner(text));
      Model.prototype.call = call;
      const after = await outcome(luke.ner(text));
      await luke.dispose();
      return { before, trapped, after };

      /** The script of the module that runs, whichever this browser can run. */
      function runtime() {
        return performance.getEntriesByType('resource').map(({ name }) => name).find((name) => name.endsWith('/luke_web.js'));
      }
    });
    assert.deepEqual(before, suite.expected);
    assert.equal(trapped.error?.code, 'internal', JSON.stringify(trapped));
    assert.deepEqual(after.value, suite.expected, JSON.stringify(after));
    site.up();
  },
};

/** A browser that has no network at all, as the operating system tells it. */
const CHROMIUM = {
  'the browser is offline: a stored model works, another one fails soon': async ({ page, model, loads, attempt }) => {
    await loads();
    await page.context().setOffline(true);
    try {
      await loads();
      await loads({ worker: false, shared: false });
      await page.evaluate(() => wipe());
      const { error, ms } = await attempt({ retries: 1 });
      assert.equal(error?.code, 'network');
      assert.ok(ms < 5000, `${ms} ms`);
      const fresh = await attempt({ shared: false, url: model.url });
      assert.ok(['network', 'unsupported', 'worker-lost'].includes(fresh.error?.code), `without the worker's script: ${JSON.stringify(fresh.error)}`);
    } finally {
      await page.context().setOffline(false);
    }
    await loads();
    await loads({ shared: false });
  },
};

export default async function ({ test, openPage }) {
  const suite = faultSuite(openPage);
  await runAll(test, suite, { ...TESTS, ...CHROMIUM });
  await suite.close();
}
