import { LukeError } from 'luke-web';
import { count } from '../dom.js';
import { textField } from '../fields.js';
import { markedText } from '../marked.js';
import { Mentions } from '../mentions.js';
import { bars, heading } from '../results.js';
import type { Tab } from './tab.js';

/** Masked entities: the mentions with their titles, and the best entities for each. It reads the whole entity table. */
export function predictEntities(): Tab {
  const text = textField('predictEntities-text', 'Text', 'Einstein was born in Germany and moved to the United States, where he taught at Princeton.', 3);
  const mentions = new Mentions(text.input, {
    id: 'predictEntities-mentions', label: 'Names, with their titles if known', initial: ['Einstein', 'Germany', 'United States'], titled: true,
  });
  return {
    task: 'predictEntities',
    name: 'Which entity',
    paper: 'masked entities',
    about: 'Guesses the Wikipedia page of each name. Known titles help with the other names.',
    needs: 'a LukeForMaskedLM checkpoint, such as studio-ousia/luke-base, with its whole entity table (luke convert --entities full)',
    action: 'Guess the entities',
    runs: 'on request',
    fields: [text, mentions],
    text,
    async run(luke, signal) {
      const { value } = text;
      const spans = mentions.spans();
      if (spans.length === 0) throw new LukeError('input', 'choose a name in the text first');
      const found = await luke.predictEntities(value, spans, { titles: mentions.titles(), signal });
      return {
        summary: count(spans.length, 'name'),
        body: [
          markedText(value, spans.map(([start, end], i) => ({ start, end, label: found[i]![0]!.title, tint: i % 4 }))),
          ...found.flatMap((entities, i) => [heading(value.slice(...spans[i]!)), bars(entities.map(({ title, score }) => ({ name: title, score })))]),
        ],
        data: { text: value, spans, entities: found },
      };
    },
    args: () => [text.value, mentions.spans(), { titles: mentions.titles() }],
  };
}
