import type { Entity } from 'luke-web';
import { count, element, percent } from '../dom.js';
import { textField, type Field } from '../fields.js';
import { MarkedText, type Mark } from '../marked.js';
import { samples } from '../samples.js';
import { slicesOf } from '../slices.js';
import type { Outcome, Tab } from './tab.js';

/** Below this score a name is shown with its score and a dashed border. */
const SURE = 0.9;
/** Milliseconds between two updates of the page while a long text is read. */
const UPDATE_MS = 100;
/** Other labels with at least this probability are told. */
const WORTH_TELLING = 0.01;
/** The four labels of CoNLL-2003 in words. Labels of other models are shown as they are. */
const NAMES: Readonly<Record<string, string>> = { PER: 'person', LOC: 'place', ORG: 'organization', MISC: 'other name', O: 'no name', NIL: 'no name' };

/** Named entities: the text with marks, which come while a long text is read. */
export function ner(): Tab {
  let sample = samples[0].text;
  /** The labels that are not shown. */
  const hidden = new Set<string>();
  const buttons = samples.map(({ name, text }) => {
    const button = element('button', { type: 'button' }, name);
    button.addEventListener('click', () => {
      sample = text;
      input.value = '';
      showSample();
      input.form?.requestSubmit();
    });
    return button;
  });
  /** Says which sample is the text. */
  const showSample = () => {
    for (const [i, { text }] of samples.entries()) buttons[i]?.setAttribute('aria-pressed', String(input.value === '' && text === sample));
  };
  const group = element('span', { class: 'samples', role: 'group', 'aria-label': 'Sample texts' }, ...buttons);
  const { name, element: whole, input } = textField('ner-text', 'Your text', '', 1, group);
  input.placeholder = 'Type or paste a text in English';
  input.addEventListener('input', showSample);
  showSample();
  const text: Field = {
    name,
    element: whole,
    get value() {
      return input.value || sample;
    },
    set value(value) {
      input.value = value;
      showSample();
    },
  };
  const legend = (marked: MarkedText, entities: readonly Entity[]) => {
    const counts = new Map<string, number>();
    for (const { label } of entities) counts.set(label, (counts.get(label) ?? 0) + 1);
    const chips = [...counts].map(([label, number]) => {
      const chip = element('button', { type: 'button', class: `tag tint-${tint(label)}`, 'aria-pressed': String(!hidden.has(label)) }, `${inWords(label)} ${number}`);
      chip.addEventListener('click', () => {
        if (!hidden.delete(label)) hidden.add(label);
        chip.ariaPressed = String(!hidden.has(label));
        marked.toggle(label, !hidden.has(label));
      });
      return chip;
    });
    return element('div', { class: 'legend', role: 'group', 'aria-label': 'Kinds of names: press to hide or show' }, ...chips);
  };
  return {
    task: 'ner',
    name: 'Who and where',
    paper: 'named entities',
    about: 'Finds the people, places, organizations and other names in a text. The text stays on this device.',
    needs: 'a LukeForEntitySpanClassification checkpoint, such as studio-ousia/luke-large-finetuned-conll-2003',
    action: 'Find names',
    runs: 'while typing',
    fields: [text],
    text,
    preview: () => new MarkedText(text.value).element,
    async run(luke, signal, show) {
      const { value } = text;
      const slices = slicesOf(value);
      const marked = new MarkedText(value);
      const entities: Entity[] = [];
      const outcome = (): Outcome => ({
        summary: count(entities.length, 'name'), body: [marked.element, ...(entities.length > 0 ? [legend(marked, entities)] : [])], data: { text: value, entities },
      });
      let waiting: Mark[] = [];
      let updated = 0;
      const texts = slices.map(({ start, end }) => value.slice(start, end));
      for await (const { index, entities: found } of luke.nerStream(texts, { allScores: true, signal })) {
        const { start = 0, end = value.length } = slices[index] ?? {};
        const placed = found.map((entity) => ({ ...entity, start: entity.start + start, end: entity.end + start }));
        entities.push(...placed);
        waiting.push(...placed.map(mark));
        if (end < value.length && performance.now() - updated < UPDATE_MS) continue;
        marked.add(waiting, end);
        for (const label of hidden) marked.toggle(label, false);
        show(outcome(), end / value.length);
        [waiting, updated] = [[], performance.now()];
      }
      return outcome();
    },
    args: () => [text.value],
  };
}

function mark({ start, end, label, score, scores = {} }: Entity): Mark {
  const others = Object.entries(scores).filter(([other, value]) => other !== label && value >= WORTH_TELLING).sort(([, a], [, b]) => b - a);
  const detail = [`${inWords(label)} ${percent(score)}`, ...others.map(([other, value]) => `${inWords(other)} ${percent(value)}`)].join(', ');
  const isUnsure = score < SURE;
  return { start, end, tint: tint(label), kind: label, isUnsure, detail, label: isUnsure ? `${inWords(label)}\u00a0${percent(score)}` : inWords(label) };
}

function inWords(label: string): string {
  return NAMES[label] ?? label;
}

/** The color of a label: one for each of the four CoNLL labels, and one for all others. The label is always shown as text too. */
function tint(label: string): number {
  const index = [/^PER/i, /^LOC/i, /^ORG/i, /^MISC/i].findIndex((name) => name.test(label));
  return index === -1 ? 4 : index;
}
