import type { Luke, Task } from 'luke-web';
import type { Child } from '../dom.js';

/** One task of the demo: its inputs, its call and its result. `panel.ts` contains the parts that all tabs share. */
export interface Tab {
  /** The task's name in the package, also used in the address of the page. */
  task: Task;
  /** Label of the tab. */
  name: string;
  /** One sentence that describes the task. */
  about: string;
  /** Name of the task in the message that the model has no head for it. */
  subject: string;
  /** The checkpoint with this head, and how to convert it. */
  requirement: Child[];
  /** Label of the button. */
  action: string;
  /** When the task runs without a click. Slow tasks only run on request. */
  runs: 'while typing' | 'on open' | 'on request';
  /** The inputs, which contain an example. */
  fields: readonly HTMLElement[];
  /** Reads the inputs and calls the model. */
  run(luke: Luke, signal: AbortSignal): Promise<Outcome>;
}

/** The result of a call. */
export interface Outcome {
  /** A short summary. */
  summary: string;
  /** The elements to show. */
  body: Child[];
  /** The data for the download. */
  data: unknown;
}
