import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectEach, firstRow, hasExtension, headText } from '../formats/detect.js';
import { parseJsonRows } from '../formats/json.js';
import { ProblemList } from '../formats/problems.js';
import { textFile } from './helpers.js';

test('the first row of all layouts', () => {
  const row = (text: string) => firstRow(textFile(text, 'f'));
  for (const text of ['{"a":["}"]}', '{"a":["}"]}\n{"b":1}', '[{"a":["}"]},{"b":1}]', '\ufeff [\n {"a":["}"]}\n]', '[{"a":["}"]},{"never": "ends'])
    assert.deepEqual(row(text), { a: ['}'] }, text);
  assert.deepEqual(
    [row('["a",{}]'), row('["a",{}]\n["b",{}]'), row('[["a",{}],["b",{}]]')],
    [
      ['a', {}],
      ['a', {}],
      ['a', {}],
    ],
  );
  for (const text of ['', 'x', '"a"', '[', '{"a":', '{"a" 1}', '["a']) assert.equal(row(text), undefined, text);
  assert.deepEqual(row('[]'), []);
  assert.equal(firstRow({ name: 'f', bytes: new Uint8Array([0x7b, 0xff, 0x7d]) }), undefined);
});

test('a head of UTF-16, and of what is no text', () => {
  assert.equal(headText({ name: 'f', bytes: new Uint8Array([0xff, 0xfe, 0x41, 0]) }), 'A');
  assert.equal(headText({ name: 'f', bytes: new Uint8Array([0x41, 0xff]) }), 'A\ufffd');
});

test('names, and the least likely file', () => {
  assert.ok(hasExtension({ name: 'x/A.JSONL', bytes: new Uint8Array() }, ['.json', '.jsonl']));
  assert.deepEqual([detectEach([], () => 1), detectEach([textFile('', 'a'), textFile('x', 'b')], ({ bytes }) => bytes.length)], [0, 0]);
});

test('rows of all layouts', () => {
  const rows = (text: string) => {
    const problems = new ProblemList();
    const found = [...parseJsonRows(textFile(text, 'f').bytes, problems.of('f'))].map(({ row, value, report }) => [row, value, report.line]);
    return { found, problems: problems.all.length };
  };
  const two = {
    found: [
      [0, { a: 1 }, 1],
      [1, { a: 2 }, 2],
    ],
    problems: 0,
  };
  for (const text of ['{"a":1}\n{"a":2}', '[{"a":1},{"a":2}]', '[{"a":1},{"a":2}]\n\n', '[\n{"a":1},\n{"a":2}\n]', '\ufeff[{"a":\n1},{"a":2}]'])
    assert.deepEqual(rows(text), two, text);
  assert.deepEqual(rows('{\n"a":1}'), { found: [[0, { a: 1 }, 1]], problems: 0 });
  assert.deepEqual(rows('["a",{}]\n["b",{}]').found, [[0, ['a', {}], 1], [1, ['b', {}], 2]]);
  assert.deepEqual(rows('{"a":1}\n\n\n{"a":\n{"a":2}'), { found: [[0, { a: 1 }, 1], [2, { a: 2 }, 5]], problems: 1 });
  assert.deepEqual(rows('{"a":"x\n{"a":2}'), { found: [[1, { a: 2 }, 2]], problems: 1 });
  assert.deepEqual([rows(''), rows('\n\n')], [{ found: [], problems: 0 }, { found: [], problems: 0 }]);
});
