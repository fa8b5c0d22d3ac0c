// Where the files of a model go on disk. Their names come from a server.
import { join } from 'node:path';
import { LukeError } from '../src/errors.js';

/**
 * What some file system does not take, or takes for something else: on Windows a drive, a stream of a file, and a dot or space at the end.
 * `%` may stand for any other sign in a URL.
 */
const UNFIT = /[\\:*?"<>|%\p{Cc}]|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/iu;

/** The place of a file in a folder. Throws `format` if its path would lead out of the folder, or is no name for a file. */
export function placeIn(folder: string, path: string): string {
  const names = path.split('/');
  const bad = names.find((name) => name === '' || name.startsWith('.') || name.endsWith('.part') || UNFIT.test(name));
  if (bad !== undefined) throw new LukeError('format', `the model has a file that cannot be kept in a folder: ${JSON.stringify(path)}`, { file: path });
  return join(folder, ...names);
}
