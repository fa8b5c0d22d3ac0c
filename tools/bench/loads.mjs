// Loads of this package against loads of another version of it, over a slow line.
//   node tools/bench/loads.mjs OTHER_PKG MODEL_FOLDER... [--rounds 5] [--latency 100] [--rate 6] [--cache-control 'max-age=3600']
// OTHER_PKG is the folder `pkg` of another checkout that is built. Every request waits for the latency (ms), and each connection has the
// rate (MB/s). `cold` is a load in a new profile, `warm` one in the same profile after the browser was started again. A round measures
// both versions one after the other, and the result is the ratio of times within a round.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CHROMIUM, openPlain } from '../../tests/browser/faults/plain.mjs';
import { startFaults } from '../../tests/browser/faults/server.mjs';
import { median, pairedRatio } from './statistics.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const VERSIONS = ['this', 'other'];

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' }, latency: { type: 'string', default: '100' }, rate: { type: 'string', default: '6' },
    'cache-control': { type: 'string', default: 'max-age=3600' }, device: { type: 'string', default: 'wasm' },
  },
});
const [other, ...folders] = positionals.map((path) => resolve(path));
const rounds = Number(options.rounds);
if (!folders.length || !(rounds >= 1)) {
  console.error("usage: loads.mjs OTHER_PKG MODEL_FOLDER... [--rounds N] [--latency MS] [--rate MB/S] [--cache-control 'no-store'] [--device wasm|webgpu]");
  process.exit(1);
}
const mounts = { '/': at('../../tests/browser/page'), '/this/': at('../../pkg'), '/other/': other, ...Object.fromEntries(folders.map((folder) => [`/models/${basename(folder)}/`, folder])) };
const site = await startFaults({ mounts });
try {
  for (const folder of folders) await compare(basename(folder));
} finally {
  site.close();
}

async function compare(model) {
  const found = { cold: { this: [], other: [] }, warm: { this: [], other: [] } };
  for (let round = 0; round < rounds; round++) {
    for (const version of round % 2 ? [...VERSIONS].reverse() : VERSIONS) {
      const profile = mkdtempSync(join(tmpdir(), 'luke-loads-'));
      try {
        for (const kind of Object.keys(found)) found[kind][version].push(await loadOnce(profile, version, model));
      } finally {
        rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
      }
    }
  }
  const differ = new Set(Object.values(found).flatMap((versions) => Object.values(versions).flat().map(({ entities }) => entities)));
  if (differ.size !== 1) console.log(`${model}: the loads give different entities: ${[...differ].join(' and ')}`); // as modules that round otherwise may
  for (const [kind, versions] of Object.entries(found)) {
    const times = VERSIONS.map((version) => versions[version].map(({ loadMs }) => loadMs));
    const { median: ratio, low, high } = pairedRatio(...times);
    const each = VERSIONS.map((version, i) => {
      const [{ bytes, requests }] = versions[version].slice(-1);
      return `${version} ${median(times[i]).toFixed(0)} ms, ${(bytes / 1e6).toFixed(2)} MB in ${requests} requests`;
    });
    console.log(`${model}, ${kind}: this / other ${ratio.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)}, ${rounds} rounds); ${each.join('; ')}`);
  }
}

/** One load in a browser on this profile, from the import of the package until the model is ready. */
async function loadOnce(profile, version, model) {
  site.reset();
  site.settings.cacheControl = options['cache-control'];
  const browser = await openPlain(CHROMIUM, `${site.url}drive.html`, { profile });
  try {
    Object.assign(site.settings, { latencyMs: Number(options.latency), bytesPerSecond: Number(options.rate) * 1e6 });
    site.requests.length = 0;
    const { loadMs, entities } = await browser.evaluate(loadModel, { entry: `/${version}/dist/index.js`, model: `/models/${model}/`, device: options.device });
    return { loadMs, entities, bytes: site.bytes(), requests: site.count() };
  } finally {
    await browser.close();
  }
}

// In the page.
async function loadModel({ entry, model, device }) {
  const started = performance.now();
  const { Luke } = await import(entry);
  const luke = await Luke.load(model, { device, threads: 1 });
  const loadMs = performance.now() - started;
  const entities = luke.tasks.includes('ner') ? await luke.ner('Angela Merkel met Emmanuel Macron in Paris.') : [];
  await luke.dispose();
  return { loadMs, entities: JSON.stringify(entities.map(({ start, end, label }) => [start, end, label])) };
}
