// Names of repositories on a hub: `org/name` and `org/name@revision` stand for the URL of a folder, as in transformers.js.
import { LukeError } from './errors.js';

/** The hub whose names people know. The option `hub` replaces it. */
export const DEFAULT_HUB = 'https://huggingface.co/';
export const DEFAULT_REVISION = 'main';

/** A repository of a hub, in a revision: a branch, a tag or a commit. */
export interface Repository {
  id: string;
  revision: string;
}

/** An organization and a name, which begin with a letter or a digit. */
const ID = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;
/** As git allows them: no spaces, no control characters, none of `~ ^ : ? * [ \`, no `..`, and no `/` or `.` at an end. */
const REVISION = /^(?![/.])(?!.*(?:\.\.|\/\/|@\{))[^\s\p{Cc}~^:?*[\\#%]+(?<![/.])$/u;

/**
 * The repository that a string names, or `undefined` if it is a URL. It is a name if it has exactly one `/`, between an organization and a
 * name of letters, digits, `-`, `_` and `.`, and perhaps `@` and a revision. So everything that ends with `/`, or begins with `/`, `./`,
 * `../` or `https:`, is a URL, and so is the path of a `manifest.json`.
 */
export function parseRepository(model: string): Repository | undefined {
  const [id = '', ...rest] = model.split('@');
  const revision = rest.length === 0 ? DEFAULT_REVISION : rest.join('@');
  if (!ID.test(id) || !REVISION.test(revision) || id.endsWith('/manifest.json')) return undefined;
  return { id, revision };
}

/** The URL of the folder of a repository. `hub` is an absolute URL; its query, which may contain a token, is kept. */
export function repositoryUrl(hub: string, { id, revision }: Repository): string {
  const url = new URL(hub);
  url.hash = '';
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${id}/resolve/${encodeURIComponent(revision)}/`;
  return url.href;
}

/**
 * What to add to the message of a load that failed because the server does not give the files of what was read as the name of a
 * repository: perhaps a folder of the page was meant.
 */
export function repositoryHint(model: string | URL, status: number | undefined): string {
  if (typeof model !== 'string' || !parseRepository(model) || ![undefined, 401, 403, 404, 410].includes(status)) return '';
  return `. "${model}" was read as the name of a repository on a hub; for a folder of this site write "./${model}/"`;
}

/** Waits for work on a model, and adds the hint to its error. */
export async function withHint<T>(model: string | URL, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    if (!(error instanceof LukeError && error.code === 'network')) throw error;
    const hint = repositoryHint(model, error.detail.status);
    throw hint ? new LukeError('network', error.message + hint, error.detail, { cause: error.cause ?? error }) : error;
  });
}
