// SQuAD: questions about paragraphs, with the texts and start offsets of their answers.
import { show } from '../model/show.js';
import type { AnnotatedDocument, Corpus, Extra, Json, Piece, Question } from '../model/types.js';
import { choice, chosen } from './choice.js';
import { detectEach, headText } from './detect.js';
import { baseName, corpusFile, IMPORTED, importedStatus, newCorpus } from './documents.js';
import { Fields, given } from './fields.js';
import type { Format, InputFile, ReadOptions, ReadResult, WriteOptions, WriteResult } from './format.js';
import { objectOf } from './json-values.js';
import { parseJsonFile } from './json.js';
import { countedLosses } from './loss-counts.js';
import { isIncluded, reduceCorpus } from './losses.js';
import { offsetTable, type OffsetTable, type TextUnit } from './offsets.js';
import { ProblemList, type Reporter } from './problems.js';
import { detectUnit, piecesOf, type RawSpan } from './units.js';
import { withoutQuestions, type Without } from './without.js';

const UNITS: readonly TextUnit[] = ['code-point', 'utf-16', 'byte'];

const VERSION = choice('version', 'Version', { 'v2.0': '2.0: questions may have no answer', '1.1': '1.1: all questions have an answer' });

export const squad: Format = {
  id: 'squad',
  name: 'SQuAD questions',
  extensions: ['.json'],
  unit: 'code-point',
  readUnits: UNITS,
  writeOptions: [VERSION],
  detect: (files) => detectEach(files, (file) => (/"paragraphs"\s*:/.test(headText(file)) && /"(qas|context)"\s*:/.test(headText(file)) ? 0.95 : 0)),
  read,
  write,
};

interface RawAnswer extends RawSpan {
  readonly report: Reporter;
}

interface RawQuestion {
  readonly id: string | undefined;
  readonly question: string;
  readonly answers: readonly RawAnswer[];
  readonly extra: Extra | undefined;
  readonly report: Reporter;
}

interface RawParagraph {
  readonly file: string;
  readonly name: string;
  readonly text: string;
  readonly questions: readonly RawQuestion[];
  readonly extra: Extra | undefined;
}

function read(files: readonly InputFile[], options: ReadOptions = {}): ReadResult {
  const problems = new ProblemList();
  const paragraphs = files.flatMap((file) => paragraphsOf(file, problems.of(file.name)));
  const unit = detectUnit(
    paragraphs.map(({ text, questions }) => ({ text, spans: questions.flatMap(({ answers }) => answers) })),
    UNITS,
    options.unit,
  );
  return {
    corpus: newCorpus(
      files,
      paragraphs.map((paragraph, row) => documentOf(paragraph, row, unit.unit)),
    ),
    problems: problems.all,
    unit,
  };
}

function paragraphsOf({ name: file, bytes }: InputFile, report: Reporter): RawParagraph[] {
  const value = parseJsonFile(bytes, report);
  const whole = value === undefined ? undefined : Fields.of(value, report);
  if (!whole) return [];
  if (!whole.has('data')) return report.error('the file has no "data"') ?? [];
  return whole.objects('data').flatMap((article) => {
    const title = article.string('title');
    const paragraphs = article.objects('paragraphs');
    const rest = article.rest();
    const name = (index: number) =>
      title === undefined ? `${baseName(file)} ${index + 1}` : paragraphs.length > 1 ? `${title} ${index + 1}` : title;
    return paragraphs.flatMap((paragraph, index) => rawParagraph(paragraph, file, name(index), rest) ?? []);
  });
}

function rawParagraph(fields: Fields, file: string, name: string, article: Extra | undefined): RawParagraph | undefined {
  const text = fields.string('context');
  if (text === undefined) return void fields.report.loss('a paragraph without "context" is left out');
  const questions = fields.objects('qas').flatMap((question) => rawQuestion(question) ?? []);
  const paragraph = fields.rest();
  return {
    file,
    name,
    text,
    questions,
    extra: article || paragraph ? { ...given('article', article), ...given('paragraph', paragraph) } : undefined,
  };
}

