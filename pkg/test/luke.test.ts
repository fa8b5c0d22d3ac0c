import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Luke, LukeError, type LoadEvent, type LoadOptions } from '../src/index.js';
import { fakeFetch, fakeWasm, fakeWorker, hashOf, machine, MODEL, modelFiles, readVerified, tableFiles, type Tasks } from './fakes.js';

type Ner = Parameters<typeof fakeWasm>[0];

/** A `Luke` with a fake wasm that runs `ner` and `tasks`, a fake worker, and a fake `fetch`. */
async function start(ner: Ner, options: LoadOptions = {}, tasks: Tasks = {}) {
  const wasm = fakeWasm(ner, undefined, tasks);
  const { worker, state } = fakeWorker(machine(wasm.module));
  const { fetch, asked } = fakeFetch(modelFiles(6, 3));
  const luke = await Luke.load(MODEL, { worker: () => worker, fetch, ...options });
  return { luke, log: wasm.log, asked, state };
}

test('load fetches files in order, reports its progress and describes the model', async () => {
  const events: LoadEvent[] = [];
  const { luke, log, asked, state } = await start(async () => [], { onProgress: (event) => events.push(event) });
  assert.deepEqual(asked, ['manifest.json', 'tokenizer.json', 'entity_vocab.json', 'chunks/0.bin', 'chunks/1.bin']);
  assert.deepEqual(log, ['manifest 1', 'tokenizer.json 4', 'entity_vocab.json 2', 'chunks/0.bin 6', 'chunks/1.bin 3', 'finish']);
  assert.deepEqual([...new Set(events.map((event) => event.phase))], ['manifest', 'download', 'verify', 'build', 'self-test', 'ready']);
  assert.deepEqual(events.at(-1), { phase: 'ready', loadedBytes: 15, totalBytes: 15, storedBytes: 0 });
  assert.deepEqual(luke.tasks, ['ner']);
  assert.equal(luke.info.name, 'fake');
  assert.ok(luke.info.loadMs >= 0);
  await luke.dispose();
  assert.equal(state.terminated, true);
});

test('options that are undefined are removed, and null stays null', async () => {
  const seen: unknown[] = [];
  const { luke } = await start(async (input, options) => {
    seen.push(input, options);
    return [];
  });
  await luke.ner({ words: ['a'], sentences: undefined } as never, { maxEntitiesPerPass: undefined, threshold: 0 } as never);
  await luke.ner('a', { maxEntitiesPerPass: null });
  assert.deepEqual(seen, [{ words: ['a'] }, { threshold: 0 }, 'a', { maxEntitiesPerPass: null }]);
  await luke.dispose();
});

test('a task passes on its arguments and options', async () => {
  const { luke } = await start(async () => []);
  const { signal } = new AbortController();
  const spans = [[0, 1], [2, 3]] as const;
  const cases: [Promise<unknown>, object, object][] = [
    [luke.typing('a b', [0, 1], { allScores: true, signal }), { text: 'a b', span: [0, 1] }, { allScores: true }],
    [luke.relation('a b', [0, 1], [2, 3]), { text: 'a b', head: [0, 1], tail: [2, 3] }, {}],
    [luke.cloze('a b', '@placeholder', spans, { docStride: 16 }), { passage: 'a b', query: '@placeholder', candidates: spans }, { docStride: 16 }],
    [luke.fillMask('a <mask>', { topK: 3, signal }), { text: 'a <mask>' }, { topK: 3 }],
    [luke.predictEntities('a b', spans, { topK: 2, titles: [null, 'B'] }), { text: 'a b', spans }, { topK: 2, titles: [null, 'B'] }],
    [luke.embed('a b', spans, { titles: ['A', null] }), { text: 'a b', spans }, { titles: ['A', null] }],
    [luke.embed('a b'), { text: 'a b', spans: [] }, {}],
  ];
  for (const [call, input, options] of cases) assert.deepEqual(await call, [{ input, options }]);
  const answer = await luke.qa('who?', 'a b', { entities: { a: 'A' }, topK: undefined as never, nullThreshold: 0 });
  assert.deepEqual(answer, { input: { question: 'who?', context: 'a b' }, options: { entities: { a: 'A' }, nullThreshold: 0 }, alternatives: [] });
  await luke.dispose();
});

