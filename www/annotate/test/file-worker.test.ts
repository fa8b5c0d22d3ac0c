// The worker that reads and writes files, with a message channel in the place of its thread.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import fc from 'fast-check';
import { BACKUP } from '../files/choices.js';
import { FileWorker, type JobWorker } from '../files/file-worker.js';
import { documentParts, type Answer, type Request } from '../files/protocol.js';
import { planReading } from '../files/reading.js';
import { serve } from '../files/serve.js';
import { planWriting } from '../files/writing.js';
import { FORMATS, infoOf } from '../formats/index.js';
import type { Corpus } from '../model/types.js';
import { textFile } from './helpers.js';
import { document, notes, SETS, span } from './scenes.js';
import { corpora, PROPERTY } from './testing.js';

/** Messages are copied, as those of a worker are. `requests` and `ended` tell what was done with it. */
class ChannelWorker implements JobWorker {
  onmessage: JobWorker['onmessage'] = null;
  onmessageerror: JobWorker['onmessageerror'] = null;
  onerror: JobWorker['onerror'] = null;
  readonly requests: Request['kind'][] = [];
  ended = false;
  readonly #channel = new MessageChannel();

  constructor(isServed = true) {
    const { port1, port2 } = this.#channel;
    port1.on('message', (data: Answer) => this.onmessage?.(new MessageEvent('message', { data })));
    if (!isServed) return;
    serve({
      addEventListener: (_, listener) => void port2.on('message', (data: Request) => listener(new MessageEvent('message', { data }))),
      postMessage: (answer) => port2.postMessage(answer),
    });
  }

  postMessage(request: Request): void {
    this.requests.push(request.kind);
    this.#channel.port1.postMessage(request);
  }

  terminate(): void {
    this.ended = true;
    this.#channel.port1.close();
  }
}

function started(isServed = true): { readonly files: FileWorker; readonly workers: ChannelWorker[] } {
  const workers: ChannelWorker[] = [];
  const start = (): ChannelWorker => {
    const worker = new ChannelWorker(isServed);
    workers.push(worker);
    return worker;
  };
  return { files: new FileWorker(start), workers };
}

/** So many documents that they do not fit into one message. */
const LARGE: Corpus = {
  name: 'Large', labelSets: SETS,
  documents: Array.from({ length: 30 }, (_, index) => {
    return document(`d${index}`, 'Ada met Bob. '.repeat(2_000), notes([span('s1', 0, 3), span('s2', 8, 11)]));
  }),
};

test('what is written and read in the worker is what the functions give', async () => {
  const { files, workers } = started();
  const sent: number[] = [];
  const received: number[] = [];
  const written = await files.write(LARGE, BACKUP, new Set(), { onProgress: (done) => sent.push(done) });
  assert.deepEqual(written, await planWriting(LARGE, BACKUP));
  const plan = await files.read([written.file], {}, { onProgress: (done, total) => received.push(done, total) });
  assert.deepEqual(plan, await planReading([written.file], {}));
  assert.deepEqual(plan.corpus, LARGE);
  assert.ok(workers[0]!.requests.filter((kind) => kind === 'documents').length > 2);
  assert.deepEqual([sent.at(-1), received.at(-2), received.at(-1)], [30, 30, 30]);
  assert.ok(received.length > 4);
  assert.deepEqual(await files.backup(LARGE), written.file);
  assert.ok(workers.length === 3 && workers.every(({ ended }) => ended), 'each job ends its worker');
});

test('any corpus comes back', async () => {
  const { files } = started();
  await fc.assert(fc.asyncProperty(corpora(), async (corpus) => {
    const { file } = await files.write(corpus, BACKUP);
    assert.deepEqual((await files.read([file], { format: 'luke' })).corpus, (await planReading([file], { format: 'luke' })).corpus);
  }), { ...PROPERTY, numRuns: 10 });
});

test('only the chosen documents are sent, and then it is no backup', async () => {
  const { files } = started();
  const plan = await files.write(LARGE, { ...BACKUP, documents: 'chosen' }, new Set(['d3']));
  assert.deepEqual([plan.documents, plan.isBackup], [1, false]);
  assert.deepEqual(plan, await planWriting(LARGE, { ...BACKUP, documents: 'chosen' }, new Set(['d3'])));
});

test('the formats are asked for once, unless it failed', async () => {
  const { files, workers } = started();
  const formats = await files.formats();
  assert.equal(await files.formats(), formats);
  assert.equal(workers.length, 1);
  assert.deepEqual(formats, FORMATS.map(infoOf));
  assert.ok(formats.every(({ id, canWrite }) => canWrite === (FORMATS.find((format) => format.id === id)?.write !== undefined)));
  const reading = started();
  await reading.files.read([textFile('Ada', 'a.txt')], {});
  assert.deepEqual(await reading.files.formats(), formats);
  assert.equal(reading.workers.length, 1, 'they come with what is read');
  let fails = true;
  const again = new FileWorker(() => {
    if (fails) throw new Error('no worker');
    return new ChannelWorker();
  });
  await assert.rejects(again.formats(), /no worker/);
  fails = false;
  assert.deepEqual(await again.formats(), formats);
});

test('a job that is canceled ends its worker and sends nothing more', async () => {
  const { files, workers } = started(false);
  const controller = new AbortController();
  const reading = files.read([textFile('Ada', 'a.txt')], {}, { signal: controller.signal });
  controller.abort();
  await assert.rejects(reading, { name: 'AbortError' });
  assert.equal(workers[0]!.ended, true);

  const other = new AbortController();
  const writing = files.write(LARGE, BACKUP, new Set(), { signal: other.signal, onProgress: () => other.abort() });
  await assert.rejects(writing, { name: 'AbortError' });
  await new Promise((later) => setTimeout(later, 20));
  assert.deepEqual([workers[1]!.requests, workers[1]!.ended], [['documents'], true]);
  await assert.rejects(files.read([], {}, { signal: other.signal }), { name: 'AbortError' });
  assert.equal(workers.length, 2, 'no worker is started for a job that was canceled before');
});

test('a worker that fails, or that cannot be loaded, is an error with its reason', async () => {
  const { files, workers } = started(false);
  for (const [message, expected] of [['out of memory', /has failed: out of memory/], [undefined, /could not be loaded/]] as const) {
    const reading = files.read([textFile('Ada', 'a.txt')], {});
    workers.at(-1)!.onerror?.(Object.assign(new Event('error'), { message }) as ErrorEvent);
    await assert.rejects(reading, expected);
    assert.equal(workers.at(-1)!.ended, true);
  }
  await assert.rejects(started().files.write(LARGE, { ...BACKUP, format: 'nothing' }), /"nothing" cannot be written/);
});

test('the parts have all documents in their order, and few in each', () => {
  const parts = [...documentParts(LARGE.documents)];
  assert.deepEqual(parts.flat(), LARGE.documents);
  assert.ok(parts.every((part) => part.length > 0 && part.length < 10));
  assert.deepEqual([...documentParts([])], []);
});
