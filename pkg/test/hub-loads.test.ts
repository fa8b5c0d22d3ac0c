// Loads over HTTP from a server that answers as hubs do.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { after, afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Engine } from '../src/engine.js';
import type { LukeError } from '../src/errors.js';
import type { EngineOptions } from '../src/protocol.js';
import { fetchSource } from '../src/source.js';
import type { LoadEvent } from '../src/types.js';
import { checkUrl } from '../src/validate.js';
import { FakeBrowser } from './browser.js';
import { fakeWasm, machine, ONCE } from './fakes.js';

/** What the tests need of tests/browser/hub/server.mjs, which is no TypeScript. */
interface Hub {
  url: string;
  settings: Record<string, unknown>;
  requests: { on: string; path: string; range?: string; authorization?: string; status: number; bytes: number }[];
  plan(pattern: string | RegExp, fault: object, when?: string | number): void;
  reset(): void;
  close(): void;
}

const repository = new URL('../../../', import.meta.url);
const { startHub, TOKEN } = (await import(new URL('tests/browser/hub/server.mjs', repository).href)) as { startHub: (repositories: object) => Promise<Hub>; TOKEN: string };
const at = (path: string) => fileURLToPath(new URL(path, repository));
const MINI = at('www/models/luke-mini-en');
const RAW = at('tests/fixtures/checkpoints/micro-span_cls');
const CHUNK = 'chunks/0001.bin';
const BYTES = (path: string) => statSync(`${MINI}/${path}`).size;

const hub = await startHub({
  'luke/mini': { revisions: { main: MINI, 'refs/pr/1': MINI } },
  'luke/raw': { revisions: { main: RAW } },
  'luke/gated': { revisions: { main: MINI }, access: 'gated' },
});
after(() => hub.close());
afterEach(() => {
  hub.reset();
  FakeBrowser.uninstall();
});

async function load(model: string, options: Partial<EngineOptions> = {}, headers?: Record<string, string>) {
  const { module, log } = fakeWasm(async () => []);
  const engine = new Engine(machine(module));
  const events: LoadEvent[] = [];
  await engine.load(checkUrl('load', model, hub.url), { ...ONCE, retries: 2, ...options }, fetchSource(fetch, headers), (event) => events.push(event));
  return { log, events };
}

const fromStore = (path = '') => hub.requests.filter((request) => request.on === 'store' && request.path.endsWith(path));

test('a model folder and a checkpoint, whatever the hub says of its files', async () => {
  for (const settings of [{}, { weak: true }, { storeExposes: '' }, { ranges: false }, { cached: true }]) {
    hub.reset();
    Object.assign(hub.settings, settings);
    new FakeBrowser().install();
    const folder = await load('luke/mini@refs/pr/1');
    assert.ok(folder.log.includes('finish') && folder.log.includes(`chunks/0003.bin ${BYTES('chunks/0003.bin')}`), String(folder.log));
    const checkpoint = await load('luke/raw');
    assert.match(checkpoint.log[0]!, /^checkpoint raw of /);
    FakeBrowser.uninstall();
  }
});

test('whatever comes for a file that is not there, the checkpoint is found', async () => {
  for (const missing of ['text', 'json', 'html', 'app', 'typed']) {
    hub.settings.missing = missing;
    const { log } = await load('luke/raw', { cache: false });
    assert.match(log[0]!, /^checkpoint raw of (?!.*luke_web\.json)/, missing);
  }
});

test('a cut download goes on in the middle with a new signed URL, also if that has expired', async () => {
  new FakeBrowser().install();
  hub.plan(CHUNK, { on: 'store', cutAt: 1_000_000 });
  hub.plan(CHUNK, { on: 'signature' });
  hub.plan(CHUNK, { on: 'signature', expired: true });
  const { events } = await load('luke/mini');
  assert.ok(events.some(({ phase, reason }) => phase === 'retry' && /expired/.test(reason!)), JSON.stringify(events.filter(({ phase }) => phase === 'retry')));
  const [first, expired, last] = fromStore(CHUNK);
  assert.deepEqual([first!.range, expired!.status, last!.range, last!.status], [undefined, 403, `bytes=1000000-${BYTES(CHUNK) - 1}`, 206]);
});

test('a gated repository needs a token, which the store does not get', async () => {
  await assert.rejects(load('luke/gated', { cache: false }), { code: 'network', message: /status 401: the repository is gated.*Authorization/ });
  hub.requests.length = 0;
  await load('luke/gated', { cache: false }, { Authorization: `Bearer ${TOKEN}` });
  assert.ok(fromStore().length >= 4 && fromStore().every(({ authorization }) => authorization === undefined));
  await assert.rejects(load('luke/nothing'), { code: 'network', message: /no such repository/ });
  await assert.rejects(load('luke/raw@v9'), (error: LukeError) => error.code === 'network' && /no such revision/.test(error.message));
});
