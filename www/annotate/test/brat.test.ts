import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { brat } from '../formats/brat.js';
import type { InputFile, Loss } from '../formats/format.js';
import { hasLoneSurrogate } from '../formats/offsets.js';
import type { AnnotatedDocument, Corpus, Piece } from '../model/types.js';
import { checkFormat } from './testing.js';

const FIXTURES = new URL('../../test/fixtures/brat/', import.meta.url);
const fixture = (name: string): InputFile => ({ name, bytes: new Uint8Array(readFileSync(new URL(name, FIXTURES))) });
const file = (name: string, text: string): InputFile => ({ name, bytes: new TextEncoder().encode(text) });
const read = (...files: InputFile[]) => brat.read(files) as Exclude<ReturnType<typeof brat.read>, Promise<unknown>>;
const spanTexts = ({ text, spans }: AnnotatedDocument) => spans.map(({ pieces }) => pieces.map(([start, end]) => text.slice(start, end)));

test('a file of brat itself', () => {
  const { corpus, problems, unit } = read(fixture('ada.txt'), fixture('ada.ann'));
  assert.deepEqual(problems, []);
  assert.equal(unit?.unit, 'code-point');
  const document = corpus.documents[0]!;
  assert.deepEqual(spanTexts(document), [
    ['Ada', 'Byron'],
    ['𝔏𝔬𝔯𝔡 Byron'],
    ['Charles\nBabbage'],
    ['New\nYork'],
    ['Paris'],
    ['שלום'],
    ['met'],
    ['🥳'],
  ]);
  assert.deepEqual(
    document.relations.map(({ head, tail, label }) => [head, label, tail]),
    [
      ['T1', 'relation:child_of', 'T2'],
      ['T3', 'relation:was_in', 'T4'],
    ],
  );
  assert.equal(document.spans[7]!.note, 'is a face a word?');
});

test('a file of brat comes back as it was, with its events, attributes, roles and notes', async () => {
  const { corpus } = read(fixture('ada.txt'), fixture('ada.ann'));
  const { files, losses } = await brat.write!(corpus, { include: 'all' });
  assert.deepEqual(losses, []);
  const lines = (bytes: Uint8Array) =>
    new TextDecoder()
      .decode(bytes)
      .split('\n')
      .map((line) => line.trimEnd())
      .sort();
  assert.deepEqual(lines(files[1]!.bytes), lines(fixture('ada.ann').bytes));
  assert.deepEqual(files[0]!.bytes, fixture('ada.txt').bytes);
  const configuration = new TextDecoder().decode(files[2]!.bytes);
  assert.match(configuration, /^Meet\tWho\*:<ANY>$/m);
  assert.match(configuration, /^Confidence\tArg:<ANY>, Value:L2$/m);
});

test('what was about a span that is gone is left out, and said', async () => {
  const { corpus } = read(fixture('ada.txt'), fixture('ada.ann'));
  const documents = corpus.documents.map((document) => ({ ...document, spans: document.spans.filter(({ id }) => id !== 'T7') }));
  const { files, losses } = await brat.write!({ ...corpus, documents }, { include: 'all' });
  assert.deepEqual(
    losses.filter(({ kind }) => kind === 'carried').map(({ reason }) => reason.slice(0, 1)),
    ['4'],
  ); // E1, A1, A2, #2
  assert.doesNotMatch(new TextDecoder().decode(files[1]!.bytes), /E1/);
});

test('labels of the configuration, with their hierarchy and the ends of relations', () => {
  const conf =
    '[entities]\n!Agent\n\tPER\n\tORG|Org\n# no\nLOC\n' +
    '[relations]\n<A>=PER|ORG\nworks_for\tArg1:PER, Arg2:<A>\nnear\tArg1:<ANY>, Arg2:LOC\n<OVERLAP>\tArg1:<ANY>\n[events]\nE1 X:PER\n';
  const { corpus } = read(file('a.txt', 'Ada'), file('a.ann', 'T1\tNEW 0 3\tAda\n'), file('annotation.conf', conf));
  assert.deepEqual(
    corpus.labelSets.map(({ labels }) => labels.map(({ name, parent, from, to }) => [name, parent, from, to])),
    [
      [
        ['Agent', undefined, undefined, undefined],
        ['PER', 'span:Agent', undefined, undefined],
        ['ORG', 'span:Agent', undefined, undefined],
        ['LOC', undefined, undefined, undefined],
        ['NEW', undefined, undefined, undefined],
      ],
      [
        ['works_for', undefined, ['span:PER'], ['span:PER', 'span:ORG']],
        ['near', undefined, undefined, ['span:LOC']],
      ],
    ],
  );
});

