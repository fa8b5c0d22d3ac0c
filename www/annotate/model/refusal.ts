// A refusal: why an edit is not possible. Functions return it instead of a change; they do not throw.

export interface Refusal {
  readonly refused: 'empty' | 'outside' | 'duplicate' | 'overlap' | 'unknown' | 'taken' | 'cycle' | 'not-allowed';
  /** For the person, in plain words. */
  readonly message: string;
  /** The span, relation or label that is in the way. */
  readonly id?: string;
}

export function refuse(refused: Refusal['refused'], message: string, id?: string): Refusal {
  return id === undefined ? { refused, message } : { refused, message, id };
}

export function isRefusal(value: object): value is Refusal {
  return 'refused' in value;
}
