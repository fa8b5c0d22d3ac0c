// The transfers and the store in the other browsers of this machine: Firefox and WebKitGTK, as their users start them. Playwright drives
// only builds of its own of these two, and Debian's Firefox lacks a command that it needs, so nothing drives them here (../../faults/plain.mjs).
import { BROWSERS, openPlain } from '../../faults/plain.mjs';
import { faultSuite } from '../../faults/suite.mjs';
import { TESTS as OFFLINE } from './offline.mjs';
import { TESTS as STATUSES } from './statuses.mjs';
import { TESTS as STORE } from './store.mjs';
import { runAll, TESTS as TRANSFERS } from './transfers.mjs';

/** Words of the titles of tests that run here: one or two of each kind, since each start of a browser takes its time. */
const SOME = [
  'each file is fetched once', 'then the rest by a range', 'one bit is wrong', 'too short or too long, once', 'compressed', 'a page in place of a chunk', 'signed URL on another origin',
  'on another connection', '429 with', 'twice and then no more', 'loaded without its files', 'heals by fetching it once', 'no request', 'on the page', 'while the server is away',
];

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
    const tests = Object.entries({ ...TRANSFERS, ...STATUSES, ...STORE, ...OFFLINE }).filter(([title]) => SOME.some((words) => title.includes(words)));
    const suite = faultSuite(openPage);
    await runAll((title, body) => test(`${name}: ${title}`, body), suite, Object.fromEntries(tests));
    await suite.close();
  }
}
