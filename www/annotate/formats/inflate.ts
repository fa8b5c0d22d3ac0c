// Unpacks zlib data with a bound, so that a small file cannot fill the memory.
import { Unzlib } from 'fflate';
import type { Reporter } from './problems.js';

const MOST_BYTES = 1 << 29;
/** A byte makes at most 1,032 bytes, so the bound is looked at each 16 MiB. */
const CHUNK = 1 << 14;

/** The unpacked bytes; `undefined` if they are damaged or too many. */
export function inflate(bytes: Uint8Array, report: Reporter, most = MOST_BYTES): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  let length = 0;
  let isWhole = false;
  try {
    const stream = new Unzlib((part, final) => {
      parts.push(part.slice());
      length += part.length;
      isWhole = final;
    });
    for (let start = 0; start < bytes.length; start += CHUNK) {
      stream.push(bytes.subarray(start, start + CHUNK), start + CHUNK >= bytes.length);
      if (length > most) return void report.error(`the unpacked file has more than ${most} bytes`);
    }
  } catch (error) {
    return void report.error(`the file is no zlib data, or it is damaged: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isWhole) return void report.error('the file ends too early');
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