test('a task refuses invalid texts, invalid spans and options that are none; the next call works', async () => {
  const { luke } = await start(async () => []);
  const any = luke as any;
  const cases: [() => Promise<unknown>, RegExp][] = [
    [() => any.typing(7, [0, 1]), /typing: text must be a string, not 7/], [() => any.typing('a', [0]), /typing: span must be \[start, end\]/],
    [() => any.typing('a', [0, -1]), /span/], [() => any.typing('a', { start: 0 }), /typing: span must be \[start, end\] or \{ start, end \}, not an object/],
    [() => any.typing('a', { start: 1.5, end: 2 }), /span/], [() => any.typing('a', { start: 0, end: 1, unit: 'word' }), /typing: span counts "word", and this call "utf16"/],
    [() => any.typing('a', { start: 0, end: 1, unit: 'byte' }, { offsets: 'codepoint' }), /span counts "byte", and this call "codepoint"/],
    [() => any.ner('a', { sentences: [{ start: 0, end: 1, unit: 'word' }] }), /ner: sentences\[0\] counts "word"/],
    [() => any.ner({ words: ['a'], sentences: [{ start: 0, end: 1, unit: 'byte' }] }), /ner: sentences\[0\] counts "byte", and this call "word"/],
    [() => any.ner({ words: ['a'], sentences: 'auto' }), /sentences must be an array of/],
    [() => any.typing('a', [0, 0.5]), /span/], [() => any.relation('a', [0, 1], 'b'), /relation: tail must be .*"b"/],
    [() => any.qa(null, 'a'), /qa: question .*null/], [() => any.qa('a'), /qa: context .*undefined/],
    [() => any.qa('a', 'b', { entities: { a: () => 1 } }), /not plain data/], [() => any.cloze('a', ['b'], []), /cloze: query .*an array/],
    [() => any.cloze('a', 'b', [0, 1]), /cloze: candidates\[0\] .*0/], [() => any.cloze('a', 'b'), /cloze: candidates must be an array of \[start, end\] or \{ start, end \}, not undefined/],
    [() => any.fillMask(['a']), /fillMask: text/], [() => any.forward({ inputIds: [0] }, { heads: 'ner' }), /forward: .*"heads".*head/], [() => any.predictEntities('a', [[0, 1], [1]]), /predictEntities: spans\[1\]/],
    [() => any.predictEntities('a', { 0: [0, 1] }), /spans must be an array/], [() => any.predictEntities('a', [], { signal: 1 }), /signal must be/],
    [() => any.embed('a', [['0', '1']]), /embed: spans\[0\]/], [() => any.embed('a', [], null), /options must be/],
  ];
  for (const [call, message] of cases) await assert.rejects(call, (error: any) => error instanceof LukeError && error.code === 'input' && message.test(error.message));
  assert.deepEqual(await luke.relation('a b', [0, 1], [2, 3]), [{ input: { text: 'a b', head: [0, 1], tail: [2, 3] }, options: {} }]);
  await luke.dispose();
});

test('a result is an argument: spans are pairs or objects, also in options', async () => {
  const seen: unknown[] = [];
  const { luke } = await start(async (input, options) => (seen.push(input, options), [{ start: 0, end: 1, text: 'a', label: 'PER', score: 1, logit: 1 }]));
  const [entity] = await luke.ner('a b', { sentences: [{ start: 0, end: 1 }, [2, 3]] });
  const [word] = await luke.ner({ words: ['a', 'b'], sentences: [{ start: 0, end: 2 }] });
  assert.deepEqual(seen, ['a b', { sentences: [[0, 1], [2, 3]] }, { words: ['a', 'b'], sentences: [[0, 2]] }, {}]);
  assert.deepEqual([entity!.unit, word!.unit], [undefined, 'word']);
  const pair = [[0, 1]];
  assert.deepEqual(await luke.typing('a b', entity!), [{ input: { text: 'a b', span: [0, 1] }, options: {} }]);
  assert.deepEqual(await luke.relation('a b', entity!, { start: 2, end: 3 }), [{ input: { text: 'a b', head: [0, 1], tail: [2, 3] }, options: {} }]);
  assert.deepEqual(await luke.predictEntities('a b', [entity!]), [{ input: { text: 'a b', spans: pair }, options: {} }]);
  assert.deepEqual((await luke.cloze('a b', '@placeholder', [entity!]))[0], { input: { passage: 'a b', query: '@placeholder', candidates: pair }, options: {} });
  await assert.rejects(luke.typing('a b', word as never), { code: 'input', message: /span counts "word"/ });
  await luke.dispose();
});

