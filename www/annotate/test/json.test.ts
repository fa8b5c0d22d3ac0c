import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fields } from '../formats/fields.js';
import { checkJson } from '../formats/json-check.js';
import { decodeUtf8, parseJsonFile, parseJsonLines } from '../formats/json.js';
import { ProblemList } from '../formats/problems.js';
import { show } from '../model/show.js';
import { PROPERTY } from './testing.js';

const bytes = (text: string) => new TextEncoder().encode(text);

function parse(text: string) {
  const problems = new ProblemList();
  return { value: parseJsonFile(bytes(text), problems.of('a.json')), problems: problems.all };
}

test('what JSON.parse takes is taken, and nothing else', () => {
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"\\u00e9"',
    '"',
    '\\',
    '1',
    '-0.5e3',
    '01',
    '-',
    '.5',
    'true',
    'null',
    'nul',
    ' ',
    '\n',
    '\t',
    '\u00a0',
    '"\n"',
    '"\\x"',
    'NaN',
  ];
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join('')),
      ),
      (text) => {
        let isValid = true;
        try {
          JSON.parse(text);
        } catch {
          isValid = false;
        }
        assert.equal(checkJson(text).error === undefined, isValid, text);
      },
    ),
    { ...PROPERTY, numRuns: 20 * PROPERTY.numRuns },
  );
});

test('errors have line and column', () => {
  assert.deepEqual(parse('[1,\n 2,\n x]').problems, [
    { file: 'a.json', line: 3, kind: 'error', reason: 'the JSON is not valid at column 2: a value was expected, not "x]"' },
  ]);
  assert.deepEqual(parse('{"a":1').problems, [
    { file: 'a.json', line: 1, kind: 'error', reason: 'the JSON is not valid at column 7: a comma or } was expected, not the end of the text' },
  ]);
  assert.match(parse('').problems[0]!.reason, /a value was expected, not the end of the text/);
});

test('deep JSON is refused', () => {
  for (const text of ['['.repeat(10_000), '{"a":'.repeat(1e6), '['.repeat(101) + ']'.repeat(101)]) {
    const { value, problems } = parse(text);
    assert.equal(value, undefined);
    assert.match(problems[0]!.reason, /nested more than 100 deep/);
  }
  assert.equal(parse('['.repeat(100) + ']'.repeat(100)).problems.length, 0);
});

test('what JSON.parse would change is told', () => {
  const { value, problems } = parse(
    '{"a":1,\n"a":2,\n"\\u005f_proto__":{"x":1},"b":[1e999,12345678901234567890,1234567890123456.0,{"__proto__":3}]}',
  );
  assert.deepEqual(value, { a: 2, b: [null, 12345678901234567000, 1234567890123456, {}] });
  assert.ok(!Object.hasOwn(value as object, '__proto__'));
  assert.deepEqual(problems.map(({ line, kind }) => [line, kind]), [[2, 'loss'], [3, 'loss'], [3, 'loss'], [3, 'loss'], [3, 'loss']]);
  assert.match(problems[0]!.reason, /"a" occurs twice/);
  assert.match(problems[3]!.reason, /too long to be kept exactly/);
});

test('lines are read one by one', () => {
  const problems = new ProblemList();
  const file = new Uint8Array([...bytes('\ufeff{"a":1}\r\n\n[oops\n'), 0x22, 0xff, 0x22, 0x0a, ...bytes(' \n"\\ud800"')]);
  const lines = [...parseJsonLines(file, problems.of('f'))];
  assert.deepEqual(lines.map(({ line, value }) => [line, value]), [[1, { a: 1 }], [6, '\ud800']]);
  assert.deepEqual(problems.all.map(({ line, reason }) => [line, reason]), [
    [3, 'the JSON is not valid at column 2: a value or ] was expected, not "oops"'],
    [4, 'the line is not valid UTF-8'],
  ]);
});

test('encodings', () => {
  const problems = new ProblemList();
  assert.equal(decodeUtf8(new Uint8Array([0xff, 0xfe, 0x61, 0, 0x0a, 0]), problems.of('f')), 'a\n');
  assert.deepEqual(parseJsonFile(new Uint8Array([0xfe, 0xff, 0, 0x31]), problems.of('f')), 1);
  assert.equal(parseJsonFile(new Uint8Array([0x5b, 0x0a, 0x0a, 0xc3]), problems.of('f')), undefined);
  assert.deepEqual(problems.all, [{ file: 'f', line: 3, kind: 'error', reason: 'the line is not valid UTF-8' }]);
});

test('fields of wrong types are problems and absent', () => {
  const problems = new ProblemList();
  const report = problems.of('f').at(7);
  const fields = Fields.of({ s: 1, n: 'x', i: 1.5, b: 0, l: {}, o: [], w: 'z', list: [{}, 3], none: null, toString: 'own', other: [1] }, report)!;
  const read = [
    fields.string('s'),
    fields.number('n'),
    fields.integer('i'),
    fields.boolean('b'),
    fields.list('l'),
    fields.object('o'),
    fields.word('w', ['a', 'b']),
  ];
  assert.deepEqual(read, Array(7).fill(undefined));
  assert.equal(fields.objects('list').length, 1);
  assert.equal(fields.string('none'), undefined);
  assert.equal(fields.string('valueOf'), undefined, 'not the method of all objects');
  assert.equal(Fields.of([], report), undefined);
  assert.deepEqual(fields.rest(), { toString: 'own', other: [1] });
  assert.deepEqual(problems.all.map(({ reason }) => reason), [
    's: 1 is not a string', 'n: "x" is not a number', 'i: 1.5 is not a whole number', 'b: 0 is not true or false', 'l: an object is not a list',
    'o: [] is not an object', 'w: "z" is not one of a, b', 'list[1]: 3 is not an object', '[] is not an object',
  ]);
  assert.ok(problems.all.every(({ line, file, kind }) => line === 7 && file === 'f' && kind === 'loss'));
});

test('a million problems do not fill the memory', () => {
  const problems = new ProblemList();
  for (let line = 1; line <= 5000; line++) problems.of('f').at(line).loss('no');
  assert.equal(problems.all.length, 1001);
  assert.deepEqual(problems.all.at(-1), { file: 'f', kind: 'loss', reason: '4000 more problems are not listed' });
});

test('values are shortened', () => {
  assert.equal(show('x'.repeat(1000)).length, 43);
  assert.equal(show('x'.repeat(39) + '🙂'), `"${'x'.repeat(39)}…"`);
  assert.equal(show([1]), 'a list of 1');
  assert.equal(show(undefined), 'nothing');
});
