import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headOf } from '../model/heads.js';
import { newLabelSet } from '../model/labels.js';
import type { Json } from '../model/types.js';
import { examplesOf, headName, isTimeToTeach, newest } from '../assistant/examples.js';
import { fromBase64, readKept, readReport, toBase64 } from '../assistant/kept-head.js';
import { Notices } from '../assistant/notices.js';
import { Teacher } from '../assistant/teach.js';
import { document, notes, SETS, span } from './scenes.js';
import { settle } from './store-fakes.js';
import { FakeError, FakeModel, HASH } from './assistant-fakes.js';

const TEXT = 'Ada Byron met Charles Babbage in London.';
const REF = { name: 'fake', manifestHash: HASH };

test('examples have the accepted spans of span labels, of those that overlap the longest, and count what is left out', () => {
  const spans = [
    span('a', 0, 9), span('b', 4, 9, 'ORG'), span('c', 8, 21), span('d', 33, 39, 'LOC'), span('e', 33, 39, 'PER'), span('f', 14, 21, 'PER', { state: 'rejected' }),
    span('g', 22, 29, 'PER', { pieces: [[22, 25], [27, 29]] }), span('h', 10, 13, 'gone'),
  ];
  const made = examplesOf([document('x', TEXT, notes(spans)), document('y', ' \n')], SETS, 3);
  assert.deepEqual(made.examples, [{ text: TEXT, spans: [{ start: 8, end: 21, label: 'PER' }, { start: 33, end: 39, label: 'LOC' }] }]);
  assert.deepEqual(made.labels, [{ id: 'span:PER', name: 'PER' }, { id: 'span:LOC', name: 'LOC' }]);
  const { spans: count, overlapping, inPieces, documentsLeft } = made;
  assert.deepEqual([count, overlapping, inPieces, documentsLeft], [2, 3, 1, 3]);
});

test('labels with one name in two sets are told apart, and a name that is too long gives way to the id', () => {
  const long = { ...newLabelSet('span', ['x'.repeat(201)]), id: 'long', labels: [{ id: 'l', name: 'x'.repeat(201), color: 0 }] };
  const sets = [newLabelSet('span', ['PER']), { ...newLabelSet('span', []), id: 'other', labels: [{ id: 'p2', name: 'PER', color: 0 }] }, long];
  const spans = [span('a', 0, 3), span('b', 4, 9, 'x', { label: 'p2' }), span('c', 10, 13, 'x', { label: 'l' })];
  assert.deepEqual(examplesOf([document('x', TEXT, notes(spans))], sets).labels.map(({ name }) => name), ['PER', 'p2', 'l']);
  assert.equal(headName(' My project '), 'My project');
  assert.ok(new TextEncoder().encode(headName('é🙂'.repeat(200))).length <= 200);
  assert.equal(headName(' '), 'project');
});

test('the newest documents are those that were finished last, then the last of the list, within the limits', () => {
  const heads = [10, 20, 30, 40].map((chars, index) => ({ project: 'p', ...headOf(document(`d${index}`, 'x'.repeat(chars)), index, `${index}`) }));
  const ids = (finished: string[], limits: { documents: number; chars: number }): string => newest(heads, finished, limits).map(({ id }) => id).join(' ');
  assert.equal(ids(['d1', 'd0'], { documents: 9, chars: 999 }), 'd0 d1 d3 d2');
  assert.equal(ids([], { documents: 2, chars: 999 }), 'd3 d2');
  assert.equal(ids([], { documents: 9, chars: 60 }), 'd3 d1', 'one that is too long is left out, a shorter one after it is not');
  assert.equal(ids([], { documents: 9, chars: 1 }), 'd3', 'one at least');
});

test('it is time to teach with five documents and ten spans, then after five more documents', () => {
  assert.deepEqual([isTimeToTeach(4, 50, undefined), isTimeToTeach(5, 9, undefined), isTimeToTeach(5, 10, undefined)], [false, false, true]);
  assert.deepEqual([isTimeToTeach(9, 50, 5), isTimeToTeach(10, 0, 5)], [false, true]);
});

const REPORT = {
  examples: 5, spans: 12, all: { precision: 0.5, recall: 0.25, f1: 1 / 3 }, labels: [{ label: 'PER', spans: 12, quality: { precision: 1, recall: 1, f1: 1 } }],
  confusions: [{ label: 'PER', found: null, count: 2 }],
};

test('reports are checked: what is no report is none, what is no part of one is left out', () => {
  assert.deepEqual(readReport({ ...REPORT, widened: 1 }), REPORT);
  assert.deepEqual(readReport({ examples: 1, spans: 2, all: { precision: NaN, recall: 1, f1: 1 }, labels: [{ label: 1 }, null], confusions: 'x' }), {
    examples: 1, spans: 2, labels: [], confusions: [],
  });
  for (const value of [undefined, null, 'x', { examples: 'x' }]) assert.equal(readReport(value), undefined);
});

