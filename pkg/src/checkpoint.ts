// A Hugging Face folder read as it is: config.json, tokenizer files and *.safetensors, without `luke convert`. The wasm reads
// the small files once and keeps what it made of them; the weights are then parts of the safetensors files.
import { LukeError } from './errors.js';
import { isMissing, type ModelFiles } from './files.js';
import { fileUrl } from './manifest.js';
import type { WasmCheckpoint, WasmModule } from './wasm.js';

const WEIGHTS = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
/** Each list is tried until one of its files is there; `''` says that none need be. */
const SMALL_FILES = [
  ['entity_vocab.json'], ['luke_web.json', ''], ['tokenizer_config.json', ''], ['added_tokens.json', ''],
  ['tokenizer.json', 'vocab.json', 'vocab.txt', 'sentencepiece.bpe.model'], ['merges.txt', ''],
];
/** Most headers are shorter: one request is then enough. */
const HEADER_GUESS = 1 << 17;

/** Reads everything but the weights. `url` is where a manifest would be. */
export async function readCheckpoint(wasm: WasmModule, from: ModelFiles, url: string, heads: readonly string[]): Promise<WasmCheckpoint> {
  const files: Record<string, Uint8Array> = {};
  const find = async (names: readonly string[]) => {
    let missing: Missing | undefined;
    for (const name of names) {
      const bytes = name === '' ? new Uint8Array() : await from.small(name).catch((error: unknown) => void (missing ??= missingDetail(error)));
      if (bytes && name) files[name] = bytes;
      if (bytes) return;
    }
    throw new LukeError('network', `${fileUrl(url, names[0]!)} answered with status ${missing?.status}; a checkpoint needs ${names.join(', or ')}`, { url, files: names, ...missing });
  };
  await find(['config.json']); // first, so that what is no checkpoint at all is told by it
  const [index] = await Promise.all([from.small(INDEX).catch((error: unknown) => void missingDetail(error)), ...SMALL_FILES.map(find)]);
  const shards = index ? wasm.checkpointShards(index) : [WEIGHTS];
  const headers: Record<string, Uint8Array> = {};
  for (const shard of shards) headers[shard] = await readHeader(wasm, from, shard, fileUrl(url, shard));
  return wasm.readCheckpoint(nameOf(url), files, headers, [...heads]);
}

/** The first bytes of a safetensors file, up to the end of its header. */
async function readHeader(wasm: WasmModule, from: ModelFiles, shard: string, url: string): Promise<Uint8Array> {
  const readStart = (bytes: number) => from.small(shard, { offset: 0, bytes });
  const start = await readStart(HEADER_GUESS);
  const bytes = wasm.checkpointHeaderBytes(url, start);
  return bytes <= start.length ? start.subarray(0, bytes) : readStart(bytes);
}

/** The name of the folder, or of the repository on a hub: `NAME` of `/ORG/NAME/resolve/main/`. */
function nameOf(url: string): string {
  const folders = new URL('.', url).pathname.split('/').filter(Boolean);
  const resolve = folders.indexOf('resolve');
  return (resolve > 0 && resolve < folders.length - 1 ? folders[resolve - 1] : folders.at(-1)) ?? 'luke';
}

/** How a server said that there is no such file. */
interface Missing {
  status: number;
  isPage?: boolean;
}

/** The detail of an error that says that there is no such file; any other error is thrown again. */
function missingDetail(error: unknown): Missing {
  if (!isMissing(error)) throw error;
  const { status, isPage } = (error as LukeError).detail as Missing;
  return { status, ...(isPage && { isPage }) };
}
