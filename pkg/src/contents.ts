// Which files in the store belong to a model, and which to none: these are deleted here.
import { checkManifest, loadFiles, tableFiles, type FileEntry } from './manifest.js';
import { aloneWithRecords, forgetLeftovers, listRecords, type ModelRecord } from './record.js';
import type { Stores } from './store/stores.js';

/** What a record says: the files that a load of its model reads, and the others. */
export interface Contents {
  needed: FileEntry[];
  others: FileEntry[];
  /** Whether `needed` has all that a load reads. */
  isWhole: boolean;
}

export async function contentsOf(stores: Stores, { url, manifest: hash, files = {}, isComplete = false }: ModelRecord): Promise<Contents> {
  if (hash === undefined) {
    const needed = Object.entries(files).flatMap(([path, file]) => (file ? [{ path, ...file }] : []));
    return { needed, others: [], isWhole: isComplete };
  }
  try {
    const text = (await stores.verified(hash)) ?? new Uint8Array();
    const manifest = checkManifest(url, new TextDecoder().decode(text));
    const own = { path: 'manifest.json', sha256: hash, bytes: text.length };
    return { needed: [own, ...loadFiles(manifest)], others: tableFiles(manifest), isWhole: true };
  } catch {
    return { needed: [], others: [], isWhole: false }; // the stored manifest is gone or damaged
  }
}

/** Deletes every file that no model uses. To be called while no other tab changes a record. */
export async function sweep(stores: Stores): Promise<void> {
  const files = [...(await stores.list()).keys()];
  const records = await listRecords(stores, files);
  const used = new Set<string>(records.keys());
  for (const record of [...records.values()].flat()) {
    const { needed, others } = await contentsOf(stores, record);
    for (const { sha256 } of [...needed, ...others]) used.add(sha256!);
  }
  for (const name of files) if (!used.has(name)) await stores.delete(name).catch(() => {}); // one that a load reads for long goes another time
  for (const store of stores.all) await store.deleteParts(used);
}

/** Deletes what earlier versions of a model have left. A tab that is closed before leaves it to the next load. */
export async function sweepLeftovers(stores: Stores, url: string): Promise<void> {
  const work = async () => {
    await sweep(stores);
    await forgetLeftovers(stores, url);
  };
  await aloneWithRecords(stores, work).catch(() => {});
}
