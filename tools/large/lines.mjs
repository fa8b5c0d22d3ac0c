#!/usr/bin/env node
// Makes a file of short lines to annotate, as titles and queries are: `node tools/large/lines.mjs 100000 > lines.jsonl`. A line has two
// to six words that follow each other in a sentence of tools/mini/ner_*.txt. The same number of lines is always the same file.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generator } from '../bench/text.mjs';

const FILES = ['ner_dev.txt', 'ner_written.txt'];
const MARK = /\[\[[A-Z]+ (.*?)\]\]/g; // [[LOC Zürich]]

/** `count` lines of JSON, each with its end. */
export function* lines(count) {
  const text = FILES.map((file) => readFileSync(new URL(`../mini/${file}`, import.meta.url), 'utf8')).join('\n');
  const sentences = text.split('\n').filter((line) => line.trim()).map((line) => line.replace(MARK, '$1').split(' '));
  const draw = generator(1);
  const below = (bound) => Math.floor(draw() * bound);
  for (let id = 0; id < count; id++) {
    const words = sentences[below(sentences.length)];
    const start = below(Math.max(1, words.length - 2));
    yield `${JSON.stringify({ id, text: words.slice(start, start + 2 + below(5)).join(' ') })}\n`;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const count = Number(process.argv[2]);
  if (!Number.isInteger(count) || count < 1) {
    console.error('usage: node tools/large/lines.mjs COUNT > lines.jsonl');
    process.exit(2);
  }
  for (const line of lines(count)) process.stdout.write(line);
}
