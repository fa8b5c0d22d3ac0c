// Workers that are gone, that are not ours, or that say nothing: a typed error in a stated time, and the next load works.
import assert from 'node:assert/strict';
import { faultSuite } from '../../faults/suite.mjs';
import { runAll } from './transfers.mjs';

/** How long it may take until the package knows that a worker is gone. */
const NOTICED_MS = 15_000;

export const TESTS = {
  'the package’s own worker is terminated before, in and after a call': async ({ page, model, loads, suite }) => {
    for (const when of ['before', 'in', 'after']) {
      const { during, next, last } = await page.evaluate(terminate, { url: model.url, when, own: true });
      check(`${when} a call`, during, suite.expected, { in: false, after: true }[when]);
      // The package may start another worker, or tell that this one is lost; it must not hang or answer something else.
      check(`the call after that (${when})`, next, suite.expected, undefined);
      check(`and the next (${when})`, last, suite.expected, undefined);
      await loads({ shared: false }, `after a worker that was terminated ${when} a call`);
    }
  },

  'the user’s worker is terminated before, in and after a call': async ({ page, model, loads, suite }) => {
    for (const when of ['before', 'in', 'after']) {
      const { during, next, last } = await page.evaluate(terminate, { url: model.url, when, own: false });
      check(`${when} a call`, during, suite.expected, when === 'after');
      check(`the call after that (${when})`, next, suite.expected, false);
      check(`and the next (${when})`, last, suite.expected, false);
      await loads({ shared: false }, `after the user's worker was terminated ${when} a call`);
    }
  },

  'a worker is terminated in a load': async ({ page, site, model, loads }) => {
    for (const own of [true, false]) {
      site.plan(model.chunk.path, { stallAt: 1000 }, 'always');
      const result = await page.evaluate(terminateLoading, { url: model.url, own });
      assert.equal(result.error?.code, 'worker-lost', JSON.stringify(result));
      assert.ok(result.ms < NOTICED_MS, `${result.ms} ms`);
      site.reset();
      await loads({ shared: false });
    }
  },

  'a worker that closes itself': async ({ page, model, loads, suite }) => {
    const result = await page.evaluate(async (url) => {
      const luke = await lukeWeb.Luke.load(url, { device: 'wasm', worker: closingWorker() });
      closeWorkers();
      await new Promise((resolve) => setTimeout(resolve, 100)); // a call that came first would be answered first
      const result = await outcome(luke.ner('Ana Ivanovic won at Wimbledon.'));
      await luke.dispose();
      return result;
    }, model.url);
    check('the call after that', result, suite.expected, undefined);
    await loads({ shared: false });
  },

  'workers that are not ours, that say nothing, that fail': async ({ page, model, loads }) => {
    for (const kind of ['another script', 'an empty script', 'an error', 'a syntax error', 'an endless loop', 'no script', 'a throwing function', 'null', 'an object']) {
      const result = await page.evaluate(strangeWorker, { url: model.url, kind });
      assert.ok(['worker-lost', 'unsupported', 'input'].includes(result.error?.code), `${kind}: ${JSON.stringify(result)}`);
      assert.match(result.error.message, /worker/, kind);
      assert.ok(result.ms < NOTICED_MS, `${kind}: ${result.ms} ms`);
    }
    await loads({ shared: false });
  },

  'a worker that is shared by two models and terminated: both say so': async ({ page, model, loads }) => {
    const results = await page.evaluate(async (url) => {
      const worker = new Worker('/pkg/dist/worker.js', { type: 'module' });
      const lukes = await Promise.all([1, 2].map(() => lukeWeb.Luke.load(url, { device: 'wasm', worker })));
      worker.terminate();
      const results = await Promise.all(lukes.map((luke) => outcome(luke.ner('Ana Ivanovic won.'))));
      await Promise.all(lukes.map((luke) => luke.dispose()));
      return results;
    }, model.url);
    for (const result of results) assert.equal(result.error?.code, 'worker-lost', JSON.stringify(result));
    await loads({ shared: false });
  },

  'after dispose, calls say so, and no worker is left': async ({ page, model }) => {
    const { pending, later, again } = await page.evaluate(async (url) => {
      const luke = await lukeWeb.Luke.load(url, { device: 'wasm' });
      const pending = outcome(luke.ner(longText(3000)));
      await luke.dispose();
      return { pending: await pending, later: await outcome(luke.ner('Ana')), again: await outcome(luke.dispose()) };
    }, model.url);
    assert.deepEqual([pending.error?.code, later.error?.code, again.error], ['disposed', 'disposed', undefined]);
  },

  'arguments that are refused do not start anything': async ({ page, model, loads }) => {
    const codes = await page.evaluate(async (url) => {
      const options = [
        { cache: 'disk' }, { retries: -1 }, { retries: 1.5 }, { parallelDownloads: 0 }, { manifestHash: 'abc' }, { persist: 'yes' }, { stallMs: 0 }, { stallMs: '1' }, { chache: 'auto' },
      ];
      const luke = await lukeWeb.Luke.load(url, { device: 'wasm' });
      const codes = [];
      for (const option of options) codes.push([JSON.stringify(option), (await outcome(lukeWeb.Luke.load(url, option))).error?.code]);
      for (const priority of ['high', 3]) codes.push([`priority ${priority}`, (await outcome(luke.ner('Ana', { priority }))).error?.code]);
      await luke.dispose();
      return codes;
    }, model.url);
    for (const [what, code] of codes) assert.equal(code, 'input', what);
    await loads({ shared: false });
  },
};

