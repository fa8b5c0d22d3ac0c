// Hugging Face folders that are loaded without conversion, and an entity table whose rows are fetched when a call needs them.
import assert from 'node:assert/strict';
import { DEVICES, fixture, maxDifference, TOLERANCE } from '../fixtures.mjs';

/** The same model as a model folder, as a checkpoint on a server with range requests, and on one without. */
const PLACES = ['/models/', '/checkpoints/', '/whole/'];

export default async function ({ test, openPage, site }) {
  const { text, spans, cases } = fixture('paged');
  for (const device of DEVICES) {
    let page;
    for (const place of PLACES) {
      await test(`${device} ${place}micro-paged, entities of a table of 1300 rows`, async () => {
        page ??= await openPage();
        site.requests.length = 0;
        const results = await page.evaluate(runPaged, { device, model: `${place}micro-paged/`, text, spans, titles: cases.map(({ entities }) => entities) });
        results.answers.forEach(({ predicted, entities }, i) => {
          const { entity_top5: top5, entity_states: states } = cases[i];
          assert.deepEqual(predicted.map((row) => row.map(({ id }) => id)), top5.map((row) => row.map(([id]) => id)));
          assert.ok(maxDifference(predicted.flat().map(({ logit }) => logit), top5.flat().map(([, logit]) => logit)) <= TOLERANCE);
          assert.ok(maxDifference(entities, states.flat()) <= TOLERANCE, `entity states of ${cases[i].entities}`);
        });
        assert.deepEqual(results.tasks, ['fillMask', 'predictEntities', 'embed']);
        assert.ok(results.loaded.loadedBytes === results.loaded.totalBytes && results.loaded.totalBytes > 0, JSON.stringify(results.loaded));
        if (place === '/whole/') assert.equal(results.weightRequests, 2, 'one request for the header, and one for all weights');
        // The self-test of a model folder has already read the first chunk of rows.
        const first = place === '/models/' ? 0 : 1;
        if (place !== '/whole/') assert.deepEqual(results.rows, { afterOne: first, afterSame: first, afterTwo: first + 2 }, 'rows are fetched once, when a call needs them');
      });
    }
    await page?.context().close();
  }

  await test('wasm: checkpoints give the same outputs as their model folders', async () => {
    const page = await openPage();
    const names = ['micro-span_cls', 'micro-entity_pair', 'micro-qa', 'micro-bert', 'micro-case', 'micro-mluke'];
    const pairs = await page.evaluate(outputsOf, { names, places: ['/models/', '/checkpoints/', '/whole/'] });
    for (const [name, [folder, ...others]] of Object.entries(pairs)) for (const other of others) assert.deepEqual(other, folder, name);
    await page.context().close();
  });

  await test('wasm: folders without a checkpoint and unknown heads reject; the next valid load works', async () => {
    const page = await openPage();
    const failures = await page.evaluate(async () => {
      const failure = (url, options) => lukeWeb.Luke.load(url, { device: 'wasm', ...options }).then(() => 'loaded', ({ code, message }) => ({ code, message }));
      const failures = [
        await failure('/checkpoints/'),
        await failure('/checkpoints/micro-robertatok/'),
        await failure('/checkpoints/micro-qa/', { heads: ['poetry'] }),
        await failure('/checkpoints/micro-qa/', { heads: ['ner'] }),
      ];
      await (await lukeWeb.Luke.load('/checkpoints/micro-qa/', { device: 'wasm', heads: ['qa'] })).dispose();
      return failures;
    });
    const wanted = [['network', /manifest\.json.*config\.json/], ['network', /404/], ['input', /poetry/], ['format', /classifier|ner/]];
    failures.forEach(({ code, message }, i) => {
      assert.equal(code, wanted[i][0], message);
      assert.match(message, wanted[i][1]);
    });
    await page.context().close();
  });
}

// In the page.
async function runPaged({ device, model, text, spans, titles }) {
  globalThis.worker ??= new Worker('/pkg/dist/worker.js', { type: 'module' });
  let loaded;
  const asked = [];
  const fetching = (url, init) => {
    const { range } = init.headers ?? {};
    asked.push(`${new URL(url).pathname.replace(/.*\//, '')} ${range ?? ''}`);
    return fetch(url, init);
  };
  const luke = await lukeWeb.Luke.load(model, {
    device, worker: globalThis.worker, fetch: fetching,
    onProgress: ({ loadedBytes, totalBytes }) => (loaded = { loadedBytes, totalBytes }),
  });
  const start = asked.length;
  const rows = {};
  await luke.embed(text, spans, { titles: [titles[0][0], null] });
  rows.afterOne = asked.length - start;
  await luke.embed(text, spans, { titles: [titles[0][0], titles[0][0]] });
  rows.afterSame = asked.length - start;
  await luke.embed(text, spans, { titles: [titles[0][1], titles[1][0]] });
  rows.afterTwo = asked.length - start;
  const answers = [];
  for (const known of titles) {
    const options = { titles: known.map((title) => (title === '[MASK]' ? null : title)) };
    const { entities } = await luke.embed(text, spans, options);
    answers.push({ predicted: await luke.predictEntities(text, spans, options), entities: [...entities.data] });
  }
  await luke.dispose();
  return { answers, rows, loaded, tasks: [...luke.tasks], weightRequests: asked.slice(0, start).filter((path) => path.startsWith('model.safetensors ')).length };
}

async function outputsOf({ names, places }) {
  globalThis.worker ??= new Worker('/pkg/dist/worker.js', { type: 'module' });
  const outputs = {};
  for (const name of names) {
    outputs[name] = [];
    for (const place of places) {
      const luke = await lukeWeb.Luke.load(`${place}${name}/`, { device: 'wasm', worker: globalThis.worker });
      const tensors = await luke.forward({
        inputIds: [0, 7, 9, 11, 2], entityIds: [1, 1], entityPositionIds: [[1], [2, 3]], entityStartPositions: [1, 2], entityEndPositions: [1, 3],
      });
      outputs[name].push([Object.values(tensors).map(({ data }) => [...data]), [...luke.tasks]]);
      await luke.dispose();
    }
  }
  return outputs;
}
