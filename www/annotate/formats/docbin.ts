// The container of spaCy's `.spacy` files (DocBin): arrays of numbers, packed by MessagePack, compressed by zlib.
import { zlibSync } from 'fflate';
import { inflate } from './inflate.js';
import { messageOf, type Reporter } from './problems.js';

/** Numbers of attributes of tokens in spaCy. */
export const ORTH = 65;
export const ENT_IOB = 77;
export const ENT_TYPE = 78;
export const ENT_KB_ID = 452;
export const ENT_ID = 454;

/** A document in the container. */
export interface BinDocument {
  /** One number for each attribute of each token: all of the first token, then all of the second. */
  readonly tokens: BigUint64Array;
  /** For each token 1, if one space follows, else 0. */
  readonly spaces: Uint8Array;
  /** Whether the spaces are only guessed. */
  readonly unknownSpaces: boolean;
  readonly groups: readonly BinGroup[];
  readonly cats: { readonly [name: string]: number | boolean };
}

/** Spans that may overlap. */
export interface BinGroup {
  readonly name: string;
  readonly spans: readonly BinSpan[];
}

interface BinSpan {
  readonly id: bigint;
  readonly link: bigint;
  readonly label: bigint;
  /** Tokens; the end is exclusive. */
  readonly start: number;
  readonly end: number;
  /** Code points. */
  readonly startChar: number;
  readonly endChar: number;
}

export interface Bin {
  readonly attributes: readonly number[];
  readonly strings: readonly string[];
  readonly documents: readonly BinDocument[];
  /** Whether it has `user_data`: data of Python programs, which are not read. */
  readonly hasUserData: boolean;
}

/** Id, knowledge base id and label, then start and end in tokens and in code points. */
const SPAN_BYTES = 3 * 8 + 4 * 4;

const EMPTY_MAP_BYTES = 1;

type Unpacked = { readonly [name: string]: unknown };

/** Reads the container; `undefined` if it is refused. */
export async function readBin(bytes: Uint8Array, report: Reporter): Promise<Bin | undefined> {
  const inflated = inflate(bytes, report);
  if (!inflated) return undefined;
  try {
    return await binOf(await unpack(inflated));
  } catch (error) {
    return void report.error(`it is not a DocBin: ${messageOf(error)}`);
  }
}

/** MessagePack may have bytes as names of fields. They are put into `names`, and the name of the field is the index there. */
async function unpack(bytes: Uint8Array, names: Uint8Array[] = []): Promise<unknown> {
  const { decode } = await import('@msgpack/msgpack');
  const most = bytes.length; // what states more than there are bytes is refused before memory is taken for it
  return decode(bytes, {
    maxArrayLength: most, maxMapLength: most, maxStrLength: most, maxBinLength: most, maxExtLength: most,
    mapKeyConverter: (name) => (typeof name === 'string' ? name : names.push(name as Uint8Array) - 1),
  });
}

async function binOf(value: unknown): Promise<Bin> {
  const fields = mapOf(value, 'the container');
  const attributes = listOf(fields.attrs, 'attrs').map((attribute) => numberOf(attribute, 'attrs'));
  if (!attributes.includes(ORTH)) throw new Error('the tokens have no texts (attribute 65)');
  const strings = listOf(fields.strings, 'strings').map((text) => textOf(text, 'an element of strings'));
  const lengths = integers(bytesOf(fields.lengths, 'lengths'));
  const tokens = bytesOf(fields.tokens, 'tokens');
  const spaces = bytesOf(fields.spaces, 'spaces');
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (lengths.some((length) => length < 0) || tokens.length !== 8 * total * attributes.length || spaces.length !== total) {
    throw new Error(`${total} tokens with ${attributes.length} attributes do not match ${tokens.length} bytes and ${spaces.length} spaces`);
  }
  const cats = optionalList(fields.cats, 'cats', lengths.length);
  const flags = optionalList(fields.flags, 'flags', lengths.length);
  const groups = optionalList(fields.span_groups, 'span_groups', lengths.length);
  const documents: BinDocument[] = [];
  let first = 0;
  for (const [index, length] of lengths.entries()) {
    const end = first + length;
    documents.push({
      tokens: bigIntegers(tokens.subarray(8 * first * attributes.length, 8 * end * attributes.length)), spaces: spaces.subarray(first, end),
      unknownSpaces: isMap(flags[index]) && flags[index].has_unknown_spaces === true,
      groups: groups[index] === undefined ? [] : await groupsOf(bytesOf(groups[index], 'span_groups')),
      cats: catsOf(cats[index]),
    });
    first = end;
  }
  return {
    attributes,
    strings,
    documents,
    hasUserData: Array.isArray(fields.user_data) && fields.user_data.some((data) => data instanceof Uint8Array && data.length > EMPTY_MAP_BYTES),
  };
}

