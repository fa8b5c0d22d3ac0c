import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  acceptRelation, acceptSpan, acceptSpans, addSpan, asDraft, rejectRelation, rejectSpan, relabelSpan, reshapeSpan, retypeSpan,
} from '../model/edits.js';
import { FreeIds, freshIds } from '../model/ids.js';
import { isRefusal } from '../model/refusal.js';
import { mergeSuggestions } from '../model/suggest.js';
import type { Notes, Span } from '../model/types.js';
import { after, notes, relation, scene, span, STRICT_SETS } from './scenes.js';

const TEXT = 'Ada Byron met Charles';
const MODEL = { name: 'luke-mini-en', manifestHash: 'ab' };
const SUGGESTED: Partial<Span> = { by: 'model', state: 'suggested', score: 0.7, model: MODEL };

function spansAfter(content: Notes, change: object | undefined): readonly Span[] {
  return after(content, change).spans;
}

test('a span that a person adds is accepted, with an id that is free', () => {
  const content = notes([span('s2', 0, 3)]);
  const change = addSpan(scene(TEXT, content), { pieces: [[4, 9]], label: 'span:PER' });
  assert.deepEqual(spansAfter(content, change).at(-1), span('s3', 4, 9, 'PER', { at: 5 }));
  const newId = freshIds([{ id: 's3' }, { id: 'x' }], 's');
  assert.deepEqual([newId(), newId()], ['s4', 's5']);
  const free = new FreeIds(['d', 'd:2']);
  assert.deepEqual(['d', 'd', 'x', 'x', 'd:2'].map((id) => free.take(id)), ['d:3', 'd:4', 'x', 'x:2', 'd:2:2']);
  assert.ok(isRefusal(addSpan(scene(TEXT, content), { pieces: [[0, 3]], label: 'span:PER' })));
});

test('adding a span that was rejected or suggested accepts that one', () => {
  const content = notes([span('a', 0, 3, 'PER', { ...SUGGESTED, state: 'rejected' })]);
  const change = addSpan(scene(TEXT, content), { pieces: [[0, 3]], label: 'span:PER' });
  assert.deepEqual(spansAfter(content, change), [span('a', 0, 3, 'PER', { ...SUGGESTED, state: 'accepted', at: 5 })]);
});

test('accepting keeps score and model; what the model said first stays in was', () => {
  const content = notes([span('a', 0, 3, 'PER', SUGGESTED)]);
  const [item] = content.spans as [Span];
  assert.deepEqual(spansAfter(content, acceptSpan(scene(TEXT, content), item)), [{ ...item, state: 'accepted', at: 5 }]);
  const relabeled = after(content, relabelSpan(scene(TEXT, content), item, 'span:ORG'));
  const was = { label: 'span:PER', pieces: [[0, 3]], score: 0.7 };
  assert.deepEqual(relabeled.spans, [{ ...item, label: 'span:ORG', state: 'accepted', at: 5, was }]);
  const reshaped = spansAfter(relabeled, reshapeSpan(scene(TEXT, relabeled), relabeled.spans[0]!, [[0, 9]]));
  assert.deepEqual([reshaped[0]!.pieces, reshaped[0]!.was], [[[0, 9]], was]);
  const own = notes([span('b', 0, 3)]);
  assert.equal(spansAfter(own, relabelSpan(scene(TEXT, own), own.spans[0]!, 'span:ORG'))[0]!.was, undefined);
});

test('a type is set and taken away', () => {
  const content = notes([span('a', 0, 3)]);
  const typed = after(content, retypeSpan(scene(TEXT, content), content.spans[0]!, 'type:person'));
  assert.equal(typed.spans[0]!.type, 'type:person');
  assert.ok(!('type' in spansAfter(typed, retypeSpan(scene(TEXT, typed), typed.spans[0]!, undefined))[0]!));
});

test('rejecting: a span of a person goes, one of a model stays as rejected with what the model said', () => {
  const content = notes(
    [span('a', 0, 3), span('b', 4, 9, 'ORG', { ...SUGGESTED, state: 'accepted', was: { label: 'span:PER', pieces: [[4, 8]], score: 0.6 } })],
    [relation('r', 'a', 'b')],
  );
  const [own, model] = content.spans as [Span, Span];
  assert.deepEqual(after(content, rejectSpan(scene(TEXT, content), own)).spans, [model]);
  const rejected = after(content, rejectSpan(scene(TEXT, content), model));
  assert.deepEqual(
    rejected.spans[1], { id: 'b', pieces: [[4, 8]], label: 'span:PER', by: 'model', state: 'rejected', score: 0.6, model: MODEL, at: 5 },
  );
  assert.deepEqual(rejected.relations, []);
});

