// Comparison and merge of two versions, in a project.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Browser } from './store-fakes.js';
import { newLabelSet } from '../model/labels.js';
import type { Decision } from '../model/merge.js';
import { mergeAll } from '../model/suggest.js';
import type { Corpus, LabelSet } from '../model/types.js';
import {
  compareCorpora, isSame, mergeEdit, showDifference, versionOf, withoutNotes, type Comparison, type Decisions,
} from '../view/dialogs/compare.js';
import { spanTexts } from './helpers.js';
import { after, document, notes, relation, SETS, span } from './scenes.js';

const TEXT = 'Ada Byron met Bob in Rome.';
const MINE: Corpus = {
  name: 'mine', labelSets: SETS,
  documents: [
    document('a', TEXT, notes([span('s1', 0, 9), span('s2', 14, 17), span('s3', 21, 25, 'LOC')], [relation('r1', 's1', 's2')])),
    document('x', 'only mine'),
  ],
};
/** Other ids; Bob has another label, Rome a label that mine does not have, and Ada other edges. */
const THEIRS: Corpus = {
  name: 'theirs', labelSets: [newLabelSet('span', ['PER', 'ORG', 'GPE'])],
  documents: [document('1', TEXT, notes([span('t1', 0, 3), span('t2', 14, 17, 'ORG'), span('t3', 21, 25, 'GPE')])), document('2', 'only theirs')],
};

function decideAll(comparison: Comparison, decision: Decision): Decisions {
  return new Map(comparison.documents.map(({ pair, differences }) => [pair.mine.id, new Map(differences.map(({ id }) => [id, decision]))]));
}

test('documents with the same text are compared, labels by name', () => {
  const { pairing, agreement, documents } = compareCorpora(MINE, THEIRS);
  assert.deepEqual([pairing.pairs.length, pairing.onlyMine.length, pairing.onlyTheirs.length], [1, 1, 1]);
  assert.deepEqual([agreement.mine, agreement.theirs, agreement.equal, agreement.exactF1], [3, 3, 0, 0]);
  assert.deepEqual(documents[0]!.differences.map(({ kind }) => kind), ['edges', 'label', 'label', 'relation']);
  assert.deepEqual(compareCorpora(MINE, MINE).documents, []);
});

test('a difference is shown with both sides and the text around them', () => {
  const comparison = compareCorpora(MINE, THEIRS);
  const [{ pair, differences }] = comparison.documents as [Comparison['documents'][number]];
  const edges = showDifference(pair, differences[0]!, comparison);
  assert.deepEqual([edges.what, edges.mine?.text, edges.theirs?.text], ['other edges', 'Ada Byron', 'Ada']);
  assert.equal(edges.context.map(({ text }) => text).join(''), TEXT);
  assert.deepEqual(edges.context.filter(({ isCovered }) => isCovered).map(({ text }) => text), ['Ada', ' Byron']);
  const last = showDifference(pair, differences[3]!, comparison);
  assert.deepEqual([last.what, last.mine?.text, last.mine?.label], ['relation only in my version', 'Ada Byron → Bob', 'works for']);
  assert.equal(last.theirs, undefined);
});

test('their side is taken over as one edit with the labels that it needs, and can be undone', async () => {
  const store = await new Browser().tab();
  const project = await store.openProject((await store.createProject({ name: 'P' })).id);
  await project.import(MINE);
  const before = await project.corpus();
  const comparison = compareCorpora(before, THEIRS);
  const { edit, losses } = mergeEdit(comparison, decideAll(comparison, 'theirs'));
  assert.deepEqual(losses, []);
  assert.ok(edit);
  await project.edit(edit);
  const after = await project.corpus();
  assert.deepEqual(spanTexts(after), ['span:PER Ada', 'span:ORG Bob', 'span:GPE Rome']);
  assert.deepEqual(after.labelSets[0]!.labels.map(({ name }) => name), ['PER', 'ORG', 'LOC', 'GPE']);
  assert.deepEqual(after.documents[0]!.relations, []);
  assert.deepEqual(compareCorpora(after, THEIRS).documents, []);
  assert.equal((await project.undo('a')).kind, 'done');
  assert.deepEqual(await project.corpus(), before);
});

