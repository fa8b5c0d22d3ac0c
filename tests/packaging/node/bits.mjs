// Prints hashes of the bits of what models compute:   node bits.mjs THREADS,... MODEL...
import { createHash } from 'node:crypto';
import { Luke } from 'luke-web';

const [counts, ...models] = process.argv.slice(2);
const TEXT = 'Ada Lovelace worked with Charles Babbage in London. Zoé Dupré met 🙂 東京 engineers of the Analytical Society. '.repeat(3);
const words = 120;
const spans = Array.from({ length: 30 }, (_, i) => [i * 3 + 1, i * 3 + 2]);
const INPUT = {
  inputIds: Array.from({ length: words }, (_, i) => (i * 7) % 300), entityIds: spans.map((_, i) => i % 3), entityPositionIds: spans,
  entityStartPositions: spans.map(([start]) => start), entityEndPositions: spans.map(([, end]) => end),
};

const short = (hash) => hash.digest('hex').slice(0, 16);

for (const [model, threads] of models.flatMap((model) => counts.split(',').map((count) => [model, Number(count)]))) {
  const luke = await Luke.load(model, { threads });
  const tensors = createHash('sha256');
  for (const head of luke.info.heads) {
    for (const { shape, data } of Object.values(await luke.forward(INPUT, { head }))) tensors.update(`${shape}`).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  const entities = createHash('sha256').update(JSON.stringify(luke.tasks.includes('ner') ? await luke.ner(TEXT, { allScores: true }) : []));
  console.log(`threads: ${luke.info.threads}, ${luke.info.name}: ${short(tensors)} ${short(entities)}`);
  await luke.dispose();
}
