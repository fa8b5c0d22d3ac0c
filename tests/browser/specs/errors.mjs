// Invalid input rejects with the right code and names the argument, and the next valid call works, in a worker and without one.
import assert from 'node:assert/strict';

const TEXT = 'Ana Ivanovic won at Wimbledon.';

// [description, arguments of luke.ner, error code, pattern in the message]. `undefined` and functions cannot be sent to the page.
const CALLS = [
  ['a number instead of a text', [42], 'input', /42/],
  ['null instead of a text', [null], 'input', /null/],
  ['a number among texts', [['a', 1]], 'input', /1/],
  ['words that are not a list', [{ words: 'a b' }], 'input', /words/],
  ['a word that is not a string', [{ words: ['a', 3] }], 'input', /words\[1\]/],
  ['an unknown option', [TEXT, { treshold: 0.5 }], 'input', /treshold/],
  ['an unknown context', [TEXT, { context: 'paragraph' }], 'input', /context|paragraph/],
  ['an unknown rule for sentences', [TEXT, { sentences: 'maybe' }], 'input', /sentences|maybe/],
  ['a span beyond the end', [TEXT, { sentences: [[0, 999]] }], 'input', /999|sentence/],
  ['a reversed span', [TEXT, { sentences: [[9, 3]] }], 'input', /sentence|9/],
  ['a negative span', [TEXT, { sentences: [[-1, 3]] }], 'input', /sentence|-1/],
  ['sentences beyond the last word', [{ words: ['a', 'b'], sentences: [[0, 5]] }], 'input', /sentence|5/],
  ['a maximum span of 0 tokens', [TEXT, { maxSpanTokens: 0 }], 'input', /maxSpanTokens/],
  ['a maximum of 0 entities per pass', [TEXT, { maxEntitiesPerPass: 0 }], 'input', /maxEntitiesPerPass/],
  ['a threshold that is not a number', [TEXT, { threshold: 'high' }], 'input', /threshold|high/],
  ['allScores that is not a boolean', [TEXT, { allScores: 'yes' }], 'input', /yes/],
  ['an unknown value of specialTokens', [TEXT, { specialTokens: 'maybe' }], 'input', /maybe/],
  ['an unknown label', [TEXT, { labels: ['DRAGON'] }], 'input', /DRAGON/],
];

