// From one document to another: in the order of the list, to the next open one, to the most uncertain one.
import type { NextDocument } from '../model/measure.js';
import type { Status } from '../model/types.js';
import type { HeadRecord } from '../store/schema.js';
import { neighbor, nextOpen } from './document-filter.js';
import type { Editing } from './editing.js';
import { info } from './messages.js';
import type { Session } from './session.js';

const NO_OTHER = 'No other document of the list is open.';

export class Navigation {
  readonly #session: Session;
  readonly #editing: Editing;
  readonly #mostUncertain: () => NextDocument<HeadRecord> | undefined;

  constructor(session: Session, editing: Editing, mostUncertain: () => NextDocument<HeadRecord> | undefined) {
    this.#session = session;
    this.#editing = editing;
    this.#mostUncertain = mostUncertain;
  }

  step(step: 1 | -1): Promise<boolean> {
    const head = neighbor(this.#session.documents.visible.value, this.#current, step);
    return this.#open(head, step > 0 ? 'This is the last document of the list.' : 'This is the first document of the list.');
  }

  nextOpen(): Promise<boolean> {
    return this.#open(nextOpen(this.#session.documents.visible.value, this.#current), NO_OTHER);
  }

  async nextUncertain(): Promise<boolean> {
    const next = this.#mostUncertain();
    const isOpened = await this.#open(next?.document, 'No other document is to be done.');
    if (isOpened && next?.random) this.#session.say(info('This document was drawn at random: one in ten is, so that measured figures stay honest.'));
    return isOpened;
  }

  /** Sets a status that ends the work on the document, and goes to the next open one. */
  async finish(status: Status): Promise<boolean> {
    const next = nextOpen(this.#session.documents.visible.value, this.#current);
    if (!(await this.#editing.setStatus(status))) return false;
    return this.#open(next, `${status === 'done' ? 'Done' : 'Skipped'}. ${NO_OTHER}`);
  }

  /** Deletes the open document with all that it has, and opens the next one. */
  async remove(): Promise<void> {
    const id = this.#current;
    const visible = this.#session.documents.visible.value;
    const next = neighbor(visible, id, 1) ?? neighbor(visible, id, -1);
    if (id !== undefined && (await this.#session.remove(id)) && next && next.id !== id) await this.open(next.id);
  }

  /** Opens any document of the project. */
  open(id: string): Promise<boolean> {
    this.#editing.stepOut();
    return this.#session.openDocument(id);
  }

  get #current(): string | undefined {
    return this.#session.document.value?.head.id;
  }

  async #open(head: HeadRecord | undefined, none: string): Promise<boolean> {
    if (head) return this.open(head.id);
    this.#session.say(info(none));
    return false;
  }
}
