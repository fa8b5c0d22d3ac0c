// What the text view draws: spans, without what only the workspace needs to know.
import type { Piece } from '../../model/types.js';

export interface Mark {
  readonly id: string;
  readonly pieces: readonly Piece[];
  /** Name of the label. It is drawn beside the mark. */
  readonly name: string;
  /** Index of a color of the palette, 0 to 9. */
  readonly color: number;
  /** The key that sets the label. */
  readonly key?: string;
  readonly state: 'suggested' | 'accepted';
  /** From 0 to 1. Drawn for suggestions. */
  readonly score?: number;
}

/** A relation of the focused span, drawn as an arrow between two marks. */
export interface Arc {
  /** Ids of marks. */
  readonly from: string;
  readonly to: string;
  readonly name: string;
}
