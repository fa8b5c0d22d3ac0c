// Names of labels in the tags of tokens.
import { show } from '../model/show.js';
import type { Corpus } from '../model/types.js';
import { labelNames } from './documents.js';
import type { Loss } from './format.js';
import { safeNames } from './safe-names.js';

/** The names of labels without characters that separate columns. */
export function tagNames(
  corpus: Corpus,
  unsafe = /[\s\x1c-\x1f\x85]/g,
): { readonly tagOf: (label: string) => string; readonly losses: readonly Loss[] } {
  const name = labelNames(corpus.labelSets);
  const safe = safeNames(
    corpus.labelSets.filter(({ kind }) => kind === 'span').flatMap(({ labels }) => labels.map((label) => label.name)),
    (each) => each.replace(unsafe, '_'),
  );
  const changed = [...safe].filter(([before, after]) => before !== after).map(([before, after]) => `${show(before)} becomes ${show(after)}`);
  const losses =
    changed.length > 0 ? [{ kind: 'label-names', reason: `names of labels have characters that a column cannot have: ${changed.join(', ')}` }] : [];
  return { tagOf: (label) => safe.get(name('span', label))!, losses };
}
