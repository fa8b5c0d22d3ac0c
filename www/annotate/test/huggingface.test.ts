import assert from 'node:assert/strict';
import test from 'node:test';
import { huggingFace } from '../formats/huggingface.js';
import type { InputFile, ReadResult } from '../formats/format.js';
import type { AnnotatedDocument, Corpus, Json } from '../model/types.js';
import { applyEdges } from './squeezed.js';
import { checkFormat } from './testing.js';

const json = (name: string, ...rows: readonly Json[]): InputFile => ({
  name,
  bytes: new TextEncoder().encode(rows.map((row) => `${JSON.stringify(row)}\n`).join('')),
});
const read = (...files: readonly InputFile[]) => huggingFace.read(files) as ReadResult;
const write = async (corpus: Corpus, options = {}) => (await huggingFace.write!(corpus, { include: 'all', ...options })).files;
const rowsOf = ({ bytes }: InputFile) =>
  new TextDecoder()
    .decode(bytes)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { [name: string]: Json });
const spansOf = ({ text, spans }: AnnotatedDocument) => spans.map(({ pieces: [piece], label }) => `${label.slice(5)} ${text.slice(...piece!)}`);

for (const rows of ['sentence', 'document']) {
  for (const tags of ['numbers', 'names']) {
    test(`texts and spans come back exactly, after the losses: ${rows}, ${tags}`, () =>
      checkFormat(huggingFace, { shape: { halves: true }, write: { rows, tags }, more: applyEdges }));
  }
}

const PARIS = { id: '7', tokens: ['Ada', 'in', 'Los', 'Angeles', '.'], ner_tags: [1, 0, 3, 4, 0], pos_tags: [1, 2, 3, 4, 5] };
const INFO = {
  default: {
    features: {
      id: { _type: 'Value' },
      ner_tags: { feature: { names: ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC'], _type: 'ClassLabel' }, _type: 'Sequence' },
    },
  },
};

test('numbers with names in the description of the data set; other fields come back', async () => {
  const { corpus, problems } = read(json('train.jsonl', PARIS), json('dataset_infos.json', INFO));
  assert.deepEqual(problems, []);
  const document = corpus.documents[0]!;
  assert.deepEqual(
    [document.text, spansOf(document), document.meta],
    ['Ada in Los Angeles .', ['PER Ada', 'LOC Los Angeles'], { text: 'rebuilt from tokens' }],
  );
  const [row] = rowsOf((await write(corpus))[0]!);
  assert.deepEqual(
    [row!.id, row!.tokens, row!.ner_tags, row!.pos_tags, row!.ner_tags_str],
    ['7', PARIS.tokens, PARIS.ner_tags, PARIS.pos_tags, ['B-PER', 'O', 'B-LOC', 'I-LOC', 'O']],
  );
});

test('names beside the numbers, names instead of numbers, and other names of fields', () => {
  const texts = [
    { tokens: ['Ada', 'x'], ner_tags: [3, 0], ner_tags_str: ['B-PER', 'O'] },
    { tokens: ['Ada', 'x'], ner_tags: ['B-PER', 'O'] },
    { words: ['Ada', 'x'], labels: ['PER', 'O'] },
    { tokens: ['Ada', 'x'], tags: [1, 0], tag_names: ['O', 'B-PER', 'I-PER'] },
  ];
  for (const row of texts) {
    const { corpus, problems } = read(json('a.jsonl', row));
    assert.deepEqual([spansOf(corpus.documents[0]!), problems], [['PER Ada'], []], JSON.stringify(row));
  }
});

test('the description has the names of the tags, and rows are sentences', async () => {
  const text = '🙂 Ada. Bo!';
  const span = { id: 's', pieces: [[3, 6]], label: 'span:PER', by: 'human', state: 'accepted' } as const;
  const corpus: Corpus = {
    name: 'x',
    labelSets: [],
    documents: [{ id: 'd', name: 'd', text, status: 'new', spans: [span], relations: [], questions: [] }],
  };
  const [rows, info] = await write(corpus);
  assert.deepEqual(rowsOf(rows!), [
    {
      id: '0',
      document: 1,
      name: 'd',
      tokens: ['🙂', 'Ada', '.'],
      ner_tags: [0, 1, 0],
      ner_tags_str: ['O', 'B-PER', 'O'],
      text: '🙂 Ada. ',
      offsets: [
        [0, 1],
        [2, 5],
        [5, 6],
      ],
    },
    {
      id: '1',
      document: 1,
      name: 'd',
      tokens: ['Bo', '!'],
      ner_tags: [0, 0],
      ner_tags_str: ['O', 'O'],
      text: 'Bo!',
      offsets: [
        [0, 2],
        [2, 3],
      ],
    },
  ]);
  const { features } = JSON.parse(new TextDecoder().decode(info!.bytes)) as { features: { ner_tags: { feature: { names: string[] } } } };
  assert.deepEqual(features.ner_tags.feature.names, ['O', 'B-PER', 'I-PER']);
});

test('broken rows are named', () => {
  const broken: readonly (readonly [Json, RegExp])[] = [
    [{ tokens: ['a'], ner_tags: [1] }, /their names are not known/],
    [{ tokens: ['a'], ner_tags: ['O', 'O'] }, /1 tokens and 2 tags/],
    [{ ner_tags: ['O'] }, /without a list "tokens"/],
    [{ tokens: ['a', 1], ner_tags: ['O', 'O'] }, /not a string/],
    [{ tokens: ['a'], ner_tags: [9], tag_names: ['O', 'B-X'] }, /9 is not the number of a tag/],
    [{ tokens: [''], ner_tags: ['B-X'] }, /they are empty/],
    [{ tokens: ['a'], ner_tags: ['B-X'], text: 'a', offsets: [[0, 9]] }, /outside of the text/],
    [{ tokens: ['a'], ner_tags: ['B-X'], text: 'a', offsets: [[0]] }, /start and end of each/],
    [{ tokens: ['a'] }, /the row has no spans/],
    [{ tokens: 'a', ner_tags: [] }, /not a list/],
    [7, /not an object/],
  ];
  for (const [row, reason] of broken) {
    const { problems } = read(json('a.jsonl', { tokens: ['x'], ner_tags: ['O'] }, row));
    assert.deepEqual([problems[0]?.file, problems[0]?.line], ['a.jsonl', 2], JSON.stringify(row));
    assert.match(problems[0]!.reason, reason);
  }
});
