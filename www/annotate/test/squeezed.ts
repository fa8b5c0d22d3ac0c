// Texts that were rebuilt are compared without their white space.
import type { Format, Loss } from '../formats/format.js';
import type { AnnotatedDocument, Corpus, Piece } from '../model/types.js';
import { checkFormat } from './testing.js';

/** White space of JavaScript and Python. */
const WHITE = /[\s\x1c-\x1f\x85]/;

type CheckOptions = NonNullable<Parameters<typeof checkFormat>[1]>;

/** The F1 property of a format that does not keep white space. `unsafe` are characters that labels cannot have. */
export function checkSqueezed(format: Format, { unsafe, ...options }: CheckOptions & { readonly unsafe?: RegExp } = {}): Promise<void> {
  const squeezing: Format = {
    ...format,
    read: async (files, read) => {
      const result = await format.read(files, read);
      return { ...result, corpus: squeezed(result.corpus) };
    },
  };
  const more = (corpus: Corpus, losses: readonly Loss[]) => squeezed(renamed(options.more?.(corpus, losses) ?? corpus, losses, unsafe));
  return checkFormat(squeezing, { ...options, more });
}

export function renamed(corpus: Corpus, losses: readonly Loss[], unsafe?: RegExp): Corpus {
  if (!unsafe || !losses.some(({ kind }) => kind === 'label-names')) return corpus;
  const rename = (name: string) => name.replace(unsafe, '_');
  const documents = corpus.documents.map((document) => ({
    ...document,
    spans: document.spans.map((span) => ({ ...span, label: rename(span.label) })),
  }));
  return {
    ...corpus,
    documents,
    labelSets: corpus.labelSets.map((set) => ({ ...set, labels: set.labels.map((label) => ({ ...label, name: rename(label.name) })) })),
  };
}

export function squeezed(corpus: Corpus): Corpus {
  return { ...corpus, documents: corpus.documents.map(squeezedDocument) };
}

function squeezedDocument(document: AnnotatedDocument): AnnotatedDocument {
  const offsets = [0];
  for (const unit of document.text.split('')) offsets.push(offsets.at(-1)! + (WHITE.test(unit) ? 0 : 1));
  const squeeze = ([start, end]: Piece): Piece => [offsets[start]!, offsets[end]!];
  const { meta: { text: _, tags: __, ...others } = {}, ...rest } = document;
  return {
    ...rest,
    text: document.text.replace(new RegExp(WHITE, 'g'), ''),
    ...(Object.keys(others).length > 0 && { meta: others }),
    spans: document.spans.map((span) => ({ ...span, pieces: span.pieces.map(squeeze) })),
  };
}

/** White space at the edges of spans is left out, if that was said. */
export function applyEdges(corpus: Corpus, losses: readonly Loss[]): Corpus {
  if (!losses.some(({ kind, item }) => kind === 'edges' && item === undefined)) return corpus;
  const trim = ([start, end]: Piece, text: string): Piece => {
    while (WHITE.test(text[start]!)) start += 1;
    while (WHITE.test(text[end - 1]!)) end -= 1;
    return [start, end];
  };
  const documents = corpus.documents.map((document) => ({
    ...document,
    spans: document.spans.map((span) => ({ ...span, pieces: span.pieces.map((piece) => trim(piece, document.text)) })),
  }));
  return { ...corpus, documents };
}
