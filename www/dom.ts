// Helpers that build the page. They do not use a model.

/** A node or a text that can be appended to an element. */
export type Child = Node | string;

/** The element with this id. */
export function $<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** Creates an element. Attributes that are `undefined` are not set. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | undefined> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Shows an error with its code, or hides the node if `error` is `null`. */
export function showError(node: HTMLElement, what: string, error: unknown): void {
  node.hidden = error === null;
  if (error === null) return node.replaceChildren();
  const { code, message } = error as { code?: string; message?: string };
  node.replaceChildren(`${what}: ${message ?? error} `, ...(typeof code === 'string' ? [element('code', {}, code)] : []));
}

/** Formats a probability as a percentage. What is not certain is never shown as 100 %. */
export function percent(score: number): string {
  if (score < 1 && score >= 0.995) return '>\u00a099\u00a0%';
  return `${(score * 100).toFixed(score < 0.095 ? 1 : 0)}\u00a0%`;
}

/** Formats a number of bytes in megabytes. */
export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

/** Formats a count: `1 entity`, `2 entities`, `no entities`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return number === 1 ? `1 ${one}` : `${number || 'no'} ${many}`;
}

/** Copies the text of an area, and says so in `said`. Where the browser does not allow it, the text is selected. */
export async function copyText(area: HTMLTextAreaElement, said: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(area.value);
    said.textContent = 'Copied.';
  } catch {
    area.select();
    said.textContent = 'The browser does not let this page copy. The text is selected: copy it yourself.';
  }
}
