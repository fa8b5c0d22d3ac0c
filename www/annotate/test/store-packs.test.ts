// Documents of an import in packs: what is in which record, and that nobody sees a difference.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Browser, dump, settle } from './store-fakes.js';
import { packsOf } from '../store/packs.js';
import type { Project } from '../store/project.js';
import type { HeadRecord, NotesRecord, PackRecord } from '../store/schema.js';
import type { Store } from '../store/store.js';
import type { AnnotatedDocument } from '../model/types.js';
import { document, notes, SETS, span } from './scenes.js';

/** So many documents of 10,000 characters that they need several packs. */
const MANY: readonly AnnotatedDocument[] = Array.from({ length: 10 }, (_, index) => {
  return document(`d${index}`, `Ada ${index} `.padEnd(10_000, 'x'), notes([span('s', 0, 3)]));
});
const LARGE = document('large', 'Bob '.repeat(20_000), notes([span('s', 0, 3)]));

async function start(documents: readonly AnnotatedDocument[]): Promise<{ browser: Browser; store: Store; project: Project }> {
  const browser = new Browser();
  const store = await browser.tab();
  const { id } = await store.createProject({ name: 'P' });
  const project = await store.openProject(id);
  await project.import({ name: 'f', labelSets: SETS, documents });
  return { browser, store, project };
}

async function packsIn(browser: Browser): Promise<string[]> {
  return ((await dump(browser.name)).packs as PackRecord[]).map(({ id, documents }) => `${id}: ${documents.map((each) => each.id).join(' ')}`);
}

async function textsOf(project: Project, heads: readonly HeadRecord[]): Promise<string[]> {
  const texts: string[] = [];
  for await (const [head, text] of project.texts(heads)) texts.push(`${head.id} ${text.length} ${text.slice(0, 6)}`);
  return texts;
}

const ADD = { type: 'add', list: 'spans', item: span('n', 4, 5) } as const;

test('packs have about the same size, and a large document is alone', () => {
  const sizes = (documents: readonly AnnotatedDocument[]): number[] => [...packsOf(documents)].map(({ length }) => length);
  assert.deepEqual(sizes(MANY), [3, 3, 3, 1]);
  assert.deepEqual(sizes([MANY[0]!, LARGE, MANY[1]!, MANY[2]!]), [1, 1, 2]);
  assert.deepEqual(sizes([]), []);
  const marked = { ...MANY[0]!, text: '', spans: Array.from({ length: 700 }, (_, index) => span(`s${index}`, 0, 1)) };
  assert.deepEqual(sizes([marked, MANY[1]!]), [1, 1], 'annotations count too');
  assert.deepEqual([...packsOf(MANY)].flat(), MANY);
});

test('what is alone has records of its own; a second import adds packs', async () => {
  const { browser, project } = await start([...MANY.slice(0, 4), LARGE]);
  assert.deepEqual(await packsIn(browser), ['0: d0 d1 d2']);
  const { bodies, notes: records } = await dump(browser.name);
  assert.deepEqual([bodies!.length, records!.length], [2, 2]);
  await project.import({ name: 'g', labelSets: SETS, documents: MANY.slice(5, 7) });
  assert.deepEqual(await packsIn(browser), ['0: d0 d1 d2', '1: d5 d6']);
  assert.deepEqual((await project.corpus()).documents, [...MANY.slice(0, 4), LARGE, ...MANY.slice(5, 7)]);
});

test('texts come in the order that is asked for, whatever packs they are in', async () => {
  const { project } = await start([...MANY, LARGE]);
  const heads = await project.heads();
  const mixed = [heads[9]!, heads[0]!, heads[10]!, heads[5]!, heads[1]!];
  assert.deepEqual(await textsOf(project, mixed), ['d9 10000 Ada 9 ', 'd0 10000 Ada 0 ', 'large 80000 Bob Bo', 'd5 10000 Ada 5 ', 'd1 10000 Ada 1 ']);
});

test('an edit writes the annotations of its document, and not the pack; undo brings back those of the import', async () => {
  const { browser, project } = await start(MANY.slice(0, 3));
  const before = await dump(browser.name);
  assert.deepEqual(await project.history('d1'), { undo: undefined, redo: undefined });
  await project.edit({ documents: [{ id: 'd1', change: ADD }] });
  const after = await dump(browser.name);
  assert.deepEqual(after.packs, before.packs);
  assert.deepEqual((after.notes as NotesRecord[]).map(({ id, spans, done }) => [id, spans.length, done]), [['d1', 2, 1]]);
  assert.deepEqual((await project.document('d1')).notes.spans, [...MANY[1]!.spans, ADD.item]);
  assert.deepEqual((await project.document('d1')).body.text, MANY[1]!.text);
  assert.equal((await project.undo('d1')).kind, 'done');
  assert.deepEqual((await project.corpus()).documents, MANY.slice(0, 3));
});

