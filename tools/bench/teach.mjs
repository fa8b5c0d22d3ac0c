// How long a head takes to be taught in Chromium on one thread: 50 texts of 200 words with three labels, then one text more; and how much
// memory the renderer takes above the model's.
//   node tools/bench/teach.mjs [--model FOLDER] [--texts N] [--rounds N]
// The package must be built (`npm run build --workspace pkg`, `./build.sh wasm`). Texts are the leases of tools/teach/data, joined.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { launchProfile } from '../../tests/browser/launch.mjs';
import { memory, processesOf } from './meter.mjs';
import { startSite } from './site.mjs';

const LABELS = ['PARTY', 'PREMISES', 'AMOUNT'];
const WORDS = 200;
const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The leases as `{ text, spans }`, with the spans of three of their labels. */
function leases() {
  const folder = at('../teach/data');
  const files = readdirSync(folder).filter((name) => /^leases-\d+\.txt$/.test(name)).sort();
  const marked = files.flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n\n'));
  return marked.map((document) => {
    const [spans, parts] = [[], document.split(/\[\[([A-Z]+) ([^[\]]+)\]\]/)];
    let text = '';
    for (let k = 0; k < parts.length; k += 3) {
      text += parts[k];
      if (k + 2 < parts.length) {
        if (LABELS.includes(parts[k + 1])) spans.push({ start: text.length, end: text.length + parts[k + 2].length, label: parts[k + 1] });
        text += parts[k + 2];
      }
    }
    return { text, spans };
  });
}

/** So many texts of about 200 words: each is the start of some leases, up to a space that no span contains. */
function texts(count) {
  const all = leases();
  let next = 0;
  return Array.from({ length: count }, () => {
    let [text, spans] = ['', []];
    while (text.split(/\s+/).length <= WORDS) {
      const lease = all[next++ % all.length];
      spans.push(...lease.spans.map(({ start, end, label }) => ({ start: start + text.length, end: end + text.length, label })));
      text += `${lease.text}\n`;
    }
    let end = text.split(/(?<=\s)/).slice(0, WORDS).join('').length;
    while (spans.some((span) => span.start < end && span.end > end)) end += 1;
    return { text: text.slice(0, end), spans: spans.filter((span) => span.end <= end) };
  });
}

const { values: options } = parseArgs({
  options: { model: { type: 'string', default: at('../../www/models/luke-mini-en') }, texts: { type: 'string', default: '50' }, rounds: { type: 'string', default: '3' } },
});
const [count, rounds] = [Number(options.texts), Number(options.rounds)];
if (!(count >= 2) || !(rounds >= 1)) throw new Error('usage: teach.mjs [--model FOLDER] [--texts N] [--rounds N]');
const examples = texts(count + 1);
const site = await startSite({ '/': at('page'), '/pkg/': at('../../pkg'), '/model/': resolve(options.model) }, { isolated: false });
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
try {
  for (let round = 1; round <= rounds; round++) {
    const profile = mkdtempSync(join(tmpdir(), 'luke-teach-'));
    const { context, kill } = await launchProfile(profile);
    try {
      const page = context.pages()[0] ?? (await context.newPage());
      await page.goto(site.url);
      await page.evaluate(async () => {
        const { Luke } = await import('/pkg/dist/index.js');
        globalThis.luke = await Luke.load('/model/', { device: 'wasm', threads: 1 });
        await globalThis.luke.ner('Ada Lovelace was born in London.');
      });
      const { renderer } = processesOf(profile);
      const before = memory(renderer).allocated;
      let peak = before;
      const watching = setInterval(() => (peak = Math.max(peak, memory(renderer).allocated)), 50);
      const teach = (given) =>
        page.evaluate(async (examples) => {
          const started = performance.now();
          const head = await globalThis.luke.teach({ task: 'ner', name: 'leases', examples });
          return { ms: performance.now() - started, f1: head.report.all.f1, bytes: head.save().length };
        }, given);
      const [first, more] = [await teach(examples.slice(0, count)), await teach(examples)];
      clearInterval(watching);
      const above = `memory ${(peak - before).toFixed(0)} MiB above the model`;
      console.log(`round ${round}: ${count} texts ${seconds(first.ms)} (F1 ${(100 * first.f1).toFixed(1)}, ${first.bytes} bytes), one more ${seconds(more.ms)}, ${above}`);
    } finally {
      await kill();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    }
  }
} finally {
  site.close();
}
