// What a person does with the open document, as edits of a session: label, accept, reject, move edges, relations, status, notes, occurrences.
import { computed, signal, type ReadonlySignal } from '@preact/signals-core';
import { Boundaries } from '../model/boundaries.js';
import type { DocumentChange } from '../model/changes.js';
import {
  acceptRelation, acceptSpan, acceptSpans, addSpan, rejectRelation, rejectSpan, relabelSpan, reshapeSpan, retypeSpan,
  type AcceptedSpans, type Scene,
} from '../model/edits.js';
import { freshIds } from '../model/ids.js';
import { withRecent } from '../model/label-groups.js';
import { allowsEnds, findLabel, type LabelKind } from '../model/labels.js';
import { equalPieces, type Pieces } from '../model/pieces.js';
import { isRefusal, refuse } from '../model/refusal.js';
import { shorten } from '../model/show.js';
import { fitPieces, moveEdge, rangeOf, textOf, type Move } from '../model/spans.js';
import type { Label, LabelSet, Piece, Relation, Span, Status } from '../model/types.js';
import type { Changed } from '../store/commit.js';
import { countOf, info, warning } from './messages.js';
import type { Made, Session } from './session.js';

export const NO_FOCUS = 'No span has the focus. Tab goes to the next one.';

/** Which labels the keys of labels set: those of spans, of relations between two spans, or types of the focused span. */
export type Mode = LabelKind;

export class Editing {
  readonly mode = signal<Mode>('span');
  /** The span from which a relation is made. */
  readonly relationHead = signal<string | undefined>(undefined);
  /** Id of the label set whose labels are offered; `undefined`: those of all sets of the kind. */
  readonly activeSet = signal<string | undefined>(undefined);
  /** The label sets of the mode. */
  readonly labelSets: ReadonlySignal<readonly LabelSet[]>;
  /** The labels that keys and buttons set now. */
  readonly labels: ReadonlySignal<readonly Label[]>;
  /** Ids of the labels that were set last, the newest first. */
  readonly recent = signal<readonly string[]>([]);
  /** The label of a span that was set last. */
  readonly lastLabel: ReadonlySignal<string | undefined>;
  /** The selection for which the person wants the labels ranked. */
  readonly ranked = signal<Piece | undefined>(undefined);
  readonly #session: Session;
  /** The last move of an edge: a further one of the same span joins its group of the history. */
  #moved: { readonly span: string; readonly document: string; readonly group: string; readonly done: number } | undefined;

