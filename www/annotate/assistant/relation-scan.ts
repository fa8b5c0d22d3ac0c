// What the model says of the pairs of spans in a text, sentence by sentence. Pairs that it was asked about before are not asked again.
import { pairsOf, type SentencePairs } from '../model/pairs.js';
import { piecesKey, type Pieces } from '../model/pieces.js';
import { rangeOf } from '../model/spans.js';
import type { SuggestedRelation, Suggestions } from '../model/suggest.js';
import type { ModelRef, Piece, Span } from '../model/types.js';
import { untilAbort } from './abort.js';
import { checkLabels } from './answers.js';
import type { Scanning } from './scan.js';

export interface RelationTask {
  readonly text: string;
  /** Those that are shown, without rejected ones. */
  readonly spans: readonly Span[];
  readonly allows: (head: Span, tail: Span) => boolean;
  /** All answers so far, with the names that the model has for labels. New ones are added, so that they outlive this scan. */
  readonly answers: SuggestedRelation[];
  readonly ask: (sentence: string, head: Piece, tail: Piece, signal: AbortSignal) => Promise<unknown>;
  readonly ref: ModelRef;
}

/** A document has no more pairs. */
export const MOST_PAIRS = 300;
/** Labels with a lower score are not kept, but the best label of each pair is: it says that the pair was asked about. */
const NEAR = 0.05;
/** So many sentences without a new pair are passed at once. */
const PASSED = 200;

export class RelationScan implements Scanning {
  readonly #task: RelationTask;
  readonly #asked: Set<string>;
  readonly #sentences: Generator<SentencePairs>;
  #next: IteratorResult<SentencePairs>;
  dropped = 0;

  constructor(task: RelationTask) {
    this.#task = task;
    this.#asked = new Set(task.answers.map(({ head, tail }) => pairKey(head, tail)));
    this.#sentences = pairsOf(task.text, task.spans, task.allows);
    this.#next = this.#sentences.next();
  }

  get isDone(): boolean {
    return this.#next.done === true || this.#asked.size >= MOST_PAIRS;
  }

  get place(): number {
    return this.#next.done ? this.#task.text.length : this.#next.value.start;
  }

  /** Looks at the next sentence with a new pair. After an error it can be tried again. */
  async step(signal: AbortSignal): Promise<void> {
    for (let passed = 0; !this.isDone && !this.#next.done; passed++) {
      const { start, end, pairs } = this.#next.value;
      const open = pairs.filter(([head, tail]) => !this.#asked.has(pairKey(head.pieces, tail.pieces)));
      for (const [head, tail] of open.slice(0, MOST_PAIRS - this.#asked.size)) await this.#askOne(head, tail, start, end, signal);
      this.#next = this.#sentences.next();
      if (open.length) return;
      // Nothing was waited for: the page gets its turn.
      if (passed >= PASSED) return new Promise((resolve) => setTimeout(resolve));
    }
  }

  result(at: number): Suggestions {
    return { model: this.#task.ref, spans: [], relations: [...this.#task.answers], words: 0, at };
  }

  async #askOne(head: Span, tail: Span, start: number, end: number, signal: AbortSignal): Promise<void> {
    const { text, ask, answers } = this.#task;
    const inSentence = (span: Span): Piece => [rangeOf(span)[0] - start, rangeOf(span)[1] - start];
    const { items, dropped } = checkLabels(await untilAbort(ask(text.slice(start, end), inSentence(head), inSentence(tail), signal), signal));
    this.dropped += dropped;
    this.#asked.add(pairKey(head.pieces, tail.pieces));
    const kept = items.filter(({ score }, index) => index === 0 || score >= NEAR);
    answers.push(...kept.map(({ label, score }) => ({ head: head.pieces, tail: tail.pieces, label, score })));
  }
}

function pairKey(head: Pieces, tail: Pieces): string {
  return `${piecesKey(head)}>${piecesKey(tail)}`;
}
