// Runs a group: first the parity check, then rounds in which each engine runs once.
import os from 'node:os';
import { openBrowser } from './browser.mjs';
import { DEFAULT_MODEL } from './plan.mjs';
import { maxDifference } from './statistics.mjs';
import { makeText } from './text.mjs';

/** The largest allowed difference of logits from PyTorch's. f32 differs only by the order of sums. */
const TOLERANCE = { f32: 1e-3, fp32: 1e-3 };
/** For fewer bits: a wrong model differs by several units, a right one by tenths (the results contain the figure). */
const QUANTIZED_TOLERANCE = 1;
const WARM_UPS = 2;
const WARM_MS = 5000; // a longer first pass needs no further warm-up

/**
 * Runs one group. Returns `{ title, engines, cases: [{ name, engines: { NAME: { cpuMs: [...], wallMs: [...], ... } } }] }`, where each list
 * has one number per round.
 */
export async function runGroup(group, { site, executablePath, say }) {
  const sessions = [];
  try {
    for (const engine of group.engines) {
      const browser = await openBrowser(site, executablePath);
      sessions.push({ engine, browser });
      const empty = browser.peakMemory();
      const { value: info } = await browser.measure('load', engine);
      Object.assign(sessions.at(-1), { info, empty, loaded: browser.peakMemory() });
      say(`${engine.name} is loaded`);
    }
    const cases = [];
    for (const item of group.cases) cases.push(await runCase(item, sessions, group.rounds, say));
    const memory = sessions.map(({ engine, browser, empty, loaded }) => [engine.name, { empty, loaded, peak: browser.peakMemory() }]);
    return { title: group.title, engines: group.engines.map(described), cases, memoryMiB: Object.fromEntries(memory) };
  } finally {
    for (const { browser } of sessions) await browser.close();
  }
}

async function runCase({ name, input, expected, words, once, times = 1 }, sessions, rounds, say) {
  const results = {};
  for (const { engine, browser } of sessions) {
    const info = await browser.call('prepare', name, words ? makeText(words) : input);
    const result = { ...info, cpuMs: [], wallMs: [] };
    if (engine.counting) await browser.call('count');
    const { cpuMs: firstCpuMs, wallMs: firstMs } = await browser.measure('run', name, 1);
    Object.assign(result, { firstMs, firstCpuMs });
    if (engine.counting) result.calls = await browser.call('count');
    if (expected) result.maxError = parity(name, engine, await browser.call('outputs'), expected);
    if (once) Object.assign(result, { cpuMs: [firstCpuMs], wallMs: [firstMs] });
    else if (firstMs < WARM_MS) await browser.call('run', name, WARM_UPS * times);
    results[engine.name] = result;
  }
  const load = [];
  for (let round = 0; round < (once ? 0 : rounds); round++) {
    for (const { engine, browser } of sessions) {
      const { cpuMs, wallMs } = await browser.measure('run', name, times);
      results[engine.name].cpuMs.push(cpuMs / times);
      results[engine.name].wallMs.push(wallMs / times);
    }
    load.push(os.loadavg()[0]);
    say(`${name}, round ${round + 1}: ${sessions.map(({ engine }) => `${engine.name} ${results[engine.name].cpuMs.at(-1).toFixed(1)}`).join(', ')} ms of CPU`);
  }
  if (once) say(`${name}: ${sessions.map(({ engine }) => `${engine.name} ${results[engine.name].cpuMs[0].toFixed(0)}`).join(', ')} ms of CPU`);
  return { name, ...(words && { words }), engines: results, load };
}

/** The largest difference from PyTorch's outputs. Throws if it exceeds the tolerance. */
function parity(name, engine, outputs, expected) {
  let worst = 0;
  for (const [key, values] of Object.entries(expected)) {
    const camel = key.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
    worst = Math.max(worst, maxDifference(outputs[camel] ?? [], values));
  }
  const tolerance = TOLERANCE[engine.dtype] ?? QUANTIZED_TOLERANCE;
  if (worst <= tolerance) return worst;
  throw new Error(`${name}: the logits of ${engine.name} differ by ${worst} from PyTorch's, more than ${tolerance}: not timed`);
}

/**
 * Measures session starts. Each round opens a new browser: a cold start, a warm start in the same browser, and then only reading the
 * files of that session. Memory is that of the first session with one pass.
 */
export async function runStarts(group, { site, executablePath, say }) {
  const [{ name, input, words }] = group.cases;
  const emptyResult = () => ({ coldMs: [], coldCpuMs: [], warmMs: [], warmCpuMs: [], readMs: [], readCpuMs: [], firstMs: [], emptyMiB: [], loadedMiB: [], peakMiB: [], emptyResidentMiB: [], residentMiB: [] });
  const results = Object.fromEntries(group.engines.map((engine) => [engine.name, emptyResult()]));
  for (let round = 0; round < group.rounds; round++) {
    for (const engine of group.engines) {
      const result = results[engine.name];
      const browser = await openBrowser(site, executablePath);
      try {
        const emptyMiB = browser.peakMemory();
        const emptyResidentMiB = browser.peakResident();
        site.taken();
        const cold = await browser.measure('load', engine);
        const { bytes: coldBytes, urls } = site.taken();
        const loadedMiB = browser.peakMemory();
        await browser.call('prepare', name, engine.kind === 'transformers' || engine.name.startsWith(`luke ${DEFAULT_MODEL}`) ? makeText(words) : input);
        const first = await browser.measure('run', name, 1);
        const peakMiB = browser.peakMemory();
        const residentMiB = browser.peakResident();
        await browser.revisit();
        site.taken();
        const warm = await browser.measure('load', engine);
        const warmBytes = site.taken().bytes;
        await browser.revisit();
        const read = await browser.measure('read', urls);
        result.coldMs.push(cold.wallMs);
        result.coldCpuMs.push(cold.cpuMs);
        result.warmMs.push(warm.wallMs);
        result.warmCpuMs.push(warm.cpuMs);
        result.readMs.push(read.wallMs);
        result.readCpuMs.push(read.cpuMs);
        result.firstMs.push(first.wallMs);
        Object.assign(result, { coldBytes, warmBytes }); // the same in each round
        result.emptyMiB.push(emptyMiB);
        result.emptyResidentMiB.push(emptyResidentMiB);
        result.loadedMiB.push(loadedMiB);
        result.peakMiB.push(peakMiB);
        result.residentMiB.push(residentMiB);
        const times = Object.entries({ cold, warm, read }).map(([what, { wallMs }]) => `${what} ${wallMs.toFixed(0)} ms`);
        say(`start of ${engine.name}, round ${round + 1}: ${times.join(', ')}, peak ${(peakMiB - emptyMiB).toFixed(0)} MiB above the empty page`);
      } finally {
        await browser.close();
      }
    }
  }
  return { title: group.title, engines: group.engines.map(described), starts: results };
}

function described({ name, kind, dtype, layers, url, threads }) {
  return { name, kind, dtype, layers, url, threads };
}
