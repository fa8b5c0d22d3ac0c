// The specs of the CPU module in Firefox and WebKitGTK, as their users start them. `page.evaluate` is all that these specs need of a page,
// and so is what a browser without developer tools has (../faults/plain.mjs). Faults are in faults/others.mjs.
import { BROWSERS, openPlain } from '../faults/plain.mjs';
import { startSite } from '../server.mjs';

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
