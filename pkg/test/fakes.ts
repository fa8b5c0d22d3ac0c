// Fakes of the network, the wasm module and the worker.
import type { Machine } from '../dist/engine.js';
import { Engine } from '../dist/engine.js';
import { serve } from '../dist/serve.js';
import type { FileEntry } from '../dist/manifest.js';
import { WasmInstance, type ReadFile, type WasmModel, type WasmModule } from '../dist/wasm.js';

export const MODEL = 'https://models.test/mini/';

/** A manifest with a tokenizer, an entity vocabulary and chunks of the given sizes. */
export function manifest(...chunkBytes: number[]) {
  const entry = (path: string, bytes: number): { path: string; bytes: number; sha256: string; offset?: number } => ({ path, bytes, sha256: '0'.repeat(64) });
  return {
    format: 'luke-web',
    version: 1,
    files: { tokenizer: entry('tokenizer.json', 4), entityVocab: entry('entity_vocab.json', 2) },
    chunks: chunkBytes.map((bytes, i) => entry(`chunks/${i}.bin`, bytes)),
  };
}

type Body = string | Uint8Array | Uint8Array[];

/** A `fetch` that serves these files of `MODEL` and records the requested paths. `ranges` enables range requests; `missing` is the status for other files. */
export function fakeFetch(files: Record<string, Body>, ranges = false, missing = 404) {
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

/** The contents of the files of `manifest(...chunkBytes)`. */
export function modelFiles(...chunkBytes: number[]): Record<string, Body> {
  return {
    'manifest.json': JSON.stringify(manifest(...chunkBytes)),
    'tokenizer.json': new Uint8Array(4),
    'entity_vocab.json': new Uint8Array(2),
    ...Object.fromEntries(chunkBytes.map((bytes, i) => [`chunks/${i}.bin`, new Uint8Array(bytes).fill(i + 1)])),
  };
}

type Run = (input: never, options: object) => Promise<unknown>;
/** Methods of a model, and functions that run tasks, by name. */
export type Tasks = Partial<WasmModel> & Record<string, (input: any, options: any) => any>;

/** A wasm module that records its calls. The test passes `ner` and may pass other `tasks`; tasks without a function return their arguments. */
export function fakeWasm(ner: Run, finish: () => void = () => {}, tasks: Tasks = {}) {
  const log: string[] = [];
  const echo = async (input: object, options: object) => [{ input, options }];
  const qa = async (input: object, options: object) => ({ input, options, alternatives: [] });
  const outputs = () => ({ logits: { shape: [2], data: new Float32Array([1, 2]) } });
  const model: WasmModel = {
    call: (task, input, options) => ((tasks[task] ?? { ner, qa }[task] ?? echo) as Run)(input as never, options),
    embed: echo,
    forward: async (input) => (Array.isArray(input) ? input.map(outputs) : outputs()),
    info: () => ({ name: 'fake', dtype: 'f32', device: 'wasm', tasks: ['ner'], parameters: 7 }),
    free: () => void log.push('free model'),
    ...tasks,
  };
  const load = async (entries: FileEntry[], read: ReadFile) => {
    for (const [i, entry] of entries.entries()) {
      let length = 0;
      await read(entry, entries[i + 1], (piece) => (length += piece.length));
      log.push(`${entry.path} ${length}`);
    }
    finish();
    log.push('finish');
    return model;
  };
  const module: WasmModule = {
    default: async () => {},
    loadModel: async (json, read) => {
      const { version, files, chunks } = JSON.parse(json) as ReturnType<typeof manifest> & { version: number };
      log.push(`manifest ${version}`);
      return load([files.tokenizer, files.entityVocab, ...chunks], read);
    },
    loadCheckpoint: async (checkpoint, read) => {
      log.push('checkpoint');
      return load(checkpoint.files(), read);
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
  return { module, log };
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
