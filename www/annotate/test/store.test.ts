import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Browser, dump, quotaExceeded, settle, withFault } from './store-fakes.js';
import type { DocumentChange } from '../model/changes.js';
import { countsOf } from '../model/heads.js';
import { StoreError, type StoreErrorCode } from '../store/errors.js';
import { sha256 } from '../store/hash.js';
import type { Project } from '../store/project.js';
import type { PackRecord } from '../store/schema.js';
import { askToPersist, spaceOf } from '../store/space.js';
import type { Store } from '../store/store.js';
import { suggestionsKey } from '../store/suggestions.js';
import type { Corpus, LabelSet } from '../model/types.js';
import { document, notes, relation, SETS, span } from './scenes.js';
import { corpora, property } from './testing.js';

function code(expected: StoreErrorCode): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof StoreError, String(error));
    assert.equal(error.code, expected, error.message);
    return true;
  };
}

const CORPUS: Corpus = {
  name: 'file', labelSets: SETS,
  documents: [
    document('a', 'Ada Byron met Charles.', notes([span('s1', 0, 9), span('s2', 14, 21)], [relation('r', 's1', 's2')])),
    document(
      'b', 'Nothing 🙂\r\n here', notes(),
      { note: 'n', meta: { lang: 'en' }, source: { format: 'x', file: 'b.txt' }, extra: { y: 1 }, status: 'flagged' },
    ),
  ],
};

async function start(corpus = CORPUS): Promise<{ browser: Browser; store: Store; project: Project }> {
  const browser = new Browser();
  const store = await browser.tab();
  const { id } = await store.createProject({ name: 'P' });
  const project = await store.openProject(id, { now: () => 7 });
  await project.import(corpus);
  return { browser, store, project };
}

const ADD: DocumentChange = { type: 'add', list: 'spans', item: span('n', 10, 13) };

test('what is imported is exported, with the same order, ids and fields', async () => {
  const { store, project } = await start();
  const out = await project.corpus();
  assert.deepEqual(out.documents, CORPUS.documents);
  assert.deepEqual(
    out.labelSets.map(({ labels }) => labels.map(({ id, key }) => [id, key])),
    [[['span:PER', '1'], ['span:ORG', '2'], ['span:LOC', '3']], [['relation:works for', '1']], [['type:person', '1']]],
  );
  assert.deepEqual((await project.corpus(new Set(['b']))).documents.map(({ id }) => id), ['b']);
  const [first, second] = await project.heads();
  assert.deepEqual([first!.order, second!.order, second!.chars, second!.note, second!.meta], [0, 1, 17, 'n', { lang: 'en' }]);
  assert.equal(first!.sha256, await sha256('Ada Byron met Charles.'));
  assert.deepEqual(first!.counts, countsOf(CORPUS.documents[0]!));
  const texts: string[] = [];
  for await (const [, text] of project.texts(await project.heads())) texts.push(text);
  assert.deepEqual(texts, CORPUS.documents.map(({ text }) => text));
  assert.equal((await store.projects()).length, 1);
});

test('property: any corpus comes back from the store as it was', async () => {
  await fc.assert(
    fc.asyncProperty(corpora({ halves: true }), async (corpus) => {
      const { store, project } = await start(corpus);
      const out = await project.corpus();
      const withoutKeys = (sets: readonly LabelSet[]): unknown =>
        sets.map((set) => ({ ...set, labels: set.labels.map(({ key: _, ...label }) => label) }));
      assert.deepEqual(out.documents, corpus.documents);
      assert.deepEqual(withoutKeys(out.labelSets), withoutKeys(corpus.labelSets));
      project.close();
      store.close();
    }),
    property(12),
  );
});

