// Documents of a file that the project has already: with the same text, or with another one that it can take over.
import type { DocumentChange } from '../../model/changes.js';
import { lossText, takeText } from '../../model/new-text.js';
import type { AnnotatedDocument, Corpus } from '../../model/types.js';
import { sha256 } from '../../store/hash.js';
import type { Project } from '../../store/project.js';

/** The part of a head that tells a document. */
export interface Known {
  readonly id: string;
  readonly name: string;
  readonly sha256: string;
  readonly source?: AnnotatedDocument['source'];
}

export interface Matches {
  /** Documents of the file with another text than the document of the project with this id. */
  readonly changed: readonly { readonly imported: AnnotatedDocument; readonly sha256: string; readonly id: string }[];
  /** How many have the same text. */
  readonly same: number;
  /** Those that the project does not have. */
  readonly added: readonly AnnotatedDocument[];
}

/**
 * Ids of most formats are made when a file is read, so they tell nothing alone: a document is the one with its name. Of several with this name
 * it is that with the id too, then that of the same place in its file, then the first. Equal texts come first: a row that was put into a
 * file gives all rows behind it the names of others.
 */
export function matchDocuments(documents: readonly AnnotatedDocument[], hashes: readonly string[], known: readonly Known[]): Matches {
  const free = new Set(known);
  const take = (pool: Map<string, Known[]>, key: string, document: AnnotatedDocument): Known | undefined => {
    const there = (pool.get(key) ?? []).filter((each) => free.has(each));
    const place = placeOf(document);
    const best = there.find(({ id, name }) => id === document.id && name === document.name)
      ?? there.find((each) => placeOf(each) === place && each.name === document.name)
      ?? there.find(({ name }) => name === document.name) ?? there[0];
    if (best) free.delete(best);
    return best;
  };
  const byText = grouped(known, ({ sha256 }) => sha256);
  const rest = [...documents.entries()].filter(([index, document]) => !take(byText, hashes[index]!, document));
  const byName = grouped(known, ({ name }) => name);
  const changed: Matches['changed'][number][] = [];
  const added: AnnotatedDocument[] = [];
  for (const [index, imported] of rest) {
    const found = take(byName, imported.name, imported);
    if (found) changed.push({ imported, sha256: hashes[index]!, id: found.id });
    else added.push(imported);
  }
  return { changed, same: documents.length - rest.length, added };
}

function placeOf({ source }: Pick<Known, 'source'>): string {
  return source ? JSON.stringify([source.format, source.file, source.row]) : '';
}

function grouped(known: readonly Known[], keyOf: (each: Known) => string): Map<string, Known[]> {
  const groups = new Map<string, Known[]>();
  for (const each of known) {
    const key = keyOf(each);
    const group = groups.get(key);
    if (group) group.push(each);
    else groups.set(key, [each]);
  }
  return groups;
}

/** What taking over the changed texts of a file means. */
export interface Update {
  readonly changes: readonly { readonly id: string; readonly change: DocumentChange }[];
  readonly same: number;
  readonly added: readonly AnnotatedDocument[];
  /** Annotations without a place in the new text: `letter: PER "Bob"`. */
  readonly lost: readonly string[];
  /** Number of annotations that the file has for the changed documents. They are not taken over. */
  readonly leftOut: number;
}

/** `undefined`, if no document of the project has another text in the file. */
export async function planUpdate(project: Pick<Project, 'heads' | 'corpus'>, { documents }: Corpus): Promise<Update | undefined> {
  const heads = await project.heads();
  const names = new Set(heads.map(({ name }) => name));
  if (!documents.some(({ name }) => names.has(name))) return undefined;
  const hashes: string[] = [];
  for (const { text } of documents) hashes.push(await sha256(text));
  const { changed, same, added } = matchDocuments(documents, hashes, heads);
  if (!changed.length) return undefined;
  const { documents: present, labelSets } = await project.corpus(new Set(changed.map(({ id }) => id)));
  const byId = new Map(present.map((document) => [document.id, document]));
  const changes: Update['changes'][number][] = [];
  const lost: string[] = [];
  let leftOut = 0;
  for (const { imported, sha256: hash, id } of changed) {
    const before = byId.get(id);
    if (!before) continue; // it was removed meanwhile
    const { change, losses } = takeText(before, { text: imported.text, sha256: hash });
    changes.push({ id, change });
    lost.push(...losses.map((loss) => `${before.name}: ${lossText(loss, before, labelSets)}`));
    leftOut += imported.spans.length + imported.relations.length + imported.questions.length;
  }
  return { changes, same, added, lost, leftOut };
}
