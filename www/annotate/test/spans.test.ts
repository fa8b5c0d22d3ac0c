import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Boundaries } from '../model/boundaries.js';
import { isSpace } from '../model/characters.js';
import {
  addPieces, areDisjoint, comparePieces, equalPieces, joinPieces, normalPieces, overlap, OverlapIndex, removePiece, TakenRanges, type Pieces,
} from '../model/pieces.js';
import {
  DEFAULT_RULES, fitPieces, mergeOverSpace, moveEdge, refusalOf, snapToWords, SpanRules, splitPieces, textOf, type Move,
} from '../model/spans.js';
import type { Piece } from '../model/types.js';
import { SETS, span, STRICT_SETS } from './scenes.js';
import { PROPERTY, texts } from './testing.js';

const RAW = { trim: false, graphemes: false };
const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });

function covered(text: string, pieces: Pieces): string[] {
  return pieces.map(([start, end]) => text.slice(start, end));
}

function fit(text: string, pieces: Pieces, rules = DEFAULT_RULES): string[] {
  return covered(text, fitPieces(new Boundaries(text), pieces, rules));
}

test('white space at edges is cut off, unless it is switched off', () => {
  assert.deepEqual(fit('a Ada \u00a0\r\nb', [[1, 9]]), ['Ada']);
  assert.deepEqual(fit('a Ada b', [[1, 6]], { trim: false, graphemes: true }), [' Ada ']);
  assert.deepEqual(fit(' \r\n\t ', [[0, 5]]), []);
});

test('an edge inside a code point or a cluster moves outwards', () => {
  assert.deepEqual(fit('x🙂y', [[2, 4]]), ['🙂y']);
  assert.deepEqual(fit('x🙂y', [[0, 2]], RAW), ['x🙂']);
  assert.deepEqual(fit('cafe\u0301s', [[0, 4]]), ['cafe\u0301']);
  assert.deepEqual(fit('cafe\u0301s', [[0, 4]], RAW), ['cafe']);
  assert.deepEqual(fit('👨‍👩‍👧 Ada', [[2, 3]]), ['👨‍👩‍👧']);
  assert.deepEqual(fit('🇨🇭🇩🇪', [[4, 6]]), ['🇩🇪']);
});

test('a space with a combining mark is a character, not white space', () => {
  assert.deepEqual(fit('a \u0301b', [[1, 4]]), [' \u0301b']);
});

test('offsets outside of the text and empty pieces do no harm', () => {
  assert.deepEqual(fit('Ada', [[-5, 99]]), ['Ada']);
  assert.deepEqual(fit('Ada', [[2, 2], [3, 1]]), []);
  assert.deepEqual(fit('', [[0, 1]]), []);
});

test('property: fitted edges are boundaries, without white space, and fitting again changes nothing', () => {
  fc.assert(
    fc.property(texts({ halves: true }), fc.array(fc.tuple(fc.nat(80), fc.nat(80)), { maxLength: 3 }), fc.boolean(), (text, pieces, graphemes) => {
      const rules = { trim: true, graphemes };
      const bounds = new Boundaries(text);
      const fitted = fitPieces(bounds, pieces, rules);
      assert.deepEqual(fitPieces(bounds, fitted, rules), fitted);
      const edges = new Set([0, text.length]);
      for (const { index } of GRAPHEMES.segment(text)) edges.add(index);
      for (const [start, end] of fitted) {
        assert.ok(start < end && end <= text.length);
        if (graphemes) assert.ok(edges.has(start) && edges.has(end), `${start}-${end} cuts a cluster`);
        if (!graphemes) assert.ok(!isSpace(text.charCodeAt(start)) && !isSpace(text.charCodeAt(end - 1)));
      }
    }),
    PROPERTY,
  );
});

