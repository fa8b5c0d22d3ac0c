// A task and its inputs as the fragment of a link, which is never sent to a server: `#qa?question=…&context=…`.

export interface Shared {
  task: string;
  /** The values of the inputs by name. Those that the link does not have are absent. */
  values: ReadonlyMap<string, string>;
}

export function toFragment(task: string, values: Iterable<readonly [name: string, value: string]>): string {
  return `#${task}?${new URLSearchParams([...values].map(([name, value]) => [name, value]))}`;
}

/** Reads any fragment. `#qa` has a task only. */
export function parseFragment(fragment: string): Shared {
  const [, task = '', query = ''] = /^#?([^?]*)\??(.*)$/s.exec(fragment) ?? [];
  return { task, values: new Map(new URLSearchParams(query)) };
}
