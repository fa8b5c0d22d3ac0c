// Copies a model into a folder: a model folder by its manifest, or the files of a Hugging Face checkpoint.
import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { INDEX, SMALL_FILES, WEIGHTS } from '../src/checkpoint.js';
import { LukeError } from '../src/errors.js';
import { collect, isMissing, isPage, missing } from '../src/files.js';
import { parseRepository, repositoryUrl } from '../src/hub.js';
import { allFiles, checkManifest, fileUrl, manifestUrl, totalBytes, type FileEntry } from '../src/manifest.js';
import { nameOf } from '../src/names.js';
import { Progress } from '../src/progress.js';
import { retrying, type RetryOptions } from '../src/retry.js';
import { download, fetchSource, type Source } from '../src/source.js';
import type { LoadEvent } from '../src/types.js';
import { entryOf, pullFile, type Pulling, type Verified, type Wanted } from './file.js';
import { follower } from './follow.js';
import { placeIn } from './paths.js';

export interface PullOptions extends RetryOptions {
  hub: string;
  revision?: string | undefined;
  /** Is sent to the hub, and to nobody else. */
  token?: string | undefined;
  /** Maximum number of files that are fetched at once. */
  parallel: number;
  signal: AbortSignal;
  onProgress: (event: LoadEvent) => void;
  fetch?: typeof fetch;
}

/** What was copied. */
export interface Pulled {
  name: string;
  url: string;
  /** The commit of the repository, if a hub said it. */
  commit?: string | undefined;
  bytes: number;
  files: { path: string; verified: Verified }[];
}

const MANIFEST = 'manifest.json';
/** They say what may be done with the model. No load reads them. */
const DOCUMENTS = [
  'README.md', 'LICENSE', 'LICENSE.md', 'LICENSE.txt', 'LICENSE-MIT', 'LICENSE-APACHE', 'LICENCE', 'COPYING', 'NOTICE', 'NOTICE.md', 'NOTICE.txt', 'USE_POLICY.md',
];
const MOST_SMALL_BYTES = 1 << 28;

/** Copies the model into `folder`. A file gets its name when it is complete and verified, and the file that names the others comes last. */
export async function pull(model: string, folder: string, options: PullOptions): Promise<Pulled> {
  const visit = new Visit(model, options);
  await visit.pin();
  const manifest = await visit.small(MANIFEST);
  const { first, last } = manifest ? modelFiles(visit, manifest) : await checkpointFiles(visit);
  const documents = await Promise.all(DOCUMENTS.map((path) => visit.find(path, true)));
  const files = [...first, ...documents.filter((file) => file !== undefined)];
  const named = [...files, ...last].map((file) => ({ file, to: placeIn(folder, file.path) }));
  checkNames(named.map(({ file }) => file));
  visit.progress.expect(named.map(({ file }) => entryOf(file)));
  const verified = new Map<string, Verified>();
  const work = async ({ file, to }: (typeof named)[number]) => void verified.set(file.path, await pullFile(file, to, visit.pulling));
  await inParallel(named.slice(0, files.length), options.parallel, work, visit.abort);
  for (const one of named.slice(files.length)) await work(one);
  visit.progress.event('ready');
  return {
    name: nameOf(visit.url), url: visit.folder, commit: visit.commit, bytes: totalBytes(named.map(({ file }) => entryOf(file))),
    files: named.map(({ file: { path } }) => ({ path, verified: verified.get(path)! })),
  };
}

/** One model on its server. */
class Visit {
  /** URL of the manifest, or where it would be. */
  url: string;
  commit: string | undefined;
  readonly progress: Progress;
  readonly pulling: Pulling;
  /** Ends all that is under way. */
  readonly abort = new AbortController();
  readonly #heads: Source;
  readonly #options: PullOptions;
  readonly #id: string | undefined;
  readonly #follower: ReturnType<typeof follower>;

