import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { agreement, namesOf, pairDocuments, type DocumentPair } from '../model/agreement.js';
import { apply, type State } from '../model/changes.js';
import { documentFaults } from '../model/check.js';
import { newLabelSet } from '../model/labels.js';
import { differences, mergeDocuments, type Decision, type MergeNames } from '../model/merge.js';
import { spanKey } from '../model/pieces.js';
import type { Notes, Relation, Span } from '../model/types.js';
import { document, notes, relation, SETS, span, state } from './scenes.js';
import { PROPERTY } from './testing.js';

const TEXT = 'Ada Byron met Charles Babbage in London';
const SAME = (id: string): string => id;
const NAMES: MergeNames = { mine: SAME, theirs: SAME, toMine: SAME };

function pair(mine: Notes, theirs: Notes, text = TEXT): DocumentPair {
  return { mine: document('a', text, mine), theirs: document('a', text, theirs) };
}

test('documents are paired by text and id, then name, then order', () => {
  const mine = [
    document('1', 'same', notes(), { name: 'x' }), document('2', 'same', notes(), { name: 'y' }), document('3', 'same'), document('4', 'mine only'),
  ];
  const theirs = [
    document('9', 'same', notes(), { name: 'z' }), document('8', 'same', notes(), { name: 'y' }), document('1', 'same'), document('4', 'changed'),
  ];
  const { pairs, onlyMine, onlyTheirs } = pairDocuments(mine, theirs);
  assert.deepEqual(pairs.map((each) => [each.mine.id, each.theirs.id]), [['1', '1'], ['2', '8'], ['3', '9']]);
  assert.deepEqual([onlyMine.map(({ id }) => id), onlyTheirs.map(({ text }) => text)], [['4'], ['changed']]);
});

test('F1 counts equal spans, and overlapping spans with the same label', () => {
  const mine = notes([span('a', 0, 9), span('b', 14, 29), span('c', 33, 39, 'LOC'), span('x', 10, 13, 'PER', { state: 'rejected' })]);
  const theirs = notes([span('a', 0, 9), span('b', 22, 29), span('c', 33, 39, 'ORG'), span('x', 10, 13, 'PER', { state: 'suggested' })]);
  const { mine: count, theirs: other, equal, exactF1, overlapF1, labels } = agreement([pair(mine, theirs)], SAME, SAME);
  assert.deepEqual([count, other, equal], [3, 3, 1]);
  assert.equal(exactF1, 2 / 6);
  assert.equal(overlapF1, 2 / 3);
  assert.deepEqual([...labels.keys()], ['span:PER', 'span:LOC', 'span:ORG']);
  assert.deepEqual(
    [labels.get('span:PER')!.exactF1, labels.get('span:PER')!.overlapF1, labels.get('span:LOC')!.exactF1, labels.get('span:LOC')!.overlapF1],
    [0.5, 1, 0, 0],
  );
});

test("Cohen's kappa on tokens is that of a table counted by hand", () => {
  // Seven tokens. Mine: PER PER - PER PER - LOC. Theirs: PER PER - - PER - PER.
  const mine = notes([span('a', 0, 9), span('b', 14, 29), span('c', 33, 39, 'LOC')]);
  const theirs = notes([span('a', 0, 9), span('b', 22, 29), span('c', 33, 39)]);
  const result = agreement([pair(mine, theirs)], SAME, SAME);
  assert.equal(result.tokens, 7);
  const [observed, expected] = [5 / 7, (4 * 4 + 2 * 3 + 1 * 0) / 49];
  assert.ok(Math.abs(result.kappa! - (observed - expected) / (1 - expected)) < 1e-12);
  const [seen, chance] = [5 / 7, (4 * 4 + 3 * 3) / 49];
  assert.ok(Math.abs(result.labels.get('span:PER')!.kappa! - (seen - chance) / (1 - chance)) < 1e-12);
});

test('full agreement is 1, and where chance alone agrees there is no kappa', () => {
  const content = notes([span('a', 0, 9), span('b', 4, 9, 'ORG')]);
  const full = agreement([pair(content, content)], SAME, SAME);
  assert.deepEqual([full.exactF1, full.overlapF1, full.kappa], [1, 1, 1]);
  const none = agreement([pair(notes(), notes())], SAME, SAME);
  assert.deepEqual([none.exactF1, none.overlapF1, none.kappa, none.labels.size], [undefined, undefined, undefined, 0]);
  assert.equal(agreement([], SAME, SAME).kappa, undefined);
});

test('labels of two projects are the same by name', () => {
  const theirSets = [{ ...newLabelSet('span', []), labels: [{ id: 'x', name: 'PER', color: 0 }] }];
  const theirs = notes([{ ...span('a', 0, 9), label: 'x' }]);
  assert.equal(agreement([pair(notes([span('a', 0, 9)]), theirs)], namesOf({ labelSets: SETS }), namesOf({ labelSets: theirSets })).exactF1, 1);
});

const MINE = notes(
  [span('a', 0, 9), span('b', 14, 29), span('c', 33, 39, 'LOC'), span('d', 10, 13, 'ORG', { type: 'type:person' }), span('e', 0, 3)],
  [relation('r', 'a', 'b'), relation('q', 'a', 'e')],
);
const THEIRS = notes(
  [span('e', 0, 9), span('f', 22, 29), span('g', 33, 39, 'ORG'), span('h', 10, 13, 'ORG'), span('i', 4, 9)],
  [relation('r', 'e', 'f'), relation('s', 'i', 'f')],
);