/** Categories of the whole text. */
function catsOf(value: unknown): { readonly [name: string]: number | boolean } {
  const entries = Object.entries(value === undefined ? {} : mapOf(value, 'cats'));
  const isScore = (entry: [string, unknown]): entry is [string, number | boolean] => typeof entry[1] === 'number' || typeof entry[1] === 'boolean';
  if (!entries.every(isScore)) throw new Error('cats has a value that is not a number');
  return Object.fromEntries(entries);
}

/** Groups are a list, or since spaCy 3.3 a map from the bytes of each group to its names. */
async function groupsOf(bytes: Uint8Array): Promise<BinGroup[]> {
  if (bytes.length === 0) return [];
  const names: Uint8Array[] = [];
  const value = await unpack(bytes, names);
  if (Array.isArray(value)) return Promise.all(value.map((group) => groupOf(bytesOf(group, 'a span group'))));
  const groups = mapOf(value, 'span_groups');
  const all = names.map(async (name, index) => {
    const group = await groupOf(name);
    return listOf(groups[index], 'names of a span group').map((key) => ({ ...group, name: textOf(key, 'the name of a span group') }));
  });
  return (await Promise.all(all)).flat();
}

async function groupOf(bytes: Uint8Array): Promise<BinGroup> {
  const fields = mapOf(await unpack(bytes), 'a span group');
  return {
    name: textOf(fields.name, 'the name of a span group'),
    spans: listOf(fields.spans, 'spans').map((span) => spanOf(bytesOf(span, 'a span'))),
  };
}

function spanOf(bytes: Uint8Array): BinSpan {
  if (bytes.length !== SPAN_BYTES) throw new Error(`a span has ${bytes.length} bytes, not ${SPAN_BYTES}`);
  const view = viewOf(bytes);
  return {
    id: view.getBigUint64(0), link: view.getBigUint64(8), label: view.getBigUint64(16),
    start: view.getInt32(24), end: view.getInt32(28), startChar: view.getInt32(32), endChar: view.getInt32(36),
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function integers(bytes: Uint8Array): number[] {
  if (bytes.length % 4 !== 0) throw new Error(`the lengths have ${bytes.length} bytes`);
  const view = viewOf(bytes);
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.getInt32(4 * index, true));
}

function bigIntegers(bytes: Uint8Array): BigUint64Array {
  const view = viewOf(bytes);
  return BigUint64Array.from({ length: bytes.length / 8 }, (_, index) => view.getBigUint64(8 * index, true));
}

function isMap(value: unknown): value is Unpacked {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function mapOf(value: unknown, what: string): Unpacked {
  if (!isMap(value)) throw new Error(`${what} is not a map`);
  return value;
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${what} is not a list`);
  return value as readonly unknown[];
}

function optionalList(value: unknown, what: string, length: number): readonly unknown[] {
  const list = value === undefined || value === null ? [] : listOf(value, what);
  if (list.length > 0 && list.length !== length) throw new Error(`${what} has ${list.length} elements for ${length} documents`);
  return list;
}

function bytesOf(value: unknown, what: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Error(`${what} is not a sequence of bytes`);
  return value;
}

function textOf(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new Error(`${what} is not a string`);
  return value;
}

function numberOf(value: unknown, what: string): number {
  if (typeof value !== 'number') throw new Error(`${what} has a value that is not a number`);
  return value;
}

/** Writes the container. */
export async function writeBin({ attributes, strings, documents }: Omit<Bin, 'hasUserData'>): Promise<Uint8Array> {
  const { encode } = await import('@msgpack/msgpack');
  const total = documents.reduce((sum, { spaces }) => sum + spaces.length, 0);
  const tokens = new DataView(new ArrayBuffer(8 * attributes.length * total));
  const spaces = new Uint8Array(total);
  const lengths = new DataView(new ArrayBuffer(4 * documents.length));
  let first = 0;
  for (const [index, document] of documents.entries()) {
    lengths.setInt32(4 * index, document.spaces.length, true);
    spaces.set(document.spaces, first);
    for (const [offset, number] of document.tokens.entries()) tokens.setBigUint64(8 * (first * attributes.length + offset), number, true);
    first += document.spaces.length;
  }
  return zlibSync(encode({
    version: '0.1', attrs: attributes, tokens: new Uint8Array(tokens.buffer), spaces, lengths: new Uint8Array(lengths.buffer), strings,
    cats: documents.map(({ cats }) => cats), flags: documents.map(({ unknownSpaces }) => ({ has_unknown_spaces: unknownSpaces })),
    // As a list of groups, which all versions read.
    span_groups: documents.map(({ groups }) => encode(groups.map(({ name, spans }) => encode({ name, attrs: {}, spans: spans.map(spanBytes) })))),
  }));
}

function spanBytes({ id, link, label, start, end, startChar, endChar }: BinSpan): Uint8Array {
  const view = new DataView(new ArrayBuffer(SPAN_BYTES));
  for (const [index, number] of [id, link, label].entries()) view.setBigUint64(8 * index, number);
  for (const [index, number] of [start, end, startChar, endChar].entries()) view.setInt32(24 + 4 * index, number);
  return new Uint8Array(view.buffer);
}
