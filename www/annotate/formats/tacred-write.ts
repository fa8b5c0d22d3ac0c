// Writes rows of TACRED.
import { countBefore } from '../model/search.js';
import type { AnnotatedDocument, Corpus, Extra, Relation } from '../model/types.js';
import { choice, chosen } from './choice.js';
import { corpusFile, labelNames } from './documents.js';
import type { Loss, WriteOptions, WriteResult } from './format.js';
import { isList } from './json-values.js';
import { jsonList } from './lines.js';
import { countedLosses } from './loss-counts.js';
import { reduceCorpus } from './losses.js';
import { withoutMark } from './rebuilt.js';
import { rebuiltIds, TokenDocuments, type TokenDocument, type WordSpan } from './token-documents.js';
import { withoutBlankSpans } from './without.js';

const NO_RELATION = 'no_relation';

export const ROWS = choice('rows', 'The tokens of a row are', {
  sentence: 'those of the sentences of the pair',
  document: 'those of the whole document',
});
export const NEGATIVES = choice('negatives', 'Pairs without a relation', {
  none: 'are not written',
  done: 'in a sentence of a finished document are no_relation',
});

export function writeTacred(whole: Corpus, options: WriteOptions): WriteResult {
  const rebuilt = rebuiltIds(whole.documents);
  const written = withoutBlankSpans(withoutMark(whole), options);
  const { corpus, losses } = reduceCorpus(written.corpus, options, 'tacred', { overlap: 'all', relations: true, names: true, loneSurrogates: true });
  const documents = new TokenDocuments();
  const done = new Set(whole.documents.filter(({ status }) => status === 'done').map(({ id }) => id));
  const writer = new Writer(labelNames(corpus.labelSets), options, done);
  const names = docIds(corpus.documents);
  const rows = corpus.documents.flatMap((document, index) => writer.rows(documents.of(document, rebuilt), names[index]!));
  const file = corpusFile(corpus, '.json', jsonList(rows));
  const renamed = names.filter((name, index) => name !== corpus.documents[index]!.name).length;
  const named = countedLosses([['names', renamed, '# documents get another name, because names must differ']]);
  return { files: [file], losses: [...written.losses, ...losses, ...documents.losses(), ...named, ...writer.losses()] };
}

/** The names of documents, made unique: a name that occurs again, or is empty, gets a number. */
function docIds(documents: readonly AnnotatedDocument[]): string[] {
  const taken = new Set<string>();
  return documents.map(({ name }, index) => {
    const id = name === '' || taken.has(name) ? `${name}#${index + 1}` : name;
    taken.add(id);
    return id;
  });
}

class Writer {
  readonly #name: ReturnType<typeof labelNames>;
  readonly #options: WriteOptions;
  readonly #done: ReadonlySet<string>;
  readonly #lost: Loss[] = [];
  readonly #ids = new Set<string>();
  #parts = 0;

  constructor(name: ReturnType<typeof labelNames>, options: WriteOptions, done: ReadonlySet<string>) {
    this.#name = name;
    this.#options = options;
    this.#done = done;
  }

