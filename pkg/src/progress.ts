// Counts the bytes of a load and makes its events.
import { key } from './fetcher.js';
import type { FileEntry } from './manifest.js';
import type { LoadEvent, LoadPhase } from './types.js';

/** What an event has besides the phase and the bytes. */
type Facts = Omit<LoadEvent, 'phase' | 'loadedBytes' | 'totalBytes' | 'storedBytes'>;

export class Progress {
  /** Bytes of each file that are here. A file that is fetched a second time is not counted twice. */
  readonly #here = new Map<string, number>();
  readonly #files = new Map<string, number>();
  readonly #report: (event: LoadEvent) => void;
  #loadedBytes = 0;
  #totalBytes = 0;
  #storedBytes = 0;

  constructor(report: (event: LoadEvent) => void) {
    this.#report = report;
  }

  /** Adds files to the total. Bytes of other files are not counted. */
  expect(files: readonly FileEntry[]): void {
    for (const entry of files) {
      if (this.#files.has(key(entry))) continue;
      this.#files.set(key(entry), entry.bytes);
      this.#totalBytes += entry.bytes;
    }
  }

  /** Bytes of a file came. A negative number takes back bytes that were wrong. */
  add(entry: FileEntry, bytes: number, from: 'network' | 'store'): void {
    const total = this.#files.get(key(entry));
    if (total === undefined) return;
    const before = this.#here.get(key(entry)) ?? 0;
    const now = Math.max(Math.min(before + bytes, total), 0);
    this.#here.set(key(entry), now);
    this.#loadedBytes += now - before;
    if (from === 'store') this.#storedBytes += now - before;
    if (now > before) this.event('download', { file: entry.path });
  }

  event(phase: LoadPhase, facts: Facts = {}): void {
    const { loadedBytes, totalBytes, storedBytes } = { loadedBytes: this.#loadedBytes, totalBytes: this.#totalBytes, storedBytes: this.#storedBytes };
    this.#report({ phase, ...facts, loadedBytes, totalBytes, storedBytes });
  }
}
