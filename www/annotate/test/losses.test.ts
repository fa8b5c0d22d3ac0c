import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { reduceCorpus, type Abilities } from '../formats/losses.js';
import { overlapping } from '../formats/overlap.js';
import { rangeOf } from '../model/spans.js';
import type { Corpus, Span } from '../model/types.js';
import { corpora, property, PROPERTY } from './testing.js';

const EVERYTHING: Abilities = {
  overlap: 'all',
  discontinuous: true,
  relations: true,
  questions: true,
  states: true,
  provenance: true,
  scores: true,
  notes: true,
  types: true,
  confirmed: true,
  status: true,
  documentNotes: true,
  names: true,
  meta: 'all',
  labels: true,
  guide: true,
  extra: true,
  loneSurrogates: true,
};
const made = { by: 'human', state: 'accepted' } as const;
const span = (id: string, start: number, end: number, more: Partial<Span> = {}): Span => ({
  id,
  pieces: [[start, end]],
  label: 'l',
  ...made,
  ...more,
});

function corpus(spans: readonly Span[], more: Partial<Corpus['documents'][number]> = {}): Corpus {
  const labels = [{ id: 'l', name: 'PER', color: 3 }];
  return {
    name: 'c', labelSets: [{ id: 'span', kind: 'span', overlap: true, labels }],
    documents: [{ id: 'd', name: 'n', text: '0123456789🙂e\u0301', status: 'done', relations: [], questions: [], ...more, spans }],
  };
}

test('a format that can hold everything loses nothing', () => {
  fc.assert(fc.property(corpora({ halves: true }), (whole) => {
    const { corpus: reduced, losses } = reduceCorpus(whole, { include: 'all' }, 'x', EVERYTHING);
    assert.deepEqual(losses, []);
    assert.deepEqual(reduced, whole);
  }), property(20));
});

test('a format that can hold nothing gives plain spans, and each thing that went is listed', () => {
  const spans = [
    span('a', 0, 5, { score: 0.5, note: 'n', type: 't', at: 3, extra: { x: 1 } }),
    span('b', 3, 7),
    span('c', 8, 9, { state: 'suggested', by: 'model' }),
    span('d', 7, 8, { state: 'rejected' }),
    {
      ...span('e', 0, 1),
      pieces: [
        [0, 1],
        [9, 10],
      ] as const,
    },
  ];
  const relations = [{ id: 'r', head: 'a', tail: 'b', label: 'x', ...made }];
  const { corpus: reduced, losses } = reduceCorpus(
    corpus(spans, { relations, note: 'n', meta: { m: 1 }, extra: { y: 1 } }),
    { include: 'all' },
    'x',
    {},
  );
  assert.deepEqual(reduced.documents, [
    {
      id: 'd',
      name: 'n',
      text: '0123456789🙂e\u0301',
      status: 'draft',
      relations: [],
      questions: [],
      spans: [
        { id: 'a', pieces: [[0, 5]], label: 'span:PER', by: 'import', state: 'accepted' },
        { id: 'c', pieces: [[8, 9]], label: 'span:PER', by: 'import', state: 'accepted' },
      ],
    },
  ]);
  const single = losses.filter(({ item }) => item !== undefined).map(({ kind, item, reason }) => `${kind} ${item}: ${reason}`);
  assert.deepEqual(single, [
    'rejected d: it was rejected, and the format cannot say so',
    'discontinuous e: it has 2 pieces',
    'overlap b: it overlaps l 0-5, which is written',
  ]);
  const counted = losses.filter(({ item }) => item === undefined).map(({ kind }) => kind);
  assert.deepEqual(counted.sort(), [
    'document-notes',
    'extra',
    'labels',
    'meta',
    'names',
    'notes',
    'provenance',
    'relations',
    'scores',
    'states',
    'status',
    'types',
  ]);
});

