// Signed URLs, as hubs give them out for files that lie in a store on another origin.
import { createHmac } from 'node:crypto';

const KEY = 'the key of the tests';

/** The query of a URL for `path` that holds until `expires`, in milliseconds of the clock. */
export function sign(path, expires) {
  return `?expires=${expires}&signature=${signature(path, expires)}`;
}

/** Why a query does not open `path`; nothing if it does. */
export function refusal(path, query, now = Date.now()) {
  const expires = query.get('expires');
  if (query.get('signature') !== signature(path, expires)) return 'the signature is wrong';
  return now < Number(expires) ? undefined : 'the URL has expired';
}

function signature(path, expires) {
  return createHmac('sha256', KEY).update(`${path} ${expires}`).digest('hex');
}
