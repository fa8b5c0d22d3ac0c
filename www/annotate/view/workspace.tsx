// The main screen: documents, text, spans and labels; its keys and its dialogs.
import type { JSX } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { BackupLine } from './backup-line.js';
import { KeyHandler, run, type Where } from './commands.js';
import { Dialogs } from './dialogs-of-screen.js';
import { DocumentHead } from './document-head.js';
import { DocumentList } from './document-list.js';
import { LabelBar } from './label-bar.js';
import { Live } from './live.js';
import { Questions } from './questions.js';
import { Relations } from './relations.js';
import type { Panel, Screen } from './screen.js';
import { SpanActions } from './span-actions.js';
import { SpanList } from './span-list.js';
import { SuggestionBar } from './suggestion-bar.js';
import { Text } from './text.js';
import { TopBar } from './top-bar.js';

const PANELS: readonly { readonly panel: Panel; readonly name: string }[] = [
  { panel: 'documents', name: 'Documents' }, { panel: 'text', name: 'Text' }, { panel: 'spans', name: 'Spans' },
];

interface WorkspaceProps {
  readonly screen: Screen;
  readonly onHome: () => void;
}

export function Workspace({ screen, onHome }: WorkspaceProps): JSX.Element {
  const { session } = screen;
  const keys = useMemo(() => new KeyHandler(screen), [screen]);
  useEffect(() => listen(screen, keys), [screen, keys]);
  useEffect(() => screen.text?.focusText(), [screen]);
  const isOpen = session.document.value !== undefined;
  return (
    <>
      <div class={`workspace shows-${screen.panel.value}`}>
        <TopBar screen={screen} onHome={onHome} />
        <Panels screen={screen} />
        <main class="columns">
          <DocumentList screen={screen} />
          <section class="text" aria-label="Text">
            {session.isReadOnly && <ReadOnly screen={screen} />}
            <DocumentHead screen={screen} />
            {isOpen && <SuggestionBar screen={screen} />}
            {!isOpen && <p class="empty">Choose a document in the list.</p>}
            <div class={isOpen ? 'text-frame' : 'text-frame hidden'}><Text screen={screen} keys={keys} /></div>
          </section>
          <div class="actions">
            <LabelBar screen={screen} />
            <SpanActions screen={screen} />
          </div>
          <div class="side">
            <SpanList screen={screen} />
            <Relations screen={screen} />
            <Questions screen={screen} />
          </div>
        </main>
        <footer class="status-bar"><Live message={session.message.value} /><BackupLine screen={screen} /></footer>
      </div>
      <Dialogs screen={screen} />
    </>
  );
}

/** On a phone: which of the columns is shown. */
function Panels({ screen }: { readonly screen: Screen }): JSX.Element {
  return (
    <nav class="panels" aria-label="Parts of the page">
      {PANELS.map(({ panel, name }) => (
        <button key={panel} type="button" aria-pressed={screen.panel.value === panel} onClick={() => (screen.panel.value = panel)}>{name}</button>
      ))}
    </nav>
  );
}

function ReadOnly({ screen }: { readonly screen: Screen }): JSX.Element {
  const { session } = screen;
  if (session.isFull.value) {
    return (
      <p class="banner" role="status">
        The disk is full, or the browser gives this page no more space. Here you only read. Delete what you do not need, here or on the disk,
        and try again. <button type="button" onClick={() => run(screen, 'storage')}>Storage</button>{' '}
        <button type="button" onClick={() => void session.tryAgain()}>Try again</button>
      </p>
    );
  }
  return (
    <p class="banner" role="status">
      Another tab edits this project. Here you only read. <button type="button" onClick={() => void session.takeOver()}>Take over</button>
    </p>
  );
}

/** The keys of the page. The text view has handled those of the text before. */
function listen(screen: Screen, keys: KeyHandler): () => void {
  const onKeyDown = (event: KeyboardEvent): void => {
    const where = whereOf(event.target);
    if (where !== 'text' && !event.defaultPrevented && !event.isComposing && keys.handle(event, where)) event.preventDefault();
  };
  const onLeave = (event: BeforeUnloadEvent): void => {
    if (screen.session.save.value === 'saving') event.preventDefault();
  };
  // The page may be closed next, and then there is no time to write.
  const onHide = (): void => void (document.visibilityState === 'hidden' && screen.backup.file.flush());
  document.addEventListener('visibilitychange', onHide);
  document.addEventListener('keydown', onKeyDown);
  window.addEventListener('beforeunload', onLeave);
  return () => {
    document.removeEventListener('visibilitychange', onHide);
    document.removeEventListener('keydown', onKeyDown);
    window.removeEventListener('beforeunload', onLeave);
  };
}

function whereOf(target: EventTarget | null): Where {
  if (!(target instanceof Element)) return 'elsewhere';
  if (target.closest('textarea, select, input:not([type=range], [type=checkbox], [type=radio])')) return 'field';
  if (target.closest('[data-where=text]')) return 'text';
  return target.closest('[data-where=spans]') ? 'spans' : 'elsewhere';
}
