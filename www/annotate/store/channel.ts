// What tabs tell each other of a project. Messages come from pages of this site only, but maybe of another version: they are checked.

/** The part of `BroadcastChannel` that is used. */
export interface Channel {
  onmessage: ((event: MessageEvent) => unknown) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/** Something was written. */
export interface ChangedMessage {
  readonly type: 'changed';
  readonly project: string;
  readonly revision: number;
  /** Documents whose heads or annotations changed; `all`: documents were added or removed. */
  readonly documents: readonly string[] | 'all';
  /** Whether the record of the project changed: its name or label sets. */
  readonly header: boolean;
}

/** A tab has become the writer. */
export interface WriterMessage {
  readonly type: 'writer';
  readonly project: string;
  readonly token: string;
}

export type Message = ChangedMessage | WriterMessage;

/** The message of another tab about this project; `undefined`, if it is none. */
export function readMessage(data: unknown, project: string): Message | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const fields: { readonly [name: string]: unknown } = { ...data };
  if (fields.project !== project) return undefined;
  if (fields.type === 'writer' && typeof fields.token === 'string') return { type: 'writer', project, token: fields.token };
  if (fields.type !== 'changed' || typeof fields.revision !== 'number') return undefined;
  const documents = Array.isArray(fields.documents) ? fields.documents.filter((id) => typeof id === 'string') : 'all';
  return { type: 'changed', project, revision: fields.revision, documents, header: fields.header === true };
}
