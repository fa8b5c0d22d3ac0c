// What a person does with the pieces of the focused span: adds one, takes a part out, splits it, and chooses the piece whose edges move.
import { computed, signal, type ReadonlySignal } from '@preact/signals-core';
import { Boundaries } from '../model/boundaries.js';
import { reshapeSpan } from '../model/edits.js';
import { withoutPart, withPiece } from '../model/piece-edits.js';
import { equalPieces, overlap, type Pieces } from '../model/pieces.js';
import { refuse } from '../model/refusal.js';
import { shorten } from '../model/show.js';
import { splitPieces } from '../model/spans.js';
import type { Piece, Span } from '../model/types.js';
import { latest, NO_FOCUS } from './editing.js';
import { info, warning } from './messages.js';
import type { Session } from './session.js';

/** A span of a document: other documents have spans with the same ids. */
interface Place {
  readonly document: string | undefined;
  readonly span: string;
}

export class PieceEditing {
  /** Index of the piece whose edges move; `undefined`: the outer edges of the span. */
  readonly chosen: ReadonlySignal<number | undefined>;
  /** The span that gets a piece, while the person looks for its words: the caret may leave the span for it. */
  readonly growing: ReadonlySignal<Span | undefined>;
  readonly #session: Session;
  readonly #choice = signal<(Place & { readonly index: number }) | undefined>(undefined);
  readonly #growing = signal<Place | undefined>(undefined);

  constructor(session: Session) {
    this.#session = session;
    this.chosen = computed(() => {
      const [span, choice] = [session.focused.value, this.#choice.value];
      return span && choice && this.#isAt(choice, span) && choice.index < span.pieces.length ? choice.index : undefined;
    });
    this.growing = computed(() => {
      const growing = this.#growing.value;
      return growing && session.spans.value.find((span) => this.#isAt(growing, span));
    });
  }

  /** Chooses a piece of the focused span; the chosen one again, or none: the outer edges. */
  choose(index: number | undefined): void {
    const span = this.#session.focused.value;
    this.#choice.value = span && index !== undefined && index !== this.chosen.value ? { ...this.#placeOf(span), index } : undefined;
  }

  /** The next piece of the focused span, and behind the last one the whole span again. */
  chooseNext(): boolean {
    const span = this.#session.focused.value;
    if (!span) return this.#refused(NO_FOCUS);
    if (span.pieces.length < 2) return this.#refused('This span has one piece.');
    const next = (this.chosen.value ?? -1) + 1;
    this.choose(next < span.pieces.length ? next : undefined);
    const piece = span.pieces[next];
    const text = piece ? `Piece ${next + 1} of ${span.pieces.length}: "${shorten(this.#session.text.slice(...piece))}".` : 'The whole span.';
    this.#session.say(info(`${text} The keys of edges move its edges.`));
    return true;
  }

  /** Adds what is selected to the span. With nothing selected, the person is asked to select it. */
  async add(): Promise<boolean> {
    const { selection, focus } = this.#session;
    const span = this.growing.value ?? this.#session.focused.value;
    if (!span) return this.#refused(NO_FOCUS);
    const piece = selection.value;
    if (!piece) {
      this.#growing.value = this.#placeOf(span);
      this.#session.say(info('Select the words of the new piece and add it again. Escape ends.'));
      return true;
    }
    return this.#reshape(span, (bounds, pieces) => withPiece(bounds, pieces, piece), 'The span has these characters already.', () => {
      this.#growing.value = undefined;
      if (selection.value === piece) selection.value = undefined;
      focus.value = span.id;
    });
  }

  /** Takes what is selected out of the span, or the chosen piece. */
  async remove(): Promise<boolean> {
    const { selection, focused } = this.#session;
    const span = focused.value;
    if (!span) return this.#refused(NO_FOCUS);
    const selected = selection.value;
    const part = selected && overlap(span.pieces, [selected]) ? selected : span.pieces[this.chosen.value ?? -1];
    if (!part || (part !== selected && span.pieces.length < 2)) return this.#refused('Select the part of the span that is to be left out, or choose a piece.');
    return this.#reshape(span, (bounds, pieces) => withoutPart(bounds, pieces, part), 'Nothing of the span is selected.', () => {
      if (selection.value === selected) selection.value = undefined;
      this.choose(undefined);
    });
  }

  /** Splits the span at the caret: then each part has edges of its own. */
  async split(caret: number | undefined): Promise<boolean> {
    const span = this.#session.focused.value;
    if (!span) return this.#refused(NO_FOCUS);
    return this.#reshape(span, (bounds, pieces) => (caret === undefined ? [...pieces] : splitPieces(bounds, pieces, caret)),
      'Move the caret to the place in the span where it is to be split.');
  }

  /** Ends the search for a new piece; whether there was one. */
  stepOut(): boolean {
    if (!this.growing.value) return false;
    this.#growing.value = undefined;
    return true;
  }

  /** `then` runs before the next key: it is about the span as it is then. */
  async #reshape(span: Span, change: (bounds: Boundaries, pieces: Pieces) => Piece[], same: string, then?: () => void): Promise<boolean> {
    let pieces = span.pieces;
    const changed = await this.#session.edit((scene, { body: { text }, notes }) => {
      const before = latest(notes.spans, span);
      if (!before) return undefined;
      const { bounds } = this.#session;
      pieces = change(bounds.value.text === text ? bounds.value : new Boundaries(text), before.pieces);
      if (!pieces.length) return refuse('empty', 'Nothing of the span would be left. Backspace removes it.');
      return equalPieces(pieces, before.pieces) ? refuse('outside', same) : reshapeSpan(scene, before, pieces);
    }, { done: () => {
      then?.();
      return `The span is now "${pieces.map((piece) => shorten(this.#session.text.slice(...piece))).join(' … ')}".`;
    } });
    return changed !== undefined;
  }

  #placeOf(span: Span): Place {
    return { document: this.#session.document.value?.head.id, span: span.id };
  }

  #isAt(place: Place, span: Span): boolean {
    return place.span === span.id && place.document === this.#session.document.value?.head.id;
  }

  #refused(message: string): false {
    this.#session.say(warning(message));
    return false;
  }
}
