// Peak memory of Chromium's renderers while a model loads, against the bytes of its weights.
//   node tools/bench/memory.mjs MODEL_FOLDER... [--cache auto]... [--page] [--package PKG] [--rounds 3] [--device wasm] [--threads 1]
// Each measurement has a browser of its own without developer tools, which keep what a page fetches. `cold` loads into an empty store,
// `warm` loads what is stored, in a browser that was started again. PSS is read from /proc/PID/smaps_rollup (Linux), the memory of the
// page before the load is subtracted, and a peak is the maximum of all readings. `--page` loads on the page, without a worker.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CHROMIUM, openPlain } from '../../tests/browser/faults/plain.mjs';
import { listen, staticFiles } from '../../www/serve.mjs';
import { processesOf, proportional } from './meter.mjs';
import { median } from './statistics.mjs';

/** The kernel goes through all pages of a process for a reading, which takes it some milliseconds. */
const WATCH_MS = 30;
/** All processes are read with each fifth reading of the renderers. */
const ALL_EACH = 5;
/** A page grows while it starts. */
const SETTLE_MS = 1500;

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cache: { type: 'string', multiple: true, default: ['auto'] }, package: { type: 'string', default: at('../../pkg') }, rounds: { type: 'string', default: '3' },
    device: { type: 'string', default: 'wasm' }, threads: { type: 'string', default: '1' }, page: { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds);
if (!positionals.length || !(rounds >= 1)) {
  console.error('usage: memory.mjs MODEL_FOLDER... [--cache auto|opfs|cache-api|memory|false|default]... [--page] [--package PKG] [--rounds N] [--device wasm|webgpu] [--threads N]');
  process.exit(1);
}
const folders = positionals.map((path) => resolve(path));
const mounts = { '/': at('../../tests/browser/page'), '/pkg/': resolve(options.package), ...Object.fromEntries(folders.map((folder) => [`/models/${basename(folder)}/`, folder])) };
const { server, url } = await listen(staticFiles(mounts, {}, { compress: false }));
try {
  for (const folder of folders) {
    for (const cache of options.cache) await measure(folder, cache);
  }
} finally {
  server.close();
  server.closeAllConnections();
}

async function measure(folder, cache) {
  const name = basename(folder);
  const { chunks } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  const weightsMiB = chunks.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20;
  const load = {
    model: `/models/${name}/`,
    // `default` says nothing, for versions that do not know the option.
    options: { device: options.device, threads: Number(options.threads), worker: !options.page, ...(cache !== 'default' && { cache: cache === 'false' ? false : cache }) },
  };
  const found = { cold: [], warm: [] };
  for (let round = 0; round < rounds; round++) {
    const profile = mkdtempSync(join(tmpdir(), 'luke-memory-'));
    try {
      for (const kind of Object.keys(found)) found[kind].push(await loadOnce(profile, load));
    } finally {
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    }
  }
  for (const [kind, results] of Object.entries(found)) {
    const middle = (key) => median(results.map((result) => result[key]));
    console.log(
      `${name}, cache ${cache}, ${kind}: renderers peak ${middle('renderer').toFixed(1)} MiB = ${(middle('renderer') / weightsMiB).toFixed(2)} × the weights (${weightsMiB.toFixed(1)} MiB), ` +
      `${middle('after').toFixed(1)} MiB after the load; all processes ${middle('all').toFixed(1)} MiB; load ${middle('loadMs').toFixed(0)} ms (${rounds} rounds, ` +
      `peaks ${results.map(({ renderer }) => renderer.toFixed(0)).join(', ')})`,
    );
  }
}

/** One load in a browser on this profile: what it took more than the empty page, in MiB. */
async function loadOnce(profile, load) {
  const browser = await openPlain(CHROMIUM, `${url}drive.html`, { profile });
  try {
    await wait(SETTLE_MS);
    const { renderer, all } = processesOf(profile);
    const now = () => ({ renderer: proportional(renderer), all: proportional(all) });
    const empty = now();
    const peak = { ...empty };
    let readings = 0;
    const watching = setInterval(() => {
      peak.renderer = Math.max(peak.renderer, proportional(renderer));
      if (readings++ % ALL_EACH === 0) peak.all = Math.max(peak.all, proportional(all));
    }, WATCH_MS);
    const loadMs = await browser.evaluate(loadModel, load).finally(() => clearInterval(watching));
    await wait(SETTLE_MS);
    const after = now();
    const most = (kind) => Math.max(peak[kind], after[kind]) - empty[kind];
    return { renderer: most('renderer'), all: most('all'), after: after.renderer - empty.renderer, loadMs };
  } finally {
    await browser.close();
  }
}

// In the page.
async function loadModel({ model, options }) {
  const { Luke } = await import('/pkg/dist/index.js');
  const started = performance.now();
  const luke = await Luke.load(model, options);
  const loadMs = performance.now() - started;
  globalThis.luke = luke; // it stays loaded
  return loadMs;
}
