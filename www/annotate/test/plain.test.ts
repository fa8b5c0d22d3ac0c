import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plain } from '../formats/plain.js';
import type { InputFile, ReadOptions, ReadResult } from '../formats/format.js';
import { reasons, textFile } from './helpers.js';

function read(files: readonly InputFile[], options?: ReadOptions): ReadResult {
  return plain.read(files, options) as ReadResult;
}

function bytesFile(...bytes: number[]): InputFile {
  return { name: 'a/b.c.txt', bytes: Uint8Array.from(bytes) };
}

test('a file is a document, with all its characters', () => {
  const text = 'Ada\r\n\r\nBea 🙂\n\0\u2028\ufeff';
  const { corpus, problems } = read([textFile(text, 'dir/a.b.txt'), textFile(`\ufeff${text}`, 'c')]);
  assert.deepEqual(corpus.documents.map(({ name, text, status, source }) => [name, text, status, source]), [
    ['dir/a.b', text, 'new', { format: 'plain', file: 'dir/a.b.txt' }], ['c', text, 'new', { format: 'plain', file: 'c' }],
  ]);
  assert.deepEqual([problems, corpus.name], [[], 'a.b']);
});

test('encodings', () => {
  const texts = (file: InputFile, options?: ReadOptions) => read([file], options).corpus.documents.map(({ text }) => text);
  assert.deepEqual(texts(bytesFile(0xff, 0xfe, 0x3d, 0xd8, 0x42, 0xde, 0x0d, 0, 0x0a, 0)), ['🙂\r\n']);
  assert.deepEqual(texts(bytesFile(0xfe, 0xff, 0, 0xe9)), ['é']);
  assert.deepEqual(texts(bytesFile(0x93, 0xe9, 0x94, 0x80), { encoding: 'windows-1252' }), ['“é”€']);
  assert.deepEqual(texts(textFile('é', 'a.txt'), { encoding: 'windows-1252' }), ['é'], 'valid UTF-8 stays UTF-8');
});

test('what is in no encoding is refused with its line', () => {
  const { corpus, problems } = read([
    bytesFile(0x61, 0x0a, 0xe9, 0x0a),
    { name: 'u.txt', bytes: Uint8Array.of(0xff, 0xfe, 0x3d, 0xd8) },
    textFile('', 'empty.txt'),
  ]);
  assert.equal(corpus.documents.length, 0);
  assert.deepEqual(reasons(problems), [
    '- error: if the file comes from an older Windows program, choose the encoding Windows-1252', '2 error: the line is not valid UTF-8',
    '- error: the file begins as UTF-16, but it is not valid UTF-16', '- loss: the file is empty; it becomes no document',
  ]);
});

test('a line is a document', () => {
  const { corpus } = read([textFile('Ada\r\n \n\nBea\rCy\nlast', 'a.txt')], { documents: 'lines' });
  assert.deepEqual(
    corpus.documents.map(({ name, text, source }) => [name, text, source!.row]),
    [
      ['a.txt 1', 'Ada', 0],
      ['a.txt 4', 'Bea\rCy', 3],
      ['a.txt 5', 'last', 4],
    ],
  );
});

test('detection', () => {
  assert.deepEqual(
    [
      plain.detect([textFile('a', 'a.txt'), textFile('b', 'b.MD')]),
      plain.detect([textFile('\0\x01', 'a.txt')]),
      plain.detect([textFile('a', 'a.json')]),
      plain.detect([]),
    ],
    [0.4, 0.1, 0, 0],
  );
});
