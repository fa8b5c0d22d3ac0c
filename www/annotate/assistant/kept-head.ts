// The head of a project in the settings: its bytes as base64, with all that is shown of it.
import { isList, isObject } from '../formats/json-values.js';
import type { Json } from '../model/types.js';
import type { TaughtLabel } from './examples.js';

/** Whole spans that are right, from 0 to 1. */
export interface Quality {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

export interface LabelReport {
  readonly label: string;
  readonly spans: number;
  readonly quality?: Quality;
}

/** How often one label was taken for another one; `null` is no span. */
export interface Confusion {
  readonly label: string | null;
  readonly found: string | null;
  readonly count: number;
}

/** What luke-web measured by teaching with a part of the examples and judging on the rest. */
export interface Report {
  readonly examples: number;
  readonly spans: number;
  /** Of all labels together. Absent, if nothing could be judged. */
  readonly all?: Quality;
  readonly labels: readonly LabelReport[];
  readonly confusions: readonly Confusion[];
}

export interface KeptHead {
  readonly name: string;
  /** Of the model that it works with. */
  readonly manifestHash: string;
  readonly bytes: string;
  readonly labels: readonly TaughtLabel[];
  /** How many documents were done when it was taught. */
  readonly documents: number;
  /** When it was taught, in milliseconds since 1970. */
  readonly at: number;
  readonly report?: Report;
}

/** The head as JSON, which `readKept` reads. */
export function keptJson({ report, labels, ...rest }: KeptHead): Json {
  return { ...rest, labels: labels.map(({ name, id }) => ({ name, id })), ...(report && { report: reportJson(report) }) };
}

function reportJson({ all, labels, confusions, ...rest }: Report): Json {
  return {
    ...rest, ...(all && { all: { ...all } }), confusions: confusions.map((confusion) => ({ ...confusion })),
    labels: labels.map(({ quality, ...label }) => ({ ...label, ...(quality && { quality: { ...quality } }) })),
  };
}

/** What was kept; `undefined` if it is no head. */
export function readKept(value: Json | undefined): KeptHead | undefined {
  if (!isObject(value)) return undefined;
  const { name, manifestHash, bytes, labels, documents, at, report } = value;
  if (typeof name !== 'string' || typeof manifestHash !== 'string' || typeof bytes !== 'string' || !isList(labels)) return undefined;
  if (typeof documents !== 'number' || typeof at !== 'number') return undefined;
  const known = labels.filter((label): label is { name: string; id: string } =>
    isObject(label) && typeof label['name'] === 'string' && typeof label['id'] === 'string');
  const read = readReport(report);
  return { name, manifestHash, bytes, labels: known, documents, at, ...(read && { report: read }) };
}

type Fields = { readonly [name: string]: unknown };

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** The report of `luke.teach`, or a kept one; `undefined` if it is none. */
export function readReport(value: unknown): Report | undefined {
  const { examples, spans, all, labels, confusions } = fieldsOf(value);
  if (typeof examples !== 'number' || typeof spans !== 'number') return undefined;
  const quality = readQuality(all);
  return { examples, spans, ...(quality && { all: quality }), labels: readAll(labels, readLabel), confusions: readAll(confusions, readConfusion) };
}

function readAll<T>(value: unknown, read: (fields: Fields) => T | undefined): T[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return list.map((item) => read(fieldsOf(item))).filter((item) => item !== undefined);
}

function readLabel({ label, spans, quality }: Fields): LabelReport | undefined {
  if (typeof label !== 'string' || typeof spans !== 'number') return undefined;
  const read = readQuality(quality);
  return { label, spans, ...(read && { quality: read }) };
}

function readConfusion({ label, found, count }: Fields): Confusion | undefined {
  const isLabel = (name: unknown): name is string | null => name === null || typeof name === 'string';
  return isLabel(label) && isLabel(found) && typeof count === 'number' ? { label, found, count } : undefined;
}

function readQuality(value: unknown): Quality | undefined {
  const { precision, recall, f1 } = fieldsOf(value);
  const isShare = (share: unknown): share is number => typeof share === 'number' && share >= 0 && share <= 1;
  return isShare(precision) && isShare(recall) && isShare(f1) ? { precision, recall, f1 } : undefined;
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

/** The bytes; `undefined` if the text is no base64. */
export function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
