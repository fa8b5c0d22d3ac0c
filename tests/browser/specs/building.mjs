// The demo while `./build.sh run` still builds modules: it works with those there are, and says what is missing and what has come.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { devServer, newStatus } from '../../../tools/build/dev-server.mjs';
import { listen } from '../../../www/serve.mjs';

export default async function ({ test, browser }) {
  await test('wasm: the demo takes the modules that are there, and tells when others are', async () => {
    const status = { ...newStatus(), cpu: 'ready' };
    const requests = [];
    const handler = devServer(fileURLToPath(new URL('../../../', import.meta.url)), status);
    const { server, url } = await listen((request, response) => {
      requests.push(request.url);
      return handler(request, response);
    });
    const context = await browser.newContext();
    const page = await context.newPage();
    const complaints = [];
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
    const entities = () => page.locator('#panel-ner .results[aria-busy=false] mark').first().waitFor({ timeout: 300_000 });
    const says = (text) => page.waitForFunction((wanted) => document.querySelector('#building').textContent === wanted, text, { timeout: 30_000 });
    const fetched = (module) => requests.some((path) => path.startsWith(`/luke-web/wasm/${module}/`));

    await page.goto(url);
    await entities();
    await says('The modules for relaxed SIMD, threads, and WebGPU are still being built: this page uses one thread of the CPU. Reload when they are ready.');
    assert.deepEqual([fetched('threads'), fetched('webgpu')], [false, false]);

    status.relaxed = 'ready';
    status.threads = 'ready';
    await says('The module for WebGPU is still being built: this page uses one thread of the CPU. Reload when it is ready. The modules for relaxed SIMD and threads are ready: reload the page to use them.');
    await page.reload();
    await entities();
    await says('The module for WebGPU is still being built: this page uses the CPU. Reload when it is ready.');
    assert.deepEqual([fetched('threads'), fetched('webgpu')], [true, false]);

    status.webgpu = 'failed';
    await says('The module for WebGPU could not be built (the terminal says why): this page works without it.');
    await page.reload();
    await entities();
    await says('The module for WebGPU could not be built (the terminal says why): this page works without it.');

    status.webgpu = 'ready';
    await page.reload();
    await entities();
    assert.equal(await page.locator('#building').isVisible(), false);
    assert.deepEqual(complaints, []);
    await context.close();
    server.close();
    server.closeAllConnections();
  });
}
