import { count, element, percent } from '../dom.js';
import { lineField, textField } from '../fields.js';
import { markedText } from '../marked.js';
import { bars, heading } from '../results.js';
import type { Tab } from './tab.js';

const ANSWERS = 5;

const CONTEXT = `Marie Curie was born in Warsaw in 1867. At twenty-four she followed her sister to Paris, where she studied physics at the Sorbonne. A Polish colleague introduced her to Pierre Curie, who had room for her in his laboratory; they married in 1895. With him she discovered polonium, named after her native country, and radium. In 1903 they shared the Nobel Prize in Physics with Henri Becquerel.`;

/** Extractive question answering: the answer in its context, and the next best answers. */
export function qa(): Tab {
  const question = lineField('qa-question', 'Question', 'Who introduced Marie Curie to Pierre Curie?');
  const context = textField('qa-context', 'Text, of any length', CONTEXT, 3);
  return {
    task: 'qa',
    name: 'Ask the text',
    paper: 'question answering',
    about: 'Finds the answer to a question in a text, and shows its exact place.',
    needs: 'a LukeForQuestionAnswering checkpoint, such as the LUKE authors’ for SQuAD',
    action: 'Answer',
    runs: 'on open',
    fields: [question, context],
    text: context,
    async run(luke, signal) {
      const text = context.value;
      const best = await luke.qa(question.value, text, { topK: ANSWERS, signal });
      if (!best.answerable) return { summary: 'no answer', body: [element('p', {}, 'The text has no answer.')], data: best };
      const answers = [best, ...best.alternatives];
      const { answer, start, end, score } = best;
      return {
        summary: count(answers.length, 'answer'),
        body: [
          element('p', { class: 'answer' }, answer, element('small', {}, `${percent(score)}, at ${start}–${end}`)),
          markedText(text, [{ start, end, label: percent(score), tint: 1, detail: `the best answer, ${percent(score)} among the 20 best` }]),
          heading('The best answers'),
          bars(answers.map((one) => ({ name: one.answer, score: one.score, note: `${one.start}–${one.end}` }))),
        ],
        data: { question: question.value, context: text, ...best },
      };
    },
    args: () => [question.value, context.value, { topK: ANSWERS }],
  };
}
