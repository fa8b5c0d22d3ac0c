// Fakes of the network, the wasm module and the worker.
import { createHash } from 'node:crypto';
import type { Machine } from '../src/engine.js';
import { Engine } from '../src/engine.js';
import { serve } from '../src/serve.js';
import type { FileEntry } from '../src/manifest.js';
import type { EngineOptions } from '../src/protocol.js';
import type { RunningCall } from '../src/turns.js';
import { WasmInstance, type ModelHost, type WasmModel, type WasmModule } from '../src/wasm.js';

export const MODEL = 'https://models.test/mini/';

/** Options of an engine that tries each file once. */
export const ONCE: EngineOptions = {
  cache: 'auto', device: 'auto', threads: 'auto', selfTest: true, heads: [], remoteFetch: false, parallelDownloads: 4, retries: 0, stallMs: 15_000,
};

type Body = string | Uint8Array | Uint8Array[];
type Files = Record<string, Body>;

export function hashOf(body: Body): string {
  const hash = createHash('sha256');
  for (const piece of Array.isArray(body) ? body : [body]) hash.update(piece);
  return hash.digest('hex');
}

/** An entry of a manifest for a file with this content. */
export function entryOf(path: string, body: Body): Required<Omit<FileEntry, 'offset'>> & { offset?: number } {
  const bytes = Array.isArray(body) ? body.reduce((sum, { length }) => sum + length, 0) : body.length;
  return { path, bytes, sha256: hashOf(body) };
}

/** The contents of the tokenizer, the entity vocabulary and chunks of the given sizes. */
function contents(chunkBytes: number[]): Files {
  return {
    'tokenizer.json': new Uint8Array(4),
    'entity_vocab.json': new Uint8Array(2),
    ...Object.fromEntries(chunkBytes.map((bytes, i) => [`chunks/${i}.bin`, new Uint8Array(bytes).fill(i + 1)])),
  };
}

/** The manifest of `modelFiles(...chunkBytes)`. */
export function manifest(...chunkBytes: number[]) {
  const [tokenizer, entityVocab, ...chunks] = Object.entries(contents(chunkBytes)).map(([path, body]) => entryOf(path, body));
  return { format: 'luke-web', version: 1, files: { tokenizer: tokenizer!, entityVocab: entityVocab! }, chunks };
}

/** The files of a model with chunks of the given sizes. */
export function modelFiles(...chunkBytes: number[]): Files {
  return { 'manifest.json': JSON.stringify(manifest(...chunkBytes)), ...contents(chunkBytes) };
}

/** The files of `modelFiles(...chunkBytes)` and an entity table with these chunks. */
export function tableFiles(rows: Uint8Array[], ...chunkBytes: number[]): Files {
  const chunks = rows.map((row, i) => entryOf(`entities/${i}.bin`, row));
  const text = JSON.stringify({ ...manifest(...chunkBytes), entityTable: { chunks } });
  return { ...modelFiles(...chunkBytes), 'manifest.json': text, ...Object.fromEntries(chunks.map(({ path }, i) => [path, rows[i]!])) };
}

/** The files of a model with heads that were added, in the order of their names. */
export function withHeads(files: Files, heads: Record<string, Uint8Array>): Files {
  const entries = Object.entries(heads).map(([name, bytes]) => ({ name, task: 'ner', file: entryOf(`heads/${hashOf(bytes).slice(0, 16)}.bin`, bytes) }));
  const text = JSON.stringify({ ...JSON.parse(files['manifest.json'] as string), taughtHeads: entries, base: 'ab'.repeat(32) });
  return { ...files, 'manifest.json': text, ...Object.fromEntries(entries.map(({ name, file }) => [file.path, heads[name]!])) };
}

/** A `fetch` that serves these files of `MODEL` and records the requested paths. `ranges` enables range requests; `missing` is the status for other files. */
export function fakeFetch(files: Files, ranges = false, missing = 404) {
  const asked: string[] = [];
  const fetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    init?.signal?.throwIfAborted();
    const path = String(url).replace(MODEL, '').replace(/\?.*/, '');
    asked.push(path);
    const body = files[path];
    if (body === undefined) return new Response('not here', { status: missing });
    const pieces = Array.isArray(body) ? body : [typeof body === 'string' ? new TextEncoder().encode(body) : body];
    const range = ranges && /^bytes=(\d+)-(\d+)$/.exec(new Headers(init?.headers).get('range') ?? '');
    if (range) {
      const whole = new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer());
      return new Response(whole.slice(Number(range[1]), Number(range[2]) + 1), { status: 206 });
    }
    return new Response(
      new ReadableStream({
        start(controller) {
          for (const piece of pieces) controller.enqueue(piece);
          controller.close();
        },
      }),
    );
  };
  return { fetch: fetch as typeof globalThis.fetch, asked };
}

type Run = (input: never, options: object, call: RunningCall) => Promise<unknown>;
/** Methods of a model except `call`, and functions that run tasks, by name. */
export type Tasks = Partial<Omit<WasmModel, 'call'>> & Record<string, (input: any, options: any, ...others: any[]) => any>;

/** How many files the wasm names ahead (`MAX_AHEAD` in `src/folder/source.rs`). */
const MAX_AHEAD = 16;