test('what is decided for mine changes nothing; both keeps both sides', () => {
  const comparison = compareCorpora(MINE, THEIRS);
  assert.deepEqual(mergeEdit(comparison, decideAll(comparison, 'mine')), { losses: [] });
  assert.deepEqual(mergeEdit(comparison, new Map()), { losses: [] });
  const { edit } = mergeEdit(comparison, decideAll(comparison, 'both'));
  const change = edit?.documents?.[0]?.change;
  assert.ok(change?.type === 'group');
  assert.deepEqual(change.changes.map(({ type }) => type), ['add', 'add', 'add']);
});

test('labels that are added keep references only to labels that are there', () => {
  const labels = [
    { id: 'A', name: 'GPE', color: 1, parent: 'B', key: '1' }, { id: 'B', name: 'unused', color: 2 },
  ];
  const set: LabelSet = { id: 'own', kind: 'span', overlap: true, labels };
  const documents = [document('1', TEXT, notes([span('t', 21, 25, 'PER', { label: 'A' })]))];
  const comparison = compareCorpora({ ...MINE, labelSets: [], documents: [document('a', TEXT)] }, { ...THEIRS, labelSets: [set], documents });
  const { edit } = mergeEdit(comparison, decideAll(comparison, 'theirs'));
  assert.deepEqual(edit?.labels, { type: 'addLabelSet', set: { ...set, labels: [{ id: 'A', name: 'GPE', color: 1, key: '1' }] } });
});

test('a document that changed since is noticed', () => {
  const [compared] = compareCorpora(MINE, THEIRS).documents;
  assert.equal(isSame(compared!, structuredClone(MINE.documents[0]!)), true);
  assert.equal(isSame(compared!, notes([span('s1', 0, 9)])), false);
});

test('what the model suggests alone is a version: of documents that it has read, without relations and types, and it can be taken over', () => {
  const mine: Corpus = {
    ...MINE, documents: [...MINE.documents, document('y', 'Eve', notes(), { status: 'done' }), document('z', 'Zoe', notes([span('z', 0, 3)]))],
  };
  const bare = withoutNotes(mine);
  assert.deepEqual(bare.documents.map(({ id, spans, relations }) => [id, spans, relations]), [['a', [], []], ['y', [], []], ['z', [], []]]);
  const model = { name: 'mini', manifestHash: 'ab' };
  const found = { model, spans: [{ pieces: [[14, 17]] as const, label: 'span:ORG', score: 0.8 }, { pieces: [[0, 9]] as const, label: 'span:PER', score: 0.7 }] };
  const documents = bare.documents.map((each) => ({ ...each, ...(each.id === 'a' && mergeAll(each, [found])) }));
  const version = versionOf({ corpus: { ...bare, documents }, threshold: 0.5, unread: new Set(['z']) });
  assert.deepEqual(version.documents.map(({ id }) => id), ['a', 'y']);
  const comparison = compareCorpora(mine, version, 'spans');
  assert.deepEqual([comparison.pairing.pairs.length, comparison.agreement.mine, comparison.agreement.theirs, comparison.agreement.equal], [2, 3, 2, 1]);
  assert.deepEqual(comparison.documents.flatMap(({ differences }) => differences.map(({ kind }) => kind)), ['label', 'only-mine']);
  const { edit } = mergeEdit(comparison, new Map([['a', new Map([[comparison.documents[0]!.differences[0]!.id, 'theirs']])]]));
  const change = edit?.documents?.[0]?.change;
  assert.ok(change);
  const taken = after(mine.documents[0]!, change).spans.find(({ label }) => label === 'span:ORG');
  assert.deepEqual([taken?.by, taken?.state, taken?.score, taken?.model, taken?.pieces], ['model', 'accepted', 0.8, model, [[14, 17]]]);
});
