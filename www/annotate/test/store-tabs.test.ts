import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Browser, dump, settle } from './store-fakes.js';
import { readMessage } from '../store/channel.js';
import { StoreError } from '../store/errors.js';
import { lockName, type Project, type ProjectOptions } from '../store/project.js';
import { Store, type StoreOptions } from '../store/store.js';
import type { Role } from '../store/writer.js';
import { document, notes, SETS, span } from './scenes.js';

interface Tab {
  readonly store: Store;
  readonly project: Project;
  readonly roles: Role[];
  readonly messages: unknown[];
}

async function openTab(browser: Browser, id: string, options: StoreOptions = {}): Promise<Tab> {
  const store = await browser.tab(options);
  const [roles, messages]: [Role[], unknown[]] = [[], []];
  const watch: Omit<ProjectOptions, 'locks' | 'channel'> = { onRole: (role) => roles.push(role), onChange: (message) => messages.push(message) };
  return { store, project: await store.openProject(id, watch), roles, messages };
}

async function twoTabs(options: StoreOptions = {}): Promise<{ browser: Browser; first: Tab; second: Tab }> {
  const browser = new Browser();
  const store = await browser.tab();
  const { id } = await store.createProject({ name: 'P' });
  const first = await openTab(browser, id, options);
  await first.project.import({ name: 'f', labelSets: SETS, documents: [document('a', 'Ada Byron', notes([span('s', 0, 3)]))] });
  return { browser, first, second: await openTab(browser, id, options) };
}

let count = 0;

function addSpan({ project }: Tab): Promise<unknown> {
  return project.edit({ documents: [{ id: 'a', change: { type: 'add', list: 'spans', item: span(`n${++count}`, 4, 9) } }] });
}

async function spans({ project }: Tab): Promise<number> {
  return (await project.document('a')).notes.spans.length;
}

function readOnly(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'read-only';
}

test('the second tab reads only, sees each change, and refuses every write', async () => {
  const { browser, first, second } = await twoTabs();
  assert.deepEqual([first.project.role, second.project.role], ['writer', 'reader']);
  const before = await dump(browser.name);
  for (const work of [
    (): Promise<unknown> => addSpan(second), () => second.project.undo('a'), () => second.project.removeDocuments(['a']),
    () => second.project.update({ name: 'x' }), () => second.project.backupDone(1),
    () => second.project.import({ name: 'f', labelSets: [], documents: [] }),
  ]) await assert.rejects(work, readOnly);
  assert.deepEqual(await dump(browser.name), before);
  await addSpan(first);
  await settle();
  assert.deepEqual(second.messages.at(-1), { type: 'changed', project: first.project.id, revision: 2, documents: ['a'], header: false, own: false });
  assert.deepEqual(first.messages.at(-1), { type: 'changed', project: first.project.id, revision: 2, documents: ['a'], header: false, own: true });
  assert.equal(await spans(second), 2);
});

test('take over: the second tab writes, the first only reads, and nothing is lost', async () => {
  const { first, second } = await twoTabs();
  await addSpan(first);
  const pending = addSpan(first);
  await second.project.takeOver();
  const kept = await pending.then(() => true, (error: unknown) => !readOnly(error));
  await settle();
  assert.deepEqual([first.project.role, second.project.role, first.roles, second.roles], ['reader', 'writer', ['writer', 'reader'], ['writer']]);
  await assert.rejects(addSpan(first), readOnly);
  await addSpan(second);
  assert.equal(await spans(second), kept ? 4 : 3);
  assert.equal((await second.project.undo('a')).kind, 'done');
  await first.project.takeOver();
  await settle();
  assert.deepEqual([first.project.role, second.project.role], ['writer', 'reader']);
});

test('a tab that does not know yet that it lost the project cannot write either', async () => {
  const { browser, first, second } = await twoTabs({ channel: () => undefined });
  const { id } = first.project;
  second.project.close();
  // Another browser window whose locks the first tab does not see.
  const stranger = await openTab(browser, id, { locks: undefined, channel: () => undefined });
  assert.equal(first.project.role, 'writer');
  const before = await dump(browser.name);
  await assert.rejects(addSpan(first), readOnly);
  assert.deepEqual(await dump(browser.name), before);
  assert.equal(first.project.role, 'reader');
  await addSpan(stranger);
  assert.equal(await spans(first), 2);
});

