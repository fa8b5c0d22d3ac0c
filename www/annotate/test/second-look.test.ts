// The second look: what is to be decided, what a decision changes, and what does not come back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutLabel } from '../model/label-edits.js';
import { relabelSpan, reshapeSpan } from '../model/edits.js';
import { isRefusal } from '../model/refusal.js';
import { placesOf, settle, verdictsOf, type LookOptions, type Place, type Verdict } from '../model/second-look.js';
import type { Suggestions } from '../model/suggest.js';
import type { ModelRef, Notes } from '../model/types.js';
import { contentOf } from './helpers.js';
import { own } from '../formats/own.js';
import { readFiles } from '../formats/index.js';
import { PAGE, SecondLooks } from '../view/second-looks.js';
import { Bench } from './assistant-fakes.js';
import { after, document, notes, scene, SETS, span, STRICT_SETS } from './scenes.js';
import { opened } from './session-scenes.js';

const TEXT = 'Ada Byron met Charles Babbage in London.';
const MODEL: ModelRef = { name: 'mini', manifestHash: 'ab' };
const OPTIONS: LookOptions = { scoredLabels: new Set(), speaker: () => MODEL };

function found(...spans: readonly (readonly [start: number, end: number, name: string, score: number, lostTo?: 'none'])[]): Suggestions[] {
  return [{
    model: MODEL, at: 3,
    spans: spans.map(([start, end, name, score, lostTo]) => ({ pieces: [[start, end]], label: `span:${name}`, score, ...(lostTo && { lostTo }) })),
  }];
}

function decided(content: Notes, place: Place, verdict: Verdict, labelSets = SETS): Notes {
  const change = settle(scene(TEXT, content, labelSets), place, verdict);
  assert.ok(!isRefusal(change));
  return after(content, change);
}

test('a doubtful span has the label that the model would put there; verdicts are those that fit', () => {
  const content = notes([span('a', 0, 9, 'ORG'), span('b', 14, 21), span('c', 33, 39, 'ORG')]);
  const said = found([0, 9, 'ORG', 0.05, 'none'], [0, 9, 'PER', 0.93], [14, 29, 'PER', 0.95], [33, 39, 'ORG', 0.1, 'none'], [33, 39, 'LOC', 0.3, 'none']);
  const places = placesOf(content, said, OPTIONS);
  assert.deepEqual(places.map((place) => [place.kind, place.kind === 'doubtful' ? place.other?.label : place.suggestion.label, verdictsOf(place)]), [
    ['doubtful', 'span:PER', ['right', 'remove', 'take']], ['missing', 'span:PER', ['add', 'reject', 'take']], ['doubtful', undefined, ['right', 'remove']],
  ]);
  assert.deepEqual(placesOf(notes(), found([0, 9, 'PER', 0.95]), OPTIONS).map(verdictsOf), [['add', 'reject']]);
});

test('each verdict changes the document, and its place does not come back', () => {
  const content = notes([span('a', 0, 9, 'ORG'), span('b', 14, 21)]);
  const said = found([0, 9, 'ORG', 0.05, 'none'], [0, 9, 'PER', 0.93], [14, 29, 'PER', 0.95]);
  const [doubtful, missing] = placesOf(content, said, OPTIONS) as [Place, Place];
  const left = (now: Notes): string[] => placesOf(now, said, OPTIONS).map(({ kind }) => kind);
  const spansOf = (now: Notes): unknown[] => now.spans.map(({ id: _, at: __, ...rest }) => rest);
  const kept = spansOf(notes([span('b', 14, 21)]));
  const accepted = { by: 'human', state: 'accepted' } as const;

  const right = decided(content, doubtful, 'right');
  assert.deepEqual(right.spans[0], { ...content.spans[0], confirmed: MODEL });
  assert.deepEqual(left(right), ['missing'], 'nor does the other label come as missing');
  const removed = decided(content, doubtful, 'remove');
  assert.deepEqual(spansOf(removed), kept);
  assert.deepEqual(left(removed), ['missing', 'missing'], 'the other label is missing now');
  const taken = decided(content, doubtful, 'take');
  assert.deepEqual(spansOf(taken)[0], { pieces: [[0, 9]], label: 'span:PER', ...accepted });
  assert.deepEqual(left(taken), ['missing']);
  const added = decided(content, missing, 'add');
  assert.deepEqual(added.spans[2], {
    id: 'span:PER@14-29', pieces: [[14, 29]], label: 'span:PER', by: 'model', state: 'accepted', score: 0.95, model: MODEL, at: 5,
  });
  assert.deepEqual(left(added), ['doubtful']);
  const rejected = decided(content, missing, 'reject');
  assert.deepEqual([rejected.spans[2]?.state, rejected.spans[2]?.by, left(rejected)], ['rejected', 'model', ['doubtful']]);
  const reshaped = decided(content, missing, 'take');
  assert.deepEqual(spansOf(reshaped)[1], { pieces: [[14, 29]], label: 'span:PER', ...accepted });
  assert.deepEqual(left(reshaped), ['doubtful']);
});