test('a second import gives new ids where they are taken, and joins labels by name', async () => {
  const { project } = await start();
  const sets: LabelSet[] = [
    { id: 'x', kind: 'span', overlap: true, labels: [{ id: 'p', name: 'PER', color: 3 }, { id: 'q', name: 'NEW', color: 3, key: '1' }] },
  ];
  const { ids } = await project.import({
    name: 'g', labelSets: sets, guide: '# G',
    documents: [document('a', 'Bob', notes([{ ...span('s', 0, 3), label: 'p' }])), document('', 'x'), document('', 'y')],
  });
  assert.deepEqual(ids, ['a:2', 'document', 'document:2']);
  const { documents, labelSets, guide } = await project.corpus();
  assert.deepEqual(documents.map(({ id }) => id), ['a', 'b', ...ids]);
  assert.equal(documents[2]!.spans[0]!.label, 'span:PER');
  assert.deepEqual(labelSets[0]!.labels.map(({ name, key }) => [name, key]), [['PER', '1'], ['ORG', '2'], ['LOC', '3'], ['NEW', '4']]);
  assert.equal(guide, '# G');
});

test('an import of many documents is in batches, in one transaction: a fault at the end leaves nothing', async () => {
  const { browser, project } = await start();
  const many = { ...CORPUS, documents: Array.from({ length: 25 }, (_, index) => document(`m${index}`, `Text ${index}`)) };
  const before = await dump(browser.name);
  const steps: number[] = [];
  await assert.rejects(
    withFault('packs', 3, quotaExceeded, () => project.import(many, { batch: 10, onProgress: (done) => steps.push(done) })), code('quota'),
  );
  assert.deepEqual(steps, [10, 20]);
  assert.deepEqual(await dump(browser.name), before);
  const stop = new AbortController();
  await assert.rejects(project.import(many, { batch: 10, signal: stop.signal, onProgress: () => stop.abort(new Error('stop')) }), /stop/);
  assert.deepEqual(await dump(browser.name), before);
  await project.import(many, { batch: 10 });
  assert.deepEqual(
    (await project.heads()).map(({ id, order }) => `${id} ${order}`),
    ['a', 'b', ...many.documents.map(({ id }) => id)].map((id, index) => `${id} ${index}`),
  );
});

test('a document that breaks a rule is not stored, and nothing of its file is', async () => {
  const { browser, project } = await start();
  const before = await dump(browser.name);
  const wrong = document('w', 'Ada', notes([span('s', 0, 9)]));
  await assert.rejects(
    project.import({ ...CORPUS, documents: [document('c', 'fine'), wrong] }),
    (error) => code('invalid')(error) && /document 2 \("w"\): span "s"/.test((error as Error).message),
  );
  await assert.rejects(project.import({ ...CORPUS, labelSets: [...SETS, SETS[0]!] }), code('invalid'));
  assert.deepEqual(await dump(browser.name), before);
});

test('an edit writes the operation, the annotations and the head together', async () => {
  const { browser, project } = await start();
  const { documents } = await project.edit(
    { documents: [{ id: 'a', change: { type: 'group', changes: [ADD, { type: 'status', status: 'done' }] } }] },
  );
  assert.deepEqual([documents[0]!.head.status, documents[0]!.head.counts.spans.accepted, documents[0]!.notes.done], ['done', 3, 1]);
  const { head, notes: stored } = await project.document('a');
  assert.deepEqual([head, stored], [documents[0]!.head, documents[0]!.notes]);
  const { ops } = await dump(browser.name);
  assert.equal(ops!.length, 1);
  const { undo } = await project.history('a');
  assert.deepEqual([undo?.at, undo?.do.type, undo?.undo.type], [7, 'group', 'group']);
});

