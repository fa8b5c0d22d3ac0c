// Files in the memory of this worker or page, until it ends. `cache: 'memory'` uses it.
import { MemoryDraft, type Draft, type Store, type StoredFile, type Write } from './store.js';

export class MemoryStore implements Store {
  readonly kind = 'memory';
  readonly writable = true;
  /** All models of a worker share one. */
  static readonly shared = new MemoryStore();
  readonly #files = new Map<string, Uint8Array<ArrayBuffer>>();

  async size(name: string): Promise<number | undefined> {
    return this.#files.get(name)?.length;
  }

  async read(name: string, write: Write): Promise<boolean> {
    const content = this.#files.get(name);
    if (content) write(content);
    return content !== undefined;
  }

  async partBytes(): Promise<number> {
    return 0;
  }

  async draft(_part: string, bytes: number): Promise<Draft> {
    return new MemoryDraft(bytes, this.kind, async (name, content) => void this.#files.set(name, content));
  }

  async delete(name: string): Promise<void> {
    this.#files.delete(name);
  }

  async list(): Promise<StoredFile[]> {
    return [...this.#files].map(([name, { length }]) => ({ name, bytes: length }));
  }

  async deleteParts(): Promise<void> {}
}
