// Transfers, the store and aborts in the other browsers of this machine: Firefox and WebKitGTK, as their users start them. Playwright drives
// only builds of its own of these two, and Debian's Firefox lacks a command that it needs, so nothing drives them here (../../faults/plain.mjs).
import { BROWSERS, openPlain } from '../../faults/plain.mjs';
import { faultSuite } from '../../faults/suite.mjs';
import { TESTS as ABORTS } from './aborts.mjs';
import { TESTS as OFFLINE } from './offline.mjs';
import { TESTS as STATUSES } from './statuses.mjs';
import { TESTS as STORE } from './store.mjs';
import { runAll, TESTS as TRANSFERS } from './transfers.mjs';

/** Words of the titles of tests that run here: one or two of each kind, since Chromium runs them all. */
const SOME = [
  'each file is fetched once', 'beside each other', 'one bit is wrong once', 'too short or too long, once', 'a compressed chunk', 'signed URL on another origin', 'on another connection',
  '503 for the manifest', 'loaded without its files', 'heals by fetching it once', 'no request', 'nothing can be stored, on the page', 'while the server is away',
  'an aborted load asks for nothing more', 'calls that are aborted', 'a call of the user overtakes',
];
/** Where OPFS is there and does not work, the load must go on with the next store. */
const REFUSED = ['too short or too long, once', 'loaded without its files', 'a file that is replaced'];

export default async function ({ test, skip }) {
  for (const [name, browser] of Object.entries(BROWSERS)) {
    if (!browser.find()) {
      skip(name, browser.missing);
      continue;
    }
    const openPage = async (url) => {
      const { evaluate, close } = await openPlain(browser, url);
      return { evaluate, context: () => ({ close }) };
    };
    const words = name.includes('refuses') ? REFUSED : SOME;
    const tests = Object.entries({ ...TRANSFERS, ...STATUSES, ...STORE, ...OFFLINE, ...ABORTS }).filter(([title]) => words.some((part) => title.includes(part)));
    const suite = faultSuite(openPage);
    await runAll((title, body) => test(`${name}: ${title}`, body), suite, Object.fromEntries(tests));
    await suite.close();
  }
}
