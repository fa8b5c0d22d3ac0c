// A field for places in a text: the visitor selects them there, or types what they say.
import { LukeError, type Span } from 'luke-web';
import { element } from './dom.js';

interface Mention {
  text: string;
  /** Where it stands; `undefined` when the text no longer has it. */
  start: number | undefined;
  /** Where it would stand after the edits so far. */
  near: number;
  title: HTMLInputElement;
}

/** What a list of mentions is for. */
export interface MentionsOptions {
  id: string;
  label: string;
  /** Mentions that are there at first, found as if they were typed. */
  initial: readonly string[];
  /** Whether there is only one, which a new one replaces. */
  single?: boolean;
  /** Whether each has a title that may be known. */
  titled?: boolean;
}

/** Mentions in the text of `area`, kept at their places while that is edited. */
export class Mentions {
  readonly element: HTMLElement;
  readonly #area: HTMLTextAreaElement;
  readonly #options: MentionsOptions;
  readonly #list = element('ul', { class: 'mentions' });
  readonly #typed: HTMLInputElement;
  #mentions: Mention[] = [];
  /** The text before the edit under way. */
  #before: string;

  constructor(area: HTMLTextAreaElement, options: MentionsOptions) {
    const { id, label, single, initial } = options;
    this.#area = area;
    this.#before = area.value;
    this.#options = options;
    this.#typed = element('input', { id, type: 'text', spellcheck: 'false', autocomplete: 'off', placeholder: 'select or type it' });
    const add = element('button', { type: 'button' }, single ? 'Set' : 'Add');
    const select = element('button', { type: 'button', class: 'use' }, 'Use selection');
    this.element = element(
      'div', { class: 'field' }, element('label', { for: id }, label), this.#list, element('div', { class: 'adder' }, this.#typed, add, select),
    );
    this.#list.setAttribute('aria-label', label);
    add.addEventListener('click', () => this.#addTyped());
    select.addEventListener('click', () => this.#addSelected());
    this.#typed.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      this.#addTyped();
    });
    this.#typed.addEventListener('input', () => this.#typed.setCustomValidity(''));
    area.addEventListener('input', () => this.#follow());
    for (const text of initial) this.#add(text, this.#free(text));
  }

  /** The mentions in order of the list. Throws `input` when the text no longer has one of them. */
  spans(): Span[] {
    return this.#mentions.map(({ text, start }) => {
      if (start === undefined) throw new LukeError('input', `“${text}” does not stand in the text`);
      return [start, start + text.length];
    });
  }

  /** The one mention of a `single` list. Throws `input` when there is none. */
  span(): Span {
    const [first] = this.spans();
    if (!first) throw new LukeError('input', `${this.#options.label}: nothing is chosen`);
    return first;
  }

  /** The titles that are known, in order of the list. */
  titles(): (string | null)[] {
    return this.#mentions.map(({ title }) => title.value.trim() || null);
  }

  #addTyped(): void {
    const text = this.#typed.value.trim();
    const start = this.#free(text);
    if (text && start !== undefined) {
      this.#typed.value = '';
      this.#add(text, start);
      return;
    }
    this.#complain(!text ? 'Type a mention first' : this.#area.value.includes(text) ? 'All places that say this are chosen' : 'The text does not say this');
  }

  #addSelected(): void {
    const { value, selectionStart, selectionEnd } = this.#area;
    const selected = value.slice(selectionStart, selectionEnd);
    const text = selected.trim();
    const start = selectionStart + selected.length - selected.trimStart().length;
    if (!text) this.#complain('Select a mention in the text first');
    else if (this.#mentions.some((mention) => mention.start === start && mention.text === text)) this.#complain('This place is chosen already');
    else this.#add(text, start);
  }

  #complain(message: string): void {
    this.#typed.setCustomValidity(message);
    this.#typed.reportValidity();
    this.#typed.setCustomValidity('');
  }

  #add(text: string, start: number | undefined): void {
    const title = element('input', { type: 'text', 'aria-label': `Title of ${text}`, placeholder: 'title, if it is known', spellcheck: 'false', autocomplete: 'off' });
    const mention = { text, start, near: start ?? 0, title };
    if (this.#options.single) this.#mentions = [mention];
    else this.#mentions.push(mention);
    this.#show();
  }

  /** The first place that says `text` and is not chosen yet, better one outside all other mentions; of a `single` list any place. */
  #free(text: string): number | undefined {
    const chosen = this.#options.single ? [] : this.#mentions;
    const free = places(this.#area.value, text).filter((place) => !chosen.some((mention) => mention.start === place && mention.text === text));
    const overlaps = (place: number) => chosen.some(({ start, text: { length } }) => start !== undefined && start < place + text.length && place < start + length);
    return free.find((place) => !overlaps(place)) ?? free[0];
  }

  /** After an edit a mention stands where the edit has moved it, or else at the nearest place that says the same and is not taken. */
  #follow(): void {
    const { value, selectionEnd } = this.#area;
    const change = value.length - this.#before.length;
    // What was typed or pasted ends at the caret, so that an edit is told from one of the same letters further on.
    const edited = Math.min(samePrefix(this.#before, value), selectionEnd - Math.max(change, 0));
    this.#before = value;
    const rest = edited + Math.max(-change, 0);
    const kept = this.#mentions.filter(({ near }) => near < edited || near >= rest);
    for (const mention of this.#mentions) {
      if (mention.near >= rest) mention.near += change;
      mention.start = undefined;
    }
    const settle = (mention: Mention, place: number | undefined) => {
      if (place !== undefined) mention.start = mention.near = place;
    };
    const free = ({ text }: Mention) => places(value, text).filter((place) => !this.#mentions.some((other) => other.start === place && other.text === text));
    for (const mention of kept) settle(mention, free(mention).find((place) => place === mention.near));
    for (const mention of this.#mentions.filter(({ start }) => start === undefined)) {
      const distance = (place: number) => Math.abs(place - mention.near);
      settle(mention, free(mention).sort((a, b) => distance(a) - distance(b))[0]);
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
      this.#typed.focus();
    });
    const name = element('span', { class: 'mention' }, text, element('small', {}, place));
    return element('li', start === undefined ? { class: 'gone' } : {}, name, ...(this.#options.titled ? [title] : []), remove);
  }
}

/** How many of their first code units are the same. */
function samePrefix(a: string, b: string): number {
  let same = 0;
  while (same < a.length && a[same] === b[same]) same += 1;
  return same;
}

/** Where `text` has `piece`. */
function places(text: string, piece: string): number[] {
  const found: number[] = [];
  if (!piece) return found;
  for (let at = text.indexOf(piece); at !== -1; at = text.indexOf(piece, at + 1)) found.push(at);
  return found;
}
