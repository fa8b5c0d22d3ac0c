import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasLoneSurrogate, isPlain, offsetTable, pieceFromUtf16, pieceToUtf16, type TextUnit } from '../formats/offsets.js';
import { PROPERTY, edgesOf, texts } from './testing.js';

const UNITS: readonly TextUnit[] = ['utf-16', 'code-point', 'grapheme', 'byte'];

/** Length of each unit of a text in UTF-16 units and in the unit, by means that the table does not use. */
function partsOf(text: string, unit: TextUnit): [length: number, count: number][] {
  if (unit === 'grapheme') return [...new Intl.Segmenter().segment(text)].map(({ segment }) => [segment.length, 1]);
  return [...text].map((character) => [
    character.length,
    { 'utf-16': character.length, 'code-point': 1, byte: new TextEncoder().encode(character).length }[unit],
  ]);
}

test('each edge of a unit is converted, and no other offset', () => {
  fc.assert(fc.property(texts({ halves: true }), fc.constantFrom(...UNITS), (text, unit) => {
    const table = offsetTable(text, unit);
    const there = new Map([[0, 0]]);
    let [at, count] = [0, 0];
    for (const [length, units] of partsOf(text, unit)) there.set((at += length), (count += units));
    const back = new Map([...there].map(([a, b]) => [b, a]));
    assert.equal(table.length, count);
    for (let offset = -1; offset <= text.length + 1; offset++) assert.equal(table.fromUtf16(offset), there.get(offset));
    for (let offset = -1; offset <= count + 1; offset++) assert.equal(table.toUtf16(offset), back.get(offset));
  }), PROPERTY);
});

test('pieces go there and back', () => {
  fc.assert(fc.property(texts({ halves: true }), fc.constantFrom(...UNITS), fc.nat(), fc.nat(), (text, unit, a, b) => {
    const table = offsetTable(text, unit);
    const edges = edgesOf(text);
    const [start, end] = [edges[a % edges.length]!, edges[b % edges.length]!].sort((x, y) => x - y) as [number, number];
    const piece = pieceFromUtf16(table, [start, end]);
    if (piece) assert.deepEqual(pieceToUtf16(table, ...piece), [start, end]);
    else assert.ok(start === end || unit === 'grapheme');
  }), PROPERTY);
});

test('examples', () => {
  const text = 'é🙂e\u0301\r\n\ud83dx';
  assert.deepEqual(UNITS.map((unit) => offsetTable(text, unit).length), [9, 8, 6, 2 + 4 + 1 + 2 + 1 + 1 + 3 + 1]);
  assert.equal(offsetTable(text, 'grapheme').fromUtf16(4), undefined, 'between e and its accent');
  assert.equal(offsetTable(text, 'utf-16').fromUtf16(2), undefined, 'between the halves of a pair');
  for (const wrong of [0.5, NaN, Infinity, -0.1, 1e300]) assert.equal(offsetTable(text, 'code-point').toUtf16(wrong), undefined);
});

/** Blocks of thousands of characters of one kind: Han, Yi, Hangul, private use. Some of each are enough. */
function isInLargeBlock(code: number): boolean {
  return (code >= 0x3400 && code < 0xa400) || (code >= 0xac00 && code < 0xd700) || (code >= 0xe000 && code < 0xf800);
}

test('clusters are those of the segmenter after each character', () => {
  // Each character of the first plane, between a letter and an accent: it may join with one of them, or with itself.
  const characters = Array.from({ length: 0x10000 }, (_, code) => code).filter((code) => !isInLargeBlock(code) || code % 61 === 0);
  const texts = characters.map((code) => `a${String.fromCharCode(code, code)}\u0301b`);
  const segmenter = new Intl.Segmenter();
  for (let start = 0; start < texts.length; start += 50) {
    const text = texts.slice(start, start + 50).join('');
    assert.equal(offsetTable(text, 'grapheme').length, [...segmenter.segment(text)].length, JSON.stringify(text));
  }
});

test('plain texts and lone surrogates', () => {
  assert.ok(isPlain('a\nb\rc\0'));
  assert.ok(!isPlain('a\r\n') && !isPlain('é'));
  assert.ok(hasLoneSurrogate('a\ud83d') && hasLoneSurrogate('\udc00') && !hasLoneSurrogate('🙂'));
});
