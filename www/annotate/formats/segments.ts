// Grapheme clusters and words of a whole text, in linear time. `Intl.Segmenter` of V8 copies its whole text for each segment, so it gets
// short windows. The result is that of the whole text, but for scripts without spaces, whose words come from a dictionary.

export interface TextSegment {
  readonly index: number;
  readonly segment: string;
}

const SEGMENTERS = {
  grapheme: new Intl.Segmenter('und', { granularity: 'grapheme' }),
  word: new Intl.Segmenter('und', { granularity: 'word' }),
  sentence: new Intl.Segmenter('und', { granularity: 'sentence' }),
};
const WINDOW = 128;
/** The last segments of a window may depend on the text behind it: "a." is one word if a letter follows. They begin the next window. */
const UNSURE = 3;

/** The segments of a text in order. */
export function* segmentsOf(text: string, granularity: keyof typeof SEGMENTERS, window = WINDOW): Generator<TextSegment> {
  const segmenter = SEGMENTERS[granularity];
  let size = window;
  for (let start = 0; start < text.length;) {
    const end = Math.min(start + size, text.length);
    const found = [...segmenter.segment(text.slice(start, end))];
    const sure = end === text.length ? found.length : found.length - UNSURE;
    for (const { index, segment } of found.slice(0, Math.max(sure, 0))) yield { index: start + index, segment };
    if (end === text.length) return;
    if (sure > 0) start += found[sure]!.index;
    size = sure > 0 ? window : 2 * size; // a very long segment
  }
}
