// A few texts to try the workspace with.
import type { InputFile } from '../../formats/format.js';

/** Written so that bundlers find the file. */
const EXAMPLE = new URL('../../examples/town-news.luke.jsonl', import.meta.url);

export async function exampleFile(): Promise<InputFile> {
  const response = await fetch(EXAMPLE);
  if (!response.ok) throw new Error(`the server has no example texts (status ${response.status})`);
  return { name: 'town-news.luke.jsonl', bytes: new Uint8Array(await response.arrayBuffer()) };
}
