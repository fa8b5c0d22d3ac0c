import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Luke, LukeError, type LoadOptions } from '../src/index.js';
import { partsOf } from '../src/stream.js';
import { counted, fakeFetch, fakeWasm, fakeWorker, machine, MODEL, modelFiles, type Tasks } from './fakes.js';

const found = (text: unknown) => [{ start: 0, end: 1, text: String(text)[0], label: 'PER', score: 1, logit: 2 }];

/** A `Luke` with a fake wasm, and its log. */
async function start(tasks: Tasks = {}, options: LoadOptions = {}, device: 'wasm' | 'webgpu' = 'wasm') {
  const { module, log } = fakeWasm(async (text: unknown) => found(text), undefined, tasks);
  const { worker } = fakeWorker(machine(module, device));
  const luke = await Luke.load(MODEL, { worker: () => worker, fetch: fakeFetch(modelFiles(1)).fetch, ...options });
  return { luke, log };
}

async function all<T>(parts: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const part of parts) list.push(part);
  return list;
}

const isInput = (message: RegExp) => (error: unknown) => error instanceof LukeError && error.code === 'input' && message.test(error.message);

test('nerStream gives the entities of each text while the call runs, in the order of the texts', async () => {
  const seen: unknown[] = [];
  let goOn = () => {};
  const { luke } = await start({
    nerEach: async (texts, options, visit) => {
      seen.push(texts, options);
      visit(found(texts[0]));
      await new Promise<void>((resolve) => (goOn = resolve));
      for (const text of texts.slice(1)) visit(found(text));
    },
  });
  const parts = luke.nerStream(['Ada', 'Ben', 'Cy'], { threshold: 0.5, priority: 'background' });
  assert.deepEqual(seen, [], 'it starts with the first step');
  assert.deepEqual(await parts.next(), { done: false, value: { index: 0, entities: found('Ada') } });
  goOn(); // the first part came before the end
  const rest = await all(parts);
  assert.deepEqual(rest, [{ index: 1, entities: found('Ben') }, { index: 2, entities: found('Cy') }]);
  assert.deepEqual(seen, [['Ada', 'Ben', 'Cy'], { threshold: 0.5 }]);
  await luke.dispose();
});

test('nerStream gives near misses, and the unpaired surrogates of each text', async () => {
  const half = 'a\ud800';
  const place = () => ({ start: 0, end: 2, text: 'a\ufffd', label: 'PER', score: 1, logit: 2 });
  const { luke } = await start({
    nerEach: async (texts, _, visit) => texts.forEach(() => visit({ entities: [place()], runnersUp: [{ ...place(), lostTo: 'none' }] })),
  });
  const parts = await all(luke.nerStream([half, 'a\ufffd'], { runnersUp: 0.2 }));
  assert.deepEqual(parts.map(({ index, entities, runnersUp }) => [index, entities[0]!.text, runnersUp[0]!.text, runnersUp[0]!.lostTo]), [[0, half, half, 'none'], [1, 'a\ufffd', 'a\ufffd', 'none']]);
  await luke.dispose();
});

test('nerStream refuses invalid arguments at its first step, and the next call works', async () => {
  const { luke } = await start();
  const any = luke as any;
  const cases: [() => AsyncGenerator, RegExp][] = [
    [() => any.nerStream('a'), /nerStream: texts must be a list of strings, not "a"/], [() => any.nerStream(['a', 3]), /nerStream: texts\[1\] must be a string, not 3/],
    [() => any.nerStream(), /texts must be/], [() => any.nerStream([], null), /options must be/],
    [() => any.nerStream(['a'], { runnersUp: () => 1 }), /not plain data/], [() => any.nerStream(['a'], { priority: 'high' }), /priority must be/],
  ];
  for (const [call, message] of cases) await assert.rejects(call().next(), isInput(message));
  assert.deepEqual(await all(luke.nerStream([])), []);
  assert.deepEqual(await all(luke.nerStream(['Ada'])), [{ index: 0, entities: found('Ada') }]);
  await luke.dispose();
});

