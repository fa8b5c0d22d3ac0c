// The options of a load as the engine gets them: with their defaults, and only plain data.
import type { EngineOptions } from './protocol.js';
import type { LoadOptions } from './types.js';
import { absoluteUrl } from './validate.js';

type Options = Pick<LoadOptions, 'cache' | 'manifestHash' | 'parallelDownloads' | 'retries' | 'stallMs' | 'headers' | 'wasmUrl' | 'fetch'>;

/** The part that loads and the store share. */
export function engineOptions(options: Options): Omit<EngineOptions, 'device' | 'threads' | 'selfTest' | 'heads'> {
  const { cache = 'auto', manifestHash, parallelDownloads = 4, retries = 3, stallMs = 15_000, headers, wasmUrl, fetch } = options;
  return {
    cache, parallelDownloads, retries, stallMs, ...(manifestHash !== undefined && { manifestHash }), ...(headers && { headers }),
    ...(wasmUrl !== undefined && { wasmUrl: absoluteUrl('wasmUrl', wasmUrl) }), remoteFetch: fetch !== undefined,
  };
}
