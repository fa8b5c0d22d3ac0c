import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { slicesOf } from '../slices.js';

const SENTENCE = 'Ada Lovelace worked with Charles Babbage in London, and wrote the first program for his machine. ';

function parts(text: string): string[] {
  return slicesOf(text).map(({ start, end }) => text.slice(start, end));
}

test('a short text is one slice, and so is an empty one', () => {
  for (const text of ['', ' ', 'Paris.', SENTENCE.repeat(3)]) assert.deepEqual(parts(text), [text]);
});

test('a long text is cut behind sentences and empty lines, and nothing is lost', () => {
  const text = `${SENTENCE.repeat(40)}\n\nParis is a city\n\n${SENTENCE.repeat(40)}`;
  const found = parts(text);
  assert.equal(found.join(''), text);
  assert.ok(found.length >= 4, String(found.length));
  for (const part of found.slice(0, -1)) assert.match(part, /(machine\.|\n)\s+$/);
});

test('it is not cut behind an abbreviation or an initial, nor within a sentence', () => {
  const found = parts('Mr. George W. Bush met Dr. Smith, who works for the U.S. Navy and for Acme Inc. Today they '.repeat(100));
  assert.equal(found.length, 1);
});

test('any text: slices follow each other, and what is between two may be cut', () => {
  const piece = fc.constantFrom(SENTENCE, 'Wörter ohne Punkt ', '\n', '\n\n', '😀', 'Ende! “Anders', '\r\n\r\n', ' ', 'x'.repeat(700));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 120 }).map((pieces) => pieces.join('')), (text) => {
      const slices = slicesOf(text);
      assert.equal(slices[0]?.start, 0);
      assert.equal(slices.at(-1)?.end, text.length);
      for (const [i, { start, end }] of slices.entries()) {
        assert.equal(start, slices[i - 1]?.end ?? 0);
        if (i < slices.length - 1) {
          assert.ok(end - start >= 1_500);
          assert.match(text.slice(start, end), /\s$/);
        }
      }
    }),
  );
});
