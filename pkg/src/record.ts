// What is stored of a model, by the URL of its manifest. The store itself only knows files by their hashes.
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
  return parse(await stores.text(await recordName(url)));
}

/** Changes the record of a model. A failure of the store is ignored: the model then counts as not stored. */
export async function updateRecord(stores: Stores, url: string, change: (old: ModelRecord | undefined) => Omit<ModelRecord, 'url' | 'storedAt'>): Promise<void> {
  if (!stores.target || !canHash()) return;
  const name = await recordName(url);
  // Another tab may change the same record.
  await stores.alone(`change ${name}`, async () => {
    const old = parse(await stores.text(name));
    const changed = (storedAt: number) => JSON.stringify({ url: withoutQuery(url), storedAt, ...change(old) });
    if (!old || changed(old.storedAt) !== JSON.stringify(old)) await stores.put(name, new TextEncoder().encode(changed(Date.now())));
  }).catch(() => {});
}

/** All records, by their names in the store. */
export async function listRecords(stores: Stores, files: Iterable<string>): Promise<Map<string, ModelRecord>> {
  const records = new Map<string, ModelRecord>();
  for (const name of files) {
    const record = name.startsWith(PREFIX) ? parse(await stores.text(name)) : undefined;
    if (record) records.set(name, record);
  }
  return records;
}

/** A record that is damaged counts as absent. */
function parse(text: string | undefined): ModelRecord | undefined {
  try {
    const record = JSON.parse(text ?? 'null') as ModelRecord | null;
    return typeof record?.url === 'string' ? record : undefined;
  } catch {
    return undefined;
  }
}

export function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/, '');
}

/** The SHA-256 in hexadecimal digits. Needs a page that is served securely, as the persistent backends of the store do. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function hashText(text: string): Promise<string> {
  return sha256(new TextEncoder().encode(text));
}

/** Whether this page can compute hashes. */
export function canHash(): boolean {
  return globalThis.crypto?.subtle !== undefined;
}
