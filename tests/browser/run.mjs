// Runs the specs in headless Chromium, through the built package.
//   node tests/browser/run.mjs [WORD...]    runs only tests whose name contains every word, e.g. `parity wasm`
// CHROMIUM is the path of the browser. LUKE_SCREENSHOT=1 also updates the screenshots of README.md.
// LUKE_SLOW=1 kills the browser of annotate/storage ten times instead of twice.
import { Report } from '../report.mjs';
import { launchChromium } from './launch.mjs';
import { startSite } from './server.mjs';

const SPECS = [
  'parity', 'ner', 'calls', 'labels', 'qa', 'cloze', 'masked', 'unicode', 'checkpoints', 'errors', 'options', 'lifecycle', 'threads', 'engines', 'gpu', 'gpu-faults', 'kernels', 'demo', 'gpu-check', 'measure', 'offline', 'building', 'teach', 'added-heads',
  '../annotate/text-view', '../annotate/dialogs', '../annotate/flow', '../annotate/suggested', '../annotate/heads', '../annotate/touch', '../annotate/access', '../annotate/labels', '../annotate/pieces', '../annotate/model', '../annotate/storage', 'hub', 'elsewhere', 'static', 'packages',
  'faults/tabs', 'faults/aborts', 'faults/calls',
];
/** These run beside each other: they wait for retries most of the time. */
const BESIDE = ['transfers', 'checkpoint', 'statuses', 'stalls', 'manager', 'workers', 'store', 'offline', 'others'].map((name) => `faults/${name}`);
const LANES = 3;
const TIMEOUT_MS = 600_000;

const words = process.argv.slice(2);
const browser = await launchChromium();
const site = await startSite();

/** Opens a page of the test site and loads the package. Prints the errors of the page, except the browser's messages about failed fetches. */
async function openPage(url = site.url) {
  const context = await browser.newContext();
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) console.error(`    page: ${message.text()}`);
  });
  page.on('pageerror', (error) => console.error(`    page: ${error.message}`));
  await page.goto(url);
  await page.waitForFunction(() => 'lukeWeb' in globalThis);
  return page;
}

const report = new Report();

const isSelected = (name) => words.every((word) => name.includes(word));

/** Says that tests cannot run here, and why. */
function skip(name, reason) {
  if (isSelected(name)) report.skip(name, reason);
}

/** Runs one test, if the command line selects it. */
async function test(name, body) {
  if (isSelected(name)) await report.test(name, body, TIMEOUT_MS);
}

async function runSpec(name) {
  const { default: spec } = await import(`./specs/${name}.mjs`);
  const named = (run) => (title, how) => run(`${name.replace('../', '')}: ${title}`, how);
  await spec({ test: named(test), skip: named(skip), openPage, browser, site });
}

/** Runs the specs of a list one after the other, and takes each from the list. */
async function runAll(specs) {
  for (let name; (name = specs.shift()); ) await runSpec(name);
}

try {
  await runAll([...SPECS]);
  const rest = [...BESIDE];
  await Promise.all(Array.from({ length: LANES }, () => runAll(rest)));
} finally {
  await browser.close();
  site.close();
}
process.exit(report.end());