test('rejecting never makes the same span twice; a span of a file is removed', () => {
  const content = notes([
    span('a', 0, 3), span('b', 0, 3, 'ORG', { ...SUGGESTED, state: 'accepted', was: { label: 'span:PER', pieces: [[0, 3]] } }),
    span('c', 4, 9, 'PER', { by: 'import' }),
  ]);
  assert.deepEqual(spansAfter(content, rejectSpan(scene(TEXT, content), content.spans[1]!)).map(({ id }) => id), ['a', 'c']);
  assert.deepEqual(spansAfter(content, rejectSpan(scene(TEXT, content), content.spans[2]!)).map(({ id }) => id), ['a', 'b']);
});

test('a shown suggestion that is not among the notes is added by a decision', () => {
  const shown = mergeSuggestions(notes(), { model: MODEL, spans: [{ pieces: [[0, 3]], label: 'span:PER', score: 0.9 }] });
  const [suggestion] = shown.spans as [Span];
  assert.equal(spansAfter(notes(), acceptSpan(scene(TEXT), suggestion))[0]!.state, 'accepted');
  assert.equal(spansAfter(notes(), rejectSpan(scene(TEXT), suggestion))[0]!.state, 'rejected');
});

test('accepting all is one change; what is refused is listed', () => {
  const shown = [span('a', 0, 3, 'PER', SUGGESTED), span('b', 0, 9, 'PER', SUGGESTED), span('c', 14, 21, 'PER', SUGGESTED)];
  const content = notes([shown[0]!]);
  const { change, accepted, refused } = acceptSpans(scene(TEXT, content, STRICT_SETS), shown);
  assert.deepEqual(
    [accepted.map(({ id }) => id), refused.map(({ span: { id }, refusal }) => [id, refusal.refused])], [['a', 'c'], [['b', 'overlap']]],
  );
  assert.deepEqual(spansAfter(content, change).map(({ id, state, at }) => [id, state, at]), [['a', 'accepted', 5], ['c', 'accepted', 5]]);
  assert.equal(acceptSpans(scene(TEXT), []).change, undefined);
});

test('accepting a relation accepts its ends, rejecting keeps it out', () => {
  const model = {
    model: MODEL, spans: [{ pieces: [[0, 9]], label: 'span:PER', score: 0.9 }, { pieces: [[14, 21]], label: 'span:PER', score: 0.9 }],
  } as const;
  const shown = mergeSuggestions(notes(), { ...model, relations: [{ head: [[0, 9]], tail: [[14, 21]], label: 'relation:works for', score: 0.8 }] });
  const [suggestion] = shown.relations;
  const accepted = after(notes(), acceptRelation(scene(TEXT), shown, suggestion!));
  assert.deepEqual(
    [accepted.spans.map(({ state }) => state), accepted.relations.map(({ state, score }) => [state, score])],
    [['accepted', 'accepted'], [['accepted', 0.8]]],
  );
  assert.equal(rejectRelation(scene(TEXT), suggestion!), undefined, 'without its ends there is nothing to keep');
  const rejected = after(accepted, rejectRelation(scene(TEXT, accepted), accepted.relations[0]!));
  assert.deepEqual(rejected.relations.map(({ state }) => state), ['rejected']);
  assert.deepEqual(
    mergeSuggestions(rejected, { ...model, relations: [{ head: [[0, 9]], tail: [[14, 21]], label: 'relation:works for', score: 0.8 }] }),
    { spans: rejected.spans, relations: rejected.relations, questions: [] },
  );
  const own = notes([span('a', 0, 3)], [relation('r', 'a', 'a')]);
  assert.deepEqual(after(own, rejectRelation(scene(TEXT, own), own.relations[0]!)).relations, []);
});

test('the first edit of a new document makes it a draft', () => {
  const add = addSpan(scene(TEXT), { pieces: [[0, 3]], label: 'span:PER' });
  assert.ok(!isRefusal(add));
  assert.equal(after(notes(), asDraft({ status: 'new' }, add)).status, 'draft');
  assert.equal(asDraft({ status: 'done' }, add), add);
  const done = { type: 'group', changes: [add, { type: 'status', status: 'done' }] } as const;
  assert.equal(asDraft({ status: 'new' }, done), done);
});
