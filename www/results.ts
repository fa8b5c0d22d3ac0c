// The display of results: a text with marks, and lists of labels with bars.
import { element, percent, type Child } from './dom.js';

/** A marked part of a text. */
export interface Mark {
  start: number;
  end: number;
  /** Text that follows the marked part. */
  label: string;
  /** Color, 0 to 4. */
  tint: number;
}

/** A row of a list: a name, its score and a note. */
export interface Bar {
  name: string;
  score: number;
  note?: string;
  /** Whether the row is shown in gray. */
  faint?: boolean;
}

/** A text with marks. Of two marks that overlap, only the first is shown. */
export function markedText(text: string, marks: readonly Mark[]): HTMLElement {
  const parts: Child[] = [];
  let at = 0;
  for (const { start, end, label, tint } of [...marks].sort((a, b) => a.start - b.start)) {
    if (start < at) continue;
    parts.push(text.slice(at, start), element('mark', { class: `tint-${tint}` }, text.slice(start, end), element('small', {}, label)));
    at = end;
  }
  return element('p', { class: 'marked' }, ...parts, text.slice(at));
}

/** A list with one bar per score, 0 to 1. */
export function bars(rows: readonly Bar[]): HTMLElement {
  return element('ol', { class: 'bars' }, ...rows.map(bar));
}

/** A heading of a part of the results. */
export function heading(text: string): HTMLElement {
  return element('h3', {}, text);
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
