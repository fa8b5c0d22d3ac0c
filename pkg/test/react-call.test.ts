import assert from 'node:assert/strict';
import { test } from 'node:test';
import { act, startTransition, Suspense, createElement, use, useState, type ReactNode } from 'react';
import type { Answer, Entity, Luke } from '../src/index.js';
import { makeHead } from '../src/head.js';
import { useNer, useQa, type CallState, type UseNerOptions } from '../src/react.js';
import { show } from './dom.js';

interface FakeCall {
  input: unknown;
  options: Record<string, unknown> & { signal: AbortSignal };
  resolve(value: unknown): Promise<void>;
  reject(error: unknown): Promise<void>;
}

/** A `Luke` whose calls the test answers, also those that were aborted. */
function fakeLuke() {
  const calls: FakeCall[] = [];
  const answer = (input: unknown, options: FakeCall['options']) =>
    new Promise((resolve, reject) => {
      calls.push({ input, options, resolve: (value) => act(async () => resolve(value)), reject: (error) => act(async () => reject(error)) });
    });
  const luke = { ner: answer, qa: (question: string, context: string, options: FakeCall['options']) => answer([question, context], options) };
  return { luke: luke as unknown as Luke, calls };
}

const names = (...labels: string[]) => labels.map((label) => ({ label }) as Entity);

interface Props {
  luke: Luke | undefined;
  text: string | undefined;
  options?: UseNerOptions;
}

let shown: CallState<string, Entity[]>;
function Names({ luke, text, options }: Props): ReactNode {
  shown = useNer(luke, text, { ...options, labels: ['PER'] });
  return `${shown.status} ${shown.data?.map(({ label }) => label) ?? ''}`;
}

test('useNer waits for model and text, and gives the entities', async () => {
  const { luke, calls } = fakeLuke();
  const page = await show(Names, { luke: undefined, text: 'a' } as Props);
  assert.equal(page.text(), 'idle ');
  await page.update({ luke, text: undefined });
  assert.equal(page.text(), 'idle ');
  await page.update({ luke, text: 'Ada' });
  assert.equal(page.text(), 'pending ');
  assert.deepEqual([calls[0]!.input, calls[0]!.options.labels], ['Ada', ['PER']]);
  await calls[0]!.resolve(names('PER'));
  assert.equal(page.text(), 'ready PER');
  await page.update({ luke, text: 'Ada' });
  assert.equal(calls.length, 1, 'equal options in another object are no change');
  await page.update({ luke, text: 'Ada', options: { threshold: 0.5 } });
  assert.equal(calls.length, 2);
  await page.unmount();
});

test('a changed text aborts the call before it, and never gets the entities of another text', async () => {
  const { luke, calls } = fakeLuke();
  const page = await show(Names, { luke, text: 'Ada' } as Props);
  await calls[0]!.resolve(names('PER'));
  await page.update({ luke, text: 'London' });
  assert.equal(page.text(), 'pending ');
  assert.deepEqual(shown.last, { input: 'Ada', data: names('PER') });
  await page.update({ luke, text: 'London and Paris' });
  assert.deepEqual(calls.map(({ options }) => options.signal.aborted), [true, true, false]);
  await calls[1]!.resolve(names('WRONG'));
  assert.equal(page.text(), 'pending ');
  await calls[2]!.resolve(names('LOC', 'LOC'));
  assert.equal(page.text(), 'ready LOC,LOC');
  await page.update({ luke, text: 'Ada' });
  assert.equal(page.text(), 'pending ');
  await page.unmount();
  assert.ok(calls.every(({ options }) => options.signal.aborted));
});

test('an empty text is a text', async () => {
  const { luke, calls } = fakeLuke();
  const page = await show(Names, { luke, text: '' } as Props);
  await calls[0]!.resolve([]);
  assert.equal(page.text(), 'ready ');
  await page.unmount();
});

test('a call that failed gives its error, and retry makes it again; the last result stays', async () => {
  const { luke, calls } = fakeLuke();
  const page = await show(Names, { luke, text: 'Ada' } as Props);
  await calls[0]!.resolve(names('PER'));
  await page.update({ luke, text: 'Paris' });
  await calls[1]!.reject(new Error('lost'));
  assert.equal(page.text(), 'error ');
  assert.equal((shown.error as Error).message, 'lost');
  assert.equal(shown.last?.input, 'Ada');
  await act(async () => shown.retry());
  assert.equal(page.text(), 'pending ');
  await calls[2]!.resolve(names('LOC'));
  assert.equal(page.text(), 'ready LOC');
  assert.equal(shown.error, undefined);
  await page.unmount();
});

