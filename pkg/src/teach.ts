// What `luke.teach` takes and gives, as in `src/tasks/teach/types.rs`: pkg/test/rust.test.ts compares them.
import type { CallOptions, OffsetOptions, OffsetUnit, Span } from './tasks.js';

/** What a head can be taught to do. It is the name of the method that then takes the head. */
export type TaughtTask = 'ner' | 'typing' | 'relation';

/** A span of an example and its label. An entity of `luke.ner` is one. */
export interface ExampleSpan<N extends string = string> {
  readonly start: number;
  readonly end: number;
  readonly label: N;
  /** What `start` and `end` count; it must be what the option `offsets` says. */
  readonly unit?: OffsetUnit | undefined;
}

/** A text with all its spans, in any order and without overlap. What is not marked is no span. */
export interface Example<N extends string = string> {
  readonly text: string;
  readonly spans: readonly ExampleSpan<N>[];
}

/** A mention of a text with its labels. Those that are not named are not its labels. */
export interface TypingExample<N extends string = string> {
  readonly text: string;
  readonly span: Span;
  readonly labels: readonly N[];
}

/** A pair of mentions with the label of their relation. That there is no relation is a label like any other. */
export interface RelationExample<N extends string = string> {
  readonly text: string;
  /** The subject. */
  readonly head: Span;
  /** The object. */
  readonly tail: Span;
  readonly label: N;
}

/** What a head is taught, by examples of its task. `N` are its labels. */
export type TeachInput<N extends string = string> = Lesson<'ner', Example<N>, N> | Lesson<'typing', TypingExample<N>, N> | Lesson<'relation', RelationExample<N>, N>;

/** What a head is taught by examples `E` of a task `T`. */
export interface Lesson<T extends TaughtTask, E, N extends string> {
  readonly task: T;
  /** What the head is called: 200 bytes of UTF-8 at most. */
  readonly name: string;
  /** The labels, 200 at most, in the order of their scores (default: those of the examples, in the order in which they come). */
  readonly labels?: readonly N[] | undefined;
  /** 10,000 at most. Some tens are enough for many labels. */
  readonly examples: readonly E[];
}

/** Options of `luke.teach`. */
export interface TeachOptions extends CallOptions, OffsetOptions {
  /**
   * Called when a text has been read or a head has been taught; see {@link TeachProgress}. What it throws is reported as an uncaught error,
   * and the call goes on. It begins anew if the GPU was lost.
   */
  onProgress?: ((progress: TeachProgress) => void) | undefined;
  /** Decides how the examples are parted for the report (default 0). The head does not depend on it. */
  seed?: number | undefined;
  /**
   * Number of heads that judge, 2 to 20 (default 5): each is taught without one part of the examples and judged on it. With fewer examples
   * there are as many parts as examples. 0 does not judge, which is faster.
   */
  folds?: number | undefined;
  /**
   * For `typing`: whether a mention may have any number of the labels (`true`), or has exactly one. Default: exactly one if each example has
   * exactly one.
   */
  multi?: boolean | undefined;
}

/** What `luke.teach` is doing: the model reads the examples (`reading`), then heads are taught (`teaching`), those that judge first. */
export interface TeachProgress {
  phase: 'reading' | 'teaching';
  /** How many texts were read, or heads taught. */
  done: number;
  /** Of how many. */
  total: number;
}

/** How good a head is, by heads that did not see the examples on which they were judged. */
export interface TeachReport<N extends string = string> {
  /** Number of examples. */
  examples: number;
  /** Number of their spans; for `typing` and `relation`, of their labels. */
  spans: number;
  /** Number of spans of `ner` that began or ended inside of a word, and were taken as whole words. */
  widened: number;
  /** For `typing`: whether a mention may have any number of the labels, or has exactly one. */
  multi?: boolean | undefined;
  /** Of all labels together. Absent if the head was not judged: with `folds: 0`, and with one example. */
  all?: Quality | undefined;
  /** Of each label, in their order. */
  labels: LabelReport<N>[];
  /** What is taken for what, the most frequent first. */
  confusions: Confusion<N>[];
}

/** What a head knows of a label. */
export interface LabelReport<N extends string = string> {
  label: N;
  /** Number of spans, mentions or pairs of the examples that have it. */
  spans: number;
  /** How well it is found. Absent if the head was not judged. */
  quality?: Quality | undefined;
}

/** Labels that are right, from 0 to 1; those of `ner` with their whole span. */
export interface Quality {
  /** The share of those found that are right; 0 if none was found. */
  precision: number;
  /** The share of those there are that were found; 0 if there are none. */
  recall: number;
  /** The harmonic mean of both. */
  f1: number;
}

/** What was taken for something else. */
export interface Confusion<N extends string = string> {
  /** The label in the examples; `null`: there is none. */
  label: N | null;
  /** The label that was found for the same words; `null`: there is none. */
  found: N | null;
  /** How often. */
  count: number;
}

/** What a head says of itself, as in `src/taught/mod.rs`. */
export interface HeadFacts<N extends string = string> {
  task: TaughtTask;
  name: string;
  labels: readonly N[];
  model: string;
  manifestHash: string;
  layers: readonly number[];
  entityLayers?: readonly number[] | undefined;
  hidden: number;
  temperature: number;
  examples: number;
  multi?: boolean | undefined;
}

/** The file of a head, and what it says of itself. */
export interface HeadFile<N extends string = string> {
  bytes: Uint8Array<ArrayBuffer>;
  head: HeadFacts<N>;
}

/** What the wasm gives for `teach`. */
export interface Taught<N extends string = string> extends HeadFile<N> {
  report: TeachReport<N>;
}
