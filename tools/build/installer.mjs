// Installs what is missing and says so, or, where nothing may be installed, notes what is missing and how to get it.
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { isAtLeast } from './settings.mjs';
import { BuildError, Queue } from './steps.mjs';

/** The path of a program, found as a shell finds it; nothing where there is none. */
export function which(program) {
  return everyWhich(program)[0];
}

/** All programs of that name in the folders of PATH, or the one at that path. */
export function everyWhich(program) {
  const paths = program.includes('/') ? [program] : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder || '.', program));
  return paths.filter((path) => {
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  });
}

export class Installer {
  /** What is missing and could or may not be installed, a line each. build.sh passes on what it has found missing. */
  missing = (process.env.LUKE_MISSING ?? '').split('\n').filter(Boolean);
  #processes;
  #console;
  #mayInstall;
  /** Whether the package lists have been renewed; build.sh may have done it. */
  #aptFresh = process.env.LUKE_APT_FRESH === '1';
  #apt = new Queue();

  constructor(processes, console, mayInstall) {
    this.#processes = processes;
    this.#console = console;
    this.#mayInstall = mayInstall;
  }

  /** Says what is installed and how, and does it. Gives false, and keeps a note, where nothing may be installed or it fails. */
  async install(what, how, work) {
    if (!this.#mayInstall) {
      this.missing.push(`${what}    (${how})`);
      return false;
    }
    this.#console.say(`\x1b[1m==>\x1b[0m installing ${what}: ${how}`);
    try {
      await work();
      return true;
    } catch (error) {
      if (this.#processes.ending) throw error;
      this.#console.say(`${what}: ${error.message}`);
      this.missing.push(`${what}    (could not be installed, see above)`);
      return false;
    }
  }

  /** Installs with a program, such as `rustup target add ...`. */
  program(what, command, args, options = {}) {
    return this.install(what, [command, ...args].join(' '), () => this.#processes.run(command, args, options));
  }

  /** Installs Debian packages. */
  apt(what, ...packages) {
    return this.install(what, `apt-get install ${packages.join(' ')}`, async () => {
      if (!which('apt-get')) throw new BuildError(`please install: ${packages.join(' ')} (no apt-get here)`);
      await this.aptUpdate();
      await this.#asRoot('env', ['DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qy', 'install', '--no-install-recommends', ...packages]);
    });
  }

  /** The same for what can be done without: where it is not installed, nothing is missing. */
  async aptIfPossible(what, ...packages) {
    if (!this.#mayInstall || !which('apt-get')) return;
    const { length } = this.missing;
    await this.apt(what, ...packages);
    this.missing.length = length;
  }

  /** Renews the package lists, once, and only where something may be installed. */
  async aptUpdate() {
    if (this.#aptFresh || !this.#mayInstall || !which('apt-get')) return;
    this.#aptFresh = true;
    await this.#asRoot('apt-get', ['-qq', 'update']).catch((error) => this.#console.say(error.message));
  }

  /** Whether the Debian package on offer is that version or newer. */
  async aptOffers(packageName, version) {
    const policy = which('apt-cache') && (await this.#processes.ask('apt-cache', ['policy', packageName]));
    const candidate = /Candidate: ([0-9]\S*)/.exec(policy ?? '')?.[1];
    return candidate !== undefined && isAtLeast(version, candidate);
  }

  /** Rejects with `BuildError` and the list, where something is missing. */
  stopIfMissing() {
    if (this.missing.length > 0) throw new BuildError(`missing:\n${this.missing.map((line) => `  ${line}`).join('\n')}`);
  }

  /** Whether apt asks for no password, so that it may run beside other steps. */
  get isRoot() {
    return process.getuid?.() === 0;
  }

  /** One after the other: apt locks its lists. */
  #asRoot(command, args) {
    const work = async () => {
      if (this.isRoot) return this.#processes.run(command, args);
      if (!which('sudo')) throw new BuildError(`need root for: ${[command, ...args].join(' ')}`);
      return this.#processes.run('sudo', [command, ...args], { terminal: true });
    };
    return this.#apt.add(work);
  }
}
