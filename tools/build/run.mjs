// `run`: serves the demo as soon as the CPU module is there, and builds the other modules behind the running server.
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { listen } from '../../www/serve.mjs';
import { devServer, newStatus } from './dev-server.mjs';
import { BuildError, Queue } from './steps.mjs';
import { needTools, tagged, www } from './commands.mjs';
import { MODULES } from './wasm.mjs';

/** What follows the CPU module, in the order of compilation: the page gains most from the first, and the last takes longest. */
const BEHIND = ['relaxed', 'threads', 'webgpu'];

export async function run(build) {
  const { settings, console } = build;
  const status = newStatus();
  const { server, url } = await listen(devServer(settings.root, status), settings.port).catch((error) => {
    throw error.code === 'EADDRINUSE' ? new BuildError(`port ${settings.port} is taken: set PORT to another one, or to 0 for any`) : error;
  });
  try {
    await firstPage(build, status);
    console.print(`luke-web demo: ${url}`);
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL); // whoever tries the page comes before the compiler
    await otherModules(build, status);
    build.steps.report();
    console.print(`luke-web demo: ${url}`);
    await once(server, 'close');
  } finally {
    server.close();
  }
}

/** Makes the page with the CPU module, and takes the modules that were built before. */
export async function firstPage(build, status) {
  const { steps, wasm, console } = build;
  const tools = await needTools(build, ['wasmRust', 'wasmStd'], ['wasmBindgen', 'binaryen']);
  await steps.together(
    () => www({ ...build, console: tagged(console, 'npm') }),
    tools,
    () => steps.must(`compile wasm, ${MODULES.cpu.title}${MODULES.cpu.first}`, () => wasm.compile('cpu', tagged(console, 'cpu').say)),
  );
  await steps.must('first page', async () => {
    for (const name of BEHIND) {
      if (await wasm.isPacked(name)) await take(build, status, name);
    }
    await take(build, status, 'cpu');
  });
}

/** Builds the modules that are not up to date. One that fails is left out, and the page goes on without it. */
export async function otherModules(build, status) {
  const { steps, wasm, console, npm } = build;
  const [compiles, packs] = [new Queue(), new Queue()];
  const made = [];
  const make = async (name) => {
    const { title, first } = MODULES[name];
    const lane = tagged(console, name);
    const compiled = await compiles.add(() => steps.step(`compile wasm, ${title}${first}`, () => wasm.compile(name, lane.say)));
    const packed = compiled && (await packs.add(() => steps.step(`pack wasm, ${title}`, () => take({ ...build, console: lane }, status, name))));
    if (packed) {
      made.push(name);
      console.say(`The module for ${title} is ready: the page takes it when it is loaded again.`);
    } else {
      status[name] = 'failed';
      console.say(`The module for ${title} could not be built: the page works without it.`);
    }
  };
  await Promise.all(BEHIND.filter((name) => status[name] !== 'ready').map(make));
  if (made.length > 0) await steps.step('site: all modules', () => npm.compile('www', console.say));
}

/** Puts a module into pkg/wasm, where the server takes it from. */
async function take({ wasm, console }, status, name) {
  await wasm.pack(name, console.say);
  status[name] = 'ready';
}
