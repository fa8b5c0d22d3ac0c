// `luke.teach`, `luke.addHead` and calls by a head: what crosses to the wasm, and what is refused before.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Luke, LukeError, LukeHead, type LoadOptions, type TeachProgress } from '../src/index.js';
import type { HeadFacts, Taught } from '../src/teach.js';
import { counted, fakeFetch, fakeWasm, machine, MODEL, modelFiles, workers, type Tasks } from './fakes.js';
import { INPUT, RELATION, TYPING } from './lessons.js';

const FACTS: HeadFacts = { task: 'ner', name: 'recipes', labels: ['FOOD', 'TOOL'], model: 'fake', manifestHash: 'ab', layers: [3, 4], hidden: 8, temperature: 1, examples: 1 };
const QUALITY = { precision: 0.5, recall: 1, f1: 2 / 3 };
const TAUGHT: Taught = {
  bytes: new Uint8Array([1, 2, 3]),
  head: FACTS,
  report: { examples: 1, spans: 1, widened: 0, all: QUALITY, labels: [{ label: 'FOOD', spans: 1, quality: QUALITY }], confusions: [{ label: 'FOOD', found: null, count: 2 }] },
};
const entity = (text: string) => ({ start: 0, end: 1, text, label: 'FOOD', score: 0.9, logit: 2 });
const isInput = (message: RegExp) => (error: unknown) => error instanceof LukeError && error.code === 'input' && message.test(error.message);

async function all<T>(parts: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const part of parts) list.push(part);
  return list;
}

/** A `Luke` with a fake wasm. */
async function start(tasks: Tasks = {}, options: LoadOptions = {}, device: 'wasm' | 'webgpu' = 'wasm') {
  const fakes = { teach: async () => TAUGHT, headFacts: () => FACTS, ...tasks };
  const { start: worker, started } = workers(() => machine(fakeWasm(async (text: unknown) => [entity(String(text))], undefined, fakes).module, device));
  const luke = await Luke.load(MODEL, { worker, fetch: fakeFetch(modelFiles(1)).fetch, ...options });
  return { luke, started };
}

test('teach gives a head with its facts and its report, and tells how far it is', async () => {
  const seen: unknown[] = [];
  const events: TeachProgress[] = [];
  const { luke } = await start({
    teach: async (input, options, onProgress) => {
      seen.push(input, options);
      for (const done of [0, 1]) onProgress({ phase: 'reading', done, total: 1 });
      onProgress({ phase: 'teaching', done: 6, total: 6 });
      return TAUGHT;
    },
  });
  const head = await luke.teach(INPUT, { seed: 3, folds: 2, offsets: 'utf16', priority: 'background', onProgress: (event) => events.push(event) });
  assert.deepEqual(seen, [INPUT, { seed: 3, folds: 2, offsets: 'utf16' }]);
  assert.deepEqual(events.map(({ phase, done, total }) => `${phase} ${done} ${total}`), ['reading 0 1', 'reading 1 1', 'teaching 6 6']);
  const { name, task, labels, model, manifestHash, examples, report } = head;
  assert.deepEqual([name, task, labels, model, manifestHash, examples], ['recipes', 'ner', ['FOOD', 'TOOL'], 'fake', 'ab', 1]);
  assert.deepEqual(report, TAUGHT.report);
  assert.ok(head instanceof LukeHead);
  await luke.dispose();
});

test('a head does not change, and its file is a copy', async () => {
  const { luke } = await start();
  const head = await luke.teach(INPUT);
  head.save().fill(0);
  assert.deepEqual(head.save(), new Uint8Array([1, 2, 3]));
  assert.throws(() => Object.assign(head, { name: 'other' }), TypeError);
  assert.throws(() => (head.labels as string[]).push('MORE'), TypeError);
  await luke.dispose();
});

test('addHead takes the bytes of a head, and later changes of them do not matter', async () => {
  const seen: Uint8Array[] = [];
  const { luke } = await start({ headFacts: (bytes) => (seen.push(bytes), FACTS), callBy: async (_task, head) => [{ ...entity('a'), label: [...head].join() }] });
  const buffer = Buffer.from([9, 1, 2, 3]);
  for (const bytes of [new Uint8Array([1, 2, 3]), new Uint8Array([1, 2, 3]).buffer, buffer.subarray(1)]) {
    const head = await luke.addHead(bytes);
    new Uint8Array(bytes instanceof ArrayBuffer ? bytes : bytes.buffer).fill(0);
    assert.deepEqual(head.save(), new Uint8Array([1, 2, 3]));
    assert.deepEqual([head.name, head.labels, head.report], ['recipes', ['FOOD', 'TOOL'], undefined]);
    assert.equal((await luke.ner('a', { head }))[0]!.label, '1,2,3');
  }
  assert.deepEqual(seen, Array(3).fill(new Uint8Array([1, 2, 3])));
  await luke.dispose();
});

