import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TokenIndex, spacedTokens, tokenize } from '../formats/tokens.js';
import type { Piece } from '../model/types.js';
import { PROPERTY, edgesOf, texts } from './testing.js';

test('words, marks and runs of white space', () => {
  const text = "Ada  met\r\n\tBea's 3.14€.";
  const words = tokenize(text).map(({ start, end, white }) => (white ? `_${end - start}` : text.slice(start, end)));
  assert.deepEqual(words, ['Ada', '_2', 'met', '_3', "Bea's", '_1', '3.14', '€', '.']);
});

test('tokens end at the edges of pieces', () => {
  assert.deepEqual(
    tokenize('Ada-Bea  x', [
      [1, 5],
      [8, 9],
    ]).map(({ start }) => start),
    [0, 1, 3, 4, 5, 7, 8, 9],
  );
});

test('one space belongs to the word before it', () => {
  const tokens = (text: string, pieces: Piece[] = []) =>
    spacedTokens(text, pieces).map(({ start, end, space }) => text.slice(start, end) + (space ? '_' : ''));
  assert.deepEqual(tokens('Ada met  Bea '), ['Ada_', 'met_', ' ', 'Bea_']);
  assert.deepEqual(tokens(' Ada\n Bea'), [' ', 'Ada', '\n ', 'Bea']);
  assert.deepEqual(tokens('Ada Bea', [[0, 4]]), ['Ada', ' ', 'Bea']);
  assert.deepEqual(tokens('Ada Bea', [[4, 7]]), ['Ada_', 'Bea']);
});

test('tokens cover the text, and pieces are whole tokens', () => {
  fc.assert(
    fc.property(texts({ halves: true }), fc.array(fc.tuple(fc.nat(), fc.nat())), (text, picks) => {
      const edges = edgesOf(text);
      const pieces = picks
        .map(([a, b]) => [edges[a % edges.length]!, edges[b % edges.length]!].sort((x, y) => x - y) as [number, number])
        .filter(([start, end]) => start < end);
      const tokens = tokenize(text, pieces);
      assert.equal(tokens.map(({ start, end }) => text.slice(start, end)).join(''), text);
      for (const { start, end, white } of tokens) assert.equal(/^[\s\x1c-\x1f\x85]+$/.test(text.slice(start, end)), white);
      const spaced = spacedTokens(text, pieces);
      assert.equal(spaced.map(({ start, end, space }) => text.slice(start, end) + (space ? ' ' : '')).join(''), text);
      for (const list of [tokens, spaced]) {
        const index = new TokenIndex(list);
        for (const [start, end] of pieces) {
          const found = index.of([start, end]);
          assert.deepEqual(found && [list[found[0]]!.start, list[found[1]]!.end], [start, end]);
        }
      }
    }),
    PROPERTY,
  );
});
