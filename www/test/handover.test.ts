import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { handOver, takeHandover } from '../handover.js';

const kept = new Map<string, string>();
let address: URL;

function define(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, configurable: true });
}

beforeEach(() => {
  kept.clear();
  visit('https://page.example/annotate/?device=wasm');
  define('sessionStorage', {
    getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value), removeItem: (key: string) => void kept.delete(key),
  });
  define('history', { state: null, replaceState: (_: unknown, __: string, url: string) => visit(new URL(url, address).href) });
});
afterEach(() => {
  for (const name of ['sessionStorage', 'history', 'location']) Reflect.deleteProperty(globalThis, name);
});

function visit(url: string): void {
  address = new URL(url);
  define('location', address);
}

test('a text is taken once', () => {
  handOver('Ada & Bob = 😀\n');
  assert.equal(takeHandover(), 'Ada & Bob = 😀\n');
  assert.equal(takeHandover(), undefined);
});

test('a text in the fragment of a link is taken once, and the rest of the address stays', () => {
  visit(`${address.href}#text=${encodeURIComponent('50 % of A+B')}`);
  assert.equal(takeHandover(), '50 % of A+B');
  assert.equal(address.href, 'https://page.example/annotate/?device=wasm');
  assert.equal(takeHandover(), undefined);
});

test('another fragment is left alone', () => {
  visit(`${address.href}#document-3`);
  assert.equal(takeHandover(), undefined);
  assert.equal(address.hash, '#document-3');
});

test('a browser that keeps nothing has nothing to take', () => {
  const fail = () => {
    throw new DOMException('denied', 'SecurityError');
  };
  define('sessionStorage', { getItem: fail, setItem: fail, removeItem: fail });
  assert.equal(takeHandover(), undefined);
  assert.throws(() => handOver('x'), /denied/);
});
