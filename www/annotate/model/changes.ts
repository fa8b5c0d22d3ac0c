// The changes of a document and of label sets, as plain data: they are stored as the history (`history.ts`). `apply` makes the state after
// a change, `invert` makes the change that brings the state before it back.
import type { Label, LabelSet, Notes, Question, Relation, Span, Status } from './types.js';

/** What changes act on: the annotations of one document, and the label sets of its project. */
export interface State extends Notes {
  readonly labelSets: readonly LabelSet[];
  readonly status: Status;
  readonly note?: string;
  /** Absent, where no change needs it. */
  readonly text?: HashedText;
}

export interface HashedText {
  readonly text: string;
  /** SHA-256 of the text: it cannot be computed in a transaction. */
  readonly sha256: string;
}

interface Lists {
  spans: Span;
  relations: Relation;
  questions: Question;
}

/** Adds an item, at the end or before the item at `index`. */
export interface Add<L extends keyof Lists> {
  readonly type: 'add';
  readonly list: L;
  readonly item: Lists[L];
  readonly index?: number;
}

/** Removes an item. The relations of a span that is removed are removed too. */
export interface Remove<L extends keyof Lists> {
  readonly type: 'remove';
  readonly list: L;
  readonly id: string;
}

/** Puts an item in the place of the one with the same id. */
export interface Replace<L extends keyof Lists> {
  readonly type: 'replace';
  readonly list: L;
  readonly item: Lists[L];
}

/** Several changes as one, in this order. */
export interface Group<C> {
  readonly type: 'group';
  readonly changes: readonly C[];
}

type ListChange = { [L in keyof Lists]: Add<L> | Remove<L> | Replace<L> }[keyof Lists];

/** A change of one document. */
export type DocumentChange =
  | ListChange
  | { readonly type: 'status'; readonly status: Status }
  | { readonly type: 'note'; readonly note?: string }
  | TextChange
  | Group<DocumentChange>;

/** Another text. The changes of a group with it move the annotations (`new-text.ts`). */
export interface TextChange extends HashedText {
  readonly type: 'text';
}

/** A change of the label sets of a project. */
export type LabelsChange =
  | { readonly type: 'addLabel'; readonly set: string; readonly label: Label; readonly index?: number }
  | { readonly type: 'removeLabel'; readonly set: string; readonly id: string }
  | { readonly type: 'replaceLabel'; readonly set: string; readonly label: Label }
  | { readonly type: 'addLabelSet'; readonly set: LabelSet; readonly index?: number }
  | { readonly type: 'removeLabelSet'; readonly id: string }
  | { readonly type: 'overlap'; readonly set: string; readonly overlap: boolean }
  | Group<LabelsChange>;

export type Change = DocumentChange | LabelsChange | Group<Change>;

/** A change that does not fit the state: an id that is unknown or taken, or a relation without its span. It is an error in the program. */
export class ChangeError extends Error {
  override readonly name = 'ChangeError';
}

/** The state after a change. It throws a `ChangeError` if the change does not fit; the old state is never changed. */
export function apply(state: State, change: Change): State {
  return applyBoth(state, change).state;
}

/** The change that undoes `change`, which was or will be applied to `state`. */
export function invert(state: State, change: Change): Change {
  return applyBoth(state, change).inverse;
}

/** The state after a change and its inverse, in one pass. */
export function applyBoth(state: State, change: Change): { readonly state: State; readonly inverse: Change } {
  const draft = new Draft(state);
  draft.apply(change);
  return draft.result();
}

/** Whether the text is changed. */
export function changesText(change: Change): boolean {
  return change.type === 'group' ? change.changes.some(changesText) : change.type === 'text';
}

/** A group of changes; one change alone is no group. */
export function group<C extends Change>(changes: readonly C[]): C | Group<C> {
  return changes.length === 1 ? changes[0]! : { type: 'group', changes };
}

class Draft {
  readonly #spans: DraftList<Span>;
  readonly #relations: DraftList<Relation>;
  readonly #questions: DraftList<Question>;
  readonly #inverses: Change[] = [];
  #labelSets: readonly LabelSet[];
  #status: Status;
  #note: string | undefined;
  #text: HashedText | undefined;

  constructor(state: State) {
    this.#spans = new DraftList('span', state.spans);
    this.#relations = new DraftList('relation', state.relations);
    this.#questions = new DraftList('question', state.questions);
    this.#labelSets = state.labelSets;
    this.#status = state.status;
    this.#note = state.note;
    this.#text = state.text;
  }

