// What went wrong in the background: one message a matter, so that a thousand failures are not a thousand messages.
import { signal, type ReadonlySignal } from '@preact/signals-core';

/** What a message is about. A later message about the same matter takes its place. */
export type Matter = 'documents' | 'answers' | 'cache' | 'settings' | 'teaching' | 'order' | 'work';

export class Notices {
  readonly #all = signal<ReadonlyMap<Matter, string>>(new Map());

  get all(): ReadonlySignal<ReadonlyMap<Matter, string>> {
    return this.#all;
  }

  say(matter: Matter, message: string): void {
    this.#all.value = new Map(this.#all.peek()).set(matter, message);
  }

  clear(matter: Matter): void {
    if (!this.#all.peek().has(matter)) return;
    const left = new Map(this.#all.peek());
    left.delete(matter);
    this.#all.value = left;
  }
}
