// Messages between the page and the worker that reads and writes files. A worker does one job.
import type { FormatInfo, InputFile } from '../formats/format.js';
import { partsOf } from '../model/parts.js';
import type { AnnotatedDocument, Corpus } from '../model/types.js';
import type { ReadChoice, ReadPlan, WriteChoice, WritePlan } from './choices.js';

type Documents = readonly AnnotatedDocument[];

/** From the page. The documents to be written follow in parts. */
export type Request =
  | { readonly kind: 'formats' }
  | { readonly kind: 'read'; readonly files: readonly InputFile[]; readonly choice: ReadChoice }
  | { readonly kind: 'documents'; readonly documents: Documents }
  | { readonly kind: 'write'; readonly corpus: Corpus; readonly choice: WriteChoice };

/** From the worker. The documents that were read come before the plan, in parts. */
export type Answer =
  | { readonly kind: 'formats'; readonly formats: readonly FormatInfo[] }
  | { readonly kind: 'documents'; readonly documents: Documents; readonly total: number }
  | { readonly kind: 'read'; readonly plan: ReadPlan; readonly formats: readonly FormatInfo[] }
  | { readonly kind: 'written'; readonly plan: WritePlan }
  | { readonly kind: 'failed'; readonly reason: string };

/** Characters of a part; a message with so many takes a few milliseconds. */
const PART = 200_000;

/** Cuts documents into parts, each of which is one message: a large message would block the page while it is copied. */
export function documentParts(documents: Documents): Generator<Documents> {
  return partsOf(documents, PART);
}
