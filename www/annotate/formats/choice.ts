// Options of formats: how they are declared, and which value was chosen.
import type { FormatOption, ReadOptions, WriteOptions } from './format.js';
import type { Preference } from './overlap.js';

/** An option with its values and what they mean; the first value is the default. No value may be a whole number: objects put those first. */
export function choice(name: string, label: string, values: Readonly<Record<string, string>>): FormatOption {
  const all = Object.entries(values).map(([value, meaning]) => ({ value, label: meaning }));
  return { name, label, values: all, default: all[0]!.value };
}

/** The value of an option; if it has another, or none, the default. */
export function chosen(option: FormatOption, options: ReadOptions | WriteOptions): string {
  return option.values.find(({ value }) => value === options[option.name])?.value ?? option.default;
}

/** For formats that cannot hold spans that overlap. */
export const OVERLAP = choice('overlap', 'Of spans that overlap', { outermost: 'the longest is written', innermost: 'the shortest is written' });

export function preference(options: WriteOptions): Preference {
  return chosen(OVERLAP, options) as Preference;
}
