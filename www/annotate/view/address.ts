// What is open, in the address of the page: `#project=ID&doc=ID`.

export interface Place {
  readonly project?: string;
  readonly document?: string;
}

export function readPlace(hash: string): Place {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  const [project, document] = [fields.get('project'), fields.get('doc')];
  return { ...(project && { project }), ...(project && document && { document }) };
}

export function writePlace({ project, document }: Place): string {
  if (project === undefined) return '#';
  return `#${new URLSearchParams({ project, ...(document !== undefined && { doc: document }) })}`;
}
