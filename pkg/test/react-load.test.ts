import assert from 'node:assert/strict';
import { test } from 'node:test';
import { act, createElement, Fragment, StrictMode, Suspense, use, type ReactNode } from 'react';
import { useLuke, type UseLukeOptions } from '../src/react.js';
import { show, until } from './dom.js';
import { fakeFetch, fakeWasm, fakeWorker, machine, MODEL, modelFiles } from './fakes.js';

/** Options of a load with fakes, and what happened to them. */
function fakes(files = modelFiles(6, 3)) {
  const seen = { requests: [] as string[], started: 0, terminated: 0, aborted: 0 };
  const { fetch } = fakeFetch(files);
  const options: UseLukeOptions = {
    retries: 0,
    worker: () => {
      seen.started += 1;
      const { worker } = fakeWorker(machine(fakeWasm(async () => []).module));
      return Object.assign(worker, { terminate: () => void (seen.terminated += 1) });
    },
    fetch: (url, init) => {
      seen.requests.push(String(url));
      init?.signal?.addEventListener('abort', () => (seen.aborted += 1));
      return fetch(url, init);
    },
  };
  return { options, seen };
}

/** A `fetch` that never answers, but ends with its signal. */
const silent: typeof fetch = (_url, init) => new Promise((_, reject) => init!.signal!.addEventListener('abort', () => reject(new Error('aborted'))));

interface Props {
  model: string | URL | undefined;
  options: UseLukeOptions;
  onRender?: (state: ReturnType<typeof useLuke>) => void;
}

/** Passes new objects for the same options in each render, as components do. */
function Model({ model, options, onRender }: Props): ReactNode {
  const state = useLuke(model, { ...options, heads: [] });
  onRender?.(state);
  return `${state.status} ${state.luke?.info.name ?? ''}`;
}

test('useLuke loads the model, reports its progress, and disposes it with the component', async () => {
  const { options, seen } = fakes();
  const states: ReturnType<typeof useLuke>[] = [];
  const page = await show<Props>(Model, { model: MODEL, options, onRender: (state) => states.push(state) });
  assert.equal(states[0]!.status, 'loading');
  await until(() => page.text() === 'ready fake');
  assert.equal(states.at(-1)!.progress?.phase, 'ready');
  assert.equal(states.at(-1)!.progress?.loadedBytes, states.at(-1)!.progress?.totalBytes);
  await page.update({ model: MODEL, options, onRender: (state) => states.push(state) });
  assert.equal(states.at(-1)!.luke, states.at(-2)!.luke);
  assert.deepEqual([seen.started, seen.terminated], [1, 0]);
  const { luke } = states.at(-1)!;
  await page.unmount();
  await until(() => seen.terminated === 1);
  await assert.rejects(luke!.ner('a'), { code: 'disposed' });
});

test('useLuke shows the bytes of a load that takes its time', async () => {
  const { options, seen } = fakes();
  let go = () => {};
  const gate = new Promise<void>((resolve) => (go = resolve));
  const slow: typeof fetch = async (url, init) => {
    if (String(url).includes('chunks/1')) await gate;
    return options.fetch!(url, init);
  };
  const bytes: number[] = [];
  const page = await show<Props>(Model, { model: MODEL, options: { ...options, fetch: slow }, onRender: ({ status, progress }) => status === 'loading' && progress && bytes.push(progress.loadedBytes) });
  await until(() => bytes.length > 0);
  assert.ok(bytes.every((count) => count > 0 && count < 15), String(bytes));
  go();
  await until(() => page.text() === 'ready fake');
  await page.unmount();
  await until(() => seen.terminated === 1);
});

test('under StrictMode, which runs effects twice, the model is loaded once and disposed once', async () => {
  const { options, seen } = fakes();
  const page = await show<Props>(Model, { model: MODEL, options }, true);
  await until(() => page.text() === 'ready fake');
  assert.equal(seen.requests.filter((url) => url.endsWith('manifest.json')).length, 1);
  assert.deepEqual([seen.started, seen.terminated], [1, 0]);
  await page.unmount();
  await until(() => seen.terminated === 1);
  assert.equal(seen.started, 1);
});

