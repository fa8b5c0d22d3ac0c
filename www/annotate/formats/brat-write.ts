// Writes brat files.
import { nameOfId } from '../model/labels.js';
import type { AnnotatedDocument, Corpus, Piece, Relation, Span } from '../model/types.js';
import { addTo } from '../model/lists.js';
import { equalPieces } from '../model/pieces.js';
import { canBeShown, typesOf, writeAnnotationConf, writeVisualConf, type Carried } from './brat-config.js';
import { noteLine, referencesOf, relationLine, spanLine } from './brat-lines.js';
import { cutAtLines, mergeLines, onOneLine } from './brat-pieces.js';
import { newFile } from './bytes.js';
import type { Loss, WriteOptions, WriteResult } from './format.js';
import { isList, isStringList } from './json-values.js';
import { joinLines } from './lines.js';
import { countedLosses } from './loss-counts.js';
import { reduceCorpus, type Abilities } from './losses.js';
import { offsetTable, pieceFromUtf16 } from './offsets.js';
import { documentPaths } from './safe-names.js';
import { withoutSpans } from './without.js';

const ABILITIES: Abilities = { overlap: 'all', discontinuous: true, relations: true, notes: true, names: true };

/** What is changed besides what `reduceCorpus` takes out. */
interface Changes {
  readonly losses: Loss[];
  pieces: number;
  notes: number;
}

export function writeBrat(corpus: Corpus, options: WriteOptions): WriteResult {
  const written = withoutSpans(corpus, options, 'pieces', ({ pieces }, text) =>
    cutAtLines(pieces, text).length === 0 ? 'it has nothing but white space with a line end' : undefined,
  );
  const reduced = reduceCorpus(written.corpus, options, 'brat', ABILITIES);
  const sets = [...corpus.labelSets, ...reduced.corpus.labelSets].filter(({ kind }) => kind !== 'type');
  const types = typesOf(sets.flatMap(({ labels }) => labels.map(({ name }) => name)));
  const changes: Changes = { losses: [], pieces: 0, notes: 0 };
  const { documents } = reduced.corpus;
  const paths = documentPaths(documents.map(({ name }) => name));
  const carried: Carried = { events: new Map(), attributes: new Map() };
  const files = documents.flatMap((document, index) => {
    const writer = new DocumentWriter(document, types, changes);
    const annotations = writer.write();
    collectTypes(writer.carried, carried);
    return [newFile(`${paths[index]!}.txt`, document.text), newFile(`${paths[index]!}.ann`, annotations)];
  });
  const visual = writeVisualConf(types);
  files.push(newFile('annotation.conf', writeAnnotationConf(sets, (name) => types.get(name)!, carried)));
  if (visual !== undefined) files.push(newFile('visual.conf', visual));
  const renamed = documents.filter(({ name }, index) => name !== paths[index]).length;
  return { files, losses: [...written.losses, ...withLabelReason(reduced.losses), ...changes.losses, ...countLosses(changes, renamed, types)] };
}

function withLabelReason(losses: readonly Loss[]): Loss[] {
  const reason = 'of labels, only their names, their order, and what relations may join are written';
  return losses.map((loss) => (loss.kind === 'labels' ? { ...loss, reason } : loss));
}

function countLosses({ pieces, notes }: Changes, renamed: number, types: ReadonlyMap<string, string>): Loss[] {
  const labels = [...types].filter(([name, type]) => name !== type && !canBeShown(name)).length;
  return countedLosses([
    ['pieces', pieces, '# spans are cut at line ends; they lose white space at their edges, or pieces become one'],
    ['note-lines', notes, '# notes are written on one line'],
    ['file-names', renamed, '# documents get another name, which all systems can store'],
    ['label-names', labels, '# labels get another name, because theirs has characters that brat cannot store'],
  ]);
}

class DocumentWriter {
  /** Lines that we do not edit, as they were read. */
  readonly carried: readonly string[];
  readonly #document: AnnotatedDocument;
  readonly #types: ReadonlyMap<string, string>;
  readonly #changes: Changes;
  readonly #ids: Ids;

  constructor(document: AnnotatedDocument, types: ReadonlyMap<string, string>, changes: Changes) {
    this.#document = document;
    this.#types = types;
    this.#changes = changes;
    const lines = carriedLines(document);
    this.#ids = new Ids(document, lines);
    this.carried = this.#withTargets(lines);
  }

