// A text on its way from one page of the site to the annotation page: in the storage of the tab, or in the fragment of a link
// (`annotate/#text=…`), which no server sees.

const KEY = 'luke-handover';
const PARAMETER = 'text';

/** Keeps a text for the annotation page, which is opened in this tab next. Throws if the browser has no room for it. */
export function handOver(text: string): void {
  sessionStorage.setItem(KEY, text);
}

/** The text that was handed over to this page, once: a reload does not take it again. */
export function takeHandover(): string | undefined {
  const linked = new URLSearchParams(location.hash.slice(1)).get(PARAMETER);
  if (linked !== null) {
    history.replaceState(history.state, '', location.pathname + location.search);
    return linked;
  }
  return stored() ?? undefined;
}

function stored(): string | null {
  try {
    const text = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    return text;
  } catch {
    return null; // a browser that keeps nothing for this page
  }
}
