// Writes UIMA CAS JSON.
import type { Corpus } from '../model/types.js';
import { newFile } from './bytes.js';
import { makeCases } from './cas-writer.js';
import type { WriteOptions, WriteResult } from './format.js';

export function writeCasJson(whole: Corpus, options: WriteOptions): WriteResult {
  const { cases, losses } = makeCases(whole, options, { loneSurrogates: true });
  return { files: cases.map(({ path, cas }) => newFile(`${path}.json`, `${JSON.stringify(cas, null, 1)}\n`)), losses };
}
