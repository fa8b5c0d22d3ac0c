// Plain text: each file is a document, or each line.
import type { AnnotatedDocument } from '../model/types.js';
import { choice, chosen } from './choice.js';
import { detectEach, hasExtension, headText } from './detect.js';
import { fileName, newCorpus } from './documents.js';
import type { Format, InputFile, ReadOptions, ReadResult } from './format.js';
import { decode, decodeUtf8, encodingOfMark } from './json.js';
import { ProblemList, type Reporter } from './problems.js';

const ENCODING = choice('encoding', 'Encoding', {
  auto: 'UTF-8, or UTF-16 with a byte order mark',
  'windows-1252': 'Windows-1252 (Western European), where the text is not valid UTF-8',
});
const DOCUMENTS = choice('documents', 'Documents', { files: 'each file is a document', lines: 'each line is a document' });

export const plain: Format = {
  id: 'plain',
  name: 'plain text',
  extensions: ['.txt', '.text', '.md'],
  unit: 'none',
  readOptions: [ENCODING, DOCUMENTS],
  // A text that a person wrote has no control characters.
  detect: (files) => detectEach(files, (file) => (hasExtension(file, plain.extensions) ? (/[\0-\x08]/.test(headText(file)) ? 0.1 : 0.4) : 0)),
  read,
};

function read(files: readonly InputFile[], options: ReadOptions = {}): ReadResult {
  const problems = new ProblemList();
  const documents = files.flatMap((file) => documentsOf(file, options, problems.of(file.name)));
  return { corpus: newCorpus(files, documents.map((document, index) => ({ ...document, id: `d${index}` }))), problems: problems.all };
}

function documentsOf({ name: file, bytes }: InputFile, options: ReadOptions, report: Reporter): AnnotatedDocument[] {
  const text = textOf(bytes, options, report);
  if (text === undefined) return [];
  if (text === '') report.loss('the file is empty; it becomes no document');
  if (chosen(DOCUMENTS, options) === 'lines')
    return documentLines(text).map(({ line, row }) => newDocument(`${fileName(file)} ${row + 1}`, line, { file, row }));
  return text === '' ? [] : [newDocument(file.replace(/(?<=[^/])\.[^./]*$/, ''), text, { file })];
}

function newDocument(name: string, text: string, source: { readonly file: string; readonly row?: number }): AnnotatedDocument {
  return { id: '', name, text, status: 'new', spans: [], relations: [], questions: [], source: { format: plain.id, ...source } };
}

/** The text of a file, with its line ends as they are. */
function textOf(bytes: Uint8Array, options: ReadOptions, report: Reporter): string | undefined {
  const mark = encodingOfMark(bytes);
  if (mark === 'utf-16le' || mark === 'utf-16be') {
    const text = decode(bytes, mark);
    if (text === undefined) report.error('the file begins as UTF-16, but it is not valid UTF-16');
    return text;
  }
  if (chosen(ENCODING, options) === 'windows-1252' && decode(bytes, 'utf-8') === undefined) return decodeWindows1252(bytes);
  const text = decodeUtf8(bytes, report);
  if (text === undefined) report.error('if the file comes from an older Windows program, choose the encoding Windows-1252');
  return text;
}

/** The characters of the bytes 0x80 to 0x9f. Those without one are control characters. */
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/** Node.js 20 decodes Windows-1252 as ISO 8859-1 [measured], which has control characters in place of quotation marks. */
function decodeWindows1252(bytes: Uint8Array): string {
  const text = new TextDecoder('windows-1252').decode(bytes);
  return text.replace(/[\x80-\x9f]/g, (character) => WINDOWS_1252[character.charCodeAt(0) - 0x80]!);
}

/** Lines with text, without their line ends. */
function documentLines(text: string): { line: string; row: number }[] {
  return text.split('\n').map((line, row) => ({ line: line.replace(/\r$/, ''), row })).filter(({ line }) => line.trim() !== '');
}
