import type { Entity } from 'luke-web';
import { count, element, percent } from '../dom.js';
import { textField } from '../fields.js';
import { markedText } from '../results.js';
import { samples } from '../samples.js';
import type { Tab } from './tab.js';

/** Named entities: the text with its entities marked, and a table of them. */
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
    about: 'Finds the people, places, organisations and other names in a text.',
    subject: 'named entities',
    needs: ['a LukeForEntitySpanClassification checkpoint, such as studio-ousia/luke-large-finetuned-conll-2003: convert one with ', element('code', {}, 'luke convert')],
    action: 'Find entities',
    runs: 'as you type',
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

/** A colour for a label: the usual four have their own, others share one. The label itself is always written beside it. */
function tint(label: string): number {
  const usual = [/^PER/i, /^LOC/i, /^ORG/i, /^MISC/i].findIndex((name) => name.test(label));
  return usual === -1 ? 4 : usual;
}
