// Names of files for the browser.

/** The type of a file for the browser, by its name. */
export function mediaType(name: string): string {
  const types: Readonly<Record<string, string>> = {
    zip: 'application/zip', json: 'application/json', jsonl: 'application/jsonl', jsonld: 'application/ld+json', csv: 'text/csv',
    spacy: 'application/octet-stream',
  };
  return types[extensionOf(name).slice(1)] ?? 'text/plain';
}

/** With the dot: `.jsonl`. */
export function extensionOf(name: string): string {
  return /\.[^./]+$/.exec(name)?.[0] ?? '';
}
