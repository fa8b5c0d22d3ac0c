import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Boundaries, countWords, longClusters, segmentsOf, tokensOf, type Granularity } from '../model/boundaries.js';
import { isSpace } from '../model/characters.js';
import { PIECES, property, PROPERTY, texts } from './testing.js';

const GRANULARITIES: readonly Granularity[] = ['grapheme', 'word', 'sentence'];

/** The segments of the whole text, by a segmenter that sees all of it. */
function wholeSegments(text: string, granularity: Granularity): string[] {
  return Array.from(new Intl.Segmenter('en', { granularity }).segment(text), ({ segment }) => segment);
}

function windowSegments(text: string, granularity: Granularity): string[] {
  return Array.from(segmentsOf(text, granularity), ({ start, end }) => text.slice(start, end));
}

/** Texts longer than a window. */
function longTexts(pieces: readonly string[]): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...pieces), { minLength: 200, maxLength: 600 }).map((parts) => parts.join(''));
}

const WITH_SPACES = [...PIECES, ...PIECES.filter((piece) => piece.length < 20).map((piece) => `${piece} `)];
/** With few places where a window may end safely. */
const WITHOUT_SPACES = [...PIECES.filter((piece) => !/[ \n]/.test(piece)), '🇨', 'a.', '.', '1', '，', '\u0301'.repeat(300), '\ud83d'];

test('property: the segments of windows are those of the whole text', () => {
  // The words of Thai and Chinese come from a dictionary: see below.
  const pieces = WITHOUT_SPACES.filter((piece) => !/[\u0e00-\u0e7f\u3040-\u9fff]|𠮷/.test(piece));
  fc.assert(
    fc.property(fc.oneof(longTexts(WITH_SPACES), longTexts(pieces)), fc.constantFrom(...GRANULARITIES), (text, granularity) => {
      assert.deepEqual(windowSegments(text, granularity), wholeSegments(text, granularity));
    }),
    property(30),
  );
});

test('a window may end within what is joined, wherever that is', () => {
  const cases = {
    grapheme: { filler: 'e\u0301\u0301\u0301', parts: ['👩‍👩', '🇨🇭🇩🇪', '👍🏽', '\u1112\u1161\u11ab', 'क्षि'] },
    word: { filler: 'aaaaaaa!', parts: ['a.𝔏', "a'\u0301\u0301a", '1,1', '🇨🇭🇩🇪', '👩‍👩', 'カタカナ'] },
    sentence: { filler: 'Aaaaaa. ', parts: ['Etc. 1, 2, 3 a. ', 'A.\u00a0\u00a0a', 'A.) B'] },
  };
  for (const granularity of GRANULARITIES) {
    const { filler, parts } = cases[granularity];
    for (const part of parts) {
      for (let shift = 0; shift < part.length; shift++) {
        // There is no safe place, so the window ends after 1,024 code units.
        const text = filler.repeat(1024 / filler.length).slice(shift) + part + filler.repeat(20);
        assert.deepEqual(windowSegments(text, granularity), wholeSegments(text, granularity), JSON.stringify([part, shift]));
      }
    }
  }
});

test('words of long texts in Chinese, Japanese and Thai are those of the whole text', () => {
  const texts = [
    '我们在东京的大学学习人工智能，然后去北京工作：这是一个很长的句子！',
    '我们在东京的大学学习人工智能然后去北京工作',
    '東京都に住んでいる人々はとても忙しいですがカフェでコーヒーを飲みます',
    'ภาษาไทยเป็นภาษาที่มีระดับเสียงของคำแน่นอน',
  ];
  for (const text of texts) {
    const long = text.repeat(100);
    assert.deepEqual(windowSegments(long, 'word'), wholeSegments(long, 'word'), text);
  }
});

test('behind a space or a mark, a window ends only where a word begins for sure', () => {
  // Each block has its mark where the search for a safe place begins. A line end is always safe, so blocks can be checked one by one.
  const characters = [
    ...Array.from({ length: 150 }, (_, index) => String.fromCharCode(437 * index)),
    '\uff9e', '\u0e33', '\u0903', '🏽', '🇨', '𠮷', '\u{11001}',
  ];
  for (const mark of ['x ', 'x、', '1。', '1，', 'x：', '漢：', '\u0600 ']) {
    const blocks = characters.map((character) => `${'a'.repeat(256 - mark.length)}${mark}${character}1.\n`);
    assert.deepEqual(windowSegments(blocks.join(''), 'word'), blocks.flatMap((block) => wholeSegments(block, 'word')), mark);
  }
});

test('property: segments cover every text', () => {
  fc.assert(
    fc.property(texts({ halves: true }), fc.constantFrom(...GRANULARITIES), (text, granularity) => {
      assert.equal(windowSegments(text, granularity).join(''), text);
    }),
    PROPERTY,
  );
});

test('a segment may be longer than every window, and short ones may follow it', () => {
  const marks = '\u0301'.repeat(20_000);
  const characters = windowSegments(`a${marks}${'b'.repeat(20_000)}`, 'grapheme');
  assert.deepEqual(characters.map(({ length }) => length), [20_001, ...Array<number>(20_000).fill(1)]);
  assert.deepEqual(windowSegments(`${'a'.repeat(20_000)}.b c`, 'word'), [`${'a'.repeat(20_000)}.b`, ' ', 'c']);
  const bounds = new Boundaries(`a${marks}b c`);
  assert.equal(bounds.clusterStart(10_000), 0);
  assert.equal(bounds.clusterEnd(10_000), 20_001);
  assert.deepEqual(bounds.wordAt(15_000), { start: 0, end: 20_002 });
});

test('property: questions at any offset have the answers of the whole text', () => {
  fc.assert(
    fc.property(fc.oneof(longTexts(WITH_SPACES), longTexts(WITHOUT_SPACES)), (text) => {
      const bounds = new Boundaries(text);
      const words = [...segmentsOf(text, 'word')];
      for (const { start, end } of words) assert.deepEqual([bounds.wordAt(start), bounds.wordAt(end - 1)], Array(2).fill({ start, end }));
      let start = 0;
      const long: { start: number; end: number }[] = [];
      for (const segment of wholeSegments(text, 'grapheme')) {
        const end = start + segment.length;
        assert.deepEqual([bounds.clusterStart(end - 1), bounds.clusterEnd(start + 1), bounds.isCluster(start)], [start, end, true]);
        if (end - start > 1) long.push({ start, end });
        start = end;
      }
      assert.deepEqual([...longClusters(text)], long);
      assert.equal(countWords(text), words.filter(({ isWord }) => isWord).length);
      assert.deepEqual(
        tokensOf(text).map((token) => text.slice(token.start, token.end)),
        words.map((word) => text.slice(word.start, word.end)).filter((word) => /[^\s\x1c-\x1f\x85]/.test(word)),
      );
    }),
    property(3),
  );
});

test('isSpace knows all white space of JavaScript, and that of Python', () => {
  const found = Array.from({ length: 0x10000 }, (_, unit) => unit).filter(isSpace);
  const expected = Array.from({ length: 0x10000 }, (_, unit) => unit).filter((unit) => /[\s\x1c-\x1f\x85]/.test(String.fromCharCode(unit)));
  assert.deepEqual(found, expected);
});