test('a tab whose lock is stolen before it has taken the project is a reader', async () => {
  const browser = new Browser();
  const store = await browser.tab();
  const { id } = await store.createProject({ name: 'P' });
  const [first, second] = await Promise.all([openTab(browser, id), openTab(browser, id).then(async (tab) => (await tab.project.takeOver(), tab))]);
  await settle();
  assert.deepEqual([first.project.role, second.project.role], ['reader', 'writer']);
  await first.project.takeOver();
  const writers = [first.project.takeOver(), second.project.takeOver(), first.project.takeOver(), second.project.takeOver()];
  await Promise.allSettled(writers);
  await settle();
  assert.deepEqual([first.project.role, second.project.role].sort(), ['reader', 'writer']);
  const writer = first.project.role === 'writer' ? first : second;
  await writer.project.update({ name: 'Q' });
});

test('a reader becomes the writer when the other tab is closed', async () => {
  const { browser, first, second } = await twoTabs();
  first.project.close();
  await settle();
  assert.deepEqual([second.project.role, second.roles], ['writer', ['writer']]);
  await addSpan(second);
  second.project.close();
  await settle();
  assert.equal(browser.locks.isHeld(lockName(second.project.id)), false);
  await assert.rejects(second.project.takeOver(), (error) => error instanceof StoreError && error.code === 'closed');
});

test('a reader that is closed does not wait any more', async () => {
  const { browser, first, second } = await twoTabs();
  second.project.close();
  first.project.close();
  await settle();
  assert.equal(browser.locks.isHeld(lockName(first.project.id)), false);
  assert.deepEqual(second.roles, []);
});

test('without locks the tab that opened last is the writer, and the other is told', async () => {
  const { first, second } = await twoTabs({ locks: undefined });
  await settle();
  assert.deepEqual([first.project.role, second.project.role], ['reader', 'writer']);
  await first.project.takeOver();
  await settle();
  assert.deepEqual([first.project.role, second.project.role], ['writer', 'reader']);
});

test('two projects do not disturb each other', async () => {
  const { browser, first, second } = await twoTabs();
  const { id } = await second.store.createProject({ name: 'Q' });
  const other = await openTab(browser, id);
  assert.equal(other.project.role, 'writer');
  await other.project.import({ name: 'f', labelSets: [], documents: [document('a', 'x')] });
  await settle();
  assert.equal(second.messages.length, 0);
  assert.equal(await spans(first), 1);
});

test('messages over a real BroadcastChannel arrive', async () => {
  const browser = new Browser();
  const channel = (): BroadcastChannel => new BroadcastChannel(browser.name);
  const store = await browser.tab({ channel });
  const { id } = await store.createProject({ name: 'P' });
  const writer = await store.openProject(id);
  const arrived = new Promise<unknown>((resolve) => {
    void browser.tab({ channel }).then((other) => other.openProject(id, { onChange: resolve })).then(async (reader) => {
      await writer.update({ name: 'new' });
      await arrived;
      reader.close();
    });
  });
  assert.deepEqual(await arrived, { type: 'changed', project: id, revision: 1, documents: [], header: true, own: false });
  writer.close();
});

test('messages that are none, or of another project, are not taken', () => {
  for (const data of [
    undefined, null, 1, 'x', {}, { type: 'changed', project: 'q', revision: 1 }, { type: 'changed', project: 'p', revision: '1' },
    { type: 'writer', project: 'p' },
  ]) {
    assert.equal(readMessage(data, 'p'), undefined);
  }
  assert.deepEqual(
    readMessage({ type: 'changed', project: 'p', revision: 1, documents: ['a', 1] }, 'p'),
    { type: 'changed', project: 'p', revision: 1, documents: ['a'], header: false },
  );
  assert.deepEqual(
    readMessage({ type: 'changed', project: 'p', revision: 1, documents: 'x', header: true }, 'p'),
    { type: 'changed', project: 'p', revision: 1, documents: 'all', header: true },
  );
});
