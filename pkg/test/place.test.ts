import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Client } from '../src/client.js';
import type { LukeError } from '../src/errors.js';
import type { Call } from '../src/protocol.js';
import { serve } from '../src/serve.js';
import type { LoadEvent } from '../src/types.js';

const scope = globalThis as { Worker?: unknown; location?: unknown };
const call: Call = { method: 'ner', input: 'a', options: {} };

afterEach(() => {
  delete scope.Worker;
  delete scope.location;
});

/** Connects with workers of this class. */
async function connect(Worker: unknown, worker?: true) {
  scope.Worker = Worker;
  const events: LoadEvent[] = [];
  const client = await Client.connect(worker, { onProgress: (event) => void events.push(event) }, 5000);
  const answer = await client.call(call, 'user-visible').catch((error: LukeError) => error);
  client.close(new Error('over'));
  return { place: client.place, events, answer: answer as LukeError };
}

/** What an engine without a model answers. */
const ALIVE = 'no model is loaded';

/** Made, and then refused by the page's policy: the browser only tells so by an event. */
class RefusedWorker extends EventTarget {
  static made = 0;
  static terminated = 0;
  constructor() {
    super();
    RefusedWorker.made += 1;
    setTimeout(() => this.dispatchEvent(Object.assign(new Event('error'), { message: '' })));
  }
  postMessage() {}
  terminate() {
    RefusedWorker.terminated += 1;
  }
}

class ForbiddenWorker {
  static scripts: string[] = [];
  constructor(script: string | URL) {
    ForbiddenWorker.scripts.push(String(script));
    throw new DOMException('not from this origin', 'SecurityError');
  }
}

test('without workers the model runs here, and nothing has to be said', async () => {
  const { place, events, answer } = await connect(undefined);
  assert.deepEqual([place, events, answer.message], [{ worker: false }, [], ALIVE]);
});

test('a worker that the browser refuses is replaced by this thread, which is said', async () => {
  for (const [Worker, message] of [[ForbiddenWorker, /the worker did not start: SecurityError: not from this origin/], [RefusedWorker, /the worker did not start: its script could not be loaded/]] as const) {
    const { place, events, answer } = await connect(Worker);
    assert.deepEqual([place.worker, answer.message], [false, ALIVE]);
    assert.match(place.workerReason!, message);
    assert.deepEqual(events.map(({ phase, totalBytes }) => [phase, totalBytes]), [['fallback', 0]]);
    assert.match(events[0]!.reason!, message);
  }
  assert.equal(RefusedWorker.terminated, RefusedWorker.made);
});

test('a worker that was asked for is not replaced', async () => {
  await assert.rejects(connect(ForbiddenWorker, true), { code: 'unsupported', message: /not from this origin/ });
  await assert.rejects(connect(RefusedWorker, true), { code: 'unsupported', message: /could not be loaded/ });
  await assert.rejects(connect(undefined, true), { code: 'unsupported', message: /not available/ });
});

test('a script of another origin is imported by one of this origin, however the browser refuses the first', async () => {
  for (const throws of [true, false]) {
    const made: string[] = [];
    class OwnOriginWorker extends EventTarget {
      constructor(script: string | URL) {
        super();
        made.push(String(script).split(':')[0]!);
        if (made.at(-1) === 'blob') return;
        if (throws) throw new DOMException('of another origin', 'SecurityError');
        setTimeout(() => this.dispatchEvent(new Event('error')));
      }
      postMessage(_: unknown, [port]: MessagePort[]) {
        if (made.at(-1) === 'blob') void serve(port!);
      }
      terminate() {}
    }
    scope.location = new URL('https://page.test/');
    const { place, events, answer } = await connect(OwnOriginWorker);
    assert.deepEqual([made, place, events, answer.message], [['file', 'blob'], { worker: true }, [], ALIVE]);
  }
});

test('a script of this origin is not imported by another one', async () => {
  ForbiddenWorker.scripts = [];
  scope.location = { origin: 'null' }; // that of a file
  assert.equal((await connect(ForbiddenWorker)).place.worker, false);
  assert.equal(ForbiddenWorker.scripts.length, 1);
});
