import type { Luke, Task } from 'luke-web';
import type { Child } from '../dom.js';

/** One task on the page: its inputs, and how they become a result. `panel.ts` does what all have in common. */
export interface Tab {
  /** The package's name of the task; also the tab's name in the address. */
  task: Task;
  /** What the tab says. */
  name: string;
  /** What it does, in a sentence. */
  about: string;
  /** What a checkpoint without a head for it has no head for. */
  subject: string;
  /** The checkpoint that has the head, and how it is made into a model folder. */
  needs: Child[];
  /** What the button says. */
  action: string;
  /** When it runs beside on request. What asks for much more than a moment should wait to be asked. */
  runs: 'as you type' | 'when opened' | 'when asked';
  /** The inputs, with an example in them. */
  fields: readonly HTMLElement[];
  /** Reads the inputs and calls the model. */
  run(luke: Luke, signal: AbortSignal): Promise<Outcome>;
}

/** What a call gave. */
export interface Outcome {
  /** In a few words. */
  summary: string;
  /** For the eye. */
  body: Child[];
  /** For the download. */
  data: unknown;
}