test('under StrictMode the first of two calls is aborted, and the second gives the result', async () => {
  const { luke, calls } = fakeLuke();
  const page = await show(Names, { luke, text: 'Ada' } as Props, true);
  assert.deepEqual(calls.map(({ options }) => options.signal.aborted), [true, false]);
  await calls[0]!.reject(calls[0]!.options.signal.reason);
  assert.equal(page.text(), 'pending ');
  await calls[1]!.resolve(names('PER'));
  assert.equal(page.text(), 'ready PER');
  await page.unmount();
  assert.ok(calls.every(({ options }) => options.signal.aborted));
});

test('another model reads the text anew', async () => {
  const [first, second] = [fakeLuke(), fakeLuke()];
  const page = await show(Names, { luke: first.luke, text: 'Ada' } as Props);
  await page.update({ luke: second.luke, text: 'Ada' });
  assert.equal(first.calls[0]!.options.signal.aborted, true);
  await second.calls[0]!.resolve(names('PER'));
  assert.equal(page.text(), 'ready PER');
  await page.unmount();
});

test('a concurrent render that is not shown makes no call', async () => {
  const { luke, calls } = fakeLuke();
  const forever = new Promise<never>(() => {});
  let setText!: (text: string) => void;
  const Waits = ({ text }: { text: string }): ReactNode => (text === 'never' ? use(forever) : null);
  const App = (): ReactNode => {
    const [text, set] = useState('Ada');
    setText = set;
    const { status } = useNer(luke, text);
    return createElement(Suspense, { fallback: 'waiting' }, `${text} ${status}`, createElement(Waits, { text }));
  };
  const page = await show(App, {});
  await act(async () => startTransition(() => setText('never')));
  assert.equal(page.text(), 'Ada pending', 'the transition waits, and the page shows the earlier text');
  assert.deepEqual(calls.map(({ input, options }) => [input, options.signal.aborted]), [['Ada', false]]);
  await act(async () => startTransition(() => setText('Paris')));
  await calls[1]!.resolve(names('LOC'));
  assert.equal(page.text(), 'Paris ready');
  assert.deepEqual(calls.map(({ input }) => input), ['Ada', 'Paris']);
  await page.unmount();
});

test('useNer takes a head, and calls again when it is another one', async () => {
  const { luke, calls } = fakeLuke();
  const made = (name: string) => makeHead(new Uint8Array(1), { task: 'ner', name, labels: ['FOOD'], model: '', manifestHash: '', layers: [1], hidden: 1, temperature: 1, examples: 1 }, undefined);
  const [head, other] = [made('a'), made('a')];
  const page = await show(Names, { luke, text: 'Add salt.', options: { head: undefined } } as Props);
  for (const options of [{ head }, { head }, { head: other }]) await page.update({ luke, text: 'Add salt.', options });
  assert.deepEqual(calls.map(({ options }) => options.head), [undefined, head, other]);
  await page.unmount();
});

test('useNer compares lists of texts and words by their contents', async () => {
  const { luke, calls } = fakeLuke();
  const Lists = ({ texts, words }: { texts: string[]; words: string[] }): ReactNode =>
    `${useNer(luke, [...texts]).data?.length} ${useNer(luke, { words: [...words] }).data?.length}`;
  const page = await show(Lists, { texts: ['a', 'b'], words: ['c'] });
  await calls[0]!.resolve([[], []]);
  await calls[1]!.resolve(names('PER'));
  await page.update({ texts: ['a', 'b'], words: ['c'] });
  assert.deepEqual([page.text(), calls.length], ['2 1', 2]);
  await page.update({ texts: ['a b'], words: ['c'] });
  assert.deepEqual([calls.length, calls[2]!.input], [3, ['a b']]);
  await page.unmount();
});

test('useQa answers a question, and asks again when question, context or options change', async () => {
  const { luke, calls } = fakeLuke();
  type QaProps = { question: string | undefined; context: string; topK?: number };
  const Asks = ({ question, context, topK = 1 }: QaProps): ReactNode => {
    const { status, data, last } = useQa(luke, question, context, { topK });
    return `${status} ${data?.answerable ? data.answer : ''} ${last?.input.question ?? ''}`;
  };
  const page = await show(Asks, { question: undefined, context: 'By George Lucas.' } as QaProps);
  assert.equal(page.text(), 'idle  ');
  await page.update({ question: 'Who?', context: 'By George Lucas.' });
  assert.deepEqual([calls[0]!.input, calls[0]!.options.topK], [['Who?', 'By George Lucas.'], 1]);
  await calls[0]!.resolve({ answerable: true, answer: 'George Lucas' } as Answer);
  assert.equal(page.text(), 'ready George Lucas Who?');
  await page.update({ question: 'Who?', context: 'By Ada.' });
  assert.equal(page.text(), 'pending  Who?');
  await page.update({ question: 'Who?', context: 'By Ada.', topK: 2 });
  assert.deepEqual(calls.map(({ options }) => options.signal.aborted), [true, true, false]);
  await page.unmount();
});
