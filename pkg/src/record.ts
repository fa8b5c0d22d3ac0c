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
  /** URL of the manifest without its query, which may contain a token. */
  url: string;
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
}

const PREFIX = 'model-';

/** The name of a model's record in the store. */
export async function recordName(url: string): Promise<string> {
  return `${PREFIX}${await hashText(withoutQuery(url))}.json`;
}

/** The record of a model, or `undefined` if nothing of it is stored. */
export async function readRecord(stores: Stores, url: string): Promise<ModelRecord | undefined> {
  if (stores.all.length === 0 || !canHash()) return undefined;
  return parse(await stores.bytes(await recordName(url)));
}

type Changed = Omit<ModelRecord, 'url' | 'storedAt'>;

/** Changes the record of a model, unless there is nothing to change. A failure of the store is ignored: the model then counts as not stored. */
export async function updateRecord(stores: Stores, url: string, change: (old: ModelRecord | undefined) => Changed | undefined | Promise<Changed | undefined>): Promise<void> {
  if (!stores.target || !canHash()) return;
  const name = await recordName(url);
  const update = async () => {
    const old = parse(await stores.bytes(name));
    const changed = await change(old);
    const text = (storedAt: number) => JSON.stringify({ url: withoutQuery(url), storedAt, ...changed });
    if (changed && (!old || text(old.storedAt) !== JSON.stringify(old))) await stores.put(name, new TextEncoder().encode(text(Date.now())));
  };
  await aloneWithRecords(stores, update).catch(() => {});
}

/** Runs `work` while no other tab changes a record, or looks for files that no record needs. */
export function aloneWithRecords<T>(stores: Stores, work: () => Promise<T>): Promise<T> {
  return stores.alone('records', work);
}

/** All records, by their names in the store. */
export async function listRecords(stores: Stores, files: Iterable<string>): Promise<Map<string, ModelRecord>> {
  const records = new Map<string, ModelRecord>();
  for (const name of files) {
    const record = name.startsWith(PREFIX) ? parse(await stores.bytes(name)) : undefined;
    if (record) records.set(name, record);
  }
  return records;
}

/** A record that is damaged counts as absent. */
function parse(bytes: Uint8Array | undefined): ModelRecord | undefined {
  try {
    const record = JSON.parse(new TextDecoder().decode(bytes)) as ModelRecord | null;
    return typeof record?.url === 'string' ? record : undefined;
  } catch {
    return undefined;
  }
}

export function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/, '');
}
