// The text of documents of CoNLL-U, and where their words are in it.
import { show } from '../model/show.js';
import type { Piece } from '../model/types.js';
import { miscValue, SPACE_NAMES, unescapeSpaces, type DocumentLines, type Sentence, type Surface } from './conllu-parse.js';

export interface PlacedSentence {
  readonly sentence: Sentence;
  /** For each word the piece of its surface, which is the word itself or its multi-word token. */
  readonly pieces: readonly Piece[];
}

interface PlacedDocument {
  readonly text: string;
  readonly sentences: readonly PlacedSentence[];
  /** Whether the file says nothing of spaces. */
  readonly isRebuilt: boolean;
}

/** Makes the text of the tokens and of the white space that MISC states. Where MISC states none, `# text` is used. */
export function placeWords({ sentences }: DocumentLines): PlacedDocument {
  const parts: string[] = [];
  let length = 0;
  const add = (part: string) => {
    parts.push(part);
    length += part.length;
  };
  const placed: PlacedSentence[] = [];
  for (const [index, sentence] of sentences.entries()) {
    const { before, inside, after } = sentenceText(
      sentence,
      index + 1 < sentences.length ? (sentences[index + 1]!.startsParagraph ? '\n\n' : ' ') : '',
    );
    add(before);
    const offset = length;
    add(inside.text);
    add(after);
    const pieces = new Array<Piece>(sentence.words.length);
    for (const [number, { first, last }] of sentence.surfaces.entries()) {
      const [start, end] = inside.pieces[number]!;
      for (let word = first; word <= last; word++) pieces[word] = [offset + start, offset + end];
    }
    placed.push({ sentence, pieces });
  }
  const states = sentences.some(
    ({ text, surfaces }) => text !== undefined || surfaces.some(({ misc }) => miscValue(misc, SPACE_NAMES) !== undefined),
  );
  return { text: parts.join(''), sentences: placed, isRebuilt: sentences.length > 0 && !states };
}

interface Inside {
  readonly text: string;
  readonly pieces: readonly Piece[];
}

function sentenceText(sentence: Sentence, gap: string): { before: string; inside: Inside; after: string } {
  const { surfaces, text, report } = sentence;
  const stated = joined(surfaces);
  const ends = { before: spacesBefore(surfaces[0]!), after: spacesAfter(surfaces.at(-1)!, gap) };
  if (text === undefined || plain(stated.text) === plain(text)) return { ...ends, inside: stated };
  const aligned = align(surfaces, text.trim());
  if (aligned) return { ...ends, inside: aligned };
  report.loss(`"# text" is not the text of the tokens, which is ${show(stated.text)}; the tokens are used`);
  return { ...ends, inside: stated };
}

/** The text with each run of white space as one space. White space of Python counts too. */
function plain(text: string): string {
  return text
    .split(/[\s\x1c-\x1f\x85]+/)
    .filter((part) => part !== '')
    .join(' ');
}

function joined(surfaces: readonly Surface[]): Inside {
  const parts: string[] = [];
  const pieces: Piece[] = [];
  let length = 0;
  for (const [index, surface] of surfaces.entries()) {
    const form = formOf(surface);
    const spaces = index + 1 < surfaces.length ? spacesAfter(surface, ' ') + spacesBefore(surfaces[index + 1]!) : '';
    parts.push(form, spaces);
    pieces.push([length, length + form.length]);
    length += form.length + spaces.length;
  }
  return { text: parts.join(''), pieces };
}

/** Finds the tokens in the text one after the other, with nothing but white space between. */
function align(surfaces: readonly Surface[], text: string): Inside | undefined {
  const pieces: Piece[] = [];
  let at = 0;
  for (const { form } of surfaces) {
    while (at < text.length && /\s/.test(text[at]!)) at += 1;
    if (!text.startsWith(form, at)) return undefined;
    pieces.push([at, (at += form.length)]);
  }
  return at === text.length ? { text, pieces } : undefined;
}

function formOf({ form, misc }: Surface): string {
  const exact = miscValue(misc, ['SpacesInToken']);
  return exact === undefined ? form : unescapeSpaces(exact);
}

function spacesAfter({ misc }: Surface, usual: string): string {
  const spaces = miscValue(misc, ['SpacesAfter']);
  if (spaces !== undefined) return unescapeSpaces(spaces);
  return miscValue(misc, ['SpaceAfter']) === 'No' ? '' : usual;
}

function spacesBefore({ misc }: Surface): string {
  const spaces = miscValue(misc, ['SpacesBefore']);
  return spaces === undefined ? '' : unescapeSpaces(spaces);
}
