import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Luke, LukeError, pipeline, type LoadOptions, type QuestionAnsweringOptions, type Task } from '../src/index.js';
import { fakeFetch, fakeWasm, fakeWorker, machine, MODEL, modelFiles, type Tasks } from './fakes.js';

const ALL: Task[] = ['ner', 'qa', 'fillMask', 'embed'];

/** Load options for a fake model with these tasks, which calls the functions of `model`. */
function fake(model: Tasks, tasks: Task[] = ALL): LoadOptions & { state: { terminated: boolean } } {
  const info = () => ({ name: 'fake', dtype: 'f32', device: 'wasm', tasks, parameters: 7, license: '', heads: {} });
  const { module } = fakeWasm(async () => [], undefined, Object.assign({}, model, { info }) as Tasks);
  const { worker, state } = fakeWorker(machine(module));
  return Object.assign({ worker: () => worker, fetch: fakeFetch(modelFiles(1)).fetch }, { state });
}

test('token-classification returns the keys of transformers.js, with start and end', async () => {
  const seen: unknown[] = [];
  const { state, ...options } = fake({
    ner: async (text, options) => {
      seen.push([text, options]);
      return [
        { start: 0, end: 3, text: 'Ada', label: 'PER', score: 0.9, logit: 5 },
        { start: 4, end: 6, text: 'UK', label: 'LOC', score: 0.8, logit: 4 },
      ];
    },
  });
  const ner = await pipeline('ner', MODEL, options);
  const [ada, uk] = [{ score: 0.9, word: 'Ada', start: 0, end: 3 }, { score: 0.8, word: 'UK', start: 4, end: 6 }];
  assert.deepEqual(await ner('Ada UK'), [{ entity: 'PER', ...ada }, { entity: 'LOC', ...uk }]);
  assert.deepEqual(await ner(['Ada UK', 'b'], { aggregation_strategy: 'simple', ignore_labels: ['LOC'], threshold: 0.5 }), [
    [{ entity_group: 'PER', ...ada }],
    [{ entity_group: 'PER', ...ada }],
  ]);
  assert.deepEqual(seen, [['Ada UK', {}], ['Ada UK', { threshold: 0.5 }], ['b', { threshold: 0.5 }]]);
  await assert.rejects(ner('a', { aggregation_strategy: 'max' as never }), { code: 'input', message: /aggregation_strategy.*"max"/ });
  await ner.dispose();
  assert.equal(state.terminated, true);
});

test('question-answering returns one answer, top_k answers, or the answers of several questions', async () => {
  const item = (answer: string, score: number) => ({ answer, score, start: 0, end: answer.length });
  const seen: unknown[] = [];
  const { state, ...options } = fake({
    qa: async (input, options) => {
      seen.push([input, options]);
      if (input.question === 'none') return { ...item('ab', 0.6), answerable: false, nullScore: 9, alternatives: [{ ...item('a', 0.4), answerable: false }] };
      const more = { startLogit: 1, endLogit: 1, answerable: true, nullScore: 0, alternatives: [] };
      return { ...more, ...item('ab', 0.6), alternatives: [{ ...more, ...item('a', 0.4) }].slice(0, (options as { topK: number }).topK - 1) };
    },
  });
  const qa = await pipeline('question-answering', MODEL, options);
  const one = await qa('who?', 'ab c');
  assert.deepEqual(one, item('ab', 0.6));
  one.answer.toUpperCase(); // the type is one answer
  const two = await qa('who?', 'ab c', { top_k: 2, docStride: 64 });
  assert.deepEqual(two, [item('ab', 0.6), item('a', 0.4)]);
  assert.equal(two.length, 2); // the type is an array
  assert.deepEqual(await qa(['who?', 'what?'], ['ab c', 'ab d']), [item('ab', 0.6), item('ab', 0.6)]);
  assert.deepEqual(seen, [
    [{ question: 'who?', context: 'ab c' }, { topK: 1 }],
    [{ question: 'who?', context: 'ab c' }, { topK: 2, docStride: 64 }],
    [{ question: 'who?', context: 'ab c' }, { topK: 1 }],
    [{ question: 'what?', context: 'ab d' }, { topK: 1 }],
  ]);
  const several: QuestionAnsweringOptions = { top_k: 2 };
  const either = await qa('who?', 'ab c', several);
  // @ts-expect-error the type does not say how many answers there are
  assert.equal(either.answer, undefined);
  const counted = await qa('who?', 'ab c', { top_k: Number('2') });
  // @ts-expect-error nor does this type
  assert.equal(counted.length, 2);
  const isNone = (found: object) => assert.deepEqual(found, { answer: '', score: 0, start: 0, end: 0 });
  isNone(await qa('none', 'ab c', { nullThreshold: 0 }));
  (await qa(['none'], ['ab c'], { top_k: 2, nullThreshold: 0 })).flat().forEach(isNone);
  await assert.rejects(qa(['who?', 'what?'], ['ab c']), { code: 'input', message: /as many contexts as questions, 2/ });
  await qa.dispose();
});

