// The page: opens the store, and shows the projects or the one of the address.
import { computed, effect, signal, useSignal, type ReadonlySignal } from '@preact/signals';
import { render, type JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Store } from '../store/store.js';
import { given } from '../formats/fields.js';
import { Assistant } from '../assistant/assistant.js';
import type { Load } from '../assistant/model.js';
import { readPlace, writePlace } from './address.js';
import { Home } from './dialogs/home.js';
import { Storage } from './dialogs/lazy.js';
import { errorMessage } from './messages.js';
import { pageState } from './page-state.js';
import { Screen } from './screen.js';
import { Session } from './session.js';
import { Workspace } from './workspace.js';

/** Whether the person has used the model before: then it is loaded with the project. */
const USES_MODEL = 'uses-model';

/** The database was closed under the page. Nothing can be stored any more. */
const closed = signal<string | undefined>(undefined);

const CLOSED = {
  'newer-version': 'This page was opened in a newer version in another tab. Everything so far is saved. Reload this page to go on.',
  terminated: 'The browser has closed the database. Everything that was shown as saved is saved. Reload this page to go on.',
} as const;

/** Lets the new version of the site take over, and loads the page again. */
export type Reload = () => void;

export interface PageOptions {
  readonly load: Load;
  /** Set when a new version of the site waits. */
  readonly update: ReadonlySignal<Reload | undefined>;
  /** A text that another page has handed over, to be annotated. */
  readonly text: string | undefined;
}

/** Shows the page in an element. */
export async function start(root: HTMLElement, options: PageOptions): Promise<void> {
  try {
    const store = await Store.open({ onClosed: (why) => void (closed.value = CLOSED[why]) });
    render(<App store={store} options={options} />, root);
  } catch (error) {
    render(<Failed text={errorMessage(error, 'Opening the database of the browser').text} />, root);
  }
}

function Failed({ text }: { readonly text: string }): JSX.Element {
  return (
    <main class="failed">
      <h1>Annotate texts</h1>
      <p role="alert">{text}</p>
      <p>This page keeps projects in the browser. A private window, or a setting that blocks the data of sites, may be the reason.</p>
      <p><button type="button" onClick={() => location.reload()}>Reload the page</button></p>
    </main>
  );
}

function App({ store, options }: { readonly store: Store; readonly options: PageOptions }): JSX.Element {
  return (
    <>
      {options.update.value && <UpdateBanner onReload={options.update.value} />}
      <Place store={store} options={options} />
    </>
  );
}

/** Everything is saved when it is shown as saved; so the person chooses the moment. */
function UpdateBanner({ onReload }: { readonly onReload: Reload }): JSX.Element {
  return <p class="banner" role="status">A new version of this page is there. <button type="button" onClick={onReload}>Reload for the new version</button></p>;
}

function Place({ store, options }: { readonly store: Store; readonly options: PageOptions }): JSX.Element {
  const screen = useSignal<Screen | undefined>(undefined);
  const problem = useSignal('');
  const isOpening = useSignal(readPlace(location.hash).project !== undefined);
  const showsStorage = useSignal(false);
  useEffect(() => route(store, options.load, (shown, why, opening) => {
    screen.value = shown;
    problem.value = why;
    isOpening.value = opening;
  }), [store]);
  if (closed.value !== undefined) return <Failed text={closed.value} />;
  if (screen.value) return <Workspace key={screen.value.session.project.id} screen={screen.value} onHome={() => (location.hash = writePlace({}))} />;
  if (isOpening.value) return <main class="failed"><h1>Annotate texts</h1><p role="status">Opening the project…</p></main>;
  return (
    <>
      {problem.value && <p class="banner" role="alert">{problem.value}</p>}
      <Home store={store} text={options.text} onOpen={(project) => (location.hash = writePlace({ project }))} onStorage={() => (showsStorage.value = true)} />
      {showsStorage.value && <Storage store={store} onDone={() => (showsStorage.value = false)} />}
    </>
  );
}

type Show = (screen: Screen | undefined, problem: string, isOpening: boolean) => void;

/** Follows the address. The result ends it. */
function route(store: Store, load: Load, show: Show): () => void {
  let open: Screen | undefined;
  let turn = Promise.resolve();
  let stop = (): void => undefined;
  const go = async (): Promise<void> => {
    const { project, document } = readPlace(location.hash);
    if (open && open.session.project.id === project) {
      if (document !== undefined && document !== open.session.document.value?.head.id) await open.navigation.open(document);
      return;
    }
    show(undefined, '', project !== undefined);
    stop();
    await open?.close();
    open = undefined;
    if (project === undefined) return;
    try {
      open = await openScreen(store, load, project, document);
      stop = writeAddress(open);
      show(open, '', false);
    } catch (error) {
      show(undefined, errorMessage(error, 'Opening the project').text, false);
    }
  };
  const next = (): void => void (turn = turn.then(go, go));
  window.addEventListener('hashchange', next);
  next();
  return () => {
    window.removeEventListener('hashchange', next);
    void turn.then(() => open?.close());
  };
}

async function openScreen(store: Store, load: Load, project: string, document: string | undefined): Promise<Screen> {
  const session = await Session.open(store, project);
  const { record, documents } = session;
  const assistant = new Assistant({
    project: session.project, record, heads: documents.heads, visible: documents.visible, cache: store.suggestions, settings: store.settings,
    load, visibility: page,
  });
  const screen = new Screen(session, assistant);
  await Promise.all([screen.readKeys(), screen.readOptions(), assistant.start()]);
  const first = document ?? documents.heads.value[0]?.id;
  if (first !== undefined) await screen.navigation.open(first);
  void useModel(store, assistant, session);
  return screen;
}

/** Loads the model, if it was used before; and remembers when it is used. */
async function useModel({ settings }: Store, assistant: Assistant, session: Session): Promise<void> {
  try {
    if ((await settings.get(USES_MODEL)) === true) return await assistant.loadModel();
    const end = assistant.modelState.subscribe(({ kind }) => {
      if (kind !== 'ready') return;
      settings.put(USES_MODEL, true).catch((error: unknown) => session.say(errorMessage(error, 'Saving a setting')));
      queueMicrotask(() => end());
    });
  } catch (error) {
    session.say(errorMessage(error, 'Reading a setting'));
  }
}

const page = pageState(document, navigator);

/** Keeps address and title as what is open. */
function writeAddress({ session }: Screen): () => void {
  const { title } = document;
  // Not after each edit: the browser keeps an address for long.
  const opened = computed(() => session.document.value?.head.id);
  const end = effect(() => {
    history.replaceState(null, '', writePlace({ project: session.project.id, ...given('document', opened.value) }));
    document.title = [session.document.peek()?.head.name, session.record.peek().name].filter(Boolean).join(' – ');
  });
  return () => {
    end();
    document.title = title;
  };
}