export default async function ({ test, openPage }) {
  const suite = faultSuite(openPage);
  await runAll(test, suite, TESTS);
  await suite.close();
}

/** The right result, or `worker-lost` in time. `mustWork` says which of the two it must be; without it, either will do. */
function check(what, { value, error, hangs, ms }, expected, mustWork) {
  assert.ok(!hangs, `${what}: it hangs`);
  if (mustWork ?? value !== undefined) assert.deepEqual(value, expected, `${what}: ${JSON.stringify(error)}`);
  else assert.equal(error?.code, 'worker-lost', `${what}: ${JSON.stringify({ value, error })}`);
  assert.ok(ms < NOTICED_MS, `${what}: ${ms} ms`);
}

// In the page.
async function terminate({ url, when, own }) {
  const text = 'Ana Ivanovic won at Wimbledon.';
  const [workers, restore] = ownWorkers();
  const worker = own ? true : new Worker('/pkg/dist/worker.js', { type: 'module' });
  const luke = await lukeWeb.Luke.load(url, { device: 'wasm', worker });
  restore();
  const end = () => (own ? workers.at(-1) : worker).terminate();
  let during;
  if (when === 'before') {
    end();
    during = await outcome(luke.ner(text));
  } else if (when === 'in') {
    const calling = outcome(luke.ner(longText(3000)));
    await new Promise((resolve) => setTimeout(resolve, 50));
    end();
    during = await calling;
  } else {
    during = await outcome(luke.ner(text));
    end();
  }
  const [next, last] = [await outcome(luke.ner(text)), await outcome(luke.ner(text))];
  await luke.dispose();
  return { during, next, last };
}

async function terminateLoading({ url, own }) {
  const [workers, restore] = ownWorkers();
  const worker = own ? true : new Worker('/pkg/dist/worker.js', { type: 'module' });
  let isDownloading;
  const downloading = new Promise((resolve) => (isDownloading = resolve));
  const loading = outcome(lukeWeb.Luke.load(url, { device: 'wasm', cache: false, worker, onProgress: ({ file = '' }) => file.startsWith('chunks/') && isDownloading() }));
  restore();
  await downloading;
  const started = performance.now();
  (own ? workers.at(-1) : worker).terminate();
  return { ...(await loading), ms: performance.now() - started };
}

function strangeWorker({ url, kind }) {
  const script = (text) => () => new Worker(URL.createObjectURL(new Blob([text], { type: 'text/javascript' })), { type: 'module' });
  const workers = {
    'another script': script('onmessage = ({ data }) => postMessage({ echo: String(data) });'),
    'an empty script': script(''),
    'an error': script('throw new Error("no");'),
    'a syntax error': script('}'),
    'an endless loop': script('for (;;);'),
    'no script': () => new Worker('/no-such-worker.js', { type: 'module' }),
    'a throwing function': () => {
      throw new Error('no worker today');
    },
    null: () => null,
    'an object': () => ({}),
  };
  return outcome(lukeWeb.Luke.load(url, { device: 'wasm', stallMs: 1000, worker: workers[kind] }));
}
