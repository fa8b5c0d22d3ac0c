// Random changes that fit a state, for property tests of changes, history and store.
import fc from 'fast-check';
import { apply, type Change, type DocumentChange, type LabelsChange, type State } from '../model/changes.js';
import { STATUSES, type Question } from '../model/types.js';
import { relation, span } from './scenes.js';

/** Numbers that choose a change. */
export type Choice = readonly [what: number, which: number, where: number];

export const CHOICES: fc.Arbitrary<Choice[]> = fc.array(fc.tuple(fc.nat(1000), fc.nat(1000), fc.nat(1000)), { maxLength: 40 });

let count = 0;

/** A change of a document that fits, with new ids. */
export function documentChange(state: State, [what, which, where]: Choice): DocumentChange {
  const pick = <T>(items: readonly T[]): T | undefined => items[which % Math.max(items.length, 1)];
  const [item, other, link, question] = [
    pick(state.spans), state.spans[where % Math.max(state.spans.length, 1)], pick(state.relations), pick(state.questions),
  ];
  const add: DocumentChange = { type: 'add', list: 'spans', item: span(`n${++count}`, where, where + 1), index: which % (state.spans.length + 1) };
  const asked: Question = { id: `n${++count}`, question: `${where}?`, answers: [], by: 'human', state: 'accepted' };
  const choices: (DocumentChange | undefined)[] = [
    add,
    item && { type: 'remove', list: 'spans', id: item.id },
    item && { type: 'replace', list: 'spans', item: { ...item, pieces: [[where, where + 2]], state: 'rejected' } },
    item && other && {
      type: 'add', list: 'relations', item: relation(`n${++count}`, item.id, other.id), index: where % (state.relations.length + 1),
    },
    item && other && { type: 'add', list: 'relations', item: relation(`n${++count}`, other.id, item.id) },
    link && { type: 'remove', list: 'relations', id: link.id },
    link && item && { type: 'replace', list: 'relations', item: { ...link, tail: item.id } },
    { type: 'add', list: 'questions', item: asked },
    question && { type: 'replace', list: 'questions', item: { ...question, answers: [[where, where + 1]] } },
    question && { type: 'remove', list: 'questions', id: question.id },
    { type: 'status', status: STATUSES[where % STATUSES.length]! },
    { type: 'note', ...(where % 2 && { note: `note ${where}` }) },
  ];
  return choices[what % choices.length] ?? add;
}

/** A change of label sets that fits. */
export function labelsChange(state: State, [what, which, where]: Choice): LabelsChange {
  const set = state.labelSets[which % Math.max(state.labelSets.length, 1)];
  const label = set?.labels[where % Math.max(set.labels.length, 1)];
  const addSet: LabelsChange = {
    type: 'addLabelSet', set: { id: `n${++count}`, kind: 'span', overlap: true, labels: [] }, index: which % (state.labelSets.length + 1),
  };
  const choices: (LabelsChange | undefined)[] = [
    addSet,
    set && { type: 'addLabel', set: set.id, label: { id: `n${++count}`, name: `${count}`, color: 0 }, index: where % (set.labels.length + 1) },
    set && label && { type: 'removeLabel', set: set.id, id: label.id },
    set && label && { type: 'replaceLabel', set: set.id, label: { ...label, name: `${where}` } },
    set && { type: 'overlap', set: set.id, overlap: where % 2 === 0 },
    set && { type: 'removeLabelSet', id: set.id },
  ];
  return choices[what % choices.length] ?? addSet;
}

/** One change of any kind; some are groups. */
export function anyChange(state: State, choice: Choice): Change {
  const [what, which, where] = choice;
  const one = (now: State, offset: number): Change => {
    const next: Choice = [Math.floor(what / 3) + offset, which + 7 * offset, where + 3 * offset];
    return (what + offset) % 4 === 0 ? labelsChange(now, next) : documentChange(now, next);
  };
  if (what % 3) return one(state, 0);
  const changes: Change[] = [];
  let now = state;
  for (let index = 0; index < 1 + (which % 5); index++) {
    const change = one(now, index);
    changes.push(change);
    now = apply(now, change);
  }
  return { type: 'group', changes };
}
