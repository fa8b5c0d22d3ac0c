// Saves everything of a project as a file.
import { fileWorker } from '../../files/file-worker.js';
import type { Project } from '../../store/project.js';
import { saveFile } from './save-file.js';

export async function saveBackup(project: Project): Promise<void> {
  const { revision } = await project.backupState();
  await saveFile(await fileWorker.backup(await project.corpus()));
  await project.backupDone(revision);
}
