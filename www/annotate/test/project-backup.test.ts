// The chosen backup file over several visits, and what the workspace knows of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signal } from '@preact/signals-core';
import type { Corpus } from '../model/types.js';
import type { InputFile } from '../formats/format.js';
import { BACKUP } from '../files/choices.js';
import { planWriting } from '../files/writing.js';
import { lineOf } from '../view/backup-line.js';
import type { Backup, BackupFile, Kept } from '../view/backup.js';
import { ProjectBackup } from '../view/project-backup.js';
import { opened, reopened, type Opened } from './session-scenes.js';
import { settle } from './store-fakes.js';

class FakeFile implements BackupFile {
  readonly name = 'p.luke.jsonl';
  permission: PermissionState = 'granted';
  answer: PermissionState = 'granted';
  writes = 0;
  fault: Error | undefined;

  async createWritable(): ReturnType<BackupFile['createWritable']> {
    if (this.fault) throw this.fault;
    return { write: async () => undefined, close: async () => void (this.writes += 1), abort: async () => undefined };
  }

  async queryPermission(): Promise<PermissionState> {
    return this.permission;
  }

  async requestPermission(): Promise<PermissionState> {
    return (this.permission = this.answer);
  }
}

class FakeKept implements Kept {
  file: BackupFile | undefined;
  readonly get = async (): Promise<BackupFile | undefined> => this.file;
  readonly put = async (file: BackupFile): Promise<void> => void (this.file = file);
  readonly delete = async (): Promise<void> => void (this.file = undefined);
}

const fileOf = async (corpus: Corpus): Promise<InputFile> => (await planWriting(corpus, BACKUP)).file;
const dialog = signal<string | undefined>(undefined);

async function visit(all: Opened, kept: FakeKept): Promise<ProjectBackup> {
  const backup = new ProjectBackup(all.session, dialog, { kept, fileOf, setTimer: () => 1, clearTimer: () => undefined });
  await settle();
  return backup;
}

async function edit({ session, editing }: Opened): Promise<void> {
  await editing.setNote(`note ${Math.random()}`);
  await session.settled();
  await settle();
}

async function again(all: Opened, backup: ProjectBackup): Promise<Opened> {
  await backup.close();
  const { id } = all.session.project;
  all.session.close();
  const next = await reopened(all.browser, id);
  await next.session.openDocument('a');
  return next;
}

const kinds = ({ file, status, changes }: ProjectBackup): unknown[] => [file.status.kind, status.value.kind, changes.value];

test('changes are counted; leaving the project writes them, and the next visit goes on with the file', async () => {
  const [kept, file] = [new FakeKept(), new FakeFile()];
  const first = await opened();
  let backup = await visit(first, kept);
  assert.deepEqual(kinds(backup), ['off', 'off', 1]);
  await backup.file.start(file);
  await settle();
  assert.deepEqual([...kinds(backup), file.writes], ['on', 'on', 0, 1]);
  await edit(first);
  assert.deepEqual([...kinds(backup), file.writes], ['on', 'on', 1, 1]);
  const second = await again(first, backup);
  assert.equal(file.writes, 2);
  backup = await visit(second, kept);
  assert.deepEqual(kinds(backup), ['on', 'on', 0]);
  await edit(second);
  await again(second, backup);
  assert.equal(file.writes, 3);
  backup.file.stop();
  assert.equal(kept.file, undefined);
});

test('what changed without the file is written soon after the next visit has begun', async () => {
  const [kept, file] = [new FakeKept(), new FakeFile()];
  kept.file = file;
  const all = await opened();
  const backup = await visit(all, kept);
  assert.deepEqual(kinds(backup), ['on', 'on', 1]);
  await backup.file.flush();
  await settle();
  assert.deepEqual([...kinds(backup), file.writes], ['on', 'on', 0, 1]);
});

test('a browser that asks again: nothing is written before the click, and a refusal leaves it so', async () => {
  const [kept, file] = [new FakeKept(), new FakeFile()];
  kept.file = file;
  [file.permission, file.answer] = ['prompt', 'denied'];
  const all = await opened();
  const backup = await visit(all, kept);
  await edit(all);
  await backup.file.flush();
  assert.deepEqual([...kinds(backup), file.writes], ['locked', 'locked', 2, 0]);
  assert.deepEqual(lineOf(backup.status.value, 2), ['The browser asks before it writes p.luke.jsonl again', 'Allow']);
  await backup.save();
  assert.deepEqual([backup.status.value.kind, file.writes], ['locked', 0]);
  file.answer = 'granted';
  await backup.save();
  await settle();
  assert.deepEqual([...kinds(backup), file.writes], ['on', 'on', 0, 1]);
  file.fault = new DOMException('no', 'NotAllowedError');
  await edit(all);
  await backup.file.flush();
  assert.equal(backup.status.value.kind, 'locked');
});

test('a failed write is said and stays in the line until one succeeds', async () => {
  const [kept, file] = [new FakeKept(), new FakeFile()];
  const all = await opened();
  const backup = await visit(all, kept);
  await backup.file.start(file);
  file.fault = new Error('the disk is full');
  await edit(all);
  await backup.file.flush();
  assert.deepEqual(all.session.message.value, { kind: 'error', text: 'The backup p.luke.jsonl could not be written: the disk is full' });
  assert.deepEqual(lineOf(backup.status.value, 1), ['The backup p.luke.jsonl could not be written', 'Try again']);
  file.fault = undefined;
  await backup.save();
  await settle();
  assert.deepEqual(kinds(backup), ['on', 'on', 0]);
  assert.deepEqual([lineOf(backup.status.value, 0), lineOf(backup.status.value, 1)], [['', ''], ['1 change since the last backup', 'Save backup']]);
});

test('a tab that only reads writes no file', async () => {
  const [kept, file] = [new FakeKept(), new FakeFile()];
  const first = await opened();
  const backup = await visit(first, kept);
  await backup.file.start(file);
  const second = await reopened(first.browser, first.session.project.id);
  const other = await visit(second, kept);
  assert.equal(other.status.value.kind, 'off');
  await second.session.takeOver();
  await settle();
  assert.deepEqual([backup.status.value.kind, other.status.value.kind], ['off', 'on']);
  const closed: Backup = backup.file;
  await closed.flush();
  assert.equal(file.writes, 1);
});