function rawQuestion(fields: Fields): RawQuestion | undefined {
  const question = fields.string('question');
  if (question === undefined) return void fields.report.loss('a question without "question" is left out');
  const id = fields.has('id') ? String(fields.raw('id')) : undefined;
  const isImpossible = fields.boolean('is_impossible') ?? false;
  const answers = fields.objects('answers').flatMap((answer) => rawAnswer(answer) ?? []);
  if (isImpossible && answers.length > 0) fields.report.loss('"is_impossible" is true, but there are answers; they are kept');
  return { id, question, answers, extra: fields.rest(), report: fields.report };
}

function rawAnswer(fields: Fields): RawAnswer | undefined {
  const text = fields.string('text');
  const start = fields.integer('answer_start');
  fields.reportRest();
  if (text === '') return undefined; // some tools write an empty answer for none
  if (text === undefined || start === undefined) return void fields.report.loss('an answer without "text" or "answer_start" is left out');
  return { pieces: [[start]], quote: text, report: fields.report };
}

function documentOf({ file, name, text, questions: raw, extra }: RawParagraph, row: number, unit: TextUnit): AnnotatedDocument {
  const table = offsetTable(text, unit);
  const ids = new Set<string>();
  const questions = raw.map(({ id: wanted, question, answers, extra: more, report }, index): Question => {
    const id = wanted !== undefined && !ids.has(wanted) ? wanted : `q${row}-${index}`;
    if (wanted !== undefined && id !== wanted) report.loss(`the id ${show(wanted)} occurs twice; the question gets the id ${show(id)}`);
    ids.add(id);
    return { id, question, answers: answers.flatMap((answer) => answerPiece(answer, text, table) ?? []), ...IMPORTED, ...given('extra', more) };
  });
  const notes = { spans: [], relations: [], questions };
  return {
    id: `${file}:${row}`,
    name,
    text,
    status: importedStatus(notes),
    ...notes,
    source: { format: 'squad', file, row },
    ...given('extra', extra),
  };
}

function answerPiece(answer: RawAnswer, text: string, table: OffsetTable): Piece[] | undefined {
  const pieces = piecesOf(answer, table);
  const [piece] = pieces ?? [];
  if (piece && text.slice(...piece) === answer.quote) return [piece];
  const start = table.toUtf16(answer.pieces[0]![0]);
  const there = start === undefined ? 'that is outside of the text' : `there is ${show(text.slice(start, start + answer.quote!.length))}`;
  return void answer.report.loss(`the answer is ${show(answer.quote)} at ${answer.pieces[0]![0]}, but ${there}; it is left out`);
}

function write(whole: Corpus, options: WriteOptions): WriteResult {
  const version = chosen(VERSION, options);
  const bare = withoutAllSpans(whole, options);
  const isRefused = ({ answers }: Question) => version === '1.1' && answers.length === 0;
  const answered = withoutQuestions(bare.corpus, options, 'unanswered', (question) =>
    isRefused(question) ? 'it has no answer, which version 1.1 does not have' : undefined,
  );
  const { corpus, losses } = reduceCorpus(answered.corpus, options, 'squad', { questions: true, names: true, loneSurrogates: true });
  const text = JSON.stringify({ version, data: corpus.documents.map((document) => article(document, version)) });
  return { files: [corpusFile(corpus, '.json', `${text}\n`)], losses: [...bare.losses, ...answered.losses, ...losses] };
}

function withoutAllSpans(corpus: Corpus, { include }: WriteOptions): Without {
  const count = corpus.documents.reduce(
    (sum, { spans, relations }) => sum + [...spans, ...relations].filter((item) => isIncluded(item, include)).length,
    0,
  );
  const losses = countedLosses([['spans', count, '# spans and relations are left out']]);
  return { corpus: { ...corpus, documents: corpus.documents.map((document) => ({ ...document, spans: [], relations: [] })) }, losses };
}

function article({ name, text, questions, extra = {} }: AnnotatedDocument, version: string): Json {
  const table = offsetTable(text, 'code-point');
  const qas = questions.map(({ id, question, answers, extra: more }) => ({
    ...more,
    id,
    question,
    ...(version !== '1.1' && { is_impossible: answers.length === 0 }),
    answers: answers.map(([start, end]) => ({ text: text.slice(start, end), answer_start: table.fromUtf16(start)! })),
  }));
  return { ...objectOf(extra['article']), title: name, paragraphs: [{ ...objectOf(extra['paragraph']), context: text, qas }] };
}
