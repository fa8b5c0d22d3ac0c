import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LukeError } from '../src/errors.js';
import { answerFetch, RemoteSource } from '../src/remote.js';
import type { FetchReply, Reply } from '../src/protocol.js';
import { fetchSource, type Source } from '../src/source.js';
import { idle, turn } from './clock.js';
import { MODEL } from './fakes.js';
import { FakeServer, type ServerOptions } from './server.js';
import { content } from './visit.js';

const FILE = content(5000, 1);
const never = new AbortController().signal;

/** Both ends of a fetch over a port, with the messages that went through it. */
function setup(options: ServerOptions = {}, page?: Source) {
  const server = new FakeServer({ a: FILE }, options);
  const messages: string[] = [];
  const fetches = new Map<number, { abort: AbortController; next: () => void }>();
  let open = 0;
  const toEngine = (reply: FetchReply) => {
    messages.push(reply.type);
    void turn().then(() => remote.receive(structuredClone(reply)));
  };
  const port = { postMessage: (reply: FetchReply, transfer: Transferable[]) => toEngine(structuredClone(reply, { transfer })) } as unknown as MessagePort;
  const toPage = async (message: Reply) => {
    messages.push(message.type);
    await turn();
    if (message.type === 'fetch') {
      const abort = new AbortController();
      let [asked, wake] = [0, () => {}];
      fetches.set(message.id, { abort, next: () => ((asked += 1), wake()) });
      const whenAsked = async () => {
        while (asked === 0) await new Promise<void>((resolve) => (wake = resolve));
        asked -= 1;
      };
      open += 1;
      await answerFetch(page ?? fetchSource(server.fetch as typeof fetch), message, abort.signal, port, whenAsked);
      open -= 1;
    } else if (message.type === 'fetch-more') fetches.get(message.id)!.next();
    else if (message.type === 'cancel') {
      fetches.get(message.id)!.abort.abort();
      fetches.get(message.id)!.next();
    }
  };
  const remote = new RemoteSource((message) => void toPage(message));
  return { server, messages, remote, open: () => open };
}

test('a file comes piece by piece, with the facts of its response', async () => {
  const { remote, messages, open } = setup();
  const { pieces, ...facts } = await remote.source(`${MODEL}a`, never, { offset: 1000, bytes: 3000 }, 'no-store');
  assert.deepEqual(facts, { status: 206, version: '"a"', ifRange: undefined, retryAfterMs: undefined, start: 1000, html: false });
  const got: Uint8Array[] = [];
  for await (const piece of pieces) got.push(piece.slice());
  assert.deepEqual(new Uint8Array(Buffer.concat(got)), FILE.slice(1000, 4000));
  assert.deepEqual(messages, ['fetch', 'fetch-response', ...Array(3).fill(['fetch-more', 'fetch-bytes']).flat(), 'fetch-more', 'fetch-end']);
  await idle();
  assert.equal(open(), 0);
});

test('the page is never more than one piece ahead', async () => {
  for (const byteStreams of [true, false]) {
    const { remote, server } = setup({ byteStreams });
    const { pieces } = await remote.source(`${MODEL}a`, never);
    await idle();
    // A byte stream is only read when a piece is asked for; Node.js asks for one piece of any other stream by itself.
    assert.ok(server.sent <= 1000, `${server.sent}`);
    let read = 0;
    for await (const piece of pieces) {
      read += piece.length;
      await idle();
      assert.ok(server.sent <= read + 1000, `${server.sent} after ${read}`);
    }
    assert.equal(read, 5000);
  }
});

test('leaving the pieces, cancelling and aborting end the fetch of the page, also if it ignores its signal', async () => {
  for (const heedsAborts of [true, false]) {
    const ends: ((source: Awaited<ReturnType<Source>>, abort: AbortController) => Promise<unknown>)[] = [
      async ({ pieces }) => { for await (const _ of pieces) break; },
      async (_, abort) => abort.abort('stop'),
      async ({ pieces }, abort) => {
        abort.abort('stop');
        await assert.rejects(pieces[Symbol.asyncIterator]().next(), (reason) => reason === 'stop');
      },
      async ({ pieces }, abort) => {
        const iterator = pieces[Symbol.asyncIterator]();
        await iterator.next();
        const next = iterator.next();
        abort.abort('stop');
        await assert.rejects(next, (reason) => reason === 'stop');
      },
    ];
    for (const [i, end] of ends.entries()) {
      const { remote, server, open } = setup({ heedsAborts });
      const abort = new AbortController();
      await end(await remote.source(`${MODEL}a`, abort.signal), abort);
      await idle();
      assert.deepEqual([server.asked[0]!.isCancelled, open()], [true, 0], `${i} ${heedsAborts}`);
    }
  }
});

test('an abort before the headers ends the fetch, and later replies are ignored', async () => {
  const { remote, server, open } = setup();
  server.next('a', { stallAt: -1 });
  const abort = new AbortController();
  const fetching = remote.source(`${MODEL}a`, abort.signal);
  await idle();
  abort.abort('stop');
  await assert.rejects(fetching, (reason) => reason === 'stop');
  await assert.rejects(remote.source(`${MODEL}a`, abort.signal), (reason) => reason === 'stop');
  await idle();
  assert.equal(open(), 0);
  remote.receive({ type: 'fetch-end', id: 0 });
});

test('errors keep their code, at the headers and in the middle', async () => {
  const { remote, server } = setup();
  server.next('a', { isRefused: true }, { cutAt: 2000 });
  await assert.rejects(remote.source(`${MODEL}a`, never), { code: 'network', message: /Failed to fetch/ });
  const { pieces } = await remote.source(`${MODEL}a`, never);
  let read = 0;
  await assert.rejects(async () => {
    for await (const piece of pieces) read += piece.length;
  }, { code: 'network' });
  assert.equal(read, 2000);
  const odd = setup({}, async () => {
    throw new LukeError('format', 'odd', { file: 'a' });
  });
  await assert.rejects(odd.remote.source(`${MODEL}a`, never), { code: 'format', message: 'odd', detail: { file: 'a' } });
});

test('two fetches at once do not mix', async () => {
  const { remote, server } = setup();
  server.files.set('b', content(3000, 9));
  const read = async (path: string) => {
    const got: Uint8Array[] = [];
    for await (const piece of (await remote.source(MODEL + path, never)).pieces) got.push(piece.slice());
    return new Uint8Array(Buffer.concat(got));
  };
  assert.deepEqual(await Promise.all([read('a'), read('b')]), [FILE, content(3000, 9)]);
});