test('addHead passes on what is wrong with a head, and refuses what is no bytes', async () => {
  const refuse = (code: string, message: string) => () => {
    throw { code, message };
  };
  const { luke } = await start({ headFacts: refuse('integrity', 'head: has other bytes than were written, by its SHA-256') });
  await assert.rejects(luke.addHead(new Uint8Array(3)), { code: 'integrity', message: /other bytes/ });
  const any = luke as any;
  const detached = new ArrayBuffer(8);
  structuredClone(detached, { transfer: [detached] });
  for (const [bytes, message] of [
    [undefined, /addHead: bytes must be a Uint8Array or an ArrayBuffer, not undefined/], ['abc', /bytes must be/], [[1, 2], /bytes must be/], [new Float32Array(2), /bytes must be/],
    [{ length: 3 }, /bytes must be/], [new Uint8Array(2 ** 26 + 1), /bytes must be 67108864 bytes at most, not 67108865/], [detached, /bytes cannot be read/],
  ] as const) await assert.rejects(any.addHead(bytes), isInput(message));
  await assert.rejects(any.addHead(new Uint8Array(1), { priority: 'high' }), isInput(/addHead: priority/));
  await luke.dispose();
  const { luke: other } = await start({ headFacts: refuse('input', "head: 'recipes' was taught on the model luke-mini-en, and this is fake") });
  await assert.rejects(other.addHead(new Uint8Array(3)), isInput(/taught on the model luke-mini-en, and this is fake/));
  await other.dispose();
});

test('ner by a head sends the file of the head, and completes its results', async () => {
  const seen: unknown[] = [];
  const { luke } = await start({
    callBy: async (task, head, input, options: any) => {
      seen.push([task, head, input, options]);
      const one = { ...entity('a\ufffd'), end: 2 };
      return options.runnersUp === undefined ? (Array.isArray(input) ? input.map(() => [one]) : [one]) : { entities: [one], runnersUp: [{ ...one, lostTo: 'none' }] };
    },
  });
  const head = await luke.teach(INPUT);
  const half = 'a\ud800';
  assert.equal((await luke.ner(half, { head, threshold: 0.5, sentences: [{ start: 0, end: 2 }] }))[0]!.text, half);
  assert.equal((await luke.ner([half], { head }))[0]![0]!.text, half);
  assert.equal((await luke.ner({ words: [half, 'b'] }, { head }))[0]!.unit, 'word');
  assert.equal((await luke.ner(half, { head, runnersUp: 0.2 })).runnersUp[0]!.text, half);
  const bytes = new Uint8Array([1, 2, 3]);
  assert.deepEqual(seen, [
    ['ner', bytes, half, { threshold: 0.5, sentences: [[0, 2]] }], ['ner', bytes, [half], {}], ['ner', bytes, { words: [half, 'b'] }, {}], ['ner', bytes, half, { runnersUp: 0.2 }],
  ]);
  assert.deepEqual(await luke.ner('Ada', { head: undefined }), [entity('Ada')], 'without a head, the own one of the model');
  await luke.dispose();
});

test('nerStream by a head gives each text in order, and goes on after the GPU was lost', async () => {
  const seen: string[] = [];
  const { luke } = await start({
    callBy: async (_task, _head, text: any, options) => {
      seen.push(text);
      assert.deepEqual(options, { threshold: 0.5 });
      if (text === 'b' && seen.length === 2) throw { code: 'device-lost', message: 'lost' };
      return [entity(text)];
    },
  }, {}, 'webgpu');
  const head = await luke.teach(INPUT);
  const found = await all(luke.nerStream(['a', 'b', 'c'], { head, threshold: 0.5 }));
  assert.deepEqual(found, ['a', 'b', 'c'].map((text, index) => ({ index, entities: [entity(text)] })));
  assert.deepEqual(seen, ['a', 'b', 'b', 'c']);
  for await (const { index } of luke.nerStream(['a', 'b', 'c'], { head, threshold: 0.5 })) if (index === 0) break;
  assert.deepEqual(await all(luke.nerStream([], { head })), []);
  await luke.dispose();
});

