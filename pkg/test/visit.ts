// Loads of a model from a fake server into a fake browser, as the wasm reads them, without an engine.
import assert from 'node:assert/strict';
import { LukeError, toLukeError } from '../src/errors.js';
import { ModelFiles, type FilesOptions } from '../src/files.js';
import { loadFiles, type FileEntry } from '../src/manifest.js';
import { Progress } from '../src/progress.js';
import { fetchSource } from '../src/source.js';
import { Stores, type CacheOption } from '../src/store/stores.js';
import type { LoadEvent } from '../src/types.js';
import type { ModelHost } from '../src/wasm.js';
import { entryOf, hashOf, MODEL, readVerified } from './fakes.js';
import type { FakeServer } from './server.js';

export const MANIFEST = `${MODEL}manifest.json`;

/** Content that is different for each file. */
export function content(bytes: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => (i * (2 * seed + 1)) ^ (i >> 8) ^ seed);
}

/** The files of a model with chunks and rows of an entity table of these sizes; `version` makes all contents different. */
export function modelOf(chunkBytes: number[], rowBytes: number[] = [], version = 0): Record<string, string | Uint8Array> {
  const chunks = chunkBytes.map((bytes, i) => [`chunks/${i}.bin`, content(bytes, i + 2 + version)] as const);
  const rows = rowBytes.map((bytes, i) => [`entities/${i}.bin`, content(bytes, i + 100 + version)] as const);
  const [tokenizer, vocab] = [content(700, version), content(300, 1 + version)];
  const json = {
    format: 'luke-web', version: 1, name: `model ${version}`, files: { tokenizer: entryOf('tokenizer.json', tokenizer), entityVocab: entryOf('entity_vocab.json', vocab) },
    chunks: chunks.map(([path, bytes]) => entryOf(path, bytes)), entityTable: rows.length > 0 ? { chunks: rows.map(([path, bytes]) => entryOf(path, bytes)) } : null,
  };
  return { 'manifest.json': JSON.stringify(json), 'tokenizer.json': tokenizer, 'entity_vocab.json': vocab, ...Object.fromEntries([...chunks, ...rows]) };
}

export interface VisitOptions extends Partial<FilesOptions> {
  cache?: CacheOption;
  url?: string;
}

/** The files of a model as one load sees them. */
export async function open(server: FakeServer, { cache = 'auto', url = MANIFEST, ...options }: VisitOptions = {}) {
  const events: LoadEvent[] = [];
  const stores = await Stores.open(cache);
  const all = { parallelDownloads: 4, retries: 3, stallMs: 15_000, ...options };
  const files = new ModelFiles(fetchSource(server.fetch as typeof fetch), url, stores, all, new Progress((event) => events.push(event)));
  const host: ModelHost = { read: (...args) => files.read(args[0], args[1], args[2], args[3]), pause: () => undefined, measured: () => {} };
  return { files, stores, events, host };
}

/** Loads a model: reads all its files in order, and checks that their bytes are right and that the progress is true. */
export async function visit(server: FakeServer, options: VisitOptions = {}) {
  const sentBefore = server.sent;
  const askedBefore = server.asked.length;
  const opened = await open(server, options);
  const { files, events, host } = opened;
  try {
    const folder = await files.folder();
    if (!folder) throw new LukeError('format', 'a page came in place of the manifest'); // as the engine says when there is no checkpoint either
    const entries = loadFiles(folder.manifest);
    for (const [i, entry] of entries.entries()) {
      await readVerified(host, entry, entries.slice(i + 1)).catch((error: object) => {
        throw error instanceof Error ? error : toLukeError(error); // the wasm throws plain objects, as the engine knows
      });
    }
    await files.complete();
    checkProgress(events);
    const { loadedBytes, totalBytes } = events.at(-1)!;
    assert.equal(loadedBytes, totalBytes);
    return { ...opened, entries, folder, sent: server.sent - sentBefore, asked: server.asked.slice(askedBefore).map(({ path }) => path) };
  } catch (error) {
    files.stop(error);
    checkProgress(events, true);
    throw error;
  }
}

/** What the types promise of the events of a load. */
export function checkProgress(events: readonly LoadEvent[], hasFailed = false): void {
  let [before, falls, reasons] = [0, 0, 0];
  for (const { phase, loadedBytes, totalBytes, storedBytes } of events) {
    assert.ok(loadedBytes <= totalBytes && storedBytes <= loadedBytes && storedBytes >= 0, JSON.stringify(events));
    if (loadedBytes < before) falls += 1;
    if (phase === 'retry') reasons += 1;
    before = loadedBytes;
    // Bytes are taken back just before the event of their retry, or when the next try shows that the server sends all of them again.
    assert.ok(falls <= reasons + 16, JSON.stringify(events));
  }
  if (!hasFailed) assert.ok(falls <= reasons, JSON.stringify(events));
}

/** A file of the model whose manifest this is, with the hash of its content on the server. */
export function entryIn(server: FakeServer, path: string): FileEntry {
  const bytes = server.files.get(path)!;
  return { path, bytes: bytes.length, sha256: hashOf(bytes) };
}
