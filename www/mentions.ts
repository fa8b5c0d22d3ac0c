// A field for mentions in a text. The user selects them in the text or types them.
import { LukeError, type Pair } from 'luke-web';
import { element } from './dom.js';
import { nameOf, type Field } from './fields.js';

interface Mention {
  text: string;
  /** Offset in the text, or `undefined` if the text no longer contains the mention. */
  start: number | undefined;
  /** Expected offset after all edits. */
  expected: number;
  title: HTMLInputElement;
}

/** Options of a list of mentions. */
export interface MentionsOptions {
  id: string;
  label: string;
  /** The first mentions. They are found as if the user had typed them. */
  initial: readonly string[];
  /** Whether there is only one mention, which a new one replaces. */
  single?: boolean;
  /** Whether each mention has an input for its title. */
  titled?: boolean;
}

/** Mentions in the text of `area`. Their offsets follow the edits of the text. */
export class Mentions implements Field {
  readonly name: string;
  readonly element: HTMLElement;
  readonly #area: HTMLTextAreaElement;
  readonly #options: MentionsOptions;
  readonly #list = element('ul', { class: 'mentions' });
  readonly #input: HTMLInputElement;
  #mentions: Mention[] = [];
  /** The text before the current edit. */
  #before: string;

  constructor(area: HTMLTextAreaElement, options: MentionsOptions) {
    const { id, label, single, initial } = options;
    this.name = nameOf(id);
    this.#area = area;
    this.#before = area.value;
    this.#options = options;
    this.#input = element('input', { id, type: 'text', spellcheck: 'false', autocomplete: 'off', placeholder: 'select it in the text, or type it' });
    const add = element('button', { type: 'button' }, single ? 'Set' : 'Add');
    const select = element('button', { type: 'button', class: 'use' }, 'Use selection');
    this.element = element(
      'div', { class: 'field' }, element('label', { for: id }, label), this.#list, element('div', { class: 'adder' }, this.#input, add, select),
    );
    this.#list.setAttribute('aria-label', label);
    add.addEventListener('click', () => this.#addTyped());
    select.addEventListener('click', () => this.#addSelected());
    this.#input.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      this.#addTyped();
    });
    this.#input.addEventListener('input', () => this.#input.setCustomValidity(''));
    area.addEventListener('input', () => this.#updatePlaces());
    for (const text of initial) this.#add(text, this.#findFree(text));
  }

  /** The spans of the mentions, in the order of the list. Throws `input` if the text no longer contains one of them. */
  spans(): Pair[] {
    return this.#mentions.map(({ text, start }) => {
      if (start === undefined) throw new LukeError('input', `“${text}” does not stand in the text`);
      return [start, start + text.length];
    });
  }

  /** The span of the mention of a `single` list. Throws `input` if there is none. */
  span(): Pair {
    const [first] = this.spans();
    if (!first) throw new LukeError('input', `${this.#options.label}: nothing is chosen`);
    return first;
  }

  /** The titles of the mentions in the order of the list, `null` if unknown. */
  titles(): (string | null)[] {
    return this.#mentions.map(({ title }) => title.value.trim() || null);
  }

  /** A line `start-end title` for each mention that the text has. */
  get value(): string {
    return this.#mentions.flatMap(({ text, start, title }) => (start === undefined ? [] : [`${start}-${start + text.length} ${title.value}`.trim()])).join('\n');
  }

  /** Lines that are not of this form, or that lie outside of the text, are ignored. */
  set value(lines) {
    this.#mentions = [];
    for (const line of lines.split('\n')) {
      const [, start = '', end = '', title = ''] = /^(\d+)-(\d+)(?: (.*))?$/.exec(line) ?? [];
      const text = this.#area.value.slice(Number(start), Number(end));
      if (line !== '' && text !== '') this.#add(text, Number(start), title);
    }
    this.#show();
  }

  #addTyped(): void {
    const text = this.#input.value.trim();
    const start = this.#findFree(text);
    if (text && start !== undefined) {
      this.#input.value = '';
      this.#add(text, start);
      return;
    }
    this.#showProblem(!text ? 'Type a name first' : this.#area.value.includes(text) ? 'All places with this text are already chosen' : 'The text does not contain this');
  }

  #addSelected(): void {
    const { value, selectionStart, selectionEnd } = this.#area;
    const selected = value.slice(selectionStart, selectionEnd);
    const text = selected.trim();
    const start = selectionStart + selected.length - selected.trimStart().length;
    if (!text) this.#showProblem('Select a name in the text first');
    else if (this.#mentions.some((mention) => mention.start === start && mention.text === text)) this.#showProblem('This place is already chosen');
    else this.#add(text, start);
  }

  #showProblem(message: string): void {
    this.#input.setCustomValidity(message);
    this.#input.reportValidity();
    this.#input.setCustomValidity('');
  }

  #add(text: string, start: number | undefined, known = ''): void {
    const title = element('input', { type: 'text', value: known, 'aria-label': `Title of ${text}`, placeholder: 'title, if known', spellcheck: 'false', autocomplete: 'off' });
    const mention = { text, start, expected: start ?? 0, title };
    if (this.#options.single) this.#mentions = [mention];
    else this.#mentions.push(mention);
    this.#show();
  }

  /** The first occurrence of `text` that is not chosen yet, if possible outside of other mentions. In a `single` list, the first occurrence. */
  #findFree(text: string): number | undefined {
    const chosen = this.#options.single ? [] : this.#mentions;
    const free = occurrences(this.#area.value, text).filter((place) => !chosen.some((mention) => mention.start === place && mention.text === text));
    const overlaps = (place: number) => chosen.some(({ start, text: { length } }) => start !== undefined && start < place + text.length && place < start + length);
    return free.find((place) => !overlaps(place)) ?? free[0];
  }

  /** After an edit, moves each mention to its expected offset, or else to the nearest free occurrence of its text. */
  #updatePlaces(): void {
    const { value, selectionEnd } = this.#area;
    const change = value.length - this.#before.length;
    // Inserted text ends at the caret. Without the caret, an insertion of repeated letters could start later in the common prefix.
    const editStart = Math.min(commonPrefix(this.#before, value), selectionEnd - Math.max(change, 0));
    this.#before = value;
    const editEnd = editStart + Math.max(-change, 0); // in the text before
    const unedited = this.#mentions.filter(({ expected }) => expected < editStart || expected >= editEnd);
    for (const mention of this.#mentions) {
      if (mention.expected >= editEnd) mention.expected += change;
      mention.start = undefined;
    }
    const moveTo = (mention: Mention, place: number | undefined) => {
      if (place !== undefined) mention.start = mention.expected = place;
    };
    const free = ({ text }: Mention) => occurrences(value, text).filter((place) => !this.#mentions.some((other) => other.start === place && other.text === text));
    for (const mention of unedited) moveTo(mention, free(mention).find((place) => place === mention.expected));
    for (const mention of this.#mentions.filter(({ start }) => start === undefined)) {
      const distance = (place: number) => Math.abs(place - mention.expected);
      moveTo(mention, free(mention).sort((a, b) => distance(a) - distance(b))[0]);
    }
    this.#show();
  }

  #show(): void {
    this.#list.replaceChildren(...this.#mentions.map((mention) => this.#item(mention)));
    this.#list.hidden = this.#mentions.length === 0;
  }

  #item(mention: Mention): HTMLElement {
    const { text, start, title } = mention;
    const place = start === undefined ? 'not in the text' : `${start}–${start + text.length}`;
    const remove = element('button', { type: 'button', class: 'remove', 'aria-label': `Remove ${text}` }, '×');
    remove.addEventListener('click', () => {
      this.#mentions = this.#mentions.filter((other) => other !== mention);
      this.#show();
      this.#input.focus();
    });
    const name = element('span', { class: 'mention' }, text, element('small', {}, place));
    return element('li', start === undefined ? { class: 'gone' } : {}, name, ...(this.#options.titled ? [title] : []), remove);
  }
}

/** Length of the common prefix in code units. */
function commonPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}

/** The offsets of all occurrences of `piece` in `text`. */
function occurrences(text: string, piece: string): number[] {
  const found: number[] = [];
  if (!piece) return found;
  for (let at = text.indexOf(piece); at !== -1; at = text.indexOf(piece, at + 1)) found.push(at);
  return found;
}
