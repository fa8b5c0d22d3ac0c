// Completes results that have a place in a text or word list: what they count, and their texts.
import type { AnswerSpan, ClozeAnswer, Entity, NerFound, OffsetUnit, WordEntity, WordList } from './tasks.js';

/** What `ner` gives for one input: entities, or near misses as well. */
export type NerResult = (Entity | WordEntity)[] | NerFound<Entity | WordEntity>;

/** Completes the result of `ner`; see `finish`. */
export function finishNer(input: string | readonly string[] | WordList, unit: OffsetUnit, result: NerResult | readonly NerResult[]): void {
  if (isWords(input)) finish(input.words, 'word', spansOf(result as NerResult));
  else if (typeof input === 'string') finish(input, unit, spansOf(result as NerResult));
  else input.forEach((text, i) => finish(text, unit, spansOf((result as NerResult[])[i]!)));
}

function spansOf(found: NerResult): readonly (Entity | WordEntity)[] {
  return Array.isArray(found) ? found : [...found.entities, ...found.runnersUp];
}

export function isWords(input: string | readonly string[] | WordList): input is WordList {
  return typeof input === 'object' && 'words' in input;
}

export function unitOf({ offsets = 'utf16' }: { offsets?: OffsetUnit | undefined }): OffsetUnit {
  return offsets;
}

/** Results say what they count, unless it is UTF-16 code units. */
export function setUnit(unit: OffsetUnit | 'word', results: readonly { unit?: string | undefined }[]): void {
  if (unit !== 'utf16') for (const result of results) result.unit = unit;
}

/**
 * Completes results that have a place in a text or word list. Their texts become slices of the original: a wasm string cannot contain an
 * unpaired surrogate and has U+FFFD instead, so that offsets stay the same.
 */
export function finish(text: string | readonly string[], unit: OffsetUnit | 'word', results: readonly (Entity | WordEntity | ClozeAnswer | AnswerSpan)[]): void {
  setUnit(unit, results);
  if (!/\p{Surrogate}/u.test(String(text))) return;
  const slice = slicer(text, unit);
  for (const result of results) {
    const original = slice(result.start, result.end);
    if ('answer' in result) result.answer = original;
    else result.text = original;
  }
}

/** Gives a part of a text, or of words, by offsets in any unit. */
function slicer(text: string | readonly string[], unit: OffsetUnit | 'word'): (start: number, end: number) => string {
  if (typeof text !== 'string') return (start, end) => text.slice(start, end).join(' ');
  if (unit !== 'codepoint' && unit !== 'byte') return (start, end) => text.slice(start, end);
  const points = [...text]; // an unpaired surrogate is one, as U+FFFD is, and has its three bytes in UTF-8
  const encoder = new TextEncoder();
  const indexes = new Map<number, number>();
  let offset = 0;
  for (const [i, point] of points.entries()) {
    indexes.set(offset, i);
    offset += unit === 'byte' ? encoder.encode(point).length : 1;
  }
  return (start, end) => points.slice(indexes.get(start), indexes.get(end)).join('');
}
