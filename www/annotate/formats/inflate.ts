// Unpacks zlib data with a bound, so that a small file cannot fill the memory.
import { Unzlib } from 'fflate';
import { joinBytes, MOST_UNPACKED, partsOf } from './bytes.js';
import { messageOf, type Reporter } from './problems.js';

/** The unpacked bytes; `undefined` if they are damaged or too many. */
export function inflate(bytes: Uint8Array, report: Reporter, most = MOST_UNPACKED): Uint8Array | undefined {
  const unpacked: Uint8Array[] = [];
  let length = 0;
  let isWhole = false;
  try {
    const stream = new Unzlib((chunk, isLast) => {
      unpacked.push(chunk.slice());
      length += chunk.length;
      isWhole = isLast;
    });
    for (const { part, isLast } of partsOf(bytes)) {
      stream.push(part, isLast);
      if (length > most) return void report.error(`the unpacked file has more than ${most} bytes`);
    }
  } catch (error) {
    return void report.error(`the file is not zlib data, or it is damaged: ${messageOf(error)}`);
  }
  if (!isWhole) return void report.error('the file ends too early');
  return joinBytes(unpacked);
}
