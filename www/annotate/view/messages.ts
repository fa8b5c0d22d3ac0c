// What went on, in words for the person: shown in the line of messages and read out by screen readers.
import type { Refusal } from '../model/refusal.js';
import { StoreError } from '../store/errors.js';

export interface Message {
  /** A `warning` says why something was not done, an `error` that something failed. */
  readonly kind: 'info' | 'warning' | 'error';
  readonly text: string;
}

export function info(text: string): Message {
  return { kind: 'info', text };
}

export function warning(text: string): Message {
  return { kind: 'warning', text };
}

export function refusalMessage(refusal: Refusal): Message {
  return warning(refusal.message);
}

/** Any error as a message. Errors of the store are written for people; the others get a start that says what failed. */
export function errorMessage(error: unknown, what: string): Message {
  if (error instanceof StoreError) return error.code === 'read-only' ? warning(error.message) : { kind: 'error', text: error.message };
  const reason = error instanceof Error && error.message ? error.message : String(error);
  return { kind: 'error', text: `${what} failed: ${reason}` };
}

const NUMBERS = new Intl.NumberFormat('en');

/** `1 span`, `2 spans`. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${NUMBERS.format(count)} ${count === 1 ? one : many}`;
}

export function percent(score: number): string {
  return `${Math.round(100 * score)} %`;
}