test('differences are listed by kind, in text order, then relations', () => {
  const found = differences(pair(MINE, THEIRS), NAMES);
  assert.deepEqual(found.map(({ kind, mine, theirs }) => [kind, mine?.id, theirs?.id]), [
    ['only-mine', 'e', undefined], ['only-theirs', undefined, 'i'], ['type', 'd', 'h'], ['edges', 'b', 'f'], ['label', 'c', 'g'],
    ['relation', 'q', undefined], ['relation', undefined, 's'],
  ]);
  assert.deepEqual(differences(pair(MINE, MINE), NAMES), []);
});

function merged(
  decide: (kind: string) => Decision | undefined, mine = MINE, theirs = THEIRS, names = NAMES,
): { end: State; losses: readonly string[] } {
  const both = pair(mine, theirs);
  const found = differences(both, names);
  const decisions = new Map(found.flatMap(({ id, kind }) => (decide(kind) ? [[id, decide(kind)!] as const] : [])));
  const { change, losses } = mergeDocuments(both, found, decisions, names);
  return { end: change ? apply(state(mine), change) : state(mine), losses };
}

/** What a document says, without ids. */
function content({ spans, relations }: Notes): string[] {
  const byId = new Map(spans.map((item) => [item.id, spanKey(item)]));
  const ends = (item: Relation): string => `${byId.get(item.head)} > ${byId.get(item.tail)}`;
  return [...spans.map((item: Span) => `${spanKey(item)} ${item.type ?? ''}`), ...relations.map(ends)].sort();
}

test('merge: all mine is mine, all theirs is theirs, both is both, neither is what is equal', () => {
  assert.deepEqual(content(merged(() => undefined).end), content(MINE));
  assert.deepEqual(content(merged(() => 'mine').end), content(MINE));
  assert.deepEqual(content(merged(() => 'theirs').end), content(THEIRS));
  const both = merged((kind) => (kind === 'type' ? 'mine' : 'both')).end;
  assert.deepEqual(
    new Set(content(both).filter((line) => !line.includes('>'))),
    new Set([...content(MINE), ...content(THEIRS)].filter((line) => !line.includes('>') && line !== '10-13 span:ORG ')),
  );
  assert.equal(both.relations.length, 3);
  assert.deepEqual(content(merged(() => 'neither').end), ['0-9 span:PER ']);
  for (const way of ['mine', 'theirs', 'both', 'neither'] as const) {
    assert.deepEqual(documentFaults(document('d', TEXT, merged(() => way).end), SETS), []);
  }
});

test('a relation of theirs whose span was not taken over is a loss, and is said', () => {
  const { end, losses } = merged((kind) => (kind === 'relation' ? 'theirs' : 'mine'));
  assert.deepEqual(losses, ['relation "relation:works for": one of its spans was not taken over']);
  assert.deepEqual(end.relations.map(({ id }) => id), ['r']);
});

test('a label that my project does not have is a loss, and is said', () => {
  const names: MergeNames = { ...NAMES, toMine: (id) => (id === 'span:ORG' ? undefined : id) };
  const { end, losses } = merged(() => 'theirs', notes(), notes([span('a', 33, 39, 'ORG'), span('b', 0, 9)]), names);
  assert.deepEqual([end.spans.length, losses], [1, ['span "London": this project has no label "span:ORG"']]);
});

test('a span that is taken over replaces an equal one that I rejected', () => {
  const mine = notes([span('x', 0, 9, 'PER', { by: 'model', state: 'rejected' })]);
  assert.deepEqual(merged(() => 'theirs', mine, notes([span('a', 0, 9)])).end.spans.map(({ state: now }) => now), ['accepted']);
});

const SPANS = fc.uniqueArray(fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 8 }), fc.constantFrom('PER', 'ORG')), { maxLength: 8, selector: String });
const LINKS = fc.uniqueArray(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 4, selector: String });
const NOTES = fc.tuple(SPANS, LINKS).map(([spans, links]) => {
  const made = spans.map(([start, length, name], index) => span(`s${index}`, start, start + length, name));
  return notes(
    made, links.filter((ends) => Math.max(...ends) < made.length).map(([head, tail], index) => relation(`r${index}`, `s${head}`, `s${tail}`)),
  );
});

const WAYS = fc.array(fc.constantFrom<Decision[]>('mine', 'theirs', 'both', 'neither'), { minLength: 40, maxLength: 40 });

test('property: taking theirs everywhere gives theirs, taking mine gives mine, and any decisions keep the rules', () => {
  fc.assert(
    fc.property(NOTES, NOTES, WAYS, (mine, theirs, ways) => {
      assert.deepEqual(content(merged(() => 'theirs', mine, theirs).end), content(theirs));
      assert.deepEqual(content(merged(() => 'mine', mine, theirs).end), content(mine));
      const both = pair(mine, theirs);
      const found = differences(both, NAMES);
      const { change } = mergeDocuments(both, found, new Map(found.map(({ id }, index) => [id, ways[index % ways.length]!])), NAMES);
      const end = change ? apply(state(mine), change) : state(mine);
      assert.deepEqual(documentFaults(document('d', TEXT, end), SETS), []);
      const there = agreement([both], SAME, SAME);
      const back = agreement([{ mine: both.theirs, theirs: both.mine }], SAME, SAME);
      assert.deepEqual(
        [there.exactF1, there.overlapF1 ?? 0, there.kappa ?? 0].map((n) => n?.toFixed(9)),
        [back.exactF1, back.overlapF1 ?? 0, back.kappa ?? 0].map((n) => n?.toFixed(9)),
      );
    }),
    PROPERTY,
  );
});
