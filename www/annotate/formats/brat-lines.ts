// The lines of the annotation files of brat.
import { areDisjoint, comparePiece } from '../model/pieces.js';
import { show } from '../model/show.js';
import { linesOf } from './lines.js';
import type { Reporter } from './problems.js';

/** A line of a span. Offsets are as in the file. */
export interface SpanLine {
  readonly kind: 'span';
  readonly id: string;
  readonly type: string;
  readonly pieces: readonly (readonly [start: number, end: number])[];
  /** The text of the span, which the file repeats. */
  readonly quote?: string;
  readonly report: Reporter;
}

/** A line of a relation, with its two arguments in order. */
export interface RelationLine {
  readonly kind: 'relation';
  readonly id: string;
  readonly type: string;
  readonly roles: readonly [string, string];
  readonly ends: readonly [string, string];
  readonly raw: string;
  readonly report: Reporter;
}

/** A line of a note about something. */
export interface NoteLine {
  readonly kind: 'note';
  readonly id: string;
  readonly target: string;
  readonly text: string;
  readonly raw: string;
  readonly report: Reporter;
}

/** A line that we do not edit: attributes, events, normalizations, equivalences, other notes. */
interface OtherLine {
  readonly kind: 'other';
  readonly id: string;
  readonly raw: string;
  readonly report: Reporter;
}

export type AnnotationLine = SpanLine | RelationLine | NoteLine | OtherLine;

const ID = /^([A-Za-z]+|#[A-Za-z]*)\d+/;

/** Parses an annotation file. Lines that brat would not read are problems. */
export function parseLines(text: string, report: Reporter): AnnotationLine[] {
  const lines: AnnotationLine[] = [];
  const ids = new Set<string>();
  for (const [index, raw] of linesOf(text).entries()) {
    if (raw.trim() === '') continue;
    const line = parseLine(raw, report.at(index + 1));
    if (!line) continue;
    if (line.id !== '*' && ids.has(line.id)) {
      line.report.loss(`the id ${show(line.id)} occurs a second time; the line is left out`);
      continue;
    }
    ids.add(line.id);
    lines.push(line);
  }
  return lines;
}

function parseLine(raw: string, report: Reporter): AnnotationLine | undefined {
  const [id, data, ...tail] = raw.split('\t');
  if (id === undefined || data === undefined) return void report.loss(`${show(raw)} has no tab after an id`);
  if (id !== '*' && !ID.test(id)) return void report.loss(`${show(id)} is not an id`);
  if (id.startsWith('T')) return parseSpan(id, data, tail, report);
  if (id.startsWith('R')) return parseRelation(id, data, raw, report);
  const note = /^AnnotatorNotes (\S+)$/.exec(data);
  if (id.startsWith('#') && note) return { kind: 'note', id, target: note[1]!, text: tail.join('\t'), raw, report };
  if (/^[*AEMN#]/.test(id)) return { kind: 'other', id, raw, report };
  return void report.loss(`${show(id)} is an id of a kind that is not known`);
}

function parseSpan(id: string, data: string, tail: readonly string[], report: Reporter): SpanLine | undefined {
  const [, type, rest] = /^(\S+) (.*)$/s.exec(data) ?? [];
  if (type === undefined || rest === undefined) return void report.loss(`${show(data)} is not a type with two offsets`);
  const pieces: [number, number][] = [];
  for (const part of rest.split(';')) {
    const [, start, end] = /^(\d{1,15}) (\d{1,15})$/.exec(part.trimEnd()) ?? [];
    if (start === undefined || end === undefined) return void report.loss(`${show(part)} is not two offsets`);
    pieces.push([Number(start), Number(end)]);
  }
  pieces.sort(comparePiece);
  if (!areDisjoint(pieces)) return void report.loss(`the pieces of ${id} overlap`);
  return { kind: 'span', id, type, pieces, ...(tail.length > 0 && { quote: tail.join('\t') }), report };
}

function parseRelation(id: string, data: string, raw: string, report: Reporter): RelationLine | undefined {
  const [type, ...parts] = data.trim().split(/ +/);
  const ends = parts.map((part) => /^([^:]+):(\S+)$/.exec(part));
  const [head, tail] = ends;
  if (!type || ends.length !== 2 || !head || !tail) return void report.loss(`${show(data)} is not a type with two arguments`);
  const [first, second] = head[1] === 'Arg2' && tail[1] === 'Arg1' ? [tail, head] : [head, tail];
  return { kind: 'relation', id, type, roles: [first[1]!, second[1]!], ends: [first[2]!, second[2]!], raw, report };
}

/** The ids that a line names which we do not edit. */
export function referencesOf(raw: string): readonly string[] {
  const [id = '', data = ''] = raw.split('\t');
  const words = data.split(/\s+/).slice(1);
  if (id === '*') return words;
  if (!id.startsWith('E')) return words.slice(0, 1);
  return data.split(/\s+/).flatMap((word) => (word.includes(':') ? [word.slice(word.indexOf(':') + 1)] : []));
}

/** A line of the file, as brat writes it. */
export function spanLine(id: string, type: string, pieces: readonly (readonly [number, number])[], texts: readonly string[]): string {
  return `${id}\t${type} ${pieces.map(([start, end]) => `${start} ${end}`).join(';')}\t${texts.join(' ')}`;
}

export function relationLine(id: string, type: string, roles: readonly [string, string], head: string, tail: string): string {
  return `${id}\t${type} ${roles[0]}:${head} ${roles[1]}:${tail}\t`;
}

export function noteLine(id: string, target: string, text: string): string {
  return `${id}\tAnnotatorNotes ${target}\t${text}`;
}
