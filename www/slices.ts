// Cuts a long text where sentences end, so that it can be read piece by piece: names light up while the rest is read.

/** A part of a text: `text.slice(start, end)`. */
export interface Slice {
  start: number;
  end: number;
}

/** Characters after which a slice ends at the next place where it may. About 250 words: a page of a book. */
const ENOUGH = 1_500;
/** An empty line, or the space behind a word of five or more letters that ends a sentence: shorter ones may be abbreviations. */
const BREAK = /\n[^\S\n]*\n\s*|(?<=\p{L}{5}[.!?]["'”’)]?)\s+(?=["'“‘(]?\p{Lu})/gu;

/** The slices of a text in order, without gaps: one for a short text, or for one that has no place to cut. */
export function slicesOf(text: string): Slice[] {
  const slices: Slice[] = [];
  let start = 0;
  for (const { index, 0: { length } } of text.matchAll(BREAK)) {
    const end = index + length;
    if (end - start < ENOUGH) continue;
    slices.push({ start, end });
    start = end;
  }
  if (start < text.length || slices.length === 0) slices.push({ start, end: text.length });
  return slices;
}
