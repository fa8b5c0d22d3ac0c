import { count, element, percent } from '../dom.js';
import { lineField, textField } from '../fields.js';
import { bars, heading, markedText } from '../results.js';
import type { Tab } from './tab.js';

const ANSWERS = 5;

const CONTEXT = `Marie Curie was born in Warsaw in 1867. At twenty-four she followed her sister to Paris, where she studied physics at the Sorbonne. A Polish colleague introduced her to Pierre Curie, who had room for her in his laboratory; they married in 1895. With him she discovered polonium, named after her native country, and radium. In 1903 they shared the Nobel Prize in Physics with Henri Becquerel.`;

/** Extractive question answering: the answer in its context, and the next best answers. */
export function qa(): Tab {
  const question = lineField('qa-question', 'Question', 'Who introduced Marie Curie to Pierre Curie?');
  const context = textField('qa-context', 'Context, of any length', CONTEXT, 6);
  const entities = textField('qa-entities', 'Known entities: one line “mention = Wikipedia title” for each', 'Marie Curie = Marie Curie\nthe Sorbonne = University of Paris', 2);
  return {
    task: 'qa',
    name: 'Question answering',
    about: 'Finds the answer to a question in a text, and shows its exact place.',
    subject: 'question answering',
    requirement: ['a LukeForQuestionAnswering checkpoint, such as the LUKE authors’ for SQuAD: convert one with ', element('code', {}, 'luke convert')],
    action: 'Answer',
    runs: 'on open',
    fields: [question.element, context.element, entities.element],
    async run(luke, signal) {
      const text = context.input.value;
      const best = await luke.qa(question.input.value, text, { topK: ANSWERS, entities: titles(entities.input.value), signal });
      if (!best.answerable) return { summary: 'no answer', body: [element('p', {}, 'The context has no answer.')], data: best };
      const answers = [best, ...best.alternatives];
      const { answer, start, end, score } = best;
      return {
        summary: count(answers.length, 'answer'),
        body: [
          element('p', { class: 'answer' }, answer, element('small', {}, `${percent(score)}, at ${start}–${end}`)),
          markedText(text, [{ start, end, label: percent(score), tint: 1 }]),
          heading('The best answers'),
          bars(answers.map((one) => ({ name: one.answer, score: one.score, note: `${one.start}–${one.end}` }))),
        ],
        data: { question: question.input.value, context: text, ...best },
      };
    },
  };
}

/** Parses the lines `mention = title`. Other lines are ignored. */
function titles(lines: string): Record<string, string> {
  const pairs = lines.split('\n').map((line) => /^(.+?)\s*=\s*(.+)$/.exec(line.trim()));
  return Object.fromEntries(pairs.flatMap((pair) => (pair ? [[pair[1]!, pair[2]!]] : [])));
}
