// What a person chooses when files are read and written, and what is found: plain data, which goes between the page and its worker.
import type { FormatInfo, InputFile, OffsetUnit, Problem, UnitChoice, WriteOptions } from '../formats/format.js';
import type { Corpus } from '../model/types.js';

/** What a person chose. Absent fields: what is found out. */
export interface ReadChoice {
  /** Id of a format. */
  readonly format?: string;
  readonly unit?: OffsetUnit;
  /** Options of the format. */
  readonly options?: Readonly<Record<string, string>>;
}

/** What an import would do. It is shown before anything is written. */
export interface ReadPlan {
  readonly format: FormatInfo | undefined;
  /** The unit of the offsets, and why; absent, if the format has no offsets. */
  readonly unit: UnitChoice | undefined;
  readonly corpus: Corpus;
  readonly problems: readonly Problem[];
  /** How many of the problems are errors: a line or a file that could not be read. */
  readonly errors: number;
  readonly preview: readonly SpanPreview[];
}

/** A span with the text around it. */
export interface SpanPreview {
  readonly document: string;
  readonly label: string;
  readonly before: string;
  /** The pieces of the span. */
  readonly pieces: readonly string[];
  readonly after: string;
}

/** The id of our own format. It holds everything, so it is the backup. */
export const OWN = 'luke';

export const DOCUMENT_FILTERS = ['all', 'done', 'chosen'] as const;
export type DocumentFilter = (typeof DOCUMENT_FILTERS)[number];

export interface WriteChoice {
  /** Id of a format. */
  readonly format: string;
  readonly documents: DocumentFilter;
  readonly include: WriteOptions['include'];
  /** Options of the format. */
  readonly options?: Readonly<Record<string, string>>;
}

/** As a person is offered them: `kept` is all that the project keeps, without what models suggest now. */
export const CHOSEN = ['accepted', 'human', 'kept', 'all'] as const;
export type Chosen = (typeof CHOSEN)[number];

/** The choice for a file that has the whole project. */
export const BACKUP: WriteChoice = { format: OWN, documents: 'all', include: 'all' };

/** What an export would write. It is shown before a file is saved. */
export interface WritePlan {
  readonly documents: number;
  readonly losses: readonly LossGroup[];
  readonly file: InputFile;
  readonly files: number;
  /** Whether the file has all that is in the project. */
  readonly isBackup: boolean;
}

/** Losses of one kind. */
export interface LossGroup {
  readonly heading: string;
  /** In words; of several losses with one reason only the number. */
  readonly reasons: readonly string[];
}

/** Documents of the corpus that are to be written. */
export function selected(corpus: Corpus, filter: DocumentFilter, chosen: ReadonlySet<string>): Corpus {
  return filter === 'all' ? corpus : { ...corpus, documents: corpus.documents.filter(isChosen(filter, chosen)) };
}

export function isChosen(filter: DocumentFilter, chosen: ReadonlySet<string>): (document: { readonly id: string; readonly status: string }) => boolean {
  return ({ id, status }) => filter === 'all' || (filter === 'done' ? status === 'done' : chosen.has(id));
}