test('pieces: union, difference, merging over white space, splitting', () => {
  assert.deepEqual(normalPieces([[5, 9], [0, 2], [2, 3], [7, 8], [4, 4]]), [[0, 3], [5, 9]]);
  assert.deepEqual(addPieces([[0, 3]], [[8, 9], [2, 5]]), [[0, 5], [8, 9]]);
  assert.deepEqual(removePiece([[0, 9]], [3, 5]), [[0, 3], [5, 9]]);
  assert.deepEqual(removePiece([[0, 3], [5, 9]], [2, 6]), [[0, 2], [6, 9]]);
  assert.deepEqual(removePiece([[0, 3]], [5, 5]), [[0, 3]]);
  assert.deepEqual(joinPieces([[0, 3], [4, 6], [9, 12]], ([start, end]) => end - start < 3), [[0, 6], [9, 12]]);
  assert.ok(areDisjoint([[0, 3], [3, 5]]) && !areDisjoint([[0, 3], [2, 5]]));
  assert.deepEqual(mergeOverSpace('New\r\n York, NY', [[0, 3], [6, 10], [12, 14]]), [[0, 10], [12, 14]]);
  assert.deepEqual(splitPieces(new Boundaries('Ada Byron'), [[0, 9]], 4), [[0, 3], [4, 9]]);
  assert.deepEqual(splitPieces(new Boundaries('Ada Byron'), [[0, 9]], 9), [[0, 9]]);
  assert.equal(textOf({ pieces: [[0, 3], [4, 9]] }, 'Ada Byron'), 'Ada Byron');
});

const PIECE_LISTS = fc
  .array(fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 8 })), { minLength: 1, maxLength: 3 })
  .map((list) => normalPieces(list.map(([start, length]) => [start, start + length])));

test('property: unions, differences, overlap and its indexes agree with sets of characters', () => {
  const offsets = ([start, end]: Piece): number[] => Array.from({ length: end - start }, (_, index) => start + index);
  const characters = (pieces: Pieces): Set<number> => new Set(pieces.flatMap(offsets));
  fc.assert(
    fc.property(PIECE_LISTS, fc.array(PIECE_LISTS, { maxLength: 12 }), (pieces, others) => {
      const own = characters(pieces);
      const isHit = (other: Pieces): boolean => [...characters(other)].some((offset) => own.has(offset));
      const items = others.map((other) => ({ pieces: other }));
      assert.deepEqual(new Set(new OverlapIndex(items).overlapping(pieces)), new Set(items.filter((item) => isHit(item.pieces))));
      const taken = new TakenRanges();
      const kept: Pieces[] = [];
      for (const other of others) {
        assert.equal(overlap(pieces, other), isHit(other));
        assert.deepEqual(characters(addPieces(pieces, other)), new Set([...own, ...characters(other)]));
        const rest = other.reduce<Pieces>((left, piece) => removePiece(left, piece), pieces);
        assert.deepEqual(characters(rest), new Set([...own].filter((offset) => !characters(other).has(offset))));
        const isFree = !kept.some((earlier) => overlap(earlier, other));
        assert.equal(taken.overlaps(other), !isFree);
        if (!isFree) continue;
        taken.take(other);
        kept.push(other);
      }
    }),
    PROPERTY,
  );
});

test('text order is by start, then end, then the next piece', () => {
  const sorted: Pieces[] = [[[0, 2]], [[0, 3]], [[0, 3], [5, 6]], [[0, 3], [5, 7]], [[1, 2]]];
  assert.deepEqual([...sorted].reverse().sort(comparePieces), sorted);
  assert.ok(equalPieces([[0, 1], [2, 3]], [[0, 1], [2, 3]]) && !equalPieces([[0, 1]], [[0, 1], [2, 3]]));
});

function moved(text: string, piece: Piece, move: Move, rules = DEFAULT_RULES): string {
  return covered(text, moveEdge(new Boundaries(text), [piece], move, rules))[0]!;
}

test('edges move by word and by character', () => {
  const text = 'Dr. Ada Byron, e\u0301cole';
  assert.equal(moved(text, [4, 7], { edge: 'end', direction: 'right', by: 'word' }), 'Ada Byron');
  assert.equal(moved(text, [4, 13], { edge: 'end', direction: 'right', by: 'word' }), 'Ada Byron,');
  assert.equal(moved(text, [4, 13], { edge: 'end', direction: 'left', by: 'word' }), 'Ada');
  assert.equal(moved(text, [4, 13], { edge: 'start', direction: 'right', by: 'word' }), 'Byron');
  assert.equal(moved(text, [4, 13], { edge: 'start', direction: 'left', by: 'word' }), '. Ada Byron');
  assert.equal(moved(text, [4, 7], { edge: 'end', direction: 'right', by: 'character' }), 'Ada B');
  assert.equal(moved(text, [4, 7], { edge: 'end', direction: 'right', by: 'character' }, RAW), 'Ada ');
  assert.equal(moved(text, [4, 9], { edge: 'end', direction: 'left', by: 'character' }), 'Ada');
  assert.equal(moved(text, [15, 21], { edge: 'start', direction: 'right', by: 'character' }), 'cole');
  assert.equal(moved('x 👨‍👩‍👧 Ada', [11, 14], { edge: 'start', direction: 'left', by: 'character' }), '👨‍👩‍👧 Ada');
});

