// Tags of tokens: B-PER begins a span, I-PER continues it, O is outside of spans. There are several schemes.
import { show } from '../model/show.js';
import type { Reporter } from './problems.js';

/**
 * IOB2: each span begins with B. IOB1, the scheme of CoNLL-2003: a span begins with B only directly behind a span of the same label, else
 * with I. IOBES: E ends a span, S is a span of one token (also written L and U). `plain`: labels alone, neighbors with the same label are one span.
 */
type Scheme = 'IOB1' | 'IOB2' | 'IOBES' | 'plain';

/** A span of tokens, both inclusive. */
export interface TagSpan {
  readonly first: number;
  readonly last: number;
  readonly label: string;
}

/** The label of tags that have none: `B` instead of `B-PER`. */
const UNNAMED = 'span';

const OUTSIDE: ReadonlySet<string> = new Set(['O', 'o', '', '_', '-']);
const TAG = /^([BIESLUM])(?:-(.*))?$/s;

/** Whether a tag could be one of the schemes with a letter before the label. */
export function isTag(tag: string): boolean {
  return tag === 'O' || TAG.test(tag);
}

/** Reads the tags of the sentences of a file. The spans are the same in every scheme; tags that the scheme does not allow are reported at the end. */
export class TagReader {
  #letters = new Set<string>();
  /** Whether a B was found where IOB1 would have an I. */
  #hasNeedlessB = false;
  /** Each I where IOB2 would have a B. */
  readonly #missingB: { readonly tag: string; readonly report: Reporter }[] = [];

  /** The spans of a sentence; `reports` gives the reporter for each tag. */
  sentence(tags: readonly string[], reports: (index: number) => Reporter): TagSpan[] {
    const spans: TagSpan[] = [];
    let open: { first: number; label: string } | undefined;
    let before: string | undefined;
    const close = (end: number) => {
      if (open) spans.push({ ...open, last: end - 1 });
      open = undefined;
    };
    for (const [index, tag] of tags.entries()) {
      if (OUTSIDE.has(tag)) {
        close(index);
        before = undefined;
        continue;
      }
      const { letter, label } = partsOf(tag);
      this.#letters.add(letter);
      const goesOn = open?.label === label && !'BSU'.includes(letter);
      if (!goesOn) {
        if (letter === 'B' && before !== label) this.#hasNeedlessB = true;
        if ('IELM'.includes(letter)) this.#missingB.push({ tag, report: reports(index) });
        close(index);
        open = { first: index, label };
      }
      before = label;
      if ('ESLU'.includes(letter)) close(index + 1);
    }
    close(tags.length);
    return spans;
  }

  /** The scheme of all sentences that were read. Tags that it does not allow are reported. */
  finish(): Scheme {
    const scheme = this.#scheme();
    if (scheme === 'IOB2' || scheme === 'IOBES') {
      for (const { tag, report } of this.#missingB)
        report.loss(`${show(tag)} continues a span, but no span of its label is before it; it begins a new one`);
    }
    return scheme;
  }

  #scheme(): Scheme {
    const has = (letters: string) => [...letters].some((letter) => this.#letters.has(letter));
    if (has('ESLU')) return 'IOBES';
    if (has('=') && !has('BI')) return 'plain';
    return this.#missingB.length > 0 && !this.#hasNeedlessB ? 'IOB1' : 'IOB2';
  }
}

/** The letter and the label of a tag. The letter `=` stands for a label alone. */
function partsOf(tag: string): { readonly letter: string; readonly label: string } {
  const [, letter, label] = TAG.exec(tag) ?? [];
  return letter === undefined ? { letter: '=', label: tag } : { letter, label: label || UNNAMED };
}

/** Writes the tags of spans that do not overlap. `starts` are the first tokens of sentences: IOB1 looks at neighbors in one sentence only. */
export function tagsOf(
  count: number,
  spans: readonly TagSpan[],
  scheme: Exclude<Scheme, 'plain'>,
  starts: ReadonlySet<number> = new Set(),
): string[] {
  const tags = new Array<string>(count).fill('O');
  const ends = new Map(spans.map(({ last, label }) => [last, label]));
  for (const { first, last, label } of spans) {
    const begin = scheme !== 'IOB1' || (ends.get(first - 1) === label && !starts.has(first)) ? 'B' : 'I';
    for (let index = first; index <= last; index++) tags[index] = `${index === first ? begin : 'I'}-${label}`;
    if (scheme === 'IOBES') tags[last] = `${first === last ? 'S' : 'E'}-${label}`;
  }
  return tags;
}
