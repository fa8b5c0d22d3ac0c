// The npm package and the site: installed, compiled and put together by npm's scripts.
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepareModel } from './model.mjs';
import { ROOT } from './settings.mjs';
import { BuildError } from './steps.mjs';

const LOCK = join(ROOT, 'package-lock.json');
/** A copy of the lock file that the npm packages were installed by. */
const INSTALLED = join(ROOT, 'node_modules/.luke-lock');

export class PackageBuild {
  #settings;
  #processes;

  constructor(settings, processes) {
    this.#settings = settings;
    this.#processes = processes;
  }

  /** Installs the npm packages of package-lock.json, unless they are installed. */
  async npmCi(onLine) {
    if (existsSync(INSTALLED) && readFileSync(INSTALLED).equals(readFileSync(LOCK))) return;
    if (!this.#settings.mayInstall) throw new BuildError('missing: npm packages    (npm ci)');
    await this.#processes.run('npm', ['ci', '--no-audit', '--no-fund'], { onLine });
    copyFileSync(LOCK, INSTALLED);
  }

  /** Makes pkg/dist, or www/dist with the wasm modules that are there. */
  compile(workspace, onLine) {
    return this.#processes.run('npm', ['run', '--silent', '--workspace', workspace, 'build'], { onLine });
  }

  /** Makes www/dist/docs: the documents as pages. */
  documents(onLine) {
    return this.#processes.run('npm', ['run', '--silent', '--workspace', 'www', 'docs'], { onLine });
  }

  /** Makes the folder of the default model a package that can be packed. */
  async model() {
    prepareModel();
  }
}