test('with the option offsets, results say what they count, and unpaired surrogates are one code point and three bytes', async () => {
  const text = '🙂\ud800é b';
  const at = { codepoint: [1, 3], byte: [4, 9] } as const;
  const found = (options: object, name = 'text') => {
    const [start, end] = at[(options as { offsets: keyof typeof at }).offsets];
    return { start, end, [name]: '\ufffdé' };
  };
  const tasks: Tasks = {
    cloze: async (_, options) => [found(options)], embed: async (_, options) => ({ tokens: [found(options)] }),
    qa: async (_, options) => ({ ...found(options, 'answer'), answerable: true, alternatives: [] }),
  };
  const { luke } = await start(async (_, options) => [found(options)], {}, tasks);
  for (const offsets of ['codepoint', 'byte'] as const) {
    const [[entity], [candidate], answer, { tokens }] = [
      await luke.ner(text, { offsets }), await luke.cloze(text, '@placeholder', [{ start: 0, end: 1, unit: offsets }], { offsets }), await luke.qa('?', text, { offsets }), await luke.embed(text, [], { offsets }),
    ];
    assert.ok(answer.answerable);
    assert.deepEqual([entity, candidate, answer, tokens[0]].map((result) => result?.unit), Array(4).fill(offsets));
    assert.deepEqual([entity?.text, candidate?.text, answer.answer], Array(3).fill('\ud800é'));
    assert.deepEqual(await luke.typing(text, entity!, { offsets }), [{ input: { text, span: at[offsets] }, options: { offsets } }]);
    await assert.rejects(luke.typing(text, entity!), { code: 'input', message: new RegExp(`span counts "${offsets}", and this call "utf16"`) });
  }
  await luke.dispose();
});

test('info says what the files and the wasm tell of the model, without what is empty', async () => {
  const heads = { ner: { labels: ['NIL', 'PER', 'LOC'] }, typing: { labels: ['person'] }, qa: {} };
  const info = () => ({ name: 'fake', dtype: 'q4' as const, device: 'wasm' as const, tasks: ['ner' as const], parameters: 7, license: 'MIT', heads });
  const { luke } = await start(async () => [], {}, { info });
  const { license, source, manifestHash, bytes, labels } = luke.info;
  assert.deepEqual({ license, source, manifestHash, bytes, labels, heads: luke.info.heads }, {
    license: 'MIT', source: undefined, manifestHash: hashOf(modelFiles(6, 3)['manifest.json']!), bytes: 15, labels: { ner: ['PER', 'LOC'], typing: ['person'] }, heads: ['ner', 'typing', 'qa'],
  });
  await luke.dispose();
  // "No entity" has one of two names, at any place.
  for (const [labels, want] of [[['PER', 'LOC', 'O'], ['PER', 'LOC']], [['PER', 'NIL', 'LOC'], ['PER', 'LOC']], [['O', 'PER'], ['PER']], [['nothing', 'PER'], ['PER']]] as const) {
    const { luke } = await start(async () => [], {}, { info: () => ({ ...info(), heads: { ner: { labels: [...labels] } } }) });
    assert.deepEqual(luke.info.labels, { ner: want });
    await luke.dispose();
  }
  const plain = await start(async () => []);
  assert.deepEqual(['license' in plain.luke.info, plain.luke.info.labels], [false, {}]);
  await plain.luke.dispose();
});

test('results contain the unpaired surrogates of the text', async () => {
  const half = 'a\ud800';
  const at = { start: 0, end: 2, text: 'a\ufffd' };
  const answer = (alternatives: object[] = []) => ({ start: 0, end: 2, answer: 'a\ufffd', answerable: true, alternatives });
  const { luke } = await start(async (input) => (Array.isArray(input) ? [[{ ...at }], [{ ...at }]] : [{ ...at }]), {}, {
    cloze: async () => [{ ...at }],
    qa: async () => answer([answer()]),
  });
  const texts = async (found: Promise<{ text: string }[]>) => (await found).map(({ text }) => text);
  assert.deepEqual(await texts(luke.ner(`${half} b`)), [half]);
  assert.deepEqual((await luke.ner([half, 'a\ufffd'])).flat().map(({ text }) => text), [half, 'a\ufffd']);
  assert.deepEqual(await texts(luke.ner({ words: [half, '\udc00b'] })), [`${half} \udc00b`]);
  assert.deepEqual(await texts(luke.cloze(half, '@placeholder', [[0, 2]])), [half]);
  const best = await luke.qa('who?', half);
  assert.ok(best.answerable);
  assert.deepEqual([best, ...best.alternatives].map((found) => found.answer), [half, half]);
  await luke.dispose();
});