const FAULTS: readonly [name: string, fault: (target: IDBObjectStore) => IDBRequest<IDBValidKey>, expected: StoreErrorCode][] = [
  ['a full disk', quotaExceeded, 'quota'],
  // The request fails later, and the browser aborts the transaction.
  ['a failing request', (target): IDBRequest<IDBValidKey> => {
    const taken = target.name === 'states' ? ['x', 'x'] : undefined;
    if (taken) target.add({ writer: '', revision: 0, backup: 0 }, 'x');
    const value = {
      projects: { id: 'x' }, heads: { project: 'x', id: 'x', order: 0 }, notes: { project: 'x', id: 'x' }, ops: { project: 'x', doc: 'x', seq: 0 },
    }[target.name as 'ops'];
    if (!taken) target.add(value);
    return taken ? target.add({ writer: '', revision: 0, backup: 0 }, 'x') : target.add(value);
  }, 'failed'],
];

for (const [name, fault, expected] of FAULTS) {
  for (const store of ['projects', 'ops', 'notes', 'heads', 'states']) {
    test(`${name} in the middle of an edit (${store}) leaves nothing half-written`, async () => {
      const { browser, project } = await start();
      await project.edit({ documents: [{ id: 'a', change: ADD }] });
      const before = await dump(browser.name);
      const edit = {
        documents: [{ id: 'a', change: { type: 'remove', list: 'spans', id: 's1' } }, { id: 'b', change: { type: 'note', note: 'x' } }],
        labels: { type: 'overlap', set: 'span', overlap: false },
      } as const;
      await assert.rejects(withFault(store, store === 'projects' || store === 'states' ? 1 : 2, fault, () => project.edit(edit)), code(expected));
      assert.deepEqual(await dump(browser.name), before);
      await project.edit(edit);
      assert.equal((await project.document('a')).notes.spans.length, 2);
    });
  }
}

test('a change that does not fit, a label that does not exist, an unknown document: nothing is written', async () => {
  const { browser, project } = await start();
  const before = await dump(browser.name);
  await assert.rejects(project.edit({ documents: [{ id: 'a', change: { type: 'remove', list: 'spans', id: 'zz' } }] }), /span zz does not exist/);
  await assert.rejects(
    project.edit({ documents: [{ id: 'a', change: { type: 'add', list: 'spans', item: span('n', 0, 1, 'WHO') } }] }), code('invalid'),
  );
  await assert.rejects(project.edit({ documents: [{ id: 'zz', change: ADD }] }), code('missing'));
  await assert.rejects(project.edit({ labels: { type: 'removeLabel', set: 'span', id: 'span:PER' } }), code('invalid'));
  await assert.rejects(project.edit({}), code('invalid'));
  await assert.rejects(project.edit({ documents: [{ id: 'a', change: ADD }, { id: 'a', change: ADD }] }), code('invalid'));
  await assert.rejects(project.edit({ documents: [{ id: 'a', change: ADD }, { id: 'b', change: ADD }], group: 'g' }), code('invalid'));
  assert.deepEqual(await dump(browser.name), before);
});

test('edits at the same time are all written, one after the other', async () => {
  const { project } = await start();
  const adds = Array.from({ length: 20 }, (_, index): DocumentChange => ({ type: 'add', list: 'spans', item: span(`n${index}`, 10, 13) }));
  const edits = adds.map((change) => project.edit({ documents: [{ id: 'a', change }] }));
  const seqs = (await Promise.all(edits)).map(({ documents }) => documents[0]!.notes.done);
  assert.deepEqual(seqs, Array.from({ length: 20 }, (_, index) => index + 1));
  assert.equal((await project.document('a')).notes.spans.length, 22);
});

