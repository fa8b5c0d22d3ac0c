// Writes the files that other tools read, and what is expected of each, into a folder. README.md says how to run it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { WriteOptions } from '../../formats/format.js';
import { formatOf, FORMATS } from '../../formats/index.js';
import { nameOfId } from '../../model/labels.js';
import type { AnnotatedDocument, Corpus, Piece } from '../../model/types.js';
import { applyLosses } from '../expected.js';
import { oracleCorpus } from './corpus.js';

/** A folder, the format of its files, and the choices of a person. */
type Target = readonly [folder: string, format: string, options?: Omit<WriteOptions, 'include'>];

const TARGETS: readonly Target[] = [
  ['doccano-spans', 'doccano', { layout: 'label' }],
  ['doccano-relations', 'doccano', { layout: 'relations' }],
  ['label-studio', 'label-studio'],
  ['prodigy', 'prodigy'],
  ['docbin', 'spacy-docbin'],
  ['docbin-all', 'spacy-docbin', { group: 'all' }],
  ['tuples', 'spacy-tuples'],
  ['tuples-all', 'spacy-tuples', { form: 'list', group: 'all' }],
  ['tuples-ner-annotator', 'spacy-tuples', { form: 'ner-annotator' }],
  ['cas-json', 'cas-json', { tokens: 'own' }],
  ['cas-json-entity', 'cas-json', { layer: 'entity' }],
  ['xmi', 'xmi', { tokens: 'own' }],
  ['xmi-11', 'xmi', { layer: 'entity', xml: 'v11' }],
  ['rows', 'huggingface'],
  ['rows-names', 'huggingface', { rows: 'document', tags: 'names', overlap: 'innermost' }],
  ['conll-iob2', 'conll2003'],
  ['conll-iob1', 'conll2003', { scheme: 'iob1', overlap: 'innermost' }],
  ['conll-iobes', 'conll2003', { scheme: 'iobes', columns: 'two', separator: '\t' }],
  ['conllu', 'conllu'],
  ['brat', 'brat'],
  ['csv', 'csv', { unit: 'code-point' }],
  ['csv-utf16', 'csv', { delimiter: ';' }],
  ['csv-tab', 'csv', { delimiter: '\t' }],
  ['tacred', 'tacred', { rows: 'document' }],
  ['tacred-sentences', 'tacred', { negatives: 'done' }],
  ['w3c', 'w3c'],
  ['squad', 'squad'],
  ['squad-11', 'squad', { version: '1.1' }],
];

const folder = process.argv[2];
if (folder === undefined) throw new Error('Usage: write.mjs FOLDER');
const corpus = oracleCorpus();
const expected = [];
for (const [name, id, options] of TARGETS) {
  const { files, losses } = await formatOf(id)!.write!(corpus, { include: 'all', ...options });
  for (const file of files) {
    const path = join(folder, name, file.name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, file.bytes);
  }
  const left = withNames(applyLosses(corpus, losses, 'all', id));
  const documents = left.documents.map(inCodePoints);
  expected.push({ folder: name, format: id, options: options ?? {}, files: files.map((file) => file.name), documents });
}
const unread = FORMATS.filter(({ id, write }) => write && !TARGETS.some(([, format]) => format === id)).map(({ id }) => id);
writeFileSync(join(folder, 'expected.json'), JSON.stringify({ targets: expected, unread }, null, 1));
console.log(`${corpus.documents.length} documents in ${expected.length} folders`);

function withNames(left: Corpus): Corpus {
  const names = new Map(corpus.labelSets.flatMap(({ labels }) => labels.map(({ id, name }) => [id, name])));
  const named = <T extends { readonly label: string }>(kind: 'span' | 'relation', items: readonly T[]) =>
    items.map((item) => ({ ...item, label: names.get(item.label) ?? nameOfId(kind, item.label) }));
  const documents = left.documents.map((document) => ({
    ...document, spans: named('span', document.spans), relations: named('relation', document.relations),
  }));
  return { ...left, documents };
}

/** What a reader in Python has to find. Python counts code points. */
function inCodePoints({ name, text, status, spans, relations, questions }: AnnotatedDocument): unknown {
  const count = (offset: number) => [...text.slice(0, offset)].length;
  const pieces = (all: readonly Piece[]) => all.map(([start, end]) => [count(start), count(end)]);
  const indexes = new Map(spans.map(({ id }, index) => [id, index]));
  return {
    name, text, status,
    spans: spans.map(({ label, state, pieces: all }) => ({ label, state, pieces: pieces(all) })),
    relations: relations.map(({ label, state, head, tail }) => ({ label, state, head: indexes.get(head), tail: indexes.get(tail) })),
    questions: questions.map(({ id, question, answers }) => ({ id, question, answers: pieces(answers) })),
  };
}
