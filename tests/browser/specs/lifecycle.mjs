// Progress, abort, dispose, workers, traps, and the device that `auto` chooses.
import assert from 'node:assert/strict';

const MODEL = '/models/micro-span_cls/';
const TEXT = 'Ana Ivanovic won at Wimbledon.';

export default async function ({ test, openPage, site }) {
  let page;
  const inPage = (title, run, check) =>
    test(title, async () => {
      page ??= await openPage();
      check(await page.evaluate(run, { MODEL, TEXT }));
    });

  await inPage(
    'wasm: progress comes from the manifest and ends at the total',
    async ({ MODEL }) => {
      const events = [];
      for (const { url } of await lukeWeb.models.list()) await lukeWeb.models.delete(url); // models of other URLs share its files
      const luke = await lukeWeb.Luke.load(MODEL, { device: 'wasm', onProgress: (event) => events.push(event) });
      await luke.dispose();
      const again = await lukeWeb.Luke.load(MODEL, { device: 'wasm', onProgress: (event) => event.phase === 'ready' && events.push(event) });
      await again.dispose();
      const manifest = await (await fetch(`${MODEL}manifest.json`)).json();
      const { WASM_BYTES } = await import(luke.info.runtimeUrls.find((url) => url.endsWith('/luke_web.js')));
      return { events, manifest, wasm: WASM_BYTES, info: luke.info, tasks: luke.tasks };
    },
    ({ events, manifest, wasm, info, tasks }) => {
      const entries = [...Object.values(manifest.files).filter(Boolean), ...manifest.chunks];
      const weights = entries.reduce((sum, { bytes }) => sum + bytes, 0);
      const total = weights + wasm;
      const again = events.pop();
      assert.deepEqual(new Set(events.map(({ phase }) => phase)), new Set(['manifest', 'runtime', 'download', 'verify', 'build', 'self-test', 'ready']));
      assert.deepEqual(events.at(-1), { phase: 'ready', loadedBytes: total, totalBytes: total, storedBytes: 0 });
      assert.deepEqual(again, { phase: 'ready', loadedBytes: total, totalBytes: total, storedBytes: weights });
      const loaded = events.map(({ loadedBytes }) => loadedBytes);
      assert.deepEqual(loaded, [...loaded].sort((a, b) => a - b));
      assert.deepEqual([...tasks].sort(), ['embed', 'ner']);
      assert.equal(info.device, 'wasm');
      assert.equal(info.dtype, 'f32');
      assert.ok(info.parameters > 1000 && info.loadMs > 0 && info.name, JSON.stringify(info));
    },
  );

  await inPage(
    'auto: a software adapter is not used, and the reason is reported',
    async ({ MODEL, TEXT }) => {
      const luke = await lukeWeb.Luke.load(MODEL);
      const entities = await luke.ner(TEXT);
      await luke.dispose();
      return { info: luke.info, entities };
    },
    ({ info, entities }) => {
      assert.equal(info.device, 'wasm');
      assert.match(info.fallbackReason, /software|no WebGPU adapter/);
      assert.ok(Array.isArray(entities));
    },
  );

  await inPage(
    'webgpu: a software adapter is used if WebGPU is requested by name; it is named and tested',
    async ({ MODEL }) => {
      const luke = await lukeWeb.Luke.load(MODEL, { device: 'webgpu' });
      await luke.dispose();
      return luke.info;
    },
    ({ device, adapter, fallbackReason, selfTest }) => {
      assert.equal(device, 'webgpu');
      assert.match(adapter, /swiftshader/i);
      assert.equal(fallbackReason, undefined);
      if (selfTest) assert.ok(selfTest.maxError <= selfTest.tolerance);
    },
  );

  await test('wasm: only the module that is used is fetched', async () => {
    const fresh = await openPage();
    site.requests.length = 0;
    await fresh.evaluate(async ({ MODEL }) => (await lukeWeb.Luke.load(MODEL, { device: 'wasm' })).dispose(), { MODEL });
    await fresh.context().close();
    // This browser has relaxed SIMD.
    assert.ok(site.requests.some((path) => path.includes('/wasm/relaxed/')));
    assert.deepEqual(site.requests.filter((path) => /\/wasm\/(webgpu|cpu)\//.test(path)), []);
  });

  await inPage(
    'wasm: a load that is aborted within a chunk rejects with the reason, and the next load works',
    async ({ MODEL }) => {
      const results = [];
      for (const worker of [true, false]) {
        const abort = new AbortController();
        const onProgress = ({ file = '' }) => file.startsWith('chunks/') && abort.abort('that is enough');
        results.push(await outcome(lukeWeb.Luke.load('/faults/stuck/', { device: 'wasm', worker, signal: abort.signal, onProgress })));
        results.push(await outcome(lukeWeb.Luke.load(MODEL, { device: 'wasm', worker }).then((luke) => luke.dispose().then(() => true))));
      }
      return results;
    },
    (results) => {
      for (const i of [0, 2]) assert.equal(results[i].error?.foreign, 'that is enough');
      for (const i of [1, 3]) assert.deepEqual(results[i], { value: true });
    },
  );

  await inPage(
    'wasm: stale files of an earlier model in the HTTP cache are not used',
    async () => {
      const folder = '/faults/replaced/';
      const { chunks } = await (await fetch(`${folder}manifest.json`)).json();
      const stale = async () => new Uint8Array(await (await fetch(folder + chunks[0].path)).arrayBuffer()).every((byte) => byte === 0);
      const before = [await stale(), await stale()];
      const loads = [];
      for (const cache of ['auto', false]) {
        const luke = await lukeWeb.Luke.load(folder, { device: 'wasm', cache });
        loads.push(luke.info.name);
        await luke.dispose();
      }
      return { before, loads };
    },
    ({ before, loads }) => {
      assert.deepEqual(before, [true, true]);
      assert.ok(loads[0] && loads[0] === loads[1]);
    },
  );

  await inPage(
    'wasm: calls queue; an aborted call is not started, and the others return their results',
    async ({ MODEL, TEXT }) => {
      const luke = await lukeWeb.Luke.load(MODEL, { device: 'wasm' });
      const abort = new AbortController();
      const calls = [luke.ner(TEXT), luke.ner(TEXT, { signal: abort.signal }), luke.ner(3), luke.ner([TEXT, ''])].map(outcome);
      abort.abort('dropped');
      const results = await Promise.all(calls);
      await luke.dispose();
      return { results, after: await outcome(luke.ner(TEXT)) };
    },
    ({ results: [one, dropped, bad, two], after }) => {
      assert.ok(Array.isArray(one.value), JSON.stringify(one));
      assert.equal(dropped.error.foreign, 'dropped');
      assert.equal(bad.error.code, 'input');
      assert.deepEqual(two.value, [one.value, []]);
      assert.equal(after.error.code, 'disposed');
    },
  );

  await inPage(
    'wasm: the fetch, headers and worker of the user are used',
    async ({ MODEL, TEXT }) => {
      const asked = [];
      const worker = new Worker('/pkg/dist/worker.js', { type: 'module' });
      for (const { url } of await lukeWeb.models.list()) await lukeWeb.models.delete(url); // models of other URLs share its files
      const fetching = (url, init) => {
        asked.push([new URL(url).pathname, init.headers]);
        return fetch(url, init);
      };
      const luke = await lukeWeb.Luke.load(MODEL, { device: 'wasm', worker, fetch: fetching, headers: { 'x-test': 'yes' } });
      const entities = await luke.ner(TEXT);
      await luke.dispose();
      // The worker still runs and can load another model.
      const again = await lukeWeb.Luke.load(MODEL, { device: 'wasm', worker: () => worker });
      const same = await again.ner(TEXT);
      await again.dispose();
      return { asked, entities, same };
    },
    ({ asked, entities, same }) => {
      assert.ok(asked.length >= 3 && asked.every(([path, headers]) => path.startsWith(MODEL) && headers['x-test'] === 'yes'), JSON.stringify(asked));
      assert.deepEqual(entities, same);
    },
  );

  await inPage(
    'wasm: a worker whose script is missing rejects',
    async ({ MODEL }) => outcome(lukeWeb.Luke.load(MODEL, { worker: () => new Worker('/no-such-worker.js', { type: 'module' }) })),
    ({ error }) => {
      assert.equal(error?.code, 'unsupported');
      assert.match(error.message, /worker/);
    },
  );

  // The traps are simulated, but the instance is replaced and the model is loaded again.
  await inPage(
    'wasm: a trap in a call or in its microtasks rejects the call; the next call gets a new instance',
    async ({ MODEL, TEXT }) => {
      const throwTrap = () => {
        throw new WebAssembly.RuntimeError('unreachable');
      };
      const traps = [
        throwTrap,
        () => {
          queueMicrotask(throwTrap); // like a trap in a Rust future, whose promise never settles
          return new Promise(() => {});
        },
      ];
      const luke = await lukeWeb.Luke.load(MODEL, { device: 'wasm', worker: false });
      const { Model, __wbg_reset_state: reset } = await import(luke.info.runtimeUrls.find((url) => url.endsWith('/luke_web.js')));
      const other = await lukeWeb.Luke.load(MODEL, { device: 'wasm', worker: false });
      const before = await luke.ner(TEXT);
      const { call } = Model.prototype;
      const results = [];
      for (const trap of traps) {
        Model.prototype.call = trap;
        const trapped = await outcome(luke.ner(TEXT));
        Model.prototype.call = call;
        results.push({ trapped, after: await luke.ner(TEXT), other: await other.ner(TEXT) });
      }
      await luke.dispose();
      await other.dispose();
      return { reset: typeof reset, before, results };
    },
    ({ reset, before, results }) => {
      assert.equal(reset, 'function', 'wasm-bindgen ran without --experimental-reset-state-function');
      for (const { trapped, after, other } of results) {
        assert.equal(trapped.error?.code, 'internal', JSON.stringify(trapped));
        assert.match(trapped.error.message, /unreachable/);
        assert.deepEqual(after, before);
        assert.deepEqual(other, before);
      }
    },
  );

  await page?.context().close();
}
