// While `./build.sh run` still builds modules: which ones this page has to do without, and a line that says so. Only the server
// of that command names a status file in the page; anywhere else everything is there.
import type { LoadOptions } from 'luke-web';

type Module = 'relaxed' | 'threads' | 'webgpu';
type Status = Record<Module, 'building' | 'ready' | 'failed'>;
type Choice = Required<Pick<LoadOptions, 'device' | 'threads'>>;

/** Each with what it is for. */
const MODULES: Record<Module, string> = { relaxed: 'relaxed SIMD', threads: 'threads', webgpu: 'WebGPU' };
const POLL_MS = 3_000;

const file = document.querySelector<HTMLMetaElement>('meta[name=build-status]')?.content;
/** The modules there were when the last model was loaded. */
let used: Status | undefined;
let polling = false;

/** The options for a load: as wanted, less what has no module yet. */
export async function withBuiltModules(wanted: Choice): Promise<Choice> {
  const status = await read();
  if (!status) return wanted;
  used = status;
  show(status);
  if (!polling) void poll();
  return {
    device: status.webgpu === 'ready' ? wanted.device : 'wasm',
    threads: status.threads === 'ready' ? wanted.threads : 1,
  };
}

/** Keeps the line true until all is built or the server is gone. */
async function poll(): Promise<void> {
  polling = true;
  for (let status = used; status && modules(status, 'building').length > 0; ) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    status = await read();
    if (status) show(status);
  }
  polling = false;
}

async function read(): Promise<Status | undefined> {
  if (!file) return undefined;
  const response = await fetch(file, { cache: 'no-store' }).catch(() => undefined);
  return response?.ok ? ((await response.json()) as Status) : undefined;
}

function show(status: Status): void {
  const [line, text] = [document.getElementById('building'), describe(used ?? status, status)];
  if (!line) return; // a page without a place for it
  if (line.textContent !== text) line.textContent = text; // a screen reader speaks every change
  line.hidden = text === '';
}

/** What to say when the page has the modules that were ready in `before`, and now the state is `now`. */
function describe(before: Status, now: Status): string {
  const [building, failed] = [modules(now, 'building'), modules(now, 'failed')];
  const ready = modules(now, 'ready').filter((name) => before[name] !== 'ready');
  const runs = before.webgpu === 'ready' ? '' : before.threads === 'ready' ? 'this page uses the CPU' : 'this page uses one thread of the CPU';
  return [
    building.length > 0 && `${subject(building)} ${building.length > 1 ? 'are' : 'is'} still being built${runs && `: ${runs}`}. Reload when ${building.length > 1 ? 'they are' : 'it is'} ready.`,
    ready.length > 0 && `${subject(ready)} ${ready.length > 1 ? 'are' : 'is'} ready: reload the page to use ${ready.length > 1 ? 'them' : 'it'}.`,
    failed.length > 0 && `${subject(failed)} could not be built (the terminal says why): this page works without ${failed.length > 1 ? 'them' : 'it'}.`,
  ].filter(Boolean).join(' ');
}

function modules(status: Status, state: Status[Module]): Module[] {
  return (Object.keys(MODULES) as Module[]).filter((name) => status[name] === state);
}

/** `The modules for threads and WebGPU` */
function subject(names: Module[]): string {
  return `The module${names.length > 1 ? 's' : ''} for ${new Intl.ListFormat('en').format(names.map((name) => MODULES[name]))}`;
}
