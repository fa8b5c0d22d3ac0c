// What `models` and `availability` do, at the engine's end: they read and change the store without a model.
import { readCheckpoint } from './checkpoint.js';
import { chooseDevice } from './device.js';
import { toLukeError } from './errors.js';
import { isMissing, ModelFiles } from './files.js';
import { checkManifest, loadFiles, manifestUrl, type FileEntry } from './manifest.js';
import { Progress } from './progress.js';
import type { Action, ManageOptions } from './protocol.js';
import { listRecords, readRecord, recordName, sha256, type ModelRecord } from './record.js';
import type { Source } from './source.js';
import { Stores } from './store/stores.js';
import type { Availability, LoadEvent, StorageUsage, StoredModel, Verification } from './types.js';
import { loadWasm } from './wasm.js';

/** Does what a `manage` message asks. The result can be sent to the page. */
export async function manage(action: Action, options: ManageOptions, source: Source, report: (event: LoadEvent) => void, signal: AbortSignal): Promise<unknown> {
  const stores = await Stores.open(options.cache);
  if (action.action === 'list') return list(stores);
  if (action.action === 'usage') return usage(stores);
  const url = manifestUrl(action.model);
  if (action.action === 'has') return (await isComplete(stores, await readRecord(stores, url))) ?? false;
  if (action.action === 'verify') return verify(stores, await readRecord(stores, url));
  if (action.action === 'delete') return remove(stores, url);
  const progress = new Progress(report);
  const files = new ModelFiles(source, url, stores, options, progress);
  signal.addEventListener('abort', () => files.stop(signal.reason), { once: true });
  try {
    return await (action.action === 'prefetch' ? prefetch(files, url, options, progress, signal, action.entityTable) : availability(files, stores, url, options));
  } finally {
    files.stop(undefined);
  }
}

/** The files of a stored model, with its manifest: those that its load reads, and the others. */
interface Contents {
  needed: FileEntry[];
  others: FileEntry[];
}

/** `undefined` if the stored manifest is gone or damaged. */
async function contentsOf(stores: Stores, record: ModelRecord): Promise<Contents | undefined> {
  const named = (path: string, file: { sha256: string; bytes: number }): FileEntry => ({ path, ...file });
  if (record.manifest === undefined) {
    const files = Object.entries(record.files ?? {}).flatMap(([path, file]) => (file ? [named(path, file)] : []));
    return record.isComplete ? { needed: files, others: [] } : { needed: [named('', { sha256: '', bytes: 0 })], others: files };
  }
  const text = await stores.text(record.manifest);
  if (text === undefined) return undefined;
  try {
    const manifest = checkManifest(record.url, text);
    const needed = [named('manifest.json', { sha256: record.manifest, bytes: new TextEncoder().encode(text).length }), ...loadFiles(manifest)];
    return { needed, others: manifest.entityTable?.chunks ?? [] };
  } catch {
    return undefined;
  }
}

async function isComplete(stores: Stores, record: ModelRecord | undefined): Promise<boolean | undefined> {
  const contents = record && (await contentsOf(stores, record));
  if (!contents) return undefined;
  const stored = await Promise.all(contents.needed.map(({ sha256, bytes }) => sha256 !== '' && stores.has(sha256!, bytes)));
  return stored.every(Boolean);
}

async function list(stores: Stores): Promise<StoredModel[]> {
  const files = await stores.list();
  const records = await listRecords(stores, files.keys());
  const models = [...records.values()].map(async (record): Promise<StoredModel> => {
    const { needed, others } = (await contentsOf(stores, record)) ?? { needed: [], others: [] };
    const isStored = ({ sha256, bytes }: FileEntry) => files.get(sha256!) === bytes;
    const sum = (entries: FileEntry[]) => entries.reduce((total, { bytes }) => total + bytes, 0);
    return {
      url: record.url, name: record.name, storedAt: record.storedAt, bytes: sum(needed), storedBytes: sum([...needed, ...others].filter(isStored)),
      complete: needed.length > 0 && needed.every(isStored),
    };
  });
  return Promise.all(models);
}

async function usage(stores: Stores): Promise<StorageUsage> {
  const storage = (globalThis.navigator as Navigator | undefined)?.storage;
  const { usage = 0, quota = 0 } = (await storage?.estimate?.()) ?? {};
  const storedBytes = [...(await stores.list()).values()].reduce((sum, bytes) => sum + bytes, 0);
  return { storedBytes, usedBytes: usage, quotaBytes: quota, persistent: (await storage?.persisted?.()) ?? false };
}

