// Pages on which a worker of the package cannot be started as usual: the package comes from another origin, or a policy forbids workers.
import assert from 'node:assert/strict';
import { ISOLATION } from '../../../www/serve.mjs';
import { startSite } from '../server.mjs';

const ANY_ORIGIN = { 'access-control-allow-origin': '*' };
const ISOLATED = 'isolated';
const policy = (text) => ({ 'content-security-policy': text });

export default async function ({ test, openPage }) {
  const own = await startSite();
  const cdn = await startSite({ headers: ANY_ORIGIN });
  const sites = { plain: own };
  const visit = async (site, from, options) => {
    const page = await openPage(site.url);
    const result = await page.evaluate(loadFrom, { from: `${from.url}pkg/dist/index.js`, options });
    await page.context().close();
    return result;
  };
  let expected;
  /** A visit that must give what a visit without obstacles gives. */
  const works = async (...args) => {
    expected ??= (await visit(own, own)).value?.entities;
    const { value, error } = await visit(...args);
    assert.ok(expected && value, JSON.stringify(error));
    assert.deepEqual(value.entities, expected);
    return value;
  };

  await test('a page of the package’s origin has a worker', async () => {
    const { info, fallbacks } = await works(own, own);
    assert.deepEqual([info.worker, info.workerReason, fallbacks], [true, undefined, []]);
  });

  await test('a package from another origin has a worker too, of the page’s origin', async () => {
    const { info, fallbacks, again } = await works(own, cdn);
    assert.deepEqual([info.worker, info.workerReason, fallbacks], [true, undefined, []]);
    assert.ok(info.runtimeUrls.every((url) => url.startsWith(cdn.url) || url.startsWith('blob:')), String(info.runtimeUrls));
    assert.equal(again.has, true, 'what it stores belongs to the page');
  });

  await test('a package from another origin has threads too, on an isolated page', async () => {
    const site = (sites[ISOLATED] ??= await startSite({ headers: ISOLATION }));
    const threads = Math.min(2, await cores(openPage));
    for (const from of [site, cdn]) {
      const { info } = await works(site, from, { threads });
      assert.deepEqual([info.worker, info.threads], [true, threads], JSON.stringify(info));
    }
  });

  for (const [what, text, from] of [
    ['a policy without workers', "worker-src 'none'"], ['a policy without workers, and a package from another origin', "worker-src 'none'", cdn],
    ['a policy with workers of its origin alone, and a package from another origin', "worker-src 'self'", cdn],
  ]) {
    await test(`${what}: the model runs on the thread of the page, which says so`, async () => {
      const site = (sites[text] ??= await startSite({ headers: policy(text) }));
      const { info, fallbacks, again } = await works(site, from ?? site);
      assert.equal(info.worker, false);
      assert.match(info.workerReason, /the worker did not start/);
      assert.deepEqual(fallbacks.length, 1, JSON.stringify(fallbacks));
      assert.match(fallbacks[0], /the model runs on the thread of the page: the worker did not start/);
      assert.equal(again.has, true);
    });

    await test(`${what}: a worker that was asked for is not replaced`, async () => {
      const site = (sites[text] ??= await startSite({ headers: policy(text) }));
      const { error } = await visit(site, from ?? site, { worker: true });
      assert.equal(error?.code, 'unsupported', JSON.stringify(error));
      assert.match(error.message, /the worker did not start/);
    });
  }

  for (const site of [cdn, ...Object.values(sites)]) site.close();
}

async function cores(openPage) {
  const page = await openPage();
  const count = await page.evaluate(() => navigator.hardwareConcurrency);
  await page.context().close();
  return count;
}

// In the page.
async function loadFrom({ from, options }) {
  const { Luke, LukeError, models } = await import(from);
  const fallbacks = [];
  const onProgress = ({ phase, reason }) => phase === 'fallback' && fallbacks.push(reason);
  try {
    const url = '/models/micro-span_cls/';
    const luke = await Luke.load(url, { device: 'wasm', onProgress, ...options });
    const entities = await luke.ner('Ana Ivanovic won at Wimbledon.');
    await luke.dispose();
    return { value: { entities, fallbacks, info: { ...luke.info }, again: { has: await models.has(url) } } };
  } catch (error) {
    return { error: { code: error instanceof LukeError ? error.code : undefined, message: String(error.message ?? error) } };
  }
}
