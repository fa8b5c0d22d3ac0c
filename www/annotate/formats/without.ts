// Takes single annotations out of a corpus that a format cannot write, before `reduceCorpus` looks at the rest.
import { isSpaceRange } from '../model/characters.js';
import type { Corpus, Question, Relation, Span } from '../model/types.js';
import type { Loss, WriteOptions } from './format.js';
import { isIncluded } from './losses.js';

export interface Without {
  readonly corpus: Corpus;
  readonly losses: readonly Loss[];
}

/**
 * Takes out spans for which `reason` gives a reason, and their relations. Annotations that are not written anyway stay: `reduceCorpus` takes
 * them out for another reason.
 */
export function withoutSpans(corpus: Corpus, options: WriteOptions, kind: string, reason: (span: Span, text: string) => string | undefined): Without {
  const losses: Loss[] = [];
  const documents = corpus.documents.map((document) => {
    const gone = new Set<string>();
    const spans = document.spans.filter((span) => {
      const why = isWritten(span, options) ? reason(span, document.text) : undefined;
      if (why === undefined) return true;
      losses.push({ kind, document: document.id, item: span.id, reason: why });
      gone.add(span.id);
      return false;
    });
    const relations = document.relations.filter((relation) => {
      if (!isWritten(relation, options) || !(gone.has(relation.head) || gone.has(relation.tail))) return true;
      losses.push({ kind: 'relations', document: document.id, item: relation.id, reason: 'one of its spans is not written' });
      return false;
    });
    return { ...document, spans, relations };
  });
  return { corpus: { ...corpus, documents }, losses };
}

/** Takes out spans with nothing but white space, which have no token. */
export function withoutBlankSpans(corpus: Corpus, options: WriteOptions): Without {
  const isBlank = ({ pieces }: Span, text: string) => pieces.every(([start, end]) => isSpaceRange(text, start, end));
  return withoutSpans(corpus, options, 'edges', (span, text) => (isBlank(span, text) ? 'it has nothing but white space' : undefined));
}

/** Takes out relations for which `reason` gives a reason. It gets the ends that are written; if one is not, nothing is asked. */
export function withoutRelations(
  corpus: Corpus,
  options: WriteOptions,
  reason: (relation: Relation, head: Span, tail: Span) => string | undefined,
): Without {
  const losses: Loss[] = [];
  const documents = corpus.documents.map((document) => {
    const spans = new Map(document.spans.filter((span) => isWritten(span, options)).map((span) => [span.id, span]));
    const relations = document.relations.filter((relation) => {
      const [head, tail] = [spans.get(relation.head), spans.get(relation.tail)];
      const why = head && tail && isWritten(relation, options) ? reason(relation, head, tail) : undefined;
      if (why !== undefined) losses.push({ kind: 'relations', document: document.id, item: relation.id, reason: why });
      return why === undefined;
    });
    return { ...document, relations };
  });
  return { corpus: { ...corpus, documents }, losses };
}

export function withoutQuestions(corpus: Corpus, options: WriteOptions, kind: string, reason: (question: Question) => string | undefined): Without {
  const losses: Loss[] = [];
  const documents = corpus.documents.map((document) => {
    const questions = document.questions.filter((question) => {
      const why = isWritten(question, options) ? reason(question) : undefined;
      if (why !== undefined) losses.push({ kind, document: document.id, item: question.id, reason: why });
      return why === undefined;
    });
    return { ...document, questions };
  });
  return { corpus: { ...corpus, documents }, losses };
}

function isWritten(item: Span | Relation | Question, { include }: WriteOptions): boolean {
  return isIncluded(item, include) && item.state !== 'rejected';
}
