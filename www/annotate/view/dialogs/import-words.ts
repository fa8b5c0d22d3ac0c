// What is found in files, in words.
import type { OffsetUnit, Problem } from '../../formats/format.js';
import type { Corpus } from '../../model/types.js';
import { countOf } from '../messages.js';

/** Names of units for people. */
export const UNIT_NAMES: Readonly<Record<OffsetUnit, string>> = {
  'utf-16': 'UTF-16 units (JavaScript, Java)', 'code-point': 'code points (Python)', grapheme: 'graphemes (what a person sees as one character)',
  byte: 'bytes of UTF-8', token: 'tokens',
};

/** `30 documents with 52 spans, 3 relations` */
export function contentOf({ documents }: Corpus): string {
  const sum = (count: (document: Corpus['documents'][number]) => number): number => documents.reduce((total, document) => total + count(document), 0);
  const parts = [
    [sum(({ spans }) => spans.length), 'span'], [sum(({ relations }) => relations.length), 'relation'],
    [sum(({ questions }) => questions.length), 'question'],
  ] as const;
  const filled = parts.filter(([count]) => count > 0).map(([count, word]) => countOf(count, word));
  return `${countOf(documents.length, 'document')}${filled.length ? ` with ${filled.join(', ')}` : ''}`;
}

/** Where a problem is: `file.jsonl, line 3`. */
export function placeOf({ file, line }: Problem): string {
  return line === undefined ? file : `${file}, line ${line}`;
}
