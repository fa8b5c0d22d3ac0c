// TACRED: a row for each pair of spans, with the tokens of their text. Ends are inclusive.
import { equalPieces } from '../model/pieces.js';
import { show } from '../model/show.js';
import type { AnnotatedDocument, Relation, Span } from '../model/types.js';
import { detectEach, firstRow } from './detect.js';
import { fileLabelId, IMPORTED, importedStatus, newCorpus } from './documents.js';
import { Fields, given } from './fields.js';
import type { Format, InputFile, ReadResult } from './format.js';
import { isList, isObject, isStringList } from './json-values.js';
import { parseJsonRows } from './json.js';
import { ProblemList, type Reporter } from './problems.js';
import { plainToken, REBUILT, TextOfTokens } from './rebuilt.js';
import { NEGATIVES, ROWS, writeTacred } from './tacred-write.js';

export const tacred: Format = {
  id: 'tacred',
  name: 'TACRED relations',
  extensions: ['.json', '.jsonl'],
  unit: 'token',
  writeOptions: [ROWS, NEGATIVES],
  detect: (files) => detectEach(files, likely),
  read,
  write: writeTacred,
};

function likely(file: InputFile): number {
  const row = firstRow(file);
  return isObject(row) && isList(row['token'] ?? row['tokens']) && typeof row['subj_start'] === 'number' ? 0.97 : 0;
}

/** A document of all rows with the same tokens and the same `docid`. */
interface Draft {
  readonly file: string;
  readonly row: number;
  readonly name: string;
  readonly tokens: TextOfTokens;
  readonly spans: Map<string, Span>;
  readonly relations: Map<string, Relation>;
}

function read(files: readonly InputFile[]): ReadResult {
  const problems = new ProblemList();
  const documents = files.flatMap((file) => {
    const drafts = new Map<string, Draft>();
    for (const { row, value, report } of parseJsonRows(file.bytes, problems.of(file.name))) {
      const fields = Fields.of(value, report);
      if (fields) addRow(fields, file.name, row, drafts);
    }
    return [...drafts.values()].map(finish);
  });
  return { corpus: newCorpus(files, documents), problems: problems.all };
}

function finish({ file, row, name, tokens, spans, relations }: Draft): AnnotatedDocument {
  const notes = { spans: [...spans.values()], relations: [...relations.values()], questions: [] };
  return {
    id: `${file}:${row}`,
    name,
    text: tokens.text,
    status: importedStatus(notes),
    ...notes,
    meta: REBUILT,
    source: { format: 'tacred', file, row },
  };
}

function addRow(fields: Fields, file: string, row: number, drafts: Map<string, Draft>): void {
  const { report } = fields;
  const id = fields.string('id');
  const name = fields.string('docid');
  const words = fields.list(fields.has('token') ? 'token' : 'tokens');
  if (!isStringList(words)) return report.loss('a row without a list "token" of strings is left out');
  const key = JSON.stringify([name, words]);
  const draft = drafts.get(key) ?? {
    file,
    row,
    name: name ?? '',
    tokens: textOf(words),
    spans: new Map(),
    relations: new Map(),
  };
  const subject = spanOf(fields, 'subj', draft, report);
  const object = spanOf(fields, 'obj', draft, report);
  if (!subject || !object) return;
  drafts.set(key, draft);
  const relation = fields.string('relation');
  const extra = fields.rest();
  for (const span of [subject, object]) draft.spans.set(span.id, span);
  if (relation === undefined) return report.loss('the row has no "relation"; only its spans are read');
  const relationId = id !== undefined && !draft.relations.has(id) ? id : `row ${row + 1}`;
  const made = { id: relationId, head: subject.id, tail: object.id, label: fileLabelId('relation', relation, report), ...IMPORTED };
  draft.relations.set(relationId, { ...made, ...given('extra', extra) });
}

function textOf(words: readonly string[]): TextOfTokens {
  const text = new TextOfTokens();
  for (const word of words) text.add(plainToken(word));
  return text;
}

/** The subject or the object of a row. Rows of one document share spans of the same tokens and type, if they do not have ids. */
function spanOf(fields: Fields, side: 'subj' | 'obj', { tokens, spans }: Draft, report: Reporter): Span | undefined {
  const [first, last] = [fields.integer(`${side}_start`), fields.integer(`${side}_end`)];
  const type = fields.string(`${side}_type`);
  const wanted = fields.string(`${side}_id`);
  const piece = first === undefined || last === undefined ? undefined : tokens.piece(first, last);
  if (!piece) {
    const place = `${side}_start ${show(first)} and ${side}_end ${show(last)}`;
    return void report.loss(`${place} are not a range of the ${tokens.count} tokens; the row is left out`);
  }
  const label = fileLabelId('span', type, report);
  const known = wanted === undefined ? undefined : spans.get(wanted);
  const isOther = known && (known.label !== label || !equalPieces(known.pieces, [piece]));
  if (isOther) report.loss(`${side}_id ${show(wanted)} belongs to another span in an earlier row; it is not used`);
  return { id: wanted !== undefined && !isOther ? wanted : `${first}-${last} ${type ?? ''}`, pieces: [piece], label, ...IMPORTED };
}
