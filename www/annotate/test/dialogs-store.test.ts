// What the first page asks of the store: the list of projects, and projects that are made of files.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Browser, dump } from './store-fakes.js';
import { FORMATS } from '../formats/index.js';
import type { Corpus } from '../model/types.js';
import { bytesText } from '../view/dialogs/words.js';
import { textFile } from './helpers.js';
import { document, notes, SETS, span } from './scenes.js';
import { UNIT_FILES } from './dialogs-units.js';

const CORPUS: Corpus = {
  name: 'file', labelSets: SETS, documents: [document('a', 'Ada', notes([span('s', 0, 3)]), { status: 'done' }), document('b', '😀\r\n')],
};

test('the list of projects has counts, sizes and the last change', async () => {
  const store = await new Browser().tab();
  const old = await store.createProject({ name: 'empty' }, 1000);
  const before = Date.now();
  const made = await store.importProject({ name: 'P' }, CORPUS);
  const [first, second] = await store.overview();
  assert.deepEqual([first!.record, first!.documents, first!.done, first!.characters, first!.unsaved], [made, 2, 1, 7, 1]);
  assert.ok(first!.changed >= before);
  assert.deepEqual(second, { record: old, documents: 0, done: 0, characters: 0, changed: 1000, unsaved: 0 });
});

test('a project is made of a corpus as a whole; else nothing stays', async () => {
  const browser = new Browser();
  const store = await browser.tab();
  const wrong: Corpus = { ...CORPUS, documents: [...CORPUS.documents, document('c', 'x', notes([span('s', 0, 9)]))] };
  await assert.rejects(store.importProject({ name: 'P' }, wrong), /Nothing was imported: document 3/);
  const ended = new AbortController();
  const options = { signal: ended.signal, batch: 1, onProgress: () => ended.abort() };
  await assert.rejects(store.importProject({ name: 'P' }, CORPUS, options), { name: 'AbortError' });
  for (const [name, records] of Object.entries(await dump(browser.name))) assert.deepEqual(records, [], name);
  const { id } = await store.importProject({ name: 'P' }, CORPUS);
  const project = await store.openProject(id);
  assert.deepEqual([project.role, (await project.corpus()).documents], ['writer', CORPUS.documents]);
});

test('units that a format offers are the units in which it reads', async () => {
  for (const format of FORMATS) {
    const files = UNIT_FILES[format.id]?.map(([name, text]) => textFile(text, name));
    assert.equal(format.readUnits !== undefined, files !== undefined, format.id);
    for (const unit of format.readUnits ?? []) assert.equal((await format.read(files ?? [], { unit })).unit?.unit, unit, `${format.id} ${unit}`);
  }
});

test('sizes are in words', () => {
  assert.deepEqual([0, 999, 1000, 15_200_000, 5.4e9, 123_456].map(bytesText), ['0 bytes', '999 bytes', '1.0 kB', '15.2 MB', '5.4 GB', '123 kB']);
});
