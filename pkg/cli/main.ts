// The command `luke-web`.
import { run } from './run.js';

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort(new Error('interrupted')));

const { argv, env, stdout, stderr } = process;
process.exitCode = await run(argv.slice(2), {
  env,
  signal: interrupt.signal,
  print: (text) => stdout.write(text),
  say: (text) => stderr.write(text),
  isTerminal: stderr.isTTY,
});
