// Reads the arguments of the command, says how it goes, and gives the exit code.
import { parseArgs } from 'node:util';
import { fileError } from '../node/faults.js';
import { LukeError, type LukeErrorCode } from '../src/errors.js';
import { DEFAULT_HUB } from '../src/hub.js';
import type { LoadEvent } from '../src/types.js';
import { VERSION } from '../src/version.js';
import { pull, type Pulled } from './pull.js';

/** The world of the command; the tests give it another one. */
export interface World {
  env: Record<string, string | undefined>;
  signal: AbortSignal;
  /** Writes results. */
  print: (text: string) => void;
  /** Writes progress and errors. */
  say: (text: string) => void;
  /** Whether a line of the progress may be written over. */
  isTerminal: boolean;
  fetch?: typeof fetch;
}

const HELP = `Usage: luke-web pull MODEL FOLDER [options]

Copies a model into a folder, verifies its files, and goes on where it was when it was interrupted.

MODEL is the URL of a model folder or of a Hugging Face checkpoint, or the name of a repository: org/name or org/name@revision.

  --revision NAME   branch, tag or commit of the repository (default: main)
  --hub URL         hub of the repository (default: ${DEFAULT_HUB})
  --parallel N      files that are fetched at once, 1 to 16 (default: 4)
  --retries N       how often a file is tried again, 0 to 100 (default: 5)
  --quiet           no progress
  --version, --help

The environment variable HF_TOKEN is sent to the hub, for private and gated repositories.

Exit codes: 0 done, 1 error of this program, 2 wrong arguments, 3 the files could not be fetched, 4 what came is wrong or no model,
5 the folder could not be written, 130 interrupted
`;

const OPTIONS = {
  revision: { type: 'string' }, hub: { type: 'string' }, parallel: { type: 'string' }, retries: { type: 'string' },
  quiet: { type: 'boolean' }, help: { type: 'boolean', short: 'h' }, version: { type: 'boolean' },
} as const;

const EXIT: Partial<Record<LukeErrorCode, number>> = { input: 2, network: 3, integrity: 4, format: 4, io: 5 };
const INTERRUPTED = 130;
const STALL_MS = 30_000;
/** So often a line is written over. */
const TICK_MS = 100;

/** Runs the command, and gives its exit code. */
export async function run(args: readonly string[], world: World): Promise<number> {
  const { print, say, signal } = world;
  try {
    const { values, positionals } = parse(args);
    if (values.help) return print(HELP), 0;
    if (values.version) return print(`${VERSION}\n`), 0;
    const [command, model, folder, ...more] = positionals;
    if (command !== 'pull' || model === undefined || folder === undefined || more.length > 0) throw new LukeError('input', command === undefined || command === 'pull' ? 'pull needs MODEL and FOLDER' : `there is no command ${JSON.stringify(command)}`);
    const hub = values.hub ?? DEFAULT_HUB;
    if (!URL.canParse(hub) || !/^https?:$/.test(new URL(hub).protocol)) throw new LukeError('input', `--hub must be a URL that begins with https: or http:, not ${JSON.stringify(hub)}`);
    const pulled = await pull(model, folder, {
      hub, revision: values.revision, token: world.env.HF_TOKEN || undefined, parallel: whole('parallel', values.parallel, 4, 1, 16), retries: whole('retries', values.retries, 5, 0, 100),
      stallMs: STALL_MS, signal, onProgress: values.quiet ? () => {} : teller(world), ...(world.fetch && { fetch: world.fetch }),
    });
    print(summary(pulled, folder));
    return 0;
  } catch (error) {
    if (signal.aborted) return say('\nluke-web: interrupted; the same command goes on\n'), INTERRUPTED;
    const told = isOfSystem(error) ? fileError(error.path ?? 'the folder', error) : error;
    say(`luke-web: ${(told as Partial<Error>).message ?? String(told)}\n`);
    if (!(told instanceof LukeError)) return 1;
    if (told.code === 'input') say('Try: luke-web --help\n');
    return EXIT[told.code] ?? 1;
  }
}

/** Whether the disk refused something. */
function isOfSystem(error: unknown): error is { path?: string } {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  return !(error instanceof LukeError) && typeof code === 'string' && typeof syscall === 'string';
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new LukeError('input', (error as Error).message);
  }
}

function whole(name: string, text: string | undefined, otherwise: number, min: number, max: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) throw new LukeError('input', `--${name} must be a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`);
  return value;
}

/** Tells the progress: on a terminal in one line, else a line for each event that is not only more bytes. */
function teller({ say, isTerminal }: World): (event: LoadEvent) => void {
  let told = 0;
  return ({ phase, file, reason, waitMs, loadedBytes, totalBytes }) => {
    const end = isTerminal ? '\r\u001b[K' : '';
    if (phase === 'retry') return say(`${end}${file}: tried again in ${((waitMs ?? 0) / 1000).toFixed(1)} s: ${reason}\n`);
    if (phase === 'ready') return say(end);
    const now = performance.now();
    if (!isTerminal || phase !== 'download' || now - told < TICK_MS) return;
    told = now;
    say(`${end}${megabytes(loadedBytes)} of ${megabytes(totalBytes)} MB  ${file}`);
  };
}

function summary({ name, url, commit, bytes, files }: Pulled, folder: string): string {
  const lengthOnly = files.filter(({ verified }) => verified === 'length').map(({ path }) => path);
  const note = lengthOnly.length === 0 ? 'all verified by their hashes' : `no hash is known of ${lengthOnly.join(', ')}; of the others it is right`;
  return `${name}: ${files.length} files, ${megabytes(bytes)} MB, from ${url}${commit && !url.includes(commit) ? ` at commit ${commit}` : ''} in ${folder}\n${note}\n`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