const LOADS = [
  ['a missing folder', '/nowhere/', 'network', /\/nowhere\/manifest\.json.*404/],
  ['an unreachable server', 'http://localhost:9/model/', 'network', /localhost:9/],
  ['an HTML page', '/faults/html/', 'format', /\/faults\/html\/manifest\.json.*luke convert/],
  ['JSON that is not a manifest', '/faults/json/', 'format', /\/faults\/json\/manifest\.json/],
  ['a newer version', '/faults/version', 'format', /version 99/],
  ['a path outside the folder', '/faults/outside/', 'format', /secret\.bin/],
  ['a missing chunk', '/faults/missing/', 'network', /\/faults\/missing\/chunks.*404/],
  ['a truncated chunk', '/faults/truncated/', 'integrity', /chunks\//],
  ['a chunk with one bit wrong', '/faults/flipped/', 'integrity', /chunks\//],
  ['a truncated tokenizer', '/faults/tokenizer/', 'integrity', /tokenizer/],
];

export default async function ({ test, openPage }) {
  for (const worker of [true, false]) {
    const where = worker ? 'in a worker' : 'without a worker';
    let page;
    await test(`wasm ${where}: empty texts give no entities`, async () => {
      page ??= await openPage();
      const results = await page.evaluate(nerEach, { worker, calls: [[''], [' \n\t '], [[]], [['', '']], [{ words: [] }]] });
      assert.deepEqual(results.map(({ outcome }) => outcome.value), [[], [], [], [[], []], []]);
    });
    await test(`wasm ${where}: ${CALLS.length} invalid calls`, async () => {
      page ??= await openPage();
      const results = await page.evaluate(nerEach, { worker, calls: CALLS.map(([, args]) => args), after: TEXT });
      CALLS.forEach(([what, , code, names], i) => {
        check(what, results[i].outcome, code, names);
        assert.ok(Array.isArray(results[i].after?.value), `${what}: the next valid call ${JSON.stringify(results[i].after)}`);
        assert.deepEqual(results[i].after, results[0].after, `${what}: the next valid call gives another result`);
      });
    });
    await test(`wasm ${where}: invalid inputs for forward`, async () => {
      page ??= await openPage();
      const cases = [3, {}, [{ inputIds: [0, 2] }, {}], { inputIds: [] }, { inputIds: [0, 99999999, 2] }, { inputIds: [0, 2], attentionMask: [1] }, { inputIds: [0, -1, 2] }];
      const results = await page.evaluate(forwardEach, { worker, cases });
      results.slice(0, -1).forEach((outcome, i) => check(JSON.stringify(cases[i]), outcome, 'input', /./));
      assert.ok(results.at(-1).value, `the next valid call: ${JSON.stringify(results.at(-1))}`);
    });
    await test(`wasm ${where}: arguments that are no plain data`, async () => {
      page ??= await openPage();
      const { outcomes, after } = await page.evaluate(exoticEach, { worker });
      for (const [what, found] of outcomes) check(what, found, 'input', /plain data|cannot be read|levels|values/);
      assert.ok(outcomes.length >= 60, `only ${outcomes.length} calls`);
      assert.ok(after.value, `the next valid call: ${JSON.stringify(after)}`);
    });
    await test(`wasm ${where}: ${LOADS.length} invalid models`, async () => {
      page ??= await openPage();
      const results = await page.evaluate(loadEach, { worker, urls: [...LOADS.map(([, url]) => url), '/models/micro-span_cls'] });
      LOADS.forEach(([what, , code, names], i) => check(what, results[i], code, names));
      assert.ok(results.at(-1).value, `the next valid load: ${JSON.stringify(results.at(-1))}`);
    });
    await page?.context().close();
  }

  // Without the checks of the package and without the copy that a message makes: what the module itself reads.
  let page;
  await test('wasm: the module refuses arguments that are no plain data by itself', async () => {
    page ??= await openPage();
    const { refused, accepted, after } = await page.evaluate(exoticInModule, {});
    for (const [what, error] of refused) {
      assert.equal(error?.code, 'input', `${what}: ${JSON.stringify(error)}`);
      assert.match(error.message, /plain|cannot be read|levels|values|finite/, what);
    }
    assert.ok(refused.length >= 14, `only ${refused.length} calls`);
    assert.deepEqual(accepted, [], 'half pairs and minus zero are read as U+FFFD and zero, a hole is no number');
    assert.equal(after, true, 'the next valid call');
  });
  await test('wasm: half a million numbers cross into the module in less than a second', async () => {
    page ??= await openPage();
    const { milliseconds, message } = await page.evaluate(longArrays, {});
    assert.match(message, /500000 tokens/);
    assert.ok(milliseconds < 1000, `${milliseconds} ms`);
  });
  await page?.context().close();
}

function check(what, { value, error }, code, names) {
  assert.ok(error, `${what}: it resolved to ${JSON.stringify(value)}`);
  assert.equal(error.code, code, `${what}: ${error.message}`);
  assert.match(error.message, names, what);
}

// In the page.
async function nerEach({ worker, calls, after }) {
  const luke = await lukeWeb.Luke.load('/models/micro-span_cls/', { device: 'wasm', worker });
  const results = [];
  for (const args of calls) results.push({ outcome: await outcome(luke.ner(...args)), after: after && (await outcome(luke.ner(after))) });
  await luke.dispose();
  return results;
}

async function forwardEach({ worker, cases }) {
  const luke = await lukeWeb.Luke.load('/models/micro-model/', { device: 'wasm', worker });
  const results = [];
  for (const inputs of [...cases, { inputIds: [0, 5, 2] }]) results.push(await outcome(luke.forward(inputs).then(() => true)));
  await luke.dispose();
  return results;
}

async function exoticEach({ worker }) {
  const { exotic } = exoticValues();
  const models = { ner: 'micro-span_cls', qa: 'micro-qa', forward: 'micro-model', cloze: 'micro-cloze' };
  const calls = [
    ['ner', (luke, value) => luke.ner(value)],
    ['ner', (luke, value) => luke.ner({ words: ['a'], sentences: value })],
    ['qa', (luke, value) => luke.qa('who?', 'a b', { entities: value })],
    ['forward', (luke, value) => luke.forward(value)],
    ['forward', (luke, value) => luke.forward({ inputIds: value })],
    ['cloze', (luke, value) => luke.cloze('a b', '@placeholder', [[0, value]])],
  ];
  const loaded = {};
  const outcomes = [];
  for (const [name, call] of calls) {
    loaded[name] ??= await lukeWeb.Luke.load(`/models/${models[name]}/`, { device: 'wasm', worker });
    for (const [what, value] of exotic) outcomes.push([`${name}: ${what}`, await outcome(call(loaded[name], value).then(() => 'resolved'))]);
  }
  const after = await outcome(loaded.forward.forward({ inputIds: [0, 5, 2] }).then(() => true));
  for (const luke of Object.values(loaded)) await luke.dispose();
  return { outcomes, after };

  function exoticValues() {
    const cyclic = { inputIds: [0, 2] };
    cyclic.self = cyclic;
    let deep = [];
    for (let i = 0; i < 10_000; i++) deep = [deep];
    let shared = [];
    for (let i = 0; i < 14; i++) shared = Array(100).fill(shared);
    const throwing = { get inputIds() { throw new TypeError('no'); } };
    const trap = new Proxy({}, { ownKeys() { throw 'odd'; } });
    return {
      exotic: [
        ['cyclic', cyclic], ['deep', deep], ['shared', shared], ['getter', throwing], ['proxy', trap], ['BigInt', 1n], ['symbol', Symbol('x')],
        ['function', () => 1], ['NaN', NaN], ['map', new Map([['a', 'b']])], ['date', new Date(0)], ['typed array', new Int32Array(3)],
      ],
    };
  }
}

/** Calls the model of the module itself, which the package holds. */
async function exoticInModule() {
  const { Luke } = lukeWeb;
  // The package starts the module; its class is then the one that this thread uses.
  const luke = await Luke.load('/models/micro-model/', { device: 'wasm', worker: false });
  const { Model } = await import(luke.info.runtimeUrls.find((url) => url.endsWith('/luke_web.js')));
  const { forward } = Model.prototype;
  let model;
  Model.prototype.forward = function (...args) {
    model = this;
    return forward.apply(this, args);
  };
  await luke.forward({ inputIds: [0, 5, 2] });
  Model.prototype.forward = forward;

  const cyclic = { inputIds: [0, 2] };
  cyclic.inputIds.push(cyclic);
  let deep = [];
  for (let i = 0; i < 100_000; i++) deep = i % 2 ? [deep] : { deep };
  let shared = [];
  for (let i = 0; i < 14; i++) shared = Array(100).fill(shared);
  const sparse = [];
  sparse.length = 4_294_967_295;
  const revoked = Proxy.revocable([], {});
  revoked.revoke();
  const exotic = {
    cyclic, deep, shared, sparse, revoked: revoked.proxy, bigint: 1n, symbol: Symbol('x'), function: () => 1, nan: [NaN], infinity: { a: -Infinity },
    map: new Map(), set: new Set(), bytes: new Uint8Array(3), buffer: new ArrayBuffer(3),
    getter: { get inputIds() { throw new TypeError('no'); } },
    proxy: new Proxy({}, { ownKeys() { throw 'odd'; } }),
    length: new Proxy([], { get() { throw new Error('no length'); } }),
  };
  // The module throws plain objects, of which the package makes errors.
  const errorOf = (promise) => promise.then(() => null, ({ code, message }) => ({ code, message: String(message) }));
  const refused = [];
  for (const [what, value] of Object.entries(exotic)) refused.push([what, await errorOf(model.forward(value, {}))]);
  const accepted = [];
  const embedded = await model.embed({ text: 'a \ud800 b', spans: [[-0, 1], [2, 3]] }, { titles: [null, undefined] });
  if (embedded.entities.shape[0] !== 2) accepted.push('spans');
  if ((await errorOf(model.forward({ inputIds: [0, , 2] }, {})))?.code !== 'input') accepted.push('holes');
  const after = await model.forward({ inputIds: [0, 5, 2] }, {}).then(() => true);
  await luke.dispose();
  return { refused, accepted, after };
}

async function longArrays() {
  const luke = await lukeWeb.Luke.load('/models/micro-model/', { device: 'wasm', worker: false });
  const inputs = { inputIds: Array.from({ length: 500_000 }, (_, i) => i % 100) };
  await outcome(luke.forward(inputs));
  const started = performance.now();
  const { error } = await outcome(luke.forward(inputs));
  const milliseconds = performance.now() - started;
  await luke.dispose();
  return { milliseconds, message: error?.message };
}

async function loadEach({ worker, urls }) {
  const results = [];
  for (const url of urls) {
    const loading = lukeWeb.Luke.load(url, { device: 'wasm', worker, cache: false, retries: 1 }).then((luke) => luke.dispose().then(() => true));
    results.push(await outcome(loading));
  }
  return results;
}
