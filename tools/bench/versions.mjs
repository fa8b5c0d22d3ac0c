// This package against another version of it, on the same models, in one interleaved run.
//   node tools/bench/versions.mjs OTHER_PKG MODEL_FOLDER... [--rounds N] [--device wasm|webgpu] [--threads N]
// OTHER_PKG is the folder `pkg` of another checkout that is built. A model folder must have a `ner` head. Each version runs in a
// browser of its own; a round measures both, and the results are the ratios of CPU times and of wall times within a round.
import { existsSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium as playwright } from 'playwright-core';
import { openBrowser } from './browser.mjs';
import { startSite } from './site.mjs';
import { maxDifference, pairedRatio } from './statistics.mjs';

const WARM_UPS = 3;
/** Passes of a measurement. */
const RUNS = 3;
/** `[tokens, entities]` of the inputs. */
const SHAPES = [[16, 4], [128, 32], [512, 128]];

/** The arrays of an input: token ids spread over the vocabulary, and spans of one to three tokens. */
export function makeInput([tokens, entities], vocabSize) {
  const span = (i) => {
    const start = 1 + ((i * 7) % (tokens - 5));
    return [start, start + (i % 3)];
  };
  const spans = Array.from({ length: entities }, (_, i) => span(i));
  return {
    inputIds: Array.from({ length: tokens }, (_, i) => 5 + ((i * 7919) % (vocabSize - 10))),
    entityIds: spans.map(() => 0),
    entityPositionIds: spans.map(([start, last]) => Array.from({ length: last - start + 1 }, (_, i) => start + i)),
    entityStartPositions: spans.map(([start]) => start),
    entityEndPositions: spans.map(([, last]) => last),
  };
}

async function main() {
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: { rounds: { type: 'string', default: '15' }, device: { type: 'string', default: 'wasm' }, threads: { type: 'string', default: '1' } },
  });
  const [other, ...folders] = positionals.map((path) => resolve(path));
  const [rounds, threads] = [Number(options.rounds), Number(options.threads)];
  if (!folders.length || !(rounds >= 1) || !(threads >= 1)) throw new Error('usage: versions.mjs OTHER_PKG MODEL_FOLDER... [--rounds N] [--device wasm|webgpu] [--threads N]');
  const at = (path) => fileURLToPath(new URL(path, import.meta.url));
  const models = folders.map((folder) => ({ folder, name: basename(folder), config: JSON.parse(readFileSync(`${folder}/manifest.json`, 'utf8')).config }));
  const mounts = { '/': at('page'), '/pkg/': at('../../pkg'), '/other/': other, ...Object.fromEntries(models.map(({ name, folder }) => [`/models/${name}/`, folder])) };
  const site = await startSite(mounts, { isolated: threads > 1 });
  const executablePath = process.env.CHROMIUM || ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync) || playwright.executablePath();
  const versions = [['this', '/pkg/'], ['other', '/other/']];
  try {
    for (const { name, config } of models) {
      const browsers = [];
      try {
        for (const [, root] of versions) {
          const browser = await openBrowser(site, executablePath);
          browsers.push(browser);
          await browser.call('load', { kind: 'luke', package: `${root}dist/index.js`, url: `/models/${name}/`, device: options.device, threads });
        }
        for (const shape of SHAPES) {
          const input = { head: 'ner', batch: 1, inputs: wrapped(makeInput(shape, config.vocab_size)) };
          const outputs = [];
          for (const browser of browsers) {
            await browser.call('prepare', 'shape', input);
            await browser.call('run', 'shape', WARM_UPS);
            outputs.push(await browser.call('outputs'));
          }
          const [cpuMs, wallMs] = [[[], []], [[], []]];
          for (let round = 0; round < rounds; round++) {
            const order = round % 2 ? [1, 0] : [0, 1];
            for (const i of order) {
              const measured = await browsers[i].measure('run', 'shape', RUNS);
              cpuMs[i].push(measured.cpuMs / RUNS);
              wallMs[i].push(measured.wallMs / RUNS);
            }
          }
          const ratio = (times) => {
            const { median, low, high } = pairedRatio(...times);
            const [mine, theirs] = times.map((values) => Math.min(...values).toFixed(1));
            return `${median.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)}; minimum ${mine} and ${theirs} ms)`;
          };
          const difference = maxDifference(outputs[0].logits, outputs[1].logits);
          console.log(`${name} ${shape.join('+')}: this / other, ${rounds} rounds: CPU ${ratio(cpuMs)}, wall ${ratio(wallMs)}; logits differ by ${difference}`);
        }
      } finally {
        for (const browser of browsers) await browser.close();
      }
    }
  } finally {
    site.close();
  }
}

/** The form of inputs.json: each array with its shape, a batch of one first. */
function wrapped(arrays) {
  const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const columns = (rows) => Math.max(...rows.map((row) => row.length));
  const padded = (rows) => rows.flatMap((row) => [...row, ...Array(columns(rows) - row.length).fill(-1)]);
  const entry = ([name, values]) => {
    const matrix = Array.isArray(values[0]);
    return [snake(name), matrix ? { shape: [1, values.length, columns(values)], data: padded(values) } : { shape: [1, values.length], data: values }];
  };
  return Object.fromEntries(Object.entries(arrays).map(entry));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
