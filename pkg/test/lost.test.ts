// Workers that end by themselves, and what the next call does.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Luke } from '../src/index.js';
import { FakeBrowser } from './browser.js';
import { idle, turn } from './clock.js';
import { fakeWasm, machine, MODEL, workers } from './fakes.js';
import { FakeServer } from './server.js';
import { modelOf } from './visit.js';

afterEach(() => FakeBrowser.uninstall());

function setup(ner: Parameters<typeof fakeWasm>[0] = async () => []) {
  return { browser: new FakeBrowser().install(), server: new FakeServer(modelOf([3000, 2000, 1000])), ...fakeWasm(ner) };
}

const fetchOf = (server: FakeServer) => server.fetch as typeof fetch;

test('a worker that is lost: what is pending rejects, and the next call starts another one', async () => {
  const ends = { lock: lose, port: (port: MessagePort) => port.close() };
  for (const [when, end] of (['idle', 'in a call'] as const).flatMap((when) => Object.values(ends).map((end) => [when, end] as const))) {
    const { server, module } = setup(async (input) => (input === 'stuck' ? new Promise(() => {}) : []));
    const { start, started } = workers(() => machine(module));
    const luke = await Luke.load(MODEL, { worker: start, fetch: fetchOf(server) });
    assert.equal('reloadReason' in luke.info, false);
    const calls = when === 'in a call' ? [luke.ner('stuck'), luke.ner('queued')] : [];
    const settled = calls.map((call, i) => (i === 0 ? assert.rejects(call, { code: 'worker-lost' }) : call.then((found) => assert.deepEqual(found, []))));
    await idle();
    end(started[0]!.port);
    await turn();
    await turn();
    await Promise.all(settled);
    assert.deepEqual(await luke.ner('a'), []);
    assert.match(luke.info.reloadReason!, /the worker is lost: it was terminated/);
    assert.deepEqual([started.length, started[0]!.terminated], [2, true]);
    await luke.dispose();
    await assert.rejects(luke.ner('a'), { code: 'disposed' });
    started[0]!.port.close(); // the engine of a worker that was terminated does not wait for its calls
  }
});

/** Makes the page's end of a connection lose the worker. */
function lose(port: MessagePort) {
  port.postMessage({ type: 'hello', lock: 'luke-web:nobody holds this' });
}

test('after a lost worker, a reconnect that fails is tried again by the next call', async () => {
  const { server, module } = setup();
  const { start, started } = workers(() => machine(module));
  const luke = await Luke.load(MODEL, { worker: start, fetch: fetchOf(server), cache: false, retries: 0 });
  lose(started[0]!.port);
  await idle();
  server.isOffline = true;
  await assert.rejects(luke.ner('a'), { code: 'network' });
  await assert.rejects(luke.ner('a'), { code: 'network' });
  server.isOffline = false;
  assert.deepEqual(await luke.ner('a'), []);
  assert.deepEqual(started.map(({ terminated }) => terminated), [true, true, true, false]);
  await luke.dispose();
});

test('a call that is aborted while another worker starts does not run in it', async () => {
  const ran: unknown[] = [];
  const { server, module } = setup(async (input) => (ran.push(input), []));
  const { start, started } = workers(() => machine(module));
  const luke = await Luke.load(MODEL, { worker: start, fetch: fetchOf(server) });
  lose(started[0]!.port);
  await idle();
  const abort = new AbortController();
  const call = assert.rejects(luke.ner('aborted', { signal: abort.signal }), (reason) => reason === 'enough');
  abort.abort('enough');
  await call;
  assert.deepEqual(await luke.ner('next'), []);
  await idle();
  assert.deepEqual(ran, ['next']);
  await luke.dispose();
});

test('a dispose while another worker starts ends it', async () => {
  const { server, module } = setup();
  const { start, started } = workers(() => machine(module));
  const luke = await Luke.load(MODEL, { worker: start, fetch: fetchOf(server) });
  lose(started[0]!.port);
  await idle();
  const call = assert.rejects(luke.ner('a'), { code: 'disposed' });
  await luke.dispose();
  await call;
  await idle();
  assert.ok(started.every(({ terminated }) => terminated));
});

test('a worker of the user that is lost stays lost, and is not terminated', async () => {
  const { server, module } = setup();
  const { start, started } = workers(() => machine(module));
  const luke = await Luke.load(MODEL, { worker: start(), fetch: fetchOf(server) });
  lose(started[0]!.port);
  await idle();
  for (let i = 0; i < 2; i += 1) await assert.rejects(luke.ner('a'), { code: 'worker-lost' });
  assert.deepEqual(started.map(({ terminated }) => terminated), [false]);
  await luke.dispose();
});
