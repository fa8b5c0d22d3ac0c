// Lines of CoNLL-U: documents, sentences, words, multi-word tokens and empty nodes.
import { isSpace } from '../model/characters.js';
import { show } from '../model/show.js';
import type { Reporter } from './problems.js';

/** A syntactic word: a line whose id is one number. */
export interface Word {
  /** Index of its line in the document. */
  readonly line: number;
  readonly misc: string;
  /** The tag in another column, of files that name their columns (CoNLL-U Plus). */
  readonly tag?: string;
  readonly report: Reporter;
}

/** A part of the text: a word, or a multi-word token of several. */
export interface Surface {
  readonly form: string;
  readonly misc: string;
  /** Indexes of its first and last word in the sentence, both inclusive. */
  readonly first: number;
  readonly last: number;
}

export interface Sentence {
  readonly words: readonly Word[];
  readonly surfaces: readonly Surface[];
  /** What `# text =` says. */
  readonly text?: string;
  readonly startsParagraph: boolean;
  readonly report: Reporter;
}

export interface DocumentLines {
  /** What `# newdoc id =` says; empty without an id; absent if the file has no `# newdoc`. */
  readonly name?: string;
  readonly sentences: readonly Sentence[];
  readonly lines: readonly string[];
}

/** Names in the column MISC that have entities. */
export const TAG_NAMES = ['NER', 'Entity', 'NE', 'ner'];
/** Names in the column MISC for the white space of the text. */
export const SPACE_NAMES = ['SpaceAfter', 'SpacesAfter', 'SpacesBefore', 'SpacesInToken'];

const FORM = 1;
const MISC = 9;

/** Cuts lines into documents. Lines that cannot be read are problems. */
export function parseConllu(lines: readonly string[], report: Reporter): DocumentLines[] {
  const parser = new Parser(report);
  for (const [index, line] of lines.entries()) parser.add(line, index + 1);
  return parser.finish();
}

class Parser {
  readonly #report: Reporter;
  readonly #documents: DocumentLines[] = [];
  #name: string | undefined;
  #lines: string[] = [];
  #sentences: Sentence[] = [];
  #block = new Block();
  /** Of CoNLL-U Plus: the names of the columns. */
  #columns: readonly string[] | undefined;

  constructor(report: Reporter) {
    this.#report = report;
  }

  add(line: string, number: number): void {
    const report = this.#report.at(number);
    if (line.trim() === '') this.#endSentence();
    else if (line.startsWith('#')) this.#addComment(line, report);
    else this.#block.addLine(line, this.#lines.length, report, this.#columns);
    this.#lines.push(line);
  }

  finish(): DocumentLines[] {
    this.#endSentence();
    this.#endDocument();
    return this.#documents;
  }

  #addComment(line: string, report: Reporter): void {
    const [, key, value] = /^#\s*([^=]*?)\s*(?:=(.*))?$/s.exec(line.slice(0, 200)) ?? [];
    const whole = value === undefined ? '' : line.slice(line.indexOf('=') + 1).replace(/^ /, '');
    if (key === 'newdoc' || key === 'newdoc id') {
      this.#endSentence();
      this.#endDocument();
      this.#name = whole;
    } else if (key === 'text') this.#block.text = whole;
    else if (key === 'newpar' || key === 'newpar id') this.#block.startsParagraph = true;
    else if (key === 'global.columns') this.#columns = this.#columnsOf(whole, report);
  }

  #columnsOf(names: string, report: Reporter): readonly string[] | undefined {
    const columns = names.trim().split(/\s+/);
    if (columns.includes('ID') && columns.includes('FORM')) return columns;
    return void report.error('the columns of the file are without ID or FORM');
  }

  #endSentence(): void {
    const sentence = this.#block.finish();
    if (sentence) this.#sentences.push(sentence);
    // Comments before the first token belong to the next sentence.
    if (sentence) this.#block = new Block();
  }

  #endDocument(): void {
    if (this.#name !== undefined || this.#sentences.length > 0) {
      this.#documents.push({ ...(this.#name !== undefined && { name: this.#name }), sentences: this.#sentences, lines: this.#lines });
      this.#lines = [];
    }
    this.#sentences = [];
    this.#name = undefined;
  }
}

/** The lines of a sentence. */
class Block {
  text: string | undefined;
  startsParagraph = false;
  readonly #words: Word[] = [];
  readonly #surfaces: Surface[] = [];
  /** Number of the last word that a multi-word token covers. */
  #coveredTo = 0;
  #report: Reporter | undefined;

