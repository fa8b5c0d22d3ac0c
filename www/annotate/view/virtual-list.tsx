// A listbox that draws only the rows in view, so that it may have thousands. Rows have one height.
import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { rowsInView } from './rows.js';

/** Pixels of a rem, unless the person has chosen another size. */
const USUAL_REM = 16;

interface VirtualListProps<T> {
  /** Ids of rows begin with it. */
  readonly id: string;
  readonly label: string;
  readonly items: readonly T[];
  /** Height of a row in rem; the style sheet gives the same. */
  readonly rowHeight: number;
  /** The row that keys act on; -1: none. */
  readonly active: number;
  readonly isSelected: (item: T, index: number) => boolean;
  readonly row: (item: T, index: number) => ComponentChildren;
  readonly onMove: (index: number) => void;
  readonly onPick: (index: number) => void;
  readonly empty: string;
  /** Where its keys count as pressed; see `workspace.tsx`. */
  readonly where?: 'spans';
}

export function VirtualList<T>(props: VirtualListProps<T>): JSX.Element {
  const { id, label, items, active, isSelected, row, onMove, onPick, empty, where } = props;
  const list = useRef<HTMLDivElement>(null);
  const rows = useRef<HTMLDivElement>(null);
  const view = useSignal({ top: 0, height: 0, rem: USUAL_REM });
  const height = props.rowHeight * view.value.rem;
  const { first, end } = rowsInView(items.length, height, view.value.top, view.value.height);

  useEffect(() => {
    const element = list.current;
    if (!element) return undefined;
    const read = (): void => void (view.value = { top: element.scrollTop, height: element.clientHeight, rem: rem() });
    const observer = new ResizeObserver(read);
    observer.observe(element);
    element.addEventListener('scroll', read, { passive: true });
    read();
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', read);
    };
  }, []);

  useLayoutEffect(() => {
    if (!rows.current) return;
    rows.current.style.height = `${items.length * height}px`;
    rows.current.style.paddingTop = `${first * height}px`;
  });

  useEffect(() => {
    const element = list.current;
    if (!element || active < 0) return;
    const [top, bottom] = [active * height, (active + 1) * height];
    if (top < element.scrollTop) element.scrollTop = top;
    else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
  }, [active, height, view.value.height]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor(view.value.height / height) - 1);
    const next = moved(event.key, active, items.length, page);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (next !== undefined) {
      event.preventDefault();
      if (next !== active) onMove(next);
    } else if ((event.key === 'Enter' || event.key === ' ') && active >= 0 && !event.defaultPrevented) {
      event.preventDefault();
      onPick(active);
    }
  };

  const isDrawn = active >= first && active < end;
  return (
    <div
      ref={list} class="list" role="listbox" tabIndex={0} aria-label={label} data-where={where} onKeyDown={onKeyDown}
      aria-activedescendant={isDrawn ? `${id}-${active}` : undefined}
    >
      {items.length === 0 && <p class="empty" role="presentation">{empty}</p>}
      <div ref={rows} class="rows" role="presentation">
        {items.slice(first, end).map((item, offset) => {
          const index = first + offset;
          return (
            <div
              key={index} id={`${id}-${index}`} role="option" aria-selected={isSelected(item, index)} aria-posinset={index + 1}
              aria-setsize={items.length} class={`row${index === active ? ' active' : ''}`} onClick={() => onPick(index)}
            >
              {row(item, index)}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** The browser computes styles for it: it is asked when the list is scrolled or has another size, not when it is drawn. */
function rem(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || USUAL_REM;
}

/** Where a key leads; `undefined`, if it does not move. */
function moved(key: string, active: number, count: number, page: number): number | undefined {
  const steps: { readonly [key: string]: number } = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -count, End: count };
  const step = steps[key];
  if (step === undefined || count === 0) return undefined;
  return Math.max(0, Math.min(count - 1, active < 0 ? 0 : active + step));
}
