// Small helpers of the tests of formats.
import type { Format, InputFile, Problem, ReadOptions, ReadResult, WriteOptions } from '../formats/format.js';
import type { Corpus } from '../model/types.js';

export function textFile(text: string, name: string): InputFile {
  return { name, bytes: new TextEncoder().encode(text) };
}

export function contentOf({ bytes }: InputFile): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** Reads one file of this text. */
export async function readText(format: Format, text: string, name: string, options?: ReadOptions): Promise<ReadResult> {
  return format.read([textFile(text, name)], options);
}

/** Writes a corpus, and returns the text of its first file. */
export async function writeText(format: Format, corpus: Corpus, options: Partial<WriteOptions> = {}): Promise<string> {
  return contentOf((await format.write!(corpus, { include: 'all', ...options })).files[0]!);
}

/** Labels and texts of all spans: `span:PER Ada`. */
export function spanTexts({ documents }: Corpus): string[] {
  return documents.flatMap(({ text, spans }) =>
    spans.map(({ pieces, label }) => `${label} ${pieces.map((piece) => text.slice(...piece)).join('|')}`),
  );
}

/** `3 loss: label[0]: …`, with the line. */
export function reasons(problems: readonly Problem[]): string[] {
  return problems.map(({ line, kind, reason }) => `${line ?? '-'} ${kind}: ${reason}`);
}
