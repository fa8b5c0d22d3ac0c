// The inputs of a tab: a label above a control. The first value is an example.
import { element, type Child } from './dom.js';

/** A control, and the element that contains it and its label. */
export interface Field<T extends HTMLElement> {
  element: HTMLElement;
  input: T;
}

/** An input for one line of text. */
export function lineField(id: string, label: string, value: string): Field<HTMLInputElement> {
  return field(label, element('input', { id, value, type: 'text', spellcheck: 'false', autocomplete: 'off' }));
}

/** An input for several lines of text. `aside` is shown to the right of the label. */
export function textField(id: string, label: string, value: string, rows: number, ...aside: Child[]): Field<HTMLTextAreaElement> {
  return field(label, element('textarea', { id, rows: String(rows), spellcheck: 'false', autocomplete: 'off' }, value), ...aside);
}

function field<T extends HTMLElement>(label: string, input: T, ...aside: Child[]): Field<T> {
  const above = element('div', { class: 'row' }, element('label', { for: input.id }, label), ...aside);
  return { element: element('div', { class: 'field' }, above, input), input };
}
