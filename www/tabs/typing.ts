import { count } from '../dom.js';
import { textField } from '../fields.js';
import { markedText } from '../marked.js';
import { Mentions } from '../mentions.js';
import { bars } from '../results.js';
import type { Tab } from './tab.js';

const LABELS = 20;

/** Entity typing: all labels of one mention. Labels with a positive logit are shown in color. */
export function typing(): Tab {
  const text = textField('typing-text', 'Text', 'Ada Lovelace wrote the first program for a machine that Charles Babbage never finished.', 3);
  const mention = new Mentions(text.input, { id: 'typing-mention', label: 'Name', initial: ['Ada Lovelace'], single: true });
  return {
    task: 'typing',
    name: 'What kind of thing',
    paper: 'entity typing',
    about: 'Finds the types of a name in its text, such as person or place. There may be several.',
    needs: 'a LukeForEntityClassification checkpoint, such as studio-ousia/luke-large-finetuned-open-entity',
    action: 'Find its types',
    runs: 'on open',
    fields: [mention, text],
    text,
    async run(luke, signal) {
      const { value } = text;
      const span = mention.span();
      const labels = await luke.typing(value, span, { allScores: true, signal });
      const positive = labels.filter(({ logit }) => logit > 0);
      const label = positive.map(({ label: name }) => name).join(', ') || 'none';
      return {
        summary: `${count(positive.length, 'label holds', 'labels hold')} of ${labels.length}`,
        body: [
          markedText(value, [{ start: span[0], end: span[1], label, tint: 0 }]),
          bars(labels.slice(0, LABELS).map(({ label: name, score, logit }) => ({ name, score, faint: logit <= 0 }))),
        ],
        data: { text: value, span, labels },
      };
    },
    args: () => [text.value, mention.span()],
  };
}
