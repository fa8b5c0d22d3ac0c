// New ids that no other item has.

export interface IdStyle {
  /** What is between the wanted id and the number. */
  readonly separator?: string;
  /** Ids with equal keys are the same. */
  readonly key?: (id: string) => string;
}

/** Gives ids that no item has: the wanted one, or with a number behind it. Many equal wishes take linear time. */
export class FreeIds {
  readonly #taken: Set<string>;
  readonly #numbers = new Map<string, number>();
  readonly #separator: string;
  readonly #key: (id: string) => string;

  constructor(taken: Iterable<string> = [], { separator = ':', key = (id) => id }: IdStyle = {}) {
    this.#taken = new Set(Array.from(taken, key));
    this.#separator = separator;
    this.#key = key;
  }

  take(wanted: string): string {
    let id = wanted;
    while (this.#taken.has(this.#key(id))) {
      const number = (this.#numbers.get(wanted) ?? 1) + 1;
      this.#numbers.set(wanted, number);
      id = `${wanted}${this.#separator}${number}`;
    }
    this.#taken.add(this.#key(id));
    return id;
  }
}

/** Gives ids that no item has: `s1`, `s2`… */
export function freshIds(items: readonly { readonly id: string }[], prefix: string): () => string {
  const taken = new Set(items.map(({ id }) => id));
  let number = taken.size;
  return () => {
    do number++;
    while (taken.has(`${prefix}${number}`));
    return `${prefix}${number}`;
  };
}
