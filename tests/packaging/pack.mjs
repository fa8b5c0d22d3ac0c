// Packs an npm package as `npm publish` does.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PACKAGE = fileURLToPath(new URL('../../pkg', import.meta.url));

/** Packs a package into a folder: the path of the tarball, and the paths of the files in it. */
export function pack(folder, source = PACKAGE) {
  const output = execFileSync('npm', ['pack', source, '--pack-destination', folder, '--json', '--foreground-scripts=false'], { encoding: 'utf8', cwd: folder });
  const parsed = JSON.parse(output);
  const { filename, files } = Array.isArray(parsed) ? parsed[0] : Object.values(parsed)[0]; // npm 12 gives an object
  return { tarball: join(folder, filename), files: files.map(({ path }) => path).sort() };
}
