// The API reference as Markdown, which TypeDoc makes of the package's sources.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Here TypeDoc and its plugin are installed. */
const REFERENCE = at('../../tools/reference');
const OUT = at('.api');
const SETTINGS = [
  'typedoc.json', '../../tools/reference/package.json', '../../tools/reference/typedoc.json', '../../pkg/package.json', '../../pkg/tsconfig.json',
];
/** Says of which sources the Markdown is, because TypeDoc takes several seconds. */
const STAMP = join(OUT, 'sources.txt');

/** Gives a function that reads the Markdown of an entry of the package: `index.md`, `react.md`, `service-worker.md`. */
export function apiMarkdown() {
  const sources = hashOfSources();
  if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== sources) {
    const typedoc = join(REFERENCE, 'node_modules/typedoc/bin/typedoc');
    execFileSync(process.execPath, [typedoc, '--options', at('typedoc.json'), '--logLevel', 'Error'], { cwd: REFERENCE, stdio: 'inherit' });
    writeFileSync(STAMP, sources);
  }
  return (name) => readFileSync(join(OUT, name), 'utf8');
}

/** Of everything that the reference depends on. */
function hashOfSources() {
  const sources = readdirSync(at('../../pkg/src'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = [...SETTINGS.map(at), ...sources.map((entry) => join(entry.parentPath, entry.name)).sort()];
  const hash = createHash('sha256');
  for (const path of paths) hash.update(`${path.slice(at('../..').length)}\0`).update(readFileSync(path));
  return hash.digest('hex');
}
