// The specs of the CPU module in Firefox and WebKitGTK, as their users start them. `page.evaluate` is all that these specs need of a page,
// and so is what a browser without developer tools has (../faults/plain.mjs). Faults are in faults/others.mjs.
import assert from 'node:assert/strict';
import { BROWSERS, CHROMIUM, openPlain } from '../faults/plain.mjs';
import { startSite } from '../server.mjs';
import { EXAMPLES } from './teach.mjs';

const SPECS = ['parity', 'ner', 'labels', 'qa', 'cloze', 'masked', 'unicode', 'errors', 'options', 'lifecycle', 'teach'];
const ENGINES = ['firefox', 'webkit'];

/** WebGPU is tested in Chromium only, which has an adapter on any machine. */
const isForAll = (title) => title.startsWith('wasm') && !OTHERS.some((words) => title.includes(words));
/** Words of the titles of tests that Chromium alone runs. */
const OTHERS = [
  'without relaxed SIMD', // the module that these engines take anyway
  'only the module that is used is fetched', // which is the one with relaxed SIMD
  'the module refuses arguments', 'half a million numbers', // a minute, for what the module does in every engine
];

export default async function ({ test, skip }) {
  // Each keeps one core busy.
  await Promise.all(ENGINES.map((engine) => runSpecs(engine, { test, skip })));

  const browsers = [CHROMIUM, ...ENGINES.map((engine) => BROWSERS[engine])];
  const missing = browsers.find(({ find }) => !find());
  if (missing) return skip('heads of every engine', missing.missing);
  await test('without relaxed SIMD, the same lesson gives a head with the same bytes in Chromium, Firefox and WebKitGTK', async () => {
    const heads = [];
    for (const browser of browsers) heads.push(await headOf(browser));
    assert.ok(heads[0].length > 1000, `a head of ${heads[0].length} bytes`);
    heads.forEach((bytes) => assert.deepEqual(bytes, heads[0]));
  });
}

/** The bytes of a head that is taught in a browser, with the module that every engine can run. */
async function headOf(browser) {
  const site = await startSite();
  const page = await openPlain(browser, site.url);
  try {
    return await page.evaluate(teach, { model: '/models/micro-span_cls/', examples: EXAMPLES });
  } finally {
    await page.close();
    site.close();
  }
}

// In the page. Of this copy of the package, the module with relaxed SIMD is the one without it.
async function teach({ model, examples }) {
  const luke = await lukeWeb.Luke.load(model, { device: 'wasm', worker: new Worker('/plain/dist/worker.js', { type: 'module' }) });
  const head = await luke.teach({ task: 'ner', name: 'recipes', examples });
  const bytes = [...head.save()];
  await luke.dispose();
  return bytes;
}

/** Runs all specs in one browser, which is started for the first test that needs it. */
async function runSpecs(engine, { test, skip }) {
  const browser = BROWSERS[engine];
  if (!browser.find()) return skip(engine, browser.missing);
  const site = await startSite();
  let opening;
  /** The browser has one page: a spec closes its page before it opens the next. */
  const openPage = async (url = site.url) => {
    if (opening) await (await opening).goto(url);
    const { evaluate } = await (opening ??= openPlain(browser, url));
    return { evaluate, context: () => ({ close: async () => {} }) };
  };
  for (const name of SPECS) {
    const { default: spec } = await import(`./${name}.mjs`);
    await spec({ test: async (title, body) => isForAll(title) && test(`${engine} ${name}: ${title}`, body), skip, openPage, site });
  }
  await (await opening?.catch(() => {}))?.close(); // the tests have told why it could not be opened
  site.close();
}
