#!/usr/bin/env node
// Times of the text view of the annotation workspace in headless Chromium: open a document, change a span, scroll. Medians of the rounds, in
// milliseconds until the next frame is done. `cpu` is the time that the page's main thread worked: other work on the machine does not change it.
//
//   node tools/bench/annotate-view.mjs [--rounds N]
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { startTextSite } from '../../tests/browser/annotate/site.mjs';
import { launchChromium } from '../../tests/browser/launch.mjs';
import { median } from './statistics.mjs';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds must be a whole number from 1: ${values.rounds}`);

const SCENES = [
  ['200,000 characters, 5,000 spans', [200_000, 5000, 400]],
  ['the same in one line', [200_000, 5000, 1e9]],
  ['2,000,000 characters, 20,000 spans', [2_000_000, 20_000, 400]],
];
const SCROLLED_FRAMES = 60;
/** A frame that takes longer is seen. */
const LONG_FRAME_MS = 34;

const site = await startTextSite();
const browser = await launchChromium();
const context = await browser.newContext({ viewport: { width: 1000, height: 760 } });
const page = await context.newPage();
await page.goto(site.url);
await page.waitForFunction(() => 'textPage' in globalThis);
const session = await context.newCDPSession(page);
await session.send('Performance.enable', { timeDomain: 'threadTicks' });

/** The milliseconds for which the main thread worked. */
async function worked() {
  const { metrics } = await session.send('Performance.getMetrics');
  return 1000 * metrics.find(({ name }) => name === 'TaskDuration').value;
}

/** Runs a step in the page. Returns the milliseconds until its frame is done, and those for which the main thread worked. */
async function measure(step) {
  const before = await worked();
  const wall = await page.evaluate(step);
  return { wall, cpu: (await worked()) - before };
}

async function open() {
  const start = performance.now();
  textPage.view.open(globalThis.made.text, globalThis.made.marks);
  await textPage.frame();
  return performance.now() - start;
}

/** Takes one mark out, as a person does who rejects a suggestion. */
async function edit() {
  const marks = globalThis.made.marks.toSpliced(Math.floor(Math.random() * 20), 1);
  const start = performance.now();
  textPage.view.setMarks(marks);
  await textPage.frame();
  return performance.now() - start;
}

async function scroll(frames) {
  const scroller = textPage.root.querySelector('.cm-scroller');
  const times = [];
  for (let count = 0; count < frames; count++) {
    const start = performance.now();
    scroller.scrollTop += 60;
    await new Promise(requestAnimationFrame);
    times.push(performance.now() - start);
  }
  return times;
}

const format = (number) => number.toFixed(0).padStart(6);
console.log(`${cpus()[0].model}, Chromium ${browser.version()}, ${rounds} rounds, load ${loadavg()[0].toFixed(1)}`);
console.log(`${''.padEnd(35)}  open  (cpu)   edit  (cpu)  elements  cpu/frame  frames over ${LONG_FRAME_MS} ms`);
try {
  for (const [name, shape] of SCENES) {
    await page.evaluate((numbers) => void (globalThis.made = textPage.scene(...numbers)), shape);
    const [opens, edits, scrolls, frames, elements] = [[], [], [], [], []];
    for (let round = 0; round < rounds; round++) {
      opens.push(await measure(open));
      elements.push(await page.evaluate(() => textPage.root.querySelectorAll('*').length));
      edits.push(await measure(edit));
      const before = await worked();
      frames.push(...(await page.evaluate(scroll, SCROLLED_FRAMES)));
      scrolls.push((await worked()) - before);
    }
    const of = (times, field) => format(median(times.map((time) => time[field])));
    const long = (100 * frames.filter((time) => time > LONG_FRAME_MS).length) / frames.length;
    const frame = (median(scrolls) / SCROLLED_FRAMES).toFixed(1).padStart(10);
    const times = [of(opens, 'wall'), of(opens, 'cpu'), of(edits, 'wall'), of(edits, 'cpu')].join(' ');
    console.log(`${name.padEnd(35)}${times}    ${format(median(elements))}  ${frame}  ${long.toFixed(1).padStart(5)} %`);
  }
} finally {
  await browser.close();
  site.close();
}
