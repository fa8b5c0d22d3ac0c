#!/usr/bin/env node
// Makes a file of short lines to annotate: `node tools/large/lines.mjs 100000 > lines.jsonl`. A line has one or two sentences of
// tools/mini/ner_*.txt, without their marks. The same number of lines is always the same file.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FILES = ['ner_dev.txt', 'ner_written.txt'];
const MARK = /\[\[[A-Z]+ (.*?)\]\]/g; // [[LOC Zürich]]

/** `count` lines of JSON, each with its end. */
export function* lines(count) {
  const text = FILES.map((file) => readFileSync(new URL(`../mini/${file}`, import.meta.url), 'utf8')).join('\n');
  const sentences = text.split('\n').filter((line) => line.trim()).map((line) => line.replace(MARK, '$1'));
  let seed = 1;
  const draw = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const sentence = () => sentences[Math.floor(draw() * sentences.length)];
  for (let id = 0; id < count; id++) {
    const text = draw() < 0.5 ? sentence() : `${sentence()} ${sentence()}`;
    yield `${JSON.stringify({ id, text })}\n`;
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