  constructor(model: string, options: PullOptions) {
    const { hub, revision, token, retries, stallMs } = options;
    if (revision !== undefined && model.includes('@') && parseRepository(model)) throw new LukeError('input', `${JSON.stringify(model)} and --revision ${JSON.stringify(revision)} are two revisions: give one`);
    const repository = parseRepository(revision === undefined ? model : `${model}@${revision}`);
    if (!repository && revision !== undefined) throw new LukeError('input', `${JSON.stringify(model)} with the revision ${JSON.stringify(revision)} names no repository`);
    this.#options = options;
    this.#id = repository?.id;
    this.#follower = follower(options.fetch);
    this.url = manifestUrl(repository ? repositoryUrl(hub, repository) : webUrl(model));
    this.progress = new Progress(options.onProgress);
    setMaxListeners(0, this.abort.signal); // each file that is under way listens, and Node.js warns from 11 on
    const end = () => this.abort.abort(options.signal.reason);
    if (options.signal.aborted) end();
    options.signal.addEventListener('abort', end, { once: true });
    const headers = repository && token ? { authorization: `Bearer ${token}` } : undefined;
    this.#heads = fetchSource((url, init) => this.#follower.fetch(url, { ...init, method: 'HEAD' }), headers);
    this.pulling = {
      source: fetchSource(this.#follower.fetch, headers),
      options: { retries, stallMs },
      signal: this.abort.signal,
      onBytes: (file, here, stored) => this.progress.count(entryOf(file), here, stored),
      onRetry: ({ path }, ...retry) => this.progress.retry(path, ...retry),
    };
  }

  get folder(): string {
    return new URL('.', this.url).href;
  }

  /** Looks which commit a branch of a hub is at, so that all files are of the same one. */
  async pin(): Promise<void> {
    await this.find(MANIFEST, true);
    if (this.#id === undefined || this.commit === undefined) return;
    this.url = manifestUrl(repositoryUrl(this.#options.hub, { id: this.#id, revision: this.commit }));
  }

  /** What is known of a file; `undefined` if it is optional and not there. */
  async find(path: string): Promise<Wanted>;
  async find(path: string, isOptional: boolean): Promise<Wanted | undefined>;
  async find(path: string, isOptional = false): Promise<Wanted | undefined> {
    const url = fileUrl(this.url, path);
    try {
      await this.#ask(path, (signal) => this.#look(url, signal));
    } catch (error) {
      this.commit ??= this.#follower.notes.get(url)?.commit; // also an answer that the file is not there says it
      if (isOptional && isMissing(error)) return undefined;
      throw error;
    }
    const { commit, ...facts } = this.#follower.notes.get(url) ?? {};
    this.commit ??= commit;
    return { path, url, ...facts };
  }

  /** Asks for the headers of a file, which are then in the notes. */
  async #look(url: string, signal: AbortSignal): Promise<void> {
    const isLarge = new URL(url).pathname.endsWith('.safetensors');
    const head = isLarge ? await download(this.#heads, url, signal).catch(headless) : undefined;
    if (head?.html) throw missing(url, true);
    if (head) return;
    const { html, pieces } = await download(this.pulling.source, url, signal);
    for await (const piece of pieces) {
      if (isPage(piece)) throw missing(url, true);
      break; // leaving the loop ends the download
    }
    if (html) throw missing(url, true);
  }

  /** A small file, or `undefined` if the server does not have it. */
  async small(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const url = fileUrl(this.url, path);
    const work = async (signal: AbortSignal, alive: () => void) => {
      const response = await download(this.pulling.source, url, signal);
      const bytes = await collect(response, url, alive, MOST_SMALL_BYTES);
      if (response.html || isPage(bytes)) throw missing(url, true);
      return bytes;
    };
    return this.#ask(path, work).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
      return undefined;
    });
  }

  #ask<T>(path: string, work: (signal: AbortSignal, alive: () => void) => Promise<T>): Promise<T> {
    const { options, signal } = this.pulling;
    return retrying(fileUrl(this.url, path), options, signal, (...retry) => this.progress.retry(path, ...retry), work);
  }
}

/** The files that a manifest names, with their hashes. The manifest itself comes last, and must still be the one that was read. */
function modelFiles(visit: Visit, bytes: Uint8Array): { first: Wanted[]; last: Wanted[] } {
  const manifest = checkManifest(visit.url, new TextDecoder().decode(bytes));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return {
    first: allFiles(manifest).map(({ path, bytes, sha256 }: FileEntry) => ({ path, url: fileUrl(visit.url, path), bytes, ...(sha256 !== undefined && { sha256 }) })),
    last: [{ path: MANIFEST, url: visit.url, bytes: bytes.length, sha256 }],
  };
}

/** The files of a checkpoint. Its config comes last: without it nothing reads the folder. */
async function checkpointFiles(visit: Visit): Promise<{ first: Wanted[]; last: Wanted[] }> {
  const config = await visit.find('config.json').catch((error: unknown) => {
    if (!isMissing(error)) throw error;
    const { message, detail } = error as LukeError<'network'>;
    throw new LukeError('network', `${visit.folder} has no model: no ${MANIFEST}, made by \`luke convert\`, and no Hugging Face checkpoint: ${message}`, detail);
  });
  const groups = SMALL_FILES.map(async (names) => {
    const found = (await Promise.all(names.filter(Boolean).map((path) => visit.find(path, true)))).filter((file) => file !== undefined);
    if (found.length === 0 && !names.includes('')) throw new LukeError('network', `${visit.folder} has no ${names.join(', nor ')}, which a checkpoint of LUKE needs`, { files: names });
    return found;
  });
  const [index, ...small] = await Promise.all([visit.find(INDEX, true), ...groups]);
  const shards = index ? shardsIn(new TextDecoder().decode(await visit.small(INDEX)), index.url) : [WEIGHTS];
  const weights = await Promise.all(shards.map((path) => visit.find(path)));
  // Two lists may name the same file.
  const files = new Map(small.flat().map((file) => [file.path, file])).values();
  return { first: [...files, ...weights, ...(index ? [index] : [])], last: [config] };
}

/** The names of the weight files in an index. */
function shardsIn(text: string, url: string): string[] {
  let shards: unknown[] = [];
  try {
    shards = Object.values((JSON.parse(text) as { weight_map: Record<string, unknown> }).weight_map);
  } catch {
    // It names none.
  }
  if (shards.length === 0 || !shards.every((shard) => typeof shard === 'string')) throw new LukeError('format', `${url} names no weight files in its weight_map`, { url });
  return [...new Set(shards as string[])];
}

/** Two files cannot have the same name, also where the file system does not see the case of letters. */
function checkNames(files: readonly Wanted[]): void {
  const seen = new Map<string, Wanted>();
  for (const file of files) {
    const name = file.path.toLowerCase();
    if (seen.has(name)) throw new LukeError('format', `the model has two files with the name ${JSON.stringify(file.path)}`, { file: file.path });
    seen.set(name, file);
  }
}

/** Some servers answer no requests for headers alone. */
function headless(error: unknown): undefined {
  const { status = 0, errorCode } = ((error as Partial<LukeError>).detail ?? {}) as { status?: number; errorCode?: string };
  if (![400, 403, 405, 501].includes(status) || errorCode !== undefined) throw error;
}

function webUrl(model: string): string {
  if (!URL.canParse(model) || !/^https?:$/.test(new URL(model).protocol)) {
    throw new LukeError('input', `${JSON.stringify(model)} is neither the name of a repository (org/name, org/name@revision) nor a URL that begins with https: or http:`);
  }
  return model;
}

/** Does the work for each item, several at once. The first failure ends what is under way. */
async function inParallel<T>(items: readonly T[], most: number, work: (item: T) => Promise<void>, abort: AbortController): Promise<void> {
  const queue = [...items];
  let failure: { error: unknown } | undefined;
  const lane = async () => {
    for (let item = queue.shift(); item !== undefined && !failure; item = queue.shift()) {
      await work(item).catch((error: unknown) => {
        failure ??= { error };
        abort.abort(error);
      });
    }
  };
  await Promise.all(Array.from({ length: most }, lane));
  if (failure) throw failure.error;
}
