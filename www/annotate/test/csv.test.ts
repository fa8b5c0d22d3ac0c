import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { readTable, unprotect, writeTable } from '../formats/csv-table.js';
import { csv } from '../formats/csv.js';
import type { InputFile, Loss, ReadOptions, ReadResult } from '../formats/format.js';
import { ProblemList } from '../formats/problems.js';
import type { AnnotatedDocument, Corpus, Extra, Relation, Span } from '../model/types.js';
import { checkFormat, PROPERTY, texts } from './testing.js';

const file = (name: string, text: string): InputFile => ({ name, bytes: new TextEncoder().encode(text) });
const read = (files: readonly InputFile[], options?: ReadOptions) => csv.read(files, options) as ReadResult;
const spanTexts = ({ text, spans }: AnnotatedDocument) => spans.map(({ pieces }) => pieces.map(([start, end]) => text.slice(start, end)));

for (const [delimiter, unit] of [
  [',', 'utf-16'],
  [';', 'code-point'],
  ['\t', 'code-point'],
] as const) {
  test(`what is written comes back, after the losses: ${JSON.stringify(delimiter)}, ${unit}`, () =>
    checkFormat(csv, { write: { delimiter, unit }, more: applyCsvLosses }));
}

function applyCsvLosses(corpus: Corpus, losses: readonly Loss[]): Corpus {
  const isLost = (wanted: string) => losses.some(({ kind }) => kind === wanted);
  const bare = <T extends Span | Relation>(item: T): T => {
    const { model: _, at: __, was: ___, ...rest } = item as Span;
    return (isLost('history') ? rest : item) as T;
  };
  const asText = (meta: Extra) =>
    Object.fromEntries(Object.entries(meta).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]));
  return {
    ...corpus,
    documents: corpus.documents.map((document) => ({
      ...document,
      spans: document.spans.map(bare),
      relations: document.relations.map(bare),
      ...(document.meta && { meta: isLost('meta-types') ? asText(document.meta) : document.meta }),
    })),
  };
}

test('any cells come back', () => {
  const rows = fc.array(fc.tuple(texts(), texts(), fc.constantFrom('', '=1', "'=1", "''@", '"', '""', '\r', '\n', ' x ', "'")), { maxLength: 5 });
  fc.assert(
    fc.property(rows, fc.constantFrom(',', ';', '\t', '|'), (cells, delimiter) => {
      const problems = new ProblemList();
      const text = new TextDecoder().decode(
        writeTable(
          ['a', 'b', 'c'],
          cells.map((row) => ['x', ...row.slice(1)]),
          delimiter,
        ),
      );
      const table = readTable(text, problems.of('t'));
      assert.deepEqual(problems.all, []);
      const back = table!.rows.map((row) => ['b', 'c'].map((name) => unprotect(row.cells.get(name) ?? '')));
      assert.deepEqual(
        back,
        cells.map((row) => row.slice(1)),
      );
    }),
    PROPERTY,
  );
});

test('a table of texts: names of columns become metadata', () => {
  const { corpus, problems } = read([file('a.csv', '\ufeffid;Text;author\r\n7;"Ada; ""x""\r\nB";Bo\r\n8;=1+1;\r\n')]);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    corpus.documents.map(({ name, text, meta }) => [name, text, meta]),
    [
      ['a 1', 'Ada; "x"\r\nB', { id: '7', author: 'Bo' }],
      ['a 2', '=1+1', { id: '8' }],
    ],
  );
});

test('one column needs no name, and a column can be chosen', () => {
  assert.deepEqual(
    read([file('a.csv', 'Sentence\nAda\n')]).corpus.documents.map(({ text }) => text),
    ['Ada'],
  );
  assert.deepEqual(
    read([file('a.csv', 'x,y\nAda,Bo\n')], { text: 'y' }).corpus.documents.map(({ text, meta }) => [text, meta]),
    [['Bo', { x: 'Ada' }]],
  );
});

test('cells that spreadsheets would run get an apostrophe', async () => {
  const document = { id: '1', name: '=cmd', text: '@SUM(1)', status: 'new', spans: [], relations: [], questions: [] } as const;
  const { files } = await csv.write!({ name: 'x', labelSets: [], documents: [document] }, { include: 'all' });
  const written = new TextDecoder().decode(files[0]!.bytes);
  assert.match(written, /,'@SUM\(1\)\r\n$/);
  assert.match(written, /,'=cmd,/);
  assert.equal(read(files).corpus.documents[0]!.text, '@SUM(1)');
  // In a file of somebody else an apostrophe is text, unless a person says so.
  assert.equal(read([file('a.csv', "text,x\n'-1,\n")]).corpus.documents[0]!.text, "'-1");
  assert.equal(read([file('a.csv', "text,x\n'-1,\n")], { apostrophes: 'remove' }).corpus.documents[0]!.text, '-1');
});

test('spans of another program: the unit is found by their texts', () => {
  const documents = file('d.csv', 'doc,text\n1,🙂 Ada\n');
  const spans = (start: number) => file('s.csv', `doc,start,end,label,text\n1,${start},${start + 3},PER,Ada\n`);
  const points = read([documents, spans(2)]);
  assert.equal(points.unit?.unit, 'code-point');
  assert.deepEqual(spanTexts(points.corpus.documents[0]!), [['Ada']]);
  assert.equal(read([documents, spans(3)]).unit?.unit, 'utf-16');
});

test('broken tables are named', () => {
  const documents = 'doc,text\n1,Ada\n';
  const broken: readonly (readonly [spans: string, line: number, reason: RegExp])[] = [
    ['doc,start,end,label\n2,0,3,PER\n', 2, /no document "2"/],
    ['doc,start,end,label\n,0,3,PER\n', 2, /no document is named/],
    ['doc,start,end,label\n1,0,9,PER\n', 2, /outside of the text/],
    ['doc,start,end,label\n1,x,3,PER\n', 2, /start "x"/],
    ['doc,start,end,label\n\n1,-1,3,PER\n', 3, /start "-1"/],
    ['doc,start,end,label\n1,0,3,\n', 2, /no label/],
    ['doc,start,end,label,text\n1,0,3,PER,Bob\n', 2, /"Bob", but "Ada"/],
    ['doc,start,end,label,score\n1,0,3,PER,2\n', 2, /score "2"/],
    ['doc,start,end,label,state\n1,0,3,PER,maybe\n', 2, /"maybe" is not one of/],
    ['doc,span,start,end,label\n1,a,0,3,PER\n1,a,0,1,PER\n', 3, /"a" occurs a second time/],
    ['doc,start,end,label\n1,0,3,PER,more\n', 2, /5 cells/],
    ['doc,start,end,label,end\n1,0,3,PER\n', 1, /column 5 has the name "end"/],
    ['doc,start,end,label\n1,0,3,"PER\n', 2, /quotes/],
    ['doc,head,tail,label\n1,a,b,x\n', 2, /there is no span "a"/],
    ['a,b\n1,2\n', 1, /no column is named "text"/],
  ];
  for (const [spans, line, reason] of broken) {
    const { problems, corpus } = read([file('d.csv', documents), file('s.csv', spans)]);
    assert.deepEqual([problems.length, problems[0]?.file, problems[0]?.line], [1, 's.csv', line], spans);
    assert.match(problems[0]!.reason, reason);
    assert.equal(corpus.documents.length, 1);
  }
  assert.match(read([file('a.csv', '')]).problems[0]!.reason, /no row of names/);
  assert.match(read([file('a.csv', 'doc,text\n1,a\n1,b\n')]).problems[0]!.reason, /the document "1" occurs a second time/);
});
