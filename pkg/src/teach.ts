// What `luke.teach` takes and gives, as in `src/tasks/teach/types.rs`: pkg/test/rust.test.ts compares them.
import type { CallOptions, OffsetOptions, OffsetUnit } from './tasks.js';

/** What a head can be taught to do. It is the name of the method that then takes the head. */
export type TaughtTask = 'ner';

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

/** What a head is taught. `N` are its labels. */
export interface TeachInput<N extends string = string> {
  readonly task: TaughtTask;
  /** What the head is called: 200 bytes of UTF-8 at most. */
  readonly name: string;
  /** The labels, 200 at most, in the order of their scores (default: those of the examples, in the order in which they come). */
  readonly labels?: readonly N[] | undefined;
  /** 10,000 at most. Some tens are enough for many labels. */
  readonly examples: readonly Example<N>[];
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
  /** Number of their spans. */
  spans: number;
  /** Number of spans that began or ended inside of a word, and were taken as whole words. */
  widened: number;
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
  /** Number of spans of the examples that have it. */
  spans: number;
  /** How well it is found. Absent if the head was not judged. */
  quality?: Quality | undefined;
}

/** Whole spans that are right, from 0 to 1. */
export interface Quality {
  /** The share of the spans found that are right; 0 if none was found. */
  precision: number;
  /** The share of the spans there are that were found; 0 if there are none. */
  recall: number;
  /** The harmonic mean of both. */
  f1: number;
}

/** Spans that were taken for something else. */
export interface Confusion<N extends string = string> {
  /** The label in the examples; `null`: there is no span there. */
  label: N | null;
  /** The label that was found for the same words; `null`: it was not found. */
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
  hidden: number;
  temperature: number;
  examples: number;
}

/** What the wasm gives for `teach`. */
export interface Taught<N extends string = string> {
  /** The file of the head. */
  bytes: Uint8Array<ArrayBuffer>;
  head: HeadFacts<N>;
  report: TeachReport<N>;
}
