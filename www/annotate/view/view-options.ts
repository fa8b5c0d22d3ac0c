// What a person has set for all projects: how relations are shown, and how words are selected.
import { signal } from '@preact/signals-core';
import { isObject } from '../formats/json-values.js';
import type { Json } from '../model/types.js';

export type ViewOption = 'allArcs' | 'wholeWords';

/** How the line of messages says it. */
export const OPTIONS: { readonly [O in ViewOption]: { readonly name: string; readonly on: string; readonly off: string } } = {
  allArcs: { name: 'Arcs', on: 'those of all relations', off: 'only those of the span that has the focus' },
  wholeWords: { name: 'What is selected counts', on: 'with whole words', off: 'as it is selected' },
};

export class ViewOptions {
  /** All relations are drawn as arcs, not only those of the span that has the focus. */
  readonly allArcs = signal(false);
  readonly wholeWords = signal(false);

  /** Takes what was kept. */
  read(stored: Json | undefined): void {
    if (!isObject(stored)) return;
    this.allArcs.value = stored['allArcs'] === true;
    this.wholeWords.value = stored['wholeWords'] === true;
  }

  toJson(): Json {
    return { allArcs: this.allArcs.peek(), wholeWords: this.wholeWords.peek() };
  }
}
