// The backup of the open project as signals: the file that is kept up to date, and how much is in no backup.
import { effect, signal, untracked, type ReadonlySignal } from '@preact/signals-core';
import { settingKey } from '../store/settings.js';
import { Backup, type BackupOptions, type BackupStatus } from './backup.js';
import { errorMessage, info } from './messages.js';
import type { Session } from './session.js';

export class ProjectBackup {
  readonly file: Backup;
  readonly status = signal<BackupStatus>({ kind: 'off' });
  /** Changes since the last backup. */
  readonly changes = signal(0);
  readonly #session: Session;
  readonly #ends: readonly (() => void)[];

  /** `dialog`: changes of a dialog are looked for when it is closed. */
  constructor(session: Session, dialog: ReadonlySignal<unknown>, options: BackupOptions = {}) {
    this.#session = session;
    const key = settingKey(session.project.id, 'backup-file');
    const { settings } = session.store;
    const kept = { get: () => settings.file(key), put: settings.putFile.bind(settings, key), delete: () => settings.delete(key) };
    this.file = new Backup(session.project, { kept, ...options, onStatus: (status) => this.#statusIs(status) });
    this.#ends = [
      effect(() => {
        const isWriter = session.role.value === 'writer';
        untracked(() => void (isWriter ? this.#resume() : this.file.pause()));
      }),
      effect(() => {
        const isCalm = session.save.value !== 'saving' && dialog.value === undefined && this.status.value.kind !== 'writing';
        if (isCalm) untracked(() => void this.refresh());
      }),
    ];
  }

  /** Saves everything now: into the file that is kept up to date, or into one that the person chooses. */
  async save(): Promise<void> {
    if (this.status.peek().kind !== 'off') return this.file.allow();
    try {
      const { saveBackup } = await import('./dialogs/save-backup.js');
      await saveBackup(this.#session.project);
      this.#session.say(info('The backup is saved.'));
      await this.refresh();
    } catch (error) {
      const isCanceled = error instanceof DOMException && error.name === 'AbortError';
      if (!isCanceled) this.#session.say(errorMessage(error, 'Saving the backup'));
    }
  }

  /** Reads how much is in no backup. */
  async refresh(): Promise<void> {
    try {
      const { changes } = await this.#session.project.backupState();
      if (changes > this.changes.peek()) this.file.edited();
      this.changes.value = changes;
    } catch {
      // The next edit says what is wrong with the store.
    }
  }

  /** Writes what the file does not have yet, and ends. The file is kept for the next visit. */
  async close(): Promise<void> {
    for (const end of this.#ends) end();
    await this.refresh(); // the last edit may have been a moment ago
    await this.file.flush();
    this.file.pause();
  }

  async #resume(): Promise<void> {
    await this.file.resume();
    await this.refresh();
    if (this.changes.peek() > 0) this.file.edited();
  }

  #statusIs(status: BackupStatus): void {
    this.status.value = status;
    if (status.kind === 'failed') this.#session.say({ kind: 'error', text: `The backup ${status.file} could not be written: ${status.reason}` });
  }
}