test('the unit is found by the texts of spans', () => {
  const emoji = file('a.txt', '🙂 Ada');
  assert.equal(read(emoji, file('a.ann', 'T1\tPER 3 6\tAda\n')).unit?.unit, 'utf-16');
  assert.equal(read(emoji, file('a.ann', 'T1\tPER 2 5\tAda\n')).unit?.unit, 'code-point');
  assert.equal(read(file('a.txt', 'a\r\nAda'), file('a.ann', 'T1\tPER 2 5\tAda\n')).unit?.unit, 'grapheme');
});

test('a byte order mark is a character, as for brat, unless the texts say otherwise', () => {
  assert.deepEqual(spanTexts(read(file('a.txt', '\ufeffAda'), file('a.ann', 'T1\tPER 1 4\tAda')).corpus.documents[0]!), [['Ada']]);
  assert.deepEqual(spanTexts(read(file('a.txt', '\ufeffAda'), file('a.ann', 'T1\tPER 0 3\tAda')).corpus.documents[0]!), [['Ada']]);
});

test('broken lines are named', () => {
  const broken: readonly (readonly [string, RegExp])[] = [
    ['T1 PER 0 3 Ada', /no tab after an id/],
    ['X1\tPER 0 3\tAda', /kind that is not known/],
    ['T\tPER 0 3\tAda', /is not an id/],
    ['T1\tPER 0\tAda', /is not two offsets/],
    ['T1\tPER -1 3\tAda', /is not two offsets/],
    ['T1\tPER 0 99999999999999999999\tAda', /is not two offsets/],
    ['T1\tPER 0 99\tAda', /outside of the text/],
    ['T1\tPER 3 0\tAda', /backwards/],
    ['T1\tPER 1 1\t', /empty/],
    ['T1\tPER 0 3;2 4\tAda', /overlap/],
    ['T1\tPER 0 3\tBob', /"Bob", but "Ada"/],
    ['R1\tx Arg1:T1 Arg2:T1', /there is no span "T1" and "T1"/],
    ['R1\tx Arg1:T1', /two arguments/],
  ];
  for (const [line, reason] of broken) {
    const { corpus, problems } = read(file('a.txt', 'Ada Byron'), file('a.ann', `\r\n${line}\r\nT9\tPER 4 9\tByron\r\n`));
    assert.deepEqual([problems.length, problems[0]?.file, problems[0]?.line], [1, 'a.ann', 2], line);
    assert.match(problems[0]!.reason, reason);
    assert.deepEqual(spanTexts(corpus.documents[0]!), [['Byron']]);
  }
});

test('broken files are named', () => {
  const bad = { name: 'a.txt', bytes: Uint8Array.of(0x61, 0x0a, 0xff) };
  assert.deepEqual(read(bad).problems, [{ file: 'a.txt', line: 2, kind: 'error', reason: 'the line is not valid UTF-8' }]);
  assert.deepEqual(read(file('a.ann', '')).problems, [{ file: 'a.ann', kind: 'error', reason: 'its text file a.txt is missing' }]);
  assert.deepEqual(read(file('a.txt', ''), file('tools.conf', '')).problems, [{ file: 'tools.conf', kind: 'loss', reason: 'the file is not read' }]);
  const twice = read(file('a.txt', 'Ada'), file('a.ann', 'T1\tPER 0 3\tAda\nT1\tPER 0 1\tA\n'));
  assert.deepEqual(
    twice.problems.map(({ line, reason }) => [line, reason]),
    [[2, 'the id "T1" occurs a second time; the line is left out']],
  );
});

