// How results look: a text with parts of it marked, and lists of labels with a bar for each.
import { element, percent, type Child } from './dom.js';

/** A part of a text to mark. */
export interface Mark {
  start: number;
  end: number;
  /** Written behind it. */
  label: string;
  /** Colour, 0 to 4. */
  tint: number;
}

/** A row of a list: what, how sure, and what else there is to say. */
export interface Bar {
  name: string;
  score: number;
  note?: string;
  /** Whether it is one that does not hold. */
  faint?: boolean;
}

/** A text with marks in it. Of two that overlap the first one counts. */
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

/** A list with a bar for each score, from 0 to 1. */
export function bars(rows: readonly Bar[]): HTMLElement {
  return element('ol', { class: 'bars' }, ...rows.map(bar));
}

/** A heading above a part of the results. */
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