  losses(): Loss[] {
    const reason = 'of # documents only sentences with relations are written; each becomes a document';
    return [...countedLosses([['sentences', this.#parts, reason]]), ...this.#lost];
  }

  rows(tokens: TokenDocument, docid: string): Extra[] {
    const { document, sentences } = tokens;
    const bySentence = chosen(ROWS, this.#options) === 'sentence' && sentences.length > 1;
    const spans = new Map(tokens.spans.map((span) => [span.span.id, span]));
    const negatives = chosen(NEGATIVES, this.#options) === 'done' && this.#done.has(document.id) ? pairsWithout(tokens) : [];
    const rows = [
      ...document.relations.map((relation) => this.#row(tokens, docid, spans.get(relation.head)!, spans.get(relation.tail)!, bySentence, relation)),
      ...negatives.map(([head, tail]) => this.#row(tokens, docid, head, tail, bySentence)),
    ];
    this.#loseRest(tokens, rows.length, negatives);
    if (bySentence && rows.length > 0) this.#parts += 1;
    return rows;
  }

  /** Spans without a relation have no row, and neither have documents without one. */
  #loseRest({ document, spans }: TokenDocument, rows: number, negatives: readonly (readonly [WordSpan, WordSpan])[]): void {
    if (rows === 0) return void this.#lost.push({ kind: 'text', document: document.id, reason: 'it has no relations, so it is left out' });
    const related = new Set([...document.relations.flatMap(({ head, tail }) => [head, tail]), ...negatives.flat().map(({ span }) => span.id)]);
    for (const { span } of spans)
      if (!related.has(span.id)) this.#lost.push({ kind: 'unrelated', document: document.id, item: span.id, reason: 'it has no relation' });
  }

  #row(
    { document, words, sentences }: TokenDocument,
    docid: string,
    head: WordSpan,
    tail: WordSpan,
    bySentence: boolean,
    relation?: Relation,
  ): Extra {
    const [from, to] = bySentence ? sentencesAround(sentences, head, tail) : [0, words.length];
    const count = to - from;
    const side = (name: 'subj' | 'obj', { span, first, last }: WordSpan) => ({
      [`${name}_start`]: first - from,
      [`${name}_end`]: last - from,
      [`${name}_type`]: this.#name('span', span.label),
      [`${name}_id`]: span.id,
    });
    return {
      id: this.#id(relation?.id ?? `${head.span.id}-${tail.span.id}`, docid),
      docid,
      relation: relation ? this.#name('relation', relation.label) : NO_RELATION,
      token: words.slice(from, to).map(({ start, end }) => document.text.slice(start, end)),
      ...side('subj', head),
      ...side('obj', tail),
      ...(relation?.extra && this.#ownFields(relation.extra, count, document.id, relation.id)),
    };
  }

  #id(wanted: string, docid: string): string {
    let id = this.#ids.has(wanted) ? `${docid}:${wanted}` : wanted;
    while (this.#ids.has(id)) id += '+';
    this.#ids.add(id);
    return id;
  }

  /** Other fields of the row that a relation was read from, if it still has as many tokens. */
  #ownFields(extra: Extra, count: number, document: string, item: string): Extra {
    const kept = Object.entries(extra).filter(([, value]) => !isList(value) || value.length === count);
    if (kept.length < Object.keys(extra).length) {
      this.#lost.push({
        kind: 'columns',
        document,
        reason: `fields of the row of the relation ${item} are left out: it does not have the same tokens any more`,
      });
    }
    return Object.fromEntries(kept);
  }
}

/** All ordered pairs of different spans in a sentence that no relation joins. */
function pairsWithout({ document, spans, sentences }: TokenDocument): (readonly [WordSpan, WordSpan])[] {
  const joined = new Set(document.relations.map(({ head, tail }) => JSON.stringify([head, tail])));
  const inOrder = spans.toSorted((a, b) => a.first - b.first);
  let next = 0;
  return sentences.flatMap(([, end]) => {
    const start = next;
    while (next < inOrder.length && inOrder[next]!.first < end) next += 1;
    const inside = inOrder.slice(start, next);
    return inside.flatMap((head) =>
      inside.filter((tail) => tail !== head && !joined.has(JSON.stringify([head.span.id, tail.span.id]))).map((tail) => [head, tail] as const),
    );
  });
}

/** From the sentence of the first span to that of the last. */
function sentencesAround(sentences: TokenDocument['sentences'], head: WordSpan, tail: WordSpan): readonly [number, number] {
  return [sentenceOf(sentences, Math.min(head.first, tail.first))[0], sentenceOf(sentences, Math.max(head.last, tail.last))[1]];
}

/** The sentence of a word. */
function sentenceOf(sentences: TokenDocument['sentences'], word: number): readonly [number, number] {
  return sentences[countBefore(sentences.length, (index) => sentences[index]![1] <= word)]!;
}
