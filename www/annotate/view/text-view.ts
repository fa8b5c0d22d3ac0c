// The text with its marks: read-only, with a caret. This file and those of `text/` are the only ones that know CodeMirror.
//
// CodeMirror draws only the visible part of the text, so its length and the number of marks do not matter. It lives in a shadow root: there it
// uses constructed style sheets, which a strict Content Security Policy allows; in a document it would add a `style` element.
import { openSearchPanel, search, searchKeymap } from '@codemirror/search';
import { Annotation, Compartment, EditorSelection, EditorState, Prec, type Extension, type StateEffect } from '@codemirror/state';
import { EditorView, highlightSpecialChars, keymap, type ViewUpdate } from '@codemirror/view';
import { Boundaries } from '../model/boundaries.js';
import type { Piece } from '../model/types.js';
import { drawArcs, setArcs } from './text/arcs.js';
import { CARET_KEYS } from './text/keys.js';
import { MarkLayout } from './text/layout.js';
import type { Arc, Mark } from './text/mark.js';
import { drawMarks, layoutField, setFocused, setLayout } from './text/marks.js';
import { chosenAt, marksAround, type Place } from './text/pointer.js';
import { theme } from './text/theme.js';
import { selectWords } from './text/words.js';

export type { Arc, Mark } from './text/mark.js';

export interface TextViewEvents {
  /** The person selected a part of the text (not empty), or nothing any more. What the program selects is not reported. */
  onSelect(piece: Piece | undefined): void;
  /** The caret or the pointer chose a mark; the innermost one at that place, again and again at the same place goes outwards. */
  onFocus(id: string | undefined): void;
  /** A key in the text that CodeMirror itself does not use. Returns whether it was handled. */
  onKey(event: KeyboardEvent): boolean;
}

/** A change of the selection that the program made, and so knows. */
const byProgram = Annotation.define<true>();

/** Escape and then Tab within this time leaves the text. */
const TAB_LEAVES_MS = 2000;

/** Pixels between a mark that gets the focus and the edge of the view. */
const SCROLL_MARGIN = 60;

/** Characters that are not seen: they are drawn as signs. A carriage return at the end of a line is one of most files, and is not drawn. */
const SPECIAL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffc]|\r(?!$)/g;

/** On a touch screen, a text that cannot be edited brings no keyboard, and a long press selects. */
function touchAttributes(isCoarse: boolean): Extension {
  return isCoarse ? EditorView.editable.of(false) : [];
}

export class TextView {
  readonly #events: TextViewEvents;
  readonly #host: HTMLElement;
  readonly #view: EditorView;
  readonly #extensions: Extension;
  readonly #touch = new Compartment();
  readonly #coarse = matchMedia('(pointer: coarse)');
  #boundaries = new Boundaries('');
  /** What was reported last, or set. */
  #selected: Piece | undefined;
  #focused: string | undefined;
  /** The mark that was chosen in the text, until the caller answers by `setFocus`: it is in view. */
  #chosen: string | undefined;
  #clicked: Place | undefined;

  /** Fills the parent. `label` is the name of the text for screen readers. */
  constructor(parent: HTMLElement, events: TextViewEvents, label: string) {
    this.#events = events;
    this.#extensions = this.#extensionsOf(label);
    this.#host = parent.appendChild(document.createElement('div'));
    this.#host.style.height = '100%';
    const root = this.#host.attachShadow({ mode: 'open' });
    root.addEventListener('keydown', keepInside);
    this.#view = new EditorView({ state: this.#stateOf('', []), parent: root, root });
    this.#coarse.addEventListener('change', this.#onPointerType);
  }

  /** Shows another document from its start. Nothing is selected or focused. */
  open(text: string, marks: readonly Mark[]): void {
    this.#boundaries = new Boundaries(text);
    this.#selected = this.#focused = this.#chosen = this.#clicked = undefined;
    this.#view.scrollDOM.scrollTop = 0;
    this.#view.setState(this.#stateOf(text, marks));
  }

  /** Shows other marks in the same text. */
  setMarks(marks: readonly Mark[]): void {
    this.#view.dispatch({ effects: setLayout.of(new MarkLayout(marks, this.#view.state.doc.length)) });
  }

