// Files that were chosen, dropped or pasted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesOfTransfer, readChosen, type ChosenFile, type DroppedEntry, type Transfer } from '../view/dialogs/chosen-files.js';
import { contentOf } from './helpers.js';

function chosen(name: string, content = name, webkitRelativePath = ''): ChosenFile {
  const bytes = new TextEncoder().encode(content);
  return { name, size: bytes.length, webkitRelativePath, arrayBuffer: async () => bytes.buffer };
}

function fileEntry(fullPath: string): DroppedEntry {
  const name = fullPath.slice(fullPath.lastIndexOf('/') + 1);
  const file = (done: (file: ChosenFile) => void): void => done(chosen(name, fullPath));
  return Object.assign({ name, fullPath, isDirectory: false }, { file });
}

/** A folder that gives its entries one at a time, as browsers give a hundred. */
function folderEntry(fullPath: string, entries: readonly DroppedEntry[]): DroppedEntry {
  const createReader = (): object => {
    const rest = [...entries];
    return { readEntries: (done: (part: DroppedEntry[]) => void) => done(rest.splice(0, 1)) };
  };
  return Object.assign({ name: fullPath, fullPath, isDirectory: true }, { createReader });
}

function transfer(entries: readonly DroppedEntry[], text = '', files: readonly ChosenFile[] = []): Transfer {
  const dropped = entries.map((entry) => ({ kind: 'file', webkitGetAsEntry: () => entry, getAsFile: () => null }));
  const pasted = files.map((file) => ({ kind: 'file', webkitGetAsEntry: () => null, getAsFile: () => file }));
  return { items: [...dropped, ...pasted, { kind: 'string', getAsFile: () => null }], getData: () => text };
}

test('files are read with their paths; those that systems add are left out', async () => {
  const files = await readChosen([chosen('a.txt', 'ä'), chosen('b.txt', 'b', 'folder/b.txt'), chosen('.DS_Store')]);
  assert.deepEqual(files.map((file) => [file.name, contentOf(file)]), [['a.txt', 'ä'], ['folder/b.txt', 'b']]);
  await assert.rejects(readChosen([chosen('.DS_Store')]), /no file/);
});

test('a folder that was dropped is read to its end, with its folders', async () => {
  const inner = folderEntry('/top/in', [fileEntry('/top/in/c.ann'), fileEntry('/top/in/Thumbs.db')]);
  const top = folderEntry('/top', [fileEntry('/top/a.txt'), inner, fileEntry('/top/b.txt')]);
  const files = await filesOfTransfer(transfer([top, fileEntry('/d.txt')]));
  assert.deepEqual(files.map(({ name }) => name), ['top/a.txt', 'top/in/c.ann', 'top/b.txt', 'd.txt']);
  assert.equal(contentOf(files[1]!), '/top/in/c.ann');
});

test('what is pasted is a file, or a text', async () => {
  assert.deepEqual((await filesOfTransfer(transfer([], 'text', [chosen('x.csv')]))).map(({ name }) => name), ['x.csv']);
  const [text] = await filesOfTransfer(transfer([], 'Ada\r\nByron'));
  assert.deepEqual([text?.name, contentOf(text!)], ['pasted.txt', 'Ada\r\nByron']);
  assert.equal((await filesOfTransfer(transfer([], ' {"text":"x"}')))[0]?.name, 'pasted.jsonl');
  await assert.rejects(filesOfTransfer(transfer([], ' ')), /no file/);
});

test('files that are too large or cannot be read are refused by name', async () => {
  let read = false;
  const large: ChosenFile = { name: 'big.txt', size: 2 ** 30, arrayBuffer: async () => ((read = true), new ArrayBuffer(0)) };
  await assert.rejects(readChosen([large]), /1 file with 1024 MiB are too large/);
  assert.equal(read, false);
  const gone: ChosenFile = { name: 'gone.txt', size: 1, arrayBuffer: () => Promise.reject(new Error('it is gone')) };
  await assert.rejects(readChosen([gone]), /"gone.txt" cannot be read: it is gone/);
});
