import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { own } from '../formats/own.js';
import type { Problem, ReadResult, WriteResult } from '../formats/format.js';
import { checkFormat, corpora, property } from './testing.js';

const ALL = { include: 'all' } as const;
const HEAD =
  '{"format":"luke-annotations","version":1,"offsets":"utf-16","name":"c",' +
  '"labelSets":[{"id":"span","kind":"span","overlap":true,"labels":[{"id":"span:PER","name":"PER","color":0}]}]}';

function read(...lines: string[]): ReadResult {
  return own.read([{ name: 'f.luke.jsonl', bytes: new TextEncoder().encode(lines.join('\n')) }]) as ReadResult;
}

function reasons(problems: readonly Problem[]): string[] {
  return problems.map(({ line, kind, reason }) => `${line} ${kind}: ${reason}`);
}

test('everything comes back equal, ids and order too, and there is no loss', () => {
  fc.assert(fc.property(corpora({ halves: true }), (corpus) => {
    const { files, losses } = own.write!(corpus, ALL) as WriteResult;
    const back = own.read(files) as ReadResult;
    assert.deepEqual([losses, back.problems], [[], []]);
    assert.deepEqual(back.corpus, corpus);
    assert.deepEqual((own.write!(back.corpus, ALL) as WriteResult).files, files);
    assert.equal(own.detect(files), 1);
  }), property(20));
});

test('the property of all formats', () => checkFormat(own, { shape: { halves: true } }));

test('unknown fields of a later version are kept byte for byte', () => {
  const head = HEAD.replace('"color":0', '"color":0,"shape":"round"')
    .replace('"overlap":true,', '"overlap":true,')
    .replace(/\}$/, ',"later":{"b":1,"a":[2]}}');
  const line =
    '{"id":"d","name":"n","status":"new","text":"Ada","spans":[{"id":"s","pieces":[[0,3]],' +
    '"label":"span:PER","by":"human","state":"accepted","extra":{"id":7,"x":null},"mood":"\\ud800"}],' +
    '"extra":{".luke-annotations":{"text":"inside"},"y":1},"more":true}';
  const { corpus, problems } = read(head, line, '');
  assert.deepEqual(problems, []);
  assert.equal(corpus.documents[0]!.text, 'Ada');
  const { files } = own.write!(corpus, ALL) as WriteResult;
  assert.equal(
    new TextDecoder().decode(files[0]!.bytes),
    `${head}\n${line.replace('{".luke-annotations":{"text":"inside"},"y":1}', '{"y":1,".luke-annotations":{"text":"inside"}}')}\n`,
  );
  const again = own.read(files) as ReadResult;
  assert.deepEqual((own.write!(again.corpus, ALL) as WriteResult).files, files);
});

test('several files become one corpus', () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const line = '{"id":"d","text":"Ada","spans":[{"id":"s","pieces":[[0,3]],"label":"x","by":"human","state":"accepted"}]}';
  const { corpus, problems } = own.read([
    { name: 'a.luke.jsonl', bytes: bytes(`${HEAD}\n`) }, { name: 'b.luke.jsonl', bytes: bytes(`${HEAD.replace('span:PER', 'x')}\n${line}`) },
  ]) as ReadResult;
  assert.deepEqual(problems, []);
  assert.deepEqual([corpus.labelSets.length, corpus.documents[0]!.spans[0]!.label], [1, 'span:PER']);
});

test('what is not our format is refused', () => {
  assert.deepEqual(reasons(read('').problems), ['undefined error: the file has no first line with the label sets']);
  assert.deepEqual(reasons(read('{"text":"x"}').problems), ['1 error: the first line must have "format":"luke-annotations", but has nothing']);
  assert.deepEqual(reasons(read(HEAD.replace('"version":1', '"version":2')).problems), ['1 error: version 2 of the format is not known, only 1']);
  assert.deepEqual(reasons(read(HEAD.replace('utf-16', 'byte')).problems), ['1 error: "offsets" must be "utf-16", but is "byte"']);
  assert.equal(own.detect([{ name: 'a.luke.jsonl', bytes: new Uint8Array([0xff, 0xfe]) }]), 0);
});

