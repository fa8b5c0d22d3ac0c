// Threads of the CPU module, on cross-origin isolated pages and on one that is not isolated.
import assert from 'node:assert/strict';
import { startSite } from '../server.mjs';

const MODELS = ['/models/micro-span_cls/', '/models/micro-span_cls-q8/'];

export default async function ({ test, openPage }) {
  const site = await startSite({ isolated: true });
  const asked = (part) => site.requests.filter((path) => path.includes(part)).length;

  await test('wasm: two threads give the same bits as one', async () => {
    const page = await openPage(site.url);
    for (const model of MODELS) {
      const [one, two] = await page.evaluate(bothCounts, model);
      assert.deepEqual([one.threads, two.threads], [1, 2]);
      assert.deepEqual(two.results, one.results);
    }
    assert.equal(asked('/dist/thread.js'), MODELS.length);
    await page.context().close();
  });

  await test('wasm: auto uses all cores in a worker, at most 8', async () => {
    const page = await openPage(site.url);
    const { cores, worker, page: onPage } = await page.evaluate(infos, MODELS[0]);
    assert.equal(worker.threads, Math.min(cores, 8));
    assert.equal(worker.threadsReason, undefined);
    assert.equal(onPage.threads, 1);
    assert.match(onPage.threadsReason, /thread of the page/);
    await page.context().close();
  });

  await test('wasm: a page that is not isolated has one thread and a reason; a number rejects', async () => {
    const page = await openPage();
    const { auto, number } = await page.evaluate(async (model) => {
      const luke = await lukeWeb.Luke.load(model, { device: 'wasm' });
      await luke.dispose();
      return { auto: luke.info, number: await outcome(lukeWeb.Luke.load(model, { device: 'wasm', threads: 2 })) };
    }, MODELS[0]);
    assert.equal(auto.threads, 1);
    assert.match(auto.threadsReason, /not cross-origin isolated/);
    assert.equal(number.error?.code, 'unsupported');
    assert.match(number.error.message, /threads 2: the page is not cross-origin isolated/);
    await page.context().close();
  });

  await test('wasm: if a policy forbids threads, auto uses one thread and gives a reason', async () => {
    const page = await openPage(site.url);
    const { auto, number } = await page.evaluate(async (model) => {
      const worker = () => new Worker('/closed/dist/worker.js', { type: 'module' });
      const luke = await lukeWeb.Luke.load(model, { device: 'wasm', threads: 'auto', worker });
      const entities = await luke.ner('Ana Ivanovic won at Wimbledon.');
      await luke.dispose();
      return { auto: { ...luke.info, entities }, number: await outcome(lukeWeb.Luke.load(model, { device: 'wasm', threads: 2, worker })) };
    }, MODELS[0]);
    assert.equal(auto.threads, 1);
    assert.ok(auto.threadsReason && Array.isArray(auto.entities), JSON.stringify(auto));
    assert.equal(number.error?.code, 'unsupported');
    await page.context().close();
  });

  await test('wasm: a trap in a thread rejects the call; the next call has a new instance and new threads', async () => {
    const page = await openPage(site.url);
    const before = asked('/trapping/dist/thread.js');
    const { trapped, after, reported } = await page.evaluate(trap, MODELS[0]);
    assert.equal(trapped.error?.code, 'internal', JSON.stringify(trapped));
    assert.equal(after.value?.logits.length > 0, true, JSON.stringify(after));
    assert.equal(reported, 3);
    assert.equal(asked('/trapping/dist/thread.js') - before, 4);
    await page.context().close();
  });

  await test('wasm: dispose ends the threads of a worker that keeps running, and the next model starts new threads', async () => {
    const page = await openPage(site.url);
    const before = asked('/dist/thread.js');
    const [first, second] = await page.evaluate(oneAfterTheOther, MODELS[0]);
    assert.deepEqual(second, first);
    assert.equal(asked('/dist/thread.js') - before, 2);
    await page.context().close();
  });

  site.close();
}

// In the page. The inputs are long enough for several threads.
async function bothCounts(model) {
  const words = 400;
  const spans = Array.from({ length: 100 }, (_, i) => [i * 4, i * 4 + 1]);
  const input = {
    inputIds: Array.from({ length: words }, (_, i) => (i * 7) % 600), entityIds: spans.map((_, i) => i % 4), entityPositionIds: spans,
    entityStartPositions: spans.map(([start]) => start), entityEndPositions: spans.map(([, end]) => end),
  };
  const results = [];
  for (const threads of [1, 2]) {
    const luke = await lukeWeb.Luke.load(model, { device: 'wasm', threads });
    const outputs = [];
    for (let i = 0; i < 20; i++) outputs.push(...(await luke.forward([input, { ...input, inputIds: input.inputIds.slice(0, 399).reverse() }])));
    const text = 'Ana Ivanovic won at Wimbledon, and then Ana went to Los Angeles. '.repeat(20);
    results.push({
      threads: luke.info.threads,
      results: [outputs.map((tensors) => Object.entries(tensors).map(([name, { shape, data }]) => [name, [...shape], [...data]])), await luke.ner(text, { allScores: true })],
    });
    await luke.dispose();
  }
  return results;
}

async function infos(model) {
  const info = async (options) => {
    const luke = await lukeWeb.Luke.load(model, { device: 'wasm', ...options });
    await luke.dispose();
    return luke.info;
  };
  return { cores: navigator.hardwareConcurrency, worker: await info({}), page: await info({ worker: false }) };
}

/** The first thread that the site's package starts traps. The others work. */
async function trap(model) {
  const worker = () => new Worker('/trapping/dist/worker.js', { type: 'module' });
  const luke = await lukeWeb.Luke.load(model, { device: 'wasm', threads: 3, selfTest: false, worker });
  const input = { inputIds: Array.from({ length: 400 }, (_, i) => i), entityIds: [3], entityPositionIds: [[1]], entityStartPositions: [1], entityEndPositions: [2] };
  const logits = async () => ({ logits: [...(await luke.forward(input)).logits.data] });
  const trapped = await outcome(logits());
  const after = await outcome(logits());
  const reported = luke.info.threads;
  await luke.dispose();
  return { trapped, after, reported };
}

async function oneAfterTheOther(model) {
  const worker = new Worker('/pkg/dist/worker.js', { type: 'module' });
  const results = [];
  for (let i = 0; i < 2; i++) {
    const luke = await lukeWeb.Luke.load(model, { device: 'wasm', threads: 2, worker });
    results.push(await luke.ner('Ana Ivanovic won at Wimbledon. '.repeat(40)));
    await luke.dispose();
  }
  worker.terminate();
  return results;
}
