// SHA-256, by the browser.

/** The SHA-256 in hexadecimal digits. Needs a page that is served securely, as the persistent backends of the store do. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function hashText(text: string): Promise<string> {
  return sha256(new TextEncoder().encode(text));
}

/** What is wrong where `canHash` is false. */
export const SECURE = 'the page is not served securely: use https, or localhost';

/** Whether this page can compute hashes. */
export function canHash(): boolean {
  return globalThis.crypto?.subtle !== undefined;
}
