// What `luke.info` says of a model: what the wasm knows, and what only its files tell.
import type { Folder } from './files.js';
import { canHash, hashText } from './hash.js';
import { totalBytes, type FileEntry } from './manifest.js';
import type { EngineInfo } from './protocol.js';
import type { Head, LabeledHead, RuntimeInfo } from './types.js';
import type { WasmInfo } from './wasm.js';

/** What the files of a model say. */
export type FileFacts = Pick<RuntimeInfo, 'bytes' | 'source' | 'manifestHash'>;

/** `files` are what a load reads, and `folder` is absent for a checkpoint. */
export async function factsOf(files: readonly FileEntry[], folder: Folder | undefined): Promise<FileFacts> {
  const bytes = totalBytes(files);
  if (!folder) return { bytes };
  const { source } = folder.manifest;
  const manifestHash = canHash() ? await hashText(folder.text) : undefined;
  return { bytes, ...(source && { source }), ...(manifestHash !== undefined && { manifestHash }) };
}

/** What the wasm says of a model, without what is empty. */
export function infoOf({ name, license, dtype, parameters, device, tasks, heads, taughtHeads, selfTest, gpu }: WasmInfo): Omit<EngineInfo, 'version' | 'threads' | 'loadMs' | 'runtimeUrls' | 'bytes'> {
  return {
    name, ...(license && { license }), dtype, parameters, device, tasks, heads: Object.keys(heads) as Head[], labels: labelsOf(heads),
    ...(taughtHeads && { taughtHeads }), ...(selfTest && { selfTest }), ...(gpu && { gpu }),
  };
}

function labelsOf(heads: WasmInfo['heads']): RuntimeInfo['labels'] {
  const all = Object.entries(heads) as [LabeledHead, { labels?: string[] }][];
  return Object.fromEntries(all.flatMap(([head, { labels = [] }]) => (labels.length > 0 ? [[head, head === 'ner' ? entityLabels(labels) : labels]] : [])));
}

/** Labels of `ner` that mean "no entity", as in `src/heads/spec.rs`. */
export const NO_ENTITY: readonly string[] = ['O', 'NIL'];

/** The labels of entities. A folder in which not exactly one label says "no entity" has it first. */
function entityLabels(labels: readonly string[]): string[] {
  const named = labels.filter((label) => NO_ENTITY.includes(label));
  const none = named.length === 1 ? labels.indexOf(named[0]!) : 0;
  return labels.filter((_, at) => at !== none);
}
