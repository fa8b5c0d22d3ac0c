import assert from 'node:assert/strict';
import test from 'node:test';
import type { InputFile, Loss, ReadResult } from '../formats/format.js';
import { w3c } from '../formats/w3c.js';
import type { AnnotatedDocument, Corpus, Json, Span } from '../model/types.js';
import { checkFormat } from './testing.js';

const txt = (name: string, text: string): InputFile => ({ name, bytes: new TextEncoder().encode(text) });
const json = (value: Json): InputFile => txt('a.jsonld', JSON.stringify(value));
const read = (...files: readonly InputFile[]) => w3c.read(files) as ReadResult;
const spanTexts = ({ text, spans }: AnnotatedDocument) => spans.map(({ pieces }) => pieces.map(([start, end]) => text.slice(start, end)).join('|'));

test('what is written comes back, after the losses', () => checkFormat(w3c, { more: applyW3cLosses }));

function applyW3cLosses(corpus: Corpus, losses: readonly Loss[]): Corpus {
  const isLost = (wanted: string) => losses.some(({ kind }) => kind === wanted);
  const seen = new Map<string, number>();
  const documents = corpus.documents.map((document) => {
    const name = document.name || 'document';
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    const spans = document.spans.map(({ was, ...span }): Span => ({ ...span, ...(was && !isLost('history') && { was }) }));
    return { ...document, spans, name: isLost('file-names') ? (count > 1 ? `${name}_${count}` : name) : document.name };
  });
  return { ...corpus, documents };
}

const quote = (exact: string, around: Json = {}) => ({ type: 'TextQuoteSelector', exact, ...(around as object) });
const position = (start: number, end: number) => ({ type: 'TextPositionSelector', start, end });
const annotation = (selector: Json, more: object = {}): Json => ({
  type: 'Annotation',
  body: [{ type: 'TextualBody', purpose: 'tagging', value: 'PER' }],
  target: { source: 'a.txt', selector },
  ...more,
});

test('the unit is found by the quotes: code points by the specification, UTF-16 of Hypothesis and Recogito', () => {
  const text = txt('a.txt', '🙂 Ada');
  for (const [start, unit] of [
    [2, 'code-point'],
    [3, 'utf-16'],
  ] as const) {
    const { corpus, problems, unit: found } = read(text, json([annotation([position(start, start + 3), quote('Ada')])]));
    assert.deepEqual([problems, found?.unit, spanTexts(corpus.documents[0]!)], [[], unit, ['Ada']]);
  }
});

test('the quote counts, and surroundings and position decide between equal quotes', () => {
  const text = txt('a.txt', 'Ada met Ada and Ada.');
  const find = (...selector: Json[]) => read(text, json([annotation(selector)])).corpus.documents[0]!.spans.map(({ pieces }) => pieces[0]![0]);
  assert.deepEqual(find(quote('Ada')), [0]);
  assert.deepEqual(find(quote('Ada', { prefix: 'met ' })), [8]);
  assert.deepEqual(find(quote('Ada', { prefix: 'and ', suffix: '.' }), position(8, 11)), [8]); // it is there
  assert.deepEqual(find(quote('Ada', { prefix: 'and ', suffix: '.' }), position(9, 12)), [16]);
  assert.deepEqual(find(quote('Ada'), position(9, 12)), [8]);
  assert.deepEqual(find(position(4, 7)), [4]);
  assert.deepEqual(find({ type: 'FragmentSelector', value: 'char=4,7' }), [4]);
  const { problems } = read(text, json([annotation([position(9, 12), quote('Ada')])]));
  assert.match(problems[0]!.reason, /"Ada" is not at its position 9; it was found at 8/);
});

test('a file of Hypothesis, whose address is not the name of the text file', () => {
  const row = {
    id: 'x1',
    uri: 'https://example.org/',
    created: '2024-01-01T00:00:00Z',
    user: 'acct:ada',
    text: 'sure?',
    tags: ['PER', 'AUTHOR'],
    target: [{ source: 'https://example.org/', selector: [{ type: 'RangeSelector', startOffset: 1 }, position(3, 6), quote('Ada')] }],
  };
  const { corpus, problems } = read(txt('page.txt', '🙂 Ada'), json({ total: 1, rows: [row] }));
  assert.deepEqual(problems, []);
  const [first, second] = corpus.documents[0]!.spans;
  assert.deepEqual([first!.label, first!.note, second!.label, spanTexts(corpus.documents[0]!)], ['span:PER', 'sure?', 'span:AUTHOR', ['Ada', 'Ada']]);
  assert.equal(first!.extra!.user, 'acct:ada');
});

