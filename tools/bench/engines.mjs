// What a load, the first call and later calls take in the engines of this machine, on the CPU module: Chromium, Firefox and WebKitGTK, each
// with a new profile, as their users start them.
//   node tools/bench/engines.mjs [--rounds N] [--threads N] [ENGINE...]
// Prints the medians in milliseconds. CHROMIUM, FIREFOX and WEBKIT are paths of programs.
import { parseArgs } from 'node:util';
import { BROWSERS, CHROMIUM, openPlain } from '../../tests/browser/faults/plain.mjs';
import { startFaults } from '../../tests/browser/faults/server.mjs';
import { median } from './statistics.mjs';

const ENGINES = { chromium: CHROMIUM, firefox: BROWSERS.firefox, webkit: BROWSERS.webkit };
const MODEL = '/models/luke-mini-en/';
/** Different sentences of about 25 words: a call would not compute the same one again. */
const TEXTS = Array.from({ length: 40 }, (_, i) => `Ada Lovelace and Charles Babbage met ${i + 2} engineers of the Analytical Society in London on the way from Turin to the Royal Institution.`);

const { values, positionals } = parseArgs({ allowPositionals: true, options: { rounds: { type: 'string', default: '5' }, threads: { type: 'string', default: '1' } } });
const threads = Number(values.threads);

const site = await startFaults({ isolated: threads > 1 });
try {
  for (const [name, browser] of Object.entries(ENGINES)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    if (!browser.find()) {
      console.log(`${name}: ${browser.missing}`);
      continue;
    }
    const rounds = [];
    for (let round = 0; round < Number(values.rounds); round++) rounds.push(await visit(browser));
    const row = Object.keys(rounds[0].ms).map((what) => `${what} ${median(rounds.map(({ ms }) => ms[what])).toFixed(0)}`);
    console.log(`${name} (${rounds[0].module}, threads: ${rounds[0].threads}): ${row.join(', ')}`);
  }
} finally {
  site.close();
}

/** A first visit: the times of the load, of the self-test in it, and of calls. */
async function visit(browser) {
  const page = await openPlain(browser, `${site.url}faults.html`);
  try {
    return await page.evaluate(measure, { MODEL, TEXTS, threads });
  } finally {
    await page.close();
  }
}

// In the page.
async function measure({ MODEL, TEXTS, threads }) {
  const started = performance.now();
  const at = {};
  const luke = await lukeWeb.Luke.load(MODEL, { device: 'wasm', threads, onProgress: ({ phase }) => (at[phase] ??= performance.now() - started) });
  const load = performance.now() - started;
  const calls = [];
  for (const text of TEXTS) {
    const before = performance.now();
    await luke.ner(text);
    calls.push(performance.now() - before);
  }
  const { info } = luke;
  await luke.dispose();
  const middle = (some) => some.sort((a, b) => a - b)[some.length >> 1];
  return {
    module: /\/(\w+)\/luke_web_bg\.wasm/.exec(info.runtimeUrls[0])[1],
    threads: info.threads,
    ms: { load, 'of it from the self-test on': load - at['self-test'], 'first call': calls[0], 'second call': calls[1], 'calls 3 to 10': middle(calls.slice(2, 10)), 'calls 31 to 40': middle(calls.slice(30)) },
  };
}