test('a head works in the worker that replaces a lost one, and in another Luke', async () => {
  const tasks: Tasks = { callBy: async (_task, head) => [entity(head.join())] };
  const { luke, started } = await start(tasks);
  const head = await luke.teach(INPUT);
  started[0]!.port.close();
  await new Promise((resolve) => setImmediate(resolve));
  const found = await luke.ner('a', { head }).catch(() => luke.ner('a', { head }));
  assert.equal(found[0]!.text, '1,2,3');
  assert.equal(started.length, 2);
  await luke.dispose();
  const { luke: other } = await start(tasks);
  assert.equal((await other.ner('a', { head }))[0]!.text, '1,2,3');
  await other.dispose();
});

test('what is no head is refused, and an object that looks like one', async () => {
  const { luke } = await start();
  const any = luke as any;
  const head = await luke.teach(INPUT);
  for (const wrong of [null, 7, ['recipes'], new Uint8Array(3), { ...head }, Object.create(LukeHead.prototype), new Proxy(head, {})]) {
    await assert.rejects(any.ner('a', { head: wrong }), isInput(/ner: options\.head must be what luke\.teach or luke\.addHead gave/));
    await assert.rejects(any.nerStream(['a'], { head: wrong }).next(), isInput(/nerStream: options\.head must be/));
    await assert.rejects(any.typing('a', [0, 1], { head: wrong }), isInput(/typing: options\.head must be/));
    await assert.rejects(any.typing([{ text: 'a', span: [0, 1] }], { head: wrong }), isInput(/typing: options\.head must be/));
    await assert.rejects(any.relation('a b', [0, 1], [2, 3], { head: wrong }), isInput(/relation: options\.head must be/));
    await assert.rejects(any.relation([{ text: 'a b', head: [0, 1], tail: [2, 3] }], { head: wrong }), isInput(/relation: options\.head must be/));
    await assert.rejects(any.rank(['a'], { head: wrong }), isInput(/rank: options\.head must be/));
  }
  for (const options of [null, [], 'a']) await assert.rejects(any.ner('a', options), isInput(/ner: options must be an object/));
  const hostile = { get head(): never { throw new Error('no'); } };
  await assert.rejects(any.ner('a', hostile), isInput(/ner: options cannot be read: no/));
  await luke.dispose();
});

test('teach refuses what is no lesson, and names the part that is wrong', async () => {
  const { luke } = await start();
  const any = luke as any;
  const [example] = INPUT.examples;
  const withSpan = (span: unknown) => ({ ...INPUT, examples: [example, { text: 'Add salt.', spans: [example!.spans[0], span] }] });
  const cases: [unknown, RegExp][] = [
    [undefined, /teach: input must be an object \{ task, name, examples \}, not undefined/], [[INPUT], /input must be/], ['a', /input must be/],
    [{ ...INPUT, task: undefined }, /teach: task must be "ner", "typing" or "relation", not undefined/], [{ ...INPUT, task: 'poetry' }, /task must be .*, not "poetry"/],
    [{ ...INPUT, task: ['ner'] }, /task must be .*, not an array/], [{ ...INPUT, task: 'toString' }, /task must be/],
    [{ ...INPUT, name: undefined }, /teach: name must be a string, not undefined/], [{ ...INPUT, name: 3 }, /name must be a string, not 3/],
    [{ ...INPUT, examples: undefined }, /examples must be a list of \{ text, spans \}, not undefined/], [{ ...INPUT, examples: example }, /examples must be a list/],
    [{ ...INPUT, examples: [example, 'b'] }, /examples\[1\] must be an object \{ text, spans \}, not "b"/], [{ ...INPUT, examples: [{ spans: [] }] }, /examples\[0\]\.text must be a string/],
    [{ ...INPUT, examples: [{ text: 'a' }] }, /examples\[0\]\.spans must be a list of \{ start, end, label \}/],
    [withSpan([4, 8]), /examples\[1\]\.spans\[1\] must be \{ start, end, label \}, not an array/], [withSpan({ start: 4, label: 'A' }), /examples\[1\]\.spans\[1\] must be \{ start, end, label \}/],
    [withSpan({ start: -1, end: 8, label: 'A' }), /spans\[1\] must be/], [withSpan({ start: 4, end: 8 }), /examples\[1\]\.spans\[1\]\.label must be a string, not undefined/],
    [withSpan({ start: 4, end: 8, label: 7 }), /label must be a string, not 7/],
    [withSpan({ start: 4, end: 8, label: 'A', unit: 'codepoint' }), /examples\[1\]\.spans\[1\] counts "codepoint", and this call "utf16"/],
    [withSpan({ start: 4, end: 8, label: () => 'A' }), /input\.examples\[1\]\.spans\[1\]\.label is not plain data/], [{ ...INPUT, get examples(): never { throw new Error('no'); } }, /input cannot be read: no/],
  ];
  for (const [input, message] of cases) await assert.rejects(any.teach(input), isInput(message), String(message));
  for (const [options, message] of [
    [null, /teach: options must be an object/], [{ onProgress: 'yes' }, /teach: onProgress must be a function/], [{ priority: 'high' }, /priority/], [{ signal: 1 }, /signal/], [{ seed: 1n }, /seed is not plain/],
  ] as const) await assert.rejects(any.teach(INPUT, options), isInput(message));
  assert.equal((await luke.teach(INPUT)).name, 'recipes');
  await luke.dispose();
});

