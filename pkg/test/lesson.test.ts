// What `luke.teach` is given: what is a lesson, and what is refused by the name of the part that is wrong.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LukeError, type TeachInput } from '../src/index.js';
import { checkTeach } from '../src/lesson.js';
import { INPUT, RELATION, TYPING } from './lessons.js';

const unit = 'codepoint' as const;
/** What an entity has beside its place. */
const ENTITY = { label: 'PER', text: 'any', score: 0.9, logit: 2 };
const isInput = (message: RegExp) => (error: unknown) => error instanceof LukeError && error.code === 'input' && message.test(error.message);

test('an entity is a span of an example, in the unit of the option', () => {
  const found = { ...ENTITY, label: 'FOOD', start: 4, end: 8, unit };
  const { examples } = checkTeach({ ...INPUT, labels: undefined, examples: [{ text: 'Add salt.', spans: [found] }] }, { offsets: unit });
  assert.deepEqual(examples, [{ text: 'Add salt.', spans: [{ start: 4, end: 8, label: 'FOOD' }] }]);
  assert.ok(!('labels' in checkTeach({ ...INPUT, labels: undefined }, {})), 'undefined is no value');
  assert.deepEqual(checkTeach({ ...INPUT, more: 1 }, {}), { ...INPUT, more: 1 }, 'the wasm names a field that it does not know');
});

test('mentions of examples cross as pairs, in the unit of the option', () => {
  const mention = { ...ENTITY, start: 8, end: 11, unit };
  const [typing] = TYPING.examples;
  const [relation] = RELATION.examples;
  assert.deepEqual(checkTeach({ ...TYPING, examples: [{ ...typing, span: mention }, { ...typing, labels: [] }] }, { offsets: unit }), { ...TYPING, examples: [typing, { ...typing, labels: [] }] });
  assert.deepEqual(checkTeach({ ...RELATION, examples: [{ ...relation, head: { start: 0, end: 3 }, tail: { start: 11, end: 14 } }] }, {}), RELATION);
  assert.deepEqual(checkTeach({ ...TYPING, examples: [{ ...typing, more: 1 }] }, {}), { ...TYPING, examples: [{ ...typing, more: 1 }] }, 'the wasm names a field that it does not know');
});

test('examples of mentions and pairs that are none are refused, and the part that is wrong is named', () => {
  const examples = (lesson: TeachInput, change: object) => ({ ...lesson, examples: [lesson.examples[0], { ...lesson.examples[0], ...change }] });
  const cases: [unknown, RegExp][] = [
    [{ ...TYPING, examples: 'a' }, /teach: examples must be a list of \{ text, span, labels \}, not "a"/],
    [{ ...TYPING, examples: [['a']] }, /examples\[0\] must be an object \{ text, span, labels \}, not an array/],
    [{ ...TYPING, examples: INPUT.examples }, /examples\[0\]\.labels must be a list of strings, not undefined/],
    [examples(TYPING, { text: 1 }), /examples\[1\]\.text must be a string, not 1/],
    [examples(TYPING, { labels: 'TREE' }), /examples\[1\]\.labels must be a list of strings, not "TREE"/],
    [examples(TYPING, { labels: ['TREE', 7] }), /examples\[1\]\.labels\[1\] must be a string, not 7/],
    [examples(TYPING, { span: undefined }), /examples\[1\]\.span must be \[start, end\] or \{ start, end \}, not undefined/],
    [examples(TYPING, { span: [8] }), /examples\[1\]\.span must be/],
    [examples(TYPING, { span: { start: 8, end: 11, unit: 'word' } }), /examples\[1\]\.span counts "word", and this call "utf16"/],
    [{ ...RELATION, examples: undefined }, /examples must be a list of \{ text, head, tail, label \}, not undefined/],
    [{ ...RELATION, examples: [null] }, /examples\[0\] must be an object \{ text, head, tail, label \}/],
    [examples(RELATION, { head: 'Kim' }), /examples\[1\]\.head must be \[start, end\] or \{ start, end \}, not "Kim"/],
    [examples(RELATION, { tail: [14, -1] }), /examples\[1\]\.tail must be/],
    [examples(RELATION, { tail: { start: 0, end: 1, unit: 'byte' } }), /examples\[1\]\.tail counts "byte"/],
    [examples(RELATION, { label: undefined }), /examples\[1\]\.label must be a string, not undefined/],
    [examples(RELATION, { label: ['TEACHER'] }), /examples\[1\]\.label must be a string, not an array/],
  ];
  for (const [input, message] of cases) assert.throws(() => checkTeach(input, {}), isInput(message), String(message));
});

test('whatever is taught, it is a lesson or an input error', () => {
  const mostly = <T>(good: fc.Arbitrary<T>) => fc.oneof({ weight: 15, arbitrary: good }, { weight: 1, arbitrary: fc.anything() });
  const record = (fields: Record<string, fc.Arbitrary<unknown>>) => mostly(fc.record(fields));
  const [word, place] = [mostly(fc.string()), { start: mostly(fc.nat(9)), end: mostly(fc.nat(9)) }];
  const pair = fc.oneof(mostly(fc.tuple(place.start, place.end)), record(place));
  const several = (item: fc.Arbitrary<unknown>) => mostly(fc.array(item, { maxLength: 3 }));
  const forms = {
    ner: { text: word, spans: several(record({ ...place, label: word })) },
    typing: { text: word, span: pair, labels: several(word) },
    relation: { text: word, head: pair, tail: pair, label: word },
  };
  const lessons = Object.entries(forms).map(([task, form]) => record({ task: mostly(fc.constant(task)), name: word, examples: several(record(form)) }));
  const lesson = fc.oneof(...lessons);
  const accepted: string[] = [];
  const isMarked = (place: unknown, ...labels: unknown[]) => {
    assert.ok(Array.isArray(place) && place.length === 2 && place.every((offset) => Number.isSafeInteger(offset) && offset >= 0));
    for (const label of labels) assert.equal(typeof label, 'string');
  };
  fc.assert(fc.property(lesson, (input) => {
    try {
      const checked = checkTeach(input, {});
      assert.equal(typeof checked.name, 'string');
      if (checked.examples.length > 0) accepted.push(checked.task);
      for (const one of checked.examples) assert.equal(typeof one.text, 'string');
      if (checked.task === 'ner') checked.examples.flatMap(({ spans }) => spans).forEach(({ start, end, label }) => isMarked([start, end], label));
      else if (checked.task === 'typing') checked.examples.forEach(({ span, labels }) => isMarked(span, ...labels));
      else checked.examples.forEach(({ head, tail, label }) => [head, tail].forEach((mention) => isMarked(mention, label)));
    } catch (error) {
      assert.ok(error instanceof LukeError && error.code === 'input', String(error));
    }
  }), { numRuns: 500 });
  assert.deepEqual([...new Set(accepted)].sort(), ['ner', 'relation', 'typing'], 'some of each task are accepted');
});