test('names of files are safe', async () => {
  const document = { text: 'x', status: 'new', spans: [], relations: [], questions: [] } as const;
  const names = ['../../etc/passwd', 'a', 'A', 'a', 'con', 'c:\\x', '', 'x'.repeat(300), '🙂'.repeat(80), 'a_2'];
  const { files } = await brat.write!(
    { name: '', labelSets: [], documents: names.map((name, index) => ({ ...document, id: String(index), name })) },
    { include: 'all' },
  );
  const paths = files.filter(({ name }) => name.endsWith('.txt')).map(({ name }) => name.slice(0, -4));
  assert.deepEqual(paths.slice(0, 7), ['etc/passwd', 'a', 'A_2', 'a_3', '_con', 'c__x', 'document']);
  assert.equal(new Set(paths.map((path) => path.toLowerCase())).size, names.length);
  assert.ok(paths.every((path) => new TextEncoder().encode(path).length <= 190 && !hasLoneSurrogate(path)));
});

test('what is written comes back, after the losses', () => checkFormat(brat, { more: applyBratLosses }));

/** What brat changes of a corpus: line ends in spans and in notes, names of files, and of labels with angle brackets. */
function applyBratLosses(corpus: Corpus, losses: readonly Loss[]): Corpus {
  const isLost = (kind: string) => losses.some((loss) => loss.kind === kind && loss.item === undefined);
  const rename = (name: string) => (isLost('label-names') ? name.replace(/^<&">$/, '____') : name);
  const seen = new Map<string, number>();
  const documents = corpus.documents.map((document) => {
    const note = <T extends { readonly note?: string }>(item: T): T =>
      item.note === undefined || !isLost('note-lines') ? item : { ...item, note: item.note.replace('\r\n', ' ') };
    const named = <T extends { readonly label: string }>(item: T): T => ({ ...item, label: rename(item.label) });
    const spans = document.spans.map((span) => note(isLost('pieces') ? { ...span, pieces: onLines(span.pieces, document.text) } : span));
    return {
      ...document,
      spans: spans.map(named),
      relations: document.relations.map(note).map(named),
      name: isLost('file-names') ? fileName(document.name, seen) : document.name,
    };
  });
  const labelSets = corpus.labelSets.map((set) => ({ ...set, labels: set.labels.map((label) => ({ ...label, name: rename(label.name) })) }));
  return { ...corpus, documents, labelSets };
}

function fileName(name: string, seen: Map<string, number>): string {
  const path = name || 'document';
  seen.set(path, (seen.get(path) ?? 0) + 1);
  return seen.get(path) === 1 ? path : `${path}_${seen.get(path)}`;
}

/** Character by character: white space beside a line end is taken from pieces with line ends, but not from between two characters. */
function onLines(pieces: readonly Piece[], text: string): Piece[] {
  const isEnd = (index: number) => '\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029'.includes(text[index]!);
  const isWhite = (index: number) => /\s/.test(text[index]!) || isEnd(index);
  const trimmed = pieces.flatMap(([start, end]): Piece[] => {
    let first = start;
    let last = end;
    const indices = Array.from({ length: end - start }, (_, index) => start + index);
    if (!indices.some(isEnd)) return [[start, end]];
    while (first < end && isWhite(first) && indices.some((index) => isEnd(index) && index >= first && isAllWhite(first, index))) first += 1;
    while (last > first && isWhite(last - 1) && indices.some((index) => isEnd(index) && index < last && isAllWhite(index, last))) last -= 1;
    // Where no line end is beside it, white space at an edge is on a line of its own, and is cut as brat does.
    while (first < last && /\s/.test(text[first]!)) first += 1;
    while (last > first && /\s/.test(text[last - 1]!)) last -= 1;
    return first < last ? [[first, last]] : [];
  });
  function isAllWhite(from: number, to: number): boolean {
    for (let index = from; index < to; index++) if (!isWhite(index)) return false;
    return true;
  }
  const joined: Piece[] = [];
  for (const piece of trimmed) {
    const last = joined.at(-1);
    const gap = last ? Array.from({ length: piece[0] - last[1] }, (_, index) => last[1] + index) : [];
    if (last && gap.some(isEnd) && gap.every(isWhite)) joined[joined.length - 1] = [last[0], piece[1]];
    else joined.push(piece);
  }
  return joined;
}