/** Reads a file as `read_verified` in `src/folder/source.rs` does: once more if its bytes are wrong. */
export async function readVerified(host: ModelHost, file: FileEntry, ahead: readonly FileEntry[] = [], call?: RunningCall): Promise<Uint8Array> {
  for (const again of [false, true]) {
    const pieces: Uint8Array[] = [];
    await host.read(file, ahead.slice(0, MAX_AHEAD), again, (piece) => void pieces.push(piece.slice()), call);
    const bytes = new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer());
    if (bytes.length === file.bytes && (file.sha256 === undefined || hashOf(bytes) === file.sha256)) return bytes;
  }
  throw { code: 'integrity', message: `${file.path}: the bytes are wrong`, detail: { file: file.path } };
}

/**
 * A wasm module that records its calls. The test passes `ner` and may pass other `tasks`; tasks without a function return their arguments.
 * `finish` is called at the end of a load. `hosts` has the host of each load.
 */
export function fakeWasm(ner: Run, finish: () => void = () => {}, tasks: Tasks = {}) {
  const log: string[] = [];
  const hosts: ModelHost[] = [];
  const echo = async (input: object, options: object) => [{ input, options }];
  const qa = async (input: object, options: object) => ({ input, options, alternatives: [] });
  const outputs = () => ({ logits: { shape: [2], data: new Float32Array([1, 2]) } });
  const model: WasmModel = {
    call: (task, input, options, call) => ((tasks[task] ?? { ner, qa }[task] ?? echo) as Run)(input as never, options, call),
    nerEach: async (texts, options, visit, call) => {
      for (const text of texts) visit(await ner(text as never, options, call));
    },
    callBy: async (task, head, input, options) => [{ task, head, input, options }],
    teach: async () => Promise.reject({ code: 'input', message: 'labels: must be one at least' }),
    headFacts: () => {
      throw { code: 'format', message: 'head: is cut short' };
    },
    setPassCacheBytes: (bytes) => void log.push(`keep ${bytes}`),
    embed: echo,
    forward: async (input) => (Array.isArray(input) ? input.map(outputs) : outputs()),
    info: () => ({ name: 'fake', dtype: 'f32', device: 'wasm', tasks: ['ner'], parameters: 7, license: '', heads: {} }),
    isLost: () => false,
    free: () => void log.push('free model'),
    ...tasks,
  };
  const load = async (entries: FileEntry[], host: ModelHost) => {
    hosts.push(host);
    for (const [i, entry] of entries.entries()) {
      // What went wrong is lost in the wasm: the host knows it.
      const bytes = await readVerified(host, entry, entries.slice(i + 1)).catch((error) => {
        throw error.message?.includes('bytes are wrong') ? error : { code: 'network', message: `${entry.path}: could not be read` };
      });
      log.push(`${entry.path} ${bytes.length}`);
    }
    finish();
    log.push('finish');
    return model;
  };
  const module: WasmModule = {
    default: async () => {},
    loadModel: async (json, host, onSelfTest) => {
      const { version, files, chunks, taughtHeads = [] } = JSON.parse(json) as ReturnType<typeof manifest> & { taughtHeads?: { file: FileEntry }[] };
      log.push(`manifest ${version}`);
      const loaded = await load([files.tokenizer, files.entityVocab, ...taughtHeads.map(({ file }) => file), ...chunks], host);
      onSelfTest?.();
      return loaded;
    },
    loadCheckpoint: async (checkpoint, host) => {
      log.push('checkpoint');
      return load(checkpoint.files(), host);
    },
    readCheckpoint: (name, files, headers, heads) => {
      const starts = Object.entries(headers).map(([file, start]) => `${file} ${start.length}`);
      log.push(`checkpoint ${name} of ${Object.keys(files).sort()}; ${starts}; ${heads}`);
      return { files: () => [{ path: Object.keys(headers)[0]!, bytes: 5, offset: 20 }], free: () => {} };
    },
    checkpointHeaderBytes: (_file, first) => 8 + first[0]!,
    checkpointShards: (index) => JSON.parse(new TextDecoder().decode(index)) as string[],
    __wbg_reset_state: () => void log.push('reset'),
  };
  return { module, log, hosts };
}

/** A machine with one device that runs `module`. */
export function machine(module: WasmModule, device: 'wasm' | 'webgpu' = 'wasm'): Machine {
  const instance = new WasmInstance(module);
  return { chooseDevice: async () => ({ device }), chooseThreads: () => ({ threads: 1 }), loadWasm: async () => instance };
}

/** An object with the methods of a worker that `Luke` uses. It runs on this thread. */
export function fakeWorker(machine: Machine) {
  const state = { terminated: false };
  const worker = {
    addEventListener() {},
    postMessage: (_message: unknown, [port]: MessagePort[]) => serve(port!, new Engine(machine)),
    terminate: () => void (state.terminated = true),
  };
  return { worker: worker as unknown as Worker, state };
}

/** Workers whose engines the test can end, as a browser ends a worker. */
export function workers(make: () => Machine) {
  const started: { port: MessagePort; terminated: boolean }[] = [];
  const start = () => {
    const self = { port: undefined as unknown as MessagePort, terminated: false };
    started.push(self);
    const postMessage = (_: unknown, [port]: MessagePort[]) => void serve((self.port = port!), new Engine(make()));
    return { addEventListener() {}, postMessage, terminate: () => void (self.terminated = true) } as unknown as Worker;
  };
  return { start, started };
}

/** A signal that counts its listeners. */
export function counted() {
  const abort = new AbortController();
  const { signal } = abort;
  let listeners = 0;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...args: Parameters<typeof add>) => void ((listeners += 1), add(...args));
  signal.removeEventListener = (...args: Parameters<typeof remove>) => void ((listeners -= 1), remove(...args));
  return { abort, signal, listeners: () => listeners };
}
