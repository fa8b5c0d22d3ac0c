/** What every format does. A format is pure: it knows no browser, and runs in Node.js too. */
import type { Corpus } from '../model/types.js';

/** What offsets in a file count. */
export type OffsetUnit = 'utf-16' | 'code-point' | 'grapheme' | 'byte' | 'token';

/** A file as it was chosen. */
export interface InputFile {
  /** With its path below the chosen folder, separated by `/`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Something in a file that could not be taken over as it is. Nothing is left out without one. */
export interface Problem {
  readonly file: string;
  /** Counted from 1, where the format has lines; else the row of the document, counted from 1. */
  readonly line?: number;
  /** What is wrong, in plain words, with the value in question (shortened). */
  readonly reason: string;
  /** Whether something was left out or changed (`loss`), or the whole file could not be read (`error`). */
  readonly kind: 'loss' | 'error';
}

/** What was found out about the unit of offsets. */
export interface UnitChoice {
  /** The unit in which the offsets were read. */
  readonly unit: OffsetUnit;
  /** Units that would also be possible, the likeliest first, `unit` included; one, if there is no doubt. */
  readonly candidates: readonly OffsetUnit[];
  /** Why: "the file repeats the text of each span, and all match", "ASCII texts: every unit is the same". */
  readonly reason: string;
}

export interface ReadResult {
  /** Documents and label sets. Labels are made from the names in the file, in the order in which they occur; the id of a label is
   * its kind, a colon and its name (`labels.ts`). */
  readonly corpus: Corpus;
  readonly problems: readonly Problem[];
  /** Of formats with offsets into texts. */
  readonly unit?: UnitChoice;
}

export interface ReadOptions {
  /** The unit of offsets, chosen by a person; absent: the format finds it out. */
  readonly unit?: OffsetUnit;
  /** Other options of the format, by name; see `Format.readOptions`. */
  readonly [name: string]: string | number | boolean | undefined;
}

export interface WriteOptions {
  /** Which annotations: those that count (accepted), those that a person made or changed, or all with suggestions. */
  readonly include: 'accepted' | 'human' | 'all';
  /** Other options of the format, by name; see `Format.writeOptions`. */
  readonly [name: string]: string | number | boolean | undefined;
}

/** A question that the dialog of a format asks. */
export interface FormatOption {
  readonly name: string;
  readonly label: string;
  readonly values: readonly { readonly value: string; readonly label: string }[];
  readonly default: string;
}

/** Something that a file of this format cannot hold. It is said before the file is written. */
export interface Loss {
  /** A word for the kind, the same for all losses of one kind: `overlap`, `discontinuous`, `relations`, `scores`, `questions`. */
  readonly kind: string;
  /** The document it concerns; absent: the whole corpus. */
  readonly document?: string;
  /** The span, relation or question. */
  readonly item?: string;
  /** In plain words. */
  readonly reason: string;
}

export interface WriteResult {
  readonly files: readonly InputFile[];
  readonly losses: readonly Loss[];
}

/** What a format is, without its code: plain data, which can be sent between the page and its worker. */
export interface FormatInfo {
  /** Short and stable: `doccano`, `brat`, `spacy-docbin`. */
  readonly id: string;
  /** As people know it: "doccano JSONL". */
  readonly name: string;
  /** With the dot: `.jsonl`. */
  readonly extensions: readonly string[];
  /** In which unit files are written. */
  readonly unit: OffsetUnit | 'none';
  /** Units that a person may choose for reading (`ReadOptions.unit`), the usual first. Absent: there is nothing to choose. */
  readonly readUnits?: readonly OffsetUnit[];
  readonly readOptions?: readonly FormatOption[];
  readonly writeOptions?: readonly FormatOption[];
  /** What to know before a file is opened in another program. */
  readonly warning?: string;
  /** Whether it can be written. */
  readonly canWrite: boolean;
}

export interface Format extends Omit<FormatInfo, 'canWrite'> {
  /**
   * How sure it is that these files have this format, from 0 (they do not) to 1. It looks at names and at the first bytes only. A
   * format may need several files (brat: `a.txt` with `a.ann`).
   */
  detect(files: readonly InputFile[]): number;
  /**
   * Reads files. It never throws for what is in a file: a file that cannot be read is a problem of kind `error`, and the corpus has no
   * document of it.
   */
  read(files: readonly InputFile[], options?: ReadOptions): ReadResult | Promise<ReadResult>;
  /** Writes a corpus. What the losses do not name comes back equal by `read`. Absent: the format is only read. */
  write?(corpus: Corpus, options: WriteOptions): WriteResult | Promise<WriteResult>;
}
