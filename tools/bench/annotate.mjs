#!/usr/bin/env node
// Lines a second of `luke annotate` with one thread and with several. The runs of a round follow each other, so noise that lasts
// longer than a round cancels in their ratio.
//
//   node tools/bench/annotate.mjs target/release/luke [--model FOLDER] [--lines N] [--rounds N] [--threads N]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { lines } from '../large/lines.mjs';
import { median, pairedRatio } from './statistics.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: fileURLToPath(new URL('../../www/models/luke-mini-en', import.meta.url)) },
    lines: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '10' },
    threads: { type: 'string', default: '2' },
  },
});
const luke = positionals[0] ?? 'target/release/luke';
const [count, rounds] = [Number(values.lines), Number(values.rounds)];
const folder = mkdtempSync(join(tmpdir(), 'luke-annotate-'));
const input = join(folder, 'in.jsonl');
writeFileSync(input, [...lines(count)].join(''));

/** The seconds of a run, from the first line to the last, as the command reports them: without the load of the model. */
function run(threads) {
  const output = join(folder, `out-${threads}.jsonl`);
  for (const file of [output, `${output}.annotate.json`]) rmSync(file, { force: true });
  const done = spawnSync(luke, ['annotate', input, output, '--model', values.model, '--threads', threads], { encoding: 'utf8' });
  const seconds = / ([\d.]+) s, [\d.]+ lines\/s\n$/.exec(done.stderr)?.[1];
  if (done.status !== 0 || !seconds) throw new Error(`${luke}: ${done.error ?? done.stderr}`);
  return { seconds: Number(seconds), output: readFileSync(output) };
}

const several = values.threads;
const times = { one: [], several: [] };
for (let round = 0; round < rounds; round++) {
  const [one, more] = [run('1'), run(several)];
  if (!one.output.equals(more.output)) throw new Error('the outputs differ');
  times.one.push(one.seconds);
  times.several.push(more.seconds);
  console.error(`round ${round + 1}: ${one.seconds} s with 1 thread, ${more.seconds} s with ${several}; load ${loadavg()[0].toFixed(1)}`);
}
rmSync(folder, { recursive: true });
const rate = (seconds) => Math.round((10 * count) / median(seconds)) / 10;
const ratio = pairedRatio(times.one, times.several);
console.log(JSON.stringify({ cpu: cpus()[0].model, lines: count, rounds, linesPerSecond: { 1: rate(times.one), [several]: rate(times.several) }, ratio }));
