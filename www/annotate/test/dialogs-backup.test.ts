// A file that is kept up to date, with a fake file and a fake clock.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Browser, settle } from './store-fakes.js';
import type { Corpus } from '../model/types.js';
import type { InputFile } from '../formats/format.js';
import { readFiles } from '../formats/index.js';
import type { Project } from '../store/project.js';
import { BACKUP } from '../files/choices.js';
import { planWriting } from '../files/writing.js';
import { Backup, type BackupFile, type BackupStatus } from '../view/backup.js';
import { document, notes, SETS, span } from './scenes.js';

const fileOf = async (corpus: Corpus): Promise<InputFile> => (await planWriting(corpus, BACKUP)).file;

class FakeFile implements BackupFile {
  readonly name = 'p.luke.jsonl';
  content: Blob | undefined;
  writes = 0;
  aborts = 0;
  fault: Error | undefined;

  async createWritable(): Promise<Awaited<ReturnType<BackupFile['createWritable']>>> {
    let written: Blob | undefined;
    return {
      write: async (data) => {
        if (this.fault) throw this.fault;
        written = data;
      },
      close: async () => {
        this.writes += 1;
        this.content = written;
      },
      abort: async () => void (this.aborts += 1),
    };
  }

  async corpus(): Promise<Corpus> {
    return (await readFiles([{ name: this.name, bytes: new Uint8Array(await this.content!.arrayBuffer()) }])).corpus;
  }
}

class FakeClock {
  work: (() => void) | undefined;
  ms = 0;

  readonly setTimer = (work: () => void, ms: number): number => {
    this.work = work;
    this.ms = ms;
    return 1;
  };

  readonly clearTimer = (): void => void (this.work = undefined);

  async ring(): Promise<void> {
    const { work } = this;
    this.work = undefined;
    work?.();
    await settle();
  }
}

interface Scene {
  readonly project: Project;
  readonly backup: Backup;
  readonly file: FakeFile;
  readonly clock: FakeClock;
  readonly seen: BackupStatus['kind'][];
  readonly edit: () => Promise<void>;
}

async function start(): Promise<Scene> {
  const store = await new Browser().tab();
  const project = await store.openProject((await store.createProject({ name: 'P' })).id);
  await project.import({ name: 'f', labelSets: SETS, documents: [document('a', 'Ada met Bob', notes([span('s1', 0, 3)]))] });
  const [clock, file, seen] = [new FakeClock(), new FakeFile(), [] as BackupStatus['kind'][]];
  const { setTimer, clearTimer } = clock;
  const backup = new Backup(project, { fileOf, setTimer, clearTimer, now: () => 9, onStatus: ({ kind }) => seen.push(kind) });
  let count = 0;
  const edit = async (): Promise<void> => {
    await project.edit({ documents: [{ id: 'a', change: { type: 'note', note: `n${++count}` } }] });
    backup.edited();
  };
  return { project, backup, file, clock, seen, edit };
}

test('a chosen file gets everything at once, and the project knows it', async () => {
  const { project, backup, file, seen } = await start();
  backup.edited(); // without a file nothing happens
  assert.deepEqual([backup.status.kind, (await project.backupState()).changes], ['off', 1]);
  await backup.start(file);
  assert.deepEqual(backup.status, { kind: 'on', file: 'p.luke.jsonl', savedAt: 9 });
  assert.deepEqual(seen, ['writing', 'on']);
  assert.equal((await project.backupState()).changes, 0);
  assert.deepEqual(await file.corpus(), await project.corpus());
});

test('it is written again after 50 edits, or after a minute without one', async () => {
  const { project, backup, file, clock, edit } = await start();
  await backup.start(file);
  for (let count = 0; count < 49; count++) await edit();
  await settle();
  assert.deepEqual([file.writes, clock.ms], [1, 60_000]);
  await edit();
  await settle();
  assert.deepEqual([file.writes, clock.work], [2, undefined]);
  await edit();
  assert.equal(file.writes, 2);
  await clock.ring();
  assert.equal(file.writes, 3);
  assert.deepEqual(await file.corpus(), await project.corpus());
  assert.equal((await project.backupState()).changes, 0);
});

test('a write that fails leaves the file, is said, and is tried again after the next edit', async () => {
  const { project, backup, file, clock, edit } = await start();
  await backup.start(file);
  file.fault = new Error('the disk is full');
  await edit();
  await clock.ring();
  assert.deepEqual(backup.status, { kind: 'failed', file: 'p.luke.jsonl', reason: 'the disk is full' });
  assert.deepEqual([file.writes, file.aborts, (await project.backupState()).changes], [1, 1, 1]);
  file.fault = undefined;
  await edit();
  await clock.ring();
  assert.equal(backup.status.kind, 'on');
  assert.deepEqual(await file.corpus(), await project.corpus());
});

test('two writes do not run at the same time, and a stopped backup writes no more', async () => {
  const { backup, file, clock, edit } = await start();
  await backup.start(file);
  await Promise.all([backup.write(), backup.write()]);
  assert.equal(file.writes, 3);
  await edit();
  backup.stop();
  assert.deepEqual([clock.work, backup.status.kind], [undefined, 'off']);
  await edit();
  await backup.write();
  assert.equal(file.writes, 3);
});
