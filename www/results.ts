// The display of results: lists of labels with bars. `marked.ts` shows texts with marks.
import { element, percent } from './dom.js';

/** A row of a list: a name, its score and a note. */
export interface Bar {
  name: string;
  score: number;
  note?: string;
  /** Whether the row is shown in gray. */
  faint?: boolean;
}

/** A list with one bar per score, 0 to 1. */
export function bars(rows: readonly Bar[]): HTMLElement {
  return element('ol', { class: 'bars' }, ...rows.map(bar));
}

/** A heading of a part of the results. */
export function heading(text: string): HTMLElement {
  return element('h2', { class: 'part' }, text);
}

function bar({ name, score, note, faint }: Bar): HTMLElement {
  const fill = element('span');
  fill.style.width = `${Math.min(100, Math.max(0, score * 100))}%`;
  return element(
    'li', faint ? { class: 'faint' } : {},
    element('span', { class: 'name' }, name, ...(note === undefined ? [] : [element('small', {}, note)])),
    element('span', { class: 'bar', 'aria-hidden': 'true' }, fill),
    element('span', { class: 'score' }, percent(score)),
  );
}
