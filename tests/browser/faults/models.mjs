// The files of the models that the fault specs load.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** One head with random weights in one chunk: it loads at once. */
export const MICRO = () => folder('micro-span_cls', at('../.models/micro-span_cls'));
/** The default model: four chunks of 4 MB. */
export const MINI = () => folder('luke-mini-en', at('../../../www/models/luke-mini-en'));
/** An entity table whose rows are fetched by the calls. */
export const PAGED = () => folder('micro-paged', at('../.models/micro-paged'));

/** `{ url, manifest, manifestHash, tokenizer, chunk, chunks, files, bytes }`: files are `{ path, bytes, sha256 }`, `bytes` is their sum. */
function folder(name, path) {
  const text = readFileSync(`${path}/manifest.json`);
  const manifest = JSON.parse(text);
  const { files: { tokenizer, entityVocab }, chunks } = manifest;
  const files = [tokenizer, entityVocab, ...chunks];
  return {
    url: `/models/${name}/`,
    manifest,
    manifestHash: createHash('sha256').update(text).digest('hex'),
    manifestBytes: text.length,
    tokenizer,
    chunks,
    /** The largest. */
    chunk: chunks.reduce((best, chunk) => (chunk.bytes > best.bytes ? chunk : best)),
    files,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}
