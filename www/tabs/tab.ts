import type { Luke, Task } from 'luke-web';
import type { Child } from '../dom.js';
import type { Field } from '../fields.js';

/** One task: its inputs, its call and its result. `panel.ts` contains the parts that all tabs share. */
export interface Tab {
  /** The task's name in the package, also used in the address of the page. */
  task: Task;
  /** What a visitor wants. */
  name: string;
  /** What the paper calls it. */
  paper: string;
  /** One sentence that describes the task. */
  about: string;
  /** The checkpoint that has this task. */
  needs: string;
  /** Label of the button. */
  action: string;
  /** When the task runs without a click. Slow tasks only run on request. */
  runs: 'while typing' | 'on open' | 'on request';
  /** The inputs in the order of the page, which contain an example. */
  fields: readonly Field[];
  /** The one of them that is the text. */
  text: Field;
  /** What is shown in place of a result until there is one. */
  preview?(): HTMLElement;
  /** Reads the inputs and calls the model. `show` shows a part of the result; `done` is the part of the work that is done, 0 to 1. */
  run(luke: Luke, signal: AbortSignal, show: (outcome: Outcome, done: number) => void): Promise<Outcome>;
  /** The arguments of the call, for the code that a visitor copies. */
  args(): readonly unknown[];
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