  constructor(session: Session) {
    this.#session = session;
    this.labelSets = computed(() => session.labelSets.value.filter(({ kind }) => kind === this.mode.value));
    this.lastLabel = computed(() => this.recent.value.find((id) => findLabel(session.record.value.labelSets, id)?.set.kind === 'span'));
    this.labels = computed(() => {
      const sets = this.labelSets.value;
      const active = sets.filter(({ id }) => id === this.activeSet.value);
      const labels = (active.length ? active : sets).flatMap((set) => set.labels);
      return this.mode.value === 'relation' ? labels.filter((label) => this.#fits(label)) : labels;
    });
  }

  /** The label was used now. */
  used(id: string): void {
    this.recent.value = withRecent(this.recent.peek(), id);
  }

  /** Sets a label: of a relation or a type in those modes, else of the selection, else of the focused span. */
  async label(id: string): Promise<boolean> {
    const found = findLabel(this.#session.record.value.labelSets, id);
    if (!found) return this.#refused('The label does not exist.');
    switch (found.set.kind) {
      case 'relation':
        return this.#relate(found.label);
      case 'type':
        return this.#setType(found.label);
      case 'span':
        return this.#labelSpan(found.label);
    }
  }

  /** Adds a span with this label, as the rules of edges allow it. It gets the focus. */
  async add(piece: Piece, label: string): Promise<boolean> {
    const { selection, focus } = this.#session;
    let pieces: Pieces = [];
    let id: string | undefined;
    const changed = await this.#session.edit((scene, { body }) => {
      pieces = fitPieces(this.#bounds(body.text), [piece]);
      const change = addSpan(scene, { pieces, label });
      id = isRefusal(change) ? change.id : idOf(change);
      return change;
    }, { done: () => {
      // Before the next key: it is about the new span.
      if (selection.value === piece) selection.value = undefined;
      focus.value = id;
      this.used(label);
      return `${this.#labelName(label)} "${shorten(textOf({ pieces }, this.#session.text))}" added.`;
    } });
    if (!changed && id !== undefined) focus.value = id;
    return changed !== undefined;
  }

  /** Accepts the focused span. Then the next suggestion has the focus. */
  async accept(span = this.#session.focused.value): Promise<boolean> {
    if (!span) return this.#refused(NO_FOCUS);
    if (span.state === 'accepted') return this.#refused('This span is accepted already.');
    const accept = (): Promise<Changed | undefined> => this.#change(span, acceptSpan, (name) => `${name} accepted.${this.#left()}`);
    return this.#andFocus(span, this.#nextSuggestion(span) ?? span, accept);
  }

  /** Rejects a suggestion or removes a span. Then the span behind it has the focus. */
  async remove(span = this.#session.focused.value): Promise<boolean> {
    if (!span) return this.#refused(NO_FOCUS);
    const spans = this.#session.spans.value;
    const index = spans.findIndex(({ id }) => id === span.id);
    const next = spans[index + 1] ?? spans[index - 1];
    const verb = span.state === 'suggested' ? 'rejected' : 'removed';
    return this.#andFocus(span, next, () => this.#change(span, rejectSpan, (name) => `${name} ${verb}.${this.#left()}`));
  }

  /** Accepts all suggestions that are shown. */
  async acceptAll(): Promise<boolean> {
    const suggested = this.#session.spans.value.filter(({ state }) => state === 'suggested');
    if (!suggested.length) return this.#refused('There is no suggestion to accept.');
    let result: AcceptedSpans | undefined;
    const changed = await this.#session.edit((scene) => {
      result = acceptSpans(scene, suggested.flatMap((span) => latest(scene.notes.spans, span) ?? []));
      return result.change ?? result.refused[0]?.refusal;
    }, { done: () => {
      const left = result?.refused.length ? ` ${countOf(result.refused.length, 'suggestion')} cannot be accepted and stay.` : '';
      return `${countOf(result?.accepted.length ?? 0, 'suggestion')} accepted.${left}`;
    } });
    return changed !== undefined;
  }

  /** Moves an edge of the focused span. Moves one after the other are undone together. */
  async move(move: Move): Promise<boolean> {
    const span = this.#session.focused.value;
    if (!span) return this.#refused(NO_FOCUS);
    let pieces = span.pieces;
    let group: string | undefined;
    const changed = await this.#session.edit((scene, { head, body, notes }) => {
      const before = latest(notes.spans, span);
      if (!before) return undefined;
      pieces = moveEdge(this.#bounds(body.text), before.pieces, move);
      if (equalPieces(pieces, before.pieces)) return refuse('outside', 'The edge cannot move further.');
      const last = this.#moved;
      group = last?.span === span.id && last.document === head.id && last.done === notes.done ? last.group : undefined;
      return reshapeSpan(scene, before, pieces);
    }, { group: () => group, done: (result) => {
      const document = result.documents[0];
      this.#moved = document && { span: span.id, document: document.head.id, group: result.group, done: document.notes.done };
      return `The span is now "${shorten(textOf({ pieces }, this.#session.text))}".`;
    } });
    return changed !== undefined;
  }

  /** The focus goes to the next or previous span, and begins at the selection if no span has it. */
  moveFocus(step: 1 | -1): boolean {
    const { spans, focus, selection } = this.#session;
    const list = spans.value;
    if (!list.length) return this.#refused('There is no span in this document.');
    const index = list.findIndex(({ id }) => id === focus.value);
    const place = selection.value?.[0] ?? 0;
    const start = index >= 0 ? index : list.filter((span) => rangeOf(span)[0] < place).length - (step > 0 ? 1 : 0);
    const next = list[start + step];
    if (!next) return this.#refused(step > 0 ? 'This is the last span.' : 'This is the first span.');
    selection.value = undefined;
    focus.value = next.id;
    return true;
  }

  /** From the focused span: the next label key makes a relation to the span that has the focus then. */
  startRelation(): boolean {
    const span = this.#session.focused.value;
    if (!span) return this.#refused('A relation begins at a span: go to one by Tab first.');
    if (!this.#session.record.value.labelSets.some(({ kind, labels }) => kind === 'relation' && labels.length)) {
      return this.#refused('The project has no label for relations. Add one to its labels.');
    }
    const isPossible = ({ kind, labels }: LabelSet): boolean => kind === 'relation' && labels.some((label) => allowsEnds(label, span.label));
    if (!this.#session.record.value.labelSets.some(isPossible)) return this.#refused(`No relation may begin at ${this.#labelName(span.label)}.`);
    this.relationHead.value = span.id;
    this.mode.value = 'relation';
    this.#session.say(info(`Relation from ${this.#name(span)}: Tab goes to the other span, a label key makes the relation, Escape ends.`));
    return true;
  }

  /** The type of the focused span; with text selected, the labels are ranked for it. */
  startType(): boolean {
    const { focused: { value: span }, selection } = this.#session;
    if (selection.value && this.mode.value === 'span') {
      this.ranked.value = selection.value;
      return true;
    }
    if (!span) return this.#refused('A type belongs to a span: go to one by Tab first.');
    if (!this.#session.record.value.labelSets.some(({ kind, labels }) => kind === 'type' && labels.length)) {
      return this.#refused('The project has no label for types. Add one to its labels.');
    }
    this.mode.value = 'type';
    this.#session.say(info(`Type of ${this.#name(span)}: a label key sets it, Backspace takes it away, Escape ends.`));
    return true;
  }

  /** Back to labels of spans; whether there was something to step out of. */
  stepOut(): boolean {
    if (this.mode.value === 'span') return false;
    this.mode.value = 'span';
    this.relationHead.value = undefined;
    return true;
  }

  async acceptRelation(relation: Relation): Promise<boolean> {
    const { shown } = this.#session;
    return (await this.#session.edit((scene) => acceptRelation(scene, shown.value, relation), { done: () => 'Relation accepted.' })) !== undefined;
  }

  async removeRelation(relation: Relation): Promise<boolean> {
    const { shown } = this.#session;
    const done = (): string => `Relation ${relation.state === 'suggested' ? 'rejected' : 'removed'}.`;
    return (await this.#session.edit((scene) => rejectRelation(scene, relation, shown.value), { done })) !== undefined;
  }

  async clearType(): Promise<boolean> {
    const span = this.#session.focused.value;
    if (!span || span.type === undefined) return this.#refused('The span has no type.');
    this.stepOut();
    const changed = await this.#change(span, (scene, now) => retypeSpan(scene, now, undefined), (name) => `${name} has no type now.`);
    return changed !== undefined;
  }

  async setStatus(status: Status): Promise<boolean> {
    const head = this.#session.document.value?.head;
    if (head?.status === status) return true;
    return (await this.#session.edit(() => ({ type: 'status', status }), { done: () => `${head?.name ?? ''}: ${status}.` })) !== undefined;
  }

  /** Sets the note of the document, or takes it away. */
  async setNote(note: string): Promise<boolean> {
    const text = note.trim();
    if ((this.#session.document.value?.head.note ?? '') === text) return true;
    return (await this.#session.edit(() => (text ? { type: 'note', note: text } : { type: 'note' }), { done: () => 'Note saved.' })) !== undefined;
  }

  /** Sets the note of a span, or takes it away. A suggestion is accepted by it. */
  async setSpanNote(span: Span, note: string): Promise<boolean> {
    const text = note.trim();
    if ((span.note ?? '') === text) return true;
    const changed = await this.#change(span, (scene, { note: _, ...rest }) => {
      return acceptSpan(scene, text ? { ...rest, note: text } : rest);
    }, () => 'Note saved.');
    return changed !== undefined;
  }

  async #labelSpan(label: Label): Promise<boolean> {
    const { selection, focused } = this.#session;
    if (selection.value) return this.add(selection.value, label.id);
    const span = focused.value;
    if (!span) return this.#refused('Select some text first, or go to a span by Tab.');
    const changed = await this.#change(span, (scene, now) => relabelSpan(scene, now, label.id), () => `${this.#text(span)} is now ${label.name}.`);
    if (changed) this.used(label.id);
    return changed !== undefined;
  }

  async #setType(label: Label): Promise<boolean> {
    const span = this.#session.focused.value;
    if (!span) return this.#refused('A type belongs to a span: go to one by Tab first.');
    this.stepOut();
    const done = (): string => `${this.#text(span)} has the type ${label.name}.`;
    const changed = await this.#change(span, (scene, now) => retypeSpan(scene, now, label.id), done);
    if (changed) this.used(label.id);
    return changed !== undefined;
  }

  async #relate(label: Label): Promise<boolean> {
    const { shown, spans, focused } = this.#session;
    const head = spans.value.find(({ id }) => id === this.relationHead.value);
    const tail = focused.value;
    if (!head) return this.#refused('Press R at the first span of the relation.');
    if (!tail || tail.id === head.id) return this.#refused('Go to the other span of the relation by Tab.');
    if (!allowsEnds(label, head.label, tail.label)) return this.#refused(`${label.name} does not join these labels.`);
    this.stepOut();
    this.#session.focus.value = head.id;
    const changed = await this.#session.edit((scene) => {
      const same = shown.value.relations.find((one) => one.head === head.id && one.tail === tail.id && one.label === label.id);
      if (same?.state === 'accepted') return refuse('duplicate', 'This relation is there already.', same.id);
      const id = freshIds(shown.value.relations, 'r')();
      const fresh: Relation = { id, head: head.id, tail: tail.id, label: label.id, by: 'human', state: 'accepted' };
      return acceptRelation(scene, shown.value, same ?? fresh);
    }, { done: () => `${this.#text(head)} → ${label.name} → ${this.#text(tail)} added.` });
    if (changed) this.used(label.id);
    return changed !== undefined;
  }

  /** The focus moves at once, so that the next key acts on the next span; and back, if the edit is not possible. */
  async #andFocus(span: Span, next: Span | undefined, edit: () => Promise<Changed | undefined>): Promise<boolean> {
    const { focus } = this.#session;
    focus.value = next?.id;
    const changed = await edit();
    if (!changed && focus.value === next?.id) focus.value = span.id;
    return changed !== undefined;
  }

  /** An edit of one span, as it is after all edits before; nothing, if it is gone. */
  #change(span: Span, make: (scene: Scene, now: Span) => Made, done: (name: string) => string): Promise<Changed | undefined> {
    return this.#session.edit((scene) => {
      const now = latest(scene.notes.spans, span);
      return now && make(scene, now);
    }, { done: () => done(this.#name(span)) });
  }

  /** Those of the session, as long as its document is open. */
  #bounds(text: string): Boundaries {
    const { bounds } = this.#session;
    return bounds.value.text === text ? bounds.value : new Boundaries(text);
  }

  #nextSuggestion(span: Span): Span | undefined {
    const list = this.#session.spans.value;
    const index = list.findIndex(({ id }) => id === span.id);
    return [...list.slice(index + 1), ...list.slice(0, Math.max(index, 0))].find(({ state }) => state === 'suggested');
  }

  #left(): string {
    const left = this.#session.spans.value.filter(({ state }) => state === 'suggested').length;
    return left > 0 ? ` ${countOf(left, 'suggestion')} left.` : '';
  }

  #text(span: Span): string {
    return `"${shorten(textOf(span, this.#session.text))}"`;
  }

  /** Whether the relation that is being made may have this label. */
  #fits(label: Label): boolean {
    const { spans, focused } = this.#session;
    const head = spans.value.find(({ id }) => id === this.relationHead.value);
    const tail = focused.value?.id === head?.id ? undefined : focused.value;
    return head === undefined || allowsEnds(label, head.label, tail?.label);
  }

  #name(span: Span): string {
    return `${this.#labelName(span.label)} ${this.#text(span)}`;
  }

  #labelName(id: string): string {
    return this.#session.labels.value.get(id)?.name ?? id;
  }

  #refused(message: string): false {
    this.#session.say(warning(message));
    return false;
  }
}

/** The span as the notes have it. A suggestion that is only shown is not among them; another span that is not there is gone. */
export function latest(spans: readonly Span[], span: Span): Span | undefined {
  return spans.find(({ id }) => id === span.id) ?? (span.state === 'suggested' && span.by === 'model' ? span : undefined);
}

/** The id of the span that a change adds or replaces. */
function idOf(change: DocumentChange): string | undefined {
  return (change.type === 'add' || change.type === 'replace') && change.list === 'spans' ? change.item.id : undefined;
}
