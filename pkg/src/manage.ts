// What `models` and `availability` do, at the engine's end: they read and change the store without a model.
import { readCheckpoint, SmallFiles } from './checkpoint.js';
import { contentsOf, sweep } from './contents.js';
import { chooseDevice, type Choice } from './device.js';
import type { Machine } from './engine.js';
import { LukeError, toLukeError } from './errors.js';
import { isMissing, ModelFiles } from './files.js';
import { canHash, SECURE, sha256 } from './hash.js';
import { loadFiles, manifestUrl, tableFiles, totalBytes, type FileEntry } from './manifest.js';
import { Progress } from './progress.js';
import type { Action, ManageOptions } from './protocol.js';
import { aloneWithRecords, deleteRecord, listRecords, readRecord, type ModelRecord } from './record.js';
import type { Source } from './source.js';
import { Stores } from './store/stores.js';
import type { Availability, StorageUsage, StoredModel, Verification } from './store-types.js';
import type { LoadEvent } from './types.js';
import { loadWasm, type WasmInstance } from './wasm.js';

/** Does what a `manage` message asks. The result can be sent to the page. */
export async function manage(
  action: Action, options: ManageOptions, source: Source, report: (event: LoadEvent) => void, signal: AbortSignal, machine: Pick<Machine, 'chooseDevice' | 'loadWasm'> = { chooseDevice, loadWasm },
): Promise<unknown> {
  const stores = await Stores.open(options.cache, action.action === 'prefetch' || undefined);
  signal.throwIfAborted();
  if (action.action === 'list') return list(stores);
  if (action.action === 'usage') return usage(stores);
  const url = manifestUrl(action.model);
  if (action.action === 'delete') return aloneWithRecords(stores, () => remove(stores, url));
  const record = await readRecord(stores, url);
  if (action.action === 'has') return record !== undefined && isComplete(stores, record);
  if (action.action === 'verify') return record ? verify(stores, record, signal) : { ok: 0, bad: 0, missing: 0 };
  const isPrefetch = action.action === 'prefetch';
  if (isPrefetch && !canHash()) throw new LukeError('unsupported', `models.prefetch: ${SECURE}`);
  const progress = new Progress(report);
  const files = new ModelFiles(source, url, isPrefetch ? stores : stores.withoutTarget(), options, progress);
  const onAbort = () => files.stop(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    if (!isPrefetch) return await availability(files, stores, url, record, await machine.chooseDevice(options.device, options.stallMs).catch(toLukeError));
    await prefetch(files, url, progress, action.entityTable, () => machine.loadWasm('wasm', options, progress, signal));
    const kept = await readRecord(stores, url);
    if (!kept || !(await isComplete(stores, kept))) {
      // Without a failure of the store, the browser has deleted what was stored.
      const [code, why] = stores.failure === undefined ? (['quota', 'it has no room'] as const) : (['unsupported', String(stores.failure)] as const);
      throw new LukeError(code, `the browser did not keep the model ${url}: ${why}`);
    }
    progress.event('ready');
  } finally {
    files.stop(undefined);
  }
}

async function isComplete(stores: Stores, record: ModelRecord): Promise<boolean> {
  const { needed, isWhole } = await contentsOf(stores, record);
  return isWhole && (await storedBytes(stores, needed)) === totalBytes(needed);
}

async function storedBytes(stores: Stores, entries: readonly FileEntry[]): Promise<number> {
  const isStored = await Promise.all(entries.map(({ sha256, bytes }) => stores.has(sha256!, bytes)));
  return totalBytes(entries.filter((_, i) => isStored[i]));
}

async function list(stores: Stores): Promise<StoredModel[]> {
  const files = await stores.list();
  const records = await listRecords(stores, files.keys());
  const models = [...records.values()].flat().map(async (record): Promise<StoredModel> => {
    const { needed, others, isWhole } = await contentsOf(stores, record);
    const isStored = ({ sha256, bytes }: FileEntry) => files.get(sha256!) === bytes;
    const { url, name, storedAt } = record;
    return { url, name, storedAt, bytes: totalBytes(needed), storedBytes: totalBytes([...needed, ...others].filter(isStored)), complete: isWhole && needed.every(isStored) };
  });
  return Promise.all(models);
}

