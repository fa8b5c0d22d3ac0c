import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { apply, applyBoth, type State } from '../model/changes.js';
import { compact, EMPTY_HISTORY, forgettable, record, redo, undo, type History, type Op, type Step } from '../model/history.js';
import { anyChange, CHOICES, type Choice } from './random-changes.js';
import { notes, span, state } from './scenes.js';
import { PROPERTY } from './testing.js';

const START = state(notes([span('a', 0, 3)]));

interface Desk {
  readonly state: State;
  readonly history: History;
}

function edit({ state: before, history }: Desk, choice: Choice, name: string): Desk {
  const change = anyChange(before, choice);
  const { state: after, inverse } = applyBoth(before, change);
  return { state: after, history: record(history, { seq: history.done + 1, group: name, at: 0, do: change, undo: inverse }) };
}

function step(desk: Desk, found: Step | undefined): Desk {
  return found ? { state: apply(desk.state, found.change), history: found.history } : desk;
}

function all(desk: Desk, move: (history: History) => Step | undefined): Desk {
  for (let now = desk; ; desk = now) {
    now = step(desk, move(desk.history));
    if (now === desk) return desk;
  }
}

test('property: undo all gives the start, redo all gives the end, after any mix of edits, undo and redo', () => {
  fc.assert(
    fc.property(CHOICES, (choices) => {
      let desk: Desk = { state: START, history: EMPTY_HISTORY };
      for (const [index, choice] of choices.entries()) {
        const way = choice[2] % 5;
        if (way === 0) desk = step(desk, undo(desk.history));
        else if (way === 1) desk = step(desk, redo(desk.history));
        else desk = edit(desk, choice, `g${Math.floor(index / 3)}`);
      }
      const end = all(desk, redo);
      const start = all(end, undo);
      assert.equal(JSON.stringify(start.state), JSON.stringify(START));
      assert.equal(JSON.stringify(all(start, redo).state), JSON.stringify(end.state));
    }),
    PROPERTY,
  );
});

function ops(...groups: string[]): Op[] {
  return groups.map((name, index) => ({ seq: index + 1, group: name, at: 0, do: { type: 'note', note: `${index}` }, undo: { type: 'note' } }));
}

test('a group is undone and redone as one', () => {
  const history = { ops: ops('a', 'b', 'b', 'b', 'c'), done: 4 };
  const back = undo(history)!;
  assert.deepEqual([back.history.done, back.ops.length, back.change.type], [1, 3, 'group']);
  assert.equal(redo(back.history)!.history.done, 4);
  assert.equal(redo(redo(back.history)!.history)!.history.done, 5);
  assert.equal(undo({ ops: ops('a'), done: 0 }), undefined);
  assert.equal(redo({ ops: ops('a'), done: 1 }), undefined);
});

test('a new edit forgets what could be redone', () => {
  const history = record({ ops: ops('a', 'b', 'c'), done: 1 }, ops('n')[0]!);
  assert.deepEqual([history.ops.map(({ group }) => group), history.done], [['a', 'n'], 2]);
});

test('the oldest operations are forgotten: whole groups, and none that can be redone', () => {
  const history = { ops: ops('a', 'b', 'b', 'b', 'c', 'd'), done: 5 };
  assert.equal(forgettable(history, 6), 0);
  assert.equal(forgettable(history, 5), 1);
  assert.equal(forgettable(history, 3), 1, 'group b stays whole');
  assert.equal(forgettable(history, 2), 4);
  assert.equal(forgettable({ ...history, done: 0 }, 2), 0);
  assert.deepEqual(compact(history, 2), { ops: history.ops.slice(4), done: 1 });
  assert.equal(compact(history), history);
});
