// Ids that are free.

/** Gives out ids that no item has: the wanted one, or with a number behind it. Many equal wishes take linear time. */
export class FreeIds {
  readonly #taken: Set<string>;
  readonly #numbers = new Map<string, number>();

  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken);
  }

  take(wanted: string): string {
    let id = wanted;
    while (this.#taken.has(id)) {
      const number = (this.#numbers.get(wanted) ?? 1) + 1;
      this.#numbers.set(wanted, number);
      id = `${wanted}:${number}`;
    }
    this.#taken.add(id);
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