test('lessons of mentions and pairs reach the wasm with the option multi, and their reports the page', async () => {
  const seen: unknown[] = [];
  const { luke } = await start({
    teach: async (input, options) => {
      seen.push(input, options);
      return { ...TAUGHT, head: { ...FACTS, task: input.task, entityLayers: [6], multi: true }, report: { ...TAUGHT.report, multi: true } };
    },
  });
  const plants = await luke.teach(TYPING, { multi: true });
  assert.deepEqual([plants.task, plants.report.multi], ['typing', true]);
  assert.equal((await luke.teach(RELATION)).task, 'relation');
  assert.deepEqual(seen, [TYPING, { multi: true }, RELATION, {}]);
  await luke.dispose();
});

test('typing and relation by a head send the file of the head, of one input and of several', async () => {
  const seen: unknown[] = [];
  const { luke } = await start({ callBy: async (task, head, input, options) => (seen.push([task, head, input, options]), task) });
  const head = await luke.teach(TYPING);
  const oak = { ...entity('oak'), start: 8, end: 11 };
  await luke.typing('The old oak fell.', oak, { head, allScores: true });
  await luke.typing([{ text: 'The old oak fell.', span: oak }], { head, priority: 'background' });
  await luke.relation('Kim taught Lou.', [0, 3], [11, 14], { head });
  await luke.relation([{ text: 'Kim taught Lou.', head: [0, 3], tail: { start: 11, end: 14 } }], { head, specialTokens: 'text' });
  const bytes = new Uint8Array([1, 2, 3]);
  const [typing, relation] = [{ text: 'The old oak fell.', span: [8, 11] }, { text: 'Kim taught Lou.', head: [0, 3], tail: [11, 14] }];
  assert.deepEqual(seen, [
    ['typing', bytes, typing, { allScores: true }], ['typing', bytes, [typing], {}], ['relation', bytes, relation, {}], ['relation', bytes, [relation], { specialTokens: 'text' }],
  ]);
  assert.deepEqual(await luke.typing('The old oak fell.', oak, { head: undefined }), [{ input: typing, options: {} }], 'without a head, the own one of the model');
  assert.deepEqual(await luke.relation([relation as never], { head: undefined }), [{ input: [relation], options: {} }]);
  await luke.dispose();
});

test('the head of a pair and a head that was taught are not mixed up', async () => {
  const { luke } = await start({
    callBy: async (task) => {
      throw { code: 'input', message: `head: 'recipes' is a head for ner, and this call is ${task}`, detail: { argument: 'head' } };
    },
  });
  const any = luke as any;
  const head = await luke.teach(INPUT);
  for (const call of [() => any.relation('a b', { head }), () => any.relation('a b', head, [0, 1])]) await assert.rejects(call(), isInput(/relation: head must be \[start, end\] or \{ start, end \}, not an object/));
  await assert.rejects(any.relation('a b', [0, 1], { head }), isInput(/relation: tail must be \[start, end\]/));
  await assert.rejects(any.relation([{ text: 'a b', head, tail: [2, 3] }]), isInput(/relation: inputs\[0\]\.head must be \[start, end\]/));
  await assert.rejects(any.relation('a b', [0, 1], [2, 3], { head: [0, 1] }), isInput(/relation: options\.head must be what luke\.teach or luke\.addHead gave, or a name in luke\.taughtHeads, not an array/));
  for (const [call, name] of [[() => luke.typing('a', [0, 1], { head }), 'typing'], [() => luke.relation('a b', [0, 1], [2, 3], { head }), 'relation']] as const) {
    await assert.rejects(call(), isInput(new RegExp(`'recipes' is a head for ner, and this call is ${name}`)));
  }
  await luke.dispose();
});