  /**
   * Draws the ring of a mark. If it was not chosen in the text, it is scrolled into view, and the caret goes there, so that the person can go on by
   * keyboard; but what is selected stays selected.
   */
  setFocus(id: string | undefined): void {
    const isChosen = id === this.#chosen;
    this.#focused = id;
    this.#chosen = undefined;
    const { state } = this.#view;
    const first = id === undefined ? undefined : state.field(layoutField).mark(id)?.pieces[0];
    const effects: StateEffect<unknown>[] = [setFocused.of(id)];
    if (isChosen || !first) return this.#view.dispatch({ effects });
    const start = this.#inText(first[0]);
    effects.push(this.#scrollTo(start));
    const selection = state.selection.main.empty ? EditorSelection.cursor(start) : state.selection;
    this.#view.dispatch({ effects, selection, annotations: byProgram.of(true) });
  }

  /** Draws arrows between marks. Those with an end that is not in the text are left out. */
  setRelations(arcs: readonly Arc[]): void {
    this.#view.dispatch({ effects: setArcs.of(arcs) });
  }

  /** Selects a part of the text, or nothing. */
  select(piece: Piece | undefined): void {
    const selection = piece ? { anchor: this.#inText(piece[0]), head: this.#inText(piece[1]) } : { anchor: this.#view.state.selection.main.head };
    this.#view.dispatch({ selection, scrollIntoView: piece !== undefined, annotations: byProgram.of(true) });
    this.#selected = this.selection;
  }

  /** What is selected, as the person selected it: white space at the edges is not cut off. */
  get selection(): Piece | undefined {
    const { from, to } = this.#view.state.selection.main;
    return from < to ? [from, to] : undefined;
  }

  get caret(): number {
    return this.#view.state.selection.main.head;
  }

  openSearch(): void {
    openSearchPanel(this.#view);
  }

  focusText(): void {
    this.#view.focus();
  }

  destroy(): void {
    this.#coarse.removeEventListener('change', this.#onPointerType);
    this.#view.destroy();
    this.#host.remove();
  }

  #stateOf(text: string, marks: readonly Mark[]): EditorState {
    const layout = new MarkLayout(marks, text.length);
    const touch = this.#touch.of(touchAttributes(this.#coarse.matches));
    return EditorState.create({ doc: text, extensions: [layoutField.init(() => layout), touch, this.#extensions] });
  }

  #extensionsOf(label: string): Extension {
    return [
      EditorState.lineSeparator.of('\n'), // the default would also take CR and CRLF for one character
      EditorState.readOnly.of(true),
      EditorView.contentAttributes.of({ 'aria-label': label, inputmode: 'none', tabindex: '0' }),
      EditorView.lineWrapping,
      EditorView.perLineTextDirection.of(true),
      highlightSpecialChars({ specialChars: SPECIAL }),
      search({ top: true, literal: true }),
      keymap.of([...CARET_KEYS, ...searchKeymap.filter(({ scope }) => scope)]), // those that the search panel has too
      selectWords(() => this.#boundaries),
      drawMarks,
      drawArcs,
      theme,
      EditorView.updateListener.of((update) => this.#onUpdate(update)),
      EditorView.domEventHandlers({ click: (event) => this.#onClick(event), beforeinput: () => true }),
      Prec.lowest(EditorView.domEventHandlers({ keydown: (event) => this.#onKey(event) })),
    ];
  }

  #inText(offset: number): number {
    return Math.max(0, Math.min(offset, this.#view.state.doc.length));
  }

  #scrollTo(start: number): StateEffect<unknown> {
    const { from, to } = this.#view.viewport;
    return EditorView.scrollIntoView(start, { y: from <= start && start <= to ? 'nearest' : 'center', yMargin: SCROLL_MARGIN });
  }

  #onUpdate({ state, selectionSet, transactions }: ViewUpdate): void {
    if (!selectionSet || transactions.some((transaction) => transaction.annotation(byProgram))) return;
    this.#reportSelection();
    const isByPointer = transactions.some((transaction) => transaction.isUserEvent('select.pointer'));
    const { empty, head } = state.selection.main;
    if (empty && !isByPointer) this.#choose(state.field(layoutField).at(head)[0]?.id);
  }

  #reportSelection(): void {
    const { selection } = this;
    if (selection?.[0] === this.#selected?.[0] && selection?.[1] === this.#selected?.[1]) return;
    this.#selected = selection;
    this.#events.onSelect(selection);
  }

  #onClick(event: MouseEvent): boolean {
    if (event.button !== 0 || this.selection) return false;
    const place = { offset: this.#view.posAtCoords({ x: event.clientX, y: event.clientY }, false), ids: marksAround(event.target) };
    const id = chosenAt(place, this.#clicked, this.#focused);
    this.#clicked = place;
    this.#choose(id);
    return false;
  }

  #choose(id: string | undefined): void {
    if (id === this.#focused) return;
    this.#focused = this.#chosen = id;
    this.#events.onFocus(id);
  }

  /** After Escape the next Tab leaves the text, also if the caller uses both keys: otherwise the keyboard could not get out. */
  #onKey(event: KeyboardEvent): boolean {
    const isHandled = this.#events.onKey(event);
    if (event.key === 'Escape') this.#view.setTabFocusMode(TAB_LEAVES_MS);
    return isHandled;
  }

  readonly #onPointerType = (): void => {
    this.#view.dispatch({ effects: this.#touch.reconfigure(touchAttributes(this.#coarse.matches)) });
  };
}

/** Keys that were handled here, or belong to the search panel, are not for the page around. */
function keepInside(event: Event): void {
  const isInPanel = event.target instanceof Element && event.target.closest('.cm-panels') !== null;
  if (event.defaultPrevented || isInPanel) event.stopPropagation();
}
