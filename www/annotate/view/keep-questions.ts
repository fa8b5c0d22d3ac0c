// What a person does with the questions of the open document, as edits of a session.
import { changeQuestion, keepQuestion, removeQuestion, type Asked } from '../model/question-edits.js';
import { shorten } from '../model/show.js';
import type { Piece, Question } from '../model/types.js';
import type { Session } from './session.js';

export async function keep(session: Session, asked: Asked): Promise<boolean> {
  return (await session.edit((scene) => keepQuestion(scene, asked), { done: () => `${kept(asked.question, asked.answers, session.text)} kept.` })) !== undefined;
}

export async function change(session: Session, id: string, fields: Pick<Question, 'question' | 'answers'>): Promise<boolean> {
  const done = (): string => `${kept(fields.question, fields.answers, session.text)} saved.`;
  return (await session.edit((scene) => changeQuestion(scene, id, fields), { done })) !== undefined;
}

export async function remove(session: Session, { id, question }: Question): Promise<boolean> {
  return (await session.edit((scene) => removeQuestion(scene, id), { done: () => `"${shorten(question)}" deleted.` })) !== undefined;
}

function kept(question: string, answers: readonly Piece[], text: string): string {
  const answer = answers.length ? answers.map((piece) => `"${shorten(text.slice(...piece))}"`).join(', ') : 'no answer in this text';
  return `"${shorten(question.trim())}" with ${answer}`;
}
