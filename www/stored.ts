// The models that are stored in this browser.
import { models } from 'luke-web';
import { $, megabytes } from './dom.js';

/** Says how much of models is stored in this browser. */
export async function showStored(): Promise<void> {
  const { storedBytes } = await models.usage().catch(() => ({ storedBytes: 0 }));
  $('stored').hidden = storedBytes === 0;
  $('stored-bytes').textContent = `${megabytes(storedBytes)} MB of models are stored in this browser, and work without network.`;
}

/** Deletes all models that are stored in this browser. The one that is loaded can still be used. */
export async function deleteStored(): Promise<void> {
  for (const { url } of await models.list()) await models.delete(url);
  await showStored();
}