/** A call that gives a part and then waits until it is aborted. */
const waiting: Tasks = {
  nerEach: async (texts, _, visit, { signal }) => {
    visit(found(texts[0]));
    if (texts.length > 1) await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  },
};

test('leaving the loop over nerStream ends its call, and so does the signal', async () => {
  const { luke } = await start(waiting);
  for await (const { index } of luke.nerStream(['a', 'b'])) {
    assert.equal(index, 0);
    break;
  }
  assert.deepEqual(await all(luke.nerStream(['a'])), [{ index: 0, entities: found('a') }]);

  const { abort, signal, listeners } = counted();
  const parts = luke.nerStream(['a', 'b'], { signal });
  await parts.next();
  const next = parts.next();
  abort.abort('enough');
  await assert.rejects(next, (reason) => reason === 'enough');
  assert.equal(listeners(), 0);
  assert.deepEqual(await parts.next(), { done: true, value: undefined });
  await assert.rejects(luke.nerStream(['a'], { signal }).next(), (reason) => reason === 'enough');
  assert.deepEqual(await luke.ner('Ada'), found('Ada'));
  await luke.dispose();
  await assert.rejects(luke.nerStream(['a']).next(), { code: 'disposed' });
});

test('an error of the call comes after the parts that were given', async () => {
  const { luke } = await start({
    nerEach: async (texts, _, visit) => {
      visit(found(texts[0]));
      throw { code: 'input', message: 'runnersUp: too many' };
    },
  });
  const parts = luke.nerStream(['a', 'b']);
  assert.equal((await parts.next()).value!.index, 0);
  await assert.rejects(parts.next(), isInput(/too many/));
  await luke.dispose();
});

test('when the GPU is lost, nerStream goes on with the texts that were not given', async () => {
  const seen: (readonly string[])[] = [];
  const { luke } = await start(
    {
      nerEach: async (texts, _, visit) => {
        seen.push(texts);
        for (const text of texts) {
          if (text === 'c' && seen.length === 1) throw { code: 'device-lost', message: 'lost' };
          visit(found(text));
        }
      },
    },
    {},
    'webgpu',
  );
  const parts = await all(luke.nerStream(['a', 'b', 'c', 'd']));
  assert.deepEqual(parts.map(({ index, entities }) => [index, entities[0]!.text]), [[0, 'a'], [1, 'b'], [2, 'c'], [3, 'd']]);
  assert.deepEqual(seen, [['a', 'b', 'c', 'd'], ['c', 'd']]);
  await luke.dispose();
});

test('parts wait for a slow loop, and none is given after an abort', async () => {
  const abort = new AbortController();
  const parts = partsOf<number>(abort.signal, async (onPart) => [1, 2, 3].forEach(onPart));
  assert.equal((await parts.next()).value, 1);
  await sleep(2);
  assert.equal((await parts.next()).value, 2);
  abort.abort('enough');
  await assert.rejects(parts.next(), (reason) => reason === 'enough');
  assert.deepEqual(await all(partsOf<number>(undefined, async () => 'an ignored result')), []);
});

