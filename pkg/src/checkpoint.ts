// A Hugging Face folder read as it is: config.json, tokenizer files and *.safetensors, without `luke convert`. The wasm reads
// the small files once and keeps what it made of them; the weights are then parts of the safetensors files.
import { LukeError } from './errors.js';
import { checkVersion, key } from './fetcher.js';
import { collect, hasAnswered, isMissing, isPage, missing, type ModelFiles } from './files.js';
import { fileUrl } from './manifest.js';
import { nameOf, RecordedNames } from './names.js';
import { withinStall } from './retry.js';
import { download, type ByteRange, type Download } from './source.js';
import type { WasmCheckpoint, WasmModule } from './wasm.js';

export const WEIGHTS = 'model.safetensors';
export const INDEX = 'model.safetensors.index.json';
/**
 * Each list is tried until one of its files is there; `''` says that none need be. transformers 5 writes the entity vocabulary
 * into `tokenizer_config.json`.
 */
export const SMALL_FILES = [
  ['entity_vocab.json', 'tokenizer_config.json'], ['luke_web.json', ''], ['tokenizer_config.json', ''], ['added_tokens.json', ''],
  ['tokenizer.json', 'vocab.json', 'vocab.txt', 'sentencepiece.bpe.model'], ['merges.txt', ''],
];
/** Most headers are shorter: one request is then enough. */
const HEADER_GUESS = 1 << 17;
/** The most bytes of a small file. */
const MAX_SMALL_BYTES = 1 << 28;

/** Reads everything but the weights. */
export async function readCheckpoint(wasm: WasmModule, model: ModelFiles, heads: readonly string[]): Promise<WasmCheckpoint> {
  const { url } = model;
  const from = new SmallFiles(model);
  const files: Record<string, Uint8Array> = {};
  // A file that two lists name is asked for once.
  const asked = new Map<string, Promise<Uint8Array>>();
  const read = (name: string) => {
    if (!asked.has(name)) asked.set(name, from.read(name));
    return asked.get(name)!;
  };
  const find = async (names: readonly string[]) => {
    let found: LukeError | undefined;
    for (const name of names) {
      const bytes = name === '' ? new Uint8Array() : await read(name).catch((error: unknown) => void (missingDetail(error), (found ??= error as LukeError)));
      if (bytes && name) files[name] = bytes;
      if (bytes) return;
    }
    throw new LukeError(found!.code === 'io' ? 'io' : 'network', `${found!.message}; a checkpoint needs ${names.join(', or ')}`, { url, files: names, ...missingDetail(found) });
  };
  try {
    await find(['config.json']); // first, so that what is no checkpoint at all is told by it
    const [index] = await Promise.all([from.read(INDEX).catch((error: unknown) => void missingDetail(error)), ...SMALL_FILES.map(find)]);
    if (index) files[INDEX] = index;
    const shards = index ? wasm.checkpointShards(index) : [WEIGHTS];
    const headers: Record<string, Uint8Array> = {};
    for (const shard of shards) headers[shard] = await readHeader(wasm, from, shard, fileUrl(url, shard));
    return wasm.readCheckpoint(nameOf(url), files, headers, [...heads]);
  } catch (error) {
    if (!isMissing(error)) throw error;
    const { code, message, detail } = error as LukeError<'network' | 'io'>;
    const isPage = code === 'network' && detail.isPage;
    throw new LukeError(isPage ? 'format' : code, `${url} is not there, nor a Hugging Face checkpoint: ${message}. A model folder has a manifest.json, made by \`luke convert\``, detail, { cause: error });
  }
}

/** The first bytes of a safetensors file, up to the end of its header. */
async function readHeader(wasm: WasmModule, from: SmallFiles, shard: string, url: string): Promise<Uint8Array> {
  const readStart = (bytes: number) => from.read(shard, { offset: 0, bytes });
  const start = await readStart(HEADER_GUESS);
  const bytes = wasm.checkpointHeaderBytes(url, start);
  return bytes <= start.length ? start.subarray(0, bytes) : readStart(bytes);
}

/** The files of a checkpoint that are read before its weights. They are asked for with every load, because nothing says whether they changed. */
export class SmallFiles {
  readonly #model: ModelFiles;
  readonly #names: RecordedNames;

  constructor(model: ModelFiles) {
    const { fetcher, url } = model;
    this.#model = model;
    this.#names = fetcher.names instanceof RecordedNames ? fetcher.names : new RecordedNames(fetcher.stores, url);
    fetcher.names = this.#names;
  }

  /** A small file, or the start of a weight file. Rejects with `network` and the status if the server does not have it. */
  async read(path: string, range?: ByteRange): Promise<Uint8Array<ArrayBuffer>> {
    const model = this.#model;
    const names = this.#names;
    const name = key({ path, bytes: 0, ...(range && { offset: range.offset }) });
    const fetching = async () => {
      const bytes = await this.#fetch(path, range);
      const hash = await model.keep(bytes);
      if (hash) await names.note(name, { sha256: hash, bytes: bytes.length });
      return bytes;
    };
    const record = await names.record();
    const stored = record?.files?.[name];
    // What is stored is used when the first try fails: without network nobody should wait for the others.
    return (stored === undefined || record?.isOther ? model.trying(path, fetching) : fetching()).catch(async (error: unknown) => {
      if (model.signal.aborted || isReplaced(error)) throw error;
      if (isMissing(error)) {
        if (stored !== null) await names.note(name, null);
        throw error;
      }
      if (stored === undefined || (record?.isOther && hasAnswered(error))) throw error;
      if (stored === null) throw missing(fileUrl(model.url, path), false);
      names.use(record!);
      const version = record!.versions?.[path];
      if (version !== undefined) names.versions.set(path, version);
      return (await model.fetcher.stores.verified(stored.sha256)) ?? model.trying(path, fetching);
    });
  }

  async #fetch(path: string, range?: ByteRange): Promise<Uint8Array<ArrayBuffer>> {
    const { source, options, signal, fetcher } = this.#model;
    const url = fileUrl(this.#model.url, path);
    return withinStall(url, options.stallMs, signal, async (signal, alive) => {
      const response = await download(source, url, signal, range, fetcher.freshness);
      if (response.html) throw missing(url, true);
      if (range) this.#see(path, url, response);
      const bytes = await collect(response, url, alive, MAX_SMALL_BYTES, range?.bytes);
      if (isPage(bytes)) throw missing(url, true);
      return bytes;
    });
  }

  /** Remembers the version of a weight file, and whether its server sends parts. */
  #see(path: string, url: string, { version, status }: Download): void {
    const { versions } = this.#names;
    checkVersion(url, versions.get(path), version);
    if (version !== undefined) versions.set(path, version);
    if (status !== 206) this.#model.downloads.wholeFiles.add(path);
  }
}

/** How a server, or the disk, said that there is no such file. */
interface Missing {
  status?: number;
  isPage?: boolean;
  errorCode?: string;
  path?: string;
  error?: string;
}

/** The detail of an error that says that there is no such file; any other error is thrown again. */
function missingDetail(error: unknown): Missing {
  if (!isMissing(error)) throw error;
  const { status, isPage, errorCode, path, error: system } = (error as LukeError).detail as Missing;
  return { ...(status && { status }), ...(isPage && { isPage }), ...(errorCode && { errorCode }), ...(path && { path }), ...(system && { error: system }) };
}

function isReplaced(error: unknown): boolean {
  return error instanceof LukeError && (error.detail as { isReplaced?: boolean } | undefined)?.isReplaced === true;
}