test('one edit of documents in several packs, and in none', async () => {
  const { project } = await start([...MANY, LARGE]);
  const { documents } = await project.edit({ documents: [...MANY, LARGE].map(({ id }) => ({ id, change: ADD })) });
  assert.deepEqual(documents.map(({ head, notes: { spans } }) => `${head.id} ${spans.length}`), [...MANY, LARGE].map(({ id }) => `${id} 2`));
  assert.equal((await project.undo('d4', 'group')).kind, 'done');
  assert.deepEqual((await project.corpus()).documents, [...MANY, LARGE]);
});

test('removed documents are taken out of their packs, and their texts are gone', async () => {
  const { browser, project } = await start(MANY.slice(0, 6));
  await project.edit({ documents: [{ id: 'd1', change: ADD }] });
  await project.removeDocuments(['d1', 'd3', 'd4', 'd5', 'unknown']);
  assert.deepEqual(await packsIn(browser), ['0: d0 d2']);
  const { heads, notes: records, ops } = await dump(browser.name);
  assert.deepEqual([heads!.length, records!.length, ops!.length], [2, 0, 0]);
  assert.doesNotMatch(JSON.stringify(await dump(browser.name)), /Ada 1/);
  assert.deepEqual((await project.corpus()).documents, [MANY[0], MANY[2]]);
  await project.import({ name: 'g', labelSets: SETS, documents: MANY.slice(3, 5) });
  assert.deepEqual(await textsOf(project, await project.heads()), ['d0 10000 Ada 0 ', 'd2 10000 Ada 2 ', 'd3 10000 Ada 3 ', 'd4 10000 Ada 4 ']);
});

test('a deleted project leaves no pack', async () => {
  const { browser, store, project } = await start(MANY);
  project.close();
  await settle();
  await store.deleteProject(project.id);
  assert.deepEqual(await packsIn(browser), []);
});

/** The database as the first version of the page made it, with a project of one document. */
function firstVersion(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onerror = (): void => reject(request.error);
    request.onupgradeneeded = (): void => {
      const database = request.result;
      const project = 'p';
      database.createObjectStore('projects', { keyPath: 'id' }).put({ id: project, name: 'Old', labelSets: SETS, done: 0, created: 1 });
      database.createObjectStore('states').put({ writer: '', revision: 1, backup: 0 }, project);
      const heads = database.createObjectStore('heads', { keyPath: ['project', 'id'] });
      heads.createIndex('order', ['project', 'order']);
      const none = { suggested: 0, accepted: 0, rejected: 0 };
      const counts = { spans: { ...none, accepted: 1 }, relations: none, questions: 0, labels: [{ id: 'span:PER', ...none, accepted: 1 }] };
      heads.put({ project, id: 'a', name: 'a', order: 0, chars: 9, sha256: '', status: 'new', counts });
      database.createObjectStore('bodies', { keyPath: ['project', 'id'] }).put({ project, id: 'a', text: 'Ada Byron' });
      database.createObjectStore('notes', { keyPath: ['project', 'id'] })
        .put({ project, id: 'a', spans: [span('s', 0, 3)], relations: [], questions: [], done: 0 });
      database.createObjectStore('ops', { keyPath: ['project', 'doc', 'seq'] }).createIndex('group', ['project', 'group']);
      database.createObjectStore('suggestions', { keyPath: ['sha256', 'key'] });
      database.createObjectStore('settings', { keyPath: 'key' });
    };
    request.onsuccess = (): void => resolve(request.result.close());
  });
}

test('a database of the first version opens with all that is in it, and takes imports', async () => {
  const browser = new Browser();
  await firstVersion(browser.name);
  const store = await browser.tab();
  const project = await store.openProject('p');
  assert.deepEqual((await project.corpus()).documents, [document('a', 'Ada Byron', notes([span('s', 0, 3)]))]);
  await project.edit({ documents: [{ id: 'a', change: ADD }] });
  await project.import({ name: 'f', labelSets: SETS, documents: MANY.slice(0, 2) });
  assert.deepEqual(await textsOf(project, await project.heads()), ['a 9 Ada By', 'd0 10000 Ada 0 ', 'd1 10000 Ada 1 ']);
  assert.equal((await project.undo('a')).kind, 'done');
});