test('the vectors of embed are transferred, not copied', async () => {
  const tensor = (...values: number[]) => ({ shape: [1, values.length], data: new Float32Array(values) });
  const made = { tokens: [{ id: 5, start: 0, end: 1 }], words: tensor(1, 2), entities: { shape: [0, 2], data: new Float32Array() }, pooled: null };
  const { luke } = await start(async () => [], {}, { embed: async () => made });
  const wanted = structuredClone(made);
  assert.deepEqual(await luke.embed('a'), wanted);
  assert.equal(made.words.data.length, 0);
  await luke.dispose();
});

test('calls run one at a time, and the next call after a failed one works', async () => {
  let running = 0;
  const { luke } = await start(async (input) => {
    assert.equal(running++, 0, 'one at a time');
    await sleep(5);
    running--;
    if (input === 'bad') throw { code: 'input', message: 'bad text', detail: { at: 1 } };
    return [{ text: input }];
  });
  const [a, bad, b] = await Promise.allSettled([luke.ner('a'), luke.ner('bad'), luke.ner('b')]);
  assert.deepEqual([a, b].map((r) => r?.status === 'fulfilled' && r.value), [[{ text: 'a' }], [{ text: 'b' }]]);
  assert.ok(bad?.status === 'rejected' && bad.reason instanceof LukeError);
  assert.deepEqual([bad.reason.code, bad.reason.message, bad.reason.detail], ['input', 'bad text', { at: 1 }]);
  await luke.dispose();
});

test('an aborted call rejects with its reason: a queued call is not started, the result of a running call is ignored', async () => {
  const ran: unknown[] = [];
  const { luke } = await start(async (input) => {
    ran.push(input);
    await sleep(20);
    return [];
  });
  const [first, second] = [new AbortController(), new AbortController()];
  const one = luke.ner('one', { signal: first.signal });
  const two = luke.ner('two', { signal: second.signal });
  const three = luke.ner('three');
  await sleep(5);
  second.abort('second');
  first.abort('first');
  await assert.rejects(one, (reason) => reason === 'first');
  await assert.rejects(two, (reason) => reason === 'second');
  assert.deepEqual(await three, []);
  assert.deepEqual(ran, ['one', 'three']);
  await assert.rejects(luke.ner('four', { signal: AbortSignal.abort('late') }), (reason) => reason === 'late');
  await luke.dispose();
});

test('after dispose all calls reject, also running and queued ones', async () => {
  const { luke } = await start(() => sleep(50, []));
  const running = luke.ner('running');
  const queued = luke.ner('queued');
  await sleep(1);
  await luke.dispose();
  for (const call of [running, queued, luke.ner('later')]) await assert.rejects(call, { code: 'disposed', message: /disposed/ });
  await luke.dispose();
});

test('invalid arguments reject, and the error names the argument; the next call works', async () => {
  const { luke } = await start(async () => []);
  const call = luke.ner.bind(luke) as (...args: any[]) => Promise<unknown>;
  const cases: [unknown[], RegExp][] = [
    [[42], /text must be a string.*42/], [[null], /null/], [[undefined], /undefined/], [[['a', 1]], /text \[1\]/], [[{ word: [] }], /\{ words \}/],
    [[{ words: ['a', null] }], /words\[1\]/], [['a', 'fast'], /options must be/],
    [['a', { signal: 1 }], /signal must be/], [['a', { labels: [() => 1] }], /not plain data/],
  ];
  for (const [args, message] of cases) await assert.rejects(call(...args), (error: any) => error instanceof LukeError && error.code === 'input' && message.test(error.message));
  await assert.rejects((luke.forward as any).call(luke, 3), { code: 'input', message: /inputs must be/ });
  await assert.rejects((luke.forward as any).call(luke, [{ inputIds: [0] }, 3]), { code: 'input', message: /inputs\[1\] must be/ });
  assert.deepEqual(await luke.ner('a'), []);
  await luke.dispose();
});

test('invalid load options reject, and the error names the option', async () => {
  const cases: [any, RegExp][] = [
    [{ devise: 'wasm' }, /"devise"/], [{ device: 'gpu' }, /device must be.*"gpu"/], [{ worker: 3 }, /worker/], [{ selfTest: 'yes' }, /selfTest/],
    [{ headers: { a: 1 } }, /headers/], [{ onProgress: {} }, /onProgress/], [null, /options must be an object/],
    ...[0, NaN, 1.5, 65, '2', null].map((threads): [any, RegExp] => [{ threads }, /threads must be "auto" or a whole number from 1 to 64, not/]),
  ];
  for (const [options, message] of cases) await assert.rejects(Luke.load(MODEL, options), { code: 'input', message });
  await assert.rejects(Luke.load(MODEL, { device: 'wasm', threads: 2, worker: false }), { code: 'unsupported', message: /threads 2: the page is not cross-origin isolated/ });
  await assert.rejects(Luke.load('not a url'), { code: 'input', message: /"not a url"/ });
  await assert.rejects(Luke.load(7 as never), { code: 'input', message: /URL/ });
});

