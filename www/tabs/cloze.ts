import { count, percent } from '../dom.js';
import { lineField, textField } from '../fields.js';
import { markedText } from '../marked.js';
import { Mentions } from '../mentions.js';
import { bars, heading } from '../results.js';
import type { Tab } from './tab.js';

const PLACEHOLDER = '@placeholder';
const PASSAGE = 'Naomi Osaka beat Serena Williams in the final of the US Open in New York. The crowd booed after the umpire, Carlos Ramos, had taken a game from the American, who was looking for her 24th title.';

/** Cloze questions: the sentence with the best candidate, and all candidates. */
export function cloze(): Tab {
  const passage = textField('cloze-passage', 'Text, of any length', PASSAGE, 4);
  const query = lineField('cloze-query', `Sentence with ${PLACEHOLDER}`, `${PLACEHOLDER} lost a game because of an argument with the umpire`);
  const candidates = new Mentions(passage.input, {
    id: 'cloze-candidates', label: 'Candidates', initial: ['Naomi Osaka', 'Serena Williams', 'US Open', 'New York', 'Carlos Ramos'],
  });
  return {
    task: 'cloze',
    name: 'Fill the blank',
    paper: 'cloze questions',
    about: `Finds the name of a text that replaces ${PLACEHOLDER} in a sentence about it.`,
    needs: 'the LUKE authors’ checkpoint for ReCoRD (LukeForEntitySpanQA)',
    action: 'Fill the blank',
    runs: 'on open',
    fields: [query, passage, candidates],
    text: passage,
    async run(luke, signal) {
      const { value } = passage;
      const sentence = query.value;
      const answers = await luke.cloze(value, sentence, candidates.spans(), { signal });
      const [best] = answers;
      if (!best) return { summary: 'no candidates', body: [], data: answers };
      const at = sentence.indexOf(PLACEHOLDER);
      const filled = sentence.slice(0, at) + best.text + sentence.slice(at + PLACEHOLDER.length);
      return {
        summary: `best of ${count(answers.length, 'candidate')}`,
        body: [
          markedText(filled, [{ start: at, end: at + best.text.length, label: percent(best.score), tint: 1 }]),
          markedText(value, answers.map(({ start, end, score }, i) => ({ start, end, label: percent(score), tint: i === 0 ? 1 : 4 }))),
          heading('All candidates'),
          bars(answers.map(({ text, score, start, end }) => ({ name: text, score, note: `${start}–${end}` }))),
        ],
        data: { passage: value, query: sentence, answers },
      };
    },
    args: () => [passage.value, query.value, candidates.spans()],
  };
}