test('links with a tag in their body, or in an annotation of the link', () => {
  const tag = (value: string) => ({ type: 'TextualBody', purpose: 'tagging', value });
  const items = [
    annotation(quote('Ada'), { id: 'urn:a' }),
    annotation(quote('Bo'), { id: 'urn:b' }),
    { id: 'urn:r', type: 'Annotation', motivation: 'linking', body: ['urn:b', tag('knows')], target: 'urn:a' },
    { id: 'urn:q', type: 'Annotation', motivation: 'linking', body: 'urn:a', target: 'urn:b' },
    { id: 'urn:t', type: 'Annotation', motivation: 'tagging', body: tag('met'), target: 'urn:q' },
    { id: 'urn:z', type: 'Annotation', motivation: 'linking', body: 'urn:none', target: 'urn:b' },
  ];
  const { corpus, problems } = read(txt('a.txt', 'Ada Bo'), json({ type: 'AnnotationPage', items }));
  assert.deepEqual(
    corpus.documents[0]!.relations.map(({ head, label, tail }) => [head, label, tail]),
    [
      ['urn:a', 'relation:knows', 'urn:b'],
      ['urn:b', 'relation:met', 'urn:a'],
    ],
  );
  assert.deepEqual(
    problems.map(({ reason }) => reason),
    ['items[5]: it links "urn:b" to "urn:none", which are not two annotations of one text; it is left out'],
  );
});

test('a file that was read is written with its ids and the fields that we do not know', async () => {
  const more = {
    id: 'https://example.org/1',
    motivation: 'highlighting',
    creator: { id: 'https://example.org/ada', name: 'Ada' },
    created: '2024-01-01',
    generator: { type: 'Software', name: 'Recogito' },
    rights: 'x',
    body: [
      { type: 'TextualBody', purpose: 'tagging', value: 'PER' },
      { type: 'Image', id: 'https://example.org/i' },
    ],
  };
  const { corpus } = read(txt('a.txt', 'Ada'), json([annotation([quote('Ada')], more)]));
  const { files } = await w3c.write!(corpus, { include: 'all' });
  const { first } = JSON.parse(new TextDecoder().decode(files[1]!.bytes)) as { first: { items: [{ [name: string]: Json }] } };
  const { target, type: _, ...back } = first.items[0];
  assert.deepEqual(back, more);
  assert.deepEqual(target, { source: 'a.txt', selector: [position(0, 3), quote('Ada', { prefix: '', suffix: '' })] });
});

test('broken annotations are named', () => {
  const broken: readonly (readonly [Json, RegExp])[] = [
    [7, /\[0\]: 7 is not an annotation/],
    [{ type: 'Annotation' }, /no "target"/],
    [annotation([]), /no quote and no position/],
    [annotation([{ type: 'XPathSelector', value: '/' }]), /no quote and no position/],
    [annotation([quote('Bob')]), /"Bob" is not in the text/],
    [annotation([quote('')]), /the quote is empty/],
    [annotation([quote('\ud83d')]), /cuts a character/],
    [annotation([position(0, 99)]), /0 to 99 is not a part of the text/],
    [annotation([position(3, 3)]), /3 to 3 is not a part/],
    [annotation([quote('Ada')], { body: [] }), /no label was found/],
    [
      annotation([quote('Ada')], {
        target: [
          { source: 'a.txt', selector: quote('Ada') },
          { source: 'b.txt', selector: quote('Ada') },
        ],
      }),
      /several texts/,
    ],
    [
      annotation([quote('Ada')], {
        target: [
          { source: 'a.txt', selector: position(2, 4) },
          { source: 'a.txt', selector: position(3, 5) },
        ],
      }),
      /overlap/,
    ],
    [annotation([quote('Ada')], { target: { source: 'c.txt', selector: quote('Ada') } }), /its source is "c.txt"/],
    [annotation([quote('Ada')], { 'luke:score': 7 }), /luke:score: 7 is not/],
  ];
  for (const [value, reason] of broken) {
    const { problems } = read(txt('a.txt', '🙂 Ada'), txt('b.txt', ''), json([value]));
    assert.equal(problems.length, 1, JSON.stringify([value, problems]));
    assert.match(problems[0]!.reason, reason);
  }
});

test('quotes that are not in the text are searched for up to a bound', () => {
  const text = 'b'.repeat(100_000);
  const items = Array.from({ length: 1200 }, () => annotation([quote('ab')]));
  const { problems } = read(txt('a.txt', text), json([...items, annotation([quote('b')])]));
  assert.match(problems[0]!.reason, /"ab" is not in the text/);
  assert.match(problems[999]!.reason, /"ab" is not in the text/);
  assert.match(problems.at(-1)!.reason, /201 more problems/);
});
