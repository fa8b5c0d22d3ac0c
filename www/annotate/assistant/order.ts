// Which document is next: for the model in the background, and for the person.
import { nextDocument, uncertainty, type NextDocument } from '../model/measure.js';
import type { Suggestions } from '../model/suggest.js';
import type { Notes } from '../model/types.js';
import type { HeadRecord } from '../store/schema.js';

/** So many documents behind the open one are looked at before others. */
const AHEAD = 5;

/** The order of the background: the open document, those behind it in the list that is shown, the rest of that list, all others. */
export function workOrder(heads: readonly HeadRecord[], visible: readonly HeadRecord[], open: string | undefined): HeadRecord[] {
  const isOpen = ({ id }: HeadRecord): boolean => id === open;
  const shown = visible.some(isOpen) ? visible : heads;
  const place = shown.findIndex(isOpen);
  const first = [...heads.filter(isOpen), ...(place < 0 ? [] : shown.slice(place + 1, place + 1 + AHEAD))];
  return [...new Set([...first, ...visible, ...heads])];
}

/** Whether the documents and their texts are the same, in the same order. */
export function sameTexts(a: readonly HeadRecord[], b: readonly HeadRecord[]): boolean {
  return a.length === b.length && a.every(({ id, sha256 }, index) => id === b[index]?.id && sha256 === b[index].sha256);
}

/** Documents on which a person has still to decide. */
function isToDo({ status }: HeadRecord): boolean {
  return status === 'new' || status === 'draft' || status === 'flagged';
}

/** The most uncertain document that is not open and not finished; see `nextDocument`. */
export function nextUncertain(
  heads: readonly HeadRecord[], open: string | undefined, draws: number, random: number,
): NextDocument<HeadRecord> | undefined {
  return nextDocument(heads.filter((head) => isToDo(head) && head.id !== open), draws, random);
}

/** The uncertainty of a document by all that models say about it; `undefined`, if none has looked at it. */
export function uncertaintyOf(found: readonly Suggestions[], notes: Notes): number | undefined {
  const words = found[0]?.words;
  return words === undefined ? undefined : uncertainty(found.flatMap(({ spans }) => spans), words, notes);
}
