// `luke-web/static` in a service worker, in an extension, and on a page.
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { MODELS } from '../server.mjs';

const SCRIPT = readFileSync(new URL('../../../pkg/dist/static.js', import.meta.url), 'utf8');
const CHROMIUMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const PACKAGE = fileURLToPath(new URL('../../../pkg', import.meta.url));
const MODEL = '/models/micro-span_cls/';
const TEXT = 'Ana Ivanovic won at Wimbledon.';

export default async function ({ test, openPage, site }) {
  let page;
  const ask = async (message) => {
    if (!page) {
      page = await openPage();
      await page.evaluate(register);
    }
    return page.evaluate(askServiceWorker, { model: MODEL, text: TEXT, ...message });
  };

  await test('the script has no import() and starts no worker', async () => {
    assert.doesNotMatch(SCRIPT, /\bimport\(/);
    assert.doesNotMatch(SCRIPT, /new Worker\(new URL/);
  });

  await test('a service worker finds entities, and has what it stored the next time', async () => {
    const first = await ask({ drop: true });
    assert.ok(first.entities, JSON.stringify(first));
    const expected = await page.evaluate(onPage, { from: '/pkg/dist/index.js', model: MODEL, text: TEXT });
    assert.deepEqual(first.entities, expected.entities);
    assert.deepEqual([first.info.device, first.info.worker, first.info.workerReason, first.info.threads], ['wasm', false, undefined, 1]);
    const second = await ask({});
    assert.deepEqual(second.entities, first.entities);
    assert.ok(second.events.at(-1).storedBytes > 0, JSON.stringify(second.events));
    assert.deepEqual((await ask({ drop: true })).entities, first.entities, 'another call of the same model');
    assert.ok(site.requests.includes('/static-worker.js'));
  });

  await test('what is not in it is told', async () => {
    for (const [options, words] of [[{ device: 'webgpu' }, /WebGPU/i], [{ threads: 2 }, /threads 2/], [{ worker: true }, /worker/i]]) {
      const { error } = await ask({ options });
      assert.equal(error?.code, 'unsupported', JSON.stringify({ options, error }));
      assert.match(error.message, words);
    }
  });

  await test('the service worker of an extension finds entities in a model that is a part of it', async () => {
    page ??= await openPage();
    const { entities } = await page.evaluate(onPage, { from: '/pkg/dist/static.js', model: MODEL, text: TEXT });
    const found = await inExtension(async ({ text }) => {
      const { Luke } = globalThis.lukeWeb;
      const luke = await Luke.load('model/');
      return { entities: await luke.ner(text), worker: luke.info.worker, scheme: location.protocol };
    });
    assert.deepEqual(found, { entities, worker: false, scheme: 'chrome-extension:' });
  });

  await test('on a page it works too, on its thread', async () => {
    page ??= await openPage();
    const [{ entities, worker }, other] = [await page.evaluate(onPage, { from: '/pkg/dist/static.js', model: MODEL, text: TEXT }), await page.evaluate(onPage, { from: '/pkg/dist/index.js', model: MODEL, text: TEXT })];
    assert.deepEqual([entities, worker, other.worker], [other.entities, false, true]);
  });

  await page?.context().close();
}

/** Runs a function in the service worker of an extension of Chromium that has the package and a model. */
async function inExtension(work) {
  const folder = mkdtempSync(join(tmpdir(), 'luke-extension-'));
  const extension = join(folder, 'extension');
  for (const path of ['dist/static.js', 'wasm/cpu', 'wasm/relaxed']) cpSync(join(PACKAGE, path), join(extension, 'pkg', path), { recursive: true });
  cpSync(join(MODELS, 'micro-span_cls'), join(extension, 'model'), { recursive: true });
  writeFileSync(join(extension, 'background.js'), "import * as lukeWeb from './pkg/dist/static.js';\nglobalThis.lukeWeb = lukeWeb;\n");
  writeFileSync(join(extension, 'manifest.json'), JSON.stringify({
    manifest_version: 3, name: 'luke-web', version: '1', background: { service_worker: 'background.js', type: 'module' },
    content_security_policy: { extension_pages: "script-src 'self' 'wasm-unsafe-eval'; object-src 'self'" },
  }));
  const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath: process.env.CHROMIUM || CHROMIUMS.find(existsSync),
    args: ['--no-sandbox', '--headless=new', `--disable-extensions-except=${extension}`, `--load-extension=${extension}`],
    ignoreDefaultArgs: ['--disable-extensions', '--headless', '--headless=old'],
  });
  try {
    const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker', { timeout: 30_000 }));
    return await worker.evaluate(work, { text: TEXT });
  } finally {
    await context.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

// In the page.
async function register() {
  await navigator.serviceWorker.register('/static-worker.js', { type: 'module' });
  await navigator.serviceWorker.ready;
}

async function askServiceWorker(message) {
  const { active } = await navigator.serviceWorker.ready;
  const { port1, port2 } = new MessageChannel();
  const answered = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
  active.postMessage({ ...message, options: { ...message.options } }, [port2]);
  return answered;
}

async function onPage({ from, model, text }) {
  const { Luke } = await import(from);
  const luke = await Luke.load(model, { device: 'wasm' });
  const entities = await luke.ner(text);
  await luke.dispose();
  return { entities, worker: luke.info.worker };
}
