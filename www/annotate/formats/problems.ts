// How formats say what is wrong in a file. All problems have one style: `spans[3].start: "x" is not a whole number`.
import type { Problem } from './format.js';

/** So many problems are listed one by one. A hostile file could have millions. */
const MAX_LISTED = 1000;

/** The problems of one call of `read`. */
export class ProblemList {
  readonly #listed: Problem[] = [];
  /** For each file, how many problems are not listed, and whether one of them is an error. */
  readonly #more = new Map<string, { count: number; kind: Problem['kind'] }>();

  add(problem: Problem): void {
    if (this.#listed.length < MAX_LISTED) return void this.#listed.push(problem);
    const more = this.#more.get(problem.file) ?? { count: 0, kind: 'loss' };
    this.#more.set(problem.file, { count: more.count + 1, kind: problem.kind === 'error' ? 'error' : more.kind });
  }

  /** In the order of the files and of their lines. */
  get all(): readonly Problem[] {
    const more = [...this.#more].map(([file, { count, kind }]) => ({ file, kind, reason: `${count} more problems are not listed` }));
    const files = new Map([...new Set(this.#listed.map(({ file }) => file))].map((file, index) => [file, index]));
    const listed = this.#listed.toSorted((a, b) => files.get(a.file)! - files.get(b.file)! || (a.line ?? 0) - (b.line ?? 0));
    return [...listed, ...more];
  }

  /** Reports problems of a file. */
  of(file: string): Reporter {
    return new Reporter(this, file);
  }
}

/** Reports problems of one place: a file, a line of it, a field in the line. */
export class Reporter {
  readonly #list: ProblemList;
  readonly #path: () => string;
  readonly file: string;
  readonly line: number | undefined;

  constructor(list: ProblemList, file: string, line?: number, path: () => string = () => '') {
    this.#list = list;
    this.file = file;
    this.line = line;
    this.#path = path;
  }

  /** For a line, or a row, counted from 1. */
  at(line: number): Reporter {
    return new Reporter(this.#list, this.file, line, this.#path);
  }

  /** For a field, or an element of a list. */
  in(step: string | number): Reporter {
    return new Reporter(this.#list, this.file, this.line, () => join(this.#path(), step));
  }

  /** Something was left out or changed. */
  loss(reason: string): void {
    this.#add('loss', reason);
  }

  /** The whole file, or the whole line of it, could not be read. */
  error(reason: string): void {
    this.#add('error', reason);
  }

  #add(kind: Problem['kind'], reason: string): void {
    const path = this.#path();
    const where = this.line === undefined ? {} : { line: this.line };
    this.#list.add({ file: this.file, ...where, kind, reason: path ? `${path}: ${reason}` : reason });
  }
}

function join(path: string, step: string | number): string {
  if (typeof step === 'number') return `${path}[${step}]`;
  return path ? `${path}.${step}` : step;
}

/** The message of an exception. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
