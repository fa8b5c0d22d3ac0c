// A program that never disposes its models: it must end by itself after its last result.
import { Luke } from 'luke-web';

for (const options of [{}, { worker: false, threads: 1 }, { threads: 2 }]) {
  const luke = await Luke.load('./node_modules/luke-mini-en/', options);
  console.log((await luke.ner('Ada Lovelace was born in London.')).map(({ text }) => text).join());
}
