import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Adapter, Environment } from '../../check/environment.js';
import { offersFor } from '../plan.js';

const BROWSER: Environment = { userAgent: 'x', cores: 4, crossOriginIsolated: true, hasWebGpu: true, languageFeatures: [] };
const ADAPTER: Adapter = { name: 'a GPU', isSoftware: false, info: {}, features: [], limits: {} };

/** What is offered: `+` chosen, `-` not chosen, or why it is missing. */
const offered = (environment: Environment) =>
  offersFor(environment).map(({ setup, missing, isChosen }) => `${setup.title}: ${missing ?? (isChosen ? '+' : '-')}`);

test('everything is offered where everything is there', () => {
  assert.deepEqual(offered({ ...BROWSER, adapter: ADAPTER }), ['CPU, one thread: +', 'CPU, 4 threads: +', 'GPU (WebGPU): +']);
});

test('what is missing has a reason', () => {
  const environment = { ...BROWSER, crossOriginIsolated: false, adapterProblem: 'this browser has no WebGPU' };
  assert.deepEqual(offered(environment), [
    'CPU, one thread: +', 'CPU, several threads: this page is not cross-origin isolated', 'GPU (WebGPU): this browser has no WebGPU',
  ]);
  assert.match(offered({ ...BROWSER, cores: 1 })[1] ?? '', /one core/);
  assert.ok(offersFor(environment).every(({ missing, isChosen }) => missing === undefined || !isChosen));
});

test('a software adapter is offered with a note, and not chosen', () => {
  const [, , gpu] = offersFor({ ...BROWSER, adapter: { ...ADAPTER, isSoftware: true } });
  assert.deepEqual([gpu?.missing, gpu?.isChosen], [undefined, false]);
  assert.match(gpu?.note ?? '', /software adapter/);
});

test('there are as many threads as cores, at most 8', () => {
  const threads = (cores: number) => offersFor({ ...BROWSER, cores })[1]?.setup.options.threads;
  assert.deepEqual([threads(2), threads(8), threads(64)], [2, 8, 8]);
});
