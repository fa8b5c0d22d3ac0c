import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addTo } from '../model/lists.js';
import type { Piece } from '../model/types.js';
import { fragmentsOf, LANES, MarkLayout, type Fragment, type LineAt, type PlacedPiece } from '../view/text/layout.js';
import { chipText } from '../view/text/chip.js';
import type { Mark } from '../view/text/mark.js';
import { PROPERTY } from './testing.js';

function mark(id: string, ...pieces: Piece[]): Mark {
  return { id, pieces, name: 'PER', color: 0, state: 'accepted' };
}

function lanesOf(marks: readonly Mark[]): Record<string, number> {
  return Object.fromEntries(new MarkLayout(marks, 100).within(0, 100).map((piece) => [`${piece.mark.id}${piece.index}`, piece.lane]));
}

/** Lines of ten characters, the last of which is a line break. */
const TENS: LineAt = (offset) => ({ from: offset - (offset % 10), to: offset - (offset % 10) + 9 });

function fragments(marks: readonly Mark[], range: Piece = [0, 100], lineAt: LineAt = TENS): (string | number)[][] {
  return fragmentsOf(new MarkLayout(marks, 100).within(...range), range, lineAt).map(({ from, to, piece, hasChip }) =>
    [piece.mark.id, from, to, ...(hasChip ? ['chip'] : [])]);
}

test('the innermost of nested marks is next to the text, and marks that do not overlap share a lane', () => {
  assert.deepEqual(lanesOf([mark('a', [0, 50]), mark('b', [5, 20]), mark('c', [5, 10]), mark('d', [30, 40]), mark('e', [60, 70])]),
    { a0: 2, b0: 1, c0: 0, d0: 0, e0: 0 });
});

test('marks that cross have different lanes, and those that touch have the same', () => {
  assert.deepEqual(lanesOf([mark('a', [0, 10]), mark('b', [5, 16]), mark('c', [16, 20])]), { a0: 0, b0: 1, c0: 0 });
});

test('the pieces of a mark have lanes of their own', () => {
  assert.deepEqual(lanesOf([mark('a', [0, 5], [10, 20]), mark('b', [12, 14])]), { a0: 0, a1: 1, b0: 0 });
});

test('of more marks than lanes, the outer ones are not drawn, but counted', () => {
  const pieces = new MarkLayout(Array.from({ length: LANES + 5 }, (_, index) => mark(`${index}`, [0, 10])), 100).within(0, 100);
  assert.equal(pieces.filter(({ lane }) => lane === LANES).length, 5);
  assert.deepEqual(pieces.filter(({ hidden }) => hidden > 0).map(({ lane, hidden }) => [lane, hidden]), [[LANES - 1, 5]]);
});

test('what is outside of the text is cut off, and empty pieces are left out', () => {
  const pieces = new MarkLayout([mark('a', [-5, 3]), mark('b', [90, 200]), mark('c', [100, 110]), mark('d', [4, 4])], 100).within(-10, 300);
  assert.deepEqual(pieces.map(({ mark: { id }, start, end }) => [id, start, end]), [['a', 0, 3], ['b', 90, 100]]);
});

test('at an offset: the innermost mark first; where nothing begins, the marks that end there', () => {
  const layout = new MarkLayout([mark('a', [0, 20]), mark('b', [5, 10]), mark('c', [5, 10]), mark('d', [20, 25]), mark('e', [30, 35])], 100);
  const at = (offset: number): string => layout.at(offset).map(({ id }) => id).join('');
  assert.deepEqual([5, 9, 10, 20, 25, 30, 35, 36, 0].map(at), ['cba', 'cba', 'a', 'd', 'd', 'e', 'e', '', 'a']);
});

test('the name is drawn once: in the last line, and behind the last mark that crosses', () => {
  assert.deepEqual(fragments([mark('a', [2, 25])]), [['a', 2, 20], ['a', 20, 25, 'chip']]);
  assert.deepEqual(fragments([mark('a', [1, 5]), mark('b', [3, 8])]), [['a', 1, 3], ['a', 3, 5, 'chip'], ['b', 3, 8, 'chip']]);
  const nested = [mark('a', [1, 8]), mark('b', [3, 8]), mark('c', [3, 5])];
  assert.deepEqual(fragments(nested), [['a', 1, 8, 'chip'], ['b', 3, 8, 'chip'], ['c', 3, 5, 'chip']]);
});