async function usage(stores: Stores): Promise<StorageUsage> {
  const storage = (globalThis.navigator as Navigator | undefined)?.storage;
  const { usage = 0, quota = 0 } = (await storage?.estimate?.().catch(() => undefined)) ?? {};
  const storedBytes = [...(await stores.list()).values()].reduce((sum, bytes) => sum + bytes, 0);
  return { storedBytes, usedBytes: usage, quotaBytes: quota, persistent: (await storage?.persisted?.()) ?? false };
}

/** Reads every stored file of a model again. One that is damaged is deleted, so that the next load brings it back. */
async function verify(stores: Stores, record: ModelRecord, signal: AbortSignal): Promise<Verification> {
  const { needed, others, isWhole } = await contentsOf(stores, record);
  const result = { ok: 0, bad: 0, missing: isWhole ? 0 : 1 };
  for (const entry of [...needed, ...others]) {
    signal.throwIfAborted();
    const name = entry.sha256!;
    const bytes = await stores.bytes(name);
    if (!bytes) result.missing += needed.includes(entry) ? 1 : 0;
    else if ((await sha256(bytes)) === name) result.ok += 1;
    else {
      result.bad += 1;
      await stores.deleteDamaged(name); // a load that reads it will fetch it anew, if no other copy is good
    }
  }
  return result;
}

/** Deletes a model, and every file that no model uses. False if nothing of it was stored. */
async function remove(stores: Stores, url: string): Promise<boolean> {
  const isStored = await deleteRecord(stores, url);
  await sweep(stores);
  return isStored;
}

async function prefetch(files: ModelFiles, url: string, progress: Progress, entityTable: boolean, loadWasm: () => Promise<WasmInstance>): Promise<void> {
  progress.event('manifest', { file: url });
  const folder = await files.folder();
  if (folder) {
    await files.land(loadFiles(folder.manifest));
    if (entityTable) {
      const rows = tableFiles(folder.manifest);
      progress.expect(rows);
      await files.land(rows);
    }
  } else {
    // Only the wasm can tell which parts of a checkpoint's files a load reads.
    const { module } = await loadWasm();
    const checkpoint = await readCheckpoint(module, files, []);
    const parts = checkpoint.files();
    checkpoint.free();
    await files.wantParts(parts);
    await files.land(parts);
  }
  await files.complete();
}

async function availability(files: ModelFiles, stores: Stores, url: string, record: ModelRecord | undefined, choice: Choice | LukeError): Promise<Availability> {
  const device = 'device' in choice ? choice.device : 'wasm';
  const unavailable = (reason: string): Availability => ({ state: 'unavailable', cachedBytes: 0, totalBytes: 0, device, reason });
  if (!('device' in choice)) return unavailable(choice.message);
  try {
    const folder = await files.manifest();
    if (!folder) await new SmallFiles(files).read('config.json'); // there is no checkpoint without it
    const contents = folder ? { needed: loadFiles(folder.manifest), isWhole: true } : record && (await contentsOf(stores, record));
    const { needed, isWhole } = contents ?? { needed: [], isWhole: false };
    const [cachedBytes, allBytes] = [await storedBytes(stores, needed), isWhole ? totalBytes(needed) : 0];
    const state = isWhole && cachedBytes === allBytes ? 'available' : cachedBytes > 0 ? 'partial' : 'downloadable';
    return { state, cachedBytes, totalBytes: allBytes, device, ...(choice.reason && { reason: choice.reason }) };
  } catch (error) {
    return unavailable(isMissing(error) ? `${url} is not there, nor a Hugging Face checkpoint` : toLukeError(error).message);
  }
}
