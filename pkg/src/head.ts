// Heads that were taught. A head is its file: calls send its bytes along, so no engine has to remember it.
import type { CallOptions, Entity, LabelOptions, NerFound, NerOptions, NerPart, WordEntity, WordList } from './tasks.js';
import type { HeadFacts, HeadFile, TaughtTask, TeachReport } from './teach.js';

type Bytes = Uint8Array<ArrayBuffer>;

/** Makes a head of its file. `bytes` belong to it from then on. */
export let makeHead: <N extends string, R extends TeachReport<N> | undefined>(bytes: Bytes, facts: HeadFacts<N>, report: R) => LukeHead<N, R>;

/** The file of a head; `undefined` if the value is no head. */
export let bytesOf: (head: unknown) => Bytes | undefined;

/**
 * A head that was taught: a small file that finds or gives your own labels, with the model that it was taught on. It comes from `luke.teach`,
 * `luke.addHead` or `luke.taughtHeads`, and never changes. `N` are its labels. Every `Luke` of the same model takes it, also one that is loaded later.
 */
export class LukeHead<N extends string = string, R extends TeachReport<N> | undefined = TeachReport<N> | undefined> {
  /** What it is called, as its teacher said. */
  readonly name: string;
  /** What it was taught to do. */
  readonly task: TaughtTask;
  readonly labels: readonly N[];
  /** The name of the model that it was taught on. */
  readonly model: string;
  /** SHA-256 of the manifest of that model, before heads were added to its folder. With another model the head is refused. */
  readonly manifestHash: string;
  /** From how many examples it learned. */
  readonly examples: number;
  /** How good it is. Only `luke.teach` knows it; the file does not have it. */
  readonly report: R;
  readonly #bytes: Bytes;

  private constructor(bytes: Bytes, { name, task, labels, model, manifestHash, examples }: HeadFacts<N>, report: R) {
    this.#bytes = bytes;
    this.name = name;
    this.task = task;
    this.labels = Object.freeze([...labels]);
    this.model = model;
    this.manifestHash = manifestHash;
    this.examples = examples;
    this.report = report;
    Object.freeze(this);
  }

  static {
    makeHead = (bytes, facts, report) => new LukeHead(bytes, facts, report);
    bytesOf = (head) => (typeof head === 'object' && head !== null && #bytes in head ? head.#bytes : undefined);
  }

  /** Its file, for `luke.addHead` and for the option `--head` on the command line. */
  save(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice();
  }
}

/** Heads of these files. One that is among `before` stays the same object. */
export function headsOf(files: readonly HeadFile[], before: readonly LukeHead[]): readonly LukeHead[] {
  return Object.freeze(files.map(({ bytes, head }) => before.find((known) => known.name === head.name && `${bytesOf(known)}` === `${bytes}`) ?? makeHead(bytes, head, undefined)));
}

/** How a call names a head that was taught: as what `luke.teach` or `luke.addHead` gave, or by the name of one of `luke.taughtHeads`. */
export type HeadOrName = LukeHead | string;

/**
 * Options of `luke.ner` and `luke.nerStream` by a head that was taught. `labels` are those of the head. `score` is the probability that
 * these words are a span of this label. There are no options about candidates, because every run of words is one.
 */
export interface HeadNerOptions<H extends HeadOrName | undefined = HeadOrName, N extends string = string, R extends number | undefined = number | undefined>
  extends Omit<NerOptions<N, false, R>, 'candidates' | 'maxSpanTokens' | 'maxEntitiesPerPass' | 'allScores'> {
  head: H;
}

/** Options of `luke.typing` and `luke.relation` by a head that was taught. With `relation` this is not the head of the pair. */
export interface HeadLabelOptions<H extends HeadOrName | undefined = HeadOrName> extends LabelOptions {
  head: H;
}

/** Options of `luke.rank`. */
export interface RankOptions extends CallOptions {
  /** A head for `ner`, which shall learn more. */
  head: HeadOrName;
  /** How many texts are given, 1 to 1,000 (default: all, but 1,000 at most). */
  topK?: number | undefined;
}

/** A text of `luke.rank`. */
export interface Ranked {
  /** Its place among the texts. */
  index: number;
  /** How unsure the head is of it, less what the texts before it in the ranking say too: 0 or more. */
  score: number;
}

/** The labels of a head that was taught: any, if it is named; without a head, `Own` labels of the model. */
export type LabelBy<H extends HeadOrName | undefined, Own extends string> = H extends LukeHead<infer N> ? N : H extends string ? string : Own;

/** What `luke.ner` finds by a head in a text, in each of several texts, or in a word list; with `runnersUp` near misses too. */
export type NerBy<I extends string | readonly string[] | WordList, N extends string, R extends number | undefined> = I extends string
  ? SpansBy<Entity<N>, R>
  : I extends readonly string[]
    ? SpansBy<Entity<N>, R>[]
    : SpansBy<WordEntity<N>, R>;

/** What `luke.nerStream` finds by a head in one text. */
export type NerPartBy<N extends string, R extends number | undefined> = R extends number
  ? NerFound<Entity<N>> & { index: number }
  : NerPart<Entity<N>>;

/** The spans that `luke.ner` finds by a head in one input: near misses are there if `runnersUp` was given. */
export type SpansBy<E extends Entity | WordEntity, R extends number | undefined> = R extends number ? NerFound<E> : E[];
