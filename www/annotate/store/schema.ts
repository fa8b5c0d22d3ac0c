// The database: its object stores and what is in them.
import { openDB, unwrap, type DBSchema, type IDBPDatabase, type IDBPTransaction, type StoreNames } from 'idb';
import type { DocHead } from '../model/heads.js';
import type { Op } from '../model/history.js';
import type { Suggestions } from '../model/suggest.js';
import type { Extra, Json, LabelSet, Notes } from '../model/types.js';
import { storeError } from './errors.js';

export const DATABASE = 'luke-annotate';
/** Version 1 had no packs, and an index of heads by their order, which took time at each write. */
const VERSION = 2;

export interface ProjectRecord {
  readonly id: string;
  readonly name: string;
  readonly labelSets: readonly LabelSet[];
  /** `seq` of the last operation on label sets that is done; 0: none. */
  readonly done: number;
  /** In milliseconds since 1970. */
  readonly created: number;
  readonly guide?: string;
  readonly extra?: Extra;
}

/** What changes with each edit, so that the label sets need not be written each time. */
export interface ProjectState {
  /** The token of the tab that may write. */
  readonly writer: string;
  /** Counts writes. */
  readonly revision: number;
  /** The revision of the last backup; 0: none. */
  readonly backup: number;
  /** When the last write was, in milliseconds since 1970; absent, if nothing was written yet. */
  readonly changed?: number;
}

/** Keys of what belongs to a document: the project, the document. Operations on label sets have the document `''`. */
interface Owned {
  readonly project: string;
}

export interface HeadRecord extends DocHead, Owned {
  /** Id of the pack that has the text, and the annotations as long as there is no `NotesRecord`. Absent: both have records of their own. */
  readonly pack?: number;
}

export interface BodyRecord extends Owned {
  readonly id: string;
  readonly text: string;
  readonly extra?: Extra;
}

export interface NotesRecord extends Owned, Notes {
  readonly id: string;
  /** `seq` of the last operation that is done; 0: none. Operations behind it can be redone. */
  readonly done: number;
}

/** Several documents that were imported together. See `packs.ts`. */
export interface PackRecord extends Owned {
  /** Counted from 0 in the project. */
  readonly id: number;
  readonly documents: readonly PackedDocument[];
}

/** What a body and the notes have, before the first edit. */
export interface PackedDocument extends Notes {
  readonly id: string;
  readonly text: string;
  readonly extra?: Extra;
}

export interface OpRecord extends Owned, Op {
  readonly doc: string;
}

export interface SuggestionsRecord {
  readonly sha256: string;
  /** Model and options; see `suggestionsKey`. */
  readonly key: string;
  readonly found: Suggestions;
}

/** The part of `FileSystemFileHandle` that is used. What is written replaces the file when it is closed, so a failure leaves the file as it was. */
export interface KeptFile {
  readonly name: string;
  createWritable(): Promise<FileStream>;
  /** Absent, where the browser never asks the person. */
  queryPermission?(options: { readonly mode: 'readwrite' }): Promise<PermissionState>;
  requestPermission?(options: { readonly mode: 'readwrite' }): Promise<PermissionState>;
}

export interface FileStream {
  write(data: Blob): Promise<void>;
  close(): Promise<void>;
  abort(reason?: unknown): Promise<void>;
}

export interface SettingRecord {
  readonly key: string;
  readonly value: Json;
  /** A file that the person chose. Browsers store its handle as it is. */
  readonly file?: KeptFile;
}

export interface Schema extends DBSchema {
  projects: { key: string; value: ProjectRecord };
  states: { key: string; value: ProjectState };
  heads: { key: [string, string]; value: HeadRecord };
  bodies: { key: [string, string]; value: BodyRecord };
  notes: { key: [string, string]; value: NotesRecord };
  packs: { key: [string, number]; value: PackRecord };
  ops: { key: [string, string, number]; value: OpRecord; indexes: { group: [string, string] } };
  suggestions: { key: [string, string]; value: SuggestionsRecord };
  settings: { key: string; value: SettingRecord };
}

export type StoreName = StoreNames<Schema>;
export type Database = IDBPDatabase<Schema>;
export type ReadTransaction = IDBPTransaction<Schema, StoreName[], 'readonly'>;
export type WriteTransaction = IDBPTransaction<Schema, StoreName[], 'readwrite'>;
/** Where both kinds of transactions can read. */
export type Transaction = ReadTransaction | WriteTransaction;

/** All that belongs to a project and has its id first in the key. */
export const OWNED_STORES = ['heads', 'bodies', 'notes', 'packs', 'ops'] as const;

export interface OpenOptions {
  /** Name of the database, for tests. */
  readonly name?: string;
  /** The database was closed: by a newer version of the page in another tab, or by the browser. Nothing can be stored any more. */
  readonly onClosed?: (why: 'newer-version' | 'terminated') => void;
  /** Another tab has an older version open, and does not close it. */
  readonly onBlocked?: () => void;
}

export async function openDatabase({ name = DATABASE, onClosed, onBlocked }: OpenOptions): Promise<Database> {
  try {
    return await openDB<Schema>(name, VERSION, {
      upgrade: createStores,
      blocked: () => onBlocked?.(),
      blocking: (_current, _blocked, event) => {
        (event.target as IDBDatabase).close();
        onClosed?.('newer-version');
      },
      terminated: () => onClosed?.('terminated'),
    });
  } catch (error) {
    throw storeError(error);
  }
}

function createStores(database: Database, oldVersion: number, _: number | null, tx: IDBPTransaction<Schema, StoreName[], 'versionchange'>): void {
  if (oldVersion < 1) createFirstStores(database);
  else unwrap(tx.objectStore('heads')).deleteIndex('order');
  database.createObjectStore('packs', { keyPath: ['project', 'id'] });
}

function createFirstStores(database: Database): void {
  database.createObjectStore('projects', { keyPath: 'id' });
  database.createObjectStore('states');
  database.createObjectStore('heads', { keyPath: ['project', 'id'] });
  database.createObjectStore('bodies', { keyPath: ['project', 'id'] });
  database.createObjectStore('notes', { keyPath: ['project', 'id'] });
  database.createObjectStore('ops', { keyPath: ['project', 'doc', 'seq'] }).createIndex('group', ['project', 'group']);
  database.createObjectStore('suggestions', { keyPath: ['sha256', 'key'] });
  database.createObjectStore('settings', { keyPath: 'key' });
}

/** All keys that begin with these parts. Arrays come after all strings and numbers. */
export function keysOf(...parts: readonly (string | number)[]): IDBKeyRange {
  return IDBKeyRange.bound(parts, [...parts, []]);
}
