// What is answered to a request for a file: status, headers and body, with the faults that are in them.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

const PAGE = '<!doctype html><title>Log in to this network</title><p>Please accept the terms.';
const CHANGED = Date.parse('2026-01-02T03:04:05Z');
const DAY_MS = 86_400_000;

/**
 * The answer to a request with `headers` for a file `{ bytes, type }`: `{ status, headers, body, start }`, where `start` is the place of
 * the body's first byte in the file. `how` has the settings of the server and the fault; see `startFaults`.
 */
export function answer(headers, { bytes, type }, how) {
  if (how.status) return { status: how.status, headers: { 'content-type': 'text/plain', ...retryAfter(how) }, body: Buffer.from(`${how.status}\n`), start: 0 };
  if (how.html) return whole(Buffer.from(PAGE), { 'content-type': 'text/html; charset=utf-8' });
  const content = edited(how.body === undefined ? bytes : Buffer.from(how.body), how);
  const { etag, date } = validators(content.length, how);
  const common = {
    'content-type': type,
    'cache-control': how.cacheControl,
    ...(etag && { etag }),
    ...(date && { 'last-modified': date }),
    ...(how.ranges && { 'accept-ranges': 'bytes' }),
  };
  if (etag && headers['if-none-match'] === etag) return { status: 304, headers: common, body: Buffer.alloc(0), start: 0 };
  if (how.gzip) return whole(gzipSync(content), { ...common, 'content-encoding': 'gzip' });
  const stale = headers['if-range'] && ![etag, date].includes(headers['if-range']);
  const range = how.ranges && !stale && /^bytes=(\d+)-(\d*)$/.exec(headers.range);
  if (!range) return shaped(content, common, how, 200, 0);
  const [start, last] = [Number(range[1]), Math.min(Number(range[2] || Infinity), content.length - 1)];
  if (start > last) return { status: 416, headers: { ...common, 'content-range': `bytes */${content.length}` }, body: Buffer.alloc(0), start: 0 };
  return shaped(content.subarray(start, last + 1), { ...common, 'content-range': `bytes ${start}-${last}/${content.length}` }, how, 206, start);
}

function whole(body, headers) {
  return { status: 200, headers: { ...headers, 'content-length': body.length }, body, start: 0 };
}

/** A body that is too short, which no length tells; or too long, which the length tells; or as it should be. */
function shaped(body, headers, { short, long = 0 }, status, start) {
  if (short) return { status, headers, body: body.subarray(0, Math.max(body.length - short, 0)), start };
  const full = long ? Buffer.concat([body, Buffer.alloc(long)]) : body;
  return { status, headers: { ...headers, 'content-length': full.length }, body: full, start };
}

/** The file with a wrong bit, or as another version of the same length. */
function edited(bytes, { flip, version = 1 }) {
  if (flip === undefined && version === 1) return bytes;
  const other = Buffer.from(bytes);
  if (flip !== undefined) other[flip] ^= 1;
  // The versions of weights differ in many numbers, and all of these stay finite: the low half of a float's fraction.
  if (version !== 1) for (let i = other.length & ~3; (i -= 64) > other.length / 2; ) other[i] ^= version;
  return other;
}

function validators(length, { version = 1, etag, lastModified }) {
  const digest = createHash('sha256').update(`${version} ${length}`).digest('hex').slice(0, 16);
  return { etag: etag && `"${digest}"`, date: lastModified && new Date(CHANGED + version * DAY_MS).toUTCString() };
}

function retryAfter({ retryAfter: after }) {
  if (after === undefined) return {};
  return { 'retry-after': after instanceof Date ? after.toUTCString() : String(after) };
}
