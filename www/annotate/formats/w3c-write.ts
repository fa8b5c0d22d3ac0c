// Writes Web Annotations, and the texts that they are about.
import { cutsCodePoint } from '../model/characters.js';
import type { AnnotatedDocument, Corpus, Extra, Json, Piece, Relation, Span } from '../model/types.js';
import { newFile } from './bytes.js';
import { corpusFile, labelNames } from './documents.js';
import type { Loss, WriteOptions, WriteResult } from './format.js';
import { isList } from './json-values.js';
import { countedLosses } from './loss-counts.js';
import { reduceCorpus, type Abilities } from './losses.js';
import { offsetTable, pieceFromUtf16, type OffsetTable } from './offsets.js';
import { documentPaths } from './safe-names.js';

const CONTEXT: Json = ['http://www.w3.org/ns/anno.jsonld', { luke: 'urn:luke-web:annotate#' }];
const ABILITIES: Abilities = {
  overlap: 'all',
  discontinuous: true,
  relations: true,
  states: true,
  provenance: true,
  scores: true,
  notes: true,
  types: true,
  names: true,
};

/** Characters before and behind a quote. */
const AROUND = 32;
/** JavaScript has no dates further from 1970. */
const MAX_TIME = 8.64e15;

export function writeW3c(whole: Corpus, options: WriteOptions): WriteResult {
  const { corpus, losses } = reduceCorpus(whole, options, 'w3c', ABILITIES);
  const { documents } = corpus;
  const paths = documentPaths(documents.map(({ name }) => name)).map((path) => `${path}.txt`);
  const writer = new Writer(labelNames(corpus.labelSets));
  const items = documents.flatMap((document, index) => writer.annotations(document, index + 1, paths[index]!));
  const collection = { '@context': CONTEXT, type: 'AnnotationCollection', label: corpus.name, total: items.length };
  // Each annotation is on a line of its own.
  const lines = items.map((item) => JSON.stringify(item)).join(',\n');
  const json = `${JSON.stringify(collection).slice(0, -1)},"first":{"type":"AnnotationPage","startIndex":0,"items":[\n${lines}\n]}}\n`;
  const files = [
    // A reader takes the first byte order mark off. So a text that begins with one needs another.
    ...documents.map(({ text }, index) => newFile(paths[index]!, text.startsWith('\ufeff') ? `\ufeff${text}` : text)),
    corpusFile(corpus, '.jsonld', json),
  ];
  const renamed = documents.filter(({ name }, index) => `${name}.txt` !== paths[index]).length;
  return { files, losses: [...losses, ...countLosses(documents, renamed)] };
}

function countLosses(documents: readonly AnnotatedDocument[], renamed: number): Loss[] {
  const changed = documents.reduce((sum, { spans }) => sum + spans.filter(({ was }) => was !== undefined).length, 0);
  return countedLosses([
    ['history', changed, 'what the model said before is left out of # spans'],
    ['file-names', renamed, '# documents get another name, which all systems can store'],
  ]);
}

class Writer {
  readonly #name: ReturnType<typeof labelNames>;
  readonly #ids = new Set<string>();

  constructor(name: ReturnType<typeof labelNames>) {
    this.#name = name;
  }

  annotations(document: AnnotatedDocument, number: number, path: string): Json[] {
    const { text, spans, relations } = document;
    const table = offsetTable(text, 'code-point');
    const source = encodeURI(path).replace(/[?#]/g, encodeURIComponent);
    const ids = new Map(spans.map(({ id }) => [id, this.#id(id, `${number}:span:`)]));
    return [
      ...spans.map((span) => this.#span(span, ids.get(span.id)!, source, text, table)),
      ...relations.map((relation) => this.#relation(relation, this.#id(relation.id, `${number}:relation:`), ids)),
    ];
  }

  /** An id that is a web address or a name of the kind `urn:` stays. */
  #id(id: string, place: string): string {
    const isOwn = /^(https?|urn):\S+$/.test(id) && !this.#ids.has(id);
    const iri = isOwn ? id : `urn:luke-web:annotation:${place}${encodeURIComponent(id)}`;
    this.#ids.add(iri);
    return iri;
  }

  #span(span: Span, id: string, source: string, text: string, table: OffsetTable): Json {
    const bodies = [
      textualBody('tagging', this.#name('span', span.label)),
      ...(span.type === undefined ? [] : [textualBody('classifying', this.#name('type', span.type))]),
    ];
    const targets = span.pieces.map((piece) => ({ source, selector: selectors(piece, text, table) }));
    return {
      id,
      type: 'Annotation',
      motivation: 'tagging',
      ...commonFields(span),
      body: withOthers(bodies, span),
      target: targets.length === 1 ? targets[0]! : targets,
    };
  }

  #relation(relation: Relation, id: string, ids: ReadonlyMap<string, string>): Json {
    const bodies = [ids.get(relation.tail)!, textualBody('tagging', this.#name('relation', relation.label))];
    return {
      id,
      type: 'Annotation',
      motivation: 'linking',
      ...commonFields(relation),
      body: withOthers(bodies, relation),
      target: ids.get(relation.head)!,
    };
  }
}

function textualBody(purpose: string, value: string): Json {
  return { type: 'TextualBody', purpose, value };
}

function withOthers(bodies: readonly Json[], { note, extra }: Span | Relation): Json[] {
  const others = extra?.['body'];
  return [...bodies, ...(note === undefined ? [] : [textualBody('commenting', note)]), ...(isList(others) ? others : [])];
}

function commonFields({ by, state, score, model, at, extra = {} }: Span | Relation): Extra {
  const { body: _, ...others } = extra;
  return {
    ...(by !== 'import' && { creator: { type: by === 'human' ? 'Person' : 'Software' } }),
    ...(model && {
      generator: {
        type: 'Software',
        name: model.name,
        'luke:manifest': model.manifestHash,
        ...(model.head !== undefined && { 'luke:head': model.head }),
      },
    }),
    ...(at !== undefined && Math.abs(at) <= MAX_TIME && { modified: new Date(at).toISOString() }),
    ...(state !== 'accepted' && { 'luke:state': state }),
    ...(score !== undefined && { 'luke:score': score }),
    ...others,
  };
}

function selectors(piece: Piece, text: string, table: OffsetTable): Json {
  const [start, end] = pieceFromUtf16(table, piece)!;
  const before = shifted(text, piece[0] - AROUND);
  const behind = shifted(text, piece[1] + AROUND);
  return [
    { type: 'TextPositionSelector', start, end },
    { type: 'TextQuoteSelector', exact: text.slice(...piece), prefix: text.slice(before, piece[0]), suffix: text.slice(piece[1], behind) },
  ];
}

/** An offset in the text that is not between the halves of a surrogate pair. */
function shifted(text: string, offset: number): number {
  const inside = Math.min(Math.max(offset, 0), text.length);
  return cutsCodePoint(text, inside) ? inside + 1 : inside;
}