  addLine(line: string, index: number, report: Reporter, names: readonly string[] | undefined): void {
    this.#report ??= report;
    const columns = line.split('\t');
    const count = names?.length ?? 10;
    if (columns.length !== count) return report.loss(`${show(line)} has ${columns.length} columns between tabs, not ${count}; the line is left out`);
    const cell = (name: string, place: number) => (names ? columns[names.indexOf(name)] : columns[place]) ?? '_';
    const id = cell('ID', 0);
    const form = cell('FORM', FORM);
    const range = /^(\d{1,9})-(\d{1,9})$/.exec(id);
    if (range) this.#addRange(Number(range[1]), Number(range[2]), form, cell('MISC', MISC), report);
    else if (/^\d{1,9}$/.test(id)) this.#addWord(Number(id), form, { line: index, misc: cell('MISC', MISC), ...tagOf(columns, names), report });
    else if (!/^\d{1,9}\.\d{1,9}$/.test(id)) report.loss(`${show(id)} is not the id of a word; the line is left out`);
  }

  finish(): Sentence | undefined {
    const [words, surfaces] = [this.#words, this.#surfaces];
    if (surfaces.length === 0 || !this.#report) return undefined;
    if (this.#coveredTo > words.length) this.#report.loss(`a multi-word token covers words up to ${this.#coveredTo}, and there are ${words.length}`);
    const known = surfaces
      .filter(({ first }) => first < words.length)
      .map((surface) => ({ ...surface, last: Math.min(surface.last, words.length - 1) }));
    return {
      words,
      surfaces: known,
      ...(this.text !== undefined && { text: this.text }),
      startsParagraph: this.startsParagraph,
      report: this.#report,
    };
  }

  #addRange(first: number, last: number, form: string, misc: string, report: Reporter): void {
    if (first !== this.#words.length + 1 || last < first || first <= this.#coveredTo)
      return report.loss(`the multi-word token ${first}-${last} is not before its words; it is left out`);
    this.#surfaces.push({ form, misc, first: first - 1, last: last - 1 });
    this.#coveredTo = last;
  }

  #addWord(id: number, form: string, word: Word): void {
    if (id !== this.#words.length + 1) word.report.loss(`the id ${id} was expected to be ${this.#words.length + 1}`);
    this.#words.push(word);
    const number = this.#words.length;
    if (number > this.#coveredTo) this.#surfaces.push({ form, misc: word.misc, first: number - 1, last: number - 1 });
  }
}

/** Columns of CoNLL-U Plus that have entities. */
function tagOf(columns: readonly string[], names: readonly string[] | undefined): { tag?: string } {
  const place = names?.findIndex((name) => /(^|[:_.])(NER?|ENTITY)$/i.test(name)) ?? -1;
  return place < 0 ? {} : { tag: columns[place]! };
}

/** A value in the column MISC, which is a list like `SpaceAfter=No|NER=B-PER`. */
export function miscValue(misc: string, names: readonly string[]): string | undefined {
  if (misc === '_') return undefined;
  for (const part of misc.split('|')) {
    const at = part.indexOf('=');
    if (at > 0 && names.includes(part.slice(0, at))) return part.slice(at + 1);
  }
  return undefined;
}

/** The column MISC with another value, or without it. */
export function withMisc(misc: string, names: readonly string[], value: string | undefined): string {
  const parts = misc === '_' ? [] : misc.split('|');
  const isSame = (part: string) => names.includes(part.slice(0, Math.max(0, part.indexOf('='))));
  const known = parts.find(isSame)?.split('=')[0];
  const written = value === undefined ? [] : [`${known ?? names[0]!}=${value}`];
  const at = parts.findIndex(isSame);
  const others = parts.filter((part) => !isSame(part));
  const all = at < 0 ? [...written, ...others] : [...others.slice(0, at), ...written, ...others.slice(at)];
  if (!endsWithSpace(all.join('|'))) return all.join('|') || '_';
  // Readers take white space off the end of a line, so the tag is there.
  return [...others, `${known ?? names[0]!}=${value ?? 'O'}`].join('|');
}

function endsWithSpace(text: string): boolean {
  return text !== '' && isSpace(text.charCodeAt(text.length - 1));
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['s', ' '],
  ['t', '\t'],
  ['n', '\n'],
  ['r', '\r'],
  ['p', '|'],
  ['\\', '\\'],
]);

export function unescapeSpaces(written: string): string {
  return written.replace(/\\(.)/g, (whole, letter: string) => ESCAPES.get(letter) ?? whole);
}

export function escapeSpaces(spaces: string): string {
  return spaces.replace(/[ \t\n\r|\\]/g, (character) => `\\${[...ESCAPES].find(([, escaped]) => escaped === character)![0]}`);
}
