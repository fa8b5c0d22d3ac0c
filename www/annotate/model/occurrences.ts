// All occurrences of a string in texts, in linear time, and the change that labels them.
import { Boundaries } from './boundaries.js';
import { group, type DocumentChange } from './changes.js';
import type { Scene } from './edits.js';
import { freshIds } from './ids.js';
import { spanKey } from './pieces.js';
import type { Refusal } from './refusal.js';
import { SpanRules } from './spans.js';
import type { Piece, Span } from './types.js';

export interface OccurrenceOptions {
  /** Whether capital and small letters differ (default `true`). */
  readonly matchCase?: boolean;
  /** Whether an occurrence must begin and end at an edge of a word (default `true`). */
  readonly wholeWords?: boolean;
}

/**
 * The places where a string occurs, in order and without overlap. An occurrence never begins or ends inside a grapheme cluster. Without
 * `matchCase`, code points are compared by their simple case folding: no offset moves, and "ß" is not "ss".
 */
export function occurrences(text: string, wanted: string, { matchCase = true, wholeWords = true }: OccurrenceOptions = {}): Piece[] {
  if (!wanted || wanted.length > text.length) return [];
  const bounds = new Boundaries(text);
  const isEdge = (offset: number): boolean => bounds.isCluster(offset) && (!wholeWords || bounds.isWordEdge(offset));
  const found: Piece[] = [];
  for (const start of matches(unitsOf(text, matchCase), unitsOf(wanted, matchCase))) {
    const end = start + wanted.length;
    if (start >= (found.at(-1)?.[1] ?? 0) && isEdge(start) && isEdge(end)) found.push([start, end]);
  }
  return found;
}

/** All starts of a pattern, by Knuth, Morris and Pratt: linear for each pattern, "aaaa…" included. */
function* matches(text: Uint16Array, pattern: Uint16Array): Generator<number> {
  const borders = bordersOf(pattern);
  let matched = 0;
  for (let index = 0; index < text.length; index++) {
    while (matched > 0 && text[index] !== pattern[matched]) matched = borders[matched - 1]!;
    if (text[index] === pattern[matched]) matched++;
    if (matched < pattern.length) continue;
    yield index + 1 - matched;
    matched = borders[matched - 1]!;
  }
}

/** For each prefix of the pattern: the length of the longest shorter prefix that is its end too. */
function bordersOf(pattern: Uint16Array): Uint32Array {
  const borders = new Uint32Array(pattern.length);
  for (let index = 1, matched = 0; index < pattern.length; index++) {
    while (matched > 0 && pattern[index] !== pattern[matched]) matched = borders[matched - 1]!;
    if (pattern[index] === pattern[matched]) matched++;
    borders[index] = matched;
  }
  return borders;
}

function unitsOf(text: string, matchCase: boolean): Uint16Array {
  const units = new Uint16Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (matchCase) units[index] = unit;
    else if (unit < 0x80) units[index] = unit >= 0x41 && unit <= 0x5a ? unit + 0x20 : unit;
    else {
      const folded = fold(String.fromCodePoint(text.codePointAt(index)!));
      units[index] = folded.charCodeAt(0);
      if (folded.length === 2) units[++index] = folded.charCodeAt(1);
    }
  }
  return units;
}

const SMALL = new Map<string, string>();

/** The small letter of a code point, the same for all its forms (σ and ς), if that has as many code units. */
function fold(character: string): string {
  let small = SMALL.get(character);
  if (small === undefined) SMALL.set(character, (small = foldAnew(character)));
  return small;
}

function foldAnew(character: string): string {
  // The dotless i of Turkish is another letter than i, though it has the same capital letter.
  if (character === 'ı') return character;
  const capital = character.toUpperCase();
  const small = (capital.length === character.length ? capital : character).toLowerCase();
  return small.length === character.length ? small : character;
}

/** What labeling all occurrences in a document does. It is shown with its count before it is done. */
export interface OccurrencePlan {
  /** New spans. */
  readonly added: readonly Span[];
  /** Suggestions among the notes that become accepted. */
  readonly accepted: readonly Span[];
  /** Occurrences that stay as they are: labeled already, rejected earlier, or refused for overlap. */
  readonly left: readonly { readonly piece: Piece; readonly refusal: Refusal }[];
  /** Absent, if nothing changes. */
  readonly change?: DocumentChange;
}

/** Labels the occurrences in a document. All documents together are one group of the history. */
export function planOccurrences({ notes, labelSets, text, now }: Scene, pieces: readonly Piece[], label: string): OccurrencePlan {
  const rules = new SpanRules(notes.spans, labelSets, text);
  const suggested = new Map(notes.spans.filter(({ state }) => state === 'suggested').map((span) => [spanKey(span), span]));
  const newId = freshIds(notes.spans, 's');
  let id = newId();
  const added: Span[] = [];
  const accepted: Span[] = [];
  const left: { piece: Piece; refusal: Refusal }[] = [];
  for (const piece of pieces) {
    const known = suggested.get(spanKey({ pieces: [piece], label }));
    const made = known ?? { id, pieces: [piece], label, by: 'human' };
    const span: Span = { ...made, state: 'accepted', at: now };
    const refusal = rules.refusalOf(span);
    if (refusal) {
      left.push({ piece, refusal });
      continue;
    }
    rules.accept(span);
    (known ? accepted : added).push(span);
    if (!known) id = newId();
  }
  const changes = [
    ...accepted.map<DocumentChange>((item) => ({ type: 'replace', list: 'spans', item })),
    ...added.map<DocumentChange>((item) => ({ type: 'add', list: 'spans', item })),
  ];
  return { added, accepted, left, ...(changes.length && { change: group(changes) }) };
}
