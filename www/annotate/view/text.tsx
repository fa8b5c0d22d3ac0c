// The text of the open document: connects the text view with the session.
import { computed, effect } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { snapToWords } from '../model/spans.js';
import type { KeyHandler } from './commands.js';
import { arcsOf, marksOf } from './marks.js';
import type { Screen } from './screen.js';
import { TextView } from './text-view.js';

interface TextProps {
  readonly screen: Screen;
  readonly keys: KeyHandler;
}

export function Text({ screen, keys }: TextProps): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => (host.current ? connect(host.current, screen, keys) : undefined), [screen, keys]);
  return <div ref={host} class="text-host" data-where="text" />;
}

/** The result ends the connection. */
function connect(parent: HTMLElement, screen: Screen, keys: KeyHandler): () => void {
  const { session } = screen;
  let shown: string | undefined;
  const focused = computed(() => session.focused.value?.id);
  const view = new TextView(parent, {
    onSelect: (piece) => void (session.selection.value = piece && screen.options.wholeWords.value ? snapToWords(session.bounds.value, piece) : piece),
    onFocus: (id) => void (session.focus.value = id),
    onKey: (event) => keys.handle(event, 'text'),
  }, 'Text of the document');
  screen.text = view;
  const ends = [
    effect(() => {
      const { head, body } = session.document.value ?? {};
      const marks = marksOf(screen);
      const now = head && `${head.sha256} ${head.id}`; // an import can change the text
      if (now === shown) return view.setMarks(marks);
      shown = now;
      view.open(body?.text ?? '', marks);
    }),
    effect(() => view.setFocus(focused.value)),
    effect(() => view.setRelations(arcsOf(screen))),
    effect(() => {
      const wanted = session.selection.value;
      if (wanted?.join() !== view.selection?.join()) view.select(wanted);
    }),
  ];
  return () => {
    for (const end of ends) end();
    screen.text = undefined;
    view.destroy();
  };
}