test('a mark that ends at a line break or in empty lines has its name in the last line with a character', () => {
  assert.deepEqual(fragments([mark('a', [2, 20])]), [['a', 2, 10], ['a', 10, 20, 'chip']]);
  const empty: LineAt = (offset) => (offset < 10 ? { from: 0, to: 9 } : { from: offset, to: offset });
  assert.deepEqual(fragments([mark('a', [2, 15])], [0, 100], empty), [['a', 2, 15, 'chip']]);
  assert.deepEqual(fragments([mark('a', [12, 15])], [0, 100], empty), [['a', 12, 15, 'chip']]);
});

test('only the visible part is drawn, and the name only if the end is visible', () => {
  assert.deepEqual(fragments([mark('a', [0, 100])], [40, 45]), [['a', 40, 45]]);
  assert.deepEqual(fragments([mark('a', [0, 45]), mark('b', [0, 30])], [40, 60]), [['a', 40, 45, 'chip']]);
});

const someMarks = fc.array(fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 40 })), { maxLength: 30 })
  .map((pieces) => pieces.map(([start, length], index) => mark(String(index), [start, start + length])));
const isOverlap = (a: PlacedPiece, b: PlacedPiece): boolean => a.start < b.end && b.start < a.end;

test('property: two marks in one lane never overlap; all are found; a mark inside of another one is nearer to the text', () => {
  fc.assert(fc.property(someMarks, (marks) => {
    const pieces = new MarkLayout(marks, 100).within(0, 100);
    assert.deepEqual(new Set(pieces.map(({ mark: { id } }) => id)), new Set(marks.map(({ id }) => id)));
    for (const a of pieces) {
      for (const b of pieces) {
        if (a === b || !isOverlap(a, b)) continue;
        assert.ok(a.lane !== b.lane || a.lane === LANES);
        if (a.start <= b.start && b.end <= a.end && a.end - a.start > b.end - b.start) assert.ok(a.lane >= b.lane);
      }
    }
  }), PROPERTY);
});

test('property: fragments of a mark cover what is visible of it, in order, and the last one has the name if it is the end', () => {
  fc.assert(fc.property(someMarks, fc.nat(90), fc.integer({ min: 1, max: 60 }), (marks, from, length) => {
    const range: Piece = [from, Math.min(100, from + length)];
    const pieces = new MarkLayout(marks, 100).within(...range);
    const expected = marks.filter(({ pieces: [piece] }) => piece![0] < range[1] && piece![1] > range[0]);
    assert.deepEqual(new Set(pieces.map((piece) => piece.mark)), new Set(expected));
    const byPiece = new Map<PlacedPiece, Fragment[]>();
    for (const fragment of fragmentsOf(pieces, range, TENS)) addTo(byPiece, fragment.piece, fragment);
    for (const piece of pieces) checkCover(piece, range, byPiece.get(piece) ?? []);
  }), PROPERTY);
});

function checkCover({ start, end }: PlacedPiece, range: Piece, drawn: readonly Fragment[]): void {
  assert.equal(drawn[0]?.from, Math.max(start, range[0]));
  assert.equal(drawn.at(-1)?.to, Math.min(end, range[1]));
  drawn.slice(1).forEach(({ from }, index) => assert.equal(from, drawn[index]!.to));
  assert.deepEqual(drawn.map(({ hasChip }) => hasChip), drawn.map((_, index) => index === drawn.length - 1 && end <= range[1]));
}

test('the text beside a mark: key, name, percent of a suggestion, and signs for pieces and marks that are not there', () => {
  const piece = (more: Partial<Mark>, index = 0, hidden = 0): PlacedPiece =>
    ({ start: 0, end: 1, lane: 0, index, hidden, mark: { ...mark('a', [0, 1]), ...more } });
  assert.equal(chipText(piece({})), 'PER');
  assert.equal(chipText(piece({ key: '0', state: 'suggested', score: 0.876 })), '0 PER 88 %');
  assert.equal(chipText(piece({ score: 0.876 })), 'PER');
  assert.equal(chipText(piece({ pieces: [[0, 1], [2, 3]] })), 'PER …');
  assert.equal(chipText(piece({ pieces: [[0, 1], [2, 3]] }, 1)), '… PER');
  assert.equal(chipText(piece({}, 0, 3)), 'PER +3');
  assert.equal(chipText(piece({ name: 'x'.repeat(100) })), `${'x'.repeat(24)}…`);
});
