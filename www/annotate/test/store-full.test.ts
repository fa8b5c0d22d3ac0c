// A project on a full disk: reading needs no space, so it is opened, and taken when there is space.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Browser, quotaExceeded, settle, withFault } from './store-fakes.js';
import { isDiskFull } from '../store/errors.js';
import { lockName } from '../store/project.js';
import { Session } from '../view/session.js';
import { document, notes, SETS, span } from './scenes.js';

async function start(): Promise<{ browser: Browser; id: string }> {
  const browser = new Browser();
  const store = await browser.tab();
  const { id } = await store.importProject({ name: 'P' }, { name: 'f', labelSets: SETS, documents: [document('a', 'Ada Byron', notes([span('s', 0, 3)]))] });
  return { browser, id };
}

const full = <T>(work: () => Promise<T>): Promise<T> => withFault('states', 1, quotaExceeded, work);

test('a full disk: the project is opened for reading, and can be written when there is space', async () => {
  const { browser, id } = await start();
  const session = await full(async () => Session.open(await browser.tab(), id));
  assert.deepEqual([session.isFull.value, session.isReadOnly, session.record.value.name], [true, true, 'P']);
  await session.openDocument('a');
  assert.deepEqual(session.spans.value.map(({ label }) => label), ['span:PER']);
  assert.equal(browser.locks.isHeld(lockName(id)), false);
  await assert.rejects(session.project.update({ name: 'Q' }), isDiskFull);
  await full(() => session.tryAgain());
  assert.deepEqual([session.isFull.value, session.isReadOnly, session.message.value?.kind], [true, true, 'error']);
  await session.tryAgain();
  assert.deepEqual([session.isFull.value, session.isReadOnly], [false, false]);
  assert.equal((await session.project.update({ name: 'Q' })).name, 'Q');
});

test('a reader whose turn comes on a full disk says why it only reads, and a try again leaves the project to another tab', async () => {
  const { browser, id } = await start();
  const first = await Session.open(await browser.tab(), id);
  const second = await Session.open(await browser.tab(), id);
  assert.deepEqual([second.isFull.value, second.isReadOnly], [false, true]);
  await full(async () => {
    first.close();
    await settle();
  });
  assert.deepEqual([second.isFull.value, second.isReadOnly], [true, true]);
  const third = await Session.open(await browser.tab(), id);
  await second.tryAgain();
  assert.deepEqual([third.isReadOnly, second.isReadOnly], [false, true]);
});