test('bytes come back from base64, and other text gives none', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
  assert.equal(fromBase64('*'), undefined);
});

class Room {
  readonly stored = new Map<string, Json>();
  readonly notices = new Notices();
  readonly model = new FakeModel();

  teacher(): Teacher {
    const settings = {
      get: async (key: string) => this.stored.get(key), put: async (key: string, value: Json) => void this.stored.set(key, structuredClone(value)),
      delete: async (key: string) => void this.stored.delete(key),
    };
    return new Teacher({ settings, key: 'head', notices: this.notices, now: () => 7 });
  }

  get message(): string | undefined {
    return this.notices.all.value.get('teaching');
  }
}

const EXAMPLES = examplesOf([document('x', TEXT, notes([span('a', 0, 9)]))], SETS);

test('a head is taught, kept with its report, and taken again', async () => {
  const room = new Room();
  room.model.answerTeach = () => REPORT;
  const teacher = room.teacher();
  const seen: unknown[] = [];
  teacher.state.subscribe(({ teaching }) => void seen.push(teaching?.phase));
  await Promise.all([teacher.teach(room.model, REF, 'mine', EXAMPLES, 5), teacher.teach(room.model, REF, 'mine', EXAMPLES, 5)]);
  assert.equal(room.model.taught.length, 1, 'not while one is being taught');
  assert.deepEqual(room.model.taught[0], { task: 'ner', name: 'mine', labels: ['PER'], examples: EXAMPLES.examples });
  assert.deepEqual(seen, [undefined, 'reading', 'teaching', undefined]);
  const { head, leftOut } = teacher.state.value;
  assert.deepEqual([head?.name, head?.documents, head?.at, head?.manifestHash, leftOut], ['mine', 5, 7, HASH, { overlapping: 0, inPieces: 0, documentsLeft: 0 }]);
  assert.deepEqual(readKept(room.stored.get('head'))?.report, REPORT);
  const later = room.teacher();
  await later.restore(room.model, REF);
  const { head: again } = later.state.value;
  assert.deepEqual([again?.hash, again?.report, again?.labels], [head?.hash, REPORT, [{ name: 'PER', id: 'span:PER' }]]);
  assert.equal(room.message, undefined);
});

test('a head of another version of the model is dropped with a message, and so is one that is damaged', async () => {
  for (const [change, ref] of [
    [{}, { ...REF, manifestHash: 'other' }], [{ bytes: toBase64(Uint8Array.of(9)) }, REF], [{ bytes: '*' }, REF], [{ labels: 1 }, REF],
  ] as const) {
    const room = new Room();
    await room.teacher().teach(room.model, REF, 'mine', EXAMPLES, 5);
    room.stored.set('head', { ...(room.stored.get('head') as object), ...change });
    const later = room.teacher();
    await later.restore(room.model, ref);
    assert.equal(later.state.value.head, undefined);
    assert.equal(room.stored.size, 0);
    assert.match(room.message ?? '', /taught again/);
  }
});

test('a head stays in the settings when the model is lost while it is loaded', async () => {
  const room = new Room();
  await room.teacher().teach(room.model, REF, 'mine', EXAMPLES, 5);
  room.model.addHead = async () => Promise.reject(new FakeError('worker-lost'));
  await room.teacher().restore(room.model, REF);
  assert.equal(room.stored.size, 1);
  assert.match(room.message ?? '', /could not be loaded/);
});

test('what fails becomes a message, and the head before stays', async () => {
  const room = new Room();
  const teacher = room.teacher();
  await teacher.teach(room.model, REF, 'mine', EXAMPLES, 5);
  const { head } = teacher.state.value;
  room.model.answerTeach = () => {
    throw new FakeError('input');
  };
  await teacher.teach(room.model, REF, 'mine', EXAMPLES, 10);
  assert.deepEqual([teacher.state.value.head, teacher.state.value.teaching], [head, undefined]);
  assert.match(room.message ?? '', /could not be taught: the model says input/);
});

test('stop ends the teaching, also of a model that never answers, and nothing is kept', async () => {
  const room = new Room();
  room.model.gate = new Promise(() => undefined);
  const teacher = room.teacher();
  const taught = teacher.teach(room.model, REF, 'mine', EXAMPLES, 5);
  await settle();
  await teacher.stop();
  await taught;
  assert.deepEqual([teacher.state.value, room.stored.size, room.message], [{}, 0, undefined]);
});
