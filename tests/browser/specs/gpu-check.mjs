// The page that measures a visitor's GPU: whole on the software adapter, and in a browser without WebGPU.
import assert from 'node:assert/strict';

const STEPS = ['environment', 'loadCpu', 'loadGpu', 'pipelines', 'correctness', 'passesGpu', 'passesCpu', 'memory'];
const SCHEMA = 'luke-web/gpu-check';

export default async function ({ test, browser, site }) {
  const address = `${site.url}some/where/demo/gpu-check.html`;

  /** Opens the page, presses its button and gives what it shows, after its steps have ended. */
  async function measure(context, prepare) {
    const page = await context.newPage();
    const problems = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    const sent = [];
    page.on('request', (request) => sent.push(`${request.method()} ${new URL(request.url()).origin}/`));
    await page.goto(address);
    await prepare?.(page);
    await page.getByRole('button', { name: 'Measure' }).click();
    await page.getByRole('button', { name: 'Measure again' }).waitFor({ timeout: 300_000 });
    const report = JSON.parse(await page.locator('#json').inputValue());
    const rows = await page.locator('#rows tr').allTextContents();
    const steps = Object.fromEntries(report.steps.map(({ name, ...step }) => [name, step]));
    return { page, problems, sent: [...new Set(sent)], report, rows, steps };
  }

  await test('all steps end well, the table has the figures, and the JSON is copied', async () => {
    const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
    const { page, problems, sent, report, rows, steps } = await measure(context);
    assert.deepEqual([report.schema, report.schemaVersion, report.end], [SCHEMA, 1, 'done']);
    assert.deepEqual(report.steps.map(({ name, error }) => [name, error]), STEPS.map((name) => [name, undefined]));
    const { environment, loadGpu, pipelines, correctness, passesGpu, passesCpu, memory } = Object.fromEntries(STEPS.map((name) => [name, steps[name].result]));
    assert.equal(environment.adapter.isSoftware, true);
    assert.ok(environment.adapter.limits.maxBufferSize > 0 && environment.adapter.features.length > 0);
    assert.ok(loadGpu.selfTest.maxError <= loadGpu.selfTest.tolerance);
    assert.ok(pipelines.count > 0 && pipelines.pipelines.every(({ builtMs, codeLength }) => builtMs >= 0 && codeLength > 0));
    assert.ok(correctness.entities > 5 && correctness.differentTexts === 0, JSON.stringify(correctness));
    for (const [device, passes] of Object.entries({ passesGpu, passesCpu })) {
      const [first] = passes;
      assert.ok(first.rows === 20 && first.wallMs.median > 0 && first.rowsPerSecond > 0, device);
      assert.equal(Boolean(first.work), device === 'passesGpu');
    }
    const { work } = passesGpu[0];
    assert.ok(work.submits > 0 && work.dispatches > 0 && work.submitMs.count === work.submits, JSON.stringify(work));
    if (environment.adapter.features.includes('timestamp-query')) assert.ok(work.gpuMs > 0 && work.untimedPasses === 0, JSON.stringify(work));
    assert.ok(memory.loaded.aliveBytes > 10e6 && memory.used.aliveBytes >= 10e6 && memory.disposed.createdBytes >= memory.loaded.createdBytes, JSON.stringify(memory));
    assert.ok(rows.some((row) => /software adapter/.test(row)) && rows.some((row) => /rows a second/.test(row)), rows.join('\n'));
    await page.locator('#copy').click();
    await page.getByText('Copied.').waitFor();
    assert.deepEqual(JSON.parse(await page.evaluate(() => navigator.clipboard.readText())), report);
    assert.deepEqual(sent, [`GET ${site.url}`], 'nothing is sent anywhere');
    assert.deepEqual(problems, []);
    await context.close();
  });

  await test('the page fits a phone', async () => {
    const context = await browser.newContext({ viewport: { width: 360, height: 640 } });
    const page = await context.newPage();
    await page.goto(address);
    await page.evaluate(() => {
      document.querySelector('#results').hidden = false;
      document.querySelector('#rows').innerHTML = '<tr><th>WebGPU, 8 × 128 words + 32 entities</th><td>a_very_long_name_of_an_adapter_without_any_space_at_all, 1 ms</td></tr>';
    });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it does not scroll sideways');
    await context.close();
  });

  await test('a worker that does not start is in the JSON', async () => {
    const context = await browser.newContext();
    await context.route('**/check/worker.js', (route) => route.abort());
    const { report, steps } = await measure(context);
    assert.notEqual(report.end, 'done');
    assert.ok(steps.start.error.message, JSON.stringify(report));
    await context.close();
  });

  await test('without WebGPU the page says so, and its JSON has the speed of the CPU', async () => {
    const context = await browser.newContext();
    await context.addInitScript(() => delete Navigator.prototype.gpu);
    await context.route('**/check/worker.js', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `delete WorkerNavigator.prototype.gpu; delete globalThis.GPUDevice;\n${await response.text()}` });
    });
    const { page, problems, report, steps } = await measure(context);
    assert.equal(await page.locator('#webgpu').isVisible(), true);
    assert.equal(report.end, 'done');
    assert.deepEqual(report.steps.map(({ name }) => name), STEPS);
    assert.equal(steps.environment.result.hasWebGpu, false);
    assert.equal(steps.loadGpu.error.code, 'unsupported');
    assert.ok(steps.passesGpu.error && steps.correctness.error && steps.memory.error);
    assert.ok(steps.passesCpu.result[0].rowsPerSecond > 0);
    assert.deepEqual(problems, []);
    await context.close();
  });
}
