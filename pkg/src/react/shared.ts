// The models that components have loaded. Components with the same model share it, and it is disposed when the last one goes.
import { Luke, type LoadEvent, type LoadOptions } from '../index.js';

/** What a component knows of a model. */
export type LoadState =
  | { readonly status: 'idle' | 'loading'; readonly luke: undefined; readonly progress: LoadEvent | undefined; readonly error: undefined }
  | { readonly status: 'ready'; readonly luke: Luke; readonly progress: LoadEvent | undefined; readonly error: undefined }
  | { readonly status: 'error'; readonly luke: undefined; readonly progress: LoadEvent | undefined; readonly error: unknown };

export const IDLE: LoadState = { status: 'idle', luke: undefined, progress: undefined, error: undefined };
export const LOADING: LoadState = { ...IDLE, status: 'loading' };

/** Events of a download come faster than a page should be drawn. */
const PROGRESS_MS = 100;

const models = new Map<string, SharedModel>();

/** The state of the model with this key. */
export function stateOf(key: string): LoadState {
  return models.get(key)?.state ?? LOADING;
}

/** Loads the model unless it is there, and tells the listener about changes. Returns what ends that. */
export function join(key: string, model: string | URL, options: LoadOptions, listener: () => void): () => void {
  const shared = models.get(key) ?? new SharedModel(key, model, options);
  return shared.join(listener);
}

/** Loads the model again if its load has failed. */
export function retry(key: string): void {
  models.get(key)?.retry();
}

class SharedModel {
  state = LOADING;
  readonly #key: string;
  readonly #model: string | URL;
  readonly #options: LoadOptions;
  readonly #listeners = new Set<() => void>();
  /** Aborts with the last component. */
  readonly #abort = new AbortController();
  #progress: LoadEvent | undefined;
  #leaving: ReturnType<typeof setTimeout> | undefined;
  #drawing: ReturnType<typeof setTimeout> | undefined;

  constructor(key: string, model: string | URL, options: LoadOptions) {
    this.#key = key;
    this.#model = model;
    this.#options = options;
    models.set(key, this);
    void this.#load();
  }

  join(listener: () => void): () => void {
    clearTimeout(this.#leaving);
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      // StrictMode, and a component that replaces another, join again at once.
      if (this.#listeners.size === 0) this.#leaving = setTimeout(() => this.#end(), 0);
    };
  }

  retry(): void {
    if (this.state.status !== 'error') return;
    this.#progress = undefined;
    this.#change(LOADING);
    void this.#load();
  }

  async #load(): Promise<void> {
    const { signal } = this.#abort;
    try {
      const luke = await Luke.load(this.#model, { ...this.#options, signal, onProgress: (event) => this.#onProgress(event) });
      if (signal.aborted) await luke.dispose();
      else this.#change({ status: 'ready', luke, progress: this.#progress, error: undefined });
    } catch (error) {
      if (!signal.aborted) this.#change({ status: 'error', luke: undefined, progress: this.#progress, error });
    }
  }

  #onProgress(progress: LoadEvent): void {
    this.#progress = progress;
    this.#drawing ??= setTimeout(() => this.#change({ ...LOADING, progress: this.#progress }), PROGRESS_MS);
  }

  #change(state: LoadState): void {
    clearTimeout(this.#drawing);
    this.#drawing = undefined;
    this.state = state;
    for (const listener of this.#listeners) listener();
  }

  #end(): void {
    models.delete(this.#key);
    clearTimeout(this.#drawing);
    this.#abort.abort();
    void this.state.luke?.dispose();
  }
}
