// What the fault specs share: a site and a page, which each test gets clean, and the rule that the next load is as good as the first.
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { MICRO } from './models.mjs';
import { startFaults } from './server.mjs';

/** A stall is told soon. */
export const SOON = { stallMs: 1000 };
/** The same for loads that start a worker, which has as long to start. */
export const SOON_IN_NEW_WORKER = { stallMs: 2500, shared: false };

/** Opens the site and the page with the first test that needs them. */
export function faultSuite(openPage, options) {
  let opening;
  const open = async () => {
    const site = await startFaults(options);
    const suite = new Suite(site, openPage);
    try {
      await suite.renew();
    } catch (error) {
      await suite.close();
      throw error;
    }
    return suite;
  };
  return {
    /** The suite without plans, without a log and with an empty store. */
    clean: async () => {
      const suite = await (opening ??= open());
      await suite.clean();
      return suite;
    },
    close: async () => {
      const suite = await opening?.catch(() => {}); // the tests have told why it could not be opened
      await suite?.close();
    },
  };
}

class Suite {
  site;
  page;
  model = MICRO();
  /** The entities that a load without faults finds. */
  expected;
  #openPage;
  /** Whether the page has a load that hangs, which may hold files of the store. */
  #hangs = false;

  constructor(site, openPage) {
    this.site = site;
    this.#openPage = openPage;
  }

  /** Opens another page, in a profile of its own, and closes the one before. */
  async renew() {
    const before = this.page;
    this.page = await this.openPage();
    await before?.context().close();
    const first = await this.attempt({ cache: false });
    assert.ok(Array.isArray(first.value), `a load without faults: ${JSON.stringify(first)}`);
    this.expected = first.value;
  }

  openPage(query = '') {
    return this.#openPage(`${this.site.url}faults.html${query}`);
  }

  async clean() {
    this.site.reset();
    if (this.#hangs) await this.renew();
    else await this.page.evaluate(() => wipe()).catch(() => this.renew()); // a load that was left behind holds a file
    this.#hangs = false;
  }

  /** Loads the model, asks and disposes it, in this page or another one; see page/faults.js. */
  async attempt({ page = this.page, url = this.model.url, ...options } = {}) {
    const result = await page.evaluate(({ url, options }) => attempt(url, options), { url, options });
    this.#hangs ||= Boolean(result.hangs);
    return result;
  }

  /** Loads the model in a worker of page/faults.js: the name of a function there, and its argument. */
  async attemptIn(worker, argument, options = {}) {
    const { url } = this.model;
    const result = await this.page.evaluate(({ url, worker, argument, options }) => attempt(url, { ...options, worker: globalThis[worker](argument) }), { url, worker, argument, options });
    this.#hangs ||= Boolean(result.hangs);
    return result;
  }

  /** A load that must give what a load without faults gives. */
  async loads(options, what = 'the load') {
    const result = await this.attempt(options);
    assert.deepEqual(result.value, this.expected, `${what}: ${JSON.stringify({ ...result, events: told(result) })}`);
    return result;
  }

  /** A load that must reject with a code, within a time; the next load without faults must then work. */
  async fails(code, options, { withinMs = 10_000, then = options } = {}) {
    const result = await this.attempt(options);
    assert.equal(result.error?.code, code, JSON.stringify({ ...result, events: told(result) }));
    assert.ok(result.ms < withinMs, `it took ${Math.round(result.ms)} ms: ${result.error.message}`);
    this.site.reset();
    await this.loads({ ...then }, 'the next load');
    return result;
  }

  async close() {
    await this.page?.context().close();
    this.site.close();
  }

  /** Waits until no request is open. */
  async idle() {
    for (let i = 0; this.site.requests.some(({ ended }) => !ended); i++) {
      assert.ok(i < 300, `still open: ${this.site.requests.filter(({ ended }) => !ended).map(({ path }) => path)}`);
      await wait(10);
    }
  }

  /** The requests for files of the model: `manifest.json`, and those that match. */
  asked(pattern) {
    return this.site.requests.filter(({ path, method }) => method === 'GET' && path.includes('/models/') && (!pattern || path.endsWith(pattern)));
  }
}

/** The events of a load that say what went wrong. */
export function told({ events = [] }) {
  return events.filter(({ phase }) => ['retry', 'fallback', 'quota'].includes(phase));
}

/** A generator of numbers from 0 to 1 (mulberry32), so that a failure can be repeated. `LUKE_SEED` sets the seed. */
export function randomNumbers() {
  const seed = Number(process.env.LUKE_SEED ?? Math.floor(Math.random() * 2 ** 31));
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { seed, next };
}
