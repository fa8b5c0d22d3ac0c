import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { FakeBrowser, type BrowserOptions } from './browser.js';
import { idle, quickly, Tab, turn } from './clock.js';
import { hashOf } from './fakes.js';
import { FakeServer } from './server.js';
import { entryIn, modelOf, visit } from './visit.js';

afterEach(() => FakeBrowser.uninstall());

const TOTAL = 16_000;

function setup(browser: BrowserOptions = {}) {
  return { browser: new FakeBrowser(browser).install(), server: new FakeServer(modelOf([5000, 4000, 3000, 2000, 1000], [600, 500, 400])) };
}

test('two tabs at once fetch every byte once', async () => {
  for (const isWorker of [true, false]) {
    const { server } = setup({ isWorker });
    const visits = await Promise.all([new Tab(), new Tab(), new Tab()].map((tab) => tab.run(() => visit(server))));
    assert.equal(visits.length, 3);
    assert.equal(server.sent - server.sentOf('manifest'), TOTAL);
  }
});

test('a tab that is closed in the middle: the next one, or one that waits, fetches only what is missing', async () => {
  const closeAt = async (until: number, isWaiting: boolean) => {
    const { server, browser } = setup();
    const tab = new Tab();
    tab.run(() => visit(server)).catch(() => {}); // timers do not end with the fake tab
    const other = isWaiting ? visit(server) : undefined;
    while (server.sent - server.sentOf('manifest') < until) await turn();
    browser.close(tab);
    await (other ?? visit(server));
    // At most one piece of each download was in flight.
    assert.ok(server.sent - server.sentOf('manifest') <= TOTAL + 4 * 1000, `${server.sent}`);
  };
  for (const isWaiting of [true, false]) for (const until of [1, 4000, 9000, 15_000]) await quickly(() => closeAt(until, isWaiting));
});

test('a tab that its browser has frozen holds up no other one for long, and what it holds is stored by the other', async () => {
  for (const lock of ['a file', 'records', 'the manifest'] as const) {
    const { server, browser } = setup();
    const { sha256 } = entryIn(server, 'chunks/1.bin');
    if (lock !== 'a file') {
      const name = lock === 'records' ? lock : hashOf(server.files.get('manifest.json')!);
      void browser.locks.request(`luke-web:${name}`, () => new Promise(() => {}));
    }
    const { ms } = await quickly(async () => {
      if (lock === 'a file') {
        server.next('chunks/1.bin', { stallAt: 1000 });
        new Tab().run(() => visit(server, { stallMs: 2 ** 31 - 1 })).catch(() => {});
        while (!browser.locks.held.has(`luke-web:${sha256}`) || server.sentOf('chunks/1.bin') < 1000) await turn();
        await idle();
      }
      await visit(server);
    });
    assert.ok(ms >= 15_000 && ms <= 100_000, `${lock}: ${ms} ms`);
    assert.equal(server.sentOf('chunks/1.bin'), 4000 + (lock === 'a file' ? 1000 : 0));
    server.isOffline = true;
    assert.deepEqual((await quickly(() => visit(server))).value.asked, ['manifest.json']);
  }
});
