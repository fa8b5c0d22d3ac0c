// An open session for the tests, with a small project.
import type { Suggestions } from '../model/suggest.js';
import type { AnnotatedDocument, LabelSet, ModelRef } from '../model/types.js';
import type { Store } from '../store/store.js';
import { Assistant } from '../assistant/assistant.js';
import { Editing } from '../view/editing.js';
import { Screen } from '../view/screen.js';
import { Session } from '../view/session.js';
import { document, SETS } from './scenes.js';
import { Browser } from './store-fakes.js';

export const TEXT = 'Ada Byron met Charles Babbage at Acme in London.';
export const MODEL: ModelRef = { name: 'mini', manifestHash: 'a'.repeat(64) };

/** Places of words in `TEXT`. */
export function piece(words: string, text = TEXT): [number, number] {
  const start = text.indexOf(words);
  return [start, start + words.length];
}

/** `[words, label, score]` of each suggestion. */
export function suggestions(...found: readonly (readonly [words: string, name: string, score: number])[]): Suggestions {
  return { model: MODEL, spans: found.map(([words, name, score]) => ({ pieces: [piece(words)], label: `span:${name}`, score })) };
}

export interface Opened {
  readonly browser: Browser;
  readonly store: Store;
  readonly session: Session;
  readonly editing: Editing;
}

export async function reopened(browser: Browser, id: string): Promise<Opened> {
  const store = await browser.tab();
  const session = await Session.open(store, id, () => 5);
  return { browser, store, session, editing: new Editing(session) };
}

/** A project with these documents, the first of them open. */
export async function opened(
  documents: readonly AnnotatedDocument[] = [document('a', TEXT), document('b', 'Ada Byron wrote.'), document('c', 'Nobody.')],
  labelSets: readonly LabelSet[] = SETS,
): Promise<Opened> {
  const browser = new Browser();
  const store = await browser.tab();
  const { id } = await store.createProject({ name: 'P' });
  const first = await reopened(browser, id);
  await first.session.project.import({ name: 'f', labelSets, documents });
  first.session.close();
  const all = await reopened(browser, id);
  if (documents[0]) await all.session.openDocument(documents[0].id);
  return all;
}

/** What is shown: `label:text` with `?` for suggestions. */
export function shown({ session }: Opened): string[] {
  return session.spans.value.map(({ label, pieces: [first], state }) =>
    `${label.slice(5)}:${session.text.slice(first?.[0], first?.[1])}${state === 'suggested' ? '?' : ''}`);
}

/** The main screen of a session, with a model that cannot be loaded. */
export function screenOf({ session }: Pick<Opened, 'session'>): Screen {
  const { project, record, documents, store } = session;
  const assistant = new Assistant({
    project, record, heads: documents.heads, visible: documents.visible, cache: store.suggestions, settings: store.settings,
    load: () => Promise.reject(new Error('There is no model here.')), random: () => 0,
  });
  return new Screen(session, assistant);
}
