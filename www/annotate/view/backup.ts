// Keeps a copy of a project in a file that the person chose. The browser must be able to write files (File System Access API).
import { fileWorker } from '../files/file-worker.js';
import type { InputFile } from '../formats/format.js';
import { messageOf } from '../formats/problems.js';
import type { Corpus } from '../model/types.js';
import type { KeptFile } from '../store/schema.js';

export type BackupFile = KeptFile;

/** Where the chosen file is kept until the next visit. */
export interface Kept {
  get(): Promise<BackupFile | undefined>;
  put(file: BackupFile): Promise<void>;
  delete(): Promise<void>;
}

/** The part of a project that is used. */
export interface BackupSource {
  backupState(): Promise<{ readonly revision: number; readonly changes: number }>;
  corpus(): Promise<Corpus>;
  backupDone(revision: number): Promise<void>;
}

export type BackupStatus =
  /** No file was chosen. */
  | { readonly kind: 'off' }
  /** The file has everything, or will get it soon. */
  | { readonly kind: 'on'; readonly file: string; readonly savedAt?: number }
  | { readonly kind: 'writing'; readonly file: string }
  /** The browser writes it only after it has asked the person again, and that needs a click: `allow`. */
  | { readonly kind: 'locked'; readonly file: string }
  /** It is tried again after the next edit. */
  | { readonly kind: 'failed'; readonly file: string; readonly reason: string };

export interface BackupOptions {
  /** The file is written after so many edits (default 50) … */
  readonly edits?: number;
  /** … or after so long without an edit (default 60 s). */
  readonly idleMs?: number;
  readonly onStatus?: (status: BackupStatus) => void;
  /** Without it, the file is to be chosen again at each visit. */
  readonly kept?: Kept;
  /** Makes the file of a project (default: the worker of the page does). */
  readonly fileOf?: (corpus: Corpus) => Promise<InputFile>;
  readonly now?: () => number;
  readonly setTimer?: (work: () => void, ms: number) => number;
  readonly clearTimer?: (timer: number) => void;
}

export class Backup {
  readonly #source: BackupSource;
  readonly #options: BackupOptions;
  #status: BackupStatus = { kind: 'off' };
  #file: BackupFile | undefined;
  #edits = 0;
  #timer: number | undefined;
  /** The write that runs. */
  #writing: Promise<void> | undefined;

  constructor(source: BackupSource, options: BackupOptions = {}) {
    this.#source = source;
    this.#options = options;
  }

  get status(): BackupStatus {
    return this.#status;
  }

  /** Writes everything into the file, and keeps it up to date from now on. */
  async start(file: BackupFile): Promise<void> {
    this.#file = file;
    await this.#unlocked(file);
    await this.#options.kept?.put(file).catch(() => undefined); // then it is to be chosen again at the next visit
  }

  /** Goes on with the file of the last visit. */
  async resume(): Promise<void> {
    const file = await this.#options.kept?.get().catch(() => undefined);
    if (!file || this.#file) return;
    this.#file = file;
    this.#setStatus({ kind: (await this.#mayWrite(file, 'queryPermission')) ? 'on' : 'locked', file: file.name });
  }

  /** Writes now. To be called at a click: the browser may ask the person. */
  async allow(): Promise<void> {
    const file = this.#file;
    if (file && (await this.#mayWrite(file, 'requestPermission'))) await this.#unlocked(file);
  }

  /** Writes what the file does not have yet. */
  async flush(): Promise<void> {
    if (this.#edits || this.#status.kind === 'failed') await this.write();
    await this.#writing;
  }

  /** Writes no more, and forgets the file, which stays. A write that runs goes to its end. */
  stop(): void {
    this.pause();
    this.#options.kept?.delete().catch(() => undefined); // then it goes on at the next visit, and can be stopped there
  }

  /** Writes no more until `resume`. */
  pause(): void {
    this.#file = undefined;
    this.#edits = 0;
    this.#stopTimer();
    this.#setStatus({ kind: 'off' });
  }

  /** To be called after each edit of this tab. */
  edited(): void {
    if (!this.#file || this.#status.kind === 'locked') return;
    this.#edits += 1;
    this.#stopTimer();
    if (this.#edits >= (this.#options.edits ?? 50)) return void this.write();
    this.#startTimer();
  }

  /** Writes now. It never rejects: the status says what failed. */
  async write(): Promise<void> {
    while (this.#writing) await this.#writing;
    const file = this.#file;
    if (!file || this.#status.kind === 'locked') return;
    this.#stopTimer();
    this.#edits = 0;
    this.#writing = this.#write(file);
    await this.#writing;
  }

  async #write(file: BackupFile): Promise<void> {
    this.#setStatus({ kind: 'writing', file: file.name });
    let result: BackupStatus;
    try {
      const { revision } = await this.#source.backupState();
      const { bytes } = await (this.#options.fileOf ?? ((corpus) => fileWorker.backup(corpus)))(await this.#source.corpus());
      await replaceFile(file, new Blob([new Uint8Array(bytes)]));
      await this.#source.backupDone(revision);
      result = { kind: 'on', file: file.name, savedAt: (this.#options.now ?? Date.now)() };
    } catch (error) {
      const isDenied = error instanceof DOMException && error.name === 'NotAllowedError';
      result = isDenied ? { kind: 'locked', file: file.name } : { kind: 'failed', file: file.name, reason: messageOf(error) };
    }
    this.#writing = undefined;
    if (this.#file === file) this.#setStatus(result);
  }

  async #unlocked(file: BackupFile): Promise<void> {
    this.#status = { kind: 'on', file: file.name }; // what is told is the write
    await this.write();
  }

  async #mayWrite(file: BackupFile, ask: 'queryPermission' | 'requestPermission'): Promise<boolean> {
    try {
      return ((await file[ask]?.({ mode: 'readwrite' })) ?? 'granted') === 'granted';
    } catch {
      return false; // as without a click
    }
  }

  #setStatus(status: BackupStatus): void {
    this.#status = status;
    this.#options.onStatus?.(status);
  }

  #startTimer(): void {
    const start = this.#options.setTimer ?? ((work, ms) => Number(setTimeout(work, ms)));
    this.#timer = start(() => void this.write(), this.#options.idleMs ?? 60_000);
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) (this.#options.clearTimer ?? clearTimeout)(this.#timer);
    this.#timer = undefined;
  }
}

async function replaceFile(file: BackupFile, data: Blob): Promise<void> {
  const stream = await file.createWritable();
  try {
    await stream.write(data);
    await stream.close();
  } catch (error) {
    await stream.abort(error).catch(() => undefined); // the first error is the one that says why
    throw error;
  }
}
