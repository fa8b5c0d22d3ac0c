// A `fetch` that follows redirects by itself: what a hub says of a file stands in the answer that redirects, which `fetch` does not show.
import { networkReason } from '../node/faults.js';
import { LukeError } from '../src/errors.js';

/** What the headers say of a file. */
export interface Remote {
  bytes?: number;
  /** SHA-256 of a large file. */
  sha256?: string;
  /** SHA-1 of a small file, as git computes it for a blob. */
  git?: string;
  /** Its `ETag`, or else its `Last-Modified`. */
  version?: string;
  modified?: Date;
  /** The commit of the repository that the server has answered from. */
  commit?: string;
}

const MOST_REDIRECTS = 10;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** `notes` has what was said of each URL that was asked for. */
export function follower(fetchFunction: typeof fetch = fetch): { fetch: typeof fetch; notes: Map<string, Remote> } {
  const notes = new Map<string, Remote>();
  const following = async (first: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    // The lengths of files and ranges count bytes as they are.
    headers.set('accept-encoding', 'identity');
    let url = new URL(String(first));
    let note: Remote = {};
    for (let redirects = 0; ; redirects += 1) {
      const response = await fetchFunction(url, { ...init, headers, redirect: 'manual' }).catch((error: unknown) => {
        throw init.signal?.aborted ? error : nothingCame(String(first), url.href, error);
      });
      note = { ...about(response), ...note }; // the hub knows better than the store to which it redirects
      const location = REDIRECTS.includes(response.status) ? response.headers.get('location') : null;
      const isKnown = init.method === 'HEAD' && note.sha256 !== undefined && note.bytes !== undefined; // the store need not be asked
      if (location === null || isKnown) {
        notes.set(String(first), note);
        if (location !== null) return new Response(null);
        return redirects === 0 ? response : Object.defineProperty(response, 'redirected', { value: true });
      }
      await response.body?.cancel();
      const next = new URL(location, url);
      if (redirects === MOST_REDIRECTS) throw new TypeError(`more than ${MOST_REDIRECTS} redirects`);
      if (next.protocol !== 'https:' && next.protocol !== url.protocol) throw new TypeError(`it redirects to ${next.protocol}//${next.host}`);
      if (next.origin !== url.origin) headers.delete('authorization');
      url = next;
    }
  };
  return { fetch: following as typeof fetch, notes };
}

/** Signed URLs are not shown, but their host is. */
function nothingCame(first: string, url: string, error: unknown): LukeError {
  const redirected = new URL(first).host === new URL(url).host ? '' : 'it was redirected, and ';
  return new LukeError('network', `cannot fetch ${first}: ${redirected}${networkReason(url, error)}`, { url: first }, { cause: error });
}

function about({ status, headers }: Response): Remote {
  const commit = headers.get('x-repo-commit');
  const linked = headers.get('x-linked-etag');
  const [size, etag, date] = [headers.get('x-linked-size'), headers.get('etag'), headers.get('last-modified')];
  const hash = unquoted(linked ?? etag ?? '');
  const note: Remote = {};
  if (commit && /^[0-9a-f]{40}$/.test(commit)) note.commit = commit;
  if (linked && /^[0-9a-f]{64}$/.test(hash)) note.sha256 = hash;
  if (commit && !note.sha256 && /^[0-9a-f]{40}$/.test(hash)) note.git = hash;
  if (size && /^\d+$/.test(size)) note.bytes = Number(size);
  if (REDIRECTS.includes(status)) return note;
  const length = headers.get('content-length');
  if (status === 200 && length && /^\d+$/.test(length) && !headers.has('content-encoding')) note.bytes ??= Number(length);
  const version = etag ?? date;
  if (version) note.version = version;
  if (date && !Number.isNaN(Date.parse(date))) note.modified = new Date(date);
  return note;
}

function unquoted(etag: string): string {
  return etag.replace(/^W\//, '').replaceAll('"', '');
}
