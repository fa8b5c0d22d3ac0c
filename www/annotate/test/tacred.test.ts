import assert from 'node:assert/strict';
import test from 'node:test';
import { tacred } from '../formats/tacred.js';
import type { InputFile, ReadResult } from '../formats/format.js';
import type { AnnotatedDocument, Corpus, Json } from '../model/types.js';
import { checkSqueezed } from './squeezed.js';

const json = (value: Json): InputFile => ({ name: 'a.json', bytes: new TextEncoder().encode(JSON.stringify(value)) });
const read = (value: Json) => tacred.read([json(value)]) as ReadResult;
const write = async (corpus: Corpus, options = {}) =>
  JSON.parse(new TextDecoder().decode((await tacred.write!(corpus, { include: 'all', ...options })).files[0]!.bytes)) as { [name: string]: Json }[];
const triples = ({ text, spans, relations }: AnnotatedDocument) => {
  const shown = new Map(spans.map(({ id, pieces: [piece], label }) => [id, `${text.slice(...piece!)}/${label.slice(5)}`]));
  return relations.map(({ head, tail, label }) => `${shown.get(head)} ${label.slice(9)} ${shown.get(tail)}`);
};

test('what is written comes back, after the losses', () => checkSqueezed(tacred, { shape: { halves: true }, write: { rows: 'document' } }));

const ROW = {
  id: 'r1',
  docid: 'd',
  relation: 'per:employee_of',
  token: ['Ada', 'joined', 'Acme', '-LRB-', 'U.S.', '-RRB-', '.'],
  subj_start: 0,
  subj_end: 0,
  obj_start: 2,
  obj_end: 2,
  subj_type: 'PERSON',
  obj_type: 'ORGANIZATION',
  stanford_pos: ['A', 'B', 'C', 'D', 'E', 'F', 'G'],
};
const OTHER = { ...ROW, id: 'r2', relation: 'no_relation', obj_start: 4, obj_end: 4, obj_type: 'LOCATION' };

test('rows of the same tokens are one document, and ends are inclusive', async () => {
  const { corpus, problems } = read([ROW, OTHER, { ...ROW, id: 'r3', docid: 'e' }]);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    corpus.documents.map(({ name, text, spans }) => [name, text, spans.length]),
    [
      ['d', 'Ada joined Acme ( U.S. ) .', 3],
      ['e', 'Ada joined Acme ( U.S. ) .', 2],
    ],
  );
  assert.deepEqual(triples(corpus.documents[0]!), ['Ada/PERSON per:employee_of Acme/ORGANIZATION', 'Ada/PERSON no_relation U.S./LOCATION']);
  const back = (await write(corpus))[0]!;
  for (const [name, value] of Object.entries(ROW)) if (name !== 'token') assert.deepEqual(back[name], value, name);
  assert.deepEqual(back.token, ['Ada', 'joined', 'Acme', '(', 'U.S.', ')', '.']);
});

const span = (id: string, start: number, end: number) => ({ id, pieces: [[start, end]], label: 'span:X', by: 'human', state: 'accepted' }) as const;
const TEXT = 'Ada met Bo. Cy saw Di. Nobody.';
const DOCUMENT: AnnotatedDocument = {
  id: 'd',
  name: 'd',
  text: TEXT,
  status: 'done',
  questions: [],
  spans: [span('a', 0, 3), span('b', 8, 10), span('c', 12, 14), span('e', 19, 21)],
  relations: [{ id: 'r', head: 'c', tail: 'e', label: 'relation:saw', by: 'human', state: 'accepted' }],
};

test('a row has the sentences of its pair', async () => {
  const rows = await write({ name: 'x', labelSets: [], documents: [DOCUMENT] });
  assert.deepEqual(
    rows.map(({ token, relation, subj_start, obj_end }) => [token, relation, subj_start, obj_end]),
    [[['Cy', 'saw', 'Di', '.'], 'saw', 0, 2]],
  );
});

test('pairs of a finished document without a relation', async () => {
  const rows = await write({ name: 'x', labelSets: [], documents: [DOCUMENT] }, { negatives: 'done' });
  assert.deepEqual(
    rows.map(({ relation, subj_id, obj_id }) => `${subj_id} ${relation} ${obj_id}`),
    ['c saw e', 'a no_relation b', 'b no_relation a', 'e no_relation c'],
  );
  assert.equal((await write({ name: 'x', labelSets: [], documents: [{ ...DOCUMENT, status: 'draft' }] }, { negatives: 'done' })).length, 1);
});

test('broken rows are named', () => {
  assert.match(
    read([
      { ...ROW, subj_id: 'a' },
      { ...OTHER, subj_id: 'b', obj_id: 'a' },
    ]).problems[0]!.reason,
    /obj_id "a" belongs to another span/,
  );
  const broken: readonly (readonly [Json, RegExp])[] = [
    [{ ...ROW, token: undefined as unknown as Json }, /without a list "token"/],
    [{ ...ROW, token: ['a', 1] }, /without a list "token"/],
    [{ ...ROW, subj_end: 7 }, /subj_start 0 and subj_end 7/],
    [{ ...ROW, subj_start: -1 }, /subj_start -1/],
    [{ ...ROW, obj_start: 3 }, /obj_start 3 and obj_end 2/],
    [{ ...ROW, obj_start: '2' }, /not a whole number/],
    [{ ...ROW, relation: 7 }, /not a string/],
    ['x', /not an object/],
  ];
  for (const [row, reason] of broken) {
    const { problems } = read([ROW, row]);
    assert.equal(problems[0]?.line, 2);
    assert.match(problems[0]!.reason, reason);
  }
  assert.match(
    (tacred.read([{ name: 'a.json', bytes: new TextEncoder().encode('[{"token": [') }]) as ReadResult).problems[0]!.reason,
    /the JSON is not valid/,
  );
});
