// CoNLL-U: words with columns, exact texts by `SpacesAfter`, and entities in the column MISC.
import { show } from '../model/show.js';
import type { AnnotatedDocument, Span } from '../model/types.js';
import { OVERLAP } from './choice.js';
import { miscValue, parseConllu, SPACE_NAMES, TAG_NAMES, type DocumentLines, type Word } from './conllu-parse.js';
import { placeWords, type PlacedSentence } from './conllu-text.js';
import { FIELD, writeConllu } from './conllu-write.js';
import { detectEach, hasExtension, headText } from './detect.js';
import { fileLabelId, IMPORTED, importedStatus, newCorpus, rowName } from './documents.js';
import type { Format, InputFile, ReadResult } from './format.js';
import { decodeUtf8 } from './json.js';
import { linesOf } from './lines.js';
import { ProblemList, type Reporter } from './problems.js';
import { REBUILT } from './rebuilt.js';
import { isTag, TagReader } from './tags.js';

export const conllu: Format = {
  id: 'conllu',
  name: 'CoNLL-U',
  extensions: ['.conllu', '.conllup', '.conll'],
  unit: 'token',
  writeOptions: [FIELD, OVERLAP],
  detect: (files) => detectEach(files, likely),
  read,
  write: writeConllu,
};

function likely(file: InputFile): number {
  const lines = linesOf(headText(file))
    .slice(0, 100)
    .filter((line) => line !== '' && !line.startsWith('#'));
  const isWord = (line: string) => /^\d+([-.]\d+)?\t/.test(line) && line.split('\t').length === 10;
  if (lines.length > 1 && lines.slice(0, -1).every(isWord)) return 0.95;
  return hasExtension(file, ['.conllu', '.conllup']) ? 0.7 : 0;
}

function read(files: readonly InputFile[]): ReadResult {
  const problems = new ProblemList();
  const documents = files.flatMap((file) => {
    const report = problems.of(file.name);
    const tags = new TagReader();
    const lines = linesOf(decodeUtf8(file.bytes, report) ?? '');
    if (lines.at(-1) === '') lines.pop();
    const found = parseConllu(lines, report).map((document, row) => documentOf(document, file.name, row, tags));
    tags.finish();
    return found;
  });
  return { corpus: newCorpus(files, documents), problems: problems.all };
}

function documentOf(document: DocumentLines, file: string, row: number, tags: TagReader): AnnotatedDocument {
  const placed = placeWords(document);
  const spans: Span[] = [];
  for (const sentence of placed.sentences) spans.push(...spansOf(sentence, tags, spans.length));
  const notes = { spans, relations: [], questions: [] };
  return {
    id: `${file}:${row}`,
    name: document.name ?? rowName(file, row),
    text: placed.text,
    status: importedStatus(notes),
    ...notes,
    source: { format: 'conllu', file, row },
    ...(placed.isRebuilt && { meta: REBUILT }),
    ...(hasMore(document) && { extra: { lines: document.lines } }),
  };
}

/** Whether the lines say more than we write ourselves. */
function hasMore({ lines }: DocumentLines): boolean {
  return !lines.every((line) => line === '' || /^# (newdoc|sent_id|text)\b/.test(line) || isPlainWord(line));
}

function isPlainWord(line: string): boolean {
  const [id = '', , ...columns] = line.split('\t');
  const misc = columns.pop() ?? '';
  const known = [...TAG_NAMES, ...SPACE_NAMES];
  return (
    /^\d+$/.test(id) &&
    columns.every((column) => column === '_') &&
    (misc === '_' || misc.split('|').every((part) => known.includes(part.split('=')[0]!)))
  );
}

function spansOf({ sentence: { words, surfaces }, pieces }: PlacedSentence, tags: TagReader, count: number): Span[] {
  const reportAt = (index: number): Reporter => words[index]!.report;
  const found = tags.sentence(words.map(tagOf), reportAt);
  const starts = new Set(surfaces.map(({ first }) => first));
  const ends = new Set(surfaces.map(({ last }) => last));
  return found.flatMap(({ first, last, label }, index): Span[] => {
    if (!starts.has(first) || !ends.has(last)) reportAt(first).loss('a span begins or ends within a multi-word token; it gets the whole token');
    const [start, end] = [pieces[first]![0], pieces[last]![1]];
    if (start === end) return reportAt(first).loss('a span of an empty token is left out') ?? [];
    return [{ id: `s${count + index}`, pieces: [[start, end]], label: fileLabelId('span', label, reportAt(first)), ...IMPORTED }];
  });
}

function tagOf({ misc, tag, report }: Word): string {
  const found = tag ?? miscValue(misc, TAG_NAMES) ?? 'O';
  if (isTag(found) || found === '_' || found === '*') return found === '*' ? 'O' : found;
  // CorefUD and GUM write brackets, which may nest and go over sentences.
  if (/[()]/.test(found))
    return report.loss(`${show(found)} is in the style of CorefUD, with brackets, which is not read`) ?? 'O';
  return found;
}
