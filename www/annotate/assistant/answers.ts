// Answers of a model, checked: a place is inside the text and cuts no character, a score is a probability. What is wrong is counted and left out.
import { cutsCodePoint } from '../model/characters.js';
import type { FoundEntity, SuggestedRelation, Suggestion, Suggestions } from '../model/suggest.js';
import type { ModelRef, Piece } from '../model/types.js';

export interface Checked<T> {
  readonly items: readonly T[];
  /** How many were left out. */
  readonly dropped: number;
}

type Fields = { readonly [name: string]: unknown };

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** Checks each element. What is no list is one wrong answer. */
function checkAll<T>(value: unknown, check: (fields: Fields) => T | undefined): Checked<T> {
  if (!Array.isArray(value)) return { items: [], dropped: 1 };
  const items = value.map((item: unknown) => check(fieldsOf(item))).filter((item) => item !== undefined);
  return { items, dropped: value.length - items.length };
}

function isScore(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

function pieceOf(start: unknown, end: unknown, length: number): Piece | undefined {
  if (!Number.isInteger(start) || !Number.isInteger(end) || typeof start !== 'number' || typeof end !== 'number') return undefined;
  return start >= 0 && start < end && end <= length ? [start, end] : undefined;
}

function pieceIn(text: string, { start, end }: Fields): Piece | undefined {
  const piece = pieceOf(start, end, text.length);
  return piece && !cutsCodePoint(text, piece[0]) && !cutsCodePoint(text, piece[1]) ? piece : undefined;
}

/** What `luke.ner` gives with near misses. */
export function checkEntities(answer: unknown, text: string): Checked<FoundEntity> {
  const { entities, runnersUp } = fieldsOf(answer);
  const check = (fields: Fields): FoundEntity | undefined => {
    const piece = pieceIn(text, fields);
    const { label, score } = fields;
    if (!piece || typeof label !== 'string' || !isScore(score)) return undefined;
    return { start: piece[0], end: piece[1], label, score };
  };
  const found = checkAll(entities, check);
  const near = checkAll<FoundEntity>(runnersUp, (fields) => {
    const entity = check(fields);
    const { lostTo } = fields;
    return entity && (lostTo === 'none' || lostTo === 'overlap') ? { ...entity, lostTo } : undefined;
  });
  return { items: [...found.items, ...near.items], dropped: found.dropped + near.dropped };
}

export interface FoundAnswer {
  readonly piece: Piece;
  /** Probability among the answers in this text. */
  readonly score: number;
  /** How much better than "no answer" it is. Answers in several texts are compared by it, which their scores do not allow. */
  readonly margin: number;
}

/** What `luke.qa` gives, best first. */
export function checkAnswer(answer: unknown, text: string): Checked<FoundAnswer> {
  const best = fieldsOf(answer);
  if (best['answerable'] === false) return { items: [], dropped: 0 };
  const alternatives: readonly unknown[] = Array.isArray(best['alternatives']) ? best['alternatives'] : [];
  return checkAll([best, ...alternatives], (fields) => {
    const piece = pieceIn(text, fields);
    const { score, startLogit, endLogit, nullScore } = fields;
    if (!piece || !isScore(score)) return undefined;
    if (typeof startLogit !== 'number' || typeof endLogit !== 'number' || typeof nullScore !== 'number') return undefined;
    const margin = startLogit + endLogit - nullScore;
    return Number.isFinite(margin) ? { piece, score, margin } : undefined;
  });
}

export interface ScoredLabel {
  /** The name that the model has for it. */
  readonly label: string;
  readonly score: number;
}

/** What `luke.typing` and `luke.relation` give, best first. */
export function checkLabels(answer: unknown): Checked<ScoredLabel> {
  const { items, dropped } = checkAll<ScoredLabel>(answer, ({ label, score }) =>
    typeof label === 'string' && isScore(score) ? { label, score } : undefined,
  );
  return { items: [...items].sort((a, b) => b.score - a.score), dropped };
}

/** What the cache has for a text of this length. Another version of the page may have written it: `undefined` if it cannot be used. */
export function checkStored(value: unknown, ref: ModelRef, length: number): Suggestions | undefined {
  const { spans, relations, words, at } = fieldsOf(value);
  const { items, dropped } = checkAll<Suggestion>(spans, ({ pieces, label, score, lostTo }) => {
    const [first]: readonly unknown[] = Array.isArray(pieces) ? pieces : [];
    const [start, end]: readonly unknown[] = Array.isArray(first) ? first : [];
    const piece = pieceOf(start, end, length);
    if (!piece || typeof label !== 'string' || !isScore(score)) return undefined;
    return { pieces: [piece], label, score, ...((lostTo === 'none' || lostTo === 'overlap') && { lostTo }) };
  });
  const pairs = relations === undefined ? undefined : checkAll(relations, (fields) => relationOf(fields, length));
  if (dropped || pairs?.dropped || typeof words !== 'number') return undefined;
  return { model: ref, spans: items, words, ...(pairs && { relations: pairs.items }), ...(typeof at === 'number' && { at }) };
}

function relationOf({ head, tail, label, score }: Fields, length: number): SuggestedRelation | undefined {
  const [from, to] = [piecesOf(head, length), piecesOf(tail, length)];
  return from && to && typeof label === 'string' && isScore(score) ? { head: from, tail: to, label, score } : undefined;
}

function piecesOf(value: unknown, length: number): Piece[] | undefined {
  const pieces = checkAll(value, ({ 0: start, 1: end }) => pieceOf(start, end, length));
  return pieces.dropped || !pieces.items.length ? undefined : [...pieces.items];
}
