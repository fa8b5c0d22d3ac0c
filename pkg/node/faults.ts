// What Node.js, Deno and Bun say of files and of the network, in plain words and with what to do.
import { LukeError } from '../src/errors.js';

/** The fields of an error of the system, as far as they are there. */
interface SystemError {
  code?: unknown;
  message?: unknown;
  cause?: unknown;
  errors?: unknown;
  hostname?: unknown;
}

/** What is in the way of a file, by what the system calls it. The command line says the same (`src/error.rs`). */
const OF_FILES: Record<string, string> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'is not in a folder: a part of its path is a file',
  EISDIR: 'is a folder, not a file',
  EACCES: 'this user has no permission for it',
  EPERM: 'this user has no permission for it',
  ENOSPC: 'there is no room on the disk',
  EDQUOT: 'there is no room on the disk',
  EROFS: 'the disk can only be read',
  EEXIST: 'there is a file of this name, where a folder should be',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
};

/** An error of a file of this machine. `url` is its URL, if it was named by one. */
export function fileError(path: string, error: unknown, url?: string): LukeError<'io'> {
  const { code, message } = (error ?? {}) as SystemError;
  const name = typeof code === 'string' ? code : undefined;
  // "EIO: i/o error, read": the rest says nothing more.
  const said = String(message ?? error).replace(/^[A-Z]+: /, '').replace(/, \w+( '.*')?$/, '');
  const detail = { path, ...(url !== undefined && { url }), ...(name !== undefined && { error: name }) };
  return new LukeError('io', `${path}: ${(name && OF_FILES[name]) || said}`, detail, { cause: error });
}

/** Kinds of failures of the network, by the codes of Node.js and Bun, and by words of Deno and Bun. */
const KINDS: readonly (readonly [codes: RegExp, words: RegExp, says: (host: string) => string])[] = [
  [/^ENOTFOUND$|^EAI_NONAME$/, /dns error|lookup address|unknown host/i, (host) => `there is no host ${host}. Is its name right in the URL, and is this machine online?`],
  [/^EAI_AGAIN$/, /temporary failure in name resolution/i, (host) => `the name ${host} cannot be looked up now. Is this machine online?`],
  [/^ECONNREFUSED$|^ConnectionRefused$/, /connection refused|unable to connect/i, (host) => `${host} refuses the connection. Does its server run, and is the port right?`],
  [/^ECONNRESET$|^EPIPE$|^UND_ERR_SOCKET$|^ConnectionClosed$/, /connection reset|other side closed|socket .*closed/i, (host) => `${host} has closed the connection`],
  [/^ETIMEDOUT$|^UND_ERR_\w*_TIMEOUT$|^ConnectionTimeout$/, /timed out/i, (host) => `${host} does not answer`],
  [/^EHOSTUNREACH$|^ENETUNREACH$|^ENETDOWN$|^EADDRNOTAVAIL$/, /unreachable/i, (host) => `${host} cannot be reached. Is this machine online, or does it need a proxy?`],
  [/^CERT_|^ERR_TLS_|_CERT|^UNABLE_TO_/, /certificate/i, (host) => `the certificate of ${host} is not trusted here. NODE_EXTRA_CA_CERTS names a file with the certificates of an authority of your own`],
  [/^EPROTO$|^ERR_SSL_/, /wrong version number|InvalidContentType/i, (host) => `${host} does not speak https at this port. Is the URL one of http?`],
];

/** What a fetch says of a URL that it never asks for. */
const NEVER_ASKED = /^bad port$/;

/** Why nothing came from a URL. */
export function networkReason(url: string, error: unknown): string {
  const chain = causes(error);
  for (const { code, message, hostname } of chain) {
    const kind = KINDS.find(([codes, words]) => (typeof code === 'string' && codes.test(code)) || words.test(String(message)));
    if (kind) return kind[2](typeof hostname === 'string' ? hostname : hostOf(url));
  }
  // "fetch failed" has its cause behind it.
  return chain.map(({ message }) => String(message ?? '')).filter((message) => message !== '' && message !== 'fetch failed').join(': ') || String(error);
}

/** Whether a fetch refuses the URL itself, so that it will never ask for it. */
export function isNeverAsked(error: unknown): boolean {
  return causes(error).some(({ message }) => NEVER_ASKED.test(String(message)));
}

/** An error, and those behind it. */
function causes(error: unknown): SystemError[] {
  const found: SystemError[] = [];
  const add = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || found.length >= 8) return;
    const { cause, errors } = value as SystemError;
    found.push(value);
    add(cause);
    if (Array.isArray(errors)) errors.forEach(add); // a host may have several addresses
  };
  add(error);
  return found;
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