test('a span that is right comes back when its label, its edges or the model change', () => {
  const content = notes([span('a', 0, 9, 'ORG', { confirmed: MODEL })]);
  const said = found([0, 9, 'ORG', 0.05, 'none'], [0, 9, 'LOC', 0.06, 'none'], [0, 3, 'ORG', 0.01, 'none']);
  const come = (now: Notes, speaker: ModelRef = MODEL): number => placesOf(now, said, { ...OPTIONS, speaker: () => speaker }).length;
  assert.equal(come(content), 0);
  assert.equal(come(content, { ...MODEL, manifestHash: 'cd' }), 1, 'another model');
  assert.equal(come(content, { ...MODEL, head: 'mine' }), 1, 'a taught head');
  const changes = [
    relabelSpan(scene(TEXT, content), content.spans[0]!, 'span:LOC'), reshapeSpan(scene(TEXT, content), content.spans[0]!, [[0, 3]]),
    withoutLabel(content, 'span', 'span:ORG', { then: 'move', to: 'span:LOC' }),
  ];
  for (const change of changes) {
    assert.ok(change && !isRefusal(change));
    const now = after(content, change);
    assert.deepEqual([now.spans[0]?.confirmed, come(now)], [undefined, 1]);
  }
});

test('what is not possible is refused: overlap where it is forbidden, and a document that changed since', () => {
  const content = notes([span('b', 14, 21)]);
  const [place] = placesOf(content, found([14, 29, 'PER', 0.95]), OPTIONS);
  assert.ok(place);
  assert.ok(isRefusal(settle(scene(TEXT, content, STRICT_SETS), place, 'add')));
  assert.ok(!isRefusal(settle(scene(TEXT, content, STRICT_SETS), place, 'take')));
  const changed = settle(scene(TEXT, notes([span('b', 14, 21, 'ORG')])), place, 'take');
  assert.match(isRefusal(changed) ? changed.message : '', /has changed since/);
});

test('our own format keeps that a span is right', async () => {
  const corpus = { name: 'x', labelSets: SETS, documents: [document('a', TEXT, notes([span('a', 0, 9, 'ORG', { confirmed: { ...MODEL, head: 'h' } })]))] };
  const { files, losses } = await own.write!(corpus, { include: 'all' });
  assert.deepEqual(losses, []);
  assert.match(contentOf(files[0]!), /"confirmed":\{"name":"mini","manifestHash":"ab","head":"h"\}/);
  assert.deepEqual((await readFiles(files)).corpus, corpus);
});

test('the dialog shows so many documents at a time, says so, decides in any of them, and undoes', async () => {
  const count = 2 * PAGE + 7;
  const all = Array.from({ length: count }, (_, index) => document(`d${index}`, TEXT, notes([span('a', 0, 9, 'ORG')]), { status: 'done' }));
  const { session } = await opened(all);
  const said = found([0, 9, 'ORG', 0.05, 'none']);
  const secondLook = async (id?: string): Promise<{ document: string; doubts: Place[] }[]> => {
    const ids = id === undefined ? all.map((each) => each.id) : [id];
    const read = await Promise.all(ids.map((each) => session.project.document(each)));
    return read.map(({ head, notes: now }) => ({ document: head.id, doubts: placesOf(now, said, OPTIONS) })).filter(({ doubts }) => doubts.length > 0);
  };
  const looks = new SecondLooks(session, { secondLook });
  assert.equal(looks.status(), 'Looking…');
  await looks.look();
  assert.equal(looks.status(), `50 places in the first 50 of ${count} documents`);
  await looks.show(PAGE);
  assert.equal(looks.status(), `50 places in documents 51 to 100 of ${count}`);
  await looks.show(2 * PAGE);
  const [first, second] = looks.shown.value!;
  assert.ok(await looks.settle(first!, first!.doubts[0]!, 'remove'));
  assert.equal(session.message.value?.text, 'ORG "Ada Byron" removed.');
  assert.ok(await looks.settle(second!, second!.doubts[0]!, 'right'));
  assert.equal(looks.status(), `5 places in documents 101 to 107 of ${count}`);
  assert.equal(await looks.settle(second!, second!.doubts[0]!, 'remove'), true, 'a span that was right can be removed all the same');
  await looks.undo();
  await looks.undo();
  await looks.undo();
  assert.equal(looks.canUndo.value, false);
  assert.equal(looks.status(), `7 places in documents 101 to 107 of ${count}`);
  assert.deepEqual((await session.project.document(first!.document)).notes.spans, [span('a', 0, 9, 'ORG')]);
  session.close();
});

test('a decision is kept over a reload of page and model', async () => {
  const bench = await Bench.open([document('a', TEXT, notes([span('x', 0, 9)]), { status: 'done' })]);
  bench.model.answer = () => ({ entities: [{ start: 33, end: 39, label: 'LOC', score: 0.95 }], runnersUp: [{ start: 0, end: 9, label: 'PER', score: 0.06, lostTo: 'none' }] });
  const look = async (work: (places: readonly Place[]) => Promise<void>): Promise<void> => {
    const assistant = bench.assistant();
    await assistant.start();
    await assistant.loadModel();
    await bench.quiet(assistant);
    await work((await assistant.secondLook())[0]?.doubts ?? []);
    await assistant.dispose();
  };
  await look(async (places) => {
    assert.deepEqual(places.map(({ kind }) => kind), ['doubtful', 'missing']);
    for (const [place, verdict] of [[places[0]!, 'right'], [places[1]!, 'reject']] as const) {
      const { notes: now, body } = await bench.project.document('a');
      const change = settle({ notes: now, labelSets: SETS, text: body.text, now: 1 }, place, verdict);
      assert.ok(!isRefusal(change));
      await bench.project.edit({ documents: [{ id: 'a', change }] });
    }
  });
  await look(async (places) => assert.deepEqual(places, []));
});
