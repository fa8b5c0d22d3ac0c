// What an import would do: the format, the unit of offsets, problems, labels. It is shown before anything is written.
import type { Format, InputFile, OffsetUnit, Problem, UnitChoice } from '../../formats/format.js';
import { formatOf, readFiles } from '../../formats/index.js';
import { isPlain } from '../../formats/offsets.js';
import { inTextOrder } from '../../model/pieces.js';
import { rangeOf } from '../../model/spans.js';
import type { Corpus, Piece } from '../../model/types.js';
import { countOf } from '../messages.js';

/** What a person chose. Absent fields: what is found out. */
export interface ReadChoice {
  /** Id of a format. */
  readonly format?: string;
  readonly unit?: OffsetUnit;
  /** Options of the format. */
  readonly options?: Readonly<Record<string, string>>;
}

export interface ReadPlan {
  readonly format: Format | undefined;
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

export async function planReading(files: readonly InputFile[], { format: id, unit, options = {} }: ReadChoice): Promise<ReadPlan> {
  const wanted = id === undefined ? undefined : formatOf(id);
  const result = await readFiles(files, wanted, { ...options, ...(unit !== undefined && { unit }) });
  const errors = result.problems.filter(({ kind }) => kind === 'error').length;
  return { format: result.format, unit: result.unit, corpus: result.corpus, problems: result.problems, errors, preview: previewOf(result.corpus) };
}

const SHOWN_AROUND = 24;

/** A few spans, those first whose place depends on the unit of offsets: where characters before them are not plain. */
export function previewOf({ documents, labelSets }: Corpus, most = 6): SpanPreview[] {
  const names = new Map(labelSets.flatMap(({ labels }) => labels.map(({ id, name }) => [id, name] as const)));
  const telling: SpanPreview[] = [];
  const others: SpanPreview[] = [];
  for (const { name, text, spans } of documents) {
    if (telling.length >= most) break;
    const plain = isPlain(text);
    if (plain && others.length >= most) continue;
    for (const { pieces, label } of inTextOrder(spans).slice(0, plain ? most : 200)) {
      const [start, end] = rangeOf({ pieces });
      const list = !plain && !isPlain(text.slice(0, end)) ? telling : others;
      if (list.length >= most) continue;
      const texts = pieces.map((piece) => text.slice(...piece));
      list.push({ document: name, label: names.get(label) ?? label, pieces: texts, ...around(text, [start, end]) });
    }
  }
  return [...telling, ...others].slice(0, most);
}

/** The text before and after a piece. No surrogate pair is cut. */
function around(text: string, [start, end]: Piece): { before: string; after: string } {
  const before = text.slice(Math.max(0, start - SHOWN_AROUND), start).replace(/^[\udc00-\udfff]/, '');
  const after = text.slice(end, end + SHOWN_AROUND).replace(/[\ud800-\udbff]$/, '');
  return { before: start > SHOWN_AROUND ? `…${before}` : before, after: end + SHOWN_AROUND < text.length ? `${after}…` : after };
}

/** Names of units for people. */
export const UNIT_NAMES: Readonly<Record<OffsetUnit, string>> = {
  'utf-16': 'UTF-16 units (JavaScript, Java)', 'code-point': 'code points (Python)', grapheme: 'graphemes (what a person sees as one character)',
  byte: 'bytes of UTF-8', token: 'tokens',
};

/** `30 documents with 52 spans, 3 relations` */
export function contentOf({ documents }: Corpus): string {
  const sum = (count: (document: Corpus['documents'][number]) => number): number => documents.reduce((total, document) => total + count(document), 0);
  const parts = [
    [sum(({ spans }) => spans.length), 'span'], [sum(({ relations }) => relations.length), 'relation'],
    [sum(({ questions }) => questions.length), 'question'],
  ] as const;
  const filled = parts.filter(([count]) => count > 0).map(([count, word]) => countOf(count, word));
  return `${countOf(documents.length, 'document')}${filled.length ? ` with ${filled.join(', ')}` : ''}`;
}

/** Where a problem is: `file.jsonl, line 3`. */
export function placeOf({ file, line }: Problem): string {
  return line === undefined ? file : `${file}, line ${line}`;
}
