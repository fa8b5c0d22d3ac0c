// What the import dialog shows and does before it writes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planReading, previewOf } from '../files/reading.js';
import { contentOf as describe, placeOf } from '../view/dialogs/import-words.js';
import { labelRows, mapLabels, type LabelTarget } from '../view/dialogs/label-map.js';
import { documentFaults, labelSetFaults } from '../model/check.js';
import { newLabelSet } from '../model/labels.js';
import type { Corpus } from '../model/types.js';
import { spanTexts, textFile } from './helpers.js';
import { document, notes, relation, SETS, span } from './scenes.js';

const LINES = [
  { text: '😀 Ada met Bob\r\nin Rome', label: [[3, 6, 'PER'], [16 + 3, 20 + 3, 'LOC']] },
  { text: 'Eve', label: [[0, 3, 'PER']] },
];
const FILE = textFile(LINES.map((line) => JSON.stringify(line)).join('\n'), 'all.jsonl');

test('format and unit are found out, and another unit gives other texts', async () => {
  const plan = await planReading([FILE], {});
  assert.deepEqual([plan.format?.id, plan.unit?.unit, plan.errors, plan.problems], ['doccano', 'utf-16', 0, []]);
  assert.deepEqual(plan.preview.map(({ pieces }) => pieces), [['Ada'], ['Rome'], ['Eve']]);
  assert.equal(plan.preview[0]?.before, '😀 ');
  assert.equal(describe(plan.corpus), '2 documents with 3 spans');
  const other = await planReading([FILE], { format: 'doccano', unit: 'code-point' });
  assert.equal(other.unit?.unit, 'code-point');
  assert.deepEqual(other.preview[0]?.pieces, ['da ']);
});

test('a chosen format is kept, with its options; problems have their place', async () => {
  const plain = await planReading([textFile('one\ntwo', 'a.txt')], { format: 'plain', options: { documents: 'lines' } });
  assert.deepEqual(plain.corpus.documents.map(({ text }) => text), ['one', 'two']);
  const broken = await planReading([textFile('{"text":"Ada","label":[[0,3,"PER"]]}\n{"text"', 'b.jsonl')], {});
  assert.equal(broken.errors, 1);
  assert.equal(placeOf(broken.problems[0]!), 'b.jsonl, line 2');
  const nothing = await planReading([textFile('\0\x01', 'c.bin')], {});
  assert.deepEqual([nothing.format, nothing.errors, nothing.corpus.documents.length], [undefined, 1, 0]);
});

test('the preview shows spans behind unusual characters first, and cuts no pair', () => {
  const text = `${'😀'.repeat(30)}Ada${'😀'.repeat(30)}`;
  const documents = [document('a', 'Ada', notes([span('s', 0, 3)])), document('b', text, notes([span('s', 60, 63)]))];
  const preview = previewOf({ name: '', labelSets: SETS, documents });
  assert.deepEqual(preview.map(({ document: name }) => name), ['b', 'a']);
  assert.equal(preview[0]?.before, `…${'😀'.repeat(12)}`);
  assert.equal(preview[0]?.after, `${'😀'.repeat(12)}…`);
  const many = Array.from({ length: 50 }, (_, index) => document(`d${index}`, 'Ada', notes([span('s', 0, 3)])));
  assert.equal(previewOf({ name: '', labelSets: SETS, documents: many }).length, 6);
});

const CORPUS: Corpus = {
  name: 'c', labelSets: SETS,
  documents: [
    document('a', 'Ada met Bob', notes([span('s1', 0, 3), span('s2', 0, 3, 'ORG'), span('s3', 8, 11, 'LOC')], [relation('r', 's2', 's3')])),
  ],
};

function mapped(targets: Readonly<Record<string, LabelTarget>>): Corpus {
  const corpus = mapLabels(CORPUS, new Map(Object.entries(targets)));
  assert.deepEqual([...labelSetFaults(corpus.labelSets), ...corpus.documents.flatMap((each) => documentFaults(each, corpus.labelSets))], []);
  return corpus;
}

function labelNames({ labelSets }: Corpus): string[] {
  return labelSets[0]!.labels.map(({ name }) => name);
}

test('labels of a file are listed beside those of the project', () => {
  const rows = labelRows(CORPUS, [newLabelSet('span', ['PER', 'GPE']), newLabelSet('relation', ['knows'])]);
  assert.deepEqual(
    rows.map(({ id, uses, isKnown, choices }) => [id, uses, isKnown, choices]),
    [
      ['span:PER', 1, true, ['GPE']], ['span:ORG', 1, false, ['PER', 'GPE']], ['span:LOC', 1, false, ['PER', 'GPE']],
      ['relation:works for', 1, false, ['knows']], ['type:person', 0, false, []],
    ],
  );
});

test('a label can get another name; one that exists in the file already is joined, and equal spans become one', () => {
  assert.deepEqual(labelNames(mapped({ 'span:LOC': { become: 'label', name: 'GPE' } })), ['PER', 'ORG', 'GPE']);
  const joined = mapped({ 'span:ORG': { become: 'label', name: 'PER' } });
  assert.deepEqual(labelNames(joined), ['PER', 'LOC']);
  assert.deepEqual(spanTexts(joined), ['span:PER Ada', 'span:LOC Bob']);
  assert.deepEqual(joined.documents[0]!.relations.map(({ head, tail }) => [head, tail]), [['s1', 's3']]);
  assert.equal(mapped({}).documents[0], CORPUS.documents[0]);
});

test('two labels can change names', () => {
  const changed = mapped({ 'span:PER': { become: 'label', name: 'LOC' }, 'span:LOC': { become: 'label', name: 'PER' } });
  assert.deepEqual(labelNames(changed), ['LOC', 'ORG', 'PER']);
  assert.equal(changed.documents[0]!.spans.length, 3);
});

test('a label that is left out takes its spans and their relations along', () => {
  const left = mapped({ 'span:ORG': { become: 'nothing' } });
  assert.deepEqual([labelNames(left), spanTexts(left), left.documents[0]!.relations], [['PER', 'LOC'], ['span:PER Ada', 'span:LOC Bob'], []]);
});