test('fill-mask fills the first mask', async () => {
  const { state, ...options } = fake({
    fillMask: async (input, options) => {
      const token = { token: ' $& lives', id: 7, score: 0.5, logit: 3 };
      const found = [token, { ...token, token: 'ly', id: 8 }].slice(0, (options as { topK?: number }).topK);
      return Array(input.text.split('<mask>').length - 1).fill(found);
    },
  });
  const fill = await pipeline('fill-mask', MODEL, options);
  assert.deepEqual(await fill('Ada <mask> in <mask>.'), [
    { score: 0.5, token: 7, token_str: ' $& lives', sequence: 'Ada $& lives in <mask>.' },
    { score: 0.5, token: 8, token_str: 'ly', sequence: 'Adaly in <mask>.' },
  ]);
  assert.equal((await fill(['a <mask>'], { top_k: 1 }))[0]!.length, 1);
  await fill.dispose();
});

test('feature-extraction returns the vectors of the tokens', async () => {
  const { state, ...options } = fake({
    embed: async () => ({ tokens: [], words: { shape: [2, 3], data: new Float32Array(6) }, entities: { shape: [0, 3], data: new Float32Array() }, pooled: null }),
  });
  const features = await pipeline('feature-extraction', MODEL, options);
  const wanted = { type: 'float32', dims: [1, 2, 3], data: new Float32Array(6) };
  assert.deepEqual(await features('a b'), wanted);
  assert.deepEqual(await features(['a b', 'c']), [wanted, wanted]);
  await features.dispose();
});

test('feature-extraction has the options pooling and normalize of transformers.js', async () => {
  const seen: unknown[] = [];
  const tensor = (shape: number[]) => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b)) });
  const { state, ...options } = fake({
    embed: async (_, options) => {
      seen.push(options);
      const pools = (options as { pooling?: string }).pooling ?? 'none';
      return { tokens: [], words: tensor([2, 3]), entities: tensor([0, 3]), pooled: null, ...(pools !== 'none' && { vector: tensor([3]) }) };
    },
  });
  const features = await pipeline('feature-extraction', MODEL, options);
  const one = { type: 'float32', dims: [1, 3], data: new Float32Array(3) };
  assert.deepEqual(await features('a b', { pooling: 'mean', normalize: true }), one);
  assert.deepEqual(await features(['a b', 'c'], { pooling: 'first_token' }), [one, one]);
  assert.deepEqual((await features('a b', { pooling: 'none', normalize: true })).dims, [1, 2, 3]);
  assert.deepEqual(seen, [{ pooling: 'mean', normalize: true }, { pooling: 'cls' }, { pooling: 'cls' }, { pooling: 'none', normalize: true }]);
  await features.dispose();
});

test('arguments that are none reject with input', async () => {
  const { state, ...options } = fake({});
  const luke = await Luke.load(MODEL, options);
  const [ner, qa, fill, embed] = [await pipeline('ner', luke), await pipeline('question-answering', luke), await pipeline('fill-mask', luke), await pipeline('feature-extraction', luke)] as any[];
  const calls: [() => Promise<unknown>, RegExp][] = [
    [() => ner('a', null), /options must be an object, not null/], [() => fill('a', 1), /options must be an object, not 1/], [() => embed('a', null), /options must be an object/],
    [() => qa({ question: 'a', context: 'b' }), /takes \(question, context, options\)/], [() => qa(['a', 'b'], ['c']), /as many contexts as questions, 2/],
    [() => qa(['a'], 'c'), /as many contexts as questions, 1/], [() => qa('a', 'b', null), /options must be an object/],
  ];
  for (const [call, message] of calls) await assert.rejects(call(), (error) => error instanceof LukeError && error.code === 'input' && message.test(error.message), String(message));
  assert.equal(LukeError.name, 'LukeError');
  await luke.dispose();
  assert.ok(state.terminated);
});

test('token-classification has no near misses', async () => {
  const { state, ...options } = fake({});
  const ner = await pipeline('ner', MODEL, options);
  await assert.rejects(ner('a', { runnersUp: 0.5 } as never), { code: 'input', message: /"runnersUp".*luke.ner/ });
  assert.deepEqual(await ner('a', { runnersUp: undefined } as never), []);
  await ner.dispose();
});

test('several pipelines share a loaded model; an unknown task, or one that the model does not have, rejects', async () => {
  const { state, ...options } = fake({}, ['ner', 'embed']);
  const luke = await Luke.load(MODEL, options);
  const ner = await pipeline('ner', luke);
  const features = await pipeline('feature-extraction', luke);
  assert.equal(features.luke, luke);
  await features.dispose();
  assert.deepEqual(await ner('a'), []);
  const unavailable = (error: unknown) =>
    error instanceof LukeError && error.code === 'task-unavailable' && /"question-answering", only: ner, embed/.test(error.message);
  await assert.rejects(pipeline('question-answering', luke), unavailable);
  assert.deepEqual(await ner('a'), []);
  await luke.dispose();

  const { state: own, ...again } = fake({}, ['ner']);
  await assert.rejects(pipeline('fill-mask', MODEL, again), { code: 'task-unavailable' });
  assert.equal(own.terminated, true);
  await assert.rejects(pipeline('translation' as never, MODEL), { code: 'input', message: /"translation".*fill-mask/ });
});
