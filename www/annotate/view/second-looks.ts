// The second look as signals: the documents with places to decide on, some at a time, and what a person decides. It knows no view.
import { signal } from '@preact/signals-core';
import type { Assistant } from '../assistant/assistant.js';
import { isRefusal } from '../model/refusal.js';
import { settle, type Place, type Verdict } from '../model/second-look.js';
import { shorten } from '../model/show.js';
import { textOf } from '../model/spans.js';
import { countOf, errorMessage, info, percent, refusalMessage } from './messages.js';
import type { Session } from './session.js';

/** So many documents are shown at a time. */
export const PAGE = 50;

export interface Look {
  readonly document: string;
  readonly doubts: readonly Place[];
}

/** A document that is shown. */
export interface ShownLook extends Look {
  readonly text: string;
}

export const VERDICTS: { readonly [V in Verdict]: string } = {
  right: 'Is right', remove: 'Remove', take: "Take the model's", add: 'Add', reject: 'Reject',
};
const DONE: { readonly [V in Verdict]: string } = {
  right: 'is right', remove: 'removed', take: 'changed to what the model says', add: 'added', reject: 'rejected',
};

export class SecondLooks {
  /** The documents of the page; `undefined` while they are looked for. */
  readonly shown = signal<readonly ShownLook[] | undefined>(undefined);
  /** How many documents have places, and which of them is the first one that is shown. */
  readonly total = signal(0);
  readonly start = signal(0);
  readonly canUndo = signal(false);
  readonly #session: Session;
  readonly #assistant: Pick<Assistant, 'secondLook'>;
  /** Those with places when the look began. One that is settled stays, so that the others keep their page. */
  #looks: readonly Look[] = [];
  /** The documents of the decisions of this look, the last one at the end. */
  readonly #decided: string[] = [];

  constructor(session: Session, assistant: Pick<Assistant, 'secondLook'>) {
    this.#session = session;
    this.#assistant = assistant;
  }

  async look(): Promise<void> {
    this.#looks = await this.#assistant.secondLook();
    this.total.value = this.#looks.length;
    await this.show(0);
  }

  /** Shows the page that begins with this document. */
  async show(start: number): Promise<void> {
    const part = this.#looks.slice(start, start + PAGE);
    const texts = await Promise.all(part.map(async ({ document }) => (await this.#session.project.document(document)).body.text));
    this.start.value = start;
    this.shown.value = part.map((look, index) => ({ ...look, text: texts[index]! }));
  }

  /** Decides about a place. The message of the session says what became of it. */
  async settle({ document: id, text }: ShownLook, place: Place, verdict: Verdict): Promise<boolean> {
    const { project } = this.#session;
    const changed = await this.#session.commit(async () => {
      const document = await project.document(id);
      const change = settle(this.#session.sceneOf(document), place, verdict);
      return isRefusal(change) ? this.#session.say(refusalMessage(change)) : { documents: [{ id, change }] };
    }, () => `${this.#labelOf(place, verdict)} "${shorten(wordsOf(place, text))}" ${DONE[verdict]}.`);
    if (!changed) return false;
    this.#decided.push(id);
    await this.#lookAgain(id);
    return true;
  }

  /** Undoes the last decision of this look. */
  async undo(): Promise<void> {
    const id = this.#decided.pop();
    if (id === undefined) return this.#session.say(info('There is no decision to undo.'));
    await this.#session.undo(id);
    await this.#lookAgain(id);
  }

  /** In words: how many places, in which documents. */
  status(): string {
    const shown = this.shown.value;
    if (!shown) return 'Looking…';
    const total = this.total.value;
    if (!total) return 'Nothing to look at: no document that is done differs from what the model says.';
    const places = shown.reduce((sum, { doubts }) => sum + doubts.length, 0);
    const start = this.start.value;
    const page = start ? `documents ${start + 1} to ${start + shown.length} of ${total}` : `the first ${shown.length} of ${countOf(total, 'document')}`;
    const where = total > PAGE ? page : countOf(shown.filter(({ doubts }) => doubts.length > 0).length, 'document');
    if (places) return `${countOf(places, 'place')} in ${where}`;
    return total > PAGE ? `All is decided in ${page}.` : 'All is decided.';
  }

  /** Why a place is in the list. */
  why(place: Place): string {
    const name = (id: string): string => this.#session.labels.value.get(id)?.name ?? id;
    if (place.kind === 'missing') {
      const { suggestion: { label, score }, instead: [span] } = place;
      return `the model is sure of ${name(label)} (${percent(score)})${span ? `, and there is ${name(span.label)}` : ''}`;
    }
    const { span, score, other } = place;
    const instead = other ? `, and says ${name(other.label)} (${percent(other.score)})` : '';
    return `the model does not believe ${name(span.label)}${score === undefined ? '' : ` (${percent(score)})`}${instead}`;
  }

  #labelOf(place: Place, verdict: Verdict): string {
    const suggestion = place.kind === 'missing' ? place.suggestion : place.other;
    const label = place.kind === 'missing' || verdict === 'take' ? suggestion?.label : place.span.label;
    return (label !== undefined && this.#session.labels.value.get(label)?.name) || '';
  }

  async #lookAgain(id: string): Promise<void> {
    this.canUndo.value = this.#decided.length > 0;
    try {
      const [look] = await this.#assistant.secondLook(id);
      const doubts = look?.doubts ?? [];
      this.#looks = this.#looks.map((each) => (each.document === id ? { ...each, doubts } : each));
      this.shown.value = this.shown.value?.map((each) => (each.document === id ? { ...each, doubts } : each));
    } catch (error) {
      this.#session.say(errorMessage(error, 'The second look'));
    }
  }
}

/** The words that a place is about. */
export function wordsOf(place: Place, text: string): string {
  return textOf(place.kind === 'missing' ? place.suggestion : place.span, text);
}