/** Reads every stored file of a model again. One that is damaged is deleted, so that the next load brings it back. */
async function verify(stores: Stores, record: ModelRecord | undefined): Promise<Verification> {
  const result = { ok: 0, bad: 0, missing: 0 };
  const { needed, others } = (record && (await contentsOf(stores, record))) ?? { needed: [], others: [] };
  for (const { sha256: name } of [...needed, ...others]) {
    const kept: Uint8Array<ArrayBuffer>[] = [];
    const isThere = name !== '' && (await stores.read(name!, (piece) => kept.push(piece.slice())).catch(() => true));
    if (!isThere) result.missing += needed.some((entry) => entry.sha256 === name) ? 1 : 0;
    else if ((await sha256(new Uint8Array(await new Blob(kept).arrayBuffer()))) === name) result.ok += 1;
    else {
      result.bad += 1;
      await stores.delete(name!);
    }
  }
  return result;
}

/** Deletes what only this model uses. False if nothing of it was stored. */
async function remove(stores: Stores, url: string): Promise<boolean> {
  const record = await readRecord(stores, url);
  if (!record) return false;
  const own = await contentsOf(stores, record);
  await stores.delete(await recordName(url));
  const others = await listRecords(stores, (await stores.list()).keys());
  const used = new Set<string | undefined>();
  for (const other of others.values()) {
    const contents = await contentsOf(stores, other);
    for (const { sha256 } of [...(contents?.needed ?? []), ...(contents?.others ?? [])]) used.add(sha256);
  }
  for (const { sha256 } of [...(own?.needed ?? []), ...(own?.others ?? [])]) {
    if (sha256 && !used.has(sha256)) await stores.delete(sha256);
  }
  for (const store of stores.all) await store.deleteParts();
  return true;
}

async function prefetch(files: ModelFiles, url: string, options: ManageOptions, progress: Progress, signal: AbortSignal, entityTable: boolean): Promise<void> {
  progress.event('manifest', { file: url });
  const folder = await files.folder();
  if (folder) {
    await files.land(loadFiles(folder.manifest));
    if (entityTable) {
      const rows = folder.manifest.entityTable?.chunks ?? [];
      progress.expect(rows);
      await files.land(rows);
    }
  } else {
    // Only the wasm can tell which parts of a checkpoint's files a load reads.
    const { module } = await loadWasm('wasm', options, progress, signal);
    const checkpoint = await readCheckpoint(module, files, url, []);
    const parts = checkpoint.files();
    checkpoint.free();
    await files.wantParts(parts);
    await files.land(parts);
    await files.complete();
  }
  progress.event('ready');
}

async function availability(files: ModelFiles, stores: Stores, url: string, options: ManageOptions): Promise<Availability> {
  const choice = await chooseDevice(options.device).catch(toLukeError);
  const device = 'device' in choice ? choice.device : 'wasm';
  const none = { cachedBytes: 0, totalBytes: 0, device };
  if (!('device' in choice)) return { state: 'unavailable', ...none, reason: choice.message };
  try {
    const folder = await files.manifest();
    if (!folder) return await ofCheckpoint(files, stores, url, none);
    const entries = loadFiles(folder.manifest);
    const stored = await Promise.all(entries.map(async ({ sha256, bytes }) => ((await stores.has(sha256!, bytes)) ? bytes : 0)));
    const [cachedBytes, totalBytes] = [stored, entries.map(({ bytes }) => bytes)].map((sizes) => sizes.reduce((sum, bytes) => sum + bytes, 0)) as [number, number];
    const state = cachedBytes === totalBytes ? 'available' : cachedBytes > 0 ? 'partial' : 'downloadable';
    return { state, cachedBytes, totalBytes, device, ...(choice.reason && { reason: choice.reason }) };
  } catch (error) {
    return { state: 'unavailable', ...none, reason: toLukeError(error).message };
  }
}

async function ofCheckpoint(files: ModelFiles, stores: Stores, url: string, none: Omit<Availability, 'state'>): Promise<Availability> {
  try {
    await files.small('config.json');
  } catch (error) {
    return { state: 'unavailable', ...none, reason: isMissing(error) ? `${url} is not there, nor a Hugging Face checkpoint` : toLukeError(error).message };
  }
  const record = await readRecord(stores, url);
  const sizes = Object.values(record?.files ?? {}).map((file) => file?.bytes ?? 0);
  const cachedBytes = sizes.reduce((sum, bytes) => sum + bytes, 0);
  if (record?.isComplete && (await isComplete(stores, record))) return { ...none, state: 'available', cachedBytes, totalBytes: cachedBytes };
  return { ...none, state: Object.keys(record?.versions ?? {}).length > 0 ? 'partial' : 'downloadable', cachedBytes };
}
