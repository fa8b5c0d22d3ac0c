import { textField } from '../fields.js';
import { markedText } from '../marked.js';
import { Mentions } from '../mentions.js';
import { bars } from '../results.js';
import type { Tab } from './tab.js';

const LABELS = 8;

/** Relation classification: the two mentions in their text, and the best labels. */
export function relation(): Tab {
  const text = textField('relation-text', 'Text', 'Satya Nadella, who joined the company in 1992, became the chief executive of Microsoft in 2014.', 3);
  const head = new Mentions(text.input, { id: 'relation-head', label: 'Subject', initial: ['Satya Nadella'], single: true });
  const tail = new Mentions(text.input, { id: 'relation-tail', label: 'Object', initial: ['Microsoft'], single: true });
  return {
    task: 'relation',
    name: 'How are they related',
    paper: 'relation classification',
    about: 'Finds the relation between two names of a text: what the subject is to the object.',
    needs: 'a LukeForEntityPairClassification checkpoint, such as studio-ousia/luke-large-finetuned-tacred',
    action: 'Find the relation',
    runs: 'on open',
    fields: [text, head, tail],
    text,
    async run(luke, signal) {
      const { value } = text;
      const [subject, object] = [head.span(), tail.span()];
      const labels = await luke.relation(value, subject, object, { signal });
      return {
        summary: `best of ${labels.length}: ${inWords(labels[0].label)}`,
        body: [
          markedText(value, [
            { start: subject[0], end: subject[1], label: 'subject', tint: 0 },
            { start: object[0], end: object[1], label: 'object', tint: 2 },
          ]),
          bars(labels.slice(0, LABELS).map(({ label, score }, i) => ({ name: inWords(label), note: label, score, faint: i > 0 }))),
        ],
        data: { text: value, head: subject, tail: object, labels },
      };
    },
    args: () => [text.value, head.span(), tail.span()],
  };
}

/** What a label of TACRED says: `employee of` for `per:employee_of`. */
function inWords(label: string): string {
  return label.replace(/^(per|org):/, '').replaceAll('_', ' ');
}