  write(): string {
    const { spans, relations } = this.#document;
    const table = offsetTable(this.#document.text, 'code-point');
    const notes: string[] = [];
    const addNote = ({ id, note }: Span | Relation) => {
      if (note !== undefined) notes.push(noteLine(this.#ids.free('#'), this.#ids.of(id)!, this.#noteText(note)));
    };
    const spanLines = spans.map((span) => {
      const pieces = this.#piecesOf(span);
      addNote(span);
      const texts = pieces.map((piece) => this.#document.text.slice(...piece));
      return spanLine(
        this.#ids.of(span.id)!,
        this.#type('span', span.label),
        pieces.map((piece) => pieceFromUtf16(table, piece)!),
        texts,
      );
    });
    const relationLines = relations.map((relation) => {
      addNote(relation);
      const ends = [this.#ids.of(relation.head)!, this.#ids.of(relation.tail)!] as const;
      return relationLine(this.#ids.of(relation.id)!, this.#type('relation', relation.label), rolesOf(relation), ...ends);
    });
    return joinLines([...spanLines, ...relationLines, ...this.carried, ...notes]);
  }

  #type(kind: 'span' | 'relation', id: string): string {
    return this.#types.get(nameOfId(kind, id))!;
  }

  /** The pieces of a span, cut at line ends. */
  #piecesOf({ pieces }: Span): readonly Piece[] {
    const cut = cutAtLines(pieces, this.#document.text);
    if (!equalPieces(mergeLines(cut, this.#document.text), pieces)) this.#changes.pieces += 1;
    return cut;
  }

  #noteText(note: string): string {
    const line = onOneLine(note);
    if (line !== note) this.#changes.notes += 1;
    return line;
  }

  /** Leaves out lines about spans that do not exist any more, and lines about those lines. */
  #withTargets(lines: readonly string[]): readonly string[] {
    const about = new Map<string, string[]>();
    for (const line of lines) for (const target of referencesOf(line)) addTo(about, target, line);
    const ids = new Set(lines.map(idOf));
    const gone = new Set<string>();
    const queue = [...about.keys()].filter((target) => !ids.has(target) && this.#ids.of(target) !== target);
    for (const target of queue) {
      for (const line of about.get(target) ?? []) {
        if (!gone.has(line)) queue.push(idOf(line));
        gone.add(line);
      }
    }
    if (gone.size > 0) {
      const reason = `${gone.size} attributes, events and notes of brat are left out: what they are about does not exist any more`;
      this.#changes.losses.push({ kind: 'carried', document: this.#document.id, reason });
    }
    return lines.filter((line) => !gone.has(line));
  }
}

/** The ids of a document in brat: those that fit brat stay, others are made anew. */
class Ids {
  readonly #ids = new Map<string, string>();
  readonly #taken: Set<string>;
  readonly #next = new Map<string, number>();

  constructor({ spans, relations }: AnnotatedDocument, lines: readonly string[]) {
    this.#taken = new Set(lines.map(idOf));
    this.#add('T', spans);
    this.#add('R', relations);
  }

  of(id: string): string | undefined {
    return this.#ids.get(id);
  }

  free(prefix: string): string {
    let number = this.#next.get(prefix) ?? 1;
    while (this.#taken.has(`${prefix}${number}`)) number += 1;
    this.#next.set(prefix, number + 1);
    return `${prefix}${number}`;
  }

  #add(prefix: 'T' | 'R', items: readonly { readonly id: string }[]): void {
    const own = new RegExp(`^${prefix}\\d{1,15}$`);
    const isFree = (id: string) => own.test(id) && !this.#taken.has(id);
    for (const { id } of items) if (isFree(id)) this.#taken.add(id) && this.#ids.set(id, id);
    for (const { id } of items) if (!this.#ids.has(id)) this.#ids.set(id, this.free(prefix));
  }
}

function idOf(line: string): string {
  return line.slice(0, Math.max(0, line.indexOf('\t')));
}

function carriedLines({ extra }: AnnotatedDocument): readonly string[] {
  const lines = extra?.['lines'];
  return isList(lines)
    ? lines
        .filter((line) => typeof line === 'string')
        .map(onOneLine)
        .filter((line) => idOf(line) !== '')
    : [];
}

function rolesOf({ extra }: Relation): readonly [string, string] {
  const roles = extra?.['roles'];
  const isUsable = isStringList(roles) && roles.length === 2 && roles.every((role) => /^[^\s:]+$/.test(role));
  return isUsable ? [roles[0]!, roles[1]!] : ['Arg1', 'Arg2'];
}

/** The types of events and attributes, for `annotation.conf`. */
function collectTypes(lines: readonly string[], { events, attributes }: Carried): void {
  for (const line of lines) {
    const [id = '', data = ''] = line.split('\t');
    const [type = '', ...words] = data.split(/\s+/);
    if (id.startsWith('E')) for (const role of words.map((word) => word.split(':')[0]!.replace(/\d+$/, ''))) addTo(events, type.split(':')[0]!, role);
    if (/^[AM]/.test(id)) addTo(attributes, type, words[1]);
  }
}
