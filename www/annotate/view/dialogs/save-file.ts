// Saves a file where the person says, or as a download where the browser cannot ask.
import { fileSave, supported } from 'browser-fs-access';
import type { InputFile } from '../../formats/format.js';
import { extensionOf, mediaType } from './file-types.js';

/** Whether the browser can write a file again later. */
export const CAN_REWRITE: boolean = supported;

/** Resolves to the handle of the file, if the browser has one. It rejects with an `AbortError` if the person cancels. */
export async function saveFile({ name, bytes }: InputFile): Promise<FileSystemFileHandle | undefined> {
  const data = new Blob([new Uint8Array(bytes)], { type: mediaType(name) });
  return (await fileSave(data, { fileName: name, extensions: [extensionOf(name)].filter(Boolean) })) ?? undefined;
}
