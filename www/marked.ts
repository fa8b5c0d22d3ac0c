// A text with marks that can be hovered, focused, selected and copied. A line below the text says more about one of them.
import { element } from './dom.js';

/** A marked part of a text. */
export interface Mark {
  start: number;
  end: number;
  /** Text that follows the marked part. It is not copied. */
  label: string;
  /** Color, 0 to 4. */
  tint: number;
  /** What the line below says (default: the label and the offsets). */
  detail?: string;
  /** Whether the border is dashed, for what may be wrong. */
  isUnsure?: boolean;
  /** The name under which `toggle` shows and hides it. */
  kind?: string;
}

/** The keys that go from mark to mark, of which only one is in the tab order. */
const STEPS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** A text whose marks may come part by part. */
export class MarkedText {
  readonly element: HTMLElement;
  readonly #text: string;
  readonly #shown = element('p', { class: 'marked', dir: 'auto' });
  /** What is not read yet. */
  readonly #rest = element('span', { class: 'rest' });
  readonly #detail = element('p', { class: 'detail hint', role: 'status' });
  readonly #details = new Map<HTMLElement, string>();
  #end = 0;

  constructor(text: string) {
    this.#text = text;
    this.#rest.textContent = text;
    this.#shown.append(this.#rest);
    this.element = element('div', { class: 'marked-text' }, this.#shown, this.#detail);
    for (const type of ['pointerover', 'focusin'] as const) this.#shown.addEventListener(type, ({ target }) => this.#tell(markOf(target)));
    this.#shown.addEventListener('click', ({ target }) => this.#select(markOf(target)));
    this.#shown.addEventListener('keydown', (event) => this.#onKey(event));
  }

  /** Shows the next part of the text, which ends at `end`, with its marks. Of two marks that overlap, only the first is shown. */
  add(marks: readonly Mark[], end = this.#text.length): void {
    const parts: (Node | string)[] = [];
    let at = this.#end;
    for (const mark of [...marks].sort((a, b) => a.start - b.start)) {
      if (mark.start < at) continue;
      parts.push(this.#text.slice(at, mark.start), this.#mark(mark));
      at = mark.end;
    }
    this.#end = Math.max(end, at);
    parts.push(this.#text.slice(at, this.#end));
    this.#rest.before(...parts);
    this.#rest.textContent = this.#text.slice(this.#end);
    if (this.#detail.textContent === '' && this.#details.size > 0) this.#detail.textContent = 'Point at a mark, or go to it by Tab and the arrow keys, to see more. A click selects it.';
  }

  /** Shows or hides the marks of a kind. */
  toggle(kind: string, isShown: boolean): void {
    for (const mark of this.#details.keys()) if (mark.dataset['kind'] === kind) mark.classList.toggle('off', !isShown);
  }

  #mark({ start, end, label, tint, detail, isUnsure, kind }: Mark): HTMLElement {
    const text = this.#text.slice(start, end);
    const isFirst = this.#details.size === 0;
    const attributes = { class: `tint-${tint}${isUnsure ? ' unsure' : ''}`, role: 'button', tabindex: isFirst ? '0' : '-1', 'data-kind': kind };
    const node = element('mark', attributes, text, element('small', {}, label));
    this.#details.set(node, `“${text}”: ${detail ?? label}, characters ${start}–${end}`);
    return node;
  }

  #tell(mark: HTMLElement | undefined): void {
    const detail = mark && this.#details.get(mark);
    if (detail !== undefined && this.#detail.textContent !== detail) this.#detail.textContent = detail;
  }

  /** Selects the text of a mark, so that the browser's own copying has it. */
  #select(mark: HTMLElement | undefined): void {
    if (!mark?.firstChild) return;
    this.#tell(mark);
    getSelection()?.setBaseAndExtent(mark.firstChild, 0, mark.firstChild, mark.firstChild.textContent?.length ?? 0);
  }

  #onKey(event: KeyboardEvent): void {
    const from = markOf(event.target);
    if (!from || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const step = STEPS[event.key];
    if (step !== undefined) this.#focus(from, step);
    else if (event.key === 'Enter' || event.key === ' ') this.#select(from);
    else return;
    event.preventDefault();
  }

  #focus(from: HTMLElement, step: number): void {
    const marks = [...this.#details.keys()];
    const next = marks.at((marks.indexOf(from) + step) % marks.length);
    if (!next) return;
    from.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
}

/** A text with all its marks. */
export function markedText(text: string, marks: readonly Mark[]): HTMLElement {
  const marked = new MarkedText(text);
  marked.add(marks);
  return marked.element;
}

function markOf(target: EventTarget | null): HTMLElement | undefined {
  return (target instanceof Element && target.closest<HTMLElement>('mark')) || undefined;
}
