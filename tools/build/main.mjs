// The build, after build.sh has brought Rust and Node.js: `node tools/build/main.mjs COMMAND`. `build.sh help` says what the
// commands and the variables of the environment mean.
import { constants } from 'node:os';
import { bench } from './bench.mjs';
import { Installer } from './installer.mjs';
import { PackageBuild } from './package.mjs';
import { Ended, Processes } from './processes.mjs';
import { run } from './run.mjs';
import { readSettings } from './settings.mjs';
import { BuildError, CONSOLE, StepFailed, Steps } from './steps.mjs';
import { check, docs, pkg, test, wasm, www } from './commands.mjs';
import { Toolchain } from './toolchain.mjs';
import { WasmBuild } from './wasm.mjs';

const COMMANDS = { run, test, bench, check, wasm, pkg, www, docs };

const [name, ...args] = process.argv.slice(2);
if (!Object.hasOwn(COMMANDS, name ?? '')) fail(`unknown command '${name}'; try ./build.sh help`);
// Neither npm package may fetch a browser.
Object.assign(process.env, { PUPPETEER_SKIP_DOWNLOAD: '1', PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1' });

const settings = readSettings();
const processes = new Processes();
const installer = new Installer(processes, CONSOLE, settings.mayInstall);
const toolchain = new Toolchain(settings, processes, installer);
const steps = new Steps(processes);
const build = {
  console: CONSOLE, settings, processes, installer, toolchain, steps,
  wasm: new WasmBuild(settings, processes, toolchain),
  npm: new PackageBuild(settings, processes),
};

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, async () => {
    if (!processes.ending) await processes.endAll(); // the second signal does not wait
    process.exit(128 + constants.signals[signal]);
  });
}
process.on('exit', () => processes.killAll());

try {
  await COMMANDS[name](build, args);
  steps.report();
} catch (error) {
  if (error instanceof BuildError) fail(error.message);
  if (error instanceof Ended) await new Promise(() => {}); // the signal's handler ends us
  if (!(error instanceof StepFailed)) fail(error.stack);
  steps.report();
}
process.exit(steps.failed > 0 ? 1 : 0);

function fail(message) {
  process.stderr.write(`${message.startsWith('missing:') ? '' : 'build.sh: '}${message}\n`);
  process.exit(1);
}
