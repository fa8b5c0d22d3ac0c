// Counts the bytes of a load and makes its events.
import { key } from './fetcher.js';
import type { FileEntry } from './manifest.js';
import type { LoadBytes, LoadEvent, LoadFacts, LoadPhase } from './types.js';

/** An event needs the facts of its phase, if there are any. */
type Facts<P extends LoadPhase> = {} extends LoadFacts[P] ? [] : [facts: LoadFacts[P]];

export class Progress {
  /** The bytes of each file. */
  readonly #files = new Map<string, LoadBytes>();
  readonly #sum: LoadBytes = { loadedBytes: 0, totalBytes: 0, storedBytes: 0 };
  readonly #report: (event: LoadEvent) => void;
  #isReady = false;

  constructor(report: (event: LoadEvent) => void) {
    this.#report = report;
  }

  /** Adds files to the total. Bytes of other files are not counted. */
  expect(files: readonly FileEntry[]): void {
    for (const entry of files) {
      if (this.#files.has(key(entry))) continue;
      this.#files.set(key(entry), { loadedBytes: 0, totalBytes: entry.bytes, storedBytes: 0 });
      this.#sum.totalBytes += entry.bytes;
    }
  }

  /**
   * So many bytes of a file are here, of which `stored` were in the store. A file that is fetched a second time is not counted twice: the
   * bytes become fewer only with 0, which takes back all of them.
   */
  count(entry: FileEntry, here: number, stored: number): void {
    const file = this.#files.get(key(entry));
    if (!file) return;
    const { loadedBytes, storedBytes, totalBytes } = file;
    file.loadedBytes = here && Math.min(Math.max(here, loadedBytes), totalBytes);
    file.storedBytes = Math.min(stored, file.loadedBytes);
    this.#sum.loadedBytes += file.loadedBytes - loadedBytes;
    this.#sum.storedBytes += file.storedBytes - storedBytes;
    if (file.loadedBytes > loadedBytes) this.event('download', { file: entry.path });
  }

  /** Reports that a file is tried again, and why. */
  retry(file: string, { message }: Error, attempt: number, waitMs: number): void {
    this.event('retry', { file, attempt, waitMs: Math.round(waitMs), reason: message });
  }

  /** Reports an event, unless the load is over. */
  event<P extends LoadPhase>(phase: P, ...[facts]: Facts<P>): void {
    if (this.#isReady) return;
    this.#isReady = phase === 'ready';
    this.#report({ phase, ...facts, ...this.#sum } as LoadEvent);
  }
}