test('an edge that cannot move stays: at the ends of the text, at the last character, at another piece', () => {
  assert.equal(moved('Ada', [0, 3], { edge: 'start', direction: 'left', by: 'word' }), 'Ada');
  assert.equal(moved('Ada', [0, 3], { edge: 'end', direction: 'right', by: 'character' }), 'Ada');
  assert.equal(moved('Ada', [0, 3], { edge: 'end', direction: 'left', by: 'word' }), 'Ada');
  assert.equal(moved('Ada B', [4, 5], { edge: 'end', direction: 'left', by: 'character' }), 'B');
  const bounds = new Boundaries('Ada of Byron');
  assert.deepEqual(moveEdge(bounds, [[0, 3], [4, 6]], { edge: 'end', direction: 'right', by: 'word', piece: 0 }), [[0, 3], [4, 6]]);
  assert.deepEqual(moveEdge(bounds, [[0, 3], [7, 12]], { edge: 'end', direction: 'right', by: 'word', piece: 0 }), [[0, 6], [7, 12]]);
});

test('a selection snaps to words, and takes neither the space nor the word behind it', () => {
  const bounds = new Boundaries('Ada Byron wrote');
  assert.deepEqual(snapToWords(bounds, [0, 4]), [0, 3]);
  assert.deepEqual(snapToWords(bounds, [1, 6]), [0, 9]);
  assert.deepEqual(snapToWords(bounds, [3, 4]), [3, 4]);
});

test('an equal span with the same label is refused, another label is not', () => {
  const text = 'Ada Byron';
  const spans = [span('a', 0, 3), span('b', 4, 9, 'PER', { state: 'rejected' })];
  assert.equal(refusalOf(span('x', 0, 3), spans, SETS, text)?.refused, 'duplicate');
  assert.equal(refusalOf(span('x', 0, 3), spans, SETS, text)?.id, 'a');
  assert.match(refusalOf(span('x', 4, 9), spans, SETS, text)!.message, /"Byron".*rejected/);
  assert.equal(refusalOf(span('x', 0, 3, 'ORG'), spans, SETS, text), undefined);
  assert.equal(refusalOf(span('a', 0, 3), spans, SETS, text), undefined, 'a span is not in its own way');
  assert.equal(refusalOf(span('x', 0, 10), spans, SETS, text)?.refused, 'outside');
  assert.equal(refusalOf({ ...span('x', 0, 1), pieces: [] }, spans, SETS, text)?.refused, 'empty');
  assert.equal(refusalOf(span('x', 0, 2, 'WHO'), spans, SETS, text)?.refused, 'unknown');
});

test('a label set can forbid overlap: then only accepted spans of the set are in the way', () => {
  const text = 'Ada Byron';
  const spans = [span('a', 0, 3), span('b', 4, 9, 'PER', { state: 'suggested' })];
  assert.equal(refusalOf(span('x', 2, 5), spans, SETS, text), undefined);
  const refusal = refusalOf(span('x', 2, 5), spans, STRICT_SETS, text);
  assert.equal(refusal?.refused, 'overlap');
  assert.equal(refusal?.id, 'a');
  assert.equal(refusalOf(span('x', 3, 9, 'ORG'), spans, STRICT_SETS, text), undefined);
  assert.equal(refusalOf({ ...span('x', 0, 0), pieces: [[3, 4], [8, 9]] }, spans, STRICT_SETS, text), undefined, 'between the pieces is room');
});

test('spans that were accepted one after the other are in the way of the next', () => {
  const rules = new SpanRules([], STRICT_SETS, 'Ada Byron');
  const cases = [['a', 4, 9, undefined], ['b', 0, 3, undefined], ['c', 2, 5, 'overlap'], ['d', 0, 3, 'duplicate']] as const;
  for (const [id, start, end, refused] of cases) {
    const item = span(id, start, end);
    assert.equal(rules.refusalOf(item)?.refused, refused);
    if (!refused) rules.accept(item);
  }
});
