// The page that measures the package in the visitor's browser: whole on one thread, with threads, stopped, and where things are missing.
import assert from 'node:assert/strict';
import { startSite } from '../server.mjs';

const SCHEMA = 'luke-web/measure';
const PATH = 'some/where/demo/measure/';

export default async function ({ test, browser, site }) {
  /** Opens the page. `problems` are its errors, and `sent` the requests that it makes. */
  async function open({ url = site.url, context: options = {}, prepare } = {}) {
    const context = await browser.newContext(options);
    await prepare?.(context);
    const page = await context.newPage();
    const problems = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    const sent = new Set();
    page.on('request', (request) => sent.add(`${request.method()} ${new URL(request.url()).origin}/`));
    await page.goto(`${url}${PATH}`);
    await page.locator('#setups input').first().waitFor();
    return { page, context, problems, sent };
  }

  const start = async (page, rounds = '3') => {
    await page.getByLabel('Rounds').selectOption(rounds);
    await page.getByRole('button', { name: 'Measure' }).click();
  };
  const ended = (page) => page.getByRole('button', { name: 'Measure again' }).waitFor({ timeout: 300_000 });
  const reportOf = async (page) => JSON.parse(await page.locator('#json').inputValue());

  await test('one thread: all figures are there and fit each other, and the JSON is copied', async () => {
    const { page, context, problems, sent } = await open({ context: { permissions: ['clipboard-read', 'clipboard-write'] } });
    await start(page);
    await ended(page);
    const report = await reportOf(page);
    assert.deepEqual([report.schema, report.schemaVersion, report.end, report.rounds], [SCHEMA, 1, 'done', 3]);
    assert.deepEqual(report.text, { words: 300, mentions: 10 });
    assert.ok(report.environment.cores > 0 && report.environment.userAgent.includes('Chrom'));
    const [cpu, ...others] = report.setups;
    assert.deepEqual(others, [], 'threads are missing without isolation, and a software adapter is not chosen');
    assert.deepEqual([cpu.id, cpu.error, cpu.info.device, cpu.info.threads], ['one-thread', undefined, 'wasm', 1]);
    assert.match(cpu.info.version, /^\d/);
    assert.match(cpu.info.manifestHash, /^[0-9a-f]{64}$/);
    assert.ok(cpu.load.coldMs > 0 && cpu.load.warmMs.count === 3 && cpu.load.warmMs.median > 0);
    assert.deepEqual(cpu.tasks.map(({ id, callMs }) => [id, callMs.count]), [['ner', 3], ['qa', 3], ['typing', 3]]);
    for (const { callMs, firstMs, perSecond, countPerCall } of cpu.tasks) {
      assert.ok(firstMs > 0 && callMs.min > 0 && callMs.min <= callMs.median && callMs.median <= callMs.max);
      assert.ok(Math.abs(perSecond - (countPerCall * 1000) / callMs.median) < 0.01 * perSecond);
    }
    assert.equal(await page.locator('#bars li').count(), 3);
    assert.match(await page.locator('#rows').innerText(), /Named entities[^\n]*\(.* to .*; 3 times\)/);
    await page.locator('#copy').click();
    await page.getByText('Copied.').waitFor();
    assert.deepEqual(JSON.parse(await page.evaluate(() => navigator.clipboard.readText())), report);
    assert.deepEqual([...sent], [`GET ${site.url}`], 'nothing is sent anywhere');
    assert.deepEqual(problems, []);
    await context.close();
  });

  await test('on an isolated page threads are measured beside one thread', async () => {
    const isolated = await startSite({ isolated: true });
    try {
      const { page, context, problems } = await open({ url: isolated.url });
      await start(page);
      await ended(page);
      const report = await reportOf(page);
      assert.deepEqual(report.setups.map(({ id, error }) => [id, error]), [['one-thread', undefined], ['threads', undefined]]);
      assert.ok(report.setups[1].info.threads > 1);
      assert.deepEqual(problems, []);
      await context.close();
    } finally {
      isolated.close();
    }
  });

  await test('a measurement that is stopped keeps its figures, and another one starts', async () => {
    const { page, context, problems } = await open();
    await start(page, '15');
    await page.locator('#status', { hasText: 'Questions' }).waitFor({ timeout: 300_000 });
    await page.getByRole('button', { name: 'Stop' }).click();
    await ended(page);
    const report = await reportOf(page);
    assert.equal(report.end, 'stopped');
    assert.ok(report.setups[0].load.coldMs > 0 && report.setups[0].error === undefined);
    await start(page);
    await ended(page);
    assert.equal((await reportOf(page)).end, 'done');
    assert.deepEqual(problems, []);
    await context.close();
  });

  await test('what this browser lacks is named, and cannot be chosen', async () => {
    const { page, context } = await open({ prepare: (context) => context.addInitScript(() => delete Navigator.prototype.gpu) });
    assert.match(await page.locator('#setups').innerText(), /not cross-origin isolated[\s\S]*this browser has no WebGPU/);
    const boxes = await page.locator('#setups input').evaluateAll((all) => all.map(({ disabled, checked }) => [disabled, checked]));
    assert.deepEqual(boxes, [[false, true], [true, false], [true, false]]);
    await page.getByLabel('CPU, one thread').uncheck();
    await page.getByRole('button', { name: 'Measure' }).click();
    await page.getByText('Choose at least one device.').waitFor();
    await context.close();
  });

  await test('a model that is not there is an error with its reason', async () => {
    const { page, context } = await open();
    await page.goto(`${site.url}${PATH}?model=${encodeURIComponent('../models/none/')}`);
    await page.locator('#setups input').first().waitFor();
    await start(page);
    await ended(page);
    assert.match(await page.getByRole('alert').innerText(), /none/);
    const { end, setups } = await reportOf(page);
    assert.ok(end.failed && setups[0].error.code, JSON.stringify(end));
    await context.close();
  });

  await test('the page fits a phone, and leads to the check of the GPU', async () => {
    const { page, context } = await open({ context: { viewport: { width: 320, height: 640 } } });
    await page.evaluate(() => {
      document.querySelector('#results').hidden = false;
      const row = '<th>CPU, 8 threads: load from the network</th><td>a_very_long_name_of_an_adapter_without_any_space_at_all, 1 ms</td>';
      const bar = '<span class="name">CPU, 8 threads</span><span class="bar"></span><span class="score">12,345 mentions/s</span>';
      document.querySelector('#rows').innerHTML = `<tr>${row}</tr>`;
      document.querySelector('#bars').innerHTML = `<ul class="bars rates"><li>${bar}</li></ul>`;
    });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it does not scroll sideways');
    await page.getByRole('link', { name: 'check of the GPU', exact: true }).click();
    await page.getByRole('button', { name: 'Measure' }).waitFor();
    assert.match(page.url(), /gpu-check\.html$/);
    await context.close();
  });
}
