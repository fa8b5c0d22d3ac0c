// What is stored of a model, by the URL of its manifest. The store itself only knows files by their hashes.
import { canHash, hashText } from './hash.js';
import type { Stores } from './store/stores.js';

/** A file of the model as it was stored. */
export interface RecordedFile {
  sha256: string;
  bytes: number;
}

/** The content of a record. */
export interface ModelRecord {
  /** URL of the manifest without its query. */
  url: string;
  /** Hash of the query, if there is one. */
  query?: string;
  /** Milliseconds since 1970. */
  storedAt: number;
  name: string;
  /** SHA-256 of `manifest.json`. Absent for a checkpoint. */
  manifest?: string;
  /** Files and parts of files of a checkpoint, which has no manifest with hashes. `null` says that the server does not have the file. */
  files?: Record<string, RecordedFile | null>;
  /** Whether `files` has everything that a load of the checkpoint reads. */
  isComplete?: boolean;
  /** The version of each weight file (`ETag` or `Last-Modified`) from which `files` has parts. */
  versions?: Record<string, string>;
  /** Whether files of an earlier version may still be stored. */
  hasLeftovers?: boolean;
}

const PREFIX = 'model-';
/** Models whose URLs differ only in the query. Of more, the one that was stored first is forgotten: its query was perhaps a version. */
const MAX_RECORDS = 8;

/** The name of the file in the store that has the records of all models under one URL without its query. */
function fileName(url: string): Promise<string> {
  return hashText(withoutQuery(url)).then((hash) => `${PREFIX}${hash}.json`);
}

/** The hash of a URL's query, which may contain a token and is not stored. */
async function queryOf(url: string): Promise<Pick<ModelRecord, 'query'>> {
  const { search } = new URL(url);
  return search ? { query: await hashText(search) } : {};
}

/** All records under a URL without its query. */
export async function readRecords(stores: Stores, url: string): Promise<ModelRecord[]> {
  return stores.all.length > 0 && canHash() ? parse(await stores.bytes(await fileName(url))) : [];
}

/** A record that was found. `isOther` says that it was stored under another query: nothing tells whether it is of the same model. */
export type Found = ModelRecord & { isOther?: boolean };

/** The record of a model, or `undefined` if nothing of it is stored. */
export async function readRecord(stores: Stores, url: string): Promise<Found | undefined> {
  return recordOf(await readRecords(stores, url), url);
}

/** The record with the query of `url`, or else the only one there is: a query may be a token, which changes. */
export async function recordOf(records: readonly ModelRecord[], url: string): Promise<Found | undefined> {
  const [only, ...others] = records;
  if (!only) return undefined;
  return (await exact(records, url)) ?? (others.length === 0 ? { ...only, isOther: true } : undefined);
}

async function exact(records: readonly ModelRecord[], url: string): Promise<ModelRecord | undefined> {
  const { query } = await queryOf(url);
  return records.find((record) => record.query === query);
}

type Changed = Omit<ModelRecord, 'url' | 'query' | 'storedAt' | 'hasLeftovers'>;

/**
 * Changes the record of a model, unless there is nothing to change. A failure of the store is ignored: the model then counts as not
 * stored. Says whether files of an earlier version may still be stored.
 */
export async function updateRecord(stores: Stores, url: string, change: (old: ModelRecord | undefined) => Changed | undefined | Promise<Changed | undefined>): Promise<boolean> {
  if (!stores.target || !canHash()) return false;
  const update = async () => {
    const before = await readRecords(stores, url);
    const old = await exact(before, url);
    const changed = await change(old);
    if (!changed) return false;
    const query = await queryOf(url);
    const record = (storedAt: number, hasLeftovers: boolean): ModelRecord => ({ url: withoutQuery(url), ...query, storedAt, ...changed, ...(hasLeftovers && { hasLeftovers }) });
    // The same model under another query: a token that has changed.
    const others = before.filter((other) => other !== old && !isIn(other, changed)).slice(0, MAX_RECORDS - 1);
    const kept = new Set([changed, ...others].flatMap(hashesOf));
    const hasLeftovers = before.some((one) => one.hasLeftovers) || before.flatMap(hashesOf).some((hash) => !kept.has(hash));
    const isSame = old && others.length === before.length - 1 && JSON.stringify(record(old.storedAt, hasLeftovers)) === JSON.stringify(old);
    if (!isSame) await write(stores, url, [record(Date.now(), hasLeftovers), ...others]);
    return hasLeftovers;
  };
  return aloneWithRecords(stores, update).catch(() => false);
}

/** Notes that nothing of an earlier version is stored any more. To be called while no other tab changes a record. */
export async function forgetLeftovers(stores: Stores, url: string): Promise<void> {
  const records = await readRecords(stores, url);
  await write(stores, url, records.map(({ hasLeftovers: _, ...record }) => record));
}

/**
 * Deletes the record of a model; without a query in `url`, those of all models under it. False if there is none. To be called while no
 * other tab changes a record.
 */
export async function deleteRecord(stores: Stores, url: string): Promise<boolean> {
  const records = await readRecords(stores, url);
  const found = await recordOf(records, url);
  const rest = found ? records.filter(({ query }) => query !== found.query) : new URL(url).search ? records : [];
  await write(stores, url, rest);
  return rest.length < records.length;
}

async function write(stores: Stores, url: string, records: readonly ModelRecord[]): Promise<void> {
  const name = await fileName(url);
  if (records.length === 0) await stores.delete(name);
  else await stores.replace(name, new TextEncoder().encode(JSON.stringify(records)));
}

function hashesOf({ manifest, files = {} }: Changed): string[] {
  return [...(manifest === undefined ? [] : [manifest]), ...Object.values(files).flatMap((file) => file?.sha256 ?? [])];
}

/** Whether a record has everything that another one has, which is then of the same model. */
function isIn(other: Changed, { manifest, files, isComplete }: Changed): boolean {
  if (manifest !== undefined) return other.manifest === manifest;
  return isComplete === true && other.files !== undefined && Object.entries(other.files).every(([path, file]) => file?.sha256 === files?.[path]?.sha256);
}

/** Runs `work` while no other tab changes a record, or looks for files that no record needs. */
export function aloneWithRecords<T>(stores: Stores, work: () => Promise<T>): Promise<T> {
  return stores.alone('records', work);
}

/** The records in the store, by the names of their files. */
export async function listRecords(stores: Stores, files: Iterable<string>): Promise<Map<string, ModelRecord[]>> {
  const records = new Map<string, ModelRecord[]>();
  for (const name of files) {
    const found = name.startsWith(PREFIX) ? parse(await stores.bytes(name)) : [];
    if (found.length > 0) records.set(name, found);
  }
  return records;
}

/** Records that are damaged count as absent. */
function parse(bytes: Uint8Array | undefined): ModelRecord[] {
  try {
    const records = JSON.parse(new TextDecoder().decode(bytes)) as (ModelRecord | null)[];
    return records.filter((record) => typeof record?.url === 'string') as ModelRecord[];
  } catch {
    return [];
  }
}

export function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/, '');
}
