// Prints the folders of npm packages and of all that they need.
//   node tools/gpu/packages.mjs NAME...
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const found = new Set();
for (const name of process.argv.slice(2)) add(name, '.');
for (const path of found) console.log(path);

/** Adds a package that the folder `from` imports, as Node.js finds it. */
function add(name, from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name);
    if (existsSync(join(path, 'package.json'))) {
      if (found.has(path)) return;
      found.add(path);
      for (const needed of Object.keys(JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')).dependencies ?? {})) add(needed, path);
      return;
    }
    if (folder === '.') throw new Error(`${name}, which ${from} needs, is not installed`);
  }
}
