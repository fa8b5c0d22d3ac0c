// The inputs of a tab: a label above a control. The first value is an example.
import { element, type Child } from './dom.js';

/** An input of a tab. Its value as a text is what a link to the task has. */
export interface Field {
  /** Its name in a link. */
  readonly name: string;
  /** What contains the control and its label. */
  readonly element: HTMLElement;
  value: string;
}

/** A field with one control. */
export interface ControlField<T extends HTMLInputElement | HTMLTextAreaElement> extends Field {
  readonly input: T;
}

/** An input for one line of text. The id of an input is the task and the name of the field. */
export function lineField(id: string, label: string, value: string): ControlField<HTMLInputElement> {
  return field(label, element('input', { id, value, type: 'text', spellcheck: 'false', autocomplete: 'off' }));
}

/** An input for several lines of text. `aside` is shown to the right of the label. */
export function textField(id: string, label: string, value: string, rows: number, ...aside: Child[]): ControlField<HTMLTextAreaElement> {
  return field(label, element('textarea', { id, rows: String(rows), spellcheck: 'false', autocomplete: 'off' }, value), ...aside);
}

function field<T extends HTMLInputElement | HTMLTextAreaElement>(label: string, input: T, ...aside: Child[]): ControlField<T> {
  const above = element('div', { class: 'row' }, element('label', { for: input.id }, label), ...aside);
  return {
    name: nameOf(input.id),
    element: element('div', { class: 'field' }, above, input),
    input,
    get value() {
      return input.value;
    },
    set value(value) {
      input.value = value;
      input.dispatchEvent(new Event('input', { bubbles: true }));
    },
  };
}

/** The name of a field: what follows the task in the id of its input. */
export function nameOf(id: string): string {
  return id.slice(id.indexOf('-') + 1);
}
