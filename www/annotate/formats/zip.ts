// Zip files: unpacking with bounds, so that a small file cannot fill the memory, and packing.
import { Unzip, UnzipInflate, zipSync, type UnzipFile } from 'fflate';
import { show } from '../model/show.js';
import { joinBytes, MOST_UNPACKED, partsOf } from './bytes.js';
import type { InputFile } from './format.js';
import { messageOf, type ProblemList, type Reporter } from './problems.js';

/** Bounds for what is unpacked from one zip file. */
interface ZipLimits {
  readonly files: number;
  /** Of all files together, in bytes. */
  readonly bytes: number;
  /** How many times larger the files may be than the zip file. Text is packed to a third or a tenth, seldom to a hundredth. */
  readonly ratio: number;
  /** Up to so many bytes the ratio is not checked: a small file of one repeated letter is not an attack. */
  readonly free: number;
}

const LIMITS: ZipLimits = { files: 100_000, bytes: MOST_UNPACKED, ratio: 200, free: 1 << 24 };

/** Whether bytes begin like a zip file. An empty zip file begins differently. */
function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && ((bytes[2] === 3 && bytes[3] === 4) || (bytes[2] === 5 && bytes[3] === 6));
}

/**
 * Replaces each zip file by the files in it, in their order. Folders, and files that systems add (`__MACOSX`, `.DS_Store`), are left out. With
 * several files in the selection, the names begin with the name of their zip file.
 */
export function expandZips(files: readonly InputFile[], problems: ProblemList, limits: ZipLimits = LIMITS): readonly InputFile[] {
  return files.flatMap((file) => {
    if (!isZip(file.bytes)) return [file];
    const folder = files.length > 1 ? `${file.name}/` : '';
    return unzip(file.bytes, problems.of(file.name), limits).map(({ name, bytes }) => ({ name: folder + name, bytes }));
  });
}

/** Unpacks one zip file. If a bound is passed or the file is damaged, that is an error, and there are no files. */
function unzip(bytes: Uint8Array, report: Reporter, limits: ZipLimits = LIMITS): readonly InputFile[] {
  const reader = new ZipReader(bytes, report, limits);
  try {
    reader.run();
    return reader.files;
  } catch (error) {
    report.error(error instanceof ZipProblem ? error.message : `the zip file is damaged: ${messageOf(error)}`);
    return [];
  }
}

/** Packs files. The same files give the same bytes: times are not kept. */
export function zip(files: readonly InputFile[]): Uint8Array {
  const entries: { [name: string]: Uint8Array } = Object.create(null) as { [name: string]: Uint8Array };
  for (const { name, bytes } of files) entries[name] = bytes;
  return zipSync(entries, { mtime: new Date(1980, 0, 1) });
}

class ZipProblem extends Error {}

class ZipReader {
  readonly files: InputFile[] = [];
  readonly #zip: Uint8Array;
  readonly #report: Reporter;
  readonly #limits: ZipLimits;
  readonly #names = new Set<string>();
  #entries = 0;
  #bytes = 0;
  #open: string | undefined;
  #error: Error | undefined;

  constructor(zip: Uint8Array, report: Reporter, limits: ZipLimits) {
    this.#zip = zip;
    this.#report = report;
    this.#limits = limits;
  }

  run(): void {
    // `unzipSync` would trust the sizes that the file states. The stream does not.
    const stream = new Unzip((entry) => this.#enter(entry));
    stream.register(UnzipInflate);
    for (const { part, isLast } of partsOf(this.#zip)) {
      stream.push(part, isLast);
      if (this.#error) throw this.#error;
    }
    if (this.#open !== undefined) throw new ZipProblem(`the zip file ends inside ${show(this.#open)}`);
    checkDirectory(this.#zip);
  }

  #enter(entry: UnzipFile): void {
    const name = entry.name.replaceAll('\\', '/');
    if (++this.#entries > this.#limits.files) throw new ZipProblem(`the zip file has more than ${this.#limits.files} files`);
    if (isIgnored(name)) return;
    const refused = this.#refuse(name, entry);
    if (refused !== undefined) {
      this.#report.loss(`${show(name)} in the zip file is left out: ${refused}`);
      return;
    }
    this.#names.add(name);
    this.#unpack(name, entry);
  }

  #refuse(name: string, entry: UnzipFile): string | undefined {
    if (name.startsWith('/') || name.split('/').includes('..')) return 'its name leads out of the folder';
    if (this.#names.has(name)) return 'a file of this name came before';
    if (entry.compression !== 0 && entry.compression !== 8) return `its compression (number ${entry.compression}) is not known`;
    return undefined;
  }

  #unpack(name: string, entry: UnzipFile): void {
    const chunks: Uint8Array[] = [];
    let length = 0;
    this.#open = name;
    entry.ondata = (error, chunk, final) => {
      if (error || this.#error) {
        this.#error ??= new ZipProblem(`${show(name)} in the zip file is damaged: ${error?.message ?? 'it cannot be unpacked'}`);
        return;
      }
      length += chunk.length;
      this.#bytes += chunk.length;
      this.#error = this.#tooLarge();
      if (this.#error) return;
      chunks.push(chunk.slice());
      if (!final) return;
      this.#open = undefined;
      if (entry.originalSize !== undefined && entry.originalSize !== length) {
        this.#error = new ZipProblem(`${show(name)} in the zip file is damaged: it has ${length} bytes, not ${entry.originalSize}`);
      }
      this.files.push({ name, bytes: joinBytes(chunks) });
    };
    entry.start();
  }

  #tooLarge(): ZipProblem | undefined {
    if (this.#bytes > this.#limits.bytes) return new ZipProblem(`the files in the zip file have more than ${this.#limits.bytes} bytes`);
    if (this.#bytes <= this.#limits.free || this.#bytes <= this.#limits.ratio * this.#zip.length) return undefined;
    return new ZipProblem(`the files in the zip file are more than ${this.#limits.ratio} times larger than the zip file`);
  }
}

function isIgnored(name: string): boolean {
  return name.endsWith('/') || name.startsWith('__MACOSX/') || /(^|\/)(\.DS_Store|Thumbs\.db)$/.test(name);
}

/** Each zip file ends with a list of its files, which tells whether they are encrypted. Nothing else is read from it. */
function checkDirectory(bytes: Uint8Array): void {
  const end = endOfDirectory(bytes);
  if (end === undefined) throw new ZipProblem('the zip file has no list of files at its end: it was not copied to its end');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint16(end + 10, true);
  for (let index = 0, at = view.getUint32(end + 16, true); index < count && at + 46 <= end; index++) {
    if ((view.getUint16(at + 8, true) & 1) === 1) throw new ZipProblem('the zip file is encrypted');
    at += 46 + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
}

/** Where the record is that ends the list; a comment of up to 65,535 bytes may follow it. */
function endOfDirectory(bytes: Uint8Array): number | undefined {
  for (let i = bytes.length - 22; i >= Math.max(0, bytes.length - 22 - 0xffff); i--) {
    if (bytes[i] === 0x50 && bytes[i + 1] === 0x4b && bytes[i + 2] === 5 && bytes[i + 3] === 6) return i;
  }
  return undefined;
}
