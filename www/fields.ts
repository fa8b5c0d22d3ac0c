// The inputs of a tab: a label above a control, whose value is an example at first.
import { element, type Child } from './dom.js';

/** A control and the element that shows it with its label. */
export interface Field<T extends HTMLElement> {
  element: HTMLElement;
  input: T;
}

/** One line of text. */
export function lineField(id: string, label: string, value: string): Field<HTMLInputElement> {
  return field(label, element('input', { id, value, type: 'text', spellcheck: 'false', autocomplete: 'off' }));
}

/** Several lines of text; `aside` stands right of the label. */
export function textField(id: string, label: string, value: string, rows: number, ...aside: Child[]): Field<HTMLTextAreaElement> {
  return field(label, element('textarea', { id, rows: String(rows), spellcheck: 'false', autocomplete: 'off' }, value), ...aside);
}

function field<T extends HTMLElement>(label: string, input: T, ...aside: Child[]): Field<T> {
  const above = element('div', { class: 'row' }, element('label', { for: input.id }, label), ...aside);
  return { element: element('div', { class: 'field' }, above, input), input };
}
