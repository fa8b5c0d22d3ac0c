// A page for React in Node.js, by happy-dom.
import { Window } from 'happy-dom';
import { act, createElement, type FunctionComponent, type ReactNode, StrictMode } from 'react';

const window = new Window({ url: 'https://page.test/' });
for (const name of ['window', 'navigator', 'document', 'HTMLElement', 'HTMLIFrameElement', 'Node'] as const) {
  Object.defineProperty(globalThis, name, { configurable: true, value: name === 'window' ? window : window[name] });
}
Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
// It looks for the page when it is imported.
const { createRoot } = await import('react-dom/client');

export interface Shown<Props> {
  /** What the page shows. */
  text(): string;
  /** Renders with other props. */
  update(props: Props): Promise<void>;
  unmount(): Promise<void>;
}

/** Renders a component, twice as StrictMode does if asked. */
export async function show<Props extends object>(component: FunctionComponent<Props>, props: Props, isStrict = false): Promise<Shown<Props>> {
  const container = document.createElement('div');
  const root = createRoot(container);
  const element = (shown: Props): ReactNode => {
    const inner = createElement(component, shown);
    return isStrict ? createElement(StrictMode, null, inner) : inner;
  };
  const update = (shown: Props) => act(async () => root.render(element(shown)));
  await update(props);
  return { text: () => container.textContent ?? '', update, unmount: () => act(async () => root.unmount()) };
}

/** Waits until the condition holds; React draws meanwhile. */
export async function until(condition: () => boolean): Promise<void> {
  const started = performance.now();
  while (!condition()) {
    if (performance.now() - started > 5_000) throw new Error('the condition did not hold within 5 s');
    await act(() => new Promise((resolve) => setTimeout(resolve, 2)));
  }
}
