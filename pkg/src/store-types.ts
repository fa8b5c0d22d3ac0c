import type { Device, LoadOptions } from './types.js';

/** What is known of a model before it is loaded. */
export interface Availability {
  /**
   * - `available` – all files are stored, and a load fetches nothing but the manifest
   * - `partial` – some files are stored
   * - `downloadable` – nothing is stored
   * - `unavailable` – the model cannot be fetched or cannot run here; `reason` says why
   */
  state: 'available' | 'partial' | 'downloadable' | 'unavailable';
  /** Bytes of the model's files that are stored. */
  cachedBytes: number;
  /** Bytes of all files that a load reads. 0 if they are not known, as for a checkpoint that was not loaded before. */
  totalBytes: number;
  /** Where the model would run. */
  device: Device;
  /** Why the model is not available, or why `auto` would use the CPU. */
  reason?: string | undefined;
}

/** A model in the store. */
export interface StoredModel {
  /** URL of its manifest, without the query, which is not stored: it may contain a token. Models that differ only in the query have the same. */
  url: string;
  /** Name from its manifest. */
  name: string;
  /** Bytes of the files that a load reads. */
  bytes: number;
  /** Bytes that are stored, with those chunks of the entity table that were fetched. Models may share files. */
  storedBytes: number;
  /** Whether a load needs no network. */
  complete: boolean;
  /** When it was stored, in milliseconds since 1970. */
  storedAt: number;
}

/** How much is stored. */
export interface StorageUsage {
  /** Bytes of all files of this package's store. */
  storedBytes: number;
  /** Bytes that this website uses in all, and bytes that the browser allows it: `navigator.storage.estimate()`. */
  usedBytes: number;
  quotaBytes: number;
  /** Whether the browser promised to delete nothing when the disk is full. */
  persistent: boolean;
}

/** Number of stored files of a model that are as they were stored, that were damaged and are now deleted, and that are missing. */
export interface Verification {
  ok: number;
  bad: number;
  missing: number;
}

/** The load options that `availability` and `models` take. */
export type StoreOptions = Pick<LoadOptions, 'cache' | 'hub' | 'manifestHash' | 'parallelDownloads' | 'retries' | 'stallMs' | 'fetch' | 'headers' | 'signal' | 'worker' | 'wasmUrl'>;

/** Options of `models.prefetch`. */
export interface PrefetchOptions extends StoreOptions, Pick<LoadOptions, 'onProgress' | 'persist'> {
  /** Whether to fetch all chunks of the entity table too, which calls fetch as they need them (default `false`). */
  entityTable?: boolean | undefined;
}
