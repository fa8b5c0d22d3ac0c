// The direction of long lines. The browser finds that of others (`dir=auto`), but CodeMirror draws only a part of a long line.

/** CodeMirror may draw only a part of longer lines. */
const ALWAYS_WHOLE = 2000;
/** So many characters are read: the first letter is among them, or the line is one of symbols. */
const READ = 1000;

export function isLongLine(text: string): boolean {
  return text.length > ALWAYS_WHOLE;
}

/** The direction of the first letter, as the browser sees it. */
export function directionOf(text: string): 'ltr' | 'rtl' {
  const probe = document.createElement('bdi');
  probe.dir = 'auto';
  probe.textContent = text.slice(0, READ);
  return probe.matches(':dir(rtl)') ? 'rtl' : 'ltr';
}