test('typing and relation take lists of inputs', async () => {
  const { luke } = await start();
  const typing = [{ text: 'a b', span: [0, 1] }, { text: 'c', span: [0, 1] }] as const;
  const relation = [{ text: 'a b', head: [0, 1], tail: [2, 3] }] as const;
  const labels = await luke.typing(typing, { allScores: true, priority: 'background' });
  assert.deepEqual(labels, [{ input: typing, options: { allScores: true } }]);
  assert.deepEqual(await luke.relation(relation), [{ input: relation, options: {} }]);
  const any = luke as any;
  const cases: [() => Promise<unknown>, RegExp][] = [
    [() => any.typing(['a']), /typing: inputs\[0\] must be an object \{ text, span \}, not "a"/], [() => any.typing([{ text: 'a' }]), /inputs\[0\]\.span must be \[start, end\] or \{ start, end \}, not undefined/],
    [() => any.typing([typing[0], { text: 1, span: [0, 1] }]), /inputs\[1\]\.text must be a string/], [() => any.typing([{ text: 'a', span: [0, -1] }]), /inputs\[0\]\.span must be/],
    [() => any.typing(typing, { priority: 'high' }), /typing: priority/],
    [() => any.relation([{ text: 'a', head: [0, 1] }]), /relation: inputs\[0\]\.tail/], [() => any.relation([null]), /inputs\[0\] must be/], [() => any.typing(typing, [0, 1]), /options must be/], [() => any.relation(relation, null), /options must be/],
  ];
  for (const [call, message] of cases) await assert.rejects(call, isInput(message));
  await luke.dispose();
});

test('passCacheBytes goes to the model, and again to the one that is loaded after a trap', async () => {
  let traps = 1;
  const { luke, log } = await start({
    typing: async () => {
      if (traps-- > 0) throw new WebAssembly.RuntimeError('unreachable');
      return [];
    },
  }, { passCacheBytes: 4096 });
  await assert.rejects(luke.typing('a', [0, 1]), { code: 'internal' });
  assert.deepEqual(await luke.typing('a', [0, 1]), []);
  assert.deepEqual(log.filter((line) => line.startsWith('keep')), ['keep 4096', 'keep 4096']);
  await luke.dispose();
  const { luke: other, log: none } = await start();
  assert.deepEqual(none.filter((line) => line.startsWith('keep')), []);
  await other.dispose();
});

test('spans of lists and streams may be objects, and count what the option says', async () => {
  const seen: unknown[] = [];
  const { luke } = await start({
    nerEach: async (texts, options, visit) => {
      seen.push(options);
      texts.forEach(() => visit([{ ...found('a')[0]!, start: 3, end: 6 }]));
    },
  });
  const text = 'é\ud800b';
  const parts = await all(luke.nerStream([text], { offsets: 'byte', sentences: [{ start: 0, end: 6 }] }));
  assert.deepEqual(seen, [{ offsets: 'byte', sentences: [[0, 6]] }]);
  const [entity] = parts[0]!.entities;
  assert.deepEqual([entity!.start, entity!.unit], [3, 'byte']);
  const call = [{ input: [{ text, span: [3, 6] }], options: { offsets: 'byte' } }];
  assert.deepEqual(await luke.typing([{ text, span: entity! }], { offsets: 'byte' }), call);
  assert.deepEqual(await luke.relation([{ text, head: entity!, tail: { start: 0, end: 2 } }], { offsets: 'byte' }), [{ input: [{ text, head: [3, 6], tail: [0, 2] }], options: { offsets: 'byte' } }]);
  await assert.rejects(luke.typing([{ text, span: entity! }]), isInput(/typing: inputs\[0\]\.span counts "byte", and this call "utf16"/));
  await assert.rejects(luke.relation([{ text, head: [0, 1], tail: entity! }]), isInput(/relation: inputs\[0\]\.tail counts "byte"/));
  const hostile = { text, get span(): never { throw new Error('no'); } };
  await assert.rejects(luke.typing([hostile]), isInput(/inputs cannot be read: no/));
  await luke.dispose();
});

test('near misses of a word list count words', async () => {
  const place = () => ({ start: 0, end: 1, text: 'a', label: 'PER', score: 1, logit: 2 });
  const { luke } = await start({ ner: async () => ({ entities: [place()], runnersUp: [{ ...place(), lostTo: 'overlap' }] }) });
  const { entities, runnersUp } = await luke.ner({ words: ['a\ud800'] }, { runnersUp: 0.2 });
  for (const { unit, text } of [...entities, ...runnersUp]) assert.deepEqual([unit, text], ['word', 'a\ud800']);
  await luke.dispose();
});