test('removed documents leave nothing behind; so does a deleted project, which may not be open', async () => {
  const { browser, store, project } = await start();
  await project.edit({ documents: [{ id: 'a', change: ADD }] });
  await project.removeDocuments(['a']);
  const left = await dump(browser.name);
  assert.deepEqual(['heads', 'bodies', 'notes', 'packs', 'ops'].map((name) => left[name]!.length), [1, 0, 0, 1, 0]);
  assert.deepEqual((left.packs as PackRecord[])[0]!.documents.map(({ id }) => id), ['b']);
  await assert.rejects(project.document('a'), code('missing'));
  const other = await store.createProject({ name: 'other' });
  await assert.rejects(store.deleteProject(project.id), code('in-use'));
  project.close();
  await settle();
  await store.deleteProject(project.id);
  const { projects, states, heads } = await dump(browser.name);
  assert.deepEqual([projects!.length, states!.length, heads!.length], [1, 1, 0]);
  await assert.rejects(store.openProject(project.id), code('missing'));
  assert.deepEqual((await store.projects()).map(({ id }) => id), [other.id]);
});

test('changes since the last backup are counted; what a model says is none', async () => {
  const { project } = await start();
  assert.deepEqual(await project.backupState(), { revision: 1, changes: 1 });
  await project.backupDone(1);
  await project.edit({ documents: [{ id: 'a', change: ADD }] });
  await project.undo('a');
  await project.putUncertainties(new Map([['a', 2.5], ['gone', 1]]));
  await project.update({ name: 'Q' });
  assert.deepEqual(await project.backupState(), { revision: 4, changes: 3 });
  assert.equal((await project.heads())[0]!.uncertainty, 2.5);
  assert.equal((await project.record()).name, 'Q');
});

test('suggestions belong to text, model and options', async () => {
  const { store } = await start();
  const model = { name: 'm', manifestHash: 'ab' };
  const found = { model, spans: [{ pieces: [[0, 3]], label: 'span:PER', score: 0.5 }] } as const;
  const [key, other] = [suggestionsKey(model), suggestionsKey({ ...model, head: 'mine' }, 'x')];
  await store.suggestions.put([{ sha256: 'h1', key, found }, { sha256: 'h1', key: other, found }]);
  assert.deepEqual(await store.suggestions.get(['h2', 'h1'], key), [undefined, found]);
  assert.deepEqual(await store.suggestions.missing(['h2', 'h1'], key), ['h2']);
  await store.suggestions.clear(other);
  assert.deepEqual([await store.suggestions.get(['h1'], key), await store.suggestions.get(['h1'], other)], [[undefined], [found]]);
  await store.suggestions.clear();
  assert.deepEqual(await store.suggestions.missing(['h1'], other), ['h1']);
});

test('settings are kept by name', async () => {
  const { store } = await start();
  assert.equal(await store.settings.get('keys'), undefined);
  await store.settings.put('keys', { accept: 'Enter' });
  assert.deepEqual(await store.settings.get('keys'), { accept: 'Enter' });
  await store.settings.delete('keys');
  assert.equal(await store.settings.get('keys'), undefined);
});

test('a newer version of the page closes the database politely; then nothing can be stored, and it is said', async () => {
  const browser = new Browser();
  const closed: string[] = [];
  const store = await browser.tab({ onClosed: (why) => closed.push(why) });
  const { id } = await store.createProject({ name: 'P' });
  await new Promise<void>((resolve) => {
    const request = indexedDB.open(browser.name, 1000);
    request.onsuccess = (): void => resolve(request.result.close());
  });
  assert.deepEqual(closed, ['newer-version']);
  await assert.rejects(store.openProject(id), code('closed'));
  await assert.rejects(store.createProject({ name: 'Q' }), code('closed'));
  await assert.rejects(browser.tab(), code('newer'));
});

test('the browser is asked once to keep the data; one that says nothing or refuses is no error', async () => {
  let asked = 0;
  const storage = { persisted: async () => asked > 0, persist: async () => ++asked > 0, estimate: async () => ({ usage: 5, quota: 10 }) };
  assert.deepEqual(await askToPersist(storage), { persisted: true, used: 5, quota: 10 });
  await askToPersist(storage);
  assert.equal(asked, 1);
  assert.deepEqual(await spaceOf({ estimate: () => Promise.reject(new Error('no')) }), { persisted: undefined, used: undefined, quota: undefined });
});
