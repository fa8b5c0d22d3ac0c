import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decisionsOf, measure, nextDocument, reliability, secondLook, uncertainty, type Decision } from '../model/measure.js';
import type { Suggestion } from '../model/suggest.js';
import type { Span } from '../model/types.js';
import { notes, span } from './scenes.js';

function said(start: number, end: number, score: number, more: Partial<Suggestion> = {}): Suggestion {
  return { pieces: [[start, end]], label: 'span:PER', score, ...more };
}

function modelSpan(id: string, start: number, end: number, more: Partial<Span> = {}): Span {
  return span(id, start, end, 'PER', { by: 'model', ...more });
}

test('uncertainty is the errors to expect for 100 words, near misses included', () => {
  const suggestions = [
    said(0, 3, 0.6), said(4, 9, 0.3), said(0, 9, 0.3, { lostTo: 'overlap' }), said(2, 3, 0.7, { lostTo: 'none' }), said(5, 6, 0.95),
    said(6, 7, 0.05), said(7, 8, NaN),
  ];
  assert.ok(Math.abs(uncertainty(suggestions, 50) - 2 * (0.4 + 0.7 + 0.3 + 0.3)) < 1e-9);
  assert.equal(uncertainty([], 0), 0);
  const decided = notes([
    modelSpan('a', 0, 3, { score: 0.6 }), modelSpan('b', 1, 9, { was: { label: 'span:PER', pieces: [[4, 9]] } }),
    modelSpan('c', 0, 9, { state: 'rejected' }),
  ]);
  assert.ok(Math.abs(uncertainty(suggestions, 100, decided) - 0.3) < 1e-9);
});

test('the most uncertain document is next, those without a score come last, and one in ten is drawn', () => {
  const documents = [{ id: 'a' }, { id: 'b', uncertainty: 1 }, { id: 'c', uncertainty: 3 }, { id: 'd', uncertainty: 0 }];
  assert.deepEqual(nextDocument(documents, 0, 0.99), { document: documents[2], random: false });
  assert.deepEqual(nextDocument(documents, 9, 0.3), { document: documents[1], random: true });
  assert.deepEqual(nextDocument(documents, 19, 1), { document: documents[3], random: true });
  assert.deepEqual(
    nextDocument([{ id: 'a' }, { id: 'e' }] as { id: string; uncertainty?: number }[], 0, 0)!.document.id, 'a',
    'without scores the order is that of the list',
  );
  assert.deepEqual(nextDocument([documents[0]!, documents[3]!], 0, 0)!.document.id, 'd');
  assert.equal(nextDocument([], 0, 0), undefined);
});

test('the second look shows what the model is sure of and is not there, and what is there and the model does not believe', () => {
  const content = notes(
    [span('a', 0, 3), span('b', 4, 9, 'ORG'), span('c', 10, 12), span('d', 20, 22, 'PER', { state: 'rejected' }), span('e', 30, 31)],
  );
  const suggestions = [
    said(0, 3, 0.95), said(4, 9, 0.97), said(4, 9, 0.05, { label: 'span:ORG', lostTo: 'overlap' }), said(20, 22, 0.99), said(25, 26, 0.9),
    said(27, 28, 0.89), said(10, 12, 0.5),
  ];
  assert.deepEqual(secondLook(content, suggestions), [
    { kind: 'missing', suggestion: suggestions[1], instead: [content.spans[1]] },
    { kind: 'doubtful', span: content.spans[1], score: 0.05 },
    { kind: 'missing', suggestion: suggestions[4], instead: [] },
  ]);
  const scored = secondLook(content, suggestions, { scoredLabels: new Set(['span:PER']), sure: 1 });
  assert.deepEqual(scored, [{ kind: 'doubtful', span: content.spans[1], score: 0.05 }, { kind: 'doubtful', span: content.spans[4] }]);
});

test('decisions: accepted is right, rejected and changed are wrong, what a person made is right and was missed', () => {
  const content = notes([
    modelSpan('a', 0, 3, { score: 0.8 }), modelSpan('b', 4, 9, { score: 0.7, state: 'rejected' }), modelSpan(
      'c', 10, 12, { score: 0.6, was: { label: 'span:PER', pieces: [[10, 15]], score: 0.6 } },
    ),
    span('d', 20, 22), span('e', 30, 31), modelSpan('f', 40, 41, { score: 0.5, state: 'suggested' }),
  ]);
  assert.deepEqual(decisionsOf(content, [said(20, 22, 0.2), said(10, 12, 0.3)]), [
    { score: 0.8, right: true, judged: true }, { score: 0.7, right: false, judged: true }, { score: 0.6, right: false, judged: true },
    { score: 0.3, right: true, judged: false }, { score: 0.2, right: true, judged: false }, { right: true, judged: false },
  ]);
});

test('precision and recall are measured once 30 suggestions were judged', () => {
  const judged = (count: number, score: number, right: boolean): Decision[] => Array.from({ length: count }, () => ({ score, right, judged: true }));
  const missed: Decision[] = [{ right: true, judged: false }, { score: 0.5, right: true, judged: false }];
  assert.equal(measure([...judged(29, 0.9, true), ...missed]), undefined);
  const at = measure([...judged(18, 0.9, true), ...judged(2, 0.9, false), ...judged(5, 0.5, true), ...judged(5, 0.5, false), ...missed])!;
  assert.deepEqual(at(0.9), { precision: 0.9, recall: 18 / 25, judged: 20 });
  assert.deepEqual(at(0.5), { precision: 23 / 30, recall: 24 / 25, judged: 30 });
  assert.deepEqual(at(0.95), { precision: undefined, recall: 0, judged: 0 });
});

test('the reliability curve: how many were right, for each tenth of the scores that has decisions', () => {
  const judged = (count: number, score: number, right: boolean): Decision[] => Array.from({ length: count }, () => ({ score, right, judged: true }));
  const at = measure([...judged(9, 1, true), ...judged(1, 0.9, false), ...judged(10, 0.59, true), ...judged(10, 0.5, false), { score: 0.2, right: true, judged: false }])!;
  assert.deepEqual(reliability(at), [{ from: 0.5, judged: 20, right: 0.5 }, { from: 0.9, judged: 10, right: 0.9 }]);
});