test('rank sends texts and a head, goes on after the GPU was lost, and refuses what is neither', async () => {
  const seen: unknown[] = [];
  const { luke } = await start({
    callBy: async (task, head, input, options) => {
      seen.push([task, head, input, options]);
      if (seen.length === 1) throw { code: 'device-lost', message: 'lost' };
      return [{ index: 1, score: 3.5 }];
    },
  }, {}, 'webgpu');
  const any = luke as any;
  const head = await luke.teach(INPUT);
  assert.deepEqual(await luke.rank(['a', 'b'], { head, topK: 1, priority: 'background' }), [{ index: 1, score: 3.5 }]);
  assert.deepEqual(seen, Array(2).fill(['rank', new Uint8Array([1, 2, 3]), ['a', 'b'], { topK: 1 }]));
  const cases: [() => Promise<unknown>, RegExp][] = [
    [() => any.rank('a', { head }), /rank: texts must be a list of strings, not "a"/], [() => any.rank(['a', { text: 'b' }], { head }), /rank: texts\[1\] must be a string, not an object/],
    [() => any.rank(['a']), /rank: options must be an object, not undefined/], [() => any.rank(['a'], {}), /rank: options\.head must be what luke\.teach or luke\.addHead gave, or a name in luke\.taughtHeads, not undefined/],
    [() => any.rank(['a'], { head, priority: 'high' }), /rank: priority/], [() => any.rank(['a'], { head, topK: Infinity }), /rank: options\.topK is not plain data/],
  ];
  for (const [call, message] of cases) await assert.rejects(call, isInput(message));
  await assert.rejects(luke.rank(['a'], { head, signal: AbortSignal.abort('enough') }), (reason) => reason === 'enough');
  await luke.dispose();
});

test('an abort ends teach and leaves everything as it was; nothing is told after it', async () => {
  let tellMore = () => {};
  let isEnded = false;
  const { luke } = await start({
    teach: async (_input, _options, onProgress, call) => {
      if (isEnded) return TAUGHT;
      onProgress({ phase: 'reading', done: 0, total: 1 });
      await new Promise<void>((resolve) => call.signal.addEventListener('abort', () => resolve()));
      isEnded = true;
      tellMore = () => onProgress({ phase: 'reading', done: 1, total: 1 });
      throw { code: 'aborted', message: 'the call was aborted' };
    },
  });
  const { abort, signal, listeners } = counted();
  const events: number[] = [];
  let first = () => {};
  const told = new Promise<void>((resolve) => (first = resolve));
  const teaching = luke.teach(INPUT, { signal, onProgress: ({ done }) => (events.push(done), first()) });
  teaching.catch(() => {});
  await told;
  abort.abort('enough');
  await assert.rejects(teaching, (reason) => reason === 'enough');
  assert.deepEqual((await luke.teach(INPUT)).save(), TAUGHT.bytes);
  assert.equal(listeners(), 0);
  tellMore();
  assert.deepEqual(await luke.ner('Ada'), [entity('Ada')]);
  assert.deepEqual(events, [0]);
  await assert.rejects(luke.teach(INPUT, { signal }), (reason) => reason === 'enough');
  await luke.dispose();
  await assert.rejects(luke.teach(INPUT), { code: 'disposed' });
  await assert.rejects(luke.addHead(new Uint8Array(1)), { code: 'disposed' });
});

test('what onProgress throws is reported as an uncaught error, and teach goes on', async () => {
  const reported: unknown[] = [];
  const before = globalThis.reportError;
  globalThis.reportError = (error) => void reported.push((error as Error).cause);
  try {
    const { luke } = await start({ teach: async (_input, _options, onProgress) => (onProgress({ phase: 'reading', done: 0, total: 1 }), TAUGHT) });
    const bad = [() => { throw 'mine'; }, async () => { throw 'later'; }];
    for (const onProgress of bad) assert.equal((await luke.teach(INPUT, { onProgress })).name, 'recipes');
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(reported, ['mine', 'later']);
    await luke.dispose();
  } finally {
    globalThis.reportError = before;
  }
});

test('teach is repeated on the device that replaces a lost one, and errors of the lesson are passed on', async () => {
  let losses = 1;
  const { luke } = await start({
    teach: async (input) => {
      if (losses-- > 0) throw { code: 'device-lost', message: 'lost' };
      if (input.examples.length === 0) throw { code: 'input', message: 'examples: are none', detail: { argument: 'examples' } };
      return TAUGHT;
    },
  }, {}, 'webgpu');
  assert.equal((await luke.teach(INPUT)).name, 'recipes');
  await assert.rejects(luke.teach({ ...INPUT, examples: [] }), isInput(/examples: are none/));
  await luke.dispose();
});
