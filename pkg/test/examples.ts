// The examples in the documents and in the comments of the package, as files that can be compiled.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PKG, ROOT } from './compile.js';

/** What the examples use without defining it: the package, and things of the page around them. */
export const CONTEXT = `
import * as lukeWeb from 'luke-web';
declare global {
  const Luke: typeof lukeWeb.Luke;
  const LukeError: typeof lukeWeb.LukeError;
  const pipeline: typeof lukeWeb.pipeline;
  const availability: typeof lukeWeb.availability;
  const models: typeof lukeWeb.models;
  const keepOffline: typeof lukeWeb.keepOffline;
  const serveOffline: typeof import('luke-web/service-worker').serveOffline;
  const useLuke: typeof import('luke-web/react').useLuke;
  const useNer: typeof import('luke-web/react').useNer;
  const luke: lukeWeb.Luke;
  const head: lukeWeb.LukeHead;
  const text: string;
  const paragraphs: readonly string[];
  const question: string;
  const context: string;
  const url: string;
  const signal: AbortSignal;
  const onProgress: (event: lukeWeb.LoadEvent) => void;
  const bar: { value: number };
  const button: HTMLButtonElement;
  const showSmallerModel: () => void;
  /** In a service worker. */
  interface MessageEvent {
    waitUntil(work: Promise<unknown>): void;
  }
}
`;

/** Documents with examples, beside those in docs/. */
const DOCUMENTS = ['README.md', 'pkg/README.md'];

/** The examples of the comments in pkg/src, by file names that say where they are. */
export function sourceExamples(): Record<string, string> {
  const files = readdirSync(join(PKG, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const found = files.flatMap((name) => {
    const text = readFileSync(join(PKG, 'src', name), 'utf8');
    return [...text.matchAll(/@example\n((?: *\*(?! *@|\/).*\n)+)/g)].map((match) => {
      const code = match[1]!.replace(/^ *\* ?/gm, '');
      return [`src-${name.replaceAll(/\W/g, '-')}-${lineOf(text, match.index)}.${name.startsWith('react') ? 'tsx' : 'ts'}`, code] as const;
    });
  });
  return Object.fromEntries(found);
}

/** The examples in JavaScript and TypeScript of the documents, as files of their language. The API reference has copies of documents. */
export function documentExamples(): Record<string, string> {
  const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md') && !name.startsWith('reference')).map((name) => `docs/${name}`);
  const found = [...DOCUMENTS, ...docs].filter((name) => existsSync(join(ROOT, name))).flatMap((name) => {
    const text = readFileSync(join(ROOT, name), 'utf8');
    const blocks = [...text.matchAll(/^```(jsx?|tsx?)\n(.*?)^```$/gms)];
    return blocks.map((match) => [`${name.replaceAll(/\W/g, '-')}-${lineOf(text, match.index)}.${match[1]}`, match[2]!] as const);
  });
  return Object.fromEntries(found);
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
