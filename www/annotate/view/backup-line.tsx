// A quiet line: how much is in no backup, or what is wrong with the file that is kept up to date.
import type { JSX } from 'preact';
import type { BackupStatus } from './backup.js';
import { CommandButton } from './command-button.js';
import { countOf } from './messages.js';
import type { Screen } from './screen.js';

export function BackupLine({ screen }: { readonly screen: Screen }): JSX.Element | null {
  const { session, backup } = screen;
  const [text, action] = lineOf(backup.status.value, backup.changes.value);
  if (!text || session.isReadOnly) return null;
  return <p class="backup-line"><span>{text}</span> {action && <CommandButton screen={screen} id="save-backup">{action}</CommandButton>}</p>;
}

/** What the line says, and the name of its button. */
export function lineOf(status: BackupStatus, changes: number): readonly [text: string, action: string] {
  switch (status.kind) {
    case 'writing':
      return [`Writing ${status.file}…`, ''];
    case 'failed':
      return [`The backup ${status.file} could not be written`, 'Try again'];
    case 'locked':
      return [`The browser asks before it writes ${status.file} again`, 'Allow'];
    default:
      return changes ? [`${countOf(changes, 'change')} since the last backup`, 'Save backup'] : ['', ''];
  }
}