test('broken lines and fields are named, and the rest is read', () => {
  const spans = [
    '{"id":"a","pieces":[[0,2]],"label":"span:PER","by":"me","score":2,"at":"now"}',
    '{"id":"a","pieces":[[2,3]],"label":"span:PER"}',
    '{"pieces":[[0,99]],"label":"span:PER"}',
    '{"pieces":[[1,0]]}',
    '{"pieces":[]}',
    '{"pieces":[[0,2],[1,3]]}',
    '{"pieces":[["0",2]]}',
    '{"id":"c","pieces":[[0,4]],"label":"span:ORG","was":{"pieces":[[0,9]],"x":1}}',
    '7',
  ].join(',');
  const relations = '{"id":"r","head":"a","tail":"zzz","label":"l"},{"id":"r","head":"a","tail":"a"}';
  const { corpus, problems } = read(
    HEAD,
    '{"id":"d","text":"🙂Ada","status":"odd","spans":[' + spans + '],"relations":[' + relations + '],"questions":[{}]}',
    '{"id":"x"}',
    '[]',
    '{',
  );
  assert.deepEqual(
    corpus.documents.map((document) => [document.spans.length, document.relations.length, document.questions.length]),
    [[3, 1, 0]],
  );
  assert.deepEqual(reasons(problems), [
    '2 loss: status: "odd" is not one of new, draft, done, skipped, flagged',
    '2 loss: spans[8]: 7 is not an object',
    '2 loss: spans[0].by: "me" is not one of human, model, import',
    '2 loss: spans[0].score: 2 is not between 0 and 1',
    '2 loss: spans[0].at: "now" is not a number',
    '2 loss: spans[1]: the id "a" occurs twice; it gets the id "new-1"',
    '2 loss: spans[2].pieces[0]: 0 to 99 is outside of the text, which is 5 long in the unit utf-16',
    '2 loss: spans[3].pieces[0]: 1 to 0 is backwards',
    '2 loss: spans[4]: it has no pieces; it is left out',
    '2 loss: spans[5].pieces[1]: start 1 is inside of a character in the unit utf-16',
    '2 loss: spans[6].pieces[0]: start is missing or not a number',
    '2 loss: spans[7]: "span:ORG" is not a label of kind span in the first line; "span:ORG" is added',
    '2 loss: spans[7].was.pieces[0]: 0 to 9 is outside of the text, which is 5 long in the unit utf-16',
    '2 loss: spans[7].was: no label was found; it becomes "unlabeled"',
    '2 loss: spans[7].was: it has no label; "span:unlabeled" is added',
    '2 loss: spans[7].was: unknown fields are left out: "x"',
    '2 loss: relations[0]: head "a" or tail "zzz" is not a span of the document; the relation is left out',
    '2 loss: relations[1]: no label was found; it becomes "unlabeled"',
    '2 loss: relations[1]: it has no label; "relation:unlabeled" is added',
    '2 loss: questions[0]: a question without "question" is left out',
    '3 error: a document without "text" is left out',
    '4 loss: [] is not an object',
    '5 error: the JSON is not valid at column 2: a name or } was expected, not the end of the text',
  ]);
});

test('label sets are checked', () => {
  const labels =
    '{"id":"a","name":"A","color":77,"key":"ab","parent":"b"},{"id":"b","name":"B","color":1,"parent":"a"},' +
    '{"id":"c","name":"C","color":1,"parent":"x","from":["a","y",3]},{"id":"a","name":"again","color":1},{}';
  const { corpus, problems } = read(
    `{"format":"luke-annotations","version":1,"offsets":"utf-16","labelSets":[` +
      `{"id":"s","kind":"span","labels":[${labels}]},{"id":"s","kind":"span"},{"id":"t","kind":"odd"}]}`,
  );
  assert.deepEqual(corpus.labelSets, [
    {
      id: 's',
      kind: 'span',
      overlap: true,
      labels: [
        { id: 'a', name: 'A', color: 0 },
        { id: 'b', name: 'B', color: 1, parent: 'a' },
        { id: 'c', name: 'C', color: 1, from: ['a'] },
      ],
    },
  ]);
  assert.equal(problems.length, 11);
  assert.ok(problems.every(({ line, kind }) => line === 1 && kind === 'loss'));
});

test('a long cycle of parents, and many unknown labels, are read in linear time', () => {
  const count = 1000;
  const labels = Array.from({ length: count }, (_, index) => ({ id: `l${index}`, name: 'x', color: 0, parent: `l${(index + 1) % count}` }));
  const spans = Array.from({ length: count }, (_, index) => ({
    id: `${index}`,
    pieces: [[0, 1]],
    label: `new ${index}`,
    by: 'human',
    state: 'accepted',
  }));
  const { corpus } = read(
    JSON.stringify({ ...(JSON.parse(HEAD) as object), labelSets: [{ id: 'r', kind: 'relation', labels }] }),
    JSON.stringify({ id: 'd', text: 'x', spans }),
  );
  assert.equal(corpus.labelSets.find(({ kind }) => kind === 'span')!.labels.length, count);
  assert.equal(corpus.labelSets[0]!.labels.filter(({ parent }) => parent === undefined).length, 1);
});