test('what was not asked for is left out, and only relations with a missing end are losses', () => {
  const spans = [
    span('a', 0, 1),
    span('b', 1, 2, { by: 'model' }),
    span('c', 2, 3, { by: 'model', was: { label: 'l', pieces: [[0, 1]] } }),
    span('d', 3, 4, { state: 'suggested' }),
    span('e', 4, 5, { state: 'rejected' }),
  ];
  const relations = [
    { id: 'r', head: 'a', tail: 'c', label: 'x', ...made },
    { id: 'q', head: 'a', tail: 'd', label: 'x', ...made },
  ];
  const kept = (include: 'accepted' | 'human' | 'all') => {
    const {
      corpus: {
        documents: [document],
      },
      losses,
    } = reduceCorpus(corpus(spans, { relations }), { include }, 'x', EVERYTHING);
    return [
      document!.spans.map(({ id }) => id).join(''),
      document!.relations.map(({ id }) => id).join(''),
      losses.map(({ kind, item }) => `${kind} ${item}`).join(),
    ];
  };
  assert.deepEqual([kept('accepted'), kept('human'), kept('all')], [['abc', 'r', 'relations q'], ['ac', 'r', 'relations q'], ['abcde', 'rq', '']]);
});

test('metadata of reserved names, edges within graphemes, halves of pairs', () => {
  const one = reduceCorpus(corpus([span('a', 12, 13), span('b', 12, 14)], { meta: { text: 1, other: 2 } }), { include: 'all' }, 'x', {
    ...EVERYTHING,
    meta: { reserved: new Set(['text']) },
    unit: 'grapheme',
  });
  assert.deepEqual(one.corpus.documents[0]!.meta, { other: 2 });
  assert.deepEqual(one.losses.map(({ kind, item }) => [kind, item]), [['edges', 'a'], ['meta', 'text']]);
  const { loneSurrogates: _, ...noHalves } = EVERYTHING;
  const two = reduceCorpus(corpus([], { text: 'x\ud83d' }), { include: 'all' }, 'x', noHalves);
  assert.deepEqual([two.corpus.documents, two.losses.map(({ kind, document }) => [kind, document])], [[], [['text', 'd']]]);
});

test('fields that we do not know go to files of their own format only', () => {
  const whole = corpus([span('a', 0, 1, { extra: { x: 1 } })], { extra: { y: 1 }, source: { format: 'own', file: 'f' } });
  assert.deepEqual(reduceCorpus(whole, { include: 'all' }, 'own', { ...EVERYTHING, extra: false }).losses, []);
  const {
    corpus: {
      documents: [document],
    },
    losses,
  } = reduceCorpus(whole, { include: 'all' }, 'other', { ...EVERYTHING, extra: false });
  assert.deepEqual(
    [document!.extra, document!.spans[0]!.extra, losses],
    [undefined, undefined, [{ kind: 'extra', reason: 'unknown fields of other formats are left out 2 times' }]],
  );
});

test('of spans that overlap, the outermost or the innermost are kept', () => {
  const spans = [span('in', 2, 4), span('out', 0, 6), span('cross', 5, 8), span('same', 0, 6), span('apart', 8, 9)];
  const kept = (prefer: 'outermost' | 'innermost') => spans.filter((one) => !overlapping(spans, prefer).has(one)).map(({ id }) => id);
  assert.deepEqual([kept('outermost'), kept('innermost')], [['out', 'apart'], ['in', 'cross', 'apart']]);
});

test('spans that are kept never overlap, and each other one overlaps the one that is named', () => {
  const places = fc.array(fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 10 })), { maxLength: 20 });
  fc.assert(fc.property(places, fc.constantFrom('outermost', 'innermost'), (list, prefer) => {
    const spans = list.map(([start, length], index) => span(`s${index}`, start, start + length));
    const lost = overlapping(spans, prefer);
    const overlap = (a: Span, b: Span) => rangeOf(a)[0] < rangeOf(b)[1] && rangeOf(b)[0] < rangeOf(a)[1];
    const kept = spans.filter((one) => !lost.has(one));
    for (const [index, one] of kept.entries()) for (const other of kept.slice(index + 1)) assert.ok(!overlap(one, other));
    for (const [one, over] of lost) assert.ok(overlap(one, over) && !lost.has(over));
  }), PROPERTY);
});
