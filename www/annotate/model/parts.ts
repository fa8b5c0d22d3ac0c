// Documents in parts of about the same size: one message to a worker, or one record of the database, has a part.
import type { AnnotatedDocument } from './types.js';

/** An annotation takes as long as so many characters. */
const ITEM = 50;

/** How large a document is, counted in characters. */
export function weightOf({ text, spans, relations, questions }: AnnotatedDocument): number {
  return text.length + ITEM * (1 + spans.length + relations.length + questions.length);
}

/** Cuts documents into parts, in their order. A part ends with the document that makes it as large as `size`. */
export function* partsOf(documents: readonly AnnotatedDocument[], size: number): Generator<readonly AnnotatedDocument[]> {
  let part: AnnotatedDocument[] = [];
  let weight = 0;
  for (const document of documents) {
    part.push(document);
    weight += weightOf(document);
    if (weight < size) continue;
    yield part;
    part = [];
    weight = 0;
  }
  if (part.length > 0) yield part;
}
