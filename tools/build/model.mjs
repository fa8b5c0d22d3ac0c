// Makes the folder of the default model ready to be packed as an npm package: `node tools/build/model.mjs`. The package has the files of
// the folder as they are. They must be those of the manifest, and the license must be beside them.
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './settings.mjs';

export const MODEL = join(ROOT, 'www/models/luke-mini-en');

/** Throws if a file of the model folder is not as its manifest says, or would not be packed. Returns the number of its files. */
export function checkModel(folder) {
  const { files, chunks, entityTable, taughtHeads = [] } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  const { files: packed, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const entries = [...Object.values(files).filter(Boolean), ...taughtHeads.map(({ file }) => file), ...chunks, ...(entityTable?.chunks ?? [])];
  for (const { path, bytes, sha256 } of entries) {
    const content = readFileSync(join(folder, path));
    const hash = createHash('sha256').update(content).digest('hex');
    if (content.length !== bytes || hash !== sha256) throw new Error(`${path} is not the file that the manifest says`);
    if (!packed.some((name) => path === name || path.startsWith(`${name}/`))) throw new Error(`${path} is not in the files of package.json`);
  }
  if (!packed.includes('manifest.json')) throw new Error('manifest.json is not in the files of package.json');
  if (license !== 'Apache-2.0') throw new Error(`package.json has the license ${license}, and the license file is Apache-2.0`);
  return entries.length + 1;
}

/** Checks the default model, and puts its license beside it. */
export function prepareModel() {
  const count = checkModel(MODEL);
  copyFileSync(join(ROOT, 'LICENSE-APACHE'), join(MODEL, 'LICENSE'));
  return count;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.error(`luke-mini-en: ${prepareModel()} files are as its manifest says`);
