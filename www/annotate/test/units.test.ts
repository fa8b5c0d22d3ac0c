import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { offsetTable, pieceFromUtf16, type TextUnit } from '../formats/offsets.js';
import { detectUnit, type RawSpan, type RawText } from '../formats/units.js';
import { PROPERTY, edgesOf, texts } from './testing.js';

const UNITS: readonly TextUnit[] = ['utf-16', 'grapheme', 'code-point', 'byte'];

/** Spans on each occurrence of a word, in the unit. */
function mark(text: string, word: string, unit: TextUnit, withQuote = false): RawText {
  const table = offsetTable(text, unit);
  const spans: RawSpan[] = [];
  for (const { index } of text.matchAll(new RegExp(word, 'g'))) {
    spans.push({ pieces: [pieceFromUtf16(table, [index, index + word.length])!], ...(withQuote && { quote: word }) });
  }
  return { text, spans };
}

test('plain ASCII texts and equal spans need no question', () => {
  const plain = detectUnit([mark('Ada met Ada\n', 'Ada', 'byte'), { text: '🙂', spans: [] }], UNITS);
  assert.deepEqual(plain, { unit: 'utf-16', candidates: ['utf-16'], reason: 'the texts with spans are plain ASCII: all units are the same' });
  assert.deepEqual(detectUnit([mark('Ada 🙂', 'Ada', 'byte')], UNITS).candidates, ['utf-16']);
});

test('quotes decide', () => {
  for (const unit of UNITS) {
    const texts = [mark('🙂 e\u0301 Ada', 'Ada', unit, true), mark('ab', 'b', unit, true)];
    assert.deepEqual(detectUnit(texts, UNITS), { unit, candidates: [unit], reason: 'the file repeats the text of spans, and all match' });
  }
});

test('a quote that fits nowhere leaves the choice to a person', () => {
  const { spans, text } = mark('🙂 Ada Bea', 'Ada', 'code-point', true);
  const found = detectUnit([{ text, spans: [...spans, { pieces: [[6, 9]], quote: 'bea' }] }], ['utf-16', 'code-point']);
  assert.deepEqual([found.unit, found.candidates], ['code-point', ['code-point', 'utf-16']]);
  assert.match(found.reason, /1 of 2 match/);
});

test('quotes of several pieces, and quotes without an end', () => {
  const pieces: RawSpan = { pieces: [[2, 5], [6, 9]], quote: 'Ada Bea' };
  assert.equal(detectUnit([{ text: '🙂 Ada,Bea', spans: [pieces] }], ['utf-16', 'code-point']).unit, 'code-point');
  assert.equal(detectUnit([{ text: '🙂 Ada🙂', spans: [{ pieces: [[2]], quote: 'Ada🙂' }] }], ['utf-16', 'code-point']).unit, 'code-point');
});

test('without quotes, word edges decide', () => {
  for (const unit of UNITS) {
    const found = detectUnit([mark('🙂 Beyonce\u0301, Ada\r\nand Ada met Ada.', 'Ada', unit)], UNITS);
    assert.equal(found.unit, unit, found.reason);
  }
});

test('of many texts a sample from all parts of the file decides, and the reason says so', () => {
  const plain = { text: 'Ada', spans: [{ pieces: [[0, 3]], quote: 'Ada' }] } as const;
  const first = Array.from({ length: 3_000 }, () => mark('🙂 Ada', 'Bea', 'utf-16', true));
  const other = Array.from({ length: 3_000 }, () => mark('🙂 Ada e\u0301 Ada', 'Ada', 'code-point', true));
  const found = detectUnit([...first, plain, ...other], UNITS);
  assert.deepEqual([found.unit, found.candidates], ['code-point', ['code-point']]);
  const [, matching, quoted] = /^the file repeats the text of spans, and (\d+) of (\d+) that were compared match$/.exec(found.reason) ?? [];
  assert.equal(matching, quoted);
  assert.ok(Number(quoted) >= 2_000 && Number(quoted) < 6_000, found.reason);
  const wrongAtTheEnd = [...other.slice(0, 1_500), ...Array.from({ length: 1_500 }, () => mark('🙂 Ada', 'Ada', 'byte', true))];
  assert.ok(detectUnit(wrongAtTheEnd, UNITS).candidates.length > 1);
});

test('word edges of a long text are looked for in its first part', () => {
  const text = `🙂 ${'Ada met Ada.\n'.repeat(40_000)}`;
  const { spans } = mark(text, 'Ada', 'code-point');
  const found = detectUnit([{ text, spans }], ['utf-16', 'code-point']);
  assert.equal(found.unit, 'code-point', found.reason);
  const [, atWords, scored] = /^(\d+) of (\d+) spans begin and end at word edges, in utf-16 0$/.exec(found.reason) ?? [];
  assert.ok(Number(atWords) === Number(scored) && Number(scored) > 1_000 && Number(scored) < spans.length / 2, found.reason);
});

test('a person can choose', () => {
  const texts = [mark('🙂 Ada Bea', 'Ada', 'utf-16')];
  assert.equal(detectUnit(texts, UNITS, 'code-point').unit, 'code-point');
  assert.equal(detectUnit(texts, UNITS, 'token').unit, 'utf-16');
  assert.match(detectUnit(texts, UNITS, 'byte').reason, /chosen by a person; more likely is utf-16/);
});

test('hostile offsets are no reason to stop', () => {
  const spans: RawSpan[] = [[-1, 2], [1e300, 2], [0.5, 1], [NaN, NaN], [3, 1], [0, 99]].map((piece) => ({ pieces: [piece as [number, number]] }));
  assert.equal(detectUnit([{ text: '🙂 Ada', spans }], UNITS).unit, 'utf-16');
  assert.equal(detectUnit([{ text: '🙂 Ada', spans: [{ pieces: [] }, { pieces: [[0]] }] }], UNITS).unit, 'utf-16');
});

test('with quotes, the spans are right in the chosen unit', () => {
  fc.assert(fc.property(texts({ halves: true }), fc.constantFrom(...UNITS), fc.array(fc.tuple(fc.nat(), fc.nat())), (text, unit, picks) => {
    const table = offsetTable(text, unit);
    const edges = edgesOf(text);
    const spans = picks.flatMap(([a, b]) => {
      const [start, end] = [edges[a % edges.length]!, edges[b % edges.length]!].sort((x, y) => x - y) as [number, number];
      const piece = pieceFromUtf16(table, [start, end]);
      return piece ? [{ pieces: [piece], quote: text.slice(start, end) }] : [];
    });
    const found = detectUnit([{ text, spans }], UNITS);
    const chosen = offsetTable(text, found.unit);
    for (const { pieces: [[start, end]], quote } of spans as { pieces: [[number, number]]; quote: string }[]) {
      assert.equal(text.slice(chosen.toUtf16(start), chosen.toUtf16(end)), quote, found.reason);
    }
  }), PROPERTY);
});
