// What the export dialog offers, says and writes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FORMATS, readFiles } from '../formats/index.js';
import type { Corpus } from '../model/types.js';
import { BACKUP, selected, type WriteChoice } from '../files/choices.js';
import { groupLosses, planWriting } from '../files/writing.js';
import { mediaType } from '../view/dialogs/file-types.js';
import { contentOf } from './helpers.js';
import { document, notes, SETS, span } from './scenes.js';
import { corpora, PROPERTY } from './testing.js';

const CORPUS: Corpus = {
  name: 'News', labelSets: SETS,
  documents: [
    document('a', 'Ada met Bob', notes([
      span('s1', 0, 3), span('s2', 0, 7, 'ORG', { by: 'import' }), span('s3', 8, 11, 'PER', { state: 'suggested', by: 'model' }),
    ]), { status: 'done' }),
    document('b', 'Eve', notes([span('s1', 0, 3)])),
  ],
};

test('our own format comes first; with everything it is a backup that is read back equal', async () => {
  assert.equal(FORMATS[0]?.id, 'luke');
  const plan = await planWriting(CORPUS, BACKUP);
  assert.deepEqual([plan.isBackup, plan.losses, plan.documents, plan.file.name], [true, [], 2, 'News.luke.jsonl']);
  assert.deepEqual((await readFiles([plan.file])).corpus, CORPUS);
});

test('documents and annotations are filtered, and then it is no backup', async () => {
  assert.deepEqual(selected(CORPUS, 'done', new Set()).documents.map(({ id }) => id), ['a']);
  assert.deepEqual(selected(CORPUS, 'chosen', new Set(['b'])).documents.map(({ id }) => id), ['b']);
  const done = await planWriting(CORPUS, { ...BACKUP, documents: 'done' });
  assert.deepEqual([done.isBackup, done.documents], [false, 1]);
  const human = await planWriting(CORPUS, { ...BACKUP, include: 'human' });
  assert.equal(human.isBackup, false);
  const back = await readFiles([human.file]);
  assert.deepEqual(back.corpus.documents[0]!.spans.map(({ id }) => id), ['s1']);
  assert.equal((await planWriting(CORPUS, { ...BACKUP, documents: 'chosen' })).documents, 0);
});

test('losses are in words, with the names of documents and the texts of spans', async () => {
  const { losses } = await planWriting(CORPUS, { format: 'conll2003', documents: 'all', include: 'accepted' });
  const overlap = losses.find(({ heading }) => heading === 'Spans that overlap');
  assert.deepEqual(overlap?.reasons, ['a: "Ada": it overlaps ORG 0-7, which is written']);
});

test('options of the format are given to it', async () => {
  const choice: WriteChoice = { format: 'conll2003', documents: 'all', include: 'accepted' };
  const two = await planWriting(CORPUS, { ...choice, options: { columns: 'two', overlap: 'innermost' } });
  assert.match(contentOf(two.file), /^Ada B-PER$/m);
  assert.match(contentOf((await planWriting(CORPUS, choice)).file), /^Ada _ _ B-ORG$/m);
});

test('several files become a zip file with a safe name', async () => {
  const plan = await planWriting({ ...CORPUS, name: '../a:b' }, { format: 'brat', documents: 'all', include: 'accepted' });
  assert.ok(plan.files > 1);
  assert.match(plan.file.name, /^[^/:]+\.zip$/);
  assert.equal((await readFiles([plan.file])).corpus.documents.length, 2);
  assert.equal(mediaType(plan.file.name), 'application/zip');
});

test('a format that cannot be written is refused', async () => {
  await assert.rejects(planWriting(CORPUS, { ...BACKUP, format: 'nothing' }), /"nothing" cannot be written/);
});

test('equal reasons are counted, and a long list is cut', () => {
  const twice = groupLosses(Array.from({ length: 2 }, () => ({ kind: 'edges', document: 'a', reason: 'x' })), CORPUS);
  assert.deepEqual(twice, [{ heading: 'Edges of spans', reasons: ['a: x (2 times)'] }]);
  const many = groupLosses(Array.from({ length: 250 }, (_, index) => ({ kind: 'edges', reason: `x${index}` })), CORPUS);
  assert.deepEqual([many[0]!.reasons.length, many[0]!.reasons.at(-1)], [101, 'and 150 more']);
});

test('each kind of loss has a heading', async () => {
  const samples = fc.sample(corpora(), { seed: PROPERTY.seed, numRuns: 60 });
  for (const { id, write } of FORMATS) {
    for (const corpus of samples) {
      const losses = (await write?.(corpus, { include: 'all' }))?.losses ?? [];
      const kinds = new Set(losses.map(({ kind }) => kind));
      for (const { heading } of groupLosses(losses, corpus)) assert.ok(!kinds.has(heading), `${id}: ${heading}`);
    }
  }
});
