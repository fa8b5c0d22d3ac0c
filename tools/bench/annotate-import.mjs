#!/usr/bin/env node
// Times of the import of the annotation workspace in Node.js: reading a doccano file of 5,000 documents and 10 MB, and writing its documents
// into a new project (fake-indexeddb, which keeps all in memory). `plain` has ASCII texts; `hard` has an emoji, a combining mark and CRLF in
// each sentence. Each time is the time of the processor, and is also given as a multiple of `JSON.parse` of the lines of the same file in the
// same round. Medians of the rounds.
//
//   node tools/bench/annotate-import.mjs [--rounds N] [--documents N] [--no-store]
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { median, pairedRatio } from './statistics.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    documents: { type: 'string', default: '5000' },
    'no-store': { type: 'boolean', default: false },
  },
});
const rounds = wholeNumber('rounds');
const documents = wholeNumber('documents');
/** A line is at most a sentence longer: 2,000 bytes on average. */
const LEAST_BYTES = 1_920;

function wholeNumber(name) {
  const number = Number(values[name]);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} must be a whole number from 1: ${values[name]}`);
  return number;
}

const SENTENCES = {
  plain: ['Ada Lovelace', ' met ', 'Charles Babbage', ' in the town of ', 'Turin', ', and wrote a long letter about it.\n'],
  hard: ['Ada Lovelace', ' 🙂 met ', 'Rene\u0301 Thom', ' in the town of ', 'Turin', ', and 👩🏽‍🚀 wrote a letter about it.\r\n'],
};
const LABELS = { 0: 'PER', 2: 'PER', 4: 'LOC' };

/** Lines of a doccano file. Offsets count UTF-16 units. */
function linesOf(sentence) {
  const lines = [];
  for (let number = 0; number < documents; number++) {
    let text = `Text ${number}. `;
    const label = [];
    while (Buffer.byteLength(JSON.stringify({ text, label })) < LEAST_BYTES) {
      for (const [index, part] of sentence.entries()) {
        if (LABELS[index]) label.push([text.length, text.length + part.length, LABELS[index]]);
        text += part;
      }
    }
    lines.push(JSON.stringify({ text, label }));
  }
  return lines;
}

async function annotate() {
  const contents = `
    import 'fake-indexeddb/auto';
    export { readFiles } from './formats/index.js';
    export { Store } from './store/store.js';`;
  const resolveDir = fileURLToPath(new URL('../../www/annotate/', import.meta.url));
  const { outputFiles } = await build({
    stdin: { contents, resolveDir, loader: 'ts' }, bundle: true, write: false, format: 'esm', platform: 'node', target: 'node22',
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

/** The milliseconds of the processor for which some work ran, and its result. */
async function timed(work) {
  globalThis.gc?.();
  const before = process.cpuUsage();
  const wallBefore = performance.now();
  const result = await work();
  const wall = performance.now() - wallBefore;
  const { user, system } = process.cpuUsage(before);
  return { ms: (user + system) / 1000, wall, result };
}

const { readFiles, Store } = await annotate();
console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, load ${loadavg()[0].toFixed(1)}, Node.js ${process.version}`);
console.log(`${documents} documents, ${rounds} rounds: CPU ms (wall ms, multiple of JSON.parse)`);
for (const [name, sentence] of Object.entries(SENTENCES)) {
  const lines = linesOf(sentence);
  const bytes = new TextEncoder().encode(`${lines.join('\n')}\n`);
  const times = { parse: [], read: [], write: [] };
  const walls = { parse: [], read: [], write: [] };
  const keep = (step, { ms, wall }) => {
    times[step].push(ms);
    walls[step].push(wall);
  };
  for (let round = 0; round < rounds; round++) {
    keep('parse', await timed(() => lines.forEach((line) => JSON.parse(line))));
    const read = await timed(() => readFiles([{ name: `${name}.jsonl`, bytes }]));
    keep('read', read);
    const { corpus, problems, unit } = read.result;
    const spans = corpus.documents.reduce((sum, document) => sum + document.spans.length, 0);
    const wanted = lines.reduce((sum, line) => sum + JSON.parse(line).label.length, 0);
    if (corpus.documents.length !== documents || spans !== wanted || problems.length > 0 || unit?.unit !== 'utf-16') {
      throw new Error(`${name}: ${corpus.documents.length} documents, ${spans} of ${wanted} spans, ${problems.length} problems, ${unit?.unit}`);
    }
    if (values['no-store']) continue;
    const store = await Store.open();
    keep('write', await timed(() => store.importProject({ name: `${name} ${round}` }, corpus)));
    store.close();
  }
  console.log(`\n${name}: ${(bytes.length / 1e6).toFixed(1)} MB`);
  for (const step of ['parse', 'read', ...(values['no-store'] ? [] : ['write'])]) {
    const ratio = pairedRatio(times[step], times.parse);
    const ratios = [ratio.median, ratio.low, ratio.high].map((value) => value.toFixed(1));
    const [cpu, wall] = [times, walls].map((each) => median(each[step]).toFixed(0));
    console.log(`  ${step.padEnd(6)} ${cpu.padStart(7)} (${wall}; ${ratios[0]} times, ${ratios[1]} to ${ratios[2]})`);
  }
}
