import type { Entity } from 'luke-web';
import { count, element, percent } from '../dom.js';
import { textField } from '../fields.js';
import { markedText } from '../results.js';
import { samples } from '../samples.js';
import type { Tab } from './tab.js';

/** Named entities: the text with marked entities, and a table of them. */
export function ner(): Tab {
  const buttons = samples.map(({ name, text }) => {
    const button = element('button', { type: 'button' }, name);
    button.addEventListener('click', () => {
      input.value = text;
      input.form!.requestSubmit();
    });
    return button;
  });
  const group = element('span', { class: 'samples', role: 'group', 'aria-label': 'Sample texts' }, ...buttons);
  const { element: field, input } = textField('ner-text', 'Text, in English', samples[0]!.text, 6, group);
  return {
    task: 'ner',
    name: 'Entities',
    about: 'Finds the people, places, organizations and other names in a text.',
    subject: 'named entities',
    requirement: ['a LukeForEntitySpanClassification checkpoint, such as studio-ousia/luke-large-finetuned-conll-2003: convert one with ', element('code', {}, 'luke convert')],
    action: 'Find entities',
    runs: 'while typing',
    fields: [field],
    async run(luke, signal) {
      const text = input.value;
      const entities = await luke.ner(text, { signal });
      const marks = entities.map(({ start, end, label, score }) => ({ start, end, label: `${label}\u00a0${percent(score)}`, tint: tint(label) }));
      return {
        summary: count(entities.length, 'entity', 'entities'),
        body: [markedText(text, marks), ...(entities.length > 0 ? [table(entities)] : [])],
        data: { text, entities },
      };
    },
  };
}

function table(entities: readonly Entity[]): HTMLElement {
  const head = element('tr', {}, ...['Entity', 'Label', 'Score', 'From–to'].map((name) => element('th', { scope: 'col' }, name)));
  const rows = entities.map(({ text, label, score, start, end }) => {
    const tag = element('span', { class: `tag tint-${tint(label)}` }, label);
    return element('tr', {}, ...[text, tag, percent(score), `${start}–${end}`].map((cell) => element('td', {}, cell)));
  });
  const whole = element('table', { class: 'entities' }, element('thead', {}, head), element('tbody', {}, ...rows));
  return element('div', { class: 'scroll', role: 'region', 'aria-label': 'Table of entities', tabindex: '0' }, whole);
}

/** The color of a label: one for each of the four CoNLL labels, and one for all others. The label is always shown as text too. */
function tint(label: string): number {
  const index = [/^PER/i, /^LOC/i, /^ORG/i, /^MISC/i].findIndex((name) => name.test(label));
  return index === -1 ? 4 : index;
}