  result(): { state: State; inverse: Change } {
    const state = {
      spans: this.#spans.items,
      relations: this.#relations.items,
      questions: this.#questions.items,
      labelSets: this.#labelSets,
      status: this.#status,
      ...(this.#note !== undefined && { note: this.#note }),
      ...(this.#text && { text: this.#text }),
    };
    return { state, inverse: group(this.#inverses.reverse()) };
  }

  apply(change: Change): void {
    switch (change.type) {
      case 'group':
        for (const part of change.changes) this.apply(part);
        break;
      case 'add':
        this.#add(change);
        break;
      case 'remove':
        this.#remove(change);
        break;
      case 'replace':
        this.#replace(change);
        break;
      case 'status':
        this.#inverses.push({ type: 'status', status: this.#status });
        this.#status = change.status;
        break;
      case 'note':
        this.#inverses.push({ type: 'note', ...(this.#note !== undefined && { note: this.#note }) });
        this.#note = change.note;
        break;
      case 'text':
        if (!this.#text) throw new ChangeError('the text is changed, but it is not there');
        this.#inverses.push({ type: 'text', ...this.#text });
        this.#text = { text: change.text, sha256: change.sha256 };
        break;
      default: {
        const { labelSets, inverse } = applyToLabels(this.#labelSets, change);
        this.#labelSets = labelSets;
        this.#inverses.push(inverse);
      }
    }
  }

  #add(change: Add<'spans'> | Add<'relations'> | Add<'questions'>): void {
    switch (change.list) {
      case 'spans':
        this.#spans.insert(change.item, change.index);
        break;
      case 'relations':
        this.#checkEnds(change.item);
        this.#relations.insert(change.item, change.index);
        break;
      case 'questions':
        this.#questions.insert(change.item, change.index);
    }
    this.#inverses.push({ type: 'remove', list: change.list, id: change.item.id });
  }

  #remove({ list, id }: Remove<keyof Lists>): void {
    if (list === 'spans') {
      const own = this.#relations.items.filter(({ head, tail }) => head === id || tail === id);
      for (const relation of own.reverse()) this.#remove({ type: 'remove', list: 'relations', id: relation.id });
      this.#inverses.push({ type: 'add', list, ...this.#spans.remove(id) });
    } else if (list === 'relations') this.#inverses.push({ type: 'add', list, ...this.#relations.remove(id) });
    else this.#inverses.push({ type: 'add', list, ...this.#questions.remove(id) });
  }

  #replace(change: Replace<'spans'> | Replace<'relations'> | Replace<'questions'>): void {
    switch (change.list) {
      case 'spans':
        this.#inverses.push({ type: 'replace', list: change.list, item: this.#spans.replace(change.item) });
        break;
      case 'relations':
        this.#checkEnds(change.item);
        this.#inverses.push({ type: 'replace', list: change.list, item: this.#relations.replace(change.item) });
        break;
      case 'questions':
        this.#inverses.push({ type: 'replace', list: change.list, item: this.#questions.replace(change.item) });
    }
  }

  #checkEnds({ id, head, tail }: Relation): void {
    for (const end of [head, tail]) if (!this.#spans.has(end)) throw new ChangeError(`relation ${id} needs span ${end}, which does not exist`);
  }
}

interface ChangedLabels {
  readonly labelSets: readonly LabelSet[];
  readonly inverse: LabelsChange;
}

function applyToLabels(labelSets: readonly LabelSet[], change: Exclude<LabelsChange, Group<LabelsChange>>): ChangedLabels {
  const sets = new DraftList('label set', labelSets);
  if (change.type === 'addLabelSet') {
    sets.insert(change.set, change.index);
    return { labelSets: sets.items, inverse: { type: 'removeLabelSet', id: change.set.id } };
  }
  if (change.type === 'removeLabelSet') {
    const { item, index } = sets.remove(change.id);
    return { labelSets: sets.items, inverse: { type: 'addLabelSet', set: item, index } };
  }
  const set = sets.get(change.set);
  if (change.type === 'overlap') {
    sets.replace({ ...set, overlap: change.overlap });
    return { labelSets: sets.items, inverse: { type: 'overlap', set: set.id, overlap: set.overlap } };
  }
  const labels = new DraftList('label', set.labels);
  const inverse = applyToSet(labels, change);
  sets.replace({ ...set, labels: labels.items });
  return { labelSets: sets.items, inverse };
}

function applyToSet(labels: DraftList<Label>, change: Extract<LabelsChange, { type: 'addLabel' | 'removeLabel' | 'replaceLabel' }>): LabelsChange {
  const { set } = change;
  switch (change.type) {
    case 'addLabel':
      labels.insert(change.label, change.index);
      return { type: 'removeLabel', set, id: change.label.id };
    case 'removeLabel': {
      const { item, index } = labels.remove(change.id);
      return { type: 'addLabel', set, label: item, index };
    }
    case 'replaceLabel':
      return { type: 'replaceLabel', set, label: labels.replace(change.label) };
  }
}

/** A list that is copied at its first change. Items are found by id; many changes of a long list take about linear time. */
class DraftList<T extends { readonly id: string }> {
  readonly #what: string;
  #items: readonly T[];
  #copy: T[] | undefined;
  /** Index of each id when it was last seen. Later insertions and removals may have moved the item. */
  #places: Map<string, number> | undefined;

  constructor(what: string, items: readonly T[]) {
    this.#what = what;
    this.#items = items;
  }

  get items(): readonly T[] {
    return this.#copy ?? this.#items;
  }

  has(id: string): boolean {
    return this.#index().has(id);
  }

  get(id: string): T {
    return this.items[this.#find(id)]!;
  }

  insert(item: T, index = this.items.length): void {
    if (this.has(item.id)) throw new ChangeError(`the id of ${this.#what} ${item.id} is taken`);
    const place = Math.min(index, this.items.length);
    this.#change().splice(place, 0, item);
    this.#index().set(item.id, place);
  }

  remove(id: string): { item: T; index: number } {
    const index = this.#find(id);
    const [item] = this.#change().splice(index, 1);
    this.#index().delete(id);
    return { item: item!, index };
  }

  replace(item: T): T {
    const index = this.#find(item.id);
    const old = this.items[index]!;
    this.#change()[index] = item;
    return old;
  }

  #find(id: string): number {
    const place = this.#index().get(id);
    if (place === undefined) throw new ChangeError(`${this.#what} ${id} does not exist`);
    if (this.items[place]?.id === id) return place;
    const index = this.items.findIndex((item) => item.id === id);
    this.#index().set(id, index);
    return index;
  }

  #index(): Map<string, number> {
    return (this.#places ??= new Map(this.#items.map(({ id }, index) => [id, index])));
  }

  #change(): T[] {
    return (this.#copy ??= [...this.#items]);
  }
}