test('an aborted call that waits for the network lets the next call run', async () => {
  const files = tableFiles([new Uint8Array(1)], 1);
  const row = JSON.parse(files['manifest.json'] as string).entityTable.chunks[0];
  const { module, hosts } = fakeWasm(async (text, _options, call) => (text === 'no row' ? [] : readVerified(hosts[0]!, row, [], call).then(() => [])));
  const { fetch } = fakeFetch(files);
  const abort = new AbortController();
  let stuck = true;
  const fetching: typeof fetch = (url, init) => {
    if (!String(url).includes('entities') || !stuck) return fetch(url, init);
    stuck = false;
    setTimeout(() => abort.abort('enough'), 5);
    return new Promise((_, reject) => init!.signal!.addEventListener('abort', () => reject(new Error('aborted'))));
  };
  const luke = await Luke.load(MODEL, { worker: () => fakeWorker(machine(module)).worker, fetch: fetching });
  const started = performance.now();
  const first = assert.rejects(luke.ner('a', { signal: abort.signal }), (reason) => reason === 'enough');
  assert.deepEqual(await luke.ner('no row'), []);
  await first;
  assert.deepEqual(await luke.ner('b'), []); // the same file: its download ended with the call, and begins anew
  assert.ok(performance.now() - started < 5000, 'nobody waits until the download stalls');
  await luke.dispose();
});

test('an aborted load rejects with its reason and terminates its worker', async () => {
  const { worker, state } = fakeWorker(machine(fakeWasm(async () => []).module));
  const abort = new AbortController();
  const fetch: typeof globalThis.fetch = (_url, init) =>
    new Promise((_, reject) => {
      init!.signal!.addEventListener('abort', () => reject(new Error('aborted')));
      setTimeout(() => abort.abort('no more'), 5);
    });
  await assert.rejects(Luke.load(MODEL, { worker: () => worker, fetch, signal: abort.signal }), (reason) => reason === 'no more');
  assert.equal(state.terminated, true);
  await assert.rejects(Luke.load(MODEL, { signal: AbortSignal.abort('before') }), (reason) => reason === 'before');
});

test('a trap rejects its call; the next call loads the model again and works', async () => {
  let calls = 0;
  const { luke, log, asked } = await start(async () => {
    if (calls++ === 0) throw new WebAssembly.RuntimeError('unreachable');
    return [];
  });
  await assert.rejects(luke.ner('a'), { code: 'internal', message: /internal error: unreachable/ });
  assert.deepEqual(await luke.ner('b'), []);
  assert.equal(log.filter((line) => line === 'reset').length, 1);
  assert.equal(asked.filter((path) => path === 'manifest.json').length, 1);
  await luke.dispose();
});

test('forward returns tensors', async () => {
  const { luke } = await start(async () => []);
  const outputs = { logits: { shape: [2], data: new Float32Array([1, 2]) } };
  assert.deepEqual(await luke.forward({ inputIds: [0, 2] }), outputs);
  assert.deepEqual(await luke.forward([{ inputIds: [0, 2] }, { inputIds: [0, 3, 2] }]), [outputs, outputs]);
  await luke.dispose();
});

test('a worker that cannot be created rejects with unsupported, the cause and a hint', async () => {
  const worker = () => {
    throw new DOMException('no access from origin null', 'SecurityError');
  };
  await assert.rejects(Luke.load(MODEL, { worker }), (error: any) => error instanceof LukeError && error.code === 'unsupported' && /SecurityError: no access.*new Worker/.test(error.message));
  await assert.rejects(Luke.load(MODEL, { worker: () => ({}) as Worker }), { code: 'unsupported', message: /addEventListener/ });
});

test('a worker that the user passed is not terminated, and the listener is removed from it', async () => {
  const { worker, state } = fakeWorker(machine(fakeWasm(async () => []).module));
  const target = new EventTarget();
  let heard = 0;
  worker.addEventListener = (type: string, listener: any, options: any) => target.addEventListener(type, () => (heard += 1) && listener, options);
  const luke = await Luke.load(MODEL, { worker, fetch: fakeFetch(modelFiles(1)).fetch });
  target.dispatchEvent(new Event('error'));
  await luke.dispose();
  target.dispatchEvent(new Event('error'));
  assert.deepEqual([state.terminated, heard], [false, 1]);
});
