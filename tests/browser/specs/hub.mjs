// Models by the name of a repository on a hub, which redirects to signed URLs on another origin.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { startHub, STRANGER, TOKEN } from '../hub/server.mjs';
import { MODELS } from '../server.mjs';

const CHECKPOINTS = fileURLToPath(new URL('../../fixtures/checkpoints', import.meta.url));
const WEIGHTS = 'model.safetensors';
/** After it the browser has handed out what it has. */
const LINGER_MS = 300;

export default async function ({ test, openPage }) {
  const folder = `${MODELS}/micro-span_cls`;
  const raw = `${CHECKPOINTS}/micro-span_cls`;
  const hub = await startHub({
    'luke/folder': { revisions: { main: folder, 'v1.0': folder, 'refs/pr/1': folder, qa: `${MODELS}/micro-qa` } },
    'luke/raw': { revisions: { main: raw } },
    'luke/gated': { revisions: { main: folder }, access: 'gated' },
    'luke/private': { revisions: { main: raw }, access: 'private' },
  });
  let page;
  let expected;
  const load = (model, options = {}) => page.evaluate(loadAndAsk, { model, options: { hub: hub.url, retries: 2, ...options } });
  const inHub = (title, body) =>
    test(title, async () => {
      page ??= await openPage();
      expected ??= (await load('/models/micro-span_cls/', { cache: false })).value;
      assert.ok(Array.isArray(expected?.entities), JSON.stringify(expected));
      hub.reset();
      await page.evaluate(async () => {
        for (const { url } of await lukeWeb.models.list()) await lukeWeb.models.delete(url);
      });
      await body();
    });
  const loads = async (model, options, what) => {
    const { value, error } = await load(model, options);
    assert.deepEqual(value?.entities, expected.entities, `${what ?? model}: ${JSON.stringify(error ?? value)}`);
    return value;
  };
  const fails = async (code, words, model, options) => {
    const { error } = await load(model, options);
    assert.equal(error?.code, code, `${model}: ${JSON.stringify(error)}`);
    for (const word of words) assert.match(error.message, word);
  };
  const fromStore = (path = '') => hub.requests.filter((request) => request.on === 'store' && request.path.endsWith(path));

  await inHub('names of repositories, with revisions, as a model folder and as a checkpoint', async () => {
    for (const model of ['luke/folder', 'luke/folder@v1.0', 'luke/folder@refs/pr/1', `luke/folder@${hub.commit('luke/folder', 'v1.0')}`, 'luke/raw', 'luke/raw@main']) await loads(model, { cache: false });
    const { value } = await load('luke/folder@qa', { cache: false });
    assert.deepEqual(value.tasks, ['qa', 'embed']);
    assert.ok(fromStore().length >= 7, 'the weights come from the store');
  });

  await inHub('a string that is no name is a URL, as before', async () => {
    for (const model of ['models/micro-span_cls/', './models/micro-span_cls', '/models/micro-span_cls', 'models/micro-span_cls/manifest.json']) await loads(model, { cache: false });
    assert.deepEqual(hub.requests, []);
    await fails('network', [/no such repository/, /"models\/micro-span_cls" was read as the name of a repository.*"\.\/models\/micro-span_cls\/"/], 'models/micro-span_cls');
  });

  await inHub('weak validators, validators that scripts may not read, no ranges, small files by redirect', async () => {
    const cases = [{ weak: true }, { storeExposes: '' }, { ranges: false }, { storeExposes: '', ranges: false }, { cached: true }, { weak: true, cached: true, ranges: false }];
    for (const settings of cases) {
      hub.reset();
      Object.assign(hub.settings, settings);
      for (const model of ['luke/folder', 'luke/raw']) for (const cache of ['auto', false]) await loads(model, { cache }, JSON.stringify({ model, settings, cache }));
    }
  });

  await inHub('whatever is sent for a file that is not there, the checkpoint is found', async () => {
    for (const missing of ['text', 'json', 'html', 'app', 'typed']) {
      hub.reset();
      hub.settings.missing = missing;
      await loads('luke/raw', { cache: false }, missing);
    }
  });

  await inHub('a second load fetches only what says that nothing has changed', async () => {
    for (const [model, most] of [['luke/folder', 0], ['luke/raw', 1 << 17]]) {
      await loads(model);
      hub.requests.length = 0;
      const { storedBytes } = await loads(model);
      assert.ok(storedBytes > 0, model);
      assert.ok(fromStore().every(({ bytes, range }) => bytes <= most && range), JSON.stringify(fromStore()));
    }
  });

  await inHub('a download that is cut goes on in the middle, with a new signed URL', async () => {
    const [{ path, bytes }] = await page.evaluate(chunksOf);
    hub.plan(path, { on: 'store', cutAt: Math.floor(bytes / 2), lingerMs: LINGER_MS });
    hub.plan(path, { on: 'signature' }); // the first is good
    hub.plan(path, { on: 'signature', expired: true }); // the next has expired
    const { events } = await loads('luke/folder');
    assert.ok(events.includes('retry'));
    const asked = fromStore(path);
    assert.equal(asked.at(-1).range, `bytes=${Math.floor(bytes / 2)}-${bytes - 1}`, JSON.stringify(asked));
    assert.equal(asked.at(-1).status, 206);
    hub.reset();
    await page.evaluate(async () => {
      for (const { url } of await lukeWeb.models.list()) await lukeWeb.models.delete(url);
    });
    hub.plan(WEIGHTS, { on: 'store' }, 'once'); // the header
    hub.plan(WEIGHTS, { on: 'store', cutAfter: 20_000, lingerMs: LINGER_MS }, 'once');
    await loads('luke/raw');
    const ranges = fromStore(WEIGHTS).map(({ range }) => Number(/=(\d+)-/.exec(range)[1]));
    assert.ok(ranges.some((start) => ranges.includes(start + 20_000)), String(ranges));
  });

  await inHub('a signed URL that has expired is replaced; where all have, the error says so', async () => {
    hub.plan(/chunks/, { on: 'signature', expired: true });
    await loads('luke/folder', { cache: false });
    hub.plan(/chunks/, { on: 'signature', expired: true }, 'always');
    await fails('network', [/status 403/, /has expired, or was refused/], 'luke/folder', { cache: false, retries: 1 });
  });

  await inHub('a hub or a store that does not allow the page: the error says why', async () => {
    for (const settings of [{ storeCors: false }, { hubCors: false }]) {
      hub.reset();
      Object.assign(hub.settings, settings);
      for (const model of ['luke/folder', 'luke/raw']) await fails('network', [/another origin.*CORS/], model, { cache: false, retries: 0 });
    }
    hub.reset();
    await loads('luke/folder', { cache: false });
  });

  await inHub('gated and private repositories, and what is not there', async () => {
    const bearer = (token) => ({ cache: false, headers: { Authorization: `Bearer ${token}` } });
    await fails('network', [/status 401/, /gated/, /Accept its terms/, /headers/], 'luke/gated');
    await fails('network', [/status 403/, /gated/], 'luke/gated', bearer(STRANGER));
    await fails('network', [/private/, /headers/], 'luke/private');
    await fails('network', [/no such repository/, /"luke\/nothing" was read as the name/], 'luke/nothing');
    await fails('network', [/no such revision/], 'luke/folder@v9');
    hub.requests.length = 0;
    for (const model of ['luke/gated', 'luke/private']) await loads(model, bearer(TOKEN));
    assert.ok(fromStore().length > 0 && fromStore().every(({ authorization }) => authorization === undefined), 'the token is for the hub alone');
  });

  await inHub('the store knows models by their names', async () => {
    const found = await page.evaluate(async (hub) => {
      const { availability, models } = lukeWeb;
      const model = 'luke/folder@v1.0';
      const steps = [(await availability(model, { hub })).state, await models.has(model, { hub })];
      await models.prefetch(model, { hub });
      steps.push((await availability(model, { hub })).state, await models.has(model, { hub }), (await models.verify(model, { hub })).bad, await models.has('luke/folder', { hub }));
      steps.push((await models.list()).map(({ url }) => url.replace(hub, '')), await models.delete(model, { hub }), await models.has(model, { hub }));
      const gone = await availability('luke/nothing', { hub });
      return { steps, gone, prefetch: await outcome(models.prefetch('luke/nothing', { hub })) };
    }, hub.url);
    assert.deepEqual(found.steps, ['downloadable', false, 'available', true, 0, false, ['luke/folder/resolve/v1.0/manifest.json'], true, false]);
    assert.equal(found.gone.state, 'unavailable');
    for (const message of [found.gone.reason, found.prefetch.error.message]) assert.match(message, /no such repository.*was read as the name/);
  });

  await page?.context().close();
  hub.close();
}

// In the page.
async function loadAndAsk({ model, options }) {
  globalThis.worker ??= new Worker('/pkg/dist/worker.js', { type: 'module' });
  const events = [];
  let storedBytes = 0;
  const onProgress = (event) => {
    events.push(event.phase);
    ({ storedBytes } = event);
  };
  return outcome(
    (async () => {
      const luke = await lukeWeb.Luke.load(model, { device: 'wasm', worker: globalThis.worker, onProgress, ...options });
      const entities = luke.tasks.includes('ner') ? await luke.ner('Ana Ivanovic won at Wimbledon.') : undefined;
      await luke.dispose();
      return { entities, tasks: [...luke.tasks], events, storedBytes };
    })(),
  );
}

async function chunksOf() {
  return (await (await fetch('/models/micro-span_cls/manifest.json')).json()).chunks;
}
