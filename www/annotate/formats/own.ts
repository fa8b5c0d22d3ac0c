// Our own format: all that is known of a corpus, as JSON Lines. The first line has the label sets, each other line is a document. The order
// of names is fixed, so that a file that was read is written again byte for byte.
import type { AnnotatedDocument, Corpus, Extra, Json, Label, LabelSet, ModelRef, Question, Relation, Source, Span } from '../model/types.js';
import { corpusFile } from './documents.js';
import { filled, given } from './fields.js';
import type { Format, InputFile, ReadResult, WriteOptions, WriteResult } from './format.js';
import { isObject } from './json-values.js';
import { jsonLines } from './lines.js';
import { reduceCorpus, type Abilities } from './losses.js';
import { FORMAT, LATER, VERSION } from './own-extra.js';
import { readOwn } from './own-read.js';
import { ProblemList } from './problems.js';
import { fixedUnit } from './units.js';

const EXTENSION = '.luke.jsonl';

const EVERYTHING: Abilities = {
  overlap: 'all', discontinuous: true, relations: true, questions: true, states: true, provenance: true, scores: true, notes: true, types: true,
  confirmed: true, status: true, documentNotes: true, names: true, meta: 'all', labels: true, guide: true, extra: true, loneSurrogates: true,
};

export const own: Format = {
  id: 'luke',
  name: 'LUKE annotations',
  extensions: [EXTENSION, '.jsonl'],
  unit: 'utf-16',
  detect,
  read(files): ReadResult {
    const problems = new ProblemList();
    const corpus = readOwn(files, problems);
    return { corpus, problems: problems.all, unit: fixedUnit('utf-16') };
  },
  write,
};

function detect(files: readonly InputFile[]): number {
  const found = files.filter(({ bytes }) => /^\s*\{\s*"format"\s*:\s*"luke-annotations"/.test(new TextDecoder().decode(bytes.subarray(0, 100))));
  return files.length > 0 && found.length === files.length ? 1 : 0;
}

function write(whole: Corpus, options: WriteOptions): WriteResult {
  const { corpus, losses } = reduceCorpus(whole, options, own.id, EVERYTHING);
  const lines = [header(corpus), ...corpus.documents.map(documentLine)];
  return { files: [corpusFile(corpus, EXTENSION, jsonLines(lines))], losses };
}

/** A line or a part of it, with its fields in the order of the file. Fields that are `undefined` are not written. */
type Ordered = { readonly [name: string]: Json | undefined | Ordered | readonly Ordered[] };

function header({ name, guide, labelSets, extra }: Corpus): Ordered {
  return withExtra({ format: FORMAT, version: VERSION, offsets: 'utf-16', name, guide, labelSets: labelSets.map(labelSet) }, extra);
}

function labelSet({ id, kind, overlap, labels, extra }: LabelSet): Ordered {
  return withExtra({ id, kind, overlap, labels: labels.map(label) }, extra);
}

function label({ id, name, color, key, guide, parent, from, to, extra }: Label): Ordered {
  return withExtra({ id, name, color, key, guide, parent, from, to }, extra);
}

function documentLine({ id, name, status, note, source, meta, text, spans, relations, questions, extra }: AnnotatedDocument): Ordered {
  const notes = { spans: someOf(spans.map(span)), relations: someOf(relations.map(relation)), questions: someOf(questions.map(question)) };
  return withExtra({ id, name, status, note, source: source && sourceOf(source), meta, text, ...notes }, extra);
}

function span({ id, pieces, label, type, was, confirmed, ...made }: Span): Ordered {
  const before = was && { label: was.label, pieces: was.pieces, score: was.score };
  return withExtra({ id, pieces, label, type, ...madeOf(made), was: before, confirmed: confirmed && modelOf(confirmed) }, made.extra);
}

function relation({ id, head, tail, label, ...made }: Relation): Ordered {
  return withExtra({ id, head, tail, label, ...madeOf(made) }, made.extra);
}

function question({ id, question, answers, ...made }: Question): Ordered {
  return withExtra({ id, question, answers, ...madeOf(made) }, made.extra);
}

function madeOf({ by, state, score, model, at, note }: Omit<Span, 'id' | 'pieces' | 'label'>): Ordered {
  return { by, state, score, model: model && modelOf(model), at, note };
}

function modelOf({ name, manifestHash, head }: ModelRef): Ordered {
  return { name, manifestHash, head };
}

function sourceOf({ format, file, row }: Source): Ordered {
  return { format, file, row };
}

function someOf(list: readonly Ordered[]): readonly Ordered[] | undefined {
  return list.length > 0 ? list : undefined;
}

/** Writes fields of a later version beside the known fields. One that has the name of a known field stays in `extra`. */
function withExtra(known: Ordered, extra: Extra | undefined): Ordered {
  if (!extra) return known;
  const { [LATER]: later, ...rest } = extra;
  if (!isObject(later)) return { ...known, extra };
  const isKnown = (name: string) => Object.hasOwn(known, name) || name === 'extra';
  const beside = Object.entries(later).filter(([name]) => !isKnown(name));
  const inside = Object.entries(later).filter(([name]) => isKnown(name));
  const left = inside.length > 0 ? { ...rest, [LATER]: Object.fromEntries(inside) } : rest;
  return { ...known, ...given('extra', filled(left)), ...Object.fromEntries(beside) };
}