test('components share a model; the last one that goes disposes it', async () => {
  const { options, seen } = fakes();
  const Several = ({ count }: { count: number }) => createElement(Fragment, null, ...Array.from({ length: count }, (_, key) => createElement(Model, { key, model: MODEL, options })));
  const page = await show(Several, { count: 3 });
  await until(() => page.text() === 'ready fake'.repeat(3));
  assert.equal(seen.started, 1);
  await page.update({ count: 1 });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual([page.text(), seen.terminated], ['ready fake', 0]);
  await page.update({ count: 4 });
  assert.equal(page.text(), 'ready fake'.repeat(4), 'a later component has the model at once');
  await page.update({ count: 0 });
  await until(() => seen.terminated === 1);
  await page.update({ count: 1 });
  await until(() => page.text() === 'ready fake');
  assert.equal(seen.started, 2);
  await page.unmount();
  await until(() => seen.terminated === 2);
});

test('a component that goes while the model is loaded aborts the load', async () => {
  const { options, seen } = fakes();
  const page = await show<Props>(Model, { model: MODEL, options: { ...options, fetch: silent } });
  assert.deepEqual([page.text(), seen.started], ['loading ', 1]);
  await page.unmount();
  await until(() => seen.terminated === 1);
});

test('another model replaces the first, whose load is aborted; options that changed count as another model', async () => {
  const { options, seen } = fakes();
  const page = await show<Props>(Model, { model: 'https://models.test/slow/', options: { ...options, fetch: silent } });
  await page.update({ model: new URL(MODEL), options });
  await until(() => page.text() === 'ready fake' && seen.terminated === 1);
  await page.update({ model: MODEL, options: { ...options, selfTest: false } });
  await until(() => page.text() === 'ready fake' && seen.terminated === 2);
  assert.equal(seen.started, 3);
  await page.unmount();
  await until(() => seen.terminated === 3);
});

test('without a model the hook is idle and loads nothing', async () => {
  const { options, seen } = fakes();
  const page = await show<Props>(Model, { model: undefined, options });
  assert.deepEqual([page.text(), seen.started], ['idle ', 0]);
  await page.update({ model: MODEL, options });
  await until(() => page.text() === 'ready fake');
  await page.update({ model: undefined, options });
  assert.equal(page.text(), 'idle ');
  await until(() => seen.terminated === 1);
  await page.unmount();
});

test('a load that failed gives its error, and retry loads again', async () => {
  const { options, seen } = fakes();
  let isDown = true;
  const flaky: typeof fetch = (url, init) => (isDown ? Promise.reject(new TypeError('no network')) : options.fetch!(url, init));
  let state!: ReturnType<typeof useLuke>;
  const page = await show<Props>(Model, { model: MODEL, options: { ...options, fetch: flaky }, onRender: (now) => (state = now) }, true);
  await until(() => state.status === 'error');
  assert.equal((state.error as { code: string }).code, 'network');
  isDown = false;
  await act(async () => state.retry());
  await until(() => state.status === 'ready');
  assert.equal(state.error, undefined);
  await page.unmount();
  await until(() => seen.terminated === seen.started);
});

test('a render that React throws away loads nothing', async () => {
  const { options, seen } = fakes();
  const forever = new Promise<never>(() => {});
  const Suspended = (): ReactNode => {
    useLuke(MODEL, options);
    return use(forever);
  };
  const page = await show(() => createElement(Suspense, { fallback: 'waiting' }, createElement(Suspended)), {});
  assert.equal(page.text(), 'waiting');
  await page.unmount();
  assert.equal(seen.started, 0);
});

test('on a server the hook shows that the model is loaded later', async () => {
  const { renderToString } = await import('react-dom/server');
  const { options, seen } = fakes();
  assert.equal(renderToString(createElement(StrictMode, null, createElement(Model, { model: MODEL, options }))), 'loading ');
  assert.equal(renderToString(createElement(Model, { model: undefined, options })), 'idle ');
  assert.equal(seen.started, 0);
});
