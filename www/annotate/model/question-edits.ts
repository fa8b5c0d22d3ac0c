// What a person does with the questions of a document, as changes.
import type { DocumentChange } from './changes.js';
import type { Scene } from './edits.js';
import { freshIds } from './ids.js';
import { comparePiece } from './pieces.js';
import { refuse, type Refusal } from './refusal.js';
import type { Piece, Question } from './types.js';

/** A question as it is to be kept. Without an answer, the text has none. */
export interface Asked extends Pick<Question, 'question' | 'answers'>, Partial<Pick<Question, 'score' | 'model'>> {}

/** Keeps a question. If the document has it already, the answers join those that are there. */
export function keepQuestion(scene: Scene, asked: Asked): DocumentChange | Refusal {
  const { notes, now } = scene;
  const question = asked.question.trim();
  const answers = answersIn(scene, asked.answers);
  if (!question) return refuse('empty', 'A question needs words.');
  if (!answers) return refuse('outside', 'An answer is outside of the text.');
  const same = notes.questions.find((other) => other.question === question && other.state !== 'rejected');
  if (same && !answers.length) return refuse('duplicate', 'This question is there already. Its answers can be changed in the list of questions.', same.id);
  if (same) {
    const more = answers.filter((answer) => !hasPiece(same.answers, answer));
    if (!more.length) return refuse('duplicate', 'This question has this answer already.', same.id);
    return { type: 'replace', list: 'questions', item: { ...same, answers: inOrder([...same.answers, ...more]), state: 'accepted', at: now } };
  }
  const { score, model } = asked;
  // With the time: in a SQuAD file, ids are unique among all documents.
  const item: Question = {
    id: freshIds(notes.questions, `q${now}-`)(), question, answers, by: model ? 'model' : 'human', state: 'accepted', at: now,
    ...(score !== undefined && { score }), ...(model && { model }),
  };
  return { type: 'add', list: 'questions', item };
}

/** Gives a question other words or answers. From then on it is the person's: what a model or a file said of it does not hold any more. */
export function changeQuestion(scene: Scene, id: string, fields: Pick<Question, 'question' | 'answers'>): DocumentChange | Refusal | undefined {
  const { notes, now } = scene;
  const before = notes.questions.find((other) => other.id === id);
  if (!before) return undefined;
  const question = fields.question.trim();
  const answers = answersIn(scene, fields.answers);
  if (!question) return refuse('empty', 'A question needs words.', id);
  if (!answers) return refuse('outside', 'An answer is outside of the text.', id);
  const isSame = question === before.question;
  if (isSame && answers.every((answer) => hasPiece(before.answers, answer)) && before.answers.every((answer) => hasPiece(answers, answer))) return undefined;
  const same = notes.questions.find((other) => other.id !== id && other.question === question && other.state !== 'rejected');
  if (same && !isSame) return refuse('duplicate', 'This question is there already.', same.id);
  const { score: _score, model: _model, ...kept } = before;
  return { type: 'replace', list: 'questions', item: { ...kept, question, answers, by: 'human', state: 'accepted', at: now } };
}

export function removeQuestion({ notes }: Scene, id: string): DocumentChange | undefined {
  return notes.questions.some((other) => other.id === id) ? { type: 'remove', list: 'questions', id } : undefined;
}

/** The answers in text order, each once; `undefined`, if one is no part of the text. */
function answersIn({ text }: Scene, answers: readonly Piece[]): Piece[] | undefined {
  if (answers.some(([start, end]) => start < 0 || start >= end || end > text.length)) return undefined;
  return inOrder(answers.filter((answer, index) => !hasPiece(answers.slice(0, index), answer)));
}

function inOrder(answers: readonly Piece[]): Piece[] {
  return [...answers].sort(comparePiece);
}

function hasPiece(answers: readonly Piece[], [start, end]: Piece): boolean {
  return answers.some((answer) => answer[0] === start && answer[1] === end);
}
