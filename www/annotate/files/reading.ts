// Reads files in a chosen format, or in the one that is found, with a preview of the spans.
import type { InputFile } from '../formats/format.js';
import { formatOf, infoOf, readFiles } from '../formats/index.js';
import { isPlain } from '../formats/offsets.js';
import { inTextOrder } from '../model/pieces.js';
import { rangeOf } from '../model/spans.js';
import type { Corpus, Piece } from '../model/types.js';
import type { ReadChoice, ReadPlan, SpanPreview } from './choices.js';

export async function planReading(files: readonly InputFile[], { format: id, unit, options = {} }: ReadChoice): Promise<ReadPlan> {
  const wanted = id === undefined ? undefined : formatOf(id);
  const result = await readFiles(files, wanted, { ...options, ...(unit !== undefined && { unit }) });
  const errors = result.problems.filter(({ kind }) => kind === 'error').length;
  const format = result.format && infoOf(result.format);
  return { format, unit: result.unit, corpus: result.corpus, problems: result.problems, errors, preview: previewOf(result.corpus) };
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
