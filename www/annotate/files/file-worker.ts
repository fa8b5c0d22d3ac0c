// The page's side of reading and writing files: each job has a worker of its own, so a hostile file cannot block the page, and a job that
// is not wanted any more is ended at once. The code of the formats is loaded with the first worker.
import type { FormatInfo, InputFile } from '../formats/format.js';
import type { AnnotatedDocument, Corpus } from '../model/types.js';
import { BACKUP, selected, type ReadChoice, type ReadPlan, type WriteChoice, type WritePlan } from './choices.js';
import { documentParts, type Answer, type Request } from './protocol.js';

/** The part of `Worker` that is used. */
export interface JobWorker {
  onmessage: ((event: MessageEvent<Answer>) => void) | null;
  onmessageerror: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(message: Request): void;
  terminate(): void;
}

export interface JobOptions {
  /** Ends the job: its promise rejects with the reason of the signal. */
  readonly signal?: AbortSignal;
  /** How many of the documents have come from the worker, or are sent to it. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Written so that bundlers find the script. */
const startWorker = (): JobWorker => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });

export class FileWorker {
  readonly #start: () => JobWorker;
  #formats: Promise<readonly FormatInfo[]> | undefined;

  constructor(start: () => JobWorker = startWorker) {
    this.#start = start;
  }

  /** All formats, in the order in which people are offered them. */
  formats(): Promise<readonly FormatInfo[]> {
    const asked = (this.#formats ??= this.#run({}, (job) => {
      job.post({ kind: 'formats' });
      return (answer) => (answer.kind === 'formats' ? answer.formats : undefined);
    }));
    asked.catch(() => (this.#formats = undefined)); // the next call tries again
    return asked;
  }

  /** Reads files. What is wrong in a file is a problem of the plan, not an error. Then all formats are known too. */
  read(files: readonly InputFile[], choice: ReadChoice, options: JobOptions = {}): Promise<ReadPlan> {
    return this.#run(options, (job) => {
      const documents: AnnotatedDocument[] = [];
      job.post({ kind: 'read', files, choice });
      return (answer) => {
        if (answer.kind === 'read') {
          this.#formats ??= Promise.resolve(answer.formats);
          return { ...answer.plan, corpus: { ...answer.plan.corpus, documents } };
        }
        if (answer.kind !== 'documents') return undefined;
        for (const document of answer.documents) documents.push(document);
        options.onProgress?.(documents.length, answer.total);
        return undefined;
      };
    });
  }

  /** Writes documents into a file. `chosen` has the ids for the filter `chosen`. */
  async write(whole: Corpus, choice: WriteChoice, chosen: ReadonlySet<string> = new Set(), options: JobOptions = {}): Promise<WritePlan> {
    const { documents, ...rest } = selected(whole, choice.documents, chosen);
    const plan = await this.#run(options, (job) => {
      const send = async (): Promise<void> => {
        let sent = 0;
        for (const part of documentParts(documents)) {
          job.post({ kind: 'documents', documents: part });
          options.onProgress?.((sent += part.length), documents.length);
          await new Promise((next) => setTimeout(next)); // the page can do other work between two parts
          if (job.isOver) return;
        }
        job.post({ kind: 'write', corpus: { ...rest, documents: [] }, choice: { ...choice, documents: 'all' } });
      };
      send().catch(job.fail);
      return (answer: Answer) => (answer.kind === 'written' ? answer.plan : undefined);
    });
    return { ...plan, isBackup: plan.isBackup && documents.length === whole.documents.length };
  }

  /** The whole project in our own format. */
  async backup(corpus: Corpus): Promise<InputFile> {
    return (await this.write(corpus, BACKUP)).file;
  }

  /** Does one job in a worker of its own. `begin` sends requests; what it returns gets the answers, and gives the result with the last one. */
  async #run<T>({ signal }: JobOptions, begin: (job: Job) => (answer: Answer) => T | undefined): Promise<T> {
    signal?.throwIfAborted();
    const worker = this.#start();
    let isOver = false;
    let stop = (): void => undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        stop = () => reject(signal?.reason);
        signal?.addEventListener('abort', stop);
        worker.onerror = (event) => reject(new Error(failure(event.message)));
        worker.onmessageerror = () => reject(new Error(failure('a message could not be read')));
        const take = begin({ post: (request) => worker.postMessage(request), fail: reject, get isOver() { return isOver; } });
        worker.onmessage = ({ data }) => {
          if (data.kind === 'failed') return reject(new Error(data.reason));
          const result = take(data);
          if (result !== undefined) resolve(result);
        };
      });
    } finally {
      isOver = true;
      signal?.removeEventListener('abort', stop);
      worker.terminate();
    }
  }
}

/** A job as it sends its requests. */
interface Job {
  readonly isOver: boolean;
  post(request: Request): void;
  fail(error: unknown): void;
}

/** A script that could not be loaded gives an event without a message. */
function failure(reason: string | undefined): string {
  return `the part of this page that reads and writes files ${reason ? `has failed: ${reason}` : 'could not be loaded. Reload the page'}`;
}

/** The one of the page. */
export const fileWorker = new FileWorker();
