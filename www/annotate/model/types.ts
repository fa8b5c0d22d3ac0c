/**
 * What the annotation workspace knows of documents. All offsets are UTF-16 code units, as JavaScript counts them: `text.slice(start, end)`
 * is what a span covers. Nothing here is changed in place: a change makes new objects (`changes.ts`).
 */

/** Start and end of a part of a text; the end is exclusive. */
export type Piece = readonly [start: number, end: number];

/** Who made something. */
export const ORIGINS = ['human', 'model', 'import'] as const;
export type Origin = (typeof ORIGINS)[number];

/** Whether something counts: a suggestion waits for a decision, and a rejected one is kept so that it does not come back. */
export const STATES = ['suggested', 'accepted', 'rejected'] as const;
export type State = (typeof STATES)[number];

/** The model that suggested something. */
export interface ModelRef {
  readonly name: string;
  /** SHA-256 of its manifest, in hexadecimal digits. */
  readonly manifestHash: string;
  /** The name of a head that was taught in the workspace; absent for a head of the model. */
  readonly head?: string;
}

/** What spans and relations have in common. */
interface Made {
  /** Unique in its document. */
  readonly id: string;
  readonly by: Origin;
  readonly state: State;
  /** From 0 to 1. Kept when a suggestion is accepted or changed. */
  readonly score?: number;
  readonly model?: ModelRef;
  /** When it was made or last changed, in milliseconds since 1970. */
  readonly at?: number;
  readonly note?: string;
  /** Fields of the file it came from that we do not know. They are written again to a file of the same format. */
  readonly extra?: Extra;
}

export interface Span extends Made {
  /** One piece, or several in order that do not overlap. None is empty. */
  readonly pieces: readonly Piece[];
  /** Id of a label in a label set of kind `span`. */
  readonly label: string;
  /** Id of a label in a label set of kind `type`, if the span has a type. */
  readonly type?: string;
  /** What the model said before a person changed it. */
  readonly was?: { readonly label: string; readonly pieces: readonly Piece[]; readonly score?: number };
  /** The model that did not believe the span at a second look, when a person said that it is right. */
  readonly confirmed?: ModelRef;
}

export interface Relation extends Made {
  /** Ids of spans of the document. */
  readonly head: string;
  readonly tail: string;
  /** Id of a label in a label set of kind `relation`. */
  readonly label: string;
}

export interface Question extends Made {
  readonly question: string;
  /** The answers that a person would accept; none, if the text has no answer. */
  readonly answers: readonly Piece[];
}

/** How far the work on a document is. */
export const STATUSES = ['new', 'draft', 'done', 'skipped', 'flagged'] as const;
export type Status = (typeof STATUSES)[number];

/** Values that JSON has. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type Extra = { readonly [name: string]: Json };

/** Where a document came from. */
export interface Source {
  /** Id of a format (`formats/index.ts`). */
  readonly format: string;
  readonly file: string;
  /** Its row in the file, counted from 0; absent if the file is one document. */
  readonly row?: number;
}

/** The annotations of a document. */
export interface Notes {
  readonly spans: readonly Span[];
  readonly relations: readonly Relation[];
  readonly questions: readonly Question[];
}

/** A document with all that is known of it, as formats read and write it. */
export interface AnnotatedDocument extends Notes {
  /** Unique in its project; of a document that was just read it may be anything. */
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly status: Status;
  readonly note?: string;
  readonly source?: Source;
  /** Metadata that people see and can filter by. */
  readonly meta?: Extra;
  /** Fields of the file that we do not know; see `Made.extra`. */
  readonly extra?: Extra;
}

export interface Label {
  /** Unique in its project. Spans hold ids, so that a new name is one change. */
  readonly id: string;
  readonly name: string;
  /** Index of one of the ten colours of the palette, from 0. */
  readonly color: number;
  /** The key that sets it: one character. */
  readonly key?: string;
  /** When to use it, in Markdown. */
  readonly guide?: string;
  /** Id of the label above it. */
  readonly parent?: string;
  /** Of a relation: ids of the labels that its head may have. Absent: all. */
  readonly from?: readonly string[];
  /** Of a relation: ids of the labels that its tail may have. Absent: all. */
  readonly to?: readonly string[];
  /** Fields of the file that we do not know; see `Made.extra`. */
  readonly extra?: Extra;
}

export interface LabelSet {
  readonly id: string;
  readonly kind: 'span' | 'relation' | 'type';
  readonly labels: readonly Label[];
  /** Whether spans of this set may overlap. Only a rule for new spans: those that do stay. */
  readonly overlap: boolean;
  readonly extra?: Extra;
}

/** What a file or a project has: label sets and documents. */
export interface Corpus {
  readonly name: string;
  readonly labelSets: readonly LabelSet[];
  readonly documents: readonly AnnotatedDocument[];
  readonly guide?: string;
  readonly extra?: Extra;
}
